"""Duration D2: the interval that holds 98 % of ∫|v| within 20 ms of the peak.

The trap: 1 % of a potential's area is 1 µV for 10 ms and more. Beside D1 neither |v| will do, to
which noise adds, nor |v| less what noise alone is: of the 2-4 µV that the high-pass of an
amplifier leaves behind a large potential that takes a third. There |v| is that of means over
0.5 ms, less what noise adds to one of that size.
"""

from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.needle.muap_shape import NO_SPAN, NOISE_HZ

SHARE, REACH_S = 0.98, 0.020
MEAN_S = 0.0005
NOISE = 1.3  # times that of the template's ends, where least of other units lies
NOISE_LEAST = 0.7
OFFSET = 0.5  # of that noise, by which the baseline may be off
MOST_S = 0.0015  # beyond which an end is no end


class D2(NamedTuple):
    """Samples [start, stop) of the interval, and how far an end may be moved by noise, s.

    (0, 0) where the noise is not known (NaN) or no smaller than the potential (infinite).
    """

    span: tuple[int, int]
    spread_s: float


def d2_of(v: Floats, fs: float, d1: tuple[int, int], mean_noise_uv: float = 0.0) -> D2:
    """Interval of a potential about its baseline, and its spread over what noise leaves open.

    Parameters
    ----------
    v
        The template, µV, (n,).
    fs
        Sampling rate, Hz.
    d1
        Its span by D1, in which |v| is that of the samples.
    mean_noise_uv
        RMS of the noise in means over 0.5 ms (`means_of`), µV.
    """
    means = means_of(v, fs)
    if np.isnan(mean_noise_uv):
        return D2(NO_SPAN, float("nan"))
    more, less, off = (k * mean_noise_uv for k in (NOISE, NOISE_LEAST, OFFSET))
    beside = [
        _freed(means, more),
        np.abs(means) - more * np.sqrt(2 / np.pi),
        _freed(means, less),
        _freed(means + off, mean_noise_uv),
        _freed(means - off, mean_noise_uv),
    ]
    spans = [_span(v, fs, d1, one) for one in beside]
    found = [span for span in spans if span is not None]
    if len(found) < len(spans):
        return D2(NO_SPAN, float("inf"))
    spread = max(max(ends) - min(ends) for ends in zip(*found, strict=True))
    return D2(found[0], spread / fs)


def means_of(v: Floats, fs: float) -> Floats:
    """Means over 0.5 ms about each sample, (n,)."""
    n = max(round(MEAN_S * fs), 1)
    return np.asarray(np.convolve(v, np.ones(n) / n, "same"))


def means_noise_uv(noise_uv: float) -> float:
    """RMS of the means of white noise of that RMS in the band of a template, µV."""
    return float(noise_uv / np.sqrt(2 * NOISE_HZ * MEAN_S))


def _freed(means: Floats, noise: float) -> Floats:
    """|Means| less about what noise of that RMS adds to them: it adds to small ones only."""
    if not noise:
        return np.abs(means)
    added = noise * np.sqrt(2 / np.pi) * np.exp(-((means / noise) ** 2) / 2)
    return np.asarray(np.abs(means) - added)


def _span(v: Floats, fs: float, d1: tuple[int, int], beside: Floats) -> tuple[int, int] | None:
    """None where no more is left than the noise taken off."""
    peak, reach = int(np.argmax(np.abs(v))), round(REACH_S * fs)
    first, last = max(peak - reach, 0), min(peak + reach + 1, v.size)
    sizes = beside.copy()
    sizes[d1[0] : d1[1]] = np.abs(v[d1[0] : d1[1]])
    area = np.cumsum(sizes[first:last])
    if area[-1] <= 0:
        return None
    tail = (1 - SHARE) / 2 * area[-1]
    middle = peak - first
    low = np.flatnonzero(area[: middle + 1] < tail)
    high = np.flatnonzero(area[middle:] >= area[-1] - tail)
    return first + (int(low[-1]) + 1 if low.size else 0), first + middle + int(high[0])
