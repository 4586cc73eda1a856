import numpy as np
import pytest

from emgproc.errors import ParameterError, SignalError
from emgproc.features import find_peaks, turn_positions, turns

FS = 10_000.0


def triangle(amplitude):
    t = np.arange(10_000) / FS
    return amplitude * (4 * np.abs((100 * t - 0.25) % 1 - 0.5) - 1)


def test_a_triangle_turns_twice_a_period():
    """Case 29: ±100 µV at 100 Hz."""
    found = turns(triangle(100.0), FS)
    assert found.rate_hz == pytest.approx(200, rel=0.01)
    assert found.amplitude_uv == pytest.approx(200, rel=0.01)
    positions = turn_positions(triangle(100.0))
    assert set(np.diff(positions)) == {50}


def test_a_small_triangle_does_not_turn():
    """Case 29: ±20 µV at a threshold of 50 µV."""
    found = turns(triangle(20.0), FS, threshold_uv=50)
    assert (found.n, found.rate_hz) == (0, 0.0)
    assert np.isnan(found.amplitude_uv)


def test_a_mask_lowers_no_rate_and_no_amplitude():
    x = triangle(100.0)
    x[2_000:7_000] = np.nan
    found = turns(x, FS)
    assert found.n < 110
    assert found.rate_hz == pytest.approx(200, rel=0.03)
    assert found.amplitude_uv == pytest.approx(200, rel=0.01)


def test_gain_and_polarity_change_turns_as_they_should():
    x = np.random.default_rng(3).standard_normal((4, 3_000)) * 100
    one, more = turns(x, FS), turns(-4 * x, FS, threshold_uv=400)
    np.testing.assert_array_equal(one.n, more.n)
    np.testing.assert_array_equal(4 * one.amplitude_uv, more.amplitude_uv)
    for a, b in zip(turn_positions(x), turn_positions(-x), strict=True):
        np.testing.assert_array_equal(a, b)


def test_integers_and_masked_arrays_are_taken():
    x = np.array([0, 200, 0, 200, 0], np.int16)
    assert turns(x, FS).n == 3
    hidden = np.ma.array(x, mask=[False, False, True, False, False])
    assert turns(hidden, FS).n == 0
    assert turn_positions(hidden).tolist() == []
    assert find_peaks(hidden).tolist() == []


@pytest.mark.parametrize("threshold", [0.0, -1.0, np.nan, np.inf])
def test_a_threshold_that_is_none_is_refused(threshold):
    for call in (
        lambda: turns([0.0], FS, threshold_uv=threshold),
        lambda: turn_positions([0.0], threshold_uv=threshold),
    ):
        with pytest.raises(ParameterError, match=r"threshold_uv must be .* got"):
            call()


def test_a_threshold_below_the_least_float32_is_refused_for_float32():
    with pytest.raises(ParameterError, match=r"above 0 in float32, got 1e-50"):
        turns(np.zeros(3, np.float32), FS, threshold_uv=1e-50)


@pytest.mark.parametrize("find", [lambda x: turns(x, FS), turn_positions, find_peaks])
def test_what_is_no_signal_is_refused(find):
    with pytest.raises(SignalError, match=r"n_channels, n_samples"):
        find(np.zeros((2, 2, 2), np.float32))
    with pytest.raises(SignalError, match="real numbers"):
        find(["a"])


def test_a_rate_and_threads_that_are_none_are_refused():
    with pytest.raises(ParameterError, match="fs must be"):
        turns([0.0, 1.0], 0)
    for call in (
        lambda: turns([0.0], FS, threads=0),
        lambda: find_peaks([0.0], threads=0),
        lambda: turn_positions([0.0], threads=0),
    ):
        with pytest.raises(ParameterError, match="threads must be at least 1"):
            call()
