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
    counted: Vector,
) -> Vector:
    """Add, to the lane of each, the templates of a stretch that are near to template `i`.

    `rows` are the samples of a coordinate, the first coordinate that is open and the one after
    the last; `limits` the tolerance and the numbers of the lanes.
    """
    stride, open_row, d = rows
    i, start, stop = stretch
    limit, lane = limits
    at = open_row * stride
    here, one = splat(columns[at + i]), splat(1.0)
    for j in range(start, stop, LANES):
        distance = magnitude(load(columns, at + j) - here)
        for row in range(open_row + 1, d):
            other = magnitude(load(columns, row * stride + j) - splat(columns[row * stride + i]))
            distance = where_above(other, distance, other, distance)
        if stop - j < LANES:
            limit = where_above(splat(float(stop - j)), lane, limit, splat(-1.0))
        counted = where_above(distance, limit, counted, counted + one)
    return counted


@kernel
def count_between(
    columns: Floats, rows: tuple[int, int, int], ends: Ints, tolerance: float, lanes: Floats
) -> int:
    """Pairs of a template of one strip and one of another; once each where the two are the same.

    `ends` are those of the two strips, `lanes` is room for a vector.
    """
    same = ends[0] == ends[2]
    low, high, certain = ends[2], ends[2], 0
    lanes[:] = np.arange(LANES)
    limits, counted = (splat(tolerance), load(lanes, 0)), splat(0.0)
    for i in range(ends[0], ends[1]):
        here = columns[i]
        while low < ends[3] and here - columns[low] > tolerance:
            low += 1
        while high < ends[3] and columns[high] - here <= tolerance:
            high += 1
        start = i + 1 if same else low
        if rows[1] >= rows[2]:
            certain += high - start
        else:
            counted = count_stretch(columns, rows, (i, start, high), limits, counted)
    store(lanes, 0, counted)
    return certain + int(lanes.sum())


@kernel
def count_pairs(
    columns: Floats, strips: Ints, reach: Floats, tolerance: float, counts: Ints
) -> None:
    """Pairs of different templates within `tolerance` in every coordinate, strip by strip.

    Parameters
    ----------
    columns
        Coordinates of all templates, one coordinate after the other, each followed by a vector of
        zeros: the one by which strips are sorted, the one by which they are cut, any others.
    strips
        First template of each strip, and the number of templates.
    reach
        Lowest and highest value of the coordinate by which they are cut, strip after strip.
    tolerance
        Largest Chebyshev distance of a pair that counts.
    counts
        Receives, for as many of the first strips as it is long, the number of pairs of a template
        of that strip with one of the same or a later strip.
    """
    n_strips, stride = strips.size - 1, strips[-1] + LANES
    d = columns.size // stride
    ends, lanes = np.empty(4, np.int64), np.empty(LANES)
    for a in range(counts.size):
        ends[:2] = strips[a : a + 2]
        counts[a] = 0
        b = a
        while b < n_strips and reach[2 * b] - reach[2 * a + 1] <= tolerance:
            ends[2:] = strips[b : b + 2]
            certain = reach[2 * b + 1] - reach[2 * a] <= tolerance
            rows = (stride, 2 if certain else 1, d)
            counts[a] += count_between(columns, rows, ends, tolerance, lanes)
            b += 1
