"""From a current in the muscle to the potential on the skin: plane layers of muscle, fat and skin.

Muscle fills the half-space below y = 0, its fibres along z; fat and skin lie on it, air above. In
spatial frequencies (kx across, kz along) the potential on the skin of a unit point current at
depth d is

    H = exp(−k_a d) / (σ_t k_a P + σ_f k Q),  k² = kx² + kz²,  k_a² = kx² + (σ_l/σ_t) kz²
    P = cosh(ks) cosh(kh) + R sinh(ks) sinh(kh),  Q = R sinh(ks) cosh(kh) + cosh(ks) sinh(kh)

with h and s the thickness of fat and skin and R = σ_skin/σ_fat: potential and normal current are
continuous at both borders, and no current leaves the skin. The current of a fibre needs
g′ = ∂/∂z of the inverse transform: a sum of cosines over kx, an FFT over kz. Both repeat the
source on a lattice; of what the images add, the part that grows with z is known (far away H is
that of muscle alone) and taken off, which leaves about 1 % at the far end of the reach.

References
----------
Farina and Rainoldi 1999, Med Eng Phys 21:487 (plane layers). Farina and Merletti 2001, IEEE Trans
Biomed Eng 48:637 (electrode as a spatial filter). Farina, Mesin and Martina 2004, Med Biol Eng
Comput 42:467 (conductivities).
"""

import math
from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.simulate.checks import check_finite
from emgproc.simulate.waves import waves

