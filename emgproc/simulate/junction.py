"""The neuromuscular junctions of a unit: jitter from discharge to discharge, and blocking.

References
----------
Stålberg and Trontelj, Single Fiber Electromyography (jitter as the mean consecutive difference,
MCD, of the interval between two fibres' potentials; impulses block once it exceeds 80–100 µs).
"""

import math
from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats, as_vector
from emgproc.errors import ParameterError
from emgproc.simulate.checks import check_finite

JITTER_US = (20.0, 150.0)
BLOCKING = 0.10
BLOCKS_ABOVE_US = 80.0


def jitter_us(interval_sd_us: float) -> float:
    """MCD of a Gaussian interval between two fibres of this SD: 2s/√π (validation case 31), µs.

    Examples
    --------
    >>> round(jitter_us(30.0), 2)
    33.85
    """
    return 2 * interval_sd_us / math.sqrt(math.pi)


def latency_sd_us(mcd_us: Floats | float) -> Floats:
    """SD of one fibre's own latency where two alike have this jitter: MCD √π / 2 / √2, µs."""
    return np.asarray(np.asarray(mcd_us) * (math.sqrt(math.pi) / 2 / math.sqrt(2)))


@dataclass(frozen=True, slots=True, eq=False)
class Junctions:
    """The junctions of a muscle; those of one unit are alike.

    Attributes
    ----------
    jitter_us
        Jitter (MCD) between two fibres of each unit, µs, shape (n_units,).
    blocking
        Probability that an impulse fails at a junction, 0–1, shape (n_units,).
    """

    jitter_us: Floats
    blocking: Floats

    def __post_init__(self) -> None:
        jitter, blocking = as_vector(self.jitter_us), as_vector(self.blocking)
        if jitter.shape != blocking.shape or not ((blocking >= 0) & (blocking <= 1)).all():
            raise ParameterError(f"one probability a unit, 0–1, got blocking {self.blocking}")
        if not (jitter >= 0).all():
            raise ParameterError(f"jitter cannot be negative: {self.jitter_us} µs")
        check_finite(self)

    def transmit(
        self, rng: np.random.Generator, unit: int, n_discharges: int, n_fibres: int
    ) -> tuple[Floats, Bools]:
        """Latency of every fibre at every discharge about its mean, s, and whether it passed.

        Both have shape (n_discharges, n_fibres); where an impulse is blocked its latency means
        nothing.

        Raises
        ------
        ParameterError
            There is no such unit, or a count is negative.
        """
        if not 0 <= unit < self.jitter_us.size or min(n_discharges, n_fibres) < 0:
            raise ParameterError(
                f"no such junctions: {unit=} of {self.jitter_us.size}, "
                f"{n_discharges=}, {n_fibres=}"
            )
        shape = (n_discharges, n_fibres)
        sd_s = float(latency_sd_us(float(self.jitter_us[unit]))) * 1e-6
        return rng.normal(0.0, sd_s, shape), rng.random(shape) >= self.blocking[unit]


def draw_junctions(rng: np.random.Generator, n_units: int) -> Junctions:
    """Junctions of units that SMA has left: jitter log-uniform 20–150 µs, blocking 0–10 %.

    Blocking is 0 up to 80 µs of jitter and then uniform up to a ceiling that rises to 10 % at
    150 µs (assumption; mature units have stable junctions, those of recent sprouts do not).

    Raises
    ------
    ParameterError
        Fewer than one unit.
    """
    if n_units < 1:
        raise ParameterError(f"draw_junctions needs at least one unit, got {n_units}")
    lowest, highest = JITTER_US
    jitter = np.exp(rng.uniform(math.log(lowest), math.log(highest), n_units))
    excess = np.maximum(jitter - BLOCKS_ABOVE_US, 0.0) / (highest - BLOCKS_ABOVE_US)
    return Junctions(jitter, BLOCKING * excess * rng.random(n_units))
