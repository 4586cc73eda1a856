"""Standardised effects: Hedges' g, Glass' Δ, Cliff's δ, and baseline balance."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from emgproc.arrays import Floats
from emgproc.stats.binomial import check_counts
from emgproc.stats.mean_difference import check_level
from emgproc.stats.noncentral_t import noncentrality
from emgproc.stats.splits import finite_vector
from emgproc.stats.welch import sum_of_squares

NO_VARIANCE = "no variance: the effect has no scale"


@dataclass(frozen=True, slots=True)
class EffectSize:
    """A standardised effect, treated − control (or treated/control); `None` without variance.

    `d` is the effect before Hedges' correction and `correction` the factor J, both `None` where no
    correction belongs to the effect.
    """

    value: float | None
    n: tuple[int, int]
    method: str
    ci: tuple[float, float] | None = None
    level_nominal: float | None = None
    d: float | None = None
    correction: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CliffsDelta:
    """Cliff's δ = P(treated > control) − P(treated < control); `a12` = (δ + 1)/2 = U/mn."""

    value: float
    a12: float
    wins: int
    losses: int
    ties: int
    n: tuple[int, int]
    method: str


def hedges_g(treated: ArrayLike, control: ArrayLike, *, level: float = 0.95) -> EffectSize:
    """Standardised mean difference without small-sample bias, with its noncentral-t interval.

    g = J·d, d = mean difference over the pooled SD, J = Γ(ν/2)/(√(ν/2)·Γ((ν − 1)/2)), not
    1 − 3/(4ν − 1). The interval is J times that of d.

    Parameters
    ----------
    treated, control
        Values of the two groups, finite, three or more in all, one or more in each.
    level
        Nominal level in (0, 1).

    Raises
    ------
    ParameterError
        Too few values, a value is not finite, or the level is outside (0, 1).

    References
    ----------
    Hedges 1981 (J Educ Stat 6:107); Steiger & Fouladi 1997 for the interval.
    """
    x, y = finite_vector(treated, "treated"), finite_vector(control, "control")
    finite_vector(np.concatenate([x, y]), "both groups", at_least=3)
    check_level(level)
    n = (x.size, y.size)
    df = x.size + y.size - 2
    pooled = math.sqrt((sum_of_squares(x) + sum_of_squares(y)) / df)
    method = "Hedges' g, exact J, noncentral-t interval"
    if not pooled:
        return EffectSize(None, n, method, level_nominal=level, notes=(NO_VARIANCE,))
    d = float(x.mean() - y.mean()) / pooled
    j = math.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / math.sqrt(df / 2) if df > 1 else None
    if j is None:
        return EffectSize(None, n, method, level_nominal=level, d=d, notes=("J needs 4 values",))
    scale = math.sqrt(1 / x.size + 1 / y.size)
    low, high = (noncentrality(q, df, d / scale) for q in ((1 + level) / 2, (1 - level) / 2))
    return EffectSize(
        value=j * d,
        n=n,
        method=method,
        ci=(j * scale * low, j * scale * high),
        level_nominal=level,
        d=d,
        correction=j,
    )


def glass_delta(treated: ArrayLike, control: ArrayLike) -> EffectSize:
    """Mean difference over the standard deviation of the control (Glass 1976).

    Parameters
    ----------
    treated, control
        Values of the two groups, finite, two or more controls.

    Raises
    ------
    ParameterError
        Too few values, or a value is not finite.
    """
    x, y = finite_vector(treated, "treated"), finite_vector(control, "control", at_least=2)
    return _over(float(x.mean() - y.mean()), _sd(y), (x, y), "Glass' Δ, SD of the control")


def cliffs_delta(treated: ArrayLike, control: ArrayLike) -> CliffsDelta:
    """Share of pairs the treated win less the share they lose (Cliff 1993).

    Parameters
    ----------
    treated, control
        Values of the two groups, finite.

    Raises
    ------
    ParameterError
        A group is empty, or a value is not finite.

    Examples
    --------
    >>> cliffs_delta([2.0, 3.0], [1.0, 2.0]).value
    0.75
    """
    x, y = finite_vector(treated, "treated"), finite_vector(control, "control")
    signs = np.sign(np.subtract.outer(x, y))
    wins, losses = int((signs > 0).sum()), int((signs < 0).sum())
    delta = (wins - losses) / signs.size
    return CliffsDelta(
        value=delta,
        a12=(wins + (signs.size - wins - losses) / 2) / signs.size,
        wins=wins,
        losses=losses,
        ties=signs.size - wins - losses,
        n=(x.size, y.size),
        method="Cliff's δ, all pairs",
    )


def smd(treated: ArrayLike, control: ArrayLike) -> EffectSize:
    """Standardised difference of a baseline value: mean difference over √((s₁² + s₂²)/2).

    Balance is described, not tested (Austin 2009, Stat Med 28:3083).

    Parameters
    ----------
    treated, control
        Values of the two groups, finite, two or more in each.

    Raises
    ------
    ParameterError
        Too few values, or a value is not finite.
    """
    x, y = _two_of_each(treated, control)
    spread = math.sqrt((_sd(x) ** 2 + _sd(y) ** 2) / 2)
    return _over(float(x.mean() - y.mean()), spread, (x, y), "standardised mean difference")


def smd_binary(k1: int, n1: int, k2: int, n2: int) -> EffectSize:
    """Standardised difference of a baseline proportion: (p₁ − p₂)/√((p₁q₁ + p₂q₂)/2).

    Parameters
    ----------
    k1, n1, k2, n2
        Counts of the treated and of the control, 0 ≤ k ≤ n, n ≥ 1.

    Raises
    ------
    ParameterError
        A count is not whole or out of range.

    Examples
    --------
    >>> round(smd_binary(3, 5, 2, 5).value, 10)
    0.4082482905
    """
    check_counts(k1, n1)
    check_counts(k2, n2)
    p, q = k1 / n1, k2 / n2
    spread = math.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    method = "standardised difference of proportions"
    if not spread:
        return EffectSize(None, (n1, n2), method, notes=(NO_VARIANCE,))
    return EffectSize((p - q) / spread, (n1, n2), method)


def variance_ratio(treated: ArrayLike, control: ArrayLike) -> EffectSize:
    """Variance of the treated over that of the control, 1 where they are balanced.

    Parameters
    ----------
    treated, control
        As `smd`.

    Raises
    ------
    ParameterError
        As `smd`.
    """
    x, y = _two_of_each(treated, control)
    return _over(_sd(x) ** 2, _sd(y) ** 2, (x, y), "variance ratio")


def _two_of_each(treated: ArrayLike, control: ArrayLike) -> tuple[Floats, Floats]:
    return (
        finite_vector(treated, "treated", at_least=2),
        finite_vector(control, "control", at_least=2),
    )


def _over(top: float, scale: float, groups: tuple[Floats, Floats], method: str) -> EffectSize:
    n = (groups[0].size, groups[1].size)
    if not scale:
        return EffectSize(None, n, method, notes=(NO_VARIANCE,))
    return EffectSize(top / scale, n, method)


def _sd(x: Floats) -> float:
    return math.sqrt(sum_of_squares(x) / (x.size - 1))
