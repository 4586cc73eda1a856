"""Potentials, discharges, band and acquisition: each against its closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import ParameterError
from emgproc.simulate import Heart, Mains, bedside_timeline
from emgproc.simulate.acquisition import digitise, electrode_noise, lsb_uv, sway
from emgproc.simulate.band import band_gain, band_share, in_band, mean_square
from emgproc.simulate.discharges import gaussian_train, joined, poisson_train
from emgproc.simulate.muap import add_potentials, energy, energy_spectrum, waveform
from emgproc.simulate.states import Activity, Timeline

FS = 2000.0


def test_case_16_campbell_energy_and_level_of_three_poisson_trains():
    t = np.arange(-40_000, 40_001) / 1e6
    assert_allclose(np.sum(waveform(t, 20.0, 0.003) ** 2) / 1e6, energy(20.0, 0.003), rtol=1e-9)
    assert_allclose(energy(20.0, 0.003), 0.31333 * 20**2 * 0.003, rtol=2e-5)
    rng, x = np.random.default_rng(16), np.zeros(int(300 * FS))
    for _ in range(3):
        add_potentials(x, FS, poisson_train(rng, 10.0, (0.0, 300.0)), 20.0, 0.003)
    assert_allclose(np.mean(x**2), 11.28, rtol=0.04)
    assert_allclose(np.sqrt(np.mean(x**2)), 3.359, rtol=0.02)


def test_gaussian_trains_have_the_level_of_campbell_too():
    rng, x = np.random.default_rng(1), np.zeros(int(300 * FS))
    for rate in (9.0, 10.0, 11.0):
        add_potentials(x, FS, gaussian_train(rng, rate, 0.2, (0.0, 300.0)), 20.0, 0.003)
    assert_allclose(np.sqrt(np.mean(x**2)), np.sqrt(30 * energy(20.0, 0.003)), rtol=0.02)


@settings(max_examples=20, deadline=None)
@given(shift=st.floats(0.0, 1.0), width_s=st.floats(0.002, 0.005), a=st.floats(-50.0, -1.0))
def test_a_potential_between_two_samples_keeps_its_energy(shift, width_s, a):
    x = np.zeros(400)
    add_potentials(x, FS, np.array([0.1 + shift / FS]), a, width_s)
    assert_allclose(np.sum(x**2) / FS, energy(a, width_s), rtol=1e-6)


def test_potentials_over_the_ends_are_cut_there():
    x = np.zeros(100)
    add_potentials(x, FS, np.array([0.0, 0.05]), 1.0, 0.003)
    t = np.arange(100) / FS
    assert_allclose(x, waveform(t, 1.0, 0.003) + waveform(t - 0.05, 1.0, 0.003), atol=1e-9)


@pytest.mark.parametrize("width_s", [0.002, 0.003, 0.005])
def test_the_energy_spectrum_is_that_of_the_waveform(width_s):
    x = waveform(np.arange(-500, 500) / FS, 1.0, width_s)
    spectrum = 2 * np.abs(np.fft.rfft(x)) ** 2 / FS**2 / energy(1.0, width_s)
    f_hz = np.fft.rfftfreq(1000, 1 / FS)
    assert_allclose(spectrum, energy_spectrum(f_hz, width_s), rtol=1e-6, atol=1e-9)
    assert_allclose(np.sum(spectrum) * FS / 1000, 1.0, rtol=1e-6)


@pytest.mark.parametrize("rate_hz", [6.0, 10.0, 40.0])
def test_gaussian_intervals_have_the_stated_rate_and_spread(rate_hz):
    train = gaussian_train(np.random.default_rng(2), rate_hz, 0.2, (10.0, 1010.0))
    assert 10.0 <= train[0] <= train[-1] < 1010.0
    assert_allclose(train.size / 1000, rate_hz, rtol=0.02)
    assert_allclose(np.diff(train).std() * rate_hz, 0.2, rtol=0.06)
    assert np.diff(train).min() >= 0.0149


def test_fasciculations_are_a_poisson_process():
    train = poisson_train(np.random.default_rng(2), 0.5, (0.0, 4000.0))
    assert_allclose(train.size, 2000, rtol=0.1)
    assert_allclose(np.diff(train).std(), np.diff(train).mean(), rtol=0.1)


def test_discharge_times_lie_on_the_clock():
    train = gaussian_train(np.random.default_rng(2), 10.0, 0.2, (0.0, 10.0))
    assert_array_equal(train, np.rint(train * 10_000) / 10_000)


def test_joined_trains_lose_a_discharge_too_soon_after_another():
    assert_array_equal(joined([np.array([0.1, 0.2]), np.array([0.205, 0.3])]), [0.1, 0.2, 0.3])
    assert joined([]).size == 0


def test_the_band_passes_half_the_power_at_its_edges_and_nothing_at_zero():
    # Each edge also loses 3e-7 to the other filter.
    assert_allclose(band_gain(np.array([20.0, 450.0]), 1250.0) ** 2, 0.5, rtol=1e-6)
    assert_array_equal(band_gain(np.array([0.0]), 1250.0), 0.0)
    assert band_gain(np.array([100.0]), 1250.0)[0] > 0.99


def test_the_ideal_band_is_scipys_butterworth_run_both_ways():
    from scipy import signal

    fs, q = 1250.0, (np.sqrt(2) - 1) ** 0.25
    high = np.arctan(q * np.tan(np.pi * 20 / fs)) * fs / np.pi
    low = np.arctan(np.tan(np.pi * 450 / fs) / q) * fs / np.pi
    x = np.random.default_rng(4).normal(size=20_000)
    y = signal.sosfiltfilt(signal.butter(2, high, "highpass", fs=fs, output="sos"), x)
    y = signal.sosfiltfilt(signal.butter(2, low, "lowpass", fs=fs, output="sos"), y)
    inner = slice(2000, -2000)
    assert_allclose(in_band(x, fs)[inner], y[inner], rtol=1e-6, atol=1e-6)


def test_the_share_of_energy_in_the_band_is_what_the_band_leaves():
    fs, width_s = 1250.0, 0.003
    x = np.zeros(2000)
    add_potentials(x, fs, np.array([0.8]), 1.0, width_s)
    left = np.sum(in_band(x, fs) ** 2) / np.sum(x**2)
    assert_allclose(band_share(np.array([width_s]), fs), left, rtol=1e-3)
    assert np.isnan(mean_square(x, np.zeros(2000, np.bool_)))


@pytest.mark.parametrize("sigma", [1.5, 3.0])
def test_electrode_noise_is_white_of_the_stated_sigma_and_rises_below_30_hz(sigma):
    x = electrode_noise(np.random.default_rng(8), 400_000, FS, sigma)
    power = np.abs(np.fft.rfft(x)) ** 2 * 2 / (x.size * FS)  # one-sided density, µV²/Hz
    f_hz = np.fft.rfftfreq(x.size, 1 / FS)
    white = sigma**2 / (FS / 2)
    assert_allclose(power[(f_hz > 40) & (f_hz < 900)].mean(), white, rtol=0.02)
    assert_allclose(power[(f_hz > 2.9) & (f_hz < 3.1)].mean(), 10 * white, rtol=0.3)
    assert_array_equal(power[f_hz < 0.5] < 1e-9, True)


def test_mains_hum_is_three_sines():
    t = np.arange(20_000) / FS
    x = Mains(50.0, 0.3, 0.1).hum(np.random.default_rng(1), t, 10.0)
    assert_allclose(np.mean(x**2), 50 * (1 + 0.3**2 + 0.1**2), rtol=1e-6)


@pytest.mark.parametrize("rate_bpm", [110.0, 160.0])
def test_the_heart_beats_at_its_rate_with_its_variability(rate_bpm):
    heart = Heart(rate_bpm, 0.05, 0.06)
    intervals = np.diff(heart.beats(np.random.default_rng(5), 2000.0))
    assert_allclose(60 / intervals.mean(), rate_bpm, rtol=0.01)
    assert_allclose(intervals.std() / intervals.mean(), 0.05, rtol=0.1)


@pytest.mark.parametrize("qrs_s", [0.05, 0.06, 0.07])
def test_the_qrs_lasts_as_long_as_stated_and_the_r_peak_is_one(qrs_s):
    fs = 10_000.0
    trace = Heart(120.0, 0.0, qrs_s).trace(np.array([0.5]), 10_000, fs)
    assert_allclose(trace.max(), 1.0, rtol=0.01)
    near = np.abs(np.arange(10_000) / fs - 0.5) < 0.05
    spread = np.flatnonzero(near & (np.abs(trace) > 0.02))
    assert_allclose((spread[-1] - spread[0]) / fs, qrs_s, atol=0.012)


def test_an_impossible_heart_is_refused():
    with pytest.raises(ParameterError, match="heart"):
        Heart(300.0)


def test_slow_sway_stays_within_its_span_and_below_20_hz():
    t = np.arange(20_000) / FS
    x = sway(np.random.default_rng(3), t, (3.0, 5.0), 100.0)
    assert_array_equal(x[(t < 3.0) | (t >= 5.0)], 0.0)
    power = np.abs(np.fft.rfft(x)) ** 2
    assert power[np.fft.rfftfreq(x.size, 1 / FS) > 20].sum() < 1e-4 * power.sum()


def test_the_converter_rounds_to_its_step_and_cuts_at_its_rails():
    rails = (-10.0, 10.0)
    x = np.linspace(-20, 20, 4001)
    seen = digitise(x, rails)
    assert seen.min() == -10.0
    assert seen.max() == pytest.approx(10.0, rel=1e-12)
    inside = np.abs(x) < 10
    assert np.abs(seen - x)[inside].max() <= lsb_uv(rails) / 2 * (1 + 1e-9)
    with pytest.raises(ParameterError, match="rails"):
        digitise(x, (1.0, 1.0))


def test_case_26_a_clipped_sine_spends_the_known_share_at_the_rails():
    x = np.sin(2 * np.pi * 7.0123 * np.arange(200_000) / FS)
    seen = digitise(x, (-0.9, 0.9))
    assert_allclose(np.mean(np.abs(seen) > 0.89999), 0.2871, atol=0.003)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_bedside_timeline_has_its_reference_and_forty_seconds_of_quiet(seed):
    timeline = bedside_timeline(np.random.default_rng(seed))
    assert timeline.seconds_of("noise_reference") >= 15
    assert timeline.seconds_of("state/3") >= 40
    moved = [e for e in timeline.events if e.label in {"movement", "cry"}]
    for activity in timeline.activities:
        if activity.gross:
            assert any(
                e.onset_s + 0.09 < activity.start_s
                and activity.stop_s < e.onset_s + e.duration_s - 0.09
                for e in moved
            )
    silent = [a for a in timeline.activities if a.silent]
    assert silent[0].span_s == (0.0, 15.5)


def test_a_timeline_with_a_hole_is_refused():
    with pytest.raises(ParameterError, match="follow"):
        Timeline(3.0, (Activity(0.0, 1.0, 0.0), Activity(2.0, 3.0, 0.0)), ())
    with pytest.raises(ParameterError, match="at least 60 s"):
        bedside_timeline(np.random.default_rng(1), 30.0)
