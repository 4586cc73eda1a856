"""Clipping: samples that stand at a rail of the converter or of the amplifier."""

import math
from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats, spans_of
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


def clipped(x: Floats, channel: Channel) -> Bools:
    """Samples of one channel that are clipped; see `MaskClip`."""
    bad = np.zeros(x.size, np.bool_)
    levels, counts = np.unique(x[np.isfinite(x)], return_counts=True)
    if levels.size < 2:  # a constant is flat, not clipped
        return bad
    low, high = channel.range_uv or (float(levels[0]), float(levels[-1]))
    slack = 0.5 * channel.lsb_uv if channel.lsb_uv is not None else 1e-9 * (high - low)
    at_rail = (x <= low + slack) | (x >= high - slack)
    same = at_rail[1:] & (x[1:] == x[:-1]) & np.isfinite(x[1:])
    for start, stop in spans_of(same):
        if stop - start + 1 >= MIN_RUN:
            bad[start : stop + 1] = True
    for end, next_in in ((0, 1), (-1, -2)):
        n = int(counts[end])
        if n >= MIN_RUN and n > PILED_UP * x.size and n >= 2 * counts[next_in]:
            bad |= x == levels[end]
    return bad
