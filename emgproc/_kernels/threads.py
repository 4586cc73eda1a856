"""The one place where threads run: over independent groups of channels, outside the kernels."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from emgproc.errors import ParameterError


def over_groups(work: Callable[[slice], None], n_groups: int, threads: int = 1) -> None:
    """Call `work` on slices that together cover `n_groups`, one slice to a thread.

    Kernels release the interpreter lock. The groups are independent, so the result is the same
    for every number of threads.

    Raises
    ------
    ParameterError
        `threads` is below 1.
    """
    if threads < 1:
        raise ParameterError(f"threads must be at least 1, got {threads}")
    used = min(threads, n_groups)
    if used <= 1:
        work(slice(0, n_groups))
        return
    edges = np.linspace(0, n_groups, used + 1).astype(int).tolist()
    with ThreadPoolExecutor(used) as pool:
        list(pool.map(work, map(slice, edges[:-1], edges[1:])))
