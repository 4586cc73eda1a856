"""Has a distribution one mode or two: bimodality coefficient and Hartigan's dip.

References
----------
Hartigan and Hartigan 1985, Ann Stat 13:70 (dip; p against the uniform, the least favourable
unimodal law). Hartigan 1985, Appl Stat 34:320 (algorithm, as corrected by Maechler in R's
`diptest`). SAS/STAT, PROC CLUSTER; Pfister et al. 2013, Front Psychol 4:700 (coefficient).
"""

import math
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_vector
from emgproc.errors import SignalError

N_SIMULATED, SEED = 1000, 1985
UNIFORM_COEFFICIENT = 5 / 9  # that of a uniform; above it speaks for two modes
LEAST_N = 4
Knots: TypeAlias = list[int]


def bimodality_coefficient(values: ArrayLike) -> float:
    """(skewness² + 1) / (excess kurtosis + 3(n−1)²/((n−2)(n−3))), both without bias; 0–1.

    A uniform has 5/9, a normal 1/3, two points 1; a skew distribution of one mode may exceed 5/9
    too. NaN below four values or without variance.
    """
    x = _checked(values)
    n = x.size
    if n < LEAST_N or not np.ptp(x) > 0:
        return math.nan
    spread = x.std()
    z = (x - x.mean()) / spread
    skew = float((z**3).mean()) * math.sqrt(n * (n - 1)) / (n - 2)
    excess = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (float((z**4).mean()) - 3) + 6)
    return (skew**2 + 1) / (excess + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3)))


def dip_test(values: ArrayLike) -> tuple[float, float]:
    """Hartigan's dip, 1/(2n)–0.25, and its p: the share of uniform samples that dip as much.

    p is simulated, (1 + number as large) / (1 + 1000), with a seed of its own: the same values
    give the same p. NaN below four values.
    """
    x = np.sort(_checked(values))
    if x.size < LEAST_N:
        return math.nan, math.nan
    found = dip(x)
    larger = int(np.sum(_null(x.size) >= found - 1e-12))
    return found, (1 + larger) / (1 + N_SIMULATED)


@lru_cache(maxsize=64)
def _null(n: int) -> Floats:
    rng = np.random.default_rng((SEED, n))
    return np.array([dip(np.sort(rng.random(n))) for _ in range(N_SIMULATED)])


def dip(ordered: Floats) -> float:
    """Largest distance of the empirical distribution from the nearest unimodal one.

    Parameters
    ----------
    ordered
        Values in rising order, (n,), n >= 1.
    """
    x = ordered.tolist()
    n = len(x)
    if n < LEAST_N or x[0] == x[-1]:
        return 1 / (2 * n)
    below, above = _minorant(x), _majorant(x)
    low, high, best = 0, n - 1, 1.0
    while True:
        gcm, lcm = _chain(below, high, low), _chain(above, low, high)
        apart, at_gcm, at_lcm = _apart(x, gcm, lcm)
        if apart < best:
            break
        sides = [_below(x, gcm[i + 1], gcm[i]) for i in range(at_gcm, len(gcm) - 1)]
        sides += [_above(x, lcm[i], lcm[i + 1]) for i in range(at_lcm, len(lcm) - 1)]
        best = max([best, *sides])
        if (low, high) == (gcm[at_gcm], lcm[at_lcm]):
            break
        low, high = gcm[at_gcm], lcm[at_lcm]
    return best / (2 * n)


def _minorant(x: list[float]) -> Knots:
    """Of each point the knot before it on the greatest convex minorant up to it."""
    knots = [0] * len(x)
    for j in range(1, len(x)):
        knots[j] = j - 1
        while True:
            k = knots[j]
            m = knots[k]
            if k == 0 or (x[j] - x[k]) * (k - m) < (x[k] - x[m]) * (j - k):
                break
            knots[j] = m
    return knots


def _majorant(x: list[float]) -> Knots:
    """Of each point the knot after it on the least concave majorant from it on."""
    last = len(x) - 1
    knots = [last] * len(x)
    for j in range(last - 1, -1, -1):
        knots[j] = j + 1
        while True:
            k = knots[j]
            m = knots[k]
            if k == last or (x[j] - x[k]) * (k - m) < (x[k] - x[m]) * (j - k):
                break
            knots[j] = m
    return knots


def _chain(knots: Knots, start: int, stop: int) -> Knots:
    chain = [start]
    while chain[-1] != stop:
        chain.append(knots[chain[-1]])
    return chain


def _apart(x: list[float], gcm: Knots, lcm: Knots) -> tuple[float, int, int]:
    """Largest distance of the two hulls, in counts, and the knots that hold it."""
    if len(gcm) == 2 and len(lcm) == 2:
        return 1.0, 1, 1
    best, at_gcm, at_lcm = 0.0, len(gcm) - 1, len(lcm) - 1
    i, j = len(gcm) - 2, 1
    while True:
        g, k = gcm[i], lcm[j]
        if g > k:
            h = gcm[i + 1]
            apart = (k - h + 1) - (x[k] - x[h]) * (g - h) / (x[g] - x[h])
            j += 1
            found = i + 1, j - 1
        else:
            h = lcm[j - 1]
            apart = (x[g] - x[h]) * (k - h) / (x[k] - x[h]) - (g - h - 1)
            i -= 1
            found = i + 1, j
        if apart >= best:
            best, (at_gcm, at_lcm) = apart, found
        i, j = max(i, 0), min(j, len(lcm) - 1)
        if gcm[i] == lcm[j]:
            return best, at_gcm, at_lcm


def _below(x: list[float], a: int, b: int) -> float:
    """Largest distance of the steps above the minorant's line between two knots, in counts."""
    if b - a <= 1 or x[b] == x[a]:
        return 1.0
    slope = (b - a) / (x[b] - x[a])
    return max(1.0, *((k - a + 1) - (x[k] - x[a]) * slope for k in range(a, b + 1)))


def _above(x: list[float], a: int, b: int) -> float:
    """Largest distance of the steps below the majorant's line between two knots, in counts."""
    if b - a <= 1 or x[b] == x[a]:
        return 1.0
    slope = (b - a) / (x[b] - x[a])
    return max(1.0, *((x[k] - x[a]) * slope - (k - a - 1) for k in range(a, b + 1)))


def _checked(values: ArrayLike) -> Floats:
    x = as_vector(values, "values")
    if not np.isfinite(x).all():
        raise SignalError("values must be finite")
    return x
