"""The motor-unit pool: recruitment, rates and forces of Fuglevand, and what SMA leaves of it.

References
----------
Fuglevand, Winter and Patla 1993, J Neurophysiol 70:2470 (thresholds, rates, twitches).
Swoboda 2005, Ann Neurol 57:704, and the NeuroNEXT baseline (CMAP 1.4 ± 2.2 mV against
5.5 ± 2.0 mV of healthy infants), to which the survivors' sizes are anchored.
"""

import math
from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError

MIN_RATE_HZ = 8.0
FIRST_PEAK_RATE_HZ = 45.0
PEAK_RATE_RANGE_HZ = 10.0
RATE_GAIN = 1.0
RECRUITMENT_RANGE = 30.0
FORCE_RANGE = 100.0
LONGEST_TWITCH_S = 0.090
HEALTHY_UNITS = 110  # infant hand muscle: 110 × 50 µV = 5.5 mV, the healthy CMAP
SMUP_UV = 50.0


def recruitment_thresholds(n_units: int, recruitment_range: float = RECRUITMENT_RANGE) -> Floats:
    """Excitation at which each unit starts: RTE_i = exp(i ln RR / n), i = 1 … n.

    Raises
    ------
    ParameterError
        Fewer than one unit, or a range below 1.

    Examples
    --------
    >>> round(float(recruitment_thresholds(120)[59]), 4)
    5.4772
    """
    if n_units < 1 or not 1 <= recruitment_range < math.inf:
        raise ParameterError(
            f"a pool needs n_units >= 1 and a range >= 1, got {n_units=}, {recruitment_range=}"
        )
    i = np.arange(1, n_units + 1, dtype=np.float64)
    exponents: Floats = i * (math.log(recruitment_range) / n_units)
    return np.exp(exponents)


def peak_rates(thresholds: Floats) -> Floats:
    """Highest rate of each unit, Hz: PFR_i = 45 − 10 · RTE_i / RTE_n."""
    return FIRST_PEAK_RATE_HZ - PEAK_RATE_RANGE_HZ * thresholds / float(thresholds[-1])


def unit_rate(
    excitation: Floats | float, threshold: Floats | float, peak_hz: Floats | float
) -> Floats:
    """Rate, Hz: min(PFR_i, 8 + (E − RTE_i)), 0 below threshold; the three broadcast."""
    rates = np.minimum(peak_hz, MIN_RATE_HZ + RATE_GAIN * (excitation - threshold))
    return np.where(excitation >= threshold, rates, 0.0)


def firing_rates(excitation: Floats | float, thresholds: Floats) -> Floats:
    """Rate of each unit at an excitation, Hz: shape (n_units,), or (n_times, n_units) for many.

    Examples
    --------
    >>> firing_rates(np.array([0.0, 4.0, 57.0]), np.array([2.0, 8.0])).tolist()
    [[0.0, 0.0], [10.0, 0.0], [42.5, 35.0]]
    """
    return unit_rate(np.asarray(excitation)[..., None], thresholds, peak_rates(thresholds))


def maximal_excitation(thresholds: Floats) -> float:
    """Excitation at which the last unit reaches its peak rate."""
    last = float(thresholds[-1])
    return last + (float(peak_rates(thresholds)[-1]) - MIN_RATE_HZ) / RATE_GAIN


def twitch_forces(n_units: int, force_range: float = FORCE_RANGE) -> Floats:
    """Peak twitch force of each unit relative to the weakest: P_i = exp(i ln RP / n)."""
    return recruitment_thresholds(n_units, force_range)


