"""A whole study copied without what names a person, then searched for it.

Every recording is written anew by our own writer, every table column by column, study.toml and
plans without remarks and without the registry's entry. Nothing else is copied: no sidecar, no
lock, no log. What is left still is a few infants of a rare disease at one centre: removal does
not make them anonymous.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from emgproc.errors import EmgprocError, ParameterError, WriteError
from emgproc.standards.deidentify_recording import Copied, copy_recording
from emgproc.standards.deidentify_scan import forbidden_words, search
from emgproc.standards.deidentify_tables import Shift, table_text, table_without_names
from emgproc.standards.deidentify_toml import Written, read_toml, toml_text
from emgproc.standards.deidentify_words import Words
from emgproc.standards.withholding import births_of, cleaner, masked
from emgproc.study import RecordingTask, Study, load_study
from emgproc.study.columns import RECORDINGS, TABLES
from emgproc.writers import write_text

NOT_ANONYMOUS = (
    "Names, dates and numbers were removed; that does not make the infants anonymous. {n} infants "
    "of a rare disease can be recognised by age, sex, course and centre: share under an agreement."
)
_COLUMNS = (
    "recording_id", "participant_id", "session_id", "start", "file", "muscle", "side", "channel",
    "modality", "task", "stim_nerve", "qc_manual", "retest_of",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deidentified:
    """What was copied.

    Attributes
    ----------
    out
        The new study.
    participants
        New participant_id by the old one: a key that must not lie beside the copy.
    recordings
        How many recordings were copied.
    refused
        recording_id and reason of each that was not; the copy lists it without its file.
    left_out
        What of a copied recording could not come along, by its old recording_id.
    n_removed
        Labels of events that were replaced.
    statement
        Why this is not anonymous.
    """

    out: Path
    participants: dict[str, str]
    recordings: int
    refused: tuple[tuple[str, str], ...]
    left_out: tuple[tuple[str, str], ...]
    n_removed: int
    statement: str


@dataclass(slots=True)
class _Work:
    """What is known while a study is copied."""

    study: Study
    out: Path
    words: Words
    shift: Shift
    copied: dict[str, Copied]
    names: dict[str, str]


def deidentify(
    study: Study, out: str | Path, *, allow: Iterable[str] = (), forbid: Iterable[str] = ()
) -> Deidentified:
    """Copy a study without what names a person.

    Infants become sub-01, sub-02 … in the order of participants.tsv, dates days of a calendar in
    which every index date is 1985-01-01, ages months with one decimal. Of events the labels known
    to `emgproc` stay, those that study.toml maps become ours, all others "removed". Channels
    become ch1, ch2 … The copy is a study that loads and runs; its numbers are those of the
    original.

    Parameters
    ----------
    study
        A checked study.
    out
        A folder that is not there yet; it appears when all is written, read again and searched.
    allow
        Labels of events, names of channels and muscles, terms that may stay as they are.
    forbid
        Names, numbers, addresses that must not be found in any byte of the copy.

    Raises
    ------
    ParameterError
        `out` is there, or a forbidden word was found in the copy, which is then thrown away.
    StudyError
        The copy is no valid study.
    WriteError
        It cannot be written.
    """
    target = Path(out)
    if target.exists():
        raise ParameterError(f"{target}: is there already; name a folder that is not")
    words = Words.of(study, allow)
    names = _new_names(study, Shift.of(study))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".deidentify-", dir=target.parent) as folder:
            work = _Work(study, Path(folder) / "study", words, Shift.of(study), {}, names)
            work.out.mkdir()
            done = _copied(work, target)
            load_study(work.out)
            _refuse_found(work.out, forbidden_words(study, forbid))
            shutil.move(work.out, target)
    except OSError as error:
        if isinstance(error, EmgprocError):
            raise
        raise WriteError(f"{target}: cannot be written: {error.strerror or error}") from error
    return done


def _copied(work: _Work, target: Path) -> Deidentified:
    refused, left_out = [], []
    for task in work.study.tasks():
        try:
            work.copied[task.recording_id] = _copy(work, task)
        except WriteError:
            raise
        except EmgprocError as error:
            refused.append((task.recording_id, str(error)))
    for name, copied in work.copied.items():
        left_out += [(name, what) for what in copied.left_out]
    for file in TABLES:
        if file != RECORDINGS and (work.study.root / file).is_file():
            content = (work.study.root / file).read_text(encoding="utf-8")
            (work.out / file).parent.mkdir(exist_ok=True)
            write_text(work.out / file, table_without_names(file, content, work.words, work.shift))
    write_text(work.out / RECORDINGS, table_text(_COLUMNS, _recording_rows(work)))
    _write_protocol(work)
    statement = NOT_ANONYMOUS.format(n=len(work.study.participants))
    told = Deidentified(
        out=target,
        participants=work.shift.participants,
        recordings=len(work.copied),
        refused=tuple(refused),
        left_out=tuple(left_out),
        n_removed=sum(copied.n_removed for copied in work.copied.values()),
        statement=statement,
    )
    _write_description(work, told)
    return told


def _new_names(study: Study, shift: Shift) -> dict[str, str]:
    """New recording_id by the old one: what BIDS calls the file, numbered where it repeats."""
    stems = [
        f"{shift.participants[t.participant_id]}_{t.session_id}_task-{t.task or 'rest'}"
        for t in study.tasks()
    ]
    names = {}
    for i, (task, stem) in enumerate(zip(study.tasks(), stems, strict=True)):
        run = f"_run-{stems[: i + 1].count(stem)}" if stems.count(stem) > 1 else ""
        names[task.recording_id] = f"{stem}{run}_emg"
    return names


def _copy(work: _Work, task: RecordingTask) -> Copied:
    from emgproc.plan import load_plan

    plan = getattr(work.study.protocol.plans, task.modality)
    options = load_plan(work.study.root / plan).source.options() if plan else {}
    stem = _place(work, task)
    stem.parent.mkdir(parents=True, exist_ok=True)
    start = task.rows[0].start
    index = work.study.index_date(task.participant_id)
    day = work.study.study_day(task.participant_id, start.date() if start else index)
    return copy_recording(work.study.path_of(task), stem, work.words, day, options)


def _place(work: _Work, task: RecordingTask) -> Path:
    subject = work.shift.participants[task.participant_id]
    return work.out / subject / task.session_id / "emg" / work.names[task.recording_id]


def _recording_rows(work: _Work) -> Iterator[list[str]]:
    """Rows of all recordings; one that was refused is listed, and its file is missing."""
    for task in work.study.tasks():
        copied = work.copied.get(task.recording_id)
        suffix = copied.suffix if copied else "edf"
        file = f"{_place(work, task).relative_to(work.out).as_posix()}.{suffix}"
        for number, row in enumerate(task.rows, start=1):
            moved = row.start and work.shift.day(row.participant_id, row.start.date())
            yield [
                work.names[row.recording_id],
                work.shift.participants[row.participant_id],
                row.session_id,
                moved.isoformat() if moved else "",
                file,
                work.words.coded("muscle", row.muscle),
                row.side,
                copied.channels.get(row.channel, "") if copied else f"ch{number}",
                row.modality,
                row.task,
                work.words.coded("stim_nerve", row.stim_nerve),
                row.qc_manual,
                work.names.get(row.retest_of, ""),
            ]


def _write_protocol(work: _Work) -> None:
    """study.toml and plans anew; without remarks, the registry's entry and the site's labels.

    Ways to reach a person are taken out of every text.
    """
    clean = cleaner(births_of(work.study))
    raw = masked(read_toml((work.study.root / "study.toml").read_text(encoding="utf-8")), clean)
    kept = {k: v for k, v in raw.items() if k not in {"registry", "events", "protocol_note"}}
    cutoff = work.shift.latest + timedelta(days=1)
    kept["study"] = raw["study"] | {"data_cutoff": Written(cutoff.isoformat())}
    kept["plans"] = {}
    for kind, name in raw.get("plans", {}).items():
        kept["plans"][kind] = f"plan_{kind}.toml"
        plan = masked(read_toml((work.study.root / name).read_text(encoding="utf-8")), clean)
        write_text(work.out / f"plan_{kind}.toml", toml_text(plan))
    write_text(work.out / "study.toml", toml_text(kept))


def _write_description(work: _Work, done: Deidentified) -> None:
    synthetic = any(copied.synthetic for copied in work.copied.values())
    told: dict[str, Any] = {"synthetic": "SYNTHETIC: simulated recordings"} if synthetic else {}
    told |= {
        "statement": done.statement,
        "dates": "days of a calendar in which every infant's index date is 1985-01-01",
        "recordings_copied": done.recordings,
        "recordings_refused": len(done.refused),
        "event_labels_removed": done.n_removed,
    }
    text = json.dumps(told, indent=1, ensure_ascii=False)
    write_text(work.out / "deidentified.json", text + "\n")


def _refuse_found(folder: Path, words: dict[str, str]) -> None:
    found = [str(finding) for finding in search(folder, words)]
    if found:
        more = f" … and {len(found) - 10} more" if len(found) > 10 else ""
        raise ParameterError(
            f"the copy still holds what must not leave; nothing was kept: {'; '.join(found[:10])}"
            f"{more}. Change the study, or leave the word out of --allow-label"
        )
