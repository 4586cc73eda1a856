"""The one comparison of two arms that the primary and its sensitivity analyses share."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from emgproc.outcome.change_model import ArmsCompared
from emgproc.outcome.model import ALL_INFANTS, MEASURED, SURVIVORS_ONLY, Effect, Wins
from emgproc.stats import (
    RankSum,
    hodges_lehmann,
    subjects,
    win_statistics,
    wmw_worst_rank,
)
from emgproc.stats.splits import MAX_COUNTED, NullCounts

NO_WIDTH = "no interval: the differences that would bound it are all tied"


@dataclass(frozen=True, slots=True)
class Entry:
    """One infant in a comparison: a change, or a day of death, or neither (missing).

    `before` is the baseline level that belongs to the change, ln units.
    """

    participant_id: str
    treated: bool
    change: float | None
    death_day: int | None
    before: float | None = None

    @property
    def counts(self) -> bool:
        """It enters the worst-rank test: with a change, or as dead."""
        return self.change is not None or self.death_day is not None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every comparison.

    `level` of the interval, `margin` of a win (ln units), `sign` +1 where a larger change is the
    benefit and −1 where a smaller one is.
    """

    level: float
    margin: float
    sign: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Exact worst-rank test over all infants, shift among survivors, wins over all infants."""

    test: RankSum
    effect: Effect | None
    wins: Wins
    wins_null: NullCounts
    n: tuple[int, int]
    deaths: tuple[int, int]


def why_not(entries: Iterable[Entry]) -> str:
    """Why these infants cannot be compared; empty where they can."""
    used = [e for e in entries if e.counts]
    treated = sum(e.treated for e in used)
    if not any(e.change is not None for e in used):
        return "no infant has a change at this visit"
    if not treated or treated == len(used):
        arm = "control" if treated else "treated"
        return f"no {arm} infant has a change or died before the visit"
    if math.comb(len(used), treated) > MAX_COUNTED:
        return f"{len(used)} infants have more than 2**62 splits: exact counting is not possible"
    return ""


def compare(entries: Iterable[Entry], question: Question) -> Comparison:
    """Compare treated and control infants; call `why_not` first.

    Infants that neither have a change nor died are left out. Deaths rank worst, earlier ones
    lower; the Hodges–Lehmann shift is that of the infants with a change.
    """
    everyone = list(entries)
    used = sorted((e for e in everyone if e.counts), key=lambda e: e.participant_id)
    # A death outranks a change that was measured before it: the composite takes it as dead.
    dead = [e.death_day is not None for e in used]
    days = [math.nan if e.death_day is None else float(e.death_day) for e in used]
    benefit = [_benefit(e, question.sign) for e in used]
    arm = [float(e.treated) for e in used]
    test = wmw_worst_rank(arm, benefit, days)
    # All who reached the visit outlived every death before it.
    horizon = max([d for d in days if not math.isnan(d)], default=0.0) + 1.0
    alive_until = [horizon if math.isnan(d) else d for d in days]
    wins = win_statistics(
        subjects(arm, alive_until, [float(d) for d in dead], benefit), margin=question.margin
    )
    deaths = [e.treated for e in used if e.death_day is not None]
    return Comparison(
        test=test,
        effect=survivors_effect(everyone, question.level),
        wins=Wins(
            wins=wins.wins,
            losses=wins.losses,
            ties=wins.ties,
            net_benefit=wins.net_benefit,
            win_odds=wins.win_odds,
            win_ratio=wins.win_ratio,
            p=wins.p,
            count=wins.count,
            splits=wins.splits,
            note="; ".join(wins.notes),
        ),
        wins_null=wins.null,
        n=test.n,
        deaths=(sum(deaths), len(deaths) - sum(deaths)),
    )


def compare_arms(entries: Sequence[Entry], question: Question) -> ArmsCompared:
    """Describe and compare the changes of both arms; those without one are left out."""
    treated, control = changes_of(entries)
    reason = why_not(entries)
    row = ArmsCompared(
        n_treated=len(treated),
        n_control=len(control),
        mean_treated_ln=math.fsum(treated) / len(treated) if treated else None,
        mean_control_ln=math.fsum(control) / len(control) if control else None,
        reason=reason,
    )
    if reason:
        return row
    found = compare(entries, question)
    row = replace(row, p_nominal=found.test.p, count=found.test.count, splits=found.test.splits)
    if found.effect is None:
        return row
    return replace(
        row,
        shift_ln=found.effect.estimate_ln,
        shift_ci_ln=found.effect.ci_ln,
        level_attained=found.effect.level_attained,
    )


def _benefit(entry: Entry, sign: int) -> float:
    return math.nan if entry.change is None or entry.death_day is not None else sign * entry.change


def changes_of(entries: Iterable[Entry]) -> tuple[list[float], list[float]]:
    """Changes of the treated and of the control infants who did not die before the visit."""
    alive = sorted((e for e in entries if e.death_day is None), key=lambda e: e.participant_id)
    treated = [e.change for e in alive if e.treated and e.change is not None]
    control = [e.change for e in alive if not e.treated and e.change is not None]
    return treated, control


def survivors_effect(entries: Sequence[Entry], level: float) -> Effect | None:
    """Hodges–Lehmann shift of the infants with a change; None where an arm has none."""
    treated, control = changes_of(entries)
    if not treated or not control:
        return None
    shift = hodges_lehmann(treated, control, level=level)
    # Ties, as of changes at the limit of detection, can leave an interval without width: it would
    # claim to know the shift exactly.
    tied = shift.ci[0] == shift.ci[1] and shift.level_attained > 0
    covers = shift.level_attained > 0 and not tied
    low, high = (float(np.exp(end)) for end in shift.ci)
    return Effect(
        method=shift.method,
        label=_over_whom(entries),
        estimate_ln=shift.value,
        ratio=math.exp(shift.value),
        ci_ln=shift.ci if covers else None,
        ci_ratio=(low, high) if covers else None,
        level_nominal=level,
        level_attained=shift.level_attained if covers else None,
        n_treated=len(treated),
        n_control=len(control),
        note="; ".join((*shift.notes, NO_WIDTH) if tied else shift.notes),
    )


def _over_whom(entries: Sequence[Entry]) -> str:
    if any(e.death_day is not None for e in entries):
        return SURVIVORS_ONLY
    return ALL_INFANTS if all(e.counts for e in entries) else MEASURED
