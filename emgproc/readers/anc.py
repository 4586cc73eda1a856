"""Motion Analysis .anc: an ASCII table of converter counts with the range of each channel in mV.

Lines of "Key:" and value between tabs, empty lines, then rows `Name`, `Rate` and `Range`, then one
row a sample: time in s and counts. Of generation 2 and a bipolar board, mV = count · 2 · range /
(2^bits - 1): so the C3D of the same trial, written by the maker's program, has it to the last bit
(BTK divides by 2^bits, 0.02 % less). This is the voltage at the converter: the gain of the
amplifiers is not in the file. Of force plates ("f1x" … "m2z") it is what their amplifier gave.
"""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownRateError,
    UnsupportedFormatError,
)
from emgproc.readers.delimited_ragged import read_columns, sheet_of, text_of, unended
from emgproc.readers.delimited_signals import Signal, few, opened_columns
from emgproc.readers.delimited_text import TextFile, recognised_by
from emgproc.readers.file import Format, ReadOptions, RecordingFile
from emgproc.readers.labels import kind_of, unique_names
from emgproc.recording import Provenance

ID = "motion_analysis_anc"
HEADER_LINES = 30
RATE_TOLERANCE = 1e-3
BITS = range(8, 25)
_MAGIC = re.compile(r"\A\W*File_Type:\s+Analog R/C ASCII")
_PLATE = re.compile(r"(?:fp\d?)?[fm](?:\d?[xyz]|[xyz]\d?)", re.IGNORECASE)
_ROWS = ("Name", "Rate", "Range")


class _Head(NamedTuple):
    """Rate in Hz, duration in s (None = not stated), bits, names, µV in a count, lines before."""

    fs: float
    duration_s: float | None
    bits: int
    names: list[str]
    lsb_uv: list[float]
    n_before: int


def open_anc(path: Path, options: ReadOptions) -> RecordingFile:
    """Read a Motion Analysis .anc file.

    Raises
    ------
    UnsupportedFormatError
        Another generation, a unipolar board, or channels of several rates.
    FormatError
        The header lacks a row, a row is broken (the message names its line), or the times
        contradict the rate.
    TruncatedFileError
        There is no row of numbers.
    UnknownRateError
        No rate is stated.
    """
    text = text_of(path)
    head = _head(text, options)
    n = len(head.names)
    # Every row may end in a tab.
    sheet = sheet_of(text, n_before=head.n_before, delimiter="\t", kept=range(n + 1))
    times, *columns = read_columns(sheet)
    if not any(column.size for column in columns):
        raise TruncatedFileError(f"{path.name}: no row of numbers")
    onset_s = _clock(times, head, path.name)
    warnings = [
        "the gain of the amplifiers is not in the file: voltages are at the converter",
        *_lost(times.size, head),
        *unended(path),
    ]
    signals = []
    for i, name in enumerate(unique_names(head.names)):
        if columns[i].size != times.size or np.isnan(columns[i]).any():
            raise FormatError(f"{path.name}: {name} lacks a value in some of {times.size} rows")
        columns[i] *= head.lsb_uv[i]
        kind = "FORCE" if _PLATE.fullmatch(name) else kind_of(name)
        kind = options.kinds.get(name, kind)
        unit = "uV" if kind != "FORCE" else "mV"
        if unit == "mV":
            columns[i] /= 1e3
        signals.append(Signal(name, kind, unit, head.fs, times.size, onset_s))
    about = Provenance(
        path.name,
        reader=ID,
        scaling="count × 2 × range / (2^bits - 1), as the header states them",
        warnings=tuple(warnings),
    )
    opened = opened_columns(path, signals, columns, about)
    steps = dict(zip(unique_names(head.names), head.lsb_uv, strict=True))
    channels = (replace(c, lsb_uv=steps[c.name], bits=head.bits) for c in opened.channels)
    opened.contents = replace(opened.contents, channels=tuple(channels))
    return opened


