"""Two proportions in a 2 × 2 table: Fisher, mid-p, conditional odds ratio, Boschloo, Barnard."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Ints, as_signal
from emgproc.errors import ParameterError
from emgproc.stats.mean_difference import check_level
from emgproc.stats.unconditional import barnard, boschloo


@dataclass(frozen=True, slots=True)
class FisherExact:
    """Result of `fisher_exact`; `None` where a number is not finite (see `notes`).

    Attributes
    ----------
    value, ci
        Conditional maximum-likelihood odds ratio and its exact interval, whose upper end may be
        `None`: unbounded.
    p, p_greater, p_less
        Fisher's two-sided p (all tables no more probable than the observed), and one-sided.
    mid_p, mid_p_greater
        Central mid-p, twice the smaller one-sided mid-p, and the one-sided one.
    boschloo, barnard
        Unconditional p, the arms' sizes (rows) fixed: Boschloo's twice the smaller one-sided p,
        Barnard's two-sided of the pooled score statistic.
    n
        Row sums (treated, control).
    """

    value: float | None
    ci: tuple[float, float | None] | None
    level_nominal: float
    p: float
    p_greater: float
    p_less: float
    mid_p: float
    mid_p_greater: float
    boschloo: float
    barnard: float
    n: tuple[int, int]
    method: str
    notes: tuple[str, ...] = ()

    @property
    def odds_ratio(self) -> float | None:
        """The conditional odds ratio, `value`."""
        return self.value


def fisher_exact(table: ArrayLike, *, level: float = 0.95) -> FisherExact:
    """Exact tests of two proportions.

    The mid-p given is the central one, min(1, 2·min(one-sided mid-p)). Two-sided p less half the
    observed probability ("minlike" mid-p) is another number and not used.

    Parameters
    ----------
    table
        [[events, no events] of the treated, [events, no events] of the control].
    level
        Nominal level of the interval of the odds ratio, in (0, 1).

    Raises
    ------
    ParameterError
        Not 2 × 2 whole numbers ≥ 0, an arm without subjects, or a level outside (0, 1).

    References
    ----------
    Fisher 1935; Boschloo 1970 (Stat Neerl 24:1); Barnard 1947; Lancaster 1961 (JASA 56:223).

    Examples
    --------
    >>> result = fisher_exact([[5, 0], [0, 5]])
    >>> round(result.p, 6), round(result.mid_p, 6), result.value
    (0.007937, 0.003968, None)
    """
    from scipy.stats import fisher_exact as scipy_fisher
    from scipy.stats import hypergeom

    counts = _table(table)
    check_level(level)
    (a, b), (c, d) = counts.tolist()
    null = hypergeom(a + b + c + d, a + c, a + b)
    greater, less, point = float(null.sf(a - 1)), float(null.cdf(a)), float(null.pmf(a))
    one_outcome = not (a + c and b + d)
    ratio, ci, notes = _conditional(counts, level) if not one_outcome else (None, None, ())
    if one_outcome:
        notes = ("all subjects have the same outcome: no odds ratio, every p is 1",)
    return FisherExact(
        value=ratio,
        ci=ci,
        level_nominal=level,
        p=float(scipy_fisher(counts).pvalue),
        p_greater=min(1.0, greater),
        p_less=min(1.0, less),
        mid_p=min(1.0, 2 * (min(greater, less) - point / 2)),
        mid_p_greater=greater - point / 2,
        boschloo=1.0 if one_outcome else boschloo(a, c, (a + b, c + d)),
        barnard=1.0 if one_outcome else barnard(a, c, (a + b, c + d)),
        n=(a + b, c + d),
        method="Fisher exact, central mid-p, conditional odds ratio, Boschloo, Barnard",
        notes=notes,
    )


def _table(table: ArrayLike) -> Ints:
    x = as_signal(table, "table")
    if x.shape != (2, 2):
        raise ParameterError(f"table must be 2 × 2, got shape {x.shape}")
    if not np.isfinite(x).all() or (x < 0).any() or (x != np.rint(x)).any():
        raise ParameterError(f"table must hold whole numbers ≥ 0, got {x.tolist()}")
    if not x.sum(axis=1).all():
        raise ParameterError(f"each arm (row) needs at least one subject, got {x.tolist()}")
    return np.asarray(np.rint(x), dtype=np.int64)


def _conditional(
    counts: Ints, level: float
) -> tuple[float | None, tuple[float, float | None], tuple[str, ...]]:
    from scipy.stats.contingency import odds_ratio

    found = odds_ratio(counts, kind="conditional")
    low, high = found.confidence_interval(level)
    upper = float(high) if np.isfinite(high) else None
    value = float(found.statistic) if np.isfinite(found.statistic) else None
    notes = () if upper is not None else ("the odds ratio has no finite upper limit",)
    if value is None:
        notes = ("the odds ratio has no finite value, only a lower limit",)
    return value, (float(low), upper), notes
