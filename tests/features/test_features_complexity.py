"""Sample entropy and detrended fluctuation analysis of masked, short and constant signals."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial import cKDTree

from emgproc import features
from emgproc.errors import ParameterError
from emgproc.features import FEATURES, evaluate

FS = 2000.0


def noise(seed, n=3000):
    return np.random.default_rng(seed).normal(0, 20, n)


def entropy_by_tree(x, m=2, r=0.2):
    """Sample entropy from SciPy's count of neighbours."""
    tolerance = r * np.nanstd(x)
    templates = np.lib.stride_tricks.sliding_window_view(x - np.nanmean(x), m + 1)
    templates = templates[np.isfinite(templates).all(axis=1)]
    pairs = []
    for length in (m, m + 1):
        tree = cKDTree(templates[:, :length])
        pairs.append(int(tree.count_neighbors(tree, tolerance, p=np.inf)) - len(templates))
    return np.log(pairs[0] / pairs[1])


@pytest.mark.parametrize("m", [1, 2, 3])
def test_sample_entropy_equals_that_of_a_tree_of_templates(m):
    x = np.convolve(noise(1), [1.0, 2.0, 1.0])
    x[[0, 700, 701, 1500]] = np.nan
    x[2000:2003] = np.nan
    assert_allclose(features.sample_entropy(x, FS, m=m), entropy_by_tree(x, m), rtol=1e-14)


def test_sample_entropy_is_the_same_for_any_number_of_threads():
    x = noise(2)
    assert features.sample_entropy(x, FS, threads=3) == features.sample_entropy(x, FS)
    with pytest.raises(ParameterError, match="threads"):
        features.sample_entropy(x, FS, threads=0)


def test_a_plan_sets_no_threads():
    assert FEATURES["sample_entropy"].parameters == {"m": 2, "r": 0.2}


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4])
def test_short_signals_have_neither(n):
    x = noise(3, n)
    assert np.isnan(features.dfa(x, FS))
    assert np.isnan(features.sample_entropy(x, FS, r=1e-9))


def test_channels_are_measured_each_by_itself():
    x = np.stack([noise(4), np.full(3000, 7.3), np.full(3000, np.nan), noise(5)])
    for feature in (features.dfa, features.sample_entropy):
        values = feature(x, FS)
        assert values.shape == (4,)
        assert np.isnan(values[1:3]).all()
        assert values[[0, 3]].tolist() == [float(feature(x[0], FS)), float(feature(x[3], FS))]


def test_fluctuation_is_that_of_the_longest_valid_stretch():
    x = noise(6)
    masked = x.copy()
    masked[[100, 2500]] = np.nan
    level = np.nanmean(masked)
    assert_allclose(features.dfa(masked, FS), features.dfa(x[101:2500] - level, FS), rtol=1e-10)


def test_a_constant_stretch_of_a_signal_that_varies_has_no_fluctuation():
    x = np.r_[noise(7, 300), np.nan, np.full(2000, 0.1)]
    assert np.isnan(features.dfa(x, FS))
    assert evaluate(FEATURES["dfa"], x, FS).reason == "too_few_boxes"


def test_a_fluctuation_does_not_depend_on_level_and_gain():
    x = noise(8).round()
    expected = features.dfa(x, FS)
    assert_allclose(features.dfa(x + 4096, FS), expected, rtol=1e-9)
    assert_allclose(features.dfa(1e-3 * x, FS), expected, rtol=1e-9)
