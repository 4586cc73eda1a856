"""Test–retest reliability: intraclass correlation and measurement error."""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri, fdtri, ndtri

from emgproc.arrays import Floats, as_signal
from emgproc.errors import ParameterError
from emgproc.stats.mean_difference import check_level
from emgproc.stats.splits import TIE, finite_vector

Interval: TypeAlias = tuple[float, float]
Estimate: TypeAlias = tuple[float | None, Interval | None]


@dataclass(frozen=True, slots=True)
class IntraclassCorrelation:
    """Result of `icc`; `None` where the ratings do not vary (see `notes`).

    Attributes
    ----------
    icc_1_1, icc_2_1, icc_3_1
        One-way; two-way, absolute agreement (ICC(A,1)); two-way, consistency (ICC(C,1)).
    ci_1_1, ci_2_1, ci_3_1
        Their intervals at `level_nominal`; `ci_2_1` may not exist where the ICC is negative.
    ms_subjects, ms_raters, ms_error, ms_within
        Mean squares MSR, MSC, MSE and MSW, in squared units of the ratings.
    n
        (subjects, ratings of each).
    """

    icc_1_1: float | None
    icc_2_1: float | None
    icc_3_1: float | None
    ci_1_1: Interval | None
    ci_2_1: Interval | None
    ci_3_1: Interval | None
    level_nominal: float
    ms_subjects: float
    ms_raters: float
    ms_error: float
    ms_within: float
    n: tuple[int, int]
    method: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MeasurementError:
    """Result of `measurement_error`.

    `value` is the SEM √MSE, `ci` its interval; `mdc` the smallest change that exceeds the error of
    two measurements at `level_nominal`. The `agreement_` pair counts a systematic shift between
    the two as error too (√MSW). `percent` and `agreement_percent` are the changes (up, down) that
    the MDC of ln values means on the raw scale, `None` unless `ln`.
    """

    value: float
    ci: Interval | None
    level_nominal: float
    mdc: float
    agreement_sem: float
    agreement_mdc: float
    percent: Interval | None
    agreement_percent: Interval | None
    n: int
    method: str
    notes: tuple[str, ...] = ()


def icc(ratings: ArrayLike, *, level: float = 0.95) -> IntraclassCorrelation:
    """Intraclass correlations of one rating, three models, with F intervals.

    Parameters
    ----------
    ratings
        Shape (n_subjects, n_raters), at least 2 × 2, finite.
    level
        Nominal level in (0, 1).

    Raises
    ------
    ParameterError
        The shape is smaller than 2 × 2, a rating is not finite, or the level is outside (0, 1).

    References
    ----------
    Shrout & Fleiss 1979 (Psychol Bull 86:420); McGraw & Wong 1996 (Psychol Methods 1:30).
    """
    x = _table(ratings)
    tail = (1 - check_level(level)) / 2
    n, k = x.shape
    msr, msc, mse, msw = _mean_squares(x)
    one, two, three = _coefficients((msr, msc, mse, msw), (n, k), tail)
    notes = ("no variance within subjects or none between: no ICC",)
    return IntraclassCorrelation(
        icc_1_1=one[0],
        icc_2_1=two[0],
        icc_3_1=three[0],
        ci_1_1=one[1],
        ci_2_1=two[1],
        ci_3_1=three[1],
        level_nominal=level,
        ms_subjects=msr,
        ms_raters=msc,
        ms_error=mse,
        ms_within=msw,
        n=(n, k),
        method="intraclass correlation of one rating, Shrout–Fleiss, F intervals",
        notes=notes if one[0] is None else (),
    )


def measurement_error(
    first: ArrayLike, second: ArrayLike, *, level: float = 0.95, ln: bool = False
) -> MeasurementError:
    """Standard error of measurement and minimal detectable change of repeated measurements.

    SEM = √MSE of the two-way table (= SD of the differences/√2), MDC = z·√2·SEM. SD·√(1 − ICC) is
    a third number and not used.

    Parameters
    ----------
    first, second
        Two measurements of each subject, paired, at least 2, finite.
    level
        Level of the MDC and of the interval of the SEM, in (0, 1).
    ln
        The values are natural logarithms: also give the MDC as per cent.

    Raises
    ------
    ParameterError
        Lengths differ, fewer than 2 pairs, a value is not finite, the level is outside (0, 1).

    Examples
    --------
    >>> round(measurement_error([1.0, 2.0, 3.0], [1.5, 2.0, 3.5]).value, 4)
    0.2041
    """
    a, b = paired(first, second)
    factor = float(ndtri((1 + check_level(level)) / 2)) * math.sqrt(2)
    _, _, mse, msw = _mean_squares(np.stack([a, b], axis=1))
    sem, agreement = math.sqrt(mse), math.sqrt(msw)
    df, tail = a.size - 1, (1 - level) / 2
    spread = [math.sqrt(df * mse / float(chdtri(df, q))) for q in (tail, 1 - tail)]
    return MeasurementError(
        value=sem,
        ci=(spread[0], spread[1]) if sem else None,
        level_nominal=level,
        mdc=factor * sem,
        agreement_sem=agreement,
        agreement_mdc=factor * agreement,
        percent=_percent(factor * sem) if ln else None,
        agreement_percent=_percent(factor * agreement) if ln else None,
        n=a.size,
        method="SEM = root of the two-way error mean square, MDC = z·√2·SEM",
        notes=() if sem else ("every pair differs by the same amount: no error was seen",),
    )


