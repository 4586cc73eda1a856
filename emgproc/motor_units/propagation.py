"""How a unit's potential runs along the fibres: conduction velocity, innervation zone.

From the zone the potential runs both ways. Double differences have the same shape and sign on
both sides, later by the distance over the velocity; what does not travel, where fibres end, they
hold least of. The zone and the velocity are those whose shifts add the channels up to most power,
which is maximum likelihood for white noise (Farina, Muhammad, Fortunato, Meste, Merletti and Rix
2001, Med Biol Eng Comput 39:225), here over both sides and all columns at once.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emgproc.arrays import Floats, check_fs
from emgproc.errors import ParameterError, SignalError
from emgproc.features.propagation import FASTEST_M_S, MIN_R, SLOWEST_M_S

MIN_ROWS = 3
ZOOMS = 4
STEPS = 48  # of slowness in the first search; a zone is tried at every quarter of a distance

Complexes = NDArray[np.complex128]


class Propagation(NamedTuple):
    """Velocity along the fibres and where the potential begins.

    Attributes
    ----------
    velocity_m_s
        1.5–7; NaN with a reason.
    zone_mm
        Innervation zone, mm along the fibres from the first row of electrodes, the one before the
        first double difference; NaN with a reason.
    r
        Mean correlation of the channels once shifted, weighted by their size, −1–1.
    n
        Channels that were used.
    reason
        Why there is no velocity: `too_few_channels` (3 rows in no column), `zero_variance`,
        `low_correlation` (r < 0.7) or `implausible_velocity`.
    zone_reason
        Why there is no zone: that reason, or `zone_outside_grid`.
    """

    velocity_m_s: float
    zone_mm: float
    r: float
    n: int
    reason: str
    zone_reason: str


def propagation(double: ArrayLike, fs: float, *, ied_mm: float) -> Propagation:
    """Conduction velocity and innervation zone of a potential on a grid.

    A grid turned against the fibres makes the velocity too high by 1/cos of the angle. The deeper
    a unit, the less of its potential is seen to travel: velocities come out too high, or none.

    Parameters
    ----------
    double
        Double differential potential, µV, (rows, cols, n_window), rows along the fibres, as
        `differential(grid, 2)` gives it; NaN where there is no channel.
    fs
        Sampling rate, Hz.
    ied_mm
        Distance of electrodes along the fibres, mm.

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
    there = np.isfinite(data).all(axis=2)
    there &= there.sum(axis=0) >= MIN_ROWS
    n = int(there.sum())
    if n == 0:
        return _none(n, "too_few_channels")
    search = _Search(_spectra(data, there), len(data), data.shape[2], check_fs(fs), ied_mm)
    if not np.any(search.spectra):
        return _none(n, "zero_variance")
    zone, slowness = search.best()
    r = search.correlation(zone, slowness)
    if r < MIN_R:
        return _none(n, "low_correlation", r)
    if not search.slowest_s_mm[0] < slowness < search.slowest_s_mm[1]:
        return _none(n, "implausible_velocity", r)
    velocity = 1 / slowness / 1000
    if not search.first_mm < zone < search.last_mm:
        return Propagation(velocity, np.nan, r, n, "", "zone_outside_grid")
    return Propagation(velocity, zone, r, n, "", "")


class _Search:
    """Power of the channels, shifted and added, over zone (mm) and slowness (s/mm)."""

    def __init__(
        self, spectra: Complexes, n_rows: int, n_window: int, fs: float, ied_mm: float
    ) -> None:
        self.spectra = spectra  # (rows, cols, bins), 0 where there is no channel
        self.omega = 2 * np.pi * fs * np.arange(spectra.shape[2]) / _n_fft(n_window)
        self.at_mm = (np.arange(n_rows) + 1.0) * ied_mm
        self.first_mm, self.last_mm = float(self.at_mm[0]), float(self.at_mm[-1])
        self.ied_mm = ied_mm
        self.slowest_s_mm = (1 / FASTEST_M_S / 1000, 1 / SLOWEST_M_S / 1000)

    def best(self) -> tuple[float, float]:
        """Zone and slowness of most power; the search narrows fivefold each time."""
        low, high = self.slowest_s_mm
        n_zones = 4 * (self.at_mm.size + 1) + 1
        zones = np.linspace(self.first_mm - self.ied_mm, self.last_mm + self.ied_mm, n_zones)
        slowness = np.linspace(low, high, STEPS + 1)
        for _ in range(ZOOMS):
            powers = np.array([self.powers(float(zone), slowness) for zone in zones])
            i, j = np.unravel_index(np.argmax(powers), powers.shape)
            zone, slow = float(zones[i]), float(slowness[j])
            zones = zone + np.linspace(-1, 1, 11) * (zones[1] - zones[0])
            slowness = slow + np.linspace(-1, 1, 11) * (slowness[1] - slowness[0])
            slowness = np.clip(slowness, low, high)
        return zone, slow

    def powers(self, zone_mm: float, slowness_s_mm: Floats) -> Floats:
        """Power of the sum of all channels of a column, over columns, for each slowness."""
        away = np.abs(self.at_mm - zone_mm)
        turned = np.exp(1j * self.omega * (slowness_s_mm[:, None] * away)[:, :, None])
        added = np.einsum("srf,rcf->scf", turned, self.spectra)
        return np.asarray(np.square(np.abs(added)).sum(axis=(1, 2)))

    def correlation(self, zone_mm: float, slowness_s_mm: float) -> float:
        """What the channels share of what they could if all were one shape."""
        sizes = np.sqrt(np.square(np.abs(self.spectra)).sum(axis=2))
        own = float(np.square(sizes).sum())
        most = float(np.square(sizes.sum(axis=0)).sum())
        found = float(self.powers(zone_mm, np.array([slowness_s_mm]))[0])
        return (found - own) / (most - own)


def _spectra(data: Floats, there: NDArray[np.bool_]) -> Complexes:
    """Spectra of the channels, without their means; padded, for a window is not periodic."""
    used = np.where(there[..., None], data, 0.0)
    used -= used.mean(axis=2, keepdims=True)
    spectra: Complexes = np.fft.rfft(used, _n_fft(data.shape[2]), axis=2)
    return spectra


def _n_fft(n_window: int) -> int:
    return 2 * n_window


def _none(n: int, reason: str, r: float = float("nan")) -> Propagation:
    return Propagation(np.nan, np.nan, r, n, reason, reason)
