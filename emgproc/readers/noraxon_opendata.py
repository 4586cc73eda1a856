"""Noraxon OPENDATA folder (`persons/<id>/records/<id>/`), named by its `contents` or its `data`.

`data` (UTF-8 text) describes each channel: `name: "…" units: "…" frequency: f … data: PxStream
"analog3.r64"`; each .r64 beside it holds bare little-endian float64 in these units and is read
lazily. `contents` holds the name of the record and of the person and is not read. Layout as in
noraxy 0.1.11; not yet checked against a folder from a device.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import (
    FormatError,
    MissingFileError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
)
from emgproc.readers.delimited_columns import Column
from emgproc.readers.delimited_ragged import text_of
from emgproc.readers.delimited_signals import (
    Clocks,
    Signal,
    arrange,
    auxiliary,
    contents_of,
    few,
    scaling_of,
)
from emgproc.readers.file import Format, ReadOptions, RecordingFile
from emgproc.readers.labels import unique_names
from emgproc.readers.noraxon_csv import column_of
from emgproc.readers.source import Source
from emgproc.recording import Auxiliary, Provenance

ID = "noraxon_opendata"
MAX_DESCRIPTION = 16 << 20
MAX_STREAMS = 4096
_NAMES = ("contents", "data")
_STREAM = re.compile(r'\bdata:\s*PxStream\s*"(?P<file>[^"\n]+\.r64)"', re.IGNORECASE)
_FIELDS = {
    "name": re.compile(r'\bname:\s*"([^"\n]*)"'),
    "units": re.compile(r'\bunits:\s*"([^"\n]*)"'),
    "frequency": re.compile(r"\bfrequency:\s*([\d.]+(?:[eE][+-]?\d+)?)"),
}


class _Stream(NamedTuple):
    """One channel: its file and how its float64 become µV, or stay."""

    path: Path
    column: Column
    signal: Signal

    def read(self, start: int, stop: int) -> Floats:
        """Values [start, stop) in the signal's unit."""
        values = np.fromfile(self.path, "<f8", stop - start, offset=8 * start)
        if values.size < stop - start:
            raise TruncatedFileError(f"{self.path.name}: ends before sample {stop}")
        values = values.astype(np.float64, copy=False)
        with np.errstate(over="ignore"):
            values *= self.column.factor
        infinite = np.isinf(values)
        if infinite.any():
            worst = start + int(np.argmax(infinite))
            raise FormatError(f"{self.path.name}: sample {worst} is infinite")
        return values


class _StreamsSource(Source):
    def __init__(self, rows: Sequence[_Stream], others: Sequence[_Stream], clocks: Clocks) -> None:
        self.rows = rows
        self.others = others
        self.clocks = clocks

    def read_uv(self, start: int, stop: int) -> Floats:
        """See `Source.read_uv`."""
        data = np.empty((len(self.rows), stop - start))
        for row, stream in zip(data, self.rows, strict=True):
            row[:] = stream.read(start, stop)
        return data

    def read_auxiliary(self, start: int, stop: int) -> tuple[Auxiliary, ...]:
        """See `Source.read_auxiliary`."""
        found = []
        for stream in self.others:
            first, last = self.clocks.span(stream.signal, start, stop)
            found.append(auxiliary(stream.signal, stream.read(first, last), first))
        return tuple(found)


def open_opendata(path: Path, options: ReadOptions) -> RecordingFile:
    """Open an OPENDATA folder by its file `contents` or `data`.

    Raises
    ------
    FormatError
        A stream lacks its name, or lies outside of the folder.
    MissingFileError
        A described file is not there.
    TruncatedFileError
        No voltage holds a sample.
    UnknownRateError, UnknownUnitError
        A stream states no frequency or no unit; none is a voltage.
    """
    folder = path.parent
    described = folder / "data"
    if not described.is_file():
        raise MissingFileError(f"{path.name}: the file 'data' with the channels is not beside it")
    streams, warnings = _streams(described, options)
    signals = [stream.signal for stream in streams]
    arranged = arrange(signals, path.name)
    rows = [streams[i] for i in arranged.rows]
    others = [streams[i] for i in arranged.others]
    about = Provenance(
        path.name,
        reader=ID,
        scaling=scaling_of(stream.column.factor for stream in rows),
        warnings=(*warnings, *arranged.warnings),
    )
    contents = contents_of(signals, arranged, about)
    clocks = Clocks(contents.fs, 0.0, arranged.n_samples)
    # `contents` holds a person's name and no signal, so the digest is one without it.
    files = (described, *dict.fromkeys(stream.path for stream in streams))
    return RecordingFile(contents, _StreamsSource(rows, others, clocks), files)


