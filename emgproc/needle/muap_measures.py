"""Numbers of one potential: size, variability from sweep to sweep, spectrum.

References
----------
Stålberg and Sonoo 1994, Muscle Nerve 17:1135 (jiggle). Sonoo and Stålberg 1993,
Electroencephalogr Clin Neurophysiol 89:20 (size index 2·log10(amplitude/mV) + area/amplitude).
"""

import numpy as np

from emgproc.arrays import Floats
from emgproc.needle.muap_d2 import D2, MOST_S
from emgproc.needle.muap_settings import NAMES
from emgproc.needle.muap_shape import NO_SPAN, Marks, amplitude_of, d1_unsure
from emgproc.needle.muap_template import BASELINE_S
from emgproc.units import to_samples

UNKNOWN = "noise_unknown"
LEAST_SPECTRUM = 2**13


def measured(
    v: Floats, rows: Floats, marks: Marks, d2: D2, fs: float
) -> tuple[dict[str, float], dict[str, str]]:
    """Fields of `NAMES` that have a value, and the reasons of those that have none.

    Parameters
    ----------
    v
        The template about its baseline, µV, (width,).
    rows
        Its sweeps about theirs, µV, (n, width).
    marks
        Of `marks_of`.
    d2
        Of `d2_of`; where the noise is not known there is no duration.
    fs
        Sampling rate, Hz.
    """
    values = {"amplitude_uv": amplitude_of(v, fs)}
    if marks.reason:
        return values, dict.fromkeys((name for name in NAMES if name not in values), marks.reason)
    start, stop = marks.span
    values["satellites"] = float(len(marks.satellites))
    values["phases"], values["turns"] = float(len(marks.phases)), float(marks.turns.size)
    values |= _sizes(v, marks, fs, values["amplitude_uv"]) | _spectrum(v[start:stop], fs)
    reasons: dict[str, str] = {}
    durations = _durations(marks, d2, fs)
    for found in (durations, _spike(v, marks, fs), variability(rows, marks.span, fs)):
        values |= found[0]
        reasons |= found[1]
    return values, reasons


def _durations(marks: Marks, d2: D2, fs: float) -> tuple[dict[str, float], dict[str, str]]:
    """D1, and the least and the most it may be; D2. What hangs on the noise has no value."""
    names = ("duration_ms", "duration_least_ms", "duration_most_ms", "duration_d2_ms")
    if np.isnan(d2.spread_s):
        return {}, dict.fromkeys(names, UNKNOWN)
    ends = dict(zip(names, (marks.span, marks.least, marks.most, d2.span), strict=True))
    reasons: dict[str, str] = {}
    if d1_unsure(marks, fs):
        reasons["duration_ms"] = "duration_unsure"
    if marks.most == NO_SPAN:
        reasons["duration_most_ms"] = "nowhere_quiet"
    if d2.spread_s > MOST_S:
        reasons["duration_d2_ms"] = "d2_unsure"
    values = {
        name: (stop - start) / fs * 1e3
        for name, (start, stop) in ends.items()
        if name not in reasons
    }
    return values, reasons


def _sizes(v: Floats, marks: Marks, fs: float, amplitude_uv: float) -> dict[str, float]:
    area = float(np.abs(v[slice(*marks.span)]).sum()) / fs  # mV·ms = µV·s
    amplitude_mv = amplitude_uv * 1e-3
    thickness = area / amplitude_mv
    index = 2 * float(np.log10(amplitude_mv)) + thickness
    return {"area_mv_ms": area, "thickness_ms": thickness, "size_index": index}


def _spike(v: Floats, marks: Marks, fs: float) -> tuple[dict[str, float], dict[str, str]]:
    """From the first to the last positive peak (electrically positive, drawn downwards)."""
    peaks = [a + int(np.argmax(v[a:b])) for a, b in marks.phases if v[a:b].max() >= -v[a:b].min()]
    if len(peaks) < 2:
        return {}, dict.fromkeys(
            ("spike_duration_ms", "spike_area_mv_ms"), "fewer_than_two_positive_peaks"
        )
    area = float(np.abs(v[peaks[0] : peaks[-1] + 1]).sum()) / fs
    length = (peaks[-1] - peaks[0]) / fs * 1e3
    return {"spike_duration_ms": length, "spike_area_mv_ms": area}, {}


def variability(
    rows: Floats, span: tuple[int, int], fs: float
) -> tuple[dict[str, float], dict[str, str]]:
    """Jiggle and CCC of consecutive sweeps within a span.

    Jiggle is Σ_t of the median over k of |v_{k+1}(t) − v_k(t)|, less what the same is on average
    in the first and last 5 ms, by Σ_t of the median of |v_k(t)|; not below 0. Taking the noise off
    as it is takes off too much where variability and noise are alike in size, for they add
    as squares.

    Returns
    -------
    values, reasons
        `jiggle` and `ccc`, the median correlation of consecutive sweeps.
    """
    if len(rows) < 2:
        return {}, dict.fromkeys(("jiggle", "ccc"), "too_few_discharges")
    part = rows[:, slice(*span)]
    changes = np.median(np.abs(np.diff(rows, axis=0)), axis=0)
    n = to_samples(BASELINE_S, fs)
    noise = float(np.concatenate([changes[:n], changes[-n:]]).mean())
    whole = float(np.median(np.abs(part), axis=0).sum())
    excess = float(changes[slice(*span)].sum()) - noise * part.shape[1]
    about = part - part.mean(axis=1, keepdims=True)
    size = np.sqrt(np.square(about).sum(axis=1))
    if not whole > 0 or not size.min() > 0:
        return {}, dict.fromkeys(("jiggle", "ccc"), "zero_variance")
    alike = (about[1:] * about[:-1]).sum(axis=1) / (size[1:] * size[:-1])
    return {"jiggle": max(excess, 0.0) / whole, "ccc": float(np.median(alike))}, {}


def _spectrum(part: Floats, fs: float) -> dict[str, float]:
    """Mean, median and peak frequency of the power of what lies within D1, zeros appended."""
    n = max(LEAST_SPECTRUM, 2 ** int(np.ceil(np.log2(2 * part.size))))
    power = np.abs(np.fft.rfft(part, n)) ** 2
    power[0] = 0.0
    at = np.fft.rfftfreq(n, 1 / fs)
    below = np.cumsum(power)
    median = float(np.interp(below[-1] / 2, below, at))
    return {
        "mnf_hz": float(power @ at / below[-1]),
        "mdf_hz": median,
        "peak_hz": float(at[np.argmax(power)]),
    }
