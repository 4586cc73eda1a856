"""Other recordings of the same time: files that differ in `recording-<label>` only.

BIDS wants signals of other rates in files of their own. Where the sidecar of one states
`StartTime`, seconds from the first sample of the recording that has none, it is on the clock of
that recording, and its signals are auxiliary there.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from emgproc.errors import ReadError
from emgproc.readers.bids_channels import kind_of_type, matched, unit_of
from emgproc.readers.bids_files import (
    Sidecars,
    entities_of,
    find_sidecars,
    finite,
    is_bids_recording,
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
    own = entities_of(path)
    if "recording" not in own or _start_time(sidecars) is not None:
        return (), []
    found, warnings = [], []
    for other in sorted(path.parent.glob(f"sub-{own['sub']}_*_emg.*")):
        theirs = entities_of(other)
        shared = {**theirs, "recording": own["recording"]}
        if other.name == path.name or not is_bids_recording(other) or shared != own:
            continue
        try:
            beside = find_sidecars(other)
            late_s = _start_time(beside)
            if late_s is not None:
                found.append(_opened(other, beside, start_s + late_s))
        except ReadError as error:
            warnings.append(f"its companion cannot be read: {error}")
    return tuple(found), warnings


def _start_time(sidecars: Sidecars) -> float | None:
    value = finite(sidecars.settings.get("StartTime"))
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
