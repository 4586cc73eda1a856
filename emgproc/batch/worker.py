"""What one worker process does with one recording: read, clean, measure, write."""

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from emgproc.batch.keys import HashedFile, hashed, key_of
from emgproc.batch.sidecars import loose_table, named_sidecars, read_events
from emgproc.batch.store import ResultPaths, write_result
from emgproc.errors import EmgprocError, WriteError
from emgproc.features.result import FeatureSet
from emgproc.plan import Plan, extract_file, extract_scan
from emgproc.readers import CmapScan, RecordingFile, open_recording, read_cmap_scan, sniff
from emgproc.readers.bids import BidsFile
from emgproc.readers.registry import sha256_of
from emgproc.recording import Event, Recording

SCAN = "qtrac"  # format of a CMAP scan: responses that a machine measured, no signal


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
        Where the result files go; `None` hands the values back instead.
    threads
        Threads for a recording that is streamed; the values do not depend on it.
    """

    name: str
    file: Path
    plan: Plan
    event_names: tuple[tuple[str, str], ...] = ()
    result: ResultPaths | None = None
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a task: values (or files), or the code and message of an error.

    `peak_mb` is the largest resident memory of the process so far.
    """

    name: str
    code: str = ""
    message: str = ""
    features: FeatureSet | None = None
    files: tuple[HashedFile, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    peak_mb: float = 0.0

    @property
    def failed(self) -> bool:
        """Tell whether there is no result."""
        return bool(self.code)


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
    return replace(done, seconds=time.perf_counter() - started, peak_mb=peak_memory_mb())


def _measured(task: Task) -> Done:
    if task.plan.stimulation is not None and sniff(task.file) == SCAN:
        digest = sha256_of((task.file,))
        features = extract_scan(read_cmap_scan(task.file), task.plan, digest)
        return _written(task, features, (hashed(task.file),), {})
    sidecars = named_sidecars(task.file)
    with open_recording(task.file, **task.plan.source.options()) as opened:
        opened.identified(sha256_of(opened.files))
        events = renamed(_events(opened, task.file), task.event_names)
        features = extract_file(opened, task.plan, events, threads=task.threads)
    table = loose_table(task.file, sidecars.values())
    files = tuple(hashed(path) for path in (*opened.files, *([table] if table else [])))
    beside = {name: hashed(path) for name, path in sidecars.items()}
    return _written(task, features, files, beside)


def read_measured(file: Path, plan: Plan) -> Recording | CmapScan:
    """What `process` measures in a file, whole: with the events beside it, before any step.

    Raises
    ------
    ReadError
        The file cannot be read.
    """
    if plan.stimulation is not None and sniff(file) == SCAN:
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
) -> Done:
    """Write the values, or hand them back, with the digests of what they came from."""
    done = Done(task.name, files=(*files, *beside.values()), warnings=features.warnings)
    if task.result is None:
        return replace(done, features=features)
    key = key_of(files, task.plan.digest, task.event_names, beside)
    write_result(task.result, features, key)
    return done


def renamed(events: tuple[Event, ...], names: tuple[tuple[str, str], ...]) -> tuple[Event, ...]:
    """Events with a site's labels replaced by ours (study.toml [events])."""
    ours = dict(names)
    return tuple(replace(e, label=ours.get(e.label, e.label)) for e in events)


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, MB; NaN where the system does not tell."""
    if sys.platform == "win32":
        return float("nan")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
