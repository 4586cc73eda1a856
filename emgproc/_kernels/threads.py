"""The one place where threads run: over independent groups of channels, outside the kernels."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache

import numpy as np

from emgproc.errors import ParameterError


@cache
def _pool() -> ThreadPoolExecutor:
    """Threads that wait for work; none lives on in a process that is forked."""
    return ThreadPoolExecutor(os.cpu_count())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)


def over_groups(
    work: Callable[[slice], None], n_groups: int, threads: int = 1, *, slices: int = 1
) -> None:
    """Call `work` on slices that together cover `n_groups`, as many as `slices` for each thread.

    A thread that is done takes the next slice; the calling one works too. Kernels release the
    interpreter lock. The groups are independent, so the result is the same for every number of
    threads.

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
    edges = np.linspace(0, n_groups, min(used * slices, n_groups) + 1).astype(int).tolist()
    left = iter(list(map(slice, edges[:-1], edges[1:])))

    def share() -> None:
        for part in left:
            work(part)

    others = [_pool().submit(share) for _ in range(used - 1)]
    try:
        share()
    finally:  # those that never began are not waited for: their threads may wait for this one
        running = [other for other in others if not other.cancel()]
        wait(running)
    for other in running:
        other.result()
