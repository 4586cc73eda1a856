"""Trains that a curation made: what is known of them, and what the rules of acceptance say."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Ints
from emgproc.motor_units.curation_model import Split
from emgproc.motor_units.decompose_judge import _against
from emgproc.motor_units.decompose_quality import (
    APART_S,
    are_one_unit,
    peaks_of,
    pulse_to_noise_db,
    silhouette,
)
from emgproc.motor_units.discharges import covisi, mean_rate
from emgproc.motor_units.model import DecompositionSettings, MotorUnit
from emgproc.motor_units.record import Pulses

NOT_KEPT = "SIL and PNR not known: the pulse train was not kept"


class Joined(NamedTuple):
    """Discharges of several trains, and how many were left out as found twice."""

    discharges: Ints
    n_left_out: int


def joined(trains: Sequence[Ints], fs: float) -> Joined:
    """All discharges of trains of one unit; of those within 20 ms the train that comes first wins.

    20 ms is what a decomposition keeps between two discharges.

    Examples
    --------
    >>> joined([np.array([0, 500]), np.array([4, 250])], 1000.0)
    Joined(discharges=array([  0, 250, 500]), n_left_out=1)
    """
    kept = trains[0]
    apart = APART_S * fs
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


def measured(
    unit: MotorUnit,
    discharges: Ints,
    pulses: Pulses,
    fs: float,
    others: Ints | None = None,
) -> MotorUnit:
    """The unit with these discharges, and its numbers anew; SIL and PNR are NaN without pulses.

    Parameters
    ----------
    unit
        Whose filters and potential stay.
    discharges
        Samples, rising.
    pulses
        Its source, (n_samples,); empty where it was not kept.
    fs
        Sampling rate, Hz.
    others
        Discharges of other units that stand in this source: neither pulses nor noise for SIL.
    """
    return replace(
        unit,
        discharges=discharges,
        sil=_silhouette(pulses, discharges, fs, others),
        pnr_db=pulse_to_noise_db(pulses, discharges) if pulses.size else float("nan"),
        covisi=covisi(discharges, fs).value,
        rate_pps=mean_rate(discharges, fs).value,
    )


def _silhouette(pulses: Pulses, discharges: Ints, fs: float, others: Ints | None) -> float:
    if not pulses.size:
        return float("nan")
    known = discharges if others is None else np.union1d(discharges, others)
    noise = np.setdiff1d(peaks_of(pulses[None], fs)[0], known)
    power = np.square(pulses, dtype=np.float64)
    if not (discharges.size and noise.size):
        return float("nan")
    return silhouette(power[discharges], power[noise])


def against(
    unit: MotorUnit, accepted: Sequence[MotorUnit], settings: DecompositionSettings, fs: float
) -> str:
    """What the rules of a decomposition say against a unit beside those accepted; else empty.

    A SIL that is not known speaks neither for nor against it.
    """
    known = unit if np.isfinite(unit.sil) else replace(unit, sil=1.0)
    reason = _against(known, settings, fs)
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
