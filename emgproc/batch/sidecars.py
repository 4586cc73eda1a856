"""Labels that stand beside a recording: the BIDS table `…_events.tsv` of an `…_emg` file."""

import csv
import io
import math
from pathlib import Path

from emgproc.errors import FormatError, ReadError
from emgproc.recording import Event

REQUIRED = ("onset", "duration", "trial_type")
_MISSING = ("", "n/a")


def events_table(recording: Path) -> Path | None:
    """Return the events table that belongs to a recording by its BIDS name, if it is there."""
    stem = recording.name.split(".")[0]
    if not stem.endswith("_emg"):
        return None
    table = recording.with_name(f"{stem.removesuffix('_emg')}_events.tsv")
    return table if table.is_file() else None


def read_events(table: Path) -> tuple[Event, ...]:
    """Events of a BIDS table: onset and duration in seconds, `trial_type` as the label.

    A column `channel` limits an event to that channel. Rows without a label are left out; a
    duration `n/a` is 0.

    Raises
    ------
    ReadError, FormatError
        The table cannot be read, lacks a column, or holds a time that is no number of seconds.
    """
    try:
        text = table.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ReadError(f"{table.name}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{table.name}: not UTF-8 at byte {error.start}") from error
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    lacking = [name for name in REQUIRED if name not in (rows.fieldnames or ())]
    if lacking:
        raise FormatError(f"{table.name}: has no column {', '.join(lacking)}")
    return tuple(
        Event(
            onset_s=_seconds(table, rows.line_num, row["onset"]),
            duration_s=0.0
            if row["duration"] in _MISSING
            else _seconds(table, rows.line_num, row["duration"], least=0.0),
            label=row["trial_type"],
            channel=_named(row.get("channel")),
        )
        for row in rows
        if row["trial_type"] not in _MISSING and row["trial_type"] is not None
    )


def _named(cell: str | None) -> str:
    return "" if cell is None or cell in _MISSING else cell


def _seconds(table: Path, line: int, cell: str | None, least: float = -math.inf) -> float:
    try:
        seconds = float(cell or "")
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= least):
        raise FormatError(f"{table.name}:{line}: {cell!r} is no number of seconds")
    return seconds
