"""One loop over worker processes: a process that dies costs its task, not the batch."""

import contextlib
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from emgproc.batch.cluster import Crew, Worker, crew
from emgproc.batch.interrupts import remembered
from emgproc.batch.planning import BatchOptions
from emgproc.batch.worker import Done, Order, Task, carry_out, process
from emgproc.errors import NoWorkerError

if TYPE_CHECKING:
    from distributed import Future

RETRIES = 2  # after the first death; each alone, so that no other task can be to blame
_TICK_S = 0.5  # between two looks at who is there
_ANSWER_S = 30.0  # for an answer to travel, unless its worker died with it

Work = Callable[[Task], Done]


def run_tasks(  # noqa: PLR0913 - all beyond the third are keyword-only
    tasks: Sequence[Task],
    options: BatchOptions,
    finished: Callable[[Done], bool],
    *,
    out: Path,
    work: Work = process,
    running: Callable[[list[str]], None] | None = None,
) -> None:
    """Work through `tasks` in the processes of this machine or of a cluster.

    Every process has one task at a time. When a process dies its task is set aside and tried
    again, alone, after all others; a task whose process dies every time is a failure
    `worker_died`. One that takes longer than its time is a failure `time_limit`, and is not tried
    again.

    Parameters
    ----------
    tasks
        What is to be done, each with a name of its own; with none no process is started.
    options
        Who works: `jobs` or `dask`; and the time for each task.
    finished
        Called with each answer as it comes, in no fixed order; returning False ends the run, and
        what is still in work is dropped.
    out
        Folder of results, which all workers see.
    work
        What is done with one task.
    running
        Called now and then with the names of the tasks that are being worked on.

    Raises
    ------
    ClusterError
        The cluster cannot be used, or is lost; what was answered before stands.
    Exception
        Whatever `work` raises: a bug, or a disk that is full, ends the batch.
    KeyboardInterrupt
        Ctrl-C; what was answered before stands.
    """
    if not tasks:
        return
    source = tasks[0].file.absolute().parent
    with crew(options, len(tasks), out, source) as workers, remembered() as check:
        shift = _Shift(workers, work, options.task_limit_s, running)
        for done in _answers(shift, [_anywhere(task, workers) for task in tasks]):
            check()
            if not finished(done):
                return


def _anywhere(task: Task, workers: Crew) -> Task:
    """The task for a process with another working folder."""
    result = task.result
    if result is not None:
        result = replace(result, stem=result.stem.absolute())
    return replace(task, file=task.file.absolute(), result=result, mark=workers.mark)


def _answers(shift: "_Shift", tasks: Sequence[Task]) -> Iterator[Done]:
    """Answers to all tasks: first together; then, alone, those whose process died."""
    left = {task.name: task for task in tasks}
    deaths = Counter[str]()
    for attempt in range(1 + RETRIES):
        try:
            for task, done in shift.answers(list(left.values()), alone=attempt > 0):
                if done is None:
                    deaths[task.name] += 1
                else:
                    del left[task.name]
                    yield done
        except NoWorkerError:
            if attempt == 0:
                raise
            break  # each of those left has killed its process already
    _sweep(task for task in tasks if deaths[task.name])
    for task in left.values():
        yield _died(task, deaths[task.name])


def _sweep(tasks: Iterable[Task]) -> None:
    """Remove what dead processes left half-written, when nobody is at work any more."""
    folders = {task.result.stem.parent for task in tasks if task.result is not None}
    with contextlib.suppress(OSError):  # the next run removes it
        for half in [half for folder in folders for half in folder.glob(".*.part")]:
            half.unlink(missing_ok=True)


def _died(task: Task, deaths: int) -> Done:
    times = f"{deaths} times" if deaths > 1 else "once, and no other was left to try it again"
    return Done(
        task.name,
        code="worker_died",
        message=(
            f"{task.file.name}: the process that worked on it died {times}; "
            "memory may not suffice for this file, or a library crashed on it"
        ),
    )


@dataclass(frozen=True, slots=True)
class _Held:
    """A task in the hands of a worker."""

    task: Task
    worker: Worker
    order: Order
    future: "Future"


