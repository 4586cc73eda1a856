import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import find_peaks as scipy_peaks

from emgproc.arrays import spans_of
from emgproc.features.turns import turn_positions, turns

FS = 1000.0
LEVELS = st.integers(-4, 4).map(float)
PLATEAUS = st.lists(st.tuples(LEVELS, st.integers(1, 20)), max_size=25).map(
    lambda runs: [level for level, n in runs for _ in range(n)]
)
SIGNALS = st.one_of(
    st.lists(LEVELS, max_size=90),
    PLATEAUS,
    st.lists(st.floats(-9, 9, width=32), max_size=90),
    st.lists(st.one_of(LEVELS, st.sampled_from([np.nan, np.inf, -np.inf])), max_size=90),
)


def naive_turns(x, threshold):
    """Extrema from which the signal moves away by the threshold on both sides, looked for one
    sample at a time; the first of equal ones between two of the other kind, at its middle."""
    found = []
    for sign in (1, -1):
        for i in range(1, len(x) - 1):
            y = sign * x
            if not y[i - 1] < y[i]:
                continue
            left, right = i, i
            while left > 0 and y[left - 1] <= y[i] and y[i] - y[left] < threshold:
                left -= 1
            while right < len(x) - 1 and y[right + 1] <= y[i] and y[i] - y[right] < threshold:
                right += 1
            if y[i] - y[left] >= threshold and y[i] - y[right] >= threshold:
                end = i
                while y[end + 1] == y[i]:
                    end += 1
                found.append(((i + end) // 2, sign))
    return one_of_each_kind(found)


def one_of_each_kind(found):
    kept, before = [], 0
    for position, sign in sorted(found):
        if sign != before:
            kept.append(position)
        before = sign
    return np.array(kept, dtype=np.int64)


def prominent(x, threshold):
    maxima, _ = scipy_peaks(x, prominence=threshold)
    minima, _ = scipy_peaks(-x, prominence=threshold)
    return [(int(i), 1) for i in maxima] + [(int(i), -1) for i in minima]


def expected_of(x, threshold):
    """Positions, and the ways between them, of all valid stretches."""
    positions, ways = [], []
    for start, stop in spans_of(np.isfinite(x)):
        piece = x[start:stop]
        found = naive_turns(piece, threshold)
        positions += (found + start).tolist()
        ways += np.abs(np.diff(piece[found])).tolist()
    return positions, ways


def check(x, threshold):
    expected = [expected_of(row.astype(float), threshold) for row in x]
    counted = turns(x, FS, threshold_uv=threshold)
    found = turn_positions(x, threshold_uv=threshold)
    for row, (positions, ways) in enumerate(expected):
        assert found[row].tolist() == positions
        assert counted.n[row] == len(positions)
        tolerance = 1e-12 if x.dtype == np.float64 else 1e-6
        mean = np.mean(ways) if ways else np.nan
        assert_allclose(counted.amplitude_uv[row], mean, rtol=tolerance)
        valid = np.isfinite(x[row]).sum()
        rate = len(positions) * FS / valid if valid else np.nan
        assert_allclose(counted.rate_hz[row], rate, rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(SIGNALS, st.sampled_from([0.5, 1.0, 2.0, 3.0, 5.0, 8.0]))
@example([], 1.0)
@example([1.0], 1.0)
@example([0.0, 1.0], 1.0)
@example([0.0, 1.0, 0.0], 1.0)
@example([0.0, 2.0, 2.0, 0.0, 1.0, 1.0], 1.0)
@example([0.0, 2.0, 1.0, 2.0, 0.0], 2.0)
@example([1.0, 0.0, 2.0, np.nan, 2.0, 0.0, 1.0], 1.0)
def test_turns_equal_their_slow_twin(samples, threshold):
    check(np.array(samples).reshape(1, -1), threshold)


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(st.lists(LEVELS, max_size=90), PLATEAUS), st.sampled_from([1.0, 2.0, 3.0, 5.0, 8.0])
)
def test_turns_are_scipys_prominent_peaks_but_for_equal_ones_of_one_swing(samples, threshold):
    x = np.array(samples)
    scipys = prominent(x, threshold)
    assert_array_equal(turn_positions(x, threshold_uv=threshold), one_of_each_kind(scipys))
    assert turns(x, FS, threshold_uv=threshold).n <= len(scipys)


@pytest.mark.parametrize("threshold", [0.3, 1.0, 2.5])
def test_without_equal_extrema_the_number_is_scipys(threshold):
    x = np.random.default_rng(1).standard_normal((3, 700))
    expected = [len(prominent(row, threshold)) for row in x]
    assert min(expected) > 0
    assert turns(x, FS, threshold_uv=threshold).n.tolist() == expected


def test_equal_maxima_of_one_swing_are_one_turn_and_two_in_scipy():
    x = np.array([0.0, 150.0, 100.0, 150.0, 0.0])
    assert turn_positions(x).tolist() == [1]
    assert len(prominent(x, 100.0)) == 2


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("n_channels", [1, 9, 33])
def test_more_channels_than_lanes_masks_and_ends_of_all_lengths(n_channels, kind):
    rng = np.random.default_rng(n_channels)
    x = rng.integers(-5, 6, (n_channels, 300)).astype(kind)
    for row in range(1, n_channels, 3):
        x[row, rng.integers(0, 300, row)] = np.nan
    x[n_channels // 2] = np.nan
    x[-1] = 0
    x[-1, 280:] = np.arange(20) % 2 * 9  # a direction only after one walk of all lanes
    check(x, 4.0)


def test_a_single_channel_gives_numbers_and_no_sample_gives_nan():
    found = turns([0.0, 9.0, 0.0, 9.0, 0.0], 10.0, threshold_uv=5.0)
    assert (found.n, found.rate_hz, found.amplitude_uv) == (3, 6.0, 9.0)
    none = turns(np.empty((2, 0)), 10.0)
    assert none.n.tolist() == [0, 0]
    assert np.isnan(none.rate_hz).all()
    assert np.isnan(none.amplitude_uv).all()


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_and_company_change_no_byte(threads):
    x = np.random.default_rng(2).standard_normal((35, 300)) * 100
    x[20, 7] = np.nan
    one = turns(x, FS)
    for together in (
        turns(x, FS, threads=threads),
        [np.stack(v) for v in zip(*(turns(row, FS) for row in x), strict=True)],
    ):
        for a, b in zip(one, together, strict=True):
            assert_array_equal(a, b)
    for a, b in zip(turn_positions(x), turn_positions(x, threads=threads), strict=True):
        assert_array_equal(a, b)
