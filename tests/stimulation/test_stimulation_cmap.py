"""Sweeps, averages, the CMAP and motor conduction velocity."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import ParameterError, SignalError
from emgproc.recording import Event, Recording
from emgproc.simulate.stimulation import (
    StimulationSettings,
    absent_nerve,
    healthy_nerve,
    plain_nerve,
    simulate_cmap,
    simulate_multipoint,
    simulate_scan,
    sma_nerve,
)
from emgproc.stimulation import (
    ResponseSettings,
    amplitudes_at_peak,
    average,
    baselined,
    cmap,
    motor_velocity,
    responses,
    supramaximal,
    sweep_times,
    sweeps_of,
)

FS = 20_000.0
BARE = StimulationSettings(noise_uv=0.0, variability=0.0, artefact_uv_per_ma=0.0, rails_uv=None)


def described(recording, **given):
    sweeps = sweeps_of(recording, "ADM_L")
    return cmap(sweeps.data, sweeps.fs, sweeps.before_s, ResponseSettings(**given))


def gaussian(peak_s=0.012, sd_s=0.0015, peak_uv=-5000.0, before_s=0.02, after_s=0.04):
    t = sweep_times(round((before_s + after_s) * FS), FS, before_s)
    return peak_uv * np.exp(-(((t - peak_s) / sd_s) ** 2) / 2)


def test_case_33_gaussian_cmap():
    found = cmap(gaussian(), FS, 0.02)
    assert_allclose(found.area_mv_ms, 5 * 1.5 * np.sqrt(2 * np.pi), rtol=0.005)
    assert_allclose(found.area_mv_ms, 18.80, rtol=0.005)
    assert_allclose(found.half_duration_ms, 3.532, rtol=0.005)
    assert_allclose([found.amplitude_mv, found.peak_to_peak_mv], 5.0, rtol=1e-4)
    assert_allclose(found.peak_ms, 12.0, atol=1e-9)
    assert (found.n, found.absent, found.reason) == (1, False, "")
    assert "few_traces" in found.flags


def test_case_33_flat_trace_is_absent_with_amplitude_0_and_censored():
    for x in (np.zeros(1200), np.random.default_rng(0).normal(0, 5.0, (3, 1200))):
        found = cmap(x, FS, 0.02)
        assert (found.absent, found.censored, found.amplitude_mv) == (True, True, 0.0)
        assert (found.area_mv_ms, found.limit_mv, found.reason) == (0.0, 0.05, "absent_response")
        assert np.isnan([found.latency_ms, found.duration_ms, found.peak_ms]).all()


def test_a_response_below_0_05_mv_is_absent_but_keeps_what_was_measured():
    found = cmap(gaussian(peak_uv=-40.0), FS, 0.02)
    assert_allclose(found.amplitude_mv, 0.04, rtol=1e-3)
    assert found.absent
    assert found.censored
    assert np.isnan(found.latency_ms)
    assert not cmap(gaussian(peak_uv=-60.0), FS, 0.02).absent


def half_sine(onset_s=0.003, length_s=0.005, peak_uv=-2000.0):
    t = sweep_times(1200, FS, 0.02)
    u = (t - onset_s) / length_s
    return np.where((u > 0) & (u < 1), peak_uv * np.sin(np.pi * np.clip(u, 0, 1)), 0.0)


def test_a_half_sine_has_its_closed_form_measures():
    found = cmap(half_sine(), FS, 0.02)
    assert_allclose(found.latency_ms, 3.0, atol=1e-6)
    assert_allclose(found.duration_ms, 5.0, atol=1e-6)
    assert_allclose(found.half_duration_ms, 5.0 * 2 / 3, rtol=1e-3)
    assert_allclose(found.area_mv_ms, 2 * 5.0 * 2 / np.pi, rtol=1e-3)
    assert found.flags == ("few_traces",)


def test_an_initial_positivity_is_flagged_and_begins_the_response():
    x = half_sine() + half_sine(0.002, 0.001, 300.0)
    found = cmap(x, FS, 0.02)
    assert "initial_positivity" in found.flags
    assert_allclose([found.latency_ms, found.duration_ms], [2.0, 5.0], atol=0.01)
    assert_allclose([found.amplitude_mv, found.peak_to_peak_mv], [2.0, 2.3], rtol=1e-3)


def test_a_wave_that_began_under_the_artefact_or_never_returns_is_flagged():
    assert "onset_at_blanking" in cmap(half_sine(0.0005), FS, 0.02).flags
    assert "no_return_to_baseline" in cmap(half_sine(0.0355, 0.01), FS, 0.02).flags
    assert "onset_at_blanking" not in cmap(half_sine(0.002), FS, 0.02).flags


@pytest.mark.parametrize("nerve", [healthy_nerve(1), sma_nerve(3, 4)])
def test_noise_free_simulated_responses_are_measured_as_they_are(nerve):
    recording, truth = simulate_cmap(nerve, BARE, seed=1)
    found, response = described(recording), truth.response
    assert_allclose(found.amplitude_mv, response.amplitude_mv, rtol=1e-9)
    assert_allclose(found.peak_to_peak_mv, response.peak_to_peak_mv, rtol=1e-9)
    assert_allclose(found.area_mv_ms, response.negative_area_mv_ms, rtol=1e-3)
    assert_allclose(found.latency_ms, response.latency_ms, atol=0.1)
    assert_allclose(found.duration_ms, response.negative_phase_ms, atol=0.1)
    assert found.n == 3


@pytest.mark.parametrize("seed", range(4))
def test_with_noise_artefact_and_converter_the_measures_stay(seed):
    recording, truth = simulate_cmap(healthy_nerve(seed), seed=seed)
    found, response = described(recording), truth.response
    assert_allclose(found.amplitude_mv, response.amplitude_mv, rtol=0.02)
    assert_allclose(found.area_mv_ms, response.negative_area_mv_ms, rtol=0.02)
    # The first of 110 units hardly rises from the noise.
    assert 0 < found.latency_ms - response.latency_ms < 0.5
    assert_allclose(found.noise_uv, 7.0, rtol=0.5)
    assert not found.absent


def test_a_nerve_without_units_has_an_absent_response():
    recording, truth = simulate_cmap(absent_nerve(), seed=2)
    assert truth.response.absent
    assert described(recording).absent


def test_the_best_of_the_traces_is_described():
    x = np.stack([half_sine(), 1.5 * half_sine(), half_sine()])
    found = cmap(x, FS, 0.02)
    assert (found.trace, found.n, found.flags) == (1, 3, ())
    assert_allclose(found.amplitude_mv, 3.0, rtol=1e-9)
    each = responses(x, FS, 0.02)
    assert_allclose([r.amplitude_mv for r in each], [2.0, 3.0, 2.0], rtol=1e-9)
    assert [r.trace for r in each] == [0, 1, 2]


def test_gain_and_an_offset_change_amplitudes_and_nothing_else():
    x = half_sine()
    plain, other = cmap(x, FS, 0.02), cmap(3.0 * x + 500.0, FS, 0.02)
    assert_allclose(other.amplitude_mv, 3 * plain.amplitude_mv, rtol=1e-9)
    assert_allclose(other.area_mv_ms, 3 * plain.area_mv_ms, rtol=1e-9)
    assert_allclose(
        [other.latency_ms, other.duration_ms, other.half_duration_ms],
        [plain.latency_ms, plain.duration_ms, plain.half_duration_ms], rtol=1e-9,
    )  # fmt: skip


def test_the_artefact_is_blanked_and_the_baseline_taken_off():
    x = np.full((2, 1200), 7.0)
    x[:, 400:420] = 9999.0
    assert_array_equal(baselined(x, FS, 0.02), 0.0)
    kept = baselined(x, FS, 0.02, ResponseSettings(blank_s=0.0005))
    assert_array_equal(np.flatnonzero(kept[0]), np.arange(410, 420))


def test_the_average_leaves_noise_over_root_n():
    rng, wave = np.random.default_rng(1), half_sine()
    for n in (2, 25, 100):
        found = average(wave + rng.normal(0, 8.0, (n, wave.size)))
        assert found.n == n
        assert_allclose(found.residual_uv, 8.0 / np.sqrt(n), rtol=0.08)
        assert_allclose((found.wave_uv - wave).std(), 8.0 / np.sqrt(n), rtol=0.08)
    assert np.isnan(average(wave).residual_uv)


def test_amplitudes_at_the_peak_add_up_over_units_and_have_no_bias():
    recording, truth = simulate_scan(plain_nerve([50.0] * 60), seed=1)
    sweeps = sweeps_of(recording, "ADM_L")
    found = amplitudes_at_peak(sweeps.data, sweeps.fs, sweeps.before_s)
    error = found - truth.sweeps.amplitude_mv * truth.sweeps.gain
    assert abs(error.mean()) < 0.005
    assert error.std() < 0.006


def test_sweeps_are_cut_around_their_stimuli():
    recording, truth = simulate_cmap(plain_nerve([100.0] * 20), BARE)
    sweeps = sweeps_of(recording, "ADM_L")
    assert sweeps.data.shape == (3, 1600)
    assert_array_equal(sweeps.stimulus_ma, truth.sweeps.stimulus_ma)
    assert_array_equal(sweeps.stimulus_s, truth.sweeps.stimulus_s)
    assert_allclose(sweeps.times_s, BARE.times_s, atol=1e-12)
    assert_array_equal(sweeps.data.ravel(), recording.data[0])
    short = sweeps_of(recording, "ADM_L", before_s=0.01, after_s=0.02)
    assert_array_equal(short.data, sweeps.data[:, 200:800])


def continuous(events, n=1000):
    return Recording.from_array(np.arange(float(n)), 1000.0, channels=["A"], events=events)


def test_in_one_stretch_a_sweep_ends_at_the_next_stimulus():
    recording = continuous([Event(t, 0.0, f"stim/{ma}") for t, ma in
                            ((0.1, 5), (0.4, 6.5), (0.7, "x"), (0.98, 8))])  # fmt: skip
    sweeps = sweeps_of(recording, "A", before_s=0.05, after_s=0.25)
    assert_array_equal(sweeps.data[:, 50], [100.0, 400.0, 700.0])
    assert_array_equal(sweeps.stimulus_ma, [5.0, 6.5, np.nan])
    assert sweeps.left_out == ((0.98, "incomplete"),)
    assert sweeps_of(recording, "A", before_s=0.05).data.shape[1] == 350


def test_masked_sweeps_and_stimuli_of_other_sites_are_left_out():
    marks = [Event(t, 0.0, "stim/5") for t in (0.2, 0.5, 0.8)]
    sites = [Event(0.1, 0.5, "site/1"), Event(0.7, 0.2, "site/2")]
    recording = continuous([*marks, *sites, Event(0.55, 0.01, "bad_clip", "A")])
    sweeps = sweeps_of(recording, "A", before_s=0.05, after_s=0.1)
    assert_array_equal(sweeps.stimulus_s, [0.2, 0.8])
    assert sweeps.left_out == ((0.5, "masked"),)
    second = sweeps_of(recording, "A", before_s=0.05, after_s=0.1, during="site/2")
    assert_array_equal(second.stimulus_s, [0.8])


@pytest.mark.parametrize("site", [1, 2, 3])
def test_the_sites_of_a_multipoint_recording_are_told_apart(site):
    recording, truth = simulate_multipoint(healthy_nerve(2), BARE, seed=1)
    sweeps = sweeps_of(recording, "ADM_L", during=f"site/{site}")
    assert_array_equal(sweeps.stimulus_ma, truth.sweeps.stimulus_ma[truth.site == site])


def test_velocity_is_distance_over_the_difference_of_latencies():
    near = plain_nerve([80.0] * 30)
    distal, proximal = (
        described(simulate_cmap(near, replace(BARE, distance_m=d))[0]) for d in (0.04, 0.12)
    )
    found = motor_velocity(proximal, distal, 0.08)
    assert_allclose(found.velocity_m_s, 40.0, rtol=1e-3)
    assert_allclose(found.amplitude_ratio, 1.0, rtol=1e-3)
    assert (found.n, found.reason) == (6, "")
    swapped = motor_velocity(distal, proximal, 0.08)
    assert (np.isnan(swapped.velocity_m_s), swapped.reason) == (True, "no_latency_difference")
    gone = motor_velocity(cmap(np.zeros(1200), FS, 0.02), distal, 0.08)
    assert (np.isnan(gone.velocity_m_s), gone.reason) == (True, "absent_response")


@pytest.mark.parametrize("seed", range(3))
def test_velocity_of_an_infant_is_that_of_the_fastest_axons(seed):
    nerve = replace(healthy_nerve(seed), terminal_s=np.full(110, 0.0013))
    distal, proximal = (
        described(simulate_cmap(nerve, StimulationSettings(distance_m=d), seed)[0])
        for d in (0.04, 0.14)
    )
    found = motor_velocity(proximal, distal, 0.1)
    assert_allclose(found.velocity_m_s, nerve.velocity_m_s.max(), rtol=0.1)


def test_a_stimulus_is_supramaximal_if_a_fifth_more_adds_below_5_percent():
    assert supramaximal([10.0, 12.0, 14.4], [4.0, 5.0, 5.2]).reached
    assert_allclose(supramaximal([10.0, 12.0], [4.0, 5.0]).change, 0.2)
    assert not supramaximal([10.0, 12.0], [4.0, 5.0]).reached
    assert supramaximal([10.0, 11.0], [5.0, 5.0]).reason == "no_weaker_stimulus"
    assert supramaximal([10.0, 12.0], [0.0, 0.0]).reason == "absent_response"


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: cmap(np.full(1200, np.nan), FS, 0.02), SignalError, "finite"),
        (lambda: cmap(np.zeros(1200), FS, 0.005), SignalError, "baseline"),
        (lambda: cmap(np.zeros(1200), FS, 0.07), ParameterError, "stimulus lies in the sweep"),
        (lambda: cmap(np.zeros(420), FS, 0.02), ParameterError, "no room"),
        (lambda: cmap(np.zeros(1200), 0.0, 0.02), ParameterError, "fs"),
        (lambda: ResponseSettings(baseline_s=(0.0, -0.01)), ParameterError, "start < stop"),
        (lambda: ResponseSettings(until_s=0.0005), ParameterError, "until_s"),
        (lambda: ResponseSettings(least_uv=-1.0), ParameterError, ">= 0"),
        (lambda: sweeps_of(continuous([]), "A"), SignalError, "no event stim/"),
        (lambda: sweeps_of(continuous([]), "B"), ParameterError, "no channel"),
        (lambda: sweeps_of(continuous([Event(0.1, 0.0, "stim/5")]), "A", before_s=0.2),
         SignalError, "incomplete"),
        (lambda: motor_velocity(cmap(half_sine(), FS, 0.02), cmap(half_sine(), FS, 0.02), 0.0),
         ParameterError, "distance_m"),
        (lambda: supramaximal([1.0], [1.0, 2.0]), ParameterError, "one amplitude"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_real_m_waves_grow_with_the_stimulus(real_data):
    from emgproc.readers import ReadOptions, open_recording

    path = real_data / "evoked-m-h/example-waveforms.csv"
    recording = open_recording(path, ReadOptions(fs=3200.0, unit="mV")).read()
    sweeps = sweeps_of(recording, recording.channels[0].name, before_s=0.0)
    table = np.loadtxt(path, delimiter=",")
    assert_allclose(sweeps.data, 1000 * table[1:, 1:].T, rtol=1e-9, atol=1e-9)
    assert_array_equal(sweeps.stimulus_ma, table[0, 1:])
