"""Discharges of another unit in a regular train: they come too early, and look different.

After each discharge a motor unit recovers: at rest its intervals hardly ever fall below 0.6 of the
usual one. A discharge that comes earlier, and without which the train goes on as usual, is another
unit's whose potential is near to this one's in shape and size.
"""

import numpy as np

from emgproc.arrays import Bools, Floats, Ints
from emgproc.needle.spontaneous_signal import Span

EARLY, LATEST = 0.6, 1.5  # of the usual interval: one too short, one that is as usual
UNLIKE = 2.0  # difference from the train's potential, of its median over the train
HALF_S, LAG_S = 0.005, 0.0005


def extra_in(x: Floats, fs: float, at: Floats, stretches: list[Span]) -> Bools:
    """Tell which discharges of a regular train are another unit's, (n,).

    Parameters
    ----------
    x
        The channel, µV (n_samples,).
    fs
        Sampling rate, Hz.
    at
        Samples of the discharges, ascending (n,), at least 3.
    stretches
        Samples [start, stop) without a gap.
    """
    usual = float(np.median(np.diff(at)))
    answer = np.zeros(at.size, np.bool_)
    if not np.any(np.diff(at) < EARLY * usual):
        return answer
    different = differences(x, fs, at, stretches)
    least = UNLIKE * float(np.nanmedian(different))
    for _ in range(at.size):
        left = np.flatnonzero(~answer)
        worst = _worst(at[left], different[left], usual, least)
        if worst < 0:
            break
        answer[left[worst]] = True
    return answer


def _worst(at: Floats, different: Floats, usual: float, least: float) -> int:
    """The least like of the discharges that come too early or too soon after; -1 if none."""
    steps = np.diff(at)
    early = np.append(steps < EARLY * usual, False) | np.append(False, steps < EARLY * usual)
    goes_on = np.ones(at.size, np.bool_)
    goes_on[1:-1] = at[2:] - at[:-2] < LATEST * usual
    fits = early & goes_on & (different > least)
    return int(np.argmax(np.where(fits, different, -np.inf))) if fits.any() else -1


def differences(x: Floats, fs: float, at: Floats, stretches: list[Span]) -> Floats:
    """Energy of each discharge's difference from the median of all to that of the median, (n,).

    At the lag, within 0.5 ms, at which it is least; NaN where it is cut by an edge. Parameters as
    of `extra_in`.
    """
    half, lag = round(HALF_S * fs), round(LAG_S * fs)
    places: Ints = np.rint(at).astype(np.int64)
    whole = np.zeros(at.size, np.bool_)
    for start, stop in stretches:
        whole |= (places - half - lag >= start) & (places + half + lag < stop)
    answer = np.full(at.size, np.nan)
    if whole.any():
        wide = x[places[whole, None] + np.arange(-half - lag, half + lag + 1)]
        wide = wide - wide.mean(axis=1, keepdims=True)
        median = np.median(wide[:, lag : lag + 2 * half + 1], axis=0)
        views = np.lib.stride_tricks.sliding_window_view(wide, median.size, axis=1)
        power = np.square(views).sum(axis=2) - 2 * views @ median + np.sum(median**2)
        answer[whole] = power.min(axis=1) / max(float(np.sum(median**2)), 1e-12)
    return answer
