"""Peaks of many signals at once, the same ones that `scipy.signal.find_peaks` finds."""

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emgproc._kernels.threads import over_groups
from emgproc.arrays import Ints, as_samples
from emgproc.errors import ParameterError

_SLICES = 4  # of the channels for each thread: one that wakes late does not decide


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
    if height is None or isinstance(height, float):
        least = _same_least(height, len(data), data.dtype)
    else:
        least = _least(height, len(data), data.dtype)
    apart = _whole_distance(distance, data.shape[1])
    peaks = _peaks_of(data, least, apart, threads)
    return peaks if np.ndim(x) == 2 else peaks[0]


def _least(height: ArrayLike | None, n_channels: int, kind: np.dtype[Any]) -> NDArray[Any]:
    """Least height of each channel as a number of `kind`: rounded up, so ≥ means the same."""
    asked = np.asarray(-np.inf if height is None else height, dtype=np.float64)
    if asked.shape not in ((), (n_channels,)) or np.isnan(asked).any():
        raise ParameterError(
            f"height must be one number or one for each of {n_channels} channels, not NaN; "
            f"got {height!r}"
        )
    least = np.empty(n_channels, kind)
    with np.errstate(over="ignore"):  # beyond float32's largest only infinity is that high
        least[:] = asked
    below = least < asked
    if below.any():
        least[below] = np.nextafter(least[below], kind.type(np.inf))
    return least


_same_least = lru_cache(_least)  # a scan of a minute of 64 channels takes a millisecond


def _whole_distance(distance: float | None, n_samples: int) -> int:
    if distance is None:
        return 1
    if not 1 <= distance < math.inf:
        raise ParameterError(f"distance must be a finite number ≥ 1 of samples, got {distance!r}")
    return min(math.ceil(distance), max(n_samples, 1))


def _peaks_of(data: NDArray[Any], least: NDArray[Any], distance: int, threads: int) -> list[Ints]:
    from emgproc._kernels import peaks as kernels  # numba, loaded when first used

    n_channels, n_samples = data.shape
    most = n_samples // 2 if distance <= 2 else n_samples // distance + 1
    found = np.empty((n_channels, most + 1), np.int64)
    counts = np.empty(n_channels, np.int64)
    flat = data.reshape(-1)

    def work(part: slice) -> None:
        channels = (part.start, part.stop)
        kernels.find_peaks(flat, n_samples, channels, least, distance, found, counts)

    over_groups(work, n_channels, threads, slices=_SLICES)
    return [
        found[c, :n] if n >= 0 else _peaks_with_ties(data[c], least[c : c + 1], distance)
        for c, n in enumerate(counts.tolist())
    ]


def _peaks_with_ties(x: NDArray[Any], least: NDArray[Any], distance: int) -> Ints:
    """Peaks of one channel in which equal heights are told apart by their rank in SciPy's sort."""
    from emgproc._kernels import peaks as kernels

    positions, count = np.empty((1, x.size // 2 + 1), np.int64), np.empty(1, np.int64)
    kernels.find_peaks(x, x.size, (0, 1), least, 1, positions, count)
    positions = positions[0, : count[0]]
    ranks = np.empty(x.size)
    order = np.argsort(x[positions].astype(np.float64))
    ranks[positions[order]] = np.arange(positions.size)
    kept = np.empty(positions.size, np.int64)
    n = kernels.keep_apart(ranks, 0, distance, positions, kept, 0)
    return kept[:n].copy()
