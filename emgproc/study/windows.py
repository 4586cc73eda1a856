"""Visits of each infant against their windows: due, from, to, and what took place."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from emgproc.study.dates import Period
from emgproc.study.model import SESSION_OF_VISIT, VISIT_OF_SESSION, Study
from emgproc.study.rows import Participant, Visit

if TYPE_CHECKING:
    from emgproc.study.protocol import VisitPlan

WindowStatus = Literal[
    "in window", "early", "late", "missed", "not recorded", "no window", "died before"
]


@dataclass(frozen=True, slots=True)
class WindowRow:
    """One planned visit of one infant; days are study days, the index date being day 1.

    Attributes
    ----------
    participant_id, arm, session_id, visit_id
        Which visit of whom.
    dose_no
        The dose after which it comes, for a visit planned after each dose (`per_dose`); else
        None. There is one row for each dose given.
    due, first, last
        Planned day and the window around it, both ends included; None without an anchor (a
        treated infant who had no dose).
    due_day, first_day, last_day
        The same as study days.
    date, day
        When it took place; None where it did not, or that is not known.
    visit_status
        As in visits.tsv: `done`, `partial`, `missed`; empty without a row. For a visit after
        each dose it tells of the session as a whole.
    status
        `in window`, `early`, `late`; `missed`; `died before` the window ended and not seen; `not
        recorded` without a row; `no window` where it took place but has none.
    reason
        The reason that visits.tsv gives, or why there is no window; may be empty.
    """

    participant_id: str
    arm: str
    session_id: str
    visit_id: str
    dose_no: int | None
    due: date | None
    first: date | None
    last: date | None
    due_day: int | None
    first_day: int | None
    last_day: int | None
    date: date | None
    day: int | None
    visit_status: Literal["done", "missed", "partial", ""]
    status: WindowStatus
    reason: str


def windows_of(study: Study) -> tuple[WindowRow, ...]:
    """Window of every planned visit of every enrolled infant.

    Returns
    -------
    tuple of WindowRow
        In the order of participants.tsv, then of the protocol's visits. Controls have the same
        visits and windows, counted from their matched day (R07, C13).
    """
    return tuple(
        row
        for person in study.enrolled()
        for plan in study.protocol.visits
        for row in _rows(study, person, plan)
    )


def dose_before(study: Study, participant_id: str, session_id: str, day: date) -> int | None:
    """Number of the dose after which `day` comes, of a visit planned after each dose (C12).

    None outside the window after every dose, and for any other visit. Where two windows overlap
    the day comes after the later dose.
    """
    plan = study.protocol.visit(VISIT_OF_SESSION[session_id])
    if not plan.per_dose:
        return None
    before, after = plan.window
    offset = Period.parse(plan.offset)
    doses = dose_days(study, participant_id)
    within = [n for n, dose in doses.items() if before <= (day - offset.after(dose)).days <= after]
    return max(within, default=None)


@dataclass(frozen=True, slots=True)
class _Due:
    """A visit that is due: after which dose, when, and when it took place."""

    dose_no: int | None
    day: date | None
    seen: date | None


def _rows(study: Study, person: Participant, plan: "VisitPlan") -> Iterator[WindowRow]:
    who, session = person.participant_id, SESSION_OF_VISIT[plan.id]
    doses = dose_days(study, who) if plan.per_dose else {}
    for number, day in doses.items():
        due = Period.parse(plan.offset).after(day)
        yield _row(study, person, plan, _Due(number, due, _recorded(study, who, session, number)))
    if not doses:
        visit = study.visit(who, session)
        seen = None if visit is None or visit.status == "missed" else visit.date
        yield _row(study, person, plan, _Due(None, study.visit_due(who, session), seen))


def dose_days(study: Study, participant_id: str) -> dict[int, date]:
    """Day of each dose given; in an untreated arm the days on which they would have been."""
    if study.treated_of(participant_id):
        return {dose.dose_no: dose.given_at.date() for dose in study.doses(participant_id)}
    days = study.protocol.dose.nominal_days
    index = study.index_date(participant_id)
    return {number: index + timedelta(days=day - 1) for number, day in enumerate(days, start=1)}


def _recorded(study: Study, who: str, session: str, number: int) -> date | None:
    """Day of the first recording of that session within the window after a dose."""
    days = [
        row.start.date()
        for row in study.recordings
        if (row.participant_id, row.session_id) == (who, session) and row.start is not None
    ]
    within = [day for day in days if dose_before(study, who, session, day) == number]
    return min(within, default=None)


def _row(study: Study, person: Participant, plan: "VisitPlan", at: _Due) -> WindowRow:
    who, session = person.participant_id, SESSION_OF_VISIT[plan.id]
    visit, due, seen = study.visit(who, session), at.day, at.seen
    first = None if due is None else due + timedelta(days=plan.window[0])
    last = None if due is None else due + timedelta(days=plan.window[1])
    status = _status(person, visit, (first, last), seen)
    days = [None if day is None else study.study_day(who, day) for day in (due, first, last, seen)]
    stated = "" if visit is None else visit.reason
    return WindowRow(
        participant_id=who,
        arm=person.arm,
        session_id=session,
        visit_id=plan.id,
        dose_no=at.dose_no,
        due=due,
        first=first,
        last=last,
        due_day=days[0],
        first_day=days[1],
        last_day=days[2],
        date=seen,
        day=days[3],
        visit_status="" if visit is None else visit.status,
        status=status,
        reason=stated or ("no dose was given, from which it is counted" if due is None else ""),
    )


def _status(
    person: Participant,
    visit: Visit | None,
    window: tuple[date | None, date | None],
    seen: date | None,
) -> WindowStatus:
    first, last = window
    if seen is None:
        if person.death_date is not None and (last is None or person.death_date <= last):
            return "died before"
        return "not recorded" if visit is None or visit.status != "missed" else "missed"
    if first is None or last is None:
        return "no window"
    if first <= seen <= last:
        return "in window"
    return "early" if seen < first else "late"
