"""A file for HDF5 to read that refuses damaged heaps of texts, on which HDF5 would never end.

Texts of variable length lie in global heaps: a header of 16 bytes ("GCOL", version, size), then
objects of 16 bytes (index, references, reserved, size) and their data, padded to 8 bytes. The
library walks them without a check that it moves on; an object of size 0 keeps it for ever, where
no Python can stop it.
"""

import io
import struct
from pathlib import Path
from typing import Any

_SIGNATURE = b"GCOL"
_HEAD = 16
_METADATA_BYTES = 1 << 20  # HDF5 reads what is no sample in smaller pieces


class GuardedFile(io.FileIO):
    """The bytes of a file; while `guarding`, every heap that is passed on is checked.

    Attributes
    ----------
    guarding
        Set it to False while samples are read: these never touch a heap, and may by chance hold
        its signature.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self.guarding = True
        self._size = path.stat().st_size

    def readinto(self, buffer: Any, /) -> int | None:  # noqa: ANN401
        """As `FileIO.readinto`; an OSError if a damaged heap begins in what was read."""
        at = self.tell()
        n = super().readinto(buffer)
        if self.guarding and n and n <= _METADATA_BYTES:
            self._check(at, bytes(memoryview(buffer).cast("B")[:n]))
            self.seek(at + n)
        return n

    def _check(self, at: int, content: bytes) -> None:
        before = min(3, at)  # the signature may have begun in the piece before
        content = self.piece(at - before, before) + content
        found = content.find(_SIGNATURE)
        while found >= 0:
            self._check_heap(at - before + found)
            found = content.find(_SIGNATURE, found + 1)

    def _check_heap(self, at: int) -> None:
        head = self.piece(at, _HEAD)
        if len(head) < _HEAD or head[4] != 1:
            return  # no heap: HDF5 itself asks for version 1
        (size,) = struct.unpack_from("<Q", head, 8)
        if not _HEAD <= size <= self._size - at:
            raise OSError(f"truncated global heap of {size} bytes at {at}")
        heap = self.piece(at, size)
        place = _HEAD
        while place + _HEAD <= size:
            index, _, _, length = struct.unpack_from("<HHIQ", heap, place)
            step = _HEAD + (length + 7) // 8 * 8 if index else length
            if step < _HEAD or place + step > size:
                raise OSError(f"damaged global heap at {at}: an object of {length} bytes")
            place += step

    def piece(self, at: int, n: int) -> bytes:
        """At most `n` bytes from `at`, whatever HDF5 reads."""
        if not 0 <= at < self._size or n <= 0:
            return b""
        self.seek(at)
        return super().read(min(n, self._size - at))
