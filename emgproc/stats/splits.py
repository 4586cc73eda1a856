"""All ways to split n subjects into two groups, counted exactly.

Integer scores (ranks, wins) go through a counting recursion, so that nothing is enumerated and no
count is ever rounded; real scores are summed over every split.
"""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, Ints, as_vector
from emgproc.errors import ParameterError

Alternative: TypeAlias = Literal["two-sided", "greater", "less"]
MAX_ENUMERATED = 3_000_000  # splits summed one by one: C(24, 12) = 2 704 156
MAX_COUNTED = 2**62  # splits counted by recursion in 64-bit integers: C(64, 32) = 1.8e18
MAX_CELLS = 20_000_000
TIE = 1e-12  # two statistics closer than this are the same number, rounded differently


@dataclass(frozen=True, slots=True)
class NullCounts:
    """The exact distribution of a statistic over all splits.

    Attributes
    ----------
    values
        Distinct values of the statistic, ascending.
    counts
        How many splits give each value.
    """

    values: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def splits(self) -> int:
        """Number of all splits."""
        return sum(self.counts)

    @property
    def smallest_two_sided(self) -> int:
        """Splits at the greatest distance from the centre: the smallest attainable count."""
        far = max(abs(v - self.centre) for v in self.values)
        pairs = zip(self.values, self.counts, strict=True)
        return sum(c for v, c in pairs if abs(v - self.centre) >= far - TIE * max(1.0, far))

    @property
    def centre(self) -> float:
        """Mean of the statistic over all splits."""
        pairs = zip(self.values, self.counts, strict=True)
        return math.fsum(v * c for v, c in pairs) / self.splits


def finite_vector(x: ArrayLike, name: str, at_least: int = 1) -> Floats:
    """A vector without NaN or infinity, of `at_least` values.

    Raises
    ------
    ParameterError
        It is too short or holds a value that is not finite; statistics drop nobody silently.
    """
    vector = as_vector(x, name)
    if vector.size < at_least:
        raise ParameterError(f"{name} needs at least {at_least} value(s), got {vector.size}")
    if not np.isfinite(vector).all():
        bad = np.flatnonzero(~np.isfinite(vector)).tolist()
        raise ParameterError(
            f"{name} holds values that are not finite at {bad}; leave missing subjects out "
            "before the test, with their reasons"
        )
    return vector


def split_counts(scores: Ints, k: int) -> NullCounts:
    """Distribution of the sum of `k` of the integer `scores` over all C(n, k) choices.

    The recursion of Pagano & Tritchler (1983): after each score, the number of ways to reach every
    sum with j members.

    Raises
    ------
    ParameterError
        More than 2**62 splits, or a table of more than 2e7 cells.
    """
    n = scores.size
    splits = math.comb(n, k)
    if splits > MAX_COUNTED:
        raise ParameterError(f"exact counting is limited to 2**62 splits, C({n}, {k}) is {splits}")
    members = min(k, n - k)  # the other group's sum is the rest: fewer and smaller counts
    low = int(scores.min(initial=0))
    shifted = scores - low
    top = int(np.sort(shifted)[n - members :].sum())
    if (members + 1) * (top + 1) > MAX_CELLS:
        raise ParameterError(f"exact counting would need a table of {members + 1} × {top + 1}")
    ways = np.zeros((members + 1, top + 1), dtype=np.int64)
    ways[0, 0] = 1
    for score in shifted.tolist():
        if score <= top:
            ways[1:, score:] += ways[:-1, : top + 1 - score].copy()
    sums = np.flatnonzero(ways[members]) + members * low
    counts = ways[members][ways[members] > 0]
    if members != k:
        sums, counts = int(scores.sum()) - sums[::-1], counts[::-1]
    return NullCounts(tuple(float(s) for s in sums), tuple(int(c) for c in counts))


def split_sums(scores: Floats, k: int) -> Floats:
    """Sum of `k` of the real `scores` for each of all C(n, k) choices, in no stated order.

    Raises
    ------
    ParameterError
        More than 3 000 000 splits.
    """
    n = scores.size
    splits = math.comb(n, k)
    if splits > MAX_ENUMERATED:
        raise ParameterError(
            f"exact enumeration is limited to {MAX_ENUMERATED} splits, C({n}, {k}) is {splits}"
        )
    sums: list[Floats] = [np.zeros(1)] + [np.zeros(0)] * k
    for i, score in enumerate(scores):
        # A set of j members needs k − j more from the n − i − 1 scores still to come.
        needed = max(0, k - (n - i - 1))
        sums = [
            np.zeros(0)
            if j < needed
            else np.concatenate([sums[j], sums[j - 1] + score])
            if j
            else sums[0]
            for j in range(k + 1)
        ]
    return sums[k]


def smallest_p(n_treated: int, n_control: int) -> tuple[float, int, int]:
    """Smallest two-sided exact p of two groups: (p, count, splits), p = 2/C(n, n_t).

    With one group empty, or one subject in each, no split differs from another: p = 1.

    Raises
    ------
    ParameterError
        A size is negative.

    Examples
    --------
    >>> smallest_p(4, 3)
    (0.05714285714285714, 2, 35)
    """
    if min(n_treated, n_control) < 0:
        raise ParameterError(f"sizes must be ≥ 0, got {n_treated} and {n_control}")
    splits = math.comb(n_treated + n_control, n_treated)
    count = min(2, splits)
    return count / splits, count, splits


def extreme_count(null: NullCounts, observed: float, alternative: Alternative) -> int:
    """Splits at least as extreme as `observed`; two-sided: at least as far from the centre."""
    tol = TIE * max(1.0, abs(null.values[0]), abs(null.values[-1]))
    pairs = list(zip(null.values, null.counts, strict=True))
    if alternative == "greater":
        return sum(c for v, c in pairs if v >= observed - tol)
    if alternative == "less":
        return sum(c for v, c in pairs if v <= observed + tol)
    if alternative != "two-sided":
        raise ParameterError(f"alternative is two-sided, greater or less, got {alternative!r}")
    far = abs(observed - null.centre)
    return sum(c for v, c in pairs if abs(v - null.centre) >= far - tol)


def extreme_sums(sums: Floats, observed: float, alternative: Alternative) -> int:
    """How many of the `sums` are at least as extreme as `observed`; two-sided: by size.

    Raises
    ------
    ParameterError
        The alternative is none of the three.
    """
    tol = TIE * max(1.0, float(np.abs(sums).max()))
    if alternative == "greater":
        return int(np.count_nonzero(sums >= observed - tol))
    if alternative == "less":
        return int(np.count_nonzero(sums <= observed + tol))
    if alternative != "two-sided":
        raise ParameterError(f"alternative is two-sided, greater or less, got {alternative!r}")
    return int(np.count_nonzero(np.abs(sums) >= abs(observed) - tol))
