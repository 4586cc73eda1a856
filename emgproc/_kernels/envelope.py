"""Moving sums, mean rectified values and root mean squares over windows of n samples.

A running sum remembers every artefact that has passed (2e-4 off after one of 1e6 times the
baseline). Here each window is the sum of its own samples and no other: the samples lie in chunks
of n, and a window is the tail of one chunk plus the head of the next (van Herk 1992, Gil & Werman
1993, for maxima; sums work alike).
"""

import numpy as np

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import (
    load,
    load_transposed,
    magnitude,
    root,
    splat,
    store,
    store_transposed,
)
from emgproc._kernels._simd_interpreted import LANES
from emgproc.arrays import Floats, Ints

SUM, MEAN_RECTIFIED, ROOT_MEAN_SQUARE = 0, 1, 2


@kernel
def read_chunk(x: Floats, starts: Ints, first: int, n: int, tile: Floats, n_samples: int) -> None:
    """Rows 0 … n of `tile` from sample `first` on; zero outside [0, n_samples)."""
    there = max(0, min(n, n_samples - first)) if first >= 0 else 0
    whole = there // LANES * LANES
    for t in range(0, whole, LANES):
        load_transposed(x, starts, first + t, tile, t * LANES)
    for t in range(whole, there):
        for lane in range(LANES):
            tile[t * LANES + lane] = x[starts[lane] + first + t]
    for i in range(there * LANES, n * LANES):
        tile[i] = 0.0


@kernel
def measure_windows(tails: Floats, head: Floats, n: int, measure: int, out: Floats) -> None:
    """Row o of `out`: `tails` row o (a sum already) plus the first o samples of `head`.

    Divided by n for a mean, and its root for RMS, as if the window lay inside the signal. The
    samples in `head` are replaced by what is summed: their magnitudes or squares.
    """
    total = splat(0.0)
    share = splat(1.0 if measure == SUM else 1.0 / n)
    for o in range(n):
        window = (load(tails, o * LANES) + total) * share
        if measure == ROOT_MEAN_SQUARE:
            window = root(window)
        store(out, o * LANES, window)
        v = load(head, o * LANES)
        if measure == ROOT_MEAN_SQUARE:
            v = v * v
        elif measure == MEAN_RECTIFIED:
            v = magnitude(v)
        store(head, o * LANES, v)
        total = total + v


@kernel
def measure_edge(
    tails: Floats, head: Floats, n: int, measure: int, out: Floats, first: int, n_samples: int
) -> None:
    """`measure_windows` for windows from sample `first` on that reach beyond the signal."""
    total = splat(0.0)
    for o in range(n):
        there = min(n_samples, first + o + n) - max(0, first + o)
        share = splat(1.0 if measure == SUM else 1.0 / max(there, 1))
        window = (load(tails, o * LANES) + total) * share
        if measure == ROOT_MEAN_SQUARE:
            window = root(window)
        store(out, o * LANES, window)
        v = load(head, o * LANES)
        if measure == ROOT_MEAN_SQUARE:
            v = v * v
        elif measure == MEAN_RECTIFIED:
            v = magnitude(v)
        store(head, o * LANES, v)
        total = total + v


@kernel
def sum_tails(head: Floats, n: int, tails: Floats) -> None:
    """Row o of `tails`: sum of rows o … n of `head`, which `measure_*` has been through."""
    total = splat(0.0)
    for o in range(n - 1, -1, -1):
        total = total + load(head, o * LANES)
        store(tails, o * LANES, total)


@kernel
def moving(
    x: Floats, y: Floats, lanes: Ints, n_samples: int, n: int, measure: int, totals: Floats
) -> None:
    """Windows [i - n//2, i - n//2 + n) around every sample i, cut at the edges.

    Parameters
    ----------
    x, y
        Input and output, flat; they may be one array.
    lanes
        (n_groups, 8): flat index of the first sample of each lane.
    n_samples
        Samples in each lane.
    n
        Window length, samples.
    measure
        `SUM`, `MEAN_RECTIFIED` or `ROOT_MEAN_SQUARE`.
    totals
        (n_groups · 8): receives the sum over each lane, not finite if any of its samples is not.
    """
    head, tails, out = np.empty(n * LANES), np.empty(n * LANES), np.empty(n * LANES)
    half = n // 2
    for g in range(lanes.shape[0]):
        starts = lanes[g]
        tails[:] = 0.0
        total = splat(0.0)
        first = -n  # of the chunk whose tails are held: windows start in it
        while first + half < n_samples:
            read_chunk(x, starts, first + n, n, head, n_samples)
            o0 = max(0, -half - first)
            o1 = min(n, n_samples - half - first)
            if first >= 0 and first + 2 * n <= n_samples:
                measure_windows(tails, head, n, measure, out)
            else:
                measure_edge(tails, head, n, measure, out, first, n_samples)
            sum_tails(head, n, tails)
            total = total + load(tails, 0)
            rows = (o1 - o0) // LANES * LANES
            i = first + o0 + half
            for t in range(0, rows, LANES):
                store_transposed(out, (o0 + t) * LANES, y, starts, i + t)
            for t in range(rows, o1 - o0):
                for lane in range(LANES):
                    y[starts[lane] + i + t] = out[(o0 + t) * LANES + lane]
            first += n
        store(totals, g * LANES, total)
