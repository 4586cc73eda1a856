"""Needle electrodes: what metal averages the potential, and against what.

Frame, in mm: the fibres run along z; x points along the shaft of the needle to its tip, y to the
side that the bevel faces; the origin is the centre of the recording surface. Every surface is a
set of straight lines across the fibres. The mean over such a line of the potential of a point
current has a closed form, so no point of the metal is left out.

References
----------
Nandedkar and Stålberg 1983, Med Biol Eng Comput 21:158 (potential averaged over the core and the
cannula). Nandedkar, Sanders, Stålberg and Andreassen 1985, Muscle Nerve 8:423 (concentric needle:
core 0.15 × 0.58 mm, 0.07 mm², cut at 15°). Stålberg and Trontelj 1979 (single-fibre electrode,
25 µm).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError
from emgproc.simulate.fibre import ANISOTROPY, RADIAL_S_M, Gradient

BEVEL_RAD = math.radians(15.0)
CORE_WIDTH_MM = 0.15
CORE_LENGTH_MM = CORE_WIDTH_MM / math.sin(BEVEL_RAD)  # 0.58 mm: the cut across the wire
CANNULA_RADIUS_MM = 0.225
CANNULA_LENGTH_MM = 10.0  # as much of the shaft as lies in the muscle
POINT_MM = 0.025
N_CHORDS = 5
TISSUE_MM = 0.025  # no fibre's axis comes nearer to the metal


@dataclass(frozen=True, slots=True, eq=False)
class Electrode:
    """Surfaces of which the potentials are averaged and subtracted.

    Attributes
    ----------
    name
        What it is, as it stands in `Channel.reference`.
    lines_mm
        One row a line, in a plane across the fibres: x and y of its start, x and y of its end,
        and z; (n_lines, 5), each longer than 0.
    weights
        Share of each line in the potential; the recording surface sums to 1, the reference to −1
        (or is far away and missing).
    """

    name: str
    lines_mm: Floats
    weights: Floats

    def __post_init__(self) -> None:
        lines = self.lines_mm
        if lines.ndim != 2 or lines.shape[1] != 5 or lines.shape[0] != self.weights.size:
            raise ParameterError(
                f"{self.name}: lines_mm is (n_lines, 5) with a weight each, got {lines.shape} "
                f"and {self.weights.shape}"
            )
        if not (np.hypot(*(lines[:, 2:4] - lines[:, :2]).T) > 0).all():
            raise ParameterError(f"{self.name}: a line of an electrode is longer than 0")

    def gradients(self, x_mm: Floats, y_mm: Floats, z_mm: Floats) -> Floats:
        """d/dz of the potential of unit point currents of fibres at (x, y), V/A/m.

        Parameters
        ----------
        x_mm, y_mm
            Position of each fibre, (n_fibres,), not on a line of the electrode.
        z_mm
            Distance along the fibre from the current to the electrode's centre,
            (n_fibres, n_points).
        """
        total = np.zeros(z_mm.shape)
        for line, weight in zip(self.lines_mm, self.weights, strict=True):
            total += weight * _line_gradient(line, x_mm, y_mm, z_mm)
        return total

    def gradient(self, x_mm: float, y_mm: float) -> Gradient:
        """The same for one fibre, as `fibre_potential` takes it (one electrode, one row)."""
        x, y = np.array([x_mm]), np.array([y_mm])
        return lambda z_mm: self.gradients(x, y, z_mm)

    def is_clear(self, x_mm: Floats, y_mm: Floats) -> Bools:
        """Tell which fibres run through tissue, not through the needle or nearer than 25 µm.

        The needle is a cylinder along x of the cannula's radius, cut by the plane of the bevel;
        tissue that it has pushed aside is not modelled, its fibres are left out.
        """
        height = x_mm * math.sin(BEVEL_RAD) + y_mm * math.cos(BEVEL_RAD)
        aside = np.abs(y_mm) > CANNULA_RADIUS_MM + TISSUE_MM
        return np.asarray((height > TISSUE_MM) | aside)


def _line_gradient(line: Floats, x_mm: Floats, y_mm: Floats, z_mm: Floats) -> Floats:
    """Mean over one line: −z/(c² L) [t / √(5.24 t² + c²)] with c² = 5.24 p² + z².

    t runs along the line from the foot of the fibre on it, p is the fibre's distance from it.
    """
    x0, y0, x1, y1, z0 = line
    length = math.hypot(x1 - x0, y1 - y0)
    along_x, along_y = (x1 - x0) / length, (y1 - y0) / length
    start = ((x0 - x_mm) * along_x + (y0 - y_mm) * along_y)[:, None]
    aside = ((y0 - y_mm) * along_x - (x0 - x_mm) * along_y)[:, None]
    z = z_mm + z0
    c2 = ANISOTROPY * aside**2 + z**2
    stop = start + length
    reach = stop / np.sqrt(ANISOTROPY * stop**2 + c2)
    reach -= start / np.sqrt(ANISOTROPY * start**2 + c2)
    # mm⁻² → m⁻²: 1e6.
    return np.asarray(-z / c2 * reach * (1e6 / (4 * math.pi * RADIAL_S_M * length)))


def concentric() -> Electrode:
    """Concentric needle: elliptical core of 0.07 mm² against the shaft of its cannula.

    The core is five chords along its long axis at the nodes of Gauss's rule for a half-disc
    weight (Chebyshev, second kind), so that their weighted sum is the mean over the ellipse.
    """
    angle = np.arange(1, N_CHORDS + 1) * math.pi / (N_CHORDS + 1)
    across = CORE_WIDTH_MM / 2 * np.cos(angle)
    half = CORE_LENGTH_MM / 2 * np.sin(angle)
    along_x, along_y = half * math.cos(BEVEL_RAD), -half * math.sin(BEVEL_RAD)
    core = np.column_stack([-along_x, -along_y, along_x, along_y, across])
    weights = np.sin(angle) ** 2
    behind = -CANNULA_RADIUS_MM / math.tan(BEVEL_RAD)
    shaft = np.array([[behind - CANNULA_LENGTH_MM, 0.0, behind, 0.0, 0.0]])
    return Electrode(
        "concentric needle",
        np.vstack([core, shaft]),
        np.concatenate([weights / weights.sum(), [-1.0]]),
    )


def monopolar() -> Electrode:
    """Monopolar needle: a bare cone of 1 mm behind the origin, its reference far away.

    The cone is its axis, weighted by the circumference that grows with distance from the tip.
    """
    edges = np.linspace(-1.0, 0.0, N_CHORDS + 1)
    zeros = np.zeros(N_CHORDS)
    lines = np.column_stack([edges[:-1], zeros, edges[1:], zeros, zeros])
    weights = -(edges[1:] + edges[:-1])
    return Electrode("monopolar needle", lines, weights / weights.sum())


def single_fibre() -> Electrode:
    """Single-fibre needle: a surface of 25 µm in the side of the shaft, against the shaft."""
    half = POINT_MM / 2
    shaft = [-3.0 - CANNULA_LENGTH_MM, -CANNULA_RADIUS_MM, -3.0, -CANNULA_RADIUS_MM, 0.0]
    return Electrode(
        "single-fibre needle",
        np.array([[-half, 0.0, half, 0.0, 0.0], shaft]),
        np.array([1.0, -1.0]),
    )


ELECTRODES: dict[str, Callable[[], Electrode]] = {
    "concentric": concentric,
    "monopolar": monopolar,
    "single_fibre": single_fibre,
}
