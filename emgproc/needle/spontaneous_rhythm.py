"""How regularly a train fires, with discharges missing and the rate drifting."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats

LEAST_INTERVALS = 3
PAUSE = 4.5  # intervals longer than so many usual ones part two runs of a train
MAD_SD = 1.4826
MOSTLY = 0.6  # of the intervals near the median: a regular train; a Poisson process has 0.4


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Rate and regularity of a train.

    Attributes
    ----------
    n_intervals
        Intervals, none of them across a gap of the usable signal.
    rate_hz
        Reciprocal of the median interval; of fewer than 3 intervals NaN.
    cov
        Coefficient of variation of the intervals after a straight line was taken out.
    cov_usual
        The same of the usual intervals: pauses of more than 4.5 medians are left out; so are
        intervals farther than half the median from it, if more than 0.6 are not; the spread is
        1.4826 times the median deviation. A missing discharge, or one too many, hardly counts.
    """

    n_intervals: int
    rate_hz: float
    cov: float
    cov_usual: float


def rhythm_of(intervals_s: Floats) -> Rhythm:
    """Rhythm of successive intervals, s (n,).

    Examples
    --------
    One discharge of a regular train is missing.

    >>> found = rhythm_of(np.array([0.1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.1, 0.1]))
    >>> round(found.rate_hz), round(found.cov, 1), round(found.cov_usual, 1)
    (10, 0.3, 0.0)
    """
    n = intervals_s.size
    if n < LEAST_INTERVALS:
        return Rhythm(n, np.nan, np.nan, np.nan)
    middle = float(np.median(intervals_s))
    usual = intervals_s <= PAUSE * middle
    kept = intervals_s[usual]
    near = np.abs(kept - middle) <= 0.5 * middle
    at = np.arange(kept.size, dtype=np.float64)
    trend = _line(at[near], kept[near], at) if near.any() else np.full(kept.size, middle)
    off = np.abs(kept - trend)
    spread = MAD_SD * float(np.median(off[near] if near.mean() > MOSTLY else off))
    place = np.arange(n, dtype=np.float64)
    rest = intervals_s - _line(place, intervals_s, place)
    cov = float(np.sqrt(np.sum(rest**2) / (n - 2))) / float(intervals_s.mean())
    return Rhythm(n, 1 / middle, cov, spread / middle)


def _line(x: Floats, y: Floats, at: Floats) -> Floats:
    """Least-squares line through points, at other places; their mean where there are few."""
    centre = x - x.mean()
    power = float(np.sum(centre**2))
    slope = float(np.sum(centre * y)) / power if x.size > LEAST_INTERVALS and power > 0 else 0.0
    return np.asarray(y.mean() + slope * (at - x.mean()))
