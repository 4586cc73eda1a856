"""Deaths before the month-3 visit, and the intercurrent events each infant is flagged with."""

from datetime import date, timedelta

from emgproc.study.dates import Period
from emgproc.study.model import VISIT_OF_SESSION, Exposure, Study

LATE = "late_visit"
EARLY = "early_visit"
OTHER_THERAPY = "other_sma_therapy"
VENTILATION = "ventilation"
NOT_PER_PROTOCOL = "not_per_protocol"
DIED_LATER = "died_after_visit"
DIED_AFTER_WINDOW = "died_after_window"  # the visit itself did not take place


def death_date(study: Study, participant_id: str) -> date | None:
    """Day of death, from participants.tsv or an event of kind death, the earlier of the two."""
    days = [event.start for event in study.events_of(participant_id, "death")]
    stated = study.death_date(participant_id)
    return min([*days, stated] if stated is not None else days, default=None)


def seen_alive(study: Study, participant_id: str, session_id: str) -> date | None:
    """Day on which the visit took place; None where it did not."""
    visit = study.visit(participant_id, session_id)
    if visit is not None and visit.date is not None and visit.status != "missed":
        return visit.date
    starts = [
        row.start.date()
        for row in study.recordings
        if (row.participant_id, row.session_id) == (participant_id, session_id) and row.start
    ]
    return max(starts, default=None)


def death_before_visit(study: Study, participant_id: str, session_id: str) -> date | None:
    """Day of a death that came before the visit could be seen; None otherwise.

    A death after the visit took place does not enter. Where the visit did not take place, a death
    up to the last day of its window does; a later one leaves the visit missing, not worst.
    """
    died = death_date(study, participant_id)
    if died is None:
        return None
    seen = seen_alive(study, participant_id, session_id)
    if seen is not None:
        return died if died < seen else None
    return died if died <= _last_day(study, participant_id, session_id) else None


def _last_day(study: Study, participant_id: str, session_id: str) -> date:
    """Last day of the visit's window, or of its nominal window where that ends later.

    The nominal one, from the index date, is that of a control: a treated infant whose doses were
    broken off has an earlier window, and its death must not be missing where a control's counts.
    """
    window = study.visit_window(participant_id, session_id)
    plan = study.protocol.visit(VISIT_OF_SESSION[session_id])
    if window is not None and plan.anchor == "index":
        return window[1]
    nominal = study.index_date(participant_id) + timedelta(days=plan.control_anchor_day - 1)
    last = Period.parse(plan.offset).after(nominal) + timedelta(days=plan.window[1])
    return last if window is None else max(last, window[1])


def infant_flags(study: Study, participant_id: str, session_id: str) -> tuple[str, ...]:
    """Words for what happened on the way to the visit; none of them changes the primary."""
    flags = [*_window_flags(study, participant_id, session_id)]
    until = seen_alive(study, participant_id, session_id)
    until = until or _last_day(study, participant_id, session_id)
    if any(e.start <= until for e in study.events_of(participant_id, "other_sma_therapy")):
        flags.append(OTHER_THERAPY)
    if _ventilated(study, participant_id, until):
        flags.append(VENTILATION)
    if study.treated_of(participant_id):
        flags += dose_deviations(study, participant_id)
    died = death_date(study, participant_id)
    if died is not None and death_before_visit(study, participant_id, session_id) is None:
        seen = seen_alive(study, participant_id, session_id) is not None
        flags.append(DIED_LATER if seen else DIED_AFTER_WINDOW)
    return tuple(flags)


def _window_flags(study: Study, participant_id: str, session_id: str) -> list[str]:
    visit = study.visit(participant_id, session_id)
    window = study.visit_window(participant_id, session_id)
    if visit is None or visit.date is None or window is None:
        return []
    if visit.date > window[1]:
        return [LATE]
    return [EARLY] if visit.date < window[0] else []


def _ventilated(study: Study, participant_id: str, until: date) -> bool:
    since = ventilated_since(study, participant_id)
    return since is not None and since <= until


def ventilated_since(study: Study, participant_id: str) -> date | None:
    """First day of permanent ventilation; None where there was none.

    A tracheostomy, or ventilation of the protocol's hours a day for its number of days.
    """
    rule = study.protocol.ice.ventilation
    days = [event.start for event in study.events_of(participant_id, "tracheostomy")]
    last = study.participant(participant_id).last_contact_date
    for event in study.events_of(participant_id, "ventilation"):
        length = ((event.end or last) - event.start).days + 1
        # Hours that were not written down count: a flag too many hides nothing.
        hours = 24 if event.hours_per_day is None else event.hours_per_day
        if length >= rule.days and hours >= rule.hours_per_day:
            days.append(event.start)
    return min(days, default=None)


def dose_deviations(study: Study, participant_id: str) -> list[str]:
    """`not_per_protocol` and what deviated: doses missing, of another level, or off their day."""
    plan, doses = study.protocol.dose, study.doses(participant_id)
    found = []
    if len(doses) < len(plan.levels):
        found.append("doses_missing")
    if any(not _level_as_planned(study, dose) for dose in doses):
        found.append("dose_level")
    if any(not _day_as_planned(study, dose) for dose in doses):
        found.append("dose_day")
    return [NOT_PER_PROTOCOL, *found] if found else []


def _level_as_planned(study: Study, dose: Exposure) -> bool:
    plan = study.protocol.dose
    if not 1 <= dose.dose_no <= len(plan.levels):
        return False
    planned = plan.levels[dose.dose_no - 1]
    return abs(dose.given_cells - planned) <= plan.level_tolerance * planned


def _day_as_planned(study: Study, dose: Exposure) -> bool:
    plan = study.protocol.dose
    if not 1 <= dose.dose_no <= len(plan.nominal_days):
        return False
    day = study.study_day(dose.participant_id, dose.given_at.date())
    return abs(day - plan.nominal_days[dose.dose_no - 1]) <= plan.window_days
