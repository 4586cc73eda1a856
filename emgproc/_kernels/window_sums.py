"""Sums over sliding windows from one walk over the samples, one stretch of one channel to a lane.

Windows that overlap share blocks of their common step: each block is summed once, and a window is
the sum of its whole blocks, each afresh (a running sum would remember every artefact). Differences
that reach back over a block's first sample are kept apart: they count in all windows but the one
that begins there. What needs a window's own mean walks its samples again while they are near.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels._jit import kernel
from emgproc._kernels._scratch import scratch
from emgproc._kernels._simd import (
    lanes,
    load,
    load_transposed,
    muladd,
    root,
    splat_as,
    store,
    store_transposed,
)
from emgproc._kernels._simd_interpreted import Vector
from emgproc._kernels._walks import (
    CUBES,
    EDGE,
    FOURTHS,
    LEVEL,
    LOGS,
    M2,
    MEAN,
    N_BLOCK,
    N_ROWS,
    NONZERO,
    POWER,
    WL,
    ZC,
    sum_edge,
    sum_level,
    sum_logs,
    sum_shape,
    sum_slopes,
    sum_steps,
)
from emgproc._kernels.window_grid import Grid, Wanted
from emgproc.arrays import Floats, Ints

Reals = NDArray[Any]  # float64 or float32


@kernel
def fill(x: Reals, starts: Ints, t0: int, n: int, z: Reals, row: int) -> None:
    """Rows `row` … `row + n` of `z` from sample `t0` after `starts` on, lane by lane."""
    m = lanes(z)
    whole = n // m * m
    for t in range(0, whole, m):
        load_transposed(x, starts, t0 + t, z, (row + t) * m)
    for t in range(whole, n):
        for lane in range(m):
            z[(row + t) * m + lane] = x[starts[lane] + t0 + t]


@kernel
def join_blocks(blocks: Reals, b: int, grid: Grid, found: Reals, at: int) -> Vector:
    """Sums of the window whose last block is b, from those of its blocks; its mean is returned."""
    m, k = lanes(found), grid.per_window
    size, end = N_BLOCK * m, k * N_BLOCK * m
    first = (b + 1) % k * size
    origin, shift, i = load(blocks, first), splat_as(found, 0.0), first
    for _ in range(1, k):
        i = i + size if i + size < end else 0
        shift = shift + (load(blocks, i) - origin)
    mean: Vector = origin + shift / splat_as(found, k)
    m2, n, i = splat_as(found, 0.0), splat_as(found, grid.block), first
    for _ in range(k):
        c = load(blocks, i) - mean
        m2 = m2 + muladd(n * c, c, load(blocks, i + M2 * m))
        i = i + size if i + size < end else 0
    store(found, at + MEAN * m * m, mean)
    store(found, at + M2 * m * m, m2)
    store(found, at + POWER * m * m, muladd(splat_as(found, k) * n * mean, mean, m2))
    for row in range(WL * m, (ZC + 1) * m, m):
        total, i = load(blocks, first + row), first
        for _ in range(1, k):
            i = i + size if i + size < end else 0
            total = total + load(blocks, i + row) + load(blocks, i + row + EDGE * m)
        store(found, at + row * m, total)
    return mean


@kernel
def walk_window(
    z: Reals, b: int, grid: Grid, wanted: Wanted, mean: Vector, found: Reals, at: int, near: Reals
) -> None:
    """What needs the mean of the window whose last block is b."""
    m, k, n = lanes(z), grid.per_window, grid.block
    zero = splat_as(z, 0.0)
    origin = zero if wanted.about_zero else mean
    limit = splat_as(z, wanted.zc)
    before = load(z, (b + 1) % k * n * m)
    level, crossings, cubes, fourths = zero, zero, zero, zero
    near[: 2 * m] = 0.0
    for j in range(b + 1, b + 1 + k):
        row = j % k * n
        if wanted.level and not wanted.about_zero:
            one, two = sum_level(z, row, n, origin, before, limit)
            level, crossings = level + one, crossings + two
            before = load(z, (row + n - 1) * m)
        if wanted.shape:
            one, two = sum_shape(z, row, n, mean)
            cubes, fourths = cubes + one, fourths + two
        if wanted.logs:
            sum_logs(z, row, n, origin, near[2 * m :], near)
    if not wanted.about_zero:
        store(found, at + LEVEL * m * m, level)
        store(found, at + ZC * m * m, crossings)
    store(found, at + CUBES * m * m, cubes)
    store(found, at + FOURTHS * m * m, fourths)
    store(found, at + LOGS * m * m, load(near, 0))
    store(found, at + NONZERO * m * m, load(near, m))


@kernel
def take_roots(out: Floats, at: int, n: int) -> None:
    """Square roots of `n` values from index `at` on."""
    m = lanes(out)
    whole = at + n // m * m
    for i in range(at, whole, m):
        store(out, i, root(load(out, i)))
    for i in range(whole, at + n):
        out[i] = math.sqrt(out[i])


@kernel
def write_rows(
    found: Reals, n: int, rows: Ints, factors: Floats, out: Floats, targets: Ints, w: int
) -> None:
    """Sums of n windows from window w on to `out`, transposed and scaled, the rows asked for."""
    m = lanes(found)
    for r in range(rows.shape[0]):
        i, t, factor = rows[r, 0] * m * m, rows[r, 1] + w, factors[r]
        if n == m:
            store_transposed(found, i, out, targets, t, factor)
        else:
            for j in range(n):
                for lane in range(m):
                    out[targets[lane] + t + j] = factor * np.float64(found[i + j * m + lane])
        for lane in range(m * rows[r, 2]):
            if lane == 0 or targets[lane] != targets[lane - 1]:  # a group is filled with its last
                take_roots(out, targets[lane] + t, n)


@kernel
def window_sums(
    x: Reals,
    starts: Ints,
    counts: Ints,
    grid: Grid,
    wanted: Wanted,
    rows: Ints,
    factors: Floats,
    out: Floats,
    targets: Ints,
) -> None:
    """Sums of consecutive windows from each start.

    Parameters
    ----------
    x
        Samples, flat.
    starts
        (n_groups, lanes): first sample of the first window of each lane.
    counts
        (n_groups,): windows of each lane.
    grid, wanted
        How windows are made of blocks, and what is summed.
    rows
        (n_rows, 3): row of the result, the index in `out` at which it begins, and 1 where the root
        is wanted.
    factors
        (n_rows,): what the sums are multiplied by, before the root.
    out
        Flat; receives window w of a lane at w after its target and the begin of the row.
    targets
        (n_groups, lanes).
    """
    m, n, k = lanes(x), grid.block, grid.per_window
    walked = wanted.shape or wanted.logs or (wanted.level and not wanted.about_zero)
    held = k if walked else min(k, 2)  # blocks whose samples are needed once more
    z, blocks = scratch(x, held * n), scratch(x, k * N_BLOCK)
    found, near = scratch(x, N_ROWS * m), scratch(x, 4)
    for g in range(starts.shape[0]):
        for b in range((counts[g] - 1) * grid.step + k):
            row, at, first = b % held * n, b % k * N_BLOCK * m, b * grid.stride
            fill(x, starts[g], first, n, z, row)
            sum_steps(z, row, n, wanted, blocks, at, x, starts[g], first + grid.stride)
            if wanted.slopes:
                sum_slopes(z, row, n, blocks, at)
            sum_edge(z, row, ((b - 1) % held + 1) * n - 1, wanted, blocks, at)
            w = (b + 1 - k) // grid.step
            if b + 1 < k or (b + 1 - k) % grid.step:
                continue
            mean = join_blocks(blocks, b, grid, found, w % m * m)
            if walked:
                walk_window(z, b, grid, wanted, mean, found, w % m * m, near)
            if w % m == m - 1 or w == counts[g] - 1:
                write_rows(found, w % m + 1, rows, factors, out, targets[g], w - w % m)
