"""A recording divided by sampling rate: BIDS wants each rate in a file of its own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, cast

import numpy as np

from emgproc.arrays import Floats
from emgproc.recording import (
    Auxiliary,
    Channel,
    Event,
    Provenance,
    Recording,
    Segment,
)
from emgproc.writers.bids_tables import plain_unit
from emgproc.writers.stream import Rated, Readable, Whole, spans

_UNIT = 8  # characters of a unit in a header
_HALF = 0.5  # of a sample: what begins later than this after the end before is a new piece


@dataclass(slots=True)
class Track:
    """One auxiliary signal: its pieces (onset, s, and length), or why it cannot be written."""

    name: str
    kind: str
    unit: str
    fs: float
    pieces: list[tuple[float, int]] = field(default_factory=list)
    trouble: str = ""

    def add(self, signal: Auxiliary) -> None:
        """Take the next piece into account; it may go on where the last one ends."""
        if not np.isfinite(signal.data).all():
            self.trouble = "holds values that are not finite"
        unit = plain_unit(self.unit)
        if not unit.isascii() or len(unit) > _UNIT:
            self.trouble = f"the unit {self.unit!r} does not fit into a header"
        onset_s, length = self.pieces[-1] if self.pieces else (-np.inf, 0)
        late = (signal.onset_s - onset_s) * self.fs - length
        if late < -_HALF or signal.fs != self.fs:
            self.trouble = "its pieces overlap or differ in rate"
        elif late > _HALF:
            self.pieces.append((signal.onset_s, len(signal.data)))
        else:
            self.pieces[-1] = (onset_s, length + len(signal.data))


class Signal(Rated, Protocol):
    """An auxiliary signal, or the summary of one."""

    @property
    def name(self) -> str:
        """Name."""

    @property
    def kind(self) -> str:
        """Kind."""

    @property
    def unit(self) -> str:
        """Unit."""


def same_rate(source: Readable) -> list[Signal]:
    """Auxiliary signals that have the rate of the channels, each name once."""
    found = cast("Sequence[Signal]", source.auxiliary)
    return list({signal.name: signal for signal in found if signal.fs == source.fs}.values())


def find_tracks(source: Readable) -> list[Track]:
    """Auxiliary signals of other rates than the channels', in the order of the recording."""
    found: dict[str, Track] = {}
    if not any(signal.fs != source.fs for signal in source.auxiliary):
        return []
    for signal in _auxiliary(source, source.segments):
        if signal.fs != source.fs and len(signal.data):
            new = Track(signal.name, signal.kind, signal.unit, signal.fs)
            found.setdefault(signal.name, new).add(signal)
    return list(found.values())


def together(tracks: Iterable[Track]) -> list[list[Track]]:
    """Tracks of the same rate and the same pieces, which one file can hold."""
    groups: dict[tuple[float, tuple[tuple[float, int], ...]], list[Track]] = {}
    for track in tracks:
        if not track.trouble:
            groups.setdefault((track.fs, tuple(track.pieces)), []).append(track)
    return list(groups.values())


def _auxiliary(source: Readable, segments: Sequence[Segment]) -> Iterator[Auxiliary]:
    """Auxiliary signals in pieces of bounded size, of the time of `segments`."""
    if isinstance(source, Whole):
        yield from cast("Sequence[Auxiliary]", source.auxiliary)
        return
    for _, start, stop in spans(source):
        if any(s.start < stop and start < s.stop for s in segments):
            yield from source.read(start, stop).auxiliary


class TrackStream:
    """Tracks of one rate as the channels of a recording; values in their own units."""

    def __init__(self, source: Readable, tracks: Sequence[Track]) -> None:
        self._source = source
        self.fs = tracks[0].fs
        self.segments = tuple(_segments(tracks[0].pieces))
        self.n_samples = self.segments[-1].stop
        self.channels = tuple(Channel(t.name, t.kind, t.unit) for t in tracks)
        self.events: tuple[Event, ...] = ()
        self.auxiliary: Sequence[Rated] = ()
        self.provenance: Provenance = source.provenance

    def read(self, start: int = 0, stop: int | None = None) -> Recording:
        """Samples [start, stop)."""
        last = self.n_samples if stop is None else stop
        data = np.zeros((len(self.channels), last - start))
        rows = {channel.name: row for row, channel in enumerate(self.channels)}
        inside = tuple(_within(self.segments, start, last, self.fs))
        for signal in _auxiliary(self._source, self._around(inside)):
            if signal.name in rows and signal.fs == self.fs:
                self._copy(signal, data[rows[signal.name]], start)
        return Recording(data, self.fs, self.channels, self.provenance, inside)

    def _around(self, inside: Sequence[Segment]) -> list[Segment]:
        """Spans of the channels of the recording whose auxiliary signals are needed."""
        found = []
        for own in inside:
            begin_s = own.onset_s - 1 / self.fs
            end_s = own.onset_s + (own.stop - own.start + 1) / self.fs
            for there in self._source.segments:
                fs = self._source.fs
                first = there.start + int((begin_s - there.onset_s) * fs) - 1
                last = there.start + int((end_s - there.onset_s) * fs) + 2
                found.append(Segment(max(first, there.start), min(last, there.stop), 0.0))
        return found

    def _copy(self, signal: Auxiliary, row: Floats, start: int) -> None:
        for own in self.segments:
            first = own.start + round((signal.onset_s - own.onset_s) * self.fs)
            a, b = max(first, own.start, start), min(first + len(signal.data), own.stop)
            b = min(b, start + len(row))
            if a < b:
                row[a - start : b - start] = signal.data[a - first : b - first]


def _segments(pieces: Sequence[tuple[float, int]]) -> Iterator[Segment]:
    start = 0
    for onset_s, length in pieces:
        yield Segment(start, start + length, onset_s)
        start += length


def _within(segments: Sequence[Segment], start: int, stop: int, fs: float) -> Iterator[Segment]:
    for s in segments:
        first, last = max(s.start, start), min(s.stop, stop)
        if first < last:
            onset_s = s.onset_s + (first - s.start) / fs
            yield Segment(first - start, last - start, onset_s)


class MainStream:
    """A recording as one file will hold it: all of one rate, under the labels of the file.

    Parameters
    ----------
    source
        The recording.
    labels
        Label of each channel and auxiliary signal that has another one in the file.
    """

    def __init__(self, source: Readable, labels: Mapping[str, str]) -> None:
        self._source = source
        self._labels = labels
        self.fs = source.fs
        self.n_samples = source.n_samples
        self.segments = source.segments
        self.provenance = source.provenance
        self.channels = self._renamed(source.channels)
        self.auxiliary: Sequence[Rated] = [a for a in source.auxiliary if a.fs == self.fs]
        names = {c.name for c in source.channels} | {""}
        self.events = tuple(
            replace(e, channel=labels.get(e.channel, e.channel))
            for e in source.events
            if e.channel in names
        )

    def read(self, start: int = 0, stop: int | None = None) -> Recording:
        """Samples [start, stop)."""
        block = self._source.read(start, stop)
        auxiliary = tuple(
            replace(
                signal,
                name=self._labels.get(signal.name, signal.name),
                unit=plain_unit(signal.unit),
            )
            for signal in block.auxiliary
            if signal.fs == self.fs
        )
        channels = self._renamed(block.channels)
        return replace(block, channels=channels, auxiliary=auxiliary, events=())

    def _renamed(self, channels: Sequence[Channel]) -> tuple[Channel, ...]:
        return tuple(replace(c, name=self._labels.get(c.name, c.name)) for c in channels)
