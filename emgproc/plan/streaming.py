"""Features of a recording that is never whole in memory, byte for byte as if it were.

Two walks through the file: the first finds the level of every channel, the second measures about
it. Two more come before where clipping is masked. Memory is bounded: by a block of the filters (16
warm-ups: 8 s of a 20-Hz high-pass) of all channels, by the events, and by one RMS value to each
window of `apdf`.
"""

from collections.abc import Sequence
from dataclasses import replace
from threading import Lock

import numpy as np

from emgproc._kernels.threads import over_groups
from emgproc.arrays import Floats
from emgproc.features import Sums
from emgproc.features.passes import LevelPass
from emgproc.features.result import FeatureSet, FeatureValue
from emgproc.features.sums import SumPass
from emgproc.features.tone import band_flags
from emgproc.plan.clips import FRACTION, clips_of
from emgproc.plan.extraction import feature_set, without_repeats
from emgproc.plan.marks import Marks, MarksOf, masked_in
from emgproc.plan.measuring import ROWS, Measured, measure, wanted_by
from emgproc.plan.model import FeatureRequest, Plan
from emgproc.plan.motor_units import TOO_LONG, motor_unit_blanks
from emgproc.plan.spans import Chain, Read
from emgproc.preprocessing import MaskClip
from emgproc.preprocessing.rows import dilate
from emgproc.preprocessing.zero_phase import Span
from emgproc.readers import RecordingFile
from emgproc.recording import Event, Provenance, Recording, Segment

BLOCK_BYTES = 32 * 2**20  # samples of all channels that are worked on at a time, as float64 …
SHORTEST = 8192  # … or this many of each, where that is more
GLANCE = 64  # samples on which the steps are tried


def extract_streamed(
    opened: RecordingFile, plan: Plan, events: Sequence[Event], *, threads: int = 1
) -> FeatureSet:
    """Clean and measure an open recording block by block.

    Parameters
    ----------
    opened
        The recording.
    plan
        One of which nothing needs the whole recording (`whole_needed`).
    events
        The events of the recording, named as the plan names them.
    threads
        Threads over groups of channels; the result is the same for any number.

    Raises
    ------
    SignalError
        A step cannot work on this recording, e.g. `FsTooLowError`.
    """
    tried = plan.apply(opened.read(0, min(GLANCE, opened.n_samples)))
    rows = tried.emg_rows()
    about, clipped = _clips(opened, rows, plan, tried.provenance)
    window, chain = _Window(opened, rows), Chain.of(plan.steps, opened.fs)
    marks = MarksOf(opened, (*events, *clipped), plan.steps)
    groups = []
    for first in range(0, len(rows), ROWS):
        some = rows[first : first + ROWS]
        held = [marks(opened.channels[row]) for row in some]
        group = _Group(chain, window.reading(first, len(some)), held)
        group.measure(plan, _measured(tried, some, held))
        groups.append(group)
    for _walk_number in ("levels", "sums"):
        _walk(opened, window, groups, threads)
    values = [value for group in groups for value in group.values(plan)]
    if plan.motor_units is not None:
        values += motor_unit_blanks(opened.fs, TOO_LONG)
    return feature_set(about, opened.n_samples, plan.digest, values)


def _clips(
    opened: RecordingFile, rows: Sequence[int], plan: Plan, tried: Provenance
) -> tuple[Provenance, tuple[Event, ...]]:
    """What the steps tell of the whole recording, and the events of clipping among it."""
    findings = list(tried.findings)
    events: tuple[Event, ...] = ()
    for step in plan.steps:
        if isinstance(step, MaskClip):
            clips = clips_of(opened, rows, step, _held(opened))
            events += clips.events
            findings = [
                f._replace(value=clips.fractions[f.channel]) if f.name == FRACTION else f
                for f in findings
            ]
    return replace(tried, findings=tuple(findings)), events


