"""Moving the needle: the burst of injured fibres that follows, and the artefact.

Insertional activity lasts less than 300 ms in healthy muscle: fibres that the needle touches fire
a few times at high rates, some as spikes, some as positive waves (AANEM glossary). The metal's own
contact potential changes with every push.
"""

import numpy as np

from emgproc.simulate.needle.fibres import View
from emgproc.simulate.needle.spontaneous import fibrillation, positive_sharp_wave
from emgproc.simulate.needle.trains import irregular_train
from emgproc.simulate.needle.truth import (
    INSERTION,
    Artefact,
    Firing,
    Identity,
    SourceTruth,
    source_truth,
)
from emgproc.units import to_samples

MOVE_S = 0.3
N_FIBRES = (6, 12)
BURST_S = (0.05, 0.28)
BURST_HZ, BURST_COV = (40.0, 120.0), 0.5
N_KNOCKS = (3, 7)
KNOCK_UV = (200.0, 1200.0)
ARTEFACT_S = 1.5  # until the slowest amplifier, of 2 Hz, has come back to 1e-5 of a knock
KNOCK_RISE_S, KNOCK_FALL_S = 0.001, (0.008, 0.040)


def insertion_sources(
    rng: np.random.Generator, view: View, start_s: float
) -> tuple[SourceTruth, ...]:
    """Fibres that a movement of the needle at `start_s` injures; all are still 0.3 s later."""
    found = []
    for _ in range(int(rng.integers(*N_FIBRES, endpoint=True))):
        make = positive_sharp_wave if rng.random() < 0.5 else fibrillation
        fibre, potential = make(rng, view)
        span = (start_s + 0.01, start_s + 0.01 + float(rng.uniform(*BURST_S)))
        rate_hz = float(rng.uniform(*BURST_HZ))
        times = irregular_train(rng, rate_hz, BURST_COV, span)
        firing = Firing(times, rate_hz, BURST_COV, (span,))
        found.append(source_truth(rng, Identity(INSERTION), fibre, potential, firing))
    return tuple(found)


def draw_artefact(rng: np.random.Generator, view: View, start_s: float) -> Artefact:
    """Contact potentials of one movement that starts at `start_s`.

    3–7 deflections of 0.2–1.2 mV within 0.3 s, up in a millisecond, gone with a time constant of
    8–40 ms; as the amplifier gives them.
    """
    times_s = np.arange(round(ARTEFACT_S * view.fs)) / view.fs
    total = np.zeros_like(times_s)
    for _ in range(int(rng.integers(*N_KNOCKS, endpoint=True))):
        height = rng.uniform(*KNOCK_UV) * rng.choice([-1.0, 1.0])
        fall_s = rng.uniform(*KNOCK_FALL_S)
        t = np.maximum(times_s - rng.uniform(0.0, 0.8 * MOVE_S), 0.0)
        total += height * (np.exp(-t / fall_s) - np.exp(-t / KNOCK_RISE_S))
    return Artefact(to_samples(start_s, view.fs), view.amplifier.filtered(total, view.fs))
