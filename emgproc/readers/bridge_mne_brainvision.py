"""A look at a BrainVision header and its markers before MNE reads them."""

import os
import re
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from emgproc.errors import FormatError, MissingFileError, UnsupportedFormatError
from emgproc.readers.bridge_mne import Seen
from emgproc.readers.bridge_spans import Spans

_MAX_BYTES = 16 << 20
_BEGINS = re.compile(rb"\A\W*(?:Brain ?Vision|V-Amp) .*(Header|Marker) File")
_WIDTHS = {"INT_16": 2, "INT_32": 4, "IEEE_FLOAT_32": 4}
# What MNE makes of units that are no voltage: their SI unit, else the number as it is.
_SCALED = {"µS": "S", "μS": "S", "uS": "S", "C": "degC", "°C": "degC", "n/a": ""}
_VOLTS = {"V", "mV", "µV", "uV", "nV"}


def recognises_brainvision(head: bytes, path: Path) -> bool:
    """A header, a marker file, or samples that the header beside them names."""
    if _BEGINS.match(head) is not None:
        return True
    header = path.with_suffix(".vhdr")
    if path.suffix.lower() not in {".eeg", ".dat", ".avg"} or not header.is_file():
        return False
    with header.open("rb") as file:
        named = re.search(rb"^DataFile=(.*?)\s*$", file.read(4096), re.MULTILINE)
    return named is not None and named.group(1) == os.fsencode(path.name)


def look_at_brainvision(path: Path) -> Seen:
    """Files, units, pauses.

    Raises
    ------
    FormatError
        The header names a file outside its folder, or states no number of channels.
    MissingFileError
        The header of a marker file, or the samples, are not there.
    UnsupportedFormatError
        The samples are text.
    """
    header = _header_of(path)
    lines = _text(header).partition("[Comment]")[0].splitlines()
    fields = dict(re.findall(r"^\s*(\w+)\s*=\s*(.*?)\s*$", "\n".join(lines), re.MULTILINE))
    if fields.get("DataFormat", "BINARY").upper() != "BINARY":
        raise UnsupportedFormatError(f"{header.name}: samples as text; export them as BINARY")
    data, markers = _beside(header, fields, "DataFile"), _beside(header, fields, "MarkerFile")
    if data is None or not data.is_file():
        raise MissingFileError(f"{header.name}: its samples, {fields.get('DataFile')!r}, are gone")
    n_channels, width = (
        fields.get("NumberOfChannels", ""),
        _WIDTHS.get(fields.get("BinaryFormat", "")),
    )
    if not n_channels.isdecimal() or not 0 < int(n_channels) <= 4096 or width is None:
        raise FormatError(
            f"{header.name}: {n_channels!r} channels of {fields.get('BinaryFormat')!r}"
        )
    n_samples, rest = divmod(data.stat().st_size, int(n_channels) * width)
    warnings = [f"the last {rest} bytes of {data.name} make no whole sample"] if rest else []
    units, told = _units(fields)
    there = markers is not None and markers.is_file()
    edges, more = _edges(_text(markers), fields, n_samples) if there and markers else (None, [])
    return Seen(
        target=header,
        # The header first, whichever file was named: the digest is one for the recording.
        files=(header, data, *([markers] if there and markers else [])),
        edges=edges,
        units=units,
        warnings=(*warnings, *told, *more),
        value_bytes=width,
        counts_in_v=True,
    )


def _header_of(path: Path) -> Path:
    if path.suffix.lower() in {".vhdr", ".ahdr"}:
        return path
    for suffix in (".vhdr", ".ahdr"):
        if path.with_suffix(suffix).is_file():
            return path.with_suffix(suffix)
    raise MissingFileError(f"{path.with_suffix('.vhdr').name}: the header is not there")


def _text(path: Path) -> str:
    if path.stat().st_size > _MAX_BYTES:
        raise FormatError(f"{path.name}: more than {_MAX_BYTES} bytes of text")
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _beside(header: Path, fields: dict[str, str], key: str) -> Path | None:
    """The file that a field names; it must lie in the folder of the header."""
    name = fields.get(key, "")
    if not name:
        return None
    if re.search(r"[/\\:\0]", name) or name in {".", ".."}:
        raise FormatError(f"{header.name}: {key} names {name!r}, a file outside its folder")
    return header.with_name(name)


def _units(fields: dict[str, str]) -> tuple[dict[str, tuple[str, float]], list[str]]:
    """Units of channels that are no voltage, and a warning of those that state none."""
    found, silent = {}, []
    for key, value in fields.items():
        if re.fullmatch(r"Ch\d+", key):
            name, _, _, unit = (*value.split(","), "", "", "")[:4]
            name = name.replace(r"\1", ",")
            if not unit:
                silent.append(name)
            elif unit not in _VOLTS:
                found[name] = (_SCALED.get(unit, unit), 1.0)
    told = f"no unit is stated for {', '.join(silent[:8])}; µV, as the format says"
    return found, [told] if silent else []


class _Start(NamedTuple):
    """Where a new stretch begins, in samples from 0, and when, if a date is stated."""

    at: int
    when: datetime | None


def _edges(markers: str, fields: dict[str, str], n_samples: int) -> tuple[Spans | None, list[str]]:
    """Stretches by the markers "New Segment": their dates tell how long the pauses were."""
    interval = fields.get("SamplingInterval", "")
    starts = []
    for position, date in re.findall(
        r"^Mk\d+=New Segment,[^,\r\n]*,(\d{1,15}),[^,\r\n]*,[^,\r\n]*(?:,(\d{20}))?",
        markers, re.MULTILINE,
    ):  # fmt: skip
        starts.append(_Start(max(int(position) - 1, 0), _date(date)))
    starts = sorted((s for s in starts if s.at < n_samples), key=lambda start: start.at)
    if not any(start.at for start in starts) or not _is_rate(interval):
        return None, []
    fs = 1e6 / float(interval)
    if starts[0].at:
        starts.insert(0, _Start(0, None))
    held, undated, onset_s = [], 0, 0.0
    for start, after in zip(starts, [*starts[1:], _Start(n_samples, None)], strict=True):
        if after.at == start.at:
            continue
        held.append((start.at, after.at, onset_s))
        lasting = (after.at - start.at) / fs
        passed = (after.when - start.when).total_seconds() if start.when and after.when else -1.0
        undated += passed < lasting - 0.5 / fs and after.at < n_samples
        onset_s += max(passed, lasting)
    told = f"{undated} pause(s) of unknown length; the time goes on without them"
    return Spans(tuple(held), fs), [told] if undated else []


def _is_rate(interval: str) -> bool:
    try:
        return 0 < float(interval) < 1e12
    except ValueError:
        return False


def _date(stamp: str) -> datetime | None:
    try:
        return datetime.strptime(stamp, "%Y%m%d%H%M%S%f") if stamp else None
    except ValueError:
        return None