def _held(opened: RecordingFile) -> int:
    """Samples of each channel that are worked on at a time."""
    return max(BLOCK_BYTES // (8 * len(opened.channels)), SHORTEST)


def _measured(tried: Recording, rows: Sequence[int], held: Sequence[Marks]) -> list[Measured]:
    return [
        Measured(tried.channels[row].name, band_flags(tried, row), marks.unusable)
        for row, marks in zip(rows, held, strict=True)
    ]


def _walk(
    opened: RecordingFile, window: "_Window", groups: Sequence["_Group"], threads: int
) -> None:
    """Feed every sample to every group, then end what was begun."""
    chain = groups[0].chain
    for segment in opened.segments:
        edges = (segment.start, segment.stop)
        for group in groups:
            group.enter(edges)
        step = chain.step(_held(opened), edges)
        for start in range(segment.start, segment.stop, step):
            span = (start, min(start + step, segment.stop))
            window.load(chain.reads(span, edges))

            def work(part: slice, span: Span = span) -> None:
                for group in groups[part]:
                    group.feed(span)

            over_groups(work, len(groups), threads)
    for group in groups:
        group.end_walk()


class _Window:
    """Samples of the EMG channels that are in memory; what lies outside is read when asked for."""

    def __init__(self, opened: RecordingFile, rows: list[int]) -> None:
        self._opened = opened
        self._rows = None if len(rows) == len(opened.channels) else rows
        self._data, self._first = np.empty((len(rows), 0)), 0
        self._lock = Lock()  # a file is read by one thread at a time

    def load(self, span: Span) -> None:
        """Hold the samples of a span."""
        self._data = np.empty((0, 0))  # let go of the last one first
        self._data, self._first = self._read(span), span[0]

    def reading(self, first: int, n: int) -> Read:
        """Reads of `n` channels from EMG channel `first` on."""

        def read(start: int, stop: int) -> Floats:
            begin, end = start - self._first, stop - self._first
            if begin >= 0 and end <= self._data.shape[1]:
                return self._data[first : first + n, begin:end]
            with self._lock:
                return self._read((start, stop))[first : first + n]

        return read

    def _read(self, span: Span) -> Floats:
        data = self._opened.read(*span).data
        return data if self._rows is None else data[self._rows]


class _Group:
    """Some channels that are cleaned and measured together."""

    def __init__(self, chain: Chain, read: Read, held: Sequence[Marks]) -> None:
        self.chain = chain
        self._read = read
        self._held = held
        self._parts: list[_Part] = []

    def measure(self, plan: Plan, measured: Sequence[Measured]) -> None:
        """Prepare for what the plan asks of these channels."""
        for over in dict.fromkeys(request.over for request in plan.features):
            asked = [request for request in plan.features if request.over == over]
            spans = [marks.spans(over) for marks in self._held]
            for alike in dict.fromkeys(spans):
                rows = [row for row in range(len(spans)) if spans[row] == alike]
                channels = [measured[row] for row in rows]
                self._parts.append(_Part(rows, channels, alike, asked, self._held[0].frame.fs))
        self._names = [channel.name for channel in measured]

    def enter(self, edges: Span) -> None:
        """Begin a segment."""
        self._edges = edges
        self._clean = self.chain.over(self._read, edges)

    def feed(self, span: Span) -> None:
        """Measure a span of the segment."""
        start, stop = span
        x = self._clean(start, stop)
        x = x if self.chain.parts else x.copy()  # not what is in the window
        if self.chain.widened is not None:
            self._mask_gaps(x, span, self.chain.widened)
        for row, marks in enumerate(self._held):
            for a, b in masked_in(marks.masked, start, stop):
                x[row, a:b] = np.nan
        for part in self._parts:
            part.feed(x, start)

    def _mask_gaps(self, x: Floats, span: Span, widened: int) -> None:
        """Mask what is not finite in the file, widened on both sides, as `MaskNan` does."""
        first, last = (
            max(span[0] - widened, self._edges[0]),
            min(span[1] + widened, self._edges[1]),
        )
        bad = ~np.isfinite(self._read(first, last))
        if bad.any():
            wide = dilate(bad, [Segment(0, last - first, 0.0)], widened, 1.0)
            x[wide[:, span[0] - first : span[1] - first]] = np.nan

    def end_walk(self) -> None:
        """Finish after all segments."""
        for part in self._parts:
            part.end_walk()

    def values(self, plan: Plan) -> list[FeatureValue]:
        """Values, channel by channel in the order of the plan."""
        found = {
            (value.channel, value.name): value for part in self._parts for value in part.values()
        }
        return [
            value
            for name in self._names
            for value in without_repeats([found[name, request.label] for request in plan.features])
        ]


class _Part:
    """Channels of a group of which the same spans are measured for the same features."""

    def __init__(
        self,
        rows: Sequence[int],
        channels: Sequence[Measured],
        spans: Sequence[Span],
        requests: Sequence[FeatureRequest],
        fs: float,
    ) -> None:
        self._rows = list(rows)
        self._channels = channels
        self._spans = spans
        self._requests = requests
        self._fs = fs
        self._pass: LevelPass | SumPass = LevelPass(len(rows))
        self._sums: Sums | None = None

    def feed(self, x: Floats, first: int) -> None:
        """Take what lies in the spans of the group's samples from sample `first` on."""
        last = first + x.shape[1]
        for start, stop in self._spans:
            if start < last and first < stop:
                piece = x[self._rows, max(start - first, 0) : stop - first]
                self._pass.feed(piece)
            if first < stop <= last and (start, stop) != self._spans[-1]:
                self._pass.feed(np.full((len(self._rows), 1), np.nan))

    def end_walk(self) -> None:
        """Turn from the first walk to the second, or finish."""
        self._pass.end()
        if isinstance(self._pass, LevelPass):
            self._sums = Sums(self._fs, self._pass.levels(), (len(self._rows),))
            self._pass = SumPass(self._sums, wanted_by(self._requests, self._fs))

    def values(self) -> list[FeatureValue]:
        """Values of all features of all channels."""
        assert self._sums is not None
        return [
            value
            for request in self._requests
            for value in measure(request, self._sums, self._channels)
        ]
