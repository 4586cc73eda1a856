"""The exact permutation test of a difference of means, and its interval by inversion."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.stats.splits import TIE, Alternative, extreme_sums, finite_vector, split_sums


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """Result of the exact permutation test of a mean difference.

    `value` is mean(treated) − mean(control) in the values' unit; `count` of `splits` allocations
    are at least as extreme. `ci` is the set of shifts not rejected at 1 − `level`, its ends
    included, `None` where it is unbounded (see `notes`); `level_attained` is what it covers.
    `fewest` is the smallest count that any allocation of these values would have.
    """

    value: float
    ci: tuple[float, float] | None
    level_attained: float | None
    p: float
    count: int
    splits: int
    n: tuple[int, int]
    method: str
    fewest: int
    notes: tuple[str, ...] = ()


def permutation(
    treated: ArrayLike,
    control: ArrayLike,
    *,
    alternative: Alternative = "two-sided",
    level: float = 0.95,
) -> PermutationTest:
    """Exact permutation test of the mean difference over all C(n, n_t) splits.

    Two-sided p = #{|D*| ≥ |D| − 1e-12}/C(n, n_t). SciPy's two-sided p is twice the smaller tail,
    which may differ where the groups are unequal.

    Parameters
    ----------
    treated, control
        Values of the two groups, finite.
    alternative
        "two-sided", "greater" (treated larger) or "less".
    level
        Nominal level of the two-sided interval, in (0, 1).

    Raises
    ------
    ParameterError
        A group is empty, a value is not finite, or there are more than 3 000 000 splits.

    Examples
    --------
    >>> permutation([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]).count
    2
    """
    x, y = finite_vector(treated, "treated"), finite_vector(control, "control")
    check_level(level)
    both = np.concatenate([x, y])
    m, n = x.size, y.size
    # Centred scores: the sum over a split is then free of cancellation by a common offset.
    means = split_sums(both - both.mean(), m) * (1 / m + 1 / n)
    observed = float(x.mean() - y.mean())
    count = extreme_sums(means, observed, alternative)
    ci, attained, notes = _invert(x, y, level) if alternative == "two-sided" else (None, None, ())
    return PermutationTest(
        value=observed,
        ci=ci,
        level_attained=attained,
        p=count / means.size,
        count=count,
        splits=int(means.size),
        n=(m, n),
        method=f"exact permutation of the mean difference, {alternative}, all splits",
        fewest=_fewest(means, alternative),
        notes=notes,
    )


def _fewest(means: Floats, alternative: Alternative) -> int:
    farthest = {"greater": means.max(), "less": means.min(), "two-sided": np.abs(means).max()}
    return extreme_sums(means, float(farthest[alternative]), alternative)


def check_level(level: float) -> float:
    """A confidence level strictly between 0 and 1.

    Raises
    ------
    ParameterError
        It is not.
    """
    if not 0 < level < 1:
        raise ParameterError(f"a confidence level lies between 0 and 1, got {level!r}")
    return level


def _invert(
    x: Floats, y: Floats, level: float
) -> tuple[tuple[float, float] | None, float | None, tuple[str, ...]]:
    """All shifts δ with p(x − δ, y) > 1 − level.

    With r = δ − D, a split of which a share stays where it was has the statistic b − a·r, and it
    is as extreme as the observed −r exactly for r between b/(1 + a) and −b/(1 − a), a span that
    holds 0. So p(δ) falls on both sides of D and the interval ends at an order statistic.
    """
    m, n = x.size, y.size
    centre = float(np.concatenate([x, y]).mean())
    scores = np.concatenate([x, y]) - centre
    stays = split_sums(np.r_[np.ones(m), np.zeros(n)], m)  # same order as the sums below
    a = stays / m - (m - stays) / n
    observed = float(x.mean() - y.mean())
    b = split_sums(scores, m) * (1 / m + 1 / n) - a * observed
    # a = ±1 only for the observed split and its mirror: as extreme at every shift.
    fixed = np.abs(a) >= 1 - TIE
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.sort(np.stack([b / (1 + a), -b / (1 - a)]), axis=0)
    ends[0, fixed], ends[1, fixed] = -np.inf, np.inf
    rejected = math.floor((1 - level) * a.size + 1e-9)
    low, high = np.sort(ends[0])[rejected], np.sort(ends[1])[a.size - 1 - rejected]
    if m == n:
        rejected -= rejected % 2  # splits come in mirror pairs: an odd count is never attained
    if not (math.isfinite(low) and math.isfinite(high)):
        return None, None, (f"no shift can be rejected at level {level:g}: interval unbounded",)
    return (observed + float(low), observed + float(high)), 1 - rejected / a.size, ()
