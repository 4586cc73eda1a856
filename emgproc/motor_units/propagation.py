"""How a unit's potential runs along the fibres: conduction velocity, innervation zone.

From the zone the potential runs both ways. Double differences have the same shape and sign on
both sides, later by the distance over the velocity; what does not travel, where fibres end, they
hold least of. The zone and the velocity are those whose shifts add the channels up to most power,
which is maximum likelihood for white noise (Farina, Muhammad, Fortunato, Meste, Merletti and Rix
2001, Med Biol Eng Comput 39:225), here over both sides and several columns at once.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emgproc.arrays import Bools, Floats, check_fs
from emgproc.errors import ParameterError, SignalError
from emgproc.features.propagation import FASTEST_M_S, SLOWEST_M_S

MIN_ROWS = 3
LEAST_OF_LARGEST = 0.5  # amplitude of a column; further off, little of a potential travels
# Simulated units of an infant and an adult, noise added: from 0.5 on nine of ten velocities are
# within 7 %, below 0.3 they say nothing. Averages of a real contraction at random moments: 0.49.
LEAST_R = 0.5
HIGHEST_HZ = 500.0
ZOOMS = 6
STEPS = 32  # of slowness in the first search; a zone is tried at every half of a distance

Complexes = NDArray[np.complex128]


class Propagation(NamedTuple):
    """Velocity along the fibres and where the potential begins.

    Attributes
    ----------
    velocity_m_s
        1.5–7; NaN with a reason.
    zone_mm
        Innervation zone in the column of most power, mm along the fibres from the first row of
        electrodes, the one before the first double difference; NaN with a reason.
    r
        Mean correlation of the channels once shifted, weighted by their size, −1–1.
    n
        Channels that were used.
    reason
        Why there is no velocity: `too_few_channels` (3 rows in no column), `zero_variance`,
        `low_correlation` (r below the least) or `implausible_velocity`.
    zone_reason
        Why there is no zone: that reason, or `zone_outside_grid`.
    """

    velocity_m_s: float
    zone_mm: float
    r: float
    n: int
    reason: str
    zone_reason: str


def propagation(
    double: ArrayLike, fs: float, *, ied_mm: float, least_r: float = LEAST_R
) -> Propagation:
    """Conduction velocity and innervation zone of a potential on a grid.

    All columns whose largest amplitude is at least half of the grid's share one velocity; each
    has its own zone, for zones run obliquely across a muscle. A grid turned against the fibres
    makes the velocity too high by 1/cos of the angle. The deeper a unit, the less of its potential
    is seen to travel: velocities come out too high, or none.

    Parameters
    ----------
    double
        Double differential potential, µV, (rows, cols, n_window), rows along the fibres, as
        `differential(grid, 2)` gives it; NaN where there is no channel.
    fs
        Sampling rate, Hz.
    ied_mm
        Distance of electrodes along the fibres, mm.
    least_r
        Least correlation of the shifted channels. Noise takes from it, and so does a grid that
        reaches beyond the ends of the fibres. Averages at random moments of a contraction have
        0.3 to 0.5, too, with the velocity of all that is active.

    Raises
    ------
    SignalError
        Not of three dimensions.
    ParameterError
        `fs` or `ied_mm` is not above 0.
    """
    data = np.asarray(double, np.float64)
    if data.ndim != 3:
        raise SignalError(f"propagation: (rows, cols, n_window), got shape {data.shape}")
    if not 0 < ied_mm < np.inf:
        raise ParameterError(f"propagation: ied_mm must be above 0, got {ied_mm!r}")
    there: Bools = np.asarray(np.isfinite(data).all(axis=2))
    columns: Bools = np.asarray(there.sum(axis=0) >= MIN_ROWS)
    if not columns.any():
        return _none(0, "too_few_channels")
    data = np.where(there[..., None], data, 0.0)[:, columns]
    sizes: Floats = np.asarray((data.max(axis=2) - data.min(axis=2)).max(axis=0))
    large: Bools = np.asarray(sizes >= LEAST_OF_LARGEST * sizes.max())
    n = int(there[:, columns][:, large].sum())
    if not sizes.max() > 0:
        return _none(n, "zero_variance")
    return _found(_Search(data[:, large], check_fs(fs), ied_mm), n, least_r)


def _found(search: "_Search", n: int, least_r: float) -> Propagation:
    zones, slowness = search.best()
    r, powers = search.correlation(zones, slowness)
    if r < least_r:
        return _none(n, "low_correlation", r)
    if not search.slowness[0] < slowness < search.slowness[1]:
        return _none(n, "implausible_velocity", r)
    velocity, zone = 1 / slowness / 1000, float(zones[np.argmax(powers)])
    if not search.at_mm[0] < zone < search.at_mm[-1]:
        return Propagation(velocity, np.nan, r, n, "", "zone_outside_grid")
    return Propagation(velocity, zone, r, n, "", "")


class _Search:
    """Power of each column, its channels shifted and added, over zones (mm), slowness (s/mm)."""

    def __init__(self, data: Floats, fs: float, ied_mm: float) -> None:
        n = 2 * data.shape[2]  # padded with zeros: a window is not periodic
        hz = np.fft.rfftfreq(n, 1 / fs)
        kept = (hz > 0) & (hz <= HIGHEST_HZ)
        centred = data - data.mean(axis=2, keepdims=True)
        self.spectra: Complexes = np.fft.rfft(centred, n, axis=2)[:, :, kept]
        self.omega = 2 * np.pi * hz[kept]
        self.ied_mm = ied_mm
        self.at_mm = (np.arange(len(data)) + 1.0) * ied_mm
        self.slowness = 1 / FASTEST_M_S / 1000, 1 / SLOWEST_M_S / 1000

    def best(self) -> tuple[Floats, float]:
        """Zone of each column and slowness of most power; each search has a third of the steps."""
        low, high = self.slowness
        n_cols = self.spectra.shape[1]
        ends = self.at_mm[0] - self.ied_mm, self.at_mm[-1] + self.ied_mm
        zones = np.linspace(*ends, 2 * (self.at_mm.size + 1) + 1)[:, None].repeat(n_cols, axis=1)
        slowness, step = np.linspace(low, high, STEPS + 1, retstep=True)
        near = np.linspace(-2, 2, 13)  # steps of the search before
        for _ in range(ZOOMS):
            powers = np.stack([self.powers(zone, slowness) for zone in zones])
            j = int(np.argmax(powers.max(axis=0).sum(axis=1)))
            best = zones[np.argmax(powers[:, j], axis=0), np.arange(n_cols)]
            slow = float(slowness[j])
            zones = best + near[:, None] * (zones[1] - zones[0])
            slowness = np.clip(slow + near * step, low, high)
            step /= 3
        return best, slow

    def powers(self, zones_mm: Floats, slowness_s_mm: Floats) -> Floats:
        """Power of the sum of the channels, (n_slowness, cols), for one zone a column."""
        late_s = slowness_s_mm[:, None, None] * np.abs(self.at_mm[:, None] - zones_mm)
        turned = np.exp(1j * self.omega * late_s[..., None])
        added = np.einsum("srcf,rcf->scf", turned, self.spectra)
        return np.asarray(np.square(np.abs(added)).sum(axis=2))

    def correlation(self, zones_mm: Floats, slowness_s_mm: float) -> tuple[float, Floats]:
        """What the channels share of what they could if all were one shape; and the powers."""
        own = np.square(np.abs(self.spectra)).sum(axis=2)
        most = np.square(np.sqrt(own).sum(axis=0)).sum() - own.sum()
        powers = self.powers(zones_mm, np.array([slowness_s_mm]))[0]
        return float((powers.sum() - own.sum()) / most), powers


def _none(n: int, reason: str, r: float = float("nan")) -> Propagation:
    return Propagation(np.nan, np.nan, r, n, reason, reason)
