"""Sweeps and the CMAP: segments, artefact, noise, converter, files, and the truth beside them."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import ParameterError
from emgproc.readers import read_recording
from emgproc.simulate.stimulation import (
    StimulationSettings,
    absent_nerve,
    healthy_nerve,
    plain_nerve,
    simulate_cmap,
    simulate_f_waves,
    simulate_h_reflex,
    simulate_incremental,
    simulate_multipoint,
    simulate_repetitive,
    simulate_scan,
    simulate_sip,
    sma_nerve,
)
from emgproc.simulate.stimulation.sweeps import artefact
from emgproc.simulate.truth_file import read_truth, write_truth
from emgproc.writers import write_recording

PROTOCOLS = (
    simulate_cmap, simulate_scan, simulate_incremental, simulate_multipoint, simulate_sip,
    simulate_f_waves, simulate_h_reflex, simulate_repetitive,
)  # fmt: skip
BARE = StimulationSettings(noise_uv=0.0, variability=0.0, artefact_uv_per_ma=0.0, rails_uv=None)


def sweeps_of(recording, settings):
    return recording.data.reshape(-1, settings.times_s.size)


def test_full_activation_is_the_sum_of_the_units_potentials():
    nerve = healthy_nerve(2)
    recording, truth = simulate_cmap(nerve, BARE)
    slow = np.zeros(BARE.times_s.size)
    for i in range(nerve.n_units):
        s = BARE.times_s - nerve.terminal_s[i] - 0.04 / nerve.velocity_m_s[i]
        u = np.where(s > 0, s / nerve.negative_phase_s[i], 0.0)
        shape = 3 * u**2 * (1 - u**1.5) * np.exp(-2 * u**1.5) / 0.23952870582526217
        slow -= nerve.size_uv[i] * shape
    assert truth.sweeps.fired.all()
    for sweep in sweeps_of(recording, BARE):
        assert_allclose(sweep, slow, rtol=1e-9, atol=1e-9)
    assert_allclose(truth.response.amplitude_mv, -slow.min() / 1000, rtol=1e-12)
    assert_allclose(truth.sweeps.amplitude_mv, truth.response.amplitude_mv, rtol=1e-12)
    assert truth.response.amplitude_mv < truth.response.summed_mv  # units are out of phase
    assert_allclose(truth.response.peak_to_peak_mv, np.ptp(slow) / 1000, rtol=1e-12)


def test_units_in_phase_give_the_sum_of_their_sizes_and_a_known_area():
    settings = replace(BARE, fs=50_000.0)
    _, truth = simulate_cmap(plain_nerve([50.0] * 40, peak_delay_s=0.003), settings)
    response = truth.response
    assert response.summed_mv == pytest.approx(2.0)
    assert_allclose(response.amplitude_mv, 2.0, rtol=1e-9)  # the peak lies on a sample
    assert response.latency_ms == pytest.approx(2.0)  # 1 ms + 4 cm at 40 m/s
    phase_ms = 3.0 / 0.5166253518392669
    assert response.negative_phase_ms == pytest.approx(phase_ms, rel=1e-4)
    area = 2.0 * phase_ms * np.exp(-2.0) / 0.23952870582526217
    assert_allclose(response.negative_area_mv_ms, area, rtol=1e-5)
    assert response.peak_to_peak_mv == pytest.approx(2.0 * 1.5994683759, rel=1e-4)
    assert not response.absent


def test_the_further_site_answers_later_by_distance_over_velocity():
    nerve = plain_nerve([100.0] * 5)
    near = simulate_cmap(nerve, replace(BARE, distance_m=0.04))[1].response
    far = simulate_cmap(nerve, replace(BARE, distance_m=0.14))[1].response
    assert_allclose(0.1 / ((far.latency_ms - near.latency_ms) / 1000), 40.0, rtol=1e-9)
    assert near.amplitude_mv == pytest.approx(far.amplitude_mv, rel=1e-3)


def test_a_nerve_without_units_gives_an_absent_response():
    recording, truth = simulate_cmap(absent_nerve(), seed=1)
    assert (truth.n_units, truth.response.amplitude_mv, truth.response.absent) == (0, 0.0, True)
    assert np.isnan(truth.response.latency_ms)
    assert truth.sweeps.fired.shape == (3, 0)
    settings = StimulationSettings()
    late = sweeps_of(recording, settings)[:, settings.times_s > 0.0035]
    assert np.abs(late).max() < 6 * 7.0 * 1.5  # noise and its 1/f part, nothing else


def test_a_response_below_a_twentieth_of_a_millivolt_is_absent_too():
    assert simulate_cmap(plain_nerve([49.0]))[1].response.absent
    assert not simulate_cmap(plain_nerve([51.0]))[1].response.absent


def test_every_sweep_is_a_segment_with_its_stimulus_after_a_baseline():
    settings = StimulationSettings()
    recording, truth = simulate_cmap(healthy_nerve(1), settings, n_traces=4)
    assert len(recording.segments) == len(recording.events) == 4
    for i, (segment, event) in enumerate(zip(recording.segments, recording.events, strict=True)):
        assert event.label == f"stim/{truth.sweeps.stimulus_ma[i]:g}"
        assert event.onset_s == truth.sweeps.stimulus_s[i] == 1.0 + i
        assert event.onset_s - segment.onset_s == pytest.approx(0.02, abs=1e-12)
        assert segment.stop - segment.start == 1600
    assert recording.provenance.synthetic
    assert recording.provenance.reader == "emgproc.simulate"
    assert recording.channels[0].highpass_hz is None
    assert recording.channels[0].lowpass_hz is None


def test_the_baseline_holds_noise_of_the_stated_size_only():
    settings = StimulationSettings(noise_uv=8.0)
    recording, _ = simulate_cmap(healthy_nerve(1), settings, seed=5, n_traces=400)
    t = settings.times_s
    baseline = sweeps_of(recording, settings)[:, (t >= -0.010) & (t < -0.001)]
    # Successive differences of white noise have the variance 2 σ²; the 1/f part has none.
    sigma = np.sqrt(np.mean(np.diff(baseline, axis=1) ** 2) / 2)
    assert_allclose(sigma, 8.0, rtol=0.01)


def test_the_artefact_is_proportional_to_the_stimulus_and_gone_before_the_response():
    settings = StimulationSettings()
    t = settings.times_s
    nerve = healthy_nerve(1)
    shown = artefact(settings, np.array([10.0, nerve.supramaximal_ma]))
    assert_array_equal(shown[:, t < 0], 0.0)
    at_once = shown[0, t == 0]
    assert_allclose(at_once, 10 * 60 * 0.75, rtol=1e-12)
    assert_allclose(shown[1], shown[0] * nerve.supramaximal_ma / 10, rtol=1e-12)
    first_s = nerve.latency_s(settings.distance_m).min()
    assert np.abs(shown[1, t >= first_s]).max() < 0.5 * settings.noise_uv
    decay = shown[0, t >= 0.0005]
    assert_allclose(decay[20] / decay[0], np.exp(-0.001 / 0.0003), rtol=1e-9)


def test_the_converter_rounds_to_half_a_microvolt():
    nerve = healthy_nerve(1)
    seen, _ = simulate_cmap(nerve, seed=3)
    exact, _ = simulate_cmap(nerve, StimulationSettings(rails_uv=None), seed=3)
    assert_array_equal(seen.data * 2, np.rint(seen.data * 2))
    assert 0 < np.abs(seen.data - exact.data).max() <= 0.25


def test_mains_is_one_wave_through_all_sweeps():
    settings = replace(BARE, mains_uv=10.0, interval_s=0.5)
    recording, _ = simulate_cmap(absent_nerve(), settings, n_traces=10)
    first, *others = sweeps_of(recording, settings)
    for sweep in others:  # half a second is 25 periods
        assert_allclose(sweep, first, atol=1e-6)
    assert 7 < np.abs(first).max() < 15


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(protocol):
    nerve = sma_nerve(4)
    (first, truth), (again, _), (other, _) = (protocol(nerve, seed=s) for s in (1, 1, 2))
    assert first.data.tobytes() == again.data.tobytes()
    assert first.data.tobytes() != other.data.tobytes()
    assert truth.n_units == nerve.n_units


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("suffix", [".edf", ".h5"])
def test_sweeps_and_their_gaps_come_back_from_a_file(protocol, suffix, tmp_path):
    recording, truth = protocol(sma_nerve(4), seed=1)
    write_recording(recording, tmp_path / f"a{suffix}")
    back = read_recording(tmp_path / f"a{suffix}")
    assert_array_equal(back.data, recording.data)
    assert back.segments == recording.segments
    # EDF states the gaps as events, too.
    assert tuple(e for e in back.events if e.label != "bad_gap") == recording.events
    assert back.provenance.synthetic
    write_truth(truth, tmp_path / "truth.h5")
    known = read_truth(tmp_path / "truth.h5")
    assert_array_equal(known.sweeps.fired, truth.sweeps.fired)
    assert_array_equal(known.nerve.threshold_ma, truth.nerve.threshold_ma)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_runs_on_a_nerve_without_units(protocol):
    _, truth = protocol(absent_nerve(), seed=1)
    assert truth.n_units == 0
    assert truth.response.absent
    assert_array_equal(truth.sweeps.amplitude_mv, 0.0)


def test_what_was_recorded_is_the_truth_with_gain_and_noise():
    settings = StimulationSettings(variability=0.05)
    recording, truth = simulate_cmap(healthy_nerve(1), settings, seed=2, n_traces=300)
    t = settings.times_s
    x = sweeps_of(recording, settings)
    baseline = x[:, (t >= -0.010) & (t < -0.001)].mean(axis=1)
    at = np.argmin(x.mean(axis=0))
    seen_mv = -(x[:, at] - baseline) / 1000
    expected = truth.sweeps.amplitude_mv * truth.sweeps.gain
    assert_allclose(seen_mv, expected, atol=5 * 0.010)
    assert_allclose(seen_mv.mean(), expected.mean(), rtol=1e-3)
    assert_allclose(truth.sweeps.gain.std(), 0.05, rtol=0.15)


@pytest.mark.parametrize(
    "fields",
    [
        {"fs": 9_999.0},
        {"fs": 60_000.0},
        {"before_s": 0.01},
        {"after_s": 0.01},
        {"artefact_tail_s": 0.0},
        {"interval_s": 0.05},
        {"noise_uv": -1.0},
        {"distance_m": -0.1},
    ],
)
def test_impossible_settings_are_refused(fields):
    with pytest.raises(ParameterError):
        StimulationSettings(**fields)


@pytest.mark.parametrize(
    "call",
    [
        lambda nerve: simulate_cmap(nerve, n_traces=0),
        lambda nerve: simulate_scan(nerve, n_scan=1),
        lambda nerve: simulate_scan(nerve, n_constant=0),
        lambda nerve: simulate_incremental(nerve, n_steps=0),
        lambda nerve: simulate_multipoint(nerve, n_repeats=0),
        lambda nerve: simulate_f_waves(nerve, n_stimuli=0),
        lambda nerve: simulate_f_waves(nerve, backfiring=1.1),
        lambda nerve: simulate_h_reflex(nerve, n_stimuli=1),
        lambda nerve: simulate_h_reflex(nerve, excitability=-0.1),
        lambda nerve: simulate_repetitive(nerve, decrement_percent=51.0),
        lambda nerve: simulate_repetitive(nerve, profile=(1.0, 0.9, 0.8)),
        lambda nerve: simulate_repetitive(nerve, profile=(1.0, 0.9, 0.8, 0.0)),
    ],
)
def test_an_impossible_protocol_is_refused(call):
    with pytest.raises(ParameterError):
        call(plain_nerve([50.0]))
