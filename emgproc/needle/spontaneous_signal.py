"""The signal in which potentials are looked for: filtered a block at a time, in noise SD."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Bools, Floats, Ints, spans_of
from emgproc.motor_units.needle_signal import NeedleSignal
from emgproc.needle.spontaneous_settings import SpontaneousSettings
from emgproc.preprocessing.blocks import zero_phase_span
from emgproc.preprocessing.butterworth import bandpass_sos

WORK_HZ = 20_000.0
BLOCK_S, MARGIN_S = 10.0, 0.060
MOST_FOR_NOISE = 12  # blocks
QUIET_SD = 0.6745  # median |x| of Gaussian noise of SD 1
QUIET_S, QUIET_SHARE, QUIET_BIAS = 0.020, 10, 1.12  # windows; the quietest tenth of them is noise

Span = tuple[int, int]


class Source(NamedTuple):
    """A channel and how it is filtered.

    Attributes
    ----------
    x
        Samples, µV.
    fs
        Sampling rate, Hz.
    step
        Samples of `x` to one of the filtered signal.
    sos
        Band of the filter.
    """

    x: Floats
    fs: float
    step: int
    sos: Floats

    @property
    def work_fs(self) -> float:
        """Rate of the filtered signal, Hz."""
        return self.fs / self.step

    def filtered(self, span: Span, stretch: Span) -> Floats:
        """Filtered samples of `span` within an unbroken stretch, every `step`-th, µV."""
        y = zero_phase_span(lambda a, b: self.x[None, a:b], span, stretch, self.sos)[0]
        return np.asarray(y[:: self.step])


class Block(NamedTuple):
    """A part of a stretch: potentials of `own` are kept, the signal reaches over `read`."""

    stretch: Span
    own: Span
    read: Span


def source_of(x: Floats, fs: float, settings: SpontaneousSettings) -> Source:
    """The channel with the band of the settings, lowered to what the rate allows."""
    high = min(settings.low_pass_hz, 0.4 * fs)
    step = max(1, int(fs // WORK_HZ)) if high <= 0.4 * WORK_HZ else 1
    return Source(x, fs, step, bandpass_sos(settings.high_pass_hz, high, fs))


def blocks_of(stretches: Sequence[Span], fs: float) -> Iterator[Block]:
    """Blocks of 10 s at most, none across the edge of a stretch."""
    length, margin = round(BLOCK_S * fs), round(MARGIN_S * fs)
    for start, stop in stretches:
        for a in range(start, stop, length):
            b = min(a + length, stop)
            yield Block((start, stop), (a, b), (max(a - margin, start), min(b + margin, stop)))


def noise_of(source: Source, stretches: Sequence[Span]) -> float:
    """SD of the noise in the band, µV: of the quietest tenth of 20-ms windows.

    In each it is median |x| / 0.6745. The median of the whole would take what fires without a
    pause for noise. Of more than 12 blocks every k-th is looked at.
    """
    n = round(QUIET_S * source.work_fs)
    found = [np.empty(0)]
    blocks = list(blocks_of(stretches, source.fs))
    for block in blocks[:: -(-len(blocks) // MOST_FOR_NOISE)]:
        y = np.abs(source.filtered(block.own, block.stretch))
        found.append(np.median(y[: y.size // n * n].reshape(-1, n), axis=1))
    level = np.concatenate(found)
    return float(np.percentile(level, QUIET_SHARE)) * QUIET_BIAS / QUIET_SD if level.size else 0.0


def active_signal(
    y: Floats, noise_uv: float, threshold_uv: float, fs: float, reach: int
) -> tuple[NeedleSignal, "Places"]:
    """What lies within `reach` samples of the threshold, joined, in noise SD; and where it lay."""
    near = _widened(np.abs(y) >= threshold_uv, reach)
    spans = spans_of(near)
    joined = y[near][None] / noise_uv
    starts = np.array([a for a, _ in spans], np.int64)
    lengths = np.array([b - a for a, b in spans], np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    masked = np.zeros(joined.shape[1], np.bool_)
    colour = fs / 2 / 5000.0
    signal = NeedleSignal(joined, np.array([noise_uv]), fs, 1.0, masked, max(colour, 1.0))
    return signal, Places(starts, offsets)


class Places(NamedTuple):
    """Where the samples of a joined signal lay: first sample of each part, there and here."""

    starts: Ints
    offsets: Ints

    def before(self, at: Ints) -> Ints:
        """Samples of the signal before it was joined."""
        part = np.searchsorted(self.offsets, at, side="right") - 1
        part = np.minimum(part, self.starts.size - 1)
        return np.asarray(self.starts[part] + at - self.offsets[part])


def _widened(flags: Bools, reach: int) -> Bools:
    edges = np.zeros(flags.size + 1, np.int64)
    at = np.flatnonzero(flags)
    np.add.at(edges, np.maximum(at - reach, 0), 1)
    np.add.at(edges, np.minimum(at + reach + 1, flags.size), -1)
    return np.asarray(np.cumsum(edges)[:-1] > 0)
