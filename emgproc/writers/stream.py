"""What a writer needs of a recording: everything but the samples at once, samples by spans."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from emgproc.recording import Auxiliary, Channel, Event, Provenance, Recording, Segment

BLOCK_SAMPLES = 1 << 19  # of all channels together


class Rated(Protocol):
    """Whatever has a sampling rate: an auxiliary signal, or the summary of one."""

    @property
    def fs(self) -> float:
        """Sampling rate, Hz."""


class Readable(Protocol):
    """A Recording behind `Whole`, or an open file: both are written in spans of bounded size."""

    @property
    def fs(self) -> float:
        """Sampling rate, Hz."""

    @property
    def n_samples(self) -> int:
        """Samples of each channel."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """One per row."""

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Contiguous spans."""

    @property
    def events(self) -> tuple[Event, ...]:
        """All events."""

    @property
    def auxiliary(self) -> Sequence[Rated]:
        """Signals of other rates or units."""

    @property
    def provenance(self) -> Provenance:
        """Where the samples come from."""

    def read(self, start: int = 0, stop: int | None = None) -> Recording:
        """Samples [start, stop)."""


class Whole:
    """A Recording in memory, readable in spans as an open file is."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self.fs = recording.fs
        self.n_samples = recording.n_samples
        self.channels = recording.channels
        self.segments = recording.segments
        self.events = recording.events
        self.auxiliary: Sequence[Rated] = recording.auxiliary
        self.provenance = recording.provenance

    def read(self, start: int = 0, stop: int | None = None) -> Recording:
        """Samples [start, stop) with the auxiliary signals of the same time."""
        last = self.n_samples if stop is None else stop
        part = self._recording.crop(start, last)
        auxiliary = [
            cut
            for segment in part.segments
            for signal in self._recording.auxiliary
            for cut in _during(signal, segment, self.fs)
        ]
        return replace(part, auxiliary=tuple(auxiliary))


def _during(signal: Auxiliary, segment: Segment, fs: float) -> Iterator[Auxiliary]:
    """The samples of `signal` that lie in the time of `segment`, half-open."""
    relative = (segment.onset_s - signal.onset_s) * signal.fs
    first = max(0, _ceil(relative))
    last = min(len(signal.data), _ceil(relative + (segment.stop - segment.start) * signal.fs / fs))
    if first < last:
        onset_s = signal.onset_s + first / signal.fs
        yield replace(signal, data=signal.data[first:last], onset_s=onset_s)


def _ceil(x: float) -> int:
    # Times are sums of rounded seconds: 3.0000000001 samples are three.
    return math.ceil(x - 1e-6)


def spans(source: Readable, multiple: int = 1) -> Iterator[tuple[Segment, int, int]]:
    """Spans (segment, start, stop) in order, each within one segment and of bounded size.

    Every span but the last of a segment is a multiple of `multiple` samples long.
    """
    wanted = max(1, BLOCK_SAMPLES // max(1, len(source.channels)))
    step = max(1, wanted // multiple) * multiple
    for segment in source.segments:
        for start in range(segment.start, segment.stop, step):
            yield segment, start, min(start + step, segment.stop)
