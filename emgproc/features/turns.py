"""Willison turns: how often, and how far, a signal goes up and down (section 2.3)."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emgproc._kernels._simd_interpreted import lanes
from emgproc._kernels.threads import over_groups
from emgproc.arrays import Floats, Ints, aligned_empty, as_samples, check_fs, spans_of
from emgproc.errors import ParameterError
from emgproc.features.samples import divided


class Turns(NamedTuple):
    """Turns of each channel; numbers instead of arrays where the input was one channel.

    Attributes
    ----------
    n
        Number of turns.
    rate_hz
        Turns in a second of valid signal; NaN where no sample is valid.
    amplitude_uv
        Mean difference between consecutive turns of one valid stretch, µV; NaN where no stretch
        has two.
    """

    n: Ints
    rate_hz: Floats
    amplitude_uv: Floats


def turns(x: ArrayLike, fs: float, *, threshold_uv: float = 100.0, threads: int = 1) -> Turns:
    """Number, rate and mean amplitude of the turns of each channel (Willison 1964).

    A turn is an extremum from which the signal moves away by at least the threshold on both sides,
    before it goes beyond it; maxima and minima alternate. The number is that of
    `scipy.signal.find_peaks(x, prominence=threshold_uv)` and of `-x` together, except that SciPy
    counts equal maxima (or minima) again when the signal leaves them by less than the threshold in
    between. A plateau is one turn in both. The signal's own ends are no turns in either: the first
    turn needs a move of the threshold before it, the last one after it.

    Parameters
    ----------
    x
        (n_channels, n_samples) or (n_samples,), µV. NaN (or ±inf) marks a masked sample; each
        valid stretch is a signal by itself. A float32 array is compared and subtracted in float32
        (also the threshold is rounded to it), so a swing within 1e-7 of the extrema's own size
        around the threshold may fall on the other side.
    fs
        Sampling rate, Hz.
    threshold_uv
        Smallest swing, µV, above 0: 100 for surface and interference patterns, 50 for needle
        recordings.
    threads
        Threads over groups of channels; the result is the same for any number.

    Raises
    ------
    ParameterError
        `fs` or `threshold_uv` is not a finite number above 0, or `threads` is below 1.
    SignalError
        `x` does not hold real numbers or has more than two dimensions.

    Examples
    --------
    >>> float(turns([0.0, 150.0, 20.0, 60.0, 0.0, 130.0, 0.0], fs=7).amplitude_uv)
    140.0
    """
    rate = check_fs(fs)
    data = as_samples(x)
    found = _counted(data, _checked(threshold_uv, data), threads)
    seconds = found.n_valid / rate
    shape = np.shape(x)[:-1]
    return Turns(
        found.n.reshape(shape)[()],
        divided(found.n, seconds).reshape(shape)[()],
        divided(found.way_uv, found.n_ways).reshape(shape)[()],
    )


def turn_positions(
    x: ArrayLike, *, threshold_uv: float = 100.0, threads: int = 1
) -> Ints | list[Ints]:
    """Samples at which a signal turns, for amplitudes and durations of the segments between.

    Parameters
    ----------
    x, threshold_uv, threads
        As `turns`.

    Returns
    -------
    ndarray or list of ndarray
        Samples in rising order, int64; one array for each channel if `x` has two dimensions.
        A plateau turns at its middle (rounded down), as in `scipy.signal.find_peaks`; of equal
        maxima (or minima) of one swing the first counts. Consecutive turns are a maximum and a
        minimum, except on both sides of a masked stretch.

    Raises
    ------
    ParameterError, SignalError
        As `turns`.

    Examples
    --------
    >>> turn_positions([0.0, 150.0, 20.0, 60.0, 0.0, 130.0, 130.0, 130.0, 0.0]).tolist()
    [1, 4, 6]
    """
    data = as_samples(x)
    found = _positions(data, _checked(threshold_uv, data), threads)
    return found if np.ndim(x) == 2 else found[0]


class _Counted(NamedTuple):
    """Of each channel: turns, summed way between consecutive ones, how many ways, samples."""

    n: Ints
    way_uv: Floats
    n_ways: Ints
    n_valid: Ints


def _checked(threshold_uv: float, data: NDArray[Any]) -> float:
    """Threshold as a number of the type of `data`."""
    with np.errstate(over="ignore", under="ignore"):
        threshold: float = data.dtype.type(threshold_uv)
    if not (np.isfinite(threshold) and threshold > 0):
        raise ParameterError(
            f"threshold_uv must be a finite µV value above 0 in {data.dtype}, got {threshold_uv!r}"
        )
    return threshold


def _counted(data: NDArray[Any], threshold: float, threads: int) -> _Counted:
    """Channels whole; those with masked samples again, a valid stretch at a time."""
    n_channels, n_samples = data.shape
    whole = np.zeros((n_channels if n_samples else 0, 3), np.int64)
    whole[:, 0] = np.arange(len(whole))
    whole[:, 2] = n_samples
    sums = _walk(data, whole, threshold, threads)
    valid = np.isfinite(sums[2])
    runs, (way, n, _) = whole, sums
    if not valid.all():
        stretches = [
            (row, start, stop)
            for row in np.flatnonzero(~valid)
            for start, stop in spans_of(np.isfinite(data[row]))
        ]
        pieces = np.array(stretches, np.int64).reshape(-1, 3)
        runs = np.concatenate([whole[valid], pieces])
        parts = sums[:, valid], _walk(data, pieces, threshold, threads)
        way, n, _ = np.concatenate(parts, axis=1)

    of_runs = np.stack([n, way, np.maximum(n - 1, 0), runs[:, 2] - runs[:, 1]], axis=1)
    totals = np.zeros((n_channels, 4))
    np.add.at(totals, runs[:, 0], of_runs)
    n, n_ways, n_valid = totals[:, [0, 2, 3]].astype(np.int64).T
    return _Counted(n, totals[:, 1], n_ways, n_valid)


def _walk(data: NDArray[Any], runs: Ints, threshold: float, threads: int) -> Floats:
    """Sums (3, n_runs) of `count_turns` over runs (row, start, stop); alike in length together."""
    from emgproc._kernels.turns import ROWS, STATE, count_turns  # numba, loaded when first used

    group = 2 * lanes(data)
    lengths = runs[:, 2] - runs[:, 1]
    order = np.argsort(lengths, kind="stable")
    laned = np.concatenate([order, np.repeat(order[-1:], -len(order) % group)])
    laned = laned.reshape(-1, group)
    starts = (runs[:, 0] * data.shape[1] + runs[:, 1])[laned]
    found = np.zeros((len(laned), 3, group))

    def work(part: slice) -> None:
        memory = aligned_empty((group * (group // 2 + STATE + ROWS),), data.dtype)
        of_part = lengths[laned[part]], threshold, found[part]
        count_turns(data.reshape(-1), starts[part], *of_part, memory)

    if len(laned):
        over_groups(work, len(laned), threads)
    sums = np.empty((3, len(runs)))
    sums[:, order] = found.swapaxes(0, 1).reshape(3, -1)[:, : len(order)]
    return sums


def _positions(data: NDArray[Any], threshold: float, threads: int) -> list[Ints]:
    from emgproc._kernels.turns import find_turns  # numba, loaded when first used

    n_channels, n_samples = data.shape
    out: list[Ints] = [np.empty(0, np.int64)] * n_channels

    def work(part: slice) -> None:
        counts = np.empty(part.stop - part.start, np.int64)
        found = np.empty(len(counts) * n_samples, np.int64)
        find_turns(data[part].reshape(-1), n_samples, threshold, found, counts)
        ends = np.cumsum(counts)
        out[part] = np.split(found[: ends[-1]].copy(), ends[:-1])

    if data.size:
        over_groups(work, n_channels, threads)
    return out
