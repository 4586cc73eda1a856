"""Counting motor units with graded stimuli: one site in fine steps, or three sites.

References
----------
McComas 1971, J Neurol Neurosurg Psychiatry 34:121 (incremental; units whose thresholds overlap
alternate). Shefner 2011, Neurology 77:235 (multipoint: 3 sites × 3 increments of at least 25 µV;
size = the sum of the third levels / 9).
"""

from dataclasses import dataclass, replace

import numpy as np

from emgproc.arrays import Bools, Floats, Ints
from emgproc.errors import ParameterError
from emgproc.recording import Event, Recording
from emgproc.simulate.stimulation.nerve import FURTHEST_SD, STRONGEST_MA, Nerve
from emgproc.simulate.stimulation.sweeps import (
    ResponseTruth,
    StimulationSettings,
    Stimuli,
    SweepTruth,
    added,
    direct_potentials,
    maximal_response,
    negative_peak_mv,
    record_sweeps,
    streams,
    sweep_truth,
    swept,
)

INTERVAL_S = 1.0
FINE_STEP = 1.005  # an examiner's knob: half a percent a stimulus
N_MAXIMAL = 3
N_SITES = 3
N_LEVELS = 3
LEAST_INCREMENT_UV = 25.0
SITE_STEP_M = 0.015


@dataclass(frozen=True, slots=True, eq=False)
class IncrementalTruth:
    """Graded stimuli, then three supramaximal ones.

    Attributes
    ----------
    graded
        True where the stimulus is one of the graded ones, shape (n_stimuli,).
    sampled
        Units (numbers from 0) that a graded stimulus excited at least once, by threshold.
    levels_mv
        Amplitudes, mV, that occur among the graded responses when noise is away; one for every
        combination of units (0 among them): alternation makes them more than the units sampled.
    sampled_size_uv, mean_size_uv
        Mean size of the sampled units and of all, µV; NaN without units.
    """

    nerve: Nerve
    n_units: int
    response: ResponseTruth
    sweeps: SweepTruth
    graded: Bools
    sampled: Ints
    levels_mv: Floats
    sampled_size_uv: float
    mean_size_uv: float


def simulate_incremental(
    nerve: Nerve,
    settings: StimulationSettings | None = None,
    seed: int | tuple[int, ...] = 0,
    *,
    n_steps: int = 10,
) -> tuple[Recording, IncrementalTruth]:
    """Stimuli rising by 0.5 % from below the first threshold to above the `n_steps`-th.

    Parameters
    ----------
    nerve
        The living units; all are reached where there are fewer than `n_steps`.
    settings
        Electrodes and stimulator; None is `StimulationSettings()`.
    seed
        One or more non-negative integers.
    n_steps
        Units to recruit, >= 1.

    Raises
    ------
    ParameterError
        No step is asked for.
    """
    wanted = settings or StimulationSettings()
    if n_steps < 1:
        raise ParameterError(f"incremental stimulation needs n_steps >= 1, got {n_steps}")
    firing, acquiring = streams(seed, 2)
    rising = _rising(nerve, n_steps)
    ma = np.concatenate([rising, np.full(N_MAXIMAL, nerve.supramaximal_ma)])
    stimuli = Stimuli.every(wanted, ma, INTERVAL_S)
    fired = nerve.fire(firing, stimuli.ma)
    direct = added(fired, direct_potentials(nerve, wanted))
    sweeps = sweep_truth(wanted, stimuli, fired, direct, firing)
    recording = record_sweeps(wanted, stimuli, direct * sweeps.gain[:, None], acquiring)
    graded = np.arange(ma.size) < rising.size
    by_threshold = np.argsort(nerve.threshold_ma, kind="stable")
    reached = np.flatnonzero(fired[graded].any(axis=0))
    sampled = by_threshold[np.isin(by_threshold, reached)]
    _, one_of_each = np.unique(fired[graded], axis=0, return_index=True)
    return recording, IncrementalTruth(
        nerve, nerve.n_units, maximal_response(nerve, wanted), sweeps, graded, sampled,
        np.sort(sweeps.amplitude_mv[graded][one_of_each]), _mean(nerve.size_uv[sampled]),
        _mean(nerve.size_uv),
    )  # fmt: skip


