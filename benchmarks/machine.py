"""What a timing was made on, and how a fair one is made."""

import contextlib
import gc
import math
import os
import platform
import re
import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import NamedTuple

LIBRARIES = ("numpy", "scipy", "numba", "mne", "h5py", "pandas")
UNIT_OF_PEAK = 1 if sys.platform == "darwin" else 1024  # bytes; Linux counts in KiB


class Timing(NamedTuple):
    """Seconds of interleaved repeats, and the peak of memory above what was held before."""

    median_s: float
    least_s: float
    extra_mb: float = math.nan


class Seconds(float):
    """What a call returns that has timed itself, e.g. in another process."""


def describe() -> str:
    """One line: processor, cores, Python and library versions."""
    about = facts()
    libraries = " ".join(f"{name} {number}" for name, number in about["libraries"].items())
    return (
        f"{about['processor']}, {about['cores']} cores, load {about['load']}, "
        f"Python {about['python']}, {libraries}"
    )


def facts() -> dict:
    """Processor, cores, memory, system and versions, for the JSON file."""
    try:
        cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        processor = re.findall(r"model name\s*:\s*(.+)", cpu)[0]
    except (OSError, IndexError):
        processor = platform.processor() or platform.machine()
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "libraries": {name: found for name in LIBRARIES if (found := version_of(name))},
    }


def version_of(package: str) -> str:
    """Installed version; empty if there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def interleaved(
    calls: dict[str, Callable[[], object]],
    repeats: int = 9,
    budget_s: float = math.inf,
    *,
    warm_up: bool = True,
) -> dict[str, Timing]:
    """Time all calls in turn, after one call of each that is not timed (compilation, caches).

    A call that has used up `budget_s` is not repeated further; each is timed once at least.
    """
    for call in calls.values() if warm_up else ():
        call()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    extra_mb = dict.fromkeys(calls, 0.0)
    for _ in range(max(1, repeats)):
        for name, call in calls.items():
            if sum(seconds[name]) <= budget_s:
                one = once(call)
                seconds[name].append(one.median_s)
                extra_mb[name] = max(extra_mb[name], one.extra_mb)
    return {name: Timing(median(s), min(s), extra_mb[name]) for name, s in seconds.items()}


def once(call: Callable[[], object]) -> Timing:
    """One call; its result is freed after the clock has stopped."""
    gc.collect()
    forget_peak()
    before_mb = resident_mb()
    start = time.perf_counter()
    result = call()
    seconds = time.perf_counter() - start
    extra_mb = peak_mb() - before_mb
    if isinstance(result, Seconds):
        seconds = float(result)
    return Timing(seconds, seconds, max(0.0, extra_mb))


def forget_peak() -> None:
    """Let the peak start anew, where the system can do that (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_mb() -> float:
    """Largest resident memory since `forget_peak`, MiB; since the start where it does nothing."""
    return _status_mb("VmHWM")


def resident_mb() -> float:
    """Resident memory now, MiB; its peak where the system does not tell."""
    return _status_mb("VmRSS")


def _status_mb(key: str) -> float:
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(re.findall(rf"{key}:\s+(\d+) kB", status)[0]) / 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT_OF_PEAK / 2**20
