"""BIOPAC AcqKnowledge .acq, read through bioread.

Value = raw · scale + offset in the unit of the channel; channels of real numbers are in it
already. Where all channels have one rate and nothing is compressed, spans are read from the
file; else all samples are read when the first are asked for. A recording that was appended to
has a segment for each part; how long the pause was is not stated. Journals are left out.
"""

import math
import re
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from emgproc.errors import FormatError, TruncatedFileError, UnsupportedFormatError
from emgproc.readers.bridge_library import (
    Untyped,
    check_held,
    damage_told,
    listening,
    required,
)
from emgproc.readers.bridge_parts import Bridged, FetchedMatrix, Handle, bridged, pieces_of, whole
from emgproc.readers.file import MAX_EVENTS, Format, ReadOptions, RecordingFile
from emgproc.readers.matlab_signals import Export, rate_from
from emgproc.readers.matlab_source import Signal
from emgproc.recording import Event
from emgproc.units import is_voltage, microvolts_per

ID = "acqknowledge"
_MAX_CHANNELS = 128  # an MP160 has 16, and as many digital and computed ones
_MAX_PATTERN = 1 << 20  # samples after which the order of the channels repeats
_MAX_RATIO = 100
_MAX_PARTS = 1000
_APPENDED = "apnd"

_Rows = Callable[[int, int], NDArray[Any]]


def open_acq(path: Path, options: ReadOptions) -> RecordingFile:
    """Open an AcqKnowledge file.

    Raises
    ------
    MissingExtraError
        bioread is not installed.
    FormatError, TruncatedFileError
        It is damaged, or declares more samples than it holds.
    UnsupportedFormatError
        More channels than any device has.
    UnknownUnitError
        No channel is a voltage, or one that must be has no unit.
    """
    module = required("bioread.reader", "biopac", "AcqKnowledge", path)
    _check_channels(path)
    warnings: list[str] = []
    with listening("bioread", path, warnings), path.open("rb") as file:
        reader = module.Reader(file)
        told = _read_headers(reader, module)
    warnings += [f"bioread: {text}" for text in told]
    with damage_told("bioread", path):
        made = _made(reader, module, path, options, warnings)
    return bridged(path, made, options)


def _read_headers(reader: Untyped, module: Untyped) -> list[str]:
    """As `Reader.read_headers`, which passes over every error; what was lost of the markers."""
    try:
        reader._read_headers()
    except module.READ_EXCEPTIONS as error:
        # The samples lie before the markers; only compressed ones are described after them.
        if reader.datafile is None or reader.is_compressed:
            raise
        return [f"what follows the samples cannot be read: {error}"]
    return []


def _order(head: bytes) -> Literal["little", "big"] | None:
    """Byte order of a file that begins so; None if it is no AcqKnowledge file."""
    orders: tuple[Literal["little", "big"], ...] = ("little", "big")
    for order in orders:
        revision = int.from_bytes(head[2:6], order, signed=True)
        length = int.from_bytes(head[6:10], order, signed=True)
        if 30 <= revision <= 200 and 200 <= length <= 65536:
            return order
    return None


def _check_channels(path: Path) -> None:
    """Refuse too many: bioread tries thousands of places for as many channels as are declared."""
    with path.open("rb") as file:
        head = file.read(12)
    n = int.from_bytes(head[10:12], _order(head) or "little", signed=True)
    if not 1 <= n <= _MAX_CHANNELS:
        raise UnsupportedFormatError(
            f"{path.name}: {n} channels are declared; 1 to {_MAX_CHANNELS} are read"
        )


def _made(
    reader: Untyped,
    module: Untyped,
    path: Path,
    options: ReadOptions,
    warnings: list[str],
) -> Bridged:
    channels = reader.datafile.channels
    rows = _rows(reader, module, path)
    parts = _parts(reader.event_markers, path, warnings)
    signals, lsb = [], {}
    for k, channel in enumerate(channels):
        fs = rate_from(whole(float(channel.samples_per_second)), path.name, options)
        name, unit = channel.name.strip() or f"channel {k + 1}", channel.units.strip()
        matrix = _matrix(channel, rows[k], path)
        spans = _spans(parts, int(channel.frequency_divider), matrix.cols, fs)
        signals.append(Signal(name, unit, fs, pieces_of(matrix, 0, spans)))
        if channel.dtype.kind == "i" and is_voltage(unit):
            lsb[name] = abs(float(channel.raw_scale_factor)) * microvolts_per(unit)
    export = Export(
        signals=tuple(signals),
        reader="acqknowledge (bioread)",
        scaling="value = raw × scale + offset in the stated unit",
        events=tuple(_events(reader, path)),
        warnings=tuple(warnings),
    )
    return Bridged(export, lsb, Handle(path), (path,))


def _matrix(channel: Untyped, raw: _Rows, path: Path) -> FetchedMatrix:
    scale, offset = float(channel.raw_scale_factor), float(channel.raw_offset)

    def fetch(lo: int, hi: int, a: int, b: int) -> NDArray[Any]:  # noqa: ARG001 - one row
        values = raw(a, b).astype(np.float64)
        if channel.dtype.kind != "f":
            values *= scale
            values += offset
        return values[None]

    return FetchedMatrix((1, int(channel.point_count)), fetch, library="bioread", path=path)


