"""The CMAP scan: responses to stimuli that fall from above all axons to below them (emg.md 3.4).

References
----------
Henderson 2006, Muscle Nerve 34:744 (steps and S-values). Sleutjes 2014, J Neurol Neurosurg
Psychiatry 85:404 (D50).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from emgproc.arrays import Floats, as_vector
from emgproc.errors import ParameterError, SignalError

RULE_ID = "cmap_scan_v1"
ABSENT_BELOW_MV = 0.05
STEP_SDS = 2.0
LEAST_FOR_NOISE = 5
ROUNDING = 1e-9
LOWEST, BEGINS_BELOW = 3, 0.05


@dataclass(frozen=True, slots=True)
class ScanNoise:
    """What responses scatter by when the same units answer.

    Attributes
    ----------
    floor_mv
        SD where no unit answers, mV, >= 0.
    relative
        Further SD as a share of the response, >= 0.
    """

    floor_mv: float
    relative: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.floor_mv < math.inf and 0 <= self.relative < math.inf):
            raise ParameterError(f"the noise of a scan is finite and >= 0, got {self}")

    def sd_mv(self, response_mv: Floats) -> Floats:
        """SD of responses of this size, mV."""
        return np.hypot(self.floor_mv, self.relative * response_mv)


@dataclass(frozen=True, slots=True)
class Scan:
    """What a CMAP scan shows without a model of units.

    Attributes
    ----------
    cmap_max_mv
        Largest response of the scan, mV.
    d50
        Number of the largest differences of the sorted responses that sum to half of it or more.
    s5_ma, s50_ma, s95_ma
        Stimuli whose response is 5, 50 and 95 % of the largest, by the rising curve of least
        squares, mA.
    relative_range
        (S95 − S5) / S50.
    largest_step_percent
        Largest difference of the sorted responses, % of the largest response.
    step_percent, n_steps
        Sum, % of the largest response, and number of the differences above 2 SD of the noise; NaN
        and 0 where no noise is given.
    n
        Responses of the scan.
    absent
        The largest response lies below 0.05 mV; then nothing but it has a value, and D50 is 0.
    flags
        `no_noise` where none is given, `not_down_to_none` where the weakest stimuli still excite
        units (5 % of the largest response, or 0.05 mV).
    reason
        Why values are NaN: `absent_response`, or `not_down_to_none` where there is no S5; empty
        where none is.
    rule_id
        The rule behind the definitions.
    """

    cmap_max_mv: float
    d50: int
    s5_ma: float
    s50_ma: float
    s95_ma: float
    relative_range: float
    largest_step_percent: float
    step_percent: float
    n_steps: int
    n: int
    absent: bool
    flags: tuple[str, ...] = ()
    reason: str = ""
    rule_id: str = RULE_ID


def scan(
    stimulus_ma: ArrayLike,
    response_mv: ArrayLike,
    span: tuple[int, int] | None = None,
    *,
    noise: ScanNoise | None = None,
) -> Scan:
    """Steps and S-values of a scan.

    Parameters
    ----------
    stimulus_ma, response_mv
        Strength, mA, and amplitude, mV, of each response in any order, shape (n,).
    span
        Responses [start, stop) that make up the scan; None is all of them.
    noise
        Noise above which a difference is a step, e.g. of `scan_noise`.

    Raises
    ------
    SignalError
        Values that are not finite, or fewer than 2 responses.
    ParameterError
        The two differ in length, or the span lies outside.

    Examples
    --------
    >>> found = scan([1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 1.0, 2.0, 3.0, 4.0])
    >>> found.d50, found.s50_ma, found.largest_step_percent
    (2, 3.0, 25.0)
    """
    ma, mv = scanned(stimulus_ma, response_mv, span)
    ordered = np.sort(mv)
    top = float(ordered[-1])
    flags = (*(() if noise else ("no_noise",)), *not_down_to_none(mv))
    if top < ABSENT_BELOW_MV:
        nan = float("nan")
        return Scan(
            top, 0, nan, nan, nan, nan, nan, nan, 0, mv.size, absent=True, flags=flags,
            reason="absent_response",
        )  # fmt: skip
    steps = np.diff(ordered)
    s5, s50, s95 = (stimulus_for(ma, mv, share) for share in (0.05, 0.5, 0.95))
    percent, n_steps = float("nan"), 0
    if noise:
        real = steps > STEP_SDS * noise.sd_mv((ordered[1:] + ordered[:-1]) / 2)
        percent, n_steps = float(100 * steps[real].sum() / top), int(real.sum())
    return Scan(
        top, d50(mv), s5, s50, s95, (s95 - s5) / s50, float(100 * steps.max() / top), percent,
        n_steps, mv.size, absent=False, flags=flags,
        reason="not_down_to_none" if math.isnan(s5) else "",
    )  # fmt: skip


def d50(response_mv: ArrayLike) -> int:
    """Number of largest differences of the sorted responses that sum to half the largest.

    Raises
    ------
    SignalError
        Fewer than 2 responses, or not finite.

    Examples
    --------
    >>> d50([0.0, 5.0, 5.2, 5.4, 10.0])
    1
    """
    ordered = np.sort(_checked(response_mv, "response_mv"))
    largest = np.sort(np.diff(ordered))[::-1]
    # Twenty equal steps sum to one half after ten, whatever the rounding of the sum.
    reached = np.cumsum(largest) >= 0.5 * ordered[-1] * (1 - ROUNDING)
    return int(np.argmax(reached)) + 1 if ordered[-1] > 0 and reached.any() else 0


def stimulus_for(stimulus_ma: Floats, response_mv: Floats, share: float) -> float:
    """Stimulus at which the rising curve of least squares reaches a share of its top, mA.

    NaN where the curve is above it from the first stimulus on.
    """
    order = np.lexsort((response_mv, stimulus_ma))
    curve = isotonic_regression(response_mv[order]).x
    ma = stimulus_ma[order]
    goal = share * curve[-1]
    after = int(np.argmax(curve >= goal))
    if after == 0:
        return float("nan")
    low, high = curve[after - 1], curve[after]
    return float(ma[after - 1] + (goal - low) / (high - low) * (ma[after] - ma[after - 1]))


def not_down_to_none(response_mv: Floats) -> tuple[str, ...]:
    """The flag of that name where responses, by rising stimulus, do not begin without units."""
    lowest = float(response_mv[:LOWEST].mean())
    begins = lowest <= max(ABSENT_BELOW_MV, BEGINS_BELOW * float(response_mv.max()))
    return () if begins else ("not_down_to_none",)


def scan_noise(response_mv: ArrayLike, span: tuple[int, int]) -> ScanNoise:
    """Noise from what stands before and after a scan: constant stimuli, all units and none.

    Both SDs are those of successive differences / √2, which slow drifts leave alone; what the
    responses of all units scatter beyond the floor is taken as proportional to them.

    Parameters
    ----------
    response_mv
        All responses in the order they were given, mV, shape (n,).
    span
        Responses [start, stop) of the scan; before it the strongest stimulus, after it the
        weakest.

    Raises
    ------
    SignalError
        Fewer than 5 responses before or after the scan: state a `ScanNoise`.
    ParameterError
        The span lies outside.
    """
    mv = _checked(response_mv, "response_mv")
    start, stop = _inside(span, mv.size)
    before, after = mv[:start], mv[stop:]
    if min(before.size, after.size) < LEAST_FOR_NOISE:
        raise SignalError(
            f"noise needs {LEAST_FOR_NOISE} responses before and after the scan, there are "
            f"{before.size} and {after.size}; state a ScanNoise"
        )
    floor, top = (
        float(np.sqrt(np.mean(np.square(np.diff(part))) / 2)) for part in (after, before)
    )
    largest = float(before.mean())
    excess = math.sqrt(max(top**2 - floor**2, 0.0))
    return ScanNoise(floor, excess / largest if largest > ABSENT_BELOW_MV else 0.0)


def scanned(
    stimulus_ma: ArrayLike, response_mv: ArrayLike, span: tuple[int, int] | None = None
) -> tuple[Floats, Floats]:
    """Stimuli and responses of the scan through the gate, by rising stimulus; as `scan`."""
    ma = _checked(stimulus_ma, "stimulus_ma")
    mv = _checked(response_mv, "response_mv")
    if ma.shape != mv.shape:
        raise ParameterError(f"one response for each stimulus, got {ma.size} and {mv.size}")
    start, stop = _inside(span or (0, mv.size), mv.size)
    order = np.argsort(ma[start:stop], kind="stable")
    return ma[start:stop][order], mv[start:stop][order]


def _checked(x: ArrayLike, name: str) -> Floats:
    values = as_vector(x, name)
    if values.size < 2 or not np.isfinite(values).all():
        raise SignalError(f"{name} needs 2 finite values or more, got {values.size} values")
    return values


def _inside(span: tuple[int, int], n: int) -> tuple[int, int]:
    start, stop = span
    if not (start >= 0 and start + 2 <= stop <= n):
        raise ParameterError(f"a scan is 2 responses or more of {n}, got [{start}, {stop})")
    return start, stop
