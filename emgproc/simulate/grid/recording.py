"""One simulated grid recording: the muscle of this visit, its trains, its signals; and the truth.

References
----------
As in `volume`, `muscle` and `emgproc.simulate.drive`.
"""

import math

import numpy as np

from emgproc._kernels.threads import over_groups
from emgproc.arrays import Floats, Ints
from emgproc.errors import ParameterError
from emgproc.recording import Auxiliary, Channel, Recording, Segment
from emgproc.simulate import acquisition
from emgproc.simulate.checks import entropy_of
from emgproc.simulate.drive import (
    constant,
    driven_trains,
    rhythmic_trains,
    trapezoid,
    with_common_drive,
)
from emgproc.simulate.force import force, steady_force
from emgproc.simulate.grid.convolve import convolve_trains
from emgproc.simulate.grid.muaps import LOWPASS, surface_muaps
from emgproc.simulate.grid.muscle import GridMuscle, draw_muscle, grown
from emgproc.simulate.grid.settings import Contraction, GridSettings
from emgproc.simulate.grid.truth import GridTruth, GridUnitTruth
from emgproc.simulate.pool import (
    contraction_times_s,
    firing_rates,
    maximal_excitation,
    twitch_forces,
)
from emgproc.simulate.provenance import synthetic
from emgproc.units import to_samples

FORCE_HZ = 100.0


def simulate_grid(
    settings: GridSettings | None = None, seed: int | tuple[int, ...] = 0, *, threads: int = 1
) -> tuple[Recording, GridTruth]:
    """Simulate one recording of a muscle under a grid of electrodes, or under a bipolar pair.

    Parameters
    ----------
    settings
        What to simulate; None is `GridSettings()`, 64 electrodes on an infant.
    seed
        One or more non-negative integers: trains and noise of this visit. The muscle has a seed
        of its own, `settings.muscle_seed`.
    threads
        Threads; the samples are the same for every number.

    Returns
    -------
    recording
        Channels named by their position, µV, with their places on `grid` (the grid of channels),
        and the force as an auxiliary signal, % of the maximum.
    truth
        Units with their discharges, potentials and places; powers of signal and noise.

    Raises
    ------
    ParameterError
        The seed is no such integer, a signal-to-noise ratio is asked for of a muscle at rest, or
        ramps do not fit in the duration.

    Examples
    --------
    >>> recording, truth = simulate_grid(GridSettings(duration_s=2.0), seed=1)
    >>> recording.data.shape, len(truth.units), recording.grid.ied_mm
    ((64, 4096), 20, 4.0)
    """
    wanted = settings if settings is not None else GridSettings()
    entropy = entropy_of(seed)
    drawing, *noises = [
        np.random.default_rng(s)
        for s in np.random.SeedSequence(entropy).spawn(1 + wanted.electrodes.n_channels)
    ]
    muscle = grown(draw_muscle(wanted.anatomy, wanted.muscle_seed), wanted.growth)
    n_samples = to_samples(wanted.duration_s, wanted.fs)
    trains = tuple(
        train[train < n_samples / wanted.fs] for train in _trains(drawing, muscle, wanted)
    )
    muaps = surface_muaps(muscle, wanted.electrodes, wanted.fs, threads=threads)
    data = convolve_trains(trains, muaps, wanted.fs, n_samples, threads=threads)
    powers = _acquired(data, noises, wanted, threads)
    truth = _truth(entropy, wanted, muscle, (trains, muaps, powers))
    return _recording(data, wanted, _force(trains, muscle, wanted)), truth


def _trains(
    rng: np.random.Generator, muscle: GridMuscle, settings: GridSettings
) -> tuple[Floats, ...]:
    contraction = settings.contraction
    driven = muscle.rhythm_hz == 0
    thresholds = muscle.thresholds[driven]
    excitation = _excitation(contraction, maximal_excitation(thresholds), settings.duration_s)
    if contraction.common_drive > 0:
        excitation = with_common_drive(rng, excitation, contraction.common_drive)
    told = iter(
        driven_trains(
            rng,
            thresholds,
            excitation,
            cov=contraction.cov,
            common_share=contraction.common_share,
        )
    )
    own = iter(rhythmic_trains(rng, muscle.rhythm_hz[~driven], excitation.size))
    return tuple(next(told if one else own) for one in driven)


def _excitation(contraction: Contraction, maximum: float, duration_s: float) -> Floats:
    level = contraction.level * maximum
    if contraction.shape == "trapezoid":
        return trapezoid(level, duration_s, rise_s=contraction.rise_s)
    return constant(level, duration_s)


