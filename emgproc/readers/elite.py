"""BTS Elite .EMG, .EMF and .EMR: int16 of all channels by turns, read lazily.

Little-endian: u32 zero, u16 samples below 1000, u16 thousands of samples, u16 channels (at most
32), u16 rate in Hz, 32 names of 8 bytes, 32 units of 4 bytes, u16 gain of the converter; the u16
gains of the channels stand at byte 704, the samples begin at byte 1024 and fill blocks of 512.
Value = count · 20 V / (4096 · gain of the converter · gain of the channel): that is how BTK reads
it, and what the C3D twin of the one file at hand holds.
"""

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import FormatError, TruncatedFileError, UnknownUnitError
from emgproc.readers.file import Contents, Format, ReadOptions, RecordingFile
from emgproc.readers.labels import kind_of, unique_names
from emgproc.readers.source import Source
from emgproc.recording import Channel, Provenance, Segment
from emgproc.units import is_voltage

ID = "bts_elite"
SUFFIXES = (".emg", ".emf", ".emr")
HEADER_BYTES = 1024
BLOCK_BYTES = 512
MAX_CHANNELS = 32
_START = struct.Struct("<I4H")
_NAMES_AT, _NAME = 12, 8
_UNITS_AT, _UNIT = _NAMES_AT + MAX_CHANNELS * _NAME, 4
_ADC_GAIN_AT = _UNITS_AT + MAX_CHANNELS * _UNIT
_GAINS_AT = 704
_FULL_SCALE_UV = 20e6
_STEPS = 4096
_CHUNK_BYTES = 1 << 22


class _Head(NamedTuple):
    """Samples stated, rate in Hz, names, units, µV in a count of each channel, their gains."""

    n_samples: int
    fs: float
    names: list[str]
    units: list[str]
    lsb_uv: list[float]
    gains: list[int]


class _EliteSource(Source):
    def __init__(self, path: Path, lsb_uv: list[float]) -> None:
        self.path = path
        self.lsb_uv = np.array(lsb_uv)[:, None]

    def read_uv(self, start: int, stop: int) -> Floats:
        """See `Source.read_uv`."""
        width = len(self.lsb_uv)
        data = np.empty((width, stop - start))
        step = max(1, _CHUNK_BYTES // (2 * width))
        with self.path.open("rb") as file:
            file.seek(HEADER_BYTES + 2 * width * start)
            for at in range(0, stop - start, step):
                part = data[:, at : at + step]
                raw = file.read(2 * part.size)
                if len(raw) < 2 * part.size:
                    raise TruncatedFileError(f"{self.path.name}: ends before sample {stop}")
                np.multiply(np.frombuffer(raw, "<i2").reshape(-1, width).T, self.lsb_uv, out=part)
        return data


def open_elite(path: Path, options: ReadOptions) -> RecordingFile:
    """Open a BTS Elite file.

    Raises
    ------
    FormatError
        A gain is 0.
    TruncatedFileError
        The file ends within its header, or holds no sample of all channels.
    UnknownUnitError
        A channel is no voltage.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
    head = _head(header, path.name)
    held = (size - HEADER_BYTES) // (2 * len(head.names))
    if held < 1:
        raise TruncatedFileError(f"{path.name}: ends before the first sample of all channels")
    n_samples = min(held, head.n_samples)
    warnings = []
    if held < head.n_samples:
        warnings.append(
            f"ends after {held} of the {head.n_samples} samples that its header states"
        )
    rows = zip(unique_names(head.names), head.lsb_uv, head.gains, strict=True)
    contents = Contents(
        fs=head.fs,
        n_samples=n_samples,
        channels=tuple(
            Channel(name, options.kinds.get(name, kind_of(name)), gain=float(gain), lsb_uv=lsb)
            for name, lsb, gain in rows
        ),
        segments=(Segment(0, n_samples, 0.0),),
        provenance=Provenance(
            path.name,
            reader=ID,
            scaling="count × 20 V / (4096 × converter gain × channel gain)",
            warnings=tuple(warnings),
        ),
    )
    return RecordingFile(contents, _EliteSource(path, head.lsb_uv), (path,))


def _head(header: bytes, where: str) -> _Head:
    if len(header) < HEADER_BYTES:
        raise TruncatedFileError(f"{where}: ends within its header of {HEADER_BYTES} bytes")
    _, below, thousands, n, fs = _START.unpack_from(header)
    names = _texts(header, _NAMES_AT, _NAME, n)
    units = _texts(header, _UNITS_AT, _UNIT, n)
    odd = [unit for unit in units if not is_voltage(unit)]
    if odd:
        raise UnknownUnitError(f"{where}: a channel's unit is {odd[0]!r}, which is no voltage")
    (adc_gain,) = struct.unpack_from("<H", header, _ADC_GAIN_AT)
    gains = list(struct.unpack_from(f"<{n}H", header, _GAINS_AT))
    if adc_gain == 0 or 0 in gains:
        raise FormatError(f"{where}: the gain of the converter is {adc_gain}, of channels {gains}")
    lsb_uv = [_FULL_SCALE_UV / (_STEPS * adc_gain * gain) for gain in gains]
    named = [name or f"channel{i}" for i, name in enumerate(names, start=1)]
    return _Head(below + 1000 * thousands, float(fs), named, units, lsb_uv, gains)


def _texts(header: bytes, at: int, width: int, n: int) -> list[str]:
    cells = [header[at + i * width : at + (i + 1) * width] for i in range(n)]
    return [cell.split(b"\0")[0].decode("cp1252", "replace").strip() for cell in cells]


def _recognises(head: bytes, path: Path) -> bool:
    """By the ending and a header that is possible; nothing in it is a signature."""
    if path.suffix.lower() not in SUFFIXES or len(head) < _START.size:
        return False
    zero, below, thousands, n, fs = _START.unpack_from(head)
    return bool(
        zero == 0 and below < 1000 and 0 < n <= MAX_CHANNELS and fs > 0 and below + thousands > 0
    )


FORMATS = (
    Format(
        id=ID,
        title="BTS Elite .EMG, .EMF, .EMR",
        suffixes=SUFFIXES,
        keeps="counts, gains, unit, rate, names",
        recognises=_recognises,
        open=open_elite,
    ),
)
