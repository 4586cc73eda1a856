"""What the events of a recording mean for its channels, found without its samples."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from emgproc.arrays import Ints, spans_of
from emgproc.features.tone import unusable_reason
from emgproc.features.windows import covered, labelled_spans
from emgproc.plan.model import WHOLE
from emgproc.plan.variants import Step
from emgproc.preprocessing import MaskEvents
from emgproc.preprocessing.zero_phase import Span
from emgproc.readers import RecordingFile
from emgproc.recording import BAD, Channel, Event, Recording

Masked = tuple[Ints, Ints]  # starts and stops of spans, sorted


@dataclass(frozen=True, slots=True)
class Marks:
    """Events of channels that share them.

    Attributes
    ----------
    frame
        A recording of one silent channel with these events, and with what the steps of the plan
        make of them. Its samples are never touched, so they take no memory.
    masked
        Spans under `bad_*` events.
    """

    frame: Recording
    masked: Masked

    def spans(self, over: str) -> tuple[Span, ...]:
        """Samples under a label, cut at segment edges; the segments for the whole recording."""
        return tuple(labelled_spans(self.frame, 0, () if over == WHOLE else (over,)))

    def unusable(self) -> str:
        """Why the channel is masked whole; empty if it is not, or not known why."""
        return unusable_reason(self.frame, 0)

    def has(self, label: str) -> bool:
        """Tell whether an event of this label is among them."""
        return any(event.label == label for event in self.frame.events)


class MarksOf:
    """The marks of each channel of an open recording; computed once for all that share them.

    Parameters
    ----------
    opened
        Gives rate, segments and length.
    events
        All events of the recording, named as the plan names them.
    steps
        Of the plan; those that mask events act.
    """

    def __init__(
        self, opened: RecordingFile, events: Sequence[Event], steps: Sequence[Step]
    ) -> None:
        self._opened = opened
        self._common = [event for event in events if not event.channel]
        self._own: dict[str, list[Event]] = {}
        for event in events:
            if event.channel:
                self._own.setdefault(event.channel, []).append(event)
        self._steps = [step for step in steps if isinstance(step, MaskEvents)]
        self._found: dict[tuple[Event, ...], Marks] = {}

    def __call__(self, channel: Channel) -> Marks:
        """Marks of a channel."""
        own = tuple(self._own.get(channel.name, ()))
        if own not in self._found:
            self._found[own] = self._marks(channel, own)
        return self._found[own]

    def _marks(self, channel: Channel, own: tuple[Event, ...]) -> Marks:
        opened = self._opened
        frame = Recording(
            data=np.zeros((1, opened.n_samples)),
            fs=opened.fs,
            channels=(replace(channel, place=None),),
            provenance=opened.provenance,
            segments=opened.segments,
            events=(*self._common, *own),
        )
        for step in self._steps:
            if {event.label for event in frame.events} & set(step.labels):
                frame = step(frame)
        bad = sorted({event.label for event in frame.events if event.label.startswith(BAD)})
        spans = spans_of(covered(frame, 0, bad)) if bad else []
        starts, stops = np.array(spans, np.int64).reshape(-1, 2).T
        return Marks(frame, (starts, stops))


def masked_in(masked: Masked, start: int, stop: int) -> list[Span]:
    """Parts of the masked spans within [start, stop), counted from `start`."""
    starts, stops = masked
    if not starts.size:
        return []
    first = int(np.searchsorted(stops, start, "right"))
    last = int(np.searchsorted(starts, stop, "left"))
    return [
        (max(a - start, 0), min(b, stop) - start)
        for a, b in zip(starts[first:last].tolist(), stops[first:last].tolist(), strict=True)
    ]
