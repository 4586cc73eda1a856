"""How often the signal turns, crosses or jumps: counts of section 4 as rates per second.

A count is divided by the time in which it could have happened: valid pairs (zero crossings,
Willison amplitude) or valid triples (slope sign changes) over `fs`. So a mask does not lower it.
NaN where there is none; 0 for a constant. The threshold should be about half the noise SD of the
recording: at 0 µV noise alone crosses zero as often as a signal.
"""

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError
from emgproc.features.samples import centred, divided


def zc(x: ArrayLike, fs: float, *, threshold_uv: float = 0.0) -> Floats:
    """Zero crossings, 1/s: x[i]·x[i+1] < 0 with |x[i+1] − x[i]| ≥ threshold.

    Examples
    --------
    >>> float(zc([1.0, -1.0, 1.0, -1.0, 1.0], fs=100))
    100.0
    """
    values = centred(x, fs)
    left, right = values.x[..., :-1], values.x[..., 1:]
    crossing = (left * right < 0) & (np.abs(right - left) >= _checked(threshold_uv))
    return _rate(crossing, values.ok[..., 1:] & values.ok[..., :-1], fs)


def ssc(x: ArrayLike, fs: float, *, threshold_uv: float = 0.0) -> Floats:
    """Slope sign changes, 1/s: d[i]·d[i+1] < 0 with max(|d[i]|, |d[i+1]|) ≥ threshold."""
    values = centred(x, fs)
    steps = np.diff(values.x, axis=-1)
    left, right = steps[..., :-1], steps[..., 1:]
    large = np.maximum(np.abs(left), np.abs(right)) >= _checked(threshold_uv)
    ok = values.ok
    return _rate((left * right < 0) & large, ok[..., 2:] & ok[..., 1:-1] & ok[..., :-2], fs)


def wamp(x: ArrayLike, fs: float, *, threshold_uv: float = 0.0) -> Floats:
    """Willison amplitude, 1/s: steps |x[i+1] − x[i]| > threshold."""
    values = centred(x, fs)
    large = np.abs(np.diff(values.x, axis=-1)) > _checked(threshold_uv)
    return _rate(large, values.ok[..., 1:] & values.ok[..., :-1], fs)


def _rate(happened: Bools, could: Bools, fs: float) -> Floats:
    return divided((happened & could).sum(axis=-1) * float(fs), could.sum(axis=-1))


def _checked(threshold_uv: float) -> float:
    if not (np.isfinite(threshold_uv) and threshold_uv >= 0):
        raise ParameterError(f"threshold_uv must be a finite µV value ≥ 0, got {threshold_uv!r}")
    return float(threshold_uv)
