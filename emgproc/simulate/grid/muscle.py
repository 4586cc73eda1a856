"""A muscle under a grid: motor units that stay what they are from visit to visit.

The units are drawn once, from a seed of their own, and keep their numbers. Between visits the limb
grows, the fat thickens and the electrodes come to lie elsewhere; fibres do not change their
velocity.

References
----------
Fuglevand, Winter and Patla 1993, J Neurophysiol 70:2470 (exponential range of sizes, small units
first). Stålberg and Dioszeghy 1991, Electroencephalogr Clin Neurophysiol 81:403 (territories of
5–10 mm in adults). WHO growth standards 2006 (length of infants + 2 % a month at 6–10 months).
"""

from dataclasses import dataclass, field, replace

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.simulate.checks import check_finite, entropy_of
from emgproc.simulate.fibre import INFANT, velocity_m_s
from emgproc.simulate.grid.volume import Layers
from emgproc.simulate.pool import SMUP_UV, draw_pool, recruitment_thresholds

LEAST_DEPTH_MM = 0.5
FAT_MM_A_MONTH = 0.3 / 4
LENGTH_A_MONTH = 1.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """What a muscle is like before its units are drawn; the defaults are an infant's.

    Attributes
    ----------
    n_units
        Living motor units within reach of the electrodes.
    fibres
        Fibres of the smallest and of the largest unit; exponential between them. An infant has
        the adult's number of fibres, thinner.
    diameter_um
        Fibre diameter: mean and SD between units, µm.
    velocity_line
        Ends of the straight line from diameter to velocity (`fibre.INFANT`, `fibre.ADULT`), to
        which diameters are confined.
    depth_mm
        Least and largest depth of a unit's centre below the surface of the muscle, mm.
    half_width_mm
        Centres of units lie at most this far to either side, mm.
    territory_mm
        Radius of the smallest and of the largest unit's territory, mm.
    half_length_mm, tendon_sd_mm
        Distance from the middle of the muscle to either tendon and its scatter, mm.
    endplate_sd_mm
        Scatter of the endplates of one unit, mm (3–5 in adults).
    n_lines
        Line sources that stand for the fibres of a unit.
    sma
        Sizes as SMA type I leaves them (`draw_pool`): enlarged and small units mixed around the
        geometric mean of `fibres`, and some that fire on their own.
    rhythmic_share
        Share of the units that fire rhythmically on their own (only with `sma`), 0–1.
    layers
        Fat, skin and conductivities.
    """

    n_units: int = 20
    fibres: tuple[int, int] = (100, 1000)
    diameter_um: tuple[float, float] = (18.5, 2.0)
    velocity_line: tuple[tuple[float, float], tuple[float, float]] = INFANT
    depth_mm: tuple[float, float] = (1.5, 8.0)
    half_width_mm: float = 10.0
    territory_mm: tuple[float, float] = (1.0, 3.0)
    half_length_mm: float = 22.0
    tendon_sd_mm: float = 1.5
    endplate_sd_mm: float = 3.0
    n_lines: int = 16
    sma: bool = False
    rhythmic_share: float = 0.0
    layers: Layers = field(default_factory=Layers)

    def __post_init__(self) -> None:
        rising = (self.fibres, self.depth_mm, self.territory_mm)
        if min(self.n_units, self.n_lines, *self.fibres) < 1 or any(a > b for a, b in rising):
            raise ParameterError(f"counts are at least 1 and ranges rise, got {self}")
        check_finite(self)
        scatter = 4 * (self.endplate_sd_mm + self.tendon_sd_mm)
        if not 0 <= scatter < self.half_length_mm:
            raise ParameterError(
                f"half_length_mm {self.half_length_mm} must exceed 4 (endplate_sd_mm + "
                f"tendon_sd_mm) = {scatter}"
            )
        lengths = (self.depth_mm[0], self.half_width_mm, self.endplate_sd_mm, self.tendon_sd_mm)
        if min(*lengths, *self.territory_mm, *self.diameter_um) < 0:
            raise ParameterError(f"lengths and diameters are not negative, got {self}")
        if not 0 <= self.rhythmic_share <= (1 if self.sma else 0):
            raise ParameterError(f"rhythmic_share is 0–1 with sma, else 0: {self.rhythmic_share}")
        (thin, slow), (thick, fast) = self.velocity_line
        if not (0 < thin < thick and 0 < slow <= fast):
            raise ParameterError(f"velocity_line rises from above 0, got {self.velocity_line}")


ADULT_FOREARM = Anatomy(
    fibres=(80, 600),
    diameter_um=(60.0, 6.0),
    velocity_line=((47.2, 3.4), (76.6, 4.8)),
    depth_mm=(2.0, 15.0),
    half_width_mm=25.0,
    territory_mm=(2.0, 5.0),
    half_length_mm=60.0,
    tendon_sd_mm=4.0,
    endplate_sd_mm=4.0,
)
SMA_INFANT = Anatomy(
    n_units=8, fibres=(150, 500), sma=True, rhythmic_share=0.3, layers=Layers(fat_mm=4.0)
)


