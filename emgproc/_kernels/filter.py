"""Filters over groups of eight lanes, a tile that fits the first cache at a time."""

import numpy as np

from emgproc._kernels._jit import kernel
from emgproc._kernels._sections import cascade
from emgproc._kernels._simd import (
    load,
    load_transposed,
    magnitude,
    splat,
    store,
    store_transposed,
    stream_transposed,
)
from emgproc._kernels._simd_interpreted import LANES
from emgproc.arrays import Bools, Floats, Ints

# Rows of `lanes`: flat index of the sample of row 0 in the input and in the output; then rows,
# counted from there: where the padded and the true samples begin, where the true and the padded
# ones end, how many are written.
READ, WRITE, BEGIN, FIRST, LAST, END, WRITTEN = range(7)

_TILE = 128  # rows; two tiles of 8 kB fit the first cache


@kernel
def fill_tile(x: Floats, lanes: Ints, row: int, n: int, tile: Floats) -> None:
    """Rows `row` ... `row + n` of every lane: its samples, odd padding beyond them, then 0."""
    first, last = lanes[FIRST].max(), lanes[LAST].min()
    for t in range(0, n, LANES):
        r = row + t
        if first <= r and r + LANES <= last:
            load_transposed(x, lanes[READ], r, tile, t * LANES)
        else:
            for lane in range(LANES):
                for k in range(LANES):
                    tile[(t + k) * LANES + lane] = sample(x, lanes[:, lane], r + k)


@kernel
def sample(x: Floats, lane: Ints, row: int) -> float:
    """Sample of a lane at `row`; beyond an edge 2*x[edge] - x[mirrored], SciPy's odd padding."""
    if row < lane[BEGIN] or row >= lane[END]:
        return 0.0
    zero = lane[READ]
    if row < lane[FIRST]:
        edge = lane[FIRST]
    elif row >= lane[LAST]:
        edge = lane[LAST] - 1
    else:
        return np.float64(x[zero + row])
    return 2.0 * np.float64(x[zero + edge]) - np.float64(x[zero + 2 * edge - row])


@kernel
def finish_tile(tile: Floats, n: int, gain: float, rectify: bool) -> None:
    """Apply the gain of the whole filter, and rectify."""
    g = splat(gain)
    for i in range(0, n * LANES, LANES):
        v = g * load(tile, i)
        store(tile, i, magnitude(v) if rectify else v)


@kernel
def empty_tile(tile: Floats, lanes: Ints, row: int, n: int, y: Floats, streamed: bool) -> None:
    """Write those of the rows `row` ... `row + n` that a lane is to write."""
    last = lanes[WRITTEN].min()
    for t in range(0, n, LANES):
        r = row + t
        if r + LANES <= min(last, row + n):
            if streamed:
                stream_transposed(tile, t * LANES, y, lanes[WRITE], r)
            else:
                store_transposed(tile, t * LANES, y, lanes[WRITE], r)
        else:
            for lane in range(LANES):
                for k in range(min(LANES, n - t, lanes[WRITTEN, lane] - r)):
                    y[lanes[WRITE, lane] + r + k] = tile[(t + k) * LANES + lane]


@kernel
def zero_phase_groups(
    x: Floats,
    y: Floats,
    groups: Ints,
    streamed: Bools,
    passes: Ints,
    coefficients: Floats,
    steady: Floats,
    gain: float,
    rectify: bool,
) -> None:
    """Forward, then backward, over groups of eight lanes; the lanes may differ in length.

    Parameters
    ----------
    x, y
        Input and output, flat, of one type.
    groups
        (n_groups, 7, 8): where each lane reads and writes, see `READ` ... `WRITTEN`.
    streamed
        (n_groups,): what is written starts at multiples of 8 elements, and may pass the cache.
    passes
        (n_passes, 2): kind and number of sections of each.
    coefficients
        Five numbers for each section, see `two` and `five`.
    steady
        Two states of each section for a constant input of 1 to the cascade.
    gain
        Factor of the output, for both directions together.
    rectify
        Write |y| instead of y.
    """
    rows = (max(0, groups[:, END].max()) + LANES) if len(groups) else 0
    scratch = np.empty(rows * LANES)
    tile, states = np.empty(_TILE * LANES), np.zeros(steady.size * LANES)
    for g in range(groups.shape[0]):
        lanes = groups[g]
        end = lanes[END].max()
        states[:] = 0
        row = lanes[BEGIN].min() // LANES * LANES
        while row < end:
            n = min(_TILE, end - row if row >= 0 else -row)
            fill_tile(x, lanes, row, n, tile)
            starts = lanes[BEGIN] - row
            if row < 0:
                cascade(tile, 0, tile, 0, 1, n, starts, passes, coefficients, steady, states)
            else:
                cascade(tile, 0, scratch, row, 1, n, starts, passes, coefficients, steady, states)
            row += n
        written = lanes[WRITTEN].max()
        top = end
        while top > 0:
            row = (top - 1) // _TILE * _TILE
            n = top - row
            starts = top - lanes[END]
            cascade(
                scratch, top - 1, tile, n - 1, -1, n, starts, passes, coefficients, steady, states
            )
            if row < written:
                finish_tile(tile, n, gain, rectify)
                empty_tile(tile, lanes, row, n, y, streamed[g])
            top = row
