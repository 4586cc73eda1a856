"""A list of files, no trial: what has a result is not computed again; all are one tidy table.

Each recording has result files of its own in a folder beside the table. The table is put together
from them, recording by recording, so that no more than one recording's values are ever held.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from emgproc.batch.claim import claimed
from emgproc.batch.cluster import check_cluster
from emgproc.batch.driver import Failed, Running, drive
from emgproc.batch.keys import FileHashes, wanted_keys
from emgproc.batch.planning import COMPUTE, FAIL, REUSE, BatchOptions, hash_store
from emgproc.batch.store import ResultPaths, read_cells, why_stale
from emgproc.batch.table import Row, check_target, failed_row, measured_rows, write_table
from emgproc.batch.worker import Task
from emgproc.errors import MissingFileError, ParameterError, StoreError, WriteError
from emgproc.plan import Plan
from emgproc.recording.parts import printable_name

_LONGEST = 120  # bytes of a name, so that what is added to it fits into the 255 of a file system


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """What will happen to one file (compute, reuse, fail), and why."""

    name: str
    file: Path
    paths: ResultPaths
    action: str
    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class FilesDone:
    """What became of a list of files.

    Attributes
    ----------
    table
        The table; it was not written where the batch was stopped.
    results
        The folder of the result files.
    n_computed, n_reused
        Recordings measured in this call, and those whose results still held.
    failures
        (name, code, message) of each recording without values.
    warnings
        (name, text): what the readers had to say.
    stopped
        Why the batch ended before its end; empty where it did not.
    """

    table: Path
    results: Path
    n_computed: int = 0
    n_reused: int = 0
    failures: tuple[tuple[str, str, str], ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    stopped: str = ""

    @property
    def n_done(self) -> int:
        """Return how many recordings have values."""
        return self.n_computed + self.n_reused


def extract_files(  # noqa: PLR0913 - all beyond the fourth are keyword-only
    files: Sequence[Path],
    plan: Plan,
    table: str | Path,
    jobs: int = 1,
    *,
    options: BatchOptions | None = None,
    results: str | Path | None = None,
) -> FilesDone:
    """Clean and measure a list of files and write one tidy table.

    What has a result of the same key (raw file, files beside it, the part of the plan that it
    reads, versions) is not computed again; what failed is tried again.

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
        How to run; its `jobs` wins over `jobs`.
    results
        The folder of the result files (`results_folder`).

    Raises
    ------
    ParameterError
        There is no file, `jobs` is below 1, `table` does not end in .tsv, or a recording lies
        among the results.
    WriteError
        The table or the results cannot be written, another run holds them, or a file that is no
        such table stands in its place; this is found out before anything is computed.
    ClusterError
        The cluster that `options` name cannot be used.
    """
    chosen = options or BatchOptions(jobs=jobs)
    target, folder = Path(table), results_folder(table, results)
    check_target(target)
    _check_files(files, folder)
    check_cluster(chosen, folder, files[0].absolute().parent)
    with claimed(folder):
        hashes = FileHashes(hash_store(folder), chosen.rehash)
        planned = _decided(files, plan, folder, chosen, hashes)
        running = Running(hashes, chosen.stop_at_failure)
        running.failures |= {
            item.name: Failed(item.code, item.reason) for item in planned if item.action == FAIL
        }
        tasks = [
            Task(item.name, item.file, plan, result=item.paths)
            for item in planned
            if item.action == COMPUTE
        ]
        # Nothing else could be lost with a single file, so no process is started for it.
        alone = len(files) == 1 and not chosen.dask and chosen.task_limit_s is None
        drive(tasks, folder, running, chosen, alone=alone, plan=plan.digest)
        return _collected(target, folder, planned, running)


def plan_files(
    files: Sequence[Path], plan: Plan, results: Path, options: BatchOptions | None = None
) -> list[PlannedFile]:
    """What `extract_files` would do with each file, and why; nothing is computed or written.

    Raises
    ------
    ParameterError
        There is no file, or one lies among the results.
    """
    chosen = options or BatchOptions()
    _check_files(files, results)
    hashes = FileHashes(hash_store(results), chosen.rehash)
    return _decided(files, plan, results, chosen, hashes)


def results_folder(table: str | Path, results: str | Path | None = None) -> Path:
    """Where the result files go: as stated, or beside the table and named after it.

    Examples
    --------
    >>> results_folder("study/table.tsv").as_posix()
    'study/table_results'
    """
    beside = Path(table)
    return beside.with_name(f"{beside.stem}_results") if results is None else Path(results)


def source_names(files: Sequence[Path]) -> list[str]:
    """What each file is called in the table, no two alike: its name, or its path if those repeat.

    The path is that below the folder that holds all of them.
    """
    names = [file.name for file in files]
    if len(set(names)) < len(names):
        resolved = [file.resolve() for file in files]
        common = Path(os.path.commonpath([file.parent for file in resolved]))
        names = [file.relative_to(common).as_posix() for file in resolved]
    found: dict[str, None] = {}
    for name in map(printable_name, names):
        number, own = 1, name
        while own in found:  # of two names that are no UTF-8 the same may be left
            number += 1
            own = f"{name} ({number})"
        found[own] = None
    return list(found)


def result_paths_of(results: Path, name: str) -> ResultPaths:
    """Where the result of a recording of this name (`source_names`) lies."""
    folder, _, last = name.rpartition("/")
    if len(last.encode("utf-8")) > _LONGEST:
        last = f"{last[:32]}-{hashlib.sha256(last.encode('utf-8')).hexdigest()[:32]}"
    return ResultPaths(results / folder / f"{last}_desc-features_emg")


def _check_files(files: Sequence[Path], results: Path) -> None:
    if not files:
        raise ParameterError("there is no recording to process")
    folder = results.resolve()
    if results.exists() and not results.is_dir():
        raise WriteError(f"{results}: no folder of results can be made: a file stands there")
    among = [file for file in files if folder in file.resolve().parents]
    if among:
        raise ParameterError(
            f"{among[0]} lies in the folder of results {results}; name another with --results"
        )


def _decided(
    files: Sequence[Path], plan: Plan, results: Path, options: BatchOptions, hashes: FileHashes
) -> list[PlannedFile]:
    wanted = wanted_keys(plan)
    planned = []
    for name, file in zip(source_names(files), files, strict=True):
        paths, code = result_paths_of(results, name), ""
        if not file.exists():
            action, code = FAIL, MissingFileError.code
            reason = f"{file}: there is no such file"
        elif options.force:
            action, reason = COMPUTE, "--force"
        else:
            stale = why_stale(paths, file, wanted, hashes)
            action, reason = (COMPUTE, stale) if stale else (REUSE, "nothing changed")
        planned.append(PlannedFile(name, file, paths, action, reason, code))
    return planned


def _collected(
    target: Path, results: Path, planned: Sequence[PlannedFile], running: Running
) -> FilesDone:
    """The table from the result files, made now or before: one way for both."""
    warnings: list[tuple[str, str]] = []

    def rows() -> Iterator[Row]:
        for item in planned:
            try:
                if item.name not in running.failures:
                    cells, told = read_cells(item.paths)
                    warnings.extend((item.name, text) for text in told)
                    yield from measured_rows(item.name, cells, told)
                    continue
            except StoreError as error:  # lost or damaged since it was written
                running.failures[item.name] = Failed(error.code, str(error))
            yield failed_row(item.name, *running.failures[item.name])

    if not running.stopped:
        try:
            write_table(target, rows())
        except WriteError as error:
            running.stopped = str(error)
    failures = running.failures
    return FilesDone(
        table=target,
        results=results,
        n_computed=running.n_computed,
        n_reused=sum(item.action == REUSE for item in planned),
        failures=tuple((i.name, *failures[i.name]) for i in planned if i.name in failures),
        warnings=tuple(warnings),
        stopped=running.stopped,
    )
