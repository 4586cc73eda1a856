from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_kernels import one_pass, zero_phase
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.arrays import aligned_empty
from emgproc.preprocessing import cascade
from emgproc.preprocessing.blocks import zero_phase_span
from emgproc.preprocessing.butterworth import (
    bandpass_sos,
    butterworth_sos,
    highpass_sos,
    lowpass_sos,
    notch_sos,
)
from emgproc.preprocessing.cascade import scheme_of
from emgproc.preprocessing.causal import CausalSos
from emgproc.preprocessing.zero_phase import zero_phase_sos

FAST = bandpass_sos(0.1, 0.3, 1.0)  # decays within a hundred samples
LONG = 2 * 8192 + 500
BLOCK = scheme_of(FAST).block(LONG)
NOTCHES = np.concatenate([notch_sos(f, 3, 1000) for f in range(50, 500, 50)])
WIDE = butterworth_sos(50, 300, 1000)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape) * 50 + 30


@pytest.mark.parametrize("n", [1, 2, 5, 16, 17, 100])
@pytest.mark.parametrize(
    "sos",
    [
        highpass_sos(20, 1000),
        lowpass_sos(200, 1000),
        FAST,
        np.concatenate([FAST, FAST[:1]]),
        WIDE,
        NOTCHES[:1],
        NOTCHES[:3],
        np.concatenate([WIDE[:3], NOTCHES]),
        np.concatenate([NOTCHES[:2], FAST[:1], WIDE[:1], FAST[:1], FAST[:1]]),
    ],
    ids=[
        "high-pass",
        "low-pass",
        "two bands",
        "two bands and a high-pass",
        "four bands",
        "a notch",
        "three notches",
        "three bands and nine notches",
        "all kinds",
    ],
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


def test_segments_of_unlike_length_are_filtered_as_if_alone():
    x = noise(2, 700)
    spans = [(0, 1), (1, 30), (30, 47), (60, 61), (61, 320), (320, 700)]
    together = zero_phase_sos(x, FAST, spans)
    for start, stop in spans:
        alone = zero_phase_sos(x[:, start:stop], FAST)
        assert_array_equal(together[:, start:stop], alone)
    assert np.isnan(together[:, 47:60]).all()


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_it_does_not_matter_where_in_memory_the_result_is_written(kind):
    x = noise(9, 296).astype(kind)
    room = aligned_empty((x.size + 8,), kind)
    for first in (0, 1, 8):
        out = room[first : first + x.size].reshape(x.shape)
        assert zero_phase_sos(x, FAST, out=out).base is not None
        assert_array_equal(out, zero_phase_sos(x, FAST))


def test_float32_stays_float32_and_is_off_by_its_own_rounding():
    x = noise(3, LONG).astype(np.float32)
    y = zero_phase_sos(x, FAST)
    exact = zero_phase_sos(x.astype(np.float64), FAST)
    assert y.dtype == np.float32
    assert np.abs(y - exact).max() <= 1e-7 * np.abs(exact).max()


def in_stretches(monkeypatch, x, sos, rows=1024, **how):
    """Filtered as a block is that is longer than the memory for it."""
    monkeypatch.setattr(cascade, "_HELD", rows)
    return zero_phase_sos(x, sos, **how)


STRETCHED = [FAST, np.concatenate([WIDE, NOTCHES]), lowpass_sos(200, 1000), NOTCHES]


@pytest.mark.parametrize(
    "sos", STRETCHED, ids=["bands", "bands and notches", "low-pass", "notches"]
)
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_a_block_that_goes_backward_in_stretches_equals_its_slow_twin(monkeypatch, sos, kind):
    x = noise(2, 2100).astype(kind)
    y = in_stretches(monkeypatch, x, sos)
    assert scheme_of(sos).stretch(x.itemsize)[0] < 1100
    expected = np.array([zero_phase(row, sos, scheme_of(sos).padding) for row in x])
    bound = 1e-11 if kind is np.float64 else 1e-7
    assert_allclose(y, expected, rtol=0, atol=bound * np.abs(x).max())


def test_stretches_do_not_depend_on_what_is_filtered_beside_them(monkeypatch):
    x, sos = noise(3, 3200), np.concatenate([WIDE, NOTCHES])
    spans = [(0, 513), (513, 1100), (1100, 3200)]
    together = in_stretches(monkeypatch, x, sos, segments=spans, threads=2)
    for start, stop in spans:
        alone = in_stretches(monkeypatch, x[1, start:stop], sos)
        assert_array_equal(together[1, start:stop], alone)


numbers = st.floats(-1, 1, allow_subnormal=False).filter(lambda v: v == 0 or abs(v) > 1e-3)
zeros = st.one_of(
    st.sampled_from([(1, 0, -1), (1, -2, 1), (1, 2, 1), (1, 0, 0), (0, 1, 0)]),
    st.tuples(numbers, numbers, numbers),
)
poles = st.one_of(
    st.tuples(st.floats(0, 0.6), st.floats(0, 3.14)).map(
        lambda polar: (-2 * polar[0] * np.cos(polar[1]), polar[0] ** 2)
    ),
    st.tuples(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6)).map(
        lambda real: (-real[0] - real[1], real[0] * real[1])
    ),
)
sections = st.one_of(
    st.tuples(zeros, poles).map(
        lambda s: [*(np.array(s[0]) / max(1, np.abs(s[0]).sum())), 1, *s[1]]
    ),
    st.tuples(st.floats(0.05, 0.45), st.floats(1, 9)).map(lambda s: notch_sos(*s, 1)[0]),
)


@settings(deadline=None, max_examples=60)
@given(
    sos=st.lists(sections, min_size=1, max_size=7), n=st.integers(1, 50), seed=st.integers(0, 99)
)
def test_any_stable_cascade_is_filtered_as_its_slow_twin_does(sos, n, seed):
    x = noise(2, n, seed=seed)
    expected = np.array([zero_phase(row, sos, scheme_of(sos).padding) for row in x])
    assert_allclose(zero_phase_sos(x, sos), expected, rtol=1e-9, atol=1e-8 * np.abs(x).max())


@pytest.mark.parametrize("sos", [FAST, np.concatenate([WIDE, NOTCHES[:2], FAST[:1]])])
def test_pieces_of_a_stream_have_the_bytes_of_the_whole(sos):
    x = noise(9, 290)
    for steady in (False, True):
        whole = CausalSos(sos, 9, steady=steady).filter(x)
        stream = CausalSos(sos, 9, steady=steady)
        edges = [0, 0, 1, 9, 26, 283, 290]
        pieces = [stream.filter(x[:, a:b]) for a, b in pairwise(edges)]
        assert_array_equal(np.concatenate(pieces, axis=1), whole)
    expected = np.array([one_pass(row, sos) for row in x])
    assert_allclose(whole, expected, rtol=0, atol=1e-11 * np.abs(x).max())


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
