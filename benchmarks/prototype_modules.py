"""The modules of the prototype, taken from their folder; they stay what they were."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from emgproc.errors import ParameterError

MODULES = ("proto_filter", "proto_features", "proto_decomp")
NEEDED = ("simd", *MODULES)


def modules_in(folder: Path) -> list[ModuleType]:
    """Filters, features and decomposition.

    Raises
    ------
    ParameterError
        A module is not in the folder.
    """
    missing = [f"{name}.py" for name in NEEDED if not (folder / f"{name}.py").is_file()]
    if missing:
        raise ParameterError(
            f"--prototypes: {folder} has no {', '.join(missing)}; name the folder that has the "
            "prototype's modules"
        )
    with _first_on_the_path(folder):
        return [importlib.import_module(name) for name in MODULES]


@contextmanager
def _first_on_the_path(folder: Path) -> Iterator[None]:
    """Its modules import one another by names that others may have: they are let go again."""
    before, kept = sys.path[:], sys.dont_write_bytecode
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True  # the folder may not be ours
    try:
        for name in NEEDED:
            sys.modules.pop(name, None)
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = before, kept
        for name in NEEDED:
            sys.modules.pop(name, None)


@cache
def decoder() -> Any:  # noqa: ANN401
    """Its decoder, which stood in its benchmark; here an annotation may end a record."""
    from numba import njit, prange

    @njit(parallel=True, fastmath=True)
    def decode(records, n, gains, zeros, out):  # noqa: ANN001, ANN202
        for c in prange(gains.size):
            gain, zero = gains[c], zeros[c]
            for r in range(len(records)):
                run = records[r, c * n : (c + 1) * n]  # indexed by c * n + i it is half as fast
                for i in range(n):
                    out[c, r * n + i] = run[i] * gain + zero

    return decode
