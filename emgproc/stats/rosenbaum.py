"""Rosenbaum bounds: how strong a hidden bias would have to be to explain the result."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from emgproc.arrays import Ints
from emgproc.errors import ParameterError
from emgproc.stats.rank_sum import midranks
from emgproc.stats.splits import finite_vector, split_counts

MAX_GAMMA = 1e4


@dataclass(frozen=True, slots=True)
class RosenbaumBound:
    """Largest one-sided p, `value`, that a hidden bias of `gamma` allows."""

    value: float
    gamma: float
    n: tuple[int, int]
    method: str


@dataclass(frozen=True, slots=True)
class SensitivityGamma:
    """Largest Γ, `value`, up to which the one-sided p stays ≤ `alpha`; `None` see `notes`."""

    value: float | None
    alpha: float
    p_unbiased: float
    n: tuple[int, int]
    method: str
    notes: tuple[str, ...] = ()


def rosenbaum_bound(treated: ArrayLike, control: ArrayLike, gamma: float) -> RosenbaumBound:
    """Upper bound of the one-sided exact rank-sum p if odds of treatment differ up to `gamma`.

    P(z) ∝ Γ^{z·u} over all splits z; the bound is the largest tail over hidden u in {0, 1}ⁿ, which
    is 1 for the k largest values, for some k.

    Parameters
    ----------
    treated, control
        Values of the two groups, finite, larger is better (deaths: `worst_rank_scores`).
    gamma
        Γ, from 1 (no hidden bias) to 10 000.

    Raises
    ------
    ParameterError
        A group is empty, a value is not finite, Γ is out of range, or more than 2**62 splits.

    References
    ----------
    Rosenbaum, Observational Studies (2002), section 4.6; Rosenbaum & Krieger 1990 (JASA 85:493).

    Examples
    --------
    >>> round(rosenbaum_bound([6, 7, 8, 9, 10], [1, 2, 3, 4, 5], 2.0).value, 10)
    0.0190136661
    """
    tails = _tails(treated, control)
    value = _largest(tails, _checked(gamma))
    return RosenbaumBound(value, gamma, _sizes(treated, control), METHOD)


def separation_bound(n_treated: int, n_control: int, gamma: float) -> RosenbaumBound:
    """The bound where every treated is above every control: Γᵐ/Σ C(m, k)·C(n, m − k)·Γᵏ.

    No trial of these sizes can be less sensitive to hidden bias.

    Parameters
    ----------
    n_treated, n_control
        Sizes m and n, ≥ 1.
    gamma
        As `rosenbaum_bound`.

    Raises
    ------
    ParameterError
        A size below 1, or Γ out of range.
    """
    if min(n_treated, n_control) < 1:
        raise ParameterError(f"sizes must be ≥ 1, got {n_treated} and {n_control}")
    m, n, log_gamma = n_treated, n_control, math.log(_checked(gamma))
    total = math.fsum(
        math.comb(m, k) * math.comb(n, m - k) * math.exp((k - m) * log_gamma)
        for k in range(max(0, m - n), m + 1)
    )
    return RosenbaumBound(1 / total, gamma, (m, n), "Rosenbaum bound of complete separation")


def sensitivity_gamma(
    treated: ArrayLike, control: ArrayLike, *, alpha: float = 0.05
) -> SensitivityGamma:
    """Largest Γ at which the bound of the one-sided p is still ≤ `alpha`.

    Parameters
    ----------
    treated, control
        As `rosenbaum_bound`.
    alpha
        One-sided level in (0, 1); half of a two-sided one.

    Raises
    ------
    ParameterError
        As `rosenbaum_bound`, or a level outside (0, 1).
    """
    if not 0 < alpha < 1:
        raise ParameterError(f"alpha lies between 0 and 1, got {alpha!r}")
    tails, n = _tails(treated, control), _sizes(treated, control)
    unbiased = _largest(tails, 1.0)
    if unbiased > alpha * (1 + 1e-12):
        why = f"p = {unbiased:.4g} exceeds {alpha:g} without any hidden bias"
        return SensitivityGamma(None, alpha, unbiased, n, METHOD, (why,))
    if _largest(tails, MAX_GAMMA) <= alpha:
        why = f"p stays ≤ {alpha:g} up to Γ = {MAX_GAMMA:g}, the largest considered"
        return SensitivityGamma(None, alpha, unbiased, n, METHOD, (why,))
    if unbiased >= alpha:
        return SensitivityGamma(1.0, alpha, unbiased, n, METHOD)
    root = brentq(lambda g: _largest(tails, g) - alpha, 1.0, MAX_GAMMA, xtol=1e-13, rtol=1e-13)
    return SensitivityGamma(float(root), alpha, unbiased, n, METHOD)


METHOD = "Rosenbaum bound of the exact rank sum, one-sided, treated larger"


def _checked(gamma: float) -> float:
    if not 1 <= gamma <= MAX_GAMMA:
        raise ParameterError(f"gamma lies between 1 and {MAX_GAMMA:g}, got {gamma!r}")
    return float(gamma)


def _sizes(treated: ArrayLike, control: ArrayLike) -> tuple[int, int]:
    return np.asarray(treated).size, np.asarray(control).size


def _tails(treated: ArrayLike, control: ArrayLike) -> tuple[tuple[Ints, Ints], ...]:
    """For each k: splits, and those as extreme, by how many of the k largest are treated."""
    x, y = finite_vector(treated, "treated"), finite_vector(control, "control")
    doubled = np.rint(2 * midranks(np.concatenate([x, y]))).astype(np.int64)
    observed, ordered = int(doubled[: x.size].sum()), np.sort(doubled)[::-1]
    split_counts(ordered, x.size)  # refuses what is too large to count
    return tuple(_tail(ordered, k, x.size, observed) for k in range(1, ordered.size))


def _tail(ordered: Ints, k: int, m: int, observed: int) -> tuple[Ints, Ints]:
    everyone, extreme = np.zeros(m + 1, dtype=np.int64), np.zeros(m + 1, dtype=np.int64)
    for above in range(max(0, m - (ordered.size - k)), min(m, k) + 1):
        high, low = split_counts(ordered[:k], above), split_counts(ordered[k:], m - above)
        sums = np.add.outer(np.asarray(high.values), np.asarray(low.values))
        ways = np.multiply.outer(np.asarray(high.counts), np.asarray(low.counts))
        everyone[above] = ways.sum()
        extreme[above] = ways[sums >= observed].sum()
    return everyone, extreme


def _largest(tails: tuple[tuple[Ints, Ints], ...], gamma: float) -> float:
    def share(everyone: Ints, extreme: Ints) -> float:
        weights = np.exp((np.arange(everyone.size) - everyone.size) * math.log(gamma))
        return float(weights @ extreme) / float(weights @ everyone)

    return max(share(everyone, extreme) for everyone, extreme in tails)
