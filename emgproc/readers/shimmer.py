"""Shimmer Consensys CSV: "sep=…", a row of names, a row of units, then one row a sample.

Names end in _CAL or _UNCAL. Only calibrated voltages are channels: counts have no unit. The times
show packets that were lost: a step of several samples is a gap. The name of the device, which its
owner chose, and the date are not kept. The binary log of the SD card is not read.
"""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats, Ints
from emgproc.errors import FormatError, TruncatedFileError, UnknownRateError, UnknownUnitError
from emgproc.readers.delimited_columns import SECONDS_PER
from emgproc.readers.delimited_ragged import read_columns, sheet_of, text_of, unended
from emgproc.readers.delimited_signals import Signal, few, opened_columns, scaling_of
from emgproc.readers.delimited_text import TextFile, recognised_by
from emgproc.readers.edf_annotations import gap_events
from emgproc.readers.file import MAX_EVENTS, Format, ReadOptions, RecordingFile
from emgproc.readers.labels import kind_of, unique_names
from emgproc.recording import Provenance, Segment
from emgproc.units import is_voltage, microvolts_per

ID = "shimmer_csv"
WORST_JITTER = 0.25  # of a sample: beyond it a step does not tell how many samples it spans
CLOCK_HZ = 32768.0  # of the unit: its rates are whole parts of it, as 512 = 32768 / 64
RATE_TOLERANCE = 1e-4
HEADER_LINES = 3
_SEPARATOR = re.compile(r"\"?sep=(?P<mark>[\t,;])\"?[\t,;]*")
_BEGIN = re.compile(r"\A\ufeff?\"?sep=[\t,;]\"?[\t,;]*\r?\n\"?[^\r\n]*Timestamp[^\r\n]*CAL")
_TIMES = ("timestamp_unix", "timestamp_sync", "timestamp")


class _Head(NamedTuple):
    """Separator, column of times and seconds in its unit, the others as (column, name, unit)."""

    delimiter: str
    time: int
    seconds_per: float
    signals: list[tuple[int, str, str]]


def open_shimmer(path: Path, options: ReadOptions) -> RecordingFile:
    """Read a CSV of Shimmer's Consensys.

    Raises
    ------
    FormatError
        A row is broken (the message names its line), or the times are not those of a clock.
    TruncatedFileError
        There is no row of numbers.
    UnknownRateError
        There is no column of times, or one time only.
    UnknownUnitError
        No signal is a calibrated voltage.
    """
    text = text_of(path)
    head = _head(text)
    kept = [head.time, *(i for i, _, _ in head.signals)]
    sheet = sheet_of(text, n_before=HEADER_LINES, delimiter=head.delimiter, kept=kept)
    times, *columns = read_columns(sheet)
    if not any(column.size for column in columns):
        raise TruncatedFileError(f"{path.name}: no row of numbers")
    fs, segments = _clock(times * head.seconds_per, path.name)
    signals, factors = [], []
    for i, (_, name, unit) in enumerate(head.signals):
        if columns[i].size != times.size or np.isnan(columns[i]).any():
            raise FormatError(f"{path.name}: {name} lacks a value in some of {times.size} rows")
        kind = kind_of(name)
        if is_voltage(unit):
            factors.append(microvolts_per(unit))
            columns[i] *= factors[-1]
        elif kind == "EMG":
            kind = "MISC"
        held = "uV" if is_voltage(unit) else unit
        signals.append(Signal(name, options.kinds.get(name, kind), held, fs, times.size))
    warnings = (*_told(segments, fs, len(signals) - len(factors)), *unended(path))
    about = Provenance(path.name, reader=ID, scaling=scaling_of(factors), warnings=warnings)
    opened = opened_columns(path, signals, columns, about)
    events = gap_events(segments, (), fs)
    opened.contents = replace(opened.contents, segments=segments, events=events)
    return opened


def _told(segments: tuple[Segment, ...], fs: float, n_others: int) -> tuple[str, ...]:
    told = ["the times are dates; the recording starts at 0 s"]
    if len(segments) > 1:
        last = segments[-1]
        n_lost = round(last.onset_s * fs) - last.start
        told.append(f"{n_lost} samples were lost in {len(segments) - 1} gap(s)")
        if n_others:
            told.append("auxiliary signals are joined over the gaps")
    return tuple(told)


