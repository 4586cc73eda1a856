"""Motor units as a needle finds them: healthy, enlarged or small in SMA, myopathic.

An infant's fibres are 12–25 µm thick and conduct at 2–3 m/s; a hundred or more of a unit lie
within a territory of 2–5 mm. Scatter of the endplates along the fibres (SD 3–5 mm) and of the
velocities disperses their potentials in time.

What the presets assume where no infant was measured [rule]: a healthy unit has 20 fibres/mm²,
twice an adult's, as thinner fibres leave room for more. Reinnervation has enlarged a unit
threefold, in groups of neighbours, with thickened fibres, endplates far apart, branches that
conduct late; one in twelve has a satellite (five times the 1.6 % of healthy ones, which have none
here: Finsterer and Mamoli 1997). An immature unit has few thin fibres. A myopathic unit has lost
two thirds of its fibres, and those left vary in thickness.

Nothing is scaled to fit. Units whose territory the needle is in come out (median, 10–90 %) at
0.37 mV (0.21–0.47) and, by rule D1, 10.7 ms (9.5–12) healthy, at 0.75 mV (0.5–1.2) and 12 ms
(11–13.5) enlarged, 0.07 mV (0.05–0.13) and 6.5 ms (4.5–8) immature. Infants' are said to last
7–9 ms: the front of case 46 is 12 mm long at any velocity, an adult's length, which takes 4–5 ms
at 2.7 m/s.

References
----------
Stålberg and Trontelj 1979, Single Fibre Electromyography (jitter, blocking, fibre density).
Hausmanowa-Petrusewicz and Karwańska 1986, Muscle Nerve 9:37 (SMA: large and small units mixed).
Nandedkar and Stålberg 1983, Electroencephalogr Clin Neurophysiol 56:52 (unit = sum of fibres).
Finsterer and Mamoli 1997, Muscle Nerve 20:585 (satellites: biceps and tibialis anterior).
"""

from dataclasses import dataclass, replace

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.simulate.checks import check_finite
from emgproc.simulate.fibre import INFANT, velocity_m_s
from emgproc.simulate.junction import latency_sd_us
from emgproc.simulate.needle.electrode import Electrode
from emgproc.simulate.needle.fibres import Bundle, View, single
from emgproc.simulate.needle.measures import QUIET_UV
from emgproc.simulate.needle.potential import Potential, centred

HALF_FIBRE_MM = (15.0, 30.0)  # infants' fibres: 30–60 mm
THINNEST_UM, THICKEST_UM = 8.0, 40.0
TENDON_SD_MM = 2.0
GROUP_MM = 0.06  # SD of a group about its middle: three fibres' width
LATE_MM, LATE_UM = (0.05, 0.12), (20.0, 25.0)
SATELLITE_GAP_S = (0.0035, 0.007)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitKind:
    """How the units of one kind are built.

    Attributes
    ----------
    name
        "healthy", "enlarged", "immature", "myopathic" or another.
    n_fibres
        Fibres of a unit of relative size 1, >= 1.
    territory_mm
        Diameter of the territory, > 0.
    diameter_um
        Mean and SD of the fibres' diameters.
    endplate_sd_mm
        SD of the endplates along the fibres.
    branch_ms
        Mean of the (exponential) time that a fibre's nerve branch takes beyond the fastest's.
    group
        Fibres that lie together (1: scattered singly).
    late
        Chance that a fibre near the needle fires late: a satellite, 0–1.
    mcd_us
        Lowest and highest jitter of an endplate, as the MCD that two such fibres show.
    blocking
        Highest chance that an endplate of more than half the highest jitter fails.
    """

    name: str
    n_fibres: int
    territory_mm: float
    diameter_um: tuple[float, float]
    endplate_sd_mm: float
    branch_ms: float = 0.0
    group: int = 1
    late: float = 0.0
    mcd_us: tuple[float, float] = (20.0, 40.0)
    blocking: float = 0.0

    def __post_init__(self) -> None:
        sizes = (self.n_fibres, self.territory_mm, self.diameter_um[0], self.group)
        scatters = (self.diameter_um[1], self.endplate_sd_mm, self.branch_ms)
        chances = (self.blocking, self.late)
        if min(sizes) <= 0 or min(scatters) < 0 or not 0 <= min(chances) <= max(chances) <= 1:
            raise ParameterError(f"no such unit: {self}")
        if not 0 <= self.mcd_us[0] <= self.mcd_us[1]:
            raise ParameterError(f"both of mcd_us rise from 0 or above, got {self}")
        check_finite(self)


HEALTHY = UnitKind(
    name="healthy", n_fibres=100, territory_mm=2.5, diameter_um=(22.0, 1.5), endplate_sd_mm=3.0
)
ENLARGED = UnitKind(
    name="enlarged",
    n_fibres=300,
    territory_mm=2.5,
    diameter_um=(27.0, 5.0),
    endplate_sd_mm=4.0,
    branch_ms=0.5,
    group=20,
    late=0.08,
    mcd_us=(30.0, 150.0),
    blocking=0.1,
)
IMMATURE = UnitKind(
    name="immature",
    n_fibres=25,
    territory_mm=1.5,
    diameter_um=(15.0, 1.5),
    endplate_sd_mm=3.0,
    mcd_us=(40.0, 150.0),
    blocking=0.1,
)
MYOPATHIC = UnitKind(
    name="myopathic",
    n_fibres=30,
    territory_mm=2.5,
    diameter_um=(20.0, 5.0),
    endplate_sd_mm=3.0,
    mcd_us=(20.0, 60.0),
)


