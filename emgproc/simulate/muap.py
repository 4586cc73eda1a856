"""The potential of one motor unit as a bipolar surface electrode sees it, and its energy.

The quick form p(t) = A (t/λ) exp(−(t/λ)²) (validation case 16): biphasic, no area, extremes
±0.4289 A at ±λ/√2, spectrum with one peak at 1/(√2 π λ) (75 Hz for λ = 3 ms).
"""

import numpy as np

from emgproc.arrays import Floats

ENERGY = float(np.sqrt(np.pi / 2) / 4)  # ∫ u² exp(−2u²) du = 0.31333
REACH = 5.0  # beyond ±5 λ the potential is below 1e-10 A


def waveform(t_s: Floats, amplitude_uv: Floats | float, width_s: Floats | float) -> Floats:
    """p(t) = A (t/λ) exp(−(t/λ)²), µV; t = 0 is the zero crossing in its middle.

    Parameters
    ----------
    t_s
        Times, s, any shape that broadcasts with the other two.
    amplitude_uv
        A, µV (the extremes are ±0.4289 A); negative turns the potential over.
    width_s
        λ, s, > 0.
    """
    u = t_s / width_s
    return np.asarray(amplitude_uv * u * np.exp(-(u**2)))


def energy(amplitude_uv: Floats | float, width_s: Floats | float) -> Floats:
    """E = ∫ p(t)² dt = √(π/2)/4 · A² λ = 0.31333 A² λ, µV² s.

    Examples
    --------
    >>> round(float(energy(20.0, 0.003)), 3)
    0.376
    """
    return np.asarray(ENERGY * np.square(amplitude_uv) * width_s)


def energy_spectrum(f_hz: Floats, width_s: float) -> Floats:
    """Energy density of a potential of unit energy, 1/Hz, one-sided: its integral over f is 1.

    From the Fourier transform |P(f)| = A π^{3/2} λ² f exp(−(πλf)²).
    """
    shape = (np.pi**1.5 * width_s**2 * f_hz * np.exp(-((np.pi * width_s * f_hz) ** 2))) ** 2
    return np.asarray(2 * shape / (ENERGY * width_s))


def add_potentials(
    signal: Floats, fs: float, spikes_s: Floats, amplitude_uv: float, width_s: float
) -> None:
    """Add one unit's potential at each of its discharge times to `signal` (in place), µV.

    Potentials are placed where they belong between the samples, not at the nearest one.

    Parameters
    ----------
    signal
        float64 (n_samples,), sample k at k / fs.
    fs
        Sampling rate, Hz.
    spikes_s
        Discharge times, s; potentials that reach over an end are cut there.
    amplitude_uv, width_s
        A and λ of `waveform`.
    """
    reach = int(np.ceil(REACH * width_s * fs))
    nearest = np.rint(spikes_s * fs).astype(np.int64)
    offsets = np.arange(-reach, reach + 1)
    at = nearest[:, None] + offsets
    values = waveform(at / fs - spikes_s[:, None], amplitude_uv, width_s)
    inside = (at >= 0) & (at < signal.size)
    signal += np.bincount(at[inside], weights=values[inside], minlength=signal.size)
