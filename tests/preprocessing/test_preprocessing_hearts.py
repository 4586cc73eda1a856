"""Heart beats of a simulated infant: those cut by an end, and those unlike the others."""

import dataclasses

import numpy as np
import pytest

from emgproc.preprocessing import Bandpass, GateEcg, MaskEvents, SubtractEcg, apply_steps
from emgproc.preprocessing.beats import detect_beats
from emgproc.recording import Segment
from emgproc.simulate import Heart, MuscleSettings, RecordingSettings, simulate_recording
from emgproc.simulate.acquisition import Artefacts, Breathing, decays

FS = 1250.0
CHAIN = (SubtractEcg(), Bandpass())


def near_the_heart(ecg_uv, **more):
    muscle = MuscleSettings(name="A", noise_uv=2.0, mains_uv=0.0, ecg_uv=ecg_uv)
    return RecordingSettings(muscles=(muscle,), **more)


@pytest.fixture(scope="module", params=[0, 1, 2])
def pair(request):
    """A recording with 300 µV of ECG in its muscle, the same without, and the beats, samples."""
    recording, truth = simulate_recording(near_the_heart(300.0), seed=request.param)
    without, _ = simulate_recording(near_the_heart(0.0), seed=request.param)
    return recording, without, np.rint(truth.beats_s * FS).astype(int)


def left_uv(recording, without, chain=CHAIN):
    """What the chain leaves of the ECG, µV, NaN where it masks."""
    after = apply_steps(recording, chain)
    rest = after.data[0] - Bandpass()(without).data[0]
    return np.where(after.mask()[0], np.nan, rest)


@pytest.mark.parametrize("step", [SubtractEcg(), GateEcg()])
@pytest.mark.parametrize("offset_s", np.round(np.arange(-0.06, 0.061, 0.01), 2).tolist())
def test_a_beat_cut_by_an_end_is_subtracted_or_masked(pair, offset_s, step):
    recording, without, beats = pair
    inside = beats[(beats > FS) & (beats < recording.n_samples - FS)]
    start, stop = inside[0] - round(offset_s * FS), inside[-1] + round(offset_s * FS)
    cut, plain = (r.crop(start, stop) for r in (recording, without))
    rest = left_uv(cut, plain, (step, Bandpass()))
    second = int(FS)
    for end in (slice(0, second), slice(-second, None)):
        assert np.isfinite(rest[end]).mean() > (0.75 if step == SubtractEcg() else 0.5)
        assert np.sqrt(np.nanmean(rest[end] ** 2)) < 2.5  # 22 where it stays


def test_a_beat_cut_by_a_gap_is_subtracted_or_masked(pair):
    recording, without, beats = pair
    at = beats[np.searchsorted(beats, 20 * FS)] + 12
    segments = (Segment(0, at, 0.0), Segment(at, recording.n_samples, at / FS + 1.0))
    cut, plain = (dataclasses.replace(r, segments=segments) for r in (recording, without))
    rest = left_uv(cut, plain)
    assert np.sqrt(np.nanmean(rest[at - 400 : at + 400] ** 2)) < 2.5
    assert np.isfinite(rest).mean() > 0.98


def test_ends_between_two_beats_lose_nothing(pair):
    recording, _, beats = pair
    inside = beats[(beats > FS) & (beats < recording.n_samples - FS)]
    half = int(0.5 * np.median(np.diff(beats)))
    cut = recording.crop(inside[0] - half, inside[-1] + half)
    assert not SubtractEcg()(cut).mask().any()


@pytest.mark.parametrize("ecg_depth", [0.0, 0.15])
@pytest.mark.parametrize("has_ecg_channel", [True, False])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_ectopic_beats_are_masked_and_spoil_no_other(seed, has_ecg_channel, ecg_depth):
    more = {
        "heart": Heart(135.0, ectopic_share=0.05),
        "artefacts": Artefacts(breathing=Breathing(ecg_depth=ecg_depth)),
    }
    recording, truth = simulate_recording(near_the_heart(150.0, **more), seed=seed)
    without, _ = simulate_recording(near_the_heart(0.0, **more), seed=seed)
    if not has_ecg_channel:
        recording = MaskEvents()(recording.pick([0]))
    rest = left_uv(recording, without)
    calm = np.r_[int(FS) : int(15 * FS), int(48 * FS) : int(58 * FS)]
    bursts = np.zeros(recording.n_samples, np.bool_)
    for start, stop in (*recording.label_spans("movement"), *recording.label_spans("cry")):
        bursts[start:stop] = True
    calm = calm[~bursts[calm]]
    beats = np.rint(truth.beats_s * FS).astype(int)
    for beat in beats[truth.ectopic & np.isin(beats, calm)]:
        assert np.isnan(rest[beat - 40 : beat + 40]).all()
    usual = beats[~truth.ectopic & np.isin(beats, calm)]
    assert np.isnan(rest[usual]).mean() < 0.1
    assert np.sqrt(np.nanmean(rest[calm] ** 2)) < 2.0
    reference = slice(int(FS), int(15 * FS))
    assert np.sqrt(np.nanmean(rest[reference] ** 2)) < 0.9  # 1.6 to 4 where they stay


def test_no_beat_of_a_healthy_heart_is_odd(pair):
    recording, _, beats = pair
    found = detect_beats(recording)
    assert not found.odd.any()
    assert beats.size - 2 <= found.samples.size <= beats.size


@pytest.mark.parametrize("offset_s", [-0.2, -0.1, -0.03, 0.0, 0.05, 0.2])
def test_a_pop_of_the_ecg_channel_hides_no_beat(pair, offset_s):
    recording, without, beats = pair
    beat = beats[np.searchsorted(beats, 30 * FS)]
    data = recording.data.copy()
    times_s, one = np.arange(data.shape[1]) / FS, np.ones(1)
    data[1] += decays(times_s, (beat / FS + offset_s) * one, 3000 * one, 0.1 * one)
    rest = left_uv(dataclasses.replace(recording, data=data), without)
    near = slice(beat - int(FS), beat + int(FS))
    assert np.sqrt(np.nanmean(rest[near] ** 2)) < 2.5
    assert np.isfinite(rest[near]).mean() > 0.3
