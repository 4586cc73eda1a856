"""Which of the units that were resolved are accepted, how sure each is, and why."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats, Ints
from emgproc.motor_units.decompose_judge import against_rhythm
from emgproc.motor_units.decompose_quality import (
    are_one_unit,
    pulse_to_noise_db,
    silhouette,
)
from emgproc.motor_units.discharges import covisi, mean_rate
from emgproc.motor_units.model import MotorUnit, MotorUnits, Trained
from emgproc.motor_units.needle_confidence import confidence_of
from emgproc.motor_units.needle_model import IntramuscularSettings, NeedleUnit
from emgproc.motor_units.needle_resolve import Resolved, scores_of
from emgproc.motor_units.needle_signal import NeedleGate, NeedleSignal
from emgproc.preprocessing.peaks import find_peaks
from emgproc.recording import Recording

SIL_VARIANT = (
    "squared heights at which a template fits the signal cleaned of the other units; discharges "
    "against peaks elsewhere; squared distances of the discharges to both centroids"
)
LIMIT = 0.5  # of a template's height: between a discharge and none


def result_of_needle(
    recording: Recording,
    passed: NeedleGate,
    found: Resolved | None,
    settings: IntramuscularSettings,
    seed: int,
) -> MotorUnits:
    """Judge the units, the one with the strongest potential first."""
    judged: list[NeedleUnit] = []
    signal = passed.signal
    if signal is not None and found is not None:
        order = np.argsort(-np.square(found.templates).sum(axis=(1, 2)), kind="stable")
        for unit in order.tolist():
            described = _described(unit, signal, found, recording, settings)
            named = replace(described, name=f"MU{len(judged) + 1}")
            judged.append(_with_reason(named, judged, settings, recording.fs))
    accepted = tuple(unit for unit in judged if unit.accepted_because)
    half = 0 if signal is None else _half_length(settings, recording.fs)
    return MotorUnits(
        units=accepted,
        rejected=tuple(unit for unit in judged if unit.rejected_because),
        verdict=passed.verdict or ("" if accepted else _nothing(len(judged))),
        fs=recording.fs,
        channels=() if signal is None else tuple(recording.channels[i].name for i in passed.rows),
        left_out=passed.left_out,
        muap_centre=half,
        settings=settings,
        seed=seed,
        n_delays=0 if found is None else found.templates.shape[2],
        sil_variant=SIL_VARIANT,
    )


def _nothing(followed: int) -> str:
    if followed:
        return f"no_unit: {followed} train(s) followed, none accepted; see `rejected`"
    return (
        "no_unit: no deflections of one shape repeat in a regular train; the signal is noise, "
        "its units are too weak, or they discharge together"
    )


def _half_length(settings: IntramuscularSettings, fs: float) -> int:
    return round(settings.half_s * fs)


def _described(
    unit: int,
    signal: NeedleSignal,
    found: Resolved,
    recording: Recording,
    settings: IntramuscularSettings,
) -> NeedleUnit:
    """What there is to say about a unit, its acceptance excepted."""
    train = found.train(unit)
    template = found.templates[unit]
    energy = float(np.square(template).sum())
    pulses = _pulses(signal, found, unit)
    late, centred = _centred(template)
    at = np.rint((train + late) * signal.step).astype(np.int64)
    discharges = np.unique(np.clip(at, 0, recording.n_samples - 1))
    heights, others = pulses[train], _peaks_elsewhere(pulses, train, signal.fs)
    sil = silhouette(heights**2, others**2) if heights.size and others.size else 0.0
    muap_uv = _on_samples(centred * signal.noise_uv[:, None], signal.step)
    filters = (template / energy / signal.noise_uv[:, None]).T.astype(np.float32)
    return NeedleUnit(
        name="",
        discharges=discharges,
        sil=sil,
        pnr_db=pulse_to_noise_db(pulses, train),
        covisi=covisi(discharges, recording.fs).value,
        rate_pps=mean_rate(discharges, recording.fs).value,
        muap_uv=muap_uv,
        trained=Trained(filters, filters, LIMIT, LIMIT, muap_uv.T),
        confidence=confidence_of(signal, found, unit, settings.refractory_s),
    )


def _centred(template: Floats) -> tuple[int, Floats]:
    """How much later than the middle the largest deflection is, and the template about it."""
    half = template.shape[1] // 2
    peak = int(np.abs(template).max(axis=0).argmax())
    padded = np.pad(template, ((0, 0), (half, half)))
    return peak - half, padded[:, peak : peak + template.shape[1]]


def _on_samples(rows: Floats, step: float) -> NDArray[np.float32]:
    """A potential on the samples of the recording, its middle kept."""
    half = rows.shape[1] // 2
    reach = int(half * step)
    at = half + np.arange(-reach, reach + 1) / step
    whole = np.arange(rows.shape[1])
    placed = [np.interp(at, whole, row) for row in rows]
    return np.ascontiguousarray(placed, np.float32)


def _pulses(signal: NeedleSignal, found: Resolved, unit: int) -> Floats:
    """Height at which the template fits the signal without the other units; 1 at its size."""
    template = found.templates[unit]
    alone = _alone(signal, found, unit)
    return np.asarray(scores_of(alone, template[None])[0] / np.square(template).sum())


def _alone(signal: NeedleSignal, found: Resolved, unit: int) -> Floats:
    total = found.residual.copy()
    length, half = found.templates.shape[2], found.templates.shape[2] // 2
    for e in np.flatnonzero(found.placed.unit == unit):
        start = int(found.placed.at[e]) - half
        lo, hi = max(0, -start), min(length, signal.x.shape[1] - start)
        own = found.placed.scale[e] * found.shifted[unit, found.placed.phase[e]]
        total[:, start + lo : start + hi] += own[:, lo:hi]
    return total


def _peaks_elsewhere(pulses: Floats, train: Ints, fs: float) -> Floats:
    """Heights of the peaks that are no discharges, those beside a discharge excepted."""
    apart = round(0.003 * fs)
    peaks = np.asarray(find_peaks(pulses, height=1e-9, distance=apart))
    if not train.size:
        return np.asarray(pulses[peaks])
    after = np.searchsorted(train, peaks)
    before = np.abs(peaks - train[np.maximum(after - 1, 0)])
    nearest = np.minimum(before, np.abs(peaks - train[np.minimum(after, train.size - 1)]))
    return np.asarray(pulses[peaks[nearest > apart]])


def _with_reason(
    unit: NeedleUnit, before: list[NeedleUnit], settings: IntramuscularSettings, fs: float
) -> NeedleUnit:
    reason = _against_train(unit, settings, fs) or _against_shape(unit, settings)
    accepted = [other for other in before if other.accepted_because]
    for i, other in enumerate(accepted):
        if not reason and are_one_unit(unit.discharges, other.discharges, fs):
            reason = f"duplicate: shares its discharges with units[{i}]"
    if reason:
        return replace(unit, rejected_because=reason)
    return replace(unit, accepted_because=_for(unit, settings))


def _for(unit: NeedleUnit, settings: IntramuscularSettings) -> str:
    sure = unit.confidence
    if sure is None:
        return ""
    return (
        f"peak {sure.peak_sd:.1f} noise SD >= {settings.least_peak_sd:g} ({sure.snr_db:.0f} dB), "
        f"{sure.separation_sd:.1f} SD >= {settings.least_separation_sd:g} from the nearest "
        f"template, SIL {unit.sil:.3f} >= {settings.least_sil:g}, {unit.discharges.size} "
        f"discharges >= {settings.least_discharges}, {unit.rate_pps:.1f} pps in "
        f"{settings.least_rate_pps:g}-{settings.most_rate_pps:g}, CoV of the intervals "
        f"{unit.covisi:.2f} <= {settings.most_covisi:g}, {sure.violations:.3f} of the intervals "
        f"refractory <= {settings.most_violations:g}, {sure.superposed:.2f} resolved from "
        f"superpositions, estimated {sure.false_share:.3f} false <= {settings.most_false:g} and "
        f"{sure.missed_share:.3f} missed <= {settings.most_missed:g}"
    )


def _against_train(unit: MotorUnit, settings: IntramuscularSettings, fs: float) -> str:
    if unit.discharges.size < settings.least_discharges:
        return f"few_discharges: {unit.discharges.size} < {settings.least_discharges}"
    return against_rhythm(unit, settings, fs)


def _against_shape(unit: NeedleUnit, settings: IntramuscularSettings) -> str:
    sure = unit.confidence
    if sure is None:
        return "no_confidence: none was estimated"
    limits = (
        ("weak", "peak in noise SD", -sure.peak_sd, -settings.least_peak_sd),
        ("near_another", "separation in SD", -sure.separation_sd, -settings.least_separation_sd),
        ("low_sil", "silhouette", -unit.sil, -settings.least_sil),
        ("refractory", "share of short intervals", sure.violations, settings.most_violations),
        ("many_false", "estimated false share", sure.false_share, settings.most_false),
        ("many_missed", "estimated missed share", sure.missed_share, settings.most_missed),
    )
    for name, what, value, most in limits:
        if not value <= most:
            sign = ">" if most >= 0 and name not in {"weak", "near_another", "low_sil"} else "<"
            return f"{name}: {what} {abs(value):.3f} {sign} {abs(most):g}"
    return ""
