"""Distance of a walk from straight lines fitted box by box, a box to a lane.

Sums are taken about the first sample of a box, so that they lose nothing far from zero; the
distances from the line are then squared and summed themselves, since a difference of sums of
squares would lose them where a box is nearly straight.
"""

import numpy as np

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import load, load_transposed, muladd, splat, store
from emgproc._kernels._simd_interpreted import LANES, Vector
from emgproc.arrays import Floats, Ints

ROWS = 128  # samples of each lane laid out at once


@kernel
def lay_out(walk: Floats, starts: Ints, t: int, n: int, tile: Floats) -> None:
    """`n` samples of each lane from sample `t` of its box, side by side."""
    for row in range(0, n, LANES):
        load_transposed(walk, starts, t + row, tile, row * LANES)


@kernel
def fit(walk: Floats, starts: Ints, size: int, tile: Floats) -> tuple[Vector, Vector, Vector]:
    """First value, mean above it, slope of the box of each lane, whose first rows are laid out."""
    first, total, moment = load(tile, 0), splat(0.0), splat(0.0)
    ramp, one = splat(-(size - 1) / 2), splat(1.0)
    for t in range(0, size, ROWS):
        n = min(ROWS, size - t)
        if t:
            lay_out(walk, starts, t, n, tile)
        for row in range(n):
            above = load(tile, row * LANES) - first
            total = total + above
            moment = muladd(ramp, above, moment)
            ramp = ramp + one
    inverse = 12.0 / (size * (float(size) * size - 1.0))
    return first, total * splat(1.0 / size), moment * splat(inverse)


@kernel
def squares(walk: Floats, starts: Ints, size: int, tile: Floats) -> Vector:
    """Sum of squared distances from the fitted line of the box of each lane."""
    lay_out(walk, starts, 0, min(ROWS, size), tile)
    first, mean, slope = fit(walk, starts, size, tile)
    total: Vector = splat(0.0)
    ramp, one = splat(-(size - 1) / 2), splat(1.0)
    for t in range(0, size, ROWS):
        n = min(ROWS, size - t)
        if size > ROWS:
            lay_out(walk, starts, t, n, tile)
        for row in range(n):
            off = load(tile, row * LANES) - first - mean - slope * ramp
            total = muladd(off, off, total)
            ramp = ramp + one
    return total


@kernel
def mean_squares(walk: Floats, n: int, sizes: Ints, found: Floats) -> None:
    """Mean squared distance of a walk from the line of its box, for boxes of each size.

    Parameters
    ----------
    walk
        `n` samples, and a vector beyond them.
    n
        Boxes follow each other from the first sample on; what is left at the end is in none.
    sizes
        Samples of a box, at most `n`.
    found
        Receives the mean for each size, unit of `walk` squared.
    """
    tile, sums = np.empty(ROWS * LANES), np.empty(LANES)
    starts = np.empty(LANES, np.int64)
    for s in range(sizes.size):
        size = sizes[s]
        boxes = n // size
        total = 0.0
        for box in range(0, boxes, LANES):
            for lane in range(LANES):
                starts[lane] = min(box + lane, boxes - 1) * size
            store(sums, 0, squares(walk, starts, size, tile))
            for lane in range(min(LANES, boxes - box)):
                total += sums[lane]
        found[s] = total / (boxes * size)
