"""What a trial of given size can detect: power, detectable effect, attained size."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy.optimize import brentq
from scipy.special import stdtrit

from emgproc.errors import ParameterError
from emgproc.stats.noncentral_t import noncentral_t_cdf
from emgproc.stats.splits import Alternative, split_counts

ExactTest: TypeAlias = Literal["rank_sum", "mean"]


@dataclass(frozen=True, slots=True)
class Power:
    """Power `value` at a standardised `effect` (mean difference/SD, > 0: treated larger)."""

    value: float
    effect: float
    alpha: float
    n: tuple[int, int]
    method: str


@dataclass(frozen=True, slots=True)
class DetectableEffect:
    """Smallest standardised effect `value` found with probability `power`."""

    value: float
    power: float
    alpha: float
    n: tuple[int, int]
    method: str


@dataclass(frozen=True, slots=True)
class AttainedSize:
    """The largest size ≤ α an exact test has: `count` of `splits` are rejected, 0 if none can."""

    value: float
    alpha: float
    count: int
    splits: int
    n: tuple[int, int]
    method: str


def power_t(
    effect: float, n1: int, n2: int, *, alpha: float = 0.05, alternative: Alternative = "two-sided"
) -> Power:
    """Power of Student's t test of two groups of normal values with one SD.

    Two-sided: rejection on either side counts.

    Parameters
    ----------
    effect
        Mean difference treated − control over the SD.
    n1, n2
        Sizes of the groups, three or more in all, one or more in each.
    alpha
        Level in (0, 1).
    alternative
        "two-sided", "greater" or "less".

    Raises
    ------
    ParameterError
        Too few subjects, a level outside (0, 1), an effect that is not finite, or an unknown
        alternative.

    Examples
    --------
    >>> round(power_t(0.0, 5, 5).value, 10)
    0.05
    """
    df = _degrees(n1, n2, alpha)
    if not math.isfinite(effect):
        raise ParameterError(f"effect must be finite, got {effect!r}")
    if alternative not in ("two-sided", "greater", "less"):
        raise ParameterError(f"alternative is two-sided, greater or less, got {alternative!r}")
    nc = effect / math.sqrt(1 / n1 + 1 / n2)
    tail = alpha / 2 if alternative == "two-sided" else alpha
    limit = float(stdtrit(df, 1 - tail))
    value = 0.0
    if alternative != "less":
        value += noncentral_t_cdf(-limit, df, -nc)
    if alternative != "greater":
        value += noncentral_t_cdf(-limit, df, nc)
    return Power(value, effect, alpha, (n1, n2), f"Student's t, noncentral t, {alternative}")


def minimal_detectable_effect(
    n1: int,
    n2: int,
    power: float = 0.8,
    alpha: float = 0.05,
    alternative: Alternative = "two-sided",
) -> DetectableEffect:
    """Smallest effect, in SDs, that Student's t test finds with the given power.

    For ln data, exp(value·SD) is the ratio.

    Parameters
    ----------
    n1, n2
        Sizes, as `power_t`.
    power
        In (`alpha`, 1).
    alpha, alternative
        As `power_t`; "less" gives the same effect below 0.

    Raises
    ------
    ParameterError
        As `power_t`, or a power outside (`alpha`, 1).

    Examples
    --------
    >>> round(minimal_detectable_effect(5, 5).value, 6)
    2.024439
    """
    if not alpha < power < 1:
        raise ParameterError(f"power lies between alpha = {alpha:g} and 1, got {power!r}")

    def missing(effect: float) -> float:
        return power_t(effect, n1, n2, alpha=alpha, alternative=alternative).value - power

    reach = -1.0 if alternative == "less" else 1.0
    while missing(reach) < 0:
        reach *= 2
    value = float(brentq(missing, 0.0, reach, xtol=1e-13))
    method = f"Student's t, noncentral t, {alternative}"
    return DetectableEffect(value, power, alpha, (n1, n2), method)


def attained_size(
    n1: int, n2: int, *, alpha: float = 0.05, test: ExactTest = "rank_sum"
) -> AttainedSize:
    """The two-sided size an exact test has at a nominal `alpha`, without ties.

    Parameters
    ----------
    n1, n2
        Sizes of the groups, one or more in each.
    alpha
        Nominal level in (0, 1).
    test
        "rank_sum" (Wilcoxon–Mann–Whitney) or "mean" (permutation of the mean difference, of which
        every split gives another value and, in equal groups, its mirror image the same size).

    Raises
    ------
    ParameterError
        An empty group, a level outside (0, 1), an unknown test, or more than 2**62 splits.

    Examples
    --------
    >>> attained_size(5, 5).count, attained_size(5, 5, test="mean").count
    (8, 12)
    """
    _check_sizes(n1, n2, alpha, at_least=2)
    splits = math.comb(n1 + n2, n1)
    allowed = math.floor(alpha * splits + 1e-9)
    if test == "mean":
        count = allowed - allowed % 2 if n1 == n2 else allowed
    elif test == "rank_sum":
        null = split_counts(np.arange(n1 + n2), n1)
        tails = np.cumsum([2 * c for c in null.counts])
        count = int(max(tails[tails <= allowed], default=0))
    else:
        raise ParameterError(f"test is rank_sum or mean, got {test!r}")
    method = f"exact two-sided {test}, no ties"
    return AttainedSize(count / splits, alpha, count, splits, (n1, n2), method)


def _check_sizes(n1: int, n2: int, alpha: float, *, at_least: int) -> None:
    if min(n1, n2) < 1 or n1 + n2 < at_least:
        raise ParameterError(
            f"groups of at least 1 and together {at_least} are needed, got {n1} and {n2}"
        )
    if not 0 < alpha < 1:
        raise ParameterError(f"alpha lies between 0 and 1, got {alpha!r}")


def _degrees(n1: int, n2: int, alpha: float) -> int:
    _check_sizes(n1, n2, alpha, at_least=3)
    return n1 + n2 - 2
