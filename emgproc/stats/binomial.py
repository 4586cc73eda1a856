"""Proportions, their difference, and rates, with intervals that hold at small counts."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.optimize import brentq
from scipy.special import bdtr, bdtrc, betaincinv, chdtri, ndtri

from emgproc.errors import ParameterError
from emgproc.stats.mean_difference import check_level


@dataclass(frozen=True, slots=True)
class Proportion:
    """`k` of `n` with an interval; `value` = k/n."""

    value: float
    ci: tuple[float, float]
    level_nominal: float
    k: int
    n: int
    method: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProportionDifference:
    """k₁/n₁ − k₂/n₂ with an interval."""

    value: float
    ci: tuple[float, float]
    level_nominal: float
    k: tuple[int, int]
    n: tuple[int, int]
    method: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per unit of exposure with an interval."""

    value: float
    ci: tuple[float, float]
    level_nominal: float
    events: int
    exposure: float
    method: str
    notes: tuple[str, ...] = ()


def clopper_pearson(k: int, n: int, *, level: float = 0.95, mid_p: bool = False) -> Proportion:
    """Exact interval of a proportion, or its mid-P form.

    Each limit is where the tail that holds `k` has probability α/2; with `mid_p` only half of
    P(X = k) counts in the tail: shorter, and no longer sure to cover. Clopper & Pearson 1934
    (Biometrika 26:404); Lancaster 1961 for mid-P.

    Parameters
    ----------
    k, n
        Successes of subjects, 0 ≤ k ≤ n, n ≥ 1.
    level
        Nominal level in (0, 1).
    mid_p
        Count half of the observed point.

    Raises
    ------
    ParameterError
        A count is not whole or out of range, or the level is outside (0, 1).

    Examples
    --------
    >>> tuple(round(x, 6) for x in clopper_pearson(0, 5).ci)
    (0.0, 0.521824)
    """
    check_counts(k, n)
    tail = (1 - check_level(level)) / 2
    if mid_p:
        low, high = _mid_p_limits(k, n, tail)
    else:
        low = float(betaincinv(k, n - k + 1, tail)) if k else 0.0
        high = float(betaincinv(k + 1, n - k, 1 - tail)) if k < n else 1.0
    return Proportion(
        value=k / n,
        ci=(low, high),
        level_nominal=level,
        k=k,
        n=n,
        method="Clopper–Pearson, mid-P" if mid_p else "Clopper–Pearson, exact",
        notes=("mid-P: coverage may fall below the nominal level",) if mid_p else (),
    )


def one_sided_upper(k: int, n: int, *, level: float = 0.95) -> Proportion:
    """Exact one-sided upper limit: "k of n does not exclude …" (0 of 5: 45 %).

    Parameters
    ----------
    k, n, level
        As `clopper_pearson`; the whole of 1 − level lies above the limit.

    Raises
    ------
    ParameterError
        As `clopper_pearson`.
    """
    check_counts(k, n)
    high = float(betaincinv(k + 1, n - k, check_level(level))) if k < n else 1.0
    return Proportion(k / n, (0.0, high), level, k, n, "Clopper–Pearson, exact, one-sided upper")


def wilson(k: int, n: int, *, level: float = 0.95) -> Proportion:
    """Wilson's score interval of a proportion (1927), without continuity correction.

    Parameters
    ----------
    k, n, level
        As `clopper_pearson`.

    Raises
    ------
    ParameterError
        As `clopper_pearson`.
    """
    check_counts(k, n)
    z2 = float(ndtri((1 + check_level(level)) / 2)) ** 2
    p = k / n
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low = centre - half if k else 0.0  # at 0 and n the formula ends there, but for its rounding
    high = centre + half if k < n else 1.0
    return Proportion(p, (low, high), level, k, n, "Wilson score")


def newcombe_difference(
    k1: int, n1: int, k2: int, n2: int, *, level: float = 0.95
) -> ProportionDifference:
    """Difference k₁/n₁ − k₂/n₂ with Newcombe's hybrid score interval.

    Newcombe 1998 (Stat Med 17:873), method 10: the two Wilson limits, squared and added.

    Parameters
    ----------
    k1, n1, k2, n2
        Counts of the treated and of the control, as `clopper_pearson`.
    level
        Nominal level in (0, 1).

    Raises
    ------
    ParameterError
        As `clopper_pearson`.
    """
    first, second = wilson(k1, n1, level=level), wilson(k2, n2, level=level)
    difference = first.value - second.value
    below = math.hypot(first.value - first.ci[0], second.ci[1] - second.value)
    above = math.hypot(first.ci[1] - first.value, second.value - second.ci[0])
    return ProportionDifference(
        value=difference,
        ci=(difference - below, difference + above),
        level_nominal=level,
        k=(k1, k2),
        n=(n1, n2),
        method="Newcombe hybrid score (method 10)",
    )


def poisson_rate(events: int, exposure: float, *, level: float = 0.95) -> Rate:
    """Events per unit of exposure with Garwood's exact interval (1936, Biometrika 28:437).

    Parameters
    ----------
    events
        Number of events, ≥ 0, independent given the exposure.
    exposure
        Total time at risk, > 0, in any unit.
    level
        Nominal level in (0, 1).

    Raises
    ------
    ParameterError
        The events are not a whole number ≥ 0, the exposure is not finite and above 0, or the level
        is outside (0, 1).
    """
    if not _whole(events) or events < 0:
        raise ParameterError(f"events must be a whole number ≥ 0, got {events!r}")
    if not (math.isfinite(exposure) and exposure > 0):
        raise ParameterError(f"exposure must be finite and above 0, got {exposure!r}")
    tail = (1 - check_level(level)) / 2
    low = float(chdtri(2 * events, 1 - tail)) / 2 if events else 0.0
    high = float(chdtri(2 * events + 2, tail)) / 2
    ci = (low / exposure, high / exposure)
    return Rate(events / exposure, ci, level, events, exposure, "Garwood, exact Poisson")


def check_counts(k: int, n: int) -> None:
    """Refuse what is not `k` of `n`.

    Raises
    ------
    ParameterError
        A count is not whole, n < 1, or k outside 0…n.
    """
    if not (_whole(k) and _whole(n)):
        raise ParameterError(f"counts must be whole numbers, got {k!r} of {n!r}")
    if n < 1 or not 0 <= k <= n:
        raise ParameterError(f"a proportion needs 0 ≤ k ≤ n and n ≥ 1, got {k} of {n}")


def _whole(x: float) -> bool:
    return math.isfinite(x) and x == int(x)


def _mid_p_limits(k: int, n: int, tail: float) -> tuple[float, float]:
    def above(p: float) -> float:
        return float(bdtrc(k, n, p) + bdtrc(k - 1, n, p)) / 2 - tail

    def below(p: float) -> float:
        return float(bdtr(k, n, p) + (bdtr(k - 1, n, p) if k else 0.0)) / 2 - tail

    return (_root(above) if k else 0.0), (_root(below) if k < n else 1.0)


def _root(tail: Callable[[float], float]) -> float:
    return float(brentq(tail, 0.0, 1.0, xtol=1e-15, rtol=1e-14))
