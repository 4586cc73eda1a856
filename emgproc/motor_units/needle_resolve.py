"""Discharges of known templates: found one by one, then resolved anew where they overlap."""

from typing import NamedTuple

import numpy as np

from emgproc._kernels.needle_plan import PHASES, Bank, Placed
from emgproc.arrays import Bools, Floats, Ints
from emgproc.motor_units.needle_signal import NeedleSignal

LEAST_SHARE, LEAST_SD = 0.6, 4.5  # of a score, of its template's energy and of its own noise
SILENT_S = 0.003  # no unit discharges twice within it
COST = 10.0  # squared noise SD that a discharge must explain
REACH_S, MARGIN_S = 0.006, 0.002
ROOM = 3  # discharges to one found greedily, at most
MOST_WRONG, NOISE = 0.3, 2.0  # of the energy about a discharge, and noise, left unexplained
CORE = 0.15  # of a template's largest deflection: what is above it counts
EDGE = 0.1  # of a template that fades to 0 on either side


class Resolved(NamedTuple):
    """Discharges and what the signal is without them.

    Attributes
    ----------
    templates
        (n_units, n_channels, length), noise SD.
    shifted
        The same at each phase of a sample, (n_units, phases, n_channels, length).
    placed
        Discharges by time.
    residual
        Signal without them.
    """

    templates: Floats
    shifted: Floats
    placed: Placed
    residual: Floats

    def train(self, unit: int) -> Ints:
        """Discharges of one unit, samples of the signal that is decomposed."""
        return np.asarray(self.placed.at[self.placed.unit == unit])


