import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import signal

from emgproc.errors import ParameterError, SignalError
from emgproc.preprocessing.butterworth import butterworth_sos, highpass_sos, notch_sos
from emgproc.preprocessing.causal import CausalSos

SOS = np.concatenate([butterworth_sos(20, 450, 2048), notch_sos(50, 30, 2048)])


def noise(*shape):
    return np.random.default_rng(0).standard_normal(shape) * 50 + 300


@pytest.mark.parametrize("steady", [False, True])
def test_the_stream_equals_scipys_sosfilt(steady):
    x = noise(11, 3000)
    start = signal.sosfilt_zi(SOS)[:, None, :] * x[None, :, :1] * steady
    expected, _ = signal.sosfilt(SOS, x, zi=start)
    y = CausalSos(SOS, 11, steady=steady).filter(x)
    assert np.abs(y - expected).max() <= 1e-11 * np.abs(x).max()


def test_a_sample_that_is_not_finite_is_nan_and_the_filter_holds_the_last_one():
    x = noise(2, 500)
    held = x.copy()
    x[0, 100:130] = np.nan
    x[1, 499] = np.inf
    held[0, 100:130] = held[0, 99]
    held[1, 499] = held[1, 498]
    stream = CausalSos(SOS, 2)
    y = np.concatenate([stream.filter(x[:, :110]), stream.filter(x[:, 110:])], axis=1)
    assert_array_equal(np.isnan(y), ~np.isfinite(x))
    expected = CausalSos(SOS, 2).filter(held)
    assert_array_equal(y[np.isfinite(x)], expected[np.isfinite(x)])


def test_a_channel_that_begins_late_starts_steady_at_its_first_finite_sample():
    x = noise(2, 400)
    x[0, :70] = np.nan
    stream = CausalSos(SOS, 2, steady=True)
    y = np.concatenate([stream.filter(x[:, :50]), stream.filter(x[:, 50:])], axis=1)
    assert np.isnan(y[0, :70]).all()
    assert_array_equal(y[0, 70:], CausalSos(SOS, 1, steady=True).filter(x[:1, 70:])[0])


def test_float32_stays_float32():
    x = noise(3, 200).astype(np.float32)
    y = CausalSos(SOS, 3).filter(x)
    assert y.dtype == np.float32
    assert_allclose(y, CausalSos(SOS, 3).filter(x.astype(float)), rtol=0, atol=1e-4)


def test_one_channel_may_come_as_a_vector_and_a_piece_may_be_empty():
    stream = CausalSos(highpass_sos(20, 1000), 1)
    assert stream.filter([]).shape == (0,)
    assert stream.filter([1.0, 2.0]).shape == (2,)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ParameterError, match="at least 1 channel"):
        CausalSos(SOS, 0)
    with pytest.raises(ParameterError, match="unstable"):
        CausalSos([[1, 0, 0, 1, -2, 1]], 1)
    with pytest.raises(SignalError, match="2 channels, got 3"):
        CausalSos(SOS, 2).filter(noise(3, 5))
    with pytest.raises(SignalError, match="real numbers"):
        CausalSos(SOS, 1).filter(["a"])
