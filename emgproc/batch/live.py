"""The live table of a batch on a terminal: what runs, how much is done, what failed last."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from emgproc.batch.worker import Done

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

MOST_ROWS = 16  # recordings that are shown at work; those that run longest
MOST_FAILURES = 3
BAR = 24  # characters


class LiveTable:
    """What a terminal shows while a batch runs; `rich` draws it anew as time goes on.

    Parameters
    ----------
    total
        Number of recordings to come.
    clock
        Seconds, from any moment on.
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total = total
        self._clock = clock
        self._began = clock()
        self._running: dict[str, tuple[int, float]] = {}
        self._failures: deque[Done] = deque(maxlen=MOST_FAILURES)
        self._counts = {"done": 0, "failed": 0, "warned": 0}

    def running(self, names: Iterable[str]) -> None:
        """These recordings are being worked on now, and no others.

        Each has the number of a worker, the lowest that is free, for as long as it runs.
        """
        now = list(names)
        kept = {name: self._running[name] for name in now if name in self._running}
        taken = {worker for worker, _ in kept.values()}
        for name in now:
            if name not in kept:
                worker = next(n for n in range(1, len(now) + len(taken) + 1) if n not in taken)
                taken.add(worker)
                kept[name] = (worker, self._clock())
        self._running = kept  # replaced, never changed: another thread draws it

    def finished(self, done: Done) -> None:
        """One recording has its answer."""
        self._running = {k: v for k, v in self._running.items() if k != done.name}
        self._counts["failed" if done.failed else "done"] += 1
        self._counts["warned"] += bool(done.warnings)
        if done.failed:
            self._failures.append(done)

    def left_s(self) -> float | None:
        """Estimated seconds to the end; `None` before the first answer.

        What is left is taken to be like what came: the time so far, by the number of answers.
        """
        n = self._counts["done"] + self._counts["failed"]
        return (self._clock() - self._began) / n * (self._total - n) if n else None

    def __rich__(self) -> "Group":
        from rich.console import Group

        workers = [self._workers()] if self._running else []
        return Group(self._summary(), *workers, *self._last_failures())

    def _summary(self) -> "Text":
        from rich.text import Text

        done, failed, warned = self._counts.values()
        n = done + failed
        full = BAR * n // max(self._total, 1)
        told = Text()
        told.append("━" * full, style="green")
        told.append("━" * (BAR - full), style="dim")
        told.append(f"  {done} done")
        if warned:
            told.append(f" ({warned} with warnings)", style="yellow")
        told.append(f" · {failed} failed", style="bold red" if failed else "")
        left = self.left_s()
        soon = f", about {clock_text(left)} more" if left else ""
        soon = soon if n or self._running else ", the workers start"
        told.append(f" · {self._total - n} left\n")
        told.append(f"{clock_text(self._clock() - self._began)} so far{soon}", style="dim")
        return told

    def _workers(self) -> "Table":
        from rich.table import Table

        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("worker", justify="right")
        table.add_column("recording", no_wrap=True, overflow="ellipsis")
        table.add_column("running", justify="right")
        rows = sorted(self._running.items(), key=lambda row: row[1][1])
        for name, (worker, since) in sorted(rows[:MOST_ROWS], key=lambda row: row[1][0]):
            table.add_row(str(worker), _plain(name), clock_text(self._clock() - since))
        if len(rows) > MOST_ROWS:
            table.add_row("", f"… and {len(rows) - MOST_ROWS} more", "")
        return table

    def _last_failures(self) -> "list[Text]":
        from rich.text import Text

        failures = list(self._failures)
        if not failures:
            return []
        head = Text("last failures", style="dim")
        lines = [f"{done.name}: {done.code}: {first_line(done.message)}" for done in failures]
        return [head, *(Text(_plain(s), "red", no_wrap=True, overflow="ellipsis") for s in lines)]


def first_line(text: str) -> str:
    r"""The first line of a message, which may have none.

    Examples
    --------
    >>> first_line("2 problems\nof which this is one"), first_line("")
    ('2 problems', '')
    """
    return text.partition("\n")[0]


def clock_text(seconds: float) -> str:
    """Seconds as a clock shows them.

    Examples
    --------
    >>> clock_text(7.4), clock_text(754), clock_text(3 * 3600 + 62)
    ('7 s', '12:34', '3:01:02')
    """
    whole = round(seconds)
    minutes, s = divmod(whole, 60)
    hours, m = divmod(minutes, 60)
    if hours:
        return f"{hours}:{m:02}:{s:02}"
    return f"{m}:{s:02}" if minutes else f"{s} s"


def _plain(name: str) -> str:
    """A name without characters that would move the cursor."""
    return "".join(c if c.isprintable() else "�" for c in name)
