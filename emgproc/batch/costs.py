"""What the features that take long will take, before they run."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from emgproc.batch.files import plan_files
from emgproc.batch.planning import COMPUTE, BatchOptions, plan_recordings, plans_of
from emgproc.errors import EmgprocError
from emgproc.features import FEATURES, FeatureSpec
from emgproc.plan import Plan
from emgproc.plan.motor_units import decomposition_cost_s
from emgproc.readers import open_recording
from emgproc.study import Study

MOTOR_UNITS = "motor units"


class Cost(NamedTuple):
    """Estimated seconds of one feature on one core, over `n_recordings`."""

    feature: str
    seconds: float
    n_recordings: int


def costs_of(plan: Plan, files: Iterable[Path]) -> list[Cost]:
    """Estimated time of each feature of a plan that takes long; empty if it asks for none.

    From the length of the recordings and a stated rate; a feature over a label is taken to be over
    the whole recording. A file that cannot be opened costs nothing here: the batch says why.

    Parameters
    ----------
    plan
        Its features.
    files
        The recordings.
    """
    slow, units = _slow(plan), plan.motor_units
    if not slow and units is None:
        return []
    seconds, n = dict.fromkeys(slow, 0.0), 0
    if units is not None:
        seconds[MOTOR_UNITS] = 0.0
    for file in files:
        try:
            with open_recording(file, **plan.source.options()) as opened:
                length = opened.n_samples
                duration_s = opened.duration_s
                n_channels = sum(channel.kind == "EMG" for channel in opened.channels)
        except EmgprocError:
            continue
        n += 1
        for label, spec in slow.items():
            if spec.cost_s and (spec.most_samples is None or length <= spec.most_samples):
                seconds[label] += n_channels * spec.cost_s(length)
        if units is not None and duration_s <= units.most_s:
            seconds[MOTOR_UNITS] += decomposition_cost_s(length, n_channels)
    return [Cost(label, total, n) for label, total in seconds.items()]


def costs_of_run(study: Study, out: Path, options: BatchOptions) -> list[Cost]:
    """Estimated time of the slow features of the recordings that a run would compute.

    Raises
    ------
    PlanError, ReadError
        The plan that the study names is invalid or cannot be read.
    """
    plans = plans_of(study)
    slow = {k: p for k, p in plans.items() if _slow(p) or p.motor_units is not None}
    if not slow:
        return []
    planned = [i for i in plan_recordings(study, out, options) if i.action == COMPUTE]
    return [
        cost
        for kind, plan in slow.items()
        for cost in costs_of(plan, [i.file for i in planned if i.recording.modality == kind])
    ]


def costs_of_files(
    files: Sequence[Path], plan: Plan, results: Path, options: BatchOptions
) -> list[Cost]:
    """Estimated time of the slow features of the files that `extract_files` would compute."""
    if not _slow(plan) and plan.motor_units is None:
        return []
    planned = plan_files(files, plan, results, options)
    return costs_of(plan, [item.file for item in planned if item.action == COMPUTE])


def _slow(plan: Plan) -> dict[str, FeatureSpec]:
    """Features that take long, by the names of their results."""
    known = {
        request.label: FEATURES[request.name]
        for request in plan.features
        if request.name in FEATURES
    }
    return {label: spec for label, spec in known.items() if spec.cost_s is not None}
