"""Discharges of known templates in a signal where potentials overlap.

First greedily, the one that explains most before the others; then a few neighbours at a time are
taken out and a beam search looks for the set of discharges that explains most together.
"""

from typing import NamedTuple

import numpy as np

from emgproc._kernels._jit import kernel
from emgproc._kernels._needle import in_order, place, put, reaches
from emgproc._kernels._needle_beam import new_beam, search
from emgproc._kernels._simd import lanes, load, muladd, splat, store
from emgproc._kernels.needle_plan import DEPTH, TOGETHER, Bank, Counts, Placed
from emgproc.arrays import Floats, Ints

BLOCK, GROUP = 128, 64  # samples whose best discharge is remembered; blocks of which the most is


class Best(NamedTuple):
    """Of each block the best discharge and what it explains; of each group of blocks the most."""

    gain: Floats
    unit: Ints
    at: Ints
    most: Floats


@kernel
def correlated(x: Floats, templates: Floats, out: Floats) -> None:
    """Sum of products of each template with the signal from each sample on.

    x is (channels, n + L − 1), templates (units, channels, L), out (units, n) of at least four
    vectors.
    """
    step = lanes(out)
    last = out.shape[1] - 4 * step
    for k in range(templates.shape[0]):
        total = out[k]
        for start in range(0, last + 4 * step, 4 * step):
            t = min(start, last)  # the last four vectors overlap those before
            a = b = c = d = splat(0.0)
            for channel in range(x.shape[0]):
                row, template = x[channel], templates[k, channel]
                for i in range(template.size):
                    weight = splat(template[i])
                    a = muladd(weight, load(row, t + i), a)
                    b = muladd(weight, load(row, t + i + step), b)
                    c = muladd(weight, load(row, t + i + 2 * step), c)
                    d = muladd(weight, load(row, t + i + 3 * step), d)
            store(total, t, a)
            store(total, t + step, b)
            store(total, t + 2 * step, c)
            store(total, t + 3 * step, d)


@kernel
def scan(scores: Floats, silent: Counts, bank: Bank, block: int, best: Best) -> None:
    """Remember the discharge of a block that explains most, the first one of equals."""
    most, start = 0.0, block * BLOCK
    for k in range(scores.shape[0]):
        row = scores[k]
        if not reaches(row[start : start + BLOCK], bank.least[k]):
            continue
        for t in range(start, min(row.size, start + BLOCK)):
            if row[t] < bank.least[k] or silent[k, t] > 0:
                continue
            gain = place(row, t, bank.energy[k])[2] - bank.cost
            if gain > most or (gain == most > 0 and t < best.at[block]):
                most, best.unit[block], best.at[block] = gain, k, t
    best.gain[block] = most


@kernel
def gather(best: Best, group: int) -> None:
    """Remember the most of a group of blocks."""
    most = 0.0
    for gain in best.gain[group * GROUP : (group + 1) * GROUP]:
        most = max(most, gain)
    best.most[group] = most


