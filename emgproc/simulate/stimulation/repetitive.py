"""Repetitive stimulation: junctions whose safety factor falls from pulse to pulse.

Each pulse releases less transmitter than the first, least at the fourth or fifth, then
mobilisation makes up for some of it. A junction transmits while its safety factor (at rest,
lognormal over the junctions of a unit) times the release exceeds 1, so a unit keeps the share
Φ(ln(m r) / s) of its fibres.

Wood and Slater 2001, Prog Neurobiol 64:393 (safety factor 3–5). Wadman 2012, Neurology 79:2050
(SMA types 2 and 3: decrement in about half of the patients).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.recording import Recording
from emgproc.simulate.stimulation.nerve import Nerve
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
)

INTERVAL_S = 1 / 3
N_PULSES = 10
DEEPEST = 0.3  # of the release, lost at the fourth pulse
JUNCTION_SPREAD = 0.4
UNIT_SPREAD = 0.25
SAFEST = 50.0
LARGEST_PERCENT = 50.0


@dataclass(frozen=True, slots=True, eq=False)
class RepetitiveTruth:
    """What each pulse found of each unit; `response` is with every junction transmitting.

    Attributes
    ----------
    transmitted
        Share of each unit's fibres that answer each pulse, shape (n_pulses, n_units).
    decrement_percent
        100 · (A1 − A4) / A1 of the noise-free amplitudes; negative for an increment, NaN
        without units.
    largest_decrement_percent
        The same with the smaller of A4 and A5 (A4 where there are only four).
    area_decrement_percent
        The first with areas of the negative phase.
    """

    nerve: Nerve
    n_units: int
    response: ResponseTruth
    sweeps: SweepTruth
    transmitted: Floats
    decrement_percent: float
    largest_decrement_percent: float
    area_decrement_percent: float


def release(n_pulses: int) -> Floats:
    """Transmitter released by each pulse of a train relative to the first; 0.7 at the fourth.

    1 − 0.3 d_k with d_k = (1 − e^(−(k−1)/1.3)) / (1 − e^(−3/1.3)) − 0.45 (1 − e^(−max(k−5, 0)/2)).
    """
    k = np.arange(1, n_pulses + 1)
    spent = (1 - np.exp(-(k - 1) / 1.3)) / (1 - math.exp(-3 / 1.3))
    mobilised = 0.45 * (1 - np.exp(-np.maximum(k - 5, 0) / 2))
    return np.asarray(1 - DEEPEST * (spent - mobilised))


def simulate_repetitive(
    nerve: Nerve,
    settings: StimulationSettings | None = None,
    seed: int | tuple[int, ...] = 0,
    *,
    decrement_percent: float = 12.0,
    profile: tuple[float, ...] | None = None,
) -> tuple[Recording, RepetitiveTruth]:
    """Ten supramaximal pulses at 3 Hz (`interval_s` of the settings for another rate).

    Parameters
    ----------
    nerve
        The living units.
    settings
        Electrodes and stimulator; None is `StimulationSettings()`.
    seed
        One or more non-negative integers.
    decrement_percent
        Wanted 100 · (A1 − A4) / A1, 0–50; SMA type I: 0–25. Units differ in their safety factor
        (SD 25 %), its median is solved for.
    profile
        Size of every unit at each pulse relative to the first, >= 4 values > 0, in place of the
        junctions.

    Raises
    ------
    ParameterError
        A decrement outside 0–50 %, or no such profile.
    """
    wanted = settings or StimulationSettings()
    if not 0 <= decrement_percent <= LARGEST_PERCENT:
        raise ParameterError(f"decrement_percent lies in 0–50, got {decrement_percent}")
    if profile is not None and not (len(profile) >= 4 and all(0 < x < math.inf for x in profile)):
        raise ParameterError(f"a profile needs 4 values above 0 or more, got {profile}")
    junctions, firing, acquiring = streams(seed, 3)
    potentials = direct_potentials(nerve, wanted)
    if profile is None:
        transmitted = _transmitted(junctions, potentials, decrement_percent)
    else:
        transmitted = np.repeat(np.array(profile, np.float64)[:, None], nerve.n_units, axis=1)
    stimuli = Stimuli.every(wanted, np.full(len(transmitted), nerve.supramaximal_ma), INTERVAL_S)
    fired = nerve.fire(firing, stimuli.ma)
    direct = added(fired * transmitted, potentials)
    sweeps = sweep_truth(wanted, stimuli, fired, direct, firing)
    recording = record_sweeps(wanted, stimuli, direct * sweeps.gain[:, None], acquiring)
    return recording, _truth(nerve, wanted, sweeps, transmitted, direct)


def _transmitted(rng: np.random.Generator, potentials: Floats, percent: float) -> Floats:
    """Share of each unit's fibres at each pulse whose sum falls by `percent` at the fourth."""
    n_units, released = potentials.shape[0], release(N_PULSES)
    if not n_units or percent == 0:
        return np.ones((N_PULSES, n_units))
    relative = UNIT_SPREAD * rng.standard_normal(n_units)

    def shares(log_median: float) -> Floats:
        safety = np.log(released)[:, None] + relative + log_median
        return np.asarray(ndtr(safety / JUNCTION_SPREAD))

    def excess(log_median: float) -> float:
        first, fourth = negative_peak_mv(added(shares(log_median)[[0, 3]], potentials))
        return float(100 * (first - fourth) / first - percent)

    return shares(float(brentq(excess, -1.0, math.log(SAFEST), xtol=1e-13)))


def _truth(
    nerve: Nerve,
    settings: StimulationSettings,
    sweeps: SweepTruth,
    transmitted: Floats,
    direct: Floats,
) -> RepetitiveTruth:
    areas = np.minimum(direct, 0.0)
    return RepetitiveTruth(
        nerve, nerve.n_units, maximal_response(nerve, settings), sweeps, transmitted,
        _decrement(sweeps.amplitude_mv, [3]), _decrement(sweeps.amplitude_mv, [3, 4]),
        _decrement(-areas.sum(axis=1), [3]),
    )  # fmt: skip


def _decrement(values: Floats, pulses: list[int]) -> float:
    """Fall from the first to the smallest of these pulses, %; NaN where the first is 0."""
    later = values[[p for p in pulses if p < values.size]].min()
    return float(100 * (values[0] - later) / values[0]) if values[0] > 0 else float("nan")
