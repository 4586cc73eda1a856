"""Trains that a curation made: what is known of them, and what the rules of acceptance say."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats, Ints
from emgproc.motor_units.curation_model import Split
from emgproc.motor_units.decompose_judge import reason_against
from emgproc.motor_units.decompose_quality import (
    APART_S,
    are_one_unit,
    peaks_of,
    pulse_to_noise_db,
    silhouette,
)
from emgproc.motor_units.discharges import covisi, mean_rate
from emgproc.motor_units.model import DecompositionSettings, MotorUnit
from emgproc.motor_units.needle_model import IntramuscularSettings
from emgproc.motor_units.record import Pulses

NOT_KEPT = "SIL and PNR not known: the pulse train was not kept"


class Joined(NamedTuple):
    """Discharges of several trains, and how many were left out as found twice."""

    discharges: Ints
    n_left_out: int


def apart_of(settings: DecompositionSettings) -> float:
    """Seconds that a decomposition keeps between two discharges of a unit.

    20 ms on a grid; the refractory time for templates, which tell doublets apart.
    """
    return settings.refractory_s if isinstance(settings, IntramuscularSettings) else APART_S


def joined(trains: Sequence[Ints], fs: float, apart_s: float = APART_S) -> Joined:
    """All discharges of trains of one unit; of those within `apart_s` the earlier train's stay.

    Examples
    --------
    >>> joined([np.array([0, 500]), np.array([4, 250])], 1000.0)
    Joined(discharges=array([  0, 250, 500]), n_left_out=1)
    """
    kept = trains[0]
    apart = apart_s * fs
    for train in trains[1:]:
        nearest = np.searchsorted(kept, train)
        edges = np.concatenate([[-np.inf], kept, [np.inf]])
        free = (train - edges[nearest] >= apart) & (edges[nearest + 1] - train >= apart)
        kept = np.sort(np.concatenate([kept, train[free]]))
    return Joined(kept, sum(train.size for train in trains) - kept.size)


def parts_of(split: Split, n: int) -> list[Ints]:
    """Places in a train of `n` discharges that belong to each part.

    Examples
    --------
    >>> parts_of(Split(unit_id="MU1", indices=((2, 0),)), 4)
    [array([0, 2]), array([1, 3])]
    """
    if split.mode == "labels":
        labels = np.array(split.labels)
        return [np.flatnonzero(labels == one) for one in np.unique(labels)]
    stated = [np.array(sorted(group), np.int64) for group in split.indices or ()]
    rest = np.setdiff1d(np.arange(n), np.concatenate(stated))
    return [*stated, rest] if rest.size else stated


def measured(unit: MotorUnit, discharges: Ints, pulses: Pulses, fs: float) -> MotorUnit:
    """The unit with these discharges, and its numbers anew; SIL and PNR are NaN without pulses.

    Parameters
    ----------
    unit
        Whose filters and potential stay.
    discharges
        Samples, rising.
    pulses
        Its source, (n_samples,); empty where it was not kept. Samples that are 0, masked or of
        another part of a split, count for nothing.
    fs
        Sampling rate, Hz.
    """
    return replace(
        unit,
        discharges=discharges,
        sil=_silhouette(pulses, discharges, fs),
        pnr_db=_pulse_to_noise_db(pulses, discharges),
        covisi=covisi(discharges, fs).value,
        rate_pps=mean_rate(discharges, fs).value,
    )


def _silhouette(pulses: Pulses, discharges: Ints, fs: float) -> float:
    if not pulses.size:
        return float("nan")
    noise = np.setdiff1d(peaks_of(pulses[None], fs)[0], discharges)
    power = np.square(pulses, dtype=np.float64)
    if not (discharges.size and noise.size):
        return float("nan")
    return silhouette(power[discharges], power[noise])


def _pulse_to_noise_db(pulses: Pulses, discharges: Ints) -> float:
    if not pulses.size:
        return float("nan")
    known = pulses != 0
    known[discharges] = True
    return pulse_to_noise_db(pulses[known], np.cumsum(known)[discharges] - 1)


def without_others(pulses: Pulses, own: Ints, others: Ints, fs: float) -> Pulses:
    """Pulses of one part of a split: 0 within 20 ms of another part's discharge that is nearer.

    `with_others` puts them together again.
    """
    if not (pulses.size and others.size):
        return pulses
    samples = np.arange(pulses.size)
    theirs = _distance(samples, others)
    away = (theirs < APART_S * fs) & (theirs < _distance(samples, own))
    return np.where(away, np.float32(0), pulses)


def _distance(samples: Ints, train: Ints) -> Floats:
    edges = np.concatenate([[-np.inf], train, [np.inf]])
    at = np.searchsorted(train, samples)
    nearest: Floats = np.minimum(samples - edges[at], edges[at + 1] - samples)
    return nearest


def with_others(pulses: Sequence[Pulses]) -> Pulses:
    """Pulses of units that are one: those of the first, and of others where it has none."""
    found = pulses[0]
    for more in pulses[1:]:
        if found.size and more.size:
            found = np.where(found == 0, more, found)
    return found


def against(
    unit: MotorUnit, accepted: Sequence[MotorUnit], settings: DecompositionSettings, fs: float
) -> str:
    """What the rules of a decomposition say against a unit beside those accepted; else empty.

    A SIL that is not known speaks neither for nor against it.
    """
    known = unit if np.isfinite(unit.sil) else replace(unit, sil=1.0)
    reason = reason_against(known, settings, fs)
    for other in accepted:
        if not reason and are_one_unit(unit.discharges, other.discharges, fs):
            reason = f"duplicate: shares its discharges with {other.name}"
    return reason


def numbers(unit: MotorUnit) -> str:
    """The numbers that acceptance looks at, in words."""
    sil = f"SIL {unit.sil:.3f}" if np.isfinite(unit.sil) else "SIL not known"
    return (
        f"{sil}, {unit.discharges.size} discharges, {unit.rate_pps:.1f} pps, CoV of the intervals "
        f"{unit.covisi:.2f}"
    )
