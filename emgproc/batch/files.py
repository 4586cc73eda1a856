"""A list of files, no trial: one tidy table, a failed file being a row with its reason."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emgproc.batch.progress import ProgressLines
from emgproc.batch.scheduler import run_tasks
from emgproc.batch.store import COLUMNS, MISSING, value_cells
from emgproc.batch.worker import Done, Task, process
from emgproc.errors import ParameterError
from emgproc.plan import Plan
from emgproc.writers import write_text

TABLE_COLUMNS = ("source", *COLUMNS, "message")


@dataclass(frozen=True, slots=True)
class FilesDone:
    """What became of a list of files: the table, and name, code and message of each failure."""

    table: Path
    n_done: int
    failures: tuple[tuple[str, str, str], ...]


def extract_files(
    files: Sequence[Path], plan: Plan, table: str | Path, *, jobs: int = 1, quiet: bool = False
) -> FilesDone:
    """Clean and measure a list of files and write one tidy table.

    Parameters
    ----------
    files
        The recordings, in the order of the table.
    plan
        What is done to each.
    table
        The .tsv file to write, whole or not at all.
    jobs
        Worker processes; a single file is processed in this one.

    Raises
    ------
    ParameterError
        There is no file, or `jobs` is below 1.
    WriteError
        The table cannot be written; this is found out before anything is computed.
    """
    if not files:
        raise ParameterError("there is no recording to process")
    if jobs < 1:
        raise ParameterError(f"jobs must be at least 1, got {jobs}")
    target = Path(table)
    _check_writable(target)
    names = source_names(files)
    tasks = [Task(name, file, plan) for name, file in zip(names, files, strict=True)]
    answers = _answers(tasks, jobs, quiet=quiet)
    rows = [row for name in names for row in _rows(answers[name])]
    write_text(target, "".join("\t".join(row) + "\n" for row in [TABLE_COLUMNS, *rows]))
    failed = [answers[name] for name in names if answers[name].failed]
    return FilesDone(
        table=target,
        n_done=len(files) - len(failed),
        failures=tuple((done.name, done.code, done.message) for done in failed),
    )


def source_names(files: Sequence[Path]) -> list[str]:
    """What each file is called in the table: its name, or its path where names repeat."""
    names = [file.name for file in files]
    if len(set(names)) == len(names):
        return names
    resolved = [file.resolve() for file in files]
    common = Path(os.path.commonpath([file.parent for file in resolved]))
    return [file.relative_to(common).as_posix() for file in resolved]


def _check_writable(target: Path) -> None:
    """Find out before the work, not after it, that the table cannot be written."""
    probe = target.with_name(f".{target.name}.probe")
    write_text(probe, "")
    probe.unlink()


def _answers(tasks: Sequence[Task], jobs: int, *, quiet: bool) -> dict[str, Done]:
    answers: dict[str, Done] = {}
    with ProgressLines(len(tasks), quiet=quiet) as progress:

        def finished(done: Done) -> bool:
            answers[done.name] = done
            progress.finished(done)
            return True

        if len(tasks) == 1:
            # Nothing else could be lost with it, so no process is started for it.
            finished(process(tasks[0]))
        else:
            run_tasks(tasks, jobs, finished)
    return answers


def _rows(done: Done) -> list[list[str]]:
    """The rows of one file: its values, or one row that says why there are none."""
    if done.features is None:
        row = dict.fromkeys(TABLE_COLUMNS, MISSING)
        row |= {"source": done.name, "n": "0", "reason": done.code, "message": _line(done.message)}
        return [[row[column] for column in TABLE_COLUMNS]]
    return [[done.name, *value_cells(value), MISSING] for value in done.features.values]


def _line(message: str) -> str:
    return " ".join(message.split())