@dataclass(frozen=True, slots=True, eq=False)
class GridMuscle:
    """The units of one muscle in order of recruitment; the row is the unit's number.

    Attributes
    ----------
    n_fibres, diameter_um, velocity_m_s
        Of each unit, shape (n_units,).
    thresholds
        Excitation at which each unit starts, in the units of Fuglevand's pool; 0 for units that
        fire on their own.
    rhythm_hz
        Rate of units that fire on their own, Hz; 0 for the others.
    depth_mm, across_mm
        Place of each line source below the surface of the muscle and across it, mm, shape
        (n_units, n_lines).
    endplate_mm, ahead_mm, behind_mm
        Its endplate along the muscle and its length to either side, mm, same shape.
    layers
        What lies above.
    """

    n_fibres: Floats
    diameter_um: Floats
    velocity_m_s: Floats
    thresholds: Floats
    rhythm_hz: Floats
    depth_mm: Floats
    across_mm: Floats
    endplate_mm: Floats
    ahead_mm: Floats
    behind_mm: Floats
    layers: Layers

    @property
    def n_units(self) -> int:
        """Number of units."""
        return int(self.n_fibres.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What has changed since the first visit: lengths × `limb`, fat thicker by `fat_mm`."""

    limb: float = 1.0
    fat_mm: float = 0.0

    def __post_init__(self) -> None:
        if not 0.5 <= self.limb <= 2.0:
            raise ParameterError(f"limb is a factor of 0.5–2, got {self.limb}")
        check_finite(self)

    @classmethod
    def after(cls, months: float) -> "Growth":
        """Usual growth of an infant: 2 % of length and 0.075 mm of fat a month.

        Examples
        --------
        >>> round(Growth.after(4).limb, 3), Growth.after(4).fat_mm
        (1.082, 0.3)
        """
        return cls(limb=LENGTH_A_MONTH**months, fat_mm=FAT_MM_A_MONTH * months)


def draw_muscle(anatomy: Anatomy, seed: int | tuple[int, ...] = 0) -> GridMuscle:
    """Draw the units of a muscle; the same seed is the same muscle at every visit.

    Raises
    ------
    ParameterError
        The seed is not one or more integers of 0 or above.
    """
    rng = np.random.default_rng(np.random.SeedSequence(entropy_of(seed)))
    n, shape = anatomy.n_units, (anatomy.n_units, anatomy.n_lines)
    n_fibres, rhythm_hz = _sizes(anatomy, rng)
    thresholds = np.zeros(n)
    thresholds[rhythm_hz == 0] = recruitment_thresholds(int(np.sum(rhythm_hz == 0)))
    (thin, _), (thick, _) = anatomy.velocity_line
    diameter_um = np.clip(rng.normal(*anatomy.diameter_um, n), thin, thick)
    radius = np.linspace(*anatomy.territory_mm, n)[:, None]
    from_centre, turn = np.sqrt(rng.random(shape)), rng.uniform(0, 2 * np.pi, shape)
    depth = rng.uniform(*anatomy.depth_mm, (n, 1)) + radius * from_centre * np.sin(turn)
    side = rng.uniform(-anatomy.half_width_mm, anatomy.half_width_mm, (n, 1))
    endplate = _scatter(rng, anatomy.endplate_sd_mm, shape)
    ahead, behind = (
        anatomy.half_length_mm + _scatter(rng, anatomy.tendon_sd_mm, shape) for _ in range(2)
    )
    return GridMuscle(
        n_fibres, diameter_um, velocity_m_s(diameter_um, anatomy.velocity_line),
        thresholds, rhythm_hz,
        np.maximum(depth, LEAST_DEPTH_MM), side + radius * from_centre * np.cos(turn),
        endplate, ahead - endplate, behind + endplate, anatomy.layers,
    )  # fmt: skip


def grown(muscle: GridMuscle, growth: Growth) -> GridMuscle:
    """The same muscle later: every length × `growth.limb`, the fat thicker."""
    layers = muscle.layers
    return replace(
        muscle,
        depth_mm=muscle.depth_mm * growth.limb,
        across_mm=muscle.across_mm * growth.limb,
        endplate_mm=muscle.endplate_mm * growth.limb,
        ahead_mm=muscle.ahead_mm * growth.limb,
        behind_mm=muscle.behind_mm * growth.limb,
        layers=replace(layers, fat_mm=layers.fat_mm + growth.fat_mm),
    )


def _sizes(anatomy: Anatomy, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Fibres of each unit, small to large, and the rate of those that fire on their own."""
    n, (least, most) = anatomy.n_units, anatomy.fibres
    if not anatomy.sma:
        return np.rint(np.geomspace(least, most, n)), np.zeros(n)
    pool = draw_pool(rng, n, n_at_onset=n, rhythmic_share=anatomy.rhythmic_share)
    order = np.argsort(pool.smup_uv, kind="stable")
    fibres = np.sqrt(least * most) * pool.smup_uv[order] / SMUP_UV
    return np.maximum(np.rint(fibres), 1.0), pool.rhythm_hz[order]


def _scatter(rng: np.random.Generator, sd_mm: float, shape: tuple[int, int]) -> Floats:
    """Normal, none beyond 3 SD."""
    return np.clip(rng.normal(0.0, sd_mm, shape), -3 * sd_mm, 3 * sd_mm)
