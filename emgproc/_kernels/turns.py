"""Turns of a signal: a state machine without branches for counts, one with them for positions.

A turn is an extremum from which the signal moves away by a threshold or more on both sides before
it goes beyond it. The machine knows in which direction the signal goes and the extreme it has
reached in that direction; in coordinates of the direction (times 1 or -1) a turn is a fall from
the extreme by the threshold. Two vectors of channels are walked together: each step waits for the
one before, and the two wait at the same time.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import (
    bits_above,
    lanes,
    load,
    load_transposed,
    magnitude,
    muladd,
    prefetch_lanes,
    splat_as,
    store,
    where_above,
    where_at_least,
)
from emgproc._kernels._simd_interpreted import Vector
from emgproc.arrays import Floats, Ints

Values = NDArray[Any]  # float64 or float32

ROWS = 256  # samples of each lane walked at once; sums of float32 go on in float64 after them
AHEAD = 2  # square tiles
STATE = 9  # vectors: direction, extreme, turn before, high, low, sum, number, finite; threshold


@kernel
def copy_held(x: Values, starts: Ints, lengths: Ints, t: int, copy: Values) -> None:
    """`ROWS` samples from sample `t` of each lane; one that has ended holds its last value."""
    for lane in range(starts.size):
        last = lengths[lane] - 1
        for row in range(ROWS):
            copy[lane * ROWS + row] = x[starts[lane] + min(t + row, last)]


@kernel
def step(
    v: Vector, direction: Vector, extreme: Vector, before: Vector, threshold: Vector
) -> tuple[Vector, Vector, Vector, Vector, Vector]:
    """State after the samples `v`, the fall from the extreme, and the way from the turn before.

    `before` is in the coordinates of its own direction, the opposite one; -inf is none.
    """
    y = v * direction
    extreme = where_above(y, extreme, y, extreme)
    fall = extreme - y
    way = extreme + before
    before = where_at_least(fall, threshold, extreme, before)
    extreme = where_at_least(fall, threshold, -y, extreme)
    direction = where_at_least(fall, threshold, -direction, direction)
    return direction, extreme, before, fall, way


@kernel
def count(
    fall: Vector, way: Vector, threshold: Vector, total: Vector, number: Vector, one: Vector
) -> tuple[Vector, Vector]:
    """Sum of ways and number of turns, after a step."""
    total = where_at_least(fall, threshold, total + way, total)
    return total, where_at_least(fall, threshold, number + one, number)


@kernel
def turn_rows(x: Values, starts: Ints, t: int, tile: Values, state: Values) -> None:
    """Walk `ROWS` samples of two vectors of lanes that have turned before."""
    n = lanes(tile)
    a, b, square = state[: STATE * n], state[STATE * n :], n * n
    threshold, none, one = load(a, 8 * n), splat_as(tile, 0.0), splat_as(tile, 1.0)
    d, e, p = load(a, 0), load(a, n), load(a, 2 * n)
    f, g, q = load(b, 0), load(b, n), load(b, 2 * n)
    sum_a, number_a, finite_a = none, none, none
    sum_b, number_b, finite_b = none, none, none
    for row in range(0, ROWS, n):
        load_transposed(x, starts[:n], t + row, tile, 0)
        load_transposed(x, starts[n:], t + row, tile, square)
        prefetch_lanes(x, starts[:n], t + row + AHEAD * n)  # 32 streams: too many to foresee
        prefetch_lanes(x, starts[n:], t + row + AHEAD * n)
        for i in range(0, square, n):
            v, w = load(tile, i), load(tile, square + i)
            d, e, p, fall, way = step(v, d, e, p, threshold)
            sum_a, number_a = count(fall, way, threshold, sum_a, number_a, one)
            finite_a = muladd(v, none, finite_a)
            f, g, q, fall, way = step(w, f, g, q, threshold)
            sum_b, number_b = count(fall, way, threshold, sum_b, number_b, one)
            finite_b = muladd(w, none, finite_b)
    keep(a, (d, e, p), (sum_a, number_a, finite_a))
    keep(b, (f, g, q), (sum_b, number_b, finite_b))


@kernel
def keep(
    state: Values, machine: tuple[Vector, Vector, Vector], sums: tuple[Vector, Vector, Vector]
) -> None:
    """Write what a walk has come to."""
    n = lanes(state)
    store(state, 0, machine[0])
    store(state, n, machine[1])
    store(state, 2 * n, machine[2])
    store(state, 5 * n, sums[0])
    store(state, 6 * n, sums[1])
    store(state, 7 * n, sums[2])


@kernel
def first_rows(x: Values, starts: Ints, t: int, tile: Values, state: Values) -> int:
    """Walk `ROWS` samples of lanes of which some have not turned yet; a bit for those that have.

    A lane has a direction (0 until then) from the sample on that lies a threshold above the lowest
    or below the highest before it.
    """
    n = lanes(tile)
    threshold, none, one = load(state, 8 * n), splat_as(tile, 0.0), splat_as(tile, 1.0)
    half = splat_as(tile, 0.5)
    d, e, p = load(state, 0), load(state, n), load(state, 2 * n)
    high, low = load(state, 3 * n), load(state, 4 * n)
    total, number, finite = none, none, none
    for row in range(0, ROWS, n):
        load_transposed(x, starts, t + row, tile, 0)
        for i in range(0, n * n, n):
            v = load(tile, i)
            high, low = where_above(v, high, v, high), where_above(low, v, v, low)
            falls = where_at_least(high - v, threshold, -one, none)
            first = where_at_least(v - low, threshold, one, falls)
            known = magnitude(d)
            d, e, p, fall, way = step(v, d, e, p, threshold)
            way = where_above(way, none, way, none)  # none before the first turn
            total, number = count(fall, way, threshold, total, number, one)
            finite = muladd(v, none, finite)
            d = where_above(half, known, first, d)
            e = where_above(half, known, v * first, e)
    keep(state, (d, e, p), (total, number, finite))
    store(state, 3 * n, high)
    store(state, 4 * n, low)
    turned: int = bits_above(p, splat_as(tile, -np.inf))
    return turned


@kernel
def walk(x: Values, starts: Ints, t: int, tile: Values, state: Values, turned: bool) -> bool:
    """Walk `ROWS` samples of lanes that have all turned before, or not; whether they have now."""
    if turned:
        turn_rows(x, starts, t, tile, state)
        return True
    n = lanes(tile)
    a = first_rows(x, starts[:n], t, tile, state[: STATE * n])
    b = first_rows(x, starts[n:], t, tile, state[STATE * n :])
    everywhere: int = (1 << n) - 1
    return (a & b) == everywhere


@kernel
def new_state(state: Values, threshold: float) -> None:
    """No direction, no extreme, no turn before."""
    n = lanes(state)
    for half in range(0, state.size, STATE * n):
        store(state, half, splat_as(state, 0.0))
        store(state, half + n, splat_as(state, 0.0))
        store(state, half + 2 * n, splat_as(state, -np.inf))
        store(state, half + 3 * n, splat_as(state, -np.inf))
        store(state, half + 4 * n, splat_as(state, np.inf))
        store(state, half + 8 * n, splat_as(state, threshold))


@kernel
def add_sums(found: Values, sums: Floats) -> None:
    """Add what the walk of one vector has found, flat, to its (3, lanes)."""
    n = lanes(found)
    for i in range(3):
        for lane in range(n):
            sums[i, lane] += found[i * n + lane]


@kernel
def count_turns(
    x: Values, starts: Ints, lengths: Ints, threshold: float, sums: Floats, memory: Values
) -> None:
    """Number of turns of each lane, and the way between them.

    Parameters
    ----------
    x
        Samples, flat.
    starts, lengths
        (n_groups, 2 · lanes of a vector of `x`): first sample and number of samples, at least 1,
        of each lane.
    threshold
        Above 0, a number of the type of `x`.
    sums
        (n_groups, 3, 2 · lanes), zeros: receives the sum of the differences between consecutive
        turns, the number of turns, and 0, or NaN if any sample is not finite.
    memory
        2 · lanes · (lanes + `STATE` + `ROWS`) numbers, of any value; from a multiple of 64 bytes
        on the walk is a fourth faster.
    """
    n = lanes(x)
    tile, state = memory[: 2 * n * n], memory[2 * n * n : 2 * n * (n + STATE)]
    copy = memory[2 * n * (n + STATE) :]
    held = np.arange(2 * n) * ROWS
    for g in range(starts.shape[0]):
        new_state(state, threshold)
        turned = False
        for t in range(0, lengths[g].max(), ROWS):
            if t + ROWS <= lengths[g].min():
                turned = walk(x, starts[g], t, tile, state, turned)
            else:
                copy_held(x, starts[g], lengths[g], t, copy)
                turned = walk(copy, held, 0, tile, state, turned)
            add_sums(state[5 * n : 8 * n], sums[g, :, :n])
            add_sums(state[(STATE + 5) * n : (STATE + 8) * n], sums[g, :, n:])


@kernel
def middle_of_plateau(x: Values, i: int) -> int:
    """Middle of the equal samples from `i` on, rounded down; a different one follows."""
    j = i
    while x[j + 1] == x[i]:
        j += 1
    return (i + j) // 2


@kernel
def direction_at(v: float, high: float, low: float, threshold: float) -> int:
    """1 if `v` has risen a threshold above `low`, -1 if it has fallen one below `high`, else 0."""
    if v - low >= threshold:
        return 1
    return -1 if high - v >= threshold else 0


@kernel
def turns_of(x: Values, span: tuple[int, int], threshold: float, found: Ints, n: int) -> int:
    """Append to the `n` turns in `found` those within `span`, counted from its first sample.

    After a sample that is not finite the machine starts anew.
    """
    start, stop = span
    fresh, direction, at = True, 0, start
    extreme = high = low = x[start]
    for i in range(start, stop):
        v = x[i]
        if not np.isfinite(v):
            fresh, direction = True, 0
            continue
        if direction == 0:
            high, low = (v, v) if fresh else (max(high, v), min(low, v))
            fresh = False
            direction = direction_at(v, high, low, threshold)
            extreme, at = v, i
        elif (v > extreme) if direction > 0 else (v < extreme):
            extreme, at = v, i
        elif abs(extreme - v) >= threshold:
            found[n] = middle_of_plateau(x, at) - start
            n += 1
            direction = -direction
            extreme, at = v, i
    return n


@kernel
def find_turns(x: Values, n_samples: int, threshold: float, found: Ints, counts: Ints) -> None:
    """Turns of each channel of `n_samples` (at least 1), one channel after the other in `found`.

    `counts` receives how many there are of each.
    """
    n = 0
    for c in range(counts.size):
        after = turns_of(x, (c * n_samples, (c + 1) * n_samples), threshold, found, n)
        counts[c] = after - n
        n = after
