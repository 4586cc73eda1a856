"""How the signal is made: its entropy and self-similarity, which a constant does not have."""

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.features.samples import centred, longest_run, over_channels


def sample_entropy(x: ArrayLike, fs: float, *, m: int = 2, r: float = 0.2) -> Floats:
    """Sample entropy (Richman & Moorman 2000): −ln of the share of matches that go on matching.

    Parameters
    ----------
    x
        Signal, µV, samples on the last axis, NaN = masked: a template that holds a masked sample
        does not count.
    fs
        Sampling rate, Hz; checked only.
    m
        Length of the templates, ≥ 1; the same N − m templates are compared over m and m + 1.
    r
        Tolerance as a share of the SD (divisor N), > 0; Chebyshev distance ≤ r·SD is a match,
        a template never matches itself.

    Returns
    -------
    Floats
        ≥ 0; NaN for a constant, or where no template has a partner over m + 1 samples.
        Time grows with the square of the number of samples.
    """
    if m < 1 or not r > 0:
        raise ParameterError(f"sample_entropy needs m ≥ 1 and r > 0, got {m=}, {r=}")

    def entropy(row: Floats) -> float:
        values, ok, n = centred(row, fs)
        if values.size <= m or not np.any(values):
            return float("nan")
        sd = float(np.sqrt(np.square(values).sum() / n))
        whole = np.lib.stride_tricks.sliding_window_view(ok, m + 1).all(axis=-1)
        templates = np.lib.stride_tricks.sliding_window_view(values, m + 1)[whole]
        matches, longer = _pairs(templates[:, :m], r * sd), _pairs(templates, r * sd)
        return float(np.log(matches / longer)) if longer > 0 else float("nan")

    return over_channels(entropy, x, fs)


def dfa(x: ArrayLike, fs: float, *, n_min: int = 4, n_max: int | None = None) -> Floats:
    """Detrended fluctuation analysis of order 1 (Peng et al. 1994): the scaling exponent.

    0.5 for white noise, 1.5 for its cumulative sum.

    Parameters
    ----------
    x
        Signal, µV, samples on the last axis, NaN = masked; the longest contiguous valid stretch
        is used.
    fs
        Sampling rate, Hz; checked only.
    n_min, n_max
        Smallest and largest box, samples; up to a tenth of the stretch where `n_max` is not given.

    Returns
    -------
    Floats
        Slope of ln F(n) over ln n for boxes growing by 1.2; NaN for a constant, or where fewer
        than 3 box sizes fit.
    """
    if n_min < 4:
        raise ParameterError(f"dfa: the smallest box holds at least 4 samples, got {n_min!r}")

    def exponent(row: Floats) -> float:
        run = longest_run(row)
        largest = min(len(run) // 10 if n_max is None else n_max, len(run) // 2)
        sizes = _box_sizes(n_min, largest)
        if len(sizes) < 3 or not np.any(run):
            return float("nan")
        walk = np.cumsum(run - run.mean())
        fluctuations = np.array([_fluctuation(walk, size) for size in sizes])
        if not np.all(fluctuations > 0):
            return float("nan")
        return float(np.polyfit(np.log(sizes), np.log(fluctuations), 1)[0])

    return over_channels(exponent, x, fs)


def _pairs(templates: Floats, tolerance: float) -> int:
    """Ordered pairs of different templates within `tolerance`, Chebyshev distance."""
    from scipy.spatial import cKDTree

    # A quantised signal repeats its templates; a tree of equal points takes quadratic time.
    points, times = np.unique(templates, axis=0, return_counts=True)
    tree = cKDTree(points)
    weights = times.astype(np.float64)
    pairs = tree.count_neighbors(tree, tolerance, p=np.inf, weights=(weights, weights))
    return int(pairs) - len(templates)


def _box_sizes(n_min: int, n_max: int) -> list[int]:
    sizes: list[int] = []
    size = float(n_min)
    while size <= n_max:
        if not sizes or int(size) > sizes[-1]:
            sizes.append(int(size))
        size *= 1.2
    return sizes


def _fluctuation(walk: Floats, size: int) -> float:
    """Root mean square of the walk about a straight line in each box."""
    boxes = walk[: len(walk) // size * size].reshape(-1, size)
    ramp = np.arange(size) - (size - 1) / 2
    boxes = boxes - boxes.mean(axis=1, keepdims=True)
    slopes = boxes @ ramp / (ramp @ ramp)
    return float(np.sqrt(np.mean(np.square(boxes - np.outer(slopes, ramp)))))
