"""Late responses: F-waves and the H-reflex.

References
----------
Kimura 1974, Neurology 24:539 (F-wave: 1 ms of turnaround in the cord). Pierrot-Deseilligny and
Burke 2005, The Circuitry of the Human Spinal Cord, chapter 1 (H-reflex: collision with the
antidromic volley). Renault 1983, PMID 6672899 (SMA type I: H-reflex absent in 86 %).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError
from emgproc.recording import Recording
from emgproc.simulate.stimulation.nerve import STRONGEST_MA, Nerve
from emgproc.simulate.stimulation.sweeps import (
    ResponseTruth,
    StimulationSettings,
    Stimuli,
    SweepTruth,
    added,
    maximal_response,
    negative_peak_mv,
    record_sweeps,
    streams,
    sweep_truth,
    swept,
)

F_INTERVAL_S = 1.0
H_INTERVAL_S = 3.0
TURNAROUND_S = 0.001
AFFERENT_VELOCITY = 1.1  # of Ia fibres relative to the motor axons
AFFERENT_THRESHOLD = 0.7
AFFERENT_SPREAD = 0.15
REFLEX_RANGE = (0.15, 1.5)  # Ia volley that makes the first and the last unit fire
SYNAPTIC_NOISE = 0.05
ABSENT_IN_SMA = 0.86


@dataclass(frozen=True, slots=True, eq=False)
class FWaveTruth:
    """M responses and the units that fired back.

    Attributes
    ----------
    backfiring
        Probability of each unit, (n_units,).
    backfired
        Units whose discharge came back, shape (n_stimuli, n_units).
    unit_latency_ms
        Take-off of each unit's F-wave, ms: M latency + 2 · distance to the cord / velocity + 1.
    latency_ms, amplitude_uv
        Take-off and negative peak of each stimulus's F-wave without noise, gain and M response;
        NaN and 0 where none came; (n_stimuli,).
    persistence, expected_persistence
        Share of stimuli with an F-wave of any size, and its expectation 1 − Π (1 − p).
    minimal_latency_ms, mean_latency_ms, chronodispersion_ms
        Over the stimuli with an F-wave; NaN where there is none.
    """

    nerve: Nerve
    n_units: int
    response: ResponseTruth
    sweeps: SweepTruth
    backfiring: Floats
    backfired: Bools
    unit_latency_ms: Floats
    latency_ms: Floats
    amplitude_uv: Floats
    persistence: float
    expected_persistence: float
    minimal_latency_ms: float
    mean_latency_ms: float
    chronodispersion_ms: float


def simulate_f_waves(
    nerve: Nerve,
    settings: StimulationSettings | None = None,
    seed: int | tuple[int, ...] = 0,
    *,
    n_stimuli: int = 20,
    backfiring: float | Floats = 0.02,
) -> tuple[Recording, FWaveTruth]:
    """Supramaximal stimuli, one a second; after each a few units fire a second time.

    Parameters
    ----------
    nerve
        The living units.
    settings
        Electrodes and stimulator; `cord_m` sets the latency (0.30 m: 16–20 ms).
    seed
        One or more non-negative integers.
    n_stimuli
        Stimuli, >= 1.
    backfiring
        Probability that a unit fires back, for all or one a unit, 0–1; 0.02 gives 110 units a
        persistence of 0.89.

    Raises
    ------
    ParameterError
        No stimulus, a probability outside 0–1, another number of them than of units, or sweeps
        that end before the F-waves.
    """
    wanted = settings or StimulationSettings()
    given = np.asarray(backfiring, np.float64)
    if n_stimuli < 1 or not ((given >= 0) & (given <= 1)).all():
        raise ParameterError(f"F-waves need n_stimuli >= 1 and 0–1, got {n_stimuli}, {backfiring}")
    if given.shape not in {(), (nerve.n_units,)}:
        raise ParameterError(f"backfiring is one number or one a unit, got shape {given.shape}")
    chance = np.broadcast_to(given, (nerve.n_units,)).copy()
    firing, acquiring = streams(seed, 2)
    stimuli = Stimuli.every(wanted, np.full(n_stimuli, nerve.supramaximal_ma), F_INTERVAL_S)
    fired = nerve.fire(firing, stimuli.ma)
    backfired = fired & (firing.random(fired.shape) < chance)
    m_latency_s = nerve.latency_s(wanted.distance_m)
    f_latency_s = m_latency_s + 2 * wanted.cord_m / nerve.velocity_m_s + TURNAROUND_S
    direct = added(fired, swept(nerve, wanted, m_latency_s))
    late = added(backfired, swept(nerve, wanted, f_latency_s))
    sweeps = sweep_truth(wanted, stimuli, fired, direct, firing)
    recording = record_sweeps(wanted, stimuli, (direct + late) * sweeps.gain[:, None], acquiring)
    there = backfired.any(axis=1)
    first_s = np.where(backfired, f_latency_s, np.inf).min(axis=1, initial=np.inf)
    latency_ms = np.where(there, 1000 * first_s, np.nan)
    seen = latency_ms[there] if there.any() else np.array([np.nan])
    return recording, FWaveTruth(
        nerve, nerve.n_units, maximal_response(nerve, wanted), sweeps, chance, backfired,
        1000 * f_latency_s, latency_ms, 1000 * negative_peak_mv(late), float(there.mean()),
        float(1 - np.prod(1 - chance)), float(seen.min()), float(seen.mean()),
        float(np.ptp(seen)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class HReflexTruth:
    """Recruitment of M and H over rising stimuli.

    Attributes
    ----------
    reflex
        Units that fired by reflex, shape (n_stimuli, n_units); none that fired directly.
    h_amplitude_mv
        Negative peak of each H without noise, gain and M response, mV; the M's is in `sweeps`.
    h_latency_ms
        Take-off of the first unit of any H, ms; NaN without one.
    h_max_mv, m_max_mv, ratio
        Largest H of the recording, response of all units, and their quotient (NaN without units).
    threshold_ma
        Weakest stimulus with an H; NaN without one.
    absent
        No stimulus gave an H.
    """

    nerve: Nerve
    n_units: int
    response: ResponseTruth
    sweeps: SweepTruth
    reflex: Bools
    h_amplitude_mv: Floats
    h_latency_ms: float
    h_max_mv: float
    m_max_mv: float
    ratio: float
    threshold_ma: float
    absent: bool


def draw_excitability(rng: np.random.Generator, absent_share: float = ABSENT_IN_SMA) -> float:
    """Excitability of the reflex: 0 in this share of infants, else 0.7–1.2."""
    return 0.0 if rng.random() < absent_share else float(rng.uniform(0.7, 1.2))


def simulate_h_reflex(
    nerve: Nerve,
    settings: StimulationSettings | None = None,
    seed: int | tuple[int, ...] = 0,
    *,
    n_stimuli: int = 30,
    excitability: float = 1.0,
) -> tuple[Recording, HReflexTruth]:
    """Stimuli rising from below the Ia fibres' thresholds to supramaximal, one in 3 s.

    The Ia volley is Φ((I / I_a − 1) / 0.15), I_a 0.7 of the mean motor threshold. Small units
    need the least of it (0.15), the largest 1.5, more than there is; each with a synaptic noise
    of SD 0.05. A unit that the stimulus excites directly has no reflex: its antidromic impulse
    meets the orthodromic one. So H rises, and falls as M rises.

    Parameters
    ----------
    nerve
        The living units.
    settings
        Electrodes and stimulator; `cord_m` sets the latency.
    seed
        One or more non-negative integers.
    n_stimuli
        Stimuli, >= 2.
    excitability
        Factor on the volley, 0–2; 0 is an absent reflex (`draw_excitability`).

    Raises
    ------
    ParameterError
        Too few stimuli, an excitability outside 0–2, or sweeps that end before the reflex.
    """
    wanted = settings or StimulationSettings()
    if n_stimuli < 2 or not 0 <= excitability <= 2:
        raise ParameterError(
            f"an H-reflex needs n_stimuli >= 2 and 0–2, got {n_stimuli}, {excitability}"
        )
    firing, acquiring = streams(seed, 2)
    middle = float(nerve.threshold_ma.mean()) if nerve.n_units else STRONGEST_MA / 3
    afferent_ma = AFFERENT_THRESHOLD * middle
    rising = np.linspace(0.5 * afferent_ma, nerve.supramaximal_ma, n_stimuli)
    stimuli = Stimuli.every(wanted, rising, H_INTERVAL_S)
    fired = nerve.fire(firing, stimuli.ma)
    volley = excitability * ndtr((stimuli.ma / afferent_ma - 1) / AFFERENT_SPREAD)
    chance = _reflex_chance(nerve, volley)
    reflex = ~fired & (firing.random(fired.shape) < chance)
    m_latency_s = nerve.latency_s(wanted.distance_m)
    there_and_back = wanted.cord_m * (1 + 1 / AFFERENT_VELOCITY) / nerve.velocity_m_s
    h_latency_s = m_latency_s + there_and_back + TURNAROUND_S
    direct = added(fired, swept(nerve, wanted, m_latency_s))
    late = added(reflex, swept(nerve, wanted, h_latency_s))
    sweeps = sweep_truth(wanted, stimuli, fired, direct, firing)
    recording = record_sweeps(wanted, stimuli, (direct + late) * sweeps.gain[:, None], acquiring)
    h_mv, response = negative_peak_mv(late), maximal_response(nerve, wanted)
    some, users = reflex.any(axis=1), reflex.any(axis=0)
    present, m_mv = bool(some.any()), response.amplitude_mv
    return recording, HReflexTruth(
        nerve, nerve.n_units, response, sweeps, reflex, h_mv,
        1000 * float(h_latency_s[users].min()) if present else float("nan"), float(h_mv.max()),
        m_mv, float(h_mv.max()) / m_mv if m_mv > 0 else float("nan"),
        float(stimuli.ma[some].min()) if present else float("nan"), not present,
    )  # fmt: skip


def _reflex_chance(nerve: Nerve, volley: Floats) -> Floats:
    """Probability that each volley fires each unit, small units first; (n_stimuli, n_units)."""
    rank = np.argsort(np.argsort(nerve.size_uv, kind="stable"), kind="stable")
    needed = np.linspace(*REFLEX_RANGE, nerve.n_units)[rank]
    chance = ndtr((volley[:, None] - needed) / SYNAPTIC_NOISE)
    return np.where(volley[:, None] > 0.01, chance, 0.0)
