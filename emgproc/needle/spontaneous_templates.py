"""Templates of potentials that repeat: clusters of deflections of one shape and size."""

from typing import NamedTuple

import numpy as np

from emgproc.arrays import Bools, Floats, Ints
from emgproc.motor_units.needle_resolve import Resolved, faded, later, masked_about
from emgproc.motor_units.needle_signal import NeedleSignal
from emgproc.motor_units.needle_templates import without_copies
from emgproc.needle.spontaneous_remainders import remainders
from emgproc.preprocessing.peaks import find_peaks

HALF_S, SHAPE_S = 0.010, 0.003  # of a template and of a shape on either side of its deflection
MOST_EVENTS, MOST_NEW = 2000, 6
N_COMPONENTS = 10
NEAR = 36.0  # squared noise SD in ten components
SAME_SIZE = 0.25  # relative difference of the sizes within a train
LOCKED_S, LOCKED_NEAR_S, LOCKED_SHARE = 0.0005, 0.030, 0.6


class Deflections(NamedTuple):
    """Deflections: where they are (with the fraction of a sample), and their components."""

    at: Ints
    late: Floats
    features: Floats


def new_templates(
    signal: NeedleSignal, found: Resolved | None, threshold: float, alike_r: float, dead: int
) -> Floats:
    """Templates of what repeats in the rest of a signal, (n, 1, length), noise SD."""
    half = round(HALF_S * signal.fs)
    residual = signal.x if found is None else found.residual
    seen = deflections(signal, found, threshold, dead)
    empty = np.empty((0, 1, 2 * half + 1))
    if seen.at.size < 2:
        return empty
    templates = []
    for members in _clusters(seen, alike_r, signal.fs):
        rows = windows(residual[0], seen.at[members], half + 1)
        moved = later(rows, -seen.late[members][:, None])
        middle = np.median(moved[:, 1:-1], axis=0)
        templates.append(_trimmed(middle, seen.at[members], len(rows))[None])
    return without_copies(faded(np.array(templates))) if templates else empty


def deflections(
    signal: NeedleSignal, found: Resolved | None, threshold: float, distance: int
) -> Deflections:
    """Deflections above the threshold that are no remainder of a potential taken away."""
    residual = signal.x[0] if found is None else found.residual[0]
    heights = np.abs(residual)
    if found is not None:
        heights = heights / remainders(signal, found)[-1]
    at = np.asarray(find_peaks(heights, height=threshold, distance=max(distance, 1)))
    half = round(HALF_S * signal.fs)
    at = at[~masked_about(signal.masked, at, half + 2)]
    if at.size > MOST_EVENTS:
        at = np.sort(at[np.argsort(-heights[at], kind="stable")[:MOST_EVENTS]])
    late = _late(residual, at)
    width = round(SHAPE_S * signal.fs)
    rows = later(windows(residual, at, width + 1), -late[:, None])[:, 1:-1]
    if at.size < 2:
        return Deflections(at, late, rows)
    axes = np.linalg.svd(rows, full_matrices=False)[2][:N_COMPONENTS]
    return Deflections(at, late, rows @ axes.T)


def windows(x: Floats, at: Ints, half: int) -> Floats:
    """Signal within `half` samples of each place, (n, 2·half + 1)."""
    return np.asarray(x[at[:, None] + np.arange(-half, half + 1)])


def _late(residual: Floats, at: Ints) -> Floats:
    """Fraction of a sample by which the deflections are later: of a parabola."""
    before, here, after = (np.abs(residual[at + step]) for step in (-1, 0, 1))
    bend = before - 2 * here + after
    late = np.divide(0.5 * (before - after), bend, out=np.zeros(at.size), where=bend < 0)
    return np.asarray(np.clip(late, -0.5, 0.5))


def _clusters(seen: Deflections, alike_r: float, fs: float) -> list[Bools]:
    """Groups of one shape and size, first the one that explains most; none locked to another."""
    energy = np.square(seen.features).sum(axis=1)
    products = seen.features @ seen.features.T
    sizes = np.sqrt(energy)
    less = np.minimum(energy[:, None], energy[None])
    squared = energy[:, None] + energy[None] - 2 * products
    far = np.abs(sizes[:, None] - sizes[None]) > SAME_SIZE * np.sqrt(less) + 3.0
    near = (squared < NEAR + 2 * (1 - alike_r) * less) & ~far
    alive = np.ones(energy.size, np.bool_)
    found: list[Bools] = []
    for _ in range(4 * MOST_NEW):
        counts = (near & alive).sum(axis=1) * alive
        seed = int(np.argmax(np.where(counts > 1, counts * energy, 0.0)))
        if counts[seed] < 2 or len(found) == MOST_NEW:
            break
        members = near[seed] & alive
        alive &= ~members
        here = seen.at[members]
        if not any(is_locked(here, seen.at[other], fs) for other in found):
            found.append(members)
    return found


def is_locked(train: Floats | Ints, other: Floats | Ints, fs: float) -> bool:
    """Tell whether most of a train lies at one and the same lag from another, within 30 ms."""
    need = max(2, int(np.ceil(LOCKED_SHARE * train.size)))
    return bool(locked(train, other, fs).sum() >= need)


def locked(train: Floats | Ints, other: Floats | Ints, fs: float) -> Bools:
    """Which of a train lie at the commonest lag from another, ±0.5 ms, within 30 ms."""
    after = np.searchsorted(other, train)
    sides = [train - other[np.clip(after + k, 0, other.size - 1)] for k in (-1, 0)]
    lags = np.concatenate(sides).astype(np.float64)
    near = np.flatnonzero(np.abs(lags) <= LOCKED_NEAR_S * fs)
    order = near[np.argsort(lags[near], kind="stable")]
    answer = np.zeros(train.size, np.bool_)
    if order.size:
        ranked = lags[order]
        stop = np.searchsorted(ranked, ranked + 2 * LOCKED_S * fs, side="right")
        most = int(np.argmax(stop - np.arange(stop.size)))
        answer[order[most : stop[most]] % train.size] = True
    return answer


def _trimmed(template: Floats, at: Ints, n: int) -> Floats:
    """The template without what is noise, or the next discharge of a fast regular train."""
    half = template.size // 2
    steps = np.diff(at)
    if steps.size >= 4 and np.median(steps) < template.size:
        room = int(np.median(steps))
        power = np.convolve(np.square(template), np.ones(5) / 5, "same")
        starts = np.arange(max(half - room + 8, 0), half - 8)
        starts = starts[starts + room < template.size]
        cut = starts[np.argmin(power[starts] + power[starts + room])] if starts.size else 0
        template = np.where((np.arange(template.size) - cut) // room == 0, template, 0.0)
    loud = np.flatnonzero(np.abs(template) > max(3.5 / np.sqrt(n), 0.04 * np.abs(template).max()))
    first, last = loud[0] - 13, loud[-1] + 13
    places = np.arange(template.size)
    return np.where((places >= first) & (places <= last), template, 0.0)