def _acquired(
    data: Floats, noises: list[np.random.Generator], settings: GridSettings, threads: int
) -> tuple[Floats, Floats]:
    """Add noise and mains and convert, in place; mean squares of signal and of what was added."""
    signal, added = np.array([np.mean(row**2) for row in data]), np.empty(len(data))
    sigma_uv = _noise_sigma(settings, float(signal.mean()))
    times_s = np.arange(data.shape[1]) / settings.fs

    def work(channels: slice) -> None:
        for c in range(channels.start, channels.stop):
            rng = noises[c]
            low, high = (sigma_uv, sigma_uv) if settings.snr_db is not None else settings.noise_uv
            noise = acquisition.electrode_noise(
                rng, times_s.size, settings.fs, float(rng.uniform(low, high))
            )
            if settings.mains_uv > 0:
                noise += settings.mains.hum(rng, times_s, settings.mains_uv)
            added[c] = np.mean(noise**2)
            data[c] = acquisition.digitise(data[c] + noise)

    over_groups(work, len(data), threads)
    return signal, added


def _noise_sigma(settings: GridSettings, signal_uv2: float) -> float:
    """White part of a noise whose whole power lies `snr_db` below the signal's, µV."""
    if settings.snr_db is None:
        return 0.0
    if signal_uv2 == 0:
        raise ParameterError("snr_db needs a muscle that is active: its signals are all 0")
    corner, slowest, half = acquisition.FLICKER_BELOW_HZ, acquisition.SLOWEST_HZ, settings.fs / 2
    excess = (corner * math.log(corner / slowest) + half - corner) / half
    return math.sqrt(signal_uv2 / 10 ** (settings.snr_db / 10) / excess)


def _force(trains: tuple[Floats, ...], muscle: GridMuscle, settings: GridSettings) -> Auxiliary:
    forces = twitch_forces(muscle.n_units)
    times_s = contraction_times_s(forces)
    driven = muscle.rhythm_hz == 0
    thresholds = muscle.thresholds[driven]
    rates = muscle.rhythm_hz.copy()
    rates[driven] = firing_rates(maximal_excitation(thresholds), thresholds)
    pulled = force(trains, forces, times_s, FORCE_HZ, settings.duration_s)
    share = 100 * pulled / steady_force(rates, forces, times_s)
    return Auxiliary("force", "%MVC", FORCE_HZ, share, kind="FORCE")


def _truth(
    seed: tuple[int, ...],
    settings: GridSettings,
    muscle: GridMuscle,
    made: tuple[tuple[Floats, ...], Floats, tuple[Floats, Floats]],
) -> GridTruth:
    trains, muaps, (signal, added) = made
    n_samples = to_samples(settings.duration_s, settings.fs)
    units = tuple(
        _unit(i, train, muscle, _nearest(train, settings.fs, n_samples))
        for i, train in enumerate(trains)
    )
    across, along = settings.electrodes.channel_positions_mm()
    with np.errstate(divide="ignore"):
        snr_db = float(10 * np.log10(signal.mean() / added.mean())) if added.any() else math.inf
    return GridTruth(seed, settings, units, muaps, across, along, signal, added, snr_db)


def _nearest(train_s: Floats, fs: float, n_samples: int) -> Ints:
    """Nearest samples; a discharge in the last half sample belongs to the last one."""
    return np.minimum(np.rint(train_s * fs).astype(np.int64), n_samples - 1)


def _unit(i: int, train_s: Floats, muscle: GridMuscle, discharges: Ints) -> GridUnitTruth:
    return GridUnitTruth(
        i, train_s, discharges, float(muscle.n_fibres[i]),
        float(muscle.diameter_um[i]), float(muscle.velocity_m_s[i]),
        float(muscle.depth_mm[i].mean()), float(muscle.across_mm[i].mean()),
        float(muscle.endplate_mm[i].mean()), float(muscle.thresholds[i]),
        float(muscle.rhythm_hz[i]),
    )  # fmt: skip


def _recording(data: Floats, settings: GridSettings, pulled: Auxiliary) -> Recording:
    rails = acquisition.FULL_RANGE_UV
    electrodes = settings.electrodes
    grid = electrodes.grid
    channels = tuple(
        Channel(
            name, "EMG", reference=electrodes.montage, lowpass_hz=LOWPASS * settings.fs,
            bits=acquisition.BITS, lsb_uv=acquisition.lsb_uv(rails), range_uv=rails,
            place=None if grid is None else site,
        )
        for name, site in zip(electrodes.names, electrodes.sites, strict=True)
    )  # fmt: skip
    provenance = synthetic(settings.source, "16-bit converter")
    return Recording(
        data,
        settings.fs,
        channels,
        provenance,
        (Segment(0, data.shape[1], 0.0),),
        auxiliary=(pulled,),
        grid=grid,
    )
