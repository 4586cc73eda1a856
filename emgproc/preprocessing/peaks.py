"""Peaks of many signals at once, the same ones that `scipy.signal.find_peaks` finds."""

import math
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emgproc._kernels.threads import over_groups
from emgproc.arrays import Ints, as_samples
from emgproc.errors import ParameterError


def find_peaks(
    x: ArrayLike,
    *,
    height: ArrayLike | None = None,
    distance: float | None = None,
    threads: int = 1,
) -> Ints | list[Ints]:
    """Samples at which a signal has a peak: the indices of `scipy.signal.find_peaks`, faster.

    A peak is a sample, or a run of equal samples, with a lower neighbour on both sides; a run
    counts once, at its middle (rounded down). The first and last sample are none. NaN is neither
    higher nor lower than any number, so a sample beside it is no peak, as in SciPy.

    Parameters
    ----------
    x
        (n_channels, n_samples) or (n_samples,), any unit. float32 is used as it is; as nothing is
        computed, only compared, the result is that of the same numbers in float64.
    height
        Least height, of all channels or (n_channels,) of each; default none.
    distance
        Fewest samples between two peaks, rounded up; ≥ 1. Of peaks nearer than that the lower is
        left out, beginning with the neighbours of the highest. Which of equal heights comes first
        is decided as in SciPy, by `numpy.argsort`, which is not stable; only channels with
        such ties pay for the sort.
    threads
        Threads over channels; the result is the same for any number.

    Returns
    -------
    ndarray or list of ndarray
        Samples in rising order, int64; one array for each channel if `x` has two dimensions.

    Raises
    ------
    ParameterError
        `height` is NaN or not of the stated shape, `distance` is not a finite number ≥ 1, or
        `threads` is below 1.
    SignalError
        `x` does not hold real numbers or has more than two dimensions.

    Examples
    --------
    >>> find_peaks([0.0, 2.0, 0.0, 3.0, 3.0, 0.0, 1.0, 0.0], distance=3).tolist()
    [3, 6]
    """
    data = as_samples(x)
    least = _least(height, data)
    apart = _whole_distance(distance, data.shape[1])
    peaks = _peaks_of(data, least, apart, threads)
    return peaks if np.ndim(x) == 2 else peaks[0]


def _least(height: ArrayLike | None, data: NDArray[Any]) -> NDArray[Any]:
    """Least height of each channel, in the type of `data`: rounded up, so ≥ means the same."""
    asked = np.asarray(-np.inf if height is None else height, dtype=np.float64)
    if asked.shape not in ((), data.shape[:1]) or np.isnan(asked).any():
        raise ParameterError(
            f"height must be one number or one for each of {data.shape[0]} channels, not NaN; "
            f"got {height!r}"
        )
    least = np.empty(data.shape[:1], data.dtype)
    with np.errstate(over="ignore"):  # beyond float32's largest only infinity is that high
        least[:] = asked
    below = least < asked
    if below.any():
        least[below] = np.nextafter(least[below], data.dtype.type(np.inf))
    return least


def _whole_distance(distance: float | None, n_samples: int) -> int:
    if distance is None:
        return 1
    if not (np.isfinite(distance) and distance >= 1):
        raise ParameterError(f"distance must be a finite number ≥ 1 of samples, got {distance!r}")
    return min(math.ceil(distance), max(n_samples, 1))


def _peaks_of(data: NDArray[Any], least: NDArray[Any], distance: int, threads: int) -> list[Ints]:
    from emgproc._kernels import peaks as kernels  # numba, loaded when first used

    n_channels, n_samples = data.shape
    most = n_samples // 2 if distance <= 2 else n_samples // distance + 1
    out: list[Ints] = [np.empty(0, np.int64)] * n_channels

    def work(part: slice) -> None:
        channels = range(part.start, part.stop)
        found = np.empty(len(channels) * most + 1, np.int64)
        counts = np.empty(len(channels), np.int64)
        kernels.find_peaks(data[part].reshape(-1), n_samples, least[part], distance, found, counts)
        numbers = counts.tolist()
        ends = list(accumulate(max(n, 0) for n in numbers))
        found.resize(ends[-1], refcheck=False)  # gives back what was not needed, copies nothing
        for c, n, end in zip(channels, numbers, ends, strict=True):
            if n == kernels.TIE:
                out[c] = _peaks_with_ties(data[c], least[c : c + 1], distance)
            else:
                out[c] = found[end - n : end]

    if n_channels:
        over_groups(work, n_channels, threads)
    return out


def _peaks_with_ties(x: NDArray[Any], least: NDArray[Any], distance: int) -> Ints:
    """Peaks of one channel in which equal heights are told apart by their rank in SciPy's sort."""
    from emgproc._kernels import peaks as kernels

    positions, count = np.empty(x.size // 2 + 1, np.int64), np.empty(1, np.int64)
    kernels.find_peaks(x, x.size, least, 1, positions, count)
    positions = positions[: count[0]]
    ranks = np.empty(x.size)
    order = np.argsort(x[positions].astype(np.float64))
    ranks[positions[order]] = np.arange(positions.size)
    kept = np.empty(positions.size, np.int64)
    n = kernels.keep_apart(ranks, 0, distance, positions, kept, 0)
    return kept[:n].copy()
