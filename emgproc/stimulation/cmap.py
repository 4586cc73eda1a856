"""The compound muscle action potential: onset, negative peak, area, duration (emg.md 3.1)."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, spans_of
from emgproc.errors import ParameterError, SignalError
from emgproc.stimulation.baseline import (
    ResponseSettings,
    as_sweeps,
    baseline_of,
    baselined,
    sweep_times,
)
from emgproc.stimulation.sweeps import average
from emgproc.units import to_samples

RULE_ID = "cmap_v1"
BEST_OF = 3
PEAK_HALF_WIDTH_S = 0.0005


@dataclass(frozen=True, slots=True)
class Cmap:
    """A direct response of a muscle; an absent one is a value too.

    Attributes
    ----------
    amplitude_mv
        Baseline to negative peak, mV, >= 0; 0 where nothing rises from the noise.
    peak_to_peak_mv
        Of the whole response, mV.
    area_mv_ms, duration_ms
        Of the negative phase that holds the peak: between its baseline crossings, mV·ms and ms.
    half_duration_ms
        Time during which that phase exceeds half of its peak, ms.
    latency_ms, peak_ms
        Onset and negative peak after the stimulus, ms. The onset is the last baseline crossing
        before the first deflection that is large and long enough.
    noise_uv
        SD of the baseline, µV.
    n, trace
        Sweeps examined, and the number of the one described: that of the largest amplitude.
    absent, censored
        The amplitude lies below `limit_mv`: it is an upper limit, not a measurement.
    limit_mv
        What a response must have to be there, mV.
    flags
        `few_traces` (below 3), `initial_positivity` (the first deflection is positive: E1 is not
        over the endplates), `onset_at_blanking`, `no_return_to_baseline`.
    reason
        Why latencies and durations are NaN: `absent_response`; empty where there are any.
    rule_id
        The rule behind the definitions.
    """

    amplitude_mv: float
    peak_to_peak_mv: float
    area_mv_ms: float
    duration_ms: float
    half_duration_ms: float
    latency_ms: float
    peak_ms: float
    noise_uv: float
    n: int
    trace: int
    absent: bool
    censored: bool
    limit_mv: float
    flags: tuple[str, ...] = ()
    reason: str = ""
    rule_id: str = RULE_ID


def cmap(
    x: ArrayLike, fs: float, before_s: float, settings: ResponseSettings | None = None
) -> Cmap:
    """Describe the best of several responses to supramaximal stimuli.

    Parameters
    ----------
    x
        Sweeps, µV (E1 − E2), shape (n_sweeps, n_times) or (n_times,).
    fs, before_s
        Sampling rate, Hz, and time from the first sample to the stimulus, s.
    settings
        Baseline, blanking and limits; None is `ResponseSettings()`.

    Raises
    ------
    SignalError
        Sweeps that are not finite, or too short before the stimulus for the baseline.
    ParameterError
        `fs` is no rate, or the stimulus lies outside the sweep.
    """
    found = responses(x, fs, before_s, settings)
    best = max(found, key=lambda response: response.amplitude_mv)
    few = ("few_traces",) if len(found) < BEST_OF else ()
    return replace(best, n=len(found), flags=(*few, *best.flags))


def responses(
    x: ArrayLike, fs: float, before_s: float, settings: ResponseSettings | None = None
) -> tuple[Cmap, ...]:
    """Describe the response in each sweep; parameters and errors as `cmap`."""
    wanted = settings or ResponseSettings()
    data = as_sweeps(x)
    flat = baselined(data, fs, before_s, wanted)
    noise = baseline_of(data, fs, before_s, wanted).std(axis=1, ddof=1)
    times_s = sweep_times(data.shape[1], fs, before_s)
    first = int(np.searchsorted(times_s, wanted.blank_s - 1e-9))
    last = times_s.size if wanted.until_s is None else np.searchsorted(times_s, wanted.until_s)
    window = (first, int(last))
    if window[1] - window[0] < 3:
        raise ParameterError(f"no room for a response in {wanted} after {before_s=} s")
    return tuple(
        _described(v, times_s, window, (float(sd), wanted, i))
        for i, (v, sd) in enumerate(zip(flat, noise, strict=True))
    )


def amplitudes_at_peak(
    x: ArrayLike, fs: float, before_s: float, settings: ResponseSettings | None = None
) -> Floats:
    """Amplitude of each response at the moment at which the largest ones peak, mV (n_sweeps,).

    The parabola of least squares over ±0.5 ms about the negative peak of the mean of the largest
    tenth, at that peak (Savitzky and Golay 1964, Anal Chem 36:1627): it keeps the peak's height
    and has a third of the noise. Unlike each sweep's own peak it adds up over motor units and has
    no bias from noise, so that counts and models of units may rely on it. All stimuli must have
    been given at one place. Parameters and errors as `cmap`.
    """
    wanted = settings or ResponseSettings()
    flat = baselined(x, fs, before_s, wanted)
    times_s = sweep_times(flat.shape[1], fs, before_s)
    after = times_s >= wanted.blank_s - 1e-9
    if wanted.until_s is not None:
        after &= times_s < wanted.until_s
    half = max(1, to_samples(PEAK_HALF_WIDTH_S, fs))
    parabola = _parabola(half)
    after[: np.argmax(after) + half] = False
    after[-half:] = False
    if not after.any():
        raise ParameterError(f"no room for a response in {wanted} after {before_s=} s")
    lowest = np.where(after, flat, np.inf).min(axis=1)
    largest = np.argsort(lowest, kind="stable")[: -(-len(flat) // 10)]
    mean = np.convolve(average(flat[largest]).wave_uv, parabola, mode="same")
    peak = int(np.argmin(np.where(after, mean, np.inf)))
    about = flat[:, peak - half : peak + half + 1]
    # Not a matrix product: that one's order of addition depends on the library's threads.
    return np.asarray(-np.einsum("st,t->s", about, parabola) / 1000)


def noise_at_peak(
    x: ArrayLike, fs: float, before_s: float, settings: ResponseSettings | None = None
) -> float:
    """SD of `amplitudes_at_peak` where no unit answers, from the baselines of all sweeps, mV.

    Parameters and errors as `cmap`, or the baseline is shorter than the 1 ms that is averaged.
    """
    base = baseline_of(as_sweeps(x), fs, before_s, settings or ResponseSettings())
    parabola = _parabola(max(1, to_samples(PEAK_HALF_WIDTH_S, fs)))
    if base.shape[1] < 2 * parabola.size:
        raise SignalError(f"a baseline of {base.shape[1] / fs} s is too short for its noise")
    flat = base - base.mean(axis=1, keepdims=True)
    read = np.array([np.convolve(row, parabola, mode="valid") for row in flat])
    return float(np.sqrt(np.mean(np.square(read)))) / 1000


def _parabola(half: int) -> Floats:
    """Weights of the value at the middle of a parabola fitted to 2 · half + 1 samples."""
    m = np.arange(-half, half + 1)
    weights = 3 * (3 * half**2 + 3 * half - 1 - 5 * m**2)
    return np.asarray(weights / ((2 * half - 1) * (2 * half + 1) * (2 * half + 3)))


def _described(
    v: Floats,
    times_s: Floats,
    window: tuple[int, int],
    about: tuple[float, ResponseSettings, int],
) -> Cmap:
    """The response of one sweep `v`, baseline 0, from its noise, the settings and its number."""
    noise, settings, trace = about
    first, last = window
    beyond = np.abs(v[first:last]) > max(settings.noise_sds * noise, settings.least_uv)
    fs = 1 / float(times_s[1] - times_s[0])
    shortest = max(1, to_samples(settings.sustained_s, fs))
    starts = [a + first for a, b in spans_of(beyond) if b - a >= shortest]
    limit = settings.absent_below_mv
    if not starts:
        nan = float("nan")
        return Cmap(
            0.0, 0.0, 0.0, nan, nan, nan, nan, noise, 1, trace, absent=True, censored=True,
            limit_mv=limit, reason="absent_response",
        )  # fmt: skip
    flags = ["initial_positivity"] if v[starts[0]] > 0 else []
    onset = crossing_before(v, starts[0], first)
    if onset < first:
        flags.append("onset_at_blanking")
    peak = starts[0] + int(np.argmin(v[starts[0] : last]))
    amplitude = max(float(-v[peak]) / 1000, 0.0)
    absent = amplitude < limit
    begin, end = crossing_before(v, peak, first), crossing_after(v, peak, last)
    if end == last - 1:
        flags.append("no_return_to_baseline")

    def ms(sample: float) -> float:
        return float("nan") if absent else 1000 * (float(times_s[0]) + sample / fs)

    half = _half_width(v, peak, (begin, end))
    return Cmap(
        amplitude, float(np.ptp(v[int(onset) : last])) / 1000, _area(v, begin, end) / fs,
        ms(end) - ms(begin), ms(half) - ms(0.0), ms(onset), ms(peak), noise, 1, trace,
        absent=absent, censored=absent, limit_mv=limit, flags=tuple(flags),
        reason="absent_response" if absent else "",
    )  # fmt: skip


def crossing_before(v: Floats, at: int, first: int) -> float:
    """Last sample, between samples, at which `v` has not yet the sign of `v[at]`."""
    side = v[: at + 1] * (1.0 if v[at] > 0 else -1.0)
    outside = np.flatnonzero(side[max(first - 1, 0) :] <= 0)
    if not outside.size:
        return float(max(first - 1, 0))
    j = max(first - 1, 0) + int(outside[-1])
    return j + float(side[j] / (side[j] - side[j + 1])) if j < at else float(at)


def crossing_after(v: Floats, peak: int, last: int) -> float:
    """First sample, between samples, at which `v` is no longer negative; the last without one."""
    later = np.flatnonzero(v[peak:last] >= 0)
    if not later.size or v[peak] >= 0:
        return float(last - 1)
    k = peak + int(later[0])
    return k - float(v[k] / (v[k] - v[k - 1]))


def _area(v: Floats, begin: float, end: float) -> float:
    """Integral of −v between two places, in µV·samples, by trapezia; v is 0 at both."""
    inside = np.arange(int(np.floor(begin)) + 1, int(np.ceil(end)))
    places = np.concatenate([[begin], inside, [end]])
    heights = np.concatenate([[0.0], np.maximum(-v[inside], 0.0), [0.0]])
    return float(np.trapezoid(heights, places))


def _half_width(v: Floats, peak: int, phase: tuple[float, float]) -> float:
    """Samples during which −v exceeds half of its peak, within the negative phase."""
    first, last = int(np.floor(phase[0])), int(np.ceil(phase[1])) + 1
    above = -v[first:last] + 0.5 * v[peak]
    begin = first + crossing_before(above, peak - first, 0)
    return first + crossing_after(-above, peak - first, last - first) - begin
