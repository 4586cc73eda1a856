"""A cleaned recording and a plan → a FeatureSet: every value with its unit, count and reason."""

import math
from types import MappingProxyType

import emgproc
from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.features import FEATURES, evaluate, labelled_signal
from emgproc.features.indices import RECORDING_FEATURES, RecordingFeature, indices
from emgproc.features.result import FeatureSet, FeatureValue
from emgproc.features.tone import band_flags, unusable_reason
from emgproc.plan.model import WHOLE, FeatureRequest, Plan
from emgproc.recording import Recording

# What needs the labels and the noise of a recording, not its samples alone.
FAMILIES: MappingProxyType[str, RecordingFeature] = MappingProxyType(
    {**RECORDING_FEATURES, "indices": indices}
)

FINDINGS_RULE = "chain_P0"  # emg.md section 6: what the cleaning steps measured on their way


def extract(clean: Recording, plan: Plan) -> FeatureSet:
    """Measure on a cleaned recording what the plan asks for.

    Masked samples (events `bad_*`) count as missing, and no difference, window or spectrum crosses
    the edge of a segment or of a labelled span.

    Parameters
    ----------
    clean
        The recording after `plan.apply`, µV.
    plan
        Its features, windows and noise settings are used; its steps are not applied here.

    Returns
    -------
    FeatureSet
        The values of every EMG channel in the order of the plan, then what the steps measured.
        NaN always carries a reason.

    Raises
    ------
    ParameterError
        `clean` is no Recording, or `plan` no Plan.
    NoEmgChannelError
        The recording has no channel of kind EMG.
    """
    if not isinstance(clean, Recording) or not isinstance(plan, Plan):
        raise ParameterError(
            f"extract takes a Recording and a Plan, got {type(clean).__name__} and "
            f"{type(plan).__name__}; Recording.from_array and load_plan make them"
        )
    values = [value for row in clean.emg_rows() for value in _channel_values(clean, row, plan)]
    about = clean.provenance
    return FeatureSet(
        source=about.source,
        sha256=about.sha256,
        plan_digest=plan.digest,
        version=emgproc.__version__,
        values=(*values, *_findings(clean)),
        steps=about.steps,
        warnings=about.warnings,
        synthetic=about.synthetic,
    )


def _channel_values(clean: Recording, row: int, plan: Plan) -> list[FeatureValue]:
    signals: dict[str, Floats] = {}
    values: list[FeatureValue] = []
    for request in plan.features:
        if request.name in FAMILIES:
            values += FAMILIES[request.name](clean, row, plan.windows, plan.noise)
            continue
        if request.over not in signals:
            labels = () if request.over == WHOLE else (request.over,)
            signals[request.over] = labelled_signal(clean, row, labels)
        values.append(_value(clean, row, request, signals[request.over]))
    # Two families may report the same ingredient, e.g. the noise; it is one value, so one row.
    return list({value.name: value for value in reversed(values)}.values())[::-1]


def _value(clean: Recording, row: int, request: FeatureRequest, x: Floats) -> FeatureValue:
    """One feature of `emgproc.features.FEATURES` on the samples `x` of one channel."""
    spec = FEATURES[request.name]
    found = evaluate(spec, x, clean.fs, **dict(request.params))
    reason = found.reason
    if reason == "all_masked":
        reason = unusable_reason(clean, row) or reason
    elif reason == "no_samples" and request.over != WHOLE:
        reason = "no_state_label" if request.over.startswith("state/") else "no_label"
    return FeatureValue(
        name=request.label,
        unit=spec.unit,
        channel=clean.channels[row].name,
        value=found.value,
        n=found.n,
        flags=band_flags(clean, row),
        reason=reason,
        rule_id=spec.rule_id,
    )


def _findings(clean: Recording) -> list[FeatureValue]:
    """What the steps measured; where two steps measured the same, the later one counts."""
    latest = {(finding.channel, finding.name): finding for finding in clean.provenance.findings}
    return [
        FeatureValue(
            name=finding.name,
            unit=finding.unit,
            channel=finding.channel,
            value=float(finding.value) if math.isfinite(finding.value) else math.nan,
            n=clean.n_samples,
            reason="" if math.isfinite(finding.value) else "not_measurable",
            rule_id=FINDINGS_RULE,
        )
        for finding in latest.values()
    ]
