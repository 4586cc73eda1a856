"""Power of the exact tests by seeded simulation of normal changes."""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import stdtrit

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError
from emgproc.stats.power import attained_size
from emgproc.stats.rank_sum import rank_sum_exact
from emgproc.stats.splits import TIE

MAX_SPLITS = 20_000  # every simulated trial meets every split
AT_ONCE = 2_000_000  # trials × splits held in memory


@dataclass(frozen=True, slots=True)
class SimulatedPower:
    """Share of simulated trials with p ≤ α, two-sided, and the standard error of each share.

    `rank_sum` is the exact Wilcoxon–Mann–Whitney test, `mean` the exact permutation of the mean
    difference, `t` Student's test; `value` is that of the rank sum.
    """

    rank_sum: float
    mean: float
    t: float
    se: tuple[float, float, float]
    effect: float
    alpha: float
    simulations: int
    seed: int
    n: tuple[int, int]
    method: str

    @property
    def value(self) -> float:
        """Power of the rank-sum test."""
        return self.rank_sum


def simulate_power(  # noqa: PLR0913 - the three beyond are keyword-only
    effect: float, n1: int, n2: int, *, alpha: float = 0.05, simulations: int = 20_000, seed: int
) -> SimulatedPower:
    """Power of the rank-sum, mean-permutation and t test at one standardised effect.

    Changes are normal with SD 1; the treated are shifted by `effect`.

    Parameters
    ----------
    effect
        Mean difference in SDs, finite.
    n1, n2
        Sizes of the groups, two or more in each, at most 20 000 splits.
    alpha
        Two-sided level in (0, 1).
    simulations
        Number of simulated trials, ≥ 1.
    seed
        Of the random numbers.

    Raises
    ------
    ParameterError
        A parameter is outside these ranges.
    """
    splits = math.comb(n1 + n2, n1) if min(n1, n2) >= 2 else 0
    if not 0 < splits <= MAX_SPLITS:
        raise ParameterError(
            f"simulation needs two or more in each group and at most {MAX_SPLITS} splits, "
            f"got {n1} and {n2}"
        )
    if simulations < 1 or not math.isfinite(effect):
        raise ParameterError(f"{simulations=} must be ≥ 1 and {effect=} finite")
    critical = _critical_distance(n1, n2, alpha)
    rng, hits = np.random.default_rng(seed), np.zeros(3, dtype=np.int64)
    step = max(1, AT_ONCE // splits)
    for start in range(0, simulations, step):
        trials = rng.standard_normal((min(step, simulations - start), n1 + n2))
        trials[:, :n1] += effect
        hits += [
            np.count_nonzero(_rank_sum(trials, n1, critical)),
            np.count_nonzero(_mean(trials, n1, alpha)),
            np.count_nonzero(_student(trials, n1, alpha)),
        ]
    shares = [float(hit) / simulations for hit in hits]
    errors = [math.sqrt(share * (1 - share) / simulations) for share in shares]
    return SimulatedPower(
        rank_sum=shares[0],
        mean=shares[1],
        t=shares[2],
        se=(errors[0], errors[1], errors[2]),
        effect=effect,
        alpha=alpha,
        simulations=simulations,
        seed=seed,
        n=(n1, n2),
        method=f"{simulations} simulated trials, normal changes, two-sided, seed {seed}",
    )


def _critical_distance(n1: int, n2: int, alpha: float) -> float:
    """Distance of W from its mean from which on the exact rank-sum test rejects."""
    null = rank_sum_exact(np.arange(n1), n1 + np.arange(n2)).null
    rejected, tail = attained_size(n1, n2, alpha=alpha).count // 2, 0
    for value, count in zip(null.values, null.counts, strict=True):
        if tail == rejected:
            return null.centre - value + 1 - TIE if tail else math.inf
        tail += count
    return math.inf


def _rank_sum(trials: Floats, n1: int, critical: float) -> Bools:
    ranks = trials.argsort(axis=1).argsort(axis=1) + 1.0
    centre = n1 * (trials.shape[1] + 1) / 2
    return np.asarray(np.abs(ranks[:, :n1].sum(axis=1) - centre) >= critical)


def _mean(trials: Floats, n1: int, alpha: float) -> Bools:
    everyone = trials.shape[1]
    chosen = np.array([np.isin(np.arange(everyone), c) for c in combinations(range(everyone), n1)])
    scale = 1 / n1 + 1 / (everyone - n1)
    centred = trials - trials.mean(axis=1, keepdims=True)
    differences = np.abs(centred @ chosen.T.astype(np.float64)) * scale
    own = np.abs(centred[:, :n1].sum(axis=1)) * scale
    counts = np.count_nonzero(differences >= own[:, None] - TIE * differences.max(), axis=1)
    return np.asarray(counts <= alpha * chosen.shape[0] + 1e-9)


def _student(trials: Floats, n1: int, alpha: float) -> Bools:
    x, y = trials[:, :n1], trials[:, n1:]
    df = trials.shape[1] - 2
    squares = x.var(axis=1) * x.shape[1] + y.var(axis=1) * y.shape[1]
    se = np.sqrt(squares / df * (1 / x.shape[1] + 1 / y.shape[1]))
    t = np.abs(x.mean(axis=1) - y.mean(axis=1)) / se
    return np.asarray(t >= float(stdtrit(df, 1 - alpha / 2)))
