"""Welch's power spectral density of signals fed in pieces, over contiguous valid stretches only.

Hann windows, 50 % overlap, each segment's mean removed, nothing interpolated (Welch 1967). Equal
to `scipy.signal.welch` where nothing is masked.
"""

from functools import lru_cache

import numpy as np

from emgproc.arrays import Bools, Floats, Ints, spans_of
from emgproc.features.passes import BLOCK, Levels
from emgproc.features.periodograms import hann, segment_powers
from emgproc.features.sums import Kind
from emgproc.units import to_samples

SHORTEST_S = 0.25  # contiguous signal that a spectrum needs

_window = lru_cache(maxsize=16)(hann)


class Welch(Kind):
    """Density of each channel: lists of arrays, `frequencies_hz` and `psd`, empty if it has none.

    A segment lasts `segment_s`; in a channel whose stretches are all shorter, as long as the
    longest of them, if that is 0.25 s.
    """

    def __init__(self, levels: Levels, fs: float, segment_s: float) -> None:
        super().__init__(levels, fs)
        self._past = to_samples(segment_s, fs)  # samples kept of the blocks before
        enough = levels.longest >= max(to_samples(SHORTEST_S, fs), 4)
        self._lengths = np.where(enough, np.minimum(self._past, levels.longest), 0)
        self._signal = np.zeros((len(levels.n), self._past + BLOCK))
        # Where in the signal kept the next segment of a run begins that goes on into the block.
        self._next = np.full(len(levels.n), self._past)
        self._powers = [np.zeros(length // 2 + 1) for length in self._lengths.tolist()]
        self.n_segments = np.zeros(len(levels.n), np.int64)

    def add(self, x: Floats, finite: Bools) -> None:
        """Add a block."""
        self._signal[:, self._past :] = x
        whole = np.asarray(finite.all(axis=1))
        starts = [
            self._starts(row, [(0, BLOCK)] if whole[row] else spans_of(finite[row]))
            for row in range(len(x))
        ]
        for length in set(self._lengths.tolist()) - {0}:
            rows = np.flatnonzero(self._lengths == length).tolist()
            self._add_powers(length, {row: starts[row] for row in rows if starts[row].size})
        self._signal[:, : self._past] = self._signal[:, BLOCK:].copy()

    def end(self) -> None:
        """Finish."""
        self.frequencies_hz: list[Floats] = []
        self.psd: list[Floats] = []
        for row, length in enumerate(self._lengths.tolist()):
            if not length:
                self.frequencies_hz.append(np.empty(0))
                self.psd.append(np.empty(0))
                continue
            density = self._powers[row] / (self.fs * np.square(_window(length)).sum())
            density[1 : (length + 1) // 2] *= 2  # one-sided: all but DC and half the rate
            self.psd.append(density / self.n_segments[row])
            self.frequencies_hz.append(np.arange(density.size) * (self.fs / length))

    def _starts(self, row: int, runs: list[tuple[int, int]]) -> Ints:
        """First samples of the segments that end in this block, counted in the signal kept."""
        length = int(self._lengths[row])
        found, following = [np.empty(0, np.int64)], self._past
        if not length:
            return found[0]
        hop = length - length // 2
        for start, stop in runs:
            first = int(self._next[row]) if start == 0 else self._past + start
            found.append(np.arange(first, self._past + stop - length + 1, hop))
            if stop == BLOCK:
                following = first + hop * len(found[-1]) - BLOCK
        self._next[row] = following
        return np.concatenate(found)

    def _add_powers(self, length: int, starts: dict[int, Ints]) -> None:
        if not starts:
            return
        width = self._signal.shape[1]
        flat = np.concatenate([row * width + first for row, first in starts.items()])
        powers = segment_powers(self._signal.reshape(-1), flat, _window(length))
        at = 0
        for row, first in starts.items():
            self._powers[row] += powers[at : at + len(first)].sum(axis=0)
            self.n_segments[row] += len(first)
            at += len(first)
