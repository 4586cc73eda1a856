"""Memory of a kernel's own, in which no vector spans two lines of the cache."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import lanes

Reals = NDArray[Any]  # float64 or float32


@kernel
def scratch(like: Reals, n_rows: int) -> Reals:
    """Zeros for rows of vectors of the type of `like`, from a multiple of 64 bytes on."""
    m = lanes(like)
    memory = np.zeros((n_rows + 1) * m, like.dtype)
    first = -memory.ctypes.data % 64 // memory.itemsize
    return memory[first : first + n_rows * m]
