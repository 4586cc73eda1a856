"""Kernels of the decomposition against the extended signal that they never build."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc._kernels import decompose as kernels
from emgproc._kernels import decompose_trains as trains
from emgproc._kernels.decompose_plan import LANES, SEGMENTS, overlap_of
from emgproc.motor_units.decompose_quality import silhouette

M, DELAYS = 16, 3
TAKEN = M * DELAYS
OVERLAP = overlap_of(DELAYS)
HOP, PLAN = OVERLAP
BLOCK = OVERLAP.block


def signal(seed=1, n=2 * BLOCK):
    """(n + room, m)."""
    x = np.zeros((n + DELAYS + BLOCK, M), np.float32)
    x[:n] = np.random.default_rng(seed).standard_normal((n, M))
    return x


def extended(x, n):
    return np.stack([x[t : t + DELAYS].reshape(-1) for t in range(n)]).astype(np.float64)


def filters(seed=2):
    return np.random.default_rng(seed).standard_normal((TAKEN, LANES)).astype(np.float32)


def spectra_of(v):
    out = np.full((OVERLAP.n // 2 + 1) * M * 2 * LANES, np.nan, np.float32)
    kernels.filter_spectra(v.reshape(-1), M, PLAN, out)
    return out


def assert_close(found, expected):
    assert_allclose(found, expected, rtol=0, atol=2e-6 * np.abs(expected).max())


@pytest.mark.parametrize("n_delays", range(2, 65))
def test_segments_overlap_by_the_reach_of_a_filter_and_blocks_are_whole_vectors(n_delays):
    overlap = overlap_of(n_delays)
    assert 4 * n_delays <= overlap.n <= max(64, 8 * n_delays)
    assert overlap.n // 2 <= overlap.hop <= overlap.n - n_delays + 1
    assert overlap.block == SEGMENTS * overlap.hop
    assert overlap.block % LANES == SEGMENTS % kernels.TILE == 0


def test_spectra_of_filters_are_those_of_numpy_and_lead_back_to_them():
    v = filters()
    found = spectra_of(v).reshape(-1, M, 2, LANES)
    by_channel = v.reshape(DELAYS, M, LANES)
    expected = np.fft.rfft(by_channel, OVERLAP.n, axis=0)
    assert_close(found[:, :, 0] + 1j * found[:, :, 1], expected)
    back = np.full(v.size, np.nan, np.float32)
    z = np.empty(OVERLAP.n * 2 * LANES, np.float32)
    kernels.filters_of_spectra(found.reshape(-1), M, z, PLAN, back)
    assert_close(back.reshape(v.shape), v)


def test_sources_equal_those_of_the_extended_signal():
    x, v = signal(), filters()
    out = np.full((LANES, 2 * BLOCK), np.nan, np.float32)
    how = spectra_of(v), HOP, PLAN
    kernels.separate(x.reshape(-1), M, 0, BLOCK, *how, out.reshape(-1))
    assert np.isnan(out[:, BLOCK:]).all()
    kernels.separate(x.reshape(-1), M, BLOCK, 2 * BLOCK, *how, out.reshape(-1))
    assert_close(out.T, extended(x, 2 * BLOCK) @ v)


def test_a_step_equals_the_product_with_the_squares_of_the_sources():
    x, v = signal(), filters()
    sums = np.full(TAKEN * LANES, np.nan, np.float32)
    starts = np.array([BLOCK, 0])
    kernels.step_filters(x.reshape(-1), M, starts, spectra_of(v), HOP, PLAN, sums)
    rows = extended(x, 2 * BLOCK)
    assert_close(sums.reshape(TAKEN, LANES), rows.T @ np.square(rows @ v))


@pytest.mark.parametrize("m", [16, 32])
def test_products_of_delays_equal_those_of_the_extended_signal(m):
    x = np.tile(signal(), (1, m // 16))
    x[:, -16:] *= 2
    sums = np.full(m * m * DELAYS, np.nan, np.float32)
    kernels.add_covariance(x.reshape(-1), m, np.array([0, BLOCK]), HOP, PLAN, sums)
    found = sums.reshape(m // LANES, DELAYS, m, LANES).transpose(1, 0, 3, 2)
    wide = x.astype(np.float64)
    for delay in range(DELAYS):
        first, later = wide[: 2 * BLOCK], wide[delay : 2 * BLOCK + delay]
        assert_close(found[delay].reshape(m, m), first.T @ later)


def test_sums_of_runs_equal_their_slow_twin():
    x = signal()
    sums = np.zeros(4 * M, np.float32)  # four samples
    at = np.array([0, 7, 7, 200])
    trains.add_waveforms(x.reshape(-1), M, at, sums)
    assert_array_equal(sums.reshape(4, M), sum(x[t : t + 4] for t in at))


def test_runs_that_overlap_are_each_taken_away():
    x, waveform = signal(), signal(3)[:5]
    expected = x.copy()
    for t in (10, 12, 300):
        expected[t : t + 5] -= waveform
    trains.take_away(x.reshape(-1), M, np.array([10, 12, 300]), waveform.reshape(-1).copy())
    assert_array_equal(x, expected)


def test_responses_that_overlap_are_each_added():
    source, response = np.zeros(20, np.float32), np.arange(1, 5, dtype=np.float32)
    trains.add_response(source, np.array([3, 5]), response)
    assert_array_equal(source[2:10], [0, 1, 2, 4, 6, 3, 4, 0])


def two_means(heights):
    low, high = heights.min(), heights.max()
    for _ in range(50):
        above = heights > 0.5 * (low + high)
        if above.all() or not above.any():
            break
        low, high = sum(heights[~above]) / (~above).sum(), sum(heights[above]) / above.sum()
    return 0.5 * (low + high)


def slow_clusters(source, at, top):
    heights = np.square(source[at], dtype=np.float64)
    if at.size < 4:
        return at[:0], np.nan, 0.0
    limit = two_means(np.minimum(heights, top))
    high = heights > limit
    if high.all() or not high.any():
        return at[high], limit, 0.0
    to_high = heights[high] - sum(heights[high]) / high.sum()
    to_low = heights[high] - sum(heights[~high]) / (~high).sum()
    within, between = sum(to_high * to_high), sum(to_low * to_low)
    most = max(within, between)
    return at[high], limit, (between - within) / most if most > 0 else 0.0


def clusters_of(x, peaks, tops):
    edges = np.cumsum([0, *map(len, peaks)])
    found, counts = np.empty((2, len(x))), np.empty(len(x), np.int64)
    at = np.empty(edges[-1] + 1, np.int64)
    trains.clusters(x, np.concatenate(peaks), edges, np.array(tops), at, counts, found)
    return np.split(at[: counts.sum()], np.cumsum(counts)[:-1]), *found


def test_clusters_equal_their_slow_twin_to_the_bit():
    rng = np.random.default_rng(5)
    x = rng.gamma(0.5, 1, (11, 60)).astype(np.float32)
    x[:, 20:26] += np.float32(6)
    x[:, 30] = 40
    peaks = [np.flatnonzero(rng.random(60) < share) for share in np.linspace(0.2, 1, 11)]
    peaks[3], peaks[9] = np.array([20, 21, 30]), np.array([], np.int64)
    tops = [60.0 if c % 2 else np.inf for c in range(11)]
    found, limits, sils = clusters_of(x, peaks, tops)
    for c in range(11):
        at, limit, sil = slow_clusters(x[c], peaks[c], tops[c])
        assert_array_equal(found[c], at)
        assert_array_equal([limits[c], sils[c]], [limit, sil])


@pytest.mark.parametrize(("top", "limit", "n"), [(np.inf, 4.0, 0), (3.0, 3.0, 5), (0.0, 0.0, 5)])
def test_equal_heights_are_one_cluster(top, limit, n):
    found, limits, sils = clusters_of(np.full((1, 5), 2, np.float32), [np.arange(5)], [top])
    assert (found[0].size, limits[0], sils[0]) == (n, limit, 0.0)


def test_the_silhouette_of_clusters_is_that_of_their_heights():
    rng = np.random.default_rng(7)
    x = np.concatenate([rng.gamma(1, 1, 200), rng.normal(9, 1, 20)]).astype(np.float32)[None]
    at, limits, sils = clusters_of(x, [np.arange(220)], [np.inf])
    high = np.isin(np.arange(220), at[0])
    heights = np.square(x[0], dtype=np.float64)
    assert heights[high].min() > limits[0] >= heights[~high].max()
    assert_allclose(sils[0], silhouette(heights[high], heights[~high]), rtol=1e-12)
