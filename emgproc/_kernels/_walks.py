"""Walks over the rows of a tile, one channel to a lane, that a window's sums are made of."""

import math
from typing import Any

from numpy.typing import NDArray

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import (
    lanes,
    load,
    magnitude,
    muladd,
    prefetch_lanes,
    splat_as,
    store,
    where_above,
    where_at_least,
)
from emgproc._kernels._simd_interpreted import Vector
from emgproc._kernels.window_grid import Wanted
from emgproc.arrays import Ints

Reals = NDArray[Any]  # float64 or float32

# Rows of the result; WL … ZC are also sums of a block, once inside it and once over its edge.
MEAN, M2, WL, SSC, WAMP, SLOPES, BENDS, LEVEL, ZC = range(9)
CUBES, FOURTHS, LOGS, NONZERO, POWER = range(9, 14)  # POWER: squares about zero
N_ROWS, N_BLOCK, EDGE = 14, 16, 7  # a row over the edge lies EDGE after the one inside


@kernel
def mean_of(z: Reals, row: int, n: int) -> Vector:
    """Mean of n rows; exactly their value where all are equal."""
    m = lanes(z)
    first, zero = load(z, row * m), splat_as(z, 0.0)
    a, b, c, d = zero, zero, zero, zero  # four chains, so that none waits for its last sum
    whole = n // 4 * 4
    for t in range(row, row + whole, 4):
        a = a + (load(z, t * m) - first)
        b = b + (load(z, (t + 1) * m) - first)
        c = c + (load(z, (t + 2) * m) - first)
        d = d + (load(z, (t + 3) * m) - first)
    for t in range(row + whole, row + n):
        a = a + (load(z, t * m) - first)
    mean: Vector = first + ((a + b) + (c + d)) / splat_as(z, n)
    return mean


@kernel
def add_turn(
    z: Reals, total: Vector, d: Vector, e: Vector, sizes: tuple[Vector, Vector], limit: Vector
) -> Vector:
    """Add 1 where two steps have opposite signs and the larger size reaches the limit."""
    zero, one = splat_as(z, 0.0), splat_as(z, 1.0)
    larger = where_above(sizes[0], sizes[1], sizes[0], sizes[1])
    counted = where_at_least(larger, limit, total + one, total)
    turned: Vector = where_above(zero, d * e, counted, total)
    return turned


@kernel
def add_crossing(
    z: Reals, total: Vector, c: Vector, d: Vector, size: Vector, limit: Vector
) -> Vector:
    """Add 1 where two neighbours have opposite signs and the step's size reaches the limit."""
    zero, one = splat_as(z, 0.0), splat_as(z, 1.0)
    counted = where_at_least(size, limit, total + one, total)
    crossed: Vector = where_above(zero, c * d, counted, total)
    return crossed


@kernel
def sum_steps(
    z: Reals,
    row: int,
    n: int,
    wanted: Wanted,
    sums: Reals,
    at: int,
    x: Reals,
    starts: Ints,
    ahead: int,
) -> None:
    """Mean, squares about it, and what its steps sum to, inside a block of n rows.

    Level and zero crossings too, where they are asked for about zero. Meanwhile the memory is
    asked for the n samples of each lane of `x` from `ahead` after its start on.
    """
    m = lanes(z)
    zero, one = splat_as(z, 0.0), splat_as(z, 1.0)
    ssc_limit, wamp_limit = splat_as(z, wanted.ssc), splat_as(z, wanted.wamp)
    zc_limit, with_level = splat_as(z, wanted.zc), wanted.level and wanted.about_zero
    mean, p = mean_of(z, row, n), load(z, row * m)
    m2 = (p - mean) * (p - mean)
    # The first step has none before it: it turns from itself, which it cannot.
    d = load(z, (row + 1) * m) - p
    size, wl, ssc, wamp = magnitude(d), zero, zero, zero
    level, crossings = magnitude(p), zero
    for first in range(1, n, m):
        prefetch_lanes(x, starts, ahead + first)
        for t in range(row + first, row + min(first + m, n)):
            v = load(z, t * m)
            c, e, before = v - mean, v - p, size
            size = magnitude(e)
            m2 = muladd(c, c, m2)
            wl = wl + size
            wamp = where_above(size, wamp_limit, wamp + one, wamp)
            ssc = add_turn(z, ssc, d, e, (before, size), ssc_limit)
            if with_level:
                level = level + magnitude(v)
                crossings = add_crossing(z, crossings, v, p, size, zc_limit)
            p, d = v, e
    store(sums, at + MEAN * m, mean)
    store(sums, at + M2 * m, m2)
    store(sums, at + WL * m, wl)
    store(sums, at + SSC * m, ssc)
    store(sums, at + WAMP * m, wamp)
    store(sums, at + LEVEL * m, level)
    store(sums, at + ZC * m, crossings)


