"""How often the signal turns, crosses or jumps: counts of section 4 as rates per second.

A count is divided by the time in which it could have happened: valid pairs (zero crossings,
Willison amplitude) or valid triples (slope sign changes) over `fs`. So a mask does not lower it.
NaN where there is none; 0 for a constant. The threshold should be about half the noise SD of the
recording: at 0 µV noise alone crosses zero as often as a signal.
"""

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.features.samples import divided
from emgproc.features.sums import Counts, Sums, sums_of


def zc(x: ArrayLike | Sums, fs: float, *, threshold_uv: float = 0.0) -> Floats:
    """Zero crossings, 1/s: x[i]·x[i+1] < 0 with |x[i+1] − x[i]| ≥ threshold.

    Examples
    --------
    >>> float(zc([1.0, -1.0, 1.0, -1.0, 1.0], fs=100))
    100.0
    """
    sums = sums_of(x, fs)
    counts = sums.of(Counts, checked_threshold(threshold_uv))
    return sums.shaped(divided(counts.crossings * sums.fs, sums.levels.pairs))


def ssc(x: ArrayLike | Sums, fs: float, *, threshold_uv: float = 0.0) -> Floats:
    """Slope sign changes, 1/s: d[i]·d[i+1] < 0 with max(|d[i]|, |d[i+1]|) ≥ threshold."""
    sums = sums_of(x, fs)
    counts = sums.of(Counts, checked_threshold(threshold_uv))
    return sums.shaped(divided(counts.turns * sums.fs, sums.levels.triples))


def wamp(x: ArrayLike | Sums, fs: float, *, threshold_uv: float = 0.0) -> Floats:
    """Willison amplitude, 1/s: steps |x[i+1] − x[i]| > threshold."""
    sums = sums_of(x, fs)
    counts = sums.of(Counts, checked_threshold(threshold_uv))
    return sums.shaped(divided(counts.jumps * sums.fs, sums.levels.pairs))


def checked_threshold(threshold_uv: float) -> float:
    """The threshold, µV.

    Raises
    ------
    ParameterError
        It is not a finite value ≥ 0.
    """
    if not (np.isfinite(threshold_uv) and threshold_uv >= 0):
        raise ParameterError(f"threshold_uv must be a finite µV value ≥ 0, got {threshold_uv!r}")
    return float(threshold_uv)
