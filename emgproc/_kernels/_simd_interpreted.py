"""What the vector operations of `_simd.py` mean, on NumPy arrays of 64 bytes.

Used in their place when the JIT is disabled, so that kernels can be stepped through; a fused
multiply-add rounds twice here. `+ - * /` are NumPy's own.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Ints

LANES = 8  # of float64; float32 has twice as many

Vector = NDArray[Any]  # float64 (8,) or float32 (16,)


def lanes(array: NDArray[Any]) -> int:
    """Lanes of a vector of this array's type: 8 of float64, 16 of float32."""
    return 64 // array.itemsize


def load(array: NDArray[Any], i: int) -> Vector:
    """Vector of the values from flat index `i`."""
    return array[i : i + lanes(array)].copy()


def store(array: NDArray[Any], i: int, v: Vector) -> None:
    """Write a vector from flat index `i`."""
    array[i : i + len(v)] = v


def load_counts(array: NDArray[Any], raw: NDArray[np.uint8], at: int) -> Vector:
    """Values of two bytes, the lower first, from byte `at` on: a vector of the type of `array`."""
    words = raw[at : at + 2 * lanes(array)].view("<i2")
    return words.astype(array.dtype)


def load_scaled(
    array: NDArray[Any], raw: NDArray[np.uint8], at: int, gain: float, zero: float
) -> Vector:
    """`load_counts` · gain + zero, in float64, rounded after each and to the type of `array`."""
    words = raw[at : at + 2 * lanes(array)].view("<i2")
    return (words * np.float64(gain) + zero).astype(array.dtype)


def splat(s: float) -> Vector:
    """Vector of float64 of the same value."""
    return np.full(LANES, s)


def splat_as(array: NDArray[Any], s: float) -> Vector:
    """Vector of the same value, of the type of `array`."""
    return np.full(lanes(array), s, array.dtype)


def muladd(a: Vector, b: Vector, c: Vector) -> Vector:
    """Sum of c and the product of a and b."""
    return a * b + c


def magnitude(a: Vector) -> Vector:
    """Magnitude of a."""
    return np.abs(a)


def root(a: Vector) -> Vector:
    """Square root of a."""
    return np.sqrt(a)


def later(a: Vector, before: Vector, step: int) -> Vector:
    """`a` moved up by `step` lanes, a literal; the end of `before` goes in."""
    return np.concatenate([before, a])[len(a) - step : 2 * len(a) - step]


def where_above(a: Vector, b: Vector, x: Vector, y: Vector) -> Vector:
    """`x` in the lanes where a > b, else `y` (also where one of the two is NaN)."""
    return np.where(a > b, x, y)


def where_at_least(a: Vector, b: Vector, x: Vector, y: Vector) -> Vector:
    """`x` in the lanes where a ≥ b, else `y` (also where one of the two is NaN)."""
    return np.where(a >= b, x, y)


def bits_above(a: Vector, b: Vector) -> int:
    """Bit `lane` is set where a > b."""
    return sum(1 << lane for lane in range(len(a)) if a[lane] > b[lane])


def lowest_bit(bits: int) -> int:
    """Position of the lowest bit that is set; 64 where none is."""
    return (int(bits) & -int(bits)).bit_length() - 1 if bits else 64


def load_transposed(x: NDArray[Any], starts: Ints, t: int, tile: NDArray[Any], i: int) -> None:
    """Rows of `tile` from flat index `i`: sample `t + row` after `starts[lane]` of each lane.

    As many rows as lanes; values are converted to the type of `tile`.
    """
    n = lanes(tile)
    for lane in range(n):
        first = starts[lane] + t
        tile[i + lane : i + lane + n * n : n] = x[first : first + n]


def store_transposed(
    tile: NDArray[Any], i: int, y: NDArray[Any], starts: Ints, t: int, gain: float = 1.0
) -> None:
    """Inverse of `load_transposed`, times `gain` in the wider of both types."""
    n, wide = lanes(tile), np.result_type(tile, y)
    for lane in range(n):
        first = starts[lane] + t
        y[first : first + n] = gain * tile[i + lane : i + lane + n * n : n].astype(wide)


# Compiled it goes past the cache, which nearly doubles the rate of a pass that reads and writes;
# each lane's address must then be a multiple of its width in `y`, else the processor faults.
stream_transposed = store_transposed


def prefetch_lanes(x: NDArray[Any], starts: Ints, t: int) -> None:
    """Ask for the line of the cache with sample `t` after `starts[lane]` of each lane.

    It may lie outside of `x`: nothing is read.
    """


def load_rows(x: NDArray[Any], starts: Ints, t: int) -> tuple[Vector, ...]:
    """Eight rows of float64: samples `t` ... `t + 8` after `starts[lane]` of each lane."""
    tile = np.empty(LANES * LANES)
    load_transposed(x, starts, t, tile, 0)
    return tuple(tile.reshape(LANES, LANES))


def store_rows(rows: tuple[Vector, ...], y: NDArray[Any], starts: Ints, t: int) -> None:
    """Inverse of `load_rows`."""
    store_transposed(np.concatenate(rows), 0, y, starts, t)


stream_rows = store_rows  # as `stream_transposed`
