"""Values of needle EMG and nerve stimulation as a clinician reads them: names, units, reasons."""

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from emgproc.features.result import FeatureValue

UNITS = MappingProxyType(
    {"uV": "µV", "mV*ms": "mV·ms", "1": "", "1/(s*uV)": "1/(s·µV)", "Hz": "Hz"}
)
REASONS = MappingProxyType(
    {
        # at the needle
        "no_rest": "no part of the recording is labelled as rest",
        "no_effort": "no contraction is labelled",
        "not_asked_for": "the plan does not ask for it",
        "all_masked": "all of it is masked or left out",
        "too_short": "too short to be judged",
        "fs_too_low": "the sampling rate is too low",
        "no_epoch": "no whole epoch is usable",
        "no_pattern": "no epoch has two turns or more: the muscle was silent",
        "no_cloud": "there is no cloud of healthy muscle from this site, so nothing is judged",
        "too_few_epochs": "too few epochs",
        "no_unit": "no motor unit was found",
        "recording_too_long": "the contractions are longer than the plan's limit (most_s)",
        "no_measured_potential": "no potential could be measured",
        "too_few_units": "too few motor units for a spread",
        "too_few_discharges": "too few discharges",
        "no_second_unit": "no second motor unit",
        "no_active_unit": "no motor unit was active",
        "first_unit_silent": "the first motor unit was silent",
        "too_few_intervals": "too few intervals",
        "not_measurable": "it could not be measured",
        # nerve stimulation
        "absent_response": "there is no response",
        "absent_reflex": "there is no reflex",
        "no_stimulus": "the recording holds no stimulus",
        "no_whole_sweep": "no stimulus has a whole, unmasked sweep",
        "no_baseline": "the sweeps are too short before the stimulus for their baseline",
        "no_stimulus_strength": "the strengths of the stimuli are not stated",
        "too_few_stimuli": "too few stimuli",
        "no_window": "the plan does not state the window of the response",
        "window_outside_sweep": "the window of the response lies outside the sweeps",
        "pulse_missing": "a stimulus of the train has no usable sweep",
        "too_few_pulses": "too few stimuli in the train",
        "not_one_train": "the stimuli are not one train of equal intervals",
        "no_area": "the areas could not be measured",
        "stimulus_constant": "all stimuli have the same strength",
        "no_noise": "the noise of the responses is not known",
        "no_site": "no place of stimulation is labelled",
        "levels_differ": "the places do not have the same number of strengths",
        "no_voluntary_activity": "no voluntary activity is labelled",
        "no_graded_stimuli": "there are no weaker stimuli",
        "no_maximal_stimulus": "no stimulus outside the places gives the maximal response",
        "no_weaker_stimulus": "no weaker stimulus shows that the strongest was enough",
        "no_step": "no step stands out of the noise",
        "not_down_to_none": "the scan does not reach down to no response",
        "stimulus_not_above_0_ma": "a stimulus of 0 mA or less",
        "no_valid_sip": "no epoch met the rules of MUNIX",
        "too_few_valid_sip": "too few epochs met the rules of MUNIX",
        "too_few_sites": "too few places",
        "no_f_wave": "there is no F-wave",
        "smup_below_10_uv": "the mean motor unit is below 10 µV",
        "below_20_uv": "it is below 20 µV",
        "nowhere_quiet": "it is nowhere quiet for 2 ms",
        "own_discharges_overlap": "its discharges follow so closely that each lies on the next",
        "noise_unknown": "fewer than four sweeps do not show their noise",
        "duration_unsure": "its onset or offset hangs on noise left in the template",
        "d2_unsure": "it hangs on noise left in the template",
        "template_noise_above_7_uv": "the noise left in the template is above 7 µV",
        "no_protocol_label": "no label tells what the stimuli were given for",
    }
)
LEFT_OUT = MappingProxyType(
    {
        "masked": "masked as artefact or missing",
        "incomplete": "the recording ends, pauses or has the next stimulus within the sweep",
        "movement": "while or just after the needle moved",
        "outside": "not under the labels that the plan names",
        "remainder": "the rest of a stretch, shorter than an epoch",
    }
)
_FLAGS = MappingProxyType(
    {
        "fs_below_20_khz": "sampled below 20 kHz: fine detail is lost",
        "few_epochs": "fewer than 20 epochs",
        "single_unit": "of a single motor unit",
        "duration_unsure": "duration unsure",
        "d2_unsure": "D2 unsure",
        "few_traces": "fewer than 3 responses",
        "few_pulses": "fewer than 10 stimuli",
        "few_stimuli": "fewer than 10 stimuli",
        "few_sites": "fewer than 3 places",
        "few_steps": "fewer than 5 steps",
        "few_sweeps_without_f": "few sweeps show the M response alone",
        "increment_below_25_uv": "an increment is below 25 µV",
        "unusual_rate": "not at 2 to 3 Hz",
        "above_10_percent": "falls by more than 10 %",
        "initial_positivity": "begins positive: E1 may not lie over the endplates",
        "onset_at_blanking": "begins within the artefact",
        "no_return_to_baseline": "does not return to the baseline",
        "m_not_supramaximal": "the largest M may not be of all units",
        "h_with_m": "every H came with an M",
        "censored": "an upper limit",
        "gaussian_pattern": "slope near −1: the index follows from the CMAP alone",
        "cmap_below_0.5_mv": "the CMAP is below 0.5 mV",
        "response_at_rail": "a response reaches the limit of the amplifier",
        "masked": LEFT_OUT["masked"],
        "incomplete": LEFT_OUT["incomplete"],
        **{code: REASONS[code] for code in ("absent_response", "absent_reflex", "no_noise")},
        "not_down_to_none": REASONS["not_down_to_none"],
    }
)
_NAMES = MappingProxyType(
    {
        "decrement": "decrement from the 1st to the 4th",
        "decrement_largest": "largest decrement",
        "decrement_area": "decrement of the area",
        "repetitive_rate": "rate of the train",
        "h_max": "H max",
        "h_m_max": "M max",
        "h_m_ratio": "H max / M max",
        "h_m_threshold": "M threshold",
        "cmap_supramaximal_change": "change from a weaker stimulus",
        "scan_cmap_max": "largest response",
        "scan_steps_share": "steps in the largest response",
        "scan_n_steps": "steps",
        "scan_model_units": "units by the model",
        "scan_model_mean_size": "mean unit by the model",
        "scan_model_largest_unit": "largest unit by the model",
        "scan_model_spread": "spread of responses by the model",
        "munix_alpha": "slope",
        "interference_outside_cloud_share": "share outside the cloud",
        "needle_units": "motor units",
    }
)
_ABBREVIATIONS = MappingProxyType(
    {name: name.upper() for name in ("cmap", "munix", "musix", "mune", "smup", "ccc", "d1", "d2")}
    | {name: name.upper() for name in ("d50", "s5", "s50", "s95", "h", "f")}
)
_SILENT = frozenset({"muap", "interference", "scan", "motor_unit"})


