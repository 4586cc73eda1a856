"""Noise of electrode and amplifier: white, and 1/f below 30 Hz."""

import numpy as np

from emgproc.arrays import Floats

FLICKER_BELOW_HZ = 30.0
SLOWEST_HZ = 0.5


def electrode_noise(
    rng: np.random.Generator, n_samples: int, fs: float, sigma_uv: float
) -> Floats:
    """Noise of electrode and amplifier, µV: white, rising as 1/f in power below 30 Hz.

    Parameters
    ----------
    rng
        Source of randomness.
    n_samples, fs
        Length and sampling rate (Hz).
    sigma_uv
        RMS of the white part from 0 to fs/2, µV. Density sigma²/(fs/2); below 30 Hz it is
        multiplied by 30/f, below 0.5 Hz it is cut (the amplifier is AC coupled).
    """
    spectrum = np.fft.rfft(rng.normal(0.0, sigma_uv, n_samples))
    f_hz = np.fft.rfftfreq(n_samples, 1 / fs)
    density = FLICKER_BELOW_HZ / np.clip(f_hz, SLOWEST_HZ, FLICKER_BELOW_HZ)
    density[f_hz < SLOWEST_HZ] = 0.0
    return np.asarray(np.fft.irfft(spectrum * np.sqrt(density), n_samples))
