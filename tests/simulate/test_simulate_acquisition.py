"""Artefacts of the acquisition: each against its closed form, the cleaning against them all."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import emgproc as ep
from emgproc.errors import ParameterError
from emgproc.plan import load_plan
from emgproc.simulate import Heart, Mains, MuscleSettings, RecordingSettings, simulate_recording
from emgproc.simulate.acquisition import (
    DC_COUPLED,
    TYPICAL,
    Amplifier,
    Artefacts,
    Breathing,
    cable_pull,
    cycles_of,
    decays,
    drift,
    shift,
    stimulus_artefact,
)
from emgproc.simulate.acquisition.artefacts import draw_spans, log_uniform
from emgproc.simulate.ecg import DISTAL_UV, PROXIMAL_UV, draw_leak_uv
from emgproc.simulate.truth_file import read_truth, write_truth

FS = 1250.0
T = np.arange(int(60 * FS)) / FS
STILL = MuscleSettings(name="A", noise_uv=2.0, ecg_uv=0.0, mains_uv=0.0)


def one_channel(muscle=STILL, seed=5, **more):
    return simulate_recording(RecordingSettings(muscles=(muscle,), **more), seed=seed)


def share_above(x, hz, fs=FS):
    power = np.abs(np.fft.rfft(x)) ** 2
    return power[np.fft.rfftfreq(x.size, 1 / fs) > hz].sum() / power.sum()


# Amplifier


@pytest.mark.parametrize("bits", [8, 12, 16, 24])
def test_the_converter_steps_by_its_range_over_its_codes(bits):
    amplifier = Amplifier.of_converter(2.5, gain=500.0, bits=bits)
    assert amplifier.range_uv == (-5000.0, 5000.0)
    assert_allclose(amplifier.lsb_uv, 10_000 / (2**bits - 1))
    x = np.random.default_rng(1).uniform(-4900, 4900, 100_000)
    error = amplifier(x, FS) - x
    assert np.abs(error).max() <= amplifier.lsb_uv / 2 * (1 + 1e-6)
    assert_allclose(error.std(), amplifier.lsb_uv / np.sqrt(12), rtol=0.02)


def test_case_26_an_amplifier_spends_the_known_share_at_its_rails():
    amplifier = Amplifier(12, (-0.9, 0.9))
    seen = amplifier(np.sin(2 * np.pi * 7.0123 * np.arange(200_000) / FS), FS)
    assert_allclose(amplifier.at_rail(seen).mean(), 2 / np.pi * np.arccos(0.9), atol=0.003)


def test_ac_coupling_halves_the_power_at_its_corner_and_has_forgotten_the_offset():
    amplifier = Amplifier(24, highpass_hz=5.0)
    assert_allclose(amplifier(np.full(1000, 1000.0), FS), 0.0, atol=amplifier.lsb_uv)
    seen = amplifier(1000 * np.sin(2 * np.pi * 5.0 * T), FS)[int(30 * FS) :]
    assert_allclose(seen.std(), 500.0, rtol=1e-3)


def test_the_amplifier_of_a_channel_stands_in_its_description():
    amplifier = Amplifier.of_converter(2.4, gain=12.0, bits=24, highpass_hz=0.5)
    recording, _ = one_channel(dataclasses.replace(STILL, amplifier=amplifier))
    described = recording.channels[0]
    assert (described.bits, described.gain, described.highpass_hz) == (24, 12.0, 0.5)
    assert described.range_uv == (-200_000.0, 200_000.0)
    assert described.lsb_uv == pytest.approx(400_000 / (2**24 - 1))
    assert recording.provenance.scaling == "24-bit converter"


# Mains


def test_wandering_mains_follow_their_track_and_the_track_its_limits():
    mains = Mains(49.8, 0.0, 0.0, wander_hz=0.1)
    rng = np.random.default_rng(3)
    track_hz = mains.track_hz(rng, 60.0)
    assert track_hz.shape == (61,)
    assert track_hz[0] == pytest.approx(49.8)
    assert np.abs(track_hz - 49.8).max() <= 0.1
    x = mains.hum(rng, T, 10.0, cycles_of(track_hz, T))
    n = int(FS / 2)  # half a second: from one to the next the phase turns by the frequency
    turned = (x * np.exp(-2j * np.pi * 49.8 * T)).reshape(-1, n) @ np.hanning(n)
    found_hz = 49.8 + np.diff(np.unwrap(np.angle(turned))) / np.pi
    expected = (track_hz[1:] + track_hz[:-1]) / 2  # in the middle of each second
    assert np.abs(found_hz[::2] - expected).max() < 1e-4
    assert np.ptp(expected) > 0.08


def test_the_mains_walk_over_the_whole_of_their_range():
    track_hz = Mains(50.2, wander_hz=0.1).track_hz(np.random.default_rng(1), 20_000.0)
    shares = np.histogram(track_hz, np.linspace(50.1, 50.3, 5))[0] / track_hz.size
    assert_allclose(shares, 0.25, atol=0.04)  # a folded walk is uniform in the long run
    steps = np.abs(np.diff(track_hz))
    assert_allclose(np.median(steps), 0.6745 * 0.02, rtol=0.1)


def test_harmonics_and_swell_of_the_mains_have_their_amplitudes():
    mains = Mains(49.8, 0.3, 0.2, others=((2, 0.1), (7, 0.05)))
    x = mains.hum(np.random.default_rng(1), T[: int(50 * FS)], 10.0)
    for order, share in ((1, 1.0), (2, 0.1), (3, 0.3), (5, 0.2), (7, 0.05)):
        turn = np.exp(-2j * np.pi * order * 49.8 * T[: x.size])
        assert_allclose(2 * np.abs(np.mean(x * turn)), 10 * share, rtol=1e-6)
    swollen = Mains(49.8, 0.0, 0.0, swell=0.4).hum(np.random.default_rng(1), T, 10.0)
    envelope = np.array([np.sqrt(2 * np.mean(p**2)) for p in np.split(swollen, 300)])
    assert_allclose([envelope.min(), envelope.max()], [6.0, 14.0], rtol=0.02)


def test_the_mains_of_a_recording_wander_alike_in_all_channels():
    muscles = tuple(dataclasses.replace(STILL, name=n, mains_uv=500.0) for n in "AB")
    recording, truth = simulate_recording(
        RecordingSettings(muscles=muscles, mains=Mains(49.8, 0.0, 0.0, wander_hz=0.2)), seed=5
    )
    first = int(15 * FS)
    a, b = (np.fft.rfft(row[:first] * np.hanning(first)) for row in recording.data[:2])
    near = slice(49 * 15, 51 * 15)
    overlap = np.abs(np.vdot(a[near], b[near])) / np.linalg.norm(a[near]) / np.linalg.norm(b[near])
    assert overlap > 0.999
    assert truth.mains_track_hz.size == 61


# Baseline and breathing


def test_breathing_of_a_ventilator_is_one_line_of_the_spectrum():
    wave = Breathing(40.0, rate_cov=0.0).wave(np.random.default_rng(2), T)
    power = np.abs(np.fft.rfft(wave)) ** 2
    assert np.argmax(power) == 40  # 40 breaths in the 60 s
    assert power[40] > 0.9999 * power.sum()
    assert_allclose(power[40] * 4 / T.size**2, 1.0, rtol=1e-3)


def test_breaths_vary_as_stated():
    t = np.arange(0, 4000, 0.01)
    wave = Breathing(36.0, rate_cov=0.1).wave(np.random.default_rng(2), t)
    rising = t[1:][(wave[:-1] < 0) & (wave[1:] >= 0)]
    assert_allclose(np.diff(rising).mean(), 60 / 36, rtol=0.01)
    assert_allclose(np.diff(rising).std() / np.diff(rising).mean(), 0.1, rtol=0.1)


def test_the_ecg_rises_and_falls_with_the_chest_and_the_baseline_with_it():
    breathing = Breathing(36.0, rate_cov=0.0, baseline_uv=100.0, ecg_depth=0.3)
    loud = dataclasses.replace(STILL, ecg_uv=2000.0, tone_uv=0.1)
    settings = {"artefacts": Artefacts(breathing=breathing), "heart": Heart(120.0, 0.0)}
    recording, truth = one_channel(loud, **settings)
    beats = truth.beats_s[(truth.beats_s > 0.1) & (truth.beats_s < 14.5)]
    x = recording.data[0]
    heights = np.array([np.ptp(x[round((b - 0.02) * FS) : round((b + 0.03) * FS)]) for b in beats])
    phase = 2 * np.pi * 0.6 * beats
    basis = np.column_stack([np.ones(beats.size), np.cos(phase), np.sin(phase)])
    level, a, b = np.linalg.lstsq(basis, heights, rcond=None)[0]
    assert_allclose(np.hypot(a, b) / level, 0.3, rtol=0.05)
    turn = np.exp(-2j * np.pi * 0.6 * T[: int(15 * FS)])
    quiet, _ = one_channel(**settings)
    swing = 2 * np.abs(np.mean(quiet.data[0, : turn.size] * turn))
    assert 0.3 * 100 * 0.97 < swing < 100 * 1.03


def test_the_baseline_walks_as_far_as_stated_and_slowly():
    ends = [drift(np.random.default_rng(s), T[::1000], 100.0)[-1] for s in range(800)]
    assert_allclose(np.std(ends), 100.0, rtol=0.08)
    x = drift(np.random.default_rng(1), T, 100.0)
    assert x[0] == 0.0
    away = (x - np.linspace(x[0], x[-1], x.size)) * np.hanning(x.size)
    assert np.sqrt(share_above(away, 20.0) * np.mean(away**2)) < 5e-3


def test_an_offset_saturates_a_small_amplifier_and_not_a_large_one():
    offset = Artefacts(offset_mv=20.0)
    large, truth = one_channel(dataclasses.replace(STILL, amplifier=DC_COUPLED), artefacts=offset)
    at_uv = truth.channels[0].baseline_uv
    assert 3277 < abs(at_uv) < 20_000
    assert truth.channels[0].clipped_fraction == 0.0
    assert_allclose(np.median(large.data[0]), at_uv, rtol=1e-3)
    _, truth = one_channel(artefacts=offset)
    assert truth.channels[0].clipped_fraction == 1.0
    assert truth.channels[0].mask.all()


# Heart


def test_ectopic_beats_are_early_wide_and_followed_by_a_pause():
    heart = Heart(130.0, 0.0, ectopic_share=0.1)
    rng = np.random.default_rng(4)
    usual = heart.beats(rng, 2000.0)
    beats, ectopic = heart.with_ectopics(rng, usual)
    assert_array_equal(beats[~ectopic], usual[~ectopic])
    assert 0.08 < ectopic.mean() < 0.1  # runs lose every second one
    assert not (ectopic[1:] & ectopic[:-1]).any()
    before, after = np.diff(beats)[:-1][ectopic[1:-1]], np.diff(beats)[1:][ectopic[1:-1]]
    assert 0.55 <= (before * 130 / 60).min() <= (before * 130 / 60).max() <= 0.75
    assert_allclose(before + after, 2 * 60 / 130, rtol=1e-9)
    fs = 10_000.0
    one, none = np.array([True]), np.array([False])
    wide, narrow = (heart.heartbeat(np.array([0.5]), flags, 10_000, fs) for flags in (one, none))
    near = np.abs(np.arange(10_000) / fs - 0.5) < 0.1
    widths = [np.ptp(np.flatnonzero(near & (np.abs(x) > 0.1))) / fs for x in (wide, narrow)]
    assert widths[0] > 0.08 > 1.5 * widths[1]


def test_a_recording_tells_which_of_its_beats_are_ectopic():
    _, truth = one_channel(heart=Heart(130.0, 0.0, ectopic_share=0.1))
    assert truth.ectopic.shape == truth.beats_s.shape
    assert 0.03 < truth.ectopic.mean() < 0.2
    early = np.diff(truth.beats_s, prepend=-1.0) < 0.8 * 60 / 130
    assert_array_equal(early, truth.ectopic)


@pytest.mark.parametrize("between_uv", [PROXIMAL_UV, DISTAL_UV])
def test_the_leak_of_the_heart_is_log_uniform_between_its_limits(between_uv):
    rng = np.random.default_rng(1)
    drawn = np.log([draw_leak_uv(rng, between_uv) for _ in range(4000)])
    low, high = np.log(between_uv)
    assert low <= drawn.min() <= drawn.max() <= high
    assert_allclose(drawn.mean(), (low + high) / 2, atol=0.06)
    assert_allclose(drawn.std(), (high - low) / np.sqrt(12), rtol=0.05)


# Motion, pops, stimuli


def test_a_pulled_cable_and_a_shifted_electrode_stay_below_20_hz():
    pull = cable_pull(T, (10.0, 12.0), 300.0, 8.0)
    assert_array_equal(pull[T < 10.0], 0.0)
    assert share_above(pull, 20.0) < 1e-3
    assert np.abs(pull[T >= 12.0]).max() < 0.011 * 300
    assert 150 < np.abs(pull).max() < 300
    aside = shift(T, (10.0, 12.0), 300.0)
    assert_allclose(aside[(T > 10.2) & (T < 11.8)], 300.0, rtol=1e-3)
    assert_allclose(aside[(T < 10.0) | (T > 12.0)], 0.0, atol=300 * 0.0014)
    assert share_above(aside, 20.0) < 1e-6


def test_pops_step_and_recover_with_their_time_constant():
    x = decays(T, np.array([5.0, 20.0]), np.array([800.0, -2000.0]), np.array([0.1, 0.02]))
    assert_array_equal(x[T < 5.0], 0.0)
    assert x[int(5 * FS)] == 800.0
    assert_allclose(x[int(5.1 * FS)], 800 / np.e, rtol=1e-9)
    assert_allclose(x[int(20.02 * FS)], -2000 / np.e, rtol=1e-9)


def test_a_pop_of_a_recording_has_the_span_height_and_recovery_it_is_said_to_have():
    settings = Artefacts(pops_per_min=3, pop_uv=(1000, 2000), pop_recovery_s=(0.2, 0.2))
    recording, truth = one_channel(artefacts=settings)
    without, _ = one_channel()
    added = recording.data[0] - without.data[0]
    own = truth.channels[0].artefacts
    assert len(own) >= 2
    assert {(e.label, e.channel) for e in own} == {("pop", "A")}
    for event in own:
        assert event.duration_s == pytest.approx(1.0)
        first = int(np.ceil(event.onset_s * FS))
        others = sum(abs(e.onset_s - event.onset_s) < 4 for e in own)
        if others == 1:
            step = added[first] - added[first - 1]
            assert 990 < abs(step) < 2010
            assert_allclose(added[first + int(0.2 * FS)] / added[first], 1 / np.e, rtol=0.01)
            assert truth.channels[0].mask[first : first + 1200].all()
    robust = 1.4826 * np.median(np.abs(without.data[0] - np.median(without.data[0])))
    assert np.abs(np.diff(added)).max() > 10 * robust


def test_a_stimulus_artefact_is_an_exponential_after_each_stimulus():
    fs = 20_000.0
    t = np.arange(int(fs)) / fs
    x = stimulus_artefact(t, np.array([0.1, 0.6]), 5000.0, 0.001)
    assert x[int(0.1 * fs) - 1] == 0.0
    assert_allclose(x[int(0.1 * fs) + 20], 5000 / np.e, rtol=1e-9)
    assert_allclose(np.sum(x) / fs, 2 * 5000 * 0.001, rtol=0.03)


def test_movements_are_seen_in_part_and_their_labels_reach_over_them():
    settings = Artefacts(motions_per_min=10, unlabelled_share=0.5)
    recording, truth = one_channel(artefacts=settings)
    spans = [e for e in truth.artefacts if e.label == "motion"]
    covering = [
        any(
            e.label == "movement"
            and e.onset_s <= s.onset_s - 0.0999
            and s.onset_s + s.duration_s + 0.0999 <= e.onset_s + e.duration_s
            for e in recording.events
        )
        for s in spans
    ]
    assert 0 < sum(covering) < len(spans)
    without, plain = one_channel()
    added = recording.data[0] - without.data[0]
    inside = np.zeros(recording.n_samples, np.bool_)
    for s in spans:
        inside[int(s.onset_s * FS) : int((s.onset_s + s.duration_s) * FS) + 1] = True
    assert np.abs(added[~inside]).max() < 0.015 * 300
    assert all(truth.channels[0].mask[int((s.onset_s + 0.1) * FS)] for s in spans)
    assert len(recording.events) == len(plain.events) + sum(covering)


# Samples that are not there


def test_gaps_leave_segments_at_their_places_and_invent_no_samples():
    settings = Artefacts(gaps_per_min=4, gap_s=(0.2, 2.0))
    recording, truth = one_channel(artefacts=settings)
    whole, all_of_it = one_channel()
    gaps = [e for e in truth.artefacts if e.label == "gap"]
    assert len(gaps) >= 2
    assert len(recording.segments) == len(gaps) + 1
    lost = sum(e.duration_s for e in gaps)
    assert_allclose(recording.duration_s, 60.0 - lost, rtol=1e-9)
    for segment in recording.segments:
        at = round(segment.onset_s * FS)
        held = slice(segment.start, segment.stop)
        there = slice(at, at + segment.stop - segment.start)
        assert_array_equal(recording.data[:, held], whole.data[:, there])
        assert_array_equal(truth.channels[0].mask[held], all_of_it.channels[0].mask[there])
    ends = [s.onset_s + (s.stop - s.start) / FS for s in recording.segments[:-1]]
    assert_allclose(ends, [e.onset_s for e in gaps], rtol=1e-9)


@pytest.mark.parametrize("kind", ["held", "zero", "off"])
def test_a_dropout_holds_its_value_is_zero_or_picks_up_mains(kind):
    settings = Artefacts(dropouts_per_min=6, dropout_s=(0.2, 0.5), dropout=kind)
    muscle = dataclasses.replace(STILL, mains_uv=2.0)
    recording, truth = one_channel(muscle, artefacts=settings)
    without, _ = one_channel(muscle)
    spans = [(e.onset_s, e.onset_s + e.duration_s) for e in truth.channels[0].artefacts]
    assert len(spans) >= 3
    kept = np.ones(recording.n_samples, np.bool_)
    for a, b in spans:
        first, last = round(a * FS), round(b * FS)
        kept[first:last] = False
        x = recording.data[0, first:last]
        assert truth.channels[0].mask[first:last].all()
        if kind == "off":
            turn = np.exp(-2j * np.pi * truth.mains_hz * T[first:last])
            assert_allclose(2 * np.abs(np.mean(x * turn)), 60.0, rtol=0.15)
        else:
            assert np.ptp(x) == 0.0
            assert x[0] == (0.0 if kind == "zero" else recording.data[0, first - 1])
    assert_array_equal(recording.data[0][kept], without.data[0][kept])


def test_two_bridged_channels_see_the_same_but_for_their_amplifiers():
    pair = tuple(dataclasses.replace(STILL, name=n) for n in "AB")
    settings = RecordingSettings(muscles=pair, artefacts=Artefacts(bridge=("A", "B")))
    recording, truth = simulate_recording(settings, seed=5)
    apart, _ = simulate_recording(dataclasses.replace(settings, artefacts=Artefacts()), seed=5)
    a, b = recording.data[:2]
    assert 0.99 < np.corrcoef(a, b)[0, 1] < 1.0
    assert abs(np.corrcoef(apart.data[:2])[0, 1]) < 0.5
    assert_allclose(np.std(a - apart.data[:2].mean(axis=0)), 0.5, rtol=0.1)
    assert_allclose(np.std(a - b), 0.5 * np.sqrt(2), rtol=0.1)
    for channel in truth.channels:
        assert [e.label for e in channel.artefacts] == ["bridge"]
        assert channel.mask.all()


def test_spans_set_in_at_their_rate_and_never_overlap():
    spans = draw_spans(np.random.default_rng(1), 60_000.0, 1.0, (0.1, 1.0))
    onsets, stops = np.array(spans).T
    assert_allclose(len(spans), 1000, rtol=0.1)
    assert (onsets[1:] - stops[:-1]).min() >= 0.1
    assert_allclose(np.mean(np.log(stops - onsets)), np.log(0.1) / 2, atol=0.08)
    assert log_uniform(np.random.default_rng(1), (2.0, 2.0), 3).tolist() == pytest.approx(
        [2.0] * 3
    )


# The whole recording


def test_artefacts_leave_muscle_and_noise_as_they_were_and_come_from_the_seed():
    settings = RecordingSettings(artefacts=TYPICAL)
    first, truth = simulate_recording(settings, seed=7)
    again, _ = simulate_recording(settings, seed=7)
    assert_array_equal(first.data, again.data)
    _, plain = simulate_recording(seed=7)
    for a, b in zip(truth.channels, plain.channels, strict=True):
        assert a.noise_sigma_uv == b.noise_sigma_uv
        assert_array_equal(a.units[0].spikes_s, b.units[0].spikes_s)


def test_the_truth_of_artefacts_goes_to_the_disk_and_comes_back(tmp_path):
    settings = RecordingSettings(artefacts=TYPICAL, mains=Mains(49.8, wander_hz=0.1))
    _, truth = simulate_recording(settings, seed=7)
    write_truth(truth, tmp_path / "truth.h5")
    back = read_truth(tmp_path / "truth.h5")
    assert [e.label for e in back.artefacts] == [e.label for e in truth.artefacts]
    assert_array_equal(back.mains_track_hz, truth.mains_track_hz)
    own = truth.channels[0].artefacts
    assert [e.onset_s for e in back.channels[0].artefacts] == [e.onset_s for e in own]


@pytest.fixture(scope="module")
def tone_plan(request):
    plan = load_plan(request.config.rootpath / "pipelines" / "surface.toml")
    return dataclasses.replace(plan, features=tuple(f for f in plan.features if f.name == "tone"))


def test_the_cleaning_chain_recovers_the_tone_through_all_artefacts(tone_plan):
    # Offset 20 mV, drift 200 µV, breathing, pops, movements; mains of 8 µV at 49.8 ± 0.1 Hz.
    default = RecordingSettings()
    muscles = tuple(
        dataclasses.replace(m, amplifier=DC_COUPLED, mains_uv=8.0, ecg_uv=ecg_uv)
        for m, ecg_uv in zip(default.muscles, (60.0, 10.0, 5.0, 5.0), strict=True)
    )
    mains = Mains(49.8, 0.3, 0.15, wander_hz=0.1, swell=0.2)
    settings = dataclasses.replace(default, muscles=muscles, mains=mains, artefacts=TYPICAL)
    errors = []
    for seed in range(1, 4):
        recording, truth = simulate_recording(settings, seed=seed)
        found = ep.extract(tone_plan.apply(recording), tone_plan)
        values = {(v.channel, v.name): v.value for v in found.values}
        for channel in truth.channels:
            power = values[channel.name, "tone_ms_uv2"] - values[channel.name, "noise_power_uv2"]
            errors.append(0.5 * np.log(power) - channel.t_realised)
    # The chain reads 0.03 low everywhere: the ECG template takes 1/40 of the power, mains 1 %.
    assert_allclose(np.mean(errors), -0.03, atol=0.02)
    assert np.abs(errors).max() < 0.1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Amplifier(bits=7), "8–24 bits"),
        (lambda: Amplifier(bits=25), "8–24 bits"),
        (lambda: Amplifier(range_uv=(1.0, -1.0)), "must rise"),
        (lambda: Amplifier(gain=0.0), "gain > 0"),
        (lambda: Amplifier(highpass_hz=-1.0), "highpass_hz >= 0"),
        (lambda: Mains(wander_hz=-0.1), "wander_hz"),
        (lambda: Mains(swell=1.5), "swell"),
        (lambda: Mains(others=((3, 0.1),)), "order"),
        (lambda: Breathing(rate_per_min=5.0), "breathing"),
        (lambda: Breathing(baseline_uv=-1.0), "baseline_uv"),
        (lambda: Breathing(ecg_depth=0.7), "ecg_depth"),
        (lambda: Artefacts(pops_per_min=-1.0), "0 or more"),
        (lambda: Artefacts(drift_uv=float("nan")), "0 or more"),
        (lambda: Artefacts(gap_s=(0.0, 1.0)), "from above 0"),
        (lambda: Artefacts(pop_uv=(9.0, 1.0)), "from above 0"),
        (lambda: Artefacts(dropout="frozen"), "dropout is one of"),
        (lambda: Artefacts(unlabelled_share=1.1), "unlabelled_share"),
        (lambda: one_channel(artefacts=Artefacts(bridge=("A", "B"))), "bridge"),
        (lambda: Heart(ectopic_share=0.5), "heart"),
        (lambda: dataclasses.replace(STILL, rails_uv=(-1, 1), amplifier=DC_COUPLED), "not both"),
    ],
)
def test_impossible_artefacts_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
