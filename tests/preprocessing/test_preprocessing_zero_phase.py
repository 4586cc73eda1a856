import numpy as np
import pytest
from naive_kernels import zero_phase
from numpy.testing import assert_allclose, assert_array_equal
from scipy import signal

from emgproc.errors import FsTooLowError, ParameterError, SignalError
from emgproc.preprocessing.blocks import zero_phase_span
from emgproc.preprocessing.butterworth import bandpass_sos, highpass_sos, lowpass_sos
from emgproc.preprocessing.cascade import scheme_of
from emgproc.preprocessing.zero_phase import bridge, zero_phase_sos


def wandering(n, fs, seed=0):
    """Noise of 50 µV on a large slow baseline, 2 channels."""
    t = np.arange(n) / fs
    x = np.random.default_rng(seed).standard_normal((2, n)) * 50
    return x + 3000 + 500 * np.sin(2 * np.pi * 0.5 * t)


def gain_at(sos, f, fs):
    """Magnitude of both passes."""
    return np.abs(signal.sosfreqz(sos, [f], fs=fs)[1][0]) ** 2


@pytest.mark.parametrize(
    ("fs", "low", "high"),
    [
        (1000, 20, 400), (1250, 20, 450), (2000, 20, 450), (2048, 20, 450), (2048, 30, 450),
        (2048, 50, 450), (4000, 20, 450), (4000, 100, 1900), (10000, 50, 450), (20000, 100, 9000),
        (1000, 5, 30), (512, 20, 204), (30000, 500, 10000),
    ],
)  # fmt: skip
def test_filter_equals_scipy_to_rounding(fs, low, high):
    sos = bandpass_sos(low, high, fs)
    x = wandering(40 * scheme_of(sos).warm_up() + 20_011, fs)
    expected = signal.sosfiltfilt(sos, x)
    difference = np.abs(zero_phase_sos(x, sos) - expected).max()
    assert low / fs >= 0.005
    assert difference <= 1e-11 * np.abs(expected).max()


@pytest.mark.parametrize(
    ("fs", "low", "n"),
    [(2048, 2, 6000), (10000, 20, 40_000), (20000, 20, 6000), (10000, 2, 6000)],
)
def test_at_low_cut_offs_the_error_is_at_most_four_times_that_of_scipy(fs, low, n):
    sos = bandpass_sos(low, fs / 4, fs)
    x = np.random.default_rng(fs + low).standard_normal(n) * 50 + 3000
    exact = zero_phase(x, sos, scheme_of(sos).padding, dtype=np.longdouble)
    ours = float(np.abs(zero_phase_sos(x, sos) - exact).max())
    theirs = float(np.abs(signal.sosfiltfilt(sos, x) - exact).max())
    assert low / fs < 0.005
    assert ours <= 4 * theirs


@pytest.mark.parametrize("fs", [1000.0, 2000.0, 4000.0, 2048.0])
def test_named_cut_offs_are_the_half_power_points_of_both_passes(fs):
    assert_allclose(gain_at(highpass_sos(20, fs), 20, fs), np.sqrt(0.5), rtol=1e-9)
    assert_allclose(gain_at(lowpass_sos(400, fs), 400, fs), np.sqrt(0.5), rtol=1e-9)


def test_sections_are_the_butterworth_design_at_the_warped_frequency():
    fs = 2000
    q = (np.sqrt(2) - 1) ** 0.25
    w_low, w_high = np.tan(np.pi * 20 / fs), np.tan(np.pi * 450 / fs)
    expected = np.concatenate(
        [
            signal.butter(2, np.arctan(q * w_low) * fs / np.pi, "high", fs=fs, output="sos"),
            signal.butter(2, np.arctan(w_high / q) * fs / np.pi, "low", fs=fs, output="sos"),
        ]
    )
    assert_allclose(bandpass_sos(20, 450, fs), expected, rtol=1e-12)
    assert_allclose(np.arctan(w_high / q) * fs / np.pi, 519.9, atol=0.05)


