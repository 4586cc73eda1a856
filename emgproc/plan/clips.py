"""Clipping of a recording that is never whole in memory: a pass for the rails, a pass for masks.

What is carried on is small: how often each channel's extreme levels are found, then the spans.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats, Ints, spans_of
from emgproc.preprocessing import MaskClip
from emgproc.preprocessing.clipping import MIN_RUN, Rails, at_rails, rails_of
from emgproc.preprocessing.zero_phase import Span
from emgproc.readers import RecordingFile
from emgproc.recording import Event, Segment
from emgproc.units import to_samples

LABEL, FRACTION = "bad_clip", "clip_fraction"  # of `MaskClip`


class Clips(NamedTuple):
    """What `MaskClip` finds: its events, and the share that is clipped of each channel by name."""

    events: tuple[Event, ...]
    fractions: dict[str, float]


def clips_of(opened: RecordingFile, rows: Sequence[int], step: MaskClip, n_block: int) -> Clips:
    """What the step would find in the recording, read in blocks of `n_block` samples.

    Parameters
    ----------
    opened
        The recording, as it is before any filter.
    rows
        Its EMG channels.
    step
        The step.
    n_block
        Samples read at a time.
    """
    found = [_Channel() for _ in rows]
    for _, x in _blocks(opened, n_block, 0):
        for channel, row in zip(found, rows, strict=True):
            channel.meet(x[row])
    n = opened.n_samples
    for channel, row in zip(found, rows, strict=True):
        channel.rails = rails_of(channel.levels, channel.counts, n, opened.channels[row])
    around = MIN_RUN - 1
    seen = _blocks(opened, n_block, around) if any(c.may_clip for c in found) else ()
    for start, x in seen:
        first = max(start - around, 0)
        for channel, row in zip(found, rows, strict=True):
            channel.mark(x[row], first, (start, min(start + n_block, n)))
    names = [opened.channels[row].name for row in rows]
    events = [
        event
        for channel, name in zip(found, names, strict=True)
        for event in channel.events(opened, name, step)
    ]
    fractions = [channel.fraction for channel in found]
    return Clips(tuple(events), dict(zip(names, fractions, strict=True)))


def _blocks(opened: RecordingFile, n_block: int, around: int) -> Iterator[tuple[int, Floats]]:
    """First sample of each block, and its samples with `around` more on both sides."""
    for start in range(0, opened.n_samples, n_block):
        stop = min(start + n_block + around, opened.n_samples)
        yield start, opened.read(max(start - around, 0), stop).data


@dataclass(slots=True)
class _Channel:
    """The two lowest and the two highest levels of a channel, and where it is clipped."""

    levels: Floats = field(default_factory=lambda: np.empty(0))
    counts: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    n_finite: int = 0
    rails: Rails | None = None
    spans: list[Span] = field(default_factory=list)

    def meet(self, x: Floats) -> None:
        """Count the extreme levels; one of all samples is one of its block, too."""
        if self.levels.size > 3 and self.levels[1] < x.min() and x.max() < self.levels[-2]:
            self.n_finite += x.size  # nothing here is extreme
            return
        finite = x[np.isfinite(x)]
        self.n_finite += finite.size
        if not finite.size:
            return
        low, high = finite.min(), finite.max()
        inner = finite[(finite > low) & (finite < high)]
        levels = [low, high, *((inner.min(), inner.max()) if inner.size else ())]
        fresh = np.unique(levels)
        counts = [np.count_nonzero(finite == level) for level in fresh]
        both = np.concatenate([self.levels, fresh])
        each = np.concatenate([self.counts, counts])
        self.levels, where = np.unique(both, return_inverse=True)
        self.counts = np.bincount(where, each).astype(np.int64)
        if self.levels.size > 4:
            kept = [0, 1, -2, -1]
            self.levels, self.counts = self.levels[kept], self.counts[kept]

    @property
    def may_clip(self) -> bool:
        """Tell whether the levels alone leave it open that any sample is clipped."""
        if self.rails is None or self.rails.piled_up:
            return self.rails is not None
        beyond = (self.levels <= self.rails.low) | (self.levels >= self.rails.high)
        inner = beyond[1:-1].any()  # there may be more such levels than those counted
        return bool(inner or (self.counts[beyond] >= MIN_RUN).any())

    def mark(self, x: Floats, first: int, span: Span) -> None:
        """Note where samples of `span` are clipped; `x` are the samples from `first` on."""
        if self.rails is None:
            return
        low, high = x.min(), x.max()
        inside = self.rails.low < low and high < self.rails.high
        if inside and not any(low <= level <= high for level in self.rails.piled_up):
            return
        start, stop = span
        bad = at_rails(x, self.rails)[start - first : stop - first]
        for a, b in spans_of(bad):
            if self.spans and self.spans[-1][1] == start + a:
                self.spans[-1] = (self.spans[-1][0], start + b)
            else:
                self.spans.append((start + a, start + b))

    @property
    def fraction(self) -> float:
        """Share of the samples that is clipped."""
        return sum(b - a for a, b in self.spans) / max(1, self.n_finite)

    def events(self, opened: RecordingFile, name: str, step: MaskClip) -> list[Event]:
        """The mask as events: widened within segments, or all of a channel clipped too often."""
        fs, wide = opened.fs, to_samples(step.dilate_s, opened.fs)
        found = []
        for segment in opened.segments:
            whole = [(segment.start, segment.stop)]
            often = self.fraction > step.max_fraction
            for a, b in whole if often else _widened(self.spans, segment, wide):
                onset_s = segment.onset_s + (a - segment.start) / fs
                found.append(Event(onset_s, (b - a) / fs, LABEL, name))
        return found


def _widened(spans: Sequence[Span], segment: Segment, wide: int) -> list[Span]:
    """Spans of a segment, widened on both sides within it; those that meet are one."""
    found: list[Span] = []
    for start, stop in spans:
        if start >= segment.stop or stop <= segment.start:
            continue
        a = max(max(start, segment.start) - wide, segment.start)
        b = min(min(stop, segment.stop) + wide, segment.stop)
        if found and a <= found[-1][1]:
            found[-1] = (found[-1][0], b)
        else:
            found.append((a, b))
    return found
