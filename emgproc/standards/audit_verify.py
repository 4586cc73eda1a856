"""Compare a results folder, and its study, with what the audit log says."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emgproc.errors import MissingFileError
from emgproc.standards.audit import (
    STUDY,
    altered_rows,
    file_sha256,
    hashes_of,
    open_run,
    recorded,
)
from emgproc.standards.audit_log import LOG, Log, read_log


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a verification found.

    Attributes
    ----------
    problems
        One line for each altered row, and each file that differs, is missing or is not recorded.
    notes
        What was not looked at, and what a hash chain cannot show.
    n_rows, n_files
        Rows of the log and files that were compared.
    head
        Hash of the last row.
    """

    problems: tuple[str, ...]
    notes: tuple[str, ...]
    n_rows: int
    n_files: int
    head: str


def verify_audit(
    out: str | Path, study: str | Path | None = None, *, head: str = ""
) -> AuditReport:
    """Hash everything again and compare it with the audit log.

    Parameters
    ----------
    out
        The results folder.
    study
        The study folder; without it the study's files are not compared.
    head
        Hash of a row that was kept elsewhere, whole or its first 8 digits or more.

    Raises
    ------
    MissingFileError
        `out` has no audit log, or `study` is no folder.
    StoreError
        A file cannot be read.
    """
    folder = Path(out)
    if not (folder / LOG).is_file():
        raise MissingFileError(f"{folder / LOG}: there is no audit log; was a run made there?")
    log = read_log(folder)
    interrupted = open_run(folder)
    known = recorded(log)
    results = {k: v for k, v in known.items() if not k.startswith(STUDY)}
    problems = [
        *_problems_of_log(log, head, cut_is_known=bool(interrupted)),
        *_result_problems(folder, results, interrupted),
    ]
    notes = []
    inputs = {k.removeprefix(STUDY): v for k, v in known.items() if k.startswith(STUDY)}
    if study is None:
        notes.append(f"the {len(inputs)} files of the study were not compared: state --study")
    else:
        problems += _study_problems(Path(study), inputs)
    if not head:
        notes.append(
            "rows cut off at the end leave no trace in the log: state --head HASH as an earlier "
            "run printed it"
        )
    compared = len(results) + (0 if study is None else len(inputs))
    return AuditReport(tuple(problems), tuple(notes), len(log.rows), compared, log.head)


def _problems_of_log(log: Log, head: str, *, cut_is_known: bool) -> Iterator[str]:
    for number, what in altered_rows(log):
        yield f"{LOG.as_posix()}:{number} {what}"
    if log.torn:
        why = "by an interruption; the next run tells it" if cut_is_known else "or written to"
        yield f"{LOG.as_posix()}:{log.n_lines + 1} the last line was cut off {why}"
    if head and not (len(head) >= 8 and any(row.hash.startswith(head) for row in log.rows)):
        yield (
            f"{LOG.as_posix()}: holds no row of hash {head}: its end was cut off, or the whole "
            "was rewritten"
        )


def _result_problems(
    out: Path, known: dict[str, str], interrupted: dict[str, str]
) -> Iterator[str]:
    now = hashes_of(out)
    after = ""
    if interrupted:
        after = f"; not recorded yet: the run of {interrupted['started']} did not end, run again"
        yield f"the run of {interrupted['started']} is under way or was interrupted"
    for name in sorted({*known, *now}):
        if name not in now:
            yield f"{name} is missing"
        elif name not in known:
            yield f"{name} is not in the audit log{after}"
        elif known[name] != now[name]:
            told = f"sha256 {now[name]}, recorded {known[name]}"
            yield f"{name} is not the file that was recorded: {told}{after}"


def _study_problems(study: Path, known: dict[str, str]) -> Iterator[str]:
    if not study.is_dir():
        raise MissingFileError(f"{study}: there is no such study folder")
    for name, digest in sorted(known.items()):
        path = study / name
        if not path.is_file():
            yield f"{STUDY}{name} is missing"
        elif (found := file_sha256(path)) != digest:
            yield (
                f"{STUDY}{name} is not the file that the run read: sha256 {found}, recorded "
                f"{digest}"
            )
