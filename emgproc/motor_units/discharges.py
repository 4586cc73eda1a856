"""What one unit's discharges say: rates, regularity, doublets, thresholds.

Rates are those of the intervals that `trains` lets count, discharges per second of them: the
reciprocal of the mean interval. The mean of the reciprocals would be higher, the more irregular
the intervals are. To look at a part of a recording, cut the train with `within`.

References
----------
Valli, Ritsche, Casolo, Negro and De Vito 2024, J Electromyogr Kinesiol 74:102850 (4 discharges at
recruitment and derecruitment, 10 of a steady stretch). Heckman and Enoka 2012, Compr Physiol
2:2629 (thresholds, doublets, variability).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, Ints, check_fs
from emgproc.errors import ParameterError
from emgproc.features.result import FeatureValue
from emgproc.motor_units.force import Force
from emgproc.motor_units.smoothing import smoothed_rate
from emgproc.motor_units.trains import (
    DOUBLET_S,
    PAUSE_S,
    RULE,
    as_train,
    check_within,
    intervals_s,
    runs,
    within,
    without_doublets,
)

N_RECRUITMENT = 4
N_STEADY = 10
LEAST_FOR_COV = 10  # intervals; of fewer, a coefficient of variation is mostly chance

Span = tuple[int, int]


class Activity(NamedTuple):
    """A recruited unit: its first and its last run of at least 4 discharges without a pause."""

    first: Ints
    last: Ints

    @property
    def recruited(self) -> int:
        """Sample of the first discharge of the first run."""
        return int(self.first[0])

    @property
    def derecruited(self) -> int:
        """Sample of the last discharge of the last run."""
        return int(self.last[-1])


def activity(train: ArrayLike, fs: float) -> Activity | None:
    """From when to when a unit is recruited; None if it never discharges 4 times in a row.

    A stray discharge long before the unit begins, or after it has ended, moves neither moment.

    Examples
    --------
    >>> found = activity([5, 2000, 2100, 2200, 2300, 2400, 9000], 1000.0)
    >>> found.recruited, found.derecruited
    (2000, 2400)
    """
    long = [run for run in runs(as_train(train), fs) if run.size >= N_RECRUITMENT]
    return Activity(long[0], long[-1]) if long else None


def discharge_features(  # noqa: PLR0913 - the three beyond are keyword-only
    train: ArrayLike,
    fs: float,
    n_samples: int,
    *,
    unit: str = "",
    force: Force | None = None,
    steady: Span | None = None,
) -> tuple[FeatureValue, ...]:
    """All features of one unit, each with its unit, n and the reason where it is NaN.

    Parameters
    ----------
    train
        Discharges, samples, strictly ascending.
    fs
        Sampling rate, Hz.
    n_samples
        Length of the recording.
    unit
        Name of the unit, for the results.
    force
        Force of the contraction at every sample, as `force_of` gives it.
    steady
        Samples [start, stop) in which the contraction was held.

    Raises
    ------
    SignalError
        As `as_train`.
    ParameterError
        `fs` is not above 0, a discharge lies outside the recording, or the span ends before it
        begins.
    """
    return (
        mean_rate(train, fs, unit=unit),
        peak_rate(train, fs, unit=unit),
        *recruitment_rates(train, fs, n_samples, unit=unit),
        *steady_rates(train, fs, steady, unit=unit),
        covisi(train, fs, unit=unit),
        doublets(train, fs, unit=unit),
        *thresholds(train, fs, n_samples, force, unit=unit),
    )


def mean_rate(train: ArrayLike, fs: float, *, unit: str = "") -> FeatureValue:
    """Mean discharge rate, Hz; n is the number of intervals; NaN with `too_few_discharges`.

    Examples
    --------
    >>> round(mean_rate([0, 100, 200, 900, 1100], 1000.0).value, 3)
    7.5
    """
    return _rate("mean_rate", intervals_s(as_train(train), fs), unit)


def peak_rate(train: ArrayLike, fs: float, *, unit: str = "") -> FeatureValue:
    """Highest rate, Hz, of `smoothed_rate`, while recruited; n is the number of intervals.

    NaN with `never_recruited`.
    """
    discharges = as_train(train)
    long = [run - run[0] for run in runs(discharges, fs) if run.size >= N_RECRUITMENT]
    peaks = [float(smoothed_rate(run, fs, int(run[-1]) + 1).max()) for run in long]
    n = sum(run.size - 1 for run in long)
    reason = "" if long else "never_recruited"
    return FeatureValue(
        "peak_rate", "Hz", unit, max(peaks, default=np.nan), n, reason=reason, rule_id=RULE
    )


def recruitment_rates(
    train: ArrayLike, fs: float, n_samples: int, *, unit: str = ""
) -> tuple[FeatureValue, FeatureValue]:
    """Rates of the first and the last 4 discharges while recruited, Hz; n is 3 intervals.

    NaN with `never_recruited`, or `active_at_start`, `active_at_end` where the unit discharges
    within 0.4 s of the edge of the recording, so that it may have begun before or ended after it.
    """
    found = activity(train, fs)
    first = last = np.empty(0)
    reasons = _unseen(found, fs, n_samples)
    if found is not None:
        first = np.diff(found.first[:N_RECRUITMENT]) / fs
        last = np.diff(found.last[-N_RECRUITMENT:]) / fs
    return (
        _rate("recruitment_rate", first[: 0 if reasons[0] else None], unit, reasons[0]),
        _rate("derecruitment_rate", last[: 0 if reasons[1] else None], unit, reasons[1]),
    )


def steady_rates(
    train: ArrayLike, fs: float, steady: Span | None, *, unit: str = ""
) -> tuple[FeatureValue, ...]:
    """Rates of a held contraction: whole, first and last 10 discharges, Hz; and its COVisi.

    Parameters
    ----------
    train, fs, unit
        As in `discharge_features`.
    steady
        Samples [start, stop) in which the contraction was held.

    Returns
    -------
    tuple of FeatureValue
        `steady_rate`, `steady_start_rate`, `steady_end_rate`, `steady_covisi`; NaN with
        `no_steady_span` or `too_few_discharges` (below 10).
    """
    discharges = as_train(train)
    held = within(discharges, steady) if steady is not None else np.empty(0, np.int64)
    regular = without_doublets(held, fs)
    reason = "too_few_discharges" if steady is not None else "no_steady_span"
    enough = N_STEADY if regular.size >= N_STEADY else 0
    ends = regular[:enough], regular[regular.size - enough :]
    steps = [intervals_s(part, fs) for part in (held, *ends)]
    names = ("steady_rate", "steady_start_rate", "steady_end_rate")
    rates = [_rate(name, s, unit, reason) for name, s in zip(names, steps, strict=True)]
    why = "" if steady is not None else reason
    return *rates, _covisi("steady_covisi", steps[0], unit, why)


def covisi(train: ArrayLike, fs: float, *, unit: str = "") -> FeatureValue:
    """Coefficient of variation of the intervals, SD (n − 1) over mean; n intervals.

    NaN with `too_few_intervals` below 10. A rate that rises and falls adds to it: that of a held
    contraction is in `steady_rates`.
    """
    return _covisi("covisi", intervals_s(as_train(train), fs), unit)


def doublets(train: ArrayLike, fs: float, *, unit: str = "") -> FeatureValue:
    """Number of intervals below 10 ms; n is the number of all intervals.

    NaN with `too_few_discharges` below 2.

    Examples
    --------
    >>> doublets([0, 5, 100, 110, 300], 1000.0).value
    1.0
    """
    steps = np.diff(as_train(train))
    found = float(np.sum(steps < DOUBLET_S * check_fs(fs))) if steps.size else np.nan
    reason = "" if steps.size else "too_few_discharges"
    return FeatureValue("doublets", "1", unit, found, steps.size, reason=reason, rule_id=RULE)


def thresholds(
    train: ArrayLike, fs: float, n_samples: int, force: Force | None, *, unit: str = ""
) -> tuple[FeatureValue, FeatureValue]:
    """Force at recruitment and at derecruitment, in the unit of the force; n is 1 discharge.

    That the force follows the discharge by tens of milliseconds is not corrected for.

    Parameters
    ----------
    train, fs, n_samples, unit
        As in `discharge_features`.
    force
        The force at every sample, as `force_of` gives it.

    Returns
    -------
    tuple of FeatureValue
        `recruitment_threshold` and `derecruitment_threshold`; NaN with `no_force`, as
        `recruitment_rates`, or with `force_missing` where the force is NaN.

    Raises
    ------
    SignalError
        As `as_train`.
    ParameterError
        The force has another length than the recording, or as `recruitment_rates`.
    """
    names = ("recruitment_threshold", "derecruitment_threshold")
    found = activity(train, fs)
    reasons = _unseen(found, fs, n_samples)
    if force is None:
        reasons = "no_force", "no_force"
    values = np.full(2, np.nan)
    if force is not None and force.values.size != n_samples:
        raise ParameterError(f"{force.values.size} values of force for {n_samples} samples")
    if force is not None and found is not None:
        values = force.values[[found.recruited, found.derecruited]]
    measured = force.unit if force is not None else "1"
    first, last = (
        _threshold(name, measured, unit, float(value), why)
        for name, value, why in zip(names, values, reasons, strict=True)
    )
    return first, last


def _threshold(name: str, measured: str, unit: str, value: float, reason: str) -> FeatureValue:
    why = reason or ("" if np.isfinite(value) else "force_missing")
    value = np.nan if why else value
    return FeatureValue(name, measured, unit, value, int(not why), reason=why, rule_id=RULE)


def _unseen(found: Activity | None, fs: float, n_samples: int) -> tuple[str, str]:
    """Why recruitment and derecruitment were not seen; empty where they were."""
    if found is None:
        return "never_recruited", "never_recruited"
    check_within(np.array([found.recruited, found.derecruited]), n_samples)
    near = PAUSE_S * fs
    return (
        "active_at_start" if found.recruited <= near else "",
        "active_at_end" if n_samples - found.derecruited <= near else "",
    )


def _rate(
    name: str, steps_s: Floats, unit: str, reason: str = "too_few_discharges"
) -> FeatureValue:
    value = steps_s.size / float(steps_s.sum()) if steps_s.size else np.nan
    why = "" if steps_s.size else reason
    return FeatureValue(name, "Hz", unit, value, steps_s.size, reason=why, rule_id=RULE)


def _covisi(name: str, steps_s: Floats, unit: str, reason: str = "") -> FeatureValue:
    n = steps_s.size
    why = reason or ("too_few_intervals" if n < LEAST_FOR_COV else "")
    value = np.nan if why else float(steps_s.std(ddof=1) / steps_s.mean())
    return FeatureValue(name, "1", unit, value, n, reason=why, rule_id=RULE)
