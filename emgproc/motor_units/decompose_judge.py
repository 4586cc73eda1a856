"""Which of the units that were followed are accepted, and the reason of each."""

from dataclasses import replace

import numpy as np

from emgproc.motor_units.decompose_gate import Gate
from emgproc.motor_units.decompose_limit import least_peak
from emgproc.motor_units.decompose_peel import Unit, row_of
from emgproc.motor_units.decompose_quality import are_one_unit, pause_share, pulse_to_noise_db
from emgproc.motor_units.decompose_signal import Mixture
from emgproc.motor_units.discharges import covisi, mean_rate
from emgproc.motor_units.model import DecompositionSettings, MotorUnit, MotorUnits, Trained
from emgproc.recording import Recording

MUAP_S = 0.025  # on either side of a discharge
BETWEEN = 0.5**0.5  # of the height of a pulse: half of its square, as two clusters part them


def result_of(
    recording: Recording,
    passed: Gate,
    units: list[Unit],
    settings: DecompositionSettings,
    seed: int,
) -> MotorUnits:
    """Judge the units, the one with the strongest potential first."""
    judged: list[MotorUnit] = []
    mixture, least_uv = passed.mixture, float("nan")
    if mixture is not None:
        followed = sorted(units, key=lambda u: -float(np.square(u.waveform).sum()))
        for i, unit in enumerate(followed):
            described = described_unit(
                f"MU{i + 1}", unit, mixture, passed.kept, recording.n_samples
            )
            judged.append(_with_reason(described, judged, settings, recording.fs))
        found = [u for u, said in zip(followed, judged, strict=True) if said.accepted_because]
        least_uv = least_peak(mixture, found, settings.least_sil)
    accepted = tuple(unit for unit in judged if unit.accepted_because)
    return MotorUnits(
        units=accepted,
        rejected=tuple(unit for unit in judged if unit.rejected_because),
        verdict=passed.verdict or ("" if accepted else _nothing(len(judged))),
        fs=recording.fs,
        channels=tuple(recording.channels[passed.rows[i]].name for i in passed.kept),
        left_out=passed.left_out,
        muap_centre=round(MUAP_S * recording.fs),
        settings=settings,
        seed=seed,
        n_delays=mixture.n_delays if mixture is not None else 0,
        least_peak_uv=least_uv,
    )


def _nothing(followed: int) -> str:
    if followed:
        return f"no_unit: {followed} train(s) followed, none accepted; see `rejected`"
    return (
        "no_unit: no start ended with a regular train of pulses; the signal is noise, its units "
        "are too weak, or they discharge together"
    )


def described_unit(
    name: str, unit: Unit, mixture: Mixture, columns: list[int], n_samples: int
) -> MotorUnit:
    """What there is to say about a unit, its acceptance excepted."""
    discharges = unit.train - mixture.lead
    discharges = discharges[(discharges >= 0) & (discharges < n_samples)]
    source = unit.source[mixture.lead : mixture.lead + n_samples]
    half = round(MUAP_S * mixture.fs)
    waveform = unit.waveform[:, columns]
    by_delay = (mixture.n_delays, mixture.m)
    trained = Trained(
        whole=unit.whole.reshape(by_delay)[:, columns],
        cleaned=unit.filter.reshape(by_delay)[:, columns],
        whole_limit=float(unit.whole @ row_of(mixture, unit.waveform)) * BETWEEN,
        cleaned_limit=unit.limit,
        waveform=waveform,
    )
    return MotorUnit(
        name=name,
        discharges=discharges,
        sil=unit.sil,
        pnr_db=pulse_to_noise_db(source, discharges),
        covisi=covisi(discharges, mixture.fs).value,
        rate_pps=mean_rate(discharges, mixture.fs).value,
        muap_uv=np.ascontiguousarray(waveform[mixture.half - half : mixture.half + half + 1].T),
        trained=trained,
    )


def _with_reason(
    unit: MotorUnit, before: list[MotorUnit], settings: DecompositionSettings, fs: float
) -> MotorUnit:
    reason = reason_against(unit, settings, fs)
    accepted = [other for other in before if other.accepted_because]
    for i, other in enumerate(accepted):
        if not reason and are_one_unit(unit.discharges, other.discharges, fs):
            reason = f"duplicate: shares its discharges with units[{i}]"
    if reason:
        return replace(unit, rejected_because=reason)
    return replace(
        unit,
        accepted_because=(
            f"SIL {unit.sil:.3f} >= {settings.least_sil:g}, {unit.discharges.size} discharges >= "
            f"{settings.least_discharges}, {unit.rate_pps:.1f} pps in "
            f"{settings.least_rate_pps:g}-{settings.most_rate_pps:g}, CoV of the intervals "
            f"{unit.covisi:.2f} <= {settings.most_covisi:g}"
        ),
    )


def reason_against(unit: MotorUnit, settings: DecompositionSettings, fs: float) -> str:
    """Why a unit is not accepted, the measure and its limit; empty if nothing is against it."""
    if unit.discharges.size < settings.least_discharges:
        return f"few_discharges: {unit.discharges.size} < {settings.least_discharges}"
    if not unit.sil >= settings.least_sil:
        return f"low_sil: {unit.sil:.3f} < {settings.least_sil:g}"
    return against_rhythm(unit, settings, fs)


def against_rhythm(unit: MotorUnit, settings: DecompositionSettings, fs: float) -> str:
    """What speaks against the intervals of a train: pauses, irregularity, rate; or nothing."""
    pauses = pause_share(unit.discharges, fs)
    if pauses > settings.most_pauses:
        return f"interrupted: {pauses:.2f} of the intervals are pauses > {settings.most_pauses:g}"
    if not unit.covisi <= settings.most_covisi:
        return f"irregular: CoV of the intervals {unit.covisi:.2f} > {settings.most_covisi:g}"
    if not settings.least_rate_pps <= unit.rate_pps <= settings.most_rate_pps:
        return (
            f"implausible_rate: {unit.rate_pps:.1f} pps outside {settings.least_rate_pps:g}-"
            f"{settings.most_rate_pps:g}"
        )
    return ""
