"""A list of files, no trial: one tidy table, a failed file being a row with its reason."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emgproc.batch.cluster import check_cluster
from emgproc.batch.planning import BatchOptions
from emgproc.batch.progress import ProgressLines
from emgproc.batch.scheduler import run_tasks
from emgproc.batch.store import COLUMNS, MISSING, value_cells
from emgproc.batch.worker import Done, Task, process
from emgproc.errors import ParameterError, WriteError
from emgproc.plan import Plan
from emgproc.recording.parts import printable_name
from emgproc.writers import write_text

TABLE_COLUMNS = ("source", *COLUMNS, "message")


@dataclass(frozen=True, slots=True)
class FilesDone:
    """What became of a list of files: the table, what failed, and what was read with a warning.

    A failure is a name, a code and a message; a warning is a name and a text.
    """

    table: Path
    n_done: int
    failures: tuple[tuple[str, str, str], ...]
    warnings: tuple[tuple[str, str], ...] = ()


def extract_files(
    files: Sequence[Path],
    plan: Plan,
    table: str | Path,
    jobs: int = 1,
    *,
    options: BatchOptions | None = None,
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
        Worker processes; a single file is processed in this one, by as many threads, unless
        its time is limited.
    options
        Who works, for how long, and whether silently; its `jobs` wins over `jobs`.

    Raises
    ------
    ParameterError
        There is no file, `jobs` is below 1, or `table` does not end in .tsv.
    WriteError
        The table cannot be written, or a file that is no such table stands in its place; this is
        found out before anything is computed.
    ClusterError
        The cluster that the options name cannot be used.
    """
    if not files:
        raise ParameterError("there is no recording to process")
    chosen = options or BatchOptions(jobs=jobs)
    target = Path(table)
    _check_target(target)
    check_cluster(chosen, target.parent, files[0].absolute().parent)
    names = source_names(files)
    tasks = [Task(name, file, plan) for name, file in zip(names, files, strict=True)]
    answers = _answers(tasks, chosen, target.parent)
    rows = [row for name in names for row in _rows(answers[name])]
    write_text(target, "".join("\t".join(row) + "\n" for row in [TABLE_COLUMNS, *rows]))
    failed = [answers[name] for name in names if answers[name].failed]
    return FilesDone(
        table=target,
        n_done=len(files) - len(failed),
        failures=tuple((done.name, done.code, done.message) for done in failed),
        warnings=tuple((name, text) for name in names for text in answers[name].warnings),
    )


def source_names(files: Sequence[Path]) -> list[str]:
    """What each file is called in the table: its name, or its path where names repeat."""
    names = [file.name for file in files]
    if len(set(names)) < len(names):
        resolved = [file.resolve() for file in files]
        common = Path(os.path.commonpath([file.parent for file in resolved]))
        names = [file.relative_to(common).as_posix() for file in resolved]
    return [printable_name(name) for name in names]


def _check_target(target: Path) -> None:
    """Find out before the work, not after it, that the table cannot be written."""
    if target.suffix.lower() != ".tsv":
        raise ParameterError(f"the table must end in .tsv, got {str(target)!r}")
    if target.is_dir():
        raise WriteError(f"{target}: cannot be written: it is a folder; name the table in it")
    if not target.parent.is_dir():
        raise WriteError(f"{target}: cannot be written: there is no folder {target.parent}")
    if target.exists() and not _is_table(target):
        raise WriteError(
            f"{target}: is no table of features, and would be lost; name another file, "
            "or move this one away"
        )
    probe = target.with_name(f".{target.name}.probe")
    write_text(probe, "")
    probe.unlink()


def _is_table(path: Path) -> bool:
    """Whether a file may be replaced: it is empty, or the table of an earlier call."""
    header = "\t".join(TABLE_COLUMNS).encode("utf-8") + b"\n"
    try:
        with path.open("rb") as file:
            return file.read(len(header)) in {b"", header}
    except OSError as error:
        raise WriteError(f"{path}: cannot be written: {error.strerror or error}") from error


def _answers(tasks: Sequence[Task], options: BatchOptions, out: Path) -> dict[str, Done]:
    answers: dict[str, Done] = {}
    with ProgressLines(len(tasks), quiet=options.quiet) as progress:

        def finished(done: Done) -> bool:
            answers[done.name] = done
            progress.finished(done)
            return True

        if len(tasks) == 1 and not options.dask and options.task_limit_s is None:
            # Nothing else could be lost with it, so no process is started for it.
            finished(process(replace(tasks[0], threads=options.jobs)))
        else:
            run_tasks(tasks, options, finished, out=out)
    return answers


def _rows(done: Done) -> list[list[str]]:
    """The rows of one file: its values, or one row that says why there are none."""
    if done.features is None:
        row = dict.fromkeys(TABLE_COLUMNS, MISSING)
        row |= {"source": done.name, "n": "0", "reason": done.code, "message": done.message}
        return [[_line(row[column]) for column in TABLE_COLUMNS]]
    # A shortened file is measured; the reader of any row must know that it was shortened.
    told = "; ".join(done.warnings) or MISSING
    values = [[done.name, *value_cells(value), told] for value in done.features.values]
    return [[_line(cell) for cell in row] for row in values]


def _line(cell: str) -> str:
    """A cell without tabs and line ends, which a channel's or a file's name may hold."""
    return " ".join(cell.split())
