"""The motor units of a muscle that a needle enters, and what force they are to make.

A healthy muscle of an infant has 110 units, a muscle with SMA the few that are left: enlarged ones
and, a third of them, small immature ones. A myopathic muscle has all its units, each with a third
of its fibres. Equal force therefore takes few fast units in one and many in the other.

A unit that has taken in more fibres pulls harder for it, but not faster: contraction times go by
the rank of the motor neuron, whatever its unit has won or lost.

References
----------
Fuglevand, Winter and Patla 1993, J Neurophysiol 70:2470 (recruitment, rates, twitches). Henneman,
Somjen and Carpenter 1965, J Neurophysiol 28:560 (small units first). Vogt and Nix 1997,
Electroencephalogr Clin Neurophysiol 105:328 (units of SMA: the twitch grows with the potential,
the contraction time does not).
"""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.simulate.force import steady_force
from emgproc.simulate.needle.unit import ENLARGED, HEALTHY, IMMATURE, MYOPATHIC, UnitKind
from emgproc.simulate.pool import (
    HEALTHY_UNITS,
    contraction_times_s,
    firing_rates,
    maximal_excitation,
    recruitment_thresholds,
)

MUSCLE_MM = 3.5  # radius of the cross-section over which the territories' centres lie
SIZE_RANGE = 5.0  # fibres of a healthy muscle's last unit relative to its first
SIZE_SPREAD = 0.4
SURVIVORS = (6, 20)
IMMATURE_SHARE = (0.2, 0.4)
CONDITIONS = ("healthy", "neurogenic", "myopathic")
BISECTIONS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Muscle:
    """Living units in the order of their recruitment.

    Attributes
    ----------
    condition
        One of `CONDITIONS`.
    kinds
        How each unit is built.
    sizes
        Fibres of each relative to those of its kind, (n_units,).
    thresholds
        Excitation at which each starts (Fuglevand), (n_units,).
    centres_mm
        Middle of each territory in the muscle's cross-section, (n_units, 2).
    """

    condition: str
    kinds: tuple[UnitKind, ...]
    sizes: Floats
    thresholds: Floats
    centres_mm: Floats

    @property
    def n_units(self) -> int:
        """Number of living units."""
        return len(self.kinds)

    @property
    def radii_mm(self) -> Floats:
        """Radius of each unit's territory, mm."""
        return np.array([kind.territory_mm / 2 for kind in self.kinds])

    @property
    def strengths(self) -> Floats:
        """Twitch of each unit: its fibres' cross-section relative to a healthy mean unit's."""
        area = np.array([k.n_fibres * k.diameter_um[0] ** 2 for k in self.kinds])
        return np.asarray(self.sizes * area / (HEALTHY.n_fibres * HEALTHY.diameter_um[0] ** 2))

    def force(self, excitation: float) -> float:
        """Mean force at an excitation; 1 is the greatest of a healthy muscle."""
        return _steady(self.strengths, self.thresholds, excitation) / _healthy_force()

    def excitation_for(self, force: float) -> float:
        """Excitation at which the muscle makes this force, or the greatest one if it cannot.

        Raises
        ------
        ParameterError
            A force outside 0–1.
        """
        if not 0 <= force <= 1:
            raise ParameterError(f"force is a share of a healthy muscle's, 0–1, got {force}")
        low, high = 0.0, maximal_excitation(self.thresholds)
        if self.force(high) <= force:
            return high
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.force(middle) < force else (low, middle)
        return high


def draw_muscle(rng: np.random.Generator, condition: str, n_units: int | None = None) -> Muscle:
    """A muscle of an infant: healthy, with SMA (neurogenic), or myopathic.

    Parameters
    ----------
    rng
        Source of randomness.
    condition
        One of `CONDITIONS`.
    n_units
        Living units; 110, or 6–20 in a neurogenic muscle, where None.

    Raises
    ------
    ParameterError
        An unknown condition, or no unit.
    """
    if condition not in CONDITIONS or (n_units is not None and n_units < 1):
        raise ParameterError(f"no such muscle: {condition=} of {CONDITIONS}, {n_units=} (>= 1)")
    survivors = int(rng.integers(*SURVIVORS, endpoint=True))
    neurogenic = condition == "neurogenic"
    n = n_units if n_units is not None else (survivors if neurogenic else HEALTHY_UNITS)
    spread = rng.normal(-(SIZE_SPREAD**2) / 2, SIZE_SPREAD, n)
    radius, angle = MUSCLE_MM * np.sqrt(rng.random(n)), rng.uniform(0, 2 * np.pi, n)
    kinds = (MYOPATHIC if condition == "myopathic" else HEALTHY,) * n
    sizes = _graded(n)
    if neurogenic:
        n_small = round(rng.uniform(*IMMATURE_SHARE) * n)
        kinds = (IMMATURE,) * n_small + (ENLARGED,) * (n - n_small)
        drawn = np.exp(spread)
        sizes = np.concatenate([np.sort(drawn[:n_small]), np.sort(drawn[n_small:])])
    centres = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return Muscle(condition, kinds, sizes, recruitment_thresholds(n), centres)


def _graded(n: int) -> Floats:
    """Sizes that rise fivefold from the first unit to the last, mean 1."""
    sizes = recruitment_thresholds(n, SIZE_RANGE)
    return np.asarray(sizes / sizes.mean())


def _steady(strengths: Floats, thresholds: Floats, excitation: float) -> float:
    ranks = _graded(thresholds.size)
    times_s = contraction_times_s(ranks / ranks[0])
    return steady_force(firing_rates(excitation, thresholds), strengths, times_s)


def _healthy_force() -> float:
    thresholds = recruitment_thresholds(HEALTHY_UNITS)
    return _steady(_graded(HEALTHY_UNITS), thresholds, maximal_excitation(thresholds))
