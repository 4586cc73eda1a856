"""The chunks of an XDF file, looked at before pyxdf reads them.

pyxdf allocates what a chunk declares, and scans on after damage. Here every chunk is checked
against its own length, so that pyxdf is given only the whole chunks before the first that is not.
A chunk is the number of bytes of its length (1, 4 or 8), the length, a tag (u16) and its content.
"""

import io
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from emgproc.errors import FormatError, TruncatedFileError

_FILE_HEADER, _STREAM_HEADER, _SAMPLES, _CLOCK, _FOOTER = 1, 2, 3, 4, 6
_MAX_XML_BYTES = 16 << 20
_MAX_CHANNELS = 65_536
_LENGTHS = {1: "<B", 4: "<I", 8: "<Q"}
ITEM_BYTES = {
    "int8": 1, "int16": 2, "int32": 4, "int64": 8, "float32": 4, "double64": 8, "string": 1,
}  # fmt: skip


@dataclass(slots=True)
class Stream:
    """One stream: channels, format, nominal rate in Hz (0: irregular), samples counted."""

    name: str
    n_channels: int
    format: str
    fs: float
    n_samples: int = 0


@dataclass(slots=True)
class Survey:
    """Where the whole chunks end, what their streams are, and why they end there."""

    end: int = 4
    streams: dict[int, Stream] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def survey(path: Path) -> Survey:
    """Look at every chunk of a file.

    Raises
    ------
    FormatError
        A header is no XML, declares a DTD, or states what no stream can be.
    TruncatedFileError
        No stream and no sample lies before the first damage.
    """
    size, found = path.stat().st_size, Survey()
    with path.open("rb") as file:
        file.seek(found.end)
        while found.end < size:
            why = _chunk(file, size, found, path.name)
            if why:
                found.warnings.append(
                    f"{why} at byte {found.end}; what follows, {size - found.end} bytes, is left "
                    "out"
                )
                break
            found.end = file.tell()
    if not found.streams or not any(s.n_samples for s in found.streams.values()):
        told = found.warnings[0] if found.warnings else "it holds no samples"
        raise TruncatedFileError(f"{path.name}: {told}")
    return found


def _chunk(file: BinaryIO, size: int, found: Survey, where: str) -> str:
    """Look at one chunk and go to its end; why it is not whole, or ""."""
    length = _number(file)
    if length is None or length < 2 or file.tell() + length > size:
        return "a chunk is cut off or damaged"
    stop = file.tell() + length
    tag = int.from_bytes(file.read(2), "little")
    if tag in {_STREAM_HEADER, _SAMPLES, _CLOCK, _FOOTER} and length < 6:
        return "a chunk is too short for its stream"
    if tag in {_FILE_HEADER, _STREAM_HEADER, _FOOTER}:
        _xml_chunk(file, tag, stop, found, where)
    elif tag in {_SAMPLES, _CLOCK}:
        stream = found.streams.get(int.from_bytes(file.read(4), "little"))
        if stream is None:
            return "a chunk belongs to no stream"
        left = stop - file.tell()
        if tag == _CLOCK and left != 16:
            return "a clock offset is damaged"
        if tag == _SAMPLES and not _samples_fit(file, stream, stop):
            return "a chunk declares other samples than it holds"
    file.seek(stop)
    return ""


def _number(file: BinaryIO) -> int | None:
    """A number of 1, 4 or 8 bytes; None where there is none."""
    first = file.read(1)
    layout = _LENGTHS.get(first[0]) if first else None
    if layout is None:
        return None
    raw = file.read(struct.calcsize(layout))
    if len(raw) < struct.calcsize(layout):
        return None
    return int(struct.unpack(layout, raw)[0])


def _samples_fit(file: BinaryIO, stream: Stream, stop: int) -> bool:
    """Each sample is a byte, 8 more if it has a time, and its values."""
    count = _number(file)
    if count is None:
        return False
    left = stop - file.tell()
    values = stream.n_channels * ITEM_BYTES[stream.format]
    if stream.format == "string":
        fits = count * (1 + 2 * stream.n_channels) <= left
    else:
        times, rest = divmod(left - count * (1 + values), 8)
        fits = not rest and 0 <= times <= count
    stream.n_samples += count if fits else 0
    return fits


def _xml_chunk(file: BinaryIO, tag: int, stop: int, found: Survey, where: str) -> None:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    key = int.from_bytes(file.read(4), "little") if tag != _FILE_HEADER else 0
    if stop - file.tell() > _MAX_XML_BYTES:
        raise FormatError(f"{where}: a header of {stop - file.tell()} bytes")
    raw = file.read(stop - file.tell())
    try:
        root = fromstring(raw.decode("utf-8", "replace"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise FormatError(f"{where}: a header is no plain XML: {error}") from error
    if tag != _STREAM_HEADER:
        return
    if key in found.streams:
        raise FormatError(f"{where}: stream {key} is described twice")
    found.streams[key] = _stream({child.tag: child.text or "" for child in root}, key, where)


def _stream(fields: dict[str, str], key: int, where: str) -> Stream:
    try:
        n, fs = int(fields.get("channel_count", "")), float(fields.get("nominal_srate", ""))
    except ValueError:
        n, fs = 0, -1.0
    format_ = fields.get("channel_format", "")
    if not (0 < n <= _MAX_CHANNELS and 0 <= fs < 1e9 and format_ in ITEM_BYTES):
        raise FormatError(
            f"{where}: stream {key} states {fields.get('channel_count')!r} channels of "
            f"{format_!r} at {fields.get('nominal_srate')!r} Hz"
        )
    return Stream(fields.get("name", "") or f"stream {key}", n, format_, fs)


class Beginning(io.RawIOBase):
    """The first `end` bytes of a file, as if it ended there."""

    def __init__(self, path: Path, end: int) -> None:
        self._file = path.open("rb")
        self._end = end

    def readable(self) -> bool:
        """As `io.RawIOBase.readable`."""
        return True

    def seekable(self) -> bool:
        """As `io.RawIOBase.seekable`."""
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """As `io.RawIOBase.seek`."""
        if whence == 2:
            offset, whence = self._end + offset, 0
        return self._file.seek(offset, whence)

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # what io gives
        """As `io.RawIOBase.readinto`."""
        left = max(0, self._end - self._file.tell())
        return self._file.readinto(memoryview(buffer)[: min(left, len(buffer))])

    def close(self) -> None:
        """As `io.RawIOBase.close`."""
        self._file.close()
        super().close()
