import numpy as np
import pytest
from numpy.testing import assert_allclose

from emgproc._kernels._simd_interpreted import LANES
from emgproc._kernels.fluctuation import mean_squares


def found(walk, sizes):
    result = np.empty(len(sizes))
    mean_squares(np.append(walk, np.zeros(LANES)), len(walk), np.array(sizes), result)
    return result


def mean_square_twin(walk, size):
    """Mean square of the walk about the line that NumPy fits to each box."""
    t = np.arange(size)
    boxes = [walk[i : i + size] for i in range(0, len(walk) - size + 1, size)]
    return np.mean([(box - np.polyval(np.polyfit(t, box, 1), t)) ** 2 for box in boxes])


@pytest.mark.parametrize("size", [4, 5, 7, 8, 9, 15, 16, 17, 40, 100, 301])
def test_fluctuation_is_that_about_lines_fitted_box_by_box(size):
    walk = np.random.default_rng(1).normal(0, 20, 301).cumsum()
    assert_allclose(found(walk, [size]), mean_square_twin(walk, size), rtol=1e-10)


def test_sizes_are_measured_each_by_itself():
    walk = np.random.default_rng(2).normal(0, 20, 200).cumsum()
    sizes = [4, 11, 64, 200]
    assert found(walk, sizes).tolist() == [found(walk, [size])[0] for size in sizes]


def test_the_rest_after_the_last_box_and_what_lies_beyond_the_walk_do_not_count():
    walk = np.random.default_rng(3).normal(0, 20, 90).cumsum()
    longer = np.append(walk, 1e9)
    assert found(longer, [10, 15]).tolist() == found(walk, [10, 15]).tolist()
    beyond = np.append(walk, np.full(LANES, np.nan))
    result = np.empty(1)
    mean_squares(beyond, 90, np.array([9]), result)
    assert result == found(walk, [9])


def test_a_walk_far_from_zero_keeps_its_fluctuation():
    walk = np.random.default_rng(4).normal(0, 20, 300).round().cumsum()
    assert_allclose(found(walk + 2.0**40, [8, 30]), found(walk, [8, 30]), rtol=1e-10)


def test_boxes_that_are_nearly_straight_keep_what_is_off_the_line():
    t = np.arange(320.0)
    bent = t**2 / 64  # about a line of n samples: (n² − 1)(n² − 4) / 180 times the bend squared
    for n in (4, 8, 20):
        exact = (n**2 - 1) * (n**2 - 4) / 180 / 64**2
        assert_allclose(found(bent + 1e6 * t, [n]), exact, rtol=1e-6)
        assert_allclose(found(bent, [n]), exact, rtol=1e-10)


def test_straight_lines_have_no_fluctuation():
    assert found(np.arange(64.0) * 3 - 7, [4, 8, 16]).tolist() == [0, 0, 0]
