"""What an uncompressed tar holds, from its headers alone; nothing is read or written beside them.

Own reader because `tarfile` takes damage between two members for the end of the archive, and
reads an extended header of any size into memory.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from emgproc.errors import FormatError, UnsafeArchiveError

BLOCK = 512
MAX_MEMBERS = 1000
_MAX_EXTENDED_BYTES = 1 << 16
_REGULAR, _FOLDER = {b"0", b"\0", b"7"}, b"5"
_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL = b"L", b"K", b"x", b"g"


class TarEntry(NamedTuple):
    """A file in a tar: `size` bytes from byte `start` on; of `stated` where the tar is cut off."""

    name: str
    start: int
    size: int
    stated: int


@dataclass
class _Extended:
    """What extended headers say about the member after them."""

    name: str | None = None
    size: int | None = None


def is_tar(head: bytes) -> bool:
    """Whether the first block is a tar header, of whatever dialect: its checksum is right.

    Examples
    --------
    >>> is_tar(bytes(512)), is_tar(b"POLY SAMPLE FILE")
    (False, False)
    """
    return len(head) >= BLOCK and any(head[:BLOCK]) and _checksum_fits(head[:BLOCK])


def first_name(head: bytes) -> str:
    """Name in the first header of a tar."""
    return _text(head[:100])


def list_tar(path: Path) -> tuple[list[TarEntry], list[str]]:
    """Files in a tar in order, and what is odd about it.

    Raises
    ------
    FormatError
        Something that is no header stands where one must.
    UnsafeArchiveError
        Links, devices, sparse or too many members.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        return _Listing(file, path.name, size).read()


class _Listing:
    def __init__(self, file: BinaryIO, name: str, size: int) -> None:
        self._file = file
        self._name = name
        self._size = size
        self._entries: list[TarEntry] = []

    def read(self) -> tuple[list[TarEntry], list[str]]:
        """See `list_tar`."""
        at, headers, extended = 0, 0, _Extended()
        while block := self._block(at):
            headers += 1
            if headers > 3 * MAX_MEMBERS:
                self._refuse(f"holds more than {3 * MAX_MEMBERS} headers")
            size = self._member_size(block, at, extended)
            start, kind = at + BLOCK, block[156:157]
            if kind in {_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL}:
                extended = self._extended(kind, start, size, extended)
            else:
                whole = self._keep(block, start, size, extended)
                extended = _Extended()
                if not whole:
                    return self._entries, [self._cut_off()]
            at = start + -(-size // BLOCK) * BLOCK
        complete = at + BLOCK <= self._size
        return self._entries, [] if complete else ["the archive has no end mark: is it whole?"]

    def _block(self, at: int) -> bytes:
        """The header at byte `at`; empty at the end of the archive."""
        self._file.seek(at)
        block = self._file.read(BLOCK)
        if len(block) < BLOCK or not any(block):
            return b""
        if not _checksum_fits(block):
            raise FormatError(
                f"{self._name}: no header of a member at byte {at}: the archive is damaged"
            )
        return block

    def _member_size(self, block: bytes, at: int, extended: _Extended) -> int:
        stated = _number(block[124:136])
        size = stated if extended.size is None else extended.size
        if size is None or size < 0:
            raise FormatError(f"{self._name}: the member at byte {at} states no size")
        return size

    def _keep(self, block: bytes, start: int, size: int, extended: _Extended) -> bool:
        """Note a member; False if the archive ends before it does."""
        kind = block[156:157]
        name = extended.name or _full_name(block)
        if kind == _FOLDER or (kind == b"\0" and name.endswith("/")):
            return True
        if kind not in _REGULAR:
            self._refuse(f"holds a link, device or sparse file ({name[:80]!r})")
        if len(self._entries) == MAX_MEMBERS:
            self._refuse(f"holds more than {MAX_MEMBERS} members")
        there = min(size, max(self._size - start, 0))
        self._entries.append(TarEntry(name, start, there, size))
        return there == size

    def _extended(self, kind: bytes, start: int, size: int, before: _Extended) -> _Extended:
        if size > _MAX_EXTENDED_BYTES:
            self._refuse(f"has an extended header of {size} bytes")
        self._file.seek(start)
        content = self._file.read(size)
        if kind == _LONG_NAME:
            return _Extended(_text(content), before.size)
        if kind != _PAX:
            return before
        return self._pax(content, before)

    def _pax(self, content: bytes, before: _Extended) -> _Extended:
        name, size = before.name, before.size
        for key, value in _pax_records(content):
            if key.startswith("GNU.sparse"):
                self._refuse("holds a sparse file")
            if key == "path":
                name = value
            elif key == "size":
                size = int(value) if value.isascii() and value.isdigit() else -1
        return _Extended(name, size)

    def _cut_off(self) -> str:
        last = self._entries[-1]
        return f"the archive is cut off: {last.size} of the {last.stated} bytes of its last member"

    def _refuse(self, why: str) -> None:
        raise UnsafeArchiveError(f"{self._name}: the archive {why}; it is not read")


def _checksum_fits(block: bytes) -> bool:
    stated = _number(block[148:156])
    return stated == sum(block) - sum(block[148:156]) + 8 * ord(" ")


def _number(field: bytes) -> int | None:
    """An octal number, or a binary one where the first bit is set (GNU)."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big") if field[0] == 0x80 else -1
    digits = field.split(b"\0")[0].strip()
    return int(digits, 8) if digits and not digits.strip(b"01234567") else None


def _full_name(block: bytes) -> str:
    name, prefix = _text(block[:100]), _text(block[345:500])
    # GNU archives have times where the others have the beginning of a long path.
    if prefix and block[257:263] == b"ustar\0":
        return f"{prefix}/{name}"
    return name


def _pax_records(content: bytes) -> list[tuple[str, str]]:
    """Records "length key=value" as far as they are well formed."""
    records = []
    while content:
        digits, _, rest = content.partition(b" ")
        if not digits.isdigit() or len(digits) > 9:
            break
        record = rest[: max(int(digits) - len(digits) - 1, 0)]
        key, equals, value = record.rstrip(b"\n").partition(b"=")
        if not equals:
            break
        records.append((_text(key), _text(value)))
        content = content[int(digits) :]
    return records


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("utf-8", "replace")
