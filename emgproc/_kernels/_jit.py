"""Compile options of every kernel, in one place; only `_simd.py` imports numba beside it.

No fastmath (it counts zero NaNs), no `parallel` (threads run outside, over independent channels),
no `guvectorize` (numba#4807). A kernel calls only kernels of its own file, the vector intrinsics
and the sections: numba's cache watches one file per kernel, so the stamp here adds theirs to it.
"""

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numba
import numpy as np
from numba.core.caching import FunctionCache

P = ParamSpec("P")
R = TypeVar("R")

JIT_DISABLED = bool(numba.config.DISABLE_JIT)

_HERE = Path(__file__)
_SHARED = ("_jit.py", "_simd.py", "_sections.py", "_fourier.py", "_walks.py")
_COMMON = hashlib.sha256(
    b"".join(_HERE.with_name(name).read_bytes() for name in _SHARED)
).hexdigest()


class _Cache(FunctionCache):  # type: ignore[misc]  # numba has no types
    """Numba's file cache, except that a folder that cannot be used costs time and nothing else."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file._source_stamp = (self._cache_file._source_stamp, _COMMON)

    def load_overload(self, sig: Any, target_context: Any) -> Any:  # noqa: ANN401
        try:
            return super().load_overload(sig, target_context)
        except (OSError, EOFError, pickle.UnpicklingError):
            return None

    def save_overload(self, sig: Any, data: Any) -> None:  # noqa: ANN401
        try:
            super().save_overload(sig, data)
        except (OSError, EOFError, pickle.UnpicklingError):
            self.disable()


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` for the argument types of its first call, read-only arrays included.

    The machine code is kept beside the source or in the user's cache folder; where neither can be
    written the kernel is compiled anew in each process and works all the same.
    """
    if JIT_DISABLED:
        return np.errstate(all="ignore")(function)  # compiled arithmetic does not warn either
    compiled: Any = numba.njit(nogil=True, error_model="numpy")(function)
    try:
        compiled._cache = _Cache(function)
    except (RuntimeError, OSError):  # numba: "no locator available", no folder can be written
        return compiled  # type: ignore[no-any-return]
    return compiled  # type: ignore[no-any-return]
