"""Gaps of spans read by themselves are bridged as in the whole segment."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from emgproc.plan import spans
from emgproc.plan.spans import Bridged
from emgproc.preprocessing.zero_phase import bridge


def gappy(seed):
    """Rows with many short gaps, a long one, ones at both ends, and nothing finite at all."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(4, 400))
    x[0, rng.random(400) < 0.4] = np.nan
    x[1, 50:350] = np.inf
    x[2, :90] = x[2, 310:] = np.nan
    x[3, 20:380] = np.nan  # all of the segment
    return x


@pytest.mark.parametrize("seed", range(5))
def test_any_span_is_bridged_as_the_whole_segment(seed, monkeypatch):
    monkeypatch.setattr(spans, "SEARCHED", 16)
    x, segment = gappy(seed), (20, 380)
    whole = np.zeros_like(x)
    for row in range(3):
        piece = x[row, slice(*segment)]
        whole[row, slice(*segment)] = bridge(piece, np.isfinite(piece))
    rng = np.random.default_rng(seed)
    read = Bridged(lambda start, stop: x[:, start:stop], segment)
    for _ in range(200):
        start, stop = np.sort(rng.integers(20, 381, 2)).tolist()
        assert_array_equal(read(start, stop), whole[:, start:stop])
