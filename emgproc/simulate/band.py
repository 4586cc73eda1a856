"""The analysed band as a formula, so that truth is known without the filter under test.

Order-2 Butterworth high-pass and low-pass, each run forwards and backwards, with the −3 dB points
of the whole at the named frequencies: in the warped frequency W = tan(πf/fs) the gain of a
high-pass is 1 / (1 + (√2 − 1) (W_c/W)⁴) and that of a low-pass the same with the ratio inverted.
"""

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.simulate.muap import energy_spectrum

BAND_HZ = (20.0, 450.0)
HALF_POWER = float(np.sqrt(2.0) - 1.0)


def band_gain(f_hz: Floats, fs: float, band_hz: tuple[float, float] = BAND_HZ) -> Floats:
    """Amplitude gain of the zero-phase band at each frequency, 0–1; 1/√2 at its edges.

    Parameters
    ----------
    f_hz
        Frequencies, 0 to fs/2.
    fs
        Sampling rate, Hz, > 2 · the upper edge.
    band_hz
        Lower and upper −3 dB point, Hz.

    Examples
    --------
    >>> band_gain(np.array([20.0]), 1250.0).round(3)
    array([0.707])
    """
    low, high = (np.tan(np.pi * edge / fs) for edge in band_hz)
    with np.errstate(divide="ignore"):
        w = np.tan(np.pi * np.minimum(f_hz, fs / 2 * (1 - 1e-12)) / fs)
        below = HALF_POWER * (low / w) ** 4
    return np.asarray(1 / (1 + below) / (1 + HALF_POWER * (w / high) ** 4))


def in_band(x: Floats, fs: float, band_hz: tuple[float, float] = BAND_HZ) -> Floats:
    """A signal (last axis) as an ideal version of the band passes it: gains, no phase.

    The signal is taken to be followed by one second of silence, so that its ends do not meet.
    """
    n = x.shape[-1] + int(np.ceil(fs))
    f_hz = np.asarray(np.fft.rfftfreq(n, 1 / fs), np.float64)
    spectrum = np.fft.rfft(x, n) * band_gain(f_hz, fs, band_hz)
    return np.asarray(np.fft.irfft(spectrum, n)[..., : x.shape[-1]])


def band_share(width_s: Floats, fs: float, band_hz: tuple[float, float] = BAND_HZ) -> Floats:
    """Share of a unit potential's energy that the band passes, one per width λ (s)."""
    f_hz = np.linspace(0, fs / 2, 4097)
    passed = band_gain(f_hz, fs, band_hz) ** 2
    shares = [np.trapezoid(energy_spectrum(f_hz, float(w)) * passed, f_hz) for w in width_s]
    return np.array(shares)


def mean_square(x: Floats, where: Bools) -> float:
    """Mean of x² over the samples of `where`, µV²; NaN where there is none."""
    return float(np.mean(x[where] ** 2)) if where.any() else float("nan")
