"""How long the texts of an HDF5 file claim to be, before HDF5 makes room for them.

A text of variable length is 16 bytes (length, address and index in a heap) where the values
stand; HDF5 allocates the length before it looks at the heap. Those of attributes stand in the
object header, whose messages are walked here (HDF5 File Format Specification, IV.A.1, IV.A.2.m).
"""

import math
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import h5py

Read: TypeAlias = Callable[[int, int], bytes]  # offset and number of bytes → at most those

ELEMENT_BYTES = 16
_MAX_HEADER_BYTES = 4 << 20
_ATTRIBUTE, _CONTINUATION = 0x0C, 0x10


def lengths_in_header(read: Read, at: int, base: int, name: str) -> list[int]:
    """Lengths that the texts of the attribute `name` claim; none if it is not found.

    Parameters
    ----------
    read
        The bytes of the file.
    at
        Address of the object's header, relative to `base`.
    base
        Where the addresses of the file begin.
    name
        The attribute.
    """
    for body in _attributes(read, at + base, base):
        found, data = _named(body)
        if found == name.encode("utf-8", "surrogateescape"):
            return [length for (length,) in struct.iter_unpack("<I12x", data)]
    return []


def _attributes(read: Read, at: int, base: int) -> Iterator[bytes]:
    """Bodies of the attribute messages of an object header of either version."""
    is_new, blocks = _first_block(read, at)
    left = _MAX_HEADER_BYTES
    while blocks and left > 0:
        begin, size, step = blocks.pop()
        data = read(begin, min(size, left))
        left -= max(size, 1)
        place = 0
        while place + step <= len(data):
            kind, length = struct.unpack_from("<BH" if is_new else "<HH", data, place)
            body = data[place + step : place + step + length]
            place += step + length
            if kind == _ATTRIBUTE:
                yield body
            elif kind == _CONTINUATION and len(body) >= 16:
                address, long = struct.unpack_from("<QQ", body)
                inner = (4, long - 8) if is_new else (0, long)  # "OCHK" before, checksum behind
                blocks.append((base + address + inner[0], inner[1], step))


def _first_block(read: Read, at: int) -> tuple[bool, list[tuple[int, int, int]]]:
    """Whether the header is of version 2, and (begin, size, bytes before each message)."""
    head = read(at, 64).ljust(64, b"\0")
    if head[:4] != b"OHDR":
        (size,) = struct.unpack_from("<I", head, 8)
        return False, [(at + 16, size, 8)] if head[0] == 1 else []
    flags = head[5]
    begin = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    size = int.from_bytes(head[begin : begin + width], "little")
    return True, [(at + begin + width, size, 6 if flags & 4 else 4)]


def _named(body: bytes) -> tuple[bytes, bytes]:
    """Name and data of an attribute message; whole elements only."""
    if len(body) < 9 or not 1 <= body[0] <= 3:
        return b"", b""
    sizes = struct.unpack_from("<HHH", body, 2)
    place = 9 if body[0] == 3 else 8
    name = body[place : place + sizes[0]].split(b"\0")[0]
    place += sum((size + 7) // 8 * 8 if body[0] == 1 else size for size in sizes)
    data = body[place:]
    return name, data[: len(data) // ELEMENT_BYTES * ELEMENT_BYTES]


def lengths_in_dataset(read: Read, dataset: "h5py.Dataset") -> list[int]:
    """Lengths that the texts of a dataset claim; fewer than it has where they are not found."""
    if dataset.chunks is None:
        at, size = dataset.id.get_offset(), dataset.id.get_storage_size()
        pieces = [] if at is None else [read(at, size)]
    else:
        pieces = [_chunk(dataset, i) for i in range(dataset.id.get_num_chunks())]
    whole = b"".join(pieces)
    whole = whole[: len(whole) // ELEMENT_BYTES * ELEMENT_BYTES]
    return [length for (length,) in struct.iter_unpack("<I12x", whole)]


def _chunk(dataset: "h5py.Dataset", index: int) -> bytes:
    """Elements of a chunk, plain or deflated."""
    plist = dataset.id.get_create_plist()
    filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
    raw: bytes = dataset.id.read_direct_chunk(dataset.id.get_chunk_info(index).chunk_offset)[1]
    if not filters:
        return raw
    if filters != [1]:
        return b""
    most = ELEMENT_BYTES * math.prod(dataset.chunks)
    try:
        return zlib.decompressobj().decompress(raw, most)
    except zlib.error:
        return b""
