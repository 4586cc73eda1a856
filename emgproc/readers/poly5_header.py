"""The header of a TMSi Poly5 file and the descriptions of its signals.

Little-endian, 217 bytes: magic of 31, u16 version 203, name as Pascal text of 81 (not kept), u16
sampling rate, u16 storage rate, u8, u16 signals, i32 samples, 4 unused, 7 × u16 date (not kept),
i32 blocks, u16 samples in a block, u16 bytes in a block (it overflows: not used), u16 compression,
64 unused. Per signal 136 bytes: Pascal texts of 41 (name) and, after 4 unused, 11 (unit), f32 unit
low, unit high, adc low, adc high, u16 index. Two signals "(Lo) x" and "(Hi) x" are one of 32 bits.
"""

import math
import struct
from dataclasses import dataclass, replace

from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownRateError,
    UnsupportedFormatError,
)
from emgproc.readers.file import ReadOptions
from emgproc.readers.labels import kind_of, unique_names
from emgproc.units import is_voltage, microvolts_per

MAGIC = b"POLY SAMPLE FILEversion 2.03\r\n\x1a"
VERSION = 203
MAX_SIGNALS = 8192
BLOCK_HEAD = 86
_HEADER = struct.Struct("<31sH81sHHBHi4x14siHHH64x")
_SIGNAL = struct.Struct("<41s4x11s4fH62x")
LOW, HIGH = "(Lo) ", "(Hi) "


@dataclass(frozen=True, slots=True)
class Poly5Signal:
    """One channel: the place of its first 16-bit word in a row, and how it becomes a value.

    A `wide` one is float32 in `unit` already. Another is (adc - adc_low) · scale + unit_low of an
    int16, or of an unsigned one where adc goes beyond 32767.
    `factor` is µV per unit, 1.0 where it is no voltage.
    """

    word: int
    wide: bool
    name: str
    unit: str
    factor: float = 1.0
    kind: str = "EMG"
    scale: float = 1.0
    adc_low: float = 0.0
    unit_low: float = 0.0
    unsigned: bool = False


@dataclass(frozen=True, slots=True)
class Poly5Header:
    """Rate in Hz, samples of each channel, samples in a block, words in a row, the channels."""

    fs: float
    n_samples: int
    n_blocks: int
    block_rows: int
    n_words: int
    signals: tuple[Poly5Signal, ...]
    warnings: tuple[str, ...]

    @property
    def data_start(self) -> int:
        """First byte of the first block."""
        return _HEADER.size + _SIGNAL.size * self.n_words

    @property
    def row_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return 2 * self.n_words

    @property
    def block_bytes(self) -> int:
        """Bytes of a block with its head."""
        return BLOCK_HEAD + self.row_bytes * self.block_rows


def parse_header(data: bytes, options: ReadOptions, where: str) -> Poly5Header:
    """The header in the first bytes of a file.

    Raises
    ------
    FormatError
        The magic is another, a count is impossible, a 32-bit channel lacks a half, a voltage has
        no scale.
    TruncatedFileError
        The bytes end within the header.
    UnsupportedFormatError
        Another version, or compressed blocks.
    UnknownRateError
        The file tells none, or two that differ.
    """
    if not data.startswith(MAGIC):
        raise FormatError(f"{where}: does not begin with {MAGIC!r} but {data[:31]!r}")
    if len(data) < _HEADER.size:
        raise TruncatedFileError(f"{where}: ends within its header of {_HEADER.size} bytes")
    head = _HEADER.unpack_from(data)
    version, n_words, n_samples, n_blocks, block_rows, compression = (
        head[1], head[6], head[7], head[9], head[10], head[12],
    )  # fmt: skip
    if version != VERSION or compression:
        raise UnsupportedFormatError(
            f"{where}: Poly5 of version {version} and compression {compression}; only version "
            f"{VERSION} without compression is read, convert it with the recording software"
        )
    if not 0 < n_words <= MAX_SIGNALS or n_samples < 0 or block_rows == 0:
        raise FormatError(
            f"{where}: {n_words} signals (1 to {MAX_SIGNALS}) of {n_samples} samples in blocks "
            f"of {block_rows}"
        )
    if len(data) < _HEADER.size + n_words * _SIGNAL.size:
        raise TruncatedFileError(f"{where}: ends within the descriptions of {n_words} signals")
    signals, warnings = _signals(data, n_words, where)
    fs = _rate(head[3], head[4], options, where)
    named = _named(signals, options)
    return Poly5Header(fs, n_samples, n_blocks, block_rows, n_words, named, tuple(warnings))


