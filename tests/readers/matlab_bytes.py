"""MATLAB files made from the byte layout of their format, independent of the readers.

Values: an array is a matrix, a str a text (a list of str of one length a matrix of characters is
`Chars`), a list a cell array, a dict a struct, a tuple of dicts an array of structs, `Raw` the
content of a matrix element as it stands.
"""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

CLASSES = {
    "f8": 6, "f4": 7, "i1": 8, "u1": 9, "i2": 10, "u2": 11, "i4": 12, "u4": 13, "i8": 14, "u8": 15,
}  # fmt: skip
NAMES = {
    "f8": "double", "f4": "single", "i1": "int8", "u1": "uint8", "i2": "int16", "u2": "uint16",
    "i4": "int32", "u4": "uint32", "i8": "int64", "u8": "uint64",
}  # fmt: skip
TYPES = {
    "i1": 1, "u1": 2, "i2": 3, "u2": 4, "i4": 5, "u4": 6, "f4": 7, "f8": 9, "i8": 12, "u8": 13,
}  # fmt: skip


@dataclass
class Chars:
    """A matrix of characters, padded with blanks."""

    rows: list[str]


@dataclass
class Stored:
    """Numbers of a class, stored as a smaller type, as MATLAB does with whole numbers."""

    values: Any
    as_type: str


@dataclass
class Raw:
    """A matrix element of any class: what follows its name."""

    kind: int
    dims: tuple[int, ...] = (1, 1)
    content: bytes = b""
    flags: int = 0


@dataclass
class Five:
    """A file of version 5: variables in order, each compressed or not."""

    variables: dict[str, Any]
    compressed: bool = False
    order: str = "<"

    def build(self) -> bytes:
        mark = b"IM" if self.order == "<" else b"MI"
        head = b"MATLAB 5.0 MAT-file, made by a test".ljust(124) + self._pack("H", 0x0100) + mark
        return head + b"".join(self.variable(n, v) for n, v in self.variables.items())

    def variable(self, name: str, value: Any) -> bytes:
        plain = self.matrix(value, name)
        if not self.compressed:
            return plain
        packed = zlib.compress(plain)
        return self._pack("II", 15, len(packed)) + packed

    def matrix(self, value: Any, name: str = "") -> bytes:
        kind, dims, content, flags = self._parts(value)
        head = self.element(6, self._pack("II", flags << 8 | kind, 0))
        if kind != 17:
            head += self.element(5, self._pack(f"{len(dims)}i", *dims))
        return self.element(14, head + self.element(1, name.encode()) + content, small=False)

    def element(self, kind: int, data: bytes, *, small: bool = True) -> bytes:
        if small and 0 < len(data) <= 4:
            return self._pack("I", len(data) << 16 | kind) + data.ljust(4, b"\0")
        return self._pack("II", kind, len(data)) + data + bytes(-len(data) % 8)

    def _pack(self, form: str, *values: int) -> bytes:
        return struct.pack(self.order + form, *values)

    def _parts(self, value: Any) -> tuple[int, tuple[int, ...], bytes, int]:
        if isinstance(value, Raw):
            return value.kind, value.dims, value.content, value.flags
        if isinstance(value, str):
            return self._parts(Chars([value]))
        if isinstance(value, Chars):
            return self._chars(value)
        if isinstance(value, list):
            items = b"".join(self.matrix(item) for item in value)
            return 1, (len(value), 1), items, 0
        if isinstance(value, dict):
            value = (value,)
        if isinstance(value, tuple):
            return self._struct(value)
        return self._numbers(value)

    def _chars(self, value: Chars) -> tuple[int, tuple[int, ...], bytes, int]:
        width = max((len(row) for row in value.rows), default=0)
        rows = [row.ljust(width) for row in value.rows]
        down = "".join(row[i] for i in range(width) for row in rows)
        units = self._pack(f"{len(down)}H", *map(ord, down))
        return 4, (len(rows), width), self.element(4, units), 0

    def _struct(
        self, values: tuple[dict[str, Any], ...]
    ) -> tuple[int, tuple[int, ...], bytes, int]:
        names = list(values[0])
        content = self.element(5, self._pack("i", 32))
        content += self.element(1, b"".join(n.encode().ljust(32, b"\0") for n in names))
        content += b"".join(self.matrix(one[name]) for one in values for name in names)
        return 2, (1, len(values)), content, 0

    def _numbers(self, value: Any) -> tuple[int, tuple[int, ...], bytes, int]:
        stored = value.as_type if isinstance(value, Stored) else ""
        array = np.asarray(value.values if isinstance(value, Stored) else value)
        array = np.atleast_2d(array)
        code = array.dtype.str[1:]
        raw = array.astype(self.order + (stored or code)).tobytes(order="F")
        return CLASSES[code], array.shape, self.element(TYPES[stored or code], raw), 0


