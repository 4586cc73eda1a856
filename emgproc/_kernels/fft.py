"""Power of many segments, mean and median frequency of many windows: one to a lane."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels._fourier import powers, transform
from emgproc._kernels._jit import kernel
from emgproc._kernels._scratch import scratch
from emgproc._kernels._simd import (
    lanes,
    load,
    load_transposed,
    muladd,
    splat_as,
    store,
    store_transposed,
    where_above,
    where_at_least,
)
from emgproc._kernels.fft_plan import Plan
from emgproc.arrays import Ints

Reals = NDArray[Any]  # float64 or float32


@kernel
def read_segment(x: Reals, starts: Ints, t0: int, z: Reals, window: Reals) -> None:
    """Samples from `t0` after `starts` on, lane by lane, their mean removed, times the window.

    Equal samples become exactly 0: the mean is that of their distances from the first.
    """
    m, n = lanes(z), window.size
    whole = n // m * m
    for t in range(0, whole, m):
        load_transposed(x, starts, t0 + t, z, t * m)
    for t in range(whole, n):
        for lane in range(m):
            z[t * m + lane] = x[starts[lane] + t0 + t]
    first, a, b = load(z, 0), splat_as(z, 0.0), splat_as(z, 0.0)
    for t in range(0, n, 2):
        a = a + (load(z, t * m) - first)
        b = b + (load(z, (t + 1) * m) - first)
    mean = (a + b) / splat_as(z, n)
    for t in range(n):
        store(z, t * m, (load(z, t * m) - first - mean) * splat_as(z, window[t]))


@kernel
def segment_powers(
    x: Reals,
    starts: Ints,
    window: Reals,
    plan: Plan,
    out: Reals,
    targets: Ints,
) -> None:
    """|X|² of windowed segments of a flat signal, their means removed.

    Parameters
    ----------
    x
        Signal, flat, finite.
    starts
        (n_groups, lanes): first sample of each segment.
    window
        (n,): weights; n is the length of a segment.
    plan
        `plan_of(n)` in the type of `out`.
    out
        Flat; receives the n/2 + 1 powers of each segment from its index in `targets` on.
    targets
        (n_groups, lanes).
    """
    n = window.size
    half, m = n // 2, lanes(out)
    z, rows = scratch(out, n), scratch(out, half + 1)
    whole = (half + 1) // m * m
    for g in range(starts.shape[0]):
        read_segment(x, starts[g], 0, z, window)
        transform(z, half, plan)
        powers(z, half, plan, rows)
        for k in range(0, whole, m):
            store_transposed(rows, k * m, out, targets[g], k)
        for k in range(whole, half + 1):
            for lane in range(m):
                out[targets[g, lane] + k] = rows[k * m + lane]


@kernel
def cumulate(p: Reals, n: int, sums: Reals) -> None:
    """Powers in rows 1 … n become twice their trapezoid up to that row.

    `sums` receives their sum and their first moment. The last, which stands for one frequency
    where the others stand for two, counts by half.
    """
    m = lanes(p)
    zero = splat_as(p, 0.0)
    store(p, n * m, splat_as(p, 0.5) * load(p, n * m))
    cumulated, before = zero, load(p, m)
    total, moment = before, before
    store(p, m, zero)
    for k in range(2, n + 1):
        v = load(p, k * m)
        total = total + v
        moment = muladd(splat_as(p, k), v, moment)
        cumulated = cumulated + (before + v)
        store(p, k * m, cumulated)
        before = v
    store(sums, 0, total)
    store(sums, m, moment)


@kernel
def find_half(p: Reals, n: int, sums: Reals) -> None:
    """Where the cumulated power of rows 1 … n reaches half of row n, as rows 2 … 5 of `sums`.

    They are half the power, the last row not above it, its value and that of the next.
    """
    m = lanes(p)
    zero, one = splat_as(p, 0.0), splat_as(p, 1.0)
    half = load(p, n * m) * splat_as(p, 0.5)
    row, low, high = zero, zero, load(p, n * m)
    for k in range(1, n + 1):
        c = load(p, k * m)
        row = row + where_at_least(half, c, one, zero)
        low = where_at_least(half, c, c, low)
        high = where_above(c, half, where_above(high, c, c, high), high)
    store(sums, 2 * m, half)
    store(sums, 3 * m, row)
    store(sums, 4 * m, low)
    store(sums, 5 * m, high)


@kernel
def window_frequencies(
    x: Reals,
    starts: Ints,
    counts: Ints,
    steps: tuple[int, int, int],
    window: Reals,
    plan: Plan,
    out: Reals,
    targets: Ints,
    row_size: int,
) -> None:
    """Mean and median frequency of consecutive windows from each start, in bins.

    Parameters
    ----------
    x
        Signal, flat.
    starts
        (n_groups, lanes): first sample of the first window of each lane.
    counts
        (n_groups,): windows of each lane.
    steps
        Samples from one window to the next, segments of a window, samples from one segment to
        the next.
    window, plan
        As in `segment_powers`.
    out
        Flat: receives the mean frequency of window w of a lane at w after its target, the median
        frequency `row_size` behind it; NaN without power.
    targets
        (n_groups, lanes).
    row_size
        See `out`.
    """
    hop, pieces, piece_hop = steps
    half, m = window.size // 2, lanes(x)
    z, rows = scratch(x, 2 * half), scratch(x, half + 1)
    total, sums = scratch(x, half + 1), scratch(x, 6)
    for g in range(starts.shape[0]):
        for w in range(counts[g]):
            for j in range(pieces):
                read_segment(x, starts[g], w * hop + j * piece_hop, z, window)
                transform(z, half, plan)
                powers(z, half, plan, rows if j else total)
                if j:
                    for k in range(0, (half + 1) * m, m):
                        store(total, k, load(total, k) + load(rows, k))
            cumulate(total, half, sums)
            find_half(total, half, sums)
            for lane in range(m):
                power, moment = sums[lane], sums[m + lane]
                middle, row = sums[2 * m + lane], sums[3 * m + lane]
                low, high = sums[4 * m + lane], sums[5 * m + lane]
                there, at = power > 0.0, targets[g, lane] + w
                out[at] = moment / power if there else np.nan
                out[at + row_size] = row + (middle - low) / (high - low) if there else np.nan
