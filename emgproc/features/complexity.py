"""How the signal is made: shape of its distribution, Hjorth parameters, entropy, self-similarity.

Every function gives NaN for a constant: none of these has a value there.
"""

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError
from emgproc.features.amplitude import variance
from emgproc.features.samples import as_result, centred, divided, longest_run, over_channels


def kurtosis(x: ArrayLike, fs: float) -> Floats:
    """Kurtosis after Pearson: fourth moment over squared variance; 3 for a Gaussian."""
    return _standardised_moment(x, fs, 4)


def skewness(x: ArrayLike, fs: float) -> Floats:
    """Skewness: third moment over variance^1.5; 0 for a symmetric distribution."""
    return _standardised_moment(x, fs, 3)


def hjorth_activity(x: ArrayLike, fs: float) -> Floats:
    """Hjorth (1970) activity, µV²: the variance; 0 for a constant."""
    return variance(x, fs)


def hjorth_mobility(x: ArrayLike, fs: float) -> Floats:
    """Hjorth (1970) mobility, rad/sample: sqrt(var dx / var x) over valid neighbours."""
    values = centred(x, fs)
    d, ok = _difference(values.x, values.ok)
    return as_result(np.sqrt(divided(_variance(d, ok), _variance(values.x, values.ok))))


def hjorth_complexity(x: ArrayLike, fs: float) -> Floats:
    """Hjorth (1970) complexity: mobility of dx over mobility of x; 1 for a sine."""
    values = centred(x, fs)
    d, ok = _difference(values.x, values.ok)
    d2, ok2 = _difference(d, ok)
    middle = _variance(d, ok)
    squared = divided(_variance(d2, ok2) * _variance(values.x, values.ok), np.square(middle))
    return as_result(np.sqrt(squared))


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


def _standardised_moment(x: ArrayLike, fs: float, order: int) -> Floats:
    values = centred(x, fs)
    # Scaled first: the fourth power of a value in µV may leave the range of a double.
    size = np.max(np.abs(values.x), axis=-1, initial=0.0)[..., np.newaxis]
    scaled = np.nan_to_num(divided(values.x, size))
    spread = divided(np.square(scaled).sum(axis=-1), values.n)
    return divided(divided((scaled**order).sum(axis=-1), values.n), spread ** (order / 2))


def _difference(x: Floats, ok: Bools) -> tuple[Floats, Bools]:
    both = ok[..., 1:] & ok[..., :-1]
    return np.where(both, np.diff(x, axis=-1), 0.0), both


def _variance(x: Floats, ok: Bools) -> Floats:
    n = ok.sum(axis=-1)
    mean = np.nan_to_num(divided(np.where(ok, x, 0.0).sum(axis=-1), n))[..., np.newaxis]
    return divided(np.square(np.where(ok, x - mean, 0.0)).sum(axis=-1), n)
