"""Death and a measured change in one order: joint rank, and wins against losses."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from emgproc.arrays import Bools, Floats, Ints, as_vector
from emgproc.errors import ParameterError
from emgproc.stats.mean_difference import check_level
from emgproc.stats.rank_sum import midranks, rank_sum_exact
from emgproc.stats.splits import TIE, NullCounts, extreme_count, split_counts


@dataclass(frozen=True, slots=True)
class JointRank:
    """Result of `joint_rank`.

    `value` is Σu of the treated; `u` and `ranks` stand in the order of the subjects; `p` is the
    exact permutation p of Σu, `p_ranks` the exact rank-sum p of the ranks of u, and `null` the
    distribution of Σu over all splits.
    """

    value: float
    p: float
    count: int
    p_ranks: float
    count_ranks: int
    splits: int
    n: tuple[int, int]
    u: tuple[int, ...]
    ranks: tuple[float, ...]
    mean_rank: tuple[float, float]
    method: str
    null: NullCounts


@dataclass(frozen=True, slots=True)
class WinStatistics:
    """Result of `win_statistics`; `None` where a ratio's denominator is 0 (see `notes`).

    `null` is the distribution of Σu = W − L over all splits.

    `z`, `p_asymptotic`, `se_ln_win_ratio` and `win_ratio_ci` are large-sample quantities, given
    for comparison with other programs: unreliable in arms as small as five.
    """

    value: float
    wins: int
    losses: int
    ties: int
    net_benefit: float
    win_ratio: float | None
    win_odds: float | None
    p: float
    count: int
    splits: int
    n: tuple[int, int]
    method: str
    null: NullCounts
    notes: tuple[str, ...] = ()
    score_sum: int = 0
    score_variance: float = 0.0
    z: float | None = None
    p_asymptotic: float | None = None
    se_ln_win_ratio: float | None = None
    win_ratio_ci: tuple[float, float] | None = None
    level_nominal: float = 0.95


@dataclass(frozen=True, slots=True)
class Subjects:
    """Subjects of a composite outcome, one value each.

    Attributes
    ----------
    treated
        True for the treated.
    time
        Time of death, or the last time the subject is known to be alive; any one unit.
    died
        True where `time` is a death.
    value
        The measured change; NaN where it is missing, not read where the subject died.
    """

    treated: Bools
    time: Floats
    died: Bools
    value: Floats


def subjects(treated: ArrayLike, time: ArrayLike, died: ArrayLike, value: ArrayLike) -> Subjects:
    """Check and gather the columns of a composite outcome.

    Raises
    ------
    ParameterError
        Lengths differ, a time is not finite, a value is infinite, or an arm is empty.
    """
    arm = as_vector(treated, "treated").astype(np.bool_)
    when, dead = as_vector(time, "time"), as_vector(died, "died").astype(np.bool_)
    change = as_vector(value, "value")
    if not arm.shape == when.shape == dead.shape == change.shape:
        raise ParameterError(
            f"columns differ in length: {arm.size}, {when.size}, {dead.size}, {change.size}"
        )
    if not np.isfinite(when).all() or np.isinf(change).any():
        raise ParameterError("every subject needs a finite time and no infinite value")
    if not 0 < arm.sum() < arm.size:
        raise ParameterError("each arm needs at least one subject")
    return Subjects(arm, when, dead, change)


def pair_scores(people: Subjects, *, margin: float = 0.0) -> Ints:
    """s[i, j] = 1 where i does better than j, −1 where worse, 0 where neither is known.

    Both died: the later death wins. One died: the other wins if known alive at that time, else 0.
    Neither died: the larger value wins if the difference exceeds `margin` and both are known.

    Raises
    ------
    ParameterError
        The margin is negative.
    """
    if not margin >= 0:
        raise ParameterError(f"margin must be ≥ 0, got {margin!r}")
    t, dead, v = people.time, people.died, people.value
    later = np.sign(np.subtract.outer(t, t)).astype(np.int64)
    difference = np.subtract.outer(v, v)
    known = ~np.isnan(difference)
    larger = np.where(known & (np.abs(difference) > margin + TIE), np.sign(difference), 0)
    one_alive = ~dead[:, None] & dead[None, :] & (t[:, None] >= t[None, :])
    scores = np.where(dead[:, None] & dead[None, :], later, 0)
    scores += one_alive.astype(np.int64) - one_alive.T.astype(np.int64)
    neither = ~dead[:, None] & ~dead[None, :]
    return np.asarray(np.where(neither, larger, scores), dtype=np.int64)


def joint_rank(people: Subjects, *, margin: float = 0.0) -> JointRank:
    """Exact joint-rank test: each subject's wins minus losses against all others (CAFS).

    Berry et al. 2013 (Amyotroph Lateral Scler Frontotemporal Degener 14:162). The stated statistic
    is Σu; the rank-sum p of the ranks of u stands beside it.

    Parameters
    ----------
    people
        From `subjects`.
    margin
        A difference of values no larger than this is a tie, ≥ 0.

    Raises
    ------
    ParameterError
        As `pair_scores`, or more than 2**62 splits.
    """
    u = pair_scores(people, margin=margin).sum(axis=1)
    arm = people.treated
    null = split_counts(u, int(arm.sum()))
    value = float(u[arm].sum())
    count = extreme_count(null, value, "two-sided")
    by_rank = rank_sum_exact(u[arm].astype(np.float64), u[~arm].astype(np.float64))
    ranks = midranks(u.astype(np.float64))
    return JointRank(
        value=value,
        p=count / null.splits,
        count=count,
        p_ranks=by_rank.p,
        count_ranks=by_rank.count,
        splits=null.splits,
        n=(int(arm.sum()), int((~arm).sum())),
        u=tuple(int(x) for x in u),
        ranks=tuple(ranks.tolist()),
        mean_rank=(float(ranks[arm].mean()), float(ranks[~arm].mean())),
        method=f"joint rank, exact permutation of Σu, margin {margin:g}",
        null=null,
    )


def win_statistics(people: Subjects, *, margin: float = 0.0, level: float = 0.95) -> WinStatistics:
    """Wins, losses and ties of every treated against every control subject.

    Net benefit (W − L)/mn, win odds (W + T/2)/(L + T/2), win ratio W/L; the exact p is that of Σu
    over all splits (within an arm wins and losses cancel, so Σu = W − L). Beside it stand the z of
    Finkelstein & Schoenfeld 1999 (Stat Med 18:1341) and the interval of the win ratio of Bebu &
    Lachin 2016 (Biostatistics 17:178), both of large samples.

    Parameters
    ----------
    people
        From `subjects`.
    margin
        As in `joint_rank`.
    level
        Nominal level of the asymptotic interval, in (0, 1).

    Raises
    ------
    ParameterError
        As `joint_rank`, or a level outside (0, 1).
    """
    arm = people.treated
    scores = pair_scores(people, margin=margin)[np.ix_(arm, ~arm)]
    wins, losses = int((scores > 0).sum()), int((scores < 0).sum())
    ties = scores.size - wins - losses
    joint = joint_rank(people, margin=margin)
    result = WinStatistics(
        value=(wins - losses) / scores.size,
        wins=wins,
        losses=losses,
        ties=ties,
        net_benefit=(wins - losses) / scores.size,
        win_ratio=wins / losses if losses else None,
        win_odds=(wins + ties / 2) / (losses + ties / 2) if losses or ties else None,
        p=joint.p,
        count=joint.count,
        splits=joint.splits,
        n=joint.n,
        method=f"win statistics, exact permutation of Σu, margin {margin:g}",
        null=joint.null,
        notes=_undefined(losses, ties),
        level_nominal=check_level(level),
    )
    return _with_asymptotics(result, scores, joint.u)


def _undefined(losses: int, ties: int) -> tuple[str, ...]:
    if losses:
        return ()
    if ties:
        return ("no loss: the win ratio has no finite value",)
    return ("no loss and no tie: win ratio and win odds have no finite value",)


def _with_asymptotics(result: WinStatistics, scores: Ints, u: tuple[int, ...]) -> WinStatistics:
    m, n = result.n
    variance = m * n / ((m + n) * (m + n - 1)) * float(sum(x * x for x in u))
    z = (result.wins - result.losses) / math.sqrt(variance) if variance else None
    se = _se_ln_win_ratio(scores) if result.wins and result.losses else None
    half = float(ndtri((1 + result.level_nominal) / 2)) * (se or 0.0)
    ratio = result.win_ratio or 0.0
    return replace(
        result,
        score_sum=result.wins - result.losses,
        score_variance=variance,
        z=z,
        p_asymptotic=None if z is None else 2 * float(ndtr(-abs(z))),
        se_ln_win_ratio=se,
        win_ratio_ci=(ratio * math.exp(-half), ratio * math.exp(half)) if se else None,
    )


def _se_ln_win_ratio(scores: Ints) -> float | None:
    """Error of ln(W/L) from the spread of each subject's own share of wins and of losses.

    Each arm contributes Var(wᵢ/W̄ − lᵢ/L̄)/size, with size − 1 in the variance.
    """
    if min(scores.shape) < 2:
        return None
    wins, losses = scores > 0, scores < 0
    total = 0.0
    for axis in (1, 0):
        own = wins.mean(axis=axis) / wins.mean() - losses.mean(axis=axis) / losses.mean()
        total += float(own.var(ddof=1)) / own.size
    return math.sqrt(total)
