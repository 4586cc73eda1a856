"""What a timing was made on, and how a fair one is made."""

import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from statistics import median
from typing import NamedTuple


class Timing(NamedTuple):
    """Seconds of interleaved repeats."""

    median_s: float
    least_s: float


def describe() -> str:
    """One line: processor, cores, Python and library versions."""
    libraries = " ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "numba"))
    return (
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {libraries}"
    )


def interleaved(calls: dict[str, Callable[[], object]], repeats: int = 9) -> dict[str, Timing]:
    """Time all calls in turn, after one call of each that is not timed (compilation, caches)."""
    for call in calls.values():
        call()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return {name: Timing(median(s), min(s)) for name, s in seconds.items()}
