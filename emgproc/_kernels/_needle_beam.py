"""The set of discharges that explains most of a short span: answers followed side by side."""

from typing import NamedTuple

import numpy as np

from emgproc._kernels._jit import kernel
from emgproc._kernels._needle import in_order, place, reaches
from emgproc._kernels.needle_plan import BEAM, BRANCHES, DEPTH, Bank, Counts, Placed
from emgproc.arrays import Floats, Ints

CHUNK = 64  # scores that are passed over at once where none is high enough


class Beam(NamedTuple):
    """Answers that are followed side by side; positions are relative to the span's start."""

    scores: Floats  # (BEAM, units, longest span)
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
def add_ways(
    beam: Beam, b: int, silent: Counts, span: tuple[int, int], bank: Bank, ways: Ways, n: int
) -> int:
    """Add the `BRANCHES` best ways on from one answer to the `n` there are; return how many."""
    first, (lo, hi) = n, span
    for k in range(beam.scores.shape[1]):
        row = beam.scores[b, k, : hi - lo]
        for start in range(0, row.size, CHUNK):
            if not reaches(row[start : start + CHUNK], bank.least[k]):
                continue
            for i in range(start, min(row.size, start + CHUNK)):
                if row[i] < bank.least[k] or silent[k, lo + i] > 0 or not is_peak(row, i):
                    continue
                gain = place(row, i, bank.energy[k])[2] - bank.cost
                if gain > 0 and is_free(beam, b, k, i, bank.refractory):
                    n = add_way((b, k, i), beam.total[b] + gain, ways, first, n)
    return n


@kernel
def is_peak(row: Floats, i: int) -> bool:
    """Tell whether no neighbour is higher, and the next one not as high."""
    return not ((i > 0 and row[i - 1] > row[i]) or (i < row.size - 1 and row[i + 1] >= row[i]))


@kernel
def add_way(way: tuple[int, int, int], total: float, ways: Ways, first: int, n: int) -> int:
    """Keep a way if it is among the best `BRANCHES` since number `first`; return how many."""
    slot = n
    if n - first < BRANCHES:
        n += 1
    else:
        slot = first + int(np.argmin(ways.total[first:n]))
        if ways.total[slot] >= total:
            return n
    ways.answer[slot], ways.unit[slot], ways.at[slot] = way
    ways.total[slot] = total
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
def follow(beam: Beam, way: int, ways: Ways, bank: Bank, after: Beam, n: int, span: int) -> None:
    """Write the answer that a way leads to as answer `n`."""
    b, unit, i = ways.answer[way], ways.unit[way], ways.at[way]
    phase, scale, _ = place(beam.scores[b, unit, :span], i, bank.energy[unit])
    length = (bank.overlaps.shape[3] + 1) // 2
    start, stop = max(0, i - length + 1), min(span, i + length)
    for j in range(beam.scores.shape[1]):
        before, left = beam.scores[b, j], after.scores[n, j]
        left[:start], left[stop:span] = before[:start], before[stop:span]
        near, was = left[start:stop], before[start:stop]
        taken = bank.overlaps[unit, phase, j, start - i + length - 1 : stop - i + length - 1]
        for t in range(near.size):
            near[t] = was[t] - scale * taken[t]
    m = beam.size[b]
    for e in range(m):
        after.unit[n, e], after.at[n, e] = beam.unit[b, e], beam.at[b, e]
        after.phase[n, e], after.scale[n, e] = beam.phase[b, e], beam.scale[b, e]
    after.unit[n, m], after.at[n, m] = unit, i
    after.phase[n, m], after.scale[n, m] = phase, scale
    after.size[n], after.total[n] = m + 1, ways.total[way]


@kernel
def search(
    scores: Floats, silent: Counts, bank: Bank, span: tuple[int, int], rooms: tuple[Beam, Beam],
    answer: Placed,
) -> tuple[int, float]:  # fmt: skip
    """Discharges in the span that explain most together: how many, how much."""
    (lo, hi), (beam, after) = span, rooms
    ways = Ways(
        np.zeros(BEAM * BRANCHES, np.int64), np.zeros(BEAM * BRANCHES, np.int64),
        np.zeros(BEAM * BRANCHES, np.int64), np.zeros(BEAM * BRANCHES),
    )  # fmt: skip
    beam.scores[0, :, : hi - lo] = scores[:, lo:hi]
    beam.size[0], beam.total[0] = 0, 0.0
    followed, found, most = 1, 0, 0.0
    for _ in range(DEPTH):
        n_ways = 0
        for b in range(followed):
            n_ways = add_ways(beam, b, silent, span, bank, ways, n_ways)
        followed = 0
        for _ in range(n_ways):
            way = int(np.argmax(ways.total[:n_ways]))
            if not is_known(beam, way, ways, after, followed):
                follow(beam, way, ways, bank, after, followed, hi - lo)
                followed += 1
                if followed == BEAM:
                    break
            ways.total[way] = 0.0  # less than any: those that are left explain something
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
