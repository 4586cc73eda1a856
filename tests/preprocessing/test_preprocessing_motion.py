"""Movements that nobody labelled: masked by the shipped plan; muscle, heart and breath are not."""

import dataclasses

import numpy as np
import pytest

from emgproc.errors import ParameterError
from emgproc.plan import load_plan
from emgproc.preprocessing import MaskMotion
from emgproc.recording import Event, Recording
from emgproc.simulate import Heart, RecordingSettings, simulate_recording
from emgproc.simulate.acquisition import DC_COUPLED, Artefacts, Breathing

FS = 1250.0
REFERENCE = slice(0, int(15 * FS))
BEDSIDE = Artefacts(offset_mv=20.0, drift_uv=200.0, breathing=Breathing())


@pytest.fixture(scope="module")
def plan(request):
    return load_plan(request.config.rootpath / "pipelines" / "surface.toml")


def settings_of(artefacts=BEDSIDE, heart=None, **fields):
    default = RecordingSettings()
    muscles = tuple(
        dataclasses.replace(muscle, amplifier=DC_COUPLED, mains_uv=0.0, **fields)
        for muscle in default.muscles
    )
    return dataclasses.replace(default, muscles=muscles, artefacts=artefacts, heart=heart)


def noise_powers(recording):
    """Mean square of the reference, NaN with less than 5 s of it."""
    x = np.where(recording.mask(), np.nan, recording.data)[:-1, REFERENCE]
    enough = np.isfinite(x).sum(axis=1) > 5 * FS
    return np.where(enough, np.nanmean(x**2, axis=1), np.nan)


@pytest.mark.parametrize("motion_uv", [1000.0, 3000.0])
def test_unlabelled_motion_leaves_the_noise_reference_as_it_was(plan, motion_uv):
    moved = dataclasses.replace(
        BEDSIDE, motions_per_min=3.0, motion_uv=motion_uv, unlabelled_share=1.0
    )
    ratios = []
    for seed in range(4):
        plain, _ = simulate_recording(settings_of(), seed=seed)
        recording, _ = simulate_recording(settings_of(moved), seed=seed)
        ratios.append(noise_powers(plan.apply(recording)) / noise_powers(plan.apply(plain)))
    known = np.isfinite(ratios)
    assert known.mean() > 0.8
    # The tail of a swing below half of the power of a second stays; 2 to 30 without a mask.
    assert np.abs(np.array(ratios)[known] - 1).max() < 0.4
    assert np.median(np.abs(np.array(ratios)[known] - 1)) < 0.02


QUIET = {
    "at the noise floor": settings_of(tone_uv=1.5, noise_uv=3.0, ecg_uv=60.0),
    "below the noise floor": settings_of(tone_uv=0.5, noise_uv=1.5, ecg_uv=20.0),
    "breathing fast": settings_of(
        dataclasses.replace(BEDSIDE, breathing=Breathing(60.0, baseline_uv=100.0)),
        tone_uv=2.0, noise_uv=2.0, ecg_uv=20.0,
    ),
    "low units": settings_of(tone_uv=20.0, noise_uv=1.5, ecg_uv=3.0),
}  # fmt: skip


@pytest.mark.parametrize("kind", QUIET)
@pytest.mark.parametrize("seed", [0, 1])
def test_quiet_tone_noise_heart_and_breath_are_no_motion(plan, kind, seed):
    recording, _ = simulate_recording(QUIET[kind], seed=seed)
    after = plan.apply(recording)
    assert not any(event.label == "bad_motion" for event in after.events)


def test_little_is_lost_beside_a_large_heart_with_ectopic_beats(plan):
    lost = []
    for seed in range(3):
        settings = settings_of(
            heart=Heart(135.0, ectopic_share=0.05), tone_uv=2.0, noise_uv=1.5, ecg_uv=150.0
        )
        after = plan.apply(simulate_recording(settings, seed=seed)[0])
        lost.append(sum(e.duration_s for e in after.events if e.label == "bad_motion") / 240)
    assert np.mean(lost) < 0.05


def noise(seconds=20):
    return np.random.default_rng(7).normal(0, 5.0, int(seconds * FS))


def test_an_electrode_pop_that_is_masked_is_no_motion():
    x = noise()
    x[int(10 * FS) :] += 5000.0
    popped = Recording.from_array(x, FS, events=[Event(9.9, 0.2, "bad_pop")])
    after = MaskMotion(above_hz=8.0)(popped)
    assert {event.label for event in after.events} == {"bad_pop"}


def test_masked_samples_are_not_looked_at_and_what_little_is_left_is_not_judged():
    t = np.arange(int(20 * FS)) / FS
    x = noise() + 300 * np.sin(2 * np.pi * 10 * t) * ((t > 5.2) & (t < 5.5))
    masked = Recording.from_array(x, FS, events=[Event(5.15, 0.4, "bad_movement")])
    assert MaskMotion(above_hz=8.0)(masked).events == masked.events
    mostly = Recording.from_array(x, FS, events=[Event(5.22, 0.8, "bad_movement")])
    assert MaskMotion(above_hz=8.0)(mostly).events == mostly.events
    half = Recording.from_array(x, FS, events=[Event(5.35, 0.3, "bad_movement")])
    assert len(MaskMotion(above_hz=8.0)(half).events) == 2


def test_what_is_slower_than_the_lower_edge_is_no_motion():
    t = np.arange(int(20 * FS)) / FS
    x = noise() + 500 * np.sin(2 * np.pi * 2.3 * t)
    assert MaskMotion()(Recording.from_array(x, FS)).mask().all()
    assert not MaskMotion(above_hz=8.0)(Recording.from_array(x, FS)).mask().any()


@pytest.mark.parametrize("above_hz", [-1.0, 20.0, 30.0, float("nan")])
def test_edges_that_do_not_rise_are_refused(above_hz):
    with pytest.raises(ParameterError, match="above_hz"):
        MaskMotion(above_hz=above_hz)
