"""Interference of the power line: its harmonics, wandering frequency and swelling amplitude."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.simulate.checks import check_finite

KNOT_S = 1.0
STEP_SHARE = 0.2  # SD of the wander's step in one second, as a share of its limit
SWELL_HZ = (0.05, 0.3)  # people and cables near the bed move


@dataclass(frozen=True, slots=True)
class Mains:
    """Interference of the power line: its frequency in this recording and its harmonics' share.

    Attributes
    ----------
    frequency_hz
        Mean frequency, Hz; grids stay within 49.8–50.2, a generator does not.
    third, fifth
        Amplitudes relative to the fundamental.
    others
        Further harmonics as (order, amplitude relative to the fundamental). No filter stands
        before the converter: one above half the sampling rate is folded back.
    wander_hz
        Greatest distance of the frequency from its mean, Hz; it walks at random between these
        limits, with steps of SD 0.2 · wander_hz a second. 0 keeps it steady.
    swell
        Depth of the slow modulation of the amplitude (0.05–0.3 Hz), 0–1.

    Raises
    ------
    ParameterError
        The frequency is not above `wander_hz`, a depth lies outside 0–1, an order below 2.
    """

    frequency_hz: float = 50.0
    third: float = 0.3
    fifth: float = 0.15
    others: tuple[tuple[int, float], ...] = ()
    wander_hz: float = 0.0
    swell: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.wander_hz < self.frequency_hz or not 0 <= self.swell <= 1:
            raise ParameterError(
                f"mains need 0 <= wander_hz < frequency_hz and 0 <= swell <= 1, got {self}"
            )
        if any(order < 2 or order in {3, 5} for order, _ in self.others):
            raise ParameterError(f"others are harmonics of order 2, 4 or above 5, got {self}")
        check_finite(self)

    def track_hz(self, rng: np.random.Generator, duration_s: float) -> Floats:
        """Frequency at 0, 1, 2 … s, Hz, up to the end of the recording or just beyond.

        A random walk from the mean, thrown back at its limits; straight between the seconds.
        """
        n = int(np.ceil(duration_s / KNOT_S)) + 1
        if self.wander_hz == 0:
            return np.full(n, self.frequency_hz)
        steps = rng.normal(0.0, STEP_SHARE, n)
        steps[0] = 0.0
        # A walk folded at ±1: a triangle wave of the walk that knows no limits.
        folded = np.abs((np.cumsum(steps) - 1.0) % 4.0 - 2.0) - 1.0
        return np.asarray(self.frequency_hz + self.wander_hz * folded)

    def hum(
        self,
        rng: np.random.Generator,
        times_s: Floats,
        amplitude_uv: float,
        cycles: Floats | None = None,
    ) -> Floats:
        """Sum of the fundamental and its harmonics at random phases, µV.

        Parameters
        ----------
        rng
            Source of the phases.
        times_s
            Times of the samples, s.
        amplitude_uv
            Amplitude of the fundamental, µV.
        cycles
            Periods that have gone by at each sample, as `cycles_of` counts them along a
            wandering frequency; None is a steady one.
        """
        phases = rng.uniform(0, 2 * np.pi, 3)
        turns = (
            2 * np.pi * cycles if cycles is not None else 2 * np.pi * self.frequency_hz * times_s
        )
        parts = list(zip((1, 3, 5), (1.0, self.third, self.fifth), phases, strict=True))
        for order, share in self.others:
            parts.append((order, share, float(rng.uniform(0, 2 * np.pi))))
        total = np.zeros_like(times_s)
        for order, share, phase in parts:
            total += amplitude_uv * share * np.sin(order * turns + phase)
        if self.swell:
            slow = 2 * np.pi * rng.uniform(*SWELL_HZ) * times_s + rng.uniform(0, 2 * np.pi)
            total *= 1 + self.swell * np.sin(slow)
        return total


def cycles_of(track_hz: Floats, times_s: Floats) -> Floats:
    """Periods gone by at each time: the integral of a track of `Mains.track_hz` from 0 on.

    Examples
    --------
    >>> cycles_of(np.array([50.0, 50.0, 52.0]), np.array([1.0, 2.0]))
    array([ 50., 101.])
    """
    knots_s = KNOT_S * np.arange(track_hz.size)
    whole = np.concatenate(([0.0], np.cumsum((track_hz[1:] + track_hz[:-1]) / 2 * KNOT_S)))
    at = np.clip((times_s / KNOT_S).astype(np.int64), 0, track_hz.size - 2)
    into_s = times_s - knots_s[at]
    slope = (track_hz[at + 1] - track_hz[at]) / KNOT_S
    return np.asarray(whole[at] + track_hz[at] * into_s + slope * into_s**2 / 2)
