"""Designs of second-order sections in closed form: Butterworth and notch.

`highpass_sos`, `lowpass_sos` and `bandpass_sos` name the -3 dB points of both passes together;
`butterworth_sos` and `notch_sos` those of one pass, as SciPy does.
"""

import math

import numpy as np

from emgproc.arrays import Floats, check_fs
from emgproc.errors import FsTooLowError, ParameterError

# Two passes square the gain: with |H|² = 1/(1 + w⁴) per pass, |H|² = 1/√2 at w = (√2 - 1)^(1/4).
_Q = (math.sqrt(2) - 1) ** 0.25


def _warped(fc_hz: float, fs: float) -> float:
    rate = check_fs(fs)
    if not (math.isfinite(fc_hz) and fc_hz > 0):
        raise ParameterError(f"a cut-off must be a finite frequency above 0 Hz, got {fc_hz!r}")
    if fc_hz >= rate / 2:
        raise FsTooLowError(
            f"a cut-off of {fc_hz:g} Hz needs fs above {2 * fc_hz:g} Hz, got {rate:g} Hz"
        )
    return math.tan(math.pi * fc_hz / rate)


def _section(w: float, numerator: tuple[float, float, float]) -> Floats:
    """Bilinear transform of the analogue pair s² + √2·s + 1 at the warped frequency `w`."""
    norm = 1 / (1 + math.sqrt(2) * w + w * w)
    b = np.array(numerator) * norm
    a = [1.0, 2 * (w * w - 1) * norm, (1 - math.sqrt(2) * w + w * w) * norm]
    return np.concatenate([b, a])[None, :]


def highpass_sos(fc_hz: float, fs: float) -> Floats:
    """Section for a zero-phase high-pass: order 2 per pass, -3 dB at `fc_hz` after both.

    Parameters
    ----------
    fc_hz
        Cut-off, Hz, 0 < fc_hz < fs/2.
    fs
        Sampling rate, Hz.

    Returns
    -------
    ndarray
        (1, 6): b0 b1 b2 a0 a1 a2.

    Raises
    ------
    ParameterError
        `fc_hz` or `fs` is not a finite number above 0.
    FsTooLowError
        `fc_hz` is not below fs/2.
    """
    return _section(_warped(fc_hz, fs) * _Q, (1.0, -2.0, 1.0))


def lowpass_sos(fc_hz: float, fs: float) -> Floats:
    """Section for a zero-phase low-pass; as `highpass_sos`."""
    w = _warped(fc_hz, fs) / _Q
    return _section(w, (w * w, 2 * w * w, w * w))


def bandpass_sos(low_hz: float, high_hz: float, fs: float) -> Floats:
    """High-pass at `low_hz`, then low-pass at `high_hz`: (2, 6); as `highpass_sos`.

    Raises
    ------
    ParameterError
        Not 0 < low_hz < high_hz.
    FsTooLowError
        `high_hz` is not below fs/2.
    """
    if not 0 < low_hz < high_hz:
        raise ParameterError(f"a band needs 0 < low_hz < high_hz, got {low_hz=}, {high_hz=}")
    return np.concatenate([highpass_sos(low_hz, fs), lowpass_sos(high_hz, fs)])


def butterworth_sos(low_hz: float, high_hz: float, fs: float, order: int = 4) -> Floats:
    """Butterworth band-pass of an even order per pass, -3 dB at the cut-offs after one pass.

    The filter of `scipy.signal.butter(order, (low_hz, high_hz), "bandpass")`; here every section
    has zeros at 1 and -1 and a gain of its own.

    Parameters
    ----------
    low_hz, high_hz
        Cut-offs, Hz, 0 < low_hz < high_hz < fs/2.
    fs
        Sampling rate, Hz.
    order
        Of the low-pass prototype: an even number; the band-pass has twice as many poles.

    Returns
    -------
    ndarray
        (order, 6): b0 b1 b2 a0 a1 a2.

    Raises
    ------
    ParameterError
        The cut-offs are not in order, or `order` is not even and above 0.
    FsTooLowError
        `high_hz` is not below fs/2.
    """
    if not 0 < low_hz < high_hz:
        raise ParameterError(f"a band needs 0 < low_hz < high_hz, got {low_hz=}, {high_hz=}")
    if order < 2 or order % 2:
        raise ParameterError(f"order must be an even number above 0, got {order}")
    low, high = _warped(low_hz, fs), _warped(high_hz, fs)
    angle = np.pi * (2 * np.arange(order // 2) + order + 1) / (2 * order)
    half = np.exp(1j * angle) * (high - low) / 2
    root = np.sqrt(half**2 - low * high)
    s = np.concatenate([half + root, half - root])  # one of each pair of poles
    z = (1 + s) / (1 - s)
    gain = (high - low) / np.abs(1 - s) ** 2
    one, zero = np.ones(order), np.zeros(order)
    return np.stack([gain, zero, -gain, one, -2 * z.real, np.abs(z) ** 2], axis=1)


def notch_sos(frequency_hz: float, q: float, fs: float) -> Floats:
    """Notch of one section, -3 dB at a distance of frequency_hz/q after one pass.

    The filter of `scipy.signal.iirnotch`.

    Parameters
    ----------
    frequency_hz
        What is removed, Hz, 0 < frequency_hz < fs/2.
    q
        Frequency over the width between the -3 dB points; the width is below fs/2.
    fs
        Sampling rate, Hz.

    Returns
    -------
    ndarray
        (1, 6): b0 b1 b2 a0 a1 a2.

    Raises
    ------
    ParameterError
        `frequency_hz`, `q` or `fs` is not a finite number above 0, or the notch is too wide.
    FsTooLowError
        `frequency_hz` is not below fs/2.
    """
    _warped(frequency_hz, fs)
    if not 2 * frequency_hz / fs < q < math.inf:
        raise ParameterError(
            f"q must be finite and above {2 * frequency_hz / fs:g} (a notch is narrower than "
            f"fs/2), got {q!r}"
        )
    w = 2 * math.pi * frequency_hz / fs
    gain = 1 / (1 + math.tan(w / q / 2))
    middle = -2 * gain * math.cos(w)
    return np.array([[gain, middle, gain, 1.0, middle, 2 * gain - 1]])
