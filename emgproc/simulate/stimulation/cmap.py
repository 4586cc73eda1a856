"""The compound muscle action potential: supramaximal stimuli of a motor nerve."""

from dataclasses import dataclass

import numpy as np

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
    record_sweeps,
    streams,
    sweep_truth,
)

INTERVAL_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class CmapTruth:
    """The units, what each stimulus excited, and the response of all units."""

    nerve: Nerve
    n_units: int
    response: ResponseTruth
    sweeps: SweepTruth


def simulate_cmap(
    nerve: Nerve,
    settings: StimulationSettings | None = None,
    seed: int | tuple[int, ...] = 0,
    *,
    n_traces: int = 3,
) -> tuple[Recording, CmapTruth]:
    """Supramaximal stimuli, one a second.

    Parameters
    ----------
    nerve
        The living units; `absent_nerve()` gives a response that is absent.
    settings
        Electrodes and stimulator; None is `StimulationSettings()`.
    seed
        One or more non-negative integers.
    n_traces
        Stimuli, >= 1.

    Raises
    ------
    ParameterError
        No trace is asked for.

    Examples
    --------
    >>> from emgproc.simulate.stimulation.nerve import plain_nerve
    >>> recording, truth = simulate_cmap(plain_nerve([100.0] * 30))
    >>> len(recording.segments), round(truth.response.amplitude_mv, 3)
    (3, 3.0)
    """
    wanted = settings or StimulationSettings()
    if n_traces < 1:
        raise ParameterError(f"a CMAP needs n_traces >= 1, got {n_traces}")
    firing, acquiring = streams(seed, 2)
    stimuli = Stimuli.every(wanted, np.full(n_traces, nerve.supramaximal_ma), INTERVAL_S)
    fired = nerve.fire(firing, stimuli.ma)
    direct = added(fired, direct_potentials(nerve, wanted))
    sweeps = sweep_truth(wanted, stimuli, fired, direct, firing)
    recording = record_sweeps(wanted, stimuli, direct * sweeps.gain[:, None], acquiring)
    response = maximal_response(nerve, wanted)
    return recording, CmapTruth(nerve, nerve.n_units, response, sweeps)
