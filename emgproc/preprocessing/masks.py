"""Masks: where samples are missing, flat, moved, or lie in a named event.

A mask never changes a sample; it adds `bad_*` events. All act on the EMG rows only.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from emgproc.arrays import Bools, Floats, spans_of
from emgproc.errors import ParameterError
from emgproc.preprocessing.pops import between_pops
from emgproc.preprocessing.rows import dilate
from emgproc.preprocessing.windows import moving_sum
from emgproc.recording import Event, Recording
from emgproc.units import to_samples

LEAST_VALID = 0.25


@dataclass(frozen=True, slots=True)
class MaskNan:
    """Mask samples that are not finite as `bad_nan`, widened by `dilate_s` on both sides."""

    dilate_s: float = 0.05

    def __post_init__(self) -> None:
        _check_times(self, self.dilate_s)

    def __call__(self, recording: Recording) -> Recording:
        """Return the masked recording."""
        bad = np.zeros(recording.data.shape, np.bool_)
        for row in recording.emg_rows():
            bad[row] = ~np.isfinite(recording.data[row])
        wide = dilate(bad, recording.segments, self.dilate_s, recording.fs)
        return recording.with_mask(wide, "bad_nan", step=self)


@dataclass(frozen=True, slots=True)
class MaskFlat:
    """Mask drop-outs as `bad_flat`: the SD stays below one converter step for `min_s`.

    Where the file states no step (`Channel.lsb_uv`), all samples of the run must be equal.

    Attributes
    ----------
    min_s
        Shortest flat run, s.
    dilate_s
        Widening on both sides, s.
    """

    min_s: float = 0.02
    dilate_s: float = 0.05

    def __post_init__(self) -> None:
        _check_times(self, self.min_s, self.dilate_s)

    def __call__(self, recording: Recording) -> Recording:
        """Return the masked recording."""
        n = max(2, to_samples(self.min_s, recording.fs))
        bad = np.zeros(recording.data.shape, np.bool_)
        for row in recording.emg_rows():
            lsb_uv = recording.channels[row].lsb_uv
            for start, stop, _ in recording.segments:
                x = recording.data[row, start:stop]
                bad[row, start:stop] = _equal_runs(x, n)
                if lsb_uv is not None:
                    bad[row, start:stop] |= _quiet_windows(x, n, lsb_uv)
        wide = dilate(bad, recording.segments, self.dilate_s, recording.fs)
        return recording.with_mask(wide, "bad_flat", step=self)


@dataclass(frozen=True, slots=True)
class MaskEvents:
    """Mask every event called one of `labels` as `bad_<label>`, widened by `dilate_s`.

    An event of one channel masks that channel; one without a channel masks all EMG rows. One
    without a duration masks its sample, and `dilate_s` around it.
    """

    labels: tuple[str, ...] = ("cry", "movement", "handling", "pacifier", "sedation")
    dilate_s: float = 0.05

    def __post_init__(self) -> None:
        _check_times(self, self.dilate_s)
        object.__setattr__(self, "labels", tuple(self.labels))
        if not self.labels or not all(isinstance(name, str) and name for name in self.labels):
            raise ParameterError(f"MaskEvents needs labels, got {self}")

    def __call__(self, recording: Recording) -> Recording:
        """Return the masked recording."""
        fresh: set[Event] = set()
        for label in self.labels:
            bad = np.zeros(recording.data.shape, np.bool_)
            for row in recording.emg_rows():
                for start, stop in _event_spans(recording, label, recording.channels[row].name):
                    bad[row, start:stop] = True
            wide = dilate(bad, recording.segments, self.dilate_s, recording.fs)
            name = f"bad_{label.replace('/', '_')}"
            fresh.update(recording.with_mask(wide, name, step=self).events)
        fresh.difference_update(recording.events)
        return recording.with_events(fresh, step=self)


@dataclass(frozen=True, slots=True)
class MaskMotion:
    """Mask windows as `bad_motion` where slow power dominates.

    Per window (straight line removed, Hann) the share that the power from `above_hz` to `below_hz`
    has in all above `above_hz` is compared with `share`. Windows follow each other from the start
    of a segment, and anew after an electrode pop; the last ends with it. Masked samples are
    bridged, windows of which less than a quarter is valid are not judged.

    Heart and breathing are slow too: after `SubtractEcg`, and with an `above_hz` of 8 Hz, what
    they leave is not taken for motion.

    Attributes
    ----------
    below_hz
        Upper edge of the slow band, Hz.
    share
        Greatest share of power that is no motion, 0 … 1.
    window_s, dilate_s
        Window length and widening on both sides, s.
    above_hz
        Lower edge of all that is looked at, Hz, below `below_hz`.
    """

    below_hz: float = 20.0
    share: float = 0.5
    window_s: float = 1.0
    dilate_s: float = 0.05
    above_hz: float = 0.0

    def __post_init__(self) -> None:
        _check_times(self, self.window_s, self.dilate_s)
        if not (0 <= self.above_hz < self.below_hz < math.inf):
            raise ParameterError(f"MaskMotion needs 0 <= above_hz < below_hz, got {self}")
        if not (0 < self.share < 1 and self.window_s > 0):
            raise ParameterError(f"MaskMotion needs 0 < share < 1 and window_s > 0, got {self}")

    def __call__(self, recording: Recording) -> Recording:
        """Return the masked recording."""
        n = max(8, to_samples(self.window_s, recording.fs))
        valid = np.isfinite(recording.data) & ~recording.mask()
        bad = np.zeros(recording.data.shape, np.bool_)
        for row in recording.emg_rows():
            for start, stop in _windows(between_pops(recording, row), n):
                span = slice(start, stop)
                share = self._slow_share(recording.data[row, span], valid[row, span], recording.fs)
                bad[row, span] |= share > self.share
        wide = dilate(bad, recording.segments, self.dilate_s, recording.fs)
        return recording.with_mask(wide, "bad_motion", step=self)

    def _slow_share(self, x: Floats, valid: Bools, fs: float) -> float:
        """Share of slow power; 0 where fewer than a quarter of the samples are valid."""
        if valid.sum() < max(8, LEAST_VALID * x.size):
            return 0.0
        t = np.linspace(-1, 1, x.size)
        slope, level = np.polyfit(t[valid], x[valid], 1)
        rest = np.interp(t, t[valid], x[valid]) - level - slope * t
        power = np.abs(np.fft.rfft(rest * np.hanning(x.size))) ** 2
        hz = np.fft.rfftfreq(x.size, 1 / fs)
        power[hz < self.above_hz] = 0.0
        total = float(power.sum())
        return float(power[hz < self.below_hz].sum()) / total if total > 0 else 0.0


def _event_spans(recording: Recording, label: str, channel: str) -> list[tuple[int, int]]:
    sample_s = 1 / recording.fs
    return [
        span
        for event in recording.events
        if event.label == label and event.channel in {"", channel}
        for span in recording.spans(replace(event, duration_s=max(event.duration_s, sample_s)))
    ]


def _check_times(step: object, *times_s: float) -> None:
    if not all(0 <= t < math.inf for t in times_s):
        raise ParameterError(f"times must be finite and not negative, got {step}")


def _equal_runs(x: Floats, n: int) -> Bools:
    """Samples in runs of at least `n` equal values."""
    bad = np.zeros(x.size, np.bool_)
    for start, stop in spans_of((x[1:] == x[:-1]) & np.isfinite(x[1:])):
        if stop - start + 1 >= n:
            bad[start : stop + 1] = True
    return bad


def _quiet_windows(x: Floats, n: int, lsb_uv: float) -> Bools:
    """Samples of whole windows of `n` whose SD is below `lsb_uv`."""
    bad = np.zeros(x.size, np.bool_)
    finite = np.isfinite(x)
    if x.size < n or not finite.any():
        return bad
    d = x - np.median(x[finite])
    with np.errstate(invalid="ignore"):
        variance = moving_sum(d * d, n) / n - (moving_sum(d, n) / n) ** 2
    half = n // 2
    quiet = variance[half : x.size - n + half + 1] < lsb_uv**2
    for start, stop in spans_of(quiet):
        bad[start : stop + n - 1] = True
    return bad


def _windows(spans: list[tuple[int, int]], n: int) -> list[tuple[int, int]]:
    windows = []
    for start, stop in spans:
        firsts = range(start, max(stop - n, start) + 1, n)
        windows += [(first, min(first + n, stop)) for first in firsts]
        if firsts[-1] + n < stop:
            windows.append((stop - n, stop))
    return windows
