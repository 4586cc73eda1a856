"""Onset, offset, phases, turns and satellites of a potential: rules D1 and D2.

On a template that holds noise the slope from one sample to the next says nothing: 1 µV of noise at
25 kHz is a slope of 18 µV/ms. Levels here are means over 0.25 ms and slopes those of lines
over 1 ms, both within the 2 ms that have to be quiet: a sharp end is not smeared outwards. A
gentle end, with slopes of about 10 µV/ms for long, comes up to 0.4 ms sooner on either side than
by slopes from sample to sample.

References
----------
Stålberg, Andreassen, Falck, Lang, Rosenfalck and Trojaborg 1986, J Clin Neurophysiol 3:313
(descriptors). Sonoo and Stålberg 1993, Electroencephalogr Clin Neurophysiol 89:20 (size index).
"""

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from emgproc.arrays import Floats, Ints, spans_of
from emgproc.features.turns import turn_positions

QUIET_UV, QUIET_UV_MS, QUIET_S = 20.0, 10.0, 0.002
LEVEL_S, SLOPE_S = 0.00025, 0.001
D2_SHARE, D2_REACH_S = 0.98, 0.020
PHASE_UV, TURN_UV, SATELLITE_UV, SATELLITE_S = 20.0, 50.0, 50.0, 0.003
UNSURE_S = 0.0005
UNSURE_D1_SD = 2.0  # of the noise by which both limits are moved, up and down
MOST_D2_S = 0.0015  # beyond which D2 has no value
UNSURE_D2_SHARE = 0.3  # of the noise taken off: that of a template is no better known
NO_SPAN = (0, 0)


class Marks(NamedTuple):
    """Where the parts of a potential lie, samples of its template.

    Attributes
    ----------
    peak
        Greatest |µV|.
    span
        Onset and offset by rule D1, [start, stop); (0, 0) with a reason.
    reason
        Why D1 has none: `below_20_uv` (the spike), `no_baseline` (it is nowhere quiet for 2 ms).
    phases
        Excursions [start, stop) of 20 µV or more within D1, in order; neighbours of one sign are
        one phase.
    turns
        Extremes within D1, each 50 µV or more from the next, ascending.
    satellites
        Components [start, stop) of 50 µV or more, 3 ms or more from the main part.
    least, most
        Spans by limits moved up and down by twice the RMS of the noise left in the template, in µV
        and in µV/ms; (0, 0) where there is none.
    """

    peak: int
    span: tuple[int, int]
    reason: str
    phases: tuple[tuple[int, int], ...]
    turns: Ints
    satellites: tuple[tuple[int, int], ...]
    least: tuple[int, int] = NO_SPAN
    most: tuple[int, int] = NO_SPAN


def marks_of(v: Floats, fs: float, noise_uv: float = 0.0) -> Marks:
    """Marks of a potential about its baseline, µV (n,), with noise of so much RMS left in it."""
    peak = int(np.argmax(np.abs(v)))
    span, reason = _d1_span(v, fs, peak)
    noise = 0.0 if np.isnan(noise_uv) else noise_uv
    least, most = (_d1_span(v, fs, peak, sign * UNSURE_D1_SD * noise)[0] for sign in (1, -1))
    part = v[span[0] : span[1]]
    turns = turn_positions(part, threshold_uv=TURN_UV) if part.size else np.empty(0, np.int64)
    phases = tuple((a + span[0], b + span[0]) for a, b in phases_of(part))
    return Marks(
        peak, span, reason, phases, np.asarray(turns) + span[0], _satellites(v, fs, peak),
        least, most,
    )  # fmt: skip


def d1_unsure(marks: Marks, fs: float) -> bool:
    """Onset or offset is not known to 0.5 ms: a slow tail or a bump lies close to the limits."""
    return _differ(marks.least, marks.most, 2 * UNSURE_S * fs)


def _differ(one: tuple[int, int], other: tuple[int, int], most: float) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) > most


def _d1_span(v: Floats, fs: float, peak: int, off: float = 0.0) -> tuple[tuple[int, int], str]:
    """Onset and offset; the limits higher by `off` (µV and µV/ms)."""
    if abs(v[peak]) < QUIET_UV:
        return NO_SPAN, "below_20_uv"
    after = _first_quiet(v[peak:], fs, off)
    before = _first_quiet(v[peak::-1], fs, off)
    if after is None or before is None:
        return NO_SPAN, "no_baseline"
    return (peak - before + 1, peak + after), ""


