"""Digital values of records, in which signals lie one after the other, to physical values.

One pass from the bytes of a file to float64 or float32: nothing lies between. Of two bytes no view
is made for a piece of a record: numba counts its references by a locked operation, which waits for
all stores.
"""

from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import (
    lanes,
    load_counts,
    load_scaled,
    muladd,
    splat_as,
    store,
)
from emgproc.arrays import Floats, Ints, Samples

Singles: TypeAlias = NDArray[np.float32]

NO_PARTS = np.full(4, np.nan, np.float32)  # of a scale: compute in float64


@kernel
def scale_16(
    raw: NDArray[np.uint8],
    at: int,
    gain: float,
    zero: float,
    parts: Singles,
    out: Samples,
    first: int,
    stop: int,
) -> None:
    """Fill `out` in [first, stop) with the values from byte `at` on · gain + zero.

    In float64, rounded after each of the two and to the type of `out`; by `parts_of` the scale,
    where it has parts.
    """
    m = lanes(out)
    whole = first + (stop - first) // m * m
    shift = at - 2 * first
    if np.isnan(parts[0]):
        for i in range(first, whole, m):
            store(out, i, load_scaled(out, raw, shift + 2 * i, gain, zero))
    else:
        moved, high = splat_as(out, parts[0]), splat_as(out, parts[1])
        low, rest = splat_as(out, parts[2]), splat_as(out, parts[3])
        for i in range(first, whole, m):
            t = load_counts(out, raw, shift + 2 * i) + moved
            store(out, i, muladd(t, high, muladd(t, low, rest)))
    for i in range(whole, stop):
        byte = shift + 2 * i
        value = np.int32(np.int8(raw[byte + 1])) << 8 | np.int32(raw[byte])
        out[i] = value * gain + zero


@kernel
def scale_24(raw: NDArray[np.uint8], gain: float, zero: float, out: Samples) -> None:
    """Fill `out` with values of three bytes, the lowest first, · gain + zero, as `scale_16`."""
    for i in range(out.size):
        high, middle = np.int32(np.int8(raw[3 * i + 2])) << 16, np.int32(raw[3 * i + 1]) << 8
        value = np.int32(high | middle | np.int32(raw[3 * i]))
        out[i] = value * gain + zero


@kernel
def decode_records(
    raw: NDArray[np.uint8],
    width: int,
    record_bytes: int,
    per_record: int,
    span: tuple[int, int],
    starts: Ints,
    gains: Floats,
    zeros: Floats,
    parts: Singles,
    out: Samples,
    targets: Ints,
) -> None:
    """Samples [first, stop) of several signals of one rate, counted from the first record.

    Parameters
    ----------
    raw
        Whole records, flat.
    width
        Bytes of a value: 2 or 3.
    record_bytes
        Bytes of a record.
    per_record
        Samples of each of these signals in a record.
    span
        First and stop.
    starts
        Byte of a record at which each signal begins.
    gains, zeros
        Physical units of a digital step and of the digital value 0, per signal.
    parts
        `parts_of` the scale of each signal where `out` is float32, else `NO_PARTS`; (n, 4).
    out
        Flat; receives the samples of each signal from its index in `targets` on.
    """
    first, stop = span
    for c in range(starts.size):
        scale = parts[c]
        for record in range(first // per_record, (stop - 1) // per_record + 1):
            a = max(first, record * per_record)
            b = min(stop, (record + 1) * per_record)
            at = starts[c] + record * record_bytes + (a - record * per_record) * width
            to = targets[c] + a - first
            if width == 2:
                scale_16(raw, at, gains[c], zeros[c], scale, out, to, to + b - a)
            else:
                piece = raw[at : at + (b - a) * width]  # from 0 on, else it is no vector loop
                scale_24(piece, gains[c], zeros[c], out[to : to + b - a])


@lru_cache(4096)
def parts_of(gain: float, zero: float) -> Singles:
    """A scale of values of two bytes in float32: shift, upper and lower part of gain, and rest.

    (count + shift) · (upper + lower) + rest takes half of the time of float64, but may round to
    another value. So each of the 65536 counts is tried: `NO_PARTS` where one comes out otherwise.
    """
    none = NO_PARTS[None]
    with np.errstate(all="ignore"):
        shift = np.rint(2 * zero / gain) / 2  # converters lie about a whole or a half count
        upper = np.float64(np.float32(gain))
        parts = np.array([[shift, upper, gain - upper, zero - shift * gain]]).astype(np.float32)
    counts = np.arange(-(1 << 15), 1 << 15).astype("<i2").view(np.uint8)
    n, at, gains, zeros = counts.size // 2, np.zeros(1, np.int64), *np.array([[gain], [zero]])
    known, tried = np.empty((2, n), np.float32)
    for out, how in ((known, none), (tried, parts)):
        decode_records(counts, 2, 2 * n, n, (0, n), at, gains, zeros, how, out, at)
    found = parts[0] if tried.tobytes() == known.tobytes() else NO_PARTS
    found.flags.writeable = False
    return found
