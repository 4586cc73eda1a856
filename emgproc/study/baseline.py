"""Which recording is an infant's baseline: the last acceptable one before treatment (R18)."""

from dataclasses import dataclass
from datetime import date, datetime

from emgproc.study.model import SESSION_OF_VISIT, RecordingTask, Study
from emgproc.study.rows import Participant


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """The baseline recording of one infant; `recording_id` is empty where there is none.

    `day` is its study day, None where it is not known. `reason` says why there is no baseline.
    """

    participant_id: str
    arm: str
    recording_id: str
    date: date | None
    day: int | None
    reason: str


def baseline_of(study: Study) -> tuple[BaselineRow, ...]:
    """Baseline of every enrolled infant.

    It is the last surface recording of the baseline session on or before dose 1 (control: on or
    before the index date) that no person failed, whose file is there and that is no repeat. What
    the automatic quality control says of it is not known here.

    Returns
    -------
    tuple of BaselineRow
        In the order of participants.tsv.
    """
    return tuple(_baseline(study, person) for person in study.enrolled())


def after_first_dose(study: Study, participant_id: str, start: datetime, *, timed: bool) -> bool:
    """Tell whether a recording began after dose 1, or after an untreated infant's index date.

    Days are compared where one of the two has no time of day (`timed`).
    """
    doses = study.doses(participant_id)
    if not doses:
        return start.date() > study.index_date(participant_id)
    first = min(doses, key=lambda dose: dose.given_at)
    if first.timed and timed:
        return start > first.given_at
    return start.date() > first.given_at.date()


def _baseline(study: Study, person: Participant) -> BaselineRow:
    who, session = person.participant_id, SESSION_OF_VISIT[study.protocol.primary.baseline]
    tasks = [
        task
        for task in study.tasks()
        if (task.participant_id, task.session_id, task.modality) == (who, session, "semg")
    ]
    refused = {task.recording_id: _refused(study, task) for task in tasks}
    chosen = [task for task in tasks if not refused[task.recording_id]]
    if not chosen:
        reasons = [f"{name}: {why}" for name, why in refused.items()]
        return BaselineRow(who, person.arm, "", None, None, "; ".join(reasons) or "not recorded")
    last = max(chosen, key=lambda task: (_start(task) or datetime.min, task.recording_id))
    start = _start(last)
    day = None if start is None else study.study_day(who, start.date())
    return BaselineRow(who, person.arm, last.recording_id, start and start.date(), day, "")


def _start(task: RecordingTask) -> datetime | None:
    return task.rows[0].start


def _refused(study: Study, task: RecordingTask) -> str:
    start, first = _start(task), task.rows[0]
    if start is not None and after_first_dose(
        study, task.participant_id, start, timed=first.timed
    ):
        return "after dose 1" if study.treated_of(task.participant_id) else "after the index date"
    if any(row.retest_of for row in task.rows):
        return "a repeat of another recording"
    if all(row.qc_manual == "fail" for row in task.rows):
        return "failed manual QC"
    problem = study.unusable_recordings().get(task.recording_id)
    return problem.message if problem else ""
