"""Clipping: samples that stand at a rail of the converter or of the amplifier."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Bools, Floats, Ints, spans_of
from emgproc.errors import ParameterError
from emgproc.preprocessing.rows import dilate, found
from emgproc.recording import Channel, Recording

MIN_RUN = 3
PILED_UP = 0.001


@dataclass(frozen=True, slots=True)
class MaskClip:
    """Mask clipped samples as `bad_clip`; the share clipped is the finding `clip_fraction`.

    Clipped are runs of at least 3 equal samples at a rail (the channel's `range_uv`; where the
    file states none, the extremes observed), and all samples at an observed extreme that holds
    more than 0.1 % of the samples and twice as many as the next level: a converter may state a
    wider range than its amplifier reaches.

    Attributes
    ----------
    dilate_s
        Widening on both sides, s.
    max_fraction
        Above this share of clipped samples the whole channel is masked, 0 … 1.
    """

    dilate_s: float = 0.01
    max_fraction: float = 0.05

    def __post_init__(self) -> None:
        if not (0 <= self.dilate_s < math.inf and 0 <= self.max_fraction <= 1):
            raise ParameterError(
                f"MaskClip needs dilate_s >= 0 and 0 <= max_fraction <= 1, got {self}"
            )

    def __call__(self, recording: Recording) -> Recording:
        """Return the masked recording."""
        rows = recording.emg_rows()
        bad = np.zeros(recording.data.shape, np.bool_)
        for row in rows:
            bad[row] = clipped(recording.data[row], recording.channels[row])
        fractions = [
            bad[row].sum() / max(1, np.isfinite(recording.data[row]).sum()) for row in rows
        ]
        wide = dilate(bad, recording.segments, self.dilate_s, recording.fs)
        for row, fraction in zip(rows, fractions, strict=True):
            wide[row] |= fraction > self.max_fraction
        findings = found(recording, rows, "clip_fraction", "1", fractions)
        return recording.with_mask(wide, "bad_clip", step=self, findings=findings)


class Rails(NamedTuple):
    """What counts as clipped in a channel, µV: runs below `low` or above `high`, and levels."""

    low: float
    high: float
    piled_up: tuple[float, ...]


def clipped(x: Floats, channel: Channel) -> Bools:
    """Samples of one channel that are clipped; see `MaskClip`."""
    levels, counts = np.unique(x[np.isfinite(x)], return_counts=True)
    rails = rails_of(levels, counts, x.size, channel)
    return np.zeros(x.size, np.bool_) if rails is None else at_rails(x, rails)


def rails_of(levels: Floats, counts: Ints, n: int, channel: Channel) -> Rails | None:
    """Rails of a channel of `n` samples; `None` for a constant, which is flat, not clipped.

    `levels` are its values in order, each once, and `counts` how often each is found. The two
    lowest and the two highest are enough.
    """
    if levels.size < 2:
        return None
    low, high = channel.range_uv or (float(levels[0]), float(levels[-1]))
    slack = 0.5 * channel.lsb_uv if channel.lsb_uv is not None else 1e-9 * (high - low)
    piled_up = []
    for end, next_in in ((0, 1), (-1, -2)):
        count = int(counts[end])
        if count >= MIN_RUN and count > PILED_UP * n and count >= 2 * counts[next_in]:
            piled_up.append(float(levels[end]))
    return Rails(low + slack, high - slack, tuple(piled_up))


def at_rails(x: Floats, rails: Rails) -> Bools:
    """Samples of a vector that are clipped."""
    bad = np.zeros(x.size, np.bool_)
    at_rail = (x <= rails.low) | (x >= rails.high)
    same = at_rail[1:] & (x[1:] == x[:-1]) & np.isfinite(x[1:])
    for start, stop in spans_of(same):
        if stop - start + 1 >= MIN_RUN:
            bad[start : stop + 1] = True
    for level in rails.piled_up:
        bad |= x == level
    return bad
