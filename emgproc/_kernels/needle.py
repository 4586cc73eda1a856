"""Discharges of known templates in a signal where potentials overlap.

First greedily, the one that explains most before the others; then a few neighbours at a time are
taken out and a beam search looks for the set of discharges that explains most together.
"""

from typing import NamedTuple

import numpy as np

from emgproc._kernels._jit import kernel
from emgproc._kernels._needle import in_order, place, put
from emgproc._kernels.needle_plan import BEAM, BRANCHES, DEPTH, TOGETHER, Bank, Counts, Placed
from emgproc.arrays import Floats, Ints

BLOCK = 128  # samples whose best discharge is remembered


class Beam(NamedTuple):
    """Answers that are followed side by side; positions are relative to the span's start."""

    scores: Floats  # (BEAM, units, span)
    total: Floats
    size: Ints
    unit: Ints  # (BEAM, DEPTH)
    at: Ints
    phase: Ints
    scale: Floats


class Ways(NamedTuple):
    """Ways on from the answers of a beam."""

    answer: Ints
    unit: Ints
    at: Ints
    total: Floats


@kernel
def best_at(scores: Floats, silent: Counts, bank: Bank, t: int) -> tuple[int, float]:
    """Unit that explains most at sample `t`, and how much beyond its cost; 0 if none does."""
    best, most = -1, 0.0
    for k in range(scores.shape[0]):
        if scores[k, t] >= bank.least[k] and silent[k, t] <= 0:
            gain = place(scores[k], t, bank.energy[k])[2] - bank.cost
            if gain > most:
                best, most = k, gain
    return best, most


@kernel
def scan(
    scores: Floats, silent: Counts, bank: Bank, block: int, best: Floats, where: Ints
) -> None:
    """Remember the best discharge of a block."""
    best[block] = 0.0
    for t in range(block * BLOCK, min(scores.shape[1], (block + 1) * BLOCK)):
        gain = best_at(scores, silent, bank, t)[1]
        if gain > best[block]:
            best[block], where[block] = gain, t


@kernel
def find_greedily(scores: Floats, silent: Counts, bank: Bank, placed: Placed, n: int) -> int:
    """Add discharges, the one that explains most first, to the `n` there are; return how many.

    Stops where none explains more than its cost, or where there is no more room.
    """
    size, length = scores.shape[1], (bank.overlaps.shape[3] + 1) // 2
    n_blocks = (size + BLOCK - 1) // BLOCK
    best, where = np.zeros(n_blocks), np.zeros(n_blocks, np.int64)
    for block in range(n_blocks):
        scan(scores, silent, bank, block, best, where)
    while n < placed.at.size:
        block = int(np.argmax(best))
        if best[block] <= 0:
            break
        t = where[block]
        unit = best_at(scores, silent, bank, t)[0]
        phase, scale, _ = place(scores[unit], t, bank.energy[unit])
        put(scores, silent, bank, unit, t, phase, scale, 1)
        placed.unit[n], placed.at[n] = unit, t
        placed.phase[n], placed.scale[n] = phase, scale
        n += 1
        for touched in range(max(0, t - length) // BLOCK, min(size - 1, t + length) // BLOCK + 1):
            scan(scores, silent, bank, touched, best, where)
    in_order(placed, n)
    return n


@kernel
def new_beam(n_units: int, span: int) -> Beam:
    """Room for the answers of one search."""
    shape = (BEAM, DEPTH)
    return Beam(
        np.empty((BEAM, n_units, span)), np.zeros(BEAM), np.zeros(BEAM, np.int64),
        np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64),
        np.zeros(shape),
    )  # fmt: skip


@kernel
def is_free(beam: Beam, b: int, unit: int, i: int, refractory: int) -> bool:
    """Tell whether an answer has no discharge of the unit near sample `i`."""
    for e in range(beam.size[b]):
        if beam.unit[b, e] == unit and abs(beam.at[b, e] - i) <= refractory:
            return False
    return True


