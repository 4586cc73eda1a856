"""Time-stamped annotation lists (TAL) of EDF+ and BDF+: record onsets and events.

EDF+ specification section 2.2 (Kemp & Olivan, Clin Neurophysiol 114:1755, 2003). An event for
one channel is written "text@@channel", as EDFbrowser and MNE do.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats
from emgproc.errors import FormatError
from emgproc.readers.edf_header import EdfHeader, EdfSignal
from emgproc.readers.edf_records import EdfRecords, every_column
from emgproc.readers.file import MAX_EVENTS
from emgproc.recording import Event, Segment

_PLACES = 30  # of the onset of a record, at most; more are no resolution
# Floats go down to 5e-324 and have up to 17 digits.
_SECONDS = re.compile(rb"[+-]?\d{1,15}(?:\.(\d{0,350}))?")
_Parsed: TypeAlias = tuple[float, int, list[Event]]
_TAL = re.compile(rb"[^\0]+")
# All that most records say: their onset, in a list without text.
_ONSET_ALONE = re.compile(rb"(" + _SECONDS.pattern + rb")\x14\x14\0*")


@dataclass(frozen=True, slots=True)
class Annotations:
    """What the annotation signals say.

    Attributes
    ----------
    onsets_s
        Onset of each record, s; NaN where a record states none; empty without annotation signals.
    resolution_s
        The last decimal place in which the onsets are written, s.
    """

    onsets_s: Floats
    resolution_s: float
    events: tuple[Event, ...]
    warnings: tuple[str, ...]


def read_annotations(header: EdfHeader, records: EdfRecords | NDArray[np.uint8]) -> Annotations:
    """Read every annotation signal of `records`, rows of bytes.

    Raises
    ------
    FormatError
        More events than `MAX_EVENTS`.
    """
    onsets = np.full(len(records), np.nan)
    decimals = 0
    events: list[Event] = []
    broken = 0
    signals = [signal for signal in header.signals if signal.annotations]
    for signal in signals:
        is_clock = signal is signals[0]  # only the first keeps the time of its record
        for i, is_first, parsed in _lists(header, records, signal):
            if parsed is None:
                broken += 1
                continue
            onset_s, places, found = parsed
            if is_clock and is_first:
                onsets[i] = onset_s
                decimals = max(decimals, places)
            events += found
            if len(events) > MAX_EVENTS:
                raise FormatError(f"{header.name}: more than {MAX_EVENTS} events")
    warnings = (f"{broken} annotation(s) cannot be read and were left out",) if broken else ()
    stamped = onsets if signals else np.empty(0)
    return Annotations(stamped, 10.0**-decimals, tuple(events), warnings)


def _lists(
    header: EdfHeader, records: EdfRecords | NDArray[np.uint8], signal: EdfSignal
) -> Iterator[tuple[int, bool, _Parsed | None]]:
    """Record, whether the list opens it, and what it says, of every list of one signal."""
    size = header.width * signal.per_record
    columns = slice(signal.offset, signal.offset + size)
    for first, rows in every_column(records, columns):
        told = rows.tobytes()
        for i in range(len(rows)):
            a, b = i * size, (i + 1) * size
            alone = _ONSET_ALONE.fullmatch(told, a, b)
            if alone:
                onset, decimals = alone.groups(b"")
                yield first + i, True, (float(onset), min(len(decimals), _PLACES), [])
                continue
            for tal in _TAL.finditer(told, a, b):
                yield first + i, tal.start() == a, _parse(tal.group())


def _parse(tal: bytes) -> _Parsed | None:
    """Onset, its decimal places and the events of one list; `None` if it is not one."""
    stamp, *texts = tal.split(b"\x14", MAX_EVENTS + 2)
    onset, _, duration = stamp.partition(b"\x15")
    match = _SECONDS.fullmatch(onset)
    if not texts or match is None or (duration and not _SECONDS.fullmatch(duration)):
        return None
    onset_s, duration_s = float(onset), max(0.0, float(duration)) if duration else 0.0
    events = [Event(onset_s, duration_s, *_label(text)) for text in texts if text]
    return onset_s, min(len(match.group(1) or b""), _PLACES), events


def _label(text: bytes) -> tuple[str, str]:
    try:
        label = text.decode("utf-8")
    except UnicodeDecodeError:
        label = text.decode("latin-1")
    said, at, channel = label.rpartition("@@")
    return (said, channel) if at else (label, "")


def place_records(
    header: EdfHeader, annotations: Annotations, fs: float, per_record: int
) -> tuple[tuple[Segment, ...], tuple[str, ...]]:
    """Segments of the main stream from the onsets of the records, and warnings.

    The onsets are believed in EDF+C too: files marked continuous do have gaps. A gap is what is
    longer than half a sample and than the rounding of the written onsets.

    Raises
    ------
    FormatError
        A discontinuous file (EDF+D) has records without onset or overlapping in time.
    """
    n = header.n_records
    onsets = annotations.onsets_s
    if not len(onsets):
        return (Segment(0, n * per_record, 0.0),), ()
    length_s = per_record / fs
    tolerance_s = 0.5 / fs
    steps = length_s / annotations.resolution_s
    if abs(steps - round(steps)) > 1e-6:
        tolerance_s = max(tolerance_s, annotations.resolution_s)
    late_s = np.diff(onsets) - length_s
    trouble = _trouble(onsets, late_s, tolerance_s)
    if trouble and header.plus == "D":
        raise FormatError(f"{header.name}: {trouble} in a discontinuous file: its time is lost")
    if trouble:
        first_s = float(onsets[0]) if np.isfinite(onsets[0]) else 0.0
        whole = Segment(0, n * per_record, first_s)
        return (whole,), (f"{trouble}: the records are taken as continuous",)
    edges = [0, *(np.flatnonzero(late_s > tolerance_s) + 1).tolist(), n]
    segments = tuple(
        Segment(a * per_record, b * per_record, float(onsets[a])) for a, b in pairwise(edges)
    )
    marked_continuous = len(segments) > 1 and header.plus != "D"
    note = f"marked continuous, but its records leave {len(segments) - 1} gap(s)"
    return segments, (note,) if marked_continuous else ()


def _trouble(onsets: Floats, late_s: Floats, tolerance_s: float) -> str:
    if not np.isfinite(onsets).all():
        return f"{int(np.isnan(onsets).sum())} record(s) without onset"
    if (late_s < -tolerance_s).any():
        at = int(np.flatnonzero(late_s < -tolerance_s)[0]) + 1
        return f"record {at + 1} begins at {onsets[at]:g} s, before the end of the one before"
    return ""


def gap_events(
    segments: tuple[Segment, ...], events: tuple[Event, ...], fs: float
) -> tuple[Event, ...]:
    """One `bad_gap` for each gap between segments that `events` do not name already."""
    known = np.sort([event.onset_s for event in events if event.label == "bad_gap"])
    found = []
    for before, after in pairwise(segments):
        end_s = before.onset_s + (before.stop - before.start) / fs
        i, j = np.searchsorted(known, [end_s - 0.5 / fs, end_s + 0.5 / fs])
        if i == j:
            found.append(Event(end_s, after.onset_s - end_s, "bad_gap"))
    return tuple(found)
