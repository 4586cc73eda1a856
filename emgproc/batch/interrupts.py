"""Loaded by every worker process at its start: Ctrl-C is for the driver, which then ends them.

A terminal sends the interrupt to all processes of a command at once; each worker would print a
traceback of its own.
"""

import signal


def dask_setup(worker: object) -> None:  # noqa: ARG001 - the name and the argument are Dask's
    """Ignore the interrupt in this worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
