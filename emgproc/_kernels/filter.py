"""Filters over groups of eight lanes, a tile that fits the first cache at a time."""

import numpy as np

from emgproc._kernels._bands import drain_2, drain_4, feed_2, feed_4
from emgproc._kernels._cascade import cascade, run
from emgproc._kernels._jit import kernel
from emgproc._kernels._simd_interpreted import LANES
from emgproc._kernels._tiles import empty_tile, fill_tile, rectify_tile
from emgproc._kernels.filter_plan import BAND, BEGIN, END, FIRST, LAST, READ, TILE, WRITE, WRITTEN
from emgproc.arrays import Bools, Floats, Ints


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
    ring: Floats,
    row: int,
    end: int,
) -> None:
    """Forward over rows `row` ... `end` of one group; those from 0 on are left in `ring`.

    Rows that all lanes have go from where they are read through the bands in registers.
    """
    read, starts, size = lanes[READ], lanes[BEGIN], ring.size // LANES
    bands, rest = bands_of(passes), passes[1:]
    first = -(-max(high[FIRST], high[BEGIN] + 1) // LANES) * LANES
    last = low[LAST] // LANES * LANES if bands else first
    while row < end:
        to, j = (ring, row % size) if row >= 0 else (tile, 0)
        n = min(end - row, size - j) if row >= 0 else min(-row, TILE)
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
def awake(reaches: Ints, ahead: int) -> int:
    """How many passes, from the first, must have begun `ahead` rows before what is wanted."""
    n = 0
    while n < len(reaches) and reaches[n] > ahead:
        n += 1
    return n


@kernel
def backward(
    ring: Floats,
    lanes: Ints,
    low: Ints,
    high: Ints,
    passes: Ints,
    reaches: Ints,
    coefficients: Floats,
    steady: Floats,
    states: Floats,
    tile: Floats,
    base: int,
    stop: int,
    top: int,
    y: Floats,
    gain: float,
    rectify: bool,
    streamed: bool,
) -> None:
    """Backward over one group, from what `forward` left in `ring`; bands are the last pass.

    From row `top` down, where every lane begins that is still there; written are the rows
    `base` ... `stop`.
    """
    write, ends, size = lanes[WRITE], -np.minimum(lanes[END], top), ring.size // LANES
    before = passes[:-1]
    bands = bands_of(passes[len(before) :])
    last = min(low[WRITTEN], low[END] - 1, stop) // LANES * LANES if bands else base
    last = max(last, base)
    while top > last:
        row = max((top - 1) // TILE * TILE, last)
        n = top - row
        running = passes[: awake(reaches, row - stop)]
        cascade(
            ring, (top - 1) % size, tile, n - 1, -1, n, ends, -top, running,
            coefficients, steady, states,
        )  # fmt: skip
        if row < min(high[WRITTEN], stop):
            if rectify:
                rectify_tile(tile, n)
            empty_tile(tile, lanes, row, n, low[WRITTEN], gain, y, streamed)
        top = row
    while top > base:
        at = (top - 1) % size
        n = min(top - base, at + 1, TILE if len(before) else size)
        row = top - n
        source, i = (tile, 0) if len(before) else (ring, row % size)
        run(ring, at, tile, n - 1, -1, n, before, coefficients, states)
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
    reaches: Ints,
    coefficients: Floats,
    steady: Floats,
    gain: float,
    rectify: bool,
    stretch: int,
    ahead: int,
    memory: Floats,
) -> None:
    """Forward, then backward, over groups of eight lanes; the lanes may differ in length.

    A lane goes forward once, and backward a stretch of rows at a time, each from as far beyond it
    as the filter remembers: no more than that is held.

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
    reaches
        (n_passes,), falling: rows before a stretch at which each pass backward has to begin.
    coefficients
        Five numbers for each section, see `two` and `five`.
    steady
        (2, 2 * n_sections): two states of each section for a constant input of 1 to the cascade,
        forward and backward.
    gain
        Factor of the output, for both directions together.
    rectify
        Write |y| instead of y.
    stretch, ahead
        Rows of a stretch, and rows beyond it from which it is walked; multiples of `TILE`.
    memory
        Room to work in, best from a multiple of 64 bytes on: `TILE` rows of eight, then
        `stretch + ahead` of them, or as many multiples of `TILE` as hold all rows of any lane.
    """
    tile, ring = memory[: TILE * LANES], memory[TILE * LANES :]
    states = np.empty((2, coefficients.size // 5 * 2 * LANES))
    factor = abs(gain) if rectify else gain
    for g in range(groups.shape[0]):
        lanes, low, high = groups[g], lowest[g], highest[g]
        states[:] = 0
        row = low[BEGIN] // LANES * LANES
        for base in range(0, high[WRITTEN], stretch):
            stop = base + stretch
            top = min(stop + ahead, high[END])
            forward(
                x, lanes, low, high, passes[0], coefficients, steady[0], states[0], tile, ring,
                row, top,
            )  # fmt: skip
            row = top
            backward(
                ring, lanes, low, high, passes[1], reaches, coefficients, steady[1], states[1],
                tile, base, stop, top, y, factor, rectify, streamed[g],
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
