"""Surface interference patterns and the CMAP of the same units, as recorded for MUNIX.

Epochs of 0.5 s from slight to maximal effort; ideal-case motor-unit count
ICMUC = (P_C · A_S) / (A_C · P_S) with A and P the area and power of CMAP (C) and epoch (S).
Nandedkar 2004, IEEE Trans Biomed Eng 51:2209, and 2010, doi 10.1002/mus.21824.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats, Ints
from emgproc.errors import ParameterError
from emgproc.recording import Event, Recording
from emgproc.simulate import drive
from emgproc.simulate.checks import entropy_of
from emgproc.simulate.pool import maximal_excitation, recruitment_thresholds
from emgproc.simulate.stimulation.nerve import REACH, Nerve, unit_shape
from emgproc.simulate.stimulation.sweeps import (
    ResponseTruth,
    StimulationSettings,
    Stimuli,
    SweepTruth,
    added,
    artefact,
    direct_potentials,
    maximal_response,
    record,
    stimulus_events,
    streams,
    sweep_truth,
)
from emgproc.units import to_samples

INTERVAL_S = 1.0
N_TRACES = 3
EPOCH_S = 0.5
EPOCH_EVERY_S = 2.0
LEAD_S = 0.1  # discharges before an epoch whose potentials reach into it
EFFORTS = tuple(np.linspace(0.05, 1.0, 20).tolist())


@dataclass(frozen=True, slots=True, eq=False)
class Epoch:
    """One stretch of voluntary activity.

    Attributes
    ----------
    effort
        Share of the excitation that drives the last unit to its peak rate, 0–1; NaN where the
        discharges were given.
    duration_s
        Length, s, > 0.
    discharges_s
        Each unit's discharge times from the start of the epoch on, s; they may lie before it.
    """

    effort: float
    duration_s: float
    discharges_s: tuple[Floats, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SipTruth:
    """Discharges and noise-free measures.

    Attributes
    ----------
    epoch, unit, discharge_s
        Epoch and unit (numbers from 0) and time on the recording's clock of every discharge.
    effort, epoch_onset_s
        Of each epoch, shape (n_epochs,).
    cmap_area_mv_ms, cmap_power_mv2_ms
        ∫|v| and ∫v² of the noise-free CMAP, whole wave.
    sip_area_mv_ms, sip_power_mv2_ms
        The same of each noise-free epoch, shape (n_epochs,).
    icmuc
        Ideal-case motor-unit count of each epoch from these; NaN where nothing fires.
    """

    nerve: Nerve
    n_units: int
    response: ResponseTruth
    sweeps: SweepTruth
    effort: Floats
    epoch_onset_s: Floats
    epoch: Ints
    unit: Ints
    discharge_s: Floats
    cmap_area_mv_ms: float
    cmap_power_mv2_ms: float
    sip_area_mv_ms: Floats
    sip_power_mv2_ms: Floats
    icmuc: Floats


def draw_epochs(
    nerve: Nerve, efforts: Sequence[float] = EFFORTS, seed: int | tuple[int, ...] = 0
) -> tuple[Epoch, ...]:
    """Epochs of 0.5 s at these efforts, units recruited by size (`drive.driven_trains`).

    Raises
    ------
    ParameterError
        An effort outside 0–1.
    """
    if not all(0 <= effort <= 1 for effort in efforts):
        raise ParameterError(f"an effort is a share in 0–1, got {tuple(efforts)}")
    if not nerve.n_units:
        return tuple(Epoch(effort, EPOCH_S, ()) for effort in efforts)
    thresholds = recruitment_thresholds(nerve.n_units)
    rank = np.argsort(np.argsort(nerve.size_uv, kind="stable"), kind="stable")
    found = []
    for effort, rng in zip(efforts, streams(seed, len(efforts)), strict=True):
        level = effort * maximal_excitation(thresholds)
        excitation = drive.constant(level, EPOCH_S + LEAD_S)
        trains = drive.driven_trains(rng, thresholds, excitation)
        found.append(Epoch(effort, EPOCH_S, tuple(trains[i] - LEAD_S for i in rank)))
    return tuple(found)


def simulate_sip(
    nerve: Nerve,
    settings: StimulationSettings | None = None,
    seed: int | tuple[int, ...] = 0,
    *,
    epochs: tuple[Epoch, ...] | None = None,
) -> tuple[Recording, SipTruth]:
    """Three supramaximal stimuli, then epochs of voluntary activity every 2 s.

    The epochs are segments under an event `effort/<percent>` (`effort/given` without an effort).

    Parameters
    ----------
    nerve
        The living units; each potential is that of the CMAP.
    settings
        Electrodes and stimulator; None is `StimulationSettings()`.
    seed
        One or more non-negative integers.
    epochs
        When each unit fires; None draws 20 epochs from 5 to 100 % effort.

    Raises
    ------
    ParameterError
        An epoch has discharges of another number of units, or no length.
    """
    wanted = settings or StimulationSettings()
    entropy = entropy_of(seed)
    firing, acquiring = streams(entropy, 2)
    active = draw_epochs(nerve, EFFORTS, (*entropy, 1)) if epochs is None else epochs
    stimuli = Stimuli.every(wanted, np.full(N_TRACES, nerve.supramaximal_ma), INTERVAL_S)
    fired = nerve.fire(firing, stimuli.ma)
    potentials = direct_potentials(nerve, wanted)
    direct = added(fired, potentials)
    sweeps = sweep_truth(wanted, stimuli, fired, direct, firing)
    shown = direct * sweeps.gain[:, None] + artefact(wanted, stimuli.ma)
    onsets = _onsets(wanted, int(stimuli.at[-1]), active)
    patterns = [interference(nerve, epoch, wanted.fs) for epoch in active]
    starts = [*(stimuli.at - wanted.n_before), *onsets]
    pieces = list(zip(starts, [*shown, *patterns], strict=True))
    events = (*stimulus_events(wanted, stimuli), *_effort_events(active, onsets / wanted.fs))
    recording = record(wanted, pieces, acquiring, events)
    return recording, _truth(nerve, wanted, sweeps, (active, patterns, onsets / wanted.fs))


def interference(nerve: Nerve, epoch: Epoch, fs: float) -> Floats:
    """Every discharge's potential added up over the epoch, µV (n_samples,), without noise.

    A unit's potential starts its `terminal_s` after its discharge, placed between the samples.

    Raises
    ------
    ParameterError
        Discharges of another number of units than the nerve's, one that is not finite, or no
        length.
    """
    n = to_samples(epoch.duration_s, fs)
    finite = all(np.isfinite(times).all() for times in epoch.discharges_s)
    if len(epoch.discharges_s) != nerve.n_units or n < 1 or not finite:
        raise ParameterError(
            f"an epoch needs finite trains of {nerve.n_units} units and a length, got "
            f"{len(epoch.discharges_s)} trains over {epoch.duration_s} s"
        )
    x = np.zeros(n)
    for i, discharges_s in enumerate(epoch.discharges_s):
        phase_s = float(nerve.negative_phase_s[i])
        take_off_s = np.asarray(discharges_s, np.float64) + nerve.terminal_s[i]
        first = np.ceil(take_off_s * fs).astype(np.int64)
        at = first[:, None] + np.arange(int(np.ceil(REACH * phase_s * fs)))
        values = nerve.size_uv[i] * unit_shape((at / fs - take_off_s[:, None]) / phase_s)
        inside = (at >= 0) & (at < n)
        x += np.bincount(at[inside], weights=values[inside], minlength=n)
    return x


def _onsets(settings: StimulationSettings, last_stimulus: int, epochs: Sequence[Epoch]) -> Ints:
    """First sample of each epoch on the recording's clock; at least 1.5 s of rest between."""
    rest_s = EPOCH_EVERY_S - EPOCH_S
    lengths_s = np.array([0.0, *(epoch.duration_s + rest_s for epoch in epochs)])
    since_s = EPOCH_EVERY_S + np.cumsum(lengths_s)[:-1]
    return last_stimulus + np.rint(since_s * settings.fs).astype(np.int64)


