"""The identity of a result: sha256 over raw files, sidecars, the plan, labels and versions.

Times of modification are no part of it. Size, mtime_ns and inode of a file may spare reading it
again; they are kept beside the results, in `logs/file_hashes.json`, and `--rehash` ignores them.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import emgproc
from emgproc.errors import MissingFileError, ReadError
from emgproc.plan import Plan
from emgproc.plan.model import SCAN, SIGNAL
from emgproc.writers import write_text


class HashedFile(NamedTuple):
    """A file's digest and what it looked like when it was read."""

    path: str
    size: int
    mtime_ns: int
    inode: int
    sha256: str


def hashed(path: Path) -> HashedFile:
    """Read a whole file and take its sha256.

    Raises
    ------
    MissingFileError, ReadError
        The file is not there, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            stat = path.stat()
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise MissingFileError(f"{path.name}: the file is missing") from error
    except OSError as error:
        raise ReadError(f"{path.name}: cannot be read: {error.strerror or error}") from error
    where = str(path.resolve())
    return HashedFile(where, stat.st_size, stat.st_mtime_ns, stat.st_ino, digest)


@dataclass(slots=True)
class FileHashes:
    """Digests of files, remembered by size, mtime_ns and inode.

    Attributes
    ----------
    store
        The JSON file they are remembered in; `None` remembers nothing.
    rehash
        Read every file again, whatever is remembered.
    """

    store: Path | None = None
    rehash: bool = False
    _known: dict[str, HashedFile] = field(default_factory=dict)
    _changed: bool = False

    def __post_init__(self) -> None:
        if self.store is not None and not self.rehash and self.store.is_file():
            self._known = _remembered(self.store)

    def of(self, path: Path) -> str:
        """sha256 of the file; raises as `hashed`."""
        known = self._known.get(str(path.resolve()))
        if known is not None and path.is_file():
            stat = path.stat()
            if known[1:4] == (stat.st_size, stat.st_mtime_ns, stat.st_ino):
                return known.sha256
        found = hashed(path)
        self.learn(found)
        return found.sha256

    def learn(self, found: HashedFile) -> None:
        """Take over a digest that was computed elsewhere."""
        self._known[found.path] = found
        self._changed = True

    def save(self) -> None:
        """Remember for the next run, with what another run of other participants saved meanwhile.

        Raises
        ------
        WriteError
            The folder cannot be written.
        """
        if self.store is not None and self._changed:
            self._known = _remembered(self.store) | self._known
            rows = [known._asdict() for _, known in sorted(self._known.items())]
            write_text(self.store, json.dumps(rows, indent=1) + "\n")
            self._changed = False


def _remembered(store: Path) -> dict[str, HashedFile]:
    """What the file holds; nothing where it is damaged: then every file is read once more."""
    try:
        rows = json.loads(store.read_text(encoding="utf-8"))
        found = [HashedFile(**row) for row in rows]
    except (OSError, ValueError, TypeError):
        return {}
    return {row.path: row for row in found}


@dataclass(frozen=True, slots=True)
class ResultKey:
    """What a stored result was made of; two equal keys have byte-equal results.

    Attributes
    ----------
    files
        (name, sha256) of every file of the recording, the named one first.
    plan_digest
        `Plan.digest_for` what the file holds; it covers the versions of the algorithms.
    event_names
        (site's label, our label) pairs by which the study renames events; a scan has none.
    version
        Version of the package.
    sidecars
        (path from the root of the BIDS dataset, sha256) of every sidecar; empty outside one.
    holds
        What the file holds, `plan.model.SIGNAL` or `SCAN`.
    """

    files: tuple[tuple[str, str], ...]
    plan_digest: str
    event_names: tuple[tuple[str, str], ...] = ()
    version: str = emgproc.__version__
    sidecars: tuple[tuple[str, str], ...] = ()
    holds: str = SIGNAL

    @property
    def digest(self) -> str:
        """sha256 over all parts, hexadecimal."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Return the parts as JSON can hold them."""
        parts: dict[str, Any] = {
            "files": [list(pair) for pair in self.files],
            "plan_digest": self.plan_digest,
            "event_names": [list(pair) for pair in self.event_names],
            "version": self.version,
        }
        if self.sidecars:  # keys outside a dataset stay what they were
            parts["sidecars"] = [list(pair) for pair in self.sidecars]
        if self.holds != SIGNAL:
            parts["holds"] = self.holds
        return parts


def wanted_keys(plan: Plan, event_names: Sequence[tuple[str, str]] = ()) -> dict[str, ResultKey]:
    """Keys of the results that a plan gives, by what the file holds; without files, sidecars."""
    names = {SIGNAL: tuple(sorted(event_names)), SCAN: ()}
    return {
        holds: ResultKey((), plan.digest_for(holds), labels, holds=holds)
        for holds, labels in names.items()
    }


def key_of(
    wanted: ResultKey,
    files: Sequence[HashedFile],
    sidecars: Mapping[str, HashedFile] | None = None,
) -> ResultKey:
    """Key of the result made of these files, the named one first, and of sidecars by name."""
    named = tuple((Path(file.path).name, file.sha256) for file in files)
    beside = tuple(sorted((name, file.sha256) for name, file in (sidecars or {}).items()))
    return replace(wanted, files=named, sidecars=beside)
