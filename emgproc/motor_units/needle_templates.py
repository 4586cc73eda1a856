"""Templates: clusters of deflections that are alike, parted where a cluster holds two shapes."""

from typing import NamedTuple

import numpy as np

from emgproc.arrays import Bools, Floats, Ints
from emgproc.motor_units.needle_resolve import (
    Resolved,
    bank_of,
    cleaned,
    faded,
    later,
    masked_about,
    model_of,
    overlaps_of,
    scores_of,
)
from emgproc.motor_units.needle_signal import NeedleSignal
from emgproc.preprocessing.peaks import find_peaks

APART_S, SHAPE_S = 0.001, 0.0015  # between deflections; of a shape on either side
UNSURE = 0.3  # of the potentials that were taken away: what is left of them is no new unit
MOST_EVENTS = 3000
N_COMPONENTS, MOST_NEW = 10, 12
NEAR, INSIDE, LEAST_ENERGY = 36.0, 24.0, 60.0  # squared noise SD in ten components
ALIKE = 0.25  # of a shape's size: how far the discharges of one unit are apart
SAME_SHAPE, SAME_SD = 0.25, 40.0  # templates nearer than that are one
TWO_SHAPES, LEAST_APART = 4.2, 4.0  # distance of two means in their SD, and in noise SD
LEAST_PART = 0.08
SUM_SCALE = (0.9, 1.1)


class Shapes(NamedTuple):
    """Deflections: where they are (with the fraction of a sample), and their components."""

    at: Ints
    late: Floats
    features: Floats


def new_templates(
    signal: NeedleSignal, found: Resolved | None, half: int, detect_sd: float, least: int
) -> Floats:
    """Templates of clusters in what is left of the signal, (n, n_channels, 2·half + 1)."""
    residual = signal.x if found is None else found.residual
    shapes = _shapes(signal, residual, _heights(signal, found), detect_sd, half)
    if shapes is None or shapes.at.size < least:
        return np.empty((0, len(residual), 2 * half + 1))
    templates = []
    for members in _clusters(shapes.features, least):
        rows = _windows(residual, shapes.at[members], half + 1)
        moved = later(rows, -shapes.late[members][:, None, None])
        templates.append(np.median(moved[..., 1:-1], axis=0))
    return faded(np.array(templates).reshape(-1, len(residual), 2 * half + 1))


def _heights(signal: NeedleSignal, found: Resolved | None) -> Floats:
    """Largest deflection of all channels, lower where potentials were taken away."""
    if found is None:
        return np.asarray(np.abs(signal.x).max(axis=0))
    from scipy.ndimage import maximum_filter1d

    taken = np.abs(model_of(found, signal.x.shape[1])).max(axis=0)
    unsure = UNSURE * maximum_filter1d(taken, round(APART_S * signal.fs))
    return np.asarray(np.abs(found.residual).max(axis=0) - unsure)


def _shapes(
    signal: NeedleSignal, residual: Floats, heights: Floats, detect_sd: float, half: int
) -> Shapes | None:
    at = find_peaks(heights, height=detect_sd, distance=round(APART_S * signal.fs))
    at = np.asarray(at)
    at = at[~masked_about(signal.masked, at, half + 2)]
    if at.size > MOST_EVENTS:
        at = at[np.sort(np.argsort(-heights[at], kind="stable")[:MOST_EVENTS])]
    if at.size < 2:
        return None
    width = round(SHAPE_S * signal.fs)
    late = _late(residual, at)
    rows = later(_windows(residual, at, width + 1), -late[:, None, None])[..., 1:-1]
    flat = rows.reshape(at.size, -1)
    axes = np.linalg.svd(flat, full_matrices=False)[2][:N_COMPONENTS]
    spread = np.maximum((_quiet(signal.x, width) @ axes.T).std(axis=0), 1.0)
    return Shapes(at, late, flat @ axes.T / spread)


def _late(residual: Floats, at: Ints) -> Floats:
    """Fraction of a sample by which the deflections are later: of a parabola on the largest."""
    channel = np.abs(residual[:, at]).argmax(axis=0)
    before, here, after = (np.abs(residual[channel, at + step]) for step in (-1, 0, 1))
    bend = before - 2 * here + after
    slope = 0.5 * (before - after)
    late = np.divide(slope, bend, out=np.zeros(at.size), where=bend < 0)
    return np.asarray(np.clip(late, -0.5, 0.5))


def _windows(x: Floats, at: Ints, half: int) -> Floats:
    return np.stack([x[:, t - half : t + half + 1] for t in at])


def _quiet(x: Floats, half: int) -> Floats:
    """The 200 windows whose largest deflection is least."""
    n = x.shape[1] // (2 * half + 1) * (2 * half + 1)
    windows = x[:, :n].reshape(len(x), -1, 2 * half + 1).transpose(1, 0, 2)
    largest = np.abs(windows).max(axis=(1, 2))
    windows = windows[largest > 0]  # masked spans are no quiet
    order = np.argsort(largest[largest > 0], kind="stable")[:200]
    return np.asarray(windows[order].reshape(order.size, -1))


def _clusters(features: Floats, least: int) -> list[Bools]:
    """Dense groups, the densest first: members of each."""
    energy = np.square(features).sum(axis=1)
    squared = energy[:, None] + energy[None] - 2 * features @ features.T
    near = squared < NEAR + ALIKE**2 * np.minimum(energy[:, None], energy[None])
    alive = np.ones(energy.size, np.bool_)
    large = energy > LEAST_ENERGY
    neighbours = near.sum(axis=1)  # that are alive
    found: list[Bools] = []
    while len(found) < MOST_NEW:
        counts = np.where(alive & large, neighbours, 0)
        seed = int(counts.argmax())
        if counts[seed] < least:
            break
        members = _settled(features, near[seed] & alive, alive, least)
        if members.sum() >= least:
            found.append(members)
        gone = members & alive
        gone[seed] = True
        neighbours -= near[:, gone].sum(axis=1)
        alive &= ~gone
    return found


