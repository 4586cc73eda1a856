"""Agreement of two sets of trains, every pair at every lag, beside NumPy two ways."""

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.cases import Case, Peer, Settings
from emgproc.motor_units import match
from emgproc.simulate.drive import constant, driven_trains
from emgproc.simulate.pool import recruitment_thresholds

FS = 2048.0
N_UNITS = 20
TOLERANCE, MAX_LAG = 1, 102  # samples: 0.5 and 50 ms
LEVEL = 31.0  # of excitation: 20 units that all discharge, at 9 to 38 Hz


def cases(settings: Settings) -> Iterator[Case]:
    rng = np.random.default_rng(1)
    excitation = constant(LEVEL, settings.duration_s)
    starts = recruitment_thresholds(N_UNITS)
    truth = [np.rint(train * FS).astype(int) for train in driven_trains(rng, starts, excitation)]
    found = [train[rng.random(train.size) < 0.95] + rng.integers(-9, 10) for train in truth]

    def by(most: Callable) -> list[int]:
        return [int(np.max(most(a, b))) for a, b in zip(truth, found, strict=True)]

    def of_all(most: Callable) -> list[int]:
        table = np.array([[np.max(most(a, b)) for b in found] for a in truth])
        return np.diagonal(table).tolist()

    yield Case(
        f"matching, {N_UNITS} x {N_UNITS} trains, {settings.duration_s} s",
        lambda _threads: [pair.agreement.tp for pair in match(truth, found, FS).pairs],
        (Peer("numpy histogram of distances", lambda: of_all(by_histogram)),
         Peer("numpy searchsorted, every lag", lambda: by(by_lag), times=N_UNITS)),
        (),
        difference=lambda ours, theirs: float(ours != theirs),
        tolerance=0,
        threads=(1,),
    )  # fmt: skip


def by_histogram(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pairs at every lag; exact where no two discharges are within twice the tolerance."""
    reach = MAX_LAG + TOLERANCE
    first, stop = np.searchsorted(b, a - reach), np.searchsorted(b, a + reach, "right")
    n = stop - first
    offsets = np.repeat(first - np.concatenate(([0], np.cumsum(n)[:-1])), n)
    distances = b[offsets + np.arange(n.sum())] - np.repeat(a, n)
    counts = np.bincount(distances + reach, minlength=2 * reach + 1)
    summed = np.concatenate(([0], np.cumsum(counts)))
    return summed[2 * TOLERANCE + 1 :] - summed[: -2 * TOLERANCE - 1]


def by_lag(a: np.ndarray, b: np.ndarray) -> list[int]:
    counts = []
    for lag in range(-MAX_LAG, MAX_LAG + 1):
        at = np.searchsorted(b, a + lag - TOLERANCE)
        near = b[np.minimum(at, b.size - 1)] <= a + lag + TOLERANCE
        counts.append(int(np.sum((at < b.size) & near)))
    return counts
