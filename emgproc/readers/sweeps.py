"""Sweeps after stimuli as a table: first row the stimuli, first column the times.

The corner is 0 or empty, and the times begin in the second row: that tells such a table from one
of signals. It states no unit: the caller states that of the sweeps, and the rate, from which that
of the times follows. Each sweep is a segment with an event `stim/<mA>` at its time 0.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats, check_fs
from emgproc.errors import FormatError, TruncatedFileError, UnknownRateError
from emgproc.readers.delimited import SUFFIXES
from emgproc.readers.delimited_dialect import MISSING, Dialect
from emgproc.readers.delimited_ragged import read_columns, sheet_of, text_of, unended
from emgproc.readers.delimited_signals import Clocks, ColumnsSource, scaling_of
from emgproc.readers.delimited_text import encoding_of
from emgproc.readers.delimited_values import LARGEST
from emgproc.readers.file import Contents, Format, ReadOptions, RecordingFile
from emgproc.recording import Channel, Event, Provenance, Segment
from emgproc.units import microvolts_per

ID = "sweeps_csv"
NAME = "EMG1"
FIRST_ROWS = 12
EVEN = 0.01  # of a step: by how much the first times may be off a straight line
RATE_TOLERANCE = 1e-3
_DELIMITERS = ("\t", ";", ",")
_SECONDS_PER = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}


class _Clock(NamedTuple):
    """Rate in Hz, time of the first sample of a sweep after its stimulus in s, unit of times."""

    fs: float
    start_s: float
    unit: str


class _Table(NamedTuple):
    """Stimulus and number of samples of each sweep, µV in a unit."""

    stimuli_ma: list[float]
    lengths: list[int]
    factor: float


def open_sweeps(path: Path, options: ReadOptions) -> RecordingFile:
    """Read a table of sweeps.

    Raises
    ------
    FormatError
        A row is broken (the message names its line), a stimulus is missing or negative, or the
        times are not even.
    TruncatedFileError
        There is no row of samples.
    UnknownRateError, UnknownUnitError
        The caller states no rate or no unit, or the rate fits the times in no unit.
    """
    text = text_of(path)
    line = text.sample()[0].lstrip("\ufeff")
    delimiter = _delimiter(line)
    width = len(line.split(delimiter))
    sheet = sheet_of(text, n_before=0, delimiter=delimiter, kept=range(width), width=width)
    times, *sweeps = read_columns(sheet)
    if times.size < 3:
        raise TruncatedFileError(f"{path.name}: no two rows of samples")
    while sweeps and not sweeps[-1].size:
        sweeps.pop()  # a separator at the end of every row
    stimuli = np.array([sweep[0] if sweep.size else np.nan for sweep in sweeps])
    if not (stimuli >= 0).all():
        raise FormatError(f"{path.name}, line 1: a stimulus is missing or below 0")
    factor = microvolts_per(options.unit or "", where=f"{path.name}, the sweeps")
    clock = _clock(times[1:], options, path.name)
    data, lengths = _joined(sweeps, times.size - 1, path.name)
    data *= factor
    data.flags.writeable = False
    table = _Table(stimuli.tolist(), lengths, factor)
    contents = _contents(path, options, clock, table)
    source = ColumnsSource(data, [], Clocks(clock.fs, 0.0, data.shape[1]))
    return RecordingFile(contents, source, (path,))


def _contents(path: Path, options: ReadOptions, clock: _Clock, table: _Table) -> Contents:
    segments, interval_s = sweep_segments(table.lengths, clock.fs, max(0.0, clock.start_s))
    events = tuple(
        Event(segment.onset_s - clock.start_s, 0.0, f"stim/{ma:g}")
        for segment, ma in zip(segments, table.stimuli_ma, strict=True)
    )
    warnings = (
        untold_intervals(interval_s),
        "the stimuli of the first row have no unit; taken as mA",
        f"the times have no unit; in {clock.unit} they fit the stated {clock.fs:g} Hz",
        *unended(path),
    )
    return Contents(
        fs=clock.fs,
        n_samples=segments[-1].stop,
        channels=(Channel(NAME, options.kinds.get(NAME, "EMG")),),
        segments=segments,
        provenance=Provenance(
            path.name, reader=ID, scaling=scaling_of([table.factor]), warnings=warnings
        ),
        events=events,
    )


def sweep_segments(
    lengths: list[int], fs: float, first_s: float = 0.0
) -> tuple[tuple[Segment, ...], float]:
    """One segment a sweep, from `first_s` on a whole number of seconds apart; and that number.

    When sweeps were recorded their files do not tell.

    Examples
    --------
    >>> sweep_segments([30, 20], 10.0)
    ((Segment(start=0, stop=30, onset_s=0.0), Segment(start=30, stop=50, onset_s=4.0)), 4.0)
    """
    interval_s = float(max(lengths) // fs + 1)
    stops = np.cumsum(lengths).tolist()
    return tuple(
        Segment(stop - n, stop, first_s + i * interval_s)
        for i, (n, stop) in enumerate(zip(lengths, stops, strict=True))
    ), interval_s


def untold_intervals(interval_s: float) -> str:
    """Warning that the places of sweeps in time are made up."""
    return (
        f"the file does not tell when its sweeps were recorded: they are placed {interval_s:g} s "
        "apart"
    )


def _joined(sweeps: list[Floats], longest: int, where: str) -> tuple[Floats, list[int]]:
    """All sweeps, one after the other, and their lengths; `sweeps` is emptied."""
    lengths = [sweep.size - 1 for sweep in sweeps]
    if min(lengths) < 1 or max(lengths) > longest:
        raise FormatError(
            f"{where}: sweeps of {min(lengths)} to {max(lengths)} samples, there are {longest} "
            "times"
        )
    data = sweeps.pop(0)
    data[:-1] = data[1:]
    data.resize(lengths[0], refcheck=False)
    while sweeps:
        at, sweep = data.size, sweeps.pop(0)
        data.resize(at + sweep.size - 1, refcheck=False)
        data[at:] = sweep[1:]
    missing = int(np.isnan(data).sum())
    if missing:
        raise FormatError(f"{where}: {missing} sample(s) within sweeps are missing")
    return data[None, :], lengths


def _clock(times: Floats, options: ReadOptions, where: str) -> _Clock:
    """The rate the caller states, which the times must fit in one unit of time."""
    step = float(times[-1] - times[0]) / (times.size - 1)
    if not step > 0:
        raise FormatError(f"{where}: the times of the first column do not rise")
    worst = np.abs(np.diff(times) / step - 1).max()
    if not worst < EVEN + 1e-6 * np.abs(times).max() / step:
        raise FormatError(f"{where}: the times of the first column are not even")
    if options.fs is None:
        raise UnknownRateError(
            f"{where}: the times of the first column rise by {step:g} and have no unit; state the "
            f"rate: fs={1000 / step:g} if they are milliseconds"
        )
    fs = check_fs(options.fs)
    for unit, seconds in _SECONDS_PER.items():
        if abs(fs * step * seconds - 1) <= RATE_TOLERANCE:
            return _Clock(fs, float(times[0]) * seconds, unit)
    raise UnknownRateError(
        f"{where}: {fs:g} Hz is stated; the times of the first column rise by {step:g}, which in "
        "no unit of time is that"
    )


def _delimiter(line: str) -> str:
    """A tab, else a semicolon: then commas are decimal marks."""
    return next((mark for mark in _DELIMITERS if mark in line), _DELIMITERS[-1])


def _recognises(head: bytes, path: Path) -> bool:
    """A table of numbers whose first row is no sample: its time is 0 or empty, out of line."""
    encoding = encoding_of(head)
    if encoding is None or path.suffix.lower() not in SUFFIXES:
        return False
    start = head.decode(encoding, "replace").lstrip("\ufeff")
    delimiter = _delimiter(start.split("\n")[0])
    corner = start.split(delimiter)[0].strip().replace(",", ".")
    if corner.lower() not in MISSING and corner.strip("0.e+-") != "":
        return False
    return _is_table(text_of(path).sample()[: FIRST_ROWS + 1], delimiter)


def _is_table(lines: list[str], delimiter: str) -> bool:
    marks = "." if delimiter == "," else ",."
    for dialect in (Dialect(delimiter, mark) for mark in marks):
        rows = [dialect.split(line.lstrip("\ufeff")) for line in lines if line.strip()]
        while rows and not all(map(dialect.is_value, rows[-1])) and len(rows) > FIRST_ROWS:
            rows.pop()
        same = len({len(row) for row in rows}) == 1
        if same and len(rows) > 3 and all(dialect.is_value(c) for row in rows for c in row):
            return _has_stimuli([[dialect.value(c) for c in row] for row in rows])
    return False


def _has_stimuli(rows: list[list[float]]) -> bool:
    corner, times = rows[0][0], np.array([row[0] for row in rows[1:]])
    stimuli = rows[0][1:]
    if not (stimuli and min(stimuli) >= 0 and np.abs(times).max() <= LARGEST):
        return False
    steps = np.diff(times)
    even = steps[0] > 0 and bool((np.abs(steps - steps[0]) < 0.1 * steps[0]).all())
    # Where the corner fits the times, the first row is a sample like the others.
    return bool(even and not abs(times[0] - corner - steps[0]) < 0.5 * steps[0])


FORMATS = (
    Format(
        id=ID,
        title="table of sweeps after stimuli (CSV, TSV, TXT)",
        suffixes=SUFFIXES,
        keeps="sweeps as segments, stimuli as events; unit and rate are to be stated",
        recognises=_recognises,
        open=open_sweeps,
    ),
)
