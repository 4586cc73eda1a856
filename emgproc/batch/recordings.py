"""The recordings of a study: which are to be computed and why, and the values of all of them."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emgproc.batch.claim import claimed
from emgproc.batch.cluster import check_cluster
from emgproc.batch.driver import Failed, Running, drive
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
from emgproc.batch.store import read_result
from emgproc.batch.visits import visit_values
from emgproc.batch.worker import Task
from emgproc.errors import EmgprocError
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
        The caller holds the folder already (`claimed`) and has checked the cluster.

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
    ClusterError
        The cluster that the options name cannot be used; nothing was computed or written.
    """
    chosen = options or BatchOptions()
    folder = Path(out)
    plans = plans_of(study)
    if known is None and not held:
        check_cluster(chosen, folder, study.root)
    with contextlib.nullcontext() if held else claimed(folder):
        hashes = FileHashes(hash_store(folder), chosen.rehash)
        planned = decide_all(study, folder, chosen, plans, hashes)
        running = Running(hashes, chosen.stop_at_failure)
        for item in planned:
            name = item.recording.recording_id
            if item.action == FAIL:
                running.failures[name] = Failed(item.code, item.reason)
            elif item.action == COMPUTE and known is not None:
                running.failures[name] = Failed(known[name].code, known[name].message)
        if known is None:
            digests = {kind: plan.digest for kind, plan in plans.items()}
            drive(_tasks(study, planned, plans), folder, running, chosen, plans=digests)
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


def _tasks(
    study: Study, planned: Sequence[PlannedRecording], plans: Mapping[str, Plan]
) -> list[Task]:
    names = event_names(study)
    return [
        Task(
            item.recording.recording_id,
            item.file,
            plans[item.recording.modality],
            names,
            item.paths,
        )
        for item in planned
        if item.action == COMPUTE
    ]


def _collected(planned: Sequence[PlannedRecording], running: Running) -> RecordingsDone:
    """The values of all recordings from their files, computed now or before: one way for both."""
    done = RecordingsDone(
        n_computed=running.n_computed,
        n_reused=sum(item.action == REUSE for item in planned),
        stopped=running.stopped,
        planned=tuple(planned),
    )
    values: list[VisitValue] = []
    failures = []
    for item in planned:
        recording = item.recording
        failed = running.failures.get(recording.recording_id)
        if failed is not None:
            failures.append(failure(recording, *failed))
        if failed is not None or item.action == SKIP:
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
