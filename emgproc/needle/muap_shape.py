"""Onset, offset (rule D1), phases, turns and satellites of a potential.

On a template that holds noise the slope from one sample to the next says nothing: 1 µV of noise at
25 kHz is a slope of 18 µV/ms. Levels here are means over 0.25 ms and slopes those of lines over
1 ms, both about the sample they are of. Two traps. Beside a sharp end such a line is steep half
its length too long: lines do not reach into what is steep (100 µV/ms over 0.25 ms) but shorten,
to 0.25 ms. And a line over 1 ms passes over waves of 0.5 ms: slopes over 0.5 ms count too where
they are above the limit by more than noise makes them. Without noise the ends are those of the
rule from sample to sample, within 0.1 ms.

References
----------
Stålberg, Andreassen, Falck, Lang, Rosenfalck and Trojaborg 1986, J Clin Neurophysiol 3:313
(descriptors). Sonoo and Stålberg 1993, Electroencephalogr Clin Neurophysiol 89:20 (size index).
"""

from typing import NamedTuple

import numpy as np

from emgproc.arrays import Bools, Floats, Ints, spans_of
from emgproc.features.turns import turn_positions

QUIET_UV, QUIET_UV_MS, QUIET_S = 20.0, 10.0, 0.002
LEVEL_S, SLOPE_S, SHORT_S, LEAST_S = 0.00025, 0.001, 0.0005, 0.00025
STEEP_UV_MS = 100.0  # no longer line reaches into what is as steep over LEAST_S
SHORT_SD = 2.0  # of the slope that noise has over SHORT_S, above the limit
NOISE_HZ = 10_000.0  # band of the noise in a template
MOST_NOISE_UV = 7.0  # beyond which a template has no ends by D1
PHASE_UV, TURN_UV, SATELLITE_UV, SATELLITE_S = 20.0, 50.0, 50.0, 0.003
UNSURE_S = 0.0005
UNSURE_D1_SD = 2.0  # of the noise by which both limits are moved, up and down
NO_SPAN = (0, 0)
NOISY = "template_noise_above_7_uv"


class Marks(NamedTuple):
    """Where the parts of a potential lie, samples of its template.

    Attributes
    ----------
    peak
        Greatest |µV|.
    span
        Onset and offset by rule D1, [start, stop); (0, 0) where there are none.
    reason
        Why D1 has no value: `template_noise_above_7_uv`, `below_20_uv` (the spike),
        `nowhere_quiet` (it is nowhere quiet for 2 ms).
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
    noise = 0.0 if np.isnan(noise_uv) else noise_uv
    peak = int(np.argmax(np.abs(v)))
    above = _above(v, fs, noise)
    span, reason = _d1_span(above, v, fs, peak)
    least, most = (_d1_span(above, v, fs, peak, k * UNSURE_D1_SD * noise)[0] for k in (1, -1))
    part = v[span[0] : span[1]]
    turns = turn_positions(part, threshold_uv=TURN_UV) if part.size else np.empty(0, np.int64)
    phases = tuple((a + span[0], b + span[0]) for a, b in phases_of(part))
    why = NOISY if noise > MOST_NOISE_UV else reason
    return Marks(
        peak, span, why, phases, np.asarray(turns) + span[0], _satellites(v, fs, peak),
        least, most,
    )  # fmt: skip


def d1_unsure(marks: Marks, fs: float) -> bool:
    """Onset or offset is not known to 0.5 ms: a slow tail or a bump lies close to the limits."""
    return _differ(marks.least, marks.most, 2 * UNSURE_S * fs)


def _differ(one: tuple[int, int], other: tuple[int, int], most: float) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) > most


def _d1_span(
    above: Floats, v: Floats, fs: float, peak: int, off: float = 0.0
) -> tuple[tuple[int, int], str]:
    """Onset and offset; the limits higher by `off` (µV and µV/ms)."""
    if abs(v[peak]) < QUIET_UV:
        return NO_SPAN, "below_20_uv"
    quiet = above < off
    after = _first_run(quiet[peak:], round(QUIET_S * fs))
    before = _first_run(quiet[peak::-1], round(QUIET_S * fs))
    if after is None or before is None:
        return NO_SPAN, "nowhere_quiet"
    return (peak - before + 1, peak + after), ""


def _first_run(flags: Bools, length: int) -> int | None:
    """Start of the first run of at least `length`."""
    return next((a for a, b in spans_of(flags) if b - a >= length), None)


def _above(v: Floats, fs: float, noise: float) -> Floats:
    """By how much the level (µV) or the slope (µV/ms) of a sample is above its limit, (n,)."""
    least, short, long = (max(round(s * fs / 2), 1) for s in (LEAST_S, SHORT_S, SLOPE_S))
    steep = _steep(v, fs, STEEP_UV_MS)
    away = _distances(steep)
    # Of a line over T, SD of the slope of noise in a band B: noise·√(12 / 2BT) / T.
    of_noise = noise * np.sqrt(6 / (NOISE_HZ * SHORT_S)) / (SHORT_S * 1e3)
    brief = _slopes(v, fs, np.clip(away, least, short)) - SHORT_SD * of_noise
    slopes = np.maximum(_slopes(v, fs, np.clip(away, least, long)), brief)
    above = np.maximum(slopes - QUIET_UV_MS, np.abs(_levels(v, fs)) - QUIET_UV)
    return np.asarray(np.where(steep, np.inf, above))


def amplitude_of(v: Floats, fs: float) -> float:
    """Maximum less minimum, µV: of the samples about what is steep, of levels elsewhere.

    The trap: of a thousand samples of noise the greatest is 3 SD, by which a positive sharp wave
    of 60 µV came out 7 % too large.
    """
    beside = _distances(_steep(v, fs, STEEP_UV_MS / 2)) > round(LEVEL_S * fs)
    return float(np.ptp(np.where(beside, _levels(v, fs), v)))


def _steep(v: Floats, fs: float, least_uv_ms: float) -> Bools:
    half = max(round(LEAST_S * fs / 2), 1)
    return np.asarray(_slopes(v, fs, np.full(v.size, half)) >= least_uv_ms)


def _levels(v: Floats, fs: float) -> Floats:
    """Means about each sample, (n,)."""
    n = max(round(LEVEL_S * fs) // 2 * 2 + 1, 3)
    return np.asarray(np.convolve(v, np.ones(n) / n, "same"))


def _slopes(v: Floats, fs: float, half: Ints) -> Floats:
    """|Slope|, µV/ms, of the line through each sample and `half` to either side, (n,)."""
    at = np.arange(v.size)
    first, stop = np.maximum(at - half, 0), np.minimum(at + half + 1, v.size)
    n, middle = stop - first, (first + stop - 1) / 2
    sums, moments = (np.concatenate([[0.0], np.cumsum(x)]) for x in (v, at * v))
    rise = moments[stop] - moments[first] - middle * (sums[stop] - sums[first])
    return np.asarray(np.abs(rise) / (n * (n**2 - 1) / 12) * fs * 1e-3)


def _distances(flags: Bools) -> Ints:
    """Samples to the nearest that is flagged, (n,); n where there is none."""
    n, at = flags.size, np.arange(flags.size)
    before = np.maximum.accumulate(np.where(flags, at, -n))
    after = np.minimum.accumulate(np.where(flags, at, 2 * n)[::-1])[::-1]
    return np.asarray(np.minimum(np.minimum(at - before, after - at), n))


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
    loud = np.flatnonzero(np.abs(_levels(v, fs)) >= QUIET_UV)
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
