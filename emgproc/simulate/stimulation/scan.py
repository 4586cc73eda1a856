"""The CMAP scan: stimuli from supramaximal down to where no axon answers.

As recorded for MScanFit (Bostock 2016, Muscle Nerve 53:889): a constant stimulus first, then
stimuli that fall by a constant factor (0.2 % in adults' scans), two a second.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.recording import Recording
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
)

INTERVAL_S = 0.5
LOWEST_MA = 4.0
MARGIN = 0.08


@dataclass(frozen=True, slots=True, eq=False)
class ScanTruth:
    """What a scan should give.

    Attributes
    ----------
    scan_points
        As "Scanpts" of QTRAC, counted from 1: first stimulus before the scan, first and last of
        the scan, last after it.
    expected_mv
        Negative peak of the mean response to each stimulus, mV (n_stimuli,): the sum of
        size · activation where units are in phase.
    d50
        Number of largest differences of the sorted noise-free amplitudes of the scan (stimuli
        `scan_points[1]` to `scan_points[2]`) that sum to at least half of the largest; 0 where
        no unit lives.
    s5_ma, s50_ma, s95_ma
        Stimuli whose expected response is 5, 50 and 95 % of the maximal one, mA; NaN without one.
    relative_range
        (S95 − S5) / S50.
    largest_step_percent
        Largest of the differences that `d50` counts, % of the largest amplitude.
    """

    nerve: Nerve
    n_units: int
    response: ResponseTruth
    sweeps: SweepTruth
    scan_points: tuple[int, int, int, int]
    expected_mv: Floats
    d50: int
    s5_ma: float
    s50_ma: float
    s95_ma: float
    relative_range: float
    largest_step_percent: float


def simulate_scan(
    nerve: Nerve,
    settings: StimulationSettings | None = None,
    seed: int | tuple[int, ...] = 0,
    *,
    n_scan: int = 500,
    n_constant: int = 20,
) -> tuple[Recording, ScanTruth]:
    """A scan of `n_scan` falling stimuli between `n_constant` of the highest and of the lowest.

    Parameters
    ----------
    nerve
        The living units.
    settings
        Electrodes and stimulator; None is `StimulationSettings()`.
    seed
        One or more non-negative integers.
    n_scan, n_constant
        Stimuli of the scan, >= 2, and of the sections before and after it, >= 1.

    Raises
    ------
    ParameterError
        Too few stimuli.
    """
    wanted = settings or StimulationSettings()
    if n_scan < 2 or n_constant < 1:
        raise ParameterError(
            f"a scan needs n_scan >= 2 and n_constant >= 1, got {n_scan}, {n_constant}"
        )
    firing, acquiring = streams(seed, 2)
    stimuli = Stimuli.every(wanted, _falling(nerve, n_scan, n_constant), INTERVAL_S)
    fired = nerve.fire(firing, stimuli.ma)
    potentials = direct_potentials(nerve, wanted)
    direct = added(fired, potentials)
    sweeps = sweep_truth(wanted, stimuli, fired, direct, firing)
    recording = record_sweeps(wanted, stimuli, direct * sweeps.gain[:, None], acquiring)
    expected = negative_peak_mv(added(nerve.activation(stimuli.ma), potentials))
    scanned = sweeps.amplitude_mv[n_constant : n_constant + n_scan]
    low, middle, high = (_stimulus_for(nerve, potentials, share) for share in (0.05, 0.5, 0.95))
    return recording, ScanTruth(
        nerve, nerve.n_units, maximal_response(nerve, wanted), sweeps,
        (1, n_constant + 1, n_constant + n_scan, n_scan + 2 * n_constant), expected,
        _d50(scanned), low, middle, high, (high - low) / middle, _largest_step_percent(scanned),
    )  # fmt: skip


def _falling(nerve: Nerve, n_scan: int, n_constant: int) -> Floats:
    """Stimuli of a whole scan, mA, falling by a constant factor between its constant sections."""
    top, bottom = STRONGEST_MA / 2, LOWEST_MA
    if nerve.n_units:
        sd = FURTHEST_SD * nerve.relative_spread
        top = (1 + MARGIN) * float((nerve.threshold_ma * (1 + sd)).max())
        bottom = (1 - MARGIN) * float((nerve.threshold_ma * (1 - sd)).min())
    fall = np.geomspace(top, bottom, n_scan)
    return np.concatenate([np.full(n_constant, top), fall, np.full(n_constant, bottom)])


def _stimulus_for(nerve: Nerve, potentials: Floats, share: float) -> float:
    """Stimulus whose expected response is this share of the maximal one, mA."""
    if not nerve.n_units:
        return float("nan")
    goal = share * float(negative_peak_mv(potentials.sum(axis=0)))

    def excess(ma: float) -> float:
        expected = added(nerve.activation(np.array([ma])), potentials)[0]
        return float(negative_peak_mv(expected)) - goal

    return float(brentq(excess, 0.2 * nerve.threshold_ma.min(), nerve.supramaximal_ma))


def _d50(amplitudes_mv: Floats) -> int:
    ordered = np.sort(amplitudes_mv)
    steps = np.sort(np.diff(ordered))[::-1]
    # Twenty equal steps sum to one half after ten, whatever the rounding of the sum.
    half = 0.5 * ordered[-1] * (1 - 1e-9)
    return int(np.argmax(np.cumsum(steps) >= half)) + 1 if ordered[-1] > 0 else 0


def _largest_step_percent(amplitudes_mv: Floats) -> float:
    ordered = np.sort(amplitudes_mv)
    return float(100 * np.diff(ordered).max() / ordered[-1]) if ordered[-1] > 0 else 0.0
