"""Freedman and Lane's permutation of the residuals of the reduced model."""

import math
from itertools import combinations, permutations

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.stats.ancova import AncovaPermutation, ancova, design
from emgproc.stats.splits import TIE

MAX_PERMUTED = 11  # subjects: 11! = 39 916 800 orders are all visited
DRAWN_AT_ONCE = 100_000


def freedman_lane(
    after: ArrayLike,
    before: ArrayLike,
    treated: ArrayLike,
    *,
    draws: int = 99_999,
    seed: int = 0,
) -> AncovaPermutation:
    """Test |t| of the arm over permutations of the residuals of after on baseline.

    Up to 11 subjects all n! orders are visited and p = count/n!. Beyond, `draws` orders are drawn
    and the observed one counts among them: p = (count + 1)/(draws + 1). Exact only asymptotically:
    a check of `ancova_label_permutation`, which is exact.

    Parameters
    ----------
    after, before, treated
        As `ancova`.
    draws
        Orders drawn beyond 11 subjects, ≥ 1.
    seed
        Of the drawing; stated in `method`.

    Raises
    ------
    ParameterError
        As `ancova`, or `draws` is below 1.

    References
    ----------
    Freedman & Lane 1983 (J Bus Econ Stat 1:292); Winkler et al. 2014 (NeuroImage 92:381).
    """
    if draws < 1:
        raise ParameterError(f"draws must be ≥ 1, got {draws!r}")
    data = design(after, before, treated)
    e, n = data.residuals, data.after.size
    arm = data.without_baseline(data.arm.astype(np.float64))
    weights = np.stack([arm / math.sqrt(float(arm @ arm)), data.direction])
    total = float(e @ e)
    # The fitted part of y* = fit + πe leaves with the baseline: t*² grows with
    # r*² = (a'πe)²/(e'e − (b'πe)²), a the arm and b the baseline, both of unit length.
    limit = float(weights[0] @ e) ** 2 / total if total else 0.0
    if n <= MAX_PERMUTED:
        count, splits = _all_orders(e, weights, (limit, total)), math.factorial(n)
        how, p = f"all {n}! orders", count / splits
    else:
        count, splits = 1 + _drawn(e, weights, (limit, total), (draws, seed)), draws + 1
        how, p = f"{draws} orders drawn with seed {seed}, the observed one added", count / splits
    return AncovaPermutation(
        value=ancova(data.after, data.before, data.arm).value,
        p=p,
        count=count,
        splits=splits,
        n=data.n,
        method=f"Freedman–Lane, |t|, {how}",
        notes=() if n <= MAX_PERMUTED else ("Monte Carlo: p is an estimate",),
    )


def _extreme(sums: Floats, scale: tuple[float, float]) -> int:
    """Orders of which (a'πe)² reaches `limit` of e'e − (b'πe)²; `sums` holds both, first axis."""
    limit, total = scale
    return int(np.count_nonzero(sums[0] ** 2 >= limit * (total - sums[1] ** 2) - TIE * total))


def _all_orders(e: Floats, weights: Floats, scale: tuple[float, float]) -> int:
    """Every order: which residuals stand in the first half, times the orders of both halves."""
    n, half = e.size, e.size // 2
    first, second = (np.array(list(permutations(range(k)))) for k in (half, n - half))
    count = 0
    for chosen in combinations(range(n), half):
        inside = np.isin(np.arange(n), chosen)
        left = weights[:, :half] @ e[inside][first].T
        right = weights[:, half:] @ e[~inside][second].T
        count += _extreme(left[:, :, None] + right[:, None, :], scale)
    return count


def _drawn(
    e: Floats, weights: Floats, scale: tuple[float, float], drawing: tuple[int, int]
) -> int:
    draws, rng = drawing[0], np.random.default_rng(drawing[1])
    count = 0
    for start in range(0, draws, DRAWN_AT_ONCE):
        rows = np.tile(e, (min(DRAWN_AT_ONCE, draws - start), 1))
        count += _extreme(weights @ rng.permuted(rows, axis=1).T, scale)
    return count
