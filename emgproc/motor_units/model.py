"""What a decomposition is asked for and what it gives: motor units, or the reason why not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats, Ints
from emgproc.errors import ParameterError


@dataclass(frozen=True, slots=True)
class DecompositionSettings:
    """How a grid is decomposed, and what is accepted as a motor unit.

    Attributes
    ----------
    low_hz, high_hz
        -3 dB points of the zero-phase band-pass that comes first, Hz (order 2 per pass).
    n_delays
        Samples of an extended row, R; `None`: round(1000 / channels), 16 for 64 channels.
    least_channels, least_s
        Fewest usable channels, and seconds in which all of them are usable.
    least_sil
        Least silhouette, 0–1. 0.90 is what MUedit and openhdemg ask for.
    least_discharges
        Fewest discharges of a unit.
    least_rate_pps, most_rate_pps
        Limits of the mean discharge rate, 1/s.
    most_covisi
        Greatest coefficient of variation of the inter-discharge intervals, a fraction.
    most_pauses
        Greatest share of intervals that are pauses (more than 400 ms), 0–1.
    most_rounds
        Most rounds of sixteen starts.
    regularisation
        How many times the noise floor (`noise_floor`) is added to the diagonal of the extended
        covariance.
    """

    low_hz: float = 20.0
    high_hz: float = 500.0
    n_delays: int | None = None
    least_channels: int = 16
    least_s: float = 5.0
    least_sil: float = 0.90
    least_discharges: int = 20
    least_rate_pps: float = 3.0
    most_rate_pps: float = 50.0
    most_covisi: float = 0.4
    most_pauses: float = 0.2
    most_rounds: int = 12
    regularisation: float = 1.0

    def __post_init__(self) -> None:
        whole = (self.least_channels, self.least_discharges, self.most_rounds)
        positive = (*whole, self.least_s, self.most_covisi, self.most_pauses, self.regularisation)
        if not all(0 < value < np.inf for value in positive):
            raise ParameterError(f"limits and counts must be finite and above 0, got {self}")
        if not (0 < self.least_sil < 1 and 0 < self.least_rate_pps < self.most_rate_pps):
            raise ParameterError(
                f"0 < least_sil < 1 and 0 < least_rate_pps < most_rate_pps needed, got {self}"
            )
        if self.n_delays is not None and not 2 <= self.n_delays <= 64:
            raise ParameterError(f"n_delays must be 2 to 64 or None, got {self.n_delays!r}")


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """Filters of one unit and the heights that part its pulses from noise.

    Attributes
    ----------
    whole, cleaned
        (n_delays, n_channels) filters for the signal as it is, and for the signal without the
        other units.
    whole_limit, cleaned_limit
        Heights of the source above which a pulse is a discharge.
    waveform
        What is taken away at each discharge, µV, (n_samples, n_channels); the discharge is at its
        middle.
    """

    whole: NDArray[np.float32]
    cleaned: NDArray[np.float32]
    whole_limit: float
    cleaned_limit: float
    waveform: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class MotorUnit:
    """One motor unit: when it discharged, how sure that is, how it looks on the grid.

    Attributes
    ----------
    name
        "MU1", "MU2", …: by the power of the potential.
    discharges
        Samples of the recording, rising: the first of the R samples (8 ms for 64 channels) in
        which the unit's potential has most power on the grid.
    sil
        Silhouette of the pulses, 0–1; the variant stands in `MotorUnits.sil_variant`.
    pnr_db
        Pulse-to-noise ratio, dB.
    covisi
        Coefficient of variation of the inter-discharge intervals, a fraction.
    rate_pps
        Mean discharge rate, 1/s.
    muap_uv
        Spike-triggered mean, µV, (n_channels used, n_samples); `MotorUnits.muap_centre` is the
        sample of the discharge. What the other units add is taken away.
    accepted_because, rejected_because
        The rule and the numbers; one of the two is empty.
    trained
        What `apply_filters` needs.
    """

    name: str
    discharges: Ints
    sil: float
    pnr_db: float
    covisi: float
    rate_pps: float
    muap_uv: NDArray[np.float32]
    trained: Trained
    accepted_because: str = ""
    rejected_because: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class MotorUnits:
    """What a decomposition found, or why it found nothing.

    Attributes
    ----------
    units
        Accepted motor units, the one with the strongest potential first.
    rejected
        Trains that were followed and not accepted; each says why.
    verdict
        Empty if there are units; else what stands against a decomposition.
    fs
        Sampling rate, Hz.
    channels
        Names of the channels used, in the order of the rows of `muap_uv`.
    left_out
        (channel, reason) of the channels that were not used.
    muap_centre
        Sample of `muap_uv` that is the discharge.
    settings, seed, n_delays
        What the result was made with.
    least_peak_uv
        Peak on the grid that a unit's potential needs to be accepted here, µV: half of the
        accepted ones would be lost below it. Weaker units are not found. NaN without any unit.
    """

    units: tuple[MotorUnit, ...]
    rejected: tuple[MotorUnit, ...]
    verdict: str
    fs: float
    channels: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    muap_centre: int
    settings: DecompositionSettings
    seed: int
    n_delays: int
    sil_variant: str = (
        "squared source cleaned of the other units; peaks at least 20 ms apart; 2-means; squared "
        "distances of the discharges to both centroids"
    )
    least_peak_uv: float = float("nan")

    def __len__(self) -> int:
        return len(self.units)

    def __repr__(self) -> str:
        if self.verdict:
            return f"<MotorUnits: none, {self.verdict}; {len(self.rejected)} rejected>"
        told = ", ".join(f"{unit.name} {unit.rate_pps:.1f} pps" for unit in self.units)
        return f"<MotorUnits: {told}; {len(self.rejected)} rejected>"

    @property
    def discharges(self) -> tuple[Ints, ...]:
        """Discharges of each unit, samples."""
        return tuple(unit.discharges for unit in self.units)

    @property
    def sil(self) -> Floats:
        """Silhouette of each unit."""
        return np.array([unit.sil for unit in self.units])

    @property
    def pnr_db(self) -> Floats:
        """Pulse-to-noise ratio of each unit, dB."""
        return np.array([unit.pnr_db for unit in self.units])

    @property
    def covisi(self) -> Floats:
        """Coefficient of variation of the inter-discharge intervals of each unit, fractions."""
        return np.array([unit.covisi for unit in self.units])

    @property
    def muap_uv(self) -> tuple[NDArray[np.float32], ...]:
        """Potential of each unit on the grid, µV."""
        return tuple(unit.muap_uv for unit in self.units)

    @property
    def accepted_because(self) -> tuple[str, ...]:
        """Why each unit was accepted."""
        return tuple(unit.accepted_because for unit in self.units)
