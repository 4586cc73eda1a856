import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.signal import find_peaks as scipy_peaks

from emgproc.preprocessing.peaks import find_peaks

LEVELS = st.integers(-3, 3).map(float)
PLATEAUS = st.lists(st.tuples(LEVELS, st.integers(1, 20)), max_size=25).map(
    lambda runs: [level for level, n in runs for _ in range(n)]
)
SIGNALS = st.one_of(
    st.lists(LEVELS, max_size=90),
    PLATEAUS,
    st.lists(st.floats(-9, 9, width=32), max_size=90),
    st.lists(st.one_of(LEVELS, st.sampled_from([np.nan, np.inf, -np.inf])), max_size=90),
    st.integers(0, 60).map(lambda n: [1.0] * n),
)
HEIGHTS = st.one_of(st.none(), LEVELS, st.floats(-9, 9), st.sampled_from([np.inf, -np.inf]))
DISTANCES = st.one_of(st.none(), st.integers(1, 12), st.floats(1, 40), st.just(1e6))


@settings(max_examples=150, deadline=None)
@given(SIGNALS, HEIGHTS, DISTANCES, st.sampled_from([np.float32, np.float64]))
@example([], None, 3, np.float64)
@example([1.0], None, 3, np.float64)
@example([0.0, 1.0], None, 3, np.float64)
@example([0.0, 1.0, 0.0], 1.0, 3, np.float64)
@example([0.0, 1.0, 1.0], None, None, np.float64)
@example([0.0, 0.1, 0.0], 0.1, None, np.float32)
def test_peaks_are_those_of_scipy(samples, height, distance, kind):
    x = np.array(samples, kind)
    expected, _ = scipy_peaks(x, height=height, distance=distance)
    assert_array_equal(find_peaks(x, height=height, distance=distance), expected)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("levels", [2, 5, 1000])
@pytest.mark.parametrize("distance", [1, 2, 3, 7, 100])
def test_ties_are_decided_as_in_scipys_sort(levels, distance, kind):
    # more peaks than the 16 up to which every sort of NumPy is a stable one
    x = np.random.default_rng(levels).integers(0, levels, (2, 700)).astype(kind)
    for row, found in zip(x, find_peaks(x, distance=distance), strict=True):
        assert_array_equal(found, scipy_peaks(row, distance=distance)[0])


def test_a_long_climb_is_one_chain_read_from_its_top():
    x = np.zeros(600)
    x[1::2] = np.arange(300) + 1.0
    for row in (x, x[::-1].copy()):
        for distance in (3, 4, 5, 50, 599, 600):
            assert_array_equal(
                find_peaks(row, distance=distance), scipy_peaks(row, distance=distance)[0]
            )


@pytest.mark.parametrize("at", range(1, 40))
def test_a_plateau_is_found_wherever_it_lies_among_the_lanes(at):
    for n in (1, 2, 3, 9, 17):
        x = np.zeros(60)
        x[at : at + n] = 1
        x[59] = np.nan
        assert_array_equal(find_peaks(x), scipy_peaks(x)[0])
        assert find_peaks(x).tolist() == ([at + (n - 1) // 2] if at + n < 59 else [])


def test_each_channel_has_its_own_height_and_is_found_as_if_alone():
    x = np.random.default_rng(5).standard_normal((9, 130))
    heights = np.linspace(-1, 1, 9)
    together = find_peaks(x, height=heights, distance=6)
    for row in range(9):
        expected = scipy_peaks(x[row], height=heights[row], distance=6)[0]
        assert_array_equal(together[row], expected)
        assert_array_equal(find_peaks(x[row], height=heights[row], distance=6), expected)


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_change_no_peak(threads):
    x = np.random.default_rng(6).integers(0, 50, (5, 300)).astype(float)
    for distance in (None, 9):
        one = find_peaks(x, distance=distance)
        many = find_peaks(x, distance=distance, threads=threads)
        assert [p.tolist() for p in one] == [p.tolist() for p in many]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_rare_peaks_are_found_among_vectors_that_are_passed_over(kind):
    rng = np.random.default_rng(8)
    for at in range(1, 189):
        x = rng.uniform(-1, 1, 190).astype(kind)
        x[at] = 3
        x[(at + 17) % 190] = np.nan
        x[(at + 60) % 190 :] = np.minimum(x[(at + 60) % 190 :], 2)
        expected = scipy_peaks(x, height=2.0, distance=3)[0]
        assert_array_equal(find_peaks(x, height=2.0, distance=3), expected)
