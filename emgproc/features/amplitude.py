"""How large the signal is: features of section 4 that carry microvolts.

Every function takes `x` in µV with samples on the last axis and NaN where a sample is masked,
removes the mean of the valid samples, and gives one value per channel: NaN where no sample (or
no pair of neighbours) is valid, 0 for a constant. Differences are taken between valid neighbours
only.
"""

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_signal, check_fs
from emgproc.errors import ParameterError
from emgproc.features.samples import Valid, as_result, centred, divided
from emgproc.units import to_samples


def iemg(x: ArrayLike, fs: float) -> Floats:
    """Integrated EMG, µV·s: Σ|x| / fs over the valid samples.

    Examples
    --------
    >>> float(iemg([1.0, -1.0, 1.0, -1.0], fs=4))
    1.0
    """
    values = centred(x, fs)
    total = np.abs(values.x).sum(axis=-1) / fs
    return as_result(np.where(values.n > 0, total, np.nan))


def arv(x: ArrayLike, fs: float) -> Floats:
    """Average rectified value, µV: mean |x| (SENIAM; also called MAV)."""
    values = centred(x, fs)
    return divided(np.abs(values.x).sum(axis=-1), values.n)


def variance(x: ArrayLike, fs: float) -> Floats:
    """Variance, µV²: mean of squares about the mean (divisor N)."""
    values = centred(x, fs)
    return divided(np.square(values.x).sum(axis=-1), values.n)


def rms(x: ArrayLike, fs: float) -> Floats:
    """Root mean square, µV, about the mean.

    Parameters
    ----------
    x
        Signal, µV, samples on the last axis, NaN = masked.
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


def log_detector(x: ArrayLike, fs: float) -> Floats:
    """Log detector, µV: exp(mean ln|x|), zeros excluded; 0 where nothing but zeros is left.

    This is the geometric mean; exp(mean ln(|x| + 1)), found elsewhere, depends on the unit.
    """
    size = np.abs(centred(x, fs).x)
    some = size > 0
    mean = divided(np.log(size, out=np.zeros_like(size), where=some).sum(-1), some.sum(-1))
    return as_result(np.where(centred(x, fs).n > 0, np.nan_to_num(np.exp(mean)), np.nan))


def wl(x: ArrayLike, fs: float) -> Floats:
    """Waveform length, µV: Σ|x[i+1] − x[i]|; grows with the time that is valid."""
    steps, n = _differences(centred(x, fs))
    return as_result(np.where(n > 0, np.abs(steps).sum(axis=-1), np.nan))


def aac(x: ArrayLike, fs: float) -> Floats:
    """Average amplitude change, µV: waveform length per valid pair, WL / (N − 1)."""
    steps, n = _differences(centred(x, fs))
    return divided(np.abs(steps).sum(axis=-1), n)


def dasdv(x: ArrayLike, fs: float) -> Floats:
    """Difference absolute standard deviation value, µV: sqrt(mean (x[i+1] − x[i])²)."""
    steps, n = _differences(centred(x, fs))
    return as_result(np.sqrt(divided(np.square(steps).sum(axis=-1), n)))


def apdf(x: ArrayLike, fs: float, *, percentile: float = 50.0, window_s: float = 0.2) -> Floats:
    """Amplitude probability distribution function (Jonsson 1982): a percentile of windowed RMS.

    Parameters
    ----------
    x
        Signal, µV, samples on the last axis, NaN = masked.
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
    check_fs(fs)
    length = to_samples(window_s, fs)
    if length < 1:
        raise ParameterError(f"apdf: window_s {window_s!r} is shorter than a sample at {fs} Hz")
    values = centred(as_signal(x), fs)
    n_windows = values.x.shape[-1] // length
    shape = (*values.x.shape[:-1], n_windows, length)
    squares = np.square(values.x[..., : n_windows * length]).reshape(shape).sum(axis=-1)
    n = values.ok[..., : n_windows * length].reshape(shape).sum(axis=-1)
    level = np.sqrt(divided(squares, np.where(n >= 0.8 * length, n, 0)))
    flat = level.reshape(int(np.prod(shape[:-2])), n_windows)
    found = [_percentile(row[np.isfinite(row)], percentile) for row in flat]
    return as_result(np.array(found).reshape(shape[:-2]))


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


def _differences(values: Valid) -> tuple[Floats, Floats]:
    """Steps between valid neighbours (0 elsewhere) and their number."""
    both = values.ok[..., 1:] & values.ok[..., :-1]
    steps = np.where(both, np.diff(values.x, axis=-1), 0.0)
    return steps, np.asarray(both.sum(axis=-1), np.float64)


def _percentile(values: Floats, percentile: float) -> float:
    return float(np.percentile(values, percentile)) if values.size else float("nan")
