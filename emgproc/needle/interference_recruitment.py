"""Recruitment: how fast the first units fire, and how many are there, when the next one appears.

A muscle that has lost units drives those left faster before another joins. The units are those
that the needle hears, not all of the muscle's: a ratio is a lower limit of how many work.

References
----------
Petajan and Philip 1969, Electroencephalogr Clin Neurophysiol 27:502 (onset frequency, recruitment
frequency). Petajan 1991, Muscle Nerve 14:489 (recruitment ratio).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, Ints, check_fs
from emgproc.errors import ParameterError
from emgproc.features.result import FeatureValue
from emgproc.motor_units.discharges import N_RECRUITMENT, activity, recruitment_rates
from emgproc.motor_units.trains import (
    PAUSE_S,
    as_trains,
    check_within,
    intervals_s,
    runs,
    within,
)
from emgproc.units import to_samples

RULE = "recruitment_v1"
WINDOW_S = 1.0
LEAST_DISCHARGES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Recruitment:
    """How units were recruited at one site.

    Attributes
    ----------
    ratio
        Median over the windows in which two units or more are active of the fastest one's rate
        over the number of active units, Hz; n is those windows. Where no window has two, the
        median of the single unit's rate, flagged `single_unit`. NaN with `no_active_unit`.
    onset_hz
        Rate of unit 1, the first to be recruited, over its first four discharges, Hz.
    recruitment_hz
        Rate of unit 1 over its last four discharges before unit 2 is recruited, Hz. NaN with
        `no_second_unit`, `active_at_start` (one of the two may have begun before the recording),
        or `first_unit_silent` (no four discharges without a pause up to then).
    order
        Numbers of the trains that were recruited, by when, shape (n_recruited,).
    window_s
        Length of a window, s.
    n_active, fastest_hz
        Active units (three discharges or more) and the fastest one's rate (NaN without one) in
        each window, shape (n_windows,).
    """

    ratio: FeatureValue
    onset_hz: FeatureValue
    recruitment_hz: FeatureValue
    order: Ints
    window_s: float
    n_active: Ints
    fastest_hz: Floats


def recruitment(
    trains: Sequence[ArrayLike], fs: float, n_samples: int, *, window_s: float = WINDOW_S
) -> Recruitment:
    """Recruitment ratio, and onset and recruitment frequency of the first unit.

    Parameters
    ----------
    trains
        Discharges of each unit, samples, strictly ascending: `MotorUnits.discharges`.
    fs
        Sampling rate, Hz.
    n_samples
        Length of the recording.
    window_s
        Windows of the ratio, s, one after another; at least 0.5 s.

    Raises
    ------
    SignalError
        A train is not of ascending whole samples.
    ParameterError
        `fs` is no rate, a window is too short, or a discharge lies outside the recording.

    Examples
    --------
    Unit 1 fires at 10 Hz when unit 2 joins; then there are two.

    >>> told = recruitment([range(500, 5000, 100), range(2550, 5000, 125)], 1000.0, 5000)
    >>> told.recruitment_hz.value, told.ratio.value
    (10.0, 5.0)
    """
    rate = check_fs(fs)
    checked = as_trains(trains)
    for train in checked:
        check_within(train, n_samples)
    if not 0.5 <= window_s < np.inf:
        raise ParameterError(f"window_s must be at least 0.5 s, got {window_s!r}")
    n_active, fastest_hz = _windows(checked, rate, n_samples, to_samples(window_s, rate))
    began = [(found.recruited, k) for k, train in enumerate(checked)
             if (found := activity(train, rate)) is not None]  # fmt: skip
    order = np.array([k for _, k in sorted(began)], np.int64)
    onset, joined = _frequencies([checked[k] for k in order.tolist()], rate, n_samples)
    return Recruitment(
        _ratio(n_active, fastest_hz), onset, joined, order, window_s, n_active, fastest_hz
    )


def _windows(
    trains: Sequence[Ints], fs: float, n_samples: int, length: int
) -> tuple[Ints, Floats]:
    n = n_samples // length
    n_active, fastest_hz = np.zeros(n, np.int64), np.full(n, np.nan)
    for train in trains:
        for i in range(n):
            part = within(train, (i * length, (i + 1) * length))
            steps_s = intervals_s(part, fs)
            if steps_s.size >= LEAST_DISCHARGES - 1:
                n_active[i] += 1
                fastest_hz[i] = np.fmax(fastest_hz[i], steps_s.size / steps_s.sum())
    return n_active, fastest_hz


def _ratio(n_active: Ints, fastest_hz: Floats) -> FeatureValue:
    """Median of the windows with at least two units, or of those with one."""
    single = not (n_active > 1).any()
    used = n_active >= (1 if single else 2)
    n = int(used.sum())
    if not n:
        return FeatureValue("recruitment_ratio", "Hz", "", np.nan, 0, (), "no_active_unit", RULE)
    value = float(np.median(fastest_hz[used] / n_active[used]))
    flags = ("single_unit",) if single else ()
    return FeatureValue("recruitment_ratio", "Hz", "", value, n, flags, "", RULE)


def _frequencies(
    trains: Sequence[Ints], fs: float, n_samples: int
) -> tuple[FeatureValue, FeatureValue]:
    """Onset and recruitment frequency of the first of the trains in order of recruitment."""
    blank = FeatureValue("onset_frequency", "Hz", "", np.nan, 0, (), "no_active_unit", RULE)
    joined = replace(blank, name="recruitment_frequency", reason="no_second_unit")
    if not trains:
        return blank, replace(joined, reason="no_active_unit")
    first = recruitment_rates(trains[0], fs, n_samples)[0]
    onset = replace(first, name="onset_frequency", rule_id=RULE)
    if len(trains) > 1:
        unseen = onset.reason or recruitment_rates(trains[1], fs, n_samples)[0].reason
        joined = replace(joined, reason=unseen) if unseen else _joined(trains[:2], fs, joined)
    return onset, joined


def _joined(pair: Sequence[Ints], fs: float, blank: FeatureValue) -> FeatureValue:
    """Rate of the first train when the second is recruited."""
    first, second = pair
    found = activity(second, fs)
    at = found.recruited if found is not None else 0
    before = runs(first[first <= at], fs)
    last = before[-1] if before else first[:0]
    late = last.size == 0 or at - int(last[-1]) > PAUSE_S * fs
    if late or last.size < N_RECRUITMENT:
        return replace(blank, reason="first_unit_silent")
    steps = np.diff(last[-N_RECRUITMENT:])
    return replace(blank, value=float(steps.size * fs / steps.sum()), n=steps.size, reason="")
