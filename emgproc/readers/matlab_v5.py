"""MATLAB files of version 5 to 7, plain or compressed: their variables.

SciPy reads them too, but it allocates what a header declares and inflates whatever it is given.
Samples stay in the file: a variable that is not compressed is read by spans.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from emgproc.errors import FormatError
from emgproc.readers.matlab_bytes import HELD_BYTES, Bytes, Held, Inflated, Plain
from emgproc.readers.matlab_elements import COMPRESSED, MATRIX, Walk, read_tag
from emgproc.readers.matlab_parts import Node, Variables

MAGIC = b"MATLAB 5.0 MAT-file"
HEADER_BYTES = 128
MAX_VARIABLES = 10_000
ALL_HELD_BYTES = 24 << 20


class MatFive(Variables):
    """The variables of an open file of version 5 to 7."""

    def __init__(self, path: Path) -> None:
        self.where = path.name
        self._nodes: dict[str, Node] = {}
        self._held_left = ALL_HELD_BYTES
        self._file: BinaryIO = path.open("rb")
        try:
            self._bytes = Plain(self._file, 0, path.stat().st_size, path.name)
            self._order = _byte_order(self._bytes)
            self._places = dict(self._index())
        except BaseException:
            self._file.close()
            raise
        self.names = tuple(self._places)

    def _index(self) -> Iterator[tuple[str, tuple[Bytes, int]]]:
        """Name and place of each variable; none is read beyond its name."""
        at, count = HEADER_BYTES, 0
        while at + 8 <= self._bytes.size:
            count += 1
            if count > MAX_VARIABLES:
                raise FormatError(f"{self.where}: more than {MAX_VARIABLES} variables")
            tag = read_tag(self._bytes, at, self._bytes.size, self._order)
            content: Bytes = self._bytes
            if tag.type == COMPRESSED:
                content, at = Inflated(Plain(self._file, tag.at, tag.size, self.where)), 0
                inner = read_tag(content, 0, content.size, self._order)
            else:
                inner = tag
            if inner.type != MATRIX or inner.small is not None:
                raise FormatError(f"{self.where}: an element of type {inner.type} at {tag.at}")
            head = Walk(content, self._order, self.where).head(inner)
            if head.name:  # the workspace of functions and objects has none
                yield head.name, (_afresh(content), at)
            at = tag.next

    def variable(self, name: str) -> Node:
        """As `Variables.variable`."""
        if name not in self._nodes:
            self._nodes[name] = self._walked(name)
        return self._nodes[name]

    def _walked(self, name: str) -> Node:
        content, at = self._places[name]
        where = f"{self.where}: {name}"
        tag = read_tag(content, at, content.size, self._order)
        if isinstance(content, Inflated) and tag.next <= min(HELD_BYTES, self._held_left):
            self._held_left -= tag.next
            held = content.read(0, tag.next)
            content.verify()
            content = Held(held, where)
        return Walk(content, self._order, where).node(tag)

    def close(self) -> None:
        """As `Variables.close`."""
        self._places, self._nodes = {}, {}
        self._file.close()


def _afresh(content: Bytes) -> Bytes:
    """The same bytes without what zlib holds in between."""
    return content.afresh() if isinstance(content, Inflated) else content


def _byte_order(content: Bytes) -> str:
    mark = content.read(0, HEADER_BYTES)[126:128]
    if mark not in {b"IM", b"MI"}:
        raise FormatError(f"{content.where}: the header has no mark of byte order, {mark!r}")
    return "<" if mark == b"IM" else ">"