def draw_bundle(
    rng: np.random.Generator,
    kind: UnitKind,
    electrode: Electrode,
    centre_mm: tuple[float, float, float],
    size: float = 1.0,
) -> Bundle:
    """Fibres of one unit about an electrode.

    Parameters
    ----------
    rng
        Source of randomness.
    kind
        How the unit is built.
    electrode
        The needle; fibres that would run through it are left out.
    centre_mm
        Centre of the territory across the fibres (x, y), and of the endplates along them (z), in
        the electrode's frame.
    size
        Fibres relative to `kind.n_fibres`, > 0.
    """
    x, y = _scattered(rng, kind, centre_mm, max(round(size * kind.n_fibres / kind.group), 1))
    n = x.size
    diameter = np.clip(rng.normal(*kind.diameter_um, n), THINNEST_UM, THICKEST_UM)
    ends = rng.uniform(*HALF_FIBRE_MM, 2)[:, None] + rng.normal(0.0, TENDON_SD_MM, (2, n))
    scatter = np.clip(rng.normal(0.0, kind.endplate_sd_mm, n), -12.0, 12.0)
    ahead, behind = np.maximum(ends[0] - scatter, 3.0), np.maximum(ends[1] + scatter, 3.0)
    bundle = Bundle(
        x, y, diameter, velocity_m_s(diameter, INFANT), centre_mm[2] + scatter, ahead, behind,
        rng.exponential(kind.branch_ms * 1e-3, n),
    )  # fmt: skip
    return bundle.where(electrode.is_clear(x, y))


def _scattered(
    rng: np.random.Generator, kind: UnitKind, centre_mm: tuple[float, float, float], n: int
) -> tuple[Floats, Floats]:
    """Positions of `n` groups, uniform over the territory, and of the fibres of each."""
    radius, angle = kind.territory_mm / 2 * np.sqrt(rng.random(n)), rng.uniform(0, 2 * np.pi, n)
    spread = (0.0 if kind.group == 1 else GROUP_MM) * rng.standard_normal((2, n, kind.group))
    x = (centre_mm[0] + radius * np.cos(angle))[:, None] + spread[0]
    y = (centre_mm[1] + radius * np.sin(angle))[:, None] + spread[1]
    return x.ravel(), y.ravel()


def draw_unit(
    rng: np.random.Generator,
    kind: UnitKind,
    view: View,
    centre_mm: tuple[float, float, float],
    size: float = 1.0,
) -> tuple[Bundle, Potential]:
    """Fibres of one unit and its potential; a late fibre follows it as a satellite.

    There is none where the unit's territory does not reach the needle.

    Parameters
    ----------
    rng, kind, centre_mm, size
        As `draw_bundle`.
    view
        What records it.

    Raises
    ------
    ParameterError
        None of the unit's fibres is seen.
    """
    bundle = draw_bundle(rng, kind, view.electrode, centre_mm, size)
    seen = view.of(bundle)
    reaches = np.hypot(*centre_mm[:2]) < kind.territory_mm / 2
    if rng.binomial(1, kind.late) and reaches:
        late, after = _late_fibre(rng, centre_mm[2], seen.sum(axis=0), view)
        bundle, seen = bundle.plus(late), np.vstack([seen, after])
    mcd_us = rng.uniform(*kind.mcd_us, bundle.n_fibres)
    failing = mcd_us > kind.mcd_us[1] / 2
    blocking = np.where(failing, rng.uniform(0, kind.blocking, mcd_us.size), 0.0)
    sd_s = latency_sd_us(mcd_us) * 1e-6
    return bundle, centred(seen, sd_s, blocking, view.fs, view.amplifier)


def _late_fibre(
    rng: np.random.Generator, endplates_mm: float, before_uv: Floats, view: View
) -> tuple[Bundle, Floats]:
    """A fibre near the core that fires 3.5–7 ms after what came before has died down."""
    y, ends = rng.uniform(*LATE_MM), rng.uniform(*HALF_FIBRE_MM, 2)
    late = single(0.0, y, float(rng.uniform(*LATE_UM)), endplates_mm, (ends[0], ends[1]))
    starts = int(np.argmax(np.abs(view.of(late)[0]) >= QUIET_UV))
    loud = np.flatnonzero(np.abs(before_uv) >= QUIET_UV)
    quiet = int(loud[-1]) if loud.size else 0
    delay_s = max((quiet - starts) / view.fs, 0.0) + rng.uniform(*SATELLITE_GAP_S)
    late = replace(late, delay_s=np.array([delay_s]))
    return late, view.of(late)
