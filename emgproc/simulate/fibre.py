"""One muscle fibre: its action potential, how it travels, and what an electrode sees of it.

The action potential is Rosenfalck's, V(s) = 96 s³ e⁻ˢ − 90 mV at s mm behind its front
(validation case 46). Two fronts leave the endplate and go out at the ends of the fibre; the
membrane current of the whole fibre is zero at every moment, so its start and its end are seen far
away (the end-of-fibre effect).

References
----------
Rosenfalck 1969, Acta Physiol Scand Suppl 321 (action potential). Nandedkar and Stålberg 1983, Med
Biol Eng Comput 21:158 (line source, conductivities). Dimitrov and Dimitrova 1998, Med Eng Phys
20:374 (potential as a convolution along the fibre).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.simulate.checks import check_finite

INTRACELLULAR_S_M = 1.01
AXIAL_S_M = 0.33
RADIAL_S_M = 0.063
ANISOTROPY = AXIAL_S_M / RADIAL_S_M  # 5.24
REST_MV, SCALE_MV = -90.0, 96.0
STEP_MM = 0.2  # the front rises over 3 mm: the sum over the fibre is within 1e-4 of the integral
# Diameter (µm) and velocity (m/s) at the two ends of a straight line: adults as measured, infants
# as assumed (thin fibres of a young child conduct at 2–3 m/s).
ADULT = ((22.0, 2.2), (85.0, 5.2))
INFANT = ((12.0, 2.0), (25.0, 3.0))

# d/dz of the potential of a unit point current, V/A/m, at axial distances (mm) of shape
# (n_electrodes, n_points); row e belongs to electrode e.
Gradient: TypeAlias = Callable[[Floats], Floats]


def membrane_potential(s_mm: Floats) -> Floats:
    """Voltage across the membrane at `s_mm` behind the front, mV; −90 ahead of it.

    Examples
    --------
    >>> round(float(membrane_potential(np.array([3.0]))[0]), 2)
    39.05
    """
    s = np.maximum(s_mm, 0.0)
    return np.asarray(SCALE_MV * s**3 * np.exp(-s) + REST_MV)


def membrane_slope(s_mm: Floats) -> Floats:
    """First derivative of `membrane_potential`, mV/mm (= V/m)."""
    s = np.maximum(s_mm, 0.0)
    return np.asarray(SCALE_MV * (3 * s**2 - s**3) * np.exp(-s))


def membrane_curvature(s_mm: Floats) -> Floats:
    """Second derivative, mV/mm²; zero at 3 ± √3 mm; its integral is zero."""
    s = np.maximum(s_mm, 0.0)
    return np.asarray(SCALE_MV * (6 * s - 6 * s**2 + s**3) * np.exp(-s))


def velocity_m_s(
    diameter_um: Floats | float, line: tuple[tuple[float, float], tuple[float, float]] = INFANT
) -> Floats:
    """Conduction velocity of a fibre of this diameter, m/s, on a straight line.

    Examples
    --------
    >>> float(velocity_m_s(85.0, ADULT)), float(velocity_m_s(25.0))
    (5.2, 3.0)
    """
    (d0, v0), (d1, v1) = line
    return np.asarray(v0 + (np.asarray(diameter_um) - d0) * (v1 - v0) / (d1 - d0))


@dataclass(frozen=True, slots=True)
class Fibre:
    """A fibre along z.

    Attributes
    ----------
    diameter_um
        Diameter, µm, > 0.
    velocity_m_s
        Conduction velocity, m/s (= mm/ms), > 0.
    endplate_mm
        Where along z the two fronts start.
    ahead_mm, behind_mm
        Length from the endplate to the end at larger z, and to the end at smaller z, > 0.
    """

    diameter_um: float
    velocity_m_s: float
    endplate_mm: float
    ahead_mm: float
    behind_mm: float

    def __post_init__(self) -> None:
        if min(self.diameter_um, self.velocity_m_s, self.ahead_mm, self.behind_mm) <= 0:
            raise ParameterError(f"a fibre needs sizes and a velocity above 0, got {self}")
        check_finite(self)

    @property
    def area_m2(self) -> float:
        """Cross-section πd²/4, m²."""
        return math.pi * (self.diameter_um * 1e-6) ** 2 / 4


def infinite_medium(distance_mm: Floats) -> Gradient:
    """Gradient of a point current's potential in endless anisotropic muscle.

    φ = 1 / (4π σ_r √(5.24 r² + z²)) with `distance_mm` r (n_electrodes,), mm, > 0.
    """
    r2 = ANISOTROPY * np.asarray(distance_mm, np.float64)[:, None] ** 2

    def gradient(z_mm: Floats) -> Floats:
        # mm⁻² → m⁻²: 1e6.
        return np.asarray(-z_mm * (r2 + z_mm**2) ** -1.5 * (1e6 / (4 * math.pi * RADIAL_S_M)))

    return gradient


def fibre_potential(
    fibre: Fibre, gradient: Gradient, z_mm: Floats, t_s: Floats, step_mm: float = STEP_MM
) -> Floats:
    """Potential of one fibre at electrodes, µV, shape (n_electrodes, n_times).

    φ(t) = σ_i A Σ_u [g′(Δ + u) 1(u < behind) − g′(Δ − u) 1(u < ahead)] V′(vt − u) du with Δ the
    electrode's distance along z from the endplate and u that of a front.

    Parameters
    ----------
    fibre
        The fibre.
    gradient
        g′ of the medium around it, one row an electrode: `infinite_medium` or another.
    z_mm
        Position of each electrode along z, mm (n_electrodes,).
    t_s
        Times since the endplate fired, s (n_times,).
    step_mm
        Step of the sum along the fibre, mm.
    """
    u = np.arange(0.5 * step_mm, max(fibre.ahead_mm, fibre.behind_mm), step_mm)
    delta = np.asarray(z_mm, np.float64)[:, None] - fibre.endplate_mm
    weights = gradient(delta + u) * (u < fibre.behind_mm)
    weights -= gradient(delta - u) * (u < fibre.ahead_mm)
    front = membrane_slope(fibre.velocity_m_s * 1e3 * np.asarray(t_s) - u[:, None])
    scale = INTRACELLULAR_S_M * fibre.area_m2 * (step_mm * 1e-3) * 1e6  # V → µV
    return np.asarray(scale * (weights @ front))
