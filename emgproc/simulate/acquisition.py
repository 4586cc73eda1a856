"""What electrode, mains and converter add to the muscle's signal."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError

FLICKER_BELOW_HZ = 30.0
SLOWEST_HZ = 0.5
LSB_UV = 0.1
FULL_RANGE_UV = (-3276.8, 3276.7)  # 16 bits of 0.1 µV
BITS = 16
N_STEPS = 65535


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


@dataclass(frozen=True, slots=True)
class Mains:
    """Interference of the power line: its frequency in this recording and its harmonics' share.

    `third` and `fifth` are amplitudes relative to the fundamental.
    """

    frequency_hz: float = 50.0
    third: float = 0.3
    fifth: float = 0.15

    def hum(self, rng: np.random.Generator, times_s: Floats, amplitude_uv: float) -> Floats:
        """Sum of the fundamental and two harmonics at random phases, µV."""
        phases = rng.uniform(0, 2 * np.pi, 3)
        turns = 2 * np.pi * self.frequency_hz * times_s
        parts = zip((1, 3, 5), (1.0, self.third, self.fifth), phases, strict=True)
        total = np.zeros_like(times_s)
        for order, share, phase in parts:
            total += amplitude_uv * share * np.sin(order * turns + phase)
        return total


def sway(
    rng: np.random.Generator, times_s: Floats, span_s: tuple[float, float], amplitude_uv: float
) -> Floats:
    """Slow movement of the electrodes (below 20 Hz) within a span, µV; silent at its ends.

    Three sines of 1–6 Hz under a raised-cosine window.
    """
    start, stop = span_s
    inside = (times_s >= start) & (times_s < stop)
    out = np.zeros_like(times_s)
    t = times_s[inside] - start
    window = 0.5 - 0.5 * np.cos(2 * np.pi * t / (stop - start))
    for rate_hz, phase in zip(rng.uniform(1, 6, 3), rng.uniform(0, 2 * np.pi, 3), strict=True):
        out[inside] += amplitude_uv / 3 * window * np.sin(2 * np.pi * rate_hz * t + phase)
    return out


def lsb_uv(range_uv: tuple[float, float]) -> float:
    """Step of a 16-bit converter whose lowest and highest code lie at `range_uv`, µV."""
    return (range_uv[1] - range_uv[0]) / N_STEPS


def digitise(x: Floats, range_uv: tuple[float, float] = FULL_RANGE_UV) -> Floats:
    """What a 16-bit converter makes of a voltage: whole steps, cut off at the rails, µV.

    Raises
    ------
    ParameterError
        The upper rail is not above the lower one.
    """
    low, high = range_uv
    if not high > low:
        raise ParameterError(f"a converter's rails must rise, got {range_uv}")
    step = lsb_uv(range_uv)
    codes = np.clip(np.rint((x - low) / step), 0, N_STEPS)
    return np.asarray(low + codes * step)
