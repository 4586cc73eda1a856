"""From an open recording to its features, in memory or streamed, whichever its size asks for."""

from collections.abc import Sequence
from dataclasses import replace

from emgproc.errors import SignalError
from emgproc.features import FEATURES
from emgproc.features.result import FeatureSet
from emgproc.plan.extraction import FAMILIES, extract
from emgproc.plan.measuring import wanted_by
from emgproc.plan.model import FeatureRequest, Plan
from emgproc.plan.streaming import extract_streamed
from emgproc.plan.varied import apply_with_variants
from emgproc.preprocessing import (
    STEPS,
    Bandpass,
    Highpass,
    Lowpass,
    MaskClip,
    MaskEvents,
    MaskNan,
    Rectify,
)
from emgproc.preprocessing.pops import POP
from emgproc.readers import RecordingFile
from emgproc.recording import Event

STREAMED = (MaskNan, MaskEvents, MaskClip, Bandpass, Highpass, Lowpass, Rectify)
FILTERS = (Bandpass, Highpass, Lowpass)

STREAM_ABOVE = 256 * 2**20  # bytes as float64: streamed if the plan can be
WHOLE_AT_MOST = 4 * 2**30  # bytes: refused if the plan cannot be


def extract_file(
    opened: RecordingFile,
    plan: Plan,
    events: Sequence[Event] | None = None,
    *,
    threads: int = 1,
) -> FeatureSet:
    """Clean and measure an open recording: `extract_recording(opened.read(), plan)`.

    A recording of more than 256 MiB (as float64) is streamed if nothing in the plan needs the
    whole of it; the result is the same, byte for byte, and memory is bounded by the block.

    Parameters
    ----------
    opened
        The recording.
    plan
        What is done and measured.
    events
        In place of the events of the file.
    threads
        Threads over groups of channels where it is streamed, and for motor units.

    Raises
    ------
    SignalError
        The recording has more than 4 GiB, and a step or feature needs the whole of it; or a step
        cannot work on it.
    ReadError
        The file is damaged.
    """
    told = opened.events if events is None else tuple(events)
    n_bytes = 8 * opened.n_samples * len(opened.channels)
    needed = whole_needed(plan, told, opened.duration_s)
    if n_bytes > STREAM_ABOVE and not needed:
        return extract_streamed(opened, plan, told, threads=threads)
    if n_bytes > WHOLE_AT_MOST:
        raise SignalError(
            f"{opened.provenance.source}: {len(opened.channels)} channels of "
            f"{opened.duration_s:g} s are {n_bytes / 2**30:.1f} GiB in memory, at most "
            f"{WHOLE_AT_MOST / 2**30:g} are read whole, and the plan {plan.name!r} cannot do with "
            f"less: {needed[0]}. Use a plan without it (pipelines/grid.toml streams), or shorten "
            "the recording"
        )
    clean, varied = apply_with_variants(replace(opened.read(), events=told), plan)
    return extract(clean, plan, threads=threads, varied=varied)


def whole_needed(
    plan: Plan, events: Sequence[Event], duration_s: float = float("inf")
) -> list[str]:
    """What in a plan needs a recording whole, a line each; empty where it can be streamed.

    Motor units are not looked for in recordings longer than the plan says.

    Examples
    --------
    >>> whole_needed(Plan("x", features=(FeatureRequest("rms"), FeatureRequest("dfa"))), [])
    ['feature dfa is computed from the whole signal of a channel']
    """
    names = {kind: name for name, kind in STEPS.items()}
    found = [
        f"step {names[type(step)]} looks at the whole recording"
        for step in plan.steps
        if not isinstance(step, STREAMED)
    ]
    found += _clipping_late(plan)
    units = plan.motor_units
    if units is not None and duration_s <= units.most_s:
        found.append(f"motor units of recordings of up to {units.most_s:g} s are found in a whole")
    if plan.stimulation is not None:
        found.append("responses to stimuli are measured in a whole recording")
    if plan.needle is not None:
        found.append("needle EMG is measured in a whole recording")
    if plan.variants:
        found.append("variants of the tone are measured in a whole recording")
    masks = {name for step in plan.steps if isinstance(step, MaskEvents) for name in step.labels}
    labels = {event.label for event in events}
    pops = POP in labels or ("pop" in masks and "pop" in labels)
    if pops and any(isinstance(step, FILTERS) for step in plan.steps):
        found.append(f"a filter begins anew after each {POP}, and there are such events")
    return found + [
        f"feature {request.name} is computed from the whole signal of a channel"
        for request in plan.features
        if not _summed(request)
    ]


def _clipping_late(plan: Plan) -> list[str]:
    """Clipping looks at the file's own samples where the plan streams."""
    kinds = [type(step) for step in plan.steps]
    changed = [i for i, kind in enumerate(kinds) if kind in {*FILTERS, Rectify}]
    late = MaskClip in kinds[changed[0] :] if changed else False
    more = kinds.count(MaskClip) > 1
    return ["step mask_clip does not come once, before any filter"] if late or more else []


def _summed(request: FeatureRequest) -> bool:
    if request.name in FAMILIES or FEATURES[request.name].wanted is None:
        return False
    return all(kind.bounded for kind, _ in wanted_by([request], 1000.0))
