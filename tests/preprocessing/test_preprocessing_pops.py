"""Electrode pops of known height and recovery: all found, nothing of them left, nothing else."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import signal

from emgproc.preprocessing import Bandpass, MaskPop, SubtractEcg, apply_steps
from emgproc.recording import Recording
from emgproc.simulate import MuscleSettings, RecordingSettings, simulate_recording
from emgproc.simulate.acquisition import DC_COUPLED, Artefacts, decays

FS = 1250.0
REFERENCE = slice(0, int(15 * FS))
CHAIN = (MaskPop(), SubtractEcg(), Bandpass())


@pytest.fixture(scope="module", params=[0, 1, 2])
def plain(request):
    """Two muscles with a noise of 2 µV, one near the heart, and where a pop may fall, s."""
    muscles = tuple(
        MuscleSettings(name=name, noise_uv=2.0, ecg_uv=ecg_uv, mains_uv=0.0)
        for name, ecg_uv in (("far", 0.0), ("near", 60.0))
    )
    recording, _ = simulate_recording(RecordingSettings(muscles=muscles), seed=request.param)
    return recording, np.random.default_rng(request.param).uniform(3, 12)


def with_pops(recording, *pops):
    """`recording` with pops (onset s, height µV, recovery s) in all EMG rows."""
    onsets, heights, taus = np.array(pops).T
    data = recording.data.copy()
    data[recording.emg_rows()] += decays(np.arange(data.shape[1]) / FS, onsets, heights, taus)
    return dataclasses.replace(recording, data=data)


def noise_powers(recording):
    """Mean square of the samples in the reference that are not masked."""
    x = np.where(recording.mask(), np.nan, recording.data)[:-1, REFERENCE]
    return np.nanmean(x**2, axis=1)


def pops_of(recording, name):
    return recording.label_spans("bad_pop", name)


@pytest.mark.parametrize("height_uv", [500.0, -2000.0, 5000.0])
@pytest.mark.parametrize("tau_s", [0.005, 0.02, 0.1, 0.3])
def test_a_pop_is_masked_until_nothing_of_it_is_left(plain, height_uv, tau_s):
    recording, at_s = plain
    after = apply_steps(with_pops(recording, (at_s, height_uv, tau_s)), CHAIN)
    for name in ("far", "near"):
        ((start, stop),) = pops_of(after, name)
        assert start < at_s * FS < stop
        assert stop - start < (0.25 + 2 * tau_s) * FS
    ratio = noise_powers(after) / noise_powers(apply_steps(recording, CHAIN))
    assert np.abs(ratio[0] - 1) < 0.03  # of 0.5 to 1500 where the pop is not masked
    assert np.abs(ratio[1] - 1) < 0.12


def test_a_beat_before_a_pop_is_subtracted_as_all_others(plain):
    recording, _ = plain
    clean = apply_steps(recording, CHAIN)
    beats = signal.find_peaks(recording.data[2, REFERENCE], 400.0, distance=int(0.25 * FS))[0]
    popped = with_pops(recording, (beats[9] / FS + 0.13, 5000.0, 0.3))
    left = apply_steps(popped, CHAIN).data[1] - clean.data[1]
    qrs = slice(beats[9] - 60, beats[9] + 60)
    assert left[qrs].std() < 3.0  # 13 µV where the gain is fitted across the pop


def test_what_lies_between_two_pops_is_masked_where_it_is_too_short_to_be_filtered(plain):
    recording, at_s = plain
    popped = with_pops(recording, (at_s, 1000.0, 0.02), (at_s + 0.3, 1000.0, 0.02))
    assert len(pops_of(MaskPop()(popped), "far")) == 1
    apart = with_pops(recording, (at_s, 1000.0, 0.02), (at_s + 0.6, 1000.0, 0.02))
    assert len(pops_of(MaskPop()(apart), "far")) == 2


@pytest.mark.parametrize("seed", range(4))
def test_bursts_fasciculations_and_heart_beats_are_no_pops(seed):
    default = RecordingSettings()
    muscles = tuple(
        dataclasses.replace(muscle, ecg_uv=ecg_uv, fasciculation_hz=2.0)
        for muscle, ecg_uv in zip(default.muscles, (300.0, 60.0, 20.0, 0.0), strict=True)
    )
    recording, _ = simulate_recording(dataclasses.replace(default, muscles=muscles), seed=seed)
    assert not MaskPop()(recording).mask().any()


SHAPES = {
    "one phase": lambda u: np.exp(-0.5 * u**2),
    "two phases": lambda u: u * np.exp(-0.5 * u**2),
    "three phases": lambda u: (1 - u**2) * np.exp(-0.5 * u**2),
}


@pytest.mark.parametrize("fs", [1000.0, 1250.0, 2000.0, 4000.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_potential_of_any_width_is_no_pop(fs, shape):
    rng = np.random.default_rng(1)
    t = np.arange(int(fs)) / fs
    for width_s in np.geomspace(0.0003, 0.02, 25):
        u = (t - 0.5 - rng.uniform() / fs) / width_s
        x = 1000 * SHAPES[shape](u) + rng.normal(0, 0.2, t.size)
        assert not MaskPop()(Recording.from_array(x, fs)).mask().any(), width_s


@pytest.mark.parametrize("low_pass_hz", [300.0, 500.0])
def test_a_pop_is_found_behind_the_filter_of_an_amplifier(low_pass_hz):
    rng = np.random.default_rng(2)
    fine_hz = 16 * FS
    fine_s = np.arange(int(10 * fine_hz)) / fine_hz
    sos = signal.butter(4, low_pass_hz, fs=fine_hz, output="sos")
    found = 0
    for at_s in 5 + rng.uniform(size=20) / FS:
        pop = decays(fine_s, np.array([at_s]), np.array([1000.0]), np.array([0.05]))
        x = signal.sosfilt(sos, pop)[::16] + rng.normal(0, 2.0, int(10 * FS))
        found += len(pops_of(MaskPop()(Recording.from_array(x, FS)), "EMG1"))
    assert found >= 18


@pytest.mark.parametrize("recovery_s", [(0.02, 0.02), (0.02, 0.3)])
def test_every_pop_of_a_recording_is_masked_and_its_noise_reference_kept(recovery_s):
    default = RecordingSettings()
    muscles = tuple(
        dataclasses.replace(muscle, amplifier=DC_COUPLED, mains_uv=0.0)
        for muscle in default.muscles
    )
    settings = dataclasses.replace(default, muscles=muscles)
    artefacts = Artefacts(pops_per_min=12, pop_recovery_s=recovery_s)
    ratios = []
    for seed in range(3):
        plain, _ = simulate_recording(settings, seed=seed)
        popped, truth = simulate_recording(
            dataclasses.replace(settings, artefacts=artefacts), seed=seed
        )
        after = apply_steps(popped, CHAIN)
        mask = after.mask()
        for row, channel in enumerate(truth.channels):
            onsets = [int(event.onset_s * FS) + 1 for event in channel.artefacts]
            assert mask[row, onsets].all()
            assert mask[row].mean() < 0.12
        ratios.append(noise_powers(after) / noise_powers(apply_steps(plain, CHAIN)))
    # Near the heart (20 µV) every pop takes a beat or two from the templates; 1.5 to 500 before.
    assert (np.abs(np.array(ratios) - 1) < [0.25, 0.06, 0.06, 0.06]).all()


def test_infinite_samples_are_missing_ones():
    x = np.random.default_rng(3).normal(0, 5, (1, 4000))
    x[0, 1500:] += 5000.0
    found = []
    for missing in (np.nan, np.inf, -np.inf):
        x[0, 700:710] = missing
        found.append(MaskPop()(Recording.from_array(x, 1000.0)).mask())
    assert found[0].any()
    assert_array_equal(found[1], found[0])
    assert_array_equal(found[2], found[0])
