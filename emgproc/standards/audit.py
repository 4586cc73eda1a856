"""What a run did to its results folder, told in the audit log.

Order, so that a run that is killed at any moment leaves no lie behind:

1. `begin_audit`: the folder is compared with the log; what changed outside of a run is told at
   once, before anything of it is overwritten. Then `logs/audit.open.json` is written: from here
   on files may differ from the log.
2. Results are written, each whole or not at all; the RO-Crate last.
3. `end_audit`: one row for each file that is new, changed or gone, then the marker is taken away.

A run killed between 1 and 3 leaves the marker: `verify_audit` then says "not recorded yet", and
never "altered", of what differs, and the next run tells it as found after the interruption. A run
that changed nothing adds one row, "nothing changed".
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from emgproc.errors import StoreError
from emgproc.standards.audit_log import LOG, Entry, Log, append, read_log
from emgproc.standards.audit_time import utc_now
from emgproc.writers import write_text

OPEN = Path("logs") / "audit.open.json"
STUDY = "study/"  # before the name of a file of the study folder
NOT_STATED = "not stated"
_GONE = ("removed", "found_missing")


def begin_audit(out: Path, *, by: str = NOT_STATED) -> None:
    """Tell what happened to the results folder since its last run, and open the next.

    The caller holds the folder; it exists.

    Raises
    ------
    StoreError
        The log is altered: it is not continued before a person has looked at it.
    WriteError
        The log cannot be written.
    """
    log = read_log(out)
    _refuse_altered(out, log)
    opened = open_run(out)
    append(out, _found(out, log, opened), user=by)
    (out / OPEN).parent.mkdir(exist_ok=True)
    started = {"started": utc_now(), "user": by, "head": read_log(out).head}
    write_text(out / OPEN, json.dumps(started) + "\n")


def end_audit(
    out: Path, study_files: Mapping[str, str], *, by: str = NOT_STATED, reason: str = ""
) -> str:
    """Tell what a run wrote and read, and close it.

    Parameters
    ----------
    out
        The results folder, held by the caller.
    study_files
        sha256 of each file of the study that the run read, by its path in the study folder.
    by, reason
        Who ran it, and why.

    Returns
    -------
    str
        Hash of the last row, the head of the chain: kept elsewhere it shows later whether the end
        of the log was cut off.
    """
    known = recorded(read_log(out))
    written = _changes({k: v for k, v in known.items() if not k.startswith(STUDY)}, hashes_of(out))
    read = {f"{STUDY}{name}": digest for name, digest in study_files.items()}
    entries = [
        *(Entry("read", k, known.get(k, ""), v, reason) for k, v in sorted(read.items())
          if known.get(k) != v),
        *(Entry("removed" if not new else "wrote", name, old, new, reason)
          for name, old, new in written),
    ]  # fmt: skip
    entries = entries or [Entry("run", reason=reason or "nothing changed")]
    head = append(out, entries, user=by)
    (out / OPEN).unlink(missing_ok=True)
    return head


def open_run(out: Path) -> dict[str, Any]:
    """What the marker of a run that is under way or was killed says; empty without one."""
    path = out / OPEN
    if not path.exists():
        return {}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return {"started": str(told["started"]), "user": str(told["user"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"started": "a time that is not told", "user": NOT_STATED}


def recorded(log: Log) -> dict[str, str]:
    """sha256 of each file as the log last told it; without those it last told as gone."""
    known: dict[str, str] = {}
    for row in log.rows:
        if row.action in _GONE:
            known.pop(row.file, None)
        elif row.new:
            known[row.file] = row.new
    return known


def hashes_of(out: Path) -> dict[str, str]:
    """sha256 of every result file by its path in the folder, in order of the paths.

    `logs/` holds times and is no result, the lock file and half-written files are none either.
    """
    return {file.relative_to(out).as_posix(): file_sha256(file) for file in result_files(out)}


def result_files(out: Path) -> Iterator[Path]:
    """Every result file in order; what `hashes_of` leaves out is left out."""
    for path in sorted(out.rglob("*")):
        inner = path.relative_to(out)
        working = inner.parts[0] == LOG.parts[0] or inner.name == ".emgproc.lock"
        if path.is_file() and not working and not inner.name.endswith(".part"):
            yield path


def altered_rows(log: Log) -> Iterator[tuple[int, str]]:
    """Each line that does not fit the chain: its number and what is wrong with it."""
    yield from log.broken
    broken = {number for number, _ in log.broken}
    previous = Log().head
    for row in log.rows:
        if not row.is_whole():
            yield row.line, "was altered: its hash does not fit what it says"
        if row.previous != previous and row.line - 1 not in broken:
            yield row.line, "does not follow the row before: rows are missing, moved or rewritten"
        previous = row.hash


def _refuse_altered(out: Path, log: Log) -> None:
    for number, what in altered_rows(log):
        raise StoreError(
            f"{out / LOG}:{number} {what}; emgproc audit verify lists all. Restore the log, or "
            "keep it elsewhere and use a new results folder"
        )


def _found(out: Path, log: Log, opened: Mapping[str, str]) -> Iterator[Entry]:
    why = "changed outside of a run" if log.rows else "there before this log began"
    if opened:
        why = f"found after the run of {opened['started']} by {opened['user']} was interrupted"
        yield Entry("interrupted", reason=f"the run of {opened['started']} did not end")
    known = {k: v for k, v in recorded(log).items() if not k.startswith(STUDY)}
    for name, old, new in _changes(known, hashes_of(out)):
        action = "found_missing" if not new else "found_changed" if old else "found_new"
        yield Entry(action, name, old, new, why)


def _changes(then: Mapping[str, str], now: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Name, old and new digest ("" for none) of each file that differs."""
    names = sorted({*then, *now})
    pairs = [(name, then.get(name, ""), now.get(name, "")) for name in names]
    return [(name, old, new) for name, old, new in pairs if old != new]


def file_sha256(path: Path) -> str:
    """sha256 of a whole file, hexadecimal; StoreError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror or error}") from error
