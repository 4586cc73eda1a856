"""Bands on rows that come from where lanes are read, or go to where they are written.

Transposed in registers, eight rows at a time: what is moved never waits in a tile.
"""

from emgproc._kernels._jit import kernel
from emgproc._kernels._sections import Pair, band, keep, recall, two
from emgproc._kernels._simd import (
    load,
    load_rows,
    magnitude,
    splat,
    store,
    store_rows,
    stream_rows,
)
from emgproc._kernels._simd_interpreted import LANES, Vector
from emgproc.arrays import Floats, Ints, Samples

Two = tuple[Pair, Pair]
Four = tuple[Pair, Pair, Pair, Pair]


@kernel
def through_2(v: Vector, c: Two, s: Two) -> tuple[Vector, Two]:
    """Output and next states of two bands."""
    v, s0 = band(v, c[0], s[0])
    v, s1 = band(v, c[1], s[1])
    return v, (s0, s1)


@kernel
def through_4(v: Vector, c: Four, s: Four) -> tuple[Vector, Four]:
    """Output and next states of four bands."""
    v, s0 = band(v, c[0], s[0])
    v, s1 = band(v, c[1], s[1])
    v, s2 = band(v, c[2], s[2])
    v, s3 = band(v, c[3], s[3])
    return v, (s0, s1, s2, s3)


@kernel
def feed_4(
    x: Samples, read: Ints, row: int, y: Floats, j: int, n: int, co: Floats, states: Floats
) -> None:
    """The first four sections, bands, over `n` rows of lanes from `row` on, to row `j` of `y`.

    `n` is a multiple of eight.
    """
    c = (two(co, 0), two(co, 1), two(co, 2), two(co, 3))
    s = (recall(states, 0), recall(states, 1), recall(states, 2), recall(states, 3))
    for t in range(0, n, LANES):
        v = load_rows(x, read, row + t)
        i = (j + t) * LANES
        w, s = through_4(v[0], c, s)
        store(y, i, w)
        w, s = through_4(v[1], c, s)
        store(y, i + 1 * LANES, w)
        w, s = through_4(v[2], c, s)
        store(y, i + 2 * LANES, w)
        w, s = through_4(v[3], c, s)
        store(y, i + 3 * LANES, w)
        w, s = through_4(v[4], c, s)
        store(y, i + 4 * LANES, w)
        w, s = through_4(v[5], c, s)
        store(y, i + 5 * LANES, w)
        w, s = through_4(v[6], c, s)
        store(y, i + 6 * LANES, w)
        w, s = through_4(v[7], c, s)
        store(y, i + 7 * LANES, w)
    keep(states, 0, s[0])
    keep(states, 1, s[1])
    keep(states, 2, s[2])
    keep(states, 3, s[3])


@kernel
def drain_4(
    x: Floats,
    i: int,
    n: int,
    co: Floats,
    states: Floats,
    y: Samples,
    write: Ints,
    row: int,
    gain: float,
    rectify: bool,
    streamed: bool,
) -> None:
    """The first four sections, bands, backward over `n` rows from `i` on, to lanes from `row` on.

    `n` is a multiple of eight.
    """
    c = (two(co, 0), two(co, 1), two(co, 2), two(co, 3))
    s = (recall(states, 0), recall(states, 1), recall(states, 2), recall(states, 3))
    g = splat(gain)
    for t in range(n - LANES, -1, -LANES):
        first = (i + t) * LANES
        v7, s = through_4(load(x, first + 7 * LANES), c, s)
        v6, s = through_4(load(x, first + 6 * LANES), c, s)
        v5, s = through_4(load(x, first + 5 * LANES), c, s)
        v4, s = through_4(load(x, first + 4 * LANES), c, s)
        v3, s = through_4(load(x, first + 3 * LANES), c, s)
        v2, s = through_4(load(x, first + 2 * LANES), c, s)
        v1, s = through_4(load(x, first + 1 * LANES), c, s)
        v0, s = through_4(load(x, first), c, s)
        rows = (g * v0, g * v1, g * v2, g * v3, g * v4, g * v5, g * v6, g * v7)
        if rectify:
            rows = (
                magnitude(rows[0]),
                magnitude(rows[1]),
                magnitude(rows[2]),
                magnitude(rows[3]),
                magnitude(rows[4]),
                magnitude(rows[5]),
                magnitude(rows[6]),
                magnitude(rows[7]),
            )
        if streamed:
            stream_rows(rows, y, write, row + t)
        else:
            store_rows(rows, y, write, row + t)
    keep(states, 0, s[0])
    keep(states, 1, s[1])
    keep(states, 2, s[2])
    keep(states, 3, s[3])


@kernel
def feed_2(
    x: Samples, read: Ints, row: int, y: Floats, j: int, n: int, co: Floats, states: Floats
) -> None:
    """The first two sections, bands, over `n` rows of lanes from `row` on, to row `j` of `y`.

    `n` is a multiple of eight.
    """
    c = (two(co, 0), two(co, 1))
    s = (recall(states, 0), recall(states, 1))
    for t in range(0, n, LANES):
        v = load_rows(x, read, row + t)
        i = (j + t) * LANES
        w, s = through_2(v[0], c, s)
        store(y, i, w)
        w, s = through_2(v[1], c, s)
        store(y, i + 1 * LANES, w)
        w, s = through_2(v[2], c, s)
        store(y, i + 2 * LANES, w)
        w, s = through_2(v[3], c, s)
        store(y, i + 3 * LANES, w)
        w, s = through_2(v[4], c, s)
        store(y, i + 4 * LANES, w)
        w, s = through_2(v[5], c, s)
        store(y, i + 5 * LANES, w)
        w, s = through_2(v[6], c, s)
        store(y, i + 6 * LANES, w)
        w, s = through_2(v[7], c, s)
        store(y, i + 7 * LANES, w)
    keep(states, 0, s[0])
    keep(states, 1, s[1])


@kernel
def drain_2(
    x: Floats,
    i: int,
    n: int,
    co: Floats,
    states: Floats,
    y: Samples,
    write: Ints,
    row: int,
    gain: float,
    rectify: bool,
    streamed: bool,
) -> None:
    """The first two sections, bands, backward over `n` rows from `i` on, to lanes from `row` on.

    `n` is a multiple of eight.
    """
    c = (two(co, 0), two(co, 1))
    s = (recall(states, 0), recall(states, 1))
    g = splat(gain)
    for t in range(n - LANES, -1, -LANES):
        first = (i + t) * LANES
        v7, s = through_2(load(x, first + 7 * LANES), c, s)
        v6, s = through_2(load(x, first + 6 * LANES), c, s)
        v5, s = through_2(load(x, first + 5 * LANES), c, s)
        v4, s = through_2(load(x, first + 4 * LANES), c, s)
        v3, s = through_2(load(x, first + 3 * LANES), c, s)
        v2, s = through_2(load(x, first + 2 * LANES), c, s)
        v1, s = through_2(load(x, first + 1 * LANES), c, s)
        v0, s = through_2(load(x, first), c, s)
        rows = (g * v0, g * v1, g * v2, g * v3, g * v4, g * v5, g * v6, g * v7)
        if rectify:
            rows = (
                magnitude(rows[0]),
                magnitude(rows[1]),
                magnitude(rows[2]),
                magnitude(rows[3]),
                magnitude(rows[4]),
                magnitude(rows[5]),
                magnitude(rows[6]),
                magnitude(rows[7]),
            )
        if streamed:
            stream_rows(rows, y, write, row + t)
        else:
            store_rows(rows, y, write, row + t)
    keep(states, 0, s[0])
    keep(states, 1, s[1])
