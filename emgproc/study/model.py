"""The study: its protocol and tables in memory, and what can be asked of them."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from emgproc.errors import ParameterError
from emgproc.study.dates import Period, study_day
from emgproc.study.rows import (
    ClinicalEvent,
    CsfSample,
    EventKind,
    Exposure,
    Measurement,
    Participant,
    Problem,
    RecordingRow,
    Visit,
)

if TYPE_CHECKING:
    from emgproc.study.protocol import Protocol, VisitPlan

__all__ = [
    "SESSIONS",
    "SESSION_OF_VISIT",
    "VISIT_OF_SESSION",
    "ClinicalEvent",
    "CsfSample",
    "Exposure",
    "Measurement",
    "Participant",
    "Problem",
    "RecordingRow",
    "RecordingTask",
    "Study",
    "Visit",
]

VISIT_OF_SESSION = {
    "ses-baseline": "EMG_BL",
    "ses-post": "EMG_POST",
    "ses-month3": "EMG_M3",
}
SESSIONS = tuple(VISIT_OF_SESSION)
SESSION_OF_VISIT = {visit: session for session, visit in VISIT_OF_SESSION.items()}


@dataclass(frozen=True, slots=True)
class RecordingTask:
    """One recording to process: its file and the rows (channels) the study uses of it."""

    recording_id: str
    participant_id: str
    session_id: str
    file: str
    modality: str
    task: str
    rows: tuple[RecordingRow, ...]

    @property
    def sha256(self) -> str:
        """The hash the study declares for the file; empty where it declares none."""
        return next((row.sha256 for row in self.rows if row.sha256), "")


@dataclass(frozen=True)
class Study:
    """A study folder, read and checked.

    Attributes
    ----------
    root
        The study folder.
    protocol
        `study.toml`.
    participants, visits, recordings, exposures, clinical_events, csf, measurements
        The tables, in the order of their files.
    problems
        Warnings, and problems that make one recording fail (severity `recording`); a study with
        an error is never built.
    """

    root: Path
    protocol: "Protocol"
    participants: tuple[Participant, ...]
    visits: tuple[Visit, ...]
    recordings: tuple[RecordingRow, ...]
    exposures: tuple[Exposure, ...] = ()
    clinical_events: tuple[ClinicalEvent, ...] = ()
    csf: tuple[CsfSample, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    problems: tuple[Problem, ...] = ()

    def warnings(self) -> tuple[Problem, ...]:
        """Return the problems that only ask for attention."""
        return tuple(p for p in self.problems if p.severity == "warning")

    def unusable_recordings(self) -> dict[str, Problem]:
        """Return, by recording_id, why its file cannot be used (missing, or another one)."""
        return {p.recording_id: p for p in self.problems if p.severity == "recording"}

    def participant(self, participant_id: str) -> Participant:
        """Return that participant; ParameterError where there is none."""
        for participant in self.participants:
            if participant.participant_id == participant_id:
                return participant
        raise ParameterError(f"the study has no participant {participant_id!r}")

    def enrolled(self) -> tuple[Participant, ...]:
        """Return the participants who are not screening failures."""
        return tuple(p for p in self.participants if p.enrolled)

    def arm_of(self, participant_id: str) -> str:
        """Return the id of the participant's arm."""
        return self.participant(participant_id).arm

    def treated_of(self, participant_id: str) -> bool:
        """Tell whether the participant's arm receives the product."""
        return self.protocol.arm(self.arm_of(participant_id)).treated

    def index_date(self, participant_id: str) -> date:
        """Return the time origin: the day of dose 1, or the control's matched day (C13)."""
        return self.participant(participant_id).index_date

    def study_day(self, participant_id: str, day: date) -> int:
        """Study day of `day`: the index date is day 1 and there is no day 0."""
        return study_day(self.index_date(participant_id), day)

    def death_date(self, participant_id: str) -> date | None:
        """Return the day of death; None while no death is known."""
        return self.participant(participant_id).death_date

    def death_day(self, participant_id: str) -> int | None:
        """Study day of death; None while no death is known."""
        died = self.death_date(participant_id)
        return None if died is None else self.study_day(participant_id, died)

    def doses(self, participant_id: str) -> tuple[Exposure, ...]:
        """Return the doses in which cells were given, by dose number."""
        given = [
            e for e in self.exposures if e.participant_id == participant_id and e.given_cells > 0
        ]
        return tuple(sorted(given, key=lambda e: e.dose_no))

    def first_dose(self, participant_id: str) -> date | None:
        """Return the day of the first dose given; None where none was."""
        return min((e.given_at.date() for e in self.doses(participant_id)), default=None)

    def last_dose(self, participant_id: str) -> date | None:
        """Return the day of the last dose given; None where none was."""
        return max((e.given_at.date() for e in self.doses(participant_id)), default=None)

    def visit(self, participant_id: str, session_id: str) -> Visit | None:
        """Return the row of visits.tsv; None where there is none."""
        for visit in self.visits:
            if visit.participant_id == participant_id and visit.session_id == session_id:
                return visit
        return None

    def visit_anchor(self, participant_id: str, session_id: str) -> date | None:
        """Day from which the visit is counted; None where a treated infant had no dose.

        A visit after the last dose is counted, in an arm without doses, from the study day the
        protocol names (C13), so that both arms are seen after equal time.
        """
        plan = self._plan(session_id)
        if plan.anchor == "index":
            return self.index_date(participant_id)
        if self.treated_of(participant_id):
            return self.last_dose(participant_id)
        return self.index_date(participant_id) + timedelta(days=plan.control_anchor_day - 1)

    def visit_due(self, participant_id: str, session_id: str) -> date | None:
        """Planned day of the visit (anchor plus calendar offset); None without an anchor."""
        anchor = self.visit_anchor(participant_id, session_id)
        offset = Period.parse(self._plan(session_id).offset)
        return None if anchor is None else offset.after(anchor)

    def visit_window(self, participant_id: str, session_id: str) -> tuple[date, date] | None:
        """First and last day (both included) of the visit's window; None without an anchor."""
        due = self.visit_due(participant_id, session_id)
        if due is None:
            return None
        before, after = self._plan(session_id).window
        return due + timedelta(days=before), due + timedelta(days=after)

    def outside_window(self, participant_id: str, session_id: str) -> bool | None:
        """Tell whether the visit fell outside its window; None where that cannot be told."""
        visit = self.visit(participant_id, session_id)
        window = self.visit_window(participant_id, session_id)
        if visit is None or visit.date is None or visit.status == "missed" or window is None:
            return None
        return not window[0] <= visit.date <= window[1]

    def events_of(self, participant_id: str, *kinds: EventKind) -> tuple[ClinicalEvent, ...]:
        """Return the participant's clinical events of these kinds (all where none is named)."""
        return tuple(
            e
            for e in self.clinical_events
            if e.participant_id == participant_id and (not kinds or e.kind in kinds)
        )

    def tasks(self) -> tuple[RecordingTask, ...]:
        """Recordings to process, in the order of their first row."""
        grouped: dict[str, list[RecordingRow]] = {}
        for row in self.recordings:
            grouped.setdefault(row.recording_id, []).append(row)
        return tuple(_task(rows) for rows in grouped.values())

    def path_of(self, task: RecordingTask) -> Path:
        """Return where the task's file lies."""
        return self.root / task.file

    def _plan(self, session_id: str) -> "VisitPlan":
        if session_id not in VISIT_OF_SESSION:
            known = ", ".join(SESSIONS)
            raise ParameterError(f"unknown session {session_id!r} (known: {known})")
        return self.protocol.visit(VISIT_OF_SESSION[session_id])


def _task(rows: list[RecordingRow]) -> RecordingTask:
    first = rows[0]
    return RecordingTask(
        recording_id=first.recording_id,
        participant_id=first.participant_id,
        session_id=first.session_id,
        file=first.file,
        modality=first.modality,
        task=first.task,
        rows=tuple(rows),
    )
