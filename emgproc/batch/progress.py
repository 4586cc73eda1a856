"""What a person sees while a batch runs, and the log that stays: seconds, memory, warnings."""

import contextlib
import json
import math
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from emgproc.batch.live import LiveTable, first_line
from emgproc.batch.store import make_folder
from emgproc.batch.worker import Done
from emgproc.errors import WriteError
from emgproc.writers import why_unwritable

if TYPE_CHECKING:
    from rich.live import Live


class ProgressLines:
    """A live table on a terminal; one plain line per finished recording elsewhere.

    Parameters
    ----------
    total
        Number of recordings to come.
    stream
        Where to write; standard error where None. Silent where `quiet`.
    """

    def __init__(self, total: int, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self.total = total
        self.count = 0
        self.stream = stream or sys.stderr
        self.quiet = quiet
        self._table = LiveTable(total)
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if not self.quiet and self.total and self.stream.isatty():
            from rich.console import Console
            from rich.live import Live

            console = Console(file=self.stream)
            if not console.is_dumb_terminal:  # which cannot draw anything anew
                self._live = Live(self._table, console=console)
                self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def running(self, names: Iterable[str]) -> None:
        """Tell which recordings are being worked on now."""
        self._table.running(names)

    def finished(self, done: Done) -> None:
        """Tell of one finished recording."""
        self.count += 1
        self._table.finished(done)
        if self.quiet:
            return
        if self._live is None:
            self.stream.write(self._line(done) + "\n")
            self.stream.flush()
        elif done.warnings:  # above the table, which itself tells of failures
            self._live.console.print(self._line(done), markup=False, highlight=False)

    def warn(self, text: str) -> None:
        """Tell what concerns the whole batch."""
        if self.quiet:
            return
        if self._live is None:
            self.stream.write(f"warning: {text}\n")
            self.stream.flush()
        else:
            self._live.console.print(f"warning: {text}", markup=False, highlight=False)

    def _line(self, done: Done) -> str:
        width = len(str(self.total))
        head = f"[{self.count:>{width}}/{self.total}] {done.name}"
        if done.failed:
            return f"{head}: failed, {done.code}: {first_line(done.message)}"
        warned = f"; warning: {'; '.join(done.warnings)}" if done.warnings else ""
        return f"{head}: {done.seconds:.1f} s{warned}"


@dataclass(slots=True)
class RunLog:
    """One JSON line per event in `folder`; the log is the only place that knows times.

    Its name holds the time of the start, UTC. A recording that failed has the code and the message
    of its error; a bug, which ends the batch, is an event `error` with its traceback.
    """

    folder: Path
    _file: TextIO | None = None

    def __enter__(self) -> Self:
        make_folder(self.folder)
        name = datetime.now(UTC).strftime("run-%Y%m%dT%H%M%S-%fZ.jsonl")
        try:
            self._file = (self.folder / name).open("x", encoding="utf-8")
        except OSError as error:
            why = why_unwritable(error)
            raise WriteError(f"{self.folder}: cannot be written: {why}") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(WriteError):  # what ended the batch is not hidden by its log
            if isinstance(error, KeyboardInterrupt):
                self.write("interrupted")
            elif error is not None:
                told = "".join(traceback.format_exception(error))
                self.write("error", error=repr(error), traceback=told)
        self._close()

    def write(self, event: str, **about: Any) -> None:  # noqa: ANN401 - any JSON value
        """Add one line, with the time; where that fails, WriteError, and no line after it."""
        if self._file is None:
            return
        line = {"time": datetime.now(UTC).isoformat(), "event": event, **about}
        try:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            self._close()
            why = why_unwritable(error)
            raise WriteError(f"{self.folder}: the log cannot be written: {why}") from error

    def _close(self) -> None:
        file, self._file = self._file, None
        with contextlib.suppress(OSError):  # of a line that could not be written before
            if file is not None:
                file.close()

    def finished(self, done: Done) -> None:
        """Add the line of one finished recording."""
        self.write(
            "recording",
            name=done.name,
            code=done.code or "done",
            message=done.message,
            seconds=round(done.seconds, 3),
            peak_mb=None if math.isnan(done.peak_mb) else round(done.peak_mb, 1),
            warnings=list(done.warnings),
        )
