"""Passes of a blind source separation over a signal that is never extended.

`x` is time-major: row t of the extended signal, R samples of m channels, is the run of m·R values
from flat index t·m. A separation filter correlates each channel with R values, so the passes
multiply spectra of segments that overlap (overlap-save, Stockham 1966): N/2 + 1 complex products
instead of hop · R real ones. Sixteen filters advance together, a lane to each; sums of products
stay in registers. A block is `SEGMENTS` segments; `x` is followed by room for one block more than
there is.

Spectra are flat, real and imaginary parts side by side: (bin, segment, 2, channel) of a signal,
(bin, segment, 2, lane) of sources, (bin, channel, 2, lane) of filters.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import load, muladd, splat_as, store, store_transposed
from emgproc._kernels._spectra import TWO, to_signals, to_spectra
from emgproc._kernels.decompose_plan import LANES, SEGMENTS
from emgproc._kernels.fft_plan import Plan
from emgproc.arrays import Ints

Values = NDArray[np.float32]
Pair = tuple[Any, Any]
Four = tuple[Pair, Pair, Pair, Pair]

TILE = 8  # complex sums in registers
RUN = 8  # blocks whose signals' spectra are held


@kernel
def signal_spectra(
    x: Values, m: int, start: int, hop: int, z: Values, plan: Plan, out: Values
) -> None:
    """Spectra of a block's segments, all channels."""
    for s in range(0, SEGMENTS, 2):
        for c in range(0, m, LANES):
            to_spectra(
                x, (start + s * hop) * m + c, hop * m, m, plan.places.size,
                z, plan, out, 2 * s * m + c, 2 * m, SEGMENTS * 2 * m, m,
            )  # fmt: skip


@kernel
def segment_spectra(
    x: Values, i: int, m: int, hop: int, z: Values, plan: Plan, out: Values
) -> None:
    """Spectra of a block's segments without what comes after them, of sixteen lanes.

    Samples lie m apart from flat index `i`.
    """
    for s in range(0, SEGMENTS, 2):
        to_spectra(
            x, i + s * hop * m, hop * m, m, hop,
            z, plan, out, s * TWO, TWO, SEGMENTS * TWO, LANES,
        )  # fmt: skip


@kernel
def segment_signals(spectra: Values, hop: int, z: Values, plan: Plan, out: Values) -> None:
    """A block's samples of sixteen lanes, one after another."""
    for s in range(0, SEGMENTS, 2):
        to_signals(
            spectra, s * TWO, TWO, SEGMENTS * TWO,
            z, plan, hop, out, s * hop * LANES, hop * LANES, LANES,
        )  # fmt: skip


@kernel
def filter_spectra(filters: Values, m: int, plan: Plan, out: Values) -> None:
    """Spectra of filters (taps · lanes)."""
    z = np.empty(plan.places.size * TWO, filters.dtype)
    for c in range(0, m, 2):
        to_spectra(
            filters, c * LANES, LANES, m * LANES, filters.size // (m * LANES),
            z, plan, out, c * TWO, TWO, m * TWO, LANES,
        )  # fmt: skip


@kernel
def filters_of_spectra(spectra: Values, m: int, z: Values, plan: Plan, out: Values) -> None:
    """Filters (taps · lanes) of spectra."""
    for c in range(0, m, 2):
        to_signals(
            spectra, c * TWO, TWO, m * TWO,
            z, plan, out.size // (m * LANES), out, c * LANES, LANES, m * LANES,
        )  # fmt: skip


@kernel
def fold(x: Values, i: int, imaginary: int, v: Pair, pair: Pair) -> Pair:
    """Add to a complex sum the product of a value of `x` with the conjugate of `v`."""
    # An unsigned index: a signed one would be tested for counting from the end.
    re = splat_as(x, x[np.uint64(i)])
    im = splat_as(x, x[np.uint64(i + imaginary)])
    return (
        muladd(im, v[1], muladd(re, v[0], pair[0])),
        muladd(im, v[0], muladd(re, -v[1], pair[1])),
    )


@kernel
def fold_four(x: Values, i: int, row: int, imaginary: int, v: Pair, sums: Four) -> Four:
    """The same for values `row` apart and their sums."""
    a, b, c, d = sums
    return (
        fold(x, i, imaginary, v, a),
        fold(x, i + row, imaginary, v, b),
        fold(x, i + 2 * row, imaginary, v, c),
        fold(x, i + 3 * row, imaginary, v, d),
    )


@kernel
def load_pair(x: Values, i: int) -> Pair:
    """Complex value of every lane."""
    return load(x, i), load(x, i + LANES)


@kernel
def load_four(x: Values, i: int) -> Four:
    """Four of them, one after another."""
    return (
        load_pair(x, i), load_pair(x, i + TWO), load_pair(x, i + 2 * TWO),
        load_pair(x, i + 3 * TWO),
    )  # fmt: skip


@kernel
def store_four(out: Values, i: int, sums: Four) -> None:
    """Write four complex values of every lane."""
    for k in range(4):
        store(out, i + k * TWO, sums[k][0])
        store(out, i + k * TWO + LANES, sums[k][1])


