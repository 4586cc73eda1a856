"""Samples of EDF and BDF files: only the records that a span touches are decoded."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats, Ints
from emgproc.readers.edf_channels import Choice, EdfChannel
from emgproc.readers.edf_header import EdfHeader, EdfSignal
from emgproc.readers.edf_records import EdfRecords, runs
from emgproc.readers.file import Source
from emgproc.recording import Auxiliary, Segment

_PIECE = 1 << 19  # samples of one signal decoded at a time
_WORTH = 1 << 27  # values that NumPy decodes in the half second that numba takes to start


@dataclass(frozen=True, slots=True)
class Placed:
    """A segment and the sample of the file, counted in the main stream, where it begins."""

    segment: Segment
    first: int


class Bank(NamedTuple):
    """Signals of one rate, decoded together: where they begin in a record, and their scales."""

    signals: tuple[EdfSignal, ...]
    starts: Ints
    gains: Floats
    zeros: Floats

    @classmethod
    def of(cls, channels: Sequence[EdfChannel]) -> Self:
        """The bank of these channels, at least one."""
        scales = np.array([channel.scale for channel in channels])
        signals = tuple(channel.signal for channel in channels)
        starts = np.array([signal.offset for signal in signals], np.int64)
        return cls(signals, starts, scales[:, 0].copy(), scales[:, 1].copy())


class EdfCounts:
    """The digital values of a file; rows of `records` are whole records."""

    def __init__(self, header: EdfHeader, records: EdfRecords | NDArray[np.uint8]) -> None:
        self._width = header.width
        self._record_bytes = header.record_bytes
        self._records = records
        self._n_filled = 0

    def pieces(self, signal: EdfSignal, first: int, last: int) -> Iterator[NDArray[np.integer]]:
        """Values [first, last) of one signal in pieces of bounded size."""
        for rows, a, b in self._spans(signal.per_record, first, last):
            yield self._integers(rows, signal, a, b)

    def fill(self, bank: Bank, first: int, out: Floats, at: int, n: int) -> None:
        """Columns [at, at + n) of `out`: the values from `first` on, each in its channel's unit.

        The kernel and NumPy give the same bits; NumPy alone is ready at once.
        """
        self._n_filled += len(out) * n
        is_worth = self._n_filled >= _WORTH or "numba" in sys.modules
        fill = self._fill_compiled if is_worth else self._fill
        for rows, a, b in self._spans(bank.signals[0].per_record, first, first + n):
            fill(bank, rows, (a, b), (out, at))
            at += b - a

    def _fill(
        self,
        bank: Bank,
        rows: NDArray[np.uint8],
        span: tuple[int, int],
        into: tuple[Floats, int],
    ) -> None:
        out, at = into
        for row, signal, gain, zero in zip(out, bank.signals, bank.gains, bank.zeros, strict=True):
            counts = self._integers(rows, signal, *span)
            part = row[at : at + len(counts)]
            np.multiply(counts, gain, out=part)
            part += zero

    def _fill_compiled(
        self,
        bank: Bank,
        rows: NDArray[np.uint8],
        span: tuple[int, int],
        into: tuple[Floats, int],
    ) -> None:
        from emgproc._kernels.decode import decode_records

        out, at = into
        targets = np.arange(len(out)) * out.shape[1] + at
        decode_records(
            rows.reshape(-1), self._width, self._record_bytes, bank.signals[0].per_record, span,
            bank.starts, bank.gains, bank.zeros, out.reshape(-1), targets,
        )  # fmt: skip

    def _spans(
        self, per_record: int, first: int, last: int
    ) -> Iterator[tuple[NDArray[np.uint8], int, int]]:
        """Some records, and which samples [a, b) of them, counted from their first, are wanted."""
        record, stop = first // per_record, -(-last // per_record)
        for row, rows in runs(self._records, record, stop, self._record_bytes):
            a = max(0, first - row * per_record)
            end = min(len(rows) * per_record, last - row * per_record)
            while a < end:
                b = end if len(rows) > 1 else min(end, a + _PIECE)
                yield rows, a, b
                a = b

    def _integers(
        self, rows: NDArray[np.uint8], signal: EdfSignal, a: int, b: int
    ) -> NDArray[np.integer]:
        """Samples [a, b) of one signal, counted from the first of `rows`."""
        width = self._width
        if len(rows) == 1:  # which may be larger by far than what is wanted of it
            raw = rows[:, signal.offset + width * a : signal.offset + width * b]
            a, b = 0, b - a
        else:
            raw = rows[:, signal.offset : signal.offset + width * signal.per_record]
        values = np.ascontiguousarray(raw).reshape(-1)
        if width == 2:
            return values.view("<i2")[a:b]
        # Each three bytes are read as the upper ones of four: faster by far than copying columns.
        shifted = np.empty(values.size + 1, np.uint8)
        shifted[1:] = values
        return np.ndarray((values.size // 3,), "<i4", shifted, strides=(3,))[a:b] >> 8


class EdfSource(Source):
    """Reads spans of the main stream and of the auxiliary signals beside it."""

    def __init__(self, counts: EdfCounts, choice: Choice, placed: tuple[Placed, ...]) -> None:
        self._counts = counts
        self._choice = choice
        self._placed = placed
        self._main = Bank.of(choice.main)
        self._auxiliary = [(channel, Bank.of([channel])) for channel in choice.auxiliary]

    def read_uv(self, start: int, stop: int) -> Floats:
        """Samples [start, stop) of the main stream, µV, (n_channels, stop - start)."""
        data = np.empty((len(self._choice.main), stop - start))
        for placed, a, b in self._parts(start, stop):
            first = placed.first + a - placed.segment.start
            self._counts.fill(self._main, first, data, a - start, b - a)
        return data

    def read_auxiliary(self, start: int, stop: int) -> tuple[Auxiliary, ...]:
        """Auxiliary signals over the same time, one for each segment that has samples there."""
        per_record = self._choice.per_record
        found = []
        for channel, bank in self._auxiliary:
            own, fs = channel.signal.per_record, self._choice.rate_of(channel)
            for placed, a, b in self._parts(start, stop):
                base = placed.first * own // per_record  # segments begin with a record
                first = -(-(a - placed.segment.start) * own // per_record)
                last = -(-(b - placed.segment.start) * own // per_record)
                if first < last:
                    values = np.empty((1, last - first))
                    self._counts.fill(bank, base + first, values, 0, last - first)
                    onset_s = placed.segment.onset_s + first / fs
                    found.append(
                        Auxiliary(channel.name, channel.unit, fs, values[0], channel.kind, onset_s)
                    )
        return tuple(found)

    def close(self) -> None:
        """Let go of the file."""
        del self._counts

    def _parts(self, start: int, stop: int) -> Iterator[tuple[Placed, int, int]]:
        for placed in self._placed:
            a, b = max(placed.segment.start, start), min(placed.segment.stop, stop)
            if a < b:
                yield placed, a, b
