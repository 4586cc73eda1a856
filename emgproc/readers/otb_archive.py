"""The members of a tar or zip archive, listed safely and read where they lie.

Nothing is unpacked: a member of a tar, or one that a zip holds uncompressed, is mapped in place.
A compressed one is decoded once, when its samples are first read, into a nameless temporary file
that is gone when the recording is closed.
"""

import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emgproc.errors import EmgprocError, ReadError, TruncatedFileError, UnsafeArchiveError
from emgproc.readers.otb_tar import first_name, is_tar, list_tar
from emgproc.readers.otb_zip import MAGIC, ZipEntry, decode, first_zip_name, list_zip

MAX_TEXT_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive.

    Attributes
    ----------
    name
        Its name there, with "/" between folders.
    size
        Bytes that are there.
    start
        Where they lie in the archive; `None` if they are packed.
    cut
        The archive ends before this member does.
    """

    archive: Path
    name: str
    size: int
    start: int | None
    cut: bool = False
    packed: ZipEntry | None = None

    @property
    def base(self) -> str:
        """Its name without folders."""
        return self.name.rpartition("/")[2]

    def text(self) -> bytes:
        """All of a member that holds text.

        Raises
        ------
        UnsafeArchiveError
            It is larger than `MAX_TEXT_BYTES`.
        TruncatedFileError
            The archive ends within it.
        """
        where = f"{self.archive.name}: {self.base}"
        if self.size > MAX_TEXT_BYTES:
            raise UnsafeArchiveError(f"{where} has {self.size} bytes, at most {MAX_TEXT_BYTES}")
        if self.cut:
            raise TruncatedFileError(f"{where}: the archive ends within it; copy it anew")
        if self.packed is not None:
            content = io.BytesIO()
            decode(self.archive, self.packed, content)
            return content.getvalue()
        with self.archive.open("rb") as file:
            file.seek(self.start or 0)
            return file.read(self.size)

    def bytes(self) -> NDArray[np.uint8]:
        """All bytes, mapped, not loaded.

        Raises
        ------
        FormatError
            They do not unpack to what the archive states.
        ReadError
            There is no room to unpack them.
        """
        try:
            if self.packed is None:
                return np.memmap(self.archive, np.uint8, "r", self.start or 0, (self.size,))
            with tempfile.TemporaryFile() as file:
                decode(self.archive, self.packed, file)
                file.flush()
                return np.memmap(file, np.uint8, "r", 0, (self.size,))
        except (OSError, ValueError) as error:
            if isinstance(error, EmgprocError):
                raise
            raise ReadError(
                f"{self.archive.name}: {self.base} cannot be mapped or unpacked: {error}"
            ) from error


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive: its file name, its members by name, what is odd about it."""

    name: str
    members: dict[str, Member]
    warnings: tuple[str, ...] = ()

    def ending(self, suffix: str) -> list[Member]:
        """Members whose names end so, in any case of letters, in the order of the archive."""
        return [m for m in self.members.values() if m.name.lower().endswith(suffix)]

    def find(self, name: str) -> Member | None:
        """The member of this name, or else the only one whose name without folders it is."""
        exact = self.members.get(_slashed(name))
        if exact is not None:
            return exact
        base = _slashed(name).rpartition("/")[2].lower()
        found = [m for m in self.members.values() if m.base.lower() == base]
        return found[0] if len(found) == 1 else None


def first_member(head: bytes) -> str | None:
    """Lower-case name of the first file of a tar or zip, without folders; None for others."""
    if is_tar(head):
        name = first_name(head)
    elif head.startswith(MAGIC):
        name = first_zip_name(head)
    else:
        return None
    return _slashed(name).rpartition("/")[2].lower()


def open_archive(path: Path) -> Archive:
    """List the members of a tar or zip.

    Raises
    ------
    UnsafeArchiveError
        A member's name leads out of the archive, is there twice or is that of a link; members
        are too many, too large, encrypted or packed beyond belief.
    FormatError
        The archive is damaged.
    """
    with path.open("rb") as file:
        zipped = file.read(len(MAGIC)) == MAGIC
    warnings: list[str] = []
    if zipped:
        found = [
            Member(
                path, _safe(e.name, path), e.size, e.start, packed=e if e.start is None else None
            )
            for e in list_zip(path)
        ]
    else:
        entries, warnings = list_tar(path)
        found = [
            Member(path, _safe(e.name, path), e.size, e.start, cut=e.size < e.stated)
            for e in entries
        ]
    members = {member.name: member for member in found}
    if len(members) < len(found):
        names = [member.name for member in found]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnsafeArchiveError(f"{path.name}: the archive holds {twice[:80]!r} twice")
    return Archive(path.name, members, tuple(warnings))


def _slashed(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./")


def _safe(name: str, path: Path) -> str:
    """A member's name, refused if it leads out of the archive."""
    clean = _slashed(name)
    if not clean or clean[0] == "/" or ".." in clean.split("/") or set(clean) & set(":\0"):
        raise UnsafeArchiveError(
            f"{path.name}: the archive holds a file named {name[:80]!r}, which leads out of it"
        )
    return clean