def test_case_24_warped_design_has_minus_3_db_at_the_named_cut_offs():
    fs, n = 2000, 200_000
    t = np.arange(n) / fs
    middle = slice(n // 4, 3 * n // 4)
    naive = signal.butter(2, 20, "high", fs=fs, output="sos")
    for f in (20, 450):
        x = np.sin(2 * np.pi * f * t)
        y = zero_phase_sos(x, bandpass_sos(20, 450, fs))
        assert_allclose(np.std(y[middle]) / np.std(x[middle]), 0.7071, rtol=0.01)
    x = np.sin(2 * np.pi * 20 * t)
    two = zero_phase_sos(x, naive)
    one = signal.sosfilt(naive, x)
    assert_allclose(np.std(two[middle]) / np.std(x[middle]), 0.5, rtol=1e-3)
    assert_allclose(np.std(one[middle]) / np.std(x[middle]), 0.7071, rtol=1e-3)


@pytest.mark.parametrize("threads", [2, 3, 64])
def test_any_number_of_threads_gives_the_same_bytes(threads):
    x = wandering(40_000, 2000)
    sos = bandpass_sos(20, 450, 2000)
    assert_array_equal(zero_phase_sos(x, sos, threads=threads), zero_phase_sos(x, sos))


def test_segments_are_filtered_each_by_itself():
    x = wandering(9000, 2000)
    sos = bandpass_sos(20, 450, 2000)
    y = zero_phase_sos(x, sos, [(0, 4000), (4000, 8000)])
    assert_array_equal(y[:, :4000], zero_phase_sos(x[:, :4000], sos))
    assert_array_equal(y[:, 4000:8000], zero_phase_sos(x[:, 4000:8000], sos))
    assert np.isnan(y[:, 8000:]).all()


def test_a_gap_is_bridged_for_the_filter_and_stays_a_gap():
    x = wandering(30_000, 2000)
    sos = bandpass_sos(20, 450, 2000)
    holed = x.copy()
    holed[0, 20_000:20_050] = np.nan
    holed[0, 25_000] = np.inf
    bridged = holed.copy()
    good = np.isfinite(holed[0])
    bridged[0, ~good] = np.interp(np.flatnonzero(~good), np.flatnonzero(good), holed[0, good])
    y = zero_phase_sos(holed, sos)
    assert_array_equal(np.isnan(y[0]), ~good)
    assert_array_equal(y[0, good], zero_phase_sos(bridged, sos)[0, good])
    assert_array_equal(y[1], zero_phase_sos(x, sos)[1])


def test_bridge_holds_the_value_at_the_edges():
    x = np.array([np.nan, 1.0, np.nan, np.nan, 4.0, np.nan])
    assert_array_equal(bridge(x, np.isfinite(x)), [1, 1, 2, 3, 4, 4])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_row_without_finite_samples_stays_nan(value):
    x = np.full((2, 500), value)
    x[1] = np.arange(500)
    y = zero_phase_sos(x, highpass_sos(20, 1000))
    assert np.isnan(y[0]).all()
    assert np.isfinite(y[1]).all()


def test_a_constant_is_removed_by_a_high_pass_and_kept_by_a_low_pass():
    x = np.full(20_000, 1e5)
    assert np.abs(zero_phase_sos(x, highpass_sos(20, 2000))).max() < 1e-6
    assert_allclose(zero_phase_sos(x, lowpass_sos(6, 2000)), x, rtol=1e-9)


def test_huge_values_scale_like_small_ones():
    x = wandering(3000, 2000)
    sos = bandpass_sos(20, 450, 2000)
    assert_allclose(
        zero_phase_sos(x * 2.0**300, sos) / 2.0**300, zero_phase_sos(x, sos), rtol=1e-9
    )


def test_empty_input_gives_empty_output():
    assert zero_phase_sos(np.empty((3, 0)), highpass_sos(20, 1000)).shape == (3, 0)
    assert zero_phase_sos(np.empty((0, 10)), highpass_sos(20, 1000)).shape == (0, 10)


SOS = highpass_sos(20, 1000)
ERRORS = [
    (lambda: highpass_sos(0, 1000), ParameterError, "above 0 Hz"),
    (lambda: highpass_sos(np.nan, 1000), ParameterError, "above 0 Hz"),
    (lambda: lowpass_sos(500, 1000), FsTooLowError, "needs fs above 1000"),
    (lambda: bandpass_sos(450, 20, 2000), ParameterError, "low_hz < high_hz"),
    (lambda: highpass_sos(20, -1), ParameterError, "fs"),
    (lambda: scheme_of(np.ones((2, 5))), ParameterError, "n_sections, 6"),
    (lambda: scheme_of([[1, 0, 0, 2, 0, 0]]), ParameterError, "a0 = 1"),
    (lambda: scheme_of([[1, 0, 0, 1, -2, 1]]), ParameterError, "unstable"),
    (lambda: zero_phase_sos(np.ones(9), SOS, [(0, 10)]), ParameterError, "outside"),
    (lambda: zero_phase_sos(["a"], SOS), SignalError, "real numbers"),
    (lambda: zero_phase_span(ones, (0, 10), (2, 9), SOS), ParameterError, "must hold samples"),
    (lambda: zero_phase_span(gaps, (3, 5), (2, 9), SOS), SignalError, "finite"),
]


def ones(start, stop):
    return np.ones((1, stop - start))


def gaps(start, stop):
    return np.full((1, stop - start), np.nan)


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_what_cannot_be_filtered_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
