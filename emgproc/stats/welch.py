"""The t tests of two means: Welch's, and Student's with pooled variance."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from emgproc.arrays import Floats
from emgproc.stats.mean_difference import check_level
from emgproc.stats.splits import TIE, finite_vector


@dataclass(frozen=True, slots=True)
class TTest:
    """Result of a t test; `value` is mean(treated) − mean(control), p is two-sided.

    `ci`, `t` and `p` are `None` where neither group varies (see `notes`).
    """

    value: float
    ci: tuple[float, float] | None
    level_nominal: float
    se: float
    t: float | None
    df: float | None
    p: float | None
    n: tuple[int, int]
    method: str
    notes: tuple[str, ...] = ()


def welch_t(treated: ArrayLike, control: ArrayLike, *, level: float = 0.95) -> TTest:
    """Welch's t test, variances not pooled, Satterthwaite's degrees of freedom (1947).

    Parameters
    ----------
    treated, control
        Values of the two groups, finite, two or more in each.
    level
        Nominal level in (0, 1).

    Raises
    ------
    ParameterError
        Too few values, a value is not finite, or the level is outside (0, 1).
    """
    x, y = (finite_vector(v, name, at_least=2)
            for v, name in ((treated, "treated"), (control, "control")))  # fmt: skip
    a, b = (sum_of_squares(v) / (v.size - 1) / v.size for v in (x, y))
    df = (a + b) ** 2 / (a**2 / (x.size - 1) + b**2 / (y.size - 1)) if a + b else None
    return _t_test((x, y), math.sqrt(a + b), df, check_level(level), "Welch's t, two-sided")


def pooled_t(treated: ArrayLike, control: ArrayLike, *, level: float = 0.95) -> TTest:
    """Student's t test with pooled variance.

    Parameters
    ----------
    treated, control
        Values of the two groups, finite, three or more in all, one or more in each.
    level
        Nominal level in (0, 1).

    Raises
    ------
    ParameterError
        As `welch_t`.
    """
    x, y = finite_vector(treated, "treated"), finite_vector(control, "control")
    finite_vector(np.concatenate([x, y]), "both groups", at_least=3)
    df = x.size + y.size - 2
    variance = (sum_of_squares(x) + sum_of_squares(y)) / df
    se = math.sqrt(variance * (1 / x.size + 1 / y.size))
    return _t_test((x, y), se, df, check_level(level), "Student's t, pooled variance, two-sided")


def sum_of_squares(x: Floats) -> float:
    """Sum of squares about the mean; what rounding leaves of equal values is 0."""
    total = float(np.sum((x - x.mean()) ** 2))
    return total if total > x.size * (TIE * float(np.abs(x).max())) ** 2 else 0.0


def _t_test(
    groups: tuple[Floats, Floats], se: float, df: float | None, level: float, method: str
) -> TTest:
    x, y = groups
    value, n = float(x.mean() - y.mean()), (x.size, y.size)
    if not se or df is None:
        why = "neither group varies: no error, no test"
        return TTest(value, None, level, 0.0, None, None, None, n, method, (why,))
    half = float(stdtrit(df, (1 + level) / 2)) * se
    p = 2 * float(stdtr(df, -abs(value) / se))
    ci = (value - half, value + half)
    return TTest(value, ci, level, se, value / se, float(df), p, n, method)
