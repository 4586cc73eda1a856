"""Header and parameters of a C3D file: blocks of 512 bytes, three byte orders.

Facts from the format's manual (c3d.org). A parameter block lies where byte 0 of the header says;
its byte 3 tells the processor: 84 Intel, 85 DEC (other floats), 86 MIPS (big-endian). A record is
the length of its name (i8, negative if locked), its group (i8, negative for a group itself), the
name, the distance to the next record (i16), and for a parameter its type (-1 text, 1 byte, 2 i16,
4 f32), the number of its dimensions, these (u8 each), and the values.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats
from emgproc.errors import FormatError, TruncatedFileError, UnsupportedFormatError

BLOCK = 512
PROCESSORS = {84: "<", 85: "<", 86: ">"}
_DEC = 85
_WIDTHS = {-1: 1, 1: 1, 2: 2, 4: 4}
_MOST_RECORDS = 100_000


class Parameter(NamedTuple):
    """Values of one parameter in the order of the file: bytes for text, else numbers."""

    kind: int
    dims: tuple[int, ...]
    raw: bytes


@dataclass(frozen=True, slots=True)
class C3dHeader:
    """What the first block says, and all parameters by "GROUP:NAME".

    Attributes
    ----------
    order, is_dec
        Byte order as NumPy writes it, and whether floats are those of DEC machines.
    n_points, n_analog
        Trajectories, and analogue values of all channels, in a frame.
    first_frame, last_frame
        Counted from 1; 65535 and more do not fit here.
    ratio
        Analogue samples of a channel in a frame.
    data_start
        Byte at which the first frame begins.
    """

    where: str
    order: str
    is_dec: bool
    n_points: int
    n_analog: int
    first_frame: int
    last_frame: int
    point_scale: float
    data_start: int
    ratio: int
    frame_rate: float
    block: bytes
    parameters: dict[str, Parameter]

    def numbers(self, name: str, *, unsigned: bool = False) -> Floats:
        """Numbers of "GROUP:NAME" in the order of the file; empty where there are none."""
        found = self.parameters.get(name)
        if found is None or found.kind == -1:
            return np.empty(0)
        if found.kind == 4:
            return self.floats(np.frombuffer(found.raw, np.uint8))
        whole = f"{self.order}{'u' if unsigned else 'i'}2" if found.kind == 2 else "i1"
        return np.frombuffer(found.raw, whole).astype(np.float64)

    def number(self, name: str, *, unsigned: bool = False) -> float | None:
        """The first number of "GROUP:NAME"."""
        found = self.numbers(name, unsigned=unsigned)
        return float(found[0]) if found.size else None

    def texts(self, name: str) -> list[str]:
        """Texts of "GROUP:NAME", without the blanks they are filled with."""
        found = self.parameters.get(name)
        if found is None or found.kind != -1 or not found.dims:
            return []
        width = found.dims[0]
        parts = [found.raw[i : i + width] for i in range(0, len(found.raw), max(width, 1))]
        return [part.decode("utf-8", "replace").rstrip("\0 ").lstrip() for part in parts]

    def floats(self, raw: NDArray[np.uint8]) -> Floats:
        """Values of f32 in the order of this file's processor, as float64."""
        with np.errstate(invalid="ignore"):  # a signalling NaN becomes a quiet one
            if not self.is_dec:
                return raw.view(f"{self.order}f4").astype(np.float64)
            # DEC keeps the upper half first and counts the exponent from 129 instead of 127.
            halves = np.ascontiguousarray(raw.view("<u2").reshape(-1, 2)[:, ::-1])
            return halves.view("<f4")[:, 0].astype(np.float64) / 4


def parse_header(data: bytes, where: str) -> C3dHeader:
    """Header and parameters from the first bytes of a file (all up to its data).

    Raises
    ------
    TruncatedFileError
        The file ends within them.
    FormatError
        They break their rules.
    UnsupportedFormatError
        An unknown processor.
    """
    if len(data) < 2 * BLOCK:
        raise TruncatedFileError(f"{where}: ends within its header ({len(data)} bytes)")
    at = (data[0] - 1) * BLOCK
    if at < BLOCK or at + 4 > len(data):
        raise TruncatedFileError(f"{where}: its parameters would begin at byte {at}")
    processor = data[at + 3]
    if processor not in PROCESSORS:
        raise UnsupportedFormatError(
            f"{where}: processor type {processor}; there are {sorted(PROCESSORS)}"
        )
    order = PROCESSORS[processor]
    words = np.frombuffer(data[:BLOCK], f"{order}u2")
    made = _header(data[:BLOCK], where, order, words, is_dec=processor == _DEC)
    made.parameters.update(_records(data, at + 4, order, where))
    return made


def _header(
    block: bytes, where: str, order: str, words: NDArray[Any], *, is_dec: bool
) -> C3dHeader:
    empty = C3dHeader(where, order, is_dec, 0, 0, 0, 0, 0.0, 0, 0, 0.0, block, {})
    scale, rate = (
        float(empty.floats(np.frombuffer(block[i : i + 4], np.uint8))[0]) for i in (12, 20)
    )
    n = [int(word) for word in words[:10]]
    return C3dHeader(
        where, order, is_dec, n[1], n[2], n[3], n[4], scale, (n[8] - 1) * BLOCK, n[9], rate,
        block, {},
    )  # fmt: skip


def _records(data: bytes, at: int, order: str, where: str) -> dict[str, Parameter]:
    """All parameters by "GROUP:NAME", upper case."""
    groups: dict[int, str] = {}
    found: dict[tuple[int, str], Parameter] = {}
    for _ in range(_MOST_RECORDS):
        if at + 4 > len(data):
            raise TruncatedFileError(f"{where}: ends within its parameters")
        length, group = (int(v) for v in np.frombuffer(data[at : at + 2], np.int8))
        if not length or not group:
            break
        stop = at + 2 + abs(length)
        name = data[at + 2 : stop].decode("ascii", "replace").upper()
        step = int.from_bytes(data[stop : stop + 2], "little" if order == "<" else "big")
        if group < 0:
            groups[-group] = name
        else:
            found[group, name] = _parameter(data, stop + 2, f"{where}: parameter {name}")
        if not step:
            break
        at = stop + step
    else:
        raise FormatError(f"{where}: more than {_MOST_RECORDS} parameters")
    return {f"{groups.get(group, '')}:{name}": one for (group, name), one in found.items()}


def _parameter(data: bytes, at: int, what: str) -> Parameter:
    head = data[at : at + 2]
    kind = int(np.frombuffer(head[:1], np.int8)[0]) if len(head) == 2 else 0
    if kind not in _WIDTHS:
        raise FormatError(f"{what} has the type {kind}; there are {sorted(_WIDTHS)}")
    dims = tuple(data[at + 2 : at + 2 + head[1]])
    size = math.prod(dims) * _WIDTHS[kind]
    first = at + 2 + head[1]
    raw = data[first : first + size]
    if len(dims) < head[1] or len(raw) < size:
        raise TruncatedFileError(f"{what} declares {size} bytes, {len(raw)} are there")
    return Parameter(kind, dims, raw)
