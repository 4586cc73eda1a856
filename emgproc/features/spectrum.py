"""Where the power lies in frequency: Welch's periodogram and the features read from it.

The power spectral density is Welch's (1967): Hann windows of 0.5 s, 50 % overlap, each segment's
mean removed, over contiguous valid stretches only; nothing is interpolated. Where no stretch holds
0.5 s but one holds 0.25 s, the longest stretch is one segment. Less, or no power: NaN.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_vector, check_fs
from emgproc.errors import ParameterError
from emgproc.features.samples import over_channels, valid_runs
from emgproc.units import to_samples

SHORTEST_S = 0.25  # contiguous signal that a spectrum needs


class Spectrum(NamedTuple):
    """One-sided power spectral density of one channel: Hz, µV²/Hz; empty if it has none."""

    frequencies_hz: Floats
    psd: Floats
    n_segments: int


def power_spectrum(x: ArrayLike, fs: float, *, segment_s: float = 0.5) -> Spectrum:
    """Welch's power spectral density of one channel over its contiguous valid stretches.

    Parameters
    ----------
    x
        One channel, µV, NaN = masked.
    fs
        Sampling rate, Hz.
    segment_s
        Length of a segment, s, at least 0.25.

    Returns
    -------
    Spectrum
        Equal to `scipy.signal.welch` where nothing is masked; else the mean of the periodograms
        of all segments that fit into a stretch. Empty where no stretch lasts 0.25 s.

    Raises
    ------
    ParameterError
        `segment_s` below 0.25.
    """
    from scipy.signal import welch

    if not segment_s >= SHORTEST_S:
        raise ParameterError(f"segment_s must be at least {SHORTEST_S} s, got {segment_s!r}")
    runs = valid_runs(as_vector(x), max(to_samples(SHORTEST_S, check_fs(fs)), 4))
    if not runs:
        return Spectrum(np.empty(0), np.empty(0), 0)
    length = min(to_samples(segment_s, fs), max(map(len, runs)))
    hop = length - length // 2
    total, frequencies, n_segments = np.zeros(length // 2 + 1), np.empty(0), 0
    for run in (run for run in runs if len(run) >= length):
        n = (len(run) - length) // hop + 1
        frequencies, psd = welch(run, fs, window="hann", nperseg=length, detrend="constant")
        total += n * psd
        n_segments += n
    return Spectrum(np.asarray(frequencies, np.float64), total / n_segments, n_segments)


def spectral_moment(
    x: ArrayLike, fs: float, *, order: int = 0, band_hz: tuple[float, float] | None = None
) -> Floats:
    """Spectral moment SM_k = Σ f^k·P(f), µV²·Hz^(k−1), over the bins of the band (DC left out)."""
    return over_channels(lambda row: _moment(*_banded(row, fs, band_hz), order), x, fs)


def mnf(x: ArrayLike, fs: float, *, band_hz: tuple[float, float] | None = None) -> Floats:
    """Mean frequency, Hz: SM1 / SM0.

    Parameters
    ----------
    x
        Signal, µV, samples on the last axis, NaN = masked.
    fs
        Sampling rate, Hz.
    band_hz
        Lowest and highest bin that count; all bins above DC where not given.

    Returns
    -------
    Floats
        Hz, within the band; NaN without 0.25 s of contiguous signal or without power.
    """

    def mean_frequency(row: Floats) -> float:
        frequencies, psd = _banded(row, fs, band_hz)
        return _ratio(_moment(frequencies, psd, 1), _moment(frequencies, psd, 0))

    return over_channels(mean_frequency, x, fs)


def mdf(x: ArrayLike, fs: float, *, band_hz: tuple[float, float] | None = None) -> Floats:
    """Median frequency, Hz: halves the power; interpolated on the cumulative trapezoid."""

    def median_frequency(row: Floats) -> float:
        frequencies, psd = _banded(row, fs, band_hz)
        if psd.size < 2:
            return float("nan")
        slices = np.diff(frequencies) * (psd[1:] + psd[:-1]) / 2
        cumulated = np.concatenate(([0.0], np.cumsum(slices)))
        if cumulated[-1] <= 0:
            return float("nan")
        return float(np.interp(cumulated[-1] / 2, cumulated, frequencies))

    return over_channels(median_frequency, x, fs)


def finsm5(x: ArrayLike, fs: float, *, band_hz: tuple[float, float] = (8.0, 500.0)) -> Floats:
    """Fatigue index of Dimitrov et al. 2006, Hz^−6: SM_−1 / SM_5 over 8–500 Hz."""

    def index(row: Floats) -> float:
        frequencies, psd = _banded(row, fs, band_hz)
        return _ratio(_moment(frequencies, psd, -1), _moment(frequencies, psd, 5))

    return over_channels(index, x, fs)


def band_power(x: ArrayLike, fs: float, *, band_hz: tuple[float, float] = (20.0, 450.0)) -> Floats:
    """Power within a band, µV²: trapezoid of the density over the bins of the band."""

    def power(row: Floats) -> float:
        frequencies, psd = _banded(row, fs, band_hz)
        return float(np.trapezoid(psd, frequencies)) if psd.size > 1 else float("nan")

    return over_channels(power, x, fs)


def spectral_entropy(
    x: ArrayLike, fs: float, *, band_hz: tuple[float, float] | None = None
) -> Floats:
    """Shannon entropy of the normalised spectrum over ln(number of bins): 0 a line, 1 white."""

    def entropy(row: Floats) -> float:
        _, psd = _banded(row, fs, band_hz)
        if psd.size < 2 or psd.sum() <= 0:
            return float("nan")
        share = psd[psd > 0] / psd.sum()
        return float(-(share * np.log(share)).sum() / np.log(psd.size))

    return over_channels(entropy, x, fs)


def _banded(x: Floats, fs: float, band_hz: tuple[float, float] | None) -> tuple[Floats, Floats]:
    """Bins of the density within the band; DC, whose f^−1 has no value, never counts."""
    low, high = (0.0, fs / 2) if band_hz is None else band_hz
    if not 0 <= low < high:
        raise ParameterError(f"band_hz must be (low, high) with 0 ≤ low < high, got {band_hz!r}")
    frequencies, psd, _ = power_spectrum(x, fs)
    chosen = (frequencies > 0) & (frequencies >= low) & (frequencies <= high)
    return frequencies[chosen], psd[chosen]


def _moment(frequencies: Floats, psd: Floats, order: int) -> float:
    if not psd.size:
        return float("nan")
    return float((frequencies ** float(order) * psd).sum())


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0 else float("nan")
