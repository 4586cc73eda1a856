import numpy as np
import pytest
from naive_kernels import zero_phase
from numpy.testing import assert_allclose, assert_array_equal
from scipy import signal

from emgproc.errors import FsTooLowError, ParameterError, SignalError
from emgproc.preprocessing.blocks import zero_phase_span
from emgproc.preprocessing.butterworth import (
    bandpass_sos,
    butterworth_sos,
    highpass_sos,
    lowpass_sos,
    notch_sos,
)
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


def with_notches(fs):
    notches = [notch_sos(f, 30, fs) for f in range(50, 451, 50)]
    return np.concatenate([butterworth_sos(20, 450, fs), *notches])


@pytest.mark.parametrize("n", [9000, 100_000])
def test_four_bands_and_nine_notches_equal_scipy_at_2048_hz(n):
    x = wandering(n, 2048)
    for sos, largest in ((butterworth_sos(20, 450, 2048), 1e-12), (with_notches(2048), 1e-11)):
        expected = signal.sosfiltfilt(sos, x)
        assert np.abs(zero_phase_sos(x, sos) - expected).max() <= largest * np.abs(expected).max()


@pytest.mark.parametrize("sos", [butterworth_sos(20, 450, 30_000), with_notches(30_000)[:6]])
def test_at_30_khz_the_error_is_at_most_four_times_that_of_scipy(sos):
    x = np.random.default_rng(0).standard_normal(6000) * 50 + 3000
    exact = zero_phase(x, sos, scheme_of(sos).padding, dtype=np.longdouble)
    ours = float(np.abs(zero_phase_sos(x, sos) - exact).max())
    theirs = float(np.abs(signal.sosfiltfilt(sos, x) - exact).max())
    assert ours <= 4 * theirs


def test_float32_at_30_khz_is_within_1e_7_of_the_largest_value():
    sos = with_notches(30_000)
    x = wandering(2_500_000, 30_000)[:1].astype(np.float32)
    scheme = scheme_of(sos)
    assert scheme.block(x.shape[1], 4) + scheme.warm_up(4) < x.shape[1]
    y = zero_phase_sos(x, sos)
    exact = signal.sosfiltfilt(sos, x.astype(np.float64))
    assert y.dtype == np.float32
    assert np.abs(y - exact).max() <= 1e-7 * np.abs(exact).max()


def test_a_scheme_knows_bands_and_notches():
    sos = np.concatenate([bandpass_sos(20, 450, 2048), with_notches(2048), highpass_sos(5, 2048)])
    forward = [[0, 4, 0], [0, 2, 4], [1, 5, 6], [1, 4, 11], [2, 1, 15]]
    assert scheme_of(sos).passes.tolist() == [forward, forward[::-1]]
    nearly = notch_sos(50, 30, 2048) * [1, 1 + 1e-12, 1, 1, 1, 1]
    assert scheme_of(nearly).passes[0].tolist() == [[2, 1, 0]]


@pytest.mark.parametrize("f", range(50, 451, 50))
def test_a_notch_that_scipy_has_rounded_anew_is_one(f):
    sos = signal.tf2sos(*signal.iirnotch(f, 30, 2048))
    assert scheme_of(sos).passes[0].tolist() == [[1, 1, 0]]


@pytest.mark.parametrize("f", [1, 50, 450, 999])
@pytest.mark.parametrize("q", [2, 30, 1000])
def test_notch_is_scipys(f, q):
    b, a = signal.iirnotch(f, q, 2000)
    assert_allclose(notch_sos(f, q, 2000)[0], [*b, *a], rtol=1e-13)


@pytest.mark.parametrize("order", [2, 4, 6])
@pytest.mark.parametrize(("low", "high"), [(20, 450), (1, 999), (100, 101)])
def test_butterworth_is_scipys_up_to_the_pairing_of_zeros(low, high, order):
    sos = butterworth_sos(low, high, 2000, order)
    _, poles, gain = signal.butter(order, (low, high), "bandpass", fs=2000, output="zpk")
    mine = np.concatenate([np.roots(row[3:]) for row in sos])
    assert_allclose(np.sort(np.abs(mine)), np.sort(np.abs(poles)), rtol=1e-10)
    assert_allclose(np.prod(sos[:, 0]), gain, rtol=1e-10)
    f = np.array([0.5, low, np.sqrt(low * high), high, 999.5])
    theirs = signal.butter(order, (low, high), "bandpass", fs=2000, output="sos")
    expected = np.abs(signal.sosfreqz(theirs, f, fs=2000)[1])
    assert_allclose(np.abs(signal.sosfreqz(sos, f, fs=2000)[1]), expected, rtol=1e-6, atol=1e-9)


def test_blocks_are_many_warm_ups_long_and_fill_the_lanes_of_two_threads():
    scheme = scheme_of(butterworth_sos(20, 450, 30_000))
    for n in (100, 10_000, 1_000_000, 18_000_000, 2**31):
        for itemsize in (4, 8):
            block = scheme.block(n, itemsize)
            count = -(-n // block)
            assert block % 16 == 0
            assert count == 1 or block > 8 * scheme.warm_up(itemsize)
            assert count <= 8 or count % 16 == 0
    assert scheme_of(highpass_sos(0.01, 30_000)).block(2**34) < 2**26


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


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_rows_with_gaps_give_the_bytes_of_each_row_alone(kind):
    x = wandering(60_000, 2048)[[0, 1] * 6].astype(kind)
    for row in range(1, 12):
        x[row, 1000 * row : 1000 * row + row] = np.nan
    sos = butterworth_sos(20, 450, 2048)
    y = zero_phase_sos(x, sos, threads=2)
    assert_array_equal(np.isnan(y), np.isnan(x))
    for row in range(12):
        assert_array_equal(y[row], zero_phase_sos(x[row], sos))


def test_out_is_filled_and_given_back():
    x = wandering(500, 2000)
    sos = bandpass_sos(20, 450, 2000)
    out = np.zeros_like(x)
    assert np.may_share_memory(zero_phase_sos(x, sos, [(0, 400)], out=out), out)
    assert_array_equal(out, zero_phase_sos(x, sos, [(0, 400)]))


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
X = np.ones(9)
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
    (lambda: notch_sos(0, 30, 2000), ParameterError, "above 0 Hz"),
    (lambda: notch_sos(1000, 30, 2000), FsTooLowError, "needs fs above 2000"),
    (lambda: notch_sos(500, 0.5, 2000), ParameterError, "above 0.5"),
    (lambda: notch_sos(50, np.inf, 2000), ParameterError, "finite"),
    (lambda: butterworth_sos(450, 20, 2000), ParameterError, "low_hz < high_hz"),
    (lambda: butterworth_sos(20, 1000, 2000), FsTooLowError, "needs fs above 2000"),
    (lambda: butterworth_sos(20, 450, 2000, 3), ParameterError, "even"),
    (lambda: zero_phase_sos(X, SOS, out=np.empty(8)), ParameterError, "of shape"),
    (lambda: zero_phase_sos(X, SOS, out=np.empty(9, int)), ParameterError, "float64"),
    (lambda: zero_phase_sos(X, SOS, out=np.empty(18)[::2]), ParameterError, "C-contiguous"),
    (lambda: zero_phase_sos(X, SOS, out=X), ParameterError, "share memory"),
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
