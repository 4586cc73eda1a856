"""Restricted mean survival time, and its difference between two groups."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from emgproc.errors import ParameterError
from emgproc.stats.mean_difference import check_level
from emgproc.stats.survival import follow_up, greenwood_terms, risk_table, survival_steps


@dataclass(frozen=True, slots=True)
class RestrictedMean:
    """Result of `restricted_mean`: area under the survival curve up to `tau`, in its unit.

    `se` is the error of the estimate, not the spread of min(T, tau); `value` is `None` where
    nobody was followed up to `tau`, `ci` where no death gives an error (see `notes`).
    """

    value: float | None
    ci: tuple[float, float] | None
    level_nominal: float
    se: float | None
    tau: float
    n: int
    method: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RestrictedMeanDifference:
    """Result of `restricted_mean_difference`: treated − control, with both means."""

    value: float | None
    ci: tuple[float, float] | None
    level_nominal: float
    se: float | None
    p: float | None
    tau: float
    treated: RestrictedMean
    control: RestrictedMean
    n: tuple[int, int]
    method: str
    notes: tuple[str, ...] = ()


def restricted_mean(
    time: ArrayLike, event: ArrayLike, tau: float, *, level: float = 0.95
) -> RestrictedMean:
    """Area under the Kaplan–Meier curve from 0 to `tau`.

    Var = Σ_{deaths ≤ τ} (∫ from that time to τ of S)² d/(n(n − d)), as R's survfit. The variance
    of min(T, τ), which lifelines returns, is another and larger number.

    Parameters
    ----------
    time, event
        As `kaplan_meier`.
    tau
        End of the span, in the unit of `time`, > 0.
    level
        Nominal level in (0, 1).

    Raises
    ------
    ParameterError
        As `kaplan_meier`, or `tau` is not a finite number above 0.

    References
    ----------
    Klein & Moeschberger, Survival Analysis (2003), section 4.5.

    Examples
    --------
    >>> round(restricted_mean([3.2, 6.5, 12.0, 9.1, 36.0], [1, 1, 0, 1, 0], 4.0).value, 10)
    3.84
    """
    when, died = follow_up(time, event)
    if not (math.isfinite(tau) and tau > 0):
        raise ParameterError(f"tau must be a finite time above 0, got {tau!r}")
    check_level(level)
    table = risk_table(when, died)
    curve = survival_steps(table.at_risk, table.deaths)
    method = "area under Kaplan–Meier, Greenwood's error of the estimate, normal interval"
    if tau > table.times[-1] and curve[-1] > 0:
        why = f"follow-up ends at {table.times[-1]:g}, before tau = {tau:g}: not estimable"
        return RestrictedMean(None, None, level, None, tau, when.size, method, (why,))
    inside = int(np.count_nonzero(table.times <= tau))
    widths = np.diff(np.r_[0.0, table.times[:inside], tau])
    areas = widths * np.r_[1.0, curve[:inside]]
    after = np.cumsum(areas[::-1])[::-1][1:]  # area from each time on up to tau
    terms = greenwood_terms(table.at_risk, table.deaths)[:inside]
    se = math.sqrt(float(np.sum(after[after > 0] ** 2 * terms[after > 0])))
    value = float(areas.sum())
    return RestrictedMean(
        value=value,
        ci=_normal(value, se, level),
        level_nominal=level,
        se=se,
        tau=tau,
        n=when.size,
        method=method,
        notes=()
        if se
        else ("no death before tau with survivors after it: no error, no interval",),
    )


def restricted_mean_difference(  # noqa: PLR0913 - two samples of two columns each
    time_t: ArrayLike,
    event_t: ArrayLike,
    time_c: ArrayLike,
    event_c: ArrayLike,
    tau: float,
    *,
    level: float = 0.95,
) -> RestrictedMeanDifference:
    """Difference treated − control of the restricted means up to one common `tau`.

    No interval and no p where an arm has no death before `tau`: its error cannot be estimated.

    Parameters
    ----------
    time_t, event_t, time_c, event_c
        Times and death flags of the treated and of the control, as `kaplan_meier`.
    tau, level
        As `restricted_mean`.

    Raises
    ------
    ParameterError
        As `restricted_mean`.
    """
    first = restricted_mean(time_t, event_t, tau, level=level)
    second = restricted_mean(time_c, event_c, tau, level=level)
    notes = tuple(f"{arm}: {note}" for arm, one in (("treated", first), ("control", second))
                  for note in one.notes)  # fmt: skip
    value = se = None
    if first.value is not None and second.value is not None:
        value = first.value - second.value
        # An arm without a death before tau has no estimate of its error; that it were 0 would
        # make the interval too narrow.
        se = math.hypot(first.se, second.se) if first.se and second.se else None
    return RestrictedMeanDifference(
        value=value,
        ci=None if value is None or se is None else _normal(value, se, level),
        level_nominal=level,
        se=se,
        p=2 * float(ndtr(-abs(value) / se)) if value is not None and se else None,
        tau=tau,
        treated=first,
        control=second,
        n=(first.n, second.n),
        method="difference of areas under Kaplan–Meier, normal interval",
        notes=notes,
    )


def _normal(value: float, se: float, level: float) -> tuple[float, float] | None:
    if not se:
        return None
    half = float(ndtri((1 + level) / 2)) * se
    return value - half, value + half
