"""A cleaned recording and a plan → a FeatureSet: every value with its unit, count and reason."""

import math
from collections.abc import Iterable, Sequence
from functools import partial
from types import MappingProxyType

import numpy as np

import emgproc
from emgproc.errors import ParameterError, UnsupportedFormatError
from emgproc.features import Sums, labelled_signal
from emgproc.features.indices import RECORDING_FEATURES, RecordingFeature, indices
from emgproc.features.result import FeatureSet, FeatureValue
from emgproc.features.tone import band_flags, unusable_reason
from emgproc.plan.measuring import ROWS, Measured, measure, wanted_by
from emgproc.plan.model import SCAN, WHOLE, Plan
from emgproc.plan.motor_units import found_units, motor_unit_values
from emgproc.plan.needle import needle_values
from emgproc.plan.stimulation import measures_scans, scan_values, stimulation_values
from emgproc.plan.varied import Varied, apply_with_variants, variant_values
from emgproc.readers import CmapScan
from emgproc.recording import Provenance, Recording
from emgproc.stimulation.protocols import ProtocolSettings

# What needs the labels and the noise of a recording, not its samples alone.
FAMILIES: MappingProxyType[str, RecordingFeature] = MappingProxyType(
    {**RECORDING_FEATURES, "indices": indices}
)

FINDINGS_RULE = "chain_P0"  # emg.md section 6: what the cleaning steps measured on their way


def extract(
    clean: Recording, plan: Plan, *, threads: int = 1, varied: Varied | None = None
) -> FeatureSet:
    """Measure on a cleaned recording what the plan asks for.

    Masked samples (events `bad_*`) count as missing, and no difference, window or spectrum crosses
    the edge of a segment or of a labelled span.

    Parameters
    ----------
    clean
        The recording after `plan.apply`, µV.
    plan
        Its features, windows and noise settings are used; its steps are not applied here.
    threads
        Threads for motor units, if the plan asks for them; the values are the same for any number.
    varied
        What was measured along the plan's variants (`apply_with_variants`). A cleaned recording
        cannot be cleaned in another way: without these, variants that have other steps are NaN
        with `raw_recording_needed`; `extract_recording` gives all.

    Returns
    -------
    FeatureSet
        The values of every EMG channel in the order of the plan, then those of variants, of motor
        units, of nerve stimulation, of the needle, and what the steps measured. NaN always carries
        a reason.

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
    rows = clean.emg_rows()
    values: list[FeatureValue] = []
    for first in range(0, len(rows), ROWS):
        values += _values(clean, rows[first : first + ROWS], plan)
    settings = plan.motor_units
    units = None if settings is None else found_units(clean, settings, threads=threads)
    values += variant_values(clean, plan, varied or {}, units)
    if settings is not None:
        values += motor_unit_values(clean, settings, found=units)
    if plan.stimulation is not None:
        values += stimulation_values(clean, plan.stimulation)
    if plan.needle is not None:
        values += needle_values(clean, plan.needle)
    return feature_set(clean.provenance, clean.n_samples, plan.digest, values)


def extract_recording(recording: Recording, plan: Plan, *, threads: int = 1) -> FeatureSet:
    """Clean a recording and measure on it all that the plan asks for.

    Equal to `extract(plan.apply(recording), plan)` where the plan has no variants.

    Parameters
    ----------
    recording
        As it was read, µV.
    plan
        What is done and measured.
    threads
        As in `extract`.

    Raises
    ------
    SignalError
        A step cannot work on this recording.
    ParameterError
        As `extract`.
    """
    clean, varied = apply_with_variants(recording, plan)
    return extract(clean, plan, threads=threads, varied=varied)


def extract_scan(scan: CmapScan, plan: Plan, sha256: str = "") -> FeatureSet:
    """Values of a CMAP scan whose responses a machine measured, by the plan's [stimulation].

    Raises
    ------
    UnsupportedFormatError
        The plan does not measure scans.
    """
    settings = scan_settings(scan, plan)
    about = Provenance(scan.source, sha256=sha256, reader="qtrac")
    values = scan_values(scan, settings)
    return feature_set(about, scan.response_mv.size, plan.digest_for(SCAN), values)


def scan_settings(scan: CmapScan, plan: Plan) -> ProtocolSettings:
    """How the plan measures scans.

    Raises
    ------
    UnsupportedFormatError
        It does not.
    """
    if plan.stimulation is None or not measures_scans(plan.stimulation):
        raise UnsupportedFormatError(
            f"{scan.source}: holds a CMAP scan, no continuous signal; a plan measures it with "
            f'[stimulation] protocol = "scan", and {plan.name!r} does not'
        )
    return plan.stimulation


def feature_set(
    about: Provenance, n_samples: int, plan_digest: str, values: Iterable[FeatureValue]
) -> FeatureSet:
    """The values of a recording, and what its steps measured, with where they come from."""
    return FeatureSet(
        source=about.source,
        sha256=about.sha256,
        plan_digest=plan_digest,
        version=emgproc.__version__,
        values=(*values, *_findings(about, n_samples)),
        steps=about.steps,
        warnings=about.warnings,
        synthetic=about.synthetic,
    )


def _values(clean: Recording, rows: Sequence[int], plan: Plan) -> list[FeatureValue]:
    """Values of some channels, channel by channel in the order of the plan."""
    measured = [
        Measured(
            clean.channels[row].name, band_flags(clean, row), partial(unusable_reason, clean, row)
        )
        for row in rows
    ]
    summed = [request for request in plan.features if request.name not in FAMILIES]
    found: dict[tuple[str, str], FeatureValue] = {}
    for over in dict.fromkeys(request.over for request in summed):
        asked = [request for request in summed if request.over == over]
        labels = () if over == WHOLE else (over,)
        signals = [labelled_signal(clean, row, labels) for row in rows]
        for size in sorted({signal.size for signal in signals}):
            chosen = [i for i, signal in enumerate(signals) if signal.size == size]
            sums = Sums.of_array(np.stack([signals[i] for i in chosen]), clean.fs)
            sums.prepare(wanted_by(asked, clean.fs))
            for request in asked:
                for value in measure(request, sums, [measured[i] for i in chosen]):
                    found[value.channel, value.name] = value
    return [value for row in rows for value in _of_channel(clean, row, plan, found)]


def _of_channel(
    clean: Recording, row: int, plan: Plan, found: dict[tuple[str, str], FeatureValue]
) -> list[FeatureValue]:
    values: list[FeatureValue] = []
    for request in plan.features:
        if request.name in FAMILIES:
            values += FAMILIES[request.name](clean, row, plan.windows, plan.noise)
        else:
            values.append(found[clean.channels[row].name, request.label])
    return without_repeats(values)


def without_repeats(values: Sequence[FeatureValue]) -> list[FeatureValue]:
    """Values of one channel, each name once: two families may report the same ingredient."""
    return list({value.name: value for value in reversed(values)}.values())[::-1]


def _findings(about: Provenance, n_samples: int) -> list[FeatureValue]:
    """What the steps measured; where two steps measured the same, the later one counts."""
    latest = {(finding.channel, finding.name): finding for finding in about.findings}
    return [
        FeatureValue(
            name=finding.name,
            unit=finding.unit,
            channel=finding.channel,
            value=float(finding.value) if math.isfinite(finding.value) else math.nan,
            n=n_samples,
            reason="" if math.isfinite(finding.value) else "not_measurable",
            rule_id=FINDINGS_RULE,
        )
        for finding in latest.values()
    ]
