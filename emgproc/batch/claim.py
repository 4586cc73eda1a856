"""One writer to a folder of results at a time, by a lock that the kernel releases.

The lock goes with the process that took it, however that ends, and no worker process inherits it.
`logs/running.json` says who holds it: for the message to whoever comes second, and for a driver
whose folder was removed, or removed and made anew by another run, which the lock cannot see.
"""

import contextlib
import json
import os
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from emgproc.batch.store import make_folder
from emgproc.errors import WriteError
from emgproc.writers import why_unwritable, write_text

LOCK = ".emgproc.lock"
HOLDER = Path("logs") / "running.json"


@dataclass(frozen=True, slots=True)
class Claim:
    """A folder of results that a run holds."""

    out: Path
    token: str

    def check(self) -> None:
        """Make sure that the folder is still this run's, before what would make it anew.

        Raises
        ------
        WriteError
            It was removed, or another run has it.
        """
        told = _told(self.out)
        if not told:
            raise WriteError(
                f"{self.out}: was removed, or {HOLDER.as_posix()} in it, while a run was writing "
                "there; leave the folder in place and give the same command again"
            )
        if told.get("token") != self.token:
            raise WriteError(f"{self.out}: was taken over by {_named(told)}")


@contextlib.contextmanager
def claimed(out: Path) -> Iterator[Claim]:
    """Hold the folder of results: one writer; what a killed run left half-written is removed.

    Raises
    ------
    WriteError
        The folder cannot be written, or another run holds it; nothing was changed.
    """
    from filelock import FileLock, Timeout

    make_folder(out)
    lock = FileLock(out / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        who = _named(_told(out))
        raise WriteError(
            f"{out}: {who} is writing there; wait for its end, or name another folder"
        ) from error
    except OSError as error:
        raise WriteError(f"{out}: cannot be written: {why_unwritable(error)}") from error
    try:
        claim = _opened(out)
        try:
            yield claim
        finally:
            _closed(claim)
    finally:
        lock.release()


def _opened(out: Path) -> Claim:
    claim = Claim(out, secrets.token_hex(16))
    make_folder((out / HOLDER).parent)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"pid": os.getpid(), "host": socket.gethostname(), "since": now, "token": claim.token}
    write_text(out / HOLDER, json.dumps(told) + "\n")
    try:
        for part in out.rglob(".*.part"):
            part.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(f"{out}: cannot be written: {why_unwritable(error)}") from error
    return claim


def _closed(claim: Claim) -> None:
    """Take the name away; where that fails the next run writes its own over it."""
    with contextlib.suppress(OSError):  # a WriteError is one
        claim.check()
        (claim.out / HOLDER).unlink()


def _told(out: Path) -> dict[str, object]:
    """What the folder says about the run that holds it; empty where it says nothing.

    Raises
    ------
    WriteError
        It cannot be read.
    """
    try:
        told = json.loads((out / HOLDER).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    except OSError as error:
        raise WriteError(f"{out / HOLDER}: cannot be read: {why_unwritable(error)}") from error
    return told if isinstance(told, dict) else {}


def _named(told: dict[str, object]) -> str:
    if not {"pid", "host", "since"} <= told.keys():
        return "another emgproc run"
    where = f"process {told['pid']} on {told['host']}, since {told['since']}"
    return f"another emgproc run ({where})"