def _rising(nerve: Nerve, n_steps: int) -> Floats:
    if not nerve.n_units:
        return np.geomspace(STRONGEST_MA / 10, STRONGEST_MA, 20)
    by_threshold = np.argsort(nerve.threshold_ma)
    first, last = by_threshold[0], by_threshold[min(n_steps, nerve.n_units) - 1]
    start = nerve.threshold_ma[first] * (0.99 - FURTHEST_SD * nerve.relative_spread[first])
    stop = nerve.threshold_ma[last] * (1.01 + nerve.relative_spread[last])
    n = int(np.ceil(np.log(stop / start) / np.log(FINE_STEP))) + 1
    return np.asarray(start * FINE_STEP ** np.arange(n))


def _mean(x: Floats) -> float:
    return float(x.mean()) if x.size else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class MultipointTruth:
    """Three sites along the nerve, each with its own order of thresholds, then the CMAP.

    Attributes
    ----------
    site, level
        Site (1–3) and level (1–3) of each stimulus, 0 for the supramaximal ones; (n_stimuli,).
    threshold_ma
        Thresholds at each site, mA, shape (3, n_units); those of the supramaximal stimuli are
        the first site's.
    intended
        Units that a level is meant to excite, shape (3, 3, n_units): all whose threshold at the
        site lies below the level. With few units the last levels may add none.
    level_mv
        Noise-free amplitude of those units, mV, shape (3, 3).
    smup_uv
        Sum of the three third levels / 9, µV: the estimator's answer without noise.
    mune
        CMAP amplitude / `smup_uv`; NaN without units.
    mean_size_uv
        Mean size of all units, µV.
    """

    nerve: Nerve
    n_units: int
    response: ResponseTruth
    sweeps: SweepTruth
    site: Ints
    level: Ints
    threshold_ma: Floats
    intended: Bools
    level_mv: Floats
    smup_uv: float
    mune: float
    mean_size_uv: float


def simulate_multipoint(
    nerve: Nerve,
    settings: StimulationSettings | None = None,
    seed: int | tuple[int, ...] = 0,
    *,
    n_repeats: int = 3,
) -> tuple[Recording, MultipointTruth]:
    """Three sites 1.5 cm apart × three levels × `n_repeats`, then three supramaximal stimuli.

    The electrode lies differently to the fascicles at each site, so thresholds are dealt out anew
    (the first site keeps the nerve's own). A level lies midway between two thresholds in a row,
    the first at which the response has grown by at least 25 µV. Events `site/1` … `site/3` cover
    the stimuli of each site.

    Parameters
    ----------
    nerve
        The living units.
    settings
        Electrodes and stimulator; `distance_m` is that of the first site.
    seed
        One or more non-negative integers.
    n_repeats
        Stimuli at each level, >= 1.

    Raises
    ------
    ParameterError
        No stimulus is asked for.
    """
    wanted = settings or StimulationSettings()
    if n_repeats < 1:
        raise ParameterError(f"multipoint stimulation needs n_repeats >= 1, got {n_repeats}")
    dealing, firing, acquiring = streams(seed, 3)
    sites = [nerve, *(_dealt_anew(nerve, dealing) for _ in range(N_SITES - 1))]
    waves = [
        swept(nerve, wanted, nerve.latency_s(wanted.distance_m + i * SITE_STEP_M))
        for i in range(N_SITES)
    ]
    levels_ma = np.array([_levels(at, wave) for at, wave in zip(sites, waves, strict=True)])
    site, level = _plan(n_repeats)
    ma = np.append(np.repeat(levels_ma, n_repeats), np.full(N_MAXIMAL, nerve.supramaximal_ma))
    stimuli = Stimuli.every(wanted, ma, INTERVAL_S)
    fired, direct = _at_sites(sites, waves, (site, stimuli.ma), firing)
    sweeps = sweep_truth(wanted, stimuli, fired, direct, firing)
    shown, events = direct * sweeps.gain[:, None], _site_events(wanted, stimuli, site)
    recording = record_sweeps(wanted, stimuli, shown, acquiring, events)
    thresholds = np.array([one.threshold_ma for one in sites])
    intended = levels_ma[:, :, None] >= thresholds[:, None, :]
    level_mv = np.array(
        [negative_peak_mv(added(i, wave)) for i, wave in zip(intended, waves, strict=True)]
    )
    response = maximal_response(nerve, wanted)
    smup_uv = float(level_mv[:, -1].sum()) * 1000 / (N_SITES * N_LEVELS)
    return recording, MultipointTruth(
        nerve, nerve.n_units, response, sweeps, site, level, thresholds, intended, level_mv,
        smup_uv, 1000 * response.amplitude_mv / smup_uv if smup_uv > 0 else float("nan"),
        _mean(nerve.size_uv),
    )  # fmt: skip