@dataclass(slots=True)
class _Shift:
    """Tasks handed to checked workers, one to each process, and their answers."""

    crew: Crew
    work: Work
    limit_s: float | None
    running: Callable[[list[str]], None] | None = None
    held: dict[str, _Held] = field(default_factory=dict)  # by the worker's address
    queue: "SimpleQueue[Future]" = field(default_factory=SimpleQueue)
    numbers: Iterator[int] = field(default_factory=count)
    next_look_s: float = 0.0

    def answers(self, tasks: Iterable[Task], *, alone: bool) -> Iterator[tuple[Task, Done | None]]:
        """Hand out all tasks; yield each with its answer, None where its process died.

        Raises
        ------
        NoWorkerError
            Tasks are left, and nobody to give them to.
        """
        waiting = deque(tasks)
        while waiting or self.held:
            if not self.held and not self.crew.checked:
                self.crew.wait()
            # Busy until its answer is here: the next task may kill it, and the answer with it.
            idle = [address for address in self.crew.checked if address not in self.held]
            room = 1 - len(self.held) if alone else len(idle)
            for address in idle[: min(room, len(waiting))]:
                self._hand_out(waiting.popleft(), address)
            if self.running is not None:
                self.running([held.task.name for held in self.held.values()])
            with contextlib.suppress(Empty):
                yield from self._answered(self.queue.get(timeout=_TICK_S))
            yield from self._lost()

    def _hand_out(self, task: Task, address: str) -> None:
        trace = self.crew.mark.beside(str(next(self.numbers)))
        worker = self.crew.checked[address]
        order = Order(worker.id, trace, self.limit_s)
        future = self.crew.client.submit(
            carry_out, self.work, task, order,
            workers=[address], allow_other_workers=False, pure=False, retries=0,
        )  # fmt: skip
        self.held[address] = _Held(task, worker, order, future)
        future.add_done_callback(self.queue.put)

    def _answered(self, future: "Future") -> Iterator[tuple[Task, Done | None]]:
        """Answer of a future that has one; nothing where its task was given up before."""
        for address, held in list(self.held.items()):
            if held.future is future:
                yield self._taken(address, _answer(future))

    def _lost(self) -> Iterator[tuple[Task, Done | None]]:
        """Tasks of workers that are gone: no scheduler tells of their end."""
        if time.monotonic() < self.next_look_s:
            return
        self.crew.look()
        self.next_look_s = time.monotonic() + _TICK_S
        for address in self.held.keys() - self.crew.checked.keys():
            self.held[address].future.cancel()
            yield self._taken(address, None)

    def _taken(self, address: str, done: Done | None) -> tuple[Task, Done | None]:
        """Let go of the task that a worker held; its answer, or what a dead worker left."""
        held = self.held.pop(address)
        if done is None:
            self.crew.forget(address)
            done = _out_of_time(held)
        if held.order.limit_s is not None:
            held.order.trace.unlink(missing_ok=True)
        return held.task, done


def _answer(future: "Future") -> Done | None:
    """Return the answer of a task; None where its process died; raises what the task raised."""
    from distributed.scheduler import KilledWorker

    try:
        done: Done | None = future.result(timeout=_ANSWER_S)
    except KilledWorker:
        return None
    except (CancelledError, TimeoutError):
        if future.status == "error":
            raise
        return None
    return done


def _out_of_time(held: _Held) -> Done | None:
    """The failure of a task whose process ended itself because the time was up."""
    trace = held.order.trace
    if held.order.limit_s is None or not trace.is_file() or not trace.stat().st_size:
        return None
    lost = "" if held.worker.nanny else "; its worker had no nanny and is lost to the cluster"
    return Done(
        held.task.name,
        code="time_limit",
        message=(
            f"{held.task.file.name}: took longer than {held.order.limit_s:g} s, the limit for one "
            f"recording; its process was ended{lost}; raise the limit (--task-limit), or shorten "
            "what is done"
        ),
        seconds=held.order.limit_s,
        peak_mb=math.nan,
    )
