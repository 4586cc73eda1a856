"""Validation cases 1–15 of the specification: closed forms and known processes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import erf, erfc

from emgproc import features
from emgproc.preprocessing import tkeo

FS = 2000.0
AMPLITUDE = 50.0
F = 50.0  # fs / f = 40
SECONDS = 100.0


def sine(*, amplitude=AMPLITUDE, f=F, seconds=SECONDS, phase=0.3):
    t = np.arange(round(seconds * FS)) / FS
    return amplitude * np.sin(2 * np.pi * f * t + phase)


def white(seed, *, sigma=1.0, n=200_000):
    return np.random.default_rng(seed).normal(0.0, sigma, n)


def ideal_band(seed, low=20.0, high=450.0, n=400_000):
    spectrum = np.fft.rfft(white(seed, n=n))
    f = np.fft.rfftfreq(n, 1 / FS)
    return 10 * np.fft.irfft(np.where((f >= low) & (f <= high), spectrum, 0), n)


def test_case_01_a_sine_of_whole_cycles_has_its_textbook_amplitudes():
    x = sine()
    assert_allclose(features.rms(x, FS), AMPLITUDE / np.sqrt(2), rtol=1e-6)
    assert_allclose(features.arv(x, FS), 2 * AMPLITUDE / np.pi, rtol=3e-3)
    assert_allclose(features.kurtosis(x, FS), 1.5, rtol=1e-3)


@pytest.mark.parametrize("phase", [0.0123, 0.3, 1.0, 2.5])
def test_case_02_counts_and_length_of_a_sine_are_those_of_its_cycles(phase):
    x = sine(phase=phase)
    expected = 2 * F * SECONDS
    assert abs(features.zc(x, FS) * (x.size - 1) / FS - expected) <= 1
    assert abs(features.ssc(x, FS) * (x.size - 2) / FS - expected) <= 1
    longest = 4 * AMPLITUDE * F * SECONDS
    step = 2 * AMPLITUDE * np.sin(np.pi * F / FS)
    assert longest * np.cos(np.pi * F / FS) - step <= features.wl(x, FS) <= longest


def test_case_03_hjorth_parameters_of_a_sine():
    assert_allclose(features.hjorth_mobility(sine(), FS), 2 * np.sin(np.pi * F / FS), rtol=1e-3)
    assert_allclose(features.hjorth_complexity(sine(), FS), 1.0, rtol=1e-3)


def test_case_04_teager_kaiser_energy_of_a_sine_is_constant():
    expected = AMPLITUDE**2 * np.sin(2 * np.pi * F / FS) ** 2
    assert_allclose(tkeo(sine(seconds=1.0))[1:-1], expected, rtol=1e-9)


def test_case_05_a_gaussian_has_its_amplitudes_and_kurtosis():
    x = white(5, sigma=7.0)
    assert_allclose(features.arv(x, FS), 0.79788 * 7, rtol=1e-2)
    assert_allclose(features.log_detector(x, FS), 0.52984 * 7, rtol=1e-2)
    assert abs(features.kurtosis(x, FS) - 3) <= 0.05


def test_case_06_counts_and_hjorth_parameters_of_white_noise():
    sigma = 4.0
    x = white(6, sigma=sigma)
    assert_allclose(features.aac(x, FS), 1.12838 * sigma, rtol=1e-2)
    assert_allclose(features.wamp(x, 1.0, threshold_uv=sigma), erfc(0.5), rtol=1e-2)
    assert_allclose(erfc(0.5), 0.4795, rtol=1e-4)
    assert_allclose(features.zc(x, 1.0), 0.5, rtol=1e-2)
    assert_allclose(features.ssc(x, 1.0), 2 / 3, rtol=1e-2)
    assert_allclose(features.hjorth_mobility(x, FS), np.sqrt(2), rtol=1e-2)
    assert_allclose(features.hjorth_complexity(x, FS), np.sqrt(1.5), rtol=1e-2)


def test_case_07_white_noise_has_its_mean_and_median_frequency_at_a_quarter_of_fs():
    x = white(7, n=400_000)
    assert_allclose(features.mnf(x, FS), FS / 4, rtol=1e-2)
    assert_allclose(features.mdf(x, FS), FS / 4, rtol=1e-2)


def test_case_08_band_limited_noise_and_its_sampled_zero_crossings():
    x = ideal_band(8)
    assert abs(features.mnf(x, FS) - 235) <= 2
    assert abs(features.mdf(x, FS) - 235) <= 2
    angles = 2 * np.pi * np.array([20.0, 450.0]) / FS
    rho = np.diff(np.sin(angles))[0] / np.diff(angles)[0]
    assert_allclose(FS * np.arccos(rho) / np.pi, 519.9, rtol=1e-4)
    assert_allclose(features.zc(x, FS), 519.9, rtol=1e-2)


def test_case_09_dimitrov_index_of_a_flat_spectrum():
    expected = 6 * np.log(450 / 20) / (450.0**6 - 20.0**6)
    assert_allclose(expected, 2.250e-15, rtol=1e-3)
    assert_allclose(features.finsm5(ideal_band(9), FS), expected, rtol=1e-2)


def test_case_10_noise_corrected_rms_is_exact_and_never_nan():
    assert features.noise_corrected_rms(5.0, 3.0) == 4.0
    assert features.noise_corrected_rms(2.9, 3.0) == 0.0


def test_case_11_burg_finds_the_autoregressive_process():
    e = white(11, n=21_000)
    x = np.zeros_like(e)
    for i in range(2, x.size):
        x[i] = 1.2 * x[i - 1] - 0.7 * x[i - 2] + e[i]
    x = x[1000:]
    model = features.burg(x, FS, order=2)
    assert np.abs(model.a - [1, -1.2, 0.7]).max() <= 0.02
    assert_allclose(features.variance(x, FS), 3.908, rtol=3e-2)
    assert_allclose(model.residual_uv2, 1.0, rtol=3e-2)
    named = [features.ar_coefficient(x, FS, order=2, lag=lag) for lag in (1, 2)]
    assert_allclose(named, model.a[1:], rtol=1e-12)


def test_case_12_sample_entropy_of_white_noise_and_of_a_constant():
    assert_allclose(-np.log(erf(0.1)), 2.185, rtol=1e-3)
    assert abs(features.sample_entropy(white(12, n=6000), FS) - 2.185) <= 0.06
    assert np.isnan(features.sample_entropy(np.full(6000, 3.3), FS))


def test_case_13_fluctuation_exponents_of_white_noise_and_of_a_random_walk():
    x = white(13, n=20_000)
    for signal, expected in ((x, 0.50), (np.cumsum(x), 1.50)):
        found = features.dfa(signal, FS, n_min=16, n_max=1000)
        assert abs(found - expected) <= 0.04


def test_case_14_coherence_of_a_shared_signal_and_of_independent_ones():
    fs, n_segments = 2000.0, 120
    n = int(fs) * n_segments
    shared, n1, n2 = white(140, n=n), white(141, n=n), white(142, n=n)
    together = features.coherence(shared + n1, shared + n2, fs)
    assert together.n_segments == n_segments
    assert abs(together.values.mean() - 0.25 - (1 - 0.25) ** 2 / n_segments) <= 0.02
    apart = features.coherence(n1, n2, fs)
    assert_allclose(apart.confidence_limit, 0.0249, rtol=2e-3)
    assert_allclose(apart.values.mean(), 1 / n_segments, rtol=5e-2)
    assert abs((apart.values > apart.confidence_limit).mean() - 0.05) <= 0.01


def test_case_15_conduction_velocity_needs_the_delay_between_samples():
    fs, delay = 2048.0, 4.096
    n = 200_000
    spectrum = np.fft.rfft(white(15, n=n))
    f = np.fft.rfftfreq(n, 1 / fs)
    spectrum[(f < 20) | (f > 450)] = 0
    x1 = np.fft.irfft(spectrum, n)
    x2 = np.fft.irfft(spectrum * np.exp(-2j * np.pi * f * delay / fs), n)
    likely = features.conduction_velocity(x1, x2, fs, ied_mm=8.0)
    assert abs(likely.value_m_s - 4.000) <= 0.01
    assert likely.reason == ""
    assert likely.r > 0.99
    assert_allclose(likely.delay_s, delay / fs, rtol=2e-3)
    coarse = features.conduction_velocity(x1, x2, fs, ied_mm=8.0, method="integer")
    assert_allclose(coarse.value_m_s, 4.096, rtol=1e-12)
    between = features.conduction_velocity(x1, x2, fs, ied_mm=8.0, method="subsample")
    assert abs(between.value_m_s - 4.0) < abs(coarse.value_m_s - 4.0)
    back = features.conduction_velocity(x2, x1, fs, ied_mm=8.0)
    assert_allclose([back.value_m_s, back.delay_s], [likely.value_m_s, -likely.delay_s], rtol=1e-6)
