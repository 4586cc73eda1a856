"""Tone measured once more along the variants of a plan; they share the steps before their own.

References
----------
spec section 1.5, the sensitivity set of `tone_primary_v1`: Z7, Z8, Z10, Z15.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from emgproc.errors import FsTooLowError
from emgproc.features import NoiseSettings, WindowSettings
from emgproc.features.result import FeatureValue
from emgproc.features.tone import tone
from emgproc.features.windows import has_states
from emgproc.motor_units import MotorUnits
from emgproc.plan.model import Plan
from emgproc.plan.rhythm import without_rhythm
from emgproc.plan.variants import (
    MARK,
    EcgGated,
    RhythmSubtracted,
    StateUnknown,
    Variant,
    shared_steps,
)
from emgproc.preprocessing import GateEcg, apply_steps
from emgproc.recording import Recording

TONE = {"tone_ms_uv2": "uV^2", "noise_power_uv2": "uV^2"}
EDGES = ("band_low_hz", "band_high_hz")
RAW_NEEDED = "raw_recording_needed"
NO_BEAT = "no_heart_beat_found"

Varied: TypeAlias = Mapping[Variant, Sequence[FeatureValue]]


def apply_with_variants(recording: Recording, plan: Plan) -> tuple[Recording, Varied]:
    """Clean a recording, and measure along each variant that has other steps.

    Parameters
    ----------
    recording
        As it was read. Beside it and the cleaned one, the last state that variants share and one
        variant of it are in memory at a time.
    plan
        The plan.

    Returns
    -------
    clean
        `plan.apply(recording)`, byte for byte.
    varied
        Values by variant; those that have the steps of the plan are not among them.

    Raises
    ------
    SignalError
        A step of the plan cannot work on this recording.
    ParameterError
        The plan has no such step as a variant changes.
    """
    forks = sorted(
        ((shared_steps(variant, plan.steps), i) for i, variant in enumerate(plan.variants)),
    )
    varied: dict[Variant, Sequence[FeatureValue]] = {}
    done = 0
    for fork, i in forks:
        if fork == len(plan.steps):
            break
        recording, done = apply_steps(recording, plan.steps[done:fork]), fork
        varied[plan.variants[i]] = _along(plan.variants[i], recording, fork, plan)
    return apply_steps(recording, plan.steps[done:]), varied


def variant_values(
    clean: Recording, plan: Plan, varied: Varied, units: MotorUnits | str | None
) -> list[FeatureValue]:
    """Values of all variants, in their order.

    Parameters
    ----------
    clean
        The recording after the steps of the plan.
    plan
        The plan.
    varied
        From `apply_with_variants`. A variant that has other steps and is not among them is NaN
        with `raw_recording_needed`.
    units
        From `found_units`; `None` where the plan does not look for motor units.

    Returns
    -------
    list of FeatureValue
        `tone_ms_uv2`, `noise_power_uv2`, `band_low_hz` and `band_high_hz` of each EMG channel,
        each with `~` and the label of the variant. NaN also with `no_heart_beat_found`
        (`ecg_gated`), `fs_too_low` (`hp…`), those of `without_rhythm` (`rhythm_subtracted`),
        and as `tone` has it.
    """
    values: list[FeatureValue] = []
    for variant in plan.variants:
        if variant in varied:
            values += varied[variant]
        elif isinstance(variant, RhythmSubtracted):
            left = without_rhythm(clean, plan.motor_units, units)
            values += (
                _blanks(variant, clean, left)
                if isinstance(left, str)
                else _measured(variant, left, plan)
            )
        elif shared_steps(variant, plan.steps) == len(plan.steps):
            values += _measured(variant, clean, plan)
        else:
            values += _blanks(variant, clean, RAW_NEEDED)
    return values


def _along(variant: Variant, shared: Recording, fork: int, plan: Plan) -> list[FeatureValue]:
    try:
        return _measured(variant, apply_steps(shared, variant.steps(plan.steps)[fork:]), plan)
    except FsTooLowError as error:  # of the variant alone: the plan itself may do
        return _blanks(variant, shared, error.code)


def _measured(variant: Variant, clean: Recording, plan: Plan) -> list[FeatureValue]:
    if isinstance(variant, EcgGated) and not _found(clean, "n_beats", ""):
        return _blanks(variant, clean, NO_BEAT)
    windows, noise = _settings(variant, clean, plan)
    values: list[FeatureValue] = []
    for row in clean.emg_rows():
        wanted = [v for v in tone(clean, row, windows, noise) if v.name in TONE]
        wanted += _edges(clean, clean.channels[row].name)
        values += [_named(value, variant) for value in wanted]
    return values


def _settings(
    variant: Variant, clean: Recording, plan: Plan
) -> tuple[WindowSettings, NoiseSettings]:
    windows, noise = plan.windows, plan.noise
    if isinstance(variant, StateUnknown) and not has_states(clean):
        windows = replace(windows, labels=())
    if isinstance(variant, EcgGated):
        kept = 1 - 2 * GateEcg().half_s * _found(clean, "heart_rate_bpm", "") / 60
        windows = replace(windows, min_valid=kept * windows.min_valid)
        noise = replace(noise, min_s=kept * noise.min_s)
    return windows, noise


def _edges(clean: Recording, channel: str) -> list[FeatureValue]:
    return [
        FeatureValue(name, "Hz", channel, _found(clean, name, channel), clean.n_samples)
        for name in EDGES
        if any((f.name, f.channel) == (name, channel) for f in clean.provenance.findings)
    ]


def _blanks(variant: Variant, recording: Recording, reason: str) -> list[FeatureValue]:
    return [
        _named(FeatureValue(name, unit, channel, float("nan"), 0, reason=reason), variant)
        for channel in (recording.channels[row].name for row in recording.emg_rows())
        for name, unit in TONE.items()
    ]


def _named(value: FeatureValue, variant: Variant) -> FeatureValue:
    return replace(value, name=f"{value.name}{MARK}{variant.label}", rule_id=variant.rule_id)


def _found(recording: Recording, name: str, channel: str) -> float:
    """What the last step that measured it found."""
    findings = reversed(recording.provenance.findings)
    return next(f.value for f in findings if (f.name, f.channel) == (name, channel))
