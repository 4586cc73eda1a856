"""Samples of EDF and BDF files: only the records that a span touches are decoded."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels.threads import over_groups
from emgproc.arrays import Floats, Ints, Samples
from emgproc.readers.edf_channels import Choice, EdfChannel
from emgproc.readers.edf_header import EdfHeader, EdfSignal
from emgproc.readers.edf_records import RUN_BYTES, EdfRecords, columns_of, rows_of, run_length
from emgproc.readers.source import Source
from emgproc.recording import Auxiliary, Segment

Bytes: TypeAlias = NDArray[np.uint8]

_PIECE = 1 << 19  # samples of one signal decoded at a time
_SHARE_BYTES = 1 << 20  # of records, at least, for each thread: less is done before one wakes up
_TRIED = 1 << 22  # values of one scale to float32 that are worth the trial of its parts
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

    def parts(self, out: Samples) -> NDArray[np.float32]:
        """How the scales are computed in float32, where that is worth while; (n, 4)."""
        from emgproc._kernels.decode import NO_PARTS, parts_of

        parts = np.empty((len(self.gains), len(NO_PARTS)), np.float32)
        parts[:] = NO_PARTS
        if out.dtype == np.float32 and out.size >= _TRIED:
            scales = list(zip(self.gains.tolist(), self.zeros.tolist(), strict=True))
            if out.size >= _TRIED * len(set(scales)):
                parts[:] = [parts_of(*scale) for scale in scales]
        return parts

    @classmethod
    def of(cls, channels: Sequence[EdfChannel]) -> Self:
        """The bank of these channels, at least one."""
        scales = np.array([channel.scale for channel in channels])
        signals = tuple(channel.signal for channel in channels)
        starts = np.array([signal.offset for signal in signals], np.int64)
        return cls(signals, starts, scales[:, 0].copy(), scales[:, 1].copy())


class EdfCounts:
    """The digital values of a file; rows of `records` are whole records."""

    def __init__(self, header: EdfHeader, records: EdfRecords | Bytes) -> None:
        self._width = header.width
        self._record_bytes = header.record_bytes
        self._records = records
        self._n_filled = 0

    def pieces(self, signal: EdfSignal, first: int, last: int) -> Iterator[NDArray[np.integer]]:
        """Values [first, last) of one signal in pieces of bounded size."""
        width, per_record = self._width, signal.per_record
        while first < last:
            record, column = divmod(first, per_record)
            whole = min(last - first, _PIECE) // per_record
            count, start, stop = 1, column, min(per_record, column + min(last - first, _PIECE))
            if column == 0 and whole:
                count, start, stop = whole, 0, per_record
            part = slice(signal.offset + width * start, signal.offset + width * stop)
            raw = columns_of(self._records, record, record + count, part)
            counts = _integers(raw.reshape(-1), width)
            yield counts
            first += len(counts)

    def fill(
        self, bank: Bank, first: int, into: Samples, span: tuple[int, int], threads: int = 1
    ) -> None:
        """Columns `span` of `into`: the values from `first` on, each in its channel's unit.

        The kernel and NumPy give the same bits; NumPy alone is ready at once.
        """
        (at, end), per_record = span, bank.signals[0].per_record
        n, size = end - at, self._record_bytes
        if size > RUN_BYTES:
            self._fill_apart(bank, first, into[:, at:end])
            return
        self._n_filled += len(into) * n
        is_worth = self._n_filled >= _WORTH or "numba" in sys.modules
        fill = self._compiled(bank, into) if is_worth else partial(self._fill, bank)
        start, stop = first // per_record, -(-(first + n) // per_record)
        shares = max(1, min(threads, (stop - start) * size // _SHARE_BYTES))
        step = min(run_length(size), -(-(stop - start) // shares))
        begins = range(start, stop, step)

        def work(part: slice) -> None:
            room = np.empty((step, size), np.uint8)  # one for all runs: new memory costs faults
            for row in begins[part]:
                rows = rows_of(self._records, row, min(row + step, stop), room)
                skipped = row * per_record - first
                a, b = max(0, -skipped), min(len(rows) * per_record, n - skipped)
                fill(rows, (a, b), (into, at + skipped + a))

        over_groups(work, len(begins), shares)

    def _fill(
        self, bank: Bank, rows: Bytes, span: tuple[int, int], into: tuple[Samples, int]
    ) -> None:
        (a, b), (out, at), width = span, into, self._width
        for row, signal, gain, zero in zip(out, bank.signals, bank.gains, bank.zeros, strict=True):
            raw = rows[:, signal.offset : signal.offset + width * signal.per_record]
            counts = _integers(np.ascontiguousarray(raw).reshape(-1), width)[a:b]
            _scale(counts, gain, zero, row[at : at + b - a])

    def _compiled(self, bank: Bank, out: Samples) -> Callable[..., None]:
        """`_fill` of this bank by the kernel."""
        from emgproc._kernels.decode import decode_records

        parts, per_record = bank.parts(out), bank.signals[0].per_record
        begins = np.arange(len(out)) * out.shape[1]

        def fill(rows: Bytes, span: tuple[int, int], into: tuple[Samples, int]) -> None:
            decode_records(
                rows.reshape(-1), self._width, self._record_bytes, per_record, span, bank.starts,
                bank.gains, bank.zeros, parts, into[0].reshape(-1), begins + into[1],
            )  # fmt: skip

        return fill

    def _fill_apart(self, bank: Bank, first: int, out: Samples) -> None:
        """Signal by signal: of records of many megabytes only what is wanted is read."""
        n = out.shape[1]
        for row, signal, gain, zero in zip(out, bank.signals, bank.gains, bank.zeros, strict=True):
            done = 0
            for piece in self.pieces(signal, first, first + n):
                _scale(piece, gain, zero, row[done : done + len(piece)])
                done += len(piece)


def _scale(counts: NDArray[np.integer], gain: float, zero: float, out: Samples) -> None:
    """Counts · gain + zero, computed in float64 whatever the type of `out`."""
    values = counts * gain
    values += zero
    out[:] = values


def _integers(raw: Bytes, width: int) -> NDArray[np.integer]:
    if width == 2:
        return raw.view("<i2")
    # Each three bytes are read as the upper ones of four: faster by far than copying columns.
    shifted = np.empty(raw.size + 1, np.uint8)
    shifted[1:] = raw
    return np.ndarray((raw.size // 3,), "<i4", shifted, strides=(3,)) >> 8


def _by_rate(channels: Iterable[EdfChannel]) -> list[tuple[EdfChannel, ...]]:
    found: dict[int, list[EdfChannel]] = {}
    for channel in channels:
        found.setdefault(channel.signal.per_record, []).append(channel)
    return [tuple(group) for group in found.values()]


class EdfSource(Source):
    """Reads spans of the main stream and of the auxiliary signals beside it."""

    def __init__(self, counts: EdfCounts, choice: Choice, placed: tuple[Placed, ...]) -> None:
        self._counts = counts
        self._choice = choice
        self._placed = placed
        self._main = Bank.of(choice.main)
        self._auxiliary = [(group, Bank.of(group)) for group in _by_rate(choice.auxiliary)]

    def read_uv(self, start: int, stop: int) -> Floats:
        """Samples [start, stop) of the main stream, µV, (n_channels, stop - start)."""
        return self.read_threaded(start, stop, 1)

    def read_threaded(self, start: int, stop: int, threads: int) -> Floats:
        """`read_uv` in threads over runs of records."""
        data = np.empty((len(self._choice.main), stop - start))
        self.read_into(data, start, threads)
        return data

    def read_into(self, out: Samples, start: int, threads: int) -> None:
        """Samples of the main stream from `start` on, µV; threads over runs of records."""
        for placed, a, b in self._parts(start, start + out.shape[1]):
            first = placed.first + a - placed.segment.start
            self._counts.fill(self._main, first, out, (a - start, b - start), threads)

    def read_auxiliary(self, start: int, stop: int) -> tuple[Auxiliary, ...]:
        """Auxiliary signals over the same time, one for each segment that has samples there."""
        found: dict[str, list[Auxiliary]] = {c.name: [] for c in self._choice.auxiliary}
        for channels, bank in self._auxiliary:
            for values, onset_s in self._together(bank, start, stop):
                for channel, row in zip(channels, values, strict=True):
                    fs = self._choice.rate_of(channel)
                    found[channel.name].append(
                        Auxiliary(channel.name, channel.unit, fs, row, channel.kind, onset_s)
                    )
        return tuple(signal for name in found for signal in found[name])

    def _together(self, bank: Bank, start: int, stop: int) -> Iterator[tuple[Floats, float]]:
        """Auxiliary signals of one rate in each segment that has samples of them; its onset, s."""
        per_record, own = self._choice.per_record, bank.signals[0].per_record
        fs = float(own / self._choice.record_s)
        for placed, a, b in self._parts(start, stop):
            base = placed.first * own // per_record  # segments begin with a record
            first = -(-(a - placed.segment.start) * own // per_record)
            last = -(-(b - placed.segment.start) * own // per_record)
            if first < last:
                values = np.empty((len(bank.signals), last - first))
                self._counts.fill(bank, base + first, values, (0, last - first))
                yield values, placed.segment.onset_s + first / fs

    def close(self) -> None:
        """Let go of the file."""
        del self._counts

    def _parts(self, start: int, stop: int) -> Iterator[tuple[Placed, int, int]]:
        for placed in self._placed:
            a, b = max(placed.segment.start, start), min(placed.segment.stop, stop)
            if a < b:
                yield placed, a, b
