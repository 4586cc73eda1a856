"""Trains and potentials of units that are followed: sums, what is taken away, two clusters.

`x` is time-major, m values to a sample; runs begin at flat index t·m.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import lanes, load, splat, store, where_above, where_at_least
from emgproc._kernels.decompose_plan import LANES
from emgproc.arrays import Floats, Ints

Values = NDArray[np.float32]
Four = tuple[Any, Any, Any, Any]

FEWEST = 4  # peaks that are told apart


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
def lay_heights(x: Values, peaks: Ints, edges: Ints, heights: Floats, extremes: Floats) -> None:
    """Squares of the peaks, a source to a lane, 0 where one has no more; its lowest and highest.

    `x` has a source to a row; its peaks are those from its edge to the next.
    """
    step = lanes(heights)
    heights[:] = 0.0
    extremes[:] = 0.0
    for c in range(len(x)):
        low, high = np.inf, 0.0
        for k in range(edges[c + 1] - edges[c]):
            height = np.float64(x[c, peaks[edges[c] + k]])
            height *= height
            heights[k * step + c] = height
            low, high = min(low, height), max(high, height)
        extremes[c], extremes[step + c] = low, high


@kernel
def add_clusters(heights: Floats, limits: Floats, tops: Floats, sums: Floats) -> None:
    """Number and sum of the heights above the limit, sum of the others, none above `tops`."""
    step = lanes(heights)
    limit, top = load(limits, 0), load(tops, 0)
    none, one = splat(0.0), splat(1.0)
    n, above, below = none, none, none
    for i in range(0, heights.size, step):
        height = load(heights, i)
        height = where_at_least(top, height, height, top)
        n = n + where_above(height, limit, one, none)
        above = above + where_above(height, limit, height, none)
        below = below + where_above(height, limit, none, height)
    store(sums, 0, n)
    store(sums, step, above)
    store(sums, 2 * step, below)


@kernel
def add_distances(heights: Floats, limits: Floats, means: Floats, sums: Floats) -> None:
    """Sums of the squared distances of the heights above the limit to either mean."""
    step = lanes(heights)
    limit, low, high = load(limits, 0), load(means, 0), load(means, step)
    none = splat(0.0)
    within, between = none, none
    for i in range(0, heights.size, step):
        height = load(heights, i)
        to_high, to_low = height - high, height - low
        within = within + where_above(height, limit, to_high * to_high, none)
        between = between + where_above(height, limit, to_low * to_low, none)
    store(sums, 0, within)
    store(sums, step, between)


@kernel
def take_means(sums: Floats, sizes: Ints, means: Floats) -> int:
    """Means of the two clusters of each lane that has both; the number of lanes that moved."""
    step, moved = sizes.size, 0
    for c in range(step):
        n = sums[c]
        if n not in (0, sizes[c]):
            low, high = sums[2 * step + c] / (sizes[c] - n), sums[step + c] / n
            moved += low != means[c] or high != means[step + c]
            means[c], means[step + c] = low, high
    return moved


@kernel
def split_heights(
    heights: Floats, sizes: Ints, means: Floats, tops: Floats, limits: Floats
) -> None:
    """Limit between two clusters of each lane (2-means from the extremes, which `means` holds).

    No height counts for more than its lane's `tops`.
    """
    step = sizes.size
    sums = np.empty(3 * step)
    for k in range(2 * step):
        means[k] = np.minimum(means[k], tops[k % step])
    for _ in range(50):
        store(limits, 0, splat(0.5) * (load(means, 0) + load(means, step)))
        add_clusters(heights, limits, tops, sums)
        if not take_means(sums, sizes, means):
            return
    store(limits, 0, splat(0.5) * (load(means, 0) + load(means, step)))


@kernel
def silhouettes(heights: Floats, sizes: Ints, limits: Floats, sils: Floats) -> None:
    """Silhouette of the heights above the limit, 0 without one or without any below."""
    step = sizes.size
    sums, means = np.zeros(3 * step), np.zeros(2 * step)
    add_clusters(heights, limits, np.full(step, np.inf), sums)
    take_means(sums, sizes, means)
    distances = np.empty(2 * step)
    add_distances(heights, limits, means, distances)
    for c in range(sils.size):
        within, between = distances[c], distances[step + c]
        most = max(within, between)
        both = sums[c] not in (0, sizes[c]) and most > 0
        sils[c] = (between - within) / most if both else 0.0


@kernel
def clusters(
    x: Values, peaks: Ints, edges: Ints, tops: Floats, trains: Ints, counts: Ints, found: Floats
) -> None:
    """Peaks in the higher of two clusters of squared heights, of each source.

    Sources advance together, one in each lane; a sum is in the order of the peaks.

    Parameters
    ----------
    x
        (n_sources, n_samples).
    peaks, edges
        Peaks of all sources, one after the other; where each source's begin, and the end.
    tops
        (n_sources,): no height counts for more where clusters are sought.
    trains
        Receives the peaks of the high clusters, one source's after the other's; room for one more
        than there are peaks.
    counts
        (n_sources,): receives how many.
    found
        (2, n_sources): receives limits, NaN where there are too few peaks, and silhouettes.
    """
    step = lanes(tops)
    end = 0
    for first in range(0, len(x), step):
        stop = min(first + step, len(x))
        at = edges[first : stop + 1]
        sizes, top = np.zeros(step, np.int64), np.full(step, np.inf)
        sizes[: stop - first] = at[1:] - at[:-1]
        top[: stop - first] = tops[first:stop]
        heights, means, limits = np.empty(step * sizes.max()), np.empty(2 * step), np.empty(step)
        lay_heights(x[first:stop], peaks, at, heights, means)
        split_heights(heights, sizes, means, top, limits)
        limits[sizes < FEWEST] = np.nan
        silhouettes(heights, sizes, limits, found[1, first:stop])
        for c in range(stop - first):
            begin = end
            for k in range(sizes[c]):
                trains[end] = peaks[at[c] + k]
                end += heights[k * step + c] > limits[c]
            counts[first + c] = end - begin
            found[0, first + c] = limits[c]
