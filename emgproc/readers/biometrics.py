"""Biometrics DataLOG: the .log file of the device's software and its text export.

A .log begins with lines of text, "Biometrics DataLog File V1", and the byte 0x1A; then int16
samples, channel after channel. Value = count · full scale · 10^exponent / 4000 in the unit: so the
text exports of the same recordings say to their last digit. The periods of the channels count
ticks of 0.5 ms where the line `Recorded` ends in 10000; another number there is not known.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownRateError,
    UnsupportedFormatError,
)
from emgproc.readers.biometrics_text import FORMAT as TEXT_FORMAT
from emgproc.readers.delimited_signals import Clocks, Signal, arrange, auxiliary, contents_of
from emgproc.readers.file import Format, ReadOptions, RecordingFile
from emgproc.readers.labels import kind_of, unique_names
from emgproc.readers.source import Source
from emgproc.recording import Auxiliary, Channel, Provenance
from emgproc.units import is_voltage, microvolts_per

ID = "biometrics_log"
MAGIC = b"Biometrics DataLog File V"
FULL_SCALE_COUNTS = 4000.0
TICK_HZ = {"10000": 2000.0}  # number at the end of "Recorded" → ticks a second
MAX_CHANNELS = 64
_HEADER_BYTES = 1 << 16
_CHUNK_SAMPLES = 1 << 20
_CHANNEL = re.compile(
    r"Channel \d{1,9}=(?P<n>\d{1,18}) (?P<period>\d{1,9}) \d+ (?P<full>\d{1,9}) "
    r"(?P<offset>-?\d+) (?P<exponent>-?\d{1,2}) (?P<unit>.*)"
)


class _Row(NamedTuple):
    """A signal, µV or units in a count, and the byte of its first sample."""

    signal: Signal
    scale: float
    at: int


class _LogSource(Source):
    def __init__(self, path: Path, rows: list[_Row], others: list[_Row], clocks: Clocks) -> None:
        self.path = path
        self.rows = rows
        self.others = others
        self.clocks = clocks

    def read_uv(self, start: int, stop: int) -> Floats:
        """See `Source.read_uv`."""
        data = np.empty((len(self.rows), stop - start))
        for row, values in zip(self.rows, data, strict=True):
            self._read(row, start, values)
        return data

    def read_auxiliary(self, start: int, stop: int) -> tuple[Auxiliary, ...]:
        """See `Source.read_auxiliary`."""
        found = []
        for row in self.others:
            first, last = self.clocks.span(row.signal, start, stop)
            values = np.empty(last - first)
            self._read(row, first, values)
            found.append(auxiliary(row.signal, values, first))
        return tuple(found)

    def _read(self, row: _Row, start: int, into: Floats) -> None:
        with self.path.open("rb") as file:
            file.seek(row.at + 2 * start)
            for at in range(0, into.size, _CHUNK_SAMPLES):
                part = into[at : at + _CHUNK_SAMPLES]
                raw = file.read(2 * part.size)
                if len(raw) < 2 * part.size:
                    raise TruncatedFileError(f"{self.path.name}: ends within {row.signal.name}")
                np.multiply(np.frombuffer(raw, "<i2"), row.scale, out=part)


def open_log(path: Path, options: ReadOptions) -> RecordingFile:
    """Open a .log file.

    Raises
    ------
    UnsupportedFormatError
        Another version, or a channel with an offset.
    FormatError
        A line of the header is broken.
    TruncatedFileError
        The file ends before its header does, or in the first sample.
    UnknownRateError, UnknownUnitError
        The ticks of its periods are not known and no rate is stated, or no channel is a voltage.
    """
    size = path.stat().st_size
    lines, first_byte = _header(path)
    tick_hz = _tick_hz(lines)
    if tick_hz is None and options.fs is None:
        raise UnknownRateError(
            f"{path.name}: what a period counts is not known for this device; state fs="
        )
    rows, warnings = _laid_out(_rows(lines, tick_hz, options, path.name), first_byte, size)
    arranged = arrange([row.signal for row in rows], path.name)
    held = [rows[i] for i in arranged.rows]
    others = [rows[i] for i in arranged.others]
    about = Provenance(
        path.name,
        reader=ID,
        scaling=f"count × full scale / {FULL_SCALE_COUNTS:g}, as the header states it",
        warnings=(*warnings, *arranged.warnings),
    )
    contents = contents_of(
        [row.signal for row in rows], arranged, about,
        channels=[Channel(r.signal.name, r.signal.kind, lsb_uv=r.scale) for r in held],
    )  # fmt: skip
    clocks = Clocks(contents.fs, 0.0, contents.n_samples)
    return RecordingFile(contents, _LogSource(path, held, others, clocks), (path,))


def _header(path: Path) -> tuple[list[str], int]:
    """Lines of the header, and the byte after the 0x1A that ends it."""
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    end = head.find(b"\x1a")
    if end < 0:
        error = FormatError if len(head) == _HEADER_BYTES else TruncatedFileError
        raise error(f"{path.name}: no end of the header in {len(head)} bytes")
    lines = head[:end].decode("cp1252", "replace").split("\r\n")
    if lines[0].strip() != (MAGIC + b"1").decode():
        raise UnsupportedFormatError(
            f"{path.name}: {lines[0][:40]!r}; only version 1 is read, export the text instead"
        )
    return lines, end + 1


def _tick_hz(lines: list[str]) -> float | None:
    for line in lines:
        if line.startswith("Recorded="):
            return TICK_HZ.get(line.split()[-1])
    return None


def _rows(
    lines: list[str], tick_hz: float | None, options: ReadOptions, where: str
) -> Iterator[_Row]:
    """The channels as the header states them; where their samples begin is not known yet."""
    described = [line for line in lines if line.startswith("Channel ")]
    if not 0 < len(described) <= MAX_CHANNELS:
        raise FormatError(f"{where}: {len(described)} channels; 1 to {MAX_CHANNELS} are read")
    names = unique_names(_titles(lines, len(described), where))
    for line, name in zip(described, names, strict=True):
        found = _CHANNEL.fullmatch(line)
        if not found or int(found["period"]) < 1 or int(found["full"]) < 1:
            raise FormatError(f"{where}: the channel line {line[:80]!r} cannot be read")
        if int(found["offset"]):
            raise UnsupportedFormatError(
                f"{where}: {name} has the offset {found['offset']}; what it means is not known, "
                "export the text instead"
            )
        scale = int(found["full"]) * 10.0 ** int(found["exponent"]) / FULL_SCALE_COUNTS
        unit = found["unit"].strip()
        fs = tick_hz / int(found["period"]) if tick_hz else options.fs or 0.0
        yield _Row(_signal(name, unit, fs, int(found["n"]), options),
                   scale * (microvolts_per(unit) if is_voltage(unit) else 1.0), 0)  # fmt: skip


def _titles(lines: list[str], n: int, where: str) -> list[str]:
    titles = [line.removeprefix("Title=").strip() for line in lines if line.startswith("Title=")]
    if len(titles) != n:
        raise FormatError(f"{where}: {n} channels, {len(titles)} titles")
    return [title or f"channel{i}" for i, title in enumerate(titles)]


def _signal(name: str, unit: str, fs: float, n: int, options: ReadOptions) -> Signal:
    kind = kind_of(name)
    if not is_voltage(unit):
        # "####" is how goniometers are marked: no unit.
        unit, kind = unit.strip("#"), "MISC" if kind == "EMG" else kind
    else:
        unit = "uV"
    return Signal(name, options.kinds.get(name, kind), unit, fs, n)


def _laid_out(rows: Iterator[_Row], first_byte: int, size: int) -> tuple[list[_Row], list[str]]:
    """The rows with the byte of their first sample and the samples that are really there."""
    found, warnings, at = [], [], first_byte
    for row in rows:
        stated = row.signal.n_samples
        held = min(max(0, (size - at) // 2), stated)
        if held < stated:
            warnings.append(f"{row.signal.name} ends after {held} of the {stated} samples stated")
        found.append(row._replace(signal=row.signal._replace(n_samples=held), at=at))
        at += 2 * stated
    if size > at:
        warnings.append(f"{size - at} bytes after the samples are not read")
    return found, warnings


def _recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the table's signature
    return head.startswith(MAGIC)


FORMATS = (
    Format(
        id=ID,
        title="Biometrics DataLOG .log",
        suffixes=(".log",),
        keeps="counts, full scale, unit, rate of each channel; names and dates are left out",
        recognises=_recognises,
        open=open_log,
    ),
    TEXT_FORMAT,
)
