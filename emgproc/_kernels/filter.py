"""Zero-phase second-order sections, eight lanes at a time, on a fixed grid of blocks."""

import numpy as np

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import (
    load,
    load_transposed,
    magnitude,
    muladd,
    splat,
    store,
    store_transposed,
)
from emgproc._kernels._simd_interpreted import LANES
from emgproc.arrays import Floats, Ints


@kernel
def one_section(tile: Floats, first: int, step: int, n: int, c: Floats, state: Floats) -> None:
    """Filter `n` rows of `tile` in place, transposed direct form II; `c` is b0 b1 b2 -a1 -a2."""
    b0, b1, b2 = splat(c[0]), splat(c[1]), splat(c[2])
    a1, a2 = splat(c[3]), splat(c[4])
    p, q = load(state, 0), load(state, LANES)
    i = first * LANES
    for _ in range(n):
        v = load(tile, i)
        y = muladd(b0, v, p)
        p = muladd(a1, y, muladd(b1, v, q))
        q = muladd(a2, y, b2 * v)
        store(tile, i, y)
        i += step * LANES
    store(state, 0, p)
    store(state, LANES, q)


@kernel
def two_sections(tile: Floats, first: int, step: int, n: int, c: Floats, state: Floats) -> None:
    """`one_section` twice in one walk: both fit the registers, and their waits overlap."""
    b0, b1, b2 = splat(c[0]), splat(c[1]), splat(c[2])
    a1, a2 = splat(c[3]), splat(c[4])
    d0, d1, d2 = splat(c[5]), splat(c[6]), splat(c[7])
    e1, e2 = splat(c[8]), splat(c[9])
    p, q = load(state, 0), load(state, LANES)
    r, s = load(state, 2 * LANES), load(state, 3 * LANES)
    i = first * LANES
    for _ in range(n):
        v = load(tile, i)
        y = muladd(b0, v, p)
        p = muladd(a1, y, muladd(b1, v, q))
        q = muladd(a2, y, b2 * v)
        z = muladd(d0, y, r)
        r = muladd(e1, z, muladd(d1, y, s))
        s = muladd(e2, z, d2 * y)
        store(tile, i, z)
        i += step * LANES
    store(state, 0, p)
    store(state, LANES, q)
    store(state, 2 * LANES, r)
    store(state, 3 * LANES, s)


@kernel
def cascade(
    tile: Floats, first: int, step: int, n: int, coefficients: Floats, steady: Floats
) -> None:
    """All sections over `n` rows from `first`, started as if the first row had always been.

    `steady` holds each section's state for a constant input of 1 to the whole cascade.
    """
    n_sections = coefficients.size // 5
    state = np.empty(4 * LANES)
    start = load(tile, first * LANES)
    k = 0
    while k < n_sections:
        pair = 2 if k + 1 < n_sections else 1
        for j in range(2 * pair):
            store(state, j * LANES, splat(steady[2 * k + j]) * start)
        if pair == 2:
            two_sections(tile, first, step, n, coefficients[5 * k : 5 * k + 10], state)
        else:
            one_section(tile, first, step, n, coefficients[5 * k : 5 * k + 5], state)
        k += pair


@kernel
def fill_tile(x: Floats, starts: Ints, n: int, tile: Floats, row: int) -> None:
    """Rows `row` … `row + n` of `tile` from the samples that follow `starts`, lane by lane."""
    whole = n // LANES * LANES
    for t in range(0, whole, LANES):
        load_transposed(x, starts, t, tile, (row + t) * LANES)
    for t in range(whole, n):
        for lane in range(LANES):
            tile[(row + t) * LANES + lane] = x[starts[lane] + t]


@kernel
def empty_tile(tile: Floats, row: int, n: int, y: Floats, starts: Ints) -> None:
    """Inverse of `fill_tile`."""
    whole = n // LANES * LANES
    for t in range(0, whole, LANES):
        store_transposed(tile, (row + t) * LANES, y, starts, t)
    for t in range(whole, n):
        for lane in range(LANES):
            y[starts[lane] + t] = tile[(row + t) * LANES + lane]


@kernel
def extend_oddly(tile: Floats, edge: int, direction: int, n: int) -> None:
    """Fill `n` rows beyond `edge` with 2·x[edge] - x[edge ± k] (as SciPy's odd padding)."""
    minus = splat(-1.0)
    twice = splat(2.0) * load(tile, edge * LANES)
    for k in range(1, n + 1):
        inside = load(tile, (edge - direction * k) * LANES)
        store(tile, (edge + direction * k) * LANES, muladd(minus, inside, twice))


@kernel
def zero_phase_blocks(
    x: Floats,
    y: Floats,
    lanes: Ints,
    shapes: Ints,
    coefficients: Floats,
    steady: Floats,
    rectify: bool,
) -> None:
    """Forward, then backward, over groups of eight blocks of one shape each.

    Parameters
    ----------
    x, y
        Input and output, flat.
    lanes
        (n_groups, 2, 8): flat index of each lane's first sample read and first sample written.
    shapes
        (n_groups, 5): rows of padding before, rows read, rows of padding after, first row
        written (padding counted), rows written.
    coefficients
        b0 b1 b2 -a1 -a2 of each section.
    steady
        Two states of each section for a constant input of 1 to the cascade.
    rectify
        Write |y| instead of y.
    """
    longest = 0
    for g in range(shapes.shape[0]):
        longest = max(longest, shapes[g, 0] + shapes[g, 1] + shapes[g, 2])
    tile = np.empty(longest * LANES)
    for g in range(shapes.shape[0]):
        before, n, after, kept, n_kept = shapes[g]
        fill_tile(x, lanes[g, 0], n, tile, before)
        extend_oddly(tile, before, -1, before)
        extend_oddly(tile, before + n - 1, 1, after)
        rows = before + n + after
        cascade(tile, 0, 1, rows, coefficients, steady)
        cascade(tile, rows - 1, -1, rows - kept, coefficients, steady)
        if rectify:
            for row in range(kept, kept + n_kept):
                store(tile, row * LANES, magnitude(load(tile, row * LANES)))
        empty_tile(tile, kept, n_kept, y, lanes[g, 1])
