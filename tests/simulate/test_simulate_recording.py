"""One simulated recording: what is said to be true of it can be measured in it."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import ParameterError
from emgproc.simulate import (
    Heart,
    Mains,
    MuscleSettings,
    RecordingSettings,
    simulate_recording,
)
from emgproc.simulate.band import band_gain, in_band


@pytest.fixture(scope="module")
def simulated():
    return simulate_recording(seed=11)


def quiet_windows(recording, row, y):
    """Mean squares of whole seconds of `state/3` without movement or cry."""
    moved = np.zeros(recording.n_samples, np.bool_)
    for label in ("movement", "cry"):
        for a, b in recording.label_spans(label):
            moved[a - 63 : b + 63] = True
    found = []
    for a, b in recording.label_spans("state/3"):
        for start in range(a, b - 1249, 1250):
            valid = ~moved[start : start + 1250]
            if valid.mean() >= 0.8:
                found.append(np.mean(y[row, start : start + 1250][valid] ** 2))
    return np.array(found)


def test_the_same_seed_gives_the_same_samples_and_another_others(simulated):
    again, _ = simulate_recording(seed=11)
    assert_array_equal(again.data, simulated[0].data)
    other, _ = simulate_recording(seed=12)
    assert not np.array_equal(other.data, simulated[0].data)


def test_a_change_in_one_channel_leaves_the_others_as_they_were(simulated):
    default = RecordingSettings()
    louder = (dataclasses.replace(default.muscles[0], tone_uv=20.0), *default.muscles[1:])
    recording, _ = simulate_recording(dataclasses.replace(default, muscles=louder), seed=11)
    assert not np.array_equal(recording.data[0], simulated[0].data[0])
    assert_array_equal(recording.data[1:], simulated[0].data[1:])


def test_a_recording_is_marked_synthetic_and_carries_its_labels(simulated):
    recording, truth = simulated
    assert recording.provenance.synthetic
    assert "SYNTHETIC" in recording.provenance.warnings[0]
    assert [c.kind for c in recording.channels] == ["EMG"] * 4 + ["ECG"]
    assert {c.side for c in recording.channels[:4]} == {"L"}
    labels = {event.label for event in recording.events}
    assert labels == {
        "noise_reference", "state/1", "state/3", "state/4", "state/5", "cry", "movement",
    }  # fmt: skip
    assert {e.label for e in truth.events} == labels


def test_the_level_measured_in_the_recording_is_the_realised_truth():
    errors = []
    for seed in range(6):
        recording, truth = simulate_recording(seed=seed)
        y = in_band(recording.data, recording.fs)
        reference = slice(0, int(15 * recording.fs))
        for row, channel in enumerate(truth.channels):
            noise = np.mean(y[row, reference] ** 2)
            found = np.median(quiet_windows(recording, row, y)) - noise
            errors.append(0.5 * np.log(found) - channel.t_realised)
    assert np.abs(errors).max() < 0.05
    assert abs(np.mean(errors)) < 0.01


def test_the_realised_level_is_the_one_asked_for(simulated):
    for channel in simulated[1].channels:
        assert_allclose(channel.ms_formula_band_uv2, channel.tone_design_uv**2, rtol=1e-9)
        assert_allclose(channel.t_realised, np.log(channel.tone_design_uv), atol=0.05)
        assert channel.t_formula > np.log(channel.tone_design_uv)  # the band takes a little


def test_noise_is_drawn_anew_for_each_channel_within_its_limits_and_found_in_the_reference():
    sigmas = [
        c.noise_sigma_uv for seed in range(8) for c in simulate_recording(seed=seed)[1].channels
    ]
    assert len(set(sigmas)) == 32
    assert 1.5 <= min(sigmas) < 1.8
    assert 2.7 < max(sigmas) <= 3.0


def test_the_noise_power_is_that_of_the_silent_electrodes():
    muscle = MuscleSettings(name="A", noise_uv=2.0, ecg_uv=0.0, mains_uv=0.0)
    recording, truth = simulate_recording(RecordingSettings(muscles=(muscle,)), seed=3)
    y = in_band(recording.data, recording.fs)
    found = np.mean(y[0, : int(15 * recording.fs)] ** 2)
    assert_allclose(found, truth.channel("A").noise_power_uv2, rtol=0.01)
    f_hz = np.arange(1, 6250) / 10  # the white part's share of the band; the SD is 1.2 %
    assert_allclose(found, 4.0 * np.mean(band_gain(f_hz, 1250.0) ** 2), rtol=0.05)


def test_the_ecg_channel_beats_at_the_true_times(simulated):
    recording, truth = simulated
    ecg = recording.data[recording.index("ECG")]
    beats_s = truth.beats_s[(truth.beats_s > 0.03) & (truth.beats_s < 59.97)]
    first = np.rint(beats_s * 1250).astype(np.int64) - 25
    peaks = np.array([k + np.argmax(ecg[k : k + 51]) for k in first])
    assert np.abs(peaks / 1250 - beats_s).max() < 0.004
    assert 105 < 60 / np.diff(truth.beats_s).mean() < 165


def test_spikes_of_the_truth_rebuild_the_muscle():
    from emgproc.simulate.muap import add_potentials

    muscle = MuscleSettings(name="A", noise_uv=0.01, ecg_uv=0.0, mains_uv=0.0)
    settings = RecordingSettings(muscles=(muscle,), heart=Heart(), mains=Mains())
    recording, truth = simulate_recording(settings, seed=3)
    x = np.zeros(recording.n_samples)
    for unit in truth.channels[0].units:
        for times in (unit.spikes_s, unit.fasciculations_s):
            add_potentials(x, recording.fs, times, unit.amplitude_uv, unit.width_s)
    still = np.ones(recording.n_samples, np.bool_)
    for label in ("movement", "cry"):
        for a, b in recording.label_spans(label):
            still[a:b] = False
    assert_allclose(recording.data[0][still], x[still], atol=0.05 + 0.06)


def test_no_unit_fires_in_the_noise_reference(simulated):
    for channel in simulated[1].channels:
        for unit in channel.units:
            assert np.concatenate([unit.spikes_s, unit.fasciculations_s]).min() >= 15.5


def test_rails_set_too_near_clip_the_channel_and_say_so():
    muscle = MuscleSettings(name="A", noise_uv=2.0, rails_uv=(-5.0, 5.0))
    recording, truth = simulate_recording(RecordingSettings(muscles=(muscle,)), seed=3)
    channel = truth.channel("A")
    x = recording.data[0]
    assert channel.clipped_fraction > 0.05
    assert_allclose(np.mean((x == x.min()) | (x == x.max())), channel.clipped_fraction)
    assert channel.mask.mean() > channel.clipped_fraction
    assert recording.channels[0].range_uv == (-5.0, 5.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MuscleSettings(name="A", tone_uv=0.0), "above 0"),
        (lambda: MuscleSettings(name="A", noise_uv=-1.0), "above 0"),
        (lambda: RecordingSettings(fs=800.0), "must exceed 900"),
        (lambda: RecordingSettings(muscles=()), "at least one muscle"),
    ],
)
def test_impossible_settings_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
