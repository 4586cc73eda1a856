"""One EMG channel: its units fire, their potentials add up, the acquisition adds the rest."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError
from emgproc.simulate import acquisition, band, discharges, muap
from emgproc.simulate.checks import check_finite
from emgproc.simulate.pool import Pool, draw_pool
from emgproc.simulate.states import QUIET, REFERENCE, Timeline
from emgproc.simulate.truth import ChannelTruth, UnitTruth, amplitudes_for
from emgproc.units import to_samples

SWAY_UV = 150.0
BURST_MARGIN_S = 0.05  # a potential reaches 25 ms over its discharge


@dataclass(frozen=True, slots=True, kw_only=True)
class MuscleSettings:
    """One EMG channel.

    Attributes
    ----------
    name, muscle, side
        As in `Channel`.
    tone_uv
        RMS of the tonic EMG in the 20–450 Hz band while quiet, µV, > 0.
    noise_uv
        RMS of the white electrode noise, µV; drawn from 1.5–3 where None.
    pool
        The living units; drawn (8–14 units) where None.
    ecg_uv, mains_uv
        R peak and mains fundamental as they leak into this channel, µV.
    fasciculation_hz
        Rate of fasciculations of the whole muscle, Hz.
    rails_uv
        Lowest and highest value of the converter, µV; None is ±3.28 mV in steps of 0.1 µV.
    amplifier
        The whole amplifier, in place of `rails_uv`.
    """

    name: str
    muscle: str = ""
    side: str = "L"
    tone_uv: float = 8.0
    noise_uv: float | None = None
    pool: Pool | None = None
    ecg_uv: float = 3.0
    mains_uv: float = 2.0
    fasciculation_hz: float = 0.1
    rails_uv: tuple[float, float] | None = None
    amplifier: acquisition.Amplifier | None = None

    def __post_init__(self) -> None:
        if self.rails_uv is not None and self.amplifier is not None:
            raise ParameterError(f"either rails_uv or an amplifier, not both: {self.name}")
        if not self.tone_uv > 0 or (self.noise_uv is not None and not self.noise_uv > 0):
            raise ParameterError(f"tone_uv and noise_uv must be above 0 µV: {self.name}")
        if min(self.ecg_uv, self.mains_uv, self.fasciculation_hz) < 0:
            raise ParameterError(f"ECG, mains and fasciculations are not below 0: {self.name}")
        check_finite(self)

    @property
    def input_stage(self) -> acquisition.Amplifier:
        """The amplifier; 16 bits between the rails where none is given."""
        rails = self.rails_uv or acquisition.FULL_RANGE_UV
        return self.amplifier or acquisition.Amplifier(range_uv=rails)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What all channels of one recording share.

    `mains_track_hz` is empty where the mains are steady. `gone` are samples that no file holds.
    """

    fs: float
    n_samples: int
    times_s: Floats
    timeline: Timeline
    beats_s: Floats
    ectopic: Bools
    heartbeat: Floats
    mains: acquisition.Mains
    mains_track_hz: Floats
    shared: acquisition.Disturbance
    gone: Bools

    @property
    def mains_cycles(self) -> Floats | None:
        """Periods of the mains gone by at each sample; None where they are steady."""
        if not self.mains_track_hz.size:
            return None
        return acquisition.cycles_of(self.mains_track_hz, self.times_s)

    @property
    def bursts(self) -> Bools:
        """Samples of gross activity, seen by the observer or not, and 50 ms around it."""
        active = np.zeros(self.n_samples, np.bool_)
        for activity in self.timeline.activities:
            if activity.gross:
                first = to_samples(max(activity.start_s - BURST_MARGIN_S, 0.0), self.fs)
                active[first : to_samples(activity.stop_s + BURST_MARGIN_S, self.fs)] = True
        return active

    def flags(self, *labels: str) -> Bools:
        """Samples held by the file that the events with these labels cover."""
        covered = np.zeros(self.n_samples, np.bool_)
        for event in (*self.timeline.events, *self.shared.labels):
            if event.label in labels:
                first = to_samples(event.onset_s, self.fs)
                covered[first : to_samples(event.onset_s + event.duration_s, self.fs)] = True
        return covered & ~self.gone


@dataclass(frozen=True, slots=True, eq=False)
class Streams:
    """Sources of randomness of one channel: its signal, and its artefacts apart from it."""

    signal: np.random.Generator
    artefacts: np.random.Generator


