"""Steps on spans of a recording that is never whole in memory, with the bytes of the whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from emgproc.arrays import Floats, Ints, spans_of
from emgproc.preprocessing import (
    Bandpass,
    Highpass,
    Lowpass,
    MaskNan,
    Rectify,
    bandpass_sos,
    highpass_sos,
    lowpass_sos,
    zero_phase_span,
)
from emgproc.preprocessing.cascade import Scheme, scheme_of
from emgproc.preprocessing.zero_phase import Span
from emgproc.units import to_samples

Read = Callable[[int, int], Floats]  # samples [start, stop) of some channels

SEARCHED = 8192  # samples read at a time in search of the end of a gap


class Filter(NamedTuple):
    """A zero-phase filter and the blocks it runs on."""

    sos: Floats
    scheme: Scheme

    def reads(self, span: Span, segment: Span) -> Span:
        """Samples of the segment that the filtered `span` depends on."""
        block, warm_up = self.scheme.block(segment[1] - segment[0]), self.scheme.warm_up()
        first = (span[0] - segment[0]) // block * block - warm_up
        last = -(-(span[1] - segment[0]) // block) * block + warm_up
        return max(segment[0] + first, segment[0]), min(segment[0] + last, segment[1])


def filter_of(step: object, fs: float) -> Filter | None:
    """The filter that a step applies; `None` for a step that is no filter.

    Raises
    ------
    FsTooLowError
        The sampling rate is too low for it.
    """
    match step:
        case Bandpass():
            sos = bandpass_sos(*step.band(fs), fs)
        case Highpass():
            sos = highpass_sos(step.cutoff_hz, fs)
        case Lowpass():
            sos = lowpass_sos(step.cutoff_hz, fs)
        case _:
            return None
    return Filter(sos, scheme_of(sos))


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps of a plan that act on samples.

    Attributes
    ----------
    parts
        Filters and rectifications in order.
    widened
        Samples by which what is not finite is masked on both sides; `None` where no step does.
    """

    parts: tuple[Filter | Rectify, ...]
    widened: int | None

    @classmethod
    def of(cls, steps: Sequence[object], fs: float) -> Self:
        """The chain of a plan's steps; those that only read events have no part in it.

        Raises
        ------
        FsTooLowError
            The sampling rate is too low for a filter.
        """
        both = [step if isinstance(step, Rectify) else filter_of(step, fs) for step in steps]
        wide = [to_samples(step.dilate_s, fs) for step in steps if isinstance(step, MaskNan)]
        return cls(tuple(part for part in both if part is not None), max(wide, default=None))

    def step(self, n: int, segment: Span) -> int:
        """At most `n` samples, but whole blocks of the last filter, at least one."""
        filters = [part for part in self.parts if isinstance(part, Filter)]
        if not filters:
            return n
        block = filters[-1].scheme.block(segment[1] - segment[0])
        return max(n // block, 1) * block

    def reads(self, span: Span, segment: Span) -> Span:
        """Samples of the segment that the result for `span` depends on."""
        wide = self.widened or 0
        start, stop = max(span[0] - wide, segment[0]), min(span[1] + wide, segment[1])
        for part in reversed(self.parts):
            if isinstance(part, Filter):
                span = part.reads(span, segment)
        return min(start, span[0]), max(stop, span[1])

    def over(self, read: Read, segment: Span) -> Read:
        """Samples after all parts, of spans of one segment."""
        for part in self.parts:
            read = _filtered(read, part, segment) if isinstance(part, Filter) else _rectified(read)
        return read


def _filtered(read: Read, part: Filter, segment: Span) -> Read:
    bridged = Bridged(read, segment)

    def filtered(start: int, stop: int) -> Floats:
        y = zero_phase_span(bridged, (start, stop), segment, part.sos)
        bad = ~np.isfinite(read(start, stop))
        if bad.any():
            y[bad] = np.nan
        return y

    return filtered


def _rectified(read: Read) -> Read:
    return lambda start, stop: np.abs(read(start, stop))


class _Gap(NamedTuple):
    """Samples that are not finite, and the nearest finite ones (sample, value) of the segment."""

    start: int
    stop: int
    ends: tuple[tuple[int, float], ...]


class Bridged:
    """Reads samples that are all finite: straight lines across gaps, as `bridge` draws them.

    A gap that goes on beyond what is read is searched for its ends; they are remembered.
    """

    def __init__(self, read: Read, segment: Span) -> None:
        self._read = read
        self._segment = segment
        self._known: dict[int, _Gap] = {}

    def __call__(self, start: int, stop: int) -> Floats:
        """Samples [start, stop)."""
        x = self._read(start, stop)
        bad = ~np.isfinite(x)
        if not bad.any():
            return x
        x = x.copy()
        for row in np.flatnonzero(bad.any(axis=1)).tolist():
            for a, b in spans_of(bad[row]):
                gap = self._gap(row, (start + a, start + b), x[row], start)
                x[row, a:b] = _line(gap, np.arange(start + a, start + b))
        return x

    def _gap(self, row: int, span: Span, x: Floats, first: int) -> _Gap:
        """The gap of which `span` was read; `x` are the samples read from `first` on."""
        known = self._known.get(row)
        if known is not None and known.start <= span[0] < known.stop:
            return known
        a, b = span
        before = (a - 1, float(x[a - 1 - first])) if a > first else self._search(row, a, -1)
        after = (b, float(x[b - first])) if b < first + x.size else self._search(row, b, 1)
        start = self._segment[0] if before is None else before[0] + 1
        stop = self._segment[1] if after is None else after[0]
        gap = _Gap(start, stop, tuple(end for end in (before, after) if end is not None))
        self._known[row] = gap
        return gap

    def _search(self, row: int, at: int, direction: int) -> tuple[int, float] | None:
        """The nearest finite sample before or from sample `at`; `None` if the segment has none."""
        low, high = self._segment
        while low < at if direction < 0 else at < high:
            far = min(max(at + direction * SEARCHED, low), high)
            start, stop = sorted((at, far))
            x = self._read(start, stop)[row]
            finite = np.flatnonzero(np.isfinite(x))
            if finite.size:
                nearest = int(finite[-1 if direction < 0 else 0])
                return start + nearest, float(x[nearest])
            at = far
        return None


def _line(gap: _Gap, samples: Ints) -> Floats:
    if not gap.ends:  # nothing of the segment is finite, and nothing of it will be kept
        return np.zeros(samples.size)
    where, values = zip(*gap.ends, strict=True)
    return np.asarray(np.interp(samples, where, values), np.float64)
