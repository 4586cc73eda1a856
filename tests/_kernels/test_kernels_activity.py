import numpy as np
import pytest

from emgproc._kernels.activity import find_spans


def spans_twin(x, high, low):
    """The first sample above `high` of each stretch that holds `low`, to the stretch's end."""
    spans, start = [], None
    for i, v in enumerate(x):
        held = v >= low
        if start is not None and not held:
            spans.append([start, i])
            start = None
        if start is None and held and v > high:
            start = i
    return spans if start is None else [*spans, [start, len(x)]]


def envelope(seed, n=500):
    return np.abs(np.convolve(np.random.default_rng(seed).normal(size=n + 4), np.ones(5), "valid"))


@pytest.mark.parametrize(("high", "low"), [(3.0, 1.0), (2.0, 2.0), (1.0, 3.0), (99.0, 1.0)])
@pytest.mark.parametrize("gaps", [[], [0, 1, 99, 250, 499], range(200, 320)])
def test_spans_equal_a_walk_over_samples(high, low, gaps):
    x = envelope(1)
    x[list(gaps)] = np.nan
    assert find_spans(x, high, low).tolist() == spans_twin(x.tolist(), high, low)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([], []),
        ([2.0], [[0, 1]]),
        ([0.0], []),
        ([np.nan], []),
        ([2.0, 0.0, 2.0, 0.0, 2.0], [[0, 1], [2, 3], [4, 5]]),
        ([2.0] * 9, [[0, 9]]),
        ([1.0] * 9, []),
        ([2.0, 0.5, 1.0, 0.4, 1.0, 2.0], [[0, 3], [5, 6]]),
        ([2.0, np.nan, 1.0, 2.0, np.inf], [[0, 1], [3, 5]]),
    ],
)
def test_spans_of_envelopes_read_off_by_hand(x, expected):
    assert find_spans(np.array(x, np.float64), 1.0, 0.5).tolist() == expected
