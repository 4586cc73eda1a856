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
    splat_as,
    store,
    where_above,
    where_at_least,
)
from emgproc._kernels._simd_interpreted import Vector
from emgproc._kernels.window_grid import Wanted

Reals = NDArray[Any]  # float64 or float32

# Rows of the result; WL … ZC are also sums of a block, once inside it and once over its edge.
MEAN, M2, WL, SSC, WAMP, SLOPES, BENDS, LEVEL, ZC = range(9)
CUBES, FOURTHS, LOGS, NONZERO = range(9, 13)
N_ROWS, N_BLOCK, EDGE = 13, 16, 7  # a row over the edge lies EDGE after the one inside


@kernel
def mean_of(z: Reals, row: int, n: int) -> Vector:
    """Mean of n rows; exactly their value where all are equal."""
    m = lanes(z)
    first = load(z, row * m)
    a, b = splat_as(z, 0.0), splat_as(z, 0.0)
    for t in range(row, row + n // 2 * 2, 2):
        a = a + (load(z, t * m) - first)
        b = b + (load(z, (t + 1) * m) - first)
    if n % 2:
        a = a + (load(z, (row + n - 1) * m) - first)
    mean: Vector = first + (a + b) / splat_as(z, n)
    return mean


@kernel
def turned(z: Reals, d: Vector, e: Vector, threshold: Vector) -> Vector:
    """1 where two steps have opposite signs and the larger reaches the threshold, else 0."""
    zero, one = splat_as(z, 0.0), splat_as(z, 1.0)
    a, b = magnitude(d), magnitude(e)
    large = where_at_least(where_above(a, b, a, b), threshold, one, zero)
    turn: Vector = where_above(zero, d * e, large, zero)
    return turn


@kernel
def crossed(z: Reals, c: Vector, d: Vector, step: Vector, threshold: Vector) -> Vector:
    """1 where two neighbours have opposite signs and the step reaches the threshold, else 0."""
    zero, one = splat_as(z, 0.0), splat_as(z, 1.0)
    large = where_at_least(magnitude(step), threshold, one, zero)
    crossing: Vector = where_above(zero, c * d, large, zero)
    return crossing


@kernel
def sum_steps(z: Reals, row: int, n: int, wanted: Wanted, sums: Reals, at: int) -> None:
    """Mean, squares about it, and what its steps sum to, inside a block of n rows."""
    m = lanes(z)
    zero, one = splat_as(z, 0.0), splat_as(z, 1.0)
    ssc_limit, wamp_limit = splat_as(z, wanted.ssc), splat_as(z, wanted.wamp)
    mean = mean_of(z, row, n)
    p, v = load(z, row * m), load(z, (row + 1) * m)
    d = v - p
    p, v = p - mean, v - mean
    m2, wl, ssc = muladd(p, p, v * v), magnitude(d), zero
    wamp, slopes, bends = where_above(wl, wamp_limit, one, zero), d * d, zero
    p = load(z, (row + 1) * m)
    for t in range(row + 2, row + n):
        v = load(z, t * m)
        c, e = v - mean, v - p
        size = magnitude(e)
        m2 = muladd(c, c, m2)
        wl = wl + size
        wamp = wamp + where_above(size, wamp_limit, one, zero)
        ssc = ssc + turned(z, d, e, ssc_limit)
        slopes = muladd(e, e, slopes)
        bends = muladd(e - d, e - d, bends)
        p, d = v, e
    store(sums, at + MEAN * m, mean)
    store(sums, at + M2 * m, m2)
    store(sums, at + WL * m, wl)
    store(sums, at + SSC * m, ssc)
    store(sums, at + WAMP * m, wamp)
    store(sums, at + SLOPES * m, slopes)
    store(sums, at + BENDS * m, bends)


@kernel
def sum_edge(z: Reals, row: int, last: int, wanted: Wanted, sums: Reals, at: int) -> None:
    """What the steps from rows `last - 1`, `last` before a block to its first two sum to."""
    m = lanes(z)
    zero, one = splat_as(z, 0.0), splat_as(z, 1.0)
    ssc_limit = splat_as(z, wanted.ssc)
    p, v = load(z, last * m), load(z, row * m)
    before, over, after = p - load(z, (last - 1) * m), v - p, load(z, (row + 1) * m) - v
    size = magnitude(over)
    ssc = turned(z, before, over, ssc_limit) + turned(z, over, after, ssc_limit)
    bend, other = over - before, after - over
    at += EDGE * m
    store(sums, at + WL * m, size)
    store(sums, at + SSC * m, ssc)
    store(sums, at + WAMP * m, where_above(size, splat_as(z, wanted.wamp), one, zero))
    store(sums, at + SLOPES * m, over * over)
    store(sums, at + BENDS * m, muladd(bend, bend, other * other))
    store(sums, at + LEVEL * m, zero)
    store(sums, at + ZC * m, crossed(z, p, v, over, splat_as(z, wanted.zc)))


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
        crossings = crossings + crossed(z, c, d, v - before, threshold)
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
