"""Tiles of eight lanes, filled from where these are read and emptied to where they are written."""

import numpy as np

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import (
    load,
    load_transposed,
    magnitude,
    store,
    store_transposed,
    stream_transposed,
)
from emgproc._kernels._simd_interpreted import LANES
from emgproc._kernels.filter_plan import BEGIN, END, FIRST, LAST, READ, WRITE, WRITTEN
from emgproc.arrays import Floats, Ints


@kernel
def fill_tile(
    x: Floats, lanes: Ints, row: int, n: int, first: int, last: int, tile: Floats
) -> None:
    """Rows `row` ... `row + n` of every lane: its samples, odd padding beyond them, then anything.

    All lanes hold true samples in the rows `first` ... `last`.
    """
    places = np.empty(LANES, np.int64)
    for t in range(0, n, LANES):
        r = row + t
        if first <= r and r + LANES <= last:
            load_transposed(x, lanes[READ], r, tile, t * LANES)
        elif none_at_an_edge(lanes, r, places):
            load_transposed(x, places, 0, tile, t * LANES)
        else:
            for lane in range(LANES):
                for k in range(LANES):
                    tile[(t + k) * LANES + lane] = sample(x, lanes[:, lane], r + k)


@kernel
def none_at_an_edge(lanes: Ints, row: int, places: Ints) -> bool:
    """Find eight samples for each lane from `row` on; where it does not reach, any of its own."""
    for lane in range(LANES):
        first, last = lanes[FIRST, lane], lanes[LAST, lane]
        if first <= row and row + LANES <= last:
            places[lane] = lanes[READ, lane] + row
        elif (row + LANES <= lanes[BEGIN, lane] or row >= lanes[END, lane]) and (
            last - first >= LANES
        ):
            places[lane] = lanes[READ, lane] + first
        else:
            return False
    return True


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
def rectify_tile(tile: Floats, n: int) -> None:
    """Magnitudes of n rows."""
    for i in range(0, n * LANES, LANES):
        store(tile, i, magnitude(load(tile, i)))


@kernel
def empty_tile(
    tile: Floats,
    lanes: Ints,
    row: int,
    n: int,
    last: int,
    gain: float,
    y: Floats,
    streamed: bool,
) -> None:
    """Write the rows `row` ... `row + n` of each lane that are to be, times the gain.

    All lanes write the rows before `last`.
    """
    for t in range(0, n, LANES):
        r = row + t
        if r + LANES <= min(last, row + n):
            if streamed:
                stream_transposed(tile, t * LANES, y, lanes[WRITE], r, gain)
            else:
                store_transposed(tile, t * LANES, y, lanes[WRITE], r, gain)
        else:
            for lane in range(LANES):
                for k in range(min(LANES, n - t, lanes[WRITTEN, lane] - r)):
                    y[lanes[WRITE, lane] + r + k] = gain * tile[(t + k) * LANES + lane]
