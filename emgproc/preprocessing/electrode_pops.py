"""Electrode pops: where the level jumps, and how long it takes to come to rest again."""

import math
from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats, Ints, spans_of
from emgproc.errors import ParameterError
from emgproc.preprocessing.pops import POP, SHORTEST_S
from emgproc.preprocessing.rows import dilate
from emgproc.recording import Recording
from emgproc.units import to_samples

LINE_S = 0.01  # straight lines on either side of a jump
RISE_S = 0.001  # between them: an anti-aliasing filter takes as long to follow a jump
SUDDEN = 0.45  # share of a jump that happens within that time; of a motor unit's, at most 0.41
LEVEL_S = 0.04  # two periods of 50 Hz: mains do not bend the level
CALM_S = 0.05


@dataclass(frozen=True, slots=True)
class MaskPop:
    """Mask electrode pops as `bad_pop`, from the jump until the level has come to rest.

    Straight lines are fitted to 10 ms before and 10 ms after every sample, 1 ms apart; the jump is
    the difference of their values between them. It must exceed `threshold` times the robust SD
    (1.4826·MAD) of all jumps of the segment, and `threshold` times the SD of the samples about
    the two lines: without the second, every burst after a quiet rest would be a pop. A line
    follows a recovery within some ms, and a QRS complex; only a jump it does not.

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
        for row in np.flatnonzero(wide.any(axis=1)).tolist():
            for start, stop, _ in recording.segments:
                _close(wide[row, start:stop], shortest)
        return recording.with_mask(wide, POP, step=self)


def unsettled(x: Floats, fs: float, threshold: float) -> Bools:
    """Samples of one segment from each jump of the level until it rests; see `MaskPop`."""
    bad = np.zeros(x.size, np.bool_)
    finite = np.isfinite(x)
    if not finite.any():
        return bad
    d = x - np.median(x[finite])
    found = _jumps(d, fs, threshold)
    rest = _at_rest(d, fs, threshold) if found.size else found
    for first in found.tolist():
        at = int(np.searchsorted(rest, first))
        bad[first : rest[at] + 1 if at < rest.size else x.size] = True
    return bad


def _jumps(d: Floats, fs: float, threshold: float) -> Ints:
    """Samples at which two straight lines do not meet."""
    m, rise = max(4, to_samples(LINE_S, fs)), max(1, to_samples(RISE_S, fs))
    n = d.size - 2 * m - rise + 1
    if n < 2 * m:
        return np.empty(0, np.int64)
    along = np.arange(m) - (m - 1) / 2
    mean, slope, square = (
        np.correlate(values, weights) / m
        for values, weights in ((d, np.ones(m)), (d, along), (d * d, np.ones(m)))
    )
    slope = slope * m / float(along @ along)
    about = np.maximum(square - mean**2 - slope**2 * float(along @ along) / m, 0.0) * m / (m - 2)
    half = (m + rise) / 2
    jump = np.abs(mean[-n:] - mean[:n] - half * (slope[-n:] + slope[:n]))
    within = np.sqrt((about[-n:] + about[:n]) / 2)
    limit = threshold * np.maximum(_robust_sd(jump), within)
    across = np.abs(d[m + rise - 1 :][:n] - d[m - 1 :][:n])
    sudden = across > SUDDEN * jump
    return np.flatnonzero(sudden & (jump > np.maximum(limit, _rounding(d)))) + m


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


def _close(masked: Bools, shortest: int) -> None:
    """Mask what is left of one segment in pieces shorter than `shortest`, in place."""
    if masked.any():
        for a, b in spans_of(~masked):
            if b - a < shortest:
                masked[a:b] = True
