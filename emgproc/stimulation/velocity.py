"""Was the stimulus strong enough, and how fast do motor axons conduct (emg.md 3.1)."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import as_vector
from emgproc.errors import ParameterError
from emgproc.stimulation.cmap import Cmap

STRONGER = 1.2
ALIKE = 0.05


class Supramaximal(NamedTuple):
    """Whether a fifth more stimulus changes the response by less than 5 %.

    Attributes
    ----------
    reached
        It does not change it; False where it does or where it cannot be told.
    change
        Share of the strongest stimulus's amplitude; NaN with a reason.
    n
        Stimuli compared with.
    reason
        `no_weaker_stimulus` (none of at most 1/1.2 of the strongest) or `absent_response`.
    """

    reached: bool
    change: float
    n: int
    reason: str


@dataclass(frozen=True, slots=True)
class MotorVelocity:
    """Conduction velocity of the fastest motor axons between two places of a nerve.

    Attributes
    ----------
    velocity_m_s
        Distance over the difference of the latencies, m/s; NaN with a reason.
    amplitude_ratio
        Amplitude after proximal stimulation as a share of that after distal; NaN with a reason.
    n
        Sweeps behind both responses.
    reason
        `absent_response` or `no_latency_difference`.
    """

    velocity_m_s: float
    amplitude_ratio: float
    n: int
    reason: str = ""
    rule_id: str = "motor_velocity_v1"


def supramaximal(stimulus_ma: ArrayLike, amplitude_mv: ArrayLike) -> Supramaximal:
    """Tell whether the strongest stimulus was supramaximal (emg.md 3.1).

    The response to the strongest stimulus is compared with those to the strongest of the stimuli
    that it exceeds by a fifth or more.

    Parameters
    ----------
    stimulus_ma, amplitude_mv
        Of each response, shape (n,).

    Raises
    ------
    ParameterError
        The two differ in length or are empty.

    Examples
    --------
    >>> supramaximal([10.0, 12.0, 14.4], [4.0, 3.75, 4.0])
    Supramaximal(reached=False, change=0.0625, n=1, reason='')
    """
    ma, mv = as_vector(stimulus_ma, "stimulus_ma"), as_vector(amplitude_mv, "amplitude_mv")
    if ma.shape != mv.shape or not ma.size:
        raise ParameterError(f"one amplitude for each stimulus, got {ma.size} and {mv.size}")
    top = mv[ma == ma.max()].mean()
    weaker = ma <= ma.max() / STRONGER * (1 + 1e-9)
    if not weaker.any() or not top > 0:
        reason = "no_weaker_stimulus" if top > 0 else "absent_response"
        return Supramaximal(reached=False, change=float("nan"), n=0, reason=reason)
    beside = ma == ma[weaker].max()
    change = float(abs(top - mv[beside].mean()) / top)
    return Supramaximal(reached=change < ALIKE, change=change, n=int(beside.sum()), reason="")


def motor_velocity(proximal: Cmap, distal: Cmap, distance_m: float) -> MotorVelocity:
    """Motor conduction velocity from the responses to stimuli at two places.

    Parameters
    ----------
    proximal, distal
        Responses of one muscle.
    distance_m
        Between the two cathodes, m, > 0.

    Raises
    ------
    ParameterError
        The distance is not above 0.
    """
    if not 0 < distance_m < np.inf:
        raise ParameterError(f"distance_m must be above 0 m, got {distance_m}")
    n, nan = proximal.n + distal.n, float("nan")
    if proximal.absent or distal.absent:
        return MotorVelocity(nan, nan, n, "absent_response")
    ratio = proximal.amplitude_mv / distal.amplitude_mv
    later_ms = proximal.latency_ms - distal.latency_ms
    if not later_ms > 0:
        return MotorVelocity(nan, ratio, n, "no_latency_difference")
    return MotorVelocity(1000 * distance_m / later_ms, ratio, n)
