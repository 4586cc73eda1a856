"""The Hodges–Lehmann shift between two groups with its exact interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats
from emgproc.stats.mean_difference import check_level
from emgproc.stats.splits import NullCounts, finite_vector, split_counts


@dataclass(frozen=True, slots=True)
class HodgesLehmann:
    """Result of `hodges_lehmann`.

    `value` is the shift in the values' unit, `ci` the ordered differences D(k) and D(mn + 1 − k),
    `level_attained` the exact coverage 1 − 2·P(U ≤ k − 1), which is what must be printed.
    """

    value: float
    ci: tuple[float, float]
    level_nominal: float
    level_attained: float
    k: int
    n: tuple[int, int]
    method: str
    notes: tuple[str, ...] = ()


def hodges_lehmann(
    treated: ArrayLike, control: ArrayLike, *, level: float = 0.95
) -> HodgesLehmann:
    """Median of all differences treated − control, with the exact rank-sum interval.

    k = min{q: P(U ≤ q) ≥ α/2}, at least 1 (Hollander & Wolfe 1999, section 4.3; R's wilcox.test).
    With ties the closed interval covers at least `level_attained`.

    Parameters
    ----------
    treated, control
        Values of the two groups, finite.
    level
        Nominal level in (0, 1); too few subjects for it give the widest interval and a note.

    Raises
    ------
    ParameterError
        A group is empty, a value is not finite, the level is outside (0, 1), or n > 64.

    Examples
    --------
    >>> result = hodges_lehmann([6, 7, 8, 9, 10], [1, 2, 3, 4, 5])
    >>> result.value, result.ci, round(result.level_attained, 4)
    (5.0, (2.0, 8.0), 0.9683)
    """
    x, y = finite_vector(treated, "treated"), finite_vector(control, "control")
    check_level(level)
    differences = np.sort(np.subtract.outer(x, y).ravel())
    lowest = x.size * (x.size + 1) / 2
    twice = split_counts(np.arange(1, x.size + y.size + 1), x.size)
    null = NullCounts(tuple(v - lowest for v in twice.values), twice.counts)
    k, attained, reached = order_statistic(null, level)
    notes = () if reached else (unreached(level, attained),)
    if np.unique(np.concatenate([x, y])).size < x.size + y.size:
        notes = (*notes, "ties: the interval covers at least the attained level")
    return HodgesLehmann(
        value=float(np.median(differences)),
        ci=ends(differences, k),
        level_nominal=level,
        level_attained=attained,
        k=k,
        n=(x.size, y.size),
        method="Hodges–Lehmann shift, exact rank-sum interval",
        notes=notes,
    )


def order_statistic(null: NullCounts, level: float) -> tuple[int, float, bool]:
    """Which ordered value ends the interval: (k, attained level, nominal level reached).

    `null` holds the distribution of U or of the signed-rank V, whose values step by one.
    """
    tail, splits = 0, null.splits
    for q, count in zip(null.values, null.counts, strict=True):
        if (tail + count) / splits >= (1 - level) / 2 * (1 - 1e-12):
            k = max(1, round(q))
            below = tail if q >= 1 else count
            return k, max(0.0, 1 - 2 * below / splits), q >= 1
        tail += count
    raise AssertionError("the counts of a distribution sum to all splits")


def ends(ordered: Floats, k: int) -> tuple[float, float]:
    """The k-th smallest and the k-th largest of the ordered values."""
    return float(ordered[k - 1]), float(ordered[ordered.size - k])


def unreached(level: float, attained: float) -> str:
    """The note of an interval that cannot reach its nominal level."""
    return f"{level:.0%} cannot be reached: the widest interval covers {attained:.2%}"
