"""Persistent inward currents as discharge rates show them: ΔF of pairs, brace height.

A unit that keeps discharging at less drive than it took to recruit it is thought to be held by
persistent inward currents. The drive is read off the rate of a unit recruited earlier.

References
----------
Gorassini, Yang, Siu and Bennett 2002, J Neurophysiol 87:1850 (paired units). Powers and Heckman
2015, J Neurophysiol 114:184 (conditions of a pair). Beauchamp et al. 2023, J Neural Eng
20:016034 (brace height).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Bools, Floats, as_vector, check_fs, spans_of
from emgproc.errors import ParameterError
from emgproc.features.result import FeatureValue
from emgproc.motor_units.trains import PAUSE_S

LEAST_GAP_S = 1.0
LEAST_R = 0.7
LEAST_MODULATION_HZ = 0.5
LEAST_RISE_HZ = 0.5
ROUNDING = 1e-9  # a steady rate varies by less, relative to itself
RULE = "paired_units"


class DeltaF(NamedTuple):
    """ΔF of one pair; NaN with a reason where the pair does not meet its conditions.

    Attributes
    ----------
    value_hz
        Rate of the control at the recruitment of the test unit less that at its derecruitment.
    r
        Correlation of both rates while the test unit discharges.
    gap_s
        Time from the recruitment of the control to that of the test unit.
    modulation_hz
        Range of the control's rate while the test unit discharges.
    reason
        `silent`, `active_at_end` (the test unit may have gone on), `recruited_too_soon`,
        `control_not_active`, `too_little_modulation` or `low_correlation`; empty where there is a
        value.
    """

    value_hz: float
    r: float
    gap_s: float
    modulation_hz: float
    reason: str


def delta_f(control: ArrayLike, test: ArrayLike, fs: float) -> DeltaF:
    """ΔF of a pair of units from their smoothed rates.

    Parameters
    ----------
    control, test
        Rates, Hz, same length, NaN where a unit is silent, as `smoothed_rate` gives them.
    fs
        Sampling rate of both, Hz.

    Returns
    -------
    DeltaF
        A value where the control was recruited more than 1 s earlier, discharges at both moments,
        its rate varies by more than 0.5 Hz between them, and r > 0.7.

    Raises
    ------
    ParameterError
        The lengths differ, or `fs` is not above 0.
    """
    first, second = as_vector(control, "control"), as_vector(test, "test")
    rate = check_fs(fs)
    if first.size != second.size:
        raise ParameterError(f"delta_f: rates of one length, got {first.size}, {second.size}")
    active, held = np.isfinite(second), np.isfinite(first)
    if not (active.any() and held.any()):
        return DeltaF(np.nan, np.nan, np.nan, np.nan, "silent")
    begin, end = _ends(active)
    gap_s = (begin - _ends(held)[0]) / rate
    both = active & held
    modulation = float(np.ptp(first[both])) if both.any() else np.nan
    r = _correlation(first[both], second[both])
    reason = _why_not(gap_s, bool(held[begin] and held[end]), modulation, r)
    if active.size - end <= PAUSE_S * rate:
        reason = "active_at_end"
    value = np.nan if reason else float(first[begin] - first[end])
    return DeltaF(value, r, gap_s, modulation, reason)


def delta_f_table(rates: Sequence[ArrayLike], fs: float) -> dict[tuple[int, int], DeltaF]:
    """ΔF of every ordered pair of units, by (control, test); most pairs are refused.

    Parameters
    ----------
    rates
        Rate of each unit at every sample of one contraction up and down, Hz, as `smoothed_rate`
        gives it.
    fs
        Sampling rate, Hz.
    """
    return {
        (i, j): delta_f(control, test, fs)
        for i, control in enumerate(rates)
        for j, test in enumerate(rates)
        if i != j
    }


def unit_delta_f(
    table: dict[tuple[int, int], DeltaF], test: int, *, unit: str = ""
) -> FeatureValue:
    """Mean ΔF of a unit over its controls, Hz; n controls; NaN with `no_valid_pair`.

    Parameters
    ----------
    table
        As `delta_f_table` gives it.
    test
        Number of the unit.
    unit
        Its name, for the result.
    """
    values = [p.value_hz for (_, other), p in table.items() if other == test and not p.reason]
    value = float(np.mean(values)) if values else np.nan
    reason = "" if values else "no_valid_pair"
    return FeatureValue("delta_f", "Hz", unit, value, len(values), reason=reason, rule_id=RULE)


def brace_height(
    rate: ArrayLike, fs: float, *, along: ArrayLike | None = None, unit: str = ""
) -> FeatureValue:
    """How far the rate rises above the line from recruitment to its peak, as a share of the rise.

    This is the largest distance from the line over the height of the right triangle above it,
    whatever the units of the axes: 0 is a straight rise, 1 a jump to the peak at recruitment.

    Parameters
    ----------
    rate
        Rate at every sample, Hz, NaN where the unit is silent, as `smoothed_rate` gives it; one
        contraction, of which the first run is looked at.
    fs
        Sampling rate, Hz.
    along
        Force at every sample, in place of time.
    unit
        Name of the unit, for the result.

    Returns
    -------
    FeatureValue
        0–1; n is the number of samples of the rise; NaN with `silent`, `active_at_start`
        (within 0.4 s), `no_rise` (less than 0.5 Hz from recruitment to peak) or
        `force_does_not_rise`.

    Raises
    ------
    ParameterError
        `along` has another length, or `fs` is not above 0.

    Examples
    --------
    >>> brace_height(np.concatenate([np.full(50, np.nan), np.sqrt(np.arange(101.0))]), 100.0).value
    0.25
    """
    values = as_vector(rate, "rate")
    axis = np.arange(values.size, dtype=np.float64)
    axis = axis if along is None else as_vector(along, "along")
    if axis.size != values.size:
        raise ParameterError(f"brace_height: {values.size} rates along {axis.size} samples")
    if not np.isfinite(values).any():
        return _brace(np.nan, 0, "silent", unit)
    begin, end = spans_of(np.isfinite(values))[0]
    if begin <= PAUSE_S * check_fs(fs):
        return _brace(np.nan, 0, "active_at_start", unit)
    peak = begin + int(np.argmax(values[begin:end]))
    y, x = values[begin : peak + 1], axis[begin : peak + 1]
    if y[-1] - y[0] < LEAST_RISE_HZ:
        return _brace(np.nan, y.size, "no_rise", unit)
    if not x[-1] > x[0]:
        return _brace(np.nan, y.size, "force_does_not_rise", unit)
    above = (y - y[0]) / (y[-1] - y[0]) - (x - x[0]) / (x[-1] - x[0])
    return _brace(float(above.max()), y.size, "", unit)


def _brace(value: float, n: int, reason: str, unit: str) -> FeatureValue:
    return FeatureValue(
        "brace_height", "1", unit, value, n, reason=reason, rule_id="beauchamp_2023"
    )


def _why_not(gap_s: float, active: bool, modulation_hz: float, r: float) -> str:  # noqa: FBT001
    if not gap_s > LEAST_GAP_S:
        return "recruited_too_soon"
    if not active:
        return "control_not_active"
    if not modulation_hz > LEAST_MODULATION_HZ:
        return "too_little_modulation"
    return "" if r > LEAST_R else "low_correlation"


def _ends(flags: Bools) -> tuple[int, int]:
    """First and last True."""
    at = np.flatnonzero(flags)
    return int(at[0]), int(at[-1])


def _correlation(x: Floats, y: Floats) -> float:
    """Pearson's r; 0 where one does not vary, for then nothing goes with it."""
    if x.size < 2 or min(np.ptp(x) / x.max(), np.ptp(y) / y.max()) < ROUNDING:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])
