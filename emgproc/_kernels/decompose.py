"""Passes of a blind source separation over a signal that is never extended.

`x` is time-major: row t of the extended signal, R samples of m channels, is the run of m·R values
from flat index t·m. Sixteen separation filters advance together, a lane to each; a tile of twelve
or sixteen sums stays in registers. `x` is followed by room for one tile more than there is.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import load, muladd, splat_as, store, store_transposed
from emgproc._kernels.decompose_plan import BLOCK, LANES, ROWS, TAPS
from emgproc.arrays import Floats, Ints

Values = NDArray[np.float32]
Four = tuple[Any, Any, Any, Any]


@kernel
def fold(x: Values, i: int, step: int, v: Any, sums: Four) -> Four:  # noqa: ANN401 - a vector
    """Add to four sums the products of `v` with the samples `step` apart from flat index `i`."""
    a, b, c, d = sums  # an unsigned index: a signed one would be tested for counting from the end
    return (
        muladd(splat_as(x, x[np.uint64(i)]), v, a),
        muladd(splat_as(x, x[np.uint64(i + step)]), v, b),
        muladd(splat_as(x, x[np.uint64(i + 2 * step)]), v, c),
        muladd(splat_as(x, x[np.uint64(i + 3 * step)]), v, d),
    )


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
def separate_rows(x: Values, i: int, m: int, filters: Values, out: Values, o: int) -> None:
    """Sources of `ROWS` samples from flat index `i`, written from index `o` on."""
    zero = splat_as(x, 0.0)
    a = (zero, zero, zero, zero)
    b, c = a, a
    for k in range(filters.size // LANES):
        v = load(filters, k * LANES)
        a = fold(x, i + k, m, v, a)
        b = fold(x, i + k + 4 * m, m, v, b)
        c = fold(x, i + k + 8 * m, m, v, c)
    store_four(out, o, LANES, a)
    store_four(out, o + 4 * LANES, LANES, b)
    store_four(out, o + 8 * LANES, LANES, c)


@kernel
def add_products(
    x: Values, i: int, m: int, n: int, g: Values, j: int, step: int, sums: Values
) -> None:
    """Add to `sums` (taps · lanes) the products of `n` extended rows with vectors of `g`.

    The rows begin at flat index `i`, the vectors at index `j`, `step` apart.
    """
    for k in range(0, sums.size // LANES, TAPS):
        a = load_four(sums, k * LANES, LANES)
        b = load_four(sums, (k + 4) * LANES, LANES)
        c = load_four(sums, (k + 8) * LANES, LANES)
        d = load_four(sums, (k + 12) * LANES, LANES)
        p, q = i + k, j
        for _ in range(n):
            v = load(g, q)
            a = fold(x, p, 1, v, a)
            b = fold(x, p + 4, 1, v, b)
            c = fold(x, p + 8, 1, v, c)
            d = fold(x, p + 12, 1, v, d)
            p += m
            q += step
        store_four(sums, k * LANES, LANES, a)
        store_four(sums, (k + 4) * LANES, LANES, b)
        store_four(sums, (k + 8) * LANES, LANES, c)
        store_four(sums, (k + 12) * LANES, LANES, d)


@kernel
def step_filters(x: Values, m: int, starts: Ints, filters: Values, sums: Values) -> None:
    """Products of the extended signal with the squares of its sources: a step of all lanes.

    Of the blocks of `BLOCK` samples that begin at `starts`; `sums` (taps · lanes) is written anew.
    The square is the contrast whose maxima are skewed sources.
    """
    sources = np.empty(BLOCK * LANES, x.dtype)
    sums[:] = 0.0
    for start in starts:
        for t in range(0, BLOCK, ROWS):
            separate_rows(x, (start + t) * m, m, filters, sources, t * LANES)
        for t in range(0, BLOCK * LANES, LANES):
            s = load(sources, t)
            store(sources, t, s * s)
        add_products(x, start * m, m, BLOCK, sources, 0, LANES, sums)


@kernel
def separate(x: Values, m: int, start: int, stop: int, filters: Values, out: Values) -> None:
    """Sources of the samples [start, stop), whole blocks, a row of `out` (flat) to each lane."""
    sources = np.empty(BLOCK * LANES, x.dtype)
    n_out = out.size // LANES
    rows = np.arange(LANES) * n_out
    for first in range(start, stop, BLOCK):
        for t in range(0, BLOCK, ROWS):
            separate_rows(x, (first + t) * m, m, filters, sources, t * LANES)
        for t in range(0, BLOCK, LANES):
            store_transposed(sources, t * LANES, out, rows, first + t)


@kernel
def add_covariance(x: Values, m: int, starts: Ints, sums: Values) -> None:
    """Products of each extended row with its own first m values, sixteen of them at a time.

    Of the blocks of `BLOCK` samples that begin at `starts`; `sums` (m / 16 · taps · lanes) is
    written anew.
    """
    sums[:] = 0.0
    n_groups = m // LANES
    size = sums.size // n_groups
    for start in starts:
        for group in range(n_groups):
            part = sums[group * size : (group + 1) * size]
            add_products(x, start * m, m, BLOCK, x, start * m + group * LANES, m, part)


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
