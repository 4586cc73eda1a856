"""Pairs of templates near to each other, counted exactly without a look at most of the others.

Templates are sorted by their first coordinate and cut into strips, each sorted by its second
(after Manis, Aktaruzzaman & Sassi 2018, who sort by the first alone). Of a strip, the templates
near to one in the second coordinate are a stretch whose ends move with it; only coordinates that
are still open are compared, a vector at a time. Rounding keeps the order of differences, so the
ends of stretches and the limits of strips decide as each comparison by itself would.
"""

import numpy as np

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import load, magnitude, splat, store, where_above
from emgproc._kernels._simd_interpreted import LANES, Vector
from emgproc.arrays import Floats, Ints


@kernel
def count_stretch(
    columns: Floats,
    rows: tuple[int, int, int],
    stretch: tuple[int, int, int],
    limits: tuple[Vector, Vector],
    counted: tuple[Vector, Vector],
) -> tuple[Vector, Vector]:
    """Add the templates of a stretch near to template `i`, lane by lane.

    Counted are those near without the last coordinate, and with it. `rows` are the samples of a
    coordinate, the first coordinate that is open and the last one; `limits` the tolerance and the
    numbers of the lanes.
    """
    stride, open_row, last_row = rows
    i, start, stop = stretch
    limit, lane = limits
    near, nearer = counted
    at = last_row * stride
    here, one = splat(columns[at + i]), splat(1.0)
    for j in range(start, stop, LANES):
        distance = splat(0.0)
        for row in range(open_row, last_row):
            other = magnitude(load(columns, row * stride + j) - splat(columns[row * stride + i]))
            distance = where_above(other, distance, other, distance)
        if stop - j < LANES:
            limit = where_above(splat(float(stop - j)), lane, limit, splat(-1.0))
        near = where_above(distance, limit, near, near + one)
        other = magnitude(load(columns, at + j) - here)
        distance = where_above(other, distance, other, distance)
        nearer = where_above(distance, limit, nearer, nearer + one)
    return near, nearer


@kernel
def count_between(
    columns: Floats, rows: tuple[int, int, int], ends: Ints, tolerance: float, sums: Floats
) -> None:
    """Add the pairs of a template of one strip and one of another, or of the same, each once.

    `ends` are those of the two strips; `sums` those of `count_stretch`, lane by lane.
    """
    same = ends[0] == ends[2]
    low, high = ends[2], ends[2]
    limits = splat(tolerance), load(sums, 2 * LANES)
    counted = load(sums, 0), load(sums, LANES)
    for i in range(ends[0], ends[1]):
        here = columns[i]
        while low < ends[3] and here - columns[low] > tolerance:
            low += 1
        while high < ends[3] and columns[high] - here <= tolerance:
            high += 1
        start = i + 1 if same else low
        counted = count_stretch(columns, rows, (i, start, high), limits, counted)
    store(sums, 0, counted[0])
    store(sums, LANES, counted[1])


@kernel
def count_pairs(
    columns: Floats, strips: Ints, reach: Floats, tolerance: float, counts: Ints
) -> None:
    """Pairs of different templates within `tolerance`, without and with the last coordinate.

    Parameters
    ----------
    columns
        Coordinates of all templates, one coordinate after the other, each followed by a vector of
        zeros: the one by which strips are sorted, the one by which they are cut, any others, the
        last; at least three.
    strips
        First template of each strip, and the number of templates.
    reach
        Lowest and highest value of the coordinate by which they are cut, strip after strip.
    tolerance
        Largest Chebyshev distance of a pair that counts.
    counts
        Receives, for as many of the first strips as it holds two numbers for, how many pairs a
        template of that strip is in with one of the same or a later strip.
    """
    n_strips, stride = strips.size - 1, strips[-1] + LANES
    last_row = columns.size // stride - 1
    ends, sums = np.empty(4, np.int64), np.empty(3 * LANES)
    sums[2 * LANES :] = np.arange(LANES)
    for a in range(counts.size // 2):
        ends[:2] = strips[a : a + 2]
        sums[: 2 * LANES] = 0.0
        b = a
        while b < n_strips and reach[2 * b] - reach[2 * a + 1] <= tolerance:
            ends[2:] = strips[b : b + 2]
            certain = reach[2 * b + 1] - reach[2 * a] <= tolerance
            rows = (stride, 2 if certain else 1, last_row)
            count_between(columns, rows, ends, tolerance, sums)
            b += 1
        counts[2 * a] = int(sums[:LANES].sum())
        counts[2 * a + 1] = int(sums[LANES : 2 * LANES].sum())
