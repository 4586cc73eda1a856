import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.features.spectrum import mnf
from emgproc.features.sums import Counts, Logs, Powers, Steps, Sums
from emgproc.features.window_masked import RowSums

FS = 1000.0
KINDS = {
    "powers": (Powers, (), "size square scaled_2 scaled_3 scaled_4"),
    "steps": (Steps, (), "size square total bend bend_square energy"),
    "counts": (Counts, (5.0,), "crossings turns jumps"),
    "logs": (Logs, (), "n total"),
}


def windows(n=40, length=300, share=0.2):
    """Windows with single samples and stretches masked, and some of a kind of their own."""
    rng = np.random.default_rng(n)
    x = rng.standard_normal((n, length)) * 30 + 100
    x[rng.random(x.shape) < share] = np.nan
    x[0, 20:200] = np.nan
    x[1] = np.nan
    x[2, 1:] = np.nan
    x[3, 50:] = 0.1  # a constant, and what is not masked before it
    x[3, :50] = np.nan
    x[4, 7] = np.inf
    x[5, 1::2] = np.nan  # no two neighbours
    x[6] *= 1e90
    x[7] = np.rint(x[7]) - 100  # many zeros
    x[8, 2::3] = np.nan  # pairs, and no three neighbours
    return x


@pytest.mark.parametrize("kind", KINDS)
def test_sums_of_windows_are_those_of_signals(kind):
    of, parameters, names = KINDS[kind]
    x = windows()
    found, expected = (sums.of(of, *parameters) for sums in (RowSums(x, FS), Sums.of_array(x, FS)))
    for name in names.split():
        one, other = getattr(found, name), getattr(expected, name)
        scale = np.abs(other).max(initial=1.0, where=np.isfinite(other) & (np.abs(other) < 1e50))
        assert_allclose(one, other, rtol=1e-11, atol=1e-13 * scale, err_msg=name)


def test_levels_of_windows_are_those_of_signals():
    x = windows()
    found, expected = RowSums(x, FS).levels, Sums.of_array(x, FS).levels
    for name in ("size", "n", "pairs", "triples", "longest"):
        assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    assert_allclose(found.mean, expected.mean, rtol=1e-13)
    assert_allclose(found.reach, expected.reach, rtol=1e-12)
    assert found.reach[3] == 0.0


def test_about_zero_no_mean_is_removed():
    x = windows()
    sums = RowSums(x, FS, about_zero=True)
    kept = np.where(np.isfinite(x), x, 0.0)
    assert_array_equal(sums.levels.mean, 0.0)
    assert_allclose(sums.of(Powers).size, np.abs(kept).sum(axis=1), rtol=1e-13)
    signs = np.sign(x)
    crossings = np.sum((signs[:, 1:] * signs[:, :-1] < 0) & np.isfinite(x[:, 1:] - x[:, :-1]), 1)
    assert_array_equal(sums.of(Counts, 0.0).crossings, crossings)
    assert crossings.max() > 0


def test_other_kinds_of_sums_are_made_from_the_windows_themselves():
    x = windows(length=600, share=0.0)
    assert_allclose(mnf(RowSums(x, FS), FS), mnf(Sums.of_array(x, FS), FS), rtol=1e-12)
