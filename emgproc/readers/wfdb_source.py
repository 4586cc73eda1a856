"""The samples of an open WFDB record, decoded chunk by chunk."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats
from emgproc.readers.source import Source
from emgproc.readers.wfdb_coding import CODINGS, Counts, SignalFile
from emgproc.readers.wfdb_header import WfdbSignal
from emgproc.recording import Auxiliary

CHUNK_SAMPLES = 1 << 18  # decoded at once, so that a whole record costs little beside itself


@dataclass(frozen=True, slots=True)
class WfdbRow:
    """One signal: its file, its first column in that file's frames, its scale.

    `factor` is µV in one unit of the header; 1.0 where that unit is no voltage.
    """

    signal: WfdbSignal
    name: str
    kind: str
    unit: str
    factor: float
    file: SignalFile
    column: int

    @property
    def spf(self) -> int:
        """Samples in a frame."""
        return self.signal.samples_per_frame

    def counts(self, frames: Counts) -> Counts:
        """This signal's counts of whole frames of its file, in order of time."""
        return frames[:, self.column : self.column + self.spf].reshape(-1)

    def physical(self, counts: Counts) -> Floats:
        """Counts as µV (or the auxiliary's unit); "no sample" becomes NaN."""
        values = (counts - self.signal.baseline) / self.signal.gain * self.factor
        values[counts == CODINGS[self.signal.format].no_sample] = np.nan
        return values


class WfdbSource(Source):
    """`odd_checksums` names the rows whose counts, last read, did not sum to the header's value.

    It tells something only when all samples were read.
    """

    def __init__(self, rows: list[WfdbRow], others: list[WfdbRow], frame_rate: float) -> None:
        self.rows = rows
        self.others = others
        self.frame_rate = frame_rate
        self.odd_checksums: list[str] = []

    def read_uv(self, start: int, stop: int) -> Floats:
        """See `Source.read_uv`."""
        data = np.empty((len(self.rows), stop - start))
        sums = [0] * len(self.rows)
        for file in dict.fromkeys(row.file for row in self.rows):
            mine = [(i, row) for i, row in enumerate(self.rows) if row.file == file]
            for at, frames in _chunks(file, start, stop, self.rows[0].spf):
                for i, row in mine:
                    sums[i] += _put(row, row.counts(frames), data[i], at - start)
        self.odd_checksums = list(_disagreeing(self.rows, sums))
        return data

    def read_auxiliary(self, start: int, stop: int) -> tuple[Auxiliary, ...]:
        """See `Source.read_auxiliary`."""
        return tuple(self._auxiliary(row, start, stop) for row in self.others)

    def _auxiliary(self, row: WfdbRow, start: int, stop: int) -> Auxiliary:
        spf = self.rows[0].spf
        first, last = -(-start * row.spf // spf), -(-stop * row.spf // spf)
        data, fs = np.empty(last - first), self.frame_rate * row.spf
        for at, frames in _chunks(row.file, first, last, row.spf):
            _put(row, row.counts(frames), data, at - first)
        return Auxiliary(row.name, row.unit, fs, data, row.kind, first / fs)


def _chunks(file: SignalFile, start: int, stop: int, spf: int) -> Iterator[tuple[int, Counts]]:
    """Whole frames around the samples [start, stop), each with the place of its first sample."""
    step = max(1, CHUNK_SAMPLES // file.frame_length)
    last = -(-stop // spf)
    for at in range(start // spf, last, step):
        yield at * spf, file.read(at, min(at + step, last))


def _put(row: WfdbRow, counts: Counts, into: Floats, at: int) -> int:
    """Write counts whose first belongs at `at` (it may lie outside); the sum of those written."""
    inside = counts[max(-at, 0) : into.size - at]
    into[max(at, 0) : max(at, 0) + inside.size] = row.physical(inside)
    return int(inside.sum())


def _disagreeing(rows: Iterable[WfdbRow], sums: Iterable[int]) -> Iterator[str]:
    """Signals whose sum of samples is not the header's checksum, modulo 65536 (header(5))."""
    for row, total in zip(rows, sums, strict=True):
        if row.signal.checksum is not None and (total - row.signal.checksum) % 65536:
            yield row.name
