import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_kernels import zero_phase
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.preprocessing.blocks import zero_phase_span
from emgproc.preprocessing.butterworth import bandpass_sos, highpass_sos, lowpass_sos
from emgproc.preprocessing.cascade import scheme_of
from emgproc.preprocessing.zero_phase import zero_phase_sos

FAST = bandpass_sos(0.1, 0.3, 1.0)  # decays within a hundred samples
LONG = 2 * 8192 + 500
BLOCK = scheme_of(FAST).block(LONG)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape) * 50 + 30


@pytest.mark.parametrize("n", [1, 2, 5, 16, 17, 100])
@pytest.mark.parametrize(
    "sos",
    [highpass_sos(20, 1000), lowpass_sos(200, 1000), FAST, np.concatenate([FAST, FAST[:1]])],
    ids=["one section", "low-pass", "two sections", "three sections"],
)
def test_filter_equals_its_slow_twin_at_every_length(n, sos):
    x = noise(3, n)
    expected = np.array([zero_phase(row, sos, scheme_of(sos).padding) for row in x])
    assert_allclose(zero_phase_sos(x, sos), expected, rtol=0, atol=1e-11 * np.abs(x).max())


@pytest.mark.parametrize("n_channels", [1, 7, 8, 9, 17])
def test_each_channel_is_filtered_as_if_alone(n_channels):
    x = noise(n_channels, 200)
    together = zero_phase_sos(x, FAST)
    for row in range(n_channels):
        assert_array_equal(together[row], zero_phase_sos(x[row], FAST))


def test_blocks_join_without_a_trace():
    x = noise(2, LONG)
    assert 2 * BLOCK < LONG
    expected = np.array([zero_phase(row, FAST, scheme_of(FAST).padding) for row in x])
    assert_allclose(zero_phase_sos(x, FAST), expected, rtol=0, atol=1e-12 * np.abs(x).max())


def test_a_span_read_alone_has_the_same_bytes_as_the_whole():
    x = noise(3, LONG + 100)
    whole = zero_phase_sos(x, FAST, [(0, 100), (100, x.shape[1])])
    reads = []

    def read(start, stop):
        reads.append(stop - start)
        return x[:, start:stop]

    for span in [(100, 101), (BLOCK, BLOCK + 400), (BLOCK + 99, LONG + 100)]:
        part = zero_phase_span(read, span, (100, x.shape[1]), FAST)
        assert_array_equal(part, whole[:, span[0] : span[1]])
    assert max(reads) <= BLOCK + 2 * scheme_of(FAST).warm_up()


def test_a_step_beyond_the_warm_up_leaves_no_trace_in_other_blocks():
    x = noise(1, LONG)
    y = zero_phase_sos(x, FAST)
    x[0, 5] = 1e6
    assert_array_equal(zero_phase_sos(x, FAST)[0, 2 * BLOCK :], y[0, 2 * BLOCK :])


def test_rectified_output_is_the_magnitude_of_the_plain_one():
    x = noise(9, 300)
    assert_array_equal(zero_phase_sos(x, FAST, rectify=True), np.abs(zero_phase_sos(x, FAST)))


@settings(deadline=None, max_examples=20)
@given(
    n=st.integers(1, 60),
    gain=st.floats(0.01, 100),
    seed=st.integers(0, 99),
)
def test_filter_is_linear_and_knows_neither_polarity_nor_order_of_channels(n, gain, seed):
    x = noise(2, n, seed=seed)
    y = zero_phase_sos(x, FAST)
    largest = np.abs(x).max()
    assert_array_equal(zero_phase_sos(-x, FAST), -y)
    assert_allclose(zero_phase_sos(gain * x, FAST), gain * y, rtol=0, atol=1e-12 * gain * largest)
    assert_array_equal(zero_phase_sos(x[::-1], FAST), y[::-1])


def test_read_only_input_works_and_stays_as_it_was():
    x = noise(2, 50)
    before = x.copy()
    x.flags.writeable = False
    zero_phase_sos(x, FAST)
    assert_array_equal(x, before)