def simulate_channel(
    settings: MuscleSettings, scene: Scene, streams: Streams
) -> tuple[Floats, ChannelTruth]:
    """One EMG channel as the converter gives it, µV (n_samples,), and its truth."""
    rng, fs = streams.signal, scene.fs
    units = _units(settings, scene, rng)
    tonic, twitches = _muscle(units, scene)
    sigma = settings.noise_uv if settings.noise_uv is not None else float(rng.uniform(1.5, 3.0))
    noise = acquisition.electrode_noise(rng, scene.n_samples, fs, sigma)
    x = tonic + twitches + noise + settings.ecg_uv * scene.heartbeat
    hum = scene.mains.hum(rng, scene.times_s, settings.mains_uv, scene.mains_cycles)
    x += hum
    for activity in scene.timeline.activities:
        if activity.gross:
            x += acquisition.sway(rng, scene.times_s, activity.span_s, SWAY_UV)
    spoilt = acquisition.spoil(scene.shared, streams.artefacts, settings.name, scene.times_s, fs)
    seen, clipped = acquire(
        settings.input_stage, scene, x, spoilt, acquisition.floating(hum, noise)
    )
    moved = scene.flags("movement", "cry") | scene.bursts
    quiet = scene.flags(QUIET) & ~moved
    whole, in_band = _campbell(units, fs)
    return seen, ChannelTruth(
        name=settings.name,
        muscle=settings.muscle,
        side=settings.side,
        units=units,
        tone_design_uv=settings.tone_uv,
        ms_formula_uv2=whole,
        ms_formula_band_uv2=in_band,
        ms_realised_uv2=band.mean_square(band.in_band(tonic, fs), quiet),
        noise_sigma_uv=sigma,
        noise_power_uv2=band.mean_square(band.in_band(noise, fs), scene.flags(REFERENCE)),
        clipped_fraction=float(np.mean(clipped[~scene.gone])),
        mask=moved | clipped | spoilt.bad(scene.shared, fs),
        artefacts=spoilt.events,
        baseline_uv=float(spoilt.baseline_uv[0]),
    )


def acquire(
    amplifier: acquisition.Amplifier,
    scene: Scene,
    x: Floats,
    spoilt: acquisition.Spoilt,
    floating: Floats,
) -> tuple[Floats, Bools]:
    """What the file holds of a channel's voltage with its artefacts, µV, and where it clipped.

    Parameters
    ----------
    amplifier
        Of this channel.
    scene
        What it shares with the others.
    x
        Voltage at the electrodes without artefacts, µV (n_samples,).
    spoilt
        Its artefacts.
    floating
        What the electrodes pick up while off the skin, µV.
    """
    kind = scene.shared.settings.dropout
    voltage = np.where(spoilt.lost, floating, x) if kind == "off" else x
    seen = amplifier(voltage + spoilt.baseline_uv + spoilt.added_uv, scene.fs)
    held = acquisition.without_lost(seen, spoilt.lost, kind)
    return held, amplifier.at_rail(seen)


def _muscle(units: tuple[UnitTruth, ...], scene: Scene) -> tuple[Floats, Floats]:
    """Sum of the units' trains, and of their fasciculations, µV."""
    tonic, twitches = np.zeros(scene.n_samples), np.zeros(scene.n_samples)
    for unit in units:
        shape = (unit.amplitude_uv, unit.width_s)
        muap.add_potentials(tonic, scene.fs, unit.spikes_s, *shape)
        muap.add_potentials(twitches, scene.fs, unit.fasciculations_s, *shape)
    return tonic, twitches


def _campbell(units: tuple[UnitTruth, ...], fs: float) -> tuple[float, float]:
    """Σ rate · E while quiet, µV²: over the whole spectrum, and within the band."""
    widths = np.array([unit.width_s for unit in units])
    energies = muap.energy(np.array([unit.amplitude_uv for unit in units]), widths)
    powers = energies * np.array([unit.quiet_rate_hz for unit in units])
    return float(np.sum(powers)), float(np.sum(powers * band.band_share(widths, fs)))


def _units(
    settings: MuscleSettings, scene: Scene, rng: np.random.Generator
) -> tuple[UnitTruth, ...]:
    pool = settings.pool
    if pool is None:
        n = int(rng.integers(8, 15))
        pool = draw_pool(rng, n, n_at_onset=n, rhythmic_share=rng.uniform(0.1, 0.5))
    quiet_hz = pool.rates(scene.timeline.quiet_drive)
    energy = muap.energy(1.0, pool.width_s) * band.band_share(pool.width_s, scene.fs)
    amplitudes = amplitudes_for(pool, quiet_hz, energy, settings.tone_uv)
    units = []
    for i in range(pool.n_units):
        spikes_s, twitches_s = _fire(pool, i, settings.fasciculation_hz, scene.timeline, rng)
        units.append(
            UnitTruth(
                spikes_s,
                twitches_s,
                float(amplitudes[i]),
                float(pool.width_s[i]),
                float(pool.smup_uv[i]),
                bool(pool.rhythmic[i]),
                float(quiet_hz[i]),
            )
        )
    return tuple(units)


def _fire(
    pool: Pool, i: int, muscle_hz: float, timeline: Timeline, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Discharges of unit `i` and its share of the muscle's fasciculations, s."""
    cov = discharges.COV_RHYTHMIC if pool.rhythmic[i] else discharges.COV_DRIVEN
    trains, twitches = [], [np.empty(0)]
    for activity in timeline.activities:
        if activity.silent:
            continue
        rate_hz = float(pool.rates(activity.excitation)[i])
        if rate_hz > 0:
            trains.append(discharges.gaussian_train(rng, rate_hz, cov, activity.span_s))
        spontaneous_hz = muscle_hz / pool.n_units
        twitches.append(discharges.poisson_train(rng, spontaneous_hz, activity.span_s))
    return discharges.joined(trains), np.concatenate(twitches)
