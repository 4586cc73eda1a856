"""Repetitive stimulation at 2–3 Hz: does the response fall from pulse to pulse (emg.md 3.5)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_vector
from emgproc.errors import ParameterError, SignalError

RULE_ID = "decrement_v1"
ABNORMAL_PERCENT = 10.0
USUAL_PULSES = 10
LEAST_PULSES = 4
USUAL_RATE_HZ = (2.0, 3.0)
ABSENT_BELOW_MV = 0.05


@dataclass(frozen=True, slots=True)
class Decrement:
    """Fall of the response over a train of stimuli.

    Attributes
    ----------
    decrement_percent
        100 · (A1 − A4) / A1; negative for an increment, NaN with a reason.
    largest_percent
        The same with the smaller of the fourth and the fifth response.
    area_percent
        As the first, of the negative phases' areas; NaN where none are given.
    abnormal
        The largest fall exceeds 10 %.
    n
        Pulses.
    flags
        `few_pulses` (below 10), `unusual_rate` (outside 2–3 Hz).
    reason
        `absent_response` (the first is below 0.05 mV) or `too_few_pulses` (below 4).
    rule_id
        The rule behind the definitions.
    """

    decrement_percent: float
    largest_percent: float
    area_percent: float
    abnormal: bool
    n: int
    flags: tuple[str, ...] = ()
    reason: str = ""
    rule_id: str = RULE_ID


def decrement(
    amplitude_mv: ArrayLike, area_mv_ms: ArrayLike | None = None, *, rate_hz: float | None = None
) -> Decrement:
    """Decrement of a train of responses.

    Parameters
    ----------
    amplitude_mv
        Negative peak of each response in order, mV, shape (n_pulses,).
    area_mv_ms
        Area of each negative phase, mV·ms, shape (n_pulses,).
    rate_hz
        Rate of the train, Hz, where it is known.

    Raises
    ------
    SignalError
        Values that are not finite, or none.
    ParameterError
        Amplitudes and areas differ in number.

    Examples
    --------
    >>> round(decrement([1.0, 0.95, 0.90, 0.88]).decrement_percent, 9)
    12.0
    """
    mv = _finite(amplitude_mv, "amplitude_mv")
    area = None if area_mv_ms is None else _finite(area_mv_ms, "area_mv_ms")
    if area is not None and area.shape != mv.shape:
        raise ParameterError(f"one area for each amplitude, got {area.size} and {mv.size}")
    told = {
        "few_pulses": mv.size < USUAL_PULSES,
        "unusual_rate": rate_hz is not None
        and not USUAL_RATE_HZ[0] <= rate_hz <= USUAL_RATE_HZ[1],
    }
    flags = tuple(flag for flag, is_so in told.items() if is_so)
    nan = float("nan")
    if mv.size < LEAST_PULSES or mv[0] < ABSENT_BELOW_MV:
        reason = "too_few_pulses" if mv.size < LEAST_PULSES else "absent_response"
        return Decrement(nan, nan, nan, abnormal=False, n=mv.size, flags=flags, reason=reason)
    largest = _fall(mv, float(mv[3:5].min()))
    return Decrement(
        _fall(mv, float(mv[3])), largest,
        nan if area is None or area[0] <= 0 else _fall(area, float(area[3])),
        abnormal=largest > ABNORMAL_PERCENT, n=mv.size, flags=flags,
    )  # fmt: skip


def _fall(values: Floats, later: float) -> float:
    return float(100 * (values[0] - later) / values[0])


def _finite(x: ArrayLike, name: str) -> Floats:
    values = as_vector(x, name)
    if not values.size or not np.isfinite(values).all():
        raise SignalError(f"{name} must be finite and not empty, got {values.size} values")
    return values
