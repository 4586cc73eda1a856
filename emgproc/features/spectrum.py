"""Where the power lies in frequency: Welch's periodogram and the features read from it.

The power spectral density is Welch's (1967): Hann windows of 0.5 s, 50 % overlap, each segment's
mean removed, over contiguous valid stretches only; nothing is interpolated. Where no stretch holds
0.5 s but one holds 0.25 s, the longest stretch is one segment. Less, or no power: NaN.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_vector
from emgproc.errors import ParameterError
from emgproc.features.sums import Sums, sums_of
from emgproc.features.welch import SHORTEST_S, Welch

SEGMENT_S = 0.5


class Spectrum(NamedTuple):
    """One-sided power spectral density of one channel: Hz, µV²/Hz; empty if it has none."""

    frequencies_hz: Floats
    psd: Floats
    n_segments: int


def power_spectrum(x: ArrayLike, fs: float, *, segment_s: float = SEGMENT_S) -> Spectrum:
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
    if not segment_s >= SHORTEST_S:
        raise ParameterError(f"segment_s must be at least {SHORTEST_S} s, got {segment_s!r}")
    found = sums_of(as_vector(x), fs).of(Welch, segment_s)
    return Spectrum(found.frequencies_hz[0], found.psd[0], int(found.n_segments[0]))


def spectral_moment(
    x: ArrayLike | Sums, fs: float, *, order: int = 0, band_hz: tuple[float, float] | None = None
) -> Floats:
    """Spectral moment SM_k = Σ f^k·P(f), µV²·Hz^(k−1), over the bins of the band (DC left out)."""
    return _over_spectra(lambda f, psd: _moment(f, psd, order), x, fs, band_hz)


def mnf(x: ArrayLike | Sums, fs: float, *, band_hz: tuple[float, float] | None = None) -> Floats:
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

    def mean_frequency(frequencies: Floats, psd: Floats) -> float:
        return _ratio(_moment(frequencies, psd, 1), _moment(frequencies, psd, 0))

    return _over_spectra(mean_frequency, x, fs, band_hz)


def mdf(x: ArrayLike | Sums, fs: float, *, band_hz: tuple[float, float] | None = None) -> Floats:
    """Median frequency, Hz: halves the power; interpolated on the cumulative trapezoid."""

    def median_frequency(frequencies: Floats, psd: Floats) -> float:
        if psd.size < 2:
            return float("nan")
        slices = np.diff(frequencies) * (psd[1:] + psd[:-1]) / 2
        cumulated = np.concatenate(([0.0], np.cumsum(slices)))
        if cumulated[-1] <= 0:
            return float("nan")
        return float(np.interp(cumulated[-1] / 2, cumulated, frequencies))

    return _over_spectra(median_frequency, x, fs, band_hz)


def finsm5(
    x: ArrayLike | Sums, fs: float, *, band_hz: tuple[float, float] = (8.0, 500.0)
) -> Floats:
    """Fatigue index of Dimitrov et al. 2006, Hz^−6: SM_−1 / SM_5 over 8–500 Hz."""

    def index(frequencies: Floats, psd: Floats) -> float:
        return _ratio(_moment(frequencies, psd, -1), _moment(frequencies, psd, 5))

    return _over_spectra(index, x, fs, band_hz)


def band_power(
    x: ArrayLike | Sums, fs: float, *, band_hz: tuple[float, float] = (20.0, 450.0)
) -> Floats:
    """Power within a band, µV²: trapezoid of the density over the bins of the band."""

    def power(frequencies: Floats, psd: Floats) -> float:
        return float(np.trapezoid(psd, frequencies)) if psd.size > 1 else float("nan")

    return _over_spectra(power, x, fs, band_hz)


def spectral_entropy(
    x: ArrayLike | Sums, fs: float, *, band_hz: tuple[float, float] | None = None
) -> Floats:
    """Shannon entropy of the normalised spectrum over ln(number of bins): 0 a line, 1 white."""

    def entropy(_frequencies: Floats, psd: Floats) -> float:
        if psd.size < 2 or psd.sum() <= 0:
            return float("nan")
        share = psd[psd > 0] / psd.sum()
        return float(-(share * np.log(share)).sum() / np.log(psd.size))

    return _over_spectra(entropy, x, fs, band_hz)


def _over_spectra(
    function: Callable[[Floats, Floats], float],
    x: ArrayLike | Sums,
    fs: float,
    band_hz: tuple[float, float] | None,
) -> Floats:
    """`function` of frequencies and density of each channel within the band.

    DC, whose f^−1 has no value, never counts.
    """
    sums = sums_of(x, fs)
    low, high = (0.0, sums.fs / 2) if band_hz is None else band_hz
    if not 0 <= low < high:
        raise ParameterError(f"band_hz must be (low, high) with 0 ≤ low < high, got {band_hz!r}")
    spectra = sums.of(Welch, SEGMENT_S)
    values = []
    for frequencies, psd in zip(spectra.frequencies_hz, spectra.psd, strict=True):
        chosen = (frequencies > 0) & (frequencies >= low) & (frequencies <= high)
        values.append(function(frequencies[chosen], psd[chosen]))
    return sums.shaped(np.array(values, np.float64))


def _moment(frequencies: Floats, psd: Floats, order: int) -> float:
    if not psd.size:
        return float("nan")
    return float((frequencies ** float(order) * psd).sum())


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator > 0 else float("nan")
