"""Secondary outcome 1 after each dose, where the protocol plans a visit after each (C12)."""

from collections.abc import Sequence
from datetime import date, timedelta

from emgproc.outcome.change_model import AfterDose, DoseChange
from emgproc.outcome.comparison import Entry, Question, compare_arms
from emgproc.outcome.events import death_date
from emgproc.outcome.pairing import infant_change, pair_visits
from emgproc.outcome.sources import Chosen, Sources, not_seen
from emgproc.study.dates import Period
from emgproc.study.model import VISIT_OF_SESSION, Participant, Study
from emgproc.study.windows import dose_before, dose_days

NOT_GIVEN = "dose_not_given"
DIED = "died_before_visit"


def planned_per_dose(study: Study, session_id: str) -> bool:
    """Tell whether the protocol plans this visit after each dose."""
    visit_id = VISIT_OF_SESSION[session_id]
    return any(plan.id == visit_id and plan.per_dose for plan in study.protocol.visits)


def after_last_dose(study: Study, session_id: str) -> dict[str, Chosen]:
    """Recordings after each infant's last dose; empty where the visit is not planned per dose."""
    if not planned_per_dose(study, session_id):
        return {}
    return {
        p.participant_id: _chosen(
            study, p, session_id, max(dose_days(study, p.participant_id), default=0)
        )
        for p in study.enrolled()
    }


def dose_changes(
    study: Study, sources: Sources, session_id: str, baseline_id: str
) -> tuple[DoseChange, ...]:
    """Each infant's change from baseline to the visit after each dose, by the primary's formula.

    Ordered by dose, then participant. A dose that an infant was not given has its row and reason.
    """
    if not planned_per_dose(study, session_id):
        return ()
    people = sorted(study.enrolled(), key=lambda p: p.participant_id)
    rows = []
    for number in _numbers(study):
        chosen = {p.participant_id: _chosen(study, p, session_id, number) for p in people}
        pairs = pair_visits(study, sources, session_id, baseline_id, chosen)
        for person in people:
            who = person.participant_id
            mine = [pair for pair in pairs if pair.participant_id == who]
            change = infant_change(mine, study.protocol.primary.min_muscles)
            used = {pair.visit.recording_id for pair in mine if pair.evaluable}
            window = _window(study, who, session_id, number)
            first, last = (None if d is None else study.study_day(who, d) for d in window)
            rows.append(
                DoseChange(
                    participant_id=who,
                    arm=person.arm,
                    treated=study.treated_of(who),
                    dose_no=number,
                    first_day=first,
                    last_day=last,
                    day=_day(study, who, chosen[who]),
                    n_groups=len(change.groups),
                    change_ln=change.value,
                    recordings=tuple(sorted(used)),
                    reason=change.reason,
                )
            )
    return tuple(rows)


def after_doses(changes: Sequence[DoseChange], question: Question) -> tuple[AfterDose, ...]:
    """Compare the arms after each dose; descriptive, each p nominal."""
    numbers = dict.fromkeys(change.dose_no for change in changes)
    return tuple(_after(number, changes, question) for number in numbers)


def _after(number: int, changes: Sequence[DoseChange], question: Question) -> AfterDose:
    entries = [
        Entry(c.participant_id, c.treated, c.change_ln, None)
        for c in changes
        if c.dose_no == number
    ]
    return AfterDose(number, compare_arms(entries, question))


def _numbers(study: Study) -> list[int]:
    """Doses of the plan, and any given beyond it."""
    planned = range(1, len(study.protocol.dose.levels) + 1)
    given = {n for p in study.enrolled() for n in dose_days(study, p.participant_id)}
    return sorted({*planned, *given})


def _window(
    study: Study, participant_id: str, session_id: str, number: int
) -> tuple[date | None, date | None]:
    """First and last day of the window after a dose; None where that dose was not given."""
    dose = dose_days(study, participant_id).get(number)
    if dose is None:
        return None, None
    plan = study.protocol.visit(VISIT_OF_SESSION[session_id])
    due = Period.parse(plan.offset).after(dose)
    return due + timedelta(days=plan.window[0]), due + timedelta(days=plan.window[1])


def _chosen(study: Study, person: Participant, session_id: str, number: int) -> Chosen:
    """Recordings of the session that come after one dose of an infant, and why there is none."""
    who = person.participant_id
    recordings = frozenset(
        row.recording_id
        for row in study.recordings
        if (row.participant_id, row.session_id) == (who, session_id)
        and row.start is not None
        and dose_before(study, who, session_id, row.start.date()) == number
    )
    died, (_, last) = death_date(study, who), _window(study, who, session_id, number)
    if died is not None and (last is None or died <= last):
        return Chosen(recordings, DIED)
    return Chosen(recordings, NOT_GIVEN if last is None else not_seen(study, who, session_id))


def _day(study: Study, participant_id: str, chosen: Chosen) -> int | None:
    starts = [
        row.start.date()
        for row in study.recordings
        if row.recording_id in chosen.recordings and row.start is not None
    ]
    return study.study_day(participant_id, min(starts)) if starts else None
