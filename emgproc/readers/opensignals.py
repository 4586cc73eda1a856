"""OpenSignals (biosignalsplux, BITalino): converter counts, as .h5 or as text.

EMG in volts is (counts / 2^bits - 0.5)·VCC / gain. VCC and gain are those of the device where it
says that it is a biosignalsplux with an EMG sensor; else the caller must state them. Counts of
other sensors are auxiliary signals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emgproc.errors import FormatError, UnknownUnitError
from emgproc.readers.file import MAX_EVENTS, Format, ReadOptions, RecordingFile
from emgproc.readers.hdf5 import MAGIC
from emgproc.readers.labels import kind_of
from emgproc.readers.matlab_parts import PIECE, Matrix
from emgproc.readers.matlab_source import Piece, Signal

COUNTS = "counts"
TEXT_MAGIC = b"# OpenSignals Text File Format"
_TRANSFER = {"biosignalsplux": (3.0, 1000.0)}  # VCC in V and gain of its EMG sensor
_HINT = (
    'state both: map={"vcc_v": 3.0, "gain": 1000} for a biosignalsplux EMG sensor (a plan\'s '
    "[source.map]); BITalino: vcc_v 3.3, gain 1000 (board of 2014) or 1009 ((r)evolution)"
)


@dataclass(frozen=True, slots=True)
class Device:
    """What the header says of a device; one name, sensor and resolution for each channel."""

    model: str
    fs: float
    names: tuple[str, ...]
    sensors: tuple[str, ...]
    bits: tuple[int, ...]

    def check(self, where: str) -> None:
        """Refuse what cannot be.

        Raises
        ------
        FormatError
            The rate or a resolution is impossible, or the lists differ in length.
        """
        n = {len(self.names), len(self.sensors), len(self.bits)}
        if not (len(n) == 1 and 0 < self.fs < 1e6 and all(0 < b <= 32 for b in self.bits)):
            raise FormatError(
                f"{where}: {self.model} with {len(self.names)} channels, sensors "
                f"{self.sensors[:8]}, resolutions {self.bits[:8]} at {self.fs} Hz"
            )


def device_signals(
    device: Device, places: Sequence[Piece], options: ReadOptions, where: str
) -> list[Signal]:
    """Signals of a device whose channels lie at `places`; EMG in V, the others in counts.

    Raises
    ------
    UnknownUnitError
        There is an EMG channel, and neither device nor caller state its transfer function.
    """
    found = []
    for name, sensor, bits, place in zip(
        device.names, device.sensors, device.bits, places, strict=True
    ):
        kind = options.kinds.get(name, _kind(sensor))
        if kind != "EMG":
            found.append(Signal(name, COUNTS, device.fs, (place,), kind))
            continue
        vcc_v, gain = _transfer(device.model, sensor, options, f"{where}: {name}")
        half = 2.0 ** (bits - 1)
        factor = vcc_v / gain / (2 * half)
        found.append(Signal(name, "V", device.fs, (place,), kind, factor, -half, bits))
    return found


def _kind(sensor: str) -> str:
    """Kind of a sensor; one that does not say EMG is none, whatever it is called."""
    kind = kind_of(sensor)
    return kind if sensor == "EMG" or kind != "EMG" else "MISC"


def _transfer(model: str, sensor: str, options: ReadOptions, where: str) -> tuple[float, float]:
    known = _TRANSFER.get(model) if sensor == "EMG" else None
    if known is not None:
        return known
    vcc_v, gain = options.map.vcc_v, options.map.gain
    if vcc_v is None or gain is None:
        raise UnknownUnitError(
            f"{where}: converter counts of a sensor {sensor!r} of the device {model!r}, whose "
            f"transfer function V = (counts / 2^bits - 0.5)·VCC / gain is not known; {_HINT}"
        )
    return vcc_v, gain


def scaling(devices: Sequence[Device], options: ReadOptions) -> str:
    """The rule, for the provenance."""
    by_device = [d.model for d in devices if d.model in _TRANSFER]
    told = "EMG V = (counts / 2^bits - 0.5)·VCC / gain"
    if by_device:
        vcc_v, gain = _TRANSFER[by_device[0]]
        told += f"; {by_device[0]}: VCC {vcc_v:g} V, gain {gain:g}"
    if options.map.vcc_v is not None and options.map.gain is not None:
        told += (
            f"; where the device tells neither, as the caller states: VCC "
            f"{options.map.vcc_v:g} V, gain {options.map.gain:g}"
        )
    return told


def unbroken(counter: Matrix, along: int, index: int) -> tuple[list[tuple[int, int, int]], str]:
    """Spans (start, stop, samples lost before) between the jumps of a sequence counter.

    A counter that begins again or stays at its end tells nothing.

    Raises
    ------
    FormatError
        There are more jumps than a recording may have segments.
    """
    count = counter.shape[along]
    starts, lost = [0], [0]
    for a in range(0, count - 1, PIECE):
        b = min(a + PIECE + 1, count)
        values = counter.rectangle(along, (index, index + 1), (a, b))[0]
        steps = np.diff(values.astype(np.float64))
        jumps = np.flatnonzero(steps > 1)
        if len(starts) + jumps.size > MAX_EVENTS // 10:
            raise FormatError(f"{counter.where}: the sequence counter jumps all the time")
        starts += (jumps + a + 1).tolist()
        lost += (lost[-1] + np.cumsum(steps[jumps] - 1)).astype(int).tolist()
    stops = [*starts[1:], count]
    told = ""
    if len(starts) > 1:
        told = f"{lost[-1]} sample(s) lost in {len(starts) - 1} place(s) by the sequence counter"
    return list(zip(starts, stops, lost, strict=True)), told


def _recognises_hdf5(head: bytes, path: Path) -> bool:
    """HDF5 whose groups are named by the addresses of devices, as 00:07:80:D8:A7:F9."""
    if not head.startswith(MAGIC):
        return False
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            # A damaged name comes as bytes.
            keys = [str(key) for key in file] if len(file) < 100 else []
    except (OSError, RuntimeError, KeyError, ValueError):
        return False
    return bool(keys) and all(len(key) == 17 and key.count(":") == 5 for key in keys)


def _open_hdf5(path: Path, options: ReadOptions) -> RecordingFile:
    from emgproc.readers.opensignals_hdf5 import open_opensignals_hdf5

    return open_opensignals_hdf5(path, options)


def _recognises_text(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the content is enough
    return head.removeprefix(b"\xef\xbb\xbf").startswith(TEXT_MAGIC)


def _open_text(path: Path, options: ReadOptions) -> RecordingFile:
    from emgproc.readers.opensignals_text import open_opensignals_text

    return open_opensignals_text(path, options)


_KEEPS = "EMG by its transfer function, counts of other sensors, digital inputs, lost samples"
FORMATS = (
    Format(
        id="opensignals_h5",
        title="OpenSignals HDF5 (biosignalsplux, BITalino)",
        suffixes=(".h5",),
        keeps=_KEEPS,
        recognises=_recognises_hdf5,
        open=_open_hdf5,
    ),
    Format(
        id="opensignals_txt",
        title="OpenSignals text (biosignalsplux, BITalino)",
        suffixes=(".txt",),
        keeps=_KEEPS,
        recognises=_recognises_text,
        open=_open_text,
    ),
)
