"""Reading a study folder: all tables, all checks, every problem at once."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from emgproc.errors import StudyError
from emgproc.study import build
from emgproc.study.bids_layout import find_recordings
from emgproc.study.check_keys import check_keys
from emgproc.study.columns import (
    CLINICAL_EVENTS,
    CRITERION,
    CSF,
    EXPOSURES,
    MEASUREMENTS,
    PARTICIPANTS,
    RECORDINGS,
    TABLES,
    VISITS,
    Column,
)
from emgproc.study.labels import nearest
from emgproc.study.model import Study
from emgproc.study.rows import (
    ClinicalEvent,
    CsfSample,
    Exposure,
    Measurement,
    Participant,
    Problem,
    RecordingRow,
    Visit,
)
from emgproc.study.tables import TypedRow, read_table

if TYPE_CHECKING:
    from emgproc.study.protocol import Protocol

_REQUIRED = (PARTICIPANTS, VISITS)
_FILE_ORDER = ("study.toml", *TABLES)
# What looks absent may stand in a line that has an error: that line is told instead.
_ABSENCES = {"E040": RECORDINGS, "W103": PARTICIPANTS, "W114": EXPOSURES}

_Row = TypeVar("_Row", Visit, RecordingRow, Exposure, ClinicalEvent, CsfSample, Measurement)


@dataclass(slots=True)
class _Draft:
    """A study while it is read: what could be read so far, and all that is wrong with it.

    The protocol is not `whole` where keys with errors are left out of it.
    """

    root: Path
    protocol: "Protocol | None" = None
    whole: bool = True
    tables: dict[str, list[TypedRow]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def check_study(path: str | os.PathLike[str], *, verify_hashes: bool = True) -> list[Problem]:
    """Find every problem of a study at once.

    Parameters
    ----------
    path
        The study folder.
    verify_hashes
        Whether files whose `sha256` the study states are read and compared.

    Returns
    -------
    list of Problem
        Errors, warnings and problems of single recordings, by file, line and column. Empty for a
        study with nothing to say about.
    """
    draft = _read(Path(path))
    _checked(draft, verify_hashes=verify_hashes)
    return _ordered(draft.problems)


def load_study(path: str | os.PathLike[str], *, verify_hashes: bool = False) -> Study:
    """Read a study folder.

    Parameters
    ----------
    path
        The study folder.
    verify_hashes
        As for `check_study`; here off, because a batch compares the hashes itself when it reads
        the recordings.

    Returns
    -------
    Study
        Its `problems` hold the warnings, and the recordings whose file is missing: those fail one
        by one and do not stop the others.

    Raises
    ------
    StudyError
        There is at least one error; it holds all of them.
    """
    draft = _read(Path(path))
    study = _checked(draft, verify_hashes=verify_hashes)
    problems = _ordered(draft.problems)
    errors = [str(problem) for problem in problems if problem.severity == "error"]
    if errors or study is None:
        raise StudyError(f"study {Path(path).name}", errors)
    return replace(study, problems=tuple(problems))


def _read(root: Path) -> _Draft:
    from emgproc.study.parse import read_protocol
    from emgproc.study.partial import usable_part

    draft = _Draft(root)
    draft.protocol, problems, raw = read_protocol(root / "study.toml")
    draft.problems += problems
    if draft.protocol is None:
        draft.whole = False
        draft.protocol = usable_part(raw)
        what = "what is compared with the keys that have errors waits until they are corrected"
        if draft.protocol is None:
            what = "no table is compared with it until its errors are corrected"
        draft.problems.append(Problem("study.toml", 0, "", "W125", what, "warning"))
    for file, columns in TABLES.items():
        if (root / file).is_file():
            criteria = _criteria(draft.protocol, root / file) if file == PARTICIPANTS else {}
            draft.tables[file], problems = read_table(root, file, {**columns, **criteria})
            draft.problems += problems
        elif file in _REQUIRED:
            draft.problems.append(Problem(file, 0, "", "E006", "there is no such table"))
    return draft


def _criteria(protocol: "Protocol | None", file: Path) -> dict[str, Column]:
    """Columns of the criteria that a person answers; all that are there, without a protocol."""
    if protocol is not None:
        return {f"crit_{criterion.id}": CRITERION for criterion in protocol.design.criteria}
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        header = lines.readline().rstrip("\r\n").split("\t")
    return {name: CRITERION for name in header if name.startswith("crit_")}


def _checked(draft: _Draft, *, verify_hashes: bool) -> Study | None:
    """Add what the tables together have wrong; the study of all rows that fit each other."""
    draft.problems += check_keys(draft.tables)
    study = _built(draft)
    if study is None:
        return None
    from emgproc.study.check_dates import check_dates
    from emgproc.study.check_doses import check_doses
    from emgproc.study.check_measurements import check_measurements
    from emgproc.study.check_people import check_people
    from emgproc.study.check_protocol import check_protocol
    from emgproc.study.check_recordings import check_recordings
    from emgproc.study.check_registry import check_registry
    from emgproc.study.parse import PROTOCOL_FILE, with_lines

    problems = [
        *check_protocol(study.protocol, study.root),
        *(check_registry(study) if draft.whole else ()),
        *check_people(study),
        *check_dates(study),
        *check_doses(study),
        *check_measurements(study),
        *check_recordings(study, verify_hashes=verify_hashes),
    ]
    told = [problem for problem in problems if not _unread(draft, study, problem)]
    draft.problems += with_lines(told, study.root / PROTOCOL_FILE)
    return study


def _unread(draft: _Draft, study: Study, problem: Problem) -> bool:
    """Tell whether what looks absent may stand in a line that has an error of its own."""
    table = _ABSENCES.get(problem.code)
    if table is None or problem.file != PARTICIPANTS:
        return False
    if table == PARTICIPANTS:
        damaged = any(p.file == table and p.severity == "error" for p in draft.problems)
        return damaged and not _too_many(study, problem)
    known = {person.participant_id for person in study.participants}
    lost = {
        row.cells.get("participant_id")
        for row in draft.tables.get(table, [])
        if not row.complete or row.cells.get("participant_id") not in known
    }
    who = next((p.participant_id for p in study.participants if p.row == problem.row), None)
    whole_table = any(p.file == table and p.row == 0 for p in draft.problems)
    return whole_table or who in lost or bool(lost - known)


def _too_many(study: Study, problem: Problem) -> bool:
    """Tell whether an arm has more infants than planned: no other line can make them fewer."""
    return any(
        sum(person.arm == arm.id for person in study.enrolled()) > arm.planned_n
        for arm in study.protocol.design.arms
        if problem.message.endswith(f" in arm {arm.id}")
    )


def _built(draft: _Draft) -> Study | None:
    tables = draft.tables
    people, problems = build.participants(tables.get(PARTICIPANTS, []))
    visits, found = build.visits(tables.get(VISITS, []))
    measured, unvalued = build.measurements(tables.get(MEASUREMENTS, []))
    draft.problems += [*problems, *found, *unvalued]
    if RECORDINGS in tables:
        recordings = build.recordings(tables[RECORDINGS])
    else:
        recordings, found = find_recordings(draft.root, visits)
        draft.problems += found
    if draft.protocol is None:
        return None
    people = list(_in_known_arms(draft, people))
    known = {person.participant_id for person in people}
    return Study(
        root=draft.root,
        protocol=draft.protocol,
        participants=tuple(people),
        visits=_of(known, visits),
        recordings=_of(known, recordings),
        exposures=_of(known, build.exposures(tables.get(EXPOSURES, []))),
        clinical_events=_of(known, build.clinical_events(tables.get(CLINICAL_EVENTS, []))),
        csf=_of(known, build.csf_samples(tables.get(CSF, []))),
        measurements=_of(known, measured),
    )


def _in_known_arms(draft: _Draft, people: list[Participant]) -> Iterator[Participant]:
    arms = [arm.id for arm in draft.protocol.design.arms] if draft.protocol else []
    seen: set[str] = set()
    for person in people:
        if person.arm not in arms:
            what = f"unknown arm (known: {', '.join(arms)}){nearest(person.arm, arms)}"
            draft.problems.append(
                Problem(PARTICIPANTS, person.row, "arm", "E010", what, value=person.arm)
            )
        elif person.participant_id not in seen:
            seen.add(person.participant_id)
            yield person


def _of(known: set[str], rows: Iterable[_Row]) -> tuple[_Row, ...]:
    return tuple(row for row in rows if row.participant_id in known)


def _ordered(problems: list[Problem]) -> list[Problem]:
    def rank(problem: Problem) -> tuple[int, str, int, str, str, str]:
        known = problem.file in _FILE_ORDER
        place = _FILE_ORDER.index(problem.file) if known else len(_FILE_ORDER)
        where = problem.file, problem.row, problem.column
        return place, *where, problem.code, problem.message

    return sorted(dict.fromkeys(problems), key=rank)
