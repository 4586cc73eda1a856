"""Checks of recordings: files, hashes, channels, baseline before dose 1, shared muscles."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from emgproc.study.baseline import after_first_dose
from emgproc.study.columns import PARTICIPANTS, RECORDINGS, VISITS
from emgproc.study.labels import nearest
from emgproc.study.model import SESSION_OF_VISIT, RecordingTask, Study
from emgproc.study.rows import Participant, Problem, RecordingRow, Severity

_SAME_IN_ALL_ROWS = (
    "participant_id", "session_id", "file", "start", "modality", "task", "sha256", "retest_of",
)  # fmt: skip


def check_recordings(study: Study, *, verify_hashes: bool) -> Iterator[Problem]:
    """Yield what is wrong with the recordings and their files.

    Parameters
    ----------
    study
        The study, its tables already consistent in their keys.
    verify_hashes
        Whether files with a `sha256` are read and compared; others are never read.
    """
    tasks = study.tasks()
    if study.protocol.plans.semg is None and any(task.modality == "semg" for task in tasks):
        what = "surface recordings need a plan"
        yield Problem("study.toml", 0, "plans.semg", "E009", what)
    for task in tasks:
        yield from _rows(task)
        yield from _file(study, task, verify_hash=verify_hashes)
    yield from _same_file(tasks)
    yield from _near_misses(study)
    for person in study.enrolled():
        yield from _baseline(study, person)
        yield from _shared_muscles(study, person)


def _problem(
    row: RecordingRow, column: str, code: str, message: str, value: object = ""
) -> Problem:
    severity: Severity = "warning" if code.startswith("W") else "error"
    return Problem(RECORDINGS, row.row, column, code, message, severity, str(value))


def _rows(task: RecordingTask) -> Iterator[Problem]:
    first = task.rows[0]
    channels: dict[str, int] = {}
    for row in task.rows:
        for column in _SAME_IN_ALL_ROWS:
            if getattr(row, column) != getattr(first, column):
                what = f"{task.recording_id} has another {column} in line {first.row}"
                yield _problem(row, column, "E053", what, getattr(row, column))
        if len(task.rows) > 1 and not row.channel:
            what = f"{task.recording_id} has {len(task.rows)} rows: each must name its channel"
            yield _problem(row, "channel", "E052", what)
        elif row.channel and channels.setdefault(row.channel, row.row) != row.row:
            what = f"{task.recording_id} names this channel in line {channels[row.channel]} too"
            yield _problem(row, "channel", "E052", what, row.channel)


def _file(study: Study, task: RecordingTask, *, verify_hash: bool) -> Iterator[Problem]:
    row, path = task.rows[0], study.path_of(task)
    column, what = "file", ""
    try:
        if not path.resolve().is_relative_to(study.root.resolve()):
            yield _problem(row, "file", "E051", "a link leads out of the study folder", task.file)
            return
        # A few formats are folders; only a plain file can be hashed here.
        if not path.exists():
            what = "there is no such file"
        elif verify_hash and task.sha256 and path.is_file() and _sha256(path) != task.sha256:
            column, what = "sha256", "the file is not the one whose sha256 is stated"
    except (OSError, RuntimeError) as error:  # RuntimeError: a link that leads to itself
        what = f"the file cannot be reached: {error}"
    if what:
        failed, file = task.recording_id, task.file
        yield Problem(RECORDINGS, row.row, column, "E050", what, "recording", file, failed)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _same_file(tasks: tuple[RecordingTask, ...]) -> Iterator[Problem]:
    """Yield recordings that share their file, or its hash, with an earlier one (W105)."""
    seen: dict[str, RecordingTask] = {}
    for task in tasks:
        for column, mark in (("file", task.file), ("sha256", task.sha256)):
            if not mark:
                continue
            first = seen.setdefault(f"{column} {mark}", task)
            if first is not task:
                what = (
                    f"{task.recording_id} ({task.session_id}) has the same {column} as "
                    f"{first.recording_id} ({first.session_id})"
                )
                yield _problem(task.rows[0], column, "W105", what, mark)
                break


def _near_misses(study: Study) -> Iterator[Problem]:
    """Yield, once each, muscles that are nearly one of [primary] and so would not enter it."""
    primary = study.protocol.primary
    seen: set[tuple[str, str]] = set()
    for row in study.recordings:
        if row.modality != "semg" or (row.muscle, row.side) in seen:
            continue
        seen.add((row.muscle, row.side))
        hint = nearest(row.muscle, primary.muscles)
        if row.muscle not in primary.muscles and hint:
            what = f"not a muscle of [primary], so not analysed{hint}"
            yield _problem(row, "muscle", "W116", what, row.muscle)
        elif row.muscle in primary.muscles and not row.side:
            what = f"{row.muscle} without a side is not analysed; state L or R"
            yield _problem(row, "side", "W116", what)


def _baseline(study: Study, person: Participant) -> Iterator[Problem]:
    """Yield what breaks the order: an EMG first, dose 1 (or the matched day) after it (E040)."""
    who, session = person.participant_id, SESSION_OF_VISIT[study.protocol.primary.baseline]
    visit = study.visit(who, session)
    declared = visit is not None and visit.status == "missed"
    tasks = [t for t in study.tasks() if (t.participant_id, t.session_id) == (who, session)]
    if not tasks:
        what = f"no baseline EMG of {who}"
        if declared:
            what += f", as {VISITS} says: without it there is no change to analyse"
            yield Problem(PARTICIPANTS, person.row, "participant_id", "W115", what, "warning", who)
        else:
            what += " on or before dose 1"
            yield Problem(PARTICIPANTS, person.row, "participant_id", "E040", what, value=who)
    for task in tasks:
        row = task.rows[0]
        if row.start is not None and after_first_dose(study, who, row.start, timed=row.timed):
            limit = "dose 1" if study.treated_of(who) else f"the index date {person.index_date}"
            what = f"baseline EMG {task.recording_id} after {limit}"
            yield _problem(row, "start", "E040", what, row.start.isoformat())


def _shared_muscles(study: Study, person: Participant) -> Iterator[Problem]:
    """Yield infants whose two primary visits have no muscle in common (E041, W110)."""
    primary = study.protocol.primary
    sessions = [SESSION_OF_VISIT[visit] for visit in (primary.baseline, primary.visit)]
    rows = [
        row
        for row in study.recordings
        if row.participant_id == person.participant_id
        and row.modality == "semg"
        and row.muscle in primary.muscles
        and row.side in primary.sides
    ]
    recorded = [{(r.muscle, r.side) for r in rows if r.session_id == s} for s in sessions]
    passed = [
        {(r.muscle, r.side) for r in rows if r.session_id == s and r.qc_manual != "fail"}
        for s in sessions
    ]
    if not (recorded[0] and recorded[1]):
        return
    last = next(row for row in rows if row.session_id == sessions[1])
    visits = f"{primary.baseline} and {primary.visit} of {person.participant_id}"
    if not recorded[0] & recorded[1]:
        yield _problem(last, "muscle", "E041", f"{visits} share no muscle of [primary]")
    elif not passed[0] & passed[1]:
        what = f"{visits} share no muscle of [primary] that passed manual QC"
        yield _problem(last, "qc_manual", "W110", what, "fail")
