"""One writer to a folder of results at a time, by a lock that the kernel releases.

The lock goes with the process that took it, however that ends, and no worker process inherits it.
`logs/running.json` says who holds it: for the message to whoever comes second, and for a driver
whose folder was removed, or removed and made anew by another run, which the lock cannot see.

A run of some participants holds their folders alone, so that many such runs, on as many machines,
may write at once; what all share (audit log, digests of files) each holds for a moment. A run of
the whole study holds the folder and those of all participants.
"""

import contextlib
import json
import os
import secrets
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from emgproc.batch.store import make_folder
from emgproc.errors import WriteError
from emgproc.writers import why_unwritable, write_text

if TYPE_CHECKING:
    from filelock import BaseFileLock

LOCK = ".emgproc.lock"
HOLDER = Path("logs") / "running.json"
SHARED_S = 600.0  # at most, for others to let go of what all share: each needs a moment
_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Claim:
    """A folder of results that a run holds, or the folders of some participants in it.

    `parts` are these participants; empty where the run holds the whole.
    """

    out: Path
    token: str
    parts: tuple[str, ...] = ()

    def check(self) -> None:
        """Make sure that the folder is still this run's, before what would make it anew.

        Raises
        ------
        WriteError
            It was removed, or another run has it.
        """
        for holder in holders(self.parts):
            told = _told(self.out / holder)
            if not told:
                raise WriteError(
                    f"{self.out}: was removed, or {holder.as_posix()} in it, while a run was "
                    "writing there; leave the folder in place and give the same command again"
                )
            if told.get("token") != self.token:
                raise WriteError(f"{self.out}: was taken over by {_named(told)}")

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Hold what all runs in the folder share: the audit log and the digests of files.

        Raises
        ------
        WriteError
            Others did not let go of it in time.
        """
        if not self.parts:
            yield  # it is held all the time
            return
        with _locked(self.out, self.out / LOCK, self.out / HOLDER, SHARED_S):
            yield


def holders(parts: Sequence[str]) -> list[Path]:
    """Where in the folder it is told who holds it, or the folders of these participants."""
    return [HOLDER.with_stem(f"running-{part}") for part in parts] if parts else [HOLDER]


@contextlib.contextmanager
def claimed(out: Path, parts: Sequence[str] = ()) -> Iterator[Claim]:
    """Hold the folder of results: one writer; what a killed run left half-written is removed.

    Parameters
    ----------
    out
        The folder; made if need be.
    parts
        Hold the folders of these participants alone.

    Raises
    ------
    WriteError
        The folder cannot be written, or another run holds it; nothing was changed.
    """
    make_folder(out)
    with contextlib.ExitStack() as held:
        with contextlib.ExitStack() as whole:
            whole.enter_context(_locked(out, out / LOCK, out / HOLDER, SHARED_S))
            make_folder(out / HOLDER.parent)
            with contextlib.suppress(OSError):  # the word of a run that was killed
                (out / HOLDER).unlink(missing_ok=True)
            for part in parts or _parts_there(out):
                (holder,) = holders([part])
                held.enter_context(_locked(out / part, _lock_of(out, part), out / holder, 0.0))
            if not parts:
                held.push(whole.pop_all())  # the whole until the end
        claim = _opened(out, tuple(parts))
        held.callback(_closed, claim)
        yield claim


def _lock_of(out: Path, part: str) -> Path:
    return out / HOLDER.parent / f"{part}.lock"


def _parts_there(out: Path) -> list[str]:
    return sorted(lock.stem for lock in (out / HOLDER.parent).glob("sub-*.lock"))


@contextlib.contextmanager
def _locked(what: Path, path: Path, holder: Path, wait_s: float) -> "Iterator[BaseFileLock]":
    """Hold one lock; a run that holds it to its end is not waited for, only one that passes.

    `what` is the folder that it stands for, `holder` where it is told who holds it.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    began = time.monotonic()
    before: dict[str, object] = {}
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout as error:
            told = _told(holder)
            # Told twice, for the word of a run that was killed may still lie there.
            if time.monotonic() - began >= wait_s or (told and told == before):
                raise WriteError(
                    f"{what}: {_named(told)} is writing there; wait for its end, or name "
                    "another folder"
                ) from error
            before = told
            time.sleep(_LOOK_S)
        except OSError as error:
            raise WriteError(f"{what}: cannot be written: {why_unwritable(error)}") from error
    try:
        yield lock
    finally:
        lock.release()


def _opened(out: Path, parts: tuple[str, ...]) -> Claim:
    claim = Claim(out, secrets.token_hex(16), parts)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"pid": os.getpid(), "host": socket.gethostname(), "since": now, "token": claim.token}
    for holder in holders(parts):
        write_text(out / holder, json.dumps(told) + "\n")
    try:
        for folder in [out / part for part in parts] or [out]:
            for half in folder.rglob(".*.part"):
                half.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(f"{out}: cannot be written: {why_unwritable(error)}") from error
    return claim


def _closed(claim: Claim) -> None:
    """Take the name away; where that fails the next run writes its own over it."""
    with contextlib.suppress(OSError):  # a WriteError is one
        claim.check()
        for holder in holders(claim.parts):
            (claim.out / holder).unlink()


def _told(holder: Path) -> dict[str, object]:
    """What the folder says about the run that holds it; empty where it says nothing.

    Raises
    ------
    WriteError
        It cannot be read.
    """
    try:
        told = json.loads(holder.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    except OSError as error:
        raise WriteError(f"{holder}: cannot be read: {why_unwritable(error)}") from error
    return told if isinstance(told, dict) else {}


def _named(told: dict[str, object]) -> str:
    if not {"pid", "host", "since"} <= told.keys():
        return "another emgproc run"
    where = f"process {told['pid']} on {told['host']}, since {told['since']}"
    return f"another emgproc run ({where})"
