"""What the vector intrinsics of `_simd.py` mean, on NumPy arrays of eight.

Used in their place when the JIT is disabled, so that kernels can be stepped through; a fused
multiply-add rounds twice here.
"""

import numpy as np

from emgproc.arrays import Floats, Ints

LANES = 8
_SILENT = np.errstate(all="ignore")  # compiled arithmetic does not warn either


def load(array: Floats, i: int) -> Floats:
    """Eight values from flat index `i`."""
    return array[i : i + LANES].copy()


def store(array: Floats, i: int, v: Floats) -> None:
    """Write eight values from flat index `i`."""
    array[i : i + LANES] = v


def splat(s: float) -> Floats:
    """Eight times the same value."""
    return np.full(LANES, s)


@_SILENT
def muladd(a: Floats, b: Floats, c: Floats) -> Floats:
    """Sum c and the product of a and b."""
    return a * b + c


@_SILENT
def mul(a: Floats, b: Floats) -> Floats:
    """Product of a and b."""
    return a * b


@_SILENT
def add(a: Floats, b: Floats) -> Floats:
    """Sum of a and b."""
    return a + b


def magnitude(a: Floats) -> Floats:
    """Magnitude of a."""
    return np.abs(a)


def root(a: Floats) -> Floats:
    """Square root of a."""
    return np.sqrt(a)


def load_transposed(x: Floats, starts: Ints, t: int, tile: Floats, i: int) -> None:
    """Rows i/8 … of `tile`: sample `t + row` after `starts[lane]` of each lane."""
    for lane in range(LANES):
        first = starts[lane] + t
        tile[i + lane : i + lane + LANES * LANES : LANES] = x[first : first + LANES]


def store_transposed(tile: Floats, i: int, y: Floats, starts: Ints, t: int) -> None:
    """Inverse of `load_transposed`."""
    for lane in range(LANES):
        first = starts[lane] + t
        y[first : first + LANES] = tile[i + lane : i + lane + LANES * LANES : LANES]