def contraction_times_s(forces: Floats) -> Floats:
    """Time to peak of each twitch: T_i = 90 ms · (1/P_i)^(1/c), c = log₃ 100 (threefold range)."""
    c = math.log(100.0) / math.log(3.0)
    return np.asarray(LONGEST_TWITCH_S * forces ** (-1.0 / c), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class FuglevandPool:
    """A whole pool, in order of recruitment; every array has shape (n_units,).

    Attributes
    ----------
    thresholds
        Excitation at which each unit starts.
    forces
        Peak twitch force relative to the weakest unit.
    contraction_times_s
        Time to the peak of the twitch, s.
    """

    thresholds: Floats
    forces: Floats
    contraction_times_s: Floats

    @property
    def n_units(self) -> int:
        """Number of units."""
        return int(self.thresholds.size)

    @property
    def shares(self) -> Floats:
        """Share of the muscle's fibres in each unit: in proportion to its twitch force."""
        return np.asarray(self.forces / self.forces.sum())

    @property
    def maximal_excitation(self) -> float:
        """Excitation at which the last unit reaches its peak rate."""
        return maximal_excitation(self.thresholds)


def healthy_pool(
    n_units: int = 120,
    *,
    recruitment_range: float = RECRUITMENT_RANGE,
    force_range: float = FORCE_RANGE,
) -> FuglevandPool:
    """The pool of Fuglevand 1993 (validation case 45).

    Parameters
    ----------
    n_units
        Number of units, >= 1; 120 as published, `HEALTHY_UNITS` for an infant's hand muscle.
    recruitment_range, force_range
        Threshold and twitch force of the last unit as a multiple of the first, >= 1.

    Raises
    ------
    ParameterError
        A value below 1.

    Examples
    --------
    >>> healthy_pool().maximal_excitation
    57.0
    """
    forces = twitch_forces(n_units, force_range)
    thresholds = recruitment_thresholds(n_units, recruitment_range)
    return FuglevandPool(thresholds, forces, contraction_times_s(forces))


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """The motor units of one muscle, in order of recruitment.

    Attributes
    ----------
    smup_uv
        Size of each unit in the nerve's response (single motor-unit potential), µV.
    width_s
        λ of each unit's surface potential, s.
    polarity
        +1 or −1: the side of the endplate on which the electrodes lie.
    rhythmic
        Units that fire on their own, at rest and in sleep, whatever the drive.
    rhythm_hz
        Their rate, 5–15 Hz; 0 for the others.
    """

    smup_uv: Floats
    width_s: Floats
    polarity: Floats
    rhythmic: Bools
    rhythm_hz: Floats

    @property
    def n_units(self) -> int:
        """Number of living units."""
        return int(self.smup_uv.size)

    @property
    def cmap_uv(self) -> float:
        """Response to a maximal nerve stimulus, µV: the sum of the units' sizes."""
        return float(self.smup_uv.sum())

    def rates(self, excitation: float) -> Floats:
        """Rate of each unit, Hz, at an excitation; rhythmic units keep their own."""
        driven = np.flatnonzero(~self.rhythmic)
        rates = self.rhythm_hz.copy()
        if driven.size:
            rates[driven] = firing_rates(excitation, recruitment_thresholds(driven.size))
        return rates

    def first(self, n_units: int) -> "Pool":
        """The pool of which only the first `n_units` of an order of survival live.

        Raises
        ------
        ParameterError
            The pool has fewer units, or none is asked for.
        """
        if not 1 <= n_units <= self.n_units:
            raise ParameterError(f"first() of {self.n_units} units cannot give {n_units}")
        keep = slice(n_units)
        return Pool(
            self.smup_uv[keep],
            self.width_s[keep],
            self.polarity[keep],
            self.rhythmic[keep],
            self.rhythm_hz[keep],
        )

    def plus(self, others: "Pool") -> "Pool":
        """This pool with further units after its own."""
        return Pool(
            np.concatenate([self.smup_uv, others.smup_uv]),
            np.concatenate([self.width_s, others.width_s]),
            np.concatenate([self.polarity, others.polarity]),
            np.concatenate([self.rhythmic, others.rhythmic]),
            np.concatenate([self.rhythm_hz, others.rhythm_hz]),
        )


def draw_pool(
    rng: np.random.Generator, n_units: int, *, n_at_onset: int, rhythmic_share: float
) -> Pool:
    """Units of a muscle that SMA type I has left with few, enlarged and small ones mixed.

    Survivors are enlarged by e ~ lognormal of mean min(3, 1 + 0.3 (n₀/n − 1)); a fifth to two
    fifths are small and immature instead (bimodal sizes, Hausmanowa-Petrusewicz 1986).

    Parameters
    ----------
    rng
        Source of randomness.
    n_units
        Units to draw.
    n_at_onset
        Units alive when the enlargement settled; n in the formula above.
    rhythmic_share
        Share of units that fire rhythmically on their own, 0–1; at least one unit stays driven.

    Raises
    ------
    ParameterError
        A count is below 1 or the share is outside 0–1.
    """
    if n_units < 1 or n_at_onset < 1 or not 0 <= rhythmic_share <= 1:
        raise ParameterError(
            f"draw_pool needs counts >= 1 and a share in 0–1, got {n_units=}, {n_at_onset=}, "
            f"{rhythmic_share=}"
        )
    enlargement = min(3.0, 1.0 + 0.3 * (HEALTHY_UNITS / n_at_onset - 1.0))
    spread = 0.4
    factor = enlargement * np.exp(rng.normal(-(spread**2) / 2, spread, n_units))
    immature = rng.random(n_units) < rng.uniform(0.2, 0.4)
    factor = np.where(immature, rng.uniform(0.2, 0.5, n_units), factor)
    width_s = np.clip(0.003 * factor**0.2, 0.002, 0.005)
    n_rhythmic = min(round(rhythmic_share * n_units), n_units - 1)
    rhythmic = np.zeros(n_units, np.bool_)
    rhythmic[rng.permutation(n_units)[:n_rhythmic]] = True
    rhythm_hz = np.where(rhythmic, rng.uniform(5.0, 15.0, n_units), 0.0)
    return Pool(SMUP_UV * factor, width_s, rng.choice([-1.0, 1.0], n_units), rhythmic, rhythm_hz)
