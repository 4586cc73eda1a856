"""Local maxima, and those of them that are kept at a distance from higher ones.

The candidates of a whole vector come as one bit mask; a branch for each sample would be guessed
wrongly at every other maximum. What is kept is what a greedy choice by height keeps, in one walk:

Peaks that are each higher than the one before, and less than `distance` after it, form a chain; a
peak that is not higher than the chain's last and near it is in none, and one that is not near it
begins the next chain. The last of a finished chain has no higher peak near: it is kept. Left of it
only the chain counts, since what lies between two of a chain is near the lower of them, which is
the higher of its side. So a chain is read backwards: kept is what is not near the last one kept.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import bits_above, lanes, load, lowest_bit, splat_as
from emgproc._kernels._simd_interpreted import Vector
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
def add_plateau(x: Values, i: int, span: tuple[int, int], positions: Ints, k: int) -> int:
    """Append the middle of the plateau that begins at sample `i`, if a fall ends it."""
    start, stop = span
    j = end_of_plateau(x, i, stop)
    positions[k] = (i + j - 1) // 2 - start
    return k + int(x[j] < x[i])


@kernel
def add_plateaus(
    x: Values, bits: int, first: int, span: tuple[int, int], positions: Ints, k: int
) -> int:
    """`add_plateau` for samples `first` plus each bit that is set."""
    while bits:
        k = add_plateau(x, first + lowest_bit(bits), span, positions, k)
        bits &= bits - 1
    return k


@kernel
def add_maxima(bits: int, first: int, positions: Ints, k: int) -> int:
    """Append `first` plus each bit that is set.

    Four at a time, the ones that are not there written over: no branch depends on how many.
    """
    while bits:
        for _ in range(4):
            positions[k] = first + lowest_bit(bits)
            k += bits != 0
            bits &= bits - 1
    return k


@kernel
def pass_over(x: Values, i: int, stop: int, lowest: Vector) -> int:
    """First sample from `i` on whose vector may hold one as high as `lowest`, in steps of four."""
    n = lanes(x)
    everywhere, low = (1 << n) - 1, (1 << n) - 1
    while low == everywhere and i + 4 * n < stop:
        low = bits_above(lowest, load(x, i)) & bits_above(lowest, load(x, i + n))
        low &= bits_above(lowest, load(x, i + 2 * n)) & bits_above(lowest, load(x, i + 3 * n))
        i += 4 * n
    return i if low == everywhere else i - 4 * n


@kernel
def find_maxima(x: Values, span: tuple[int, int], height: float, positions: Ints, k: int) -> int:
    """Append to `k` positions the maxima at least `height` high within `span`, from its start on.

    The first and the last sample of the span are none; a plateau counts once, at its middle. There
    is room for one more than there are.
    """
    start, stop = span
    n_lanes = lanes(x)
    everywhere = (1 << n_lanes) - 1
    lowest = splat_as(x, height)
    i = start + 1
    while i + n_lanes < stop:
        here = load(x, i)
        high = everywhere ^ bits_above(lowest, here)
        if high:
            before, after = load(x, i - 1), load(x, i + 1)
            rises, falls = high & bits_above(here, before), bits_above(here, after)
            flat = rises & ~falls & ~bits_above(after, here)
            if flat:
                k = add_plateaus(x, rises & falls | flat, i, span, positions, k)
            else:
                k = add_maxima(rises & falls, i - start, positions, k)
            i += n_lanes
        else:
            i = pass_over(x, i + n_lanes, stop, lowest)
    while i < stop - 1:
        if x[i - 1] < x[i] and x[i] >= height:
            k = add_plateau(x, i, span, positions, k)
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
def keep_apart(
    heights: Values, start: int, distance: int, positions: Ints, kept: Ints, n: int
) -> int:
    """Append to the `n` kept so far those of `positions` that no higher one kept is near.

    The height of position `i` is `heights[start + i]`. The chain is held at the front of
    `positions`. Where two equal heights would have to be told apart the answer is `TIE`.
    """
    if positions.size == 0:
        return n
    top, last, tied = 0, positions[0], False
    highest = heights[start + last]
    for m in range(1, positions.size):
        position = positions[m]
        height = heights[start + position]
        if position - last >= distance:
            n = read_chain(positions, top, distance, kept, n)
            top, last, highest = 0, position, height
        else:  # without branches: how often a climb goes on cannot be guessed
            climbs = height > highest
            tied |= height == highest
            top += climbs
            last = position if climbs else last
            highest = height if climbs else highest
        positions[top] = last
    return TIE if tied else read_chain(positions, top, distance, kept, n)


@kernel
def find_peaks(
    x: Values,
    n_samples: int,
    channels: tuple[int, int],
    least: Values,
    distance: int,
    found: Ints,
    counts: Ints,
) -> None:
    """Peaks of some channels, each into its own part of `found`.

    Parameters
    ----------
    x
        Channels of `n_samples` each, flat.
    channels
        The first, and the one after the last.
    least
        Least height of each channel, of the type of `x`.
    distance
        Fewest samples between two peaks; at most 2: all maxima.
    found
        (n_channels, most): receives the samples, counted from each channel's first; room for one
        more than there are.
    counts
        Receives the number of peaks of each channel, or `TIE`.
    """
    positions = np.empty(n_samples // 2 + 1, np.int64)
    for c in range(channels[0], channels[1]):
        start = c * n_samples
        span = (start, start + n_samples)
        if distance <= 2:
            counts[c] = find_maxima(x, span, least[c], found[c], 0)
        else:
            k = find_maxima(x, span, least[c], positions, 0)
            counts[c] = keep_apart(x, start, distance, positions[:k], found[c], 0)
