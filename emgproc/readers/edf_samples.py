"""Samples of EDF and BDF files: only the records that a span touches are decoded."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats
from emgproc.readers.edf_channels import Choice, EdfChannel
from emgproc.readers.edf_header import EdfHeader, EdfSignal
from emgproc.readers.file import Source
from emgproc.recording import Auxiliary, Segment

_PIECE = 1 << 19  # samples decoded at a time


@dataclass(frozen=True, slots=True)
class Placed:
    """A segment and the sample of the file, counted in the main stream, where it begins."""

    segment: Segment
    first: int


class EdfCounts:
    """The digital values of a file; rows of `records` are whole records."""

    def __init__(self, header: EdfHeader, records: NDArray[np.uint8]) -> None:
        self._width = header.width
        self._records = records

    def pieces(self, signal: EdfSignal, first: int, last: int) -> Iterator[NDArray[np.integer]]:
        """Values [first, last) of one signal in pieces of bounded size."""
        width, per_record = self._width, signal.per_record
        while first < last:
            record, column = divmod(first, per_record)
            whole = min(last - first, _PIECE) // per_record
            if column == 0 and whole:
                rows, start, stop = slice(record, record + whole), 0, per_record
            else:
                rows, start = slice(record, record + 1), column
                stop = min(per_record, column + min(last - first, _PIECE))
            raw = self._records[rows, signal.offset + width * start : signal.offset + width * stop]
            counts = _integers(np.ascontiguousarray(raw).reshape(-1, width))
            yield counts
            first += len(counts)

    def physical(self, channel: EdfChannel, first: int, out: Floats) -> None:
        """Fill `out` with the values of a channel from `first` on, in the channel's unit."""
        gain, zero = channel.scale
        done = 0
        for piece in self.pieces(channel.signal, first, first + len(out)):
            part = out[done : done + len(piece)]
            np.multiply(piece, gain, out=part)
            part += zero
            done += len(piece)


def _integers(raw: NDArray[np.uint8]) -> NDArray[np.integer]:
    if raw.shape[1] == 2:
        return raw.view("<i2")[:, 0]
    # Each three bytes are read as the upper ones of four: ten times faster than copying columns.
    shifted = np.empty(raw.size + 1, np.uint8)
    shifted[1:] = raw.reshape(-1)
    return np.ndarray((len(raw),), "<i4", shifted, strides=(3,)) >> 8


class EdfSource(Source):
    """Reads spans of the main stream and of the auxiliary signals beside it."""

    def __init__(self, counts: EdfCounts, choice: Choice, placed: tuple[Placed, ...]) -> None:
        self._counts = counts
        self._choice = choice
        self._placed = placed

    def read_uv(self, start: int, stop: int) -> Floats:
        """Samples [start, stop) of the main stream, µV, (n_channels, stop - start)."""
        main = self._choice.main
        data = np.empty((len(main), stop - start))
        for placed, a, b in self._parts(start, stop):
            first = placed.first + a - placed.segment.start
            for row, channel in enumerate(main):
                self._counts.physical(channel, first, data[row, a - start : b - start])
        return data

    def read_auxiliary(self, start: int, stop: int) -> tuple[Auxiliary, ...]:
        """Auxiliary signals over the same time, one for each segment that has samples there."""
        per_record = self._choice.per_record
        found = []
        for channel in self._choice.auxiliary:
            own, fs = channel.signal.per_record, self._choice.rate_of(channel)
            for placed, a, b in self._parts(start, stop):
                base = placed.first * own // per_record  # segments begin with a record
                first = -(-(a - placed.segment.start) * own // per_record)
                last = -(-(b - placed.segment.start) * own // per_record)
                if first < last:
                    values = np.empty(last - first)
                    self._counts.physical(channel, base + first, values)
                    onset_s = placed.segment.onset_s + first / fs
                    found.append(
                        Auxiliary(channel.name, channel.unit, fs, values, channel.kind, onset_s)
                    )
        return tuple(found)

    def close(self) -> None:
        """Let go of the mapped file."""
        del self._counts

    def _parts(self, start: int, stop: int) -> Iterator[tuple[Placed, int, int]]:
        for placed in self._placed:
            a, b = max(placed.segment.start, start), min(placed.segment.stop, stop)
            if a < b:
                yield placed, a, b
