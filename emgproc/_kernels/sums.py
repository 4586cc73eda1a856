"""Sums over blocks of centred signals: powers, steps between neighbours, counts, energies.

A row of a block is eight stretches of `SUB` samples, a lane to each: one channel fills the
register as well as 256 do, and its sums do not depend on what else is computed. NaN marks what
does not count. A stretch begins with the two samples before it, so that no neighbour is lost.
"""

import math

import numpy as np

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import (
    load,
    load_transposed,
    magnitude,
    splat,
    store,
    where_above,
    where_at_least,
)
from emgproc._kernels._simd_interpreted import LANES
from emgproc.arrays import Floats, Ints

# A multiple of 8; not of 512, or all lanes would fall into the same lines of the nearest cache.
SUB = 1000
BLOCK = LANES * SUB

LN_2 = math.log(2)
N_POWERS, N_STEPS, N_COUNTS = 5, 6, 3


@kernel
def add_lanes(lanes: Floats, n: int, totals: Floats, first: int) -> None:
    """Add the eight lanes of each of `n` vectors, in order, to `totals` from index `first` on."""
    for k in range(n):
        total = 0.0
        for lane in range(LANES):
            total += lanes[k * LANES + lane]
        totals[first + k] += total


@kernel
def read_before(x: Floats, start: int, before: Floats, first: int, back: int, out: Floats) -> None:
    """Sample `back` (1 or 2) before each stretch; `before` holds what was before the block."""
    out[0] = before[first + back - 1]
    for lane in range(1, LANES):
        out[lane] = x[start + lane * SUB - back]


@kernel
def keep_last(x: Floats, start: int, before: Floats, first: int) -> None:
    """Note the last two samples of a row, the last one first."""
    before[first] = x[start + BLOCK - 1]
    before[first + 1] = x[start + BLOCK - 2]


@kernel
def find_starts(row: int, starts: Ints) -> None:
    """Flat index of the first sample of each stretch of a row."""
    for lane in range(LANES):
        starts[lane] = row * BLOCK + lane * SUB


@kernel
def add_levels(x: Floats, n_rows: int, totals: Floats, lowest: Floats, highest: Floats) -> None:
    """Number of samples that count and their sum, row by row, added to `totals` (n_rows · 2).

    `lowest` and `highest` (n_rows) are updated.
    """
    starts, tile, lanes = np.empty(LANES, np.int64), np.empty(64), np.empty(2 * LANES)
    ends = np.empty(2 * LANES)
    zero, one = splat(0.0), splat(1.0)
    for row in range(n_rows):
        find_starts(row, starts)
        n, total = zero, zero
        low, high = splat(lowest[row]), splat(highest[row])
        for t in range(0, SUB, LANES):
            load_transposed(x, starts, t, tile, 0)
            for i in range(0, 64, LANES):
                v = load(tile, i)
                n = n + where_at_least(v, v, one, zero)
                total = total + where_at_least(v, v, v, zero)
                low = where_above(low, v, v, low)
                high = where_above(v, high, v, high)
        store(lanes, 0, n)
        store(lanes, LANES, total)
        add_lanes(lanes, 2, totals, 2 * row)
        store(ends, 0, low)
        store(ends, LANES, high)
        lowest[row] = ends[:LANES].min()
        highest[row] = ends[LANES:].max()


@kernel
def add_powers(x: Floats, n_rows: int, scales: Floats, totals: Floats) -> None:
    """Σ|x|, Σx², and of u = x · scale of the row Σu², Σu³, Σu⁴, added to `totals` (n_rows · 5)."""
    starts, tile, lanes = np.empty(LANES, np.int64), np.empty(64), np.empty(N_POWERS * LANES)
    zero = splat(0.0)
    for row in range(n_rows):
        find_starts(row, starts)
        scale = splat(scales[row])
        size, square, second, third, fourth = zero, zero, zero, zero, zero
        for t in range(0, SUB, LANES):
            load_transposed(x, starts, t, tile, 0)
            for i in range(0, 64, LANES):
                v = load(tile, i)
                v = where_at_least(v, v, v, zero)
                size = size + magnitude(v)
                square = square + v * v
                u = v * scale
                u2 = u * u
                second = second + u2
                third = third + u2 * u
                fourth = fourth + u2 * u2
        store(lanes, 0, size)
        store(lanes, LANES, square)
        store(lanes, 2 * LANES, second)
        store(lanes, 3 * LANES, third)
        store(lanes, 4 * LANES, fourth)
        add_lanes(lanes, N_POWERS, totals, N_POWERS * row)


@kernel
def add_steps(x: Floats, n_rows: int, before: Floats, totals: Floats) -> None:
    """Of d, the step from one sample to the next, and of what three neighbours make.

    Σ|d|, Σd², Σd, and over valid triples Σd', Σd'² (d' the step from d to the next d) and the
    Teager-Kaiser energy Σ(x[i]² − x[i−1]·x[i+1]), added to `totals` (n_rows · 6). `before`
    (n_rows · 2) holds the last two samples of each row of the block before.
    """
    starts, tile, lanes = np.empty(LANES, np.int64), np.empty(64), np.empty(N_STEPS * LANES)
    zero = splat(0.0)
    for row in range(n_rows):
        find_starts(row, starts)
        read_before(x, row * BLOCK, before, 2 * row, 2, lanes)
        v2 = load(lanes, 0)
        read_before(x, row * BLOCK, before, 2 * row, 1, lanes)
        v1 = load(lanes, 0)
        d1 = v1 - v2
        size, square, total = zero, zero, zero
        bend, bend_square, energy = zero, zero, zero
        for t in range(0, SUB, LANES):
            load_transposed(x, starts, t, tile, 0)
            for i in range(0, 64, LANES):
                v = load(tile, i)
                d = v - v1
                c = d - d1
                step = where_at_least(d, d, d, zero)
                size = size + magnitude(step)
                square = square + step * step
                total = total + step
                turn = where_at_least(c, c, c, zero)
                bend = bend + turn
                bend_square = bend_square + turn * turn
                energy = energy + where_at_least(c, c, v1 * v1 - v2 * v, zero)
                v2 = v1
                v1 = v
                d1 = d
        store(lanes, 0, size)
        store(lanes, LANES, square)
        store(lanes, 2 * LANES, total)
        store(lanes, 3 * LANES, bend)
        store(lanes, 4 * LANES, bend_square)
        store(lanes, 5 * LANES, energy)
        add_lanes(lanes, N_STEPS, totals, N_STEPS * row)
        keep_last(x, row * BLOCK, before, 2 * row)


