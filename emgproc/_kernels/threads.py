"""The one place where threads run: over independent groups of channels, outside the kernels."""

import os
from _thread import LockType, allocate_lock, start_new_thread
from collections.abc import Callable

from emgproc.errors import ParameterError


class _Task:
    """What a helper is asked for; the caller may call it off until the helper has begun."""

    def __init__(self, share: Callable[[], None]) -> None:
        self._share = [share]
        self._done = _held_lock()
        self._error: BaseException | None = None

    def take(self) -> Callable[[], None] | None:
        """What is to be done, for the first who asks."""
        try:
            return self._share.pop()
        except IndexError:
            return None

    def run(self, share: Callable[[], None]) -> None:
        """Do it, and keep the error for the caller."""
        try:
            share()
        except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
            self._error = error

    def end(self) -> None:
        """Tell the caller."""
        self._done.release()

    def wait(self) -> BaseException | None:
        """Wait for a helper that has begun; its error."""
        if self.take() is None:
            self._done.acquire()
        return self._error


class _Helper:
    """A thread that waits for tasks: for a lock, since an executor's queue takes twice as long."""

    def __init__(self) -> None:
        self._asked = _held_lock()
        start_new_thread(self._live, ())

    def ask(self, task: _Task) -> None:
        """Let it begin."""
        self._task = task
        self._asked.release()

    def _live(self) -> None:
        while True:
            self._asked.acquire()
            task = self._task
            del self._task
            share = task.take()
            if share is not None:
                task.run(share)
            _idle.append(self)
            if share is not None:
                task.end()
            del task, share


def _held_lock() -> LockType:
    lock = allocate_lock()
    lock.acquire()
    return lock


_idle: list[_Helper] = []

if hasattr(os, "register_at_fork"):  # no thread lives on in a process that is forked
    os.register_at_fork(after_in_child=_idle.clear)


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
    n_slices = min(used * slices, n_groups)
    edges = [n_groups * i // n_slices for i in range(n_slices + 1)]
    left = iter(list(map(slice, edges[:-1], edges[1:])))

    def share() -> None:
        for part in left:
            work(part)

    tasks: list[_Task] = []
    try:
        for _ in range(used - 1):
            helper = _a_helper()
            tasks.append(_Task(share))
            helper.ask(tasks[-1])
        share()
    finally:
        errors = [error for task in tasks if (error := task.wait())]
    for error in errors:
        raise error


def _a_helper() -> _Helper:
    try:
        return _idle.pop()
    except IndexError:
        return _Helper()
