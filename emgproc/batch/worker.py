"""What one worker process does with one recording: read, clean, measure, write."""

import contextlib
import faulthandler
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from emgproc.batch.handshake import Mark
from emgproc.batch.keys import HashedFile, hashed, key_of, wanted_keys
from emgproc.batch.memory import check_memory
from emgproc.batch.sidecars import loose_table, named_sidecars, read_events
from emgproc.batch.store import ResultPaths, write_result
from emgproc.errors import EmgprocError, MemoryTooSmallError, WriteError
from emgproc.features.result import FeatureSet
from emgproc.plan import Plan, extract_file, extract_scan
from emgproc.plan.model import SCAN, SIGNAL
from emgproc.readers import CmapScan, RecordingFile, open_recording, read_cmap_scan, sniff
from emgproc.readers.bids import BidsFile
from emgproc.readers.registry import sha256_of
from emgproc.recording import Event, Recording

SCAN_FORMAT = "qtrac"  # format of a CMAP scan: responses that a machine measured, no signal


@dataclass(frozen=True, slots=True)
class Task:
    """One recording to process.

    Attributes
    ----------
    name
        What the recording is called in messages and logs: a recording_id or a file name.
    file
        The raw file.
    plan
        What is done to it.
    event_names
        (site's label, our label) pairs; events are renamed before the first step.
    result
        Where the result files go; `None` writes none.
    threads
        Threads for a recording that is streamed; the values do not depend on it.
    mark
        Of the run that wants the result; once it is gone nothing is written. `None` asks nobody.
    """

    name: str
    file: Path
    plan: Plan
    event_names: tuple[tuple[str, str], ...] = ()
    result: ResultPaths | None = None
    threads: int = 1
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a task: which files it read, or the code and message of an error.

    The values are in the result files: they do not travel.

    `peak_mb` is the largest resident memory of the process so far.
    """

    name: str
    code: str = ""
    message: str = ""
    files: tuple[HashedFile, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    peak_mb: float = 0.0

    @property
    def failed(self) -> bool:
        """Tell whether there is no result."""
        return bool(self.code)


@dataclass(frozen=True, slots=True)
class Order:
    """One hand-out of a task: to this worker alone, once.

    Attributes
    ----------
    worker
        Identity of the worker process that was checked; another does not touch the task.
    trace
        Where a process leaves word, as its last deed, that the time was up.
    limit_s
        Seconds that the task may take; `None` for no limit.
    """

    worker: str
    trace: Path
    limit_s: float | None = None


# One task at a time in a process, however many threads its worker has.
_busy = threading.Lock()


def carry_out(work: Callable[[Task], Done], task: Task, order: Order) -> Done | None:
    """Do `work` on a task within its time; `None` where this is not the worker it was given to.

    A scheduler gives the task of a dead worker to whoever has its address next; whether it is
    tried again, and where, is decided by the driver.

    Raises
    ------
    WriteError
        The run has ended, or its folder is gone.
    """
    from distributed import get_worker

    if get_worker().id != order.worker:
        return None
    with _busy:
        if task.mark is not None:
            task.mark.require()
        with _limited(order):
            return work(task)


@contextlib.contextmanager
def _limited(order: Order) -> Iterator[None]:
    """End this process when the time is up: a thread in a library cannot be stopped otherwise.

    The clock is a thread of C, so that it strikes also where Python's lock is never released.
    """
    if order.limit_s is None:
        yield
        return
    with contextlib.ExitStack() as stack:
        try:
            trace = stack.enter_context(order.trace.open("w", encoding="utf-8"))
        except OSError as error:
            raise WriteError(f"{order.trace}: cannot be written: {error.strerror}") from error
        faulthandler.dump_traceback_later(order.limit_s, exit=True, file=trace)
        stack.callback(faulthandler.cancel_dump_traceback_later)
        yield


def process(task: Task) -> Done:
    """Read, clean and measure one recording and write its result files.

    A file that cannot be used is an answer (`code`, `message`); so that one bad file never stops
    a batch. An error that is nobody's file, a bug or a full disk, is raised.

    Raises
    ------
    WriteError
        A result file cannot be written: the same would happen to every other recording.
    """
    from threadpoolctl import threadpool_limits

    started = time.perf_counter()
    # One recording per process is the parallelism; a second layer of threads only fights it.
    with threadpool_limits(1):
        try:
            done = _measured(task)
        except WriteError:
            raise
        except EmgprocError as error:
            done = Done(task.name, code=error.code, message=str(error))
        except MemoryError as error:  # a limit that nobody told, or another program was faster
            told = f"{task.file.name}: the system gives no more memory ({error}); use fewer jobs"
            done = Done(task.name, code=MemoryTooSmallError.code, message=told)
    return replace(done, seconds=time.perf_counter() - started, peak_mb=peak_memory_mb())


def _measured(task: Task) -> Done:
    if task.plan.stimulation is not None and sniff(task.file) == SCAN_FORMAT:
        scan = hashed(task.file)
        features = extract_scan(read_cmap_scan(task.file), task.plan, scan.sha256)
        return _written(task, features, (scan,), {}, holds=SCAN)
    sidecars = named_sidecars(task.file)
    with open_recording(task.file, **task.plan.source.options()) as opened:
        own = tuple(hashed(path) for path in opened.files)
        opened.identified(own[0].sha256 if len(own) == 1 else sha256_of(opened.files))
        events = renamed(_events(opened, task.file), task.event_names)
        check_memory(opened, task.plan, events, threads=task.threads)
        features = extract_file(opened, task.plan, events, threads=task.threads)
    table = loose_table(task.file, sidecars.values())
    files = own if table is None else (*own, hashed(table))
    beside = {name: hashed(path) for name, path in sidecars.items()}
    return _written(task, features, files, beside)


def read_measured(file: Path, plan: Plan) -> Recording | CmapScan:
    """What `process` measures in a file, whole: with the events beside it, before any step.

    Raises
    ------
    ReadError
        The file cannot be read.
    """
    if plan.stimulation is not None and sniff(file) == SCAN_FORMAT:
        return read_cmap_scan(file)
    with open_recording(file, **plan.source.options()) as opened:
        opened.identified(sha256_of(opened.files))
        return replace(opened.read(), events=_events(opened, file))


def _events(opened: RecordingFile, file: Path) -> tuple[Event, ...]:
    """Events of the file and of the table beside it."""
    # What the reader has read already must not count twice.
    unread = loose_table(file, opened.sidecars if isinstance(opened, BidsFile) else ())
    more = read_events(unread) if unread is not None else ()
    return (*opened.events, *more)


def _written(
    task: Task,
    features: FeatureSet,
    files: tuple[HashedFile, ...],
    beside: dict[str, HashedFile],
    *,
    holds: str = SIGNAL,
) -> Done:
    """Write the values; the digests of what they came from are the answer."""
    if task.mark is not None:
        task.mark.require()
    if task.result is not None:
        key = key_of(wanted_keys(task.plan, task.event_names)[holds], files, beside)
        write_result(task.result, features, key)
    return Done(task.name, files=(*files, *beside.values()), warnings=features.warnings)


def renamed(events: tuple[Event, ...], names: tuple[tuple[str, str], ...]) -> tuple[Event, ...]:
    """Events with a site's labels replaced by ours (study.toml [events])."""
    ours = dict(names)
    return tuple(replace(e, label=ours.get(e.label, e.label)) for e in events)


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, MiB; NaN where the system does not tell."""
    if sys.platform == "win32":
        return float("nan")
    status = Path("/proc/self/status")
    if status.is_file():  # what getrusage tells on Linux begins with the peak of the parent
        lines = status.read_text(encoding="utf-8").splitlines()
        told = dict(line.partition(":")[::2] for line in lines)
        return int(told["VmHWM"].split()[0]) / 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
