"""Sources of known units in a recording: what their discharges were read from."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels.decompose_plan import LANES
from emgproc.errors import ParameterError
from emgproc.motor_units.decompose import one_blas_thread
from emgproc.motor_units.decompose_gate import bad_samples, filtered, silence
from emgproc.motor_units.decompose_peel import Unit, cleaned_sources, in_lanes
from emgproc.motor_units.decompose_signal import Mixture, Values, aligned_zeros, take_away
from emgproc.motor_units.model import MotorUnit, MotorUnits
from emgproc.recording import Recording


def pulse_trains(
    recording: Recording, units: MotorUnits, *, threads: int = 1
) -> NDArray[np.float32]:
    """Source of each unit, accepted ones first, in the signal without the others.

    Each comes from the filter that the unit was trained with, after every other unit's potential
    was taken away at its discharges, rejected ones too. A pulse stands at each discharge.

    Parameters
    ----------
    recording
        The one that was decomposed.
    units
        What `decompose` gave.
    threads
        Threads; the result is the same for any number.

    Returns
    -------
    ndarray
        (n_units + n_rejected, n_samples), in the units of each filter; 0 where a sample is masked.

    Raises
    ------
    ParameterError
        Another sampling rate, or a channel that was used is missing.
    """
    known = (*units.units, *units.rejected)
    if recording.fs != units.fs:
        raise ParameterError(
            f"pulse_trains: decomposed at {units.fs:g} Hz, the recording has {recording.fs:g} Hz"
        )
    rows = [recording.index(name) for name in units.channels]
    found = np.zeros((len(known), recording.n_samples), np.float32)
    if not known:
        return found
    with one_blas_thread():
        mixture = filtered(recording, rows, replace(units.settings, n_delays=units.n_delays))
        masked = np.any(bad_samples(recording, rows), axis=0)
        silence(mixture, recording, masked, [])
        followed = [_unit_of(mixture, unit) for unit in known]
        for unit in followed:
            take_away(mixture, unit.train, unit.waveform)
        for first in range(0, len(known), LANES):
            group = followed[first : first + LANES]
            filters = in_lanes([unit.filter for unit in group])
            sources = cleaned_sources(mixture, group, filters, threads)
            span = slice(mixture.lead, mixture.lead + recording.n_samples)
            found[first : first + len(group)] = sources[:, span]
    return found


def _unit_of(mixture: Mixture, unit: MotorUnit) -> Unit:
    def widened(columns: Values) -> Values:
        wide = aligned_zeros(len(columns), mixture.m)
        wide[:, : columns.shape[1]] = columns
        return wide

    return Unit(
        train=unit.discharges + mixture.lead,
        waveform=widened(unit.trained.waveform),
        filter=widened(unit.trained.cleaned).reshape(-1),
    )
