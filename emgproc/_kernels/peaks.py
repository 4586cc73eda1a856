"""Local maxima, and those of them that are kept at a distance from higher ones.

The candidates of a whole vector come as one bit mask; a branch for each sample would be guessed
wrongly at every other maximum. What is kept is what a greedy choice by height keeps, in one walk:

Peaks that are each higher than the one before, and less than `distance` after it, form a chain; a
peak at least `distance` after the chain's last ends it. A peak that is not in a chain lies less
than `distance` from a higher one that is kept, or between two of the chain of which the lower is.
So a finished chain is read from its highest backwards: kept is what lies at least `distance`
before the last one kept.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import bits_above, lanes, load, lowest_bit, splat_as
from emgproc.arrays import Ints

Values = NDArray[Any]  # float64, or float32: nothing is computed, only compared

TIE = -1  # instead of a number of peaks


@kernel
def end_of_plateau(x: Values, i: int, stop: int) -> int:
    """First sample after `i` of another value than sample `i`; `stop - 1` at the latest."""
    j = i + 1
    while j < stop - 1 and x[j] == x[i]:
        j += 1
    return j


@kernel
def add_if_peak(
    x: Values, i: int, span: tuple[int, int], positions: Ints, heights: Values, k: int
) -> int:
    """One more than `k` if the plateau that begins at sample `i` with a rise ends with a fall."""
    start, stop = span
    j = end_of_plateau(x, i, stop)
    if not x[j] < x[i]:
        return k
    positions[k] = (i + j - 1) // 2 - start
    heights[k] = x[i]
    return k + 1


@kernel
def find_maxima(
    x: Values, span: tuple[int, int], height: float, positions: Ints, heights: Values
) -> int:
    """Number of maxima at least `height` high within `span`; fills where and how high they are.

    The first and the last sample of the span are none; a plateau counts once, at its middle.
    """
    start, stop = span
    n_lanes = lanes(x)
    lowest = splat_as(x, height)
    k = 0
    i = start + 1
    while i + n_lanes < stop:
        here, after = load(x, i), load(x, i + 1)
        found = bits_above(here, load(x, i - 1)) & ~bits_above(lowest, here)
        falls = bits_above(here, after)
        if found & ~falls & ~bits_above(after, here):
            found &= ~bits_above(after, here)
            while found:
                k = add_if_peak(x, i + lowest_bit(found), span, positions, heights, k)
                found &= found - 1
        else:
            found &= falls
            while found:
                j = i + lowest_bit(found)
                positions[k] = j - start
                heights[k] = x[j]
                k += 1
                found &= found - 1
        i += n_lanes
    while i < stop - 1:
        if x[i - 1] < x[i] and x[i] >= height:
            k = add_if_peak(x, i, span, positions, heights, k)
        i += 1
    return k


@kernel
def read_chain(positions: Ints, top: int, distance: int, kept: Ints, n: int) -> int:
    """Append to the `n` kept so far those of the chain 0 … `top`; return how many there are."""
    first = n
    last = positions[top] + distance
    for j in range(top, -1, -1):
        if last - positions[j] >= distance:
            last = positions[j]
            kept[n] = last
            n += 1
    low, high = first, n - 1
    while low < high:
        kept[low], kept[high] = kept[high], kept[low]
        low += 1
        high -= 1
    return n


@kernel
def keep_apart(positions: Ints, heights: Values, k: int, distance: int, kept: Ints, n: int) -> int:
    """Append to the `n` kept so far those of `k` peaks that no higher one kept is near.

    The chain is held at the front of `positions` and `heights`, which it overwrites. Where two
    equal heights would have to be told apart the answer is `TIE`.
    """
    if k == 0:
        return n
    top = 0
    for m in range(1, k):
        position, height = positions[m], heights[m]
        if position - positions[top] >= distance:
            n = read_chain(positions, top, distance, kept, n)
            top = 0
        elif height > heights[top]:
            top += 1
        elif height == heights[top]:
            return TIE
        else:
            continue
        positions[top] = position
        heights[top] = height
    return read_chain(positions, top, distance, kept, n)


@kernel
def find_peaks(
    x: Values, n_samples: int, least: Values, distance: int, found: Ints, counts: Ints
) -> None:
    """Peaks of each channel, one channel after the other in `found`.

    Parameters
    ----------
    x
        Channels of `n_samples` each, flat.
    least
        Least height of each channel, of the type of `x`.
    distance
        Fewest samples between two peaks; at most 2: all maxima.
    found
        Receives the samples, counted from each channel's first.
    counts
        Receives the number of peaks of each channel, or `TIE`.
    """
    positions = np.empty(n_samples // 2 + 1, np.int64)
    heights = np.empty(n_samples // 2 + 1, x.dtype)
    n = 0
    for c in range(counts.size):
        span = (c * n_samples, (c + 1) * n_samples)
        k = find_maxima(x, span, least[c], positions, heights)
        if distance <= 2:
            found[n : n + k] = positions[:k]
            counts[c] = k
        else:
            after = keep_apart(positions, heights, k, distance, found, n)
            counts[c] = TIE if after == TIE else after - n
        n += max(counts[c], 0)
