"""What is left of potentials that were taken away: noise that comes with each of their discharges.

No two discharges of a motor unit are alike, so that a part of each stays. It is no new potential,
and a smaller one that is found in it is not to be believed.
"""

import numpy as np

from emgproc.arrays import Bools, Floats, Ints
from emgproc.motor_units.needle_resolve import Resolved, chosen, model_of
from emgproc.motor_units.needle_signal import NeedleSignal

LEAST_SEEN = 8  # discharges whose remainders can be compared
USUAL, USUAL_S = 0.15, 0.001  # of a template within so long: what is left where there are fewer
NEAR_S = 0.0004
MAD_SD = 1.4826


def remainders(signal: NeedleSignal, found: Resolved) -> Floats:
    """SD of the noise at every sample, in that of the silence, for each unit and in the end.

    Row k holds what the larger units than the k-th largest leave, the last row what all leave;
    (n_units + 1, n_samples).
    """
    from scipy.ndimage import maximum_filter1d

    n, width = signal.x.shape[1], 2 * round(NEAR_S * signal.fs) + 1
    levels = np.ones((len(found.templates) + 1, n))
    for row, unit in enumerate(by_size(found.templates).tolist()):
        levels[row + 1] = levels[row]
        at = found.train(unit)
        if at.size:
            spread = maximum_filter1d(_spread(signal, found, unit), width)
            _raise(levels[row + 1], spread, at)
    return levels


def by_size(templates: Floats) -> Ints:
    """Units, the one with the largest deflection first."""
    return np.argsort(-np.abs(templates).max(axis=(1, 2)), kind="stable")


def hidden(signal: NeedleSignal, found: Resolved, least_sd: float) -> Bools:
    """Which discharges do not stand out of what larger units leave where they lie."""
    levels, placed = remainders(signal, found), found.placed
    heights = np.abs(found.templates).max(axis=(1, 2))
    answer = np.zeros(placed.at.size, np.bool_)
    for row, unit in enumerate(by_size(found.templates).tolist()):
        mine = placed.unit == unit
        answer[mine] = heights[unit] < least_sd * levels[row, placed.at[mine]]
    return np.asarray(answer & (heights[placed.unit] >= least_sd))


def _spread(signal: NeedleSignal, found: Resolved, unit: int) -> Floats:
    """SD over a unit's discharges of what they and the larger ones leave, (length,)."""
    template = found.templates[unit, 0]
    half = template.size // 2
    at = found.train(unit)
    at = at[(at >= half) & (at + half < signal.x.shape[1])]
    if at.size < LEAST_SEEN:
        from scipy.ndimage import maximum_filter1d

        width = 2 * round(USUAL_S * signal.fs) + 1
        return np.asarray(USUAL * maximum_filter1d(np.abs(template), width))
    heights = np.abs(found.templates).max(axis=(1, 2))
    large = heights[found.placed.unit] >= heights[unit]
    left = signal.x - model_of(
        found._replace(placed=chosen(found.placed, large)), signal.x.shape[1]
    )
    rows = left[0, at[:, None] + np.arange(-half, half + 1)]
    return np.asarray(MAD_SD * np.median(np.abs(rows), axis=0))


def _raise(level: Floats, spread: Floats, at: Ints) -> None:
    """Lift the level about each discharge to that of its remainder."""
    half = spread.size // 2
    for t in at.tolist():
        first, stop = max(0, t - half), min(level.size, t + half + 1)
        here = level[first:stop]
        np.maximum(here, spread[first - t + half : stop - t + half], out=here)