@kernel
def add_products(
    x: Values, i: int, row: int, step: int, imaginary: int, n: int,
    v: Values, j: int, sums: Values, o: int,
) -> None:  # fmt: skip
    """Add to `TILE` sums from index `o` the products of `n` values of `x` with conjugates of `v`.

    The values lie `step` apart from flat index `i`, those of the next sum `row` further.
    """
    a, b = load_four(sums, o), load_four(sums, o + 4 * TWO)
    for _ in range(n):
        w = load_pair(v, j)
        a = fold_four(x, i, row, imaginary, w, a)
        b = fold_four(x, i + 4 * row, row, imaginary, w, b)
        i += step
        j += TWO
    store_four(sums, o, a)
    store_four(sums, o + 4 * TWO, b)


@kernel
def source_spectra(spectra: Values, m: int, filters: Values, out: Values) -> None:
    """Spectra of the sources of a block: over the channels, signal times filters."""
    out[:] = 0.0
    bins = out.size // (SEGMENTS * TWO)
    for k in range(bins):
        add_products(
            spectra, k * SEGMENTS * 2 * m, 2 * m, 1, m, m,
            filters, k * m * TWO, out, k * SEGMENTS * TWO,
        )  # fmt: skip


@kernel
def add_correlations(spectra: Values, m: int, sources: Values, sums: Values) -> None:
    """Add to the spectra of filters, over a block's segments, signal times sources."""
    bins = sources.size // (SEGMENTS * TWO)
    for k in range(bins):
        for c in range(0, m, TILE):
            add_products(
                spectra, k * SEGMENTS * 2 * m + c, 1, 2 * m, m, SEGMENTS,
                sources, k * SEGMENTS * TWO, sums, (k * m + c) * TWO,
            )  # fmt: skip


@kernel
def room(x: Values, m: int, plan: Plan) -> tuple[Values, Values, Values]:
    """Where spectra of a block's signal and sources, and one transform, have their place."""
    n = plan.places.size
    bins = n // 2 + 1
    return (
        np.empty(bins * SEGMENTS * 2 * m, x.dtype),
        np.empty(bins * SEGMENTS * TWO, x.dtype),
        np.empty(n * TWO, x.dtype),
    )


@kernel
def step_filters(
    x: Values, m: int, starts: Ints, filters: Values, hop: int, plan: Plan, out: Values
) -> None:
    """Products of the extended signal with the squares of its sources: a step of all lanes.

    Of the blocks that begin at `starts`; `filters` are spectra, `out` (taps · lanes) is written
    anew. The square is the contrast whose maxima are skewed sources.
    """
    signal, sources, z = room(x, m, plan)
    values = np.empty(SEGMENTS * hop * LANES, x.dtype)
    sums = np.zeros(filters.size, x.dtype)
    for start in starts:
        signal_spectra(x, m, start, hop, z, plan, signal)
        source_spectra(signal, m, filters, sources)
        segment_signals(sources, hop, z, plan, values)
        for t in range(0, values.size, LANES):
            s = load(values, t)
            store(values, t, s * s)
        segment_spectra(values, 0, LANES, hop, z, plan, sources)
        add_correlations(signal, m, sources, sums)
    filters_of_spectra(sums, m, z, plan, out)


@kernel
def separate(
    x: Values, m: int, start: int, stop: int,
    filters: Values, hop: int, plan: Plan, out: Values,
) -> None:  # fmt: skip
    """Sources of the samples [start, stop), whole blocks, a row of `out` (flat) to each lane.

    `filters` are spectra.
    """
    signal, sources, z = room(x, m, plan)
    values = np.empty(SEGMENTS * hop * LANES, x.dtype)
    rows = np.arange(LANES) * (out.size // LANES)
    for first in range(start, stop, SEGMENTS * hop):
        signal_spectra(x, m, first, hop, z, plan, signal)
        source_spectra(signal, m, filters, sources)
        segment_signals(sources, hop, z, plan, values)
        for t in range(0, SEGMENTS * hop, LANES):
            store_transposed(values, t * LANES, out, rows, first + t)


@kernel
def add_covariance(x: Values, m: int, starts: Ints, hop: int, plan: Plan, out: Values) -> None:
    """Products of each extended row with its own first m values, sixteen of them at a time.

    Of the blocks that begin at `starts`; `out` (m / 16 · taps · lanes) is written anew. Sums of
    sixteen fit the cache, those of all do not: each run of blocks is gone through for all first.
    """
    signal, sources, z = room(x, m, plan)
    n_groups = m // LANES
    size, n_out = (plan.places.size // 2 + 1) * m * TWO, out.size // n_groups
    sums = np.zeros(n_groups * size, x.dtype)
    signals = np.empty(min(RUN, starts.size) * signal.size, x.dtype)
    for first in range(0, starts.size, RUN):
        run = starts[first : first + RUN]
        for i, start in enumerate(run):
            signal = signals[i * signal.size : (i + 1) * signal.size]
            signal_spectra(x, m, start, hop, z, plan, signal)
        for group in range(n_groups):
            part = sums[group * size : (group + 1) * size]
            for i, start in enumerate(run):
                signal = signals[i * signal.size : (i + 1) * signal.size]
                segment_spectra(x, start * m + group * LANES, m, hop, z, plan, sources)
                add_correlations(signal, m, sources, part)
    for group in range(n_groups):
        part = sums[group * size : (group + 1) * size]
        filters_of_spectra(part, m, z, plan, out[group * n_out : (group + 1) * n_out])
