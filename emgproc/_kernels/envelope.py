"""Moving sums, mean rectified values and root mean squares over windows of n samples; TKEO.

A running sum remembers every artefact that has passed (2e-4 off after one of 1e6 times the
baseline). Here each window is the sum of its own samples and no other: the samples lie in tiles of
about √n rows, and a window is the tail of one tile, whole tiles, and the head of another (van Herk
1992, Gil & Werman 1993, for maxima and two tiles; sums work alike).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels._jit import kernel
from emgproc._kernels._scratch import scratch
from emgproc._kernels._simd import (
    lanes,
    load,
    load_transposed,
    magnitude,
    prefetch_lanes_far,
    root,
    splat_as,
    store,
    store_transposed,
    stream_transposed,
    where_at_least,
)
from emgproc._kernels._simd_interpreted import Vector
from emgproc._kernels.envelope_plan import MOST_LANES, Tiling
from emgproc.arrays import Bools, Ints

Reals = NDArray[Any]  # float64 or float32

SUM, MEAN_RECTIFIED, ROOT_MEAN_SQUARE = range(3)

# Rows of `pieces`: flat index of the signal's sample 0 in the input and in the output; first
# sample of the piece, a multiple of the tile, and the one after its last; samples of the signal.
READ, WRITE, FIRST, LAST, SIZE = range(5)


@kernel
def read_tile(x: Reals, starts: Ints, row: int, edges: Ints, n: int, tile: Reals) -> None:
    """`n` rows from `row` after `starts` on; zero outside a lane's two `edges`."""
    m = lanes(tile)
    for lane in range(m):
        for t in range(n):
            there = edges[0, lane] <= row + t < edges[1, lane]
            tile[t * m + lane] = x[starts[lane] + row + t] if there else 0.0


@kernel
def write_tile(out: Reals, n: int, y: Reals, starts: Ints, row: int, written: Ints) -> None:
    """`n` rows to `row` after `starts`, those from 0 to a lane's `written`."""
    m = lanes(out)
    for lane in range(m):
        for k in range(max(0, -row), min(n, written[lane] - row)):
            y[starts[lane] + row + k] = out[k * m + lane]


@kernel
def take_roots(out: Reals, i: int, n: int) -> None:
    """Square roots of `n` rows from flat index `i` on."""
    m = lanes(out)
    for k in range(i, i + n * m, m):
        store(out, k, root(load(out, k)))


@kernel
def exchange(
    out: Reals,
    y: Reals,
    target: Ints,
    done: int,
    moved: tuple[bool, bool],
    how: tuple[bool, bool],
    x: Reals,
    source: Ints,
    row: int,
    tile: Reals,
) -> None:
    """Write a tile to `done`, read one from `row`, as `moved` says; memory does both at once.

    Roots are taken here, where the arithmetic would wait for memory; `how`: streamed, rooted.
    """
    m = lanes(tile)
    n, streamed, rooted = tile.size // m, how[0], how[1]
    for t in range(0, n, m):
        if moved[0]:
            if rooted:
                take_roots(out, t * m, m)
            if streamed:
                stream_transposed(out, t * m, y, target, done + t)
            else:
                store_transposed(out, t * m, y, target, done + t)
        if moved[1]:
            load_transposed(x, source, row + t, tile, t * m)
            prefetch_lanes_far(x, source, row + t + n)  # it comes while sums are made


@kernel
def measured(v: Vector, measure: int) -> Vector:
    """What is summed of a sample."""
    if measure == ROOT_MEAN_SQUARE:
        return v * v
    return magnitude(v) if measure == MEAN_RECTIFIED else v


@kernel
def sum_tails(tile: Reals, n: int, measure: int, tails: Reals, at: int) -> Vector:
    """Sums of the rows o … n of `tile`, to `tails` from `at` on; the last, over all, is given."""
    m = lanes(tile)
    total: Vector = splat_as(tile, 0.0)
    for o in range(n - 1, -1, -1):
        total = total + measured(load(tile, o * m), measure)
        store(tails, at + o * m, total)
    return total


