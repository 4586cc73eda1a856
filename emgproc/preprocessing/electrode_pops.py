"""Electrode pops: where the level jumps, and how long it takes to come to rest again."""

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from emgproc.arrays import Bools, Floats, Ints
from emgproc.errors import ParameterError
from emgproc.preprocessing.pops import POP, SHORTEST_S
from emgproc.preprocessing.rows import close_short, dilate
from emgproc.recording import Recording
from emgproc.units import to_samples

BEFORE_S, AFTER_S = 0.02, 0.01  # straight lines on either side of a jump
RISE_S = 0.0015  # between them: an amplifier's low-pass takes as long to follow a jump
SUDDEN, LASTING = 0.7, 0.4  # share of a jump that happens within that time, and is left after it
LEVEL_S = 0.04  # two periods of 50 Hz: mains do not bend the level
CALM_S = 0.05


@dataclass(frozen=True, slots=True)
class MaskPop:
    """Mask electrode pops as `bad_pop`, from the jump until the level has come to rest.

    Straight lines are fitted to 20 ms before and 10 ms after every sample, 1.5 ms apart; the jump
    is the difference of their values between them. It must exceed `threshold` times the robust SD
    (1.4826·MAD) of all jumps of the segment, and `threshold` times the SD of the samples about
    either line: without the second, every burst after a quiet rest would be a pop. The lines
    follow a recovery within some ms, and a QRS complex. Of the jump, 0.7 must happen within the
    1.5 ms and 0.4 be there in the mean of the 10 ms after it: no motor unit's potential does both.

    The mask goes on while the level bends: until the second difference of its means of 40 ms
    stays within `threshold` robust SD for 50 ms. What a 20-Hz high-pass, started behind the mask,
    makes of the rest of a recovery grows with that bend: it is less than 2 % of the noise power
    of 15 s. Less than 0.25 s between two masks, or to an end of the segment, is masked too.

    Attributes
    ----------
    threshold
        Multiple of the robust SD, > 0.
    dilate_s
        Widening on both sides, s.

    Raises
    ------
    ParameterError
        A field is outside its range.
    """

    threshold: float = 10.0
    dilate_s: float = 0.05

    def __post_init__(self) -> None:
        if not (0 < self.threshold < math.inf and 0 <= self.dilate_s < math.inf):
            raise ParameterError(
                f"MaskPop needs a threshold above 0 and dilate_s of 0 or more, got {self}"
            )

    def __call__(self, recording: Recording) -> Recording:
        """Return the masked recording."""
        bad = np.zeros(recording.data.shape, np.bool_)
        for row in recording.emg_rows():
            for start, stop, _ in recording.segments:
                x = recording.data[row, start:stop]
                bad[row, start:stop] = unsettled(x, recording.fs, self.threshold)
        wide = dilate(bad, recording.segments, self.dilate_s, recording.fs)
        shortest = to_samples(SHORTEST_S, recording.fs)
        for start, stop, _ in recording.segments:
            close_short(wide[:, start:stop], shortest)
        return recording.with_mask(wide, POP, step=self)


def unsettled(x: Floats, fs: float, threshold: float) -> Bools:
    """Samples of one segment from each jump of the level until it rests; see `MaskPop`."""
    bad = np.zeros(x.size, np.bool_)
    finite = np.isfinite(x)
    if not finite.any():
        return bad
    d = np.where(finite, x, np.nan) - np.median(x[finite])
    found = _jumps(d, fs, threshold)
    rest = _at_rest(d, fs, threshold) if found.size else found
    for first in found.tolist():
        at = int(np.searchsorted(rest, first))
        bad[first : rest[at] + 1 if at < rest.size else x.size] = True
    return bad


class _Lines(NamedTuple):
    """Straight lines through windows that start at every sample: mean, slope, SD about them."""

    mean: Floats
    slope: Floats
    sd: Floats

    @classmethod
    def through(cls, d: Floats, m: int) -> Self:
        """Lines through `m` samples."""
        along = np.arange(m) - (m - 1) / 2
        spread = float(along @ along)
        mean, slope = np.correlate(d, np.ones(m)) / m, np.correlate(d, along) / spread
        about = np.correlate(d * d, np.ones(m)) - m * mean**2 - spread * slope**2
        return cls(mean, slope, np.sqrt(np.maximum(about, 0.0) / (m - 2)))

    def part(self, first: int, n: int) -> Self:
        """Those of `n` windows."""
        return type(self)(*(values[first : first + n] for values in self))


def _jumps(d: Floats, fs: float, threshold: float) -> Ints:
    """Samples at which the level jumps."""
    m, k, rise = (
        max(least, to_samples(seconds, fs))
        for least, seconds in ((4, BEFORE_S), (4, AFTER_S), (1, RISE_S))
    )
    n = d.size - m - rise - k + 1
    if n < m:
        return np.empty(0, np.int64)
    before = _Lines.through(d, m).part(0, n)
    after = _Lines.through(d, k).part(m + rise, n)
    rises = before.slope * (m + rise) / 2 + after.slope * (k + rise) / 2
    jump = np.abs(after.mean - before.mean - rises)
    sudden = np.abs(d[m + rise - 1 :][:n] - d[m - 1 :][:n]) > SUDDEN * jump
    lasting = np.abs(after.mean - before.mean) > LASTING * jump
    limit = threshold * np.maximum(_robust_sd(jump), np.maximum(before.sd, after.sd))
    return np.flatnonzero(sudden & lasting & (jump > np.maximum(limit, _rounding(d)))) + m


def _at_rest(d: Floats, fs: float, threshold: float) -> Ints:
    """Samples from which on the level does not bend for 50 ms."""
    w, calm = max(2, to_samples(LEVEL_S, fs)), max(1, to_samples(CALM_S, fs))
    if d.size < 3 * w + calm:
        return np.empty(0, np.int64)
    level = np.correlate(d, np.ones(w)) / w
    bend = np.abs(level[2 * w :] - 2 * level[w:-w] + level[: -2 * w])
    bent = bend > max(threshold * _robust_sd(bend), _rounding(d))
    n_bent = np.concatenate([[0], np.cumsum(bent)])
    return np.flatnonzero(n_bent[calm:] == n_bent[:-calm])


def _robust_sd(size: Floats) -> float:
    """Robust SD of what is symmetric about 0, from its absolute values."""
    known = size[np.isfinite(size)]
    return 1.4826 * float(np.median(known)) if known.size else math.inf


def _rounding(d: Floats) -> float:
    return 1e-9 * float(np.abs(d[np.isfinite(d)]).max())
