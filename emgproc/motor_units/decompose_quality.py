"""When a source has pulses, how well they stand out, and whether two trains are one unit's."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emgproc._kernels.threads import over_groups
from emgproc.arrays import Floats, Ints, as_vector
from emgproc.errors import ParameterError
from emgproc.motor_units.trains import PAUSE_S
from emgproc.preprocessing.peaks import find_peaks

APART_S = 0.02  # least interval between two discharges (MUedit)
_MOST_MEDIANS = 1.5  # below 2, where artefacts would be the first guess of the high cluster
_SHARED, _TOLERANCE_S, _MAX_LAG_S = 0.3, 0.001, 0.05


class Pulses(NamedTuple):
    """Discharges of a source and how they stand out.

    Attributes
    ----------
    train
        Samples of the pulses.
    sil
        Silhouette, 0–1; 0 where there are too few peaks for two clusters.
    limit
        Height of the source between the two clusters.
    """

    train: Ints
    sil: float
    limit: float


def silhouette(pulses: ArrayLike, noise: ArrayLike) -> float:
    """Silhouette of pulse heights against the heights of noise peaks.

    (between − within) / max(between, within), sums over the pulses of squared distances to the
    noise's and to their own mean height (Negro 2016; the variant of MUedit and openhdemg ≥ 0.2).

    Raises
    ------
    ParameterError
        One of the two is empty.

    Examples
    --------
    >>> round(silhouette([0.9, 1.1], [0.0]), 6)
    0.990099
    """
    high, low = as_vector(pulses, "pulses"), as_vector(noise, "noise")
    if not (high.size and low.size):
        raise ParameterError(f"silhouette needs both kinds, got {high.size} and {low.size} peaks")
    within = float(np.square(high - high.mean()).sum())
    between = float(np.square(high - low.mean()).sum())
    most = max(between, within)
    return (between - within) / most if most > 0 else 0.0


def pulse_to_noise_db(source: ArrayLike, discharges: Ints) -> float:
    """Pulse-to-noise ratio: mean square at the discharges over the mean square elsewhere, dB.

    Holobar 2014. NaN without a discharge, or where the rest is zero.

    Examples
    --------
    >>> pulse_to_noise_db([0.1, 1.0, -0.1, 0.1, 1.0, -0.1], np.array([1, 4]))
    20.0
    """
    power = np.square(as_vector(source, "source"))
    at = np.zeros(power.size, np.bool_)
    at[discharges] = True
    if not at.any() or at.all() or not power[~at].any():
        return float("nan")
    return float(10 * np.log10(power[at].mean() / power[~at].mean()))


def pulses_of(
    sources: NDArray[np.float32], fs: float, threads: int = 1, known: Sequence[Ints] = ()
) -> list[Pulses]:
    """Pulses of each source (n_sources, n_samples): the high cluster of its squared peaks.

    `known` are trains that the sources have had before. No peak counts for more than 1.5
    medians of those at the known discharges, so that a few artefacts do not become the train.
    """
    tops = np.full(len(sources), np.inf)
    for c, (source, train) in enumerate(zip(sources, known, strict=False)):
        tops[c] = _top(source, train)
    parts: dict[int, list[Pulses]] = {}

    def work(part: slice) -> None:
        parts[part.start] = _high_clusters(sources[part], fs, tops[part])

    over_groups(work, len(sources), threads)
    return [pulses for first in sorted(parts) for pulses in parts[first]]


def _top(source: NDArray[np.float32], train: Ints) -> float:
    heights = np.square(source[train], dtype=np.float64)
    return _MOST_MEDIANS * float(np.median(heights)) if heights.any() else np.inf


def _high_clusters(sources: NDArray[np.float32], fs: float, tops: Floats) -> list[Pulses]:
    from emgproc._kernels.decompose_trains import clusters  # numba, loaded when first used

    x = np.ascontiguousarray(sources)
    peaks = peaks_of(x, fs)
    edges = np.cumsum([0, *map(len, peaks)])
    trains = np.empty(edges[-1] + 1, np.int64)
    counts, found = np.empty(len(x), np.int64), np.empty((2, len(x)))
    clusters(x, np.concatenate([trains[:0], *peaks]), edges, tops, trains, counts, found)
    ends = np.cumsum(counts).tolist()
    limits, sils = np.sqrt(found[0]).tolist(), found[1].tolist()
    return [
        Pulses(trains[end - n : end].copy(), sil, limit)
        for n, end, sil, limit in zip(counts.tolist(), ends, sils, limits, strict=True)
    ]


def peaks_of(sources: NDArray[np.float32], fs: float, threads: int = 1) -> list[Ints]:
    """Maxima above 0 of each source that are at least 20 ms apart, the highest first kept."""
    least = float(np.finfo(np.float32).tiny)
    peaks = find_peaks(sources, height=least, distance=max(1, int(APART_S * fs)), threads=threads)
    return peaks if isinstance(peaks, list) else [peaks]


def pause_share(train: Ints, fs: float) -> float:
    """Share of the intervals that are pauses, longer than 400 ms; 1 without any interval.

    What is picked from noise now and then has many; the intervals that are left are regular
    enough, since none is long, and would pass for a unit's.

    Examples
    --------
    >>> pause_share(np.array([0, 100, 200, 900, 1000]), 1000.0)
    0.25
    """
    intervals = np.diff(train)
    return float(np.mean(intervals > PAUSE_S * fs)) if intervals.size else 1.0


def are_one_unit(first: Ints, second: Ints, fs: float) -> bool:
    """Tell whether two trains share 30 % of the longer one's discharges at some lag.

    Within 1 ms after the best lag of up to 50 ms (Negro 2016; MUedit and openhdemg ask the same).
    """
    return same_units(first, [second], fs)[0]


def same_units(train: Ints, others: Sequence[Ints], fs: float) -> list[bool]:
    """Tell of each of the others whether it is the train of the same unit, as `are_one_unit`."""
    from emgproc._kernels.agreement import count_tables  # numba, loaded when first used

    tolerance, max_lag = int(_TOLERANCE_S * fs), int(_MAX_LAG_S * fs)
    shared, lags = np.zeros((2, len(others)), np.int64)
    counts, distances = np.empty((2, 2 * max_lag + 1), np.int64)
    work = np.empty(counts.size + 2 * tolerance, np.int64), counts, distances
    edges = np.cumsum([0, *(other.size for other in others)])
    joined = np.concatenate([train[:0], *others])
    count_tables(train, np.array([0, train.size]), joined, edges, work, shared, lags)
    longer = np.maximum(np.diff(edges), train.size)
    found: list[bool] = (shared > _SHARED * longer).tolist()
    return found
