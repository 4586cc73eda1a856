"""The Behrens–Fisher posterior of a difference of means."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

from emgproc.arrays import Floats
from emgproc.stats.mean_difference import check_level
from emgproc.stats.splits import finite_vector
from emgproc.stats.welch import sum_of_squares

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)


@dataclass(frozen=True, slots=True)
class BehrensFisher:
    """Result of `behrens_fisher`; `None` where a group does not vary (see `notes`).

    `value` is the posterior median, the mean difference; `ci` the central credible interval at
    `level_nominal`; `probability` that of a difference above 0.
    """

    value: float
    ci: tuple[float, float] | None
    level_nominal: float
    probability: float | None
    n: tuple[int, int]
    method: str
    notes: tuple[str, ...] = ()


def behrens_fisher(
    treated: ArrayLike, control: ArrayLike, *, level: float = 0.95
) -> BehrensFisher:
    """Posterior of the mean difference under the reference prior 1/(σ₁²σ₂²) of each group.

    Each mean is a t variable with n − 1 degrees of freedom, the two are independent. A plug-in
    normal, which takes the SDs as known, is far too sure: 0.9987 in place of 0.982 at 5 v 5.

    Parameters
    ----------
    treated, control
        Values of the two groups, finite, two or more in each.
    level
        Level of the credible interval, in (0, 1).

    Raises
    ------
    ParameterError
        Too few values, a value is not finite, or the level is outside (0, 1).

    References
    ----------
    Box & Tiao, Bayesian Inference in Statistical Analysis (1973), section 2.5.
    """
    x, y = (
        finite_vector(treated, "treated", at_least=2),
        finite_vector(control, "control", at_least=2),
    )
    check_level(level)
    value, n = float(x.mean() - y.mean()), (x.size, y.size)
    errors = tuple(math.sqrt(sum_of_squares(v) / (v.size - 1) / v.size) for v in (x, y))
    method = "Behrens–Fisher posterior, independent reference priors, quadrature"
    if not all(errors):
        why = "a group does not vary: its posterior has no width"
        return BehrensFisher(value, None, level, None, n, method, (why,))
    law = _Difference(errors[0], errors[1], x.size - 1, y.size - 1)
    half = law.quantile((1 + level) / 2)
    return BehrensFisher(
        value=value,
        ci=(value - half, value + half),  # the posterior is symmetric about its median
        level_nominal=level,
        probability=law.cdf(value),
        n=n,
        method=method,
    )


@dataclass(frozen=True, slots=True)
class _Difference:
    """Law of a·T₁ − b·T₂, independent t variables with `df_a` and `df_b` degrees of freedom."""

    a: float
    b: float
    df_a: int
    df_b: int

    def cdf(self, d: float) -> float:
        """P(a·T₁ − b·T₂ ≤ d): the narrower law inside, over the probabilities of the wider."""
        if self.a > self.b:  # T is symmetric: the two may change places
            return _Difference(self.b, self.a, self.df_b, self.df_a).cdf(d)
        # u = sin²: the quantiles' poles at 0 and 1 are stretched until nothing is left of them.
        angle = (1 + _NODES) * math.pi / 4
        outer: Floats = stdtrit(self.df_b, np.sin(angle) ** 2)
        inside = stdtr(self.df_a, (d + self.b * outer) / self.a)
        return float(_WEIGHTS @ (inside * np.sin(2 * angle))) * math.pi / 4

    def quantile(self, q: float) -> float:
        """The d with P(a·T₁ − b·T₂ ≤ d) = q, q > 1/2."""
        reach = self.a + self.b
        while self.cdf(reach) < q:
            reach *= 2
        return float(brentq(lambda d: self.cdf(d) - q, 0.0, reach, xtol=1e-14 * reach))
