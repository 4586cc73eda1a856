"""Trains of potentials that repeat, through a recording of any length."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from emgproc._kernels.needle_plan import PHASES
from emgproc.arrays import Floats, Ints
from emgproc.motor_units.needle_resolve import Resolved, chosen, resolve, trained_again
from emgproc.motor_units.needle_signal import NeedleSignal
from emgproc.needle.spontaneous_own import own_rhythm
from emgproc.needle.spontaneous_remainders import hidden
from emgproc.needle.spontaneous_settings import SpontaneousSettings
from emgproc.needle.spontaneous_signal import (
    Block,
    Places,
    Source,
    Span,
    active_signal,
    blocks_of,
)
from emgproc.needle.spontaneous_sums import explain, is_sum, of_size
from emgproc.needle.spontaneous_templates import (
    HALF_S,
    deflections,
    is_locked,
    locked,
    new_templates,
)

MOST_ROUNDS = 4
HIDDEN_SD = 3.0  # height of a potential in the noise that larger ones leave
BESIDE_S = 0.015  # of a potential: what larger ones leave lies within
LEAST_PARTS, PARTS_SHARE, ALL_PARTS = 8, 0.5, 0.4
LARGER = 2.0  # energy of a train that is no part of another one, though it is locked to it


class Trains(NamedTuple):
    """Places of potentials, samples of the channel, ascending: by train, and those of no train."""

    trains: list[Floats]
    single: Floats


class _Limits(NamedTuple):
    """Heights in noise SD, distances in samples of the filtered signal."""

    threshold: float
    dead: int
    length: int
    alike_r: float


@dataclass
class _State:
    """What is carried from block to block: templates, the places of each, and those of none."""

    templates: Floats
    trains: list[list[Floats]] = field(default_factory=list)
    single: list[Floats] = field(default_factory=list)


def trains_of(
    source: Source, stretches: list[Span], noise_uv: float, settings: SpontaneousSettings
) -> Trains:
    """Trains of the potentials in usable stretches.

    Templates found in one block are looked for in those after it.

    Parameters
    ----------
    source
        The channel and its filter.
    stretches
        Samples [start, stop) without a gap.
    noise_uv
        SD of the noise of the filtered signal, µV, above 0.
    settings
        Thresholds.
    """
    fs = source.work_fs
    threshold_uv = max(settings.threshold_sd * noise_uv, settings.threshold_uv)
    length = 2 * round(HALF_S * fs) + 1
    dead = max(1, round(settings.dead_s * fs))
    limits = _Limits(threshold_uv / noise_uv, dead, length, settings.alike_r)
    state = _State(np.empty((0, 1, length)))
    for block in blocks_of(stretches, source.fs):
        y = source.filtered(block.read, block.stretch)
        signal, places = active_signal(y, noise_uv, threshold_uv, fs, length)
        if signal.x.shape[1] > 2 * length:
            found = _resolved(signal, state, limits)
            _keep(state, _seen(signal, found, limits), _Own(places, block, source.step))
    trains = [np.sort(np.concatenate(parts)) for parts in state.trains]
    energy = np.square(state.templates).sum(axis=(1, 2))
    alive = [k for k, train in enumerate(trains) if train.size]
    fibre = settings.fibre_cov, 1 / settings.fibre_hz[0]
    joined = without_parts([trains[k] for k in alive], energy[alive], source.fs, fibre)
    return Trains(joined, np.concatenate([np.empty(0), *state.single]))


def _resolved(signal: NeedleSignal, state: _State, limits: _Limits) -> Resolved | None:
    """Discharges of known templates, and of those that what is left of the signal shows."""
    found = of_size(resolve(signal, state.templates)) if len(state.templates) else None
    for _ in range(MOST_ROUNDS):
        new = new_templates(signal, found, limits.threshold, limits.alike_r, limits.dead)
        if not len(new):
            break
        n_old = len(state.templates)
        tried = of_size(resolve(signal, np.concatenate([state.templates, new])))
        counts = np.bincount(tried.placed.unit, minlength=len(tried.templates))
        bank = np.concatenate([state.templates, trained_again(tried)[n_old:]])
        kept = [
            k
            for k in range(len(bank))
            if k < n_old or (counts[k] > 1 and not is_sum(signal, bank, counts, k))
        ]
        if len(kept) == n_old:
            break
        state.templates = bank[kept]
        found = of_size(resolve(signal, state.templates))
    return found


class _Seen(NamedTuple):
    """Places in the signal of a block: (unit, sample) of each discharge, and what is left."""

    units: Ints
    at: Floats
    left: Floats


def _seen(signal: NeedleSignal, found: Resolved | None, limits: _Limits) -> _Seen:
    """Discharges that are to be believed, and deflections that they do not explain."""
    if found is None:
        left = deflections(signal, found, limits.threshold, limits.dead)
        return _Seen(np.empty(0, np.int64), np.empty(0), left.at + left.late)
    kept = chosen(found.placed, ~hidden(signal, found, HIDDEN_SD))
    found = found._replace(placed=kept)
    left = deflections(signal, found, limits.threshold, limits.dead)
    again, explained = explain(found, left.at)
    units = np.concatenate([kept.unit, np.array([unit for unit, _ in again], np.int64)])
    fine = kept.at + kept.phase / PHASES - 0.5
    at = np.concatenate([fine, np.array([float(place) for _, place in again])])
    return _Seen(units, at, (left.at + left.late)[~explained])


class _Own(NamedTuple):
    """From the joined signal of a block back to the channel."""

    places: Places
    block: Block
    step: int

    def samples(self, at: Floats) -> Floats:
        """Samples of the channel; what the block only reads is another block's."""
        whole = np.rint(at).astype(np.int64)
        there = self.block.read[0] + (self.places.before(whole) + at - whole) * self.step
        start, stop = self.block.own
        return np.asarray(there[(there >= start) & (there < stop)])


