"""Elements of a MATLAB file of version 5 to 7: a tag and its data; those of a variable as nodes.

Every count is compared with the bytes that are there before anything is made of it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emgproc.errors import FormatError, TruncatedFileError
from emgproc.readers.matlab_bytes import Bytes
from emgproc.readers.matlab_parts import (
    MAX_NODES,
    MAX_TEXT_BYTES,
    Cells,
    HeldMatrix,
    Matrix,
    Node,
    Refused,
    Struct,
    Text,
)

MAX_DEPTH = 20
_SMALL_BYTES = 256
MATRIX, COMPRESSED = 14, 15
_TYPES = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
_ENCODINGS = {16: "utf-8", 17: "utf-16", 18: "utf-32"}
_CELL, _STRUCT, _CHAR, _NUMERIC = 1, 2, 4, range(6, 16)
_REFUSED = {
    3: "an object", 5: "a sparse matrix", 16: "a function handle", 17: "an object (opaque)",
}  # fmt: skip
_COMPLEX, _LOGICAL = 0x0800, 0x0200


class Tag(NamedTuple):
    """Type and size of an element; its data at `at`, or `small` in the tag itself."""

    type: int
    size: int
    at: int
    next: int
    small: bytes | None


@dataclass(frozen=True, slots=True)
class Head:
    """Flags, dimensions and name of a matrix element; `at` is where its content begins."""

    kind: int
    flags: int
    dims: tuple[int, ...]
    name: str
    at: int
    end: int


class FiveMatrix(Matrix):
    """Numbers down the columns, from `at` in `content`."""

    by_column = True

    def __init__(
        self, content: Bytes, at: int, dtype: "np.dtype[Any]", shape: tuple[int, int]
    ) -> None:
        self.content = content
        self.where = content.where
        self.at = at
        self.rows, self.cols = shape
        self.eager = content.eager
        self._dtype = dtype

    def verify(self) -> None:
        """As `Matrix.verify`."""
        self.content.verify()

    def _elements(self, first: int, last: int) -> NDArray[Any]:
        size = self._dtype.itemsize
        raw = self.content.read(self.at + first * size, (last - first) * size)
        return np.frombuffer(raw, self._dtype)

    def rectangle(
        self, along: int, others: tuple[int, int], span: tuple[int, int]
    ) -> NDArray[Any]:
        """As `Matrix.rectangle`."""
        (low, high), (a, b) = others, span
        if along == 1:
            block = self._elements(a * self.rows, b * self.rows)
            return block.reshape(b - a, self.rows)[:, low:high].T
        columns = [self._elements(c * self.rows + a, c * self.rows + b) for c in range(low, high)]
        return np.array(columns, self._dtype).reshape(high - low, b - a)


def read_tag(content: Bytes, at: int, end: int, order: str) -> Tag:
    """The tag at `at` of an element that must end by `end`."""
    raw = content.read(at, 8)
    first, second = (int(v) for v in np.frombuffer(raw, f"{order}u4"))
    if first >> 16:
        size = first >> 16
        if size > 4:
            raise FormatError(f"{content.where}: a small element of {size} bytes at {at}")
        return Tag(first & 0xFFFF, size, at + 4, at + 8, raw[4 : 4 + size])
    last = at + 8 + second
    if last > end:
        raise TruncatedFileError(
            f"{content.where}: an element at {at} declares {second} bytes, {end - at - 8} are "
            "there" + (" at most" if content.eager else "")
        )
    after = last if first == COMPRESSED else at + 8 + math.ceil(second / 8) * 8
    return Tag(first, second, at + 8, after, None)


class Walk:
    """Turns the elements of one variable into nodes; counts them and their texts."""

    def __init__(self, content: Bytes, order: str, where: str) -> None:
        self._content = content
        self._order = order
        self._where = where
        self._nodes_left = MAX_NODES
        self._text_left = MAX_TEXT_BYTES
        self._depth = 0

    def head(self, tag: Tag) -> Head:
        """What stands at the beginning of a matrix element."""
        end = tag.at + tag.size
        flags, at = self._integers(tag.at, end, "u4")
        if len(flags) < 1:
            raise FormatError(f"{self._where}: a matrix without flags at {tag.at}")
        kind = flags[0] & 0xFF
        dims: tuple[int, ...] = (0, 0)
        if kind != 17:
            dims, at = self._integers(at, end, "i4")
        if min(dims, default=-1) < 0 or not 2 <= len(dims) <= 32:
            raise FormatError(f"{self._where}: a matrix of dimensions {dims[:9]} at {tag.at}")
        name, at = self._small(at, end)
        return Head(kind, flags[0], dims, name.decode("latin-1"), at, end)

    def node(self, tag: Tag) -> Node:
        """The node of a matrix element."""
        self._nodes_left -= 1
        if self._nodes_left < 0 or self._depth > MAX_DEPTH:
            raise FormatError(f"{self._where}: more than {MAX_NODES} values, or too deep")
        if tag.type != MATRIX:
            raise FormatError(f"{self._where}: an element of type {tag.type} at {tag.at}")
        if tag.size == 0:
            return HeldMatrix(np.empty((0, 0)), self._where)
        head = self.head(tag)
        if head.kind in _NUMERIC:
            return self._matrix(head)
        walks: dict[int, Callable[[Head], Node]] = {
            _CHAR: self._text, _CELL: self._cells, _STRUCT: self._struct,
        }  # fmt: skip
        if head.kind not in walks:
            return Refused(_REFUSED.get(head.kind, f"a value of class {head.kind}"))
        self._depth += 1
        found = walks[head.kind](head)
        self._depth -= 1
        return found

    def _next(self, at: int, end: int) -> Tag:
        if at + 8 > end:
            raise FormatError(f"{self._where}: its content ends at {end}, an element is missing")
        return read_tag(self._content, at, end, self._order)

    def _small(self, at: int, end: int) -> tuple[bytes, int]:
        """Data of a short element, and where the next one begins."""
        tag = self._next(at, end)
        if tag.size > MAX_TEXT_BYTES:
            raise FormatError(f"{self._where}: {tag.size} bytes where a name is expected")
        found = self._content.read(tag.at, tag.size) if tag.small is None else tag.small
        return found, tag.next

    def _integers(self, at: int, end: int, kind: str) -> tuple[tuple[int, ...], int]:
        raw, after = self._small(at, end)
        if len(raw) % 4 or len(raw) > 128:
            raise FormatError(f"{self._where}: {len(raw)} bytes of integers at {at}")
        return tuple(int(v) for v in np.frombuffer(raw, self._order + kind)), after

    def _matrix(self, head: Head) -> Node:
        tag = self._next(head.at, head.end)
        if tag.type not in _TYPES:
            raise FormatError(f"{self._where}: numbers of type {tag.type} at {tag.at}")
        dtype = np.dtype(self._order + _TYPES[tag.type])
        if math.prod(head.dims) * dtype.itemsize != tag.size:
            raise FormatError(
                f"{self._where}: {head.dims} numbers of {dtype.itemsize} bytes are declared, "
                f"{tag.size} bytes follow"
            )
        if head.flags & _COMPLEX:
            return Refused("a matrix of complex numbers")
        if head.flags & _LOGICAL:
            return Refused("a matrix of truth values")
        rows, cols = head.dims[0], math.prod(head.dims[1:])
        if tag.size <= _SMALL_BYTES:
            small = tag.small
            held = self._content.read(tag.at, tag.size) if small is None else small
            values = np.frombuffer(held, dtype).reshape((cols, rows)).T
            found: Matrix = HeldMatrix(values, self._where)
        else:
            found = FiveMatrix(self._content, tag.at, dtype, (rows, cols))
        found.is_integer = head.kind > 7
        return found

    def _text(self, head: Head) -> Node:
        tag = self._next(head.at, head.end)
        self._text_left -= tag.size
        count = math.prod(head.dims)
        if self._text_left < 0 or count > MAX_TEXT_BYTES:
            raise FormatError(f"{self._where}: more than {MAX_TEXT_BYTES} bytes of text")
        raw = self._content.read(tag.at, tag.size) if tag.small is None else tag.small
        rows, cols = head.dims[0], math.prod(head.dims[1:])
        characters = self._decoded(raw, tag.type)
        if len(characters) < rows * cols:
            raise FormatError(f"{self._where}: a text of {rows} × {cols} characters is too short")
        return Text(tuple(characters[i : rows * cols : rows] for i in range(rows if cols else 0)))

    def _decoded(self, raw: bytes, kind: int) -> str:
        if kind in _ENCODINGS:
            ending = {"<": "-le", ">": "-be"}[self._order] if kind > 16 else ""
            return raw.decode(_ENCODINGS[kind] + ending, errors="replace")
        if kind in {1, 2}:
            return raw.decode("latin-1")
        if kind not in {3, 4} or len(raw) % 2:
            raise FormatError(f"{self._where}: {len(raw)} characters of type {kind}")
        # Two bytes a character, not UTF-16: a surrogate alone is a character of MATLAB's.
        units = np.frombuffer(raw, f"{self._order}u2")
        return units.astype("<u2").tobytes().decode("utf-16-le", errors="replace")

    def _cells(self, head: Head) -> Node:
        items, _ = self._nodes(math.prod(head.dims), head.at, head.end)
        return Cells(tuple(items))

    def _struct(self, head: Head) -> Node:
        (width,), at = self._one_integer(head)
        raw, at = self._small(at, head.end)
        if width < 1 or len(raw) % width:
            raise FormatError(f"{self._where}: names of fields of {width} bytes in {len(raw)}")
        names = [
            raw[i : i + width].split(b"\0")[0].decode("latin-1") for i in range(0, len(raw), width)
        ]
        items, _ = self._nodes(math.prod(head.dims) * len(names), at, head.end)
        return Struct({n: tuple(items[k :: len(names)]) for k, n in enumerate(names)})

    def _one_integer(self, head: Head) -> tuple[tuple[int, ...], int]:
        found, at = self._integers(head.at, head.end, "i4")
        if len(found) != 1:
            raise FormatError(f"{self._where}: a struct without the length of its fields")
        return found, at

    def _nodes(self, count: int, at: int, end: int) -> tuple[list[Node], int]:
        if count > self._nodes_left:
            raise FormatError(f"{self._where}: {count} values, at most {MAX_NODES} are read")
        found = []
        for _ in range(count):
            tag = self._next(at, end)
            found.append(self.node(tag))
            at = tag.next
        return found, at
