"""How sure the discharges of a unit are: what its template, heights and intervals tell."""

import numpy as np
from scipy.special import ndtr

from emgproc.arrays import Floats
from emgproc.motor_units.needle_model import Confidence
from emgproc.motor_units.needle_resolve import CORE, LEAST_SHARE, Resolved, cleaned
from emgproc.motor_units.needle_signal import NeedleSignal
from emgproc.motor_units.needle_templates import squared_distances
from emgproc.motor_units.trains import PAUSE_S

NEIGHBOURS = 5  # intervals whose median is what one interval is compared with
MULTIPLE = 1.6


def confidence_of(
    signal: NeedleSignal, found: Resolved, unit: int, refractory_s: float
) -> Confidence:
    """Estimated shares of false and missing discharges of one unit, and what they come from."""
    train, template = found.train(unit), found.templates[unit]
    seconds = signal.x.shape[1] / signal.fs
    energy = float(np.square(template).sum())
    rows = cleaned(found, unit)
    heights = np.einsum("ecl,cl->e", rows, template) / energy
    spread = _robust_sd(heights, float(np.sqrt(signal.colour / energy)))
    separation = _separation(signal, found, unit)
    peak = float(np.abs(template).max())
    intervals = np.diff(train) / signal.fs
    short = intervals < refractory_s
    violations = float(short.mean()) if short.size else 0.0
    overlap = float(ndtr(-separation / 2)) if np.isfinite(separation) else 0.0
    noise = float(ndtr(-LEAST_SHARE * np.sqrt(energy / signal.colour)))
    hill = _contamination(violations, train.size / seconds, refractory_s)
    below = float(ndtr((LEAST_SHARE - np.median(heights)) / spread)) if heights.size else 1.0
    return Confidence(
        peak_sd=peak,
        snr_db=float(20 * np.log10(peak)),
        separation_sd=separation,
        violations=violations,
        superposed=_superposed(found, unit),
        false_share=max(hill, overlap, noise),
        missed_share=max(below, missing_share(intervals)),
    )


def _robust_sd(values: Floats, least: float) -> float:
    if values.size < 2:
        return least
    return max(least, float(np.median(np.abs(values - np.median(values))) / 0.6745))


def _separation(signal: NeedleSignal, found: Resolved, unit: int) -> float:
    """Distance from the nearest other template, noise SD along the line between them."""
    if len(found.templates) < 2:
        return float("inf")
    squared = np.delete(squared_distances(found.templates)[unit], unit)
    return float(np.sqrt(max(squared.min(), 0.0) / signal.colour))


def _superposed(found: Resolved, unit: int) -> float:
    """Share of discharges whose core overlaps with that of another unit's discharge."""
    placed = found.placed
    height = np.abs(found.templates).max(axis=1)
    wide = (height > CORE * height.max(axis=1, keepdims=True)).sum(axis=1) / 2
    own = np.flatnonzero(placed.unit == unit)
    others = np.flatnonzero(placed.unit != unit)
    if not (own.size and others.size):
        return 0.0
    apart = np.abs(placed.at[own][:, None] - placed.at[others][None])
    reach = wide[unit] + wide[placed.unit[others]]
    return float(np.mean((apart < reach[None]).any(axis=1)))


def _contamination(violations: float, rate_pps: float, refractory_s: float) -> float:
    """Share f of foreign discharges that makes such a share of short intervals; 1/2 at most.

    violations = 2·τ·rate·f·(1 − f) (Hill, Mehta and Kleinfeld 2011), foreign ones being
    independent.
    """
    if not violations:
        return 0.0
    product = violations / (2 * refractory_s * rate_pps)
    return 0.5 * (1 - float(np.sqrt(max(1 - 4 * product, 0.0))))


def missing_share(intervals: Floats) -> float:
    """Share of a train's discharges that are missing, as its long intervals tell.

    An interval of more than 1.6 medians of those about it lacks as many discharges as the median
    fits into it, less one; pauses (more than 400 ms) lack none.

    Examples
    --------
    >>> missing_share(np.array([0.1, 0.1, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]))
    0.09090909090909091
    """
    running = intervals[intervals <= PAUSE_S]
    if running.size < NEIGHBOURS:
        return 0.0
    padded = np.pad(running, NEIGHBOURS // 2, mode="reflect")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(padded, NEIGHBOURS), axis=1)
    ratio = running / usual
    missing = float(np.where(ratio > MULTIPLE, np.rint(ratio) - 1, 0.0).sum())
    return missing / (intervals.size + 1 + missing)