def _table(ratings: ArrayLike) -> Floats:
    x = as_signal(ratings, "ratings")
    if x.ndim != 2 or min(x.shape) < 2:
        raise ParameterError(f"ratings must be at least 2 subjects × 2 raters, got {x.shape}")
    finite_vector(x.ravel(), "ratings")
    return x


def paired(first: ArrayLike, second: ArrayLike) -> tuple[Floats, Floats]:
    """Two measurements of each subject, checked.

    Raises
    ------
    ParameterError
        Lengths differ, fewer than 2 pairs, or a value is not finite.
    """
    a, b = finite_vector(first, "first", at_least=2), finite_vector(second, "second", at_least=2)
    if a.shape != b.shape:
        raise ParameterError(f"measurements come in pairs, got {a.size} first and {b.size} second")
    return a, b


def _mean_squares(x: Floats) -> tuple[float, float, float, float]:
    """MSR, MSC, MSE, MSW of subjects × raters."""
    n, k = x.shape
    rows, columns = x.mean(axis=1, keepdims=True), x.mean(axis=0, keepdims=True)
    msr = k * float(np.sum((rows - x.mean()) ** 2)) / (n - 1)
    msc = n * float(np.sum((columns - x.mean()) ** 2)) / (k - 1)
    mse = float(np.sum((x - rows - columns + x.mean()) ** 2)) / ((n - 1) * (k - 1))
    msw = float(np.sum((x - rows) ** 2)) / (n * (k - 1))
    noise = (TIE * float(np.abs(x).max())) ** 2  # what rounding leaves of equal values
    return _above(msr, noise), _above(msc, noise), _above(mse, noise), _above(msw, noise)


def _above(square: float, noise: float) -> float:
    return square if square > noise else 0.0


def _coefficients(
    squares: tuple[float, float, float, float], shape: tuple[int, int], tail: float
) -> tuple[Estimate, Estimate, Estimate]:
    """ICC (1,1), (2,1) and (3,1), each with its interval."""
    (msr, msc, mse, msw), (n, k) = squares, shape
    if not (mse and msr):
        return (None, None), (None, None), (None, None)
    two = (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n)
    return (
        (
            (msr - msw) / (msr + (k - 1) * msw),
            _f_interval(msr / msw, (n - 1, n * (k - 1)), k, tail),
        ),
        (two, _agreement_interval((msr, msc, mse), two, shape, tail)),
        (
            (msr - mse) / (msr + (k - 1) * mse),
            _f_interval(msr / mse, (n - 1, (n - 1) * (k - 1)), k, tail),
        ),
    )


def _f_interval(f: float, df: tuple[int, int], k: int, tail: float) -> Interval:
    low, high = f / float(fdtri(*df, 1 - tail)), f * float(fdtri(df[1], df[0], 1 - tail))
    return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)


def _agreement_interval(
    squares: tuple[float, float, float], value: float, shape: tuple[int, int], tail: float
) -> Interval | None:
    """Interval of ICC(2,1), Satterthwaite's degrees of freedom (McGraw & Wong 1996, table 7)."""
    (msr, msc, mse), (n, k) = squares, shape
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    parts = (a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1))
    df = (a * msc + b * mse) ** 2 / parts
    rest = k * msc + (k * n - k - n) * mse
    up, down = float(fdtri(n - 1, df, 1 - tail)), float(fdtri(df, n - 1, 1 - tail))
    low = n * (msr - up * mse) / (up * rest + n * msr)
    high = n * (down * msr - mse) / (rest + n * down * msr)
    # A negative ICC may leave next to no degrees of freedom: then there is no interval.
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


def _percent(ln_change: float) -> Interval:
    return 100 * math.expm1(ln_change), 100 * math.expm1(-ln_change)
