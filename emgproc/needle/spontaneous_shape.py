"""What the potential of a train looks like in the recording itself, not in the band of search."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats, Ints
from emgproc.needle.spontaneous_signal import Span

BEFORE_S, AFTER_S, EDGE_S = 0.020, 0.030, 0.005
LEAST_AVERAGED, MOST_AVERAGED, FREE_S = 20, 100, 0.025
LEVEL, LEVEL_SD, LEAST_UV = 0.10, 4.0, 10.0  # of a part of the potential
APART_S = 0.0025  # of quiet ends it
MEDIAN_SD = 1.2533  # SD of a median of Gaussian values times the root of their number


@dataclass(frozen=True, slots=True, eq=False)
class PotentialShape:
    """The median potential of a train.

    A sample belongs to it that reaches a tenth of the greatest deflection, 10 µV and 4 SD of the
    median's noise, and 2.5 ms below that end it.

    Attributes
    ----------
    median_uv
        From 20 ms before to 30 ms after the deflection by which it was found, µV.
    noise_uv
        SD of the noise of the median, µV.
    peak_uv, amplitude_uv
        Greatest |µV|; maximum − minimum.
    duration_ms
        From its first to its last sample.
    n_phases
        Parts of alternating sign.
    first_sign
        +1 or −1: sign of the first of them.
    negative_share
        Negative peak to positive peak.
    width_ms
        Of its greatest deflection at half its height.
    span_s
        Its first and last sample from that deflection on, s.
    """

    median_uv: Floats
    noise_uv: float
    peak_uv: float
    amplitude_uv: float
    duration_ms: float
    n_phases: int
    first_sign: int
    negative_share: float
    width_ms: float
    span_s: tuple[float, float]


def shape_of(
    x: Floats, fs: float, at: Floats, others: Floats, stretches: list[Span]
) -> PotentialShape | None:
    """Shape of the potential that lies at samples `at` of a channel; None where none is whole.

    The 100 discharges that are farthest from the `others` (ascending) are used, or as many of them
    as are 25 ms from those, if that is 20 or more.
    """
    before, after = round(BEFORE_S * fs), round(AFTER_S * fs)
    places = np.rint(at).astype(np.int64)
    whole = np.zeros(places.size, np.bool_)
    for start, stop in stretches:
        whole |= (places - before >= start) & (places + after < stop)
    places = places[whole]
    if not places.size:
        return None
    free = _distance(places, others)
    n_free = int(np.sum(free >= FREE_S * fs))
    n_used = max(n_free, LEAST_AVERAGED)
    places = places[np.argsort(-free, kind="stable")[: min(n_used, MOST_AVERAGED)]]
    rows = x[places[:, None] + np.arange(-before, after + 1)]
    edge = round(EDGE_S * fs)
    rows = rows - np.median(rows[:, :edge], axis=1, keepdims=True)
    median = np.median(rows, axis=0)
    spread = float(np.median(np.abs(rows[:, :edge]))) / 0.6745
    noise = spread * (MEDIAN_SD / np.sqrt(len(rows)) if len(rows) > 2 else 1.0)
    return measured(median, noise, before, fs)


def measured(v: Floats, noise_uv: float, zero: int, fs: float) -> PotentialShape:
    """Measure a potential that was found by its deflection at sample `zero`."""
    near = round(0.003 * fs)
    peak = zero - near + int(np.argmax(np.abs(v[zero - near : zero + near + 1])))
    level = max(LEVEL * float(np.abs(v[peak])), LEVEL_SD * noise_uv, LEAST_UV)
    start, stop = _extent(np.abs(v) >= level, peak, round(APART_S * fs))
    part = v[start:stop]
    height = float(np.abs(part).max())
    signs = np.sign(part[np.abs(part) >= level]).astype(int)
    n_phases = int(np.sum(np.diff(signs) != 0)) + 1 if signs.size else 0
    top, low = max(float(part.max()), 0.0), max(-float(part.min()), 0.0)
    return PotentialShape(
        v, noise_uv, height, top + low, (stop - start) / fs * 1e3, n_phases,
        int(signs[0]) if signs.size else 0, low / top if top > 0 else np.inf,
        _half_width(v, peak) / fs * 1e3,
        ((start - zero) / fs, (stop - zero) / fs),
    )  # fmt: skip


def _half_width(v: Floats, peak: int) -> int:
    """Samples about a peak that are of more than half its height, unbroken."""
    low = np.flatnonzero(v * np.sign(v[peak]) <= np.abs(v[peak]) / 2)
    after = np.searchsorted(low, peak)
    edges = np.concatenate([[-1], low, [v.size]])
    return int(edges[after + 1] - edges[after] - 1)


def _extent(loud: Bools, peak: int, apart: int) -> tuple[int, int]:
    """Samples [start, stop) from the peak to where `apart` samples are quiet."""
    at = np.flatnonzero(loud)
    if not at.size:
        return peak, peak + 1
    cuts = np.flatnonzero(np.diff(at) > apart)
    starts, stops = np.append(at[0], at[cuts + 1]), np.append(at[cuts], at[-1]) + 1
    inside = np.flatnonzero((starts <= peak) & (peak < stops))
    if not inside.size:
        return peak, peak + 1
    return int(starts[inside[0]]), int(stops[inside[0]])


def _distance(places: Ints, others: Floats) -> Floats:
    """Samples to the nearest of the others, at most the reach of a potential counts."""
    wide = np.concatenate([[-np.inf], others, [np.inf]])
    after = np.searchsorted(wide, places)
    return np.asarray(np.minimum(wide[after] - places, places - wide[after - 1]))
