"""How alike different units are: what two units of two visits must exceed to be one.

Units of one visit are different by construction, and so are, of two visits, all pairs but those
that are candidates. A candidate is held against two samples of such pairs: all of them, and those
of them in which one of its own two units takes part, as some units look like many and some like
none. The candidate itself is in neither.
"""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats, Ints

LEAST_NULL = 4  # scores of a sample


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """z of correlations at the common shift: between two visits, and within either.

    Attributes
    ----------
    between
        (n_a, n_b).
    within_a, within_b
        (n_a, n_a), (n_b, n_b); the diagonals count in nothing.
    """

    between: Floats
    within_a: Floats
    within_b: Floats


def assigned(between: Floats, within: Floats) -> tuple[Ints, Ints, float]:
    """One-to-one pairs with the largest sum of what exceeds the null, and that sum in SDs.

    Parameters
    ----------
    between
        z of all pairs of two visits, (n_a, n_b).
    within
        z of pairs within the visits: what is below their mean + 1 SD counts as nothing, so that
        different units do not decide where the grid lies.
    """
    from scipy.optimize import linear_sum_assignment  # loaded when first used

    spread = float(within.std()) if within.size else 0.0
    limit = float(within.mean()) + spread if within.size else 0.0
    excess = np.maximum(between - limit, 0.0) / (spread or 1.0)
    # The second key decides among pairs that exceed nothing.
    rows, cols = linear_sum_assignment(excess + 1e-9 * between, maximize=True)
    return rows, cols, float(excess[rows, cols].sum())


def pairs_within(a: Floats, b: Floats) -> Floats:
    """Fisher's z of every pair of units of one visit, from those of two visits all by all."""
    return np.concatenate((a[np.triu_indices(len(a), 1)], b[np.triu_indices(len(b), 1)]))


def pooled_null(scores: Scores, candidates: Bools) -> Floats:
    """Fisher's z of all mismatched pairs; `candidates` (n_a, n_b) are left out."""
    return np.concatenate((
        pairs_within(scores.within_a, scores.within_b), scores.between[~candidates]
    ))  # fmt: skip


def own_null(scores: Scores, i: int, j: int) -> Floats:
    """Fisher's z of the mismatched pairs in which unit i of `a` or unit j of `b` takes part."""
    return np.concatenate((
        np.delete(scores.between[i], j), np.delete(scores.between[:, j], i),
        np.delete(scores.within_a[i], i), np.delete(scores.within_b[j], j),
    ))  # fmt: skip


def chance(z: float, null: Floats) -> float:
    """Chance that one more mismatched pair reaches z: Student's t of a new value of a sample.

    1 where the sample is too small or does not vary.

    Examples
    --------
    >>> round(chance(3.0, np.array([0.8, 1.0, 1.2, 1.4, 0.6])), 5)
    0.00223
    """
    from scipy.special import stdtr  # loaded when first used

    if null.size < LEAST_NULL or not null.std() > 0:
        return 1.0
    spread = null.std(ddof=1) * np.sqrt(1 + 1 / null.size)
    return float(stdtr(null.size - 1, -(z - null.mean()) / spread))


def skewed_chance(z: float, null: Floats) -> float:
    """`chance`, or that of a gamma distribution of the sample's skewness, if it is greater.

    Where most pairs are unlike and few alike, the upper tail is longer than a normal one.

    Examples
    --------
    >>> skewed = np.array([0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.4, 1.4])
    >>> round(chance(2.0, skewed), 4), round(skewed_chance(2.0, skewed), 4)
    (0.0044, 0.0082)
    """
    from scipy.special import gammaincc  # loaded when first used

    by_t = chance(z, null)
    if by_t == 1.0:
        return by_t
    away = (null - null.mean()) / null.std()
    skewness = float(np.mean(away**3))
    if skewness <= 0:
        return by_t
    shape = 4 / skewness**2  # of the gamma distribution that is so skewed
    spread = float(null.std(ddof=1))
    at = max(shape + (z - float(null.mean())) / spread * np.sqrt(shape), 0.0)
    return max(by_t, float(gammaincc(shape, at)))


def expected_false_share(chances: Floats, n_tried: int) -> Floats:
    """Of each candidate the expected share of false ones among all at least as sure, 0–1.

    Benjamini and Hochberg 1995, J R Stat Soc B 57:289: the k-th smallest of the chances times
    the number of comparisons, over k; no smaller than that of any surer one. Where no unit is
    common it is the chance that any candidate at all is as sure.

    Parameters
    ----------
    chances
        Of each candidate, that one mismatched pair scores as high.
    n_tried
        Comparisons that were open to the candidates.

    Examples
    --------
    >>> expected_false_share(np.array([0.004, 0.001, 0.5]), 10)
    array([0.02, 0.01, 1.  ])
    """
    order = np.argsort(chances, kind="stable")
    shares = chances[order] * n_tried / np.arange(1, chances.size + 1)
    shares = np.minimum.accumulate(shares[::-1])[::-1]
    found = np.empty_like(shares)
    found[order] = np.minimum(shares, 1.0)
    return found