def _head(text: TextFile) -> _Head:
    where = text.path.name
    lines = [line.lstrip("\ufeff") for line in text.sample()[:HEADER_LINES]]
    first = _SEPARATOR.match(lines[0]) if lines else None
    if first is None or len(lines) < HEADER_LINES:
        raise FormatError(f"{where}: no rows 'sep=', names and units at its start")
    mark = first["mark"]
    names, units = ([cell.strip().strip('"') for cell in line.split(mark)] for line in lines[1:])
    while names and not names[-1]:
        names.pop()
    units += [""] * (len(names) - len(units))
    time = _time(names, units, where)
    places = [i for i, name in enumerate(names) if i != time and name]
    plain = unique_names(_plain([names[i] for i in places], names[time]))
    signals = [(i, name, _unit(units[i])) for i, name in zip(places, plain, strict=True)]
    if not any(is_voltage(unit) for _, _, unit in signals):
        held = few([f"{name} ({unit or 'no unit'})" for _, name, unit in signals])
        raise UnknownUnitError(
            f"{where}: no signal is a calibrated voltage, there are {held}; tick 'calibrated' "
            "where Consensys exports"
        )
    return _Head(mark, time, SECONDS_PER[units[time]], signals)


def _unit(unit: str) -> str:
    return "" if unit.lower() in {"no_units", "u", "n/a"} else unit


def _time(names: list[str], units: list[str], where: str) -> int:
    for wanted in _TIMES:
        for i, name in enumerate(names):
            if wanted in name.lower() and units[i] in SECONDS_PER:
                return i
    raise UnknownRateError(
        f"{where}: no column of times in ms among {few(names)}; export the calibrated time stamps"
    )


def _plain(names: list[str], time: str) -> list[str]:
    """Names without that of the device, which stands before "_Timestamp" too, and "_CAL"."""
    device = time[: time.lower().rfind("timestamp")]
    return [
        name.removeprefix(device).removesuffix("_CAL") or f"signal{i}"
        for i, name in enumerate(names, start=1)
    ]


def _clock(times: Floats, where: str) -> tuple[float, tuple[Segment, ...]]:
    """Rate in Hz, and the spans between lost samples; times in seconds."""
    if times.size < 2:
        raise UnknownRateError(f"{where}: {times.size} time(s) tell no rate")
    steps = np.diff(times)
    period = float(np.median(steps))
    if np.isnan(times).any() or not period > 0:
        raise FormatError(f"{where}: a row has no time, or the times do not rise")
    counts = np.rint(steps / period)
    odd = np.flatnonzero((counts < 1) | (np.abs(steps / period - counts) > WORST_JITTER))
    if odd.size:
        at = int(odd[0])
        raise FormatError(
            f"{where}, line {HEADER_LINES + 2 + at}: the time comes {steps[at] * 1e3:g} ms after "
            f"the one before; that is no multiple of {period * 1e3:g} ms"
        )
    places: Ints = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    fs = _on_grid(float(places[-1]) / float(times[-1] - times[0]))
    starts = np.concatenate(([0], np.flatnonzero(counts > 1) + 1, [times.size]))
    if starts.size > MAX_EVENTS:
        raise FormatError(f"{where}: {starts.size} gaps; at most {MAX_EVENTS} are read")
    return fs, tuple(Segment(a, b, float(places[a]) / fs) for a, b in pairwise(starts.tolist()))


def _on_grid(fs: float) -> float:
    """The rate that the unit can have, where that of the times is as good as equal to it."""
    ticks = round(CLOCK_HZ / fs)
    on_grid = CLOCK_HZ / max(1, ticks)
    return on_grid if abs(fs / on_grid - 1) <= RATE_TOLERANCE else fs


FORMATS = (
    Format(
        id=ID,
        title="Shimmer Consensys CSV",
        suffixes=(".csv",),
        keeps="calibrated values, units, rate and gaps of the times; counts are refused",
        recognises=recognised_by(_BEGIN),
        open=open_shimmer,
    ),
)