@kernel
def sum_slopes(z: Reals, row: int, n: int, sums: Reals, at: int) -> None:
    """Squares of the steps, and of the differences between steps, inside a block of n rows."""
    m = lanes(z)
    p = load(z, row * m)
    d = load(z, (row + 1) * m) - p
    slopes, bends = splat_as(z, 0.0), splat_as(z, 0.0)
    for t in range(row + 1, row + n):
        v = load(z, t * m)
        e = v - p
        slopes = muladd(e, e, slopes)
        bends = muladd(e - d, e - d, bends)
        p, d = v, e
    store(sums, at + SLOPES * m, slopes)
    store(sums, at + BENDS * m, bends)


@kernel
def sum_edge(z: Reals, row: int, last: int, wanted: Wanted, sums: Reals, at: int) -> None:
    """What the steps from rows `last - 1`, `last` before a block to its first two sum to."""
    m = lanes(z)
    zero, one = splat_as(z, 0.0), splat_as(z, 1.0)
    limit = splat_as(z, wanted.ssc)
    p, v = load(z, last * m), load(z, row * m)
    before, over, after = p - load(z, (last - 1) * m), v - p, load(z, (row + 1) * m) - v
    size = magnitude(over)
    ssc = add_turn(z, zero, before, over, (magnitude(before), size), limit)
    ssc = add_turn(z, ssc, over, after, (size, magnitude(after)), limit)
    bend, other = over - before, after - over
    at += EDGE * m
    store(sums, at + WL * m, size)
    store(sums, at + SSC * m, ssc)
    store(sums, at + WAMP * m, where_above(size, splat_as(z, wanted.wamp), one, zero))
    store(sums, at + SLOPES * m, over * over)
    store(sums, at + BENDS * m, muladd(bend, bend, other * other))
    store(sums, at + LEVEL * m, zero)
    store(sums, at + ZC * m, add_crossing(z, zero, p, v, size, splat_as(z, wanted.zc)))


@kernel
def sum_level(
    z: Reals, row: int, n: int, origin: Vector, before: Vector, threshold: Vector
) -> tuple[Vector, Vector]:
    """Σ|x - origin| and crossings of the origin over n rows.

    `before` is the row before the first; the first itself, where there is none.
    """
    m = lanes(z)
    level, crossings, d = splat_as(z, 0.0), splat_as(z, 0.0), before - origin
    for t in range(row, row + n):
        v = load(z, t * m)
        c = v - origin
        level = level + magnitude(c)
        crossings = add_crossing(z, crossings, c, d, magnitude(v - before), threshold)
        before, d = v, c
    return level, crossings


@kernel
def sum_logs(z: Reals, row: int, n: int, origin: Vector, chunk: Reals, logs: Reals) -> None:
    """Add Σ ln|x - origin| over n rows, zeros left out, to `logs`, and their number behind it.

    One logarithm for the product of eight rows, unless the product leaves the range.
    """
    m = lanes(z)
    zero, one = splat_as(z, 0.0), splat_as(z, 1.0)
    store(chunk, m, origin)
    count = load(logs, m)
    for first in range(row, row + n, 8):
        stop = min(first + 8, row + n)
        product = one
        for t in range(first, stop):
            c = magnitude(load(z, t * m) - origin)
            product = product * where_above(c, zero, c, one)
            count = count + where_above(c, zero, one, zero)
        store(chunk, 0, product)
        for lane in range(m):
            if 0.0 < chunk[lane] < math.inf:
                logs[lane] += math.log(chunk[lane])
                continue
            for t in range(first, stop):
                size = abs(z[t * m + lane] - chunk[m + lane])
                if size > 0.0:
                    logs[lane] += math.log(size)
    store(logs, m, count)


@kernel
def sum_shape(z: Reals, row: int, n: int, mean: Vector) -> tuple[Vector, Vector]:
    """Sums of the third and the fourth powers about the mean over n rows."""
    m = lanes(z)
    cubes, fourths = splat_as(z, 0.0), splat_as(z, 0.0)
    for t in range(row, row + n):
        c = load(z, t * m) - mean
        square = c * c
        cubes = muladd(square, c, cubes)
        fourths = muladd(square, square, fourths)
    return cubes, fourths
