"""A treatment effect adjusted for several covariates, with its exact label permutation."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from emgproc.arrays import Floats, as_vector
from emgproc.errors import ParameterError
from emgproc.stats.mean_difference import check_level
from emgproc.stats.splits import TIE, extreme_sums, finite_vector, split_sums


@dataclass(frozen=True, slots=True)
class AdjustedEffect:
    """Result of `adjusted_effect`; `None` where the fit leaves no error (see `notes`).

    `value` is the effect of treatment at equal covariates, `count` of `splits` allocations have
    an |t| at least as large, `fewest` is the smallest such count that any allocation would have.
    """

    value: float
    ci: tuple[float, float] | None
    level_nominal: float
    se: float
    t: float | None
    df: int
    p: float
    count: int
    splits: int
    n: tuple[int, int]
    method: str
    fewest: int
    notes: tuple[str, ...] = ()


def adjusted_effect(
    after: ArrayLike, covariates: ArrayLike, treated: ArrayLike, *, level: float = 0.95
) -> AdjustedEffect:
    """Least squares of `after` on the covariates and the arm; p by permutation of the labels.

    |t| of the arm over all C(n, n_t) allocations, covariates staying in place; an allocation that
    the covariates alone tell apart counts as extreme. With one covariate this is
    `ancova_label_permutation`.

    Parameters
    ----------
    after
        Final value of each subject, finite, shape (n,).
    covariates
        Shape (n, k), finite; each must vary and add something to those before it.
    treated
        1 for the treated, 0 for the control.
    level
        Nominal level of the interval, in (0, 1).

    Raises
    ------
    ParameterError
        Shapes differ, a value is not finite, an arm is empty, there are fewer than k + 3
        subjects, a covariate is constant or follows from the others, the covariates tell the arms
        apart, or there are more than 3 000 000 splits.
    """
    y, flags = finite_vector(after, "after"), as_vector(treated, "treated")
    directions = _directions(covariates, y.size)
    if flags.size != y.size or not np.isin(flags, (0, 1)).all() or not 0 < flags.sum() < y.size:
        raise ParameterError("treated is 1 or 0 for each subject, with one at least in each arm")
    check_level(level)
    df = y.size - directions.shape[1] - 1
    left, arm = _beside(directions, y), _beside(directions, flags)
    if float(arm @ arm) <= TIE:
        raise ParameterError("the covariates alone tell the arms apart")
    value = float(arm @ y / (arm @ arm))
    errors = _beside(directions, y - value * flags)
    se = math.sqrt(float(errors @ errors) / df / float(arm @ arm))
    scale = float(np.abs(y).max()) or 1.0
    exact_fit = float(errors @ errors) <= y.size * (TIE * scale) ** 2
    half = se * float(stdtrit(df, (1 + level) / 2))
    count, fewest, splits = _extreme(
        left, directions, int(flags.sum()), float(arm @ left), float(arm @ arm)
    )
    return AdjustedEffect(
        value=value,
        ci=None if exact_fit else (value - half, value + half),
        level_nominal=level,
        se=0.0 if exact_fit else se,
        t=None if exact_fit else value / se,
        df=df,
        p=count / splits,
        count=count,
        splits=splits,
        n=(int(flags.sum()), int(y.size - flags.sum())),
        method=f"least squares on {directions.shape[1] - 1} covariate(s) and arm, "
        "exact label permutation of |t|",
        fewest=fewest,
        notes=("the fit leaves no error",) if exact_fit else (),
    )


def _directions(covariates: ArrayLike, n: int) -> Floats:
    """Orthonormal columns that span the constant and the covariates."""
    x = np.asarray(covariates, np.float64)
    if x.ndim != 2 or x.shape[0] != n or not np.isfinite(x).all():
        raise ParameterError(f"covariates have shape ({n}, k) and are finite, got {x.shape}")
    if n < x.shape[1] + 3:
        raise ParameterError(f"{x.shape[1]} covariates need {x.shape[1] + 3} subjects, got {n}")
    spread = np.linalg.norm(x - x.mean(axis=0), axis=0)
    if (spread <= TIE * np.maximum(np.abs(x).max(axis=0), 1e-300) * math.sqrt(n)).any():
        raise ParameterError("a covariate does not vary")
    columns = np.column_stack([np.full(n, 1 / math.sqrt(n)), (x - x.mean(axis=0)) / spread])
    q, r = np.linalg.qr(columns)
    if (np.abs(np.diag(r)) <= 1e-9).any():
        raise ParameterError("a covariate follows from the others")
    return np.asarray(q, np.float64)


def _beside(directions: Floats, x: Floats) -> Floats:
    return np.asarray(x - directions @ (directions.T @ x), np.float64)


def _extreme(
    left: Floats, directions: Floats, m: int, along: float, length: float
) -> tuple[int, int, int]:
    """Allocations whose t² is at least the observed: t² grows with (z'e)²/(z'Mz · e'e).

    Then those whose t² is at least the largest of all, and all.
    """
    lengths = np.full(1, float(m)) - sum(split_sums(q, m) ** 2 for q in directions.T)
    told = lengths > TIE
    shares = np.where(told, split_sums(left, m) ** 2 / np.where(told, lengths, 1.0), np.inf)
    total = float(left @ left) or 1.0
    bounded = np.minimum(shares / total, 2.0)
    count = extreme_sums(bounded, along**2 / length / total, "greater")
    return count, extreme_sums(bounded, float(bounded.max()), "greater"), int(bounded.size)
