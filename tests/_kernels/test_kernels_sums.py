import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc._kernels.sums import (
    BLOCK,
    SUB,
    add_counts,
    add_levels,
    add_logs,
    add_powers,
    add_steps,
    sum_windows,
)
from emgproc.features import passes

EDGES = [0, 1, SUB - 1, SUB, SUB + 1, 2 * SUB - 2, BLOCK - 2, BLOCK - 1]


def blocks(seed, n=3):
    """A block per row and the one after it: clean, with single gaps at all edges, with runs."""
    x = np.random.default_rng(seed).standard_normal((2, n, BLOCK)) * 20
    x[:, 1, EDGES] = np.nan
    x[0, 2, 100:4100] = np.nan
    x[1, 2, :] = np.nan
    return x


def valid(x):
    return x[np.isfinite(x)]


def neighbours(x, n):
    runs = np.lib.stride_tricks.sliding_window_view(x, n)
    return runs[np.isfinite(runs).all(axis=1)].T


def test_the_block_of_the_passes_is_that_of_the_kernels():
    assert passes.BLOCK == BLOCK


def test_levels_equal_their_slow_twin():
    x = blocks(1)
    totals, low, high = np.zeros(6), np.full(3, np.inf), np.full(3, -np.inf)
    for block in x:
        add_levels(block.reshape(-1), 3, totals, low, high)
    for row in range(3):
        samples = valid(x[:, row].reshape(-1))
        assert totals[2 * row] == samples.size
        assert_allclose(totals[2 * row + 1], samples.sum(), rtol=1e-10)
        assert (low[row], high[row]) == (samples.min(), samples.max())


def test_powers_equal_their_slow_twin():
    x, scales = blocks(2), np.array([1.0, 1 / 64, 0.5])
    totals = np.zeros(15)
    for block in x:
        add_powers(block.reshape(-1), 3, scales, totals)
    for row in range(3):
        samples = valid(x[:, row].reshape(-1))
        u = samples * scales[row]
        expected = [np.abs(samples).sum(), *((v**k).sum() for v, k in
                    ((samples, 2), (u, 2), (u, 3), (u, 4)))]  # fmt: skip
        assert_allclose(totals[5 * row : 5 * row + 5], expected, rtol=1e-10)


def test_steps_equal_their_slow_twin_across_stretches_and_blocks():
    x = blocks(3)
    totals, before = np.zeros(18), np.full(6, np.nan)
    for block in x:
        add_steps(block.reshape(-1), 3, before, totals)
    for row in range(3):
        signal = x[:, row].reshape(-1)
        a, b = neighbours(signal, 2)
        d = b - a
        a, b, c = neighbours(signal, 3)
        bend = (c - b) - (b - a)
        expected = [np.abs(d).sum(), (d**2).sum(), (bend**2).sum(), (b * b - a * c).sum()]
        found = totals[6 * row : 6 * row + 6]
        assert_allclose(found[[0, 1, 4, 5]], expected, rtol=1e-10)
        assert_allclose(found[[2, 3]], [d.sum(), bend.sum()], rtol=1e-10, atol=1e-8)


@pytest.mark.parametrize("threshold", [0.0, 7.5])
def test_counts_equal_their_slow_twin_across_stretches_and_blocks(threshold):
    x = blocks(4).round()  # whole numbers: equal neighbours, steps that equal the threshold
    totals, before = np.zeros(9), np.full(6, np.nan)
    for block in x:
        add_counts(block.reshape(-1), 3, threshold, before, totals)
    for row in range(3):
        signal = x[:, row].reshape(-1)
        a, b = neighbours(signal, 2)
        size = np.abs(b - a)
        crossings = ((a * b < 0) & (size >= threshold)).sum()
        jumps = (size > threshold).sum()
        a, b, c = neighbours(signal, 3)
        large = np.maximum(np.abs(b - a), np.abs(c - b)) >= threshold
        turns = (((b - a) * (c - b) < 0) & large).sum()
        assert_array_equal(totals[3 * row : 3 * row + 3], [crossings, turns, jumps])


def test_a_row_is_summed_as_if_alone():
    x = blocks(5)[0]
    together, alone = np.zeros(15), np.zeros(5)
    add_powers(x.reshape(-1), 3, np.ones(3), together)
    add_powers(x[1].copy(), 1, np.ones(1), alone)
    assert_array_equal(together[5:10], alone)


@pytest.mark.parametrize("scale", [1.0, 1e-300, 1e300])
def test_logs_equal_their_slow_twin_and_leave_zeros_out(scale):
    x = blocks(6)[0] * scale
    x[0, 5:9] = [0.0, -0.0, 5e-324, -1e-310]  # the last two are below the least normal number
    totals, factors = np.zeros(6), np.empty(SUB)
    add_logs(x.view(np.int64).reshape(-1), 3, factors.view(np.int64), factors, totals)
    for row in range(3):
        size = np.abs(valid(x[row]))
        logs = np.log(size[size >= np.finfo(float).tiny])
        assert totals[2 * row] == logs.size
        assert_allclose(totals[2 * row + 1], logs.sum(), rtol=1e-12)


@pytest.mark.parametrize("length", [1, 7, 8, 51, 3000])
def test_windows_equal_their_slow_twin(length):
    x = blocks(7)[0]
    edges = np.array([0, *range(3, 7000, length), 7000], np.int64)
    powers, counted = np.empty((2, 3, len(edges) - 1))
    sum_windows(x.reshape(-1), 3, edges, powers.reshape(-1), counted.reshape(-1))
    starts = edges[:-1]
    squares = np.where(np.isfinite(x), x**2, 0.0)[:, :7000]
    assert_allclose(powers, np.add.reduceat(squares, starts, axis=1), rtol=1e-12)
    ok = np.isfinite(x)[:, :7000].astype(int)
    assert_array_equal(counted, np.add.reduceat(ok, starts, axis=1))
