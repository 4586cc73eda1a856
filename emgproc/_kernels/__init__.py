"""Compiled kernels: arrays and scalars in and out, nothing else; what calls them has checked."""

import os

# Environment variable: folder for machine code while a batch runs, should no other be writable.
BATCH_FOLDER = "EMGPROC_BATCH_KERNELS"


def state_of_sources() -> list[tuple[str, int, int, int]]:
    """Name, size and times of change of every source here, sorted."""
    with os.scandir(__path__[0]) as files:
        states = [(file.name, file.stat()) for file in files if file.name.endswith(".py")]
    return sorted((name, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in states)


# Before any kernel is read: machine code is kept only while this is so, see `_jit`.
SOURCES = state_of_sources()
