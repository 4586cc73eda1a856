"""Electrodes that come off and pick up mains: masked where it happens, the rest as without."""

import dataclasses

import numpy as np
import pytest

from emgproc.preprocessing import Bandpass, RemoveLine, SubtractEcg, apply_steps
from emgproc.recording import Recording
from emgproc.simulate import Mains, RecordingSettings, simulate_recording
from emgproc.simulate.acquisition import Artefacts

FS = 1250.0
T = np.arange(int(30 * FS)) / FS
CHAIN = (RemoveLine(), SubtractEcg(), Bandpass())
REFERENCE, QUIET = slice(0, int(15 * FS)), slice(int(18 * FS), int(60 * FS))


def muscles(**fields):
    return tuple(dataclasses.replace(m, **fields) for m in RecordingSettings().muscles)


def powers(recording):
    """Mean square of each channel in the reference, and its median over seconds of tone."""
    x = np.where(recording.mask(), np.nan, recording.data)[:-1]
    seconds = x[:, QUIET].reshape(len(x), -1, int(FS))
    held = np.isfinite(seconds).mean(axis=2) >= 0.8
    level = np.nanmean(np.where(held[:, :, None], seconds, 0.0) ** 2, axis=2)
    tone = [np.median(row[ok]) for row, ok in zip(level, held, strict=True)]
    return np.stack([np.nanmean(x[:, REFERENCE] ** 2, axis=1), tone])


@pytest.mark.parametrize(
    ("mains_uv", "dropout_s"), [(2.0, (0.05, 0.2)), (2.0, (1.0, 3.0)), (8.0, (0.05, 1.0))]
)
def test_an_electrode_that_is_off_is_masked_and_the_rest_stays(mains_uv, dropout_s):
    plain = RecordingSettings(
        muscles=muscles(mains_uv=mains_uv), mains=Mains(49.8, wander_hz=0.1, swell=0.3)
    )
    off = Artefacts(dropouts_per_min=3, dropout_s=dropout_s, dropout="off")
    for seed in range(2):
        before, _ = simulate_recording(plain, seed=seed)
        recording, truth = simulate_recording(dataclasses.replace(plain, artefacts=off), seed=seed)
        after = apply_steps(recording, CHAIN)
        moving = np.zeros(recording.n_samples, np.bool_)
        for start, stop in (*after.label_spans("movement"), *after.label_spans("cry")):
            moving[start:stop] = True
        for channel in truth.channels:
            bad = np.zeros(recording.n_samples, np.bool_)
            for start, stop in after.label_spans("bad_line", channel.name):
                bad[start:stop] = True
            true = np.zeros_like(bad)
            for event in channel.artefacts:
                (span,) = recording.spans(event)
                true[span[0] : span[1]] = True
            near = np.convolve(true, np.ones(2 * 400 + 1), "same") > 0
            assert not (true & ~bad & ~moving).any()
            assert not (bad & ~near & ~moving).any()
        ratio = powers(after) / powers(apply_steps(before, CHAIN))
        # A reference of some seconds less differs by chance; 1.5 to 40 where nothing is masked.
        assert np.abs(ratio - 1).max() < 0.12


def test_a_line_that_swells_and_a_steady_strong_one_are_no_jump():
    for mains in (Mains(50.2, wander_hz=0.2, swell=0.6), Mains(50.0)):
        settings = RecordingSettings(muscles=muscles(mains_uv=8.0), mains=mains)
        recording, _ = simulate_recording(settings, seed=2)
        assert not RemoveLine()(recording).mask().any()


@pytest.mark.parametrize("seed", range(3))
def test_tone_fasciculations_and_heart_beats_are_no_mains(seed):
    settings = RecordingSettings(muscles=muscles(mains_uv=0.3, ecg_uv=150.0, fasciculation_hz=2.0))
    recording, _ = simulate_recording(settings, seed=seed)
    mask = RemoveLine()(recording).mask()[:-1]
    assert not mask[:, REFERENCE].any()
    # In bursts of movement a few windows happen to look like a sine.
    assert mask.mean() < 0.002


def test_what_is_masked_already_makes_no_jump():
    rng = np.random.default_rng(3)
    x = rng.normal(0, 2.0, T.size) + 1.5 * np.sin(2 * np.pi * 50 * T)
    off = (T > 9.9) & (T < 12.1)
    x[off] += 200 * np.sin(2 * np.pi * 50 * T[off])
    mask = ((T > 9.85) & (T < 12.15))[None]
    flat = Recording.from_array(x, FS).with_mask(mask, "bad_flat", step="test")
    after = RemoveLine()(flat)
    assert not any(event.label == "bad_line" for event in after.events)
    assert after.data[0, ~off].std() == pytest.approx(2.0, rel=0.02)


def test_a_jump_in_one_row_masks_that_row_alone():
    rng = np.random.default_rng(4)
    x = rng.normal(0, 2.0, (2, T.size))
    x[0, 5000:5500] += 80 * np.sin(2 * np.pi * 50 * T[5000:5500])
    after = RemoveLine()(Recording.from_array(x, FS))
    assert {event.channel for event in after.events} == {"EMG1"}
    assert after.mask()[0, 5000:5500].all()
    assert after.data[1].tobytes() == x[1].tobytes()
