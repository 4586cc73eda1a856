"""The memory that this process may still take: of the machine, and of what it was allotted."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MIB = 2**20
CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")
# Limit, use, and the line of memory.stat that says what of it the kernel gives back when asked.
_VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_VERSION_2 = ("memory.max", "memory.current", "inactive_file")


class Machine(NamedTuple):
    """Memory that is free, and that there is in all, MiB; `told` says whose limit that is."""

    free_mb: float
    limit_mb: float
    told: str


def machine_memory() -> Machine:
    """The narrowest of: physical memory, the control groups of a batch system, a Dask worker's."""
    return min(_limits())


def _limits() -> Iterator[Machine]:
    import psutil  # type: ignore[import-untyped]

    physical = psutil.virtual_memory()
    total_mb = physical.total / MIB
    yield Machine(physical.available / MIB, total_mb, f"the machine has {total_mb:.0f} MiB")
    for folder, names in _groups():
        limit, used, cached = _group_bytes(folder, names)
        if limit < physical.total:
            told = f"the job may take {limit / MIB:.0f} MiB (cgroup)"
            yield Machine(max(limit - used + cached, 0) / MIB, limit / MIB, told)
    allotted = _allotted_mb()
    if allotted is not None:
        yield Machine(
            allotted - resident_mb(), allotted, f"its worker may take {allotted:.0f} MiB"
        )


def _groups() -> Iterator[tuple[Path, tuple[str, str, str]]]:
    """Folders of the control groups of this process, with those above them."""
    try:
        lines = OWN_CGROUPS.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, kinds, path = line.split(":", 2)
        if not kinds:
            root, names = CGROUPS, _VERSION_2
        elif "memory" in kinds.split(","):
            root, names = CGROUPS / "memory", _VERSION_1
        else:
            continue
        own = root / path.lstrip("/")
        # In a container the path may be that of the host, and only the root be there.
        for folder in (own, *own.parents):
            yield folder, names
            if folder == root:
                break


def _group_bytes(folder: Path, names: tuple[str, str, str]) -> tuple[float, int, int]:
    """Limit, use and cached files; no limit where none is set or told."""
    try:
        limit = (folder / names[0]).read_text(encoding="ascii").strip()
        used = int((folder / names[1]).read_text(encoding="ascii"))
        rows = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return float("inf"), 0, 0
    told = dict(row.split(" ", 1) for row in rows)
    return float("inf") if limit == "max" else int(limit), used, int(told.get(names[2], 0))


def _allotted_mb() -> float | None:
    """What a Dask worker was started with (`--memory-limit`), beyond which it is ended."""
    if "distributed.worker" not in sys.modules:
        return None
    from distributed import get_worker

    try:
        limit = get_worker().memory_manager.memory_limit
    except ValueError:  # no worker
        return None
    return 0.9 * limit / MIB if limit else None  # it is ended at 95 %


def resident_mb() -> float:
    """What this process holds already, MiB."""
    import psutil

    return float(psutil.Process().memory_info().rss) / MIB
