"""The header of a Delsys EMGworks .emg of version 3.

Little-endian throughout, nothing aligned: "DEMG", u16 version, u32 kind of file, texts of 11
(program), 11 (driver) and 255 bytes (maker of the card), u32 card, u32 series, i32 channels, i32
samples, u32 samples wanted, f64 rate, f64 rate wanted, u32 first byte of the samples, five u32 of
settings, u32 length and text of a film's name. Per channel: u32 number, two texts with their u32
lengths (unit, label), f64 system gain, converter gain, resolution, offset, high-pass and low-pass
in Hz. Layout: Biomechanical ToolKit, btkDelsysEMGFileIO, after Delsys's own loademg3.m.
"""

import math
import struct
from dataclasses import dataclass, replace

from emgproc.arrays import Floats
from emgproc.errors import FormatError, TruncatedFileError, UnsupportedFormatError
from emgproc.readers.file import ReadOptions
from emgproc.readers.labels import kind_of, unique_names
from emgproc.recording import Channel
from emgproc.units import is_voltage, microvolts_per

MAGIC = b"DEMG"
VERSION = 3
MAX_CHANNELS = 4096
MAX_TEXT = 4096
LARGEST = 1e100
_START = struct.Struct("<4sH")
_FIXED = struct.Struct("<I11s11s255sIIiiIddI5I")
_LENGTH = struct.Struct("<I")
_SCALES = struct.Struct("<6d")


@dataclass(frozen=True, slots=True)
class EmgChannel:
    """One channel as the header tells it; `factor` is µV per unit, 1.0 where no voltage."""

    name: str
    kind: str
    unit: str
    factor: float
    gain: float
    resolution: float
    offset: float
    highpass_hz: float
    lowpass_hz: float

    def physical(self, counts: Floats) -> Floats:
        """Counts as µV, or in the unit of a signal that is no voltage."""
        return (counts * self.resolution - self.offset) / self.gain * self.factor

    def channel(self) -> Channel:
        """Its description in a recording."""
        return Channel(
            self.name,
            self.kind,
            highpass_hz=self.highpass_hz if self.highpass_hz > 0 else None,
            lowpass_hz=self.lowpass_hz if self.lowpass_hz > 0 else None,
            gain=self.gain,
            lsb_uv=abs(self.resolution / self.gain * self.factor),
        )


@dataclass(frozen=True, slots=True)
class EmgHeader:
    """Rate in Hz, samples of each channel, first byte of the samples, the channels."""

    fs: float
    n_samples: int
    data_start: int
    channels: tuple[EmgChannel, ...]


class _Cursor:
    """The header from its start; reading past its end is a typed error."""

    def __init__(self, data: bytes, where: str) -> None:
        self.data = data
        self.at = 0
        self.where = where

    def bytes_of(self, length: int) -> bytes:
        if self.at + length > len(self.data):
            raise TruncatedFileError(f"{self.where}: ends within its header")
        self.at += length
        return self.data[self.at - length : self.at]

    def text(self) -> str:
        (length,) = _LENGTH.unpack(self.bytes_of(_LENGTH.size))
        if length > MAX_TEXT:
            raise FormatError(
                f"{self.where}: a text of {length} bytes in the header; at most {MAX_TEXT}"
            )
        return self.bytes_of(length).split(b"\0")[0].decode("cp1252", "replace").strip()


def parse_header(data: bytes, options: ReadOptions, where: str) -> EmgHeader:
    """The header in the first bytes of a file.

    Raises
    ------
    UnsupportedFormatError
        A version other than 3.
    FormatError
        A field is impossible.
    TruncatedFileError
        The bytes end within it.
    """
    cursor = _Cursor(data, where)
    magic, version = _START.unpack(cursor.bytes_of(_START.size))
    if magic != MAGIC:
        raise FormatError(f"{where}: does not begin with {MAGIC!r} but {magic!r}")
    if version != VERSION:
        raise UnsupportedFormatError(
            f"{where}: Delsys .emg of version {version}; only version {VERSION} is read, convert "
            "it with Delsys File Utility to EDF"
        )
    fixed = _FIXED.unpack(cursor.bytes_of(_FIXED.size))
    n_channels, n_samples, fs, data_start = fixed[6], fixed[7], fixed[9], fixed[11]
    if not 0 < n_channels <= MAX_CHANNELS or n_samples <= 0 or not (0 < fs < math.inf):
        raise FormatError(
            f"{where}: {n_channels} channels (at most {MAX_CHANNELS}) of {n_samples} samples at "
            f"{fs} Hz"
        )
    cursor.text()
    channels = [_channel(cursor, where) for _ in range(n_channels)]
    if data_start != cursor.at:
        raise FormatError(
            f"{where}: samples are said to begin at byte {data_start}, the header ends at "
            f"{cursor.at}"
        )
    return EmgHeader(fs, n_samples, data_start, _named(channels, options))


def _channel(cursor: _Cursor, where: str) -> EmgChannel:
    cursor.bytes_of(4)
    unit, label = cursor.text(), cursor.text()
    scales = _SCALES.unpack(cursor.bytes_of(_SCALES.size))
    gain, _, resolution, offset, highpass_hz, lowpass_hz = scales
    if any(not abs(scale) < LARGEST for scale in scales) or gain == 0 or resolution == 0:
        raise FormatError(
            f"{where}: channel {label!r} has the gain {gain}, the resolution {resolution}, the "
            f"offset {offset} and the filters {highpass_hz} to {lowpass_hz} Hz"
        )
    lsb = resolution / gain
    if not (0 < abs(lsb) < 1e12 and abs(offset / gain) < 1e12):
        raise FormatError(f"{where}: channel {label!r} has steps of {lsb} {unit}")
    voltage = is_voltage(unit)
    return EmgChannel(
        label, "", "uV" if voltage else unit, microvolts_per(unit) if voltage else 1.0,
        gain, resolution, offset, highpass_hz, lowpass_hz,
    )  # fmt: skip


def _named(channels: list[EmgChannel], options: ReadOptions) -> tuple[EmgChannel, ...]:
    """Unique names, and kinds: what is no voltage is no EMG."""
    found = []
    names = unique_names(channel.name for channel in channels)
    for channel, name in zip(channels, names, strict=True):
        kind = kind_of(name)
        kind = "MISC" if channel.unit != "uV" and kind == "EMG" else kind
        found.append(replace(channel, name=name, kind=options.kinds.get(name, kind)))
    return tuple(found)
