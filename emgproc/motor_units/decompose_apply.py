"""Trained filters on another span: the same units, without a new search."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from emgproc._kernels.decompose_plan import LANES
from emgproc.arrays import Ints
from emgproc.errors import ParameterError, SignalError
from emgproc.motor_units.decompose import as_recording, one_blas_thread
from emgproc.motor_units.decompose_gate import (
    bad_samples,
    filtered,
    masked_rows,
    silence,
    unusable,
)
from emgproc.motor_units.decompose_judge import described_unit
from emgproc.motor_units.decompose_peel import Unit, cleaned_sources, in_lanes, retrain
from emgproc.motor_units.decompose_quality import peaks_of, silhouette
from emgproc.motor_units.decompose_signal import (
    Mixture,
    Values,
    aligned_zeros,
    sources_of,
    take_away,
)
from emgproc.motor_units.model import MotorUnit, MotorUnits, Trained
from emgproc.motor_units.needle_model import IntramuscularSettings
from emgproc.recording import Recording

PASSES = 3  # through the signal without the other units


def apply_filters(
    recording: Recording | ArrayLike,
    units: MotorUnits,
    fs: float | None = None,
    *,
    threads: int = 1,
) -> MotorUnits:
    """Discharges of known units in another span, or in one block after the other.

    Filters, potentials and the heights above which a pulse is a discharge stay as they were
    trained. A span shorter than the potentials (60 ms) on either side of a discharge is as good
    as none there, so blocks should overlap by 0.2 s.

    Parameters
    ----------
    recording
        With the channels of `units.channels`, or an array of these channels in their order, µV,
        (n_channels, n_samples).
    units
        What `decompose` gave.
    fs
        Sampling rate of an array, Hz; that of the training.
    threads
        Threads; the result is the same for any number.

    Returns
    -------
    MotorUnits
        The same units by name. `units` holds those whose pulses stand out as they must
        (`least_sil`) and those with too few to be judged (or none: a unit may be silent),
        `rejected` the others: their filters do not fit this span. With `channel_lost`, a channel
        that is dead or masked, none is stated.

    Raises
    ------
    ParameterError
        No unit to apply, another sampling rate, a channel that is missing; or as `decompose`.
    SignalError
        The array has another number of channels.
    """
    given = _like_training(as_recording(recording, fs), units, named=fs is None)
    rows = [given.index(name) for name in units.channels]
    with one_blas_thread():
        mixture = filtered(given, rows, replace(units.settings, n_delays=units.n_delays))
        lost = _lost(mixture, given, rows)
        if lost:
            return replace(units, units=(), rejected=(), verdict=f"channel_lost: {lost}")
        known = [_unit_of(mixture, unit.trained) for unit in units.units]
        _follow(mixture, known, units.units, threads)
        return _judged(mixture, known, units, given.n_samples)


def _like_training(recording: Recording, units: MotorUnits, *, named: bool) -> Recording:
    if not units.units:
        raise ParameterError(f"there is no unit to apply: {units.verdict}")
    if isinstance(units.settings, IntramuscularSettings):
        raise ParameterError("apply_filters is for grids; decompose this span anew by templates")
    if recording.fs != units.fs:
        raise ParameterError(
            f"the filters were trained at {units.fs:g} Hz, the recording has {recording.fs:g} Hz"
        )
    if named:
        return recording
    if recording.n_channels != len(units.channels):
        raise SignalError(
            f"the filters need {len(units.channels)} channels, the array has "
            f"{recording.n_channels}: give those of `channels`"
        )
    channels = [
        replace(c, name=n) for c, n in zip(recording.channels, units.channels, strict=True)
    ]
    return replace(recording, channels=tuple(channels))


def _lost(mixture: Mixture, recording: Recording, rows: list[int]) -> str:
    """Name and reason of the first channel that the filters would miss; masks are silenced."""
    bad = bad_samples(recording, rows)
    reasons = masked_rows(bad)
    silence(mixture, recording, np.any(bad, axis=0), list(reasons))
    dead = unusable(mixture, len(rows), reasons)
    reasons |= {i: why for i, why in dead.items() if why == "dead"}
    return next((f"{recording.channels[rows[i]].name} {why}" for i, why in reasons.items()), "")


def _unit_of(mixture: Mixture, trained: Trained) -> Unit:
    def widened(columns: Values) -> Values:
        wide = aligned_zeros(len(columns), mixture.m)
        wide[:, : columns.shape[1]] = columns
        return wide

    return Unit(
        train=np.empty(0, np.int64),
        waveform=widened(trained.waveform),
        limit=trained.cleaned_limit,
        filter=widened(trained.cleaned).reshape(-1),
        whole=widened(trained.whole).reshape(-1),
    )


def _follow(
    mixture: Mixture, known: list[Unit], trained: Sequence[MotorUnit], threads: int
) -> None:
    """Trains by the filters for the signal as it is, then in the signal without the others."""
    limits = {id(unit): of.trained.whole_limit for unit, of in zip(known, trained, strict=True)}
    for group in _groups(known):
        sources = sources_of(mixture, in_lanes([unit.whole for unit in group]), threads)
        at = peaks_of(sources[: len(group)], mixture.fs, threads)
        for unit, source, peaks in zip(group, sources, at, strict=False):
            unit.train = peaks[source[peaks] > limits[id(unit)]]
    for unit in known:
        take_away(mixture, unit.train, unit.waveform)
    for _ in range(PASSES):
        trains: list[Ints] = []
        for group in _groups(known):
            filters = in_lanes([unit.filter for unit in group])
            sources = cleaned_sources(mixture, group, filters, threads)
            at = peaks_of(sources, mixture.fs, threads)
            for unit, source, peaks in zip(group, sources, at, strict=True):
                high = source[peaks] > unit.limit
                unit.source, unit.sil = source, _stands_out(source[peaks], high)
                trains.append(peaks[high])
        for unit, train in zip(known, trains, strict=True):
            retrain(mixture, unit, train)


def _groups(units: list[Unit]) -> list[list[Unit]]:
    return [units[first : first + LANES] for first in range(0, len(units), LANES)]


def _stands_out(heights: Values, high: np.ndarray) -> float:
    power = np.square(heights, dtype=np.float64)
    if not high.any() or high.all():
        return float("nan")
    return silhouette(power[high], power[~high])


def _judged(mixture: Mixture, known: list[Unit], units: MotorUnits, n_samples: int) -> MotorUnits:
    columns = list(range(len(units.channels)))
    least, enough = units.settings.least_sil, units.settings.least_discharges
    accepted, rejected = [], []
    for unit, before in zip(known, units.units, strict=True):
        found = described_unit(before.name, unit, mixture, columns, n_samples)
        found = replace(found, trained=before.trained)
        n = found.discharges.size
        if n < enough:
            because = f"trained height: {n} pulses above it, too few to be judged by SIL"
            accepted.append(replace(found, accepted_because=because))
        elif found.sil >= least:
            because = f"trained filter, SIL {found.sil:.3f} >= {least:g}"
            accepted.append(replace(found, accepted_because=because))
        else:
            because = f"low_sil: {found.sil:.3f} < {least:g}; the filter does not fit this span"
            rejected.append(replace(found, rejected_because=because))
    verdict = "" if accepted else "no_unit: no trained filter fits this span; see `rejected`"
    return replace(units, units=tuple(accepted), rejected=tuple(rejected), verdict=verdict)
