"""Discharge trains: the gate every one passes, and which of its intervals tell a rate.

A train is the samples at which one unit discharges. Two rules hold for every rate and every
variability here (`isi_10_400`): a discharge less than 10 ms after the one before it is the second
of a doublet and is left out; an interval of more than 400 ms is a pause, which ends a run of
discharges. 400 ms is 2.5 Hz: a rhythmic unit of 5 Hz is not cut into runs.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, Ints, check_fs
from emgproc.errors import ParameterError, SignalError

DOUBLET_S = 0.010
PAUSE_S = 0.400
RULE = "isi_10_400"
FARTHEST = 2**53  # samples; beyond, a float does not hold every whole number


def as_train(train: ArrayLike, name: str = "train") -> Ints:
    """Discharges of one unit, samples, strictly ascending, as int64.

    Raises
    ------
    SignalError
        Not one-dimensional, not whole numbers of samples, not ascending, or the same sample twice.

    Examples
    --------
    >>> as_train([3, 8, 20])
    array([ 3,  8, 20])
    """
    given = np.asarray(train)
    if given.ndim != 1:
        raise SignalError(f"{name} must be one-dimensional, got shape {given.shape}")
    if given.size == 0:
        return np.empty(0, np.int64)
    if given.dtype.kind not in "iuf" or not (np.abs(given.astype(np.float64)) < FARTHEST).all():
        raise SignalError(f"{name} must hold sample numbers, got {given.dtype}: {given}")
    samples = given.astype(np.int64)
    if (samples != given).any():
        at = int(np.flatnonzero(samples != given)[0])
        raise SignalError(f"{name}[{at}] = {given[at]} is no whole sample: times need × fs, rint")
    _check_ascending(samples, name)
    return np.ascontiguousarray(samples)


def _check_ascending(samples: Ints, name: str) -> None:
    steps = np.diff(samples)
    if steps.size and steps.min() <= 0:
        at = int(np.argmax(steps <= 0)) + 1
        what = "twice" if steps[at - 1] == 0 else f"after {samples[at - 1]}: not in order"
        raise SignalError(f"{name}[{at}] holds sample {samples[at]} {what}; sort it, drop copies")


def as_trains(trains: Sequence[ArrayLike], name: str = "trains") -> tuple[Ints, ...]:
    """Every train of a set through `as_train`; the message names the one that fails."""
    return tuple(as_train(train, f"{name}[{k}]") for k, train in enumerate(trains))


def check_within(train: Ints, n_samples: int) -> None:
    """Refuse a train that is not within the recording.

    Raises
    ------
    ParameterError
        A discharge lies outside samples [0, n_samples), or there are fewer than no samples.
    """
    first, last = (int(train[0]), int(train[-1])) if train.size else (0, -1)
    if first < 0 or last >= n_samples or n_samples < 0:
        raise ParameterError(
            f"discharges {first} to {last} do not lie within a recording of {n_samples=}"
        )


def check_span(span: tuple[int, int], n_samples: int, name: str) -> None:
    """Refuse a span that is not within the recording: silence beside it would count as signal.

    Raises
    ------
    ParameterError
        Not 0 <= start < stop <= n_samples.
    """
    if not 0 <= span[0] < span[1] <= n_samples:
        raise ParameterError(f"{name} {span} is no span of a recording of {n_samples=}")


def within(train: Ints, span: tuple[int, int] | None) -> Ints:
    """Discharges within samples [start, stop); all of them where there is no span.

    Raises
    ------
    ParameterError
        The span ends before it begins.
    """
    if span is None:
        return train
    start, stop = span
    if not start < stop:
        raise ParameterError(f"a span is [start, stop) with start < stop, got {span}")
    return train[(train >= start) & (train < stop)]


def without_doublets(train: Ints, fs: float) -> Ints:
    """The train without the discharges that follow another in less than 10 ms.

    Examples
    --------
    >>> without_doublets(np.array([0, 5, 100, 200]), 1000.0)
    array([  0, 100, 200])
    """
    late = np.diff(train) >= DOUBLET_S * check_fs(fs)
    return train[np.concatenate(([True], late))] if train.size else train


def runs(train: Ints, fs: float) -> list[Ints]:
    """Stretches of a train without a pause, doublets left out; none for an empty train.

    Examples
    --------
    >>> runs(np.array([0, 100, 200, 900, 990]), 1000.0)
    [array([  0, 100, 200]), array([900, 990])]
    """
    regular = without_doublets(train, fs)
    breaks = np.flatnonzero(np.diff(regular) > PAUSE_S * fs) + 1
    return [run for run in np.split(regular, breaks) if run.size]


def intervals_s(train: Ints, fs: float) -> Floats:
    """Intervals that tell a rate, s: neither of a doublet nor across a pause."""
    steps = [np.diff(run) for run in runs(train, fs)]
    return np.concatenate([np.empty(0), *steps]) / check_fs(fs)
