"""Moving sums, mean rectified values and root mean squares over windows of n samples; TKEO.

A running sum remembers every artefact that has passed (2e-4 off after one of 1e6 times the
baseline). Here each window is the sum of its own samples and no other. A row is a vector of
consecutive samples. Sums of the 1, 2, 4, 8, … samples that end with each sample come of doubling,
a shift each; a window is whole rows and a few samples more. Rows lie in blocks of as many as a
window has whole, so that it is the tail of one block and the head of the next (van Herk 1992,
Gil & Werman 1993, for maxima; sums work alike). Memory gives one stream and takes one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels._jit import kernel
from emgproc._kernels._scratch import scratch
from emgproc._kernels._simd import (
    lanes,
    later,
    load,
    magnitude,
    root,
    splat_as,
    store,
    where_at_least,
)
from emgproc._kernels._simd_interpreted import Vector
from emgproc._kernels.envelope_plan import Tiling
from emgproc.arrays import Ints

Reals = NDArray[Any]  # float64 or float32

SUM, MEAN_RECTIFIED, ROOT_MEAN_SQUARE = range(3)
N_STATE = 7  # vectors that one tile leaves to the next
FEW = 32  # rows added one by one before they are added to those before them: error of float32

# Columns of `pieces`: flat index of the signal's sample 0 in the input and in the output; first
# sample of the piece, a multiple of the block, and the one after its last; samples of the signal.
READ, WRITE, FIRST, LAST, SIZE = range(5)


@kernel
def measured(v: Vector, measure: int) -> Vector:
    """What is summed of a sample."""
    if measure == ROOT_MEAN_SQUARE:
        return v * v
    return magnitude(v) if measure == MEAN_RECTIFIED else v


@kernel
def sum_rows(
    x: Reals,
    at: int,
    tiling: Tiling,
    state: Reals,
    wholes: Reals,
    rests: Reals,
    squares: Reals,
    y: Reals,
    to: int,
) -> None:
    """Sums of as many samples as a row has, and of the n % lanes before; each ends with a sample.

    Of the rows of a tile that begins at `at`. The rest of n samples is made bit by bit: 2 samples,
    if n has that bit, and the rest of the lower bits 2 samples earlier. Meanwhile the roots of
    the tile before, `squares`, go to `y` from `to` on, if that is no less than 0: alone they take
    as long as all the rest.
    """
    m, n, zero = lanes(x), tiling.n, splat_as(x, 0.0)
    one, two, four = load(state, 0), load(state, m), load(state, 2 * m)
    eight, rest_1 = load(state, 3 * m), load(state, 4 * m)
    rest_2, rest_4 = load(state, 5 * m), load(state, 6 * m)
    kept = tiling.kept * m
    for i in range(0, wholes.size - kept, m):
        if to >= 0:
            store(y, to + i, root(load(squares, i)))
        a, b, c, d = one, two, four, eight
        one = measured(load(x, at + i), tiling.measure)
        two = one + later(one, a, 1)
        four = two + later(two, b, 2)
        eight = four + later(four, c, 4)
        store(wholes, kept + i, eight if m == 8 else eight + later(eight, d, 8))
        a, b, c = rest_1, rest_2, rest_4
        rest_1 = one if n & 1 else zero
        rest_2 = two + later(rest_1, a, 2) if n & 2 else rest_1
        rest_4 = four + later(rest_2, b, 4) if n & 4 else rest_2
        store(rests, kept + i, eight + later(rest_4, c, 8) if n & 8 and m == 16 else rest_4)
    store(state, 0, one)
    store(state, m, two)
    store(state, 2 * m, four)
    store(state, 3 * m, eight)
    store(state, 4 * m, rest_1)
    store(state, 5 * m, rest_2)
    store(state, 6 * m, rest_4)


@kernel
def add_short(
    tiling: Tiling,
    wholes: Reals,
    rests: Reals,
    factor: Vector,
    out: Reals,
    to: int,
) -> Vector:
    """`measure_tile` for windows of few rows, each summed anew."""
    m, kept = lanes(wholes), tiling.kept * lanes(wholes)
    total: Vector = splat_as(wholes, 0.0)
    begin = tiling.n // m * m
    for k in range(kept, wholes.size, m):
        window = load(rests, k - begin)
        for i in range(k - begin + m, k + m, m):
            window = window + load(wholes, i)
        total = total + window
        store(out, to + k - kept, window * factor)
    for k in range(0, kept, m):
        store(wholes, k, load(wholes, wholes.size - kept + k))
        store(rests, k, load(rests, wholes.size - kept + k))
    return total


@kernel
def add_heads(
    wholes: Reals, first: int, tails: Reals, factor: Vector, out: Reals, to: int
) -> Vector:
    """Windows that end within the block at `first`, times a factor; sum of the block."""
    m = lanes(wholes)
    before: Vector = splat_as(wholes, 0.0)
    for part in range(0, tails.size, FEW * m):
        head = splat_as(wholes, 0.0)
        for k in range(part, min(part + FEW * m, tails.size), m):
            head = head + load(wholes, first + k)
            store(out, to + k, (load(tails, k) + (before + head)) * factor)
        before = before + head
    return before


@kernel
def sum_tails(wholes: Reals, rests: Reals, first: int, tails: Reals) -> None:
    """What windows that end in the next block have in this one and before."""
    m = lanes(wholes)
    before = splat_as(wholes, 0.0)
    for part in range(tails.size, 0, -FEW * m):
        tail = splat_as(wholes, 0.0)
        for k in range(part - m, max(part - FEW * m, 0) - m, -m):
            store(tails, k, load(rests, first + k) + (before + tail))
            tail = tail + load(wholes, first + k)
        before = before + tail


@kernel
def measure_tile(
    tiling: Tiling,
    wholes: Reals,
    rests: Reals,
    tails: Reals,
    factor: Vector,
    out: Reals,
    at: int,
) -> Vector:
    """Windows that end with the samples of a tile, to `out` from `at` on; a sum over the tile."""
    total: Vector = splat_as(wholes, 0.0)
    if tiling.kept:
        return add_short(tiling, wholes, rests, factor, out, at)
    for first in range(0, wholes.size, tails.size):
        total = total + add_heads(wholes, first, tails, factor, out, at + first)
        sum_tails(wholes, rests, first, tails)
    return total


@kernel
def take_roots(squares: Reals, y: Reals, to: int) -> None:
    """Square roots of a tile, to `y` from `to` on."""
    for k in range(0, squares.size, lanes(y)):
        store(y, to + k, root(load(squares, k)))


@kernel
def read_padded(x: Reals, source: int, row: int, size: int, tile: Reals) -> None:
    """Samples from `row` on of a signal of `size` that begins at `source`; zero outside it."""
    first, last = min(max(-row, 0), tile.size), max(min(size - row, tile.size), 0)
    tile[:first], tile[max(last, first) :] = 0.0, 0.0
    for k in range(first, last):
        tile[k] = x[source + row + k]


@kernel
def write_shared(out: Reals, tiling: Tiling, piece: Ints, done: int, y: Reals) -> None:
    """Windows of samples from `done` on, by the samples each holds, to the piece's part of y."""
    m, n = lanes(out), tiling.n
    shares = np.empty(out.size, out.dtype)
    for k in range(out.size):
        first = done + k - n // 2
        there = min(first + n, piece[SIZE]) - max(first, 0)
        shares[k] = 1.0 if tiling.measure == SUM else 1.0 / max(there, 1)
    for k in range(0, out.size, m):
        store(out, k, load(out, k) * load(shares, k))
    if tiling.measure == ROOT_MEAN_SQUARE:
        take_roots(out, out, 0)
    for k in range(max(piece[FIRST] - done, 0), min(piece[LAST] - done, out.size)):
        y[piece[WRITE] + done + k] = out[k]