class Row(NamedTuple):
    """One value of a table of the page."""

    what: str
    name: str
    value: str
    n: str
    remarks: str
    rule: str


def row_of(value: FeatureValue, told: Collection[str] = ()) -> Row:
    """A value as a row of a table; without a number the reason stands in words.

    Flags of `told` are left out: they stand elsewhere.
    """
    kept = replace(value, flags=tuple(flag for flag in value.flags if flag not in told))
    n = str(value.n) if value.n or value.reason else ""
    return Row(called(value.name), value.name, shown(value), n, remarks_of(kept), value.rule_id)


def common_flags(values: Sequence[FeatureValue]) -> tuple[str, ...]:
    """Flags that every one of these values has."""
    first, *others = values
    return tuple(flag for flag in first.flags if all(flag in one.flags for one in others))


def shown(value: FeatureValue) -> str:
    """A number with its unit, or an en dash where there is none.

    Examples
    --------
    >>> shown(FeatureValue("muap_amplitude", "uV", "N", 312.345, 20))
    '312 µV'
    """
    if not math.isfinite(value.value):
        return "–"
    if value.name.endswith("_absent"):
        return "yes" if value.value else "no"
    return f"{number(value.value)} {UNITS.get(value.unit, value.unit)}".rstrip()


def number(value: float) -> str:
    """Three significant digits, of large numbers all before the point, and a true minus sign.

    Examples
    --------
    >>> number(-0.012345), number(23456.7), number(8.7)
    ('−0.0123', '23457', '8.7')
    """
    told = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return told.replace("-", "−")


def remarks_of(value: FeatureValue) -> str:
    """Why there is no number, or words that qualify it."""
    if value.reason:
        return f"not measured: {reason_words(value.reason)}"
    return flag_words(value.flags)


def reason_words(reason: str) -> str:
    """A reason in words; of one that is not known here its own.

    Examples
    --------
    >>> reason_words("no_effort"), reason_words("some_new_reason")
    ('no contraction is labelled', 'some new reason')
    """
    return REASONS.get(reason, reason.replace("_", " "))


def flag_words(flags: Sequence[str]) -> str:
    """Flags in words."""
    told = [_FLAGS.get(f, f.replace("_", " ")) for f in dict.fromkeys(flags) if f not in _SILENT]
    return ", ".join(told)


def left_out_words(why: str) -> str:
    """Why a span or a stimulus was left out: a word of ours, else the label it lies under."""
    return LEFT_OUT.get(why, f"under the label {why}")


def called(name: str) -> str:
    """The name of a value in words.

    Examples
    --------
    >>> called("muap_duration_d1"), called("scan_d50"), called("interference_turns_rate")
    ('duration D1', 'D50', 'turns rate')
    """
    if name in _NAMES:
        return _NAMES[name]
    words = [_ABBREVIATIONS.get(w, w) for w in name.split("_") if w not in _SILENT]
    return " ".join(words)


def shared_reason(values: Sequence[FeatureValue]) -> str:
    """The one reason, in words, for which none of these has a number; else empty."""
    reasons = {value.reason for value in values}
    return reason_words(reasons.pop()) if len(reasons) == 1 and "" not in reasons else ""
