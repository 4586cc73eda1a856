"""C3D: the analogue channels of a motion capture trial, read lazily.

Value = (raw - OFFSET) · SCALE · GEN_SCALE in the unit of the channel. Time 0 is frame 1 of the
trial, which need not be the first that was kept. Trajectories of markers are left out, and so
are the names of the subjects. Layout: `c3d_parameters`.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats
from emgproc.errors import FormatError, TruncatedFileError, UnknownRateError, UnknownUnitError
from emgproc.readers.bridge_parts import Bridged, FetchedMatrix, Handle, bridged, pieces_of
from emgproc.readers.c3d_events import events_of
from emgproc.readers.c3d_parameters import BLOCK, PROCESSORS, C3dHeader, parse_header
from emgproc.readers.file import Format, ReadOptions, RecordingFile
from emgproc.readers.matlab_signals import Export, rate_from
from emgproc.readers.matlab_source import Signal
from emgproc.units import is_voltage, microvolts_per

ID = "c3d"
_HEAD_BYTES = 1 << 20  # 255 blocks of parameters, and what stands before them
RATE_AGREEMENT = 1e-3
_COUNTED_IN_16_BITS = 65535


@dataclass(frozen=True, slots=True)
class _Layout:
    """Frames in the file: their number, bytes of a value, values in one, and where they begin."""

    n_frames: int
    width: int
    frame_values: int
    n_channels: int


def open_c3d(path: Path, options: ReadOptions) -> RecordingFile:
    """Open a C3D file.

    Raises
    ------
    FormatError, TruncatedFileError, UnsupportedFormatError
        The header breaks its rules, or the file ends before the first frame.
    UnknownRateError
        Header and parameters state two rates.
    UnknownUnitError
        It holds no analogue channel that is a voltage.
    """
    with path.open("rb") as file:
        header = parse_header(file.read(_HEAD_BYTES), path.name)
    warnings: list[str] = []
    layout = _layout(header, path, warnings)
    fs, onset_s = _clock(header, options)
    signals = _signals(header, layout, path, (fs, onset_s))
    export = Export(
        signals=tuple(signals),
        reader=ID,
        scaling="value = (raw - OFFSET) × SCALE × GEN_SCALE in the stated unit",
        events=tuple(events_of(header)),
        warnings=tuple(warnings),
    )
    lsb = {}
    if layout.width == 2:
        lsb = {
            s.name: abs(s.factor) * microvolts_per(s.unit) for s in signals if is_voltage(s.unit)
        }
    return bridged(path, Bridged(export, lsb, Handle(path), (path,)), options)


def _layout(header: C3dHeader, path: Path, warnings: list[str]) -> _Layout:
    where, ratio = header.where, header.ratio
    if not header.n_analog or not ratio or header.n_analog % ratio:
        if not header.n_analog:
            raise UnknownUnitError(f"{where}: it holds no analogue channel, only trajectories")
        raise FormatError(
            f"{where}: {header.n_analog} analogue values a frame in {ratio} samples of a channel"
        )
    width = 4 if header.point_scale < 0 else 2
    n_values = 4 * header.n_points + header.n_analog
    if header.data_start < 2 * BLOCK:
        raise FormatError(f"{where}: its data would begin at byte {header.data_start}")
    held = max(0, path.stat().st_size - header.data_start) // (n_values * width)
    stated = _frames(header)
    if not held or stated < 1:
        raise TruncatedFileError(
            f"{where}: {stated} frames are stated, the file holds {held} whole ones"
        )
    if held < stated:
        warnings.append(f"ends after {held} of the {stated} frames that its header states")
    n_channels = header.n_analog // ratio
    used = header.number("ANALOG:USED", unsigned=True)
    if used is not None and int(used) != n_channels:
        warnings.append(f"ANALOG:USED is {used:g}, a frame holds {n_channels} channels, all read")
    return _Layout(min(held, stated), width, n_values, n_channels)


def _frames(header: C3dHeader) -> int:
    """Frames of the trial; three places tell, two of them count to 65535 only."""
    first, last = (
        header.numbers(f"TRIAL:ACTUAL_{end}_FIELD", unsigned=True) for end in ("START", "END")
    )
    if first.size == last.size == 2:
        return int(last[0] - first[0] + (last[1] - first[1]) * 65536) + 1
    in_header = header.last_frame - header.first_frame + 1
    if header.last_frame < _COUNTED_IN_16_BITS:
        return in_header
    long = header.number("POINT:LONG_FRAMES")
    stated = long if long is not None else header.number("POINT:FRAMES", unsigned=True)
    return max(in_header, int(stated)) if stated is not None else in_header


def _clock(header: C3dHeader, options: ReadOptions) -> tuple[float, float]:
    """Rate of the analogue channels, Hz, and time of the first sample, s."""
    frame_rate = header.number("POINT:RATE") or header.frame_rate
    by_frames = frame_rate * header.ratio
    stated = header.number("ANALOG:RATE")
    fs = rate_from(stated or by_frames or None, header.where, options)
    if by_frames and not abs(by_frames / fs - 1) <= RATE_AGREEMENT:
        known = [rate for rate in (fs, by_frames) if _agree(options.fs, rate)]
        if not known:
            raise UnknownRateError(
                f"{header.where}: ANALOG:RATE is {fs:g} Hz, {header.ratio} samples in frames of "
                f"{frame_rate:g} Hz make {by_frames:g} Hz; state the right one of them: fs="
            )
        fs = known[0]
    first = header.numbers("TRIAL:ACTUAL_START_FIELD", unsigned=True)
    first_frame = first[0] + first[1] * 65536 if first.size == 2 else header.first_frame
    return fs, max(float(first_frame) - 1, 0.0) * header.ratio / fs


def _agree(stated: float | None, rate: float) -> bool:
    return stated is not None and abs(stated / rate - 1) <= RATE_AGREEMENT


def _signals(
    header: C3dHeader, layout: _Layout, path: Path, clock: tuple[float, float]
) -> list[Signal]:
    n = layout.n_channels
    unsigned = header.texts("ANALOG:FORMAT")[:1] == ["UNSIGNED"] and layout.width == 2
    matrix = _matrix(header, layout, path, unsigned=unsigned)
    general = _of_all(header, "GEN_SCALE", 1)[0]
    scales, offsets = (_of_all(header, name, n, unsigned=unsigned) for name in ("SCALE", "OFFSET"))
    labels, units = _texts_of_all(header, "LABELS"), _texts_of_all(header, "UNITS")
    prefixes = [p for p in header.texts("SUBJECTS:LABEL_PREFIXES") if p]
    fs, onset_s = clock
    signals = []
    for i in range(n):
        label = labels[i] if i < len(labels) else ""
        for prefix in prefixes:  # it is the name of the subject
            label = label.removeprefix(prefix)
        unit = units[i] if i < len(units) else ""
        pieces = pieces_of(matrix, i, [(0, matrix.cols, onset_s)])
        factor = float(scales[i] * general)
        name = label or f"analog {i + 1}"
        signals.append(Signal(name, unit, fs, pieces, factor=factor, shift=-float(offsets[i])))
    return signals


def _of_all(header: C3dHeader, name: str, n: int, *, unsigned: bool = False) -> Floats:
    """A number for each channel; beyond 255 they go on in parameters called NAME2, NAME3.

    Raises
    ------
    FormatError
        There are fewer, or one is not finite.
    """
    found = np.concatenate([header.numbers(key, unsigned=unsigned) for key in _keys(header, name)])
    if found.size < n or not np.isfinite(found[:n]).all():
        raise FormatError(
            f"{header.where}: ANALOG:{name} holds {found.size} numbers for {n} channel(s), or one "
            "that is not finite; without it no value can be told"
        )
    return found[:n]


def _texts_of_all(header: C3dHeader, name: str) -> list[str]:
    return [text for key in _keys(header, name) for text in header.texts(key)]


def _keys(header: C3dHeader, name: str) -> list[str]:
    more = (f"ANALOG:{name}{i}" for i in range(2, 260))
    return [f"ANALOG:{name}", *itertools.takewhile(header.parameters.__contains__, more)]


def _matrix(header: C3dHeader, layout: _Layout, path: Path, *, unsigned: bool) -> FetchedMatrix:
    """Channels × samples; a frame holds `ratio` samples of all channels one after the other."""
    ratio, n, first = header.ratio, layout.n_channels, 4 * header.n_points

    def fetch(lo: int, hi: int, a: int, b: int) -> NDArray[Any]:
        begin, end = a // ratio, -(-b // ratio)
        frames = np.memmap(path, np.uint8, "r", header.data_start, (layout.n_frames, frame_bytes))
        part = frames[begin:end, first * layout.width :]
        raw = np.ascontiguousarray(part).reshape(-1, n, layout.width)
        raw = np.ascontiguousarray(raw[a - begin * ratio : b - begin * ratio, lo:hi])
        return _values(header, raw, unsigned=unsigned).reshape(b - a, hi - lo).T

    frame_bytes = layout.frame_values * layout.width
    shape = (n, layout.n_frames * ratio)
    return FetchedMatrix(shape, fetch, library="the C3D reader", path=path)


def _values(header: C3dHeader, raw: NDArray[np.uint8], *, unsigned: bool) -> NDArray[Any]:
    if raw.shape[-1] == 2:
        return raw.view(f"{header.order}{'u' if unsigned else 'i'}2")
    return header.floats(raw.reshape(-1))


def _recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the table's signature
    """Byte 1 is 0x50, byte 0 points to the parameters, whose byte 3 is a processor."""
    if len(head) < BLOCK or head[1] != 0x50 or not 2 <= head[0] <= 64:
        return False
    at = (head[0] - 1) * BLOCK + 3
    return b"\0\0" in head[:64] and (at >= len(head) or head[at] in PROCESSORS)


FORMATS = (
    Format(
        id=ID,
        title="C3D",
        suffixes=(".c3d",),
        keeps="analogue channels, units, rate, events; trajectories and subjects are left out",
        recognises=_recognises,
        open=open_c3d,
    ),
)
