"""TMSi Poly5 (.poly5, .s00): blocks of rows, read lazily.

Channels of SAGA, APEX, REFA and Mobi are float32 in their unit; older 16-bit channels follow
(adc - adc low) · (unit high - unit low) / (adc high - adc low) + unit low, which is not yet
checked against a file from a device. Layout: `poly5_header`; a block is 86 bytes (u32 number of
its first sample, 4 unused, date) and rows of all channels.
"""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats
from emgproc.errors import FormatError, TruncatedFileError, UnknownUnitError
from emgproc.readers.file import AuxiliarySummary, Contents, Format, ReadOptions, RecordingFile
from emgproc.readers.poly5_header import (
    BLOCK_HEAD,
    Poly5Header,
    Poly5Signal,
    parse_header,
)
from emgproc.readers.source import Source
from emgproc.recording import Auxiliary, Channel, Provenance, Recording, Segment

ID = "poly5"
_HEAD_BYTES = 1 << 21  # 8192 signals of 136 bytes
_CHUNK_BYTES = 1 << 22


class _Poly5Source(Source):
    """`odd_blocks` are those, of the last that were read, that state another first sample."""

    def __init__(self, path: Path, header: Poly5Header) -> None:
        self.path = path
        self.header = header
        self.rows = [signal for signal in header.signals if signal.unit == "uV"]
        self.others = [signal for signal in header.signals if signal.unit != "uV"]
        self.odd_blocks: list[int] = []

    def read_uv(self, start: int, stop: int) -> Floats:
        """See `Source.read_uv`."""
        return self._read(self.rows, start, stop)

    def read_auxiliary(self, start: int, stop: int) -> tuple[Auxiliary, ...]:
        """See `Source.read_auxiliary`."""
        if not self.others:
            return ()
        fs = self.header.fs
        found = zip(self.others, self._read(self.others, start, stop), strict=True)
        return tuple(
            Auxiliary(signal.name, signal.unit, fs, row, signal.kind, start / fs)
            for signal, row in found
        )

    def _read(self, which: list[Poly5Signal], start: int, stop: int) -> Floats:
        """Samples [start, stop) of these channels, a few megabytes of the file at a time."""
        self.odd_blocks = []
        data = np.empty((len(which), stop - start))
        step = max(1, _CHUNK_BYTES // self.header.row_bytes)
        for at in range(start, stop, step):
            last = min(at + step, stop)
            words = self._words(at, last)
            for row, signal in zip(data, which, strict=True):
                row[at - start : last - start] = _values(words, signal)
            part = data[:, at - start : last - start]
            if np.isinf(part).any():
                worst = at + int(np.argmax(np.isinf(part).any(axis=0)))
                raise FormatError(f"{self.path.name}: sample {worst} is infinite")
        return data

    def _words(self, start: int, stop: int) -> NDArray[np.uint16]:
        """Rows [start, stop) as (n_rows, n_words), gathered from their blocks."""
        head, per_row = self.header, self.header.row_bytes
        buffer = bytearray((stop - start) * per_row)
        view = memoryview(buffer)
        with self.path.open("rb") as file:
            at = start
            while at < stop:
                block, within = divmod(at, head.block_rows)
                n = min(head.block_rows - within, stop - at)
                file.seek(head.data_start + block * head.block_bytes)
                stated = int.from_bytes(file.read(4), "little")
                if stated != block * head.block_rows:
                    self.odd_blocks.append(block)
                file.seek(BLOCK_HEAD - 4 + within * per_row, 1)
                place = (at - start) * per_row
                if file.readinto(view[place : place + n * per_row]) < n * per_row:
                    raise TruncatedFileError(f"{self.path.name}: ends before sample {at + n}")
                at += n
        return np.frombuffer(buffer, "<u2").reshape(stop - start, head.n_words)


def _values(words: NDArray[np.uint16], signal: Poly5Signal) -> Floats:
    """One channel's samples in µV, or in the unit of a signal that is no voltage."""
    if signal.wide:
        pair = np.ascontiguousarray(words[:, signal.word : signal.word + 2])
        # A float32 NaN that signals is turned into one that does not.
        with np.errstate(invalid="ignore"):
            return pair.view("<f4")[:, 0].astype(np.float64) * signal.factor
    counts = words[:, signal.word]
    adc = (counts if signal.unsigned else counts.view("<i2")).astype(np.float64)
    return ((adc - signal.adc_low) * signal.scale + signal.unit_low) * signal.factor


class Poly5File(RecordingFile):
    """An open Poly5 file; blocks that state an odd first sample are a warning when read."""

    def __init__(self, contents: Contents, source: _Poly5Source, path: Path) -> None:
        super().__init__(contents, source, (path,))
        self._blocks = source

    def read(self, start: int = 0, stop: int | None = None, *, threads: int = 1) -> Recording:
        """As `RecordingFile.read`."""
        recording = super().read(start, stop, threads=threads)
        odd = self._blocks.odd_blocks
        if not odd:
            return recording
        text = (
            f"{len(odd)} block(s) from block {odd[0]} state another first sample than their "
            "place in the file; samples may be missing"
        )
        before = recording.provenance
        return replace(recording, provenance=replace(before, warnings=(*before.warnings, text)))


def open_poly5(path: Path, options: ReadOptions) -> RecordingFile:
    """Open a Poly5 file.

    Raises
    ------
    FormatError
        The header breaks its rules; a sample is infinite (when it is read).
    TruncatedFileError
        The file ends within its header or before the first sample.
    UnsupportedFormatError
        Another version, or compressed.
    UnknownRateError, UnknownUnitError
        No rate, or two; no signal is a voltage.
    """
    with path.open("rb") as file:
        header = parse_header(file.read(_HEAD_BYTES), options, path.name)
    held = _held(header, path.stat().st_size)
    if held < 1:
        raise TruncatedFileError(f"{path.name}: ends before the first sample of all channels")
    source = _Poly5Source(path, header)
    if not source.rows:
        units = sorted({signal.unit or "no unit" for signal in header.signals})
        raise UnknownUnitError(f"{path.name}: no signal is a voltage, the units are {units}")
    n_samples = min(held, header.n_samples) if header.n_samples else held
    contents = Contents(
        fs=header.fs,
        n_samples=n_samples,
        channels=tuple(_channel(signal) for signal in source.rows),
        segments=(Segment(0, n_samples, 0.0),),
        provenance=Provenance(
            path.name,
            reader=ID,
            scaling="float32 in the stated unit; 16-bit channels by their adc and unit limits",
            warnings=(*header.warnings, *_oddities(header, held)),
        ),
        auxiliary=tuple(
            AuxiliarySummary(s.name, s.kind, s.unit, header.fs, n_samples) for s in source.others
        ),
    )
    return Poly5File(contents, source, path)


def _held(header: Poly5Header, size: int) -> int:
    """Rows that lie in the file: those of whole blocks and of a block that is cut."""
    blocks, rest = divmod(max(0, size - header.data_start), header.block_bytes)
    return blocks * header.block_rows + max(0, rest - BLOCK_HEAD) // header.row_bytes


def _oddities(header: Poly5Header, held: int) -> list[str]:
    if not header.n_samples:
        return [
            f"the header states no sample (the recording was not closed): {held} by the size of "
            "the file, the last of which may be filling"
        ]
    told = []
    if held < header.n_samples:
        told.append(f"ends after {held} of the {header.n_samples} samples that its header states")
    elif held >= header.n_samples + header.block_rows:
        told.append(f"holds more than the {header.n_samples} samples that its header states")
    needed = math.ceil(header.n_samples / header.block_rows)
    if needed != header.n_blocks:
        told.append(f"the header states {header.n_blocks} blocks, its samples fill {needed}")
    return told


def _channel(signal: Poly5Signal) -> Channel:
    if signal.wide:
        return Channel(signal.name, signal.kind)
    return Channel(signal.name, signal.kind, bits=16, lsb_uv=abs(signal.scale * signal.factor))


def _recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the table's signature
    return head.startswith(b"POLY SAMPLE FILE")


FORMATS = (
    Format(
        id=ID,
        title="TMSi Poly5",
        suffixes=(".poly5", ".s00"),
        keeps="values, units, rate; name and date of the measurement are left out",
        recognises=_recognises,
        open=open_poly5,
    ),
)
