"""Several fibres of one shape and size that fire at once, each in its own rhythm.

Two fibres as far from the needle as each other look the same; together they are irregular. Their
trains are parted by time alone: the chain of discharges that follow each other most regularly is
taken out, then the next.
"""

from typing import NamedTuple

import numpy as np

from emgproc.arrays import Bools, Floats, Ints
from emgproc.needle.spontaneous_rhythm import rhythm_of

MOST_PARTS, LEAST_PART = 4, 8
MOST_AHEAD, MOST_MISSED = 14, 2  # discharges looked ahead; missing ones in a row
SPREAD = 0.07  # of an interval against the one before: SD of a fibre's, times the square root of 2
WIDEST = 0.25
MISSED_COST = 1.2
LEAST_FILLED = 0.8  # discharges of a chain to those it would have without a miss; Poisson: 0.5
LEAST_SHARE = 0.65  # of all discharges that lie in a chain
SAME_RATE = 0.25


class _Steps(NamedTuple):
    """Ways from one discharge to a later one: to which, and the interval if some are missing."""

    first: Ints
    last: Ints
    missed: Ints
    period: Floats


def regular_parts(
    times_s: Floats, most_cov: float, most_s: float, filled: float = LEAST_FILLED
) -> tuple[list[Ints], Ints]:
    """Indices of each regular train among the times, and of what is in none.

    No train where less than 0.65 of the times are in one.

    Parameters
    ----------
    times_s
        Discharges, s, ascending (n,).
    most_cov
        Highest `cov_usual` of a train.
    most_s
        Longest interval, s.
    filled
        Least share of a chain's discharges that are seen.
    """
    left = np.arange(times_s.size)
    parts: list[Ints] = []
    for _ in range(2 * MOST_PARTS):
        chain = left[_chain(times_s[left], most_s)]
        if chain.size < LEAST_PART or not _is_regular(times_s[chain], most_cov, filled):
            break
        parts = _added(parts, chain, times_s)
        left = np.setdiff1d(left, chain)
    enough = left.size <= (1 - LEAST_SHARE) * times_s.size
    if not enough or len(parts) > MOST_PARTS:
        return [], np.arange(times_s.size)
    return parts, left


def _is_regular(times_s: Floats, most_cov: float, filled: float) -> bool:
    rhythm = rhythm_of(np.diff(times_s))
    whole = (times_s[-1] - times_s[0]) * rhythm.rate_hz + 1
    return rhythm.cov_usual < most_cov and times_s.size >= filled * whole


def _added(parts: list[Ints], chain: Ints, times_s: Floats) -> list[Ints]:
    """The parts with a chain more, or with one of them longer by it, as one train may pause."""
    step = float(np.median(np.diff(times_s[chain])))
    for i, part in enumerate(parts):
        apart = part[-1] < chain[0] or chain[-1] < part[0]
        own = float(np.median(np.diff(times_s[part])))
        if apart and abs(own - step) < SAME_RATE * step:
            return [*parts[:i], np.sort(np.concatenate([part, chain])), *parts[i + 1 :]]
    return [*parts, chain]


def _chain(times_s: Floats, most_s: float) -> Ints:
    """Indices of the most regular chain: a discharge counts 1, a change of interval costs."""
    steps = _steps_of(times_s, most_s)
    n = steps.first.size
    if not n:
        return np.empty(0, np.int64)
    score, before = np.ones(n) - MISSED_COST * steps.missed, np.full(n, -1)
    order = np.argsort(steps.last, kind="stable")
    bounds = np.searchsorted(steps.last[order], np.arange(times_s.size + 1))
    edges = np.searchsorted(steps.first, np.arange(times_s.size + 1))
    for i in range(times_s.size):
        ways_in, ways_out = order[bounds[i] : bounds[i + 1]], slice(edges[i], edges[i + 1])
        if not ways_in.size or edges[i] == edges[i + 1]:
            continue
        change = steps.period[ways_out, None] / steps.period[ways_in] - 1
        gain = score[ways_in] - 0.5 * (change / SPREAD) ** 2 / 2
        gain = np.where(np.abs(change) < WIDEST, gain, 0.0)
        best = np.argmax(gain, axis=1)
        most = gain[np.arange(best.size), best]
        before[ways_out] = np.where(most > 0, ways_in[best], -1)
        score[ways_out] += np.maximum(most, 0.0)
    at = int(np.argmax(score))
    found = [int(steps.last[at])]
    while at >= 0:
        found.append(int(steps.first[at]))
        at = int(before[at])
    return np.array(found[::-1], np.int64)


def _steps_of(times_s: Floats, most_s: float) -> _Steps:
    ahead = np.arange(1, MOST_AHEAD + 1)
    missed = np.arange(MOST_MISSED + 1)
    first, more, gaps = (
        a.ravel() for a in np.meshgrid(np.arange(times_s.size), ahead, missed, indexing="ij")
    )
    inside: Bools = first + more < times_s.size
    first, last, gaps = first[inside], (first + more)[inside], gaps[inside]
    period = (times_s[last] - times_s[first]) / (gaps + 1)
    usable = (period <= most_s) & (period > 0)
    return _Steps(first[usable], last[usable], gaps[usable], period[usable])