def _head(text: TextFile, options: ReadOptions) -> _Head:
    where = text.path.name
    fields, rows, n_before = _fields_and_rows(text)
    _check_supported(fields, where)
    bits = fields.get("BitDepth:", "")
    if not (bits.isdecimal() and int(bits) in BITS):
        raise FormatError(f"{where}: 'BitDepth: {bits}'; {BITS[0]} to {BITS[-1]} bits are read")
    names = [name or f"channel{i}" for i, name in enumerate(rows["Name"], start=1)]
    n = len(names)
    if not n or len(rows["Range"]) != n or len(rows["Rate"]) != n:
        counts = {key: len(cells) for key, cells in rows.items()}
        raise FormatError(f"{where}: the rows have as many cells as {counts}; they must be alike")
    stated = fields.get("#Channels:", str(n))
    if stated != str(n):
        raise FormatError(
            f"{where}: the header states {stated} channels, its row names {few(names)}"
        )
    ranges = [_positive(cell, f"{where}: a range") for cell in rows["Range"]]
    lsb_uv = [2 * r * 1e3 / (2 ** int(bits) - 1) for r in ranges]
    lasts = fields.get("Duration(Sec.):", "")
    duration_s = _positive(lasts, f"{where}: the duration") if lasts.strip("0.") else None
    fs = _rate(fields, rows, options, where)
    return _Head(fs, duration_s, int(bits), names, lsb_uv, n_before)


def _lost(n: int, head: _Head) -> list[str]:
    """A warning if there are other rows than the duration, from first to last, means."""
    if head.duration_s is None or n == round(head.duration_s * head.fs) + 1:
        return []
    return [f"{n} rows, the stated duration of {head.duration_s:g} s is another number"]


def _fields_and_rows(text: TextFile) -> tuple[dict[str, str], dict[str, list[str]], int]:
    """Values by key, cells of the rows Name, Rate and Range, lines before the numbers."""
    fields: dict[str, str] = {}
    rows: dict[str, list[str]] = {}
    for number, line in enumerate(text.sample()[:HEADER_LINES], start=1):
        cells = [cell.strip() for cell in line.split("\t")]
        if cells[0] in _ROWS:
            while not cells[-1]:
                cells.pop()
            rows[cells[0]] = cells[1:]
            if len(rows) == len(_ROWS):
                return fields, rows, number
        else:
            pairs = pairwise(cells)
            fields |= {key: value for key, value in pairs if key.endswith(":")}
    raise FormatError(
        f"{text.path.name}: no rows {', '.join(_ROWS)} in the first {HEADER_LINES} lines"
    )


def _check_supported(fields: dict[str, str], where: str) -> None:
    generation, polarity = fields.get("Generation#:", ""), fields.get("Polarity:", "")
    if generation != "2" or polarity != "Bipolar":
        raise UnsupportedFormatError(
            f"{where}: generation {generation!r} with the polarity {polarity!r}; only generation "
            "2 and Bipolar are read, export C3D"
        )


def _rate(
    fields: dict[str, str], rows: dict[str, list[str]], options: ReadOptions, where: str
) -> float:
    precise = fields.get("PreciseRate:", "")
    if not precise:
        if options.fs is None:
            raise UnknownRateError(f"{where}: no 'PreciseRate:' is stated; state fs=")
        return options.fs
    fs = _positive(precise, f"{where}: the rate")
    others = {rate for rate in rows["Rate"] if abs(_positive(rate, where) - fs) > 0.5}
    if others:
        raise UnsupportedFormatError(
            f"{where}: channels of {fs:g} Hz and of {few(sorted(others))} Hz in one table; export "
            "C3D"
        )
    return fs


def _positive(cell: str, what: str) -> float:
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", cell) and float(cell) > 0:
        return float(cell)
    raise FormatError(f"{what} is {cell!r}, not a number above 0")


def _clock(times: Floats, head: _Head, where: str) -> float:
    """Start in s; each time is one sample after the one before."""
    line = head.n_before + 1
    if times.size == 0 or np.isnan(times).any():
        raise FormatError(f"{where}: a row from line {line} on has no time")
    # Times are printed to a microsecond, and the rate may be rounded.
    odd = np.flatnonzero(np.abs(np.diff(times) * head.fs - 1) > 0.01 + 2e-6 * head.fs)
    if odd.size:
        at = int(odd[0]) + 1
        raise FormatError(
            f"{where}, line {line + at}: the time is {times[at]:g} s after {times[at - 1]:g} s; "
            f"{head.fs:g} Hz is stated"
        )
    lasts, expected = float(times[-1] - times[0]), (times.size - 1) / head.fs
    if abs(lasts - expected) > RATE_TOLERANCE * expected + 2e-6:
        raise FormatError(
            f"{where}: {times.size} rows last {lasts:g} s by their times, {expected:g} s by the "
            f"stated {head.fs:g} Hz"
        )
    return float(times[0])


FORMATS = (
    Format(
        id=ID,
        title="Motion Analysis .anc",
        suffixes=(".anc",),
        keeps="counts, range, bits, rate; the trial's name is left out",
        recognises=recognised_by(_MAGIC),
        open=open_anc,
    ),
)
