"""What is true of a simulated recording, so that every estimate from it can be judged."""

from dataclasses import dataclass, field

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError
from emgproc.recording import Event
from emgproc.simulate.pool import Pool


@dataclass(frozen=True, slots=True, eq=False)
class UnitTruth:
    """One motor unit: where its potential lies and when it fired.

    Attributes
    ----------
    spikes_s
        Discharge times of all activities, s, on a 0.1-ms clock; sorted.
    fasciculations_s
        Spontaneous discharges apart from the train, s.
    amplitude_uv, width_s
        A (signed) and λ of the surface potential (`muap.waveform`).
    smup_uv
        Size in the nerve's response, µV.
    rhythmic
        Fires on its own at 5–15 Hz.
    quiet_rate_hz
        Mean rate while lying quietly awake.
    """

    spikes_s: Floats
    fasciculations_s: Floats
    amplitude_uv: float
    width_s: float
    smup_uv: float
    rhythmic: bool
    quiet_rate_hz: float


@dataclass(frozen=True, slots=True, eq=False)
class ChannelTruth:
    """One EMG channel.

    Attributes
    ----------
    tone_design_uv
        The tonic level asked for, RMS in the band, µV.
    ms_formula_uv2
        Campbell: Σ rate · E over all units while quiet, whole spectrum, µV².
    ms_formula_band_uv2
        The same with the energy that the 20–450 Hz band passes.
    ms_realised_uv2
        Mean square of the tonic EMG (no noise, no fasciculations) in the band over the quiet
        samples, unlabelled bursts left out: the truth to which a noise-corrected estimate is
        compared.
    noise_sigma_uv
        RMS of the white part of the electrode noise over the whole spectrum, µV.
    noise_power_uv2
        Mean square of the electrode noise in the band over the noise reference.
    clipped_fraction
        Share of the samples at a rail of the converter.
    mask
        True where the signal is not what it should be: cry, movement (labelled or not), a rail, an
        artefact; (n_samples,).
    artefacts
        True spans of this channel's own artefacts: `pop`, `dropout`.
    baseline_uv
        Offset of the electrode at the start, before the amplifier, µV.
    """

    name: str
    muscle: str
    side: str
    units: tuple[UnitTruth, ...]
    tone_design_uv: float
    ms_formula_uv2: float
    ms_formula_band_uv2: float
    ms_realised_uv2: float
    noise_sigma_uv: float
    noise_power_uv2: float
    clipped_fraction: float
    mask: Bools
    artefacts: tuple[Event, ...] = ()
    baseline_uv: float = 0.0

    @property
    def n_units(self) -> int:
        """Number of living units."""
        return len(self.units)

    @property
    def cmap_mv(self) -> float:
        """Sum of the units' sizes, mV."""
        return sum(unit.smup_uv for unit in self.units) / 1000

    @property
    def t_formula(self) -> float:
        """½ ln(Σ rate · E / 1 µV²), ln units."""
        return float(0.5 * np.log(self.ms_formula_uv2))

    @property
    def t_realised(self) -> float:
        """½ ln(`ms_realised_uv2` / 1 µV²), ln units."""
        return float(0.5 * np.log(self.ms_realised_uv2))


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """All that is true of one simulated recording.

    `beats_s` are the R peaks (s), `events` the labels as true as an observer's can be, `seed` what
    the generator was started with. `artefacts` are the true spans of what all channels share:
    `motion`, labelled or not, and `gap`. `mains_track_hz` is the mains' frequency at 0, 1, 2 … s
    where it wanders, `ectopic` tells of each beat whether it is one.
    """

    seed: tuple[int, ...]
    fs: float
    duration_s: float
    channels: tuple[ChannelTruth, ...]
    events: tuple[Event, ...]
    beats_s: Floats
    mains_hz: float
    artefacts: tuple[Event, ...] = ()
    mains_track_hz: Floats = field(default_factory=lambda: np.empty(0))
    ectopic: Bools = field(default_factory=lambda: np.empty(0, np.bool_))

    def channel(self, name: str) -> ChannelTruth:
        """Truth of the channel called `name`; KeyError where there is none."""
        return {channel.name: channel for channel in self.channels}[name]


def amplitudes_for(pool: Pool, rates_hz: Floats, energy_at_one: Floats, tone_uv: float) -> Floats:
    """Signed surface amplitude of each unit for which Σ rate · E in the band is `tone_uv`².

    A unit's surface amplitude is proportional to its size in the nerve's response; the factor
    stands for skin, fat and electrode distance and is what is solved for.

    Parameters
    ----------
    pool
        The living units.
    rates_hz
        Their rates while quiet, Hz; at least one above 0.
    energy_at_one
        In-band energy of each unit's potential at an amplitude of 1 µV, s.
    tone_uv
        The wanted RMS, µV.

    Raises
    ------
    ParameterError
        No unit fires.
    """
    power = np.sum(rates_hz * pool.smup_uv**2 * energy_at_one)
    if power == 0:
        raise ParameterError(f"no unit fires while quiet, so none can make a tone of {tone_uv} µV")
    return np.asarray(pool.polarity * pool.smup_uv * tone_uv / np.sqrt(power))