def _rows(reader: Untyped, module: Untyped, path: Path) -> list[_Rows]:
    """Raw numbers of each channel by spans."""
    channels = reader.datafile.channels
    counts = [int(channel.point_count) for channel in channels]
    dividers = [int(channel.frequency_divider) for channel in channels]
    if min(counts) < 0 or min(dividers) < 1:
        raise FormatError(f"{path.name}: channels of {counts} samples, every {dividers}th")
    if reader.is_compressed:
        return [_inflated(reader, k, path) for k in range(len(channels))]
    start, size = int(reader.data_start_offset), path.stat().st_size
    if start + sum(int(channel.data_length) for channel in channels) > size:
        raise TruncatedFileError(
            f"{path.name}: {counts} samples are declared, the file ends at byte {size}"
        )
    if len(set(dividers)) == len(set(counts)) == 1:
        return _interleaved(channels, counts[0], start, path)
    if math.lcm(*dividers) * len(channels) > _MAX_PATTERN:
        raise FormatError(f"{path.name}: rates divided by {dividers} never fall together")
    return _read_once(module, len(channels), path)


def _interleaved(channels: Untyped, count: int, start: int, path: Path) -> list[_Rows]:
    sizes = [channel.dtype.itemsize for channel in channels]
    frame = sum(sizes)

    def one(at: int, dtype: np.dtype[Any]) -> _Rows:
        def raw(a: int, b: int) -> NDArray[Any]:
            frames = np.memmap(path, np.uint8, "r", start, (count, frame))
            part = np.ascontiguousarray(frames[a:b, at : at + dtype.itemsize])
            return part.view(dtype)[:, 0]

        return raw

    return [one(sum(sizes[:k]), channel.dtype) for k, channel in enumerate(channels)]


def _read_once(module: Untyped, n: int, path: Path) -> list[_Rows]:
    held: list[Any] = []

    def one(k: int) -> _Rows:
        def raw(a: int, b: int) -> NDArray[Any]:
            if not held:
                # What there is to warn of was told when the headers were read.
                with listening("bioread", path, []), path.open("rb") as file:
                    held.append(module.Reader.read(file).datafile.channels)
            values: NDArray[Any] = held[0][k].raw_data[a:b]
            return values

        return raw

    return [one(k) for k in range(n)]


def _inflated(reader: Untyped, k: int, path: Path) -> _Rows:
    """A compressed channel, inflated once and never to more than it declares."""
    channel, about = reader.datafile.channels[k], reader.channel_compression_headers[k]
    start, packed = int(about.compressed_data_offset), int(about.compressed_data_len)
    wanted = int(channel.data_length)
    check_held(path, start + packed, 1)
    if packed < 0 or start < 0 or wanted > _MAX_RATIO * packed:
        raise TruncatedFileError(
            f"{path.name}: {wanted} bytes of {channel.name} are declared in {packed} packed ones"
        )
    held: list[NDArray[Any]] = []

    def raw(a: int, b: int) -> NDArray[Any]:
        if not held:
            with path.open("rb") as file:
                file.seek(start)
                data = zlib.decompressobj().decompress(file.read(packed), wanted)
            if len(data) < wanted:
                raise TruncatedFileError(f"{path.name}: {channel.name} ends at {len(data)} bytes")
            held.append(np.frombuffer(data, channel.dtype))
        return held[0][a:b]

    return raw


def _parts(markers: Untyped, path: Path, warnings: list[str]) -> list[int]:
    """Samples of the fastest channel at which the recording was taken up again."""
    found = set()
    for marker in markers or ():
        code = marker.type_code
        named = code is None and re.fullmatch(r"Segment \d+", marker.text or "")
        if (code == _APPENDED or named) and marker.sample_index > 0:
            found.add(int(marker.sample_index))
    if len(found) > _MAX_PARTS:
        raise FormatError(f"{path.name}: taken up again {len(found)} times; at most {_MAX_PARTS}")
    if found:
        warnings.append(
            f"the recording was taken up again at {len(found)} place(s); the pauses before are of "
            "unknown length, the time goes on without them"
        )
    return sorted(found)


def _spans(parts: list[int], divider: int, count: int, fs: float) -> list[tuple[int, int, float]]:
    edges = sorted({0, count, *(-(-at // divider) for at in parts if at < count * divider)})
    return [(a, b, a / fs) for a, b in pairwise(edges)]


def _events(reader: Untyped, path: Path) -> Iterator[Event]:
    markers = reader.event_markers or ()
    if len(markers) > MAX_EVENTS:
        raise FormatError(f"{path.name}: {len(markers)} events; at most {MAX_EVENTS} are read")
    names = {c.order_num: c.name.strip() for c in reader.datafile.channels}
    for marker in markers:
        onset_s = float(marker.sample_index) / reader.samples_per_second
        text = (marker.text or "").strip("\0 ")
        where = "" if marker.channel_number is None else names.get(marker.channel_number, "")
        yield Event(onset_s, 0.0, text or str(marker.type_code or "marker"), where)


def _recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the table's signature
    """Two bytes unused, then as 4-byte integers the revision and a length."""
    return head[:2] in {b"\0\0", b"\0\1", b"\1\0"} and _order(head) is not None


FORMATS = (
    Format(
        id=ID,
        title="BIOPAC AcqKnowledge",
        suffixes=(".acq",),
        keeps="values, units, rates, markers; read through bioread (pip install emgproc[biopac]); "
        "the journal is left out",
        recognises=_recognises,
        open=open_acq,
    ),
)
