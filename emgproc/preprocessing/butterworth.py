"""Second-order Butterworth sections whose -3 dB point after two passes is the named cut-off."""

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
