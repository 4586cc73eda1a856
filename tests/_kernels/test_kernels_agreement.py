import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from emgproc._kernels.agreement import best_lag, count_pairs


def paired_slowly(a, b, tolerance):
    """Every discharge of `a`, in order, takes the earliest of `b` in reach that is still free."""
    free, distances = list(b), []
    for moment in a:
        near = [other for other in free if abs(other - moment) <= tolerance]
        if near:
            free.remove(near[0])
            distances.append(abs(near[0] - moment))
    return len(distances), sum(distances)


def most_pairs(a, b, tolerance):
    """Size of a maximum one-to-one pairing, by Hopcroft and Karp."""
    if not (a.size and b.size):
        return 0
    near = csr_array(np.abs(a[:, None] - b[None, :]) <= tolerance)
    return int(np.sum(maximum_bipartite_matching(near, perm_type="column") >= 0))


def drawn_pair(seed):
    """Two trains of up to 30 discharges with some in common, now dense and now sparse."""
    rng = np.random.default_rng(seed)
    length = int(rng.choice([40, 150, 2000]))
    trains = [
        np.sort(rng.choice(length, rng.integers(0, min(31, length)), replace=False))
        for _ in range(2)
    ]
    if seed % 2:
        shifted = trains[0] + rng.integers(-6, 7) + rng.integers(-1, 2, trains[0].size)
        trains[1] = np.unique(np.concatenate([shifted, trains[1][::4]]))
    return *trains, int(rng.integers(0, 5)), int(rng.integers(0, 12))


def counted(a, b, tolerance, max_lag):
    return counted_within(a, b, ((0, a.size), (0, b.size)), tolerance, max_lag)


def counted_within(a, b, spans, tolerance, max_lag):
    counts, distances = np.full((2, 2 * max_lag + 1), -1, np.int64)
    near = np.full(counts.size + 2 * tolerance, -1, np.int64)
    count_pairs(a, b, spans, near, counts, distances)
    return counts, distances


@pytest.mark.parametrize("seed", range(60))
def test_pairs_of_every_lag_are_those_of_a_slow_walk_and_no_pairing_has_more(seed):
    a, b, tolerance, max_lag = drawn_pair(seed)
    counts, distances = counted(a, b, tolerance, max_lag)
    for lag, n, distance in zip(range(-max_lag, max_lag + 1), counts, distances, strict=True):
        assert (n, distance) == paired_slowly(a.tolist(), (b - lag).tolist(), tolerance)
        assert n == most_pairs(a, b - lag, tolerance)


def test_only_the_spans_of_the_two_arrays_are_read():
    a, b = np.array([0, 50, 100, 150]), np.array([51, 101, 500])
    counts, distances = counted_within(a, b, ((1, 3), (0, 2)), 0, 2)
    assert_array_equal(counts, [0, 0, 0, 2, 0])
    assert_array_equal(distances, [0, 0, 0, 0, 0])
    counts, distances = counted_within(a, b, ((2, 3), (1, 2)), 1, 2)
    assert_array_equal(counts, [0, 0, 1, 1, 1])
    assert_array_equal(distances, [0, 0, 1, 0, 1])


@pytest.mark.parametrize(
    ("counts", "distances", "lag"),
    [
        ([1, 1, 1], [0, 0, 0], 0),
        ([2, 1, 2], [5, 0, 5], -1),
        ([2, 1, 2], [5, 0, 4], 1),
        ([0, 0, 3, 3, 3], [0, 0, 9, 0, 9], 1),
        ([4], [0], 0),
    ],
)
def test_the_best_lag_has_most_pairs_then_the_least_distance_then_is_nearest_to_none(
    counts, distances, lag
):
    assert best_lag(np.array(counts), np.array(distances)) == lag
