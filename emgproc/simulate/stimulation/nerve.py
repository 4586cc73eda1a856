"""A motor nerve and its muscle as surface electrodes see them: one potential a motor unit.

Sign: µV of E1 (over the endplates) minus E2 (tendon). A unit's potential starts with a negative
phase, so its samples are negative; clinics draw them upwards.

The shape is f(u) = 3u² (1 − u^1.5) exp(−2u^1.5), u lengths of the negative phase after the
take-off: nothing before it, the peak at u = 0.517, the crossing at u = 1, then a longer and lower
positive phase (60 % of the peak, at u = 1.48). f is the derivative of u³ exp(−2u^1.5), so the
potential has no area: every piece of membrane ends where it began, and trains of potentials have
no offset. A stimulus I excites an axon with the probability Φ((I − threshold) / (relative spread ·
threshold)).

References
----------
Bostock 2016, Muscle Nerve 53:889 (thresholds and their relative spread of 1–2 %). Parano 1993,
J Child Neurol 8:336 (infants: 43 m/s at 6–12 months). Renault 1983, PMID 6672899 (SMA type I:
slowed conduction).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from emgproc.arrays import Bools, Floats, as_vector
from emgproc.errors import ParameterError
from emgproc.simulate.checks import check_finite, entropy_of
from emgproc.simulate.pool import HEALTHY_UNITS, SMUP_UV, draw_pool

_W = (13 - math.sqrt(73)) / 12  # f' = 0 where 6w² − 13w + 4 = 0, w = u^1.5
PEAK_AT = _W ** (2 / 3)
PEAK = 3 * _W ** (4 / 3) * (1 - _W) * math.exp(-2 * _W)
REACH = 7.0  # lengths of the negative phase; beyond, a potential is below 1e-12 of its peak
SUPRAMAXIMAL = 1.2
STRONGEST_MA = 40.0  # where no axon answers, the stimulator is turned up to here
FURTHEST_SD = 3.0


def unit_shape(u: Floats) -> Floats:
    """Potential of a unit of size 1, −f(u)/max f: −1 at `PEAK_AT`, 0 at u <= 0 and u = 1.

    Examples
    --------
    >>> unit_shape(np.array([-1.0, 0.0, PEAK_AT, 1.0])).round(12).tolist()
    [0.0, 0.0, -1.0, 0.0]
    """
    after = np.maximum(u, 0.0)
    w = after * np.sqrt(after)
    values = 3 / PEAK * after**2 * (w - 1) * np.exp(-2 * w)
    return np.asarray(np.where(after > 0, values, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class Nerve:
    """The motor units that a nerve reaches; every field has the shape (n_units,).

    Attributes
    ----------
    size_uv
        Negative peak of each unit's potential, baseline to peak, µV, > 0.
    terminal_s
        Delay from the end of the conducted stretch to the take-off, s, >= 0.
    velocity_m_s
        Conduction velocity of each axon, m/s, > 0.
    negative_phase_s
        Length of the negative phase, s, > 0.
    threshold_ma
        Stimulus that excites the axon every second time, mA, > 0.
    relative_spread
        SD of the threshold's noise as a share of the threshold, 0–0.2; 0 is a step.
    """

    size_uv: Floats
    terminal_s: Floats
    velocity_m_s: Floats
    negative_phase_s: Floats
    threshold_ma: Floats
    relative_spread: Floats

    def __post_init__(self) -> None:
        positive = (self.size_uv, self.velocity_m_s, self.negative_phase_s, self.threshold_ma)
        if len({part.shape for part in (*positive, self.terminal_s, self.relative_spread)}) != 1:
            raise ParameterError("every field of a Nerve needs one value a unit")
        if any((part <= 0).any() for part in positive) or (self.terminal_s < 0).any():
            raise ParameterError("sizes, velocities, phases and thresholds of a Nerve are above 0")
        if ((self.relative_spread < 0) | (self.relative_spread > 0.2)).any():
            raise ParameterError("a Nerve's relative spread of thresholds lies in 0–0.2")
        check_finite(self)

    @property
    def n_units(self) -> int:
        """Number of living units."""
        return int(self.size_uv.size)

    @property
    def summed_mv(self) -> float:
        """Sum of the sizes, mV: the CMAP if all units were in phase."""
        return float(self.size_uv.sum()) / 1000

    @property
    def supramaximal_ma(self) -> float:
        """20 % above what excites every axon (threshold + 3 SD), mA; 40 where there is none."""
        if not self.n_units:
            return STRONGEST_MA
        surely = self.threshold_ma * (1 + FURTHEST_SD * self.relative_spread)
        return round(SUPRAMAXIMAL * float(surely.max()), 3)

    def latency_s(self, distance_m: float) -> Floats:
        """Take-off of each unit after a stimulus at this distance from the muscle, s."""
        return self.terminal_s + distance_m / self.velocity_m_s

    def potentials(self, times_s: Floats, take_off_s: Floats) -> Floats:
        """Each unit's potential, µV, shape (n_units, n_times), from its take-off on (s)."""
        since = times_s - take_off_s[:, None]
        shapes = unit_shape(since / self.negative_phase_s[:, None])
        return self.size_uv[:, None] * shapes

    def activation(self, stimulus_ma: ArrayLike) -> Floats:
        """Probability that each stimulus excites each unit, shape (n_stimuli, n_units)."""
        above = as_vector(stimulus_ma, "stimulus_ma")[:, None] - self.threshold_ma
        width = self.relative_spread * self.threshold_ma
        graded = ndtr(above / np.where(width > 0, width, 1.0))
        return np.where(width > 0, graded, above >= 0)

    def fire(self, rng: np.random.Generator, stimulus_ma: ArrayLike) -> Bools:
        """Which units each stimulus excites, shape (n_stimuli, n_units)."""
        chance = self.activation(stimulus_ma)
        return np.asarray(rng.random(chance.shape) < chance)


