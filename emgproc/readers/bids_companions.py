"""Other recordings of the same time: files that differ in `recording-<label>` only.

BIDS wants signals of other rates in files of their own. Where the sidecar of one states
`StartTime`, seconds from the first sample of the recording that has none, it is on the clock of
that recording, and its signals are auxiliary there.
"""

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from emgproc.errors import ReadError
from emgproc.readers.bids_channels import kind_of_type, matched, unit_of
from emgproc.readers.bids_files import (
    FilesBeside,
    Sidecars,
    entities_of,
    files_beside,
    find_sidecars,
    finite,
    is_bids_recording,
    read_json,
    stated,
)
from emgproc.readers.edf import without_padding
from emgproc.readers.edf_annotations import place_records, read_annotations
from emgproc.readers.edf_channels import Choice, EdfChannel
from emgproc.readers.edf_header import EdfHeader, read_header
from emgproc.readers.edf_records import EdfRecords
from emgproc.readers.edf_samples import EdfCounts, EdfSource, Placed
from emgproc.readers.file import AuxiliarySummary
from emgproc.recording import Auxiliary

_LATEST_S = 1e9


@dataclass(frozen=True, slots=True)
class Companion:
    """A recording of other signals on the same clock; every signal keeps its own unit."""

    path: Path
    fs: float
    channels: tuple[EdfChannel, ...]
    placed: tuple[Placed, ...]
    source: EdfSource
    sidecars: Sidecars

    @property
    def summaries(self) -> tuple[AuxiliarySummary, ...]:
        """Its signals."""
        n_samples = self.placed[-1].segment.stop
        return tuple(
            AuxiliarySummary(c.name, c.kind, c.unit, self.fs, n_samples) for c in self.channels
        )

    def read(self, start_s: float, stop_s: float) -> Iterator[Auxiliary]:
        """Its signals at the times [start_s, stop_s)."""
        for segment in (p.segment for p in self.placed):
            first = _sample(start_s - segment.onset_s, self.fs)
            last = min(_sample(stop_s - segment.onset_s, self.fs), segment.stop - segment.start)
            if first < last:
                data = self.source.read_uv(segment.start + first, segment.start + last)
                onset_s = segment.onset_s + first / self.fs
                for channel, values in zip(self.channels, data, strict=True):
                    yield Auxiliary(
                        channel.name, channel.unit, self.fs, values, channel.kind, onset_s
                    )


def _sample(seconds: float, fs: float) -> int:
    # Times are sums of rounded seconds: 3.0000000001 samples are three.
    return max(0, math.ceil(seconds * fs - 1e-6))


def find_companions(
    path: Path, sidecars: Sidecars, start_s: float
) -> tuple[tuple[Companion, ...], list[str]]:
    """Companions of the recording `path`, whose first sample lies at `start_s`, and warnings."""
    if _start_time(sidecars.settings) is not None:
        return (), []
    found, warnings = [], []
    for other in _of_the_same_moment(path):
        try:
            beside = find_sidecars(other)
            late_s = _start_time(beside.settings)
            if late_s is not None:
                found.append(_opened(other, beside, start_s + late_s))
        except ReadError as error:
            warnings.append(f"its companion cannot be read: {error}")
    return tuple(found), warnings


def sidecars_of(path: str | PathLike[str]) -> tuple[Path, ...]:
    """Files that decide what a recording of a BIDS dataset is, besides its samples.

    Its sidecars, inherited ones too, and recordings that may be on its clock with theirs. They are
    found by their names, and no recording is opened; what `open_recording` reads is among them.

    Returns
    -------
    tuple of Path
        Absolute and sorted; empty for a file that is no `*_emg.edf` or `*_emg.bdf` of a dataset.

    Raises
    ------
    ReadError
        A folder of the dataset cannot be listed.
    """
    file = Path(path)
    try:
        if not is_bids_recording(file):
            return ()
        own, others = files_beside(file), _of_the_same_moment(file)
        found = {*own.everything}
        if others and _stated_start(own) is None:
            for other in others:
                beside = files_beside(other)
                found.update(beside.everything)
                if _stated_start(beside) is not None:
                    found.add(other.absolute())
    except OSError as error:
        if isinstance(error, ReadError):
            raise
        what = f"its sidecars cannot be listed: {error.strerror or error}"
        raise ReadError(f"{file.name}: {what}") from error
    return tuple(sorted(found))


def _of_the_same_moment(path: Path) -> list[Path]:
    """Recordings whose names differ from that of `path` in `recording-<label>` only."""
    own = entities_of(path)
    if "recording" not in own:
        return []
    return [
        other
        for other in sorted(path.parent.glob(f"sub-{own['sub']}_*_emg.*"))
        if other.name != path.name
        and is_bids_recording(other)
        and {**entities_of(other), "recording": own["recording"]} == own
    ]


def _stated_start(files: FilesBeside) -> float | None:
    """As `_start_time`; `None` also where the settings are damaged: no such file is opened."""
    merged: dict[str, Any] = {}
    with contextlib.suppress(ReadError):
        for file in files.settings:
            merged |= read_json(file)
        return _start_time(merged)
    return None


def _start_time(settings: Mapping[str, Any]) -> float | None:
    value = finite(settings.get("StartTime"))
    return value if value is not None and abs(value) < _LATEST_S else None


def _opened(path: Path, sidecars: Sidecars, start_s: float) -> Companion:
    header = read_header(path)
    records = EdfRecords(path, header)
    choice = _choice(header, sidecars)
    said = read_annotations(header, records)
    whole, _ = place_records(header, said, choice.fs, choice.per_record)
    placed, _ = without_padding(whole, said.events, choice.fs)
    shift_s = start_s - placed[0].segment.onset_s
    moved = tuple(
        replace(p, segment=p.segment._replace(onset_s=p.segment.onset_s + shift_s)) for p in placed
    )
    source = EdfSource(EdfCounts(header, records), choice, moved)
    return Companion(path, choice.fs, choice.main, moved, source, sidecars)


def _choice(header: EdfHeader, sidecars: Sidecars) -> Choice:
    """All signals of the largest group of one rate, as rows of a stream in their own units."""
    signals = [s for s in header.signals if not s.annotations]
    rows = matched(sidecars.channels, signals, [])
    lengths = {s.per_record for s in signals}
    if len(lengths) != 1 or not header.duration_s:
        raise ReadError(f"{header.name}: its signals have no common rate")
    channels = []
    for place, signal in enumerate(signals):
        row = rows.get(place, {})
        told = stated(row, "description")
        kind = kind_of_type(stated(row, "type"), signal.label, told) if row else ""
        name = row.get("name", signal.label)
        unit = unit_of(row, signal.unit)
        channels.append(EdfChannel(signal, name, kind or "MISC", unit))
    fs = float(lengths.pop() / header.duration_s)
    return Choice(tuple(channels), (), fs, header.duration_s, ())
