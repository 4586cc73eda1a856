"""The log-rank test of two groups: asymptotic, and exact over all allocations."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from emgproc.arrays import Bools, Floats
from emgproc.stats.splits import MAX_ENUMERATED, TIE, extreme_sums, split_sums
from emgproc.stats.survival import RiskTable, follow_up, risk_table


@dataclass(frozen=True, slots=True)
class LogRank:
    """Result of `log_rank`; `None` where it does not exist (see `notes`).

    Attributes
    ----------
    value, z, chi2, p
        O − E of the treated (below 0: fewer deaths than expected), its ratio to √V, z², and the
        asymptotic two-sided p.
    observed, expected, variance
        O, E and the hypergeometric V of the treated's deaths.
    p_exact, count, splits
        Exact p of |O − E|: `count` of `splits` allocations are at least as extreme.
    p_exact_studentised, count_studentised
        The same of χ² with V computed anew for each allocation.
    n
        Sizes (treated, control).
    """

    value: float
    observed: int
    expected: float
    variance: float
    z: float | None
    chi2: float | None
    p: float | None
    splits: int
    n: tuple[int, int]
    method: str
    notes: tuple[str, ...] = ()
    p_exact: float | None = None
    count: int | None = None
    p_exact_studentised: float | None = None
    count_studentised: int | None = None


def log_rank(
    time_t: ArrayLike, event_t: ArrayLike, time_c: ArrayLike, event_c: ArrayLike
) -> LogRank:
    """Log-rank test with the exact p over all C(n, n_t) allocations of the same follow-up.

    The exact p presumes that censoring does not depend on the arm. A death comes before a
    censoring of the same time; deaths of one time share the hypergeometric variance.

    Parameters
    ----------
    time_t, event_t
        Times and death flags of the treated, as `kaplan_meier`.
    time_c, event_c
        Those of the control.

    Raises
    ------
    ParameterError
        As `kaplan_meier`.

    References
    ----------
    Mantel 1966 (Cancer Chemother Rep 50:163); Heinze et al. 2003 (Biometrics 59:1151).

    Examples
    --------
    >>> result = log_rank([9.0, 8.0, 7.0], [1, 1, 1], [1.0, 2.0, 3.0], [1, 1, 1])
    >>> result.count, result.splits
    (2, 20)
    """
    first, second = follow_up(time_t, event_t, "time_t"), follow_up(time_c, event_c, "time_c")
    when, died = (np.concatenate(pair) for pair in zip(first, second, strict=True))
    m, n = first[0].size, second[0].size
    table = risk_table(when, died)
    in_risk = table.times[table.deaths > 0] <= when[:, None]  # subjects × times of death
    scores = _scores(when, died, table)
    value = float(scores[:m].sum())
    variance = float(_variance(in_risk[:m].sum(axis=0).astype(np.float64), table)[0])
    z = value / math.sqrt(variance) if variance > TIE else None
    splits = math.comb(m + n, m)
    result = LogRank(
        value=value,
        observed=int(first[1].sum()),
        expected=float(first[1].sum()) - value,
        variance=variance,
        z=z,
        chi2=None if z is None else z * z,
        p=None if z is None else 2 * float(ndtr(-abs(z))),
        splits=splits,
        n=(m, n),
        method="log-rank, exact permutation of |O − E| and of χ², asymptotic χ² beside it",
        notes=_notes(died, z, splits),
    )
    if not died.any() or splits > MAX_ENUMERATED:
        return result
    count, studentised = _exact(scores, in_risk, table, result)
    return replace(
        result,
        p_exact=count / splits,
        count=count,
        p_exact_studentised=studentised / splits,
        count_studentised=studentised,
    )


def _notes(died: Bools, z: float | None, splits: int) -> tuple[str, ...]:
    if not died.any():
        return ("no death: nothing to compare",)
    notes = () if z is not None else ("variance 0: no two arms at risk at any death, no χ²",)
    if splits > MAX_ENUMERATED:
        notes = (*notes, f"{splits} allocations exceed {MAX_ENUMERATED}: no exact p")
    return notes


def _scores(when: Floats, died: Bools, table: RiskTable) -> Floats:
    """Log-rank scores δ − Λ̂(t), Λ̂ of all subjects: their sum over an arm is its O − E."""
    hazard = np.cumsum(table.deaths / table.at_risk)
    return np.asarray(died - hazard[np.searchsorted(table.times, when)], dtype=np.float64)


def _variance(treated_at_risk: Iterable[Floats], table: RiskTable) -> Floats:
    """Σ d(n − d)/(n − 1)·n₁(n − n₁)/n² over the times of death, n₁ given time by time."""
    some = table.deaths > 0
    d, n = table.deaths[some], table.at_risk[some]
    weights = d * (n - d) / np.maximum(n - 1, 1) / n**2
    total = np.zeros(1)
    for weight, everyone, treated in zip(weights, n, treated_at_risk, strict=True):
        total = total + weight * treated * (everyone - treated)
    return total


def _exact(scores: Floats, in_risk: Bools, table: RiskTable, observed: LogRank) -> tuple[int, int]:
    """Allocations at least as extreme as the observed by |O − E| and by its χ²."""
    m = observed.n[0]
    sums = split_sums(scores, m)
    variance = _variance((split_sums(at.astype(np.float64), m) for at in in_risk.T), table)
    # No variance means that no death had both arms at risk, and then O = E.
    chi2 = np.where(variance > TIE, sums**2 / np.maximum(variance, TIE), 0.0)
    return (
        extreme_sums(sums, observed.value, "two-sided"),
        extreme_sums(chi2, observed.chi2 or 0.0, "greater"),
    )
