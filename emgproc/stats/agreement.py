"""Agreement of two measurements: bias, limits of agreement, and the intervals of both."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit

from emgproc.stats.mean_difference import check_level
from emgproc.stats.noncentral_t import noncentral_t_quantile
from emgproc.stats.reliability import Interval, paired
from emgproc.stats.splits import TIE


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """Result of `bland_altman`: second − first, in the unit of the values.

    Attributes
    ----------
    value, ci
        The bias and its t interval.
    sd
        Standard deviation of the differences.
    limits
        Limits of agreement, bias ∓ z·sd.
    limits_se
        Standard error of a limit, Bland & Altman 1999.
    lower_ci, upper_ci
        Interval of each limit, ∓ t·`limits_se`.
    exact_factors
        Factors of `sd` of Carkeet's exact interval of a limit.
    exact_lower_ci, exact_upper_ci
        Carkeet's interval of each limit.
    ratio, ratio_limits
        exp of bias and limits, `None` unless `ln`.
    """

    value: float
    ci: Interval
    level_nominal: float
    sd: float
    limits: Interval
    limits_se: float
    lower_ci: Interval
    upper_ci: Interval
    exact_factors: Interval
    exact_lower_ci: Interval
    exact_upper_ci: Interval
    ratio: float | None
    ratio_limits: Interval | None
    n: int
    method: str
    notes: tuple[str, ...] = ()


def bland_altman(
    first: ArrayLike, second: ArrayLike, *, level: float = 0.95, ln: bool = False
) -> BlandAltman:
    """Bias and limits of agreement of second − first, with approximate and exact intervals.

    Bland & Altman 1999 (Stat Methods Med Res 8:135) for the error of a limit; Carkeet 2015
    (Optom Vis Sci 92:e71) for its exact interval by the noncentral t.

    Parameters
    ----------
    first, second
        As `measurement_error`.
    level
        Share of differences between the limits, and level of every interval, in (0, 1).
    ln
        The values are natural logarithms: also give bias and limits as ratios.

    Raises
    ------
    ParameterError
        As `measurement_error`.
    """
    a, b = paired(first, second)
    n, difference = a.size, b - a
    z, tail = float(ndtri((1 + check_level(level)) / 2)), (1 - level) / 2
    t = float(stdtrit(n - 1, 1 - tail))
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    sd = sd if sd > TIE * float(np.abs(difference).max()) else 0.0
    se = sd * math.sqrt(1 / n + z * z / (2 * (n - 1)))
    near, far = (
        noncentral_t_quantile(q, n - 1, z * math.sqrt(n)) / math.sqrt(n) for q in (tail, 1 - tail)
    )
    low, high = bias - z * sd, bias + z * sd
    half = t * sd / math.sqrt(n)
    return BlandAltman(
        value=bias,
        ci=(bias - half, bias + half),
        level_nominal=level,
        sd=sd,
        limits=(low, high),
        limits_se=se,
        lower_ci=(low - t * se, low + t * se),
        upper_ci=(high - t * se, high + t * se),
        exact_factors=(near, far),
        exact_lower_ci=(bias - far * sd, bias - near * sd),
        exact_upper_ci=(bias + near * sd, bias + far * sd),
        ratio=math.exp(bias) if ln else None,
        ratio_limits=(math.exp(low), math.exp(high)) if ln else None,
        n=n,
        method="Bland–Altman, second − first, limits bias ∓ z·SD, exact intervals by Carkeet",
        notes=() if sd else ("every pair differs by the same amount: limits have no width",),
    )