@kernel
def find_greedily(scores: Floats, silent: Counts, bank: Bank, placed: Placed, n: int) -> int:
    """Add discharges, the one that explains most first, to the `n` there are; return how many.

    Stops where none explains more than its cost, or where there is no more room.
    """
    size, length = scores.shape[1], (bank.overlaps.shape[3] + 1) // 2
    n_blocks = (size + BLOCK - 1) // BLOCK
    n_groups = (n_blocks + GROUP - 1) // GROUP
    where = np.zeros((2, n_blocks), np.int64)
    best = Best(np.zeros(n_blocks), where[0], where[1], np.zeros(n_groups))
    for block in range(n_blocks):
        scan(scores, silent, bank, block, best)
    for group in range(n_groups):
        gather(best, group)
    while n < placed.at.size:
        group = int(np.argmax(best.most))
        if best.most[group] <= 0:
            break
        block = group * GROUP + int(np.argmax(best.gain[group * GROUP : (group + 1) * GROUP]))
        unit, t = best.unit[block], best.at[block]
        phase, scale, _ = place(scores[unit], t, bank.energy[unit])
        put(scores, silent, bank, unit, t, phase, scale, 1)
        placed.unit[n], placed.at[n] = unit, t
        placed.phase[n], placed.scale[n] = phase, scale
        n += 1
        first, last = max(0, t - length) // BLOCK, min(size - 1, t + length) // BLOCK
        for touched in range(first, last + 1):
            scan(scores, silent, bank, touched, best)
        for touched in range(first // GROUP, last // GROUP + 1):
            gather(best, touched)
    in_order(placed, n)
    return n


@kernel
def make_room(placed: Placed, n: int, stop: int, more: int) -> None:
    """Move the discharges from number `stop` on by `more` places."""
    for step in range(n - stop):
        e = n - 1 - step if more > 0 else stop + step
        placed.unit[e + more], placed.at[e + more] = placed.unit[e], placed.at[e]
        placed.phase[e + more], placed.scale[e + more] = placed.phase[e], placed.scale[e]


@kernel
def take_out(
    scores: Floats, silent: Counts, bank: Bank, placed: Placed, first: int, stop: int
) -> None:
    """Put the potentials of some discharges back into the signal, the last one first."""
    for step in range(stop - first):
        e = stop - 1 - step
        unit, at = placed.unit[e], placed.at[e]
        put(scores, silent, bank, unit, at, placed.phase[e], placed.scale[e], -1)


@kernel
def put_again(
    scores: Floats, silent: Counts, bank: Bank, placed: Placed, first: int, stop: int
) -> float:
    """Place the same discharges in their order, each as it fits now; return what they explain."""
    total = 0.0
    for e in range(first, stop):
        unit, at = placed.unit[e], placed.at[e]
        phase, scale, gain = place(scores[unit], at, bank.energy[unit])
        placed.phase[e], placed.scale[e] = phase, scale
        put(scores, silent, bank, unit, at, phase, scale, 1)
        total += gain - bank.cost
    return total


@kernel
def resolve_again(
    scores: Floats, silent: Counts, bank: Bank, placed: Placed, n: int, reach: int, margin: int
) -> int:
    """Search anew for every run of neighbours; return how many discharges there are then.

    A run are at most `TOGETHER` discharges within `reach` samples; the search looks `margin`
    samples beyond them.
    """
    answer = Placed(
        np.zeros(DEPTH, np.int64), np.zeros(DEPTH, np.int64), np.zeros(DEPTH, np.int64),
        np.zeros(DEPTH),
    )  # fmt: skip
    longest = reach + 2 * margin + 1
    rooms = (new_beam(scores.shape[0], longest), new_beam(scores.shape[0], longest))
    first = 0
    while first < n:
        stop = first + 1
        while stop < n and stop - first < TOGETHER and placed.at[stop] - placed.at[first] <= reach:
            stop += 1
        lo = max(0, placed.at[first] - margin)
        hi = min(scores.shape[1], placed.at[stop - 1] + margin + 1)
        take_out(scores, silent, bank, placed, first, stop)
        before = put_again(scores, silent, bank, placed, first, stop)
        take_out(scores, silent, bank, placed, first, stop)
        m, most = search(scores, silent, bank, (lo, hi), rooms, answer)
        if most > before + 1e-6 and n + m - (stop - first) <= placed.at.size:
            make_room(placed, n, stop, m - (stop - first))
            n += m - (stop - first)
            stop = first + m
            placed.unit[first:stop], placed.at[first:stop] = answer.unit[:m], answer.at[:m]
            placed.phase[first:stop] = answer.phase[:m]
            placed.scale[first:stop] = answer.scale[:m]
        for e in range(first, stop):
            unit, at = placed.unit[e], placed.at[e]
            put(scores, silent, bank, unit, at, placed.phase[e], placed.scale[e], 1)
        in_order(placed, n)  # what is new may lie beyond neighbours that were not taken out
        first += 1
    return n