def _effort_events(epochs: Sequence[Epoch], onsets_s: Floats) -> list[Event]:
    return [
        Event(
            float(onset_s),
            epoch.duration_s,
            "effort/given" if np.isnan(epoch.effort) else f"effort/{100 * epoch.effort:g}",
        )
        for epoch, onset_s in zip(epochs, onsets_s, strict=True)
    ]


def _area_and_power(x_uv: Floats, fs: float) -> tuple[float, float]:
    """∫|v| in mV ms and ∫v² in mV² ms."""
    v, step_ms = x_uv / 1000, 1000 / fs
    return float(np.abs(v).sum() * step_ms), float(np.square(v).sum() * step_ms)


def _truth(
    nerve: Nerve,
    settings: StimulationSettings,
    sweeps: SweepTruth,
    activity: tuple[Sequence[Epoch], Sequence[Floats], Floats],
) -> SipTruth:
    epochs, patterns, onsets_s = activity
    wave = direct_potentials(nerve, settings).sum(axis=0)
    area, power = _area_and_power(wave, settings.fs)
    measured = np.array([_area_and_power(x, settings.fs) for x in patterns]).reshape(-1, 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        icmuc = np.divide(power, area) * measured[:, 0] / measured[:, 1]
    rows = [
        (k, i, onset_s + time)
        for k, (epoch, onset_s) in enumerate(zip(epochs, onsets_s, strict=True))
        for i, times in enumerate(epoch.discharges_s)
        for time in times
    ]
    listed = np.array(rows, np.float64).reshape(-1, 3)
    return SipTruth(
        nerve, nerve.n_units, maximal_response(nerve, settings), sweeps,
        np.array([epoch.effort for epoch in epochs]), onsets_s,
        listed[:, 0].astype(np.int64), listed[:, 1].astype(np.int64), listed[:, 2],
        area, power, measured[:, 0], measured[:, 1], icmuc,
    )  # fmt: skip
