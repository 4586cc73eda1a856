"""Signals fed in pieces of any length, worked on in fixed blocks counted from their first sample.

However a signal is cut into pieces, the blocks are the same, so every sum over it has the same
bytes. A first pass tells where the signal lies and which of its samples count, a second one (see
`sums`) measures about the mean that the first found.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Bools, Floats, Ints, spans_of
from emgproc.features.samples import divided

BLOCK = 8000  # samples; `BLOCK` of the kernels, which are not loaded for their size alone


class Pass(ABC):
    """One walk over `n_channels` signals.

    Parameters
    ----------
    n_channels
        Number of signals, which are fed together.
    """

    def __init__(self, n_channels: int) -> None:
        self.n_channels = n_channels
        self.size = 0
        self._block = np.empty((n_channels, BLOCK))
        self._filled = 0

    def feed(self, x: Floats) -> None:
        """Take the next samples, (n_channels, any number); what is not finite is masked."""
        at = 0
        while at < x.shape[1]:
            n = min(BLOCK - self._filled, x.shape[1] - at)
            self._block[:, self._filled : self._filled + n] = x[:, at : at + n]
            self._filled += n
            at += n
            if self._filled == BLOCK:
                self._take()
        self.size += x.shape[1]

    def end(self) -> None:
        """Work on what is left of a block; what is missing of it is masked."""
        if self._filled:
            self._block[:, self._filled :] = np.nan
            self._take()

    @abstractmethod
    def _work(self, x: Floats, finite: Bools) -> None:
        """One block, (n_channels, BLOCK), NaN where a sample is masked; may be overwritten."""

    def _take(self) -> None:
        finite = np.isfinite(self._block)
        if not finite.all():
            self._block[~finite] = np.nan
        self._work(self._block, finite)
        self._filled = 0


class Levels(NamedTuple):
    """What the first pass found; shape (n_channels,) where not stated.

    Attributes
    ----------
    size
        Samples fed to each channel, a number.
    n
        Valid samples.
    pairs, triples
        Runs of two and of three valid neighbours.
    longest
        Samples of the longest valid run.
    mean
        Of the valid samples; exactly the level of a constant, 0 where nothing is valid.
    reach
        Largest distance of a valid sample from the mean; 0 for a constant.
    """

    size: int
    n: Ints
    pairs: Ints
    triples: Ints
    longest: Ints
    mean: Floats
    reach: Floats


class LevelPass(Pass):
    """The first pass."""

    def __init__(self, n_channels: int) -> None:
        super().__init__(n_channels)
        self._totals = np.zeros((n_channels, 2))
        self._lowest, self._highest = np.full(n_channels, np.inf), np.full(n_channels, -np.inf)
        self._run = np.zeros(n_channels, np.int64)  # valid samples up to the end of the block
        self._pairs, self._triples, self._longest = np.zeros((3, n_channels), np.int64)

    def levels(self) -> Levels:
        """Everything, once the signals have ended."""
        n = self._totals[:, 0].astype(np.int64)
        mean = np.nan_to_num(divided(self._totals[:, 1], n))
        varies = self._highest > self._lowest
        # A mean is rounded; a constant must not become noise.
        mean = np.where(varies | (n == 0), mean, self._lowest)
        reach = np.maximum(self._highest - mean, mean - self._lowest)
        counted = (self._pairs, self._triples, self._longest)
        return Levels(self.size, n, *counted, mean, np.where(varies, reach, 0.0))

    def _work(self, x: Floats, finite: Bools) -> None:
        from emgproc._kernels.sums import add_levels  # numba, loaded when first used

        flat = self._totals.reshape(-1)
        add_levels(x.reshape(-1), len(x), flat, self._lowest, self._highest)
        whole: Bools = np.asarray(finite.all(axis=1))
        self._extend(whole, np.full(len(x), BLOCK))
        for row in np.flatnonzero(~whole).tolist():
            self._count_runs(row, finite[row])

    def _extend(self, rows: Bools, n: Ints) -> None:
        """Count neighbours of runs that go on for `n` samples, which are valid."""
        before = self._run[rows]
        after = before + n[rows]
        self._pairs[rows] += np.maximum(after - 1, 0) - np.maximum(before - 1, 0)
        self._triples[rows] += np.maximum(after - 2, 0) - np.maximum(before - 2, 0)
        self._longest[rows] = np.maximum(self._longest[rows], after)
        self._run[rows] = after

    def _count_runs(self, row: int, finite: Bools) -> None:
        lengths = np.array([stop - start for start, stop in spans_of(finite)], np.int64)
        if finite[0]:
            lengths[0] += self._run[row]
            self._pairs[row] -= max(self._run[row] - 1, 0)
            self._triples[row] -= max(self._run[row] - 2, 0)
        self._pairs[row] += np.maximum(lengths - 1, 0).sum()
        self._triples[row] += np.maximum(lengths - 2, 0).sum()
        self._longest[row] = max(self._longest[row], lengths.max(initial=0))
        self._run[row] = lengths[-1] if finite[-1] else 0
