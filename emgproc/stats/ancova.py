"""Analysis of covariance of a final value on its baseline, with permutation p values."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from emgproc.arrays import Bools, Floats, as_vector
from emgproc.errors import ParameterError
from emgproc.stats.mean_difference import check_level
from emgproc.stats.splits import TIE, extreme_sums, finite_vector, split_sums


@dataclass(frozen=True, slots=True)
class Ancova:
    """Result of `ancova`; `None` where the fit leaves no error (see `notes`).

    `value` is the effect of treatment at equal baseline in the values' unit, `slope` that of the
    baseline; `se_hc3` is the heteroscedasticity-consistent error of `value`.
    """

    value: float
    ci: tuple[float, float] | None
    level_nominal: float
    se: float
    se_hc3: float | None
    t: float | None
    df: int
    p: float | None
    slope: float
    intercept: float
    n: tuple[int, int]
    method: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AncovaPermutation:
    """Permutation p of the treatment effect `value`: `count` of `splits` are as extreme."""

    value: float
    p: float
    count: int
    splits: int
    n: tuple[int, int]
    method: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Design:
    """Columns of the analysis, checked and centred where that costs nothing.

    Attributes
    ----------
    after, before, arm
        The final values, the baselines, and 1 for the treated.
    residuals
        `after` without its regression on the baseline.
    direction
        The baseline, centred, of unit length.
    """

    after: Floats
    before: Floats
    arm: Bools
    residuals: Floats
    direction: Floats

    @property
    def n(self) -> tuple[int, int]:
        """Sizes (treated, control)."""
        return int(self.arm.sum()), int((~self.arm).sum())

    def without_baseline(self, x: Floats) -> Floats:
        """What is left of `x` beside the constant and the baseline."""
        centred = x - x.mean()
        return np.asarray(centred - self.direction * (self.direction @ centred), np.float64)


def design(after: ArrayLike, before: ArrayLike, treated: ArrayLike) -> Design:
    """Check and gather the columns.

    Raises
    ------
    ParameterError
        Lengths differ, a value is not finite, an arm flag is not 0 or 1, an arm is empty, there
        are fewer than 4 subjects, the baseline does not vary, or it alone tells the arms apart.
    """
    y, x = finite_vector(after, "after", at_least=4), finite_vector(before, "before", at_least=4)
    flags = as_vector(treated, "treated")
    if not y.shape == x.shape == flags.shape:
        raise ParameterError(f"columns differ in length: {y.size}, {x.size}, {flags.size}")
    if not np.isin(flags, (0, 1)).all() or not 0 < flags.sum() < flags.size:
        raise ParameterError("treated is 1 or 0, with at least one subject in each arm")
    centred = x - x.mean()
    length = float(np.linalg.norm(centred))
    if length <= TIE * max(float(np.abs(x).max()), 1e-300) * math.sqrt(x.size):
        raise ParameterError("before does not vary: compare the changes without a covariate")
    gathered = Design(y, x, flags.astype(np.bool_), np.zeros(0), centred / length)
    if _squares(gathered.without_baseline(flags)) <= TIE:
        raise ParameterError("before takes one value in each arm: the arms cannot be told apart")
    residuals = gathered.without_baseline(y)
    return Design(y, x, gathered.arm, residuals, gathered.direction)


def ancova(
    after: ArrayLike, before: ArrayLike, treated: ArrayLike, *, level: float = 0.95
) -> Ancova:
    """Least squares of after on baseline and arm, with the HC3 error beside the usual one.

    With the change as outcome the effect of the arm is the same. MacKinnon & White 1985 (J Econom
    29:305) for HC3.

    Parameters
    ----------
    after, before
        Final and baseline value of each subject (ln for ratios), finite.
    treated
        1 for the treated, 0 for the control.
    level
        Nominal level in (0, 1).

    Raises
    ------
    ParameterError
        As `design`, or a level outside (0, 1).
    """
    data, n = design(after, before, treated), len(np.atleast_1d(np.asarray(after)))
    check_level(level)
    x = np.stack([np.ones(n), data.before, data.arm.astype(np.float64)], axis=1)
    inverse = np.linalg.inv(x.T @ x)
    beta = np.linalg.lstsq(x, data.after, rcond=None)[0]
    errors = data.after - x @ beta
    df = n - 3
    if _squares(errors) <= n * (TIE * float(np.abs(data.after).max())) ** 2:
        errors = np.zeros(n)
    se = math.sqrt(_squares(errors) / df * float(inverse[2, 2]))
    hc3 = _hc3(x, inverse, errors)
    t = float(beta[2]) / se if se else None
    half = float(stdtrit(df, (1 + level) / 2)) * se
    notes = () if se else ("the fit leaves no error: no test and no interval",)
    if hc3 is None:
        notes = (*notes, "a subject alone decides a coefficient (leverage 1): no HC3 error")
    return Ancova(
        value=float(beta[2]),
        ci=(float(beta[2]) - half, float(beta[2]) + half) if se else None,
        level_nominal=level,
        se=se,
        se_hc3=hc3,
        t=t,
        df=df,
        p=2 * float(stdtr(df, -abs(t))) if t is not None else None,
        slope=float(beta[1]),
        intercept=float(beta[0]),
        n=data.n,
        method="least squares, after ~ before + arm, HC3 beside",
        notes=notes,
    )


def ancova_label_permutation(
    after: ArrayLike, before: ArrayLike, treated: ArrayLike
) -> AncovaPermutation:
    """Exact p of |t| of the arm over all C(n, n_t) allocations, baselines staying in place.

    |t|, not |β|: the latter favours allocations that happen to follow the baseline (8/252 in the
    place of 4/252). An allocation that the baseline alone tells apart counts as extreme.

    Parameters
    ----------
    after, before, treated
        As `ancova`.

    Raises
    ------
    ParameterError
        As `design`, or more than 3 000 000 splits.
    """
    data = design(after, before, treated)
    m = data.n[0]
    shares = split_sums(np.full(data.after.size, m / data.after.size), m)
    along = split_sums(data.direction, m)
    arms = m - shares - along**2  # squared length of each allocation beside the baseline
    arm = data.arm.astype(np.float64)
    # t² grows with r² = (z'e)²/(z'Mz · e'e), e the residuals of the reduced model.
    explained = np.where(
        arms > TIE, split_sums(data.residuals, m) ** 2 / np.maximum(arms, TIE), np.inf
    )
    total = _squares(data.residuals) or 1.0
    own = float(arm @ data.residuals) ** 2 / _squares(data.without_baseline(arm))
    shares_of_total = np.minimum(explained / total, 2.0)
    count = extreme_sums(shares_of_total, own / total, "greater")
    return AncovaPermutation(
        value=ancova(data.after, data.before, data.arm).value,
        p=count / arms.size,
        count=count,
        splits=int(arms.size),
        n=data.n,
        method="ANCOVA, exact permutation of the arms by |t|, all splits",
    )


def ancova_residual_permutation(
    after: ArrayLike, before: ArrayLike, treated: ArrayLike
) -> AncovaPermutation:
    """Exact p of the mean difference of the residuals of after on baseline.

    Gail, Tan & Piantadosi 1988 (Biometrika 75:57). `value` is that difference, a little smaller
    than the effect of `ancova` where baselines differ.

    Parameters
    ----------
    after, before, treated
        As `ancova`.

    Raises
    ------
    ParameterError
        As `ancova_label_permutation`.
    """
    data = design(after, before, treated)
    (m, n), e = data.n, data.residuals
    means = split_sums(e, m) * (1 / m + 1 / n)
    value = float(e[data.arm].mean() - e[~data.arm].mean())
    count = extreme_sums(means, value, "two-sided")
    return AncovaPermutation(
        value=value,
        p=count / means.size,
        count=count,
        splits=int(means.size),
        n=data.n,
        method="residuals of after ~ before, exact permutation of their mean difference",
    )


def _squares(x: Floats) -> float:
    return float(x @ x)


def _hc3(x: Floats, inverse: Floats, errors: Floats) -> float | None:
    """√ of the third diagonal of (X'X)⁻¹ X' diag(e²/(1 − h)²) X (X'X)⁻¹."""
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    if (leverage > 1 - 1e-9).any():
        return None
    row = (x @ inverse[2]) * errors / (1 - leverage)
    return math.sqrt(_squares(row))
