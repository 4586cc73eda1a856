"""What a needle potential without noise measures: amplitude, durations, phases, turns, satellites.

Rules of the project (D1, D2, the 20-µV phase, the 50-µV turn, the 50-µV satellite 3 ms away), here
for truth: a template without noise, of which every sample counts.

References
----------
Stålberg et al. 1986, Muscle Nerve 9, suppl (terminology). Stålberg, Andreassen, Falck, Lang,
Rosenfalck and Trojaborg 1986, J Clin Neurophysiol 3:313 (quantitative descriptors).
"""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats, as_vector, check_fs, spans_of
from emgproc.errors import SignalError

QUIET_UV = 20.0
QUIET_UV_MS = 10.0
QUIET_S = 0.002
D2_SHARE = 0.98
D2_REACH_S = 0.020
PHASE_UV = 20.0
TURN_UV = 50.0
SATELLITE_UV = 50.0
SATELLITE_S = 0.003
FIRST_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Shape:
    """Measures of one potential.

    Attributes
    ----------
    amplitude_uv
        Maximum − minimum.
    duration_d1_ms
        From the main spike outwards to where, for 2 ms, |v| < 20 µV and |dv/dt| < 10 µV/ms; 0
        where the spike itself is smaller.
    duration_d2_ms
        Interval that holds 98 % of ∫|v| within ±20 ms of the main spike (1 % lies on either side).
    n_phases
        Excursions of 20 µV or more of alternating sign within D1.
    n_turns
        Changes of direction 50 µV or more apart.
    n_satellites
        Components of 50 µV or more that 3 ms of baseline or more (|v| < 20 µV) part from the main
        spike.
    first_sign
        +1 where the first deflection of a tenth of the amplitude is positive, −1 where negative.
    """

    amplitude_uv: float
    duration_d1_ms: float
    duration_d2_ms: float
    n_phases: int
    n_turns: int
    n_satellites: int
    first_sign: int


def measure(template_uv: Floats, fs: float) -> Shape:
    """Measure a potential without noise, µV (n_samples,), at `fs` Hz.

    Raises
    ------
    SignalError
        The potential is no vector of finite numbers, or it is zero everywhere.
    """
    v, fs = as_vector(template_uv, "template_uv"), check_fs(fs)
    if v.size < 3 or not np.isfinite(v).all() or not v.any():
        raise SignalError(f"a potential has finite samples and is not flat, got shape {v.shape}")
    start, stop = d1_span(v, fs)
    amplitude = float(np.ptp(v))
    first = v[np.argmax(np.abs(v) >= FIRST_SHARE * amplitude)]
    return Shape(
        amplitude,
        (stop - start) / fs * 1e3,
        _d2_samples(v, fs) / fs * 1e3,
        _n_phases(v[start:stop]),
        max(extremes(v, TURN_UV).size - 2, 0),
        _n_satellites(v, fs),
        int(np.sign(first)),
    )


def d1_span(v: Floats, fs: float) -> tuple[int, int]:
    """Samples [start, stop) of the duration by rule D1; empty where |v| stays below 20 µV."""
    peak = int(np.argmax(np.abs(v)))
    if abs(v[peak]) < QUIET_UV:
        return peak, peak
    slope = np.abs(np.gradient(v)) * fs * 1e-3
    quiet = (np.abs(v) < QUIET_UV) & (slope < QUIET_UV_MS)
    after = _first_run(quiet[peak:], round(QUIET_S * fs))
    before = _first_run(quiet[peak::-1], round(QUIET_S * fs))
    return peak - before + 1, peak + after


def _first_run(flags: Bools, length: int) -> int:
    """Start of the first run of `length` True values; the end counts as quiet."""
    padded = np.concatenate((flags, np.ones(length, np.bool_)))
    return next(a for a, b in spans_of(padded) if b - a >= length)


def _d2_samples(v: Floats, fs: float) -> int:
    peak, reach = int(np.argmax(np.abs(v))), round(D2_REACH_S * fs)
    area = np.cumsum(np.abs(v[max(peak - reach, 0) : peak + reach + 1]))
    tail = (1 - D2_SHARE) / 2 * area[-1]
    return int(np.searchsorted(area, area[-1] - tail) - np.searchsorted(area, tail))


def _n_phases(v: Floats) -> int:
    excursions = [np.sign(v[a:b][np.argmax(np.abs(v[a:b]))]) for a, b in _excursions(v, PHASE_UV)]
    return int(np.sum(np.diff(excursions, prepend=0.0) != 0)) if excursions else 0


def _excursions(v: Floats, least_uv: float) -> list[tuple[int, int]]:
    """Runs of one sign that reach `least_uv`."""
    runs = spans_of(v > 0) + spans_of(v < 0)
    return sorted((a, b) for a, b in runs if np.max(np.abs(v[a:b])) >= least_uv)


def extremes(v: Floats, least_uv: float) -> Floats:
    """Values of `v` where it turns, its two ends included, each `least_uv` or more from the next.

    An extreme counts once the signal has come back from it by `least_uv`.
    """
    inner = np.flatnonzero(np.diff(v[1:]) * np.diff(v[:-1]) < 0) + 1
    values = v[np.concatenate(([0], inner, [v.size - 1]))]
    kept = [float(values[0])]
    rising = 0.0
    for value in values[1:]:
        step = float(value) - kept[-1]
        if step * rising > 0:
            kept[-1] = float(value)
        elif abs(step) >= least_uv:
            kept.append(float(value))
            rising = step
    return np.array(kept)


def _n_satellites(v: Floats, fs: float) -> int:
    """Islands of |v| >= 20 µV that 3 ms part and that span 50 µV, apart from the largest."""
    loud = np.flatnonzero(np.abs(v) >= QUIET_UV)
    if loud.size == 0:
        return 0
    islands = np.split(loud, np.flatnonzero(np.diff(loud) >= SATELLITE_S * fs) + 1)
    heights = [np.ptp(np.concatenate(([0.0], v[island]))) for island in islands]
    return max(sum(bool(height >= SATELLITE_UV) for height in heights) - 1, 0)
