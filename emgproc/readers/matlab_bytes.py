"""Bytes of a file, plain or inflated on the way, by offset; nothing is held but what is asked."""

import zlib
from abc import ABC, abstractmethod
from typing import BinaryIO

from emgproc.errors import FormatError, TruncatedFileError

CHUNK = 1 << 16
HELD_BYTES = 4 << 20  # a variable that is inflated to no more than this is kept
FREE_BYTES = 64 << 20
MAX_RATIO = 100  # of inflated to deflated bytes, beyond what is free


class Bytes(ABC):
    """Bytes [0, size) of something; `eager` where the earlier ones must be passed first."""

    where: str
    size: int
    eager: bool = False

    @abstractmethod
    def read(self, at: int, n: int) -> bytes:
        """`n` bytes from `at`; a TruncatedFileError if they are not there."""

    def verify(self) -> None:  # noqa: B027 - plain bytes carry no checksum
        """Check what can be checked of all bytes."""


class Plain(Bytes):
    """Bytes of the file from `base` on."""

    def __init__(self, file: BinaryIO, base: int, size: int, where: str) -> None:
        self._file = file
        self._base = base
        self.size = size
        self.where = where

    def read(self, at: int, n: int) -> bytes:
        """As `Bytes.read`."""
        if at + n > self.size:
            raise TruncatedFileError(
                f"{self.where}: {n} bytes at {self._base + at} are declared, the file ends before"
            )
        self._file.seek(self._base + at)
        found = self._file.read(n)
        if len(found) < n:
            raise TruncatedFileError(f"{self.where}: ends at byte {self._base + at + len(found)}")
        return found


class Held(Bytes):
    """Bytes in memory."""

    def __init__(self, data: bytes, where: str) -> None:
        self._data = data
        self.size = len(data)
        self.where = where

    def read(self, at: int, n: int) -> bytes:
        """As `Bytes.read`."""
        if at + n > self.size:
            raise TruncatedFileError(f"{self.where}: ends after {self.size} bytes inflated")
        return self._data[at : at + n]


class Inflated(Bytes):
    """Bytes of a zlib stream; reading onwards is fast, reading back begins again."""

    eager = True

    def __init__(self, deflated: Bytes) -> None:
        self._deflated = deflated
        self.where = deflated.where
        self.size = FREE_BYTES + MAX_RATIO * deflated.size
        self._restart()

    def read(self, at: int, n: int) -> bytes:
        """As `Bytes.read`; a FormatError beyond the allowed ratio or if zlib finds damage."""
        if at + n > self.size:
            raise FormatError(
                f"{self.where}: {at + n} bytes inflated of {self._deflated.size}; at most "
                f"{MAX_RATIO} times as many are read. Save it uncompressed (-v6) if it is right"
            )
        if at < self._at:
            self._restart()
        while self._at < at:
            self._take(min(CHUNK, at - self._at))
        return b"".join(self._pieces(n))

    def _pieces(self, n: int) -> list[bytes]:
        pieces = []
        while n:
            pieces.append(self._take(min(n, 16 * CHUNK)))
            n -= len(pieces[-1])
        return pieces

    def verify(self) -> None:
        """Inflate the rest: the checksum of the stream stands at its end."""
        while not self._stream.eof:
            if self._at > self.size:
                raise FormatError(f"{self.where}: far more compressed data than are declared")
            if not self._next(CHUNK) and not self._stream.eof:
                raise TruncatedFileError(f"{self.where}: the compressed data end too early")

    def afresh(self) -> "Inflated":
        """The same bytes, at their beginning."""
        return Inflated(self._deflated)

    def _restart(self) -> None:
        self._stream = zlib.decompressobj()
        self._fed = 0
        self._at = 0

    def _take(self, most: int) -> bytes:
        found = self._next(most)
        if not found:
            raise TruncatedFileError(
                f"{self.where}: the compressed data end after {self._at} bytes inflated"
            )
        return found

    def _next(self, most: int) -> bytes:
        """1 to `most` bytes; none at the end."""
        while not self._stream.eof:
            given = self._stream.unconsumed_tail
            if not given:
                given = self._deflated.read(self._fed, min(CHUNK, self._deflated.size - self._fed))
                self._fed += len(given)
            ends = not given
            try:
                found = self._stream.decompress(given, most)
            except zlib.error as error:
                raise FormatError(f"{self.where}: damaged compressed data: {error}") from error
            self._at += len(found)
            if found or ends:
                return found
        return b""
