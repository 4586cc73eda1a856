"""How strong a unit must be to be found here: units that were found, made weaker until lost."""

from collections.abc import Sequence

import numpy as np

from emgproc.motor_units.agreement import agreement
from emgproc.motor_units.decompose_peel import Unit, response_of
from emgproc.motor_units.decompose_quality import pulses_of
from emgproc.motor_units.decompose_signal import Mixture

HALVINGS = 7  # of the interval in which the share is looked for: below 1 %
_SAME = 0.9  # of the discharges; a few peaks of noise may stand out too


def least_peak(mixture: Mixture, units: Sequence[Unit], least_sil: float) -> float:
    """Peak that a unit's potential needs on the grid to be accepted, µV; NaN without any unit.

    The median over the units of the peak at which each would be lost: with its pulses made
    smaller in its source, the noise left as it is. Units that discharge less often, or whose
    potential is more like another's, need more.
    """
    peaks = [
        float(np.abs(unit.waveform).max()) * _least_share(mixture, unit, least_sil)
        for unit in units
    ]
    return float(np.median(peaks)) if peaks else float("nan")


def _least_share(mixture: Mixture, unit: Unit, least_sil: float) -> float:
    """Share of its potential with which a unit's train is just found and stands out."""
    from emgproc._kernels.decompose_trains import add_response  # numba, loaded when first used

    pulses = np.zeros_like(unit.source)
    first = unit.train - mixture.half - mixture.n_delays + 1
    add_response(pulses, first, response_of(mixture, unit.waveform, unit.filter))
    noise = unit.source - pulses
    lost, kept = 0.0, 1.0
    for _ in range(HALVINGS):
        share = (lost + kept) / 2
        weaker = noise + np.float32(share) * pulses
        found = pulses_of(weaker[np.newaxis], mixture.fs)[0]
        same = agreement(unit.train, found.train, mixture.fs).jaccard > _SAME
        lost, kept = (lost, share) if same and found.sil >= least_sil else (share, kept)
    return kept
