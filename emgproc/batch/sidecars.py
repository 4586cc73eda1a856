"""What stands beside a recording and decides its result.

In a BIDS dataset these are its sidecars, which the reader reads; elsewhere it is the table
`…_events.tsv` of an `…_emg` file, which is read here.
"""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from emgproc.batch.keys import FileHashes
from emgproc.errors import FormatError, ReadError
from emgproc.readers import sidecars_of
from emgproc.readers.bids_files import dataset_root
from emgproc.recording import Event
from emgproc.recording.parts import printable_name

REQUIRED = ("onset", "duration", "trial_type")
_MISSING = ("", "n/a")


def named_sidecars(recording: Path) -> dict[str, Path]:
    """Sidecars of a recording by their paths from the root of its dataset; empty outside one.

    Raises
    ------
    ReadError
        A folder of the dataset cannot be listed.
    """
    root = dataset_root(recording)
    files = sidecars_of(recording)
    if root is None or not files:
        return {}
    return {printable_name(file.relative_to(root).as_posix()): file for file in files}


def sidecar_changes(
    recording: Path, known: Mapping[str, str], now: Mapping[str, Path], hashes: FileHashes
) -> list[str]:
    """What became of the sidecars, in words: one or more names with what happened to them.

    Parameters
    ----------
    recording
        The raw file.
    known
        Name → sha256 of those that a result was made of.
    now
        Those of today, as `named_sidecars`.
    hashes
        Where digests come from; raises as `FileHashes.of`.
    """
    root = dataset_root(recording)
    lost = [name for name in known if name not in now]
    there = [name for name in lost if root is not None and (root / name).is_file()]
    happened = {
        "changed": [n for n, path in now.items() if n in known and hashes.of(path) != known[n]],
        "appeared": [name for name in now if name not in known],
        "vanished": [name for name in lost if name not in there],
        "no longer counts": there,  # a nearer one holds instead
    }
    return [f"{' and '.join(sorted(names))} {what}" for what, names in happened.items() if names]


def loose_table(recording: Path, sidecars: Iterable[Path]) -> Path | None:
    """Return the events table of a recording, unless it is one of its `sidecars`."""
    table = events_table(recording)
    return None if table is None or table.absolute() in sidecars else table


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
