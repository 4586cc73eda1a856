"""One loop over worker processes: a process that dies costs its task, not the batch."""

import contextlib
import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emgproc._kernels import BATCH_FOLDER
from emgproc.batch.interrupts import remembered
from emgproc.batch.worker import Done, Task, process

if TYPE_CHECKING:
    from distributed import Client, Future

RETRIES = 2  # after the first death; each alone, so that no other task can be to blame

# Set here, so that a configuration file in somebody's home folder cannot change a run.
_SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    "distributed.worker.multiprocessing-method": "spawn",
    "distributed.worker.daemon": True,
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.limit": "1h",
    "distributed.comm.retry.count": 0,
}
# Nested threads fight the processes for the same cores.
_ENVIRONMENT = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)

Work = Callable[[Task], Done]


def run_tasks(
    tasks: Sequence[Task],
    jobs: int,
    finished: Callable[[Done], bool],
    *,
    work: Work = process,
) -> None:
    """Work through `tasks` in `jobs` worker processes.

    At most `jobs` tasks are handed out at a time, one to each process. When a process dies its
    task is set aside and tried again, alone, after all others; a task whose process dies every
    time is a failure `worker_died`.

    Parameters
    ----------
    tasks
        What is to be done; with none no process is started.
    jobs
        Number of processes, >= 1.
    finished
        Called with each answer as it comes, in no fixed order; returning False ends the run, and
        what is still in work is dropped.
    work
        What is done with one task.

    Raises
    ------
    Exception
        Whatever `work` raises: a bug, or a disk that is full, ends the batch.
    KeyboardInterrupt
        Ctrl-C; what was answered before stands.
    """
    if not tasks:
        return
    with _client(min(jobs, len(tasks))) as client, remembered() as check:

        def told(done: Done) -> bool:
            check()
            return finished(done)

        suspects = _together(client, tasks, jobs, told, work)
        for task in suspects or ():
            if not told(_alone(client, task, work)):
                return


def _together(
    client: "Client",
    tasks: Sequence[Task],
    jobs: int,
    finished: Callable[[Done], bool],
    work: Work,
) -> list[Task] | None:
    """Hand out all tasks; return those whose process died, or None if the run was ended."""
    from distributed import as_completed

    waiting = iter(tasks)
    held: dict[Future, Task] = {}
    suspects: list[Task] = []
    queue = as_completed(loop=client.loop)

    def hand_out() -> None:
        task = next(waiting, None)
        if task is not None:
            future = client.submit(work, task, pure=False)
            held[future] = task
            queue.add(future)

    for _ in range(jobs):
        hand_out()
    for future in queue:
        task = held.pop(future)
        done = _answer(future)
        if done is None:
            suspects.append(task)
        elif not finished(done):
            client.cancel(list(held))
            return None
        hand_out()
    return suspects


def _alone(client: "Client", task: Task, work: Work) -> Done:
    for _ in range(RETRIES):
        done = _answer(client.submit(work, task, pure=False))
        if done is not None:
            return done
    return Done(
        task.name,
        code="worker_died",
        message=(
            f"{task.file.name}: the process that worked on it died {RETRIES + 1} times; "
            "memory may not suffice for this file, or a library crashed on it"
        ),
    )


def _answer(future: "Future") -> Done | None:
    """Return the answer of a task; None where its process died; raises what the task raised."""
    from distributed.scheduler import KilledWorker

    try:
        done: Done = future.result()
    except KilledWorker:
        return None
    return done


@contextlib.contextmanager
def _client(jobs: int) -> "Iterator[Client]":
    """Worker processes of this machine, reachable over loopback only, without a dashboard."""
    import dask
    from distributed import Client, LocalCluster

    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set(_SETTINGS))
        stack.enter_context(_quiet())
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="emgproc-", ignore_cleanup_errors=True)
        )
        options: dict[str, Any] = {
            "n_workers": jobs,
            "threads_per_worker": 1,
            "processes": True,
            "host": "127.0.0.1",
            # Without an address the scheduler still listens, on port 8787 and with a warning where
            # another one is there already.
            "scheduler_kwargs": {"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            "local_directory": folder,
            "memory_limit": 0,
            "silence_logs": logging.CRITICAL,
            "env": _ENVIRONMENT | {BATCH_FOLDER: str(Path(folder) / "kernels")},
            "preload": "emgproc.batch.interrupts",
        }
        cluster = stack.enter_context(LocalCluster(**options))
        yield stack.enter_context(Client(cluster, set_as_default=False))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No word of the scheduler on the user's terminal: what it does is told by our own lines."""
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado", "asyncio")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
