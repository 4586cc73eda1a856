import numpy as np
import pytest
from naive_kernels import arv, moving, rms
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.preprocessing.butterworth import bandpass_sos
from emgproc.preprocessing.fused import filtered_rms
from emgproc.preprocessing.windows import moving_arv, moving_rms, moving_sum, tkeo
from emgproc.preprocessing.zero_phase import zero_phase_sos


@pytest.mark.parametrize("n_samples", [1, 2, 7, 8, 30, 101])
@pytest.mark.parametrize("n", [1, 2, 3, 8, 9, 17, 40, 150, 300])
def test_moving_measures_equal_their_slow_twins(n_samples, n):
    x = np.random.default_rng(n).standard_normal((9, n_samples)) * 50
    x[1, n_samples // 2] = np.nan
    x[2] = np.nan
    x[3, 0] = np.inf
    assert_allclose(moving_rms(x, n), [moving(row, n, rms) for row in x], rtol=1e-12)
    assert_allclose(moving_arv(x, n), [moving(row, n, arv) for row in x], rtol=1e-12)


@pytest.mark.parametrize("n", [1, 16, 17, 33, 144, 145, 500])
def test_windows_over_several_tiles_equal_their_slow_twins(n):
    x = np.random.default_rng(n).standard_normal((2, 640)) * 50
    assert_allclose(moving_rms(x, n), [moving(row, n, rms) for row in x], rtol=1e-12)
    assert_allclose(moving_arv(x, n), [moving(row, n, arv) for row in x], rtol=1e-12)
    some = [(3, 250), (300, 640)]
    y = moving_arv(x, n, some)
    assert np.isnan(y[:, :3]).all()
    assert np.isnan(y[:, 250:300]).all()
    for a, b in some:
        assert_allclose(y[:, a:b], [moving(row[a:b], n, arv) for row in x], rtol=1e-12)


@pytest.mark.parametrize("n", [10, 100, 300])
def test_a_window_sums_its_own_samples_only(n):
    x = np.ones(1000)
    x[100] = 1e12  # a running sum of squares would be off from here on
    assert_allclose(moving_rms(x, n)[101 + n :], 1.0, rtol=1e-15)


@pytest.mark.parametrize("n", [5, 64, 205])
def test_float32_stays_float32_and_is_right_to_4e_6(n):
    x = (np.random.default_rng(n).standard_normal((17, 700)) * 50).astype(np.float32)
    x[3, 200:220] = np.nan
    x[4, 9] = 1e25  # its square leaves the range of float32
    for of in (moving_rms, moving_arv):
        y = of(x, n)
        assert y.dtype == np.float32
        assert_allclose(y, of(x.astype(float), n), rtol=4e-6)
    assert_array_equal(moving_rms(x[2], n), moving_rms(x, n)[2])


def test_energies_equal_their_slow_twin_and_are_nan_beside_what_is_not_finite():
    x = np.random.default_rng(0).standard_normal((2, 3, 41)) * 50
    x[0, 1, 20], x[1, 2, 33], x[1, 1, 0], x[0, 0, 5] = np.inf, np.nan, -np.inf, 1e160
    spans = [(0, 17), (17, 40), (40, 41)]
    expected = np.full(x.shape, np.nan)
    for start, stop in spans:
        for i in range(start + 1, stop - 1):
            a, v, b = np.moveaxis(x[..., i - 1 : i + 2], -1, 0)
            known = np.isfinite(a) & np.isfinite(v) & np.isfinite(b)
            with np.errstate(over="ignore", invalid="ignore"):
                expected[..., i] = np.where(known, v * v - a * b, np.nan)
    assert_array_equal(tkeo(x, spans), expected)
    assert_array_equal(tkeo(x[..., :17]), expected[..., :17])


def test_moving_sum_is_nan_exactly_where_a_window_holds_a_gap():
    x = np.arange(20.0)
    x[10] = np.nan
    y = moving_sum(x, 4)
    assert_array_equal(np.flatnonzero(np.isnan(y)), [9, 10, 11, 12])
    assert y[5] == 3 + 4 + 5 + 6


def test_each_channel_is_measured_as_if_alone():
    x = np.random.default_rng(0).standard_normal((11, 120))
    together = moving_rms(x, 13)
    for row in range(11):
        assert_array_equal(together[row], moving_rms(x[row], 13))


def test_fused_filter_and_rms_have_the_bytes_of_the_two_steps():
    sos = bandpass_sos(0.1, 0.3, 1.0)
    x = np.random.default_rng(1).standard_normal((10, 400)) * 50
    x[3, 50:60] = np.nan
    x[4] = np.nan
    x[5, 399] = np.inf
    for segments in (None, [(0, 150), (150, 400)], [(10, 90)]):
        for n in (1, 2, 9, 64, 1000):
            apart = moving_rms(np.abs(zero_phase_sos(x, sos, segments)), n, segments)
            assert_array_equal(filtered_rms(x, sos, n, segments, threads=2), apart)
    assert filtered_rms(x[0], sos, 5).shape == (400,)


@pytest.mark.parametrize("n", [3, 50, 333, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_long_channel_that_is_cut_into_pieces_has_the_bytes_of_one_among_many(n, dtype):
    x = (np.random.default_rng(n).standard_normal((1, 25_000)) * 50).astype(dtype)
    among_many = moving_rms(np.repeat(x, 7, axis=0), n, threads=2)  # a piece each
    assert_array_equal(moving_rms(x, n, threads=2)[0], among_many[6])


@pytest.mark.parametrize("size", [0.1, 7.3])
def test_float32_is_right_to_4e_6_for_long_windows_of_one_value_too(size):
    x = np.full(60_000, size, np.float32)  # each sum is rounded the same way
    for n in (1000, 15_000):
        assert_allclose(moving_arv(x, n), np.float64(np.float32(size)), rtol=4e-6)
