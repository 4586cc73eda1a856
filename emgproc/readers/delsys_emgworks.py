"""Delsys EMGworks CSV export: each channel has a column of times and one of values.

Before the table stands one line a channel with its rate, length and unit; a variant leaves them
out, then the rate is that of the times and the unit that of the column's name or of the caller.
Columns of slower sensors end earlier. A text has no index, so it is read once, in pieces.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import FormatError, TruncatedFileError
from emgproc.readers.delimited_clock import regular_clock
from emgproc.readers.delimited_columns import name_and_unit, stated_unit
from emgproc.readers.delimited_dialect import Dialect
from emgproc.readers.delimited_ragged import padded, read_columns, sheet_of, text_of, unended
from emgproc.readers.delimited_signals import Signal, few, opened_columns, scaling_of
from emgproc.readers.delimited_text import TextFile, recognised_by
from emgproc.readers.delsys_signals import RATE_TOLERANCE, kind_of_signal, trigno_rate
from emgproc.readers.file import Format, ReadOptions, RecordingFile
from emgproc.readers.labels import unique_names
from emgproc.recording import Provenance
from emgproc.units import is_voltage, microvolts_per

ID = "delsys_emgworks_csv"
_TIME = re.compile(r'"?X ?\[s\]"?\s*([,;\t])')
_LABEL = re.compile(
    r"Label: (?P<name>.*?) Sampling frequency: (?P<fs>\S+) Number of points: (?P<points>\d+) "
    r"start: (?P<start>\S*) Unit: (?P<unit>.*?) Domain Unit: (?P<domain>\S+)\s*"
)
_BEGINNING = re.compile(r"\A(?:.*\n){0,6}?(?:Label: .*Sampling frequency: |\"?X ?\[s\]\"?[,;\t])")
_DIGITS = 7  # EMGworks prints seven significant digits, of times too


class _Label(NamedTuple):
    """The line of one channel before the table."""

    name: str
    fs: float
    points: int
    unit: str


@dataclass(frozen=True, slots=True)
class _Pair:
    """One channel: the place of its times (its values stand right after) and what is told."""

    column: int
    name: str
    unit: str
    factor: float
    label: _Label | None

    @property
    def kind(self) -> str:
        kind = kind_of_signal(self.name)
        return "MISC" if kind == "EMG" and self.unit != "uV" else kind


class _Head(NamedTuple):
    """The channels, the number of lines before the rows, how these are written."""

    pairs: list[_Pair]
    n_before: int
    delimiter: str
    width: int


def open_emgworks(path: Path, options: ReadOptions) -> RecordingFile:
    """Read an EMGworks CSV export.

    Raises
    ------
    FormatError
        The lines of the channels and the columns differ, a row is broken (the message names its
        line), times are uneven or contradict the stated rate.
    TruncatedFileError
        No row holds a number.
    UnknownUnitError
        No channel is a voltage, or a channel has no unit and none is stated.
    """
    text = text_of(path)
    head = _head(text, options)
    columns = read_columns(
        sheet_of(
            text,
            n_before=head.n_before,
            delimiter=head.delimiter,
            kept=range(2 * len(head.pairs)),
            width=head.width,
        )
    )
    if not any(column.size for column in columns):
        raise TruncatedFileError(f"{path.name}: no row of numbers")
    warnings = unended(path)
    signals, values = [], []
    for pair in head.pairs:
        times, data = columns[pair.column], columns[pair.column + 1]
        columns[pair.column] = columns[pair.column + 1] = np.empty(0)
        if not (times.size or pair.label):
            warnings.append(f"{pair.name} holds no number at all, left out")
            continue
        signal, told, data = _signal(pair, times, data, head.n_before + 1, path.name)
        warnings += [w for w in told if w not in warnings]
        signals.append(signal._replace(kind=options.kinds.get(pair.name, pair.kind)))
        values.append(data)
    warnings += _shorter(head.pairs, signals)
    scaling = scaling_of(pair.factor for pair in head.pairs if pair.unit == "uV")
    about = Provenance(path.name, reader=ID, scaling=scaling, warnings=tuple(warnings))
    return opened_columns(path, signals, values, about)


def _head(text: TextFile, options: ReadOptions) -> _Head:
    where = text.path.name
    lines = text.sample()
    row = next((i for i, line in enumerate(lines) if _TIME.match(line)), None)
    found = _TIME.match(lines[row]) if row is not None else None
    if row is None or found is None:
        raise FormatError(f"{where}: no header row 'X[s],…' in the first {len(lines)} lines")
    cells = Dialect(found[1], ".").split(lines[row])
    width = len(cells)
    if not cells[-1]:
        cells.pop()
    names = cells[1::2]
    if len(cells) % 2 or any(cell.replace(" ", "") != "X[s]" for cell in cells[::2]):
        raise FormatError(
            f"{where}, line {row + 1}: columns must be X[s] and a channel by turns, got "
            f"{few(cells)}"
        )
    labels = _labels(lines[:row], where)
    if labels and [label.name for label in labels] != names:
        raise FormatError(
            f"{where}: the {len(labels)} channels described before the table "
            f"({few([label.name for label in labels])}) are not its {len(names)} columns "
            f"({few(names)})"
        )
    told: list[_Label | None] = [*labels] if labels else [None] * len(names)
    return _Head(_named(names, told, options, where), row + 1, found[1], width)


def _labels(lines: Sequence[str], where: str) -> list[_Label]:
    labels = []
    for number, line in enumerate(lines, start=1):
        if not line.startswith("Label: "):
            continue
        found = _LABEL.fullmatch(line)
        try:
            fs = float(found["fs"].replace(",", ".")) if found else 0.0
        except ValueError:
            fs = 0.0
        if found is None or not (0 < fs < float("inf")) or found["domain"] != "s":
            raise FormatError(
                f"{where}, line {number}: not 'Label: … Sampling frequency: <Hz> Number of "
                f"points: <n> start: <s> Unit: … Domain Unit: s' but {line[:80]!r}"
            )
        labels.append(_Label(found["name"].strip(), fs, int(found["points"]), found["unit"]))
    return labels


def _named(
    names: Sequence[str], labels: Sequence[_Label | None], options: ReadOptions, where: str
) -> list[_Pair]:
    pairs = []
    parts = [
        (name, label.unit.strip()) if label else name_and_unit(name)
        for name, label in zip(names, labels, strict=True)
    ]
    unique = unique_names(name for name, _ in parts)
    for i, (name, (_, told)) in enumerate(zip(unique, parts, strict=True)):
        kind = options.kinds.get(name, kind_of_signal(name))
        unit = stated_unit(name, told or "", kind, options, where)
        voltage = is_voltage(unit)
        factor = microvolts_per(unit) if voltage else 1.0
        pairs.append(_Pair(2 * i, name, "uV" if voltage else unit, factor, labels[i]))
    return pairs


def _signal(
    pair: _Pair, times: Floats, values: Floats, first_line: int, where: str
) -> tuple[Signal, list[str], Floats]:
    """The signal, what is odd about it, its values in its unit."""
    values = padded(values, times.size, f"{where}, {pair.name}", first_line)
    warnings = []
    missing = int(np.isnan(values).sum())
    if missing:
        warnings.append(f"{pair.name} lacks {missing} of {values.size} numbers (NaN)")
    values *= pair.factor
    fs, onset_s, told = _rate(pair, times, first_line, where)
    return Signal(pair.name, "", pair.unit, fs, values.size, onset_s), [*told, *warnings], values


def _rate(
    pair: _Pair, times: Floats, first_line: int, where: str
) -> tuple[float, float, list[str]]:
    """Rate in Hz, start in s: the stated rate, which the times must bear out, else theirs."""
    if pair.label and times.size < 2:
        fs, told = trigno_rate(pair.label.fs)
        return fs, float(times[0]) if times.size else 0.0, [told] if told else []
    clock = regular_clock(
        times,
        f"{where}, {pair.name}",
        first_line=first_line,
        unit_stated=True,
        resolution_s=_resolution_s(float(times[-1])) if times.size else 0.0,
    )
    stated = pair.label.fs if pair.label else clock.fs
    if abs(stated / clock.fs - 1) > RATE_TOLERANCE:
        raise FormatError(
            f"{where}: {stated:g} Hz is stated for {pair.name}, its times mean {clock.fs:g} Hz"
        )
    fs, told = trigno_rate(stated)
    return fs, clock.onset_s, [*clock.warnings, *([told] if told else [])]


def _resolution_s(latest_s: float) -> float:
    """Half of the last printed place of the latest time, s."""
    if not latest_s > 0:
        return 0.0
    return 0.5 * math.pow(10.0, math.floor(math.log10(latest_s)) - _DIGITS + 1)


def _shorter(pairs: Sequence[_Pair], signals: Sequence[Signal]) -> list[str]:
    held = {signal.name: signal.n_samples for signal in signals}
    odd = [
        f"{pair.name} ({held.get(pair.name, 0)} of {pair.label.points})"
        for pair in pairs
        if pair.label and pair.label.points != held.get(pair.name, 0)
    ]
    return [f"not the number of points that the header states: {few(odd)}"] if odd else []


FORMAT = Format(
    id=ID,
    title="Delsys EMGworks CSV export",
    suffixes=(".csv",),
    keeps="values, units, rates, each channel's own length; other rates become auxiliary",
    recognises=recognised_by(_BEGINNING),
    open=open_emgworks,
)
