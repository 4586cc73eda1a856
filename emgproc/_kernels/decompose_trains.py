"""Trains and potentials of units that are followed: sums, what is taken away, two clusters.

`x` is time-major, m values to a sample; runs begin at flat index t·m.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import load, store
from emgproc._kernels.decompose_plan import LANES
from emgproc.arrays import Floats, Ints

Values = NDArray[np.float32]
Four = tuple[Any, Any, Any, Any]


@kernel
def store_four(out: Values, i: int, step: int, sums: Four) -> None:
    """Write four vectors `step` apart."""
    for k in range(4):
        store(out, i + k * step, sums[k])


@kernel
def load_four(x: Values, i: int, step: int) -> Four:
    """Four vectors `step` apart."""
    return load(x, i), load(x, i + step), load(x, i + 2 * step), load(x, i + 3 * step)


@kernel
def add_waveforms(x: Values, m: int, discharges: Ints, sums: Values) -> None:
    """Sum of the runs of `sums.size` values that begin at the samples `discharges`."""
    for k in range(0, sums.size, 4 * LANES):
        a, b, c, d = load_four(sums, k, LANES)
        for t in discharges:
            i = t * m + k
            a = a + load(x, i)
            b = b + load(x, i + LANES)
            c = c + load(x, i + 2 * LANES)
            d = d + load(x, i + 3 * LANES)
        store_four(sums, k, LANES, (a, b, c, d))


@kernel
def take_away(x: Values, m: int, discharges: Ints, waveform: Values) -> None:
    """Subtract a waveform from the runs that begin at the samples `discharges`, one by one."""
    for t in discharges:
        i = t * m
        for k in range(0, waveform.size, LANES):
            store(x, i + k, load(x, i + k) - load(waveform, k))


@kernel
def add_response(source: Values, discharges: Ints, response: Values) -> None:
    """Add a response to the stretches that begin at the samples `discharges`, one by one."""
    for t in discharges:
        for k in range(response.size):
            source[t + k] += response[k]


@kernel
def split_heights(heights: Floats) -> tuple[float, float]:
    """Means of the low and the high of two clusters (2-means from the extremes)."""
    low, high = heights.min(), heights.max()
    for _ in range(50):
        middle = 0.5 * (low + high)
        n_above, above, below = 0, 0.0, 0.0
        for height in heights:
            if height > middle:
                n_above += 1
                above += height
            else:
                below += height
        if n_above in (0, heights.size):
            break
        new_low, new_high = below / (heights.size - n_above), above / n_above
        if new_low == low and new_high == high:
            break
        low, high = new_low, new_high
    return low, high


@kernel
def clusters_of(heights: Floats, top: float) -> tuple[float, float]:
    """Limit between two clusters of `heights`, none counting for more than `top`; silhouette.

    That of those above the limit; 0 without one, or without any below.
    """
    low, high = split_heights(np.minimum(heights, top))
    middle = 0.5 * (low + high)
    n, above, below = 0, 0.0, 0.0
    for height in heights:
        if height > middle:
            n += 1
            above += height
        else:
            below += height
    if n in (0, heights.size):
        return middle, 0.0
    above, below = above / n, below / (heights.size - n)
    within, between = 0.0, 0.0
    for height in heights:
        if height > middle:
            within += (height - above) ** 2
            between += (height - below) ** 2
    most = max(within, between)
    return middle, (between - within) / most if most > 0 else 0.0