def _settled(features: Floats, members: Bools, alive: Bools, least: int) -> Bools:
    """Members about the median of the members."""
    for _ in range(4):
        centre = np.median(features[members], axis=0)
        squared = np.square(features - centre).sum(axis=1)
        inside = (squared < INSIDE + ALIKE**2 * np.square(centre).sum()) & alive
        if 2 * inside.sum() < least:
            break
        members = inside
    return members


def without_copies(templates: Floats) -> Floats:
    """The templates, the largest first, without those that another one equals at some lag."""
    energy = np.square(templates).sum(axis=(1, 2))
    order = np.argsort(-energy, kind="stable")
    alike = squared_distances(templates)
    kept: list[int] = []
    for k in order.tolist():
        near = [alike[k, j] < max(SAME_SD, SAME_SHAPE**2 * energy[j]) for j in kept]
        if not any(near):
            kept.append(k)
    return templates[kept]


def squared_distances(templates: Floats) -> Floats:
    """Squared distance of each two templates at the lag at which they are nearest."""
    energy = np.square(templates).sum(axis=(1, 2))
    most = overlaps_of(templates, templates[:, None])[:, 0].max(axis=2)
    return np.asarray(energy[:, None] + energy[None] - 2 * most)


def shares_explained(signal: NeedleSignal, templates: Floats) -> Floats:
    """Share of each template's energy that a sum of two others explains, 0–1."""
    n, length = len(templates), templates.shape[-1]
    shares = np.zeros(n)
    energy = np.square(templates).sum(axis=(1, 2))
    bank = bank_of(signal, templates, templates[:, None])
    wide = np.pad(templates, ((0, 0), (0, 0), (length // 2, length // 2)))
    for k in range(n):
        others = [j for j in range(n) if j != k and energy[j] < energy[k]]
        if others:
            scores = scores_of(wide[k], templates[others])
            overlaps = bank.overlaps[others][:, 0][:, others]
            shares[k] = _two_explain(scores, overlaps, energy[others]) / energy[k]
    return shares


def _two_explain(scores: Floats, overlaps: Floats, energy: Floats) -> float:
    """Most energy that a template and then another one explain, at almost their own size."""
    best = 0.0
    length = (overlaps.shape[2] + 1) // 2
    for first, row in enumerate(scores):
        at = int(row.argmax())
        scale = float(np.clip(row[at] / energy[first], *SUM_SCALE))
        gain = 2 * scale * row[at] - scale**2 * energy[first]
        left = scores.copy()
        lags = np.arange(scores.shape[1]) - at
        inside = np.abs(lags) < length
        left[:, inside] -= scale * overlaps[first][:, lags[inside] + length - 1]
        size = energy[:, None]
        scales = np.clip(left / size, *SUM_SCALE)
        best = max(best, float(gain + (2 * scales * left - scales**2 * size).max()))
    return best


def parted(found: Resolved, least: int) -> tuple[Floats, int]:
    """Templates, with two in the place of each whose discharges have two shapes; how many had."""
    templates: list[Floats] = []
    n_parted = 0
    for unit, template in enumerate(found.templates):
        rows = cleaned(found, unit)
        high = two_shapes(rows, template, least)
        if high is None:
            templates.append(template)
        else:
            templates += [np.median(rows[high], axis=0), np.median(rows[~high], axis=0)]
            n_parted += 1
    return faded(np.array(templates)), n_parted


def two_shapes(rows: Floats, template: Floats, least: int) -> Bools | None:
    """Which rows are of the first of two shapes; `None` where there is one."""
    if len(rows) < 2 * least:
        return None
    height = np.abs(template).max(axis=0)
    flat = rows[:, :, height > 0.1 * height.max()].reshape(len(rows), -1)
    flat = flat - np.median(flat, axis=0)
    limit = 4 * np.median(np.abs(flat)) / 0.6745
    axes = _main_axes(np.clip(flat, -limit, limit), 4)
    best, answer = TWO_SHAPES, None
    for values in (flat @ axes.T).T:
        high, apart = _two_means(values)
        fewest = min(int(high.sum()), int((~high).sum()))
        if apart > best and fewest >= max(0.6 * least, LEAST_PART * len(rows)):
            best, answer = apart, high
    return answer


def _main_axes(rows: Floats, n: int) -> Floats:
    """The first right singular vectors, (n, n_columns); of many rows by their products."""
    if len(rows) < rows.shape[1]:
        return np.asarray(np.linalg.svd(rows, full_matrices=False)[2][:n])
    from scipy.linalg import eigh

    last = rows.shape[1] - 1
    vectors = eigh(rows.T @ rows, subset_by_index=(max(0, last - n + 1), last))[1]
    return np.asarray(vectors[:, ::-1].T)


def _two_means(values: Floats) -> tuple[Bools, float]:
    """Which values are of the higher cluster, and how far the means are apart in their SD."""
    values = np.clip(values, *np.percentile(values, [2, 98]))
    low, top = np.percentile(values, [10, 90])
    high = values > (low + top) / 2
    for _ in range(50):
        if high.all() or not high.any():
            return high, 0.0
        after = values > (values[high].mean() + values[~high].mean()) / 2
        if np.array_equal(after, high):
            break
        high = after
    apart = float(values[high].mean() - values[~high].mean())
    within = (high.sum() * values[high].var() + (~high).sum() * values[~high].var()) / high.size
    return high, apart / float(np.sqrt(within)) if apart > LEAST_APART and within > 0 else 0.0
