"""BTS .emt: an ASCII export of EMG tracks, one header of "Key: value" lines, one row a frame.

`Type: Emg tracks`, `Measure unit: V` (or mV), `Tracks:`, `Frequency: 1000 Hz`, `Frames:`, `Start
time:`, then a row of names `Frame`, `Time` and the tracks. The rate is the stated frequency,
which the times must bear out; the frames must be counted without a gap. Not yet checked against a
file from the device.
"""

import math
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers.delimited_ragged import padded, read_columns, sheet_of, text_of, unended
from emgproc.readers.delimited_signals import Signal, few, opened_columns, scaling_of
from emgproc.readers.delimited_text import TextFile, recognised_by
from emgproc.readers.file import Format, ReadOptions, RecordingFile
from emgproc.readers.labels import kind_of, unique_names
from emgproc.recording import Provenance
from emgproc.units import is_voltage, microvolts_per

ID = "bts_emt"
RATE_TOLERANCE = 1e-3
HEADER_LINES = 60
_MAGIC = re.compile(r"\A\W*BTS ASCII format")
_FIELD = re.compile(r"([A-Za-z][\w ]*?)\s*:\s*(.*?)\s*")
_RATE = re.compile(r"(\d+(?:[.,]\d+)?)\s*Hz")


class _Head(NamedTuple):
    """Rate in Hz, µV per unit, stated frames, names of the tracks, lines before the rows."""

    fs: float
    factor: float
    n_frames: int | None
    tracks: list[str]
    n_before: int


def open_emt(path: Path, options: ReadOptions) -> RecordingFile:
    """Read a BTS .emt file of EMG tracks.

    Raises
    ------
    UnsupportedFormatError
        The tracks are of another type (points, events, angles).
    FormatError
        The header lacks its row of names, a row is broken (the message names its line), frames
        are missing, or the times contradict the frequency.
    TruncatedFileError
        There is no row of numbers.
    UnknownRateError, UnknownUnitError
        No frequency, or no unit that is a voltage, is stated.
    """
    text = text_of(path)
    head = _head(text, options)
    kept = range(len(head.tracks) + 2)
    columns = read_columns(sheet_of(text, n_before=head.n_before, delimiter="\t", kept=kept))
    frames, times, *values = columns
    columns.clear()
    if not any(column.size for column in values):
        raise TruncatedFileError(f"{path.name}: no row of numbers")
    warnings = unended(path)
    onset_s = _clock(frames, times, head, path.name)
    signals = []
    for i, name in enumerate(unique_names(head.tracks)):
        values[i] = padded(values[i], frames.size, f"{path.name}, {name}", head.n_before + 1)
        missing = int(np.isnan(values[i]).sum())
        if missing:
            warnings.append(f"{name} lacks {missing} of {frames.size} numbers (NaN)")
        values[i] *= head.factor
        kind = options.kinds.get(name, kind_of(name))
        signals.append(Signal(name, kind, "uV", head.fs, frames.size, onset_s))
    if head.n_frames is not None and head.n_frames != frames.size:
        warnings.append(f"{frames.size} frames, the header states {head.n_frames}")
    about = Provenance(
        path.name, reader=ID, scaling=scaling_of([head.factor]), warnings=tuple(warnings)
    )
    return opened_columns(path, signals, values, about)


def _head(text: TextFile, options: ReadOptions) -> _Head:
    where = text.path.name
    fields: dict[str, str] = {}
    names: list[str] = []
    n_before = 0
    for n_before, line in enumerate(text.sample()[:HEADER_LINES], start=1):  # noqa: B007
        names = [cell.strip() for cell in line.split("\t")]
        if [name.lower() for name in names[:2]] == ["frame", "time"]:
            break
        found = _FIELD.fullmatch(line.strip())
        if found:
            fields[found[1].lower()] = found[2]
    else:
        names = []
    kind = fields.get("type", "")
    if "emg" not in kind.lower():
        raise UnsupportedFormatError(
            f"{where}: BTS .emt of the type {kind!r}; only EMG tracks are read"
        )
    while names and not names[-1]:
        names.pop()
    if len(names) < 3:
        raise FormatError(f"{where}: no row 'Frame', 'Time', tracks in the first {n_before} lines")
    tracks = [name or f"track{i}" for i, name in enumerate(names[2:], start=1)]
    stated = fields.get("tracks", "")
    if stated != str(len(tracks)):
        raise FormatError(
            f"{where}: the header states {stated or 'no'} tracks, its row names {few(tracks)}"
        )
    n_frames = (
        int(fields["frames"]) if re.fullmatch(r"\d{1,18}", fields.get("frames", "")) else None
    )
    return _Head(
        _rate(fields, options, where), _factor(fields, options, where), n_frames, tracks, n_before
    )


def _rate(fields: dict[str, str], options: ReadOptions, where: str) -> float:
    told = fields.get("frequency", "")
    found = _RATE.fullmatch(told)
    fs = float(found[1].replace(",", ".")) if found else options.fs or 0.0
    if not 0 < fs < math.inf:
        raise UnknownRateError(f"{where}: 'Frequency: {told}' states no rate; state fs=")
    return fs


def _factor(fields: dict[str, str], options: ReadOptions, where: str) -> float:
    unit = fields.get("measure unit", "") or options.unit or ""
    if unit and not is_voltage(unit):
        raise UnknownUnitError(f"{where}: the measure unit {unit!r} is not a voltage")
    return microvolts_per(unit, where=where)


def _clock(frames: Floats, times: Floats, head: _Head, where: str) -> float:
    """Start in s; every row is one frame after the one before, and its time says so too."""
    if frames.size == 0 or times.size != frames.size:
        raise FormatError(f"{where}: {frames.size} frame numbers and {times.size} times")
    steps = np.flatnonzero(~(np.diff(frames) == 1))
    if steps.size:
        at = int(steps[0]) + 1
        raise FormatError(
            f"{where}, line {head.n_before + 1 + at}: frame {frames[at]:g} follows "
            f"{frames[at - 1]:g}; frames are missing"
        )
    if np.isnan(times).any():
        at = int(np.argmax(np.isnan(times)))
        raise FormatError(f"{where}, line {head.n_before + 1 + at}: no time in this row")
    lasts, expected = float(times[-1] - times[0]), (times.size - 1) / head.fs
    # Times are printed to a millisecond.
    if abs(lasts - expected) > RATE_TOLERANCE * expected + 1.5e-3:
        raise FormatError(
            f"{where}: {times.size} frames last {lasts:g} s by their times, {expected:g} s by the "
            f"stated {head.fs:g} Hz"
        )
    return float(times[0])


FORMATS = (
    Format(
        id=ID,
        title="BTS .emt",
        suffixes=(".emt",),
        keeps="values, unit, rate, start; EMG tracks only",
        recognises=recognised_by(_MAGIC),
        open=open_emt,
    ),
)