def draw_nerve(
    rng: np.random.Generator,
    size_uv: Floats,
    *,
    velocity_m_s: float = 40.5,
    terminal_s: float = 0.0013,
    threshold_ma: float = 12.0,
) -> Nerve:
    """Units of these sizes with axons and thresholds of an infant's nerve.

    Thresholds are normal with SD 20 %, velocities with SD 2.5 m/s, terminal delays with SD
    0.25 ms, negative phases 5.0 ± 0.5 ms, all cut at 2.5 SD; relative spreads are uniform in
    1–2 %. Sizes and thresholds are independent.

    Parameters
    ----------
    rng
        Source of randomness.
    size_uv
        Sizes, µV (n_units,).
    velocity_m_s, terminal_s, threshold_ma
        Means over the units.
    """
    n = size_uv.size

    def normal(mean: float, sd: float) -> Floats:
        return mean + sd * np.clip(rng.standard_normal(n), -2.5, 2.5)

    return Nerve(
        np.asarray(size_uv, np.float64),
        normal(terminal_s, min(0.00025, terminal_s / 3)),
        normal(velocity_m_s, 2.5),
        normal(0.005, 0.0005),
        normal(threshold_ma, 0.2 * threshold_ma),
        rng.uniform(0.01, 0.02, n),
    )


def healthy_nerve(seed: int = 0) -> Nerve:
    """A healthy infant's ulnar nerve: 110 units of 50 µV in the mean (lognormal, SD 60 %)."""
    rng = np.random.default_rng((*entropy_of(seed), 1))
    spread = 0.55
    sizes = SMUP_UV * np.exp(rng.normal(-(spread**2) / 2, spread, HEALTHY_UNITS))
    return draw_nerve(rng, sizes)


def sma_nerve(seed: int = 0, n_units: int | None = None) -> Nerve:
    """What SMA type I leaves of it: few units, enlarged and small ones, slowed axons.

    3–8 units where `n_units` is None, so that the response lies between about 0.05 and 1 mV;
    sizes are those of `draw_pool`.

    Raises
    ------
    ParameterError
        `n_units` is below 1; a nerve without units is `absent_nerve`.
    """
    rng = np.random.default_rng((*entropy_of(seed), 2))
    n = int(rng.integers(3, 9)) if n_units is None else n_units
    pool = draw_pool(rng, n, n_at_onset=n, rhythmic_share=0.0)
    return draw_nerve(rng, pool.smup_uv, velocity_m_s=37.0, terminal_s=0.0016)


def absent_nerve() -> Nerve:
    """A nerve without a living unit."""
    none = np.empty(0)
    return Nerve(none, none, none, none, none, none)


def plain_nerve(size_uv: ArrayLike, *, peak_delay_s: float = 0.0025) -> Nerve:
    """Units that differ in size only: one latency, one shape, even thresholds without noise.

    The take-off is 2 ms after a stimulus at 4 cm, the peak `peak_delay_s` later: on a sample of
    the default settings. Thresholds lie evenly from 8 to 16 mA in the order given. So every
    response is exactly the sum of the sizes of those whose threshold is reached.

    Raises
    ------
    SignalError
        The sizes are no vector.
    """
    sizes = as_vector(size_uv, "size_uv")
    same = np.ones(sizes.size)
    thresholds = np.linspace(8.0, 16.0, sizes.size)
    return Nerve(
        sizes, 0.001 * same, 40.0 * same, peak_delay_s / PEAK_AT * same, thresholds, 0.0 * same
    )  # fmt: skip
