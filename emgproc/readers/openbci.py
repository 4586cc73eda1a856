"""OpenBCI GUI recordings (.txt, .csv) of version 4 and 5: lines of "%", then one row a sample.

Version 4 has no names: sample index, EXG in µV, three accelerations in g, time of day. Version 5
names its columns: "Sample Index, EXG Channel 0, …, Timestamp, Timestamp (Formatted)". EXG is µV in
both. A jump of the index is a gap; how long it lasted is what the computer's time stamps say. What
"Marker Channel" holds becomes events.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import FormatError, TruncatedFileError, UnknownRateError
from emgproc.readers.delimited_ragged import read_columns, sheet_of, text_of, unended
from emgproc.readers.delimited_signals import Signal, opened_columns, scaling_of
from emgproc.readers.delimited_text import TextFile, recognised_by
from emgproc.readers.edf_annotations import gap_events
from emgproc.readers.file import MAX_EVENTS, Format, ReadOptions, RecordingFile
from emgproc.readers.labels import unique_names
from emgproc.readers.openbci_clock import Gaps, gaps_in, segments_of
from emgproc.recording import Event, Provenance

ID = "openbci_txt"
HEADER_LINES = 60
N_ACCELERATIONS = 3
CHANNELS = (4, 8, 16)  # Ganglion, Cyton, Cyton with Daisy
_BEGIN = re.compile(r"\A\ufeff?%OpenBCI Raw")
_RATE = re.compile(r"%\s*Sample Rate\s*=\s*(\d+(?:\.\d+)?)\s*Hz.*", re.IGNORECASE)
_COUNT = re.compile(r"%\s*Number of channels\s*=\s*(\d{1,4})\s*", re.IGNORECASE)
_TIME_OF_DAY = re.compile(r"(?:.*\D)?\d{1,2}:\d{2}:\d{2}(?:[.:]\d+)?")
# Beginnings of names of version 5 → kind and unit; of all else nothing is known, or it is empty.
_KINDS = {
    "EXG": ("EMG", "uV"), "Accel": ("ACC", "g"), "Digital": ("TRIG", ""), "Analog": ("MISC", ""),
    "Marker": ("MARKER", ""),
}  # fmt: skip


class Column(NamedTuple):
    """A column that is kept: its place, name, kind, unit."""

    place: int
    name: str
    kind: str
    unit: str


class _Head(NamedTuple):
    """Rate in Hz, kept columns, column of time stamps (None = no), lines before the rows."""

    fs: float
    columns: list[Column]
    time: int | None
    n_before: int


def open_openbci(path: Path, options: ReadOptions) -> RecordingFile:
    """Read a recording of the OpenBCI GUI.

    Raises
    ------
    FormatError
        A row is broken (the message names its line), or the columns are not those of a board.
    TruncatedFileError
        There is no row of numbers.
    UnknownRateError
        No sampling rate is stated.
    """
    text = text_of(path)
    head = _head(text, options)
    kept = [0, *(column.place for column in head.columns)]
    sheet = sheet_of(text, n_before=head.n_before, delimiter=",", kept=kept)
    index, *values = read_columns(sheet)
    n = index.size
    if n == 0:
        raise TruncatedFileError(f"{path.name}: no row of numbers")
    if any(v.size != n or np.isnan(v).any() for v in (index, *values)):
        raise FormatError(f"{path.name}: a cell is empty in some of the {n} rows")
    gaps = gaps_in(index, sheet, head.time, head.fs)
    segments = segments_of(gaps, n, head.fs)
    markers = _without_markers(head.columns, values, gaps, head.fs, path.name)
    kinds = {c.name: options.kinds.get(c.name, c.kind) for c in head.columns}
    signals = [Signal(c.name, kinds[c.name], c.unit, head.fs, n) for c in head.columns]
    joined = len(gaps.rows) > 0 and any(s.unit != "uV" for s in signals)
    told = ["auxiliary signals are joined over the gaps"] * joined
    warnings = (*gaps.warnings, *told, *unended(path))
    about = Provenance(path.name, reader=ID, scaling=scaling_of([1.0]), warnings=warnings)
    opened = opened_columns(path, signals, values, about)
    events = (*gap_events(segments, (), head.fs), *markers)
    opened.contents = replace(opened.contents, segments=segments, events=events)
    return opened


def _without_markers(
    columns: list[Column], values: list[Floats], gaps: Gaps, fs: float, where: str
) -> list[Event]:
    """Take the marker channels out of both lists: an event where a marker begins."""
    events: list[Event] = []
    for i in reversed([i for i, c in enumerate(columns) if c.kind == "MARKER"]):
        columns.pop(i)
        marks = values.pop(i)
        begins = np.flatnonzero((marks != 0) & (np.diff(marks, prepend=0.0) != 0))
        if begins.size > MAX_EVENTS:
            raise FormatError(f"{where}: {begins.size} markers; at most {MAX_EVENTS} are read")
        events += [
            Event(gaps.time_s(at, fs), 0.0, f"marker/{marks[at]:g}") for at in begins.tolist()
        ]
    return events


def _head(text: TextFile, options: ReadOptions) -> _Head:
    where, fs, stated = text.path.name, options.fs, 0
    lines = text.sample()
    n_before = 0
    while n_before < len(lines) and lines[n_before].lstrip("\ufeff").startswith("%"):
        rate = _RATE.fullmatch(lines[n_before].strip())
        count = _COUNT.fullmatch(lines[n_before].strip())
        fs = float(rate[1]) if rate else fs
        stated = int(count[1]) if count else stated
        n_before += 1
    if not fs:
        raise UnknownRateError(f"{where}: no '%Sample Rate' is stated; state fs=")
    if n_before >= min(len(lines), HEADER_LINES):
        raise TruncatedFileError(f"{where}: ends within its header, or that has no end")
    cells = [cell.strip() for cell in lines[n_before].split(",")]
    if cells[0].lower() == "sample index":
        columns, time = _named(cells)
        n_before += 1
    else:
        columns, time = _unnamed(cells, stated, where)
    found = sum(column.unit == "uV" for column in columns)
    if not found or (stated and stated != found):
        raise FormatError(
            f"{where}: {stated or 'no'} channels are stated, {found} columns are EXG"
        )
    return _Head(fs, columns, time, n_before)


def _named(cells: Sequence[str]) -> tuple[list[Column], int | None]:
    """The columns of version 5 and the one of the times since 1970."""
    known = [(i, cell, cell.split(" ")[0]) for i, cell in enumerate(cells)]
    places = [i for i, _, word in known if word in _KINDS]
    names = unique_names(cells[i] for i in places)
    columns = [
        Column(i, name, *_KINDS[known[i][2]]) for i, name in zip(places, names, strict=True)
    ]
    time = next((i for i, cell in enumerate(cells) if cell == "Timestamp"), None)
    return columns, time


def _unnamed(cells: Sequence[str], stated: int, where: str) -> tuple[list[Column], int | None]:
    """The columns of version 4, by how many numbers stand before the time of day."""
    time = next((i for i, cell in enumerate(cells) if _TIME_OF_DAY.fullmatch(cell)), None)
    n = (len(cells) if time is None else time) - 1 - N_ACCELERATIONS
    if stated not in {0, n} or n not in CHANNELS:
        raise FormatError(
            f"{where}: {len(cells)} columns; the index, {stated or '4, 8 or 16'} channels, "
            f"{N_ACCELERATIONS} accelerations and the time are expected"
        )
    columns = [Column(1 + i, f"EXG Channel {i}", "EMG", "uV") for i in range(n)]
    axes = range(N_ACCELERATIONS)
    return [*columns, *(Column(1 + n + i, f"Accel Channel {i}", "ACC", "g") for i in axes)], time


FORMATS = (
    Format(
        id=ID,
        title="OpenBCI GUI text, versions 4 and 5",
        suffixes=(".txt", ".csv"),
        keeps="µV, accelerations, rate, gaps of the sample index, markers; no times of day",
        recognises=recognised_by(_BEGIN),
        open=open_openbci,
    ),
)
