"""What a person sees while a batch runs, and the log that stays: seconds, memory, warnings."""

import json
import math
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from emgproc.batch.store import make_folder
from emgproc.batch.worker import Done
from emgproc.errors import WriteError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class ProgressLines:
    """A live bar on a terminal; one plain line per finished recording elsewhere.

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
        self.failed = 0
        self.stream = stream or sys.stderr
        self.quiet = quiet
        self._live: Progress | None = None
        self._bar: TaskID | None = None

    def __enter__(self) -> Self:
        if not self.quiet and self.total and self.stream.isatty():
            from rich.console import Console
            from rich.progress import Progress

            self._live = Progress(console=Console(file=self.stream), transient=True)
            self._live.start()
            self._bar = self._live.add_task("recordings", total=self.total)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def finished(self, done: Done) -> None:
        """Tell of one finished recording."""
        self.count += 1
        self.failed += done.failed
        if self.quiet:
            return
        line = self._line(done)
        if self._live is None or self._bar is None:
            self.stream.write(line + "\n")
            self.stream.flush()
            return
        if done.failed or done.warnings:
            self._live.console.print(line, markup=False, highlight=False)
        words = f"recordings, {self.failed} failed" if self.failed else "recordings"
        self._live.update(self._bar, advance=1, description=words)

    def _line(self, done: Done) -> str:
        width = len(str(self.total))
        head = f"[{self.count:>{width}}/{self.total}] {done.name}"
        if done.failed:
            return f"{head}: failed, {done.code}: {done.message.splitlines()[0]}"
        warned = f"; warning: {'; '.join(done.warnings)}" if done.warnings else ""
        return f"{head}: {done.seconds:.1f} s{warned}"


@dataclass(slots=True)
class RunLog:
    """One JSON line per event in `folder`; the log is the only place that knows times.

    Its name holds the time of the start, UTC.
    """

    folder: Path
    _file: TextIO | None = None

    def __enter__(self) -> Self:
        make_folder(self.folder)
        name = datetime.now(UTC).strftime("run-%Y%m%dT%H%M%S-%fZ.jsonl")
        try:
            self._file = (self.folder / name).open("x", encoding="utf-8")
        except OSError as error:
            raise WriteError(f"{self.folder}: cannot be written: {error.strerror}") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, event: str, **about: Any) -> None:  # noqa: ANN401 - any JSON value
        """Add one line, with the time."""
        if self._file is not None:
            line = {"time": datetime.now(UTC).isoformat(), "event": event, **about}
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()

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
