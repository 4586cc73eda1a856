"""Change within one group: sign flips of the mean, and Wilcoxon's signed rank."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emgproc.errors import ParameterError
from emgproc.stats.mean_difference import check_level
from emgproc.stats.rank_sum import midranks
from emgproc.stats.shift import ends, order_statistic, unreached
from emgproc.stats.splits import (
    Alternative,
    NullCounts,
    extreme_count,
    extreme_sums,
    finite_vector,
)

MAX_FLIPPED = 21  # subjects: 2**21 sign patterns are summed one by one
MAX_RANKED = 62  # subjects: 2**62 sign patterns are counted by recursion


@dataclass(frozen=True, slots=True)
class OneSample:
    """Result of a test of one group against no change.

    `value` is the mean (sign flip) or the median of the Walsh averages (signed rank); `count` of
    `splits` sign patterns are at least as extreme; `ci` with its attained level where it exists.
    """

    value: float
    ci: tuple[float, float] | None
    level_attained: float | None
    p: float
    count: int
    splits: int
    n: int
    method: str
    notes: tuple[str, ...] = ()


def sign_flip(x: ArrayLike, *, alternative: Alternative = "two-sided") -> OneSample:
    """Exact test of the mean of `x` against 0 over all 2ⁿ sign patterns (Fisher 1935).

    Parameters
    ----------
    x
        Changes of one group, finite, at most 21.
    alternative
        "two-sided", "greater" (mean above 0) or "less".

    Raises
    ------
    ParameterError
        No value, a value that is not finite, or more than 21 values.

    Examples
    --------
    >>> sign_flip([1.0, 2.0, 3.0]).p
    0.25
    """
    values = finite_vector(x, "x")
    if values.size > MAX_FLIPPED:
        raise ParameterError(f"sign_flip is limited to {MAX_FLIPPED} values, got {values.size}")
    sums = np.zeros(1)
    for magnitude in np.abs(values):
        sums = np.concatenate([sums - magnitude, sums + magnitude])
    count = extreme_sums(sums, float(values.sum()), alternative)
    return OneSample(
        value=float(values.mean()),
        ci=None,
        level_attained=None,
        p=count / sums.size,
        count=count,
        splits=int(sums.size),
        n=values.size,
        method=f"exact sign flip of the mean, {alternative}",
    )


def signed_rank(
    x: ArrayLike, *, alternative: Alternative = "two-sided", level: float = 0.95
) -> OneSample:
    """Wilcoxon's exact signed-rank test with the Walsh median and its interval.

    Zeros leave the test (Wilcoxon) but stay in the Walsh averages; ties of |x| share midranks. At
    n = 5 the widest interval covers 93.75 %: no exact 95 % interval exists.

    Parameters
    ----------
    x
        Changes of one group, finite, at most 62.
    alternative
        "two-sided", "greater" or "less".
    level
        Nominal level in (0, 1).

    Raises
    ------
    ParameterError
        No value, a value that is not finite, more than 62 values, a level outside (0, 1).

    Examples
    --------
    >>> result = signed_rank([1.0, 2.0, 3.0, 4.0, 5.0])
    >>> result.p, result.value, result.ci, result.level_attained
    (0.0625, 3.0, (1.0, 5.0), 0.9375)
    """
    values = finite_vector(x, "x")
    check_level(level)
    if values.size > MAX_RANKED:
        raise ParameterError(f"signed_rank is limited to {MAX_RANKED} values, got {values.size}")
    moved = values[values != 0]
    ranks = midranks(np.abs(moved)) if moved.size else np.zeros(0)
    null = _signed_counts(ranks)
    count = extreme_count(null, float(ranks[moved > 0].sum()), alternative)
    i, j = np.triu_indices(values.size)
    walsh = np.sort((values[i] + values[j]) / 2)
    untied = _signed_counts(np.arange(1.0, values.size + 1))
    k, attained, reached = order_statistic(untied, level)
    notes = () if reached else (unreached(level, attained),)
    if moved.size < values.size:
        notes = (*notes, f"{values.size - moved.size} zero(s) left out of the test")
    return OneSample(
        value=float(np.median(walsh)),
        ci=ends(walsh, k),
        level_attained=attained,
        p=count / null.splits,
        count=count,
        splits=null.splits,
        n=values.size,
        method=f"exact signed rank, {alternative}, Walsh median",
        notes=notes,
    )


def _signed_counts(ranks: np.ndarray[tuple[int], np.dtype[np.float64]]) -> NullCounts:
    """Distribution of V, the sum of the positive ranks, over all sign patterns."""
    doubled = np.rint(2 * ranks).astype(np.int64)
    ways = np.zeros(int(doubled.sum()) + 1, dtype=np.int64)
    ways[0] = 1
    for rank in doubled.tolist():
        ways[rank:] += ways[: ways.size - rank].copy()
    sums = np.flatnonzero(ways)
    return NullCounts(tuple(float(s) / 2 for s in sums), tuple(int(c) for c in ways[sums]))