def later(rows: Floats, by: Floats | float) -> Floats:
    """Rows moved later by fractions of a sample: the band ends far below the sampling rate."""
    n = 2 * rows.shape[-1]
    turns = np.exp(-2j * np.pi * (np.arange(n // 2 + 1) / n) * np.asarray(by))
    moved: Floats = np.fft.irfft(np.fft.rfft(rows, n) * turns, n)
    return np.ascontiguousarray(moved[..., : rows.shape[-1]])


def faded(templates: Floats) -> Floats:
    """Templates that begin and end at 0."""
    n = templates.shape[-1]
    edge = round(EDGE * n)
    weights = np.ones(n)
    weights[:edge] = np.sin(np.linspace(0, np.pi / 2, edge)) ** 2
    weights[n - edge :] = weights[:edge][::-1]
    return np.asarray(templates * weights)


def resolve(signal: NeedleSignal, templates: Floats) -> Resolved:
    """Discharges of the templates in the signal; what fits badly is left out.

    Parameters
    ----------
    signal
        As `needle_gate` gives it.
    templates
        (n_units, n_channels, length), at least one.
    """
    from emgproc._kernels import needle as kernels  # numba, loaded when first used

    shifted = np.stack([later(templates, q / PHASES - 0.5) for q in range(PHASES)], axis=1)
    bank = bank_of(signal, templates, shifted)
    scores = scores_of(signal.x, templates)
    silent = np.repeat(signal.masked.astype(np.int8)[None], len(templates), axis=0)
    room = _room(signal.x.shape[1], 0)
    n = kernels.find_greedily(scores, silent, bank, room, 0)
    room = _wider(room, n)
    reach, margin = round(REACH_S * signal.fs), round(MARGIN_S * signal.fs)
    n = kernels.resolve_again(scores, silent, bank, room, n, reach, margin)
    n = kernels.find_greedily(scores, silent, bank, room, n)
    placed = chosen(room, np.arange(room.at.size) < n)
    return _without_misfits(signal.x, Resolved(templates, shifted, placed, signal.x))


def bank_of(signal: NeedleSignal, templates: Floats, shifted: Floats) -> Bank:
    """What the search needs of the templates."""
    energy = np.square(templates).sum(axis=(1, 2))
    least = np.maximum(LEAST_SHARE * energy, LEAST_SD * np.sqrt(signal.colour * energy))
    return Bank(overlaps_of(templates, shifted), energy, least, round(SILENT_S * signal.fs), COST)


def overlaps_of(templates: Floats, shifted: Floats) -> Floats:
    """What each template at each phase adds to the score of each other, by lag."""
    length = templates.shape[-1]
    n = 2 * length
    seen = np.conj(np.fft.rfft(templates, n))
    rows = []
    for moved in np.fft.rfft(shifted, n):
        cross = np.fft.irfft(np.einsum("pcf,jcf->pjf", moved, seen), n)
        rows.append(np.concatenate([cross[..., n - length + 1 :], cross[..., :length]], axis=-1))
    return np.ascontiguousarray(rows)


def scores_of(x: Floats, templates: Floats) -> Floats:
    """Correlation of the signal with each template whose middle lies at each sample."""
    from emgproc._kernels import needle as kernels  # numba, loaded when first used

    length = templates.shape[-1]
    before = length // 2
    wide = np.pad(x, ((0, 0), (before, length - 1 - before)))
    scores = np.empty((len(templates), x.shape[1]))
    kernels.correlated(wide, np.ascontiguousarray(templates), scores)
    return scores


def _room(n_samples: int, least: int) -> Placed:
    n = max(least, n_samples // 20)  # 1000 discharges a second at 20 kHz
    unit, at, phase = np.zeros((3, n), np.int64)
    return Placed(unit, at, phase, np.zeros(n))


def chosen(placed: Placed, which: Bools | Ints) -> Placed:
    """Some of the discharges."""
    unit, at, phase, scale = placed
    return Placed(unit[which], at[which], phase[which], scale[which])


def _wider(room: Placed, n: int) -> Placed:
    wide = _room(0, ROOM * n + 64)
    for new, old in zip(wide, room, strict=True):
        new[:n] = old[:n]
    return wide


def _without_misfits(x: Floats, found: Resolved) -> Resolved:
    """Leave out discharges that explain too little of the signal about them."""
    found = found._replace(residual=x - model_of(found, x.shape[1]))
    core = np.abs(found.templates).max(axis=1)
    core = core > CORE * core.max(axis=1, keepdims=True)
    fits = np.ones(found.placed.at.size, np.bool_)
    for unit, near in enumerate(core):
        which = np.flatnonzero(found.placed.unit == unit)
        left, own = _about(found, which)
        wrong = np.square(left[..., near]).sum(axis=(1, 2))
        here = np.square((left + own)[..., near]).sum(axis=(1, 2))
        fits[which] = wrong <= MOST_WRONG * here + NOISE * len(x) * near.sum()
    kept = found._replace(placed=chosen(found.placed, fits))
    return kept._replace(residual=x - model_of(kept, x.shape[1]))


def _about(found: Resolved, which: Ints) -> tuple[Floats, Floats]:
    """Residual about discharges (0 beyond the edges), and what each discharge itself adds."""
    unit, at, phase, scale = chosen(found.placed, which)
    length = found.templates.shape[-1]
    wide = np.pad(found.residual, ((0, 0), (length // 2, length)))
    left = np.moveaxis(wide[:, at[:, None] + np.arange(length)], 0, 1)
    return left, scale[:, None, None] * found.shifted[unit, phase]


def model_of(found: Resolved, n_samples: int) -> Floats:
    """Sum of all discharges, (n_channels, n_samples)."""
    length = found.templates.shape[-1]
    half = length // 2
    total = np.zeros((found.templates.shape[1], n_samples + 2 * length))
    for unit, at, phase, scale in zip(*found.placed, strict=True):
        start = at - half + length
        total[:, start : start + length] += scale * found.shifted[unit, phase]
    return total[:, length : length + n_samples]


def cleaned(found: Resolved, unit: int) -> Floats:
    """Signal about each discharge of a unit without the other units, aligned below one sample.

    (n_discharges, n_channels, length); those cut by an edge are left out.
    """
    length, n = found.templates.shape[-1], found.residual.shape[1]
    start = found.placed.at - length // 2
    inside = (start >= 0) & (start + length <= n)
    which = np.flatnonzero((found.placed.unit == unit) & inside)
    if not which.size:
        return np.empty((0, *found.templates.shape[1:]))
    left, own = _about(found, which)
    return later(left + own, -(found.placed.phase[which] / PHASES - 0.5)[:, None, None])


def trained_again(found: Resolved, least: int = 3) -> Floats:
    """Templates as the median over their discharges in the signal without the others."""
    templates = found.templates.copy()
    for unit in range(len(templates)):
        rows = cleaned(found, unit)
        if len(rows) >= least:
            templates[unit] = np.median(rows, axis=0)
    return faded(templates)


def masked_about(masked: Bools, at: Ints, half: int) -> Bools:
    """Tell which samples have a masked one within `half`, or lie as near to an edge."""
    sums = np.concatenate([[0], np.cumsum(masked)])
    lo, hi = at - half, at + half + 1
    outside = (lo < 0) | (hi > masked.size)
    inside = sums[np.clip(hi, 0, masked.size)] - sums[np.clip(lo, 0, masked.size)]
    return np.asarray(outside | (inside > 0))
