"""Checks of dates across tables: windows, cut-off, death, ethics approval, order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from emgproc.study.columns import (
    CLINICAL_EVENTS,
    CSF,
    EXPOSURES,
    PARTICIPANTS,
    RECORDINGS,
    VISITS,
)
from emgproc.study.model import VISIT_OF_SESSION, Study
from emgproc.study.registry import gregorian
from emgproc.study.rows import Problem
from emgproc.study.windows import dose_before


@dataclass(frozen=True, slots=True)
class Dated:
    """A dated cell: who, when, where it stands, and what it is."""

    participant_id: str
    day: date
    file: str
    row: int
    column: str
    what: str

    def problem(self, code: str, message: str) -> Problem:
        """Return a problem of this cell."""
        return Problem(self.file, self.row, self.column, code, message, value=str(self.day))


def check_dates(study: Study) -> Iterator[Problem]:
    """Yield dates that cannot be, or are not as planned."""
    procedures = list(_procedures(study))
    happenings = [*procedures, *_events(study)]
    yield from _after_death(study, happenings)
    yield from _after_cutoff(study, [*happenings, *_personal(study)])
    yield from _before_ethics(study, procedures)
    yield from _ended_before_start(study)
    yield from _windows(study)
    yield from _other_day(study)


def _procedures(study: Study) -> Iterator[Dated]:
    for row in study.recordings:
        if row.start is not None:
            day = row.start.date()
            yield Dated(row.participant_id, day, RECORDINGS, row.row, "start", "recording")
    for visit in study.visits:
        if visit.date is not None and visit.status != "missed":
            yield Dated(visit.participant_id, visit.date, VISITS, visit.row, "date", "visit")
    for dose in study.exposures:
        day = dose.given_at.date()
        yield Dated(dose.participant_id, day, EXPOSURES, dose.row, "datetime", "dose")
    for sample in study.csf:
        yield Dated(sample.participant_id, sample.date, CSF, sample.row, "date", "sample")


def _events(study: Study) -> Iterator[Dated]:
    for event in study.clinical_events:
        who, row = event.participant_id, event.row
        yield Dated(who, event.start, CLINICAL_EVENTS, row, "start", "event")
        if event.end is not None:
            yield Dated(who, event.end, CLINICAL_EVENTS, row, "end", "end of event")


def _personal(study: Study) -> Iterator[Dated]:
    columns = (
        "consent_date",
        "index_date",
        "genetic_date",
        "death_date",
        "last_contact_date",
        "withdrawn_date",
    )
    for person in study.participants:
        for column in columns:
            day: date | None = getattr(person, column)
            if day is not None:
                yield Dated(person.participant_id, day, PARTICIPANTS, person.row, column, column)


def _after_death(study: Study, happenings: list[Dated]) -> Iterator[Problem]:
    for dated in happenings:
        died = study.death_date(dated.participant_id)
        # An adverse event's record may be closed after death, but nothing begins after it.
        if died is not None and dated.day > died and dated.column != "end":
            yield dated.problem("E021", f"{dated.what} on {dated.day} after death {died}")


def _after_cutoff(study: Study, everything: list[Dated]) -> Iterator[Problem]:
    cutoff = study.protocol.study.data_cutoff
    for dated in everything:
        if dated.day > cutoff:
            yield dated.problem("E022", f"{dated.what} after data_cutoff {cutoff}")


def _before_ethics(study: Study, procedures: list[Dated]) -> Iterator[Problem]:
    approved = gregorian(study.protocol.registry.ethics.approved)
    if approved is None:
        return
    first: dict[str, Dated] = {}
    for dated in procedures:
        known = first.setdefault(dated.participant_id, dated)
        if dated.day < known.day:
            first[dated.participant_id] = dated
    for dated in first.values():
        if dated.day < approved:
            what = f"{dated.participant_id}: first procedure before the ethics approval {approved}"
            yield dated.problem("E023", what)


def _ended_before_start(study: Study) -> Iterator[Problem]:
    for event in study.clinical_events:
        if event.end is not None and event.end < event.start:
            what = f"the event ends before it starts on {event.start}"
            yield Problem(CLINICAL_EVENTS, event.row, "end", "E020", what, value=str(event.end))


def _windows(study: Study) -> Iterator[Problem]:
    planned = {visit.id for visit in study.protocol.visits}
    for visit in study.visits:
        who, session = visit.participant_id, visit.session_id
        if VISIT_OF_SESSION[session] not in planned:
            what = f"study.toml plans no visit {VISIT_OF_SESSION[session]}"
            yield Problem(VISITS, visit.row, "session_id", "E013", what, value=session)
            continue
        window = study.visit_window(who, session)
        if not study.outside_window(who, session) or window is None or visit.date is None:
            continue
        if dose_before(study, who, session, visit.date) is not None:
            continue
        day, first, last = (study.study_day(who, d) for d in (visit.date, *window))
        what = f"{VISIT_OF_SESSION[session]} of {who} at day {day}, window {first}–{last}"
        yield Problem(VISITS, visit.row, "date", "W101", what, "warning", str(visit.date))


def _other_day(study: Study) -> Iterator[Problem]:
    for task in study.tasks():
        row = task.rows[0]
        visit = study.visit(task.participant_id, task.session_id)
        if row.start is None or visit is None or visit.date is None:
            continue
        who, session, day = task.participant_id, task.session_id, row.start.date()
        if day != visit.date and dose_before(study, who, session, day) is None:
            what = f"{task.recording_id} not on the day of its visit {visit.date}"
            yield Problem(RECORDINGS, row.row, "start", "W112", what, "warning", str(day))
