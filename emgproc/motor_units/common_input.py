"""What the units of a pool have in common: coherence of cumulative trains, common drive.

References
----------
Negro and Farina 2011, J Physiol 589:629 (coherence of cumulative spike trains). Castronovo, Negro,
Conforto and Farina 2015, J Appl Physiol 119:1337 (random halves of the pool). De Luca, LeFever,
McCue and Xenakis 1982, J Physiol 329:129 (common drive).
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emgproc.arrays import Floats, Ints, check_fs, spans_of
from emgproc.errors import ParameterError
from emgproc.features.result import FeatureValue
from emgproc.motor_units.smoothing import smoothed_rate
from emgproc.motor_units.trains import as_trains, within
from emgproc.units import to_samples

BANDS_HZ = {"delta": (1.0, 5.0), "alpha": (5.0, 15.0), "beta": (15.0, 35.0)}
SEGMENT_S = 1.0
N_SPLITS = 100
MIN_SEGMENTS = 10
OVERLAP_LOSS = 1 + 2 / 36  # variance of a mean over half-overlapped Hann segments (Welch 1967)
GRID_HZ = 200.0  # a Hann window of 0.4 s leaves 1e-5 of what lies above half of it
HIGHPASS_HZ = 0.75
WINDOW_S = 5.0
LARGEST_LAG_S = 0.1

Span = tuple[int, int]
Complexes = NDArray[np.complex128]


class TrainCoherence(NamedTuple):
    """Coherence of the two halves of a pool, averaged over splits; empty with a reason.

    Attributes
    ----------
    frequencies_hz, values
        0–35 Hz and the coherence there, 0–1.
    n_segments, n_units
        Segments of 1 s that overlap by half, and units that discharge.
    confidence_limit
        95 % limit of one split's coherence of independent halves, 1 − 0.05^(1/(L − 1)), where L
        counts the segments less what their overlap costs.
    reason
        `too_few_units` (below 2) or `too_few_segments` (below 10).
    """

    frequencies_hz: Floats
    values: Floats
    n_segments: int
    n_units: int
    confidence_limit: float
    reason: str


def train_coherence(
    trains: Sequence[ArrayLike],
    fs: float,
    span: Span,
    *,
    seed: int,
    n_splits: int = N_SPLITS,
) -> TrainCoherence:
    """Coherence of the summed trains of two random halves of a pool, averaged over splits.

    Cross-spectra of all units are estimated once (Hann windows of 1 s, half overlapped, means
    removed); those of a half are their sums. Of an odd number of units, one is left out of every
    split.

    Parameters
    ----------
    trains
        Discharges of each unit, samples, strictly ascending; units that do not discharge in the
        span do not count.
    fs
        Sampling rate, Hz.
    span
        Samples [start, stop) of a held contraction.
    seed
        Of the random splits.
    n_splits
        How many.

    Raises
    ------
    SignalError
        As `as_train`.
    ParameterError
        `fs` is not above 70 Hz, the span ends before it begins, or there is no split.
    """
    length = to_samples(SEGMENT_S, check_fs(fs))
    if n_splits < 1 or length < 2 * BANDS_HZ["beta"][1]:
        raise ParameterError(f"train_coherence needs a split and fs >= 70 Hz: {n_splits=}, {fs=}")
    active = [cut for train in as_trains(trains) if (cut := within(train, span)).size]
    starts = np.arange(span[0], span[1] - length + 1, max(length // 2, 1))
    reason = "too_few_units" if len(active) < 2 else ""
    if reason or starts.size < MIN_SEGMENTS:
        reason = reason or "too_few_segments"
        return TrainCoherence(np.empty(0), np.empty(0), starts.size, len(active), np.nan, reason)
    hz = np.asarray(np.fft.rfftfreq(length, 1 / fs), np.float64)
    bins = int(np.searchsorted(hz, BANDS_HZ["beta"][1]))
    spectra = np.stack([_spectra(train, starts, length)[:, :bins] for train in active])
    values = _over_splits(spectra, np.random.default_rng(seed), n_splits)
    limit = 1 - 0.05 ** (1 / (starts.size / OVERLAP_LOSS - 1))
    return TrainCoherence(hz[:bins], values, starts.size, len(active), limit, "")


def coherence_bands(coherence: TrainCoherence) -> tuple[FeatureValue, ...]:
    """Mean coherence in delta (1–5 Hz), alpha (5–15) and beta (15–35), half-open; n segments.

    Of independent units it is 1.06/n, not 0; values below that mean nothing.

    Parameters
    ----------
    coherence
        As `train_coherence` gives it; its reason becomes that of the bands.
    """
    hz, found = coherence.frequencies_hz, []
    for name, (low, high) in BANDS_HZ.items():
        inside = coherence.values[(hz >= low) & (hz < high)]
        value = float(inside.mean()) if inside.size else np.nan
        found.append(
            FeatureValue(
                f"train_coherence_{name}", "1", "", value, coherence.n_segments,
                reason=coherence.reason, rule_id="random_halves",
            )
        )  # fmt: skip
    return tuple(found)


def common_drive(trains: Sequence[ArrayLike], fs: float, span: Span) -> FeatureValue:
    """Common drive index: how far the smoothed rates of pairs of units go together.

    Rates (Hann window of 0.4 s) are high-pass filtered at 0.75 Hz, zero phase, each run by itself.
    In windows of 5 s in which both units discharge without a pause, the index is the largest
    cross-correlation coefficient at lags up to 100 ms; the value is the mean over windows and
    pairs. Being a largest value it is above 0 for independent units, too.

    Parameters
    ----------
    trains
        Discharges of each unit, samples, strictly ascending.
    fs
        Sampling rate, Hz, at least 200.
    span
        Samples [start, stop) of a held contraction, start >= 0.

    Returns
    -------
    FeatureValue
        −1–1; n is the number of windows of pairs; NaN with `too_few_units` (below 2 that
        discharge) or `no_common_window`.

    Raises
    ------
    SignalError
        As `as_train`.
    ParameterError
        `fs` is below 200 Hz, or the span begins before 0 or ends before it begins.
    """
    if check_fs(fs) < GRID_HZ or span[0] < 0:
        raise ParameterError(f"common_drive needs fs >= {GRID_HZ} Hz, start >= 0: {fs=}, {span=}")
    active = [train for train in as_trains(trains) if within(train, span).size]
    values = _pair_correlations(active, fs, span) if len(active) > 1 else np.empty(0)
    reason = "" if values.size else "no_common_window"
    return FeatureValue(
        "common_drive_index", "1", "", float(values.mean()) if values.size else np.nan,
        values.size, reason=reason if len(active) > 1 else "too_few_units", rule_id="de_luca_1982",
    )  # fmt: skip


def _pair_correlations(trains: Sequence[Ints], fs: float, span: Span) -> Floats:
    step = int(fs // GRID_HZ)
    rates = np.stack([_modulation(_held_rate(t, fs, span)[::step], fs / step) for t in trains])
    width, lags = to_samples(WINDOW_S, fs / step), int(LARGEST_LAG_S * fs / step)
    found = []
    for start in range(0, rates.shape[1] - width + 1, width):
        window = rates[:, start : start + width]
        whole = window[np.isfinite(window).all(axis=1)]
        found += [_largest_correlation(x, y, lags) for x, y in combinations(whole, 2)]
    return np.array(found)


def _held_rate(train: Ints, fs: float, span: Span) -> Floats:
    """Smoothed rate within the span; what the unit did before and after it counts at its edges."""
    n_samples = max(span[1], int(train[-1]) + 1)
    return smoothed_rate(train, fs, n_samples)[span[0] : span[1]]


def _modulation(rate_hz: Floats, grid_hz: float) -> Floats:
    """What of a rate changes faster than 0.75 Hz; each run of a unit by itself."""
    from emgproc.preprocessing import highpass_sos, zero_phase_sos

    sos = highpass_sos(HIGHPASS_HZ, grid_hz)
    return zero_phase_sos(rate_hz, sos, spans_of(np.isfinite(rate_hz)))


def _largest_correlation(x: Floats, y: Floats, largest_lag: int) -> float:
    x, y = x - x.mean(), y - y.mean()
    energy = float(np.sqrt((x @ x) * (y @ y)))
    n = 2 * x.size  # padded with zeros: the window is not periodic
    products = np.fft.irfft(np.fft.rfft(x, n).conj() * np.fft.rfft(y, n), n)
    near = products[np.arange(-largest_lag, largest_lag + 1)]
    return float(near.max()) / energy if energy > 0 else 0.0


def _spectra(train: Ints, starts: Ints, length: int) -> Complexes:
    """Spectrum of the 0–1 train in each segment, its mean removed, (n_segments, n_bins)."""
    segments = np.zeros((starts.size, length))
    for row, start in zip(segments, starts, strict=True):
        row[within(train, (int(start), int(start) + length)) - start] = 1.0
    segments -= segments.mean(axis=1, keepdims=True)
    spectra: Complexes = np.fft.rfft(segments * np.hanning(length + 1)[:-1], axis=1)
    return spectra


def _over_splits(spectra: Complexes, rng: np.random.Generator, n_splits: int) -> Floats:
    """Mean coherence of the halves, (n_bins,), from spectra (n_units, n_segments, n_bins)."""
    cross = np.einsum("usf,vsf->fuv", spectra.conj(), spectra)
    half = len(spectra) // 2
    total = np.zeros(len(cross))
    for _ in range(n_splits):
        order = rng.permutation(len(spectra))
        first, second = order[:half], order[half : 2 * half]
        xy = cross[:, first][:, :, second].sum(axis=(1, 2))
        xx = cross[:, first][:, :, first].sum(axis=(1, 2)).real
        yy = cross[:, second][:, :, second].sum(axis=(1, 2)).real
        power = xx * yy
        total += np.divide(np.abs(xy) ** 2, power, out=np.zeros_like(power), where=power > 0)
    return total / n_splits