@kernel
def add_counts(x: Floats, n_rows: int, threshold: float, before: Floats, totals: Floats) -> None:
    """Zero crossings, slope sign changes, large steps, added to `totals` (n_rows · 3).

    x[i]·x[i+1] < 0 and |d| ≥ threshold; d[i]·d[i+1] < 0 and the larger |d| ≥ threshold;
    |d| > threshold. `before` as in `add_steps`.
    """
    starts, tile, lanes = np.empty(LANES, np.int64), np.empty(64), np.empty(N_COUNTS * LANES)
    zero, one, least = splat(0.0), splat(1.0), splat(threshold)
    for row in range(n_rows):
        find_starts(row, starts)
        read_before(x, row * BLOCK, before, 2 * row, 2, lanes)
        d1 = load(lanes, 0)
        read_before(x, row * BLOCK, before, 2 * row, 1, lanes)
        v1 = load(lanes, 0)
        d1 = v1 - d1
        large1 = where_at_least(magnitude(d1), least, one, zero)
        crossings, turns, jumps = zero, zero, zero
        for t in range(0, SUB, LANES):
            load_transposed(x, starts, t, tile, 0)
            for i in range(0, 64, LANES):
                v = load(tile, i)
                d = v - v1
                size = magnitude(d)
                large = where_at_least(size, least, one, zero)
                crossings = crossings + where_above(zero, v * v1, large, zero)
                either = where_above(large, large1, large, large1)
                turns = turns + where_above(zero, d * d1, either, zero)
                jumps = jumps + where_above(size, least, one, zero)
                v1 = v
                d1 = d
                large1 = large
        store(lanes, 0, crossings)
        store(lanes, LANES, turns)
        store(lanes, 2 * LANES, jumps)
        add_lanes(lanes, N_COUNTS, totals, N_COUNTS * row)
        keep_last(x, row * BLOCK, before, 2 * row)


@kernel
def add_logs(bits: Ints, n_rows: int, mantissas: Ints, factors: Floats, totals: Floats) -> None:
    """Number of samples that are not zero, and Σ ln|x| over them, added to `totals` (n_rows · 2).

    The logarithm of the product: mantissas in [½, 1) are multiplied and exponents added, `SUB` of
    each, whose product is above 2^-1000. What is below the least normal number counts as zero.

    Parameters
    ----------
    bits
        The block as integers: its memory, viewed as int64.
    n_rows
        Rows of the block.
    mantissas, factors
        `SUB` integers to work with, and the same memory as float64.
    totals
        Receives number and sum, row by row.
    """
    sign_off, fraction = np.int64(0x7FFFFFFFFFFFFFFF), np.int64(0x000FFFFFFFFFFFFF)
    least, infinite = np.int64(0x0010000000000000), np.int64(0x7FF0000000000000)
    half, one = np.int64(0x3FE0000000000000), np.int64(0x3FF0000000000000)
    lanes = np.empty(LANES)
    for row in range(n_rows):
        for first in range(row * BLOCK, (row + 1) * BLOCK, SUB):
            n, exponents = 0, 0
            for i in range(SUB):
                b = bits[first + i] & sign_off
                counts = least <= b < infinite
                mantissas[i] = (b & fraction) | half if counts else one
                exponents += (b >> 52) - 1022 if counts else 0
                n += 1 if counts else 0
            product = splat(1.0)
            for i in range(0, SUB, LANES):
                product = product * load(factors, i)
            store(lanes, 0, product)
            whole = 1.0
            for lane in range(LANES):
                whole *= lanes[lane]
            totals[2 * row] += n
            totals[2 * row + 1] += math.log(whole) + exponents * LN_2


@kernel
def sum_windows(x: Floats, n_rows: int, edges: Ints, powers: Floats, counted: Floats) -> None:
    """Σx² and number of samples that count between neighbouring `edges` of each row.

    `edges` rise from 0, at most to `BLOCK`; `powers` and `counted` (n_rows · (n_edges − 1)) are
    filled.
    """
    lanes, n_windows = np.empty(2 * LANES), edges.size - 1
    zero, one = splat(0.0), splat(1.0)
    for row in range(n_rows):
        for window in range(n_windows):
            i, stop = row * BLOCK + edges[window], row * BLOCK + edges[window + 1]
            power, n = zero, zero
            while i + LANES <= stop:
                v = load(x, i)
                n = n + where_at_least(v, v, one, zero)
                v = where_at_least(v, v, v, zero)
                power = power + v * v
                i += LANES
            store(lanes, 0, power)
            store(lanes, LANES, n)
            at = row * n_windows + window
            powers[at] = 0.0
            counted[at] = 0.0
            for lane in range(LANES):
                powers[at] += lanes[lane]
                counted[at] += lanes[LANES + lane]
            while i < stop:
                if x[i] == x[i]:
                    powers[at] += x[i] * x[i]
                    counted[at] += 1.0
                i += 1
