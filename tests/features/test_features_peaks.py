import numpy as np
import pytest

from emgproc.errors import ParameterError
from emgproc.features import find_peaks


def test_a_vector_gives_an_array_and_channels_give_a_list():
    x = [0.0, 1.0, 0.0]
    assert find_peaks(x).tolist() == [1]
    assert find_peaks(x).dtype == np.int64
    assert [p.tolist() for p in find_peaks([x, x[1:] + x[:1]])] == [[1], []]
    assert find_peaks(np.empty((0, 5))) == []
    assert find_peaks(np.empty(0)).tolist() == []


@pytest.mark.parametrize("distance", [0, 0.5, -1, np.nan, np.inf])
def test_a_distance_that_is_none_is_refused(distance):
    with pytest.raises(ParameterError, match=r"distance must be a finite number ≥ 1"):
        find_peaks([0.0, 1.0, 0.0], distance=distance)


@pytest.mark.parametrize("height", [np.nan, [1.0, np.nan], [1.0], [1.0, 2.0, 3.0], [[1.0, 2.0]]])
def test_heights_that_are_none_or_too_many_are_refused(height):
    with pytest.raises(ParameterError, match=r"one for each of 2 channels, not NaN"):
        find_peaks(np.zeros((2, 9)), height=height)


def test_a_height_means_the_same_for_float32():
    x = np.zeros(5, np.float32)
    x[1], x[3] = 0.1, np.nextafter(np.float32(0.1), np.float32(0))
    below = float(x[3])
    assert find_peaks(x, height=np.nextafter(below, 1)).tolist() == [1]
    assert find_peaks(x, height=below).tolist() == [1, 3]
    assert find_peaks(x, height=1e300).tolist() == []
