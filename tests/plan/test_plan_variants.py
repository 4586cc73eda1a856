"""Variants of the tone: known spectra, a simulated heart, recordings without states."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc import Channel, Event, Recording, write_recording
from emgproc.errors import ParameterError, PlanError
from emgproc.plan import extract, extract_file, extract_recording, large, load_plan, plan_from_text
from emgproc.plan.large import whole_needed
from emgproc.plan.variants import EcgGated, HighPass, RhythmSubtracted, StateUnknown, shared_steps
from emgproc.plan.varied import apply_with_variants
from emgproc.preprocessing import Bandpass, GateEcg
from emgproc.readers import open_recording

FS = 1250
REFERENCE_S, LENGTH_S = 12, 50
LABELLED = (
    Event(0, REFERENCE_S, "noise_reference"),
    Event(REFERENCE_S, LENGTH_S - REFERENCE_S, "state/3"),
)
SURFACE = Path(__file__).parents[2] / "pipelines" / "surface.toml"
HEAD = 'schema = 1\nname = "t"\n[[feature]]\nname = "tone"\n'
SUBTRACT = '[[step]]\nname = "subtract_ecg"\n'
BAND = '[[step]]\nname = "bandpass"\n'
HP30 = '[[variant]]\nname = "high_pass"\nlow_hz = 30\n'
HP50 = '[[variant]]\nname = "high_pass"\nlow_hz = 50\n'
GATED = '[[variant]]\nname = "ecg_gated"\n'
UNKNOWN = '[[variant]]\nname = "state_unknown"\n'
RHYTHM = '[[variant]]\nname = "rhythm_subtracted"\n'
FOUR = plan_from_text(HEAD + SUBTRACT + BAND + HP30 + HP50 + GATED + UNKNOWN)


def muscle(tone_uv=6.0, noise_uv=2.0, seed=1):
    """White, quieter in the reference."""
    x = np.random.default_rng(seed).standard_normal(LENGTH_S * FS)
    x[: REFERENCE_S * FS] *= noise_uv
    x[REFERENCE_S * FS :] *= tone_uv
    return x


def heart(bpm, seed=2):
    """R peaks of height 1 with P and T waves."""
    rng = np.random.default_rng(seed)
    clock = np.arange(LENGTH_S * FS) / FS
    ecg = np.zeros(clock.size)
    at = 0.3
    while at < LENGTH_S - 0.3:
        near = slice(max(0, int((at - 0.3) * FS)), int((at + 0.4) * FS))
        u = clock[near] - at
        for height, middle, width in (
            (1, 0, 0.008), (-0.3, 0.02, 0.008), (0.2, 0.17, 0.03), (0.1, -0.1, 0.02),
        ):  # fmt: skip
            ecg[near] += height * np.exp(-0.5 * ((u - middle) / width) ** 2)
        at += 60 / bpm * (1 + 0.02 * rng.standard_normal())
    return ecg


def recorded(*rows, ecg=None, events=LABELLED, fs=FS):
    channels = [Channel(f"M{i + 1}") for i in range(len(rows))]
    if ecg is not None:
        rows, channels = (*rows, ecg), [*channels, Channel("ECG", kind="ECG")]
    return Recording.from_array(np.vstack(rows), fs, channels=channels, events=events)


def one(found, name, channel="M1"):
    (value,) = [v for v in found.values if (v.name, v.channel) == (name, channel)]
    return value


def white_power(low_hz, high_hz=450.0):
    """Share of white noise that two passes of order 2 leave, -3 dB at both edges."""
    tan = np.tan(np.pi * (np.arange(100_000) + 0.5) / 200_000)
    low, high = math.tan(math.pi * low_hz / FS), math.tan(math.pi * high_hz / FS)
    c = math.sqrt(2) - 1
    return np.mean(1 / ((1 + c * (low / tan) ** 4) * (1 + c * (tan / high) ** 4)) ** 2)


@pytest.fixture(scope="module")
def heartless():
    """Values of the muscle alone."""
    return extract_recording(recorded(muscle()), FOUR)


@pytest.fixture(scope="module")
def beating():
    """Two muscles, the first with the heart."""
    ecg = heart(130)
    return recorded(muscle() + 9 * ecg, muscle(seed=5), ecg=1000 * ecg)


@pytest.fixture(scope="module")
def beaten(beating):
    """Values of the two muscles."""
    return extract_recording(beating, FOUR)


@pytest.mark.parametrize("low_hz", [30, 50])
def test_the_level_above_another_edge_is_that_of_the_known_spectrum(low_hz, heartless):
    found = heartless
    expected = 0.5 * math.log(white_power(low_hz) / white_power(20))
    for name in ("tone_ms_uv2", "noise_power_uv2"):
        varied, main = one(found, f"{name}~hp{low_hz}"), one(found, name)
        assert_allclose(0.5 * math.log(varied.value / main.value), expected, atol=0.002)
        assert (varied.rule_id, varied.unit) == ("tone_z7_v1", "uV^2")
    assert one(found, f"band_low_hz~hp{low_hz}").value == low_hz
    assert one(found, f"band_high_hz~hp{low_hz}").value == 450
    assert one(found, f"noise_power_uv2~hp{low_hz}").flags == ("noise_N1",)


@pytest.mark.parametrize(("bpm", "peak_uv"), [(105, 60), (140, 60), (160, 20)])
def test_the_gate_recovers_the_level_under_the_heart(bpm, peak_uv, heartless):
    ecg = heart(bpm)
    beating = muscle() + peak_uv * ecg
    found = extract_recording(recorded(beating, ecg=1000 * ecg), FOUR)
    without = heartless
    level, noise = (one(found, f"{n}~ecg_gated") for n in ("tone_ms_uv2", "noise_power_uv2"))
    assert_allclose(level.value, one(without, "tone_ms_uv2").value, rtol=0.02)
    assert_allclose(noise.value, one(without, "noise_power_uv2").value, rtol=0.06)
    spoilt = extract(Bandpass()(recorded(beating)), FOUR)
    assert one(spoilt, "tone_ms_uv2").value > 1.1 * level.value
    # Of the labelled windows only the last, in which the heart is not looked for, may be lost.
    assert level.n >= LENGTH_S - REFERENCE_S - 1
    assert level.rule_id == "tone_z8_v1"


def test_without_the_rule_for_what_the_gate_keeps_no_window_would_be_valid():
    ecg = heart(160)
    gated = Bandpass()(GateEcg()(recorded(muscle() + 20 * ecg, ecg=1000 * ecg)))
    plain = one(extract(gated, FOUR), "tone_ms_uv2")
    assert plain.reason == "too_few_windows"


def test_a_heart_that_is_not_seen_is_not_gated(heartless):
    for name in ("tone_ms_uv2", "noise_power_uv2"):
        value = one(heartless, f"{name}~ecg_gated")
        assert math.isnan(value.value)
        assert value.reason == "no_heart_beat_found"


def test_a_recording_without_states_is_measured_between_its_bursts():
    x = muscle()
    rng = np.random.default_rng(3)
    for second in range(REFERENCE_S, LENGTH_S, 5):
        x[second * FS : (second + 1) * FS] = 40 * rng.standard_normal(FS)
    reference = LABELLED[:1]
    found = extract_recording(recorded(x, events=reference), FOUR)
    assert one(found, "tone_ms_uv2").reason == "no_state_label"
    varied = one(found, "tone_ms_uv2~state_unknown")
    calm = 36 * white_power(20)
    assert_allclose(varied.value, calm, rtol=0.03)
    assert "state_unknown" in varied.flags
    assert varied.n == LENGTH_S - REFERENCE_S - len(range(REFERENCE_S, LENGTH_S, 5))
    assert one(found, "noise_power_uv2~state_unknown").value == one(found, "noise_power_uv2").value


def test_a_recording_with_states_keeps_its_windows():
    events = (LABELLED[0], Event(REFERENCE_S, 31, "state/3"), Event(45, 5, "state/4"))
    found = extract_recording(recorded(muscle(), events=events), FOUR)
    main, varied = one(found, "tone_ms_uv2"), one(found, "tone_ms_uv2~state_unknown")
    assert replace(varied, name=main.name, rule_id=main.rule_id) == main
    only_active = (LABELLED[0], Event(REFERENCE_S, 38, "state/4"))
    found = extract_recording(recorded(muscle(), events=only_active), FOUR)
    assert one(found, "tone_ms_uv2~state_unknown").reason == "too_few_windows"


def test_the_values_and_the_digest_of_the_plan_are_those_without_variants(beating, beaten):
    bare = replace(FOUR, variants=())
    plain = extract_recording(beating, bare)
    cleaned = bare.apply(beating)
    assert [v for v in beaten.values if "~" not in v.name] == list(plain.values)
    assert plain == extract(cleaned, bare)
    assert "variant" not in bare.canonical()
    clean, _ = apply_with_variants(beating, FOUR)
    assert_array_equal(clean.data, cleaned.data)
    assert (clean.provenance, clean.events) == (cleaned.provenance, cleaned.events)


def test_each_variant_is_what_the_plan_with_that_one_thing_changed_gives(beating, beaten):
    other = plan_from_text(HEAD + SUBTRACT + BAND + "low_hz = 50\n")
    alone = one(extract(other.apply(beating), other), "tone_ms_uv2")
    assert one(beaten, "tone_ms_uv2~hp50").value == alone.value
    kept = 1 - 0.12 * one(beaten, "heart_rate_bpm", "").value / 60
    gated = plan_from_text(
        HEAD + '[[step]]\nname = "gate_ecg"\n' + BAND
        + f"[windows]\nmin_valid = {0.8 * kept}\n[noise]\nmin_s = {10 * kept}\n"
    )  # fmt: skip
    alone = one(extract(gated.apply(beating), gated), "tone_ms_uv2")
    assert one(beaten, "tone_ms_uv2~ecg_gated").value == alone.value


def test_the_order_of_variants_moves_no_value(beating, beaten):
    turned = extract_recording(beating, replace(FOUR, variants=FOUR.variants[::-1])).values
    assert sorted(map(repr, beaten.values)) == sorted(map(repr, turned))
    names = [v.name for v in turned if v.channel == "M1" and v.name.startswith("tone_ms_uv2~")]
    assert [n.partition("~")[2] for n in names] == ["state_unknown", "ecg_gated", "hp50", "hp30"]


def test_no_byte_depends_on_threads_or_on_the_size_that_is_streamed(
    beating, beaten, tmp_path, monkeypatch
):
    write_recording(beating, tmp_path / "x.h5")
    monkeypatch.setattr(large, "STREAM_ABOVE", 0)
    with open_recording(tmp_path / "x.h5") as opened:
        found = extract_file(opened, FOUR, threads=2)
    assert repr(found.values) == repr(beaten.values)


def test_variants_need_the_whole_recording_and_a_plan_without_does_not():
    assert "variants of the tone are measured in a whole recording" in whole_needed(FOUR, [])
    assert not [w for w in whole_needed(replace(FOUR, variants=()), []) if "variant" in w]


def test_a_cleaned_recording_alone_cannot_be_cleaned_in_another_way(heartless):
    found = extract(FOUR.apply(recorded(muscle())), FOUR)
    for label in ("hp30", "hp50", "ecg_gated"):
        value = one(found, f"tone_ms_uv2~{label}")
        assert math.isnan(value.value)
        assert value.reason == "raw_recording_needed"
    name = "tone_ms_uv2~state_unknown"
    assert one(found, name) == one(heartless, name)


def test_a_rate_too_low_for_one_variant_costs_that_one_only():
    plan = plan_from_text(HEAD + BAND + HP30 + HP50)
    x = np.random.default_rng(1).standard_normal(50 * 200)
    found = extract_recording(recorded(x, fs=200), plan)
    assert one(found, "tone_ms_uv2~hp50").reason == "fs_too_low"
    assert math.isfinite(one(found, "tone_ms_uv2~hp30").value)
    assert math.isfinite(one(found, "tone_ms_uv2").value)


def test_the_shipped_plan_has_the_variants_of_the_sensitivity_set():
    plan = load_plan(SURFACE)
    assert plan.variants == (
        HighPass(30), HighPass(50), EcgGated(), StateUnknown(), RhythmSubtracted(),
    )  # fmt: skip
    assert [shared_steps(v, plan.steps) for v in plan.variants] == [8, 8, 6, 9, 9]


@pytest.mark.parametrize("variant", [HP30, HP50, GATED, UNKNOWN, RHYTHM])
def test_a_variant_changes_the_digest(variant):
    bare = HEAD + SUBTRACT + BAND
    assert plan_from_text(bare + variant).digest != plan_from_text(bare).digest


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + BAND + '[[variant]]\nname = "highpass"\n', "did you mean 'high_pass'?"),
        (HEAD + BAND + '[[variant]]\nname = "high_pass"\n', "high_pass.low_hz: Field required"),
        (HEAD + BAND + HP30 + HP30, "hp30 is asked for 2 times"),
        (HEAD + BAND + GATED, "changes the one SubtractEcg of a plan, and this one has 0"),
        (HEAD + SUBTRACT + HP30, "changes the one Bandpass of a plan, and this one has 0"),
        (HEAD + BAND + BAND + HP30, "and this one has 2"),
        (HEAD + BAND + HP30.replace("30", "450"), "0 < low_hz < high_hz"),
        (HEAD.replace("tone", "rms") + BAND + HP30, "ask for the feature tone"),
    ],
)
def test_a_variant_that_does_not_fit_is_refused(text, told):
    with pytest.raises(PlanError) as caught:
        plan_from_text(text)
    assert told in "\n".join(caught.value.problems)


def test_a_variant_of_a_step_that_is_not_there_is_refused_in_code_too():
    with pytest.raises(ParameterError, match="changes the one Bandpass"):
        extract_recording(recorded(muscle()), replace(FOUR, steps=()))
