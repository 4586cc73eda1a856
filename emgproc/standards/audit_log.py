"""The audit log: one row per action, each with the hash of the row before; rows are only added.

Rows are canonical JSON, one a line. A row's `hash` is the sha256 of its other fields, `previous`
the hash of the row before. It supports the audit trail of 21 CFR 11.10(e); users, access and
signatures are the site's.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import emgproc
from emgproc.errors import StoreError, WriteError
from emgproc.standards.audit_time import utc_now
from emgproc.standards.lock_content import canonical_json, digest_of
from emgproc.writers import why_unwritable

START = "0" * 64  # what the first row names as the one before
LOG = Path("logs") / "audit.jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done: to which file, and its sha256 before and after ("" for none)."""

    action: str
    file: str = ""
    old: str = ""
    new: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the log. `line` is its number in the file, from 1."""

    line: int
    time: str
    user: str
    action: str
    file: str
    old: str
    new: str
    reason: str
    version: str
    previous: str
    hash: str

    def is_whole(self) -> bool:
        """Whether the row's own hash fits what it says."""
        return self.hash == digest_of(self._signed())

    def text(self) -> str:
        """The line of the file, without its end."""
        return canonical_json(self._signed() | {"hash": self.hash})

    def _signed(self) -> dict[str, str]:
        return {k: v for k, v in asdict(self).items() if k not in {"hash", "line"}}


@dataclass(frozen=True, slots=True)
class Log:
    """A log as it stands: its rows, lines that are no rows, and what a cut last write left.

    `broken` maps the number of a line that is no row to why; `torn` is the text after the last
    line end.
    """

    rows: tuple[Row, ...] = ()
    broken: tuple[tuple[int, str], ...] = ()
    torn: bytes = b""

    @property
    def head(self) -> str:
        """Hash of the last row."""
        return self.rows[-1].hash if self.rows else START

    @property
    def n_lines(self) -> int:
        """Whole lines, of whatever kind."""
        return len(self.rows) + len(self.broken)


def read_log(out: Path) -> Log:
    """Read the log of a results folder; an empty one where there is none.

    Raises
    ------
    StoreError
        The file cannot be read.
    """
    path = out / LOG
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Log()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror or error}") from error
    *lines, torn = data.split(b"\n")
    rows, broken = [], []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(_row(number, line.decode("utf-8")))
        except (ValueError, TypeError) as error:
            broken.append((number, f"is no row of the log ({error})"))
    return Log(tuple(rows), tuple(broken), torn)


def append(out: Path, entries: Iterable[Entry], *, user: str) -> str:
    """Add rows and return the hash of the last; on the disk when this returns.

    The caller holds the folder (one writer). What a cut write left after the last line end was
    never a row: it is taken away and told in a row of its own.

    Raises
    ------
    StoreError
        The log cannot be read.
    WriteError
        It cannot be written.
    """
    log = read_log(out)
    told = list(entries)
    if log.torn:
        what = f"the last write was cut after {log.torn[:200]!r}; that was no row yet"
        told = [Entry("recovered", file=LOG.as_posix(), reason=what), *told]
    rows = _chained(told, log.head, user)
    if rows:
        _write(out / LOG, "".join(f"{row.text()}\n" for row in rows), len(log.torn))
    return rows[-1].hash if rows else log.head


def _chained(entries: Sequence[Entry], head: str, user: str) -> list[Row]:
    rows: list[Row] = []
    time = utc_now()
    for entry in entries:
        signed = {
            **asdict(entry),
            "time": time,
            "user": user,
            "version": emgproc.__version__,
            "previous": rows[-1].hash if rows else head,
        }
        rows.append(Row(**signed, line=0, hash=digest_of(signed)))
    return rows


def _write(path: Path, text: str, torn: int) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.truncate(file.tell() - torn)
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise WriteError(f"{path}: cannot be written: {why_unwritable(error)}") from error


def _row(number: int, line: str) -> Row:
    found = json.loads(line)
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise TypeError("not a table of texts")
    row = Row(**found, line=number)
    if row.text() != line:
        raise ValueError("not written as the program writes")
    return row