@kernel
def add_heads(
    tile: Reals,
    rows: tuple[int, int],
    measure: int,
    tails: Reals,
    first: int,
    sums: tuple[Vector, Vector, Vector],
    out: Reals,
    at: int,
) -> Vector:
    """Windows that end with some `rows` of `tile`: tail + whole tiles + head, times a share.

    For row 0 the tail of the window's first tile would lie at `first`, the result at `at`. `sums`
    are those of the whole tiles and of the rows before, and the share. The sum of all rows up to
    the last is given.
    """
    m = lanes(tile)
    middle, head, share = sums
    for k in range(rows[0], rows[1]):
        head = head + measured(load(tile, k * m), measure)
        store(out, at + k * m, (load(tails, first + k * m) + middle + head) * share)
    return head


@kernel
def add_short(
    tile: Reals, tiling: Tiling, tails: Reals, share: Vector, out: Reals, at: int
) -> Vector:
    """`measure_tile` for windows no longer than a tile, each summed anew; `tails`: two tiles."""
    m, b = lanes(tile), tiling.rows
    total: Vector = splat_as(tile, 0.0)
    for i in range(0, b * m, m):
        v = measured(load(tile, i), tiling.measure)
        total = total + v
        store(tails, i, load(tails, b * m + i))
        store(tails, b * m + i, v)
    for k in range(b):
        window = splat_as(tile, 0.0)
        for j in range(b + k + 1 - tiling.n, b + k + 1):
            window = window + load(tails, j * m)
        store(out, at + k * m, window * share)
    return total


@kernel
def measure_tile(
    tile: Reals,
    tiling: Tiling,
    number: int,
    tails: Reals,
    wholes: Reals,
    share: Vector,
    out: Reals,
    at: int,
) -> Vector:
    """Windows that end with the rows of tile `number`, to `out` from `at` on; sum over the tile.

    `tails` is a ring of the tiles in which a window may begin: sums from each row of a tile to its
    end. `wholes` holds the sum of each, twice, so that any stretch of the ring lies together.
    """
    m, b = lanes(out), tiling.rows
    whole = (tiling.n - 1) // b
    if whole == 0:
        return add_short(tile, tiling, tails, share, out, at)
    turn = tiling.n - whole * b - 1  # windows that end with this row or later begin a tile later
    far, near = number % (whole + 1), (number + 1) % (whole + 1)
    middle, head = splat_as(out, 0.0), splat_as(out, 0.0)
    for j in range(near + 1, near + whole):
        middle = middle + load(wholes, j * m)
    sums = middle + load(wholes, near * m), head, share
    first = (far * b + b - turn) * m
    head = add_heads(tile, (0, turn), tiling.measure, tails, first, sums, out, at)
    sums = middle, head, share
    first = (near * b - turn) * m
    add_heads(tile, (turn, b), tiling.measure, tails, first, sums, out, at)
    total = sum_tails(tile, b, tiling.measure, tails, far * b * m)
    store(wholes, far * m, total)
    store(wholes, (far + whole + 1) * m, total)
    return total


@kernel
def share_out(tiling: Tiling, row: int, edges: Ints, out: Reals, at: int) -> None:
    """Divide the sums of windows that end from `row` on by the samples each lane has in them."""
    m = lanes(out)
    share = np.empty(m, out.dtype)
    for k in range(tiling.rows):
        stop = row + k + 1
        for lane in range(m):
            there = min(stop, edges[1, lane]) - max(stop - tiling.n, edges[0, lane])
            share[lane] = 1.0 if tiling.measure == SUM else 1.0 / max(there, 1)
        store(out, at + k * m, load(out, at + k * m) * load(share, 0))


