"""Sliding windows over channels, dealt to the lanes of the kernels."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels.fft_plan import plan_of, radices_of
from emgproc._kernels.threads import over_groups
from emgproc._kernels.window_grid import Grid, Scaled, Wanted
from emgproc.arrays import Floats, Ints
from emgproc.features.periodograms import hann, segment_powers
from emgproc.features.samples import divided

SMALLEST_BLOCK = 16  # samples; where windows share less they are summed each by itself
MOST = 127  # windows in a row of one lane: few enough to keep all lanes and threads busy
BATCH = 64  # windows whose spectra are held at a time

Reals = NDArray[Any]  # float64 or float32


class Sliding(NamedTuple):
    """Windows of `length` samples, `hop` apart, over channels of `n_samples`."""

    length: int
    hop: int
    n_samples: int

    @property
    def n_windows(self) -> int:
        """Windows in a channel: those that lie in it whole."""
        return max(0, (self.n_samples - self.length) // self.hop + 1)

    @property
    def starts(self) -> Ints:
        """First sample of each window."""
        return np.arange(self.n_windows, dtype=np.int64) * self.hop

    def blocks(self) -> Grid:
        """Blocks that windows share; a window for each where they share too little."""
        block = math.gcd(self.length, self.hop)
        if block < SMALLEST_BLOCK or self.hop >= self.length:
            return Grid(self.length, self.hop, 1, 1)
        return Grid(block, block, self.length // block, self.hop // block)

    def at(self, x: Reals, offset: int) -> Floats:
        """Sample `offset` of each window, (n_channels, n_windows)."""
        stop = offset + (self.n_windows - 1) * self.hop + 1
        return np.asarray(x[:, offset : max(stop, 0) : self.hop], np.float64)


class _Lanes(NamedTuple):
    """First sample, number of windows, and place in the result of each lane."""

    starts: Ints
    counts: Ints
    targets: Ints


def sum_windows(
    x: Reals, windows: Sliding, wanted: Wanted, rows: Sequence[Scaled | None], threads: int
) -> Floats:
    """Sums of windows, (n_rows, n_channels, n_windows); unfilled where a row is None."""
    from emgproc._kernels import _walks, window_sums  # numba, loaded when first used

    out = np.empty((len(rows), x.shape[0], windows.n_windows))
    lanes, grid = _deal(len(x), 64 // x.itemsize, windows), windows.blocks()
    asked = [(i, row) for i, row in enumerate(rows) if row]
    named = [(getattr(_walks, row.row), i * out[0].size, row.root) for i, row in asked]
    chosen = np.array(named, np.int64).reshape(-1, 3)
    factors = np.array([row.factor for _, row in asked])

    def work(part: slice) -> None:
        window_sums.window_sums(
            x.reshape(-1), lanes.starts[part], lanes.counts[part], grid, wanted, chosen,
            factors, out.reshape(-1), lanes.targets[part],
        )  # fmt: skip

    if named:
        over_groups(work, len(lanes.counts), threads)
    return out


def frequencies_of_windows(
    x: Reals, windows: Sliding, segment: int, fs: float, threads: int
) -> Floats:
    """Mean and median frequency, Hz, (2, n_channels, n_windows), of Welch's density.

    Segments of `segment` samples overlap by half; one segment where the window is as long.
    """
    step = segment - segment // 2
    pieces = (windows.length - segment) // step + 1
    if not radices_of(segment):
        return _by_scipy(x, windows, (segment, pieces, step), fs, threads)
    from emgproc._kernels import fft  # numba, loaded when first used

    out = np.empty((2, x.shape[0], windows.n_windows))
    lanes, plan = _deal(len(x), 64 // x.itemsize, windows), plan_of(segment, x.dtype)
    weights = hann(segment).astype(x.dtype)

    def work(part: slice) -> None:
        fft.window_frequencies(
            x.reshape(-1), lanes.starts[part], lanes.counts[part], (windows.hop, pieces, step),
            weights, plan, out.reshape(-1), lanes.targets[part], out[0].size,
        )  # fmt: skip

    over_groups(work, len(lanes.counts), threads)
    out *= fs / segment
    return out


@lru_cache(maxsize=4)
def _deal(n_channels: int, lanes: int, windows: Sliding) -> _Lanes:
    """Stretches of windows of all channels, a stretch to a lane; lanes of a group are alike.

    The sums of a window are the same wherever its lane begins. Stretches of one channel lie side
    by side, an odd number of windows each: lanes that are a power of two apart would drive each
    other out of the first cache, which took twice the time.
    """
    n_windows = windows.n_windows
    stretch = min(MOST, math.ceil(n_channels * n_windows / (4 * lanes)) | 1)
    whole = np.arange(n_windows // stretch) * stretch
    starts, counts, targets = [], [], []
    for firsts, n in ((whole, stretch), (np.array([whole.size * stretch]), n_windows % stretch)):
        if not (n and firsts.size and n_channels):
            continue
        c, w = (a.reshape(-1) for a in np.meshgrid(np.arange(n_channels), firsts, indexing="ij"))
        n_groups = -(-w.size // lanes)
        both = np.stack([c * windows.n_samples + w * windows.hop, c * n_windows + w])
        filled = both[:, np.minimum(np.arange(n_groups * lanes), w.size - 1)]
        starts.append(filled[0].reshape(n_groups, lanes))
        targets.append(filled[1].reshape(n_groups, lanes))
        counts.append(np.full(n_groups, n))
    if not counts:
        return _Lanes(np.empty((0, lanes), int), np.empty(0, int), np.empty((0, lanes), int))
    return _Lanes(np.concatenate(starts), np.concatenate(counts), np.concatenate(targets))


def _by_scipy(
    x: Reals, windows: Sliding, pieces: tuple[int, int, int], fs: float, threads: int
) -> Floats:
    """`frequencies_of_windows` for lengths that the kernel has no radices for."""
    segment, n_pieces, step = pieces
    out = np.empty((2, x.shape[0], windows.n_windows))
    for c in range(x.shape[0]):
        for first in range(0, windows.n_windows, BATCH):
            starts = windows.starts[first : first + BATCH, np.newaxis] + np.arange(n_pieces) * step
            powers = segment_powers(x[c], starts.reshape(-1), hann(segment), threads=threads)
            power = powers.reshape(*starts.shape, -1).sum(axis=1, dtype=np.float64)
            if segment % 2 == 0:
                power[:, -1] /= 2  # stands for one frequency, the others for two
            out[:, c, first : first + BATCH] = _mean_and_median(power[:, 1:])
    out *= fs / segment
    return out


def _mean_and_median(power: Floats) -> Floats:
    """Mean and median frequency of spectra without DC, in bins, (2, n_spectra)."""
    bins = np.arange(1, power.shape[1] + 1)
    total = power.sum(axis=1)
    mean = divided(power @ bins, total)
    cumulated = np.zeros_like(power)
    np.cumsum(power[:, 1:] + power[:, :-1], axis=1, out=cumulated[:, 1:])
    half = cumulated[:, -1:] / 2
    row = np.minimum((cumulated <= half).sum(axis=1, keepdims=True), power.shape[1] - 1)
    low = np.take_along_axis(cumulated, row - 1, axis=1)
    high = np.take_along_axis(cumulated, row, axis=1)
    median = row + divided(half - low, high - low)
    return np.stack([mean, np.where(total > 0, median[:, 0], np.nan)])
