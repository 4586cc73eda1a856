import numpy as np
import pytest
from naive_kernels import arv, moving, rms
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.preprocessing.butterworth import bandpass_sos
from emgproc.preprocessing.fused import filtered_rms
from emgproc.preprocessing.windows import moving_arv, moving_rms, moving_sum
from emgproc.preprocessing.zero_phase import zero_phase_sos


@pytest.mark.parametrize("n_samples", [1, 2, 7, 8, 30, 101])
@pytest.mark.parametrize("n", [1, 2, 3, 8, 9, 40, 300])
def test_moving_measures_equal_their_slow_twins(n_samples, n):
    x = np.random.default_rng(n).standard_normal((9, n_samples)) * 50
    x[1, n_samples // 2] = np.nan
    x[2] = np.nan
    x[3, 0] = np.inf
    assert_allclose(moving_rms(x, n), [moving(row, n, rms) for row in x], rtol=1e-12)
    assert_allclose(moving_arv(x, n), [moving(row, n, arv) for row in x], rtol=1e-12)


def test_a_window_sums_its_own_samples_only():
    x = np.ones(1000)
    x[100] = 1e12  # a running sum of squares would be off from here on
    assert_array_equal(moving_rms(x, 10)[200:], 1.0)


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