@kernel
def moving(x: Reals, y: Reals, pieces: Ints, tiling: Tiling, totals: Reals) -> None:
    """Windows around the samples of every piece, cut at the edges of its signal.

    What is written passes through the cache: past it 35 % more time was measured.

    Parameters
    ----------
    x, y
        Input and output, flat, of one type; what one piece writes no other reads.
    pieces
        (n_pieces, 5): what each reads and writes, see `READ` … `SIZE`.
    tiling
        See `envelope_plan.tiling_of`.
    totals
        (n_pieces · lanes): receives sums over all samples a piece needs, not finite if one of
        them is not.
    """
    m, length = lanes(x), tiling.rows * tiling.blocks
    tile, out, state = scratch(x, length), scratch(x, length), scratch(x, N_STATE)
    wholes, rests = scratch(x, tiling.kept + length), scratch(x, tiling.kept + length)
    tails, rooted = scratch(x, tiling.rows), tiling.measure == ROOT_MEAN_SQUARE
    one, share = splat_as(x, 1.0), splat_as(x, 1.0 if tiling.measure == SUM else 1.0 / tiling.n)
    for g in range(pieces.shape[0]):
        piece, total, late = pieces[g], splat_as(x, 0.0), -1
        tails[:], state[:] = 0.0, 0.0
        for done in range(piece[FIRST] - tiling.ahead * m, piece[LAST], length * m):
            row, at = done + tiling.late, piece[WRITE] + done
            ends_inside = row + length * m <= piece[SIZE]
            data, source = x, piece[READ] + row
            if row < 0 or not ends_inside:
                read_padded(x, piece[READ], row, piece[SIZE], tile)
                data, source = tile, 0
            sum_rows(data, source, tiling, state, wholes, rests, out, y, late)
            written = done >= piece[FIRST] and done + length * m <= piece[LAST]
            whole = written and row + 1 >= tiling.n and ends_inside
            late = at if whole and rooted else -1
            into, to = (y, at) if whole and not rooted else (out, 0)
            factor = share if whole else one
            v = measure_tile(tiling, wholes, rests, tails, factor, into, to)
            if not whole:
                write_shared(out, tiling, piece, done, y)
            total = total + v
        if late >= 0:
            take_roots(out, y, late)
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