@kernel
def add_ways(beam: Beam, b: int, silent: Counts, lo: int, bank: Bank, ways: Ways, n: int) -> int:
    """Add the `BRANCHES` best ways on from one answer to the `n` there are; return how many."""
    first, span = n, beam.scores.shape[2]
    for k in range(beam.scores.shape[1]):
        row = beam.scores[b, k]
        for i in range(span):
            if row[i] < bank.least[k] or silent[k, lo + i] > 0:
                continue
            if (i > 0 and row[i - 1] > row[i]) or (i < span - 1 and row[i + 1] >= row[i]):
                continue
            gain = place(row, i, bank.energy[k])[2] - bank.cost
            if gain <= 0 or not is_free(beam, b, k, i, bank.refractory):
                continue
            slot = n
            if n - first < BRANCHES:
                n += 1
            else:
                slot = first + int(np.argmin(ways.total[first:n]))
                if ways.total[slot] >= beam.total[b] + gain:
                    continue
            ways.answer[slot], ways.unit[slot], ways.at[slot] = b, k, i
            ways.total[slot] = beam.total[b] + gain
    return n


@kernel
def is_known(beam: Beam, way: int, ways: Ways, after: Beam, n: int) -> bool:
    """Tell whether a way leads to one of the `n` answers that are there already.

    That is the same discharges, placed in another order.
    """
    b = ways.answer[way]
    for v in range(n):
        same = 0
        for e in range(after.size[v]):
            unit, at = after.unit[v, e], after.at[v, e]
            same += ways.unit[way] == unit and abs(ways.at[way] - at) <= 1
            for f in range(beam.size[b]):
                same += beam.unit[b, f] == unit and abs(beam.at[b, f] - at) <= 1
        if same >= after.size[v]:
            return True
    return False


@kernel
def follow(beam: Beam, way: int, ways: Ways, bank: Bank, after: Beam, n: int) -> None:
    """Write the answer that a way leads to as answer `n`."""
    b, unit, i = ways.answer[way], ways.unit[way], ways.at[way]
    phase, scale, _ = place(beam.scores[b, unit], i, bank.energy[unit])
    length, span = (bank.overlaps.shape[3] + 1) // 2, beam.scores.shape[2]
    start, stop = max(0, i - length + 1), min(span, i + length)
    for j in range(beam.scores.shape[1]):
        before, left = beam.scores[b, j], after.scores[n, j]
        for t in range(span):
            left[t] = before[t]
        near = left[start:stop]
        taken = bank.overlaps[unit, phase, j, start - i + length - 1 : stop - i + length - 1]
        for t in range(near.size):
            near[t] -= scale * taken[t]
    m = beam.size[b]
    for e in range(m):
        after.unit[n, e], after.at[n, e] = beam.unit[b, e], beam.at[b, e]
        after.phase[n, e], after.scale[n, e] = beam.phase[b, e], beam.scale[b, e]
    after.unit[n, m], after.at[n, m] = unit, i
    after.phase[n, m], after.scale[n, m] = phase, scale
    after.size[n], after.total[n] = m + 1, ways.total[way]


@kernel
def search(
    scores: Floats, silent: Counts, bank: Bank, lo: int, hi: int, answer: Placed
) -> tuple[int, float]:
    """Discharges in [lo, hi) that explain most together: how many, how much."""
    beam = new_beam(scores.shape[0], hi - lo)
    after = new_beam(scores.shape[0], hi - lo)
    ways = Ways(
        np.zeros(BEAM * BRANCHES, np.int64), np.zeros(BEAM * BRANCHES, np.int64),
        np.zeros(BEAM * BRANCHES, np.int64), np.zeros(BEAM * BRANCHES),
    )  # fmt: skip
    beam.scores[0] = scores[:, lo:hi]
    followed, found, most = 1, 0, 0.0
    for _ in range(DEPTH):
        n_ways = 0
        for b in range(followed):
            n_ways = add_ways(beam, b, silent, lo, bank, ways, n_ways)
        followed = 0
        for way in np.argsort(-ways.total[:n_ways], kind="mergesort"):
            if followed < BEAM and not is_known(beam, way, ways, after, followed):
                follow(beam, way, ways, bank, after, followed)
                followed += 1
        if followed == 0:
            break
        if after.total[0] > most:
            found, most = after.size[0], after.total[0]
            answer.unit[:found], answer.at[:found] = after.unit[0, :found], after.at[0, :found]
            answer.at[:found] += lo
            answer.phase[:found] = after.phase[0, :found]
            answer.scale[:found] = after.scale[0, :found]
        beam, after = after, beam
    in_order(answer, found)
    return found, most


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
        m, most = search(scores, silent, bank, lo, hi, answer)
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
        first += 1
    in_order(placed, n)
    return n
