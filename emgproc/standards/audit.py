"""What a run did to its results folder, told in the audit log.

Order, so that a run that is killed at any moment leaves no lie behind:

1. `begin_audit`: the folder is compared with the log; what changed outside of a run is told at
   once, before anything of it is overwritten. Then `logs/audit.open.json` is written: from here
   on files may differ from the log.
2. Results are written, each whole or not at all; the RO-Crate last.
3. `end_audit`: one row for each file that is new, changed or gone, then the marker is taken away.

A run of some participants does the same for their folders alone, with a marker for each, while
others do so for theirs; the rows of all stand in the one log.

A run killed between 1 and 3 leaves the marker: `verify_audit` then says "not recorded yet", and
never "altered", of what differs, and the next run tells it as found after the interruption. A run
that changed nothing adds one row, "nothing changed".
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
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


def begin_audit(out: Path, *, by: str = NOT_STATED, parts: Sequence[str] = ()) -> None:
    """Tell what happened to the results folder since its last run, and open the next.

    The caller holds the folder; it exists.

    Parameters
    ----------
    out
        The results folder.
    by
        Who runs it.
    parts
        Folders of participants; nothing else in `out` is looked at. Empty means all.

    Raises
    ------
    StoreError
        The log is altered: it is not continued before a person has looked at it.
    WriteError
        The log cannot be written.
    """
    log = read_log(out)
    _refuse_altered(out, log)
    append(out, _found(out, log, parts), user=by)
    (out / OPEN).parent.mkdir(exist_ok=True)
    started = {"started": utc_now(), "user": by, "head": read_log(out).head}
    for marker in _markers(out, parts):
        marker.unlink(missing_ok=True)
    for marker in _own_markers(out, parts):
        write_text(marker, json.dumps(started) + "\n")


def end_audit(  # noqa: PLR0913 - all beyond the second are keyword-only
    out: Path,
    study_files: Mapping[str, str],
    *,
    by: str = NOT_STATED,
    reason: str = "",
    parts: Sequence[str] = (),
    beside: Sequence[str] = (),
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
    parts
        As in `begin_audit`.
    beside
        Files beside the parts that the run wrote too.

    Returns
    -------
    str
        Hash of the last row, the head of the chain: kept elsewhere it shows later whether the end
        of the log was cut off.
    """
    known = recorded(read_log(out))
    looked_at = (*parts, *beside) if parts else ()
    written = _changes(_results_in(known, looked_at), hashes_of(out, looked_at))
    read = {f"{STUDY}{name}": digest for name, digest in study_files.items()}
    entries = [
        *(Entry("read", k, known.get(k, ""), v, reason) for k, v in sorted(read.items())
          if known.get(k) != v),
        *(Entry("removed" if not new else "wrote", name, old, new, reason)
          for name, old, new in written),
    ]  # fmt: skip
    entries = entries or [Entry("run", reason=reason or "nothing changed")]
    head = append(out, entries, user=by)
    for marker in _own_markers(out, parts):
        marker.unlink(missing_ok=True)
    return head


def open_run(out: Path) -> dict[str, Any]:
    """What the marker of a run that is under way or was killed says; empty without one."""
    return next((_told(marker) for marker in _markers(out)), {})


def _own_markers(out: Path, parts: Sequence[str]) -> list[Path]:
    marker = out / OPEN
    return [marker.with_stem(f"{marker.stem}-{part}") for part in parts] if parts else [marker]


def _markers(out: Path, parts: Sequence[str] = ()) -> list[Path]:
    """Markers that are there: of a run of the whole, and of these parts or any."""
    own = _own_markers(out, parts) if parts else sorted((out / OPEN).parent.glob(f"{OPEN.stem}*"))
    return [marker for marker in own if marker.is_file()]


def _told(marker: Path) -> dict[str, Any]:
    try:
        told = json.loads(marker.read_text(encoding="utf-8"))
        return {"started": str(told["started"]), "user": str(told["user"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"started": "a time that is not told", "user": NOT_STATED}


def _results_in(known: Mapping[str, str], parts: Sequence[str]) -> dict[str, str]:
    """Of what was recorded, the results, and of these those below some parts."""
    return {
        name: digest
        for name, digest in known.items()
        if not name.startswith(STUDY) and (not parts or name.partition("/")[0] in parts)
    }


def recorded(log: Log) -> dict[str, str]:
    """sha256 of each file as the log last told it; without those it last told as gone."""
    known: dict[str, str] = {}
    for row in log.rows:
        if row.action in _GONE:
            known.pop(row.file, None)
        elif row.new:
            known[row.file] = row.new
    return known


def hashes_of(out: Path, parts: Sequence[str] = ()) -> dict[str, str]:
    """sha256 of every result file by its path in the folder, in order of the paths.

    With `parts` only of these, and of those below those that are folders.

    `logs/` holds times and is no result, the lock file and half-written files are none either.
    """
    files = result_files(out, parts)
    return {file.relative_to(out).as_posix(): file_sha256(file) for file in files}


def result_files(out: Path, parts: Sequence[str] = ()) -> Iterator[Path]:
    """Every result file in order; what `hashes_of` leaves out is left out."""
    chosen = [out / part for part in parts] or [out]
    below = [path for part in chosen for path in part.rglob("*")]
    for path in sorted([*chosen, *below]):
        if path == out:
            continue
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


def _found(out: Path, log: Log, parts: Sequence[str]) -> Iterator[Entry]:
    why = "changed outside of a run" if log.rows else "there before this log began"
    cut_off = _markers(out, parts)
    for opened in map(_told, cut_off):
        yield Entry("interrupted", reason=f"the run of {opened['started']} did not end")
    if not cut_off and (out / OPEN).is_file():
        cut_off = [out / OPEN]  # of the whole: the next run of the whole tells that it was cut off
    if cut_off:
        opened = _told(cut_off[-1])
        why = f"found after the run of {opened['started']} by {opened['user']} was interrupted"
    for name, old, new in _changes(_results_in(recorded(log), parts), hashes_of(out, parts)):
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
