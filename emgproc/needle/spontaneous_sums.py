"""Potentials that are sums of known ones, or known ones that do not fit well."""

import numpy as np

from emgproc.arrays import Bools, Floats, Ints
from emgproc.motor_units.needle_resolve import Resolved, chosen, model_of, resolve
from emgproc.motor_units.needle_signal import NeedleSignal

SUM_LEFT = 0.25  # of a template's energy: what others leave of one that is their sum
FEWER = 0.5
MOST_TOGETHER, MOST_LEFT = 3, 0.4
SCALE = (0.6, 1.45)  # of a potential's size: what one discharge of it may differ
GROUP = 0.4  # of a template's length: deflections nearer than that are explained together


def is_sum(signal: NeedleSignal, templates: Floats, counts: Ints, unit: int) -> bool:
    """Tell whether templates that were seen more than twice as often add up to one."""
    others = np.flatnonzero(counts * FEWER > counts[unit])
    if not others.size:
        return False
    wide = np.pad(templates[unit], ((0, 0), (templates.shape[2],) * 2))
    alone = signal._replace(x=wide, masked=np.zeros(wide.shape[1], np.bool_))
    left = of_size(resolve(alone, templates[others])).residual
    return bool(np.sum(left**2) < SUM_LEFT * np.sum(wide**2))


def explain(found: Resolved, at: Ints) -> tuple[list[tuple[int, int]], Bools]:
    """Discharges (unit, sample) that explain deflections left over, and which they explain.

    Known potentials one after another, each 0.6 to 1.5 times its size: jitter and blocking make
    some discharges too unlike their template for a first search.
    """
    length = found.templates.shape[2]
    placed: list[tuple[int, int]] = []
    explained = np.zeros(at.size, np.bool_)
    cuts = np.flatnonzero(np.diff(at) > GROUP * length) + 1
    for group in np.split(np.arange(at.size), cuts):
        if group.size:
            middle = int(at[group[np.argmax(np.abs(found.residual[0, at[group]]))]])
            answer = _fitted(found, middle)
            explained[group] = bool(answer)
            placed += answer
    return placed, explained


def _fitted(found: Resolved, middle: int) -> list[tuple[int, int]]:
    """Known potentials that explain the signal about a sample; empty where they do not."""
    templates = found.templates[:, 0]
    half = templates.shape[1] // 2
    first = max(0, middle - 2 * half)
    left = found.residual[0, first : middle + 2 * half + 1].copy()
    near = slice(max(0, middle - half - first), middle + half + 1 - first)
    whole = float(np.sum(left[near] ** 2)) - left[near].size
    energy = np.sum(templates**2, axis=1)
    answer: list[tuple[int, int]] = []
    for _ in range(MOST_TOGETHER):
        scores = np.array([np.correlate(left, t, "same") for t in templates])
        inside = np.abs(np.arange(left.size) - (middle - first)) <= half
        scale = scores / energy[:, None]
        inside = inside & (scale > SCALE[0]) & (scale < SCALE[1])
        gain = np.where(inside, 2 * scale * scores - scale**2 * energy[:, None], -np.inf)
        unit, place = np.unravel_index(int(np.argmax(gain)), gain.shape)
        if not gain[unit, place] > 0:
            return []
        start = int(place) - half
        lo, hi = max(0, start), min(left.size, start + templates.shape[1])
        left[lo:hi] -= scale[unit, place] * templates[unit, lo - start : hi - start]
        answer.append((int(unit), first + int(place)))
        if float(np.sum(left[near] ** 2)) - left[near].size < MOST_LEFT * whole:
            return answer
    return []


def of_size(found: Resolved) -> Resolved:
    """Discharges without those that are really much larger or smaller than their template."""
    unit, at, phase, scale = found.placed
    length, energy = found.templates.shape[2], np.sum(found.templates**2, axis=(1, 2))
    wide = np.pad(found.residual[0], (length // 2, length))
    rows = wide[at[:, None] + np.arange(length)]
    more = np.einsum("ij,ij->i", rows, found.shifted[unit, phase, 0]) / energy[unit]
    fits = (scale + more > SCALE[0]) & (scale + more < SCALE[1])
    if fits.all():
        return found
    kept = found._replace(placed=chosen(found.placed, fits))
    n = found.residual.shape[1]
    lost = found._replace(placed=chosen(found.placed, ~fits))
    return kept._replace(residual=found.residual + model_of(lost, n))
