"""Secondary outcome 4, longevity: time from the index date to death, or to ventilation."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TypeAlias

from emgproc.outcome.events import death_date, ventilated_since
from emgproc.outcome.proportions import no_proportion, proportion
from emgproc.outcome.secondary_model import (
    FollowUp,
    Longevity,
    Proportion,
    SurvivalCurve,
    SurvivalEndpoint,
)
from emgproc.stats import (
    kaplan_meier,
    log_rank,
    restricted_mean,
    restricted_mean_difference,
    reverse_kaplan_meier,
)
from emgproc.study.dates import Period
from emgproc.study.model import Study

FirstDay: TypeAlias = Callable[[Study, str], date | None]

NO_COX = (
    "No proportional hazards model is fitted: with so few events the groups separate, and its "
    "estimate is then infinite."
)
ORIGIN = (
    "Survival counts from the index date in both arms: counting from the last dose would give the "
    "treated the time they had to live to receive it. The registry's “after the final "
    "intervention” is shown as the landmark of that day only."
)


def longevity(study: Study) -> Longevity:
    """Time to death, and to death or permanent ventilation, of every enrolled infant.

    Follow-up ends at the event, at the last contact, or at the data cut-off, whichever is first.
    The interval of the curve is log-log (Kalbfleisch & Prentice 2002), the test the exact log-rank
    over all allocations; both are descriptive.
    """
    name = "death or permanent ventilation"
    endpoints = (
        _endpoint(study, "death", "death of any cause", death_date),
        _endpoint(study, "death_or_ventilation", name, _death_or_ventilation),
    )
    return Longevity(endpoints, _landmarks(study), (ORIGIN, NO_COX))


def _death_or_ventilation(study: Study, participant_id: str) -> date | None:
    days = (death_date(study, participant_id), ventilated_since(study, participant_id))
    return min((day for day in days if day is not None), default=None)


def follow_up(study: Study, first_day: FirstDay) -> tuple[FollowUp, ...]:
    """Days from the index date to the event or to the end of observation, by participant."""
    rows = []
    for person in sorted(study.enrolled(), key=lambda p: p.participant_id):
        name = person.participant_id
        happened = first_day(study, name)
        last = min(person.last_contact_date, study.protocol.study.data_cutoff)
        end = last if happened is None else happened
        rows.append(
            FollowUp(
                participant_id=name,
                arm=person.arm,
                treated=study.treated_of(name),
                days=(end - person.index_date).days,
                event=happened is not None,
                what="event" if happened is not None else "alive at the last contact",
            )
        )
    return tuple(rows)


def _endpoint(study: Study, endpoint_id: str, name: str, first_day: FirstDay) -> SurvivalEndpoint:
    rows = follow_up(study, first_day)
    groups = [[r for r in rows if r.treated is treated] for treated in (True, False)]
    early = sorted(r.participant_id for r in rows if r.days < 0)
    why = ""
    if early:
        why = f"the event or last contact lies before the index date: {', '.join(early)}"
    elif not all(groups):
        why = f"no {'control' if groups[0] else 'treated'} infant"
    elif not any(r.event for r in rows):
        why = "nobody had the event: there is nothing to compare"
    tau = float(min(max(r.days for r in group) for group in groups)) if all(groups) else None
    arms = [] if early else [arm.id for arm in study.protocol.design.arms]
    curves = tuple(_curve(arm, [r for r in rows if r.arm == arm], tau) for arm in arms)
    plain = SurvivalEndpoint(endpoint_id, name, rows, curves, estimable=False, reason=why)
    return plain if why else _compared(plain, groups, tau or 0.0)


def _compared(
    plain: SurvivalEndpoint, groups: Sequence[Sequence[FollowUp]], tau: float
) -> SurvivalEndpoint:
    """The exact log-rank test, and the restricted means up to the shorter arm's last day."""
    (treated, died_t), (control, died_c) = (_times(group) for group in groups)
    test = log_rank(treated, died_t, control, died_c)
    notes, difference, interval = list(test.notes), None, None
    if tau > 0:
        shift = restricted_mean_difference(treated, died_t, control, died_c, tau)
        difference, interval = shift.value, shift.ci
        notes += shift.notes
    return replace(
        plain,
        estimable=True,
        tau_days=tau,
        restricted_difference_days=difference,
        restricted_ci_days=interval,
        p_nominal=test.p_exact,
        count=test.count,
        splits=test.splits,
        note="; ".join(dict.fromkeys(notes)),
    )


def _times(group: Sequence[FollowUp]) -> tuple[list[float], list[float]]:
    return [float(r.days) for r in group], [float(r.event) for r in group]


def _curve(arm: str, rows: Sequence[FollowUp], tau: float | None) -> SurvivalCurve:
    if not rows:
        return SurvivalCurve(arm, 0, 0, (), (), (), (), (), (), None, None, None)
    times, events = _times(rows)
    curve = kaplan_meier(times, events)
    return SurvivalCurve(
        arm=arm,
        n=len(rows),
        n_events=sum(r.event for r in rows),
        times=curve.times,
        at_risk=curve.at_risk,
        survival=curve.survival,
        ci_low=curve.ci_low,
        ci_high=curve.ci_high,
        censored=tuple(sorted(float(r.days) for r in rows if not r.event)),
        median_days=curve.median,
        follow_up_median_days=reverse_kaplan_meier(times, events).median,
        restricted_mean_days=restricted_mean(times, events, tau).value if tau else None,
    )


def _landmarks(study: Study) -> tuple[Proportion, ...]:
    """Alive at the day of the last planned dose, and three months (the visit's offset) later."""
    day = study.protocol.dose.nominal_days[-1]
    plan = study.protocol.visit(study.protocol.primary.visit)
    rows = follow_up(study, death_date)
    found = []
    for arm in (a.id for a in study.protocol.design.arms):
        mine = [r for r in rows if r.arm == arm]
        at_dose = {r.participant_id: day - 1 for r in mine}
        later = {
            r.participant_id: _days_to(study, r.participant_id, day, plan.offset) for r in mine
        }
        name = f"alive at study day {day} (planned last dose)"
        found += [
            _alive(name, arm, mine, at_dose),
            _alive(f"alive {plan.offset} after study day {day}", arm, mine, later),
        ]
    return tuple(found)


def _days_to(study: Study, participant_id: str, day: int, offset: str) -> int:
    index = study.index_date(participant_id)
    return (Period.parse(offset).after(index + timedelta(days=day - 1)) - index).days


def _alive(name: str, arm: str, rows: Sequence[FollowUp], landmark: dict[str, int]) -> Proportion:
    lost = [r.participant_id for r in rows if not r.event and r.days < landmark[r.participant_id]]
    if lost:
        why = f"not known alive or dead on that day: {', '.join(lost)}"
        return no_proportion(name, arm, len(rows), why)
    alive = sum(not (r.event and r.days <= landmark[r.participant_id]) for r in rows)
    return proportion(name, arm, alive, len(rows))
