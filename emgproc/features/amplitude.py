"""How large the signal is: features of section 4 that carry microvolts.

Every function takes `x` in µV with samples on the last axis and NaN where a sample is masked (or
the sums over such signals), removes the mean of the valid samples, and gives one value per
channel: NaN where no sample (or no pair of neighbours) is valid, 0 for a constant. Differences are
taken between valid neighbours only.
"""

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.features.envelope import Amplitudes, window_samples
from emgproc.features.samples import as_result, divided
from emgproc.features.sums import Logs, Powers, Steps, Sums, Wanted, sums_of


def iemg(x: ArrayLike | Sums, fs: float) -> Floats:
    """Integrated EMG, µV·s: Σ|x| / fs over the valid samples.

    Examples
    --------
    >>> float(iemg([1.0, -1.0, 1.0, -1.0], fs=4))
    1.0
    """
    sums = sums_of(x, fs)
    total = sums.of(Powers).size / sums.fs
    return sums.shaped(np.where(sums.levels.n > 0, total, np.nan))


def arv(x: ArrayLike | Sums, fs: float) -> Floats:
    """Average rectified value, µV: mean |x| (SENIAM; also called MAV)."""
    sums = sums_of(x, fs)
    return sums.shaped(divided(sums.of(Powers).size, sums.levels.n))


def variance(x: ArrayLike | Sums, fs: float) -> Floats:
    """Variance, µV²: mean of squares about the mean (divisor N)."""
    sums = sums_of(x, fs)
    return sums.shaped(divided(sums.of(Powers).square, sums.levels.n))


def rms(x: ArrayLike | Sums, fs: float) -> Floats:
    """Root mean square, µV, about the mean.

    Parameters
    ----------
    x
        Signal, µV, samples on the last axis, NaN = masked; or its sums.
    fs
        Sampling rate, Hz.

    Returns
    -------
    Floats
        One value per channel, µV, ≥ 0; NaN where no sample is valid.

    Examples
    --------
    >>> float(rms([3.0, -3.0, float("nan"), 3.0, -3.0], fs=1000))
    3.0
    """
    return as_result(np.sqrt(variance(x, fs)))


def log_detector(x: ArrayLike | Sums, fs: float) -> Floats:
    """Log detector, µV: exp(mean ln|x|), zeros excluded; 0 where nothing but zeros is left.

    This is the geometric mean; exp(mean ln(|x| + 1)), found elsewhere, depends on the unit.
    """
    sums = sums_of(x, fs)
    logs = sums.of(Logs)
    level = np.nan_to_num(np.exp(divided(logs.total, logs.n)))
    return sums.shaped(np.where(sums.levels.n > 0, level, np.nan))


def wl(x: ArrayLike | Sums, fs: float) -> Floats:
    """Waveform length, µV: Σ|x[i+1] − x[i]|; grows with the time that is valid."""
    sums = sums_of(x, fs)
    return sums.shaped(np.where(sums.levels.pairs > 0, sums.of(Steps).size, np.nan))


def aac(x: ArrayLike | Sums, fs: float) -> Floats:
    """Average amplitude change, µV: waveform length per valid pair, WL / (N − 1)."""
    sums = sums_of(x, fs)
    return sums.shaped(divided(sums.of(Steps).size, sums.levels.pairs))


def dasdv(x: ArrayLike | Sums, fs: float) -> Floats:
    """Difference absolute standard deviation value, µV: sqrt(mean (x[i+1] − x[i])²)."""
    sums = sums_of(x, fs)
    return sums.shaped(np.sqrt(divided(sums.of(Steps).square, sums.levels.pairs)))


def tkeo_mean(x: ArrayLike | Sums, fs: float) -> Floats:
    """Mean Teager-Kaiser energy, µV²: mean x[i]² − x[i−1]·x[i+1] (Kaiser 1990) of valid triples.

    The mean of the signal is removed before, as for every feature.

    Examples
    --------
    >>> float(tkeo_mean([0.0, 2.0, 0.0, -2.0, 0.0], fs=1000))
    4.0
    """
    sums = sums_of(x, fs)
    return sums.shaped(divided(sums.of(Steps).energy, sums.levels.triples))


def apdf_wanted(fs: float, window_s: float) -> Wanted:
    """The sums that the amplitude distribution reads."""
    return Amplitudes, (window_samples("apdf", window_s, fs),)


def apdf(
    x: ArrayLike | Sums, fs: float, *, percentile: float = 50.0, window_s: float = 0.2
) -> Floats:
    """Amplitude probability distribution function (Jonsson 1982): a percentile of windowed RMS.

    Parameters
    ----------
    x
        Signal, µV, samples on the last axis, NaN = masked; or its sums.
    fs
        Sampling rate, Hz.
    percentile
        0–100; 10 is the static, 50 the median, 90 the peak level.
    window_s
        Length of the windows, which do not overlap, s; one with less than 80 % valid samples
        does not count.

    Returns
    -------
    Floats
        µV; NaN where no window is valid.

    Raises
    ------
    ParameterError
        `percentile` outside 0–100, or a window shorter than one sample.
    """
    if not 0 <= percentile <= 100:
        raise ParameterError(f"apdf: percentile must be within 0–100, got {percentile!r}")
    sums = sums_of(x, fs)
    _, parameters = apdf_wanted(sums.fs, window_s)
    levels = sums.of(Amplitudes, *parameters).rms_uv
    return sums.shaped(
        np.array([_percentile(row[np.isfinite(row)], percentile) for row in levels])
    )


def noise_corrected_rms(rms_uv: ArrayLike, sigma_uv: ArrayLike) -> Floats:
    """RMS of the signal alone, µV: sqrt(RMS² − σ²), 0 where the noise is the larger.

    0 means below what can be measured (censored), not silent. Powers add for independent noise.

    Examples
    --------
    >>> noise_corrected_rms([5.0, 2.9], 3.0)
    array([4., 0.])
    """
    total, sigma = np.asarray(rms_uv, np.float64), np.asarray(sigma_uv, np.float64)
    if np.any(sigma < 0) or np.any(total < 0):
        raise ParameterError("noise_corrected_rms: an RMS and a noise SD are never negative")
    return as_result(np.sqrt(np.maximum(np.square(total) - np.square(sigma), 0.0)))


def _percentile(values: Floats, percentile: float) -> float:
    return float(np.percentile(values, percentile)) if values.size else float("nan")
