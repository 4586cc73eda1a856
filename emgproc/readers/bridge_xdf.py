"""XDF (LabStreamingLayer), read through pyxdf as a whole: its clocks need all time stamps.

Each stream of numbers with a rate becomes channels or auxiliary signals; streams of texts, and
irregular ones of one number, become events. Breaks and clock resets are gaps. The name, place and
machine of a recording are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats
from emgproc.errors import FormatError, UnsupportedFormatError
from emgproc.readers.bridge_library import Untyped, damage_told, listening, required
from emgproc.readers.bridge_parts import (
    LATEST_S,
    Bridged,
    FetchedMatrix,
    Handle,
    bridged,
    pieces_of,
)
from emgproc.readers.bridge_xdf_chunks import Beginning, Survey, survey
from emgproc.readers.bridge_xdf_clock import StreamClock, rate_of, spans_of_stream
from emgproc.readers.file import MAX_EVENTS, Format, ReadOptions, RecordingFile
from emgproc.readers.matlab_signals import Export
from emgproc.readers.matlab_source import Signal
from emgproc.recording import Event
from emgproc.recording.parts import KINDS

ID = "xdf"
MAX_BYTES = 1 << 30
_KINDS = {
    "STIM": "TRIG", "TRIGGER": "TRIG", "MARKERS": "TRIG", "ACCELEROMETER": "ACC",
    "GYROSCOPE": "GYRO", "EXG": "EMG",
}  # fmt: skip


@dataclass(slots=True)
class _Numbers:
    """A stream of numbers with a rate, its unbroken spans on the clock of LSL."""

    name: str
    values: NDArray[Any]
    stamps: Floats
    spans: list[tuple[int, int, float]]
    fs: float
    about: list[tuple[str, str, str]]


def open_xdf(path: Path, options: ReadOptions) -> RecordingFile:
    """Open an XDF file.

    Raises
    ------
    MissingExtraError
        pyxdf is not installed.
    FormatError, TruncatedFileError
        It is damaged before its first sample, or a header states what cannot be.
    UnsupportedFormatError
        It is larger than 1 GiB.
    UnknownUnitError
        No channel is a voltage, or one that must be has no unit.
    """
    pyxdf = required("pyxdf", "xdf", "XDF", path)
    if path.stat().st_size > MAX_BYTES:
        raise UnsupportedFormatError(
            f"{path.name}: {path.stat().st_size} bytes; XDF is read as a whole, at most "
            f"{MAX_BYTES}; record fewer streams in one file"
        )
    seen = survey(path)
    _check_events(seen, path)
    warnings = list(seen.warnings)
    with listening("pyxdf", path, warnings), Beginning(path, seen.end) as file:
        streams, _ = pyxdf.load_xdf(file)
    # It says so of every stream whose clock was never compared with another.
    warnings = [text for text in warnings if "Segments and clock-segments" not in text]
    with damage_told("pyxdf", path):
        export = _export(streams, seen, path, warnings)
    return bridged(path, Bridged(export, {}, Handle(path), (path,)), options)


def _check_events(seen: Survey, path: Path) -> None:
    n = sum(s.n_samples for s in seen.streams.values() if s.format == "string" or not s.fs)
    if n > MAX_EVENTS:
        raise FormatError(f"{path.name}: {n} events; at most {MAX_EVENTS} are read")


def _export(
    streams: list[dict[str, Any]], seen: Survey, path: Path, warnings: list[str]
) -> Export:
    numbers, marks = [], []
    for stream in streams:
        about = seen.streams[stream["info"]["stream_id"]]
        stamps = np.asarray(stream["time_stamps"], dtype=np.float64)
        if not len(stamps):
            warnings.append(f"stream {about.name}: it holds no samples")
        elif not (np.abs(stamps) < LATEST_S).all():
            raise FormatError(f"{path.name}: a time stamp of {about.name} is not finite, or vast")
        elif about.format == "string" or (not about.fs and about.n_channels == 1):
            marks.append((about.name, stamps, stream["time_series"]))
        elif not about.fs:
            warnings.append(f"stream {about.name}: it has no rate and is left out")
        else:
            numbers.append(_numbers(stream, about.name, about.fs, warnings))
    if not numbers:
        raise FormatError(f"{path.name}: no stream of numbers has a rate")
    clock = _clock(numbers)
    return Export(
        signals=tuple(s for stream in numbers for s in _signals(stream, clock, path)),
        reader="xdf (pyxdf)",
        scaling="the values are in the stated unit",
        events=tuple(event for mark in marks for event in _events(*mark, clock)),
        warnings=tuple(warnings),
    )


def _numbers(stream: dict[str, Any], name: str, fs: float, warnings: list[str]) -> _Numbers:
    info = stream["info"]
    stamps = np.asarray(stream["time_stamps"], dtype=np.float64)
    rate, told = rate_of(fs, float(info["effective_srate"]), name)
    spans, more = spans_of_stream(stamps, info["segments"], rate, name)
    warnings += [*told, *more]
    values = np.asarray(stream["time_series"])
    return _Numbers(name, values, stamps, spans, rate, _described(info, name, values.shape[1]))


def _described(info: dict[str, Any], stream: str, n: int) -> list[tuple[str, str, str]]:
    """Name, unit and kind of each channel; the description is free, and often missing."""
    kind = _first(info, "type")
    try:
        listed = info["desc"][0]["channels"][0]["channel"]
    except (KeyError, IndexError, TypeError):
        listed = []
    if len(listed) != n:
        listed = [{}] * n
    return [
        (
            _first(one, "label") or (f"{stream} {i + 1}" if n > 1 else stream),
            _first(one, "unit"),
            _kind(_first(one, "type") or kind),
        )
        for i, one in enumerate(listed)
    ]


def _first(fields: Untyped, key: str) -> str:
    values = fields.get(key) if isinstance(fields, dict) else None
    return str(values[0]).strip() if values and isinstance(values[0], str) else ""


def _kind(type_: str) -> str:
    """Kind by the type of a channel or stream; MISC if it is none that is known."""
    word = type_.upper()
    return _KINDS.get(word, word if word in KINDS or not word else "MISC")


def _clock(numbers: list[_Numbers]) -> StreamClock:
    """The clock of the stream with most EMG channels, of equals with most channels."""

    def weight(stream: _Numbers) -> tuple[int, int]:
        return sum(kind == "EMG" for _, _, kind in stream.about), len(stream.about)

    leader = max(numbers, key=weight)
    begin = leader.spans[0][2]
    spans = tuple((a, b, onset - begin) for a, b, onset in leader.spans)
    return StreamClock(leader.stamps, spans, leader.fs)


def _signals(stream: _Numbers, clock: StreamClock, path: Path) -> Iterator[Signal]:
    values = stream.values

    def fetch(lo: int, hi: int, a: int, b: int) -> NDArray[Any]:
        return values[a:b, lo:hi].T

    matrix = FetchedMatrix((values.shape[1], len(values)), fetch, library="pyxdf", path=path)
    onsets = clock.times(np.array([onset for _, _, onset in stream.spans]))
    spans = [(a, b, float(t)) for (a, b, _), t in zip(stream.spans, onsets, strict=True)]
    for row, (name, unit, kind) in enumerate(stream.about):
        yield Signal(name, unit, stream.fs, pieces_of(matrix, row, spans), kind)


def _events(name: str, stamps: Floats, values: Untyped, clock: StreamClock) -> Iterator[Event]:
    for onset_s, row in zip(clock.times(stamps).tolist(), values, strict=True):
        if isinstance(row, list):
            label = " ".join(text for text in row if text).strip() or name
        else:
            label = f"{name}/{row[0]:g}"
        yield Event(onset_s, 0.0, label)


def _recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the table's signature
    return head.startswith(b"XDF:")


FORMATS = (
    Format(
        id=ID,
        title="XDF (LabStreamingLayer)",
        suffixes=(".xdf",),
        keeps="streams with a rate, units, breaks, markers on one clock; read through pyxdf "
        "(pip install emgproc[xdf])",
        recognises=_recognises,
        open=open_xdf,
    ),
)