def _streams(described: Path, options: ReadOptions) -> tuple[list[_Stream], list[str]]:
    where, size = described.name, described.stat().st_size
    if size > MAX_DESCRIPTION:
        raise FormatError(f"{where}: {size} bytes of description; at most {MAX_DESCRIPTION}")
    with described.open(encoding=text_of(described).encoding, errors="replace") as file:
        told = list(_described(file.read(), where))
    if not told:
        raise FormatError(f'{where}: describes no stream of samples (PxStream "….r64")')
    streams, cut = [], []
    names = unique_names(name for name, _, _, _ in told)
    for place, (name, (_, unit, fs, file_name)) in enumerate(zip(names, told, strict=True)):
        member = _member(described.parent, file_name, where)
        n_samples, rest = divmod(member.stat().st_size, 8)
        if rest:
            cut.append(file_name)
        column = column_of(place, name, unit, options, where)
        signal = Signal(column.name, column.kind, column.unit, fs, n_samples)
        streams.append(_Stream(member, column, signal))
    warnings = [f"{few(cut)}: ends within a sample, which is left out"] if cut else []
    return streams, warnings


def _described(text: str, where: str) -> Iterator[tuple[str, str, float, str]]:
    """Name, unit, frequency and file of each stream, from the text since the one before."""
    begin = 0
    for number, found in enumerate(_STREAM.finditer(text), start=1):
        if number > MAX_STREAMS:
            raise FormatError(f"{where}: more than {MAX_STREAMS} streams")
        block = text[begin : found.start()]
        begin = found.end()
        fields = {key: pattern.findall(block) for key, pattern in _FIELDS.items()}
        if not fields["name"]:
            raise FormatError(f"{where}: stream {found['file']!r} has no name")
        name = fields["name"][-1]
        if not fields["units"]:
            raise UnknownUnitError(f"{where}: {name!r} has no units")
        fs = _number(fields["frequency"][-1]) if fields["frequency"] else 0.0
        if not 0 < fs < 1e9:
            raise UnknownRateError(f"{where}: {name!r} has no frequency, or the frequency {fs} Hz")
        yield name, fields["units"][-1], fs, found["file"]


def _number(told: str) -> float:
    try:
        return float(told)
    except ValueError:
        return 0.0


def _member(folder: Path, name: str, where: str) -> Path:
    """A file in the folder, by a name without any way out of it."""
    if Path(name).name != name or "\\" in name or ":" in name or name in {".", ".."}:
        raise FormatError(f"{where}: names the file {name!r}, which is outside its folder")
    member = folder / name
    if member.is_symlink() or not member.is_file():
        raise MissingFileError(f"{where}: names the file {name!r}, which is not there")
    return member


def _recognises(head: bytes, path: Path) -> bool:
    """By name, and by the text of `data`: `contents` has no mark of its own."""
    if path.name.lower() not in _NAMES:
        return False
    described = path.parent / "data"
    if path.name.lower() == "data":
        return b"PxStream" in head
    if not described.is_file():
        return False
    with described.open("rb") as file:
        return b"PxStream" in file.read(1 << 16)


FORMAT = Format(
    id=ID,
    title="Noraxon OPENDATA folder (contents, data, *.r64)",
    suffixes=(),
    keeps="values, units, each stream's own rate; names of the record and the person are left out",
    recognises=_recognises,
    open=open_opendata,
)
