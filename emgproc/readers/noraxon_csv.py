"""Noraxon MR3 and MR4 CSV export: some lines of preamble, a header row, one row a sample.

The header row names `time`, often `Activity` and `Marker`, then the signals with their units:
"RF (uV)", "RF, uV", "Ultium EMG.Internal Accel 1 Ax (mG)". The separator is a comma, or a
semicolon with decimal commas. What stands in Activity and Marker becomes events. The preamble,
which may name a person, is not kept. Not yet checked against a file from a device.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emgproc.errors import FormatError, TruncatedFileError, UnknownUnitError
from emgproc.readers.delimited_clock import Clock, regular_clock
from emgproc.readers.delimited_columns import SECONDS_PER, Column, stated_unit
from emgproc.readers.delimited_dialect import Dialect
from emgproc.readers.delimited_ragged import (
    Sheet,
    padded,
    read_columns,
    sheet_of,
    text_of,
    unended,
)
from emgproc.readers.delimited_signals import Signal, opened_columns, scaling_of
from emgproc.readers.delimited_text import TextFile, recognised_by
from emgproc.readers.delimited_values import rows_of
from emgproc.readers.file import MAX_EVENTS, Format, ReadOptions, RecordingFile
from emgproc.readers.labels import kind_of, unique_names
from emgproc.recording import Event, Provenance
from emgproc.units import is_voltage, microvolts_per

ID = "noraxon_csv"
HEADER_LINES = 60
MAX_LABEL = 200
_HEADER = re.compile(
    r"^\"?(?i:time)\b[^,;\t]*\"?[,;\t].*"
    r"(?:Activity.*Marker|Ultium|Noraxon|MyoMotion|Internal Accel)",
    re.MULTILINE,
)
_TIME = re.compile(r"time\s*[,(\[]?\s*(?P<unit>\w*)\s*[)\]]?", re.IGNORECASE)
_NAMED = re.compile(r"(?P<name>.+?)\s*(?:\((?P<unit>[^()]*)\)|,\s*(?P<bare>[^,()\s]+))")
_EVENTS = ("activity", "marker")


class _Head(NamedTuple):
    """The columns by what they are, the lines before the rows, the separator."""

    seconds_per: float
    signals: list[Column]
    events: list[int]
    n_before: int
    delimiter: str


def open_noraxon_csv(path: Path, options: ReadOptions) -> RecordingFile:
    """Read a Noraxon CSV export.

    Raises
    ------
    FormatError
        A row is broken (the message names its line), or the times are not even.
    TruncatedFileError
        There is no row of numbers.
    UnknownRateError, UnknownUnitError
        The times tell no rate; a channel has no unit and none is stated, or none is a voltage.
    """
    text = text_of(path)
    head = _head(text, options)
    kept = [0, *(column.index for column in head.signals)]
    sheet = sheet_of(text, n_before=head.n_before, delimiter=head.delimiter, kept=kept)
    times, *values = read_columns(sheet)
    if not any(column.size for column in values):
        raise TruncatedFileError(f"{path.name}: no row of numbers")
    n, first_line = times.size, head.n_before + 1
    times *= head.seconds_per
    clock = regular_clock(times, path.name, first_line=first_line, unit_stated=True)
    warnings = [*clock.warnings, *unended(path)]
    signals = []
    for i, column in enumerate(head.signals):
        values[i] = padded(values[i], n, f"{path.name}, {column.name}", first_line)
        missing = int(np.isnan(values[i]).sum())
        if missing:
            warnings.append(f"{column.name} lacks {missing} of {n} numbers (NaN)")
        values[i] *= column.factor
        signals.append(Signal(column.name, column.kind, column.unit, clock.fs, n, clock.onset_s))
    every = (event for i in head.events for event in _events(sheet, i, clock))
    events = list(islice(every, MAX_EVENTS + 1))
    scaling = scaling_of(column.factor for column in head.signals if column.unit == "uV")
    about = Provenance(path.name, reader=ID, scaling=scaling, warnings=tuple(warnings))
    return opened_columns(path, signals, values, about, events)


def _head(text: TextFile, options: ReadOptions) -> _Head:
    where = text.path.name
    lines = text.sample()[:HEADER_LINES]
    row = next((i for i, line in enumerate(lines) if _HEADER.match(line)), None)
    if row is None:
        raise FormatError(f"{where}: no header row 'time', … in the first {HEADER_LINES} lines")
    # No name holds a semicolon or a tab, but some hold a comma.
    delimiter = next((mark for mark in ";\t" if mark in lines[row]), ",")
    names = Dialect(delimiter, ".").split(lines[row])
    while names and not names[-1]:
        names.pop()
    timed = _TIME.fullmatch(names[0])
    unit = (timed["unit"] if timed else "?").lower() or "s"
    if unit not in SECONDS_PER:
        raise FormatError(f"{where}, line {row + 1}: {names[0]!r} is no column of times")
    events = [i for i, name in enumerate(names) if name.lower() in _EVENTS]
    places = [i for i in range(1, len(names)) if i not in events and names[i]]
    signals = _signals([names[i] for i in places], places, options, where)
    return _Head(SECONDS_PER[unit], signals, events, row + 1, delimiter)


def _signals(
    names: Sequence[str], places: Sequence[int], options: ReadOptions, where: str
) -> list[Column]:
    told = [_NAMED.fullmatch(name) for name in names]
    plain = unique_names(
        found["name"] if found else name for name, found in zip(names, told, strict=True)
    )
    columns = []
    for place, name, found in zip(places, plain, told, strict=True):
        unit = (found["unit"] or found["bare"] or "").strip() if found else ""
        columns.append(column_of(place, name, unit, options, where))
    if not columns:
        raise UnknownUnitError(f"{where}: the header row names no signal")
    return columns


def column_of(place: int, name: str, unit: str, options: ReadOptions, where: str) -> Column:
    """A Noraxon signal: its kind by the part of its name after the device, µV if a voltage.

    Raises
    ------
    UnknownUnitError
        An electrode has no unit and the caller states none.
    """
    kind = options.kinds.get(name, kind_of(name.rpartition(".")[2] or name))
    unit = stated_unit(name, unit, kind, options, where)
    if is_voltage(unit):
        return Column(place, name, kind, "uV", microvolts_per(unit))
    if kind == "EMG" and name not in options.kinds:
        kind = "MISC"
    return Column(place, name, kind, unit, 1.0)


def _events(sheet: Sheet, place: int, clock: Clock) -> Iterator[Event]:
    """Each run of equal words in a column of text as one event; one row alone lasts 0 s."""
    dialect, at = sheet.layout.dialect, 0
    words = (
        "".join(dialect.split(line)[place : place + 1])
        for chunk in rows_of(sheet.text, sheet.layout.n_before)
        for line in chunk.lines
    )
    for word, run in groupby(words):
        n = sum(1 for _ in run)
        if word not in {"", "0"}:
            duration_s = n / clock.fs if n > 1 else 0.0
            yield Event(clock.onset_s + at / clock.fs, duration_s, word[:MAX_LABEL])
        at += n


FORMAT = Format(
    id=ID,
    title="Noraxon MR3 CSV export",
    suffixes=(".csv", ".txt"),
    keeps="values, units, the rate of the times; activities and markers as events",
    recognises=recognised_by(_HEADER),
    open=open_noraxon_csv,
)