STEP_MM = 0.5  # along the fibres; the usual electrode distances are multiples of it
DECAY = 15.0  # spatial frequencies are followed until they have fallen to e⁻¹⁵
ROWS = 16  # transformed at a time: they stay in the cache
PERIODS = 4.0  # the nearest periodic image lies this many reaches away
# Σ (n² + m²)^(−3/2) over all images but n = m = 0, halved: their slope in z at the origin.
IMAGES = 9.0336217 / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Thickness (mm) and conductivity (S/m) of what lies between a fibre and the electrodes.

    Fat 1–6 mm and skin 1 mm; 0.4 along and 0.09 across the fibres, 0.04 in fat, 1 in skin. A
    thickness of 0 leaves that layer away.
    """

    fat_mm: float = 3.0
    skin_mm: float = 1.0
    along_s_m: float = 0.4
    across_s_m: float = 0.09
    fat_s_m: float = 0.04
    skin_s_m: float = 1.0

    def __post_init__(self) -> None:
        conductivities = (self.along_s_m, self.across_s_m, self.fat_s_m, self.skin_s_m)
        if min(self.fat_mm, self.skin_mm) < 0 or min(conductivities) <= 0:
            raise ParameterError(f"layers need thickness >= 0 and conductivity > 0, got {self}")
        check_finite(self)

    @property
    def anisotropy(self) -> float:
        """Conductivity of muscle along its fibres relative to that across them."""
        return self.along_s_m / self.across_s_m


@dataclass(frozen=True, slots=True, eq=False)
class Conductor:
    """Spatial frequencies of some layers under electrodes of one size, ready for every depth.

    Attributes
    ----------
    kx, kz
        Spatial frequencies across and along, rad/mm, shapes (n_across,) and (n_along,).
    decay
        k_a, rad/mm, shape (n_along, n_across).
    transfer
        H of depth 0 times the electrode's own transfer and the weights of the sum over kx.
    n_points
        Points along z, `STEP_MM` apart, after which everything repeats.
    n_near
        Points to either side that lie within reach.
    slope
        What the images add to g′ per mm of z, V/A/m/mm.
    cover_mm
        Thickness of fat and skin, mm.
    """

    kx: Floats
    kz: Floats
    decay: Floats
    transfer: Floats
    n_points: int
    n_near: int
    slope: float
    cover_mm: float

    def gradients(self, depth_mm: float, across_mm: Floats, offset_mm: Floats) -> Floats:
        """g′ of a fibre at z = (j − n_near) · `STEP_MM` + offset, V/A/m.

        Parameters
        ----------
        depth_mm
            Depth of the fibre below the surface of the muscle, mm, > 0.
        across_mm
            Lateral distance of each row's electrode from the fibre, mm, shape (n_rows,).
        offset_mm
            Shift of each row's points along z, mm, shape (n_rows,).

        Returns
        -------
        array, shape (n_rows, 2 · n_near)
        """
        # The deeper the fibre, the fewer frequencies arrive.
        passed = depth_mm * self.decay[:, 0] + self.cover_mm * self.kz <= DECAY
        n = int(np.sum(passed))
        m = int(np.sum((depth_mm + self.cover_mm) * self.kx <= DECAY))
        below = np.exp(-depth_mm * self.decay[:n, :m])
        below *= self.transfer[:n, :m] * self.kz[:n, None]
        out = np.empty((across_mm.size, 2 * self.n_near))
        for first in range(0, across_mm.size, ROWS):
            rows = slice(first, first + ROWS)
            lines = below @ np.cos(np.outer(self.kx[:m], across_mm[rows]))
            spectrum = 1j * lines.T * waves(offset_mm[rows] * self.kz[1], n)
            line = np.fft.irfft(spectrum, self.n_points)
            out[rows, self.n_near :] = line[:, : self.n_near]
            out[rows, : self.n_near] = line[:, -self.n_near :]
        z_mm = np.arange(-self.n_near, self.n_near) * STEP_MM
        return np.asarray(out - self.slope * (z_mm + offset_mm[:, None]))


def conductor(
    layers: Layers,
    *,
    reach_mm: float,
    shallowest_mm: float,
    widest_mm: float = 0.0,
    diameter_mm: float = 0.0,
) -> Conductor:
    """Spatial frequencies for fibres and electrodes at most so far apart.

    Parameters
    ----------
    layers
        What the current passes.
    reach_mm
        Largest distance along z between an electrode and a point of a fibre, mm, > 0.
    shallowest_mm
        Depth of the least deep fibre below the surface of the muscle, mm, > 0.
    widest_mm
        Largest distance across, mm.
    diameter_mm
        Diameter of the round electrodes, mm; the potential is its mean over their area.

    Raises
    ------
    ParameterError
        A distance is out of its range.
    """
    sizes = (reach_mm, shallowest_mm, widest_mm, diameter_mm)
    if not (np.isfinite(sizes).all() and min(sizes[:2]) > 0 and min(sizes[2:]) >= 0):
        raise ParameterError(
            f"a conductor needs {reach_mm=} > 0, {shallowest_mm=} > 0, {widest_mm=} >= 0, "
            f"{diameter_mm=} >= 0"
        )
    stretch = math.sqrt(layers.anisotropy)
    cover = layers.fat_mm + layers.skin_mm
    n_points = _even_fast_length(PERIODS * max(reach_mm, stretch * widest_mm) / STEP_MM)
    period_mm = n_points * STEP_MM
    held = 0.999 * math.pi / STEP_MM  # more the points along z cannot hold
    along = _frequencies(period_mm, min(DECAY / (cover + stretch * shallowest_mm), held))
    across = _frequencies(period_mm / stretch, DECAY / (cover + shallowest_mm))
    k = np.hypot(along[:, None], across)
    k[0, 0] = 1.0  # the constant part has no gradient; any number but 0 does
    decay = np.hypot(stretch * along[:, None], across)
    decay[0, 0] = 1.0
    weights = np.full(across.size, across[1] / math.pi)
    weights[0] /= 2
    n_near = math.ceil(reach_mm / STEP_MM) + 1
    # mm⁻² → m⁻²: 1e6.
    slope = 1e6 * IMAGES / (2 * math.pi * layers.across_s_m * period_mm**3)
    transfer = _on_skin(layers, k, decay) * _disc(k * diameter_mm / 2) * weights
    return Conductor(
        across, along, decay, transfer * (1e6 / STEP_MM), n_points, n_near, slope, cover
    )


def _on_skin(layers: Layers, k: Floats, decay: Floats) -> Floats:
    """H of depth 0, mm · m/S; the growing exponentials of cosh and sinh stand before it."""
    fat, skin = np.exp(-2 * k * layers.fat_mm), np.exp(-2 * k * layers.skin_mm)
    ratio = layers.skin_s_m / layers.fat_s_m
    p = (1 + skin) * (1 + fat) + ratio * (1 - skin) * (1 - fat)
    q = ratio * (1 - skin) * (1 + fat) + (1 + skin) * (1 - fat)
    below = layers.across_s_m * decay * p + layers.fat_s_m * k * q
    return np.asarray(4 * np.exp(-k * (layers.fat_mm + layers.skin_mm)) / below)


def _disc(ka: Floats) -> Floats:
    """Transfer of the mean over a disc of radius a: 2 J₁(ka)/(ka)."""
    from scipy.special import j1

    safe = np.where(ka > 0, ka, 1.0)
    return np.where(ka > 0, 2 * j1(safe) / safe, 1.0)


def _frequencies(period_mm: float, highest: float) -> Floats:
    """Multiples of 2π/period up to the highest, rad/mm."""
    step = 2 * math.pi / period_mm
    n = math.ceil(highest / step)
    return np.arange(max(n, 2), dtype=np.float64) * step


def _even_fast_length(least: float) -> int:
    from scipy.fft import next_fast_len

    return 2 * int(next_fast_len(math.ceil(least / 2), real=True))
