"""The exact Wilcoxon–Mann–Whitney test, with ties, and with deaths ranked worst."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Bools, Floats, as_vector
from emgproc.errors import ParameterError
from emgproc.stats.splits import (
    Alternative,
    NullCounts,
    extreme_count,
    finite_vector,
    split_counts,
)


@dataclass(frozen=True, slots=True)
class RankSum:
    """Result of the exact rank-sum test.

    Attributes
    ----------
    value
        The Mann–Whitney U of the treated: pairs they win, ties counted half.
    p, count, splits
        `count` of all `splits` allocations are at least as extreme: p = count/splits.
    n
        Sizes (treated, control).
    method
        What was computed, in words.
    rank_sum
        W, the treated's sum of midranks.
    ranks
        Midranks, treated first, 1 = worst.
    null
        Distribution of U over all splits.
    notes
        What qualifies the result, e.g. ties.
    """

    value: float
    p: float
    count: int
    splits: int
    n: tuple[int, int]
    method: str
    rank_sum: float
    ranks: tuple[float, ...]
    null: NullCounts
    notes: tuple[str, ...] = ()


def midranks(x: ArrayLike) -> Floats:
    """Ranks 1…n ascending, equal values sharing the mean of their ranks.

    Examples
    --------
    >>> midranks([3.0, 1.0, 3.0]).tolist()
    [2.5, 1.0, 2.5]
    """
    _, inverse, counts = np.unique(as_vector(x), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)


def rank_sum_exact(
    treated: ArrayLike, control: ArrayLike, *, alternative: Alternative = "two-sided"
) -> RankSum:
    """Exact Wilcoxon–Mann–Whitney test over all C(n, n_t) splits, ties by midranks.

    Two-sided: all splits whose W lies at least as far from its mean n_t(n + 1)/2 as the observed.
    SciPy's `mannwhitneyu(method="exact")` ignores ties (0.1508 where 48/252 = 0.1905 is right).

    Parameters
    ----------
    treated, control
        Values of the two groups, finite; larger is better for `alternative="greater"`.
    alternative
        "two-sided", "greater" (the treated are larger) or "less".

    Raises
    ------
    ParameterError
        A group is empty, a value is not finite, or there are more than 2**62 splits (n > 64).

    References
    ----------
    Lehmann, Nonparametrics (1975), ch. 1, section 4: the midrank distribution.

    Examples
    --------
    >>> result = rank_sum_exact([6, 7, 8, 9, 10], [1, 2, 3, 4, 5])
    >>> result.count, result.splits
    (2, 252)
    """
    x, y = finite_vector(treated, "treated"), finite_vector(control, "control")
    ranks = midranks(np.concatenate([x, y]))
    doubled = np.rint(2 * ranks).astype(np.int64)  # midranks are halves: doubled, all is exact
    lowest = x.size * (x.size + 1) / 2
    twice = split_counts(doubled, x.size)
    null = NullCounts(tuple(v / 2 - lowest for v in twice.values), twice.counts)
    w = float(doubled[: x.size].sum()) / 2
    count = extreme_count(null, w - lowest, alternative)
    ties = np.unique(ranks).size < ranks.size
    return RankSum(
        value=w - lowest,
        p=count / null.splits,
        count=count,
        splits=null.splits,
        n=(x.size, y.size),
        method=f"exact Wilcoxon–Mann–Whitney, {alternative}, all splits, midranks",
        rank_sum=w,
        ranks=tuple(ranks.tolist()),
        null=null,
        notes=("ties: midranks",) if ties else (),
    )


def worst_rank_scores(values: ArrayLike, death_days: ArrayLike) -> Floats:
    """Scores whose order is: dead before alive, an earlier death below a later one, then value.

    Parameters
    ----------
    values
        Outcome of each subject; not read (may be NaN) where the subject died.
    death_days
        Day of death from the subject's own index date, NaN for those alive at the visit.

    Returns
    -------
    ndarray
        One score per subject; equal days of death, and equal values, give equal scores.

    Raises
    ------
    ParameterError
        Lengths differ, or a subject has neither a finite value nor a day of death.
    """
    v, days = as_vector(values, "values"), as_vector(death_days, "death_days")
    if v.shape != days.shape:
        raise ParameterError(f"{v.size} values but {days.size} days of death")
    dead: Bools = ~np.isnan(days)
    finite_vector(days[dead], "death_days", at_least=0)
    finite_vector(v[~dead], "values", at_least=0)
    scores = np.empty(v.size)
    scores[dead] = np.unique(days[dead], return_inverse=True)[1]
    scores[~dead] = v.size + np.unique(v[~dead], return_inverse=True)[1]
    return scores


def wmw_worst_rank(
    treated: ArrayLike,
    values: ArrayLike,
    death_days: ArrayLike,
    *,
    alternative: Alternative = "two-sided",
) -> RankSum:
    """Exact rank-sum test of all subjects with a value or dead, deaths ranked worst.

    Earlier deaths are worse, equal days tie, and any survivor is better than any death (Lachin
    1999, worst-rank scores). Subjects alive with a missing value must be left out by the caller.

    Parameters
    ----------
    treated
        True for the treated, one per subject.
    values, death_days
        As in `worst_rank_scores`.
    alternative
        As in `rank_sum_exact`.

    Raises
    ------
    ParameterError
        As `rank_sum_exact` and `worst_rank_scores`.

    Examples
    --------
    >>> nan = float("nan")
    >>> result = wmw_worst_rank([True, True, False, False], [1, 2, 0, nan], [nan, nan, nan, 40])
    >>> result.count, result.splits
    (2, 6)
    """
    arm = as_vector(treated, "treated").astype(np.bool_)
    scores = worst_rank_scores(values, death_days)
    if arm.shape != scores.shape:
        raise ParameterError(f"{arm.size} arms but {scores.size} subjects")
    result = rank_sum_exact(scores[arm], scores[~arm], alternative=alternative)
    n_dead = int(np.count_nonzero(~np.isnan(as_vector(death_days))))
    ranks = np.empty(arm.size)
    ranks[arm], ranks[~arm] = result.ranks[: arm.sum()], result.ranks[arm.sum() :]
    return RankSum(
        value=result.value,
        p=result.p,
        count=result.count,
        splits=result.splits,
        n=result.n,
        method=f"{result.method}, deaths ranked worst",
        rank_sum=result.rank_sum,
        ranks=tuple(ranks.tolist()),
        null=result.null,
        notes=(*result.notes, f"{n_dead} death(s) ranked worst") if n_dead else result.notes,
    )
