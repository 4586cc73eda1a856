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


@kernel
def fit(walk: Floats, starts: Ints, size: int, tile: Floats) -> tuple[Vector, Vector, Vector]:
    """First value, mean above it and slope of the box of each lane."""
    load_transposed(walk, starts, 0, tile, 0)
    first, total, moment = load(tile, 0), splat(0.0), splat(0.0)
    middle = (size - 1) / 2
    for t in range(0, size, LANES):
        load_transposed(walk, starts, t, tile, 0)
        for k in range(min(LANES, size - t)):
            above = load(tile, k * LANES) - first
            total = total + above
            moment = muladd(splat(t + k - middle), above, moment)
    n = float(size)
    return first, total * splat(1 / n), moment * splat(12 / (n * (n * n - 1)))


@kernel
def squares(walk: Floats, starts: Ints, size: int, tile: Floats) -> Vector:
    """Sum of squared distances from the fitted line of the box of each lane."""
    first, mean, slope = fit(walk, starts, size, tile)
    middle = (size - 1) / 2
    total: Vector = splat(0.0)
    for t in range(0, size, LANES):
        load_transposed(walk, starts, t, tile, 0)
        for k in range(min(LANES, size - t)):
            off = load(tile, k * LANES) - first - mean - slope * splat(t + k - middle)
            total = muladd(off, off, total)
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
    tile, sums = np.empty(LANES * LANES), np.empty(LANES)
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
