"""Filters over groups of eight lanes, a tile that fits the first cache at a time."""

import numpy as np

from emgproc._kernels._bands import drain_2, drain_4, feed_2, feed_4
from emgproc._kernels._cascade import cascade, run
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
from emgproc._kernels.filter_plan import BAND, BEGIN, END, FIRST, LAST, READ, TILE, WRITE, WRITTEN
from emgproc.arrays import Bools, Floats, Ints


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


@kernel
def bands_of(passes: Ints) -> int:
    """How many bands of the first pass are walked in registers: four, two, or none."""
    return passes[0, 1] if passes[0, 0] == BAND and passes[0, 1] > 1 else 0


@kernel
def forward(
    x: Floats,
    lanes: Ints,
    low: Ints,
    high: Ints,
    passes: Ints,
    coefficients: Floats,
    steady: Floats,
    states: Floats,
    tile: Floats,
    scratch: Floats,
) -> None:
    """Forward over one group; row 0 and what follows is left in `scratch`.

    Rows that all lanes have go from where they are read through the bands in registers.
    """
    read, starts, end = lanes[READ], lanes[BEGIN], high[END]
    bands, rest = bands_of(passes), passes[1:]
    first = -(-max(high[FIRST], high[BEGIN] + 1) // LANES) * LANES
    last = low[LAST] // LANES * LANES if bands else first
    states[:] = 0
    row = low[BEGIN] // LANES * LANES
    while row < end:
        to, j = (scratch, row) if row >= 0 else (tile, 0)
        n = end - row if row >= 0 else min(-row, TILE)
        if first <= row < last:
            n = min(n, last - row, TILE if len(rest) else n)
            fed, i = (tile, 0) if len(rest) else (to, j)
            if bands == 4:
                feed_4(x, read, row, fed, i, n, coefficients, states)
            else:
                feed_2(x, read, row, fed, i, n, coefficients, states)
            run(fed, i, to, j, 1, n, rest, coefficients, states)
        else:
            n = min(n, TILE, first - row if row < first < last else n)
            fill_tile(x, lanes, row, n, high[FIRST], low[LAST], tile)
            cascade(tile, 0, to, j, 1, n, starts, row, passes, coefficients, steady, states)
        row += n


@kernel
def backward(
    scratch: Floats,
    lanes: Ints,
    low: Ints,
    high: Ints,
    passes: Ints,
    coefficients: Floats,
    steady: Floats,
    states: Floats,
    tile: Floats,
    y: Floats,
    gain: float,
    rectify: bool,
    streamed: bool,
) -> None:
    """Backward over one group, from what `forward` left in `scratch`; bands are the last pass."""
    write, ends, top = lanes[WRITE], -lanes[END], high[END]
    before = passes[:-1]
    bands = bands_of(passes[len(before) :])
    last = min(low[WRITTEN], low[END] - 1) // LANES * LANES if bands else 0
    while top > last:
        row = max((top - 1) // TILE * TILE, last)
        n = top - row
        cascade(
            scratch, top - 1, tile, n - 1, -1, n, ends, -top, passes, coefficients, steady, states
        )
        if row < high[WRITTEN]:
            if rectify:
                rectify_tile(tile, n)
            empty_tile(tile, lanes, row, n, low[WRITTEN], gain, y, streamed)
        top = row
    while top > 0:
        n = min(top, TILE) if len(before) else top
        row = top - n
        source, i = (tile, 0) if len(before) else (scratch, row)
        run(scratch, top - 1, tile, n - 1, -1, n, before, coefficients, states)
        if bands == 4:
            drain_4(source, i, n, coefficients, states, y, write, row, gain, rectify, streamed)
        else:
            drain_2(source, i, n, coefficients, states, y, write, row, gain, rectify, streamed)
        top = row


@kernel
def zero_phase_groups(
    x: Floats,
    y: Floats,
    groups: Ints,
    lowest: Ints,
    highest: Ints,
    streamed: Bools,
    passes: Ints,
    coefficients: Floats,
    steady: Floats,
    gain: float,
    rectify: bool,
    memory: Floats,
) -> None:
    """Forward, then backward, over groups of eight lanes; the lanes may differ in length.

    Parameters
    ----------
    x, y
        Input and output, flat, of one type.
    groups
        (n_groups, 7, 8): where each lane reads and writes, see `filter_plan.py`.
    lowest, highest
        (n_groups, 7): of the lanes of each group.
    streamed
        (n_groups,): what is written starts at multiples of 8 elements, and may pass the cache.
    passes
        (2, n_passes, 3): kind and number of sections of each and the first of them, forward and
        backward.
    coefficients
        Five numbers for each section, see `two` and `five`.
    steady
        (2, 2 * n_sections): two states of each section for a constant input of 1 to the cascade,
        forward and backward.
    gain
        Factor of the output, for both directions together.
    rectify
        Write |y| instead of y.
    memory
        Room to work in, best from a multiple of 64 bytes on: `TILE` rows of eight, then as many
        as the last row of any lane.
    """
    tile, scratch = memory[: TILE * LANES], memory[TILE * LANES :]
    states = np.empty(coefficients.size // 5 * 2 * LANES)
    factor = abs(gain) if rectify else gain
    for g in range(groups.shape[0]):
        lanes, low, high = groups[g], lowest[g], highest[g]
        forward(x, lanes, low, high, passes[0], coefficients, steady[0], states, tile, scratch)
        backward(
            scratch, lanes, low, high, passes[1], coefficients, steady[1], states, tile,
            y, factor, rectify, streamed[g],
        )  # fmt: skip


@kernel
def causal_groups(
    x: Floats,
    y: Floats,
    groups: Ints,
    lowest: Ints,
    highest: Ints,
    starts: Ints,
    passes: Ints,
    coefficients: Floats,
    steady: Floats,
    gain: float,
    states: Floats,
    tile: Floats,
) -> None:
    """Forward only, over groups of eight lanes, from the states that are left from before.

    Parameters
    ----------
    starts
        (n_groups, 8): row at which a lane is set as if what it holds there had always been; a
        negative one: not at all.
    states
        (n_groups, 16 * n_sections): changed in place.
    tile
        Room to work in: `TILE` rows of eight.
    x, y, groups, lowest, highest, passes, coefficients, steady, gain
        As in `zero_phase_groups`, for one direction.
    """
    for g in range(groups.shape[0]):
        lanes, low, high = groups[g], lowest[g], highest[g]
        end = high[END]
        for row in range(0, end, TILE):
            n = min(TILE, end - row)
            fill_tile(x, lanes, row, n, high[FIRST], low[LAST], tile)
            cascade(
                tile, 0, tile, 0, 1, n, starts[g], row, passes, coefficients, steady, states[g]
            )
            empty_tile(tile, lanes, row, n, low[WRITTEN], gain, y, False)
