"""Ctrl-C: told to the driver alone, and never lost there.

A terminal sends the interrupt to all processes of a command at once. Every worker process loads
this module at its start and ignores it; else each would print a traceback of its own.
"""

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType


def dask_setup(worker: object) -> None:  # noqa: ARG001 - the name and the argument are Dask's
    """Ignore the interrupt in this worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def remembered() -> Iterator[Callable[[], None]]:
    """Yield a check that raises KeyboardInterrupt if one came since, though it was swallowed.

    Python drops an interrupt that falls into a destructor, and Dask's futures have one; what it
    would print of that is left out.

    Outside the main thread, and where a program handles the interrupt itself, the check is idle.
    """
    came = threading.Event()

    def check() -> None:
        if came.is_set():
            raise KeyboardInterrupt

    def interrupt(number: int, frame: FrameType | None) -> None:
        came.set()
        signal.default_int_handler(number, frame)

    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield check
        return
    tell = sys.unraisablehook

    def dropped(what: "sys.UnraisableHookArgs") -> None:
        if what.exc_type is not KeyboardInterrupt:
            tell(what)

    signal.signal(signal.SIGINT, interrupt)
    sys.unraisablehook = dropped
    try:
        yield check
        check()
    finally:
        sys.unraisablehook = tell
        signal.signal(signal.SIGINT, signal.default_int_handler)
