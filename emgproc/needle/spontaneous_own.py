"""A fibre's discharges among what a larger unit leaves: they keep a rhythm of their own.

What is left of a motor unit's potentials comes with its discharges; a fibre fires on whatever the
unit does. Far from the unit's discharges only the fibre's are seen; those near to them that are
due in its rhythm are its own too.
"""

import numpy as np

from emgproc.arrays import Floats
from emgproc.needle.spontaneous_interleaved import regular_parts

FILLED = 0.6  # discharges seen far from the unit to all of the fibre's
DUE = 0.2  # of an interval: a discharge is so near to its place between its neighbours
SUMS = 0.5  # of a train's potentials


def own_rhythm(
    train: Floats, others: list[Floats], reach_s: float, fs: float, limits: tuple[float, float]
) -> Floats:
    """Discharges of a train that are a fibre's, not what larger potentials left; ascending.

    Parameters
    ----------
    train
        Samples, ascending (n,).
    others
        Trains of larger potentials, samples each.
    reach_s
        So near to a discharge of theirs may lie what they left, s.
    fs
        Sampling rate, Hz.
    limits
        Highest CoV and longest interval (s) of a fibre.
    """
    every = np.sort(np.concatenate([np.array([-np.inf, np.inf]), *others]))
    after = np.searchsorted(every, train)
    free = np.minimum(every[after] - train, train - every[after - 1]) > reach_s * fs
    away, near = train[free], train[~free]
    parts, _ = regular_parts(away / fs, *limits, FILLED)
    filling = [due(away[part], near) for part in parts]
    return np.unique(np.concatenate([np.empty(0), *(away[part] for part in parts), *filling]))


def are_sums(at: Floats, regular: list[Floats]) -> bool:
    """Tell whether potentials lie mostly where two or more regular trains miss a discharge.

    Two fibres that fire almost together look like a unit that fires rarely.

    Parameters
    ----------
    at
        Times of the potentials (n,), n >= 1.
    regular
        Trains, ascending, two discharges or more each, in the same unit.
    """
    missed = np.zeros(at.size, np.int64)
    for train in regular:
        missed += np.isin(at, due(train, at))
    return bool(np.mean(missed >= 2) > SUMS)


def due(regular: Floats, near: Floats) -> Floats:
    """Of some discharges those that fill the gaps of a regular train, or go on at its ends."""
    steps = np.diff(regular)
    usual = float(np.median(steps))
    missing = np.rint(steps / usual).astype(np.int64) - 1
    places = [
        start + step * np.arange(1, n + 1) / (n + 1)
        for start, step, n in zip(regular[:-1], steps, missing.tolist(), strict=True)
    ]
    ends = np.array([regular[0] - usual, regular[-1] + usual])
    off = np.abs(near - np.concatenate([ends, *places])[:, None])
    if not near.size:
        return near
    return np.asarray(near[off.argmin(axis=1)[off.min(axis=1) < DUE * usual]])
