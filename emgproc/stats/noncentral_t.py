"""Noncentral t distribution, by quadrature: SciPy's is NaN at points these statistics need."""

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, gammainccinv, gammaincinv, gammaln, ndtr

from emgproc.arrays import Floats

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)
_FAR = 9.0  # normal tails beyond hold 1e-19
_TAIL = 1e-18


def noncentral_t_cdf(t: float, df: float, nc: float) -> float:
    """P(T ≤ t), T = (Z + nc)/S with S² = χ²/df.

    Integrated over S where Φ(tS − nc) is the smoother factor, over Z where the law of S is; both
    by 400 nodes (error below 2e-13 for df from 1 to 1000).

    Parameters
    ----------
    t, nc
        Any finite numbers.
    df
        Degrees of freedom, ≥ 1.

    Examples
    --------
    >>> round(noncentral_t_cdf(0.0, 8, 1.0), 10) == round(float(ndtr(-1.0)), 10)
    True
    """
    if t < 0:
        return 1 - noncentral_t_cdf(-t, df, -nc)
    if t <= math.sqrt(2 * df):
        s, width = _points(*(math.sqrt(2 * x / df) for x in _chi_range(df)))
        log_density = (
            math.log(2) + df / 2 * math.log(df / 2) - gammaln(df / 2)
            + (df - 1) * np.log(s) - df * s**2 / 2
        )  # fmt: skip
        return width * float(_WEIGHTS @ (np.exp(log_density) * ndtr(t * s - nc)))
    start = min(max(-_FAR, -nc), _FAR)  # below −nc every T is negative
    z, width = _points(start, _FAR)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    above = chdtrc(df, df * (np.maximum(z + nc, 0) / t) ** 2)
    return float(ndtr(start)) + width * float(_WEIGHTS @ (density * above))


def noncentral_t_quantile(q: float, df: float, nc: float) -> float:
    """The t with P(T ≤ t) = q, 0 < q < 1."""
    reach = 10.0 + abs(nc)
    while not noncentral_t_cdf(nc - reach, df, nc) < q < noncentral_t_cdf(nc + reach, df, nc):
        reach *= 2
    return float(
        brentq(
            lambda t: noncentral_t_cdf(t, df, nc) - q, nc - reach, nc + reach, xtol=1e-13 * reach
        )
    )


def noncentrality(q: float, df: float, t: float) -> float:
    """The nc with P(T ≤ t) = q, 0 < q < 1: the limits of an interval of nc."""
    reach = 10.0 + abs(t)
    while not noncentral_t_cdf(t, df, t + reach) < q < noncentral_t_cdf(t, df, t - reach):
        reach *= 2
    return float(
        brentq(
            lambda nc: noncentral_t_cdf(t, df, nc) - q, t - reach, t + reach, xtol=1e-13 * reach
        )
    )


def _chi_range(df: float) -> tuple[float, float]:
    return float(gammaincinv(df / 2, _TAIL)), float(gammainccinv(df / 2, _TAIL))


def _points(start: float, stop: float) -> tuple[Floats, float]:
    width = (stop - start) / 2
    return np.asarray((start + stop) / 2 + width * _NODES, dtype=np.float64), width
