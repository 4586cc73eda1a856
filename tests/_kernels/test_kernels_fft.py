import cmath

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc._kernels.fft_plan import radices_of
from emgproc.errors import ParameterError
from emgproc.features.periodograms import hann, segment_powers

LENGTHS = [4, 6, 8, 10, 12, 16, 18, 30, 50, 60, 64, 96]


def slow_power(segment, window):
    """The sum that a Fourier transform is, written out."""
    n = len(segment)
    weighed = (segment - segment.mean()) * window
    sums = [
        sum(v * cmath.exp(-2j * cmath.pi * k * t / n) for t, v in enumerate(weighed))
        for k in range(n // 2 + 1)
    ]
    return np.abs(sums) ** 2


@pytest.mark.parametrize("n", [*LENGTHS, 2, 3, 5, 7, 14, 25])
def test_powers_equal_the_sum_that_a_fourier_transform_is(n):
    x = np.random.default_rng(n).standard_normal(40 + n) * 30 + 500
    starts = np.arange(11) * 3
    expected = [slow_power(x[s : s + n], hann(n)) for s in starts]
    powers = segment_powers(x, starts, hann(n))
    assert powers.shape == (11, n // 2 + 1)
    assert_allclose(powers, expected, rtol=0, atol=1e-12 * np.max(expected) + 1e-20)


@pytest.mark.parametrize("n", LENGTHS)
def test_float32_errs_by_a_few_of_its_own_roundings(n):
    x = (np.random.default_rng(n).standard_normal(40 + n) * 30).astype(np.float32)
    starts = np.arange(20)
    expected = [slow_power(x[s : s + n].astype(float), hann(n)) for s in starts]
    powers = segment_powers(x, starts, hann(n))
    assert powers.dtype == np.float32
    assert_allclose(powers, expected, rtol=0, atol=3e-6 * np.max(expected))


@pytest.mark.parametrize("n", [512, 1000, 1024, 1250])
def test_powers_of_usual_lengths_equal_scipy(n):
    from scipy.fft import rfft

    x = np.random.default_rng(n).standard_normal(2 * n) * 30
    starts = np.array([0, 17, n])
    rows = np.array([x[s : s + n] - x[s : s + n].mean() for s in starts]) * hann(n)
    expected = np.abs(rfft(rows, axis=1)) ** 2
    assert radices_of(n)
    assert_allclose(
        segment_powers(x, starts, hann(n)), expected, rtol=0, atol=1e-12 * expected.max()
    )


def test_hann_is_that_of_scipy():
    from scipy.signal import get_window

    assert_allclose(hann(1000), get_window("hann", 1000), rtol=0, atol=1e-15)


def test_a_segment_has_the_same_bytes_whatever_is_beside_it_and_for_any_number_of_threads():
    x = np.random.default_rng(0).standard_normal(300)
    x[200] = np.nan
    starts = np.arange(25) * 10
    together = segment_powers(x, starts, hann(32), threads=3)
    assert np.isnan(together).any(axis=1).sum() == 4
    for row, start in zip(together, starts, strict=True):
        assert_array_equal(row, segment_powers(x, np.array([start]), hann(32))[0])


@pytest.mark.parametrize(("n", "radices"), [(1024, (4, 4, 4, 4, 2)), (60, (5, 3, 2))])
def test_radices_multiply_to_half_the_length(n, radices):
    assert radices_of(n) == radices


@pytest.mark.parametrize("n", [0, 2, 25, 14, 2 * 49])
def test_a_length_with_another_factor_has_no_radices(n):
    assert radices_of(n) == ()


def test_a_segment_beyond_the_signal_is_refused():
    for start in (-1, 93):
        with pytest.raises(ParameterError, match="reach beyond the signal of 100 samples"):
            segment_powers(np.zeros(100), np.array([start]), hann(8))


def test_no_segment_gives_no_row():
    assert segment_powers(np.zeros(100), np.empty(0, np.int64), hann(8)).shape == (0, 5)
