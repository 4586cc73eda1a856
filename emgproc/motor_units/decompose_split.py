"""Two units followed as one, and one followed as two: told by trains that are not regular.

A filter that serves two units with like potentials gives one train whose intervals are those of
two. What their discharges leave in the signal differs along one direction; a part of the train
that is much more regular than the whole is a unit by itself. What is left stays in the signal, to
be found again. No part of a regular train is more regular than the whole; so two units whose
potentials are alike are one if their trains together are much more regular than each.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from emgproc.arrays import Floats, Ints
from emgproc.motor_units.decompose_peel import Unit, put_back
from emgproc.motor_units.decompose_signal import Mixture, Values, mean_run, take_away
from emgproc.motor_units.discharges import covisi

SUSPECT = 0.3  # variation of intervals above which a train is looked at
_CLEARER = 0.75  # of the variation before: less has a train that is better than the one before
_ALIKE = 0.8  # correlation of two potentials that may be one


def split_merged(mixture: Mixture, units: Sequence[Unit], factor: Values) -> list[Unit]:
    """Units, those that turn out to be two replaced by their regular parts."""
    parted: list[Unit] = []
    for unit in units:
        trains = _regular_parts(mixture, unit, factor)
        if not trains:
            parted.append(unit)
            continue
        put_back(mixture, [unit])
        for train in trains:
            waveform = mean_run(mixture, train - mixture.half, mixture.length)
            take_away(mixture, train, waveform)
            parted.append(Unit(train, waveform))
    return parted


def _regular_parts(mixture: Mixture, unit: Unit, factor: Values) -> list[Ints]:
    """Parts of an irregular train that are much more regular."""
    spread = covisi(unit.train, mixture.fs).value
    if not spread > SUSPECT:
        return []
    side = _main_direction(mixture, unit.train, factor) > 0
    parts = unit.train[side], unit.train[~side]
    return [part for part in parts if covisi(part, mixture.fs).value < _CLEARER * spread]


def _main_direction(mixture: Mixture, train: Ints, factor: Values) -> Floats:
    """Where each discharge lies along the direction in which what they leave differs most.

    Each counts the same, however much it leaves: where two units discharge together it is much.
    """
    from scipy.linalg import lapack

    runs = train[:, None] * mixture.m + np.arange(mixture.n_taps)
    rows = mixture.x[runs]
    rows -= rows.mean(axis=0)
    white, _ = lapack.spotrs(factor, np.asfortranarray(rows.T), lower=1)
    alike = (rows @ white).astype(np.float64)
    size = np.sqrt(np.maximum(np.diag(alike), 1e-30))
    _, vectors = np.linalg.eigh((alike + alike.T) / np.outer(size, size))
    main: Floats = vectors[:, -1]
    return main


def join_parts(mixture: Mixture, units: Sequence[Unit]) -> list[Unit]:
    """Units, those that are the parts of one replaced by the one."""
    joined = list(units)
    suspects = [unit for unit in units if covisi(unit.train, mixture.fs).value > SUSPECT]
    for first, second in combinations(suspects, 2):
        if first not in joined or second not in joined:
            continue
        train = _together(mixture, first, second)
        if train is None:
            continue
        put_back(mixture, [first, second])
        waveform = mean_run(mixture, train - mixture.half, mixture.length)
        take_away(mixture, train, waveform)
        joined.remove(second)
        joined[joined.index(first)] = Unit(train, waveform)
    return joined


def _together(mixture: Mixture, first: Unit, second: Unit) -> Ints | None:
    """Both trains as one, if their potentials are alike and the one is much more regular."""
    lag, alike = _best_lag(mixture, first.waveform, second.waveform)
    train: Ints = np.union1d(first.train, second.train - lag)
    best = min(covisi(unit.train, mixture.fs).value for unit in (first, second))
    better = covisi(train, mixture.fs).value < _CLEARER * best
    return train if alike > _ALIKE and better else None


def _best_lag(mixture: Mixture, first: Values, second: Values) -> tuple[int, float]:
    """Samples by which the second potential comes later, and their correlation there."""
    m, most = mixture.m, mixture.n_delays
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    padded = np.pad(second, ((most, most), (0, 0))).reshape(-1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, first.size)[::m]
    products = windows @ first.reshape(-1)
    best = int(products.argmax())
    return best - most, float(products[best]) / max(size, 1e-30)
