"""What is true of a simulated grid recording."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats, Ints
from emgproc.simulate.grid.settings import GridSettings


@dataclass(frozen=True, slots=True, eq=False)
class GridUnitTruth:
    """One motor unit; its number is the same at every visit.

    Attributes
    ----------
    number
        Its place in the order of recruitment, from 0 on.
    discharges_s, discharges
        Moments at which its endplates fire, s (0.1-ms clock), and the nearest samples; sorted.
    n_fibres, diameter_um, velocity_m_s
        Its fibres, their diameter (µm) and conduction velocity (m/s).
    depth_mm, across_mm, endplate_mm
        Centre of its fibres below the muscle's surface, across and, of its endplates, along, mm.
    threshold
        Excitation at which it starts; 0 where it fires on its own at `rhythm_hz`.
    """

    number: int
    discharges_s: Floats
    discharges: Ints
    n_fibres: float
    diameter_um: float
    velocity_m_s: float
    depth_mm: float
    across_mm: float
    endplate_mm: float
    threshold: float
    rhythm_hz: float


@dataclass(frozen=True, slots=True, eq=False)
class GridTruth:
    """All that is true of one simulated grid recording.

    Attributes
    ----------
    seed
        What the generator of this visit was started with.
    settings
        What was asked for.
    units
        The units of the muscle, silent ones too.
    muaps_uv
        Their potentials from the moment of discharge on, shape (n_units, n_channels, n_samples).
    across_mm, along_mm
        Place of each channel, mm.
    signal_power_uv2, noise_power_uv2
        Mean square of each channel's sum of potentials, and of all that was added to it by
        electrode and mains.
    snr_db
        Mean of the one over the mean of the other.
    """

    seed: tuple[int, ...]
    settings: GridSettings
    units: tuple[GridUnitTruth, ...]
    muaps_uv: Floats
    across_mm: Floats
    along_mm: Floats
    signal_power_uv2: Floats
    noise_power_uv2: Floats
    snr_db: float

    @property
    def velocities_m_s(self) -> Floats:
        """Conduction velocity of every unit, m/s."""
        return np.array([unit.velocity_m_s for unit in self.units])

    @property
    def rates_hz(self) -> Floats:
        """Discharges of every unit over the length of the recording, Hz."""
        counts = np.array([unit.discharges_s.size for unit in self.units])
        return np.asarray(counts / self.settings.duration_s)

    @property
    def campbell_uv2(self) -> Floats:
        """Σ rate · ∫p² dt of every channel, µV²: its mean square without noise, units apart."""
        energy = np.sum(self.muaps_uv**2, axis=2) / self.settings.fs
        return np.asarray(self.rates_hz @ energy)
