"""What a zip archive holds, and its compressed members decoded once, piece by piece."""

import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from emgproc.errors import EmgprocError, FormatError, UnsafeArchiveError
from emgproc.readers.otb_tar import MAX_MEMBERS

MAGIC = b"PK\x03\x04"
MAX_RATIO = 100  # unpacked to packed bytes
MAX_UNPACKED_BYTES = 2 << 30
_SMALL = 1 << 20  # no bomb, whatever its ratio; longer lists of members are none of OTBioLab's
_PIECE = 1 << 18
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, LookupError, RuntimeError, ValueError,
    OverflowError,
)  # fmt: skip


class ZipEntry(NamedTuple):
    """A file in a zip: its place in the list, its size unpacked, where it lies if not packed."""

    name: str
    place: int
    size: int
    start: int | None


def first_zip_name(head: bytes) -> str:
    """Name in the first local header of a zip."""
    length = int.from_bytes(head[26:28], "little")
    return head[30 : 30 + length].decode("utf-8", "replace")


def list_zip(path: Path) -> list[ZipEntry]:
    """Files in a zip in the order of its list.

    Raises
    ------
    FormatError
        The list or a header of a member is damaged.
    UnsafeArchiveError
        Links, encryption, unusual compression, too many or overlapping members, or more unpacked
        than `MAX_RATIO` times what is packed or `MAX_UNPACKED_BYTES` in all.
    """
    with _damage_told(path), _Bounded(path) as file, zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        _check_total(infos, path)
        entries = []
        for i, info in enumerate(infos):
            if not info.is_dir():
                _check_member(info, path)
                start = _start(file, info, path)
                packed = info.compress_type != zipfile.ZIP_STORED
                entries.append(
                    ZipEntry(info.filename, i, info.file_size, None if packed else start)
                )
        return entries


def decode(path: Path, entry: ZipEntry, into: BinaryIO) -> None:
    """Write the unpacked bytes of a member, which are exactly as many as stated, to a file.

    Raises
    ------
    FormatError
        They are not, or their checksum is wrong.
    """
    done = 0
    with (
        _damage_told(path),
        _Bounded(path) as file,
        zipfile.ZipFile(file) as archive,
        archive.open(archive.infolist()[entry.place]) as content,
    ):
        while piece := content.read(_PIECE):
            done += len(piece)
            into.write(piece)
    if done != entry.size:
        raise FormatError(f"{path.name}: a member holds {done} bytes, {entry.size} are stated")


class _Bounded(io.FileIO):
    """A file of which no more than `_SMALL` bytes are read at once, whatever a header says."""

    def read(self, size: int | None = -1) -> bytes:
        """As `FileIO.read`; too much at once is refused."""
        wanted = -1 if size is None else size
        if wanted < 0:
            wanted = max(os.fstat(self.fileno()).st_size - self.tell(), 0)
        if wanted > _SMALL:
            raise UnsafeArchiveError(f"the list of a zip archive claims {wanted} bytes")
        return super().read(wanted) or b""


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """What goes wrong inside is damage of the archive."""
    try:
        yield
    except EmgprocError as error:
        raise type(error)(f"{path.name}: {str(error).removeprefix(f'{path.name}: ')}") from error
    except _DAMAGE as error:
        raise FormatError(f"{path.name}: damaged zip archive: {error}") from error


def _check_total(infos: list[zipfile.ZipInfo], path: Path) -> None:
    if len(infos) > MAX_MEMBERS:
        raise UnsafeArchiveError(f"holds {len(infos)} members, at most {MAX_MEMBERS} are read")
    packed, unpacked = sum(i.compress_size for i in infos), sum(i.file_size for i in infos)
    if packed > path.stat().st_size:
        raise UnsafeArchiveError("the members of the zip archive overlap")
    if unpacked > MAX_UNPACKED_BYTES and any(i.compress_type for i in infos):
        raise UnsafeArchiveError(
            f"the zip archive unpacks to {unpacked} bytes, at most {MAX_UNPACKED_BYTES} are "
            "decoded; write it anew as an uncompressed tar"
        )


def _check_member(info: zipfile.ZipInfo, path: Path) -> None:
    mode = info.external_attr >> 16
    shown = repr(info.filename[:80])
    if info.flag_bits & _ENCRYPTED:
        raise UnsafeArchiveError(f"{shown} is encrypted; write the archive anew without password")
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        raise UnsafeArchiveError(f"{shown} is a link or device")
    if info.compress_type not in _METHODS:
        raise UnsafeArchiveError(f"{shown} is packed by method {info.compress_type}, not deflate")
    if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
        raise FormatError(f"{shown} has two sizes: {info.compress_size} and {info.file_size}")
    if info.file_size > max(_SMALL, MAX_RATIO * info.compress_size):
        raise UnsafeArchiveError(
            f"{shown} unpacks from {info.compress_size} to {info.file_size} bytes, more than "
            f"{MAX_RATIO} times"
        )
    if info.header_offset < 0 or info.header_offset + info.compress_size > path.stat().st_size:
        raise FormatError(f"{shown} does not lie within the archive")


def _start(file: _Bounded, info: zipfile.ZipInfo, path: Path) -> int:
    """Where the bytes of a member begin: after its local header, whose length varies."""
    file.seek(info.header_offset)
    magic, name, extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    start = info.header_offset + _LOCAL_HEADER.size + name + extra
    if magic != MAGIC or start + info.compress_size > path.stat().st_size:
        raise FormatError(f"{info.filename[:80]!r} has no header where the list says")
    return int(start)
