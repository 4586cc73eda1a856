"""Digital values of records, in which signals lie one after the other, to physical values.

One pass from the bytes of a file to float64 or float32: nothing lies between.
"""

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels._jit import kernel
from emgproc.arrays import Floats, Ints, Samples


@kernel
def scale_16(counts: NDArray[np.int16], gain: float, zero: float, out: Samples) -> None:
    """Fill `out` with counts · gain + zero, in float64, rounded after each of the two."""
    for i in range(out.size):
        out[i] = counts[i] * gain + zero


@kernel
def scale_24(raw: NDArray[np.uint8], gain: float, zero: float, out: Samples) -> None:
    """`scale_16` for values of three bytes, the lowest first."""
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
    out
        Flat; receives the samples of each signal from its index in `targets` on.
    """
    first, stop = span
    for c in range(starts.size):
        for record in range(first // per_record, (stop - 1) // per_record + 1):
            a = max(first, record * per_record)
            b = min(stop, (record + 1) * per_record)
            at = starts[c] + record * record_bytes + (a - record * per_record) * width
            piece = raw[at : at + (b - a) * width]
            to = targets[c] + a - first
            values = out[to : to + b - a]
            if width == 2:
                scale_16(piece.view(np.int16), gains[c], zeros[c], values)
            else:
                scale_24(piece, gains[c], zeros[c], values)
