"""Co-contraction of two muscles from their envelopes.

Shape-, amplitude- and time-type indices disagree by construction (Carey), so all three are given.
None has a value where both muscles lie below their limit of detection: noise contracts with noise.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_vector
from emgproc.errors import ParameterError


class CoContraction(NamedTuple):
    """Indices of one pair of muscles; all NaN with a reason where there is no value.

    `falconer_winter_percent` 0–100, `rudolph` in units of the envelopes, `overlap` 0–1: time in
    which both exceed their limit over time in which one does. `n` counts samples valid in both.
    """

    falconer_winter_percent: float
    rudolph: float
    overlap: float
    n: int
    reason: str


def falconer_winter(a: ArrayLike, b: ArrayLike) -> float:
    """Falconer & Winter (1985), percent: 100·2·∫min(A, B) / ∫(A + B).

    Parameters
    ----------
    a, b
        Envelopes ≥ 0 of the same length and unit, NaN = masked.

    Returns
    -------
    float
        0–100; NaN where no sample is valid in both or both are silent.

    Examples
    --------
    >>> round(falconer_winter([1.0, 1.0], [0.5, 0.5]), 2)
    66.67
    """
    first, second = _envelopes(a, b)
    total = float((first + second).sum())
    return 200 * float(np.minimum(first, second).sum()) / total if total > 0 else float("nan")


def rudolph(a: ArrayLike, b: ArrayLike) -> float:
    """Rudolph et al. (2000): mean of (L/H)·(L + H), L and H the lower and higher at each sample.

    Examples
    --------
    >>> rudolph([1.0, 1.0], [0.5, 0.5])
    0.75
    """
    first, second = _envelopes(a, b)
    if not first.size:
        return float("nan")
    low, high = np.minimum(first, second), np.maximum(first, second)
    ratio = np.divide(low, high, out=np.zeros_like(low), where=high > 0)
    return float(np.mean(ratio * (low + high)))


def time_overlap(a: ArrayLike, b: ArrayLike, lod_a_uv: float, lod_b_uv: float) -> float:
    """Time both muscles exceed their limits over time one does, 0–1; NaN where none ever does."""
    first, second = _envelopes(a, b)
    active_a, active_b = first > lod_a_uv, second > lod_b_uv
    either = int((active_a | active_b).sum())
    return int((active_a & active_b).sum()) / either if either else float("nan")


def cocontraction(
    a: ArrayLike, b: ArrayLike, *, lod_a_uv: float, lod_b_uv: float
) -> CoContraction:
    """All three indices of a pair of muscles.

    Parameters
    ----------
    a, b
        Envelopes ≥ 0, µV, same length, NaN = masked.
    lod_a_uv, lod_b_uv
        Limits of detection of the two channels, µV, ≥ 0.

    Returns
    -------
    CoContraction
        Reason `all_masked` where no sample is valid in both, `below_lod` where the RMS of both
        envelopes lies below their limits (or both are silent).
    """
    if not (lod_a_uv >= 0 and lod_b_uv >= 0):
        raise ParameterError(f"limits must be ≥ 0 µV, got {lod_a_uv=}, {lod_b_uv=}")
    first, second = _envelopes(a, b)
    nothing = (float("nan"), float("nan"), float("nan"))
    if not first.size:
        return CoContraction(*nothing, 0, "all_masked")
    levels = [float(np.sqrt(np.mean(np.square(e)))) for e in (first, second)]
    silent = max(levels) == 0
    if silent or (levels[0] < lod_a_uv and levels[1] < lod_b_uv):
        return CoContraction(*nothing, first.size, "below_lod")
    overlap = time_overlap(first, second, lod_a_uv, lod_b_uv)
    indices = (falconer_winter(first, second), rudolph(first, second), overlap)
    return CoContraction(*indices, first.size, "")


def _envelopes(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    first, second = as_vector(a, "a"), as_vector(b, "b")
    if first.shape != second.shape:
        raise ParameterError(f"envelopes must be of one length, got {first.size}, {second.size}")
    ok = np.isfinite(first) & np.isfinite(second)
    first, second = first[ok], second[ok]
    if np.any(first < 0) or np.any(second < 0):
        raise ParameterError("an envelope is never negative; rectify and smooth first")
    return first, second