@dataclass
class Seven:
    """A file of version 7.3: HDF5 behind 512 bytes that say so."""

    variables: dict[str, Any]
    compression: str | None = "gzip"

    def write(self, path: Path) -> Path:
        with h5py.File(path, "w", userblock_size=512) as file:
            self._refs, self._count = file.create_group("#refs#"), 0
            for name, value in self.variables.items():
                self._put(file, name, value)
        with path.open("rb+") as raw:
            text = b"MATLAB 7.3 MAT-file, made by a test".ljust(124)
            raw.write(text + struct.pack("<H", 0x0200) + b"IM")
        return path

    def _put(self, group: h5py.Group, name: str, value: Any) -> None:
        if isinstance(value, dict):
            made = group.create_group(name)
            made.attrs["MATLAB_class"] = np.bytes_("struct")
            for field, one in value.items():
                self._put(made, field, one)
        elif isinstance(value, tuple):
            made = group.create_group(name)
            made.attrs["MATLAB_class"] = np.bytes_("struct")
            for field in value[0]:
                self._references(made, field, [one[field] for one in value])
        elif isinstance(value, list):
            made = self._references(group, name, value)
            made.attrs["MATLAB_class"] = np.bytes_("cell")
        else:
            self._array(group, name, value)

    def _references(self, group: h5py.Group, name: str, values: list[Any]) -> h5py.Dataset:
        references = np.empty((1, len(values)), h5py.ref_dtype)
        for i, one in enumerate(values):
            self._count += 1
            key = f"r{self._count}"
            self._put(self._refs, key, one)
            references[0, i] = self._refs[key].ref
        return group.create_dataset(name, data=references, dtype=h5py.ref_dtype)

    def _array(self, group: h5py.Group, name: str, value: Any) -> None:
        kind = ""
        if isinstance(value, str):
            value = Chars([value])
        if isinstance(value, Chars):
            width = max((len(row) for row in value.rows), default=0)
            rows = [[ord(c) for c in row.ljust(width)] for row in value.rows]
            value, kind = np.array(rows, np.uint16).reshape(len(rows), width), "char"
        if isinstance(value, Stored):
            value = value.values
        array = np.atleast_2d(np.asarray(value))
        if array.size == 0:
            made = group.create_dataset(name, data=np.array(array.shape, np.uint64))
            made.attrs["MATLAB_empty"] = np.uint8(1)
        else:
            options = {"compression": self.compression} if self.compression else {}
            made = group.create_dataset(name, data=array.T, **options)
        made.attrs["MATLAB_class"] = np.bytes_(kind or NAMES[array.dtype.str[1:]])
        if kind:
            made.attrs["MATLAB_int_decode"] = np.int32(2)


def write(path: Path, variables: dict[str, Any], how: str) -> Path:
    """A file of these variables; `how` is "plain", "compressed", "big" (byte order) or "7.3"."""
    if how == "7.3":
        return Seven(variables).write(path)
    order = ">" if how == "big" else "<"
    path.write_bytes(Five(variables, how == "compressed", order).build())
    return path


HOW = ("plain", "compressed", "big", "7.3")


def otbiolab(samples, fs, described, onset_s=0.0):
    """Variables of an OTBioLab+ export; `samples` (n_samples, n_channels)."""
    times = onset_s + np.arange(len(samples)) / fs
    return {
        "Data": samples, "Time": times[None, :], "Description": list(described),
        "SamplingFrequency": np.array([[fs]]), "OTBFile": "somewhere/Jane Roe.otb+",
    }  # fmt: skip


def labchart(blocks, rates, titles, units, **more):
    """Variables of a LabChart export; `blocks[b][c]` are the numbers of channel c in block b."""
    n_channels, n_blocks = len(titles), len(blocks)
    data, start, end = (
        [],
        np.full((n_channels, n_blocks), -1.0),
        np.full((n_channels, n_blocks), -1.0),
    )
    for b, block in enumerate(blocks):
        for c, values in enumerate(block):
            if values is not None:
                start[c, b] = len(data) + 1
                data += list(values)
                end[c, b] = len(data)
    known = sorted(set(units) - {""})
    places = [[float(known.index(unit) + 1) if unit else -1.0] * n_blocks for unit in units]
    return {
        "data": np.array([data]), "datastart": start, "dataend": end,
        "samplerate": np.repeat(np.array(rates, float)[:, None], n_blocks, axis=1),
        "titles": Chars(list(titles)), "unittext": Chars(known), "unittextmap": np.array(places),
        "tickrate": np.full((1, n_blocks), float(max(rates))),
        "blocktimes": 738000.0 + np.arange(n_blocks)[None, :] / 1440.0,
        "firstsampleoffset": np.zeros((n_channels, n_blocks)), **more,
    }  # fmt: skip