def _keep(state: _State, seen: _Seen, own: _Own) -> None:
    while len(state.trains) < len(state.templates):
        state.trains.append([])
    for unit, parts in enumerate(state.trains):
        parts.append(own.samples(seen.at[seen.units == unit]))
    state.single.append(own.samples(seen.left))


def without_parts(
    trains: list[Floats], energy: Floats, fs: float, limits: tuple[float, float]
) -> list[Floats]:
    """Trains, most energy first, without what is a part of another one's potentials.

    Late parts can look like the potential of a fibre that is there too; of such a train only what
    lies at the same lags from most discharges of the other is taken. Of one that is mostly such
    parts stays what has a fibre's rhythm (`limits`: highest CoV, longest interval in s).
    """
    kept: list[int] = []
    left = list(trains)
    sizes = np.array([train.size for train in trains])
    for k in np.argsort(-energy * sizes, kind="stable").tolist():
        larger = [j for j in kept if energy[k] < LARGER * energy[j]]
        parted = set[int]()
        for j in larger:
            free = _without_locked(left[k], left[j], fs)
            parted |= {j} if free.size < left[k].size else set()
            left[k] = free
        of = {j for j in larger if left[k].size and _is_remainder(left[k], left[j], fs)}
        if of or left[k].size < ALL_PARTS * sizes[k]:
            others = [left[j] for j in sorted(of | parted)]
            left[k] = own_rhythm(left[k], others, BESIDE_S, fs, limits)
        if left[k].size:
            kept.append(k)
    return [left[k] for k in kept]


def _without_locked(train: Floats, other: Floats, fs: float) -> Floats:
    """A train without what lies at one and the same lag from half of another, or at several."""
    while True:
        part = locked(train, other, fs)
        if part.sum() < max(LEAST_PARTS, PARTS_SHARE * other.size):
            return train
        train = train[~part]


def _is_remainder(train: Floats, other: Floats, fs: float) -> bool:
    """Tell whether a train lies at one lag from another one, or nearly all about its discharges.

    Where those cover a good part of the time, being near them says nothing.
    """
    if is_locked(train, other, fs):
        return True
    after = np.searchsorted(other, train)
    sides = [np.abs(train - other[np.clip(after + k, 0, other.size - 1)]) for k in (-1, 0)]
    near = np.mean(np.minimum(*sides) <= BESIDE_S * fs)
    covered = 2 * BESIDE_S * fs * other.size / max(np.ptp(other), 1.0)
    return bool(train.size >= LEAST_PARTS and covered < 0.5 and near > 0.7 + 0.5 * covered)