def _first_quiet(v: Floats, fs: float, off: float) -> int | None:
    """First sample from which on |v| < 20 µV and |dv/dt| < 10 µV/ms for 2 ms."""
    quiet, level, slope = (max(round(s * fs), 2) for s in (QUIET_S, LEVEL_S, SLOPE_S))
    if v.size < quiet:
        return None
    rise = np.arange(slope) - (slope - 1) / 2
    levels = np.abs(sliding_window_view(v, level).mean(axis=1))
    slopes = np.abs(sliding_window_view(v, slope) @ rise) / (rise @ rise) * fs * 1e-3
    most = sliding_window_view(levels, quiet - level + 1).max(axis=1)
    steepest = sliding_window_view(slopes, quiet - slope + 1).max(axis=1)
    found = np.flatnonzero((most < QUIET_UV + off) & (steepest < QUIET_UV_MS + off))
    return int(found[0]) if found.size else None


def d2_span(v: Floats, fs: float, span: tuple[int, int], noise_uv: float = 0.0) -> tuple[int, int]:
    """Samples [start, stop) that hold 98 % of ∫|v| within ±20 ms of the peak.

    What noise of `noise_uv` (RMS) adds to |v| on average, noise·√(2/π), is taken off outside the
    span of D1: 1 % of a small potential's area lies within 5 ms of 1 µV of noise.
    """
    peak, reach = int(np.argmax(np.abs(v))), round(D2_REACH_S * fs)
    first, last = max(peak - reach, 0), min(peak + reach + 1, v.size)
    sizes = np.abs(v)
    outside = np.ones(v.size, np.bool_)
    outside[span[0] : span[1]] = False
    sizes[outside] -= noise_uv * np.sqrt(2 / np.pi)
    area = np.cumsum(sizes[first:last])
    tail = (1 - D2_SHARE) / 2 * area[-1]
    middle = peak - first
    low = np.flatnonzero(area[: middle + 1] < tail)
    high = np.flatnonzero(area[middle:] >= area[-1] - tail)
    start = int(low[-1]) + 1 if low.size else 0
    return first + start, first + middle + int(high[0])


def d2_spread_s(v: Floats, fs: float, span: tuple[int, int], noise_uv: float) -> float:
    """By how much an end of D2 moves where the noise is three tenths more instead of less, s."""
    more, less = (d2_span(v, fs, span, noise_uv * (1 + s * UNSURE_D2_SHARE)) for s in (1, -1))
    return max(abs(a - b) for a, b in zip(more, less, strict=True)) / fs


def phases_of(v: Floats) -> tuple[tuple[int, int], ...]:
    """Excursions of 20 µV or more, in order; neighbours of one sign are one.

    Their number is that of the baseline crossings between them, plus one.
    """
    runs = sorted(spans_of(v > 0) + spans_of(v < 0))
    merged: list[tuple[int, int]] = []
    for start, stop in runs:
        if np.abs(v[start:stop]).max() < PHASE_UV:
            continue
        if merged and (v[merged[-1][0]] > 0) == (v[start] > 0):
            merged[-1] = merged[-1][0], stop
        else:
            merged.append((start, stop))
    return tuple(merged)


def _satellites(v: Floats, fs: float, peak: int) -> tuple[tuple[int, int], ...]:
    """Islands of |v| >= 20 µV that 3 ms part and that span 50 µV, apart from the main one."""
    width = max(round(LEVEL_S * fs) // 2 * 2 + 1, 3)
    level = np.abs(np.convolve(v, np.ones(width) / width, "same"))
    loud = np.flatnonzero(level >= QUIET_UV)
    if not loud.size:
        return ()
    islands = np.split(loud, np.flatnonzero(np.diff(loud) >= SATELLITE_S * fs) + 1)
    spans = [(int(island[0]), int(island[-1]) + 1) for island in islands]
    return tuple(
        (start, stop)
        for start, stop in spans
        if not start - width <= peak < stop + width
        and np.ptp(np.append(v[start:stop], 0.0)) >= SATELLITE_UV
    )
