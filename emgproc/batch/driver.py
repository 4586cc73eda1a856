"""One way to work through recordings, of studies and of lists of files alike.

Every answer is logged, told, counted; the digests that it brings are remembered, also where the
batch is interrupted.
"""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import emgproc
from emgproc.batch.keys import FileHashes
from emgproc.batch.memory import fitting_jobs
from emgproc.batch.planning import BatchOptions
from emgproc.batch.progress import ProgressLines, RunLog
from emgproc.batch.scheduler import run_tasks
from emgproc.batch.worker import Done, Task, process
from emgproc.errors import ClusterError, WriteError

SAVED_EVERY_S = 60.0  # what a killed driver forgets, it must read again


class Failed(NamedTuple):
    """Why a recording has no result."""

    code: str
    message: str


@dataclass(slots=True)
class Running:
    """The driver's state while recordings finish.

    `stopped` says why the batch ended before its end; empty where it did not.
    """

    hashes: FileHashes
    stop_at_failure: bool = False
    failures: dict[str, Failed] = field(default_factory=dict)
    n_computed: int = 0
    stopped: str = ""

    def remember(self) -> None:
        """Keep the digests of files, whatever ended the batch."""
        try:
            self.hashes.save()
        except WriteError as error:
            self.stopped = self.stopped or str(error)

    def take(self, done: Done) -> bool:
        """Note one answer; False ends the batch."""
        for file in done.files:
            self.hashes.learn(file)
        if not done.failed:
            self.n_computed += 1
            return True
        self.failures[done.name] = Failed(done.code, done.message)
        if self.stop_at_failure:
            self.stopped = f"{done.name} failed ({done.code}) and --on-error is stop"
        return not self.stop_at_failure


def drive(
    tasks: Sequence[Task],
    out: Path,
    running: Running,
    options: BatchOptions,
    *,
    alone: bool = False,
    **about: Any,  # noqa: ANN401 - any JSON value
) -> None:
    """Work through `tasks`, whose results go below `out`; what became of them is in `running`.

    Parameters
    ----------
    tasks
        What is to be computed.
    out
        The folder of results, which the caller holds (`claimed`); the log goes into it.
    running
        Failures that are known already, and the digests of files.
    options
        How to run.
    alone
        Process the only task in this process, by as many threads as `options.jobs`.
    about
        What the first line of the log says besides.

    Raises
    ------
    Exception, KeyboardInterrupt
        As `run_tasks`; a file that cannot be written and a cluster that is lost are no
        exception but `running.stopped`.
    """
    if running.failures and running.stop_at_failure:
        running.stopped = f"{next(iter(running.failures))} failed and --on-error is stop"
        return
    saved = time.monotonic()
    with (
        RunLog(out / "logs") as log,
        ProgressLines(len(tasks), quiet=options.quiet) as progress,
    ):
        log.write("start", version=emgproc.__version__, n_tasks=len(tasks), **about)

        def finished(done: Done) -> bool:
            nonlocal saved
            go_on = running.take(done)
            log.finished(done)
            progress.finished(done)
            if time.monotonic() - saved > SAVED_EVERY_S:
                running.hashes.save()
                saved = time.monotonic()
            return go_on

        try:
            if alone and tasks:
                progress.running([tasks[0].name])
                finished(process(replace(tasks[0], threads=options.jobs)))
            else:
                fitting = _within_memory(tasks, options, log, progress)
                run_tasks(tasks, fitting, finished, out=out, running=progress.running)
        except (WriteError, ClusterError) as error:
            running.stopped = str(error)
        finally:
            running.remember()
        with contextlib.suppress(WriteError):  # nothing is lost with the log's last line
            log.write("end", n_computed=running.n_computed, stopped=running.stopped)


def _within_memory(
    tasks: Sequence[Task], options: BatchOptions, log: RunLog, progress: ProgressLines
) -> BatchOptions:
    """As many processes as this machine can hold; workers of a cluster look for themselves."""
    if options.dask:
        return options
    jobs, why = fitting_jobs(tasks, options.jobs)
    if why:
        log.write("fewer_jobs", asked=options.jobs, jobs=jobs, why=why)
        progress.warn(why)
    return replace(options, jobs=jobs)
