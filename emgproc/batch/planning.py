"""What a run will do with each recording of a study, and why; where each result goes."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emgproc.batch.keys import FileHashes, ResultKey, wanted_keys
from emgproc.batch.store import ResultPaths, why_stale
from emgproc.errors import ParameterError, StudyError
from emgproc.plan import Plan, load_plan
from emgproc.study import RecordingTask, Study

COMPUTE, REUSE, FAIL, SKIP = "compute", "reuse", "fail", "skip"
MODALITY = "semg"  # the kind of recording that the primary outcome needs


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a batch is run; nothing here can change a number.

    Attributes
    ----------
    jobs
        Worker processes, >= 1.
    participants
        Only these participants (with or without `sub-`); empty means all.
    force
        Compute again what is there.
    rehash
        Read every raw file to make sure of its digest, even if it looks unchanged.
    stop_at_failure
        End at the first recording that fails.
    quiet
        No progress on standard error.
    dask
        A Dask cluster that works instead of processes of this machine: the address of its
        scheduler (``tcp://host:8786``) or the scheduler file. It must see the same files.
    task_limit_s
        Seconds that one recording may take; None for no limit. A process that takes longer is
        ended, and its recording has failed.
    """

    jobs: int = 1
    participants: tuple[str, ...] = ()
    force: bool = False
    rehash: bool = False
    stop_at_failure: bool = False
    quiet: bool = False
    dask: str = ""
    task_limit_s: float | None = None

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise ParameterError(f"jobs must be at least 1, got {self.jobs}")
        if self.dask and self.jobs > 1:
            raise ParameterError(
                f"jobs={self.jobs} and dask={self.dask!r} exclude one another: a cluster has the "
                "workers that it has"
            )
        limit = self.task_limit_s
        if limit is not None and not 0 < limit < math.inf:
            raise ParameterError(f"task_limit_s must be above 0 and finite, got {limit}")


@dataclass(frozen=True, slots=True)
class PlannedRecording:
    """What will happen to one recording (compute, reuse, fail, skip), and why."""

    recording: RecordingTask
    file: Path
    paths: ResultPaths
    action: str
    reason: str
    code: str = ""


def plan_recordings(
    study: Study, out: Path, options: BatchOptions | None = None
) -> list[PlannedRecording]:
    """What a run would do with each recording, and why; nothing is computed or written.

    Raises
    ------
    PlanError, ReadError
        The plan that the study names is invalid or cannot be read.
    """
    chosen = options or BatchOptions()
    hashes = FileHashes(hash_store(out), chosen.rehash)
    return decide_all(study, out, chosen, plans_of(study), hashes)


def result_paths(out: Path, recordings: Sequence[RecordingTask]) -> dict[str, ResultPaths]:
    """Where each recording's result goes, by recording_id; no two share a name.

    A file with a BIDS name keeps it; another, or one whose name is not alone in its visit, is
    named by its recording_id.
    """
    wanted = [(r.participant_id, r.session_id, _bids_stem(r)) for r in recordings]
    found = {}
    for recording, key in zip(recordings, wanted, strict=True):
        stem = key[2]
        if not stem or wanted.count(key) > 1:
            label = re.sub(r"[^A-Za-z0-9]", "", recording.recording_id)
            same = [r for r in recordings if re.sub(r"[^A-Za-z0-9]", "", r.recording_id) == label]
            number = f"{same.index(recording) + 1:03d}" if len(same) > 1 else ""
            visit = f"{recording.participant_id}_{recording.session_id}"
            stem = f"{visit}_recording-{label}{number}"
        folder = out / recording.participant_id / recording.session_id / "emg"
        found[recording.recording_id] = ResultPaths(folder / f"{stem}_desc-features_emg")
    return found


def _bids_stem(recording: RecordingTask) -> str:
    name = Path(recording.file).name.split(".")[0]
    start = f"{recording.participant_id}_{recording.session_id}"
    return name.removesuffix("_emg") if name.startswith(f"{start}_") else ""


def plans_of(study: Study) -> dict[str, Plan]:
    """The plan of each kind of recording in the study for which it names one.

    Raises as `plan_recordings`, or StudyError where surface recordings have none.
    """
    kinds = dict.fromkeys(task.modality for task in study.tasks())
    others = {kind: getattr(study.protocol.plans, kind) for kind in kinds if kind != MODALITY}
    found = {kind: load_plan(study.root / name) for kind, name in others.items() if name}
    if MODALITY in kinds or not found:
        found = {MODALITY: plan_of(study)} | found
    return found


def plan_of(study: Study) -> Plan:
    """The plan of surface recordings; raises as `plans_of`."""
    name = study.protocol.plans.semg
    if name is None:
        raise StudyError(study.root.name, [f"study.toml:0:plans.semg names no {MODALITY} plan"])
    return load_plan(study.root / name)


def hash_store(out: Path) -> Path:
    """Return where digests of raw files are remembered."""
    return out / "logs" / "file_hashes.json"


def decide_all(
    study: Study,
    out: Path,
    options: BatchOptions,
    plans: Mapping[str, Plan],
    hashes: FileHashes,
) -> list[PlannedRecording]:
    """As `plan_recordings`, with the plans and the digests at hand."""
    everything = study.tasks()
    paths = result_paths(out, everything)
    chosen = chosen_participants(study, options)
    labels = event_names(study)
    keys = {kind: wanted_keys(plan, labels) for kind, plan in plans.items()}
    return [
        _decided(study, recording, paths[recording.recording_id], (keys, hashes, options.force))
        for recording in everything
        if recording.participant_id in chosen
    ]


def _decided(
    study: Study,
    recording: RecordingTask,
    paths: ResultPaths,
    how: tuple[Mapping[str, Mapping[str, ResultKey]], FileHashes, bool],
) -> PlannedRecording:
    keys, hashes, force = how
    file = study.path_of(recording)
    code = ""
    key = keys.get(recording.modality)
    if key is None:
        action, reason = SKIP, f"no plan for recordings of modality {recording.modality}"
    elif not file.is_file():
        action, code = FAIL, "file_missing"
        reason = f"{recording.file}: there is no such file"
    elif recording.sha256 and hashes.of(file) != recording.sha256:
        action, code = FAIL, "sha256_differs"
        reason = f"{recording.file}: its sha256 is not the one in recordings.tsv"
    elif force:
        action, reason = COMPUTE, "--force"
    else:
        stale = why_stale(paths, file, key, hashes)
        action, reason = (COMPUTE, stale) if stale else (REUSE, "nothing changed")
    return PlannedRecording(recording, file, paths, action, reason, code)


def chosen_participants(study: Study, options: BatchOptions) -> tuple[str, ...]:
    """Participants with recordings whom the options choose; all where they choose none."""
    names = {name.removeprefix("sub-") for name in options.participants}
    every = sorted({task.participant_id for task in study.tasks()})
    return tuple(p for p in every if not names or p.removeprefix("sub-") in names)


def event_names(study: Study) -> tuple[tuple[str, str], ...]:
    """Return (site's label, our label) pairs of study.toml [events], sorted."""
    return tuple(sorted(study.protocol.events.items()))
