"""Electrodes and cables that move: below 20 Hz, ten times larger than the muscle."""

import numpy as np

from emgproc.arrays import Floats

RISE_S = 0.03  # SD of the Gaussian rise: at 20 Hz 0.0008 of the step is left


def sway(
    rng: np.random.Generator, times_s: Floats, span_s: tuple[float, float], amplitude_uv: float
) -> Floats:
    """Slow movement of the electrodes (below 20 Hz) within a span, µV; silent at its ends.

    Three sines of 1–6 Hz under a raised-cosine window.
    """
    start, stop = span_s
    first, last = np.searchsorted(times_s, [start, stop])
    out = np.zeros_like(times_s)
    t = times_s[first:last] - start
    window = 0.5 - 0.5 * np.cos(2 * np.pi * t / (stop - start))
    for rate_hz, phase in zip(rng.uniform(1, 6, 3), rng.uniform(0, 2 * np.pi, 3), strict=True):
        out[first:last] += amplitude_uv / 3 * window * np.sin(2 * np.pi * rate_hz * t + phase)
    return out


def shift(times_s: Floats, span_s: tuple[float, float], height_uv: float) -> Floats:
    """An electrode that is pushed aside at the start of a span and comes back at its end, µV.

    Two steps, each the integral of a Gaussian of SD 30 ms, three SD within the span: what lies
    above 20 Hz is less than a thousandth of a sharp step's.
    """
    from scipy.special import ndtr

    up = ndtr((times_s - span_s[0]) / RISE_S - 3)
    down = ndtr((times_s - span_s[1]) / RISE_S + 3)
    return np.asarray(height_uv * (up - down))


def cable_pull(
    times_s: Floats, span_s: tuple[float, float], height_uv: float, swing_hz: float
) -> Floats:
    """A cable that is pulled and swings out: a damped oscillation from the span's start on, µV.

    It rises within 50 ms and has fallen to 1 % at the end of the span; `swing_hz` 2–8 Hz.
    """
    start, stop = span_s
    first = int(np.searchsorted(times_s, start))
    out = np.zeros_like(times_s)
    t = times_s[first:] - start
    envelope = (1 - np.exp(-((t / 0.05) ** 2))) * np.exp(-t / (stop - start) * np.log(100.0))
    out[first:] = height_uv * envelope * np.sin(2 * np.pi * swing_hz * t)
    return out
