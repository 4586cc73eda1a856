"""Epochs of a needle recording: which stretches are analysed, and what was going on in each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from emgproc.arrays import Ints, check_fs
from emgproc.errors import ParameterError
from emgproc.recording import BAD, Event, Recording
from emgproc.units import to_samples

NEEDLE_MOVED = "movement"  # label of the needle's insertion and movements
EPOCH_S = 0.5
LEAST_S, MOST_S = 0.5, 1.0

Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Epochs:
    """Epochs of equal length.

    Attributes
    ----------
    stretches
        Samples [start, stop) of the usable signal, none overlapping another: turns are looked for
        in these.
    starts
        First sample of each epoch, ascending, shape (n_epochs,); none overlaps the one before,
        each lies within a stretch.
    length
        Samples of each.
    fs
        Sampling rate, Hz.
    labels
        Of each the events that hold for at least half of it, in alphabetical order: what the
        infant did (`cry`, `withdrawal`, `effort/0.30`).
    left_out
        (why, seconds) of what lies in no epoch: `masked` (a `bad_*` event), the labels asked to be
        left out, `outside` (not within the labels asked for), `remainder` (stretches shorter than
        an epoch).
    """

    stretches: tuple[Span, ...]
    starts: Ints
    length: int
    fs: float
    labels: tuple[tuple[str, ...], ...]
    left_out: tuple[tuple[str, float], ...] = ()

    def __len__(self) -> int:
        return len(self.starts)


def epochs_of(
    recording: Recording,
    channel: str,
    *,
    epoch_s: float = EPOCH_S,
    within: Iterable[str] = (),
    without: Iterable[str] = (NEEDLE_MOVED,),
) -> Epochs:
    """Epochs one after another through what is usable of a channel.

    Every unbroken usable stretch is cut from its beginning; no epoch reaches across the edge of a
    segment, a mask, or a movement of the needle.

    Parameters
    ----------
    recording
        The needle recording, with what happened as events.
    channel
        Name of the channel.
    epoch_s
        Length, 0.5–1 s.
    within
        Labels that epochs lie in; one that ends in "/" stands for all that begin so ("effort/").
        Empty: the whole recording.
    without
        Labels that no epoch touches: by default `movement`, the needle's.

    Raises
    ------
    ParameterError
        No such channel, or the length is outside 0.5–1 s.
    """
    name = recording.channels[recording.index(channel)].name
    length = epoch_samples(epoch_s, recording.fs)
    events = [event for event in recording.events if event.channel in {"", name}]
    usable = sorted((segment.start, segment.stop) for segment in recording.segments)
    left_out = []
    asked, unwanted = tuple(within), tuple(without)
    masks = [event for event in events if event.label.startswith(BAD)]
    cuts = [("masked", masks)] + [(told, _called(events, (told,))) for told in unwanted]
    if asked:
        held = _common(usable, _parted(recording, _called(events, asked)))
        left_out.append(("outside", _total(usable) - _total(held)))
        usable = held
    for told, found in cuts:
        free = _free(usable, _spans(recording, found))
        left_out.append((told, _total(usable) - _total(free)))
        usable = free
    starts = [a + i * length for a, b in usable for i in range((b - a) // length)]
    left_out.append(("remainder", _total(usable) - len(starts) * length))
    at = np.array(starts, np.int64)
    shown = [event for event in events if event not in masks]
    return Epochs(
        tuple(usable), at, length, recording.fs, _labels(recording, shown, at, length),
        tuple((told, n / recording.fs) for told, n in left_out if n),
    )  # fmt: skip


def whole_epochs(n_samples: int, fs: float, epoch_s: float = EPOCH_S) -> Epochs:
    """Epochs one after another through `n_samples` of which nothing else is known.

    Raises
    ------
    ParameterError
        As `epochs_of`.
    """
    length = epoch_samples(epoch_s, fs)
    n = n_samples // length
    left = (n_samples - n * length) / fs
    told = (("remainder", left),) if left else ()
    starts = np.arange(n, dtype=np.int64) * length
    return Epochs(((0, n_samples),), starts, length, fs, ((),) * n, told)


def epoch_samples(epoch_s: float, fs: float) -> int:
    """Samples of an epoch of 0.5–1 s, rounded.

    Raises
    ------
    ParameterError
        The length is outside that, or `fs` is no rate.
    """
    if not LEAST_S <= epoch_s <= MOST_S:
        raise ParameterError(
            f"an epoch of an interference pattern is {LEAST_S}–{MOST_S} s long, got {epoch_s!r}"
        )
    return to_samples(epoch_s, check_fs(fs))


def is_called(label: str, wanted: Iterable[str]) -> bool:
    """Whether a label is one of those wanted, or begins with one that ends in "/".

    Examples
    --------
    >>> is_called("effort/0.30", ["cry", "effort/"]), is_called("cry", ["c"])
    (True, False)
    """
    return any(label == w or (w.endswith("/") and label.startswith(w)) for w in wanted)


def _called(events: list[Event], wanted: tuple[str, ...]) -> list[Event]:
    return [event for event in events if is_called(event.label, wanted)]


def _spans(recording: Recording, events: list[Event]) -> list[Span]:
    """Samples that these events cover, sorted, none touching the next."""
    merged: list[Span] = []
    for start, stop in sorted(span for event in events for span in recording.spans(event)):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(stop, merged[-1][1])
        else:
            merged.append((start, stop))
    return merged


def _parted(recording: Recording, events: list[Event]) -> list[Span]:
    """Samples of one event after another; what two of them cover is the earlier one's."""
    taken: list[Span] = []
    for span in sorted(span for event in events for span in recording.spans(event)):
        taken += _free([span], taken)
    return taken


def _free(spans: list[Span], cuts: list[Span]) -> list[Span]:
    """What the cuts, sorted and apart, leave of the spans."""
    left = []
    for start, stop in spans:
        at = start
        for a, b in cuts:
            if a < stop and b > at:
                left.append((at, a))
                at = b
        left.append((at, stop))
    return [(a, b) for a, b in left if a < b]


def _common(spans: list[Span], kept: list[Span]) -> list[Span]:
    """What lies in a span and in one of those kept; a new span begins with either."""
    pairs = [(max(a, c), min(b, d)) for a, b in spans for c, d in kept]
    return [(start, stop) for start, stop in pairs if start < stop]


def _total(spans: list[Span]) -> int:
    return sum(stop - start for start, stop in spans)


def _labels(
    recording: Recording, events: list[Event], starts: Ints, length: int
) -> tuple[tuple[str, ...], ...]:
    held = {}
    for label in sorted({event.label for event in events}):
        covered = np.zeros(starts.size, np.int64)
        for a, b in _spans(recording, [event for event in events if event.label == label]):
            covered += np.maximum(np.minimum(starts + length, b) - np.maximum(starts, a), 0)
        held[label] = 2 * covered >= length
    return tuple(tuple(label for label in held if held[label][i]) for i in range(starts.size))
