"""Survival curves: Kaplan–Meier with Greenwood's error, and the follow-up curve in reverse."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from emgproc.arrays import Bools, Floats, Ints, as_vector
from emgproc.errors import ParameterError
from emgproc.stats.mean_difference import check_level
from emgproc.stats.splits import TIE, finite_vector


@dataclass(frozen=True, slots=True)
class KaplanMeier:
    """Result of `kaplan_meier` and `reverse_kaplan_meier`; `None` is "n.e.", not estimable.

    Attributes
    ----------
    times
        Distinct times of death or censoring, ascending, in the unit of the input.
    at_risk, deaths, censored
        Under observation just before each time; died, and were censored, at it.
    survival, se
        Curve from each time on, and Greenwood's standard error.
    ci_low, ci_high
        Pointwise log-log interval; `None` where the curve is 1 or 0.
    median, median_ci
        First time with the curve, or its limits, at or below ½.
    level_nominal
        Nominal level of both intervals.
    n
        Number of subjects.
    """

    times: tuple[float, ...]
    at_risk: tuple[int, ...]
    deaths: tuple[int, ...]
    censored: tuple[int, ...]
    survival: tuple[float, ...]
    se: tuple[float | None, ...]
    ci_low: tuple[float | None, ...]
    ci_high: tuple[float | None, ...]
    median: float | None
    median_ci: tuple[float | None, float | None]
    level_nominal: float
    n: int
    method: str
    notes: tuple[str, ...] = ()

    def at(self, time: float) -> tuple[float | None, float | None, float | None]:
        """Curve and its interval at `time`; `None` beyond the last time unless the curve is 0."""
        before = sum(t <= time for t in self.times)
        if not before:
            return (1.0, None, None) if self.times[0] > time >= 0 else (None, None, None)
        if time > self.times[-1] and self.survival[-1] > 0:
            return None, None, None
        return self.survival[before - 1], self.ci_low[before - 1], self.ci_high[before - 1]

    def number_at_risk(self, time: float) -> int:
        """Subjects under observation just before `time`."""
        pairs = zip(self.times, self.at_risk, strict=True)
        return next((n for t, n in pairs if t >= time), 0)


@dataclass(frozen=True, slots=True)
class RiskTable:
    """Distinct times, ascending, with the subjects at risk, the deaths and the censored."""

    times: Floats
    at_risk: Ints
    deaths: Ints
    censored: Ints


def follow_up(time: ArrayLike, event: ArrayLike, name: str = "time") -> tuple[Floats, Bools]:
    """Times and death flags, checked.

    Raises
    ------
    ParameterError
        No subject, a time that is negative or not finite, a flag other than 0 and 1, or lengths
        that differ.
    """
    when, flags = finite_vector(time, name), as_vector(event, "event")
    if when.shape != flags.shape:
        raise ParameterError(f"{name} has {when.size} subjects but event has {flags.size}")
    if when.min() < 0:
        raise ParameterError(f"{name} must be ≥ 0, got {when.min():g}: check the index date")
    if not np.isin(flags, (0, 1)).all():
        raise ParameterError(f"event is 1 (died) or 0 (censored), got {np.unique(flags).tolist()}")
    return when, flags.astype(np.bool_)


def risk_table(time: Floats, died: Bools) -> RiskTable:
    """Count who is at risk; a death comes before a censoring of the same time."""
    times, which = np.unique(time, return_inverse=True)
    deaths = np.bincount(which, weights=died, minlength=times.size).astype(np.int64)
    leaving = np.bincount(which, minlength=times.size).astype(np.int64)
    at_risk = time.size - np.cumsum(leaving) + leaving
    return RiskTable(times, at_risk, deaths, leaving - deaths)


def kaplan_meier(time: ArrayLike, event: ArrayLike, *, level: float = 0.95) -> KaplanMeier:
    """Kaplan–Meier curve with Greenwood's error and the log-log interval.

    A subject censored at the time of a death is at risk for it. Where the curve is 1 or 0 the
    interval does not exist and is `None` (lifelines prints 0, 0 there). No censoring: 1 − ECDF.

    Parameters
    ----------
    time
        Time from the index date to death or last contact, one unit, ≥ 0.
    event
        1 where `time` is a death, 0 where it is a censoring.
    level
        Nominal pointwise level, in (0, 1).

    Raises
    ------
    ParameterError
        As `follow_up`, or a level outside (0, 1).

    References
    ----------
    Kalbfleisch & Prentice, The Statistical Analysis of Failure Time Data (2002), section 1.4.

    Examples
    --------
    >>> result = kaplan_meier([3.2, 6.5, 12.0, 9.1, 36.0], [1, 1, 0, 1, 0])
    >>> result.times, result.deaths, result.median
    ((3.2, 6.5, 9.1, 12.0, 36.0), (1, 1, 1, 0, 0), 9.1)
    """
    when, died = follow_up(time, event)
    table = risk_table(when, died)
    notes = () if died.any() else ("no death: the curve is 1, no interval and no median exist",)
    return _curve(table, table.at_risk, table.deaths, level, ("Kaplan–Meier", notes))


def reverse_kaplan_meier(time: ArrayLike, event: ArrayLike, *, level: float = 0.95) -> KaplanMeier:
    """Follow-up: the curve with death and censoring exchanged.

    Schemper & Smith 1996 (Control Clin Trials 17:343). The deaths of a time come first here too:
    who died then is not at risk of being censored. `at_risk`, `deaths` and `censored` keep their
    meaning; `survival` is the curve of follow-up.

    Parameters
    ----------
    time, event, level
        As `kaplan_meier`.

    Raises
    ------
    ParameterError
        As `kaplan_meier`.

    Examples
    --------
    >>> reverse_kaplan_meier([3.2, 6.5, 12.0, 9.1, 36.0], [1, 1, 0, 1, 0]).median
    12.0
    """
    when, died = follow_up(time, event)
    table = risk_table(when, died)
    notes = ("all died: no subject's follow-up was cut short",) if died.all() else ()
    exposed = table.at_risk - table.deaths
    return _curve(table, exposed, table.censored, level, ("reverse Kaplan–Meier", notes))


def survival_steps(exposed: Ints, ended: Ints) -> Floats:
    """Π(1 − ended/exposed), the product-limit curve; 0/0 is a factor of 1."""
    return np.asarray(np.cumprod(1 - ended / np.maximum(exposed, 1)), dtype=np.float64)


def greenwood_terms(exposed: Ints, ended: Ints) -> Floats:
    """d/(n(n − d)), infinite where everyone left ended (the curve falls to 0)."""
    left = exposed - ended
    finite = (ended > 0) & (left > 0)
    terms = np.where((ended > 0) & (left == 0), np.inf, 0.0)
    terms[finite] = ended[finite] / (exposed[finite] * left[finite])
    return terms


def _curve(
    table: RiskTable, exposed: Ints, ended: Ints, level: float, labels: tuple[str, tuple[str, ...]]
) -> KaplanMeier:
    what, notes = labels
    curve = survival_steps(exposed, ended)
    summed = np.cumsum(greenwood_terms(exposed, ended))
    limits = [
        _log_log(float(s), float(v), check_level(level))
        for s, v in zip(curve, summed, strict=True)
    ]
    low, high = tuple(x[0] for x in limits), tuple(x[1] for x in limits)
    times = tuple(table.times.tolist())
    return KaplanMeier(
        times=times,
        at_risk=tuple(table.at_risk.tolist()),
        deaths=tuple(table.deaths.tolist()),
        censored=tuple(table.censored.tolist()),
        survival=tuple(curve.tolist()),
        se=tuple(
            float(s) * math.sqrt(v) if math.isfinite(v) else None
            for s, v in zip(curve, summed, strict=True)
        ),
        ci_low=low,
        ci_high=high,
        median=_half(times, tuple(curve.tolist())),
        median_ci=(_half(times, low), _half(times, high)),
        level_nominal=level,
        n=int(table.at_risk[0]),
        method=f"{what}, Greenwood, log-log interval, median = first time at or below 1/2",
        notes=(*notes, "the curve reaches 0: no interval there") if curve[-1] == 0 else notes,
    )


def _log_log(s: float, summed: float, level: float) -> tuple[float | None, float | None]:
    """S**exp(±z·se), se = √Σ/|ln S|, between 0 and 1 by construction."""
    if not 0 < s < 1:
        return None, None
    spread = float(ndtri((1 + level) / 2)) * math.sqrt(summed) / abs(math.log(s))
    return s ** math.exp(spread), s ** math.exp(-spread)


def _half(times: tuple[float, ...], curve: tuple[float | None, ...]) -> float | None:
    pairs = zip(times, curve, strict=True)
    return next((t for t, s in pairs if s is not None and s <= 0.5 + TIE), None)