def _rate(sampled: int, stored: int, options: ReadOptions, where: str) -> float:
    told = {float(rate) for rate in (sampled, stored) if rate}
    if len(told) == 1:
        return told.pop()
    if options.fs is not None and (not told or options.fs in told):
        return float(options.fs)
    raise UnknownRateError(
        f"{where}: sampled at {sampled} Hz, stored at {stored} Hz; state the rate of the samples: "
        "fs="
    )


def _signals(data: bytes, n_words: int, where: str) -> tuple[list[Poly5Signal], list[str]]:
    told = [_SIGNAL.unpack_from(data, _HEADER.size + i * _SIGNAL.size) for i in range(n_words)]
    names = [_pascal(fields[0]) for fields in told]
    signals: list[Poly5Signal] = []
    warnings: list[str] = []
    word = 0
    while word < n_words:
        name, unit = names[word], _pascal(told[word][1])
        if name.startswith(LOW):
            _check_pair(names, word, where)
            signals.append(Poly5Signal(word, wide=True, name=name[len(LOW) :].strip(), unit=unit))
            word += 2
            continue
        if name.startswith(HIGH):
            raise FormatError(f"{where}: signal {name!r} does not follow its other half {LOW!r}")
        signals.append(_narrow(word, name, unit, told[word][2:6], where))
        if signals[-1].unit != unit:
            warnings.append(f"{name} has no scale; its counts are kept")
        word += 1
    return signals, warnings


def _check_pair(names: list[str], word: int, where: str) -> None:
    other = names[word + 1] if word + 1 < len(names) else ""
    if other != HIGH + names[word][len(LOW) :]:
        raise FormatError(
            f"{where}: signal {names[word]!r} is followed by {other!r}, not by its other half"
        )


def _narrow(word: int, name: str, unit: str, scales: tuple[float, ...], where: str) -> Poly5Signal:
    """A 16-bit channel; not yet checked against a file from a device."""
    unit_low, unit_high, adc_low, adc_high = scales
    usable = all(map(math.isfinite, scales)) and adc_high != adc_low and unit_high != unit_low
    scale = (unit_high - unit_low) / (adc_high - adc_low) if usable else 0.0
    if not 0 < abs(scale) < 1e12 or abs(unit_low) > 1e12:
        if is_voltage(unit):
            raise FormatError(
                f"{where}: {name!r} maps {adc_low} to {adc_high} onto {unit_low} to {unit_high} "
                f"{unit}, which is no scale"
            )
        return Poly5Signal(word, wide=False, name=name, unit="")
    unsigned = max(adc_low, adc_high) > 32767
    return Poly5Signal(
        word, wide=False, name=name, unit=unit, scale=scale, adc_low=adc_low, unit_low=unit_low,
        unsigned=unsigned,
    )  # fmt: skip


def _named(signals: list[Poly5Signal], options: ReadOptions) -> tuple[Poly5Signal, ...]:
    """Unique names, kinds and factors; what is no voltage is no EMG, nor is an AUX input."""
    found = []
    names = unique_names(signal.name for signal in signals)
    for signal, name in zip(signals, names, strict=True):
        voltage = is_voltage(signal.unit)
        kind = kind_of(name)
        if kind == "EMG" and (not voltage or name.upper().startswith("AUX")):
            kind = "MISC"
        found.append(
            replace(
                signal,
                name=name,
                kind=options.kinds.get(name, kind),
                unit="uV" if voltage else signal.unit,
                factor=microvolts_per(signal.unit) if voltage else 1.0,
            )
        )
    return tuple(found)


def _pascal(field: bytes) -> str:
    """Text after its length; UTF-8, else the Western code page that older programs wrote."""
    raw = field[1 : 1 + min(field[0], len(field) - 1)].split(b"\0")[0]
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace").strip()
