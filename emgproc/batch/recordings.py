"""The recordings of a study: which are to be computed and why, and the values of all of them."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import emgproc
from emgproc.batch.claim import claimed
from emgproc.batch.keys import FileHashes
from emgproc.batch.planning import (
    COMPUTE,
    FAIL,
    REUSE,
    SKIP,
    BatchOptions,
    PlannedRecording,
    decide_all,
    event_names,
    hash_store,
    plans_of,
)
from emgproc.batch.progress import ProgressLines, RunLog
from emgproc.batch.scheduler import run_tasks
from emgproc.batch.store import read_result
from emgproc.batch.visits import visit_values
from emgproc.batch.worker import Done, Task
from emgproc.errors import EmgprocError, WriteError
from emgproc.plan import Plan
from emgproc.study import RecordingFailure, RecordingTask, Study, VisitValue


@dataclass(slots=True)
class RecordingsDone:
    """What a batch gave: values and failures in a fixed order, and how many were computed.

    `stopped` says why the batch ended before its end; empty where it did not. `warnings` are those
    of the readers, with the recording before each.
    """

    values: tuple[VisitValue, ...] = ()
    failures: tuple[RecordingFailure, ...] = ()
    n_computed: int = 0
    n_reused: int = 0
    stopped: str = ""
    planned: tuple[PlannedRecording, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class _Running:
    """The driver's state while recordings finish."""

    hashes: FileHashes
    by_name: dict[str, PlannedRecording]
    stop_at_failure: bool
    failures: dict[str, RecordingFailure] = field(default_factory=dict)
    n_computed: int = 0
    stopped: str = ""

    def take(self, done: Done) -> bool:
        """Note one answer; False ends the batch."""
        for file in done.files:
            self.hashes.learn(file)
        if not done.failed:
            self.n_computed += 1
            return True
        recording = self.by_name[done.name].recording
        self.failures[done.name] = failure(recording, done.code, done.message)
        if self.stop_at_failure:
            self.stopped = f"{done.name} failed ({done.code}) and --on-error is stop"
        return not self.stop_at_failure


def run_recordings(
    study: Study,
    out: str | Path,
    options: BatchOptions | None = None,
    *,
    known: Mapping[str, RecordingFailure] | None = None,
    held: bool = False,
) -> RecordingsDone:
    """Compute what has no result yet, and read the values of all recordings.

    Every recording is one task of one worker process. What fails is a `RecordingFailure`; it is
    tried again in the next run. What has a result of the same key is not computed again.

    Parameters
    ----------
    study
        The study; the plans named in its `[plans]` are used, each for its kind of recording.
    out
        Folder of results; made if need be. Only one run at a time may write there.
    options
        How to run.
    known
        Failures of an earlier run, by recording_id. If given, nothing is computed, and these stand
        for the recordings without a result.
    held
        The caller holds the folder already (`claimed`).

    Returns
    -------
    RecordingsDone
        Byte-for-byte the same values for any number of worker processes.

    Raises
    ------
    PlanError, ReadError
        The plan that the study names is invalid or cannot be read.
    WriteError
        `out` cannot be written, or another run is writing there.
    """
    chosen = options or BatchOptions()
    folder = Path(out)
    plans = plans_of(study)
    with contextlib.nullcontext() if held else claimed(folder):
        hashes = FileHashes(hash_store(folder), chosen.rehash)
        planned = decide_all(study, folder, chosen, plans, hashes)
        running = _Running(hashes, {}, chosen.stop_at_failure)
        for item in planned:
            running.by_name[item.recording.recording_id] = item
            if item.action == FAIL:
                name = item.recording.recording_id
                running.failures[name] = failure(item.recording, item.code, item.reason)
            elif item.action == COMPUTE and known is not None:
                running.failures[item.recording.recording_id] = known[item.recording.recording_id]
        if known is None:
            _compute(study, folder, plans, running, chosen)
        hashes.save()
    return _collected(planned, running)


def failure(recording: RecordingTask, code: str, message: str) -> RecordingFailure:
    """Return the row of a recording that gave no values."""
    return RecordingFailure(
        recording_id=recording.recording_id,
        participant_id=recording.participant_id,
        session_id=recording.session_id,
        file=recording.file,
        code=code,
        message=message,
    )


def _compute(
    study: Study,
    out: Path,
    plans: Mapping[str, Plan],
    running: _Running,
    options: BatchOptions,
) -> None:
    names = event_names(study)
    tasks = [
        Task(
            item.recording.recording_id,
            item.file,
            plans[item.recording.modality],
            names,
            item.paths,
        )
        for item in running.by_name.values()
        if item.action == COMPUTE
    ]
    if running.failures and options.stop_at_failure:
        running.stopped = f"{next(iter(running.failures))} failed and --on-error is stop"
        return
    with (
        RunLog(out / "logs") as log,
        ProgressLines(len(tasks), quiet=options.quiet) as progress,
    ):
        digests = {kind: plan.digest for kind, plan in plans.items()}
        log.write("start", version=emgproc.__version__, plans=digests, n_tasks=len(tasks))

        def finished(done: Done) -> bool:
            log.finished(done)
            progress.finished(done)
            return running.take(done)

        try:
            run_tasks(tasks, options.jobs, finished)
        except WriteError as error:
            running.stopped = str(error)
        log.write("end", n_computed=running.n_computed, stopped=running.stopped)


def _collected(planned: Sequence[PlannedRecording], running: _Running) -> RecordingsDone:
    """The values of all recordings from their files, computed now or before: one way for both."""
    done = RecordingsDone(
        n_computed=running.n_computed,
        n_reused=sum(item.action == REUSE for item in planned),
        stopped=running.stopped,
        planned=tuple(planned),
    )
    values: list[VisitValue] = []
    failures = list(running.failures.values())
    for item in planned:
        recording = item.recording
        if item.action in {FAIL, SKIP} or recording.recording_id in running.failures:
            continue
        try:
            features = read_result(item.paths)
            found, missing = visit_values(recording, features)
        except EmgprocError as error:
            if not running.stopped:
                failures.append(failure(recording, error.code, str(error)))
            continue
        values += found
        done.warnings += tuple(f"{recording.recording_id}: {text}" for text in features.warnings)
        failures += [failure(recording, code, message) for code, message in missing]
    done.values = tuple(
        sorted(values, key=lambda v: (v.participant_id, v.session_id, v.recording_id))
    )
    done.failures = tuple(
        sorted(failures, key=lambda f: (f.participant_id, f.session_id, f.recording_id))
    )
    return done
