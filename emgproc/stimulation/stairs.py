"""StairFit: the smallest number of stairs that explains a CMAP scan within the noise.

The idea is that of Chen, Lu, Zong, Li and Zhou 2023, IEEE J Biomed Health Inform 27:1579: of all
staircases, that with the fewest steps that meets a preset error. Here the error is met by every
stair (RMS of its responses about their mean, in SDs of the noise), so that a long stair cannot pay
for a short one, and the best staircase is found exactly, by dynamic programming over the sorted
responses. Units whose thresholds overlap alternate and make more stairs than units.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, Ints
from emgproc.errors import ParameterError
from emgproc.stimulation.scan import ABSENT_BELOW_MV, ScanNoise, not_down_to_none, scanned

RULE_ID = "stair_fit_v1"
ERROR_SDS = 1.5
ALIKE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class StairFit:
    """The staircase of fewest steps.

    Attributes
    ----------
    n_units
        Steps of the staircase, one less than its levels.
    levels_mv
        Levels, rising, mV, shape (n_units + 1,); the lowest is that of no unit.
    sizes_mv
        Height of each step, mV, shape (n_units,).
    thresholds_ma
        Stimulus between each two levels, with the fewest responses on the wrong side, mA,
        shape (n_units,).
    error_sds
        RMS of all responses about their levels, SDs of the noise.
    n
        Responses.
    flags
        `absent_response` where no response reaches 0.05 mV, `not_down_to_none` as in `Scan`.
    rule_id
        The rule behind the definition.
    """

    n_units: int
    levels_mv: Floats
    sizes_mv: Floats
    thresholds_ma: Floats
    error_sds: float
    n: int
    flags: tuple[str, ...] = ()
    rule_id: str = RULE_ID


def stair_fit(
    stimulus_ma: ArrayLike,
    response_mv: ArrayLike,
    noise: ScanNoise,
    span: tuple[int, int] | None = None,
    *,
    error_sds: float = ERROR_SDS,
) -> StairFit:
    """Fit the staircase with the fewest steps each of whose levels meets the error.

    Of several with as few steps it is the one of least squares.

    Parameters
    ----------
    stimulus_ma, response_mv, span
        As `scan`.
    noise
        SD of responses at one level; it is taken as a millionth of the largest response or more,
        so that without noise equal responses share a level.
    error_sds
        Largest RMS of a level's responses about their mean, SDs of the noise, > 0.

    Raises
    ------
    SignalError, ParameterError
        As `scan`, or `error_sds` is not above 0.
    """
    if not 0 < error_sds < math.inf:
        raise ParameterError(f"error_sds must be above 0, got {error_sds}")
    ma, mv = scanned(stimulus_ma, response_mv, span)
    order = np.argsort(mv, kind="stable")
    x = mv[order]
    # Equal responses differ by the rounding of their sums.
    least = ALIKE * max(float(np.abs(x).max()), ABSENT_BELOW_MV)
    sd = np.maximum(noise.sd_mv(np.maximum(x, 0.0)), least)
    edges = _fewest(x, 1 / np.square(sd), error_sds)
    label = np.repeat(np.arange(edges.size - 1), np.diff(edges))
    weight = 1 / np.square(sd)
    levels = np.bincount(label, weight * x) / np.bincount(label, weight)
    at = np.empty_like(label)
    at[order] = label
    absent = ("absent_response",) if x[-1] < ABSENT_BELOW_MV else ()
    flags = (*absent, *not_down_to_none(mv))
    return StairFit(
        edges.size - 2, levels, np.diff(levels), _thresholds(ma, at, edges.size - 2),
        float(np.sqrt(np.mean(weight * np.square(x - levels[label])))), x.size, flags,
    )  # fmt: skip


def _fewest(x: Floats, weight: Floats, error_sds: float) -> Ints:
    """Edges of the fewest groups of sorted `x`, each within the error, shape (n_groups + 1,)."""
    n = x.size
    centred = x - x.mean()
    sums = [np.concatenate([[0.0], np.cumsum(weight * centred**p)]) for p in range(3)]
    count = np.zeros(n + 1, np.int64)
    cost = np.zeros(n + 1)
    came = np.zeros(n + 1, np.int64)
    for stop in range(1, n + 1):
        w, first, second = (s[stop] - s[:stop] for s in sums)
        squares = np.maximum(second - first**2 / w, 0.0)
        size = stop - np.arange(stop)
        # A group of one has no error; differences of sums leave it some.
        squares[-1] = 0.0
        allowed = np.flatnonzero(squares <= error_sds**2 * size)
        fewest = allowed[count[allowed] == count[allowed].min()]
        best = fewest[np.argmin(cost[fewest] + squares[fewest])]
        count[stop], came[stop] = count[best] + 1, best
        cost[stop] = cost[best] + squares[best]
    edges = [n]
    while edges[-1]:
        edges.append(int(came[edges[-1]]))
    return np.array(edges[::-1], np.int64)


def _thresholds(ma: Floats, level: Ints, n_units: int) -> Floats:
    """Stimulus at each step with the fewest responses on the wrong side of it; `ma` rises."""
    # A cut at k has the first k stimuli below it; cuts between equal stimuli are none.
    cuts = np.concatenate([[0], np.flatnonzero(np.diff(ma) > 0) + 1, [ma.size]])
    edges = np.concatenate([[ma[0]], (ma[1:] + ma[:-1]) / 2, [ma[-1]]])
    found = np.empty(n_units)
    for step in range(n_units):
        above = np.concatenate([[0], np.cumsum(level > step)])
        wrong = above[cuts] + (ma.size - cuts) - (above[-1] - above[cuts])
        least = cuts[wrong == wrong.min()]
        found[step] = edges[least].mean()
    return found
