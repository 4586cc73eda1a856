"""The discharge rate of a unit as a function of time."""

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, Ints, check_fs
from emgproc.errors import ParameterError
from emgproc.motor_units.trains import as_train, check_within, runs
from emgproc.units import to_samples

WINDOW_S = 0.4


def smoothed_rate(
    train: ArrayLike, fs: float, n_samples: int, *, window_s: float = WINDOW_S
) -> Floats:
    """Rate at every sample, Hz: 1/interval of each interval, weighted by a Hann window.

    At the ends of a run the window holds what there is of it, so a constant rate stays constant
    from the first discharge to the last (the pulses themselves, smoothed, would begin at half).

    Parameters
    ----------
    train
        Discharges, samples, strictly ascending, within [0, n_samples).
    fs
        Sampling rate, Hz.
    n_samples
        Length of the result.
    window_s
        Length of the window, s (De Luca, LeFever, McCue and Xenakis 1982: 0.4 s).

    Returns
    -------
    ndarray
        (n_samples,), NaN where the unit is silent: before and after each run of at least two
        discharges, doublets left out, without a pause of more than 0.4 s.

    Raises
    ------
    SignalError
        As `as_train`.
    ParameterError
        `fs` is not above 0, a discharge lies outside, or the window is shorter than 2 samples.

    Examples
    --------
    >>> smoothed_rate([1, 101, 201], 1000.0, 203)[[0, 1, 150, 201, 202]].round(9)
    array([nan, 10., 10., 10., nan])
    """
    discharges = as_train(train)
    half = to_samples(window_s / 2, check_fs(fs))
    if half < 1:
        raise ParameterError(f"smoothed_rate: window_s {window_s!r} holds fewer than 2 samples")
    check_within(discharges, n_samples)
    rate = np.full(n_samples, np.nan)
    weights = np.hanning(2 * half + 1)
    for run in runs(discharges, fs):
        if run.size > 1:
            rate[run[0] : run[-1] + 1] = _weighted(_steps(run, fs), weights)
    return rate


def _steps(run: Ints, fs: float) -> Floats:
    """Reciprocal of the interval a sample lies in, Hz; the last discharge is of the last one."""
    intervals = np.diff(run)
    return np.repeat(fs / intervals, intervals + (np.arange(intervals.size) == run.size - 2))


def _weighted(values: Floats, weights: Floats) -> Floats:
    from scipy import fft  # loaded when first used

    n = fft.next_fast_len(values.size + weights.size - 1, real=True)
    half = weights.size // 2
    summed = fft.irfft(fft.rfft(values, n) * fft.rfft(weights, n), n)[half : half + values.size]
    before = np.concatenate(([0.0], np.cumsum(weights)))
    at = np.arange(values.size)
    first, stop = np.maximum(half - at, 0), np.minimum(half + values.size - at, weights.size)
    return np.asarray(summed / (before[stop] - before[first]))