@kernel
def moving(
    x: Reals, y: Reals, pieces: Ints, streamed: Bools, tiling: Tiling, totals: Reals
) -> None:
    """Windows around the samples of every piece, cut at the edges of its signal.

    Parameters
    ----------
    x, y
        Input and output, flat, of one type; what one piece writes no other reads.
    pieces
        (n_groups, 5, lanes): what each lane reads and writes, see `READ` … `SIZE`.
    streamed
        (n_groups,): what is written starts at multiples of `lanes`, and may pass the cache.
    tiling
        See `envelope_plan.tiling_of`.
    totals
        (n_groups · lanes): receives a sum over all samples a piece needs, not finite if one of
        them is not.
    """
    m, b, n = lanes(x), tiling.rows, tiling.n
    ahead = (n - 1) // b + 2  # tiles read before the first is written
    tile, tails = scratch(x, b), scratch(x, ahead * b)
    wholes, out = scratch(x, 2 * ahead), scratch(x, b + MOST_LANES)
    at, edges = tiling.carry * m, np.empty((2, m), np.int64)
    one, share = splat_as(x, 1.0), splat_as(x, 1.0 if tiling.measure == SUM else 1.0 / n)
    rooted = tiling.measure == ROOT_MEAN_SQUARE
    for g in range(pieces.shape[0]):
        piece = pieces[g]
        written, target = piece[LAST] - piece[FIRST], piece[WRITE] + piece[FIRST]
        begin = piece[FIRST] + (tiling.delay - ahead) * b - tiling.before
        source, last = piece[READ] + begin, written.min()
        edges[0], edges[1] = -begin, piece[SIZE] - begin
        inside = edges[0].max(), edges[1].min()
        tails[:], wholes[:] = 0.0, 0.0
        total = splat_as(x, 0.0)
        for step in range(ahead + (written.max() + b - 1) // b):
            row, done = step * b, (step - ahead - 1) * b
            moved = 0 <= done <= last - b, inside[0] <= row <= inside[1] - b
            if not moved[0]:
                take_roots(out, 0, b * rooted)
                write_tile(out, b, y, target, done, written)
            if not moved[1]:
                read_tile(x, source, row, edges, b, tile)
            how = streamed[g], rooted
            exchange(out, y, target, done, moved, how, x, source, row, tile)
            for i in range(0, at, m):
                store(out, i, load(out, b * m + i))
            if inside[0] <= row + 1 - n and row + b <= inside[1]:
                v = measure_tile(tile, tiling, step, tails, wholes, share, out, at)
            else:
                v = measure_tile(tile, tiling, step, tails, wholes, one, out, at)
                share_out(tiling, row, edges, out, at)
            total = total + v
        take_roots(out, 0, b * rooted)
        write_tile(out, b, y, target, row - ahead * b, written)
        store(totals, g * m, total)


@kernel
def energies(x: Reals, y: Reals, starts: Ints, n: int) -> None:
    """Teager-Kaiser energy of `n` samples from each start; NaN beside what is not finite."""
    m = lanes(x)
    most, unknown = splat_as(x, np.finfo(x.dtype).max), splat_as(x, np.nan)
    for first in starts:
        y[first] = np.nan
        y[first + n - 1] = np.nan
        whole = max(n - 2, 0) // m * m
        for i in range(first + 1, first + 1 + whole, m):
            a, v, b = load(x, i - 1), load(x, i), load(x, i + 1)
            a = where_at_least(most, magnitude(a), a, unknown)
            b = where_at_least(most, magnitude(b), b, unknown)
            v = where_at_least(most, magnitude(v), v, unknown)
            store(y, i, v * v - a * b)
        for i in range(first + 1 + whole, first + n - 1):
            known = np.isfinite(x[i - 1]) and np.isfinite(x[i]) and np.isfinite(x[i + 1])
            y[i] = x[i] * x[i] - x[i - 1] * x[i + 1] if known else np.nan
