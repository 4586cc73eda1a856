"""One writer to a folder of results at a time: a lock that the kernel releases."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from emgproc.batch.store import make_folder
from emgproc.errors import WriteError


@contextlib.contextmanager
def claimed(out: Path) -> Iterator[None]:
    """Hold the folder of results: one writer; what a killed run left half-written is removed.

    Raises
    ------
    WriteError
        The folder cannot be written, or another run holds it.
    """
    from filelock import FileLock, Timeout

    make_folder(out)
    lock = FileLock(out / ".emgproc.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise WriteError(
            f"{out}: another emgproc run is writing there; wait for its end"
        ) from error
    except OSError as error:
        raise WriteError(f"{out}: cannot be written: {error.strerror or error}") from error
    try:
        for part in out.rglob(".*.part"):
            part.unlink(missing_ok=True)
        yield
    finally:
        lock.release()