def _plan(n_repeats: int) -> tuple[Ints, Ints]:
    """Site and level of each stimulus, from 1; 0 and 0 for the supramaximal ones."""
    numbers = np.arange(1, N_LEVELS + 1)
    site = np.repeat(np.arange(1, N_SITES + 1), N_LEVELS * n_repeats)
    level = np.tile(np.repeat(numbers, n_repeats), N_SITES)
    maximal = np.zeros(N_MAXIMAL, np.int64)
    return np.append(site, maximal), np.append(level, maximal)


def _dealt_anew(nerve: Nerve, rng: np.random.Generator) -> Nerve:
    return replace(nerve, threshold_ma=rng.permutation(nerve.threshold_ma))


def _levels(nerve: Nerve, waves: Floats) -> list[float]:
    """Strengths of the levels at one site, mA; the last is repeated where units run out."""
    order = np.argsort(nerve.threshold_ma, kind="stable")
    grown = negative_peak_mv(np.cumsum(waves[order], axis=0)) * 1000
    found: list[float] = []
    last_uv = 0.0
    for rank, unit in enumerate(order):
        if grown[rank] - last_uv < LEAST_INCREMENT_UV or len(found) == N_LEVELS:
            continue
        here = nerve.threshold_ma[unit]
        following = nerve.threshold_ma[order[rank + 1]] if rank + 1 < order.size else 1.1 * here
        found.append(round(float(here + following) / 2, 3))
        last_uv = grown[rank]
    return [*found, *[found[-1] if found else STRONGEST_MA] * (N_LEVELS - len(found))]


def _at_sites(
    sites: list[Nerve],
    waves: list[Floats],
    stimuli: tuple[Ints, Floats],
    rng: np.random.Generator,
) -> tuple[Bools, Floats]:
    """Which units fire and the responses; site 0 (supramaximal) is the first site."""
    site, ma = stimuli
    fired = np.zeros((ma.size, sites[0].n_units), np.bool_)
    direct = np.zeros((ma.size, waves[0].shape[1]))
    for i, (nerve, wave) in enumerate(zip(sites, waves, strict=True)):
        rows = (site == i + 1) | ((site == 0) & (i == 0))
        fired[rows] = nerve.fire(rng, ma[rows])
        direct[rows] = added(fired[rows], wave)
    return fired, direct


def _site_events(settings: StimulationSettings, stimuli: Stimuli, site: Ints) -> tuple[Event, ...]:
    found = []
    for number in range(1, N_SITES + 1):
        at_s = stimuli.at[site == number] / settings.fs
        onset_s = float(at_s[0]) - settings.before_s
        found.append(
            Event(onset_s, float(at_s[-1]) + settings.after_s - onset_s, f"site/{number}")
        )
    return tuple(found)
