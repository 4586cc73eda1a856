"""Sessantaquattro .bio files: 512 bytes of text lines, then big-endian interleaved counts.

Lines: firmware, date (not kept), rate; then eight for each type of signal: factor, offset, bytes
of a sample, channels, unit, lower and upper limit, mode. Value = count · factor - offset. Built
from the maker's scripts; not yet checked against a file from the device.
"""

from pathlib import Path
from typing import NamedTuple

from emgproc.errors import FormatError, TruncatedFileError, UnknownUnitError
from emgproc.readers.file import ReadOptions, RecordingFile
from emgproc.readers.otb_archive import Member
from emgproc.readers.otb_contents import MAX_CHANNELS, Told, assemble
from emgproc.readers.otb_samples import Signal, Stream
from emgproc.readers.otb_xml import label, number, rate, whole
from emgproc.recording import Channel
from emgproc.units import is_voltage, microvolts_per

HEADER_BYTES = 512
_LINES = 8


class _Type(NamedTuple):
    """A type of signal: `n` channels, value = count · factor - offset, in `unit`."""

    factor: float
    offset: float
    width: int
    n: int
    unit: str


def looks_like_bio(head: bytes) -> bool:
    """Whether a file begins with a header of this kind."""
    return _header(head) is not None


def open_bio(path: Path, options: ReadOptions) -> RecordingFile:
    """Open a .bio file.

    The header names no signals: those of the first type are taken for EMG, others are auxiliary
    unless `kinds` says what they are.

    Raises
    ------
    FormatError
        The header breaks its rules; `TruncatedFileError` if there is not one whole frame.
    UnknownUnitError
        The first type is no voltage, and no unit is stated.
    """
    with path.open("rb") as file:
        header = _header(file.read(HEADER_BYTES))
    if header is None:
        raise FormatError(f"{path.name}: no header of a Sessantaquattro .bio")
    fs, types = header
    columns, widths = sum(t.n for t in types), {t.width for t in types}
    if columns > MAX_CHANNELS or len(widths) > 1:
        raise FormatError(
            f"{path.name}: {columns} channels of {sorted(widths)} bytes; at most {MAX_CHANNELS} "
            "of one width are read"
        )
    width = widths.pop()
    n_samples, rest = divmod(path.stat().st_size - HEADER_BYTES, columns * width)
    if n_samples < 1:
        raise TruncatedFileError(f"{path.name} ends before one frame of {columns} channels")
    told = Told("otb_bio", rules=["value = count · factor - offset, as the header states them"])
    told.warnings.append("the file names no signals: those of its first type are taken for EMG")
    if rest:
        told.warnings.append(f"the file ends within a frame: its last {rest} bytes are left out")
    coding = {2: ">i2", 3: ">i3"}[width]

    frames = Member(path, path.name, path.stat().st_size - HEADER_BYTES, HEADER_BYTES)
    stream = Stream(path.name, frames.bytes, coding, columns, n_samples, fs)
    for i, one in enumerate(types):
        told.signals += _signals(stream, one, (i, len(told.signals)), options)
    return assemble(path, told, options)


def _signals(
    stream: Stream, one: _Type, place: tuple[int, int], options: ReadOptions
) -> list[Signal]:
    number_of_type, first = place
    unit = one.unit or (options.unit or "" if number_of_type == 0 else "")
    name = "EMG" if number_of_type == 0 else f"type{number_of_type + 1}"
    if number_of_type == 0 and not is_voltage(unit):
        raise UnknownUnitError(
            f"{stream.name}: the signals of the first type are in {unit!r}, no voltage; "
            "state unit="
        )
    factor, offset, bits = one.factor, one.offset, 8 * one.width
    if not is_voltage(unit):
        about = Channel(name, "MISC", unit)
        return [Signal(stream, first + k, factor, about, offset=offset) for k in range(one.n)]
    factor, offset = factor * microvolts_per(unit), offset * microvolts_per(unit)
    half = 1 << (bits - 1)
    ends = (-half * factor - offset, (half - 1) * factor - offset)
    about = Channel(
        name,
        "EMG" if number_of_type == 0 else "MISC",
        bits=bits,
        lsb_uv=abs(factor),
        range_uv=(min(ends), max(ends)),
    )
    return [
        Signal(stream, first + k, factor, about, number_of_type == 0, offset) for k in range(one.n)
    ]


def _header(head: bytes) -> tuple[float, list[_Type]] | None:
    """Rate and types of signal; None if the bytes are no such header."""
    if len(head) < HEADER_BYTES:
        return None
    lines = head[:HEADER_BYTES].decode("ascii", "replace").split("\n")
    lines = [line.strip("\r\0 ") for line in lines]
    fs = rate(lines[2]) if len(lines) > 2 else None
    if fs is None:
        return None
    types = []
    for at in range(3, len(lines) - _LINES + 1, _LINES):
        if number(lines[at]) is None:
            break
        found = _type(lines[at : at + _LINES])
        if found is None:
            return None
        types.append(found)
    return (fs, types) if types else None


def _type(lines: list[str]) -> _Type | None:
    factor, offset, width, n = (
        number(lines[0]), number(lines[1]), whole(lines[2]), whole(lines[3])
    )  # fmt: skip
    if factor is None or offset is None or width is None or n is None:
        return None
    if not 1e-15 <= abs(factor) <= 1e15 or abs(offset) > 1e15:
        return None
    if width not in {2, 3} or not 1 <= n <= MAX_CHANNELS:
        return None
    return _Type(factor, offset, width, n, label(lines[4]))
