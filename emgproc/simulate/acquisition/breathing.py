"""Breathing, as the electrodes see it: the baseline moves, and the heart with the chest."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError


@dataclass(frozen=True, slots=True)
class Breathing:
    """One infant's breathing in one recording.

    Attributes
    ----------
    rate_per_min
        Breaths per minute; infants of 6–12 months 30–60 (0.5–1 Hz), asleep from 24 on.
    rate_cov
        Coefficient of variation of the breaths' durations; 0 is a ventilator.
    baseline_uv
        Amplitude of the baseline's movement, µV; each channel has 0.3–1 of it.
    ecg_depth
        Share by which the ECG rises and falls as the heart's axis turns, 0–0.5.

    Raises
    ------
    ParameterError
        A field is outside its range.
    """

    rate_per_min: float = 36.0
    rate_cov: float = 0.1
    baseline_uv: float = 60.0
    ecg_depth: float = 0.15

    def __post_init__(self) -> None:
        if not (12 <= self.rate_per_min <= 120 and 0 <= self.rate_cov <= 0.3):
            raise ParameterError(f"no infant's breathing: {self}")
        if not 0 <= self.baseline_uv < np.inf or not 0 <= self.ecg_depth <= 0.5:
            raise ParameterError(f"baseline_uv >= 0 and ecg_depth 0–0.5 are needed: {self}")

    @property
    def rate_hz(self) -> float:
        """Breaths per second."""
        return self.rate_per_min / 60

    def wave(self, rng: np.random.Generator, times_s: Floats) -> Floats:
        """Chest movement at each time: a sine whose periods vary, amplitude 1."""
        n = int(np.ceil(float(times_s[-1]) * self.rate_hz * 1.5)) + 20
        durations = np.maximum(1 + self.rate_cov * rng.normal(size=n), 0.3) / self.rate_hz
        onsets = np.concatenate(([0.0], np.cumsum(durations))) - rng.uniform() * durations[0]
        return np.asarray(np.sin(2 * np.pi * np.interp(times_s, onsets, np.arange(n + 1.0))))


def drift(rng: np.random.Generator, times_s: Floats, sd_uv: float) -> Floats:
    """A baseline that walks at random: from 0, SD `sd_uv` after one minute, µV.

    Straight between whole seconds: of 100 µV about 0.002 µV lie above 20 Hz.
    """
    knots_s = np.arange(int(np.ceil(times_s[-1])) + 2.0)
    steps = rng.normal(0.0, sd_uv / np.sqrt(60.0), knots_s.size)
    steps[0] = 0.0
    return np.asarray(np.interp(times_s, knots_s, np.cumsum(steps)))
