"""Sixteen starts at a time: where they begin, how they advance, which pulses they end with."""

from typing import NamedTuple

import numpy as np

from emgproc._kernels.decompose_plan import LANES
from emgproc._kernels.threads import over_groups
from emgproc.arrays import Bools, Floats, Ints
from emgproc.motor_units.decompose_quality import Pulses, pulses_of
from emgproc.motor_units.decompose_signal import (
    Mixture,
    Values,
    filters_of,
    mean_rows,
    sources_of,
    step,
)
from emgproc.motor_units.discharges import covisi

SUBSETS = 8  # of the blocks, or as many as there are; an early step looks at one of them
QUICK, THOROUGH = (6, 0), (4, 3)  # steps on subsets, then on all blocks
REFINEMENTS = 4
_CANDIDATES = 128
_ROWS = 4096  # whitened at a time: they stay in the cache
_IRREGULAR = 2.0  # more than this a variation of intervals says no worse


class Starts(NamedTuple):
    """Extended rows of great power, whitened: a filter each, and how alike they are.

    Attributes
    ----------
    at
        Their samples.
    filters
        (n_taps, n_starts).
    power
        Power of the whitened row.
    likeness
        (n_starts, n_starts): correlation of the sources of two filters at the best delay.
    """

    at: Ints
    filters: Values
    power: Floats
    likeness: Values


def find_pulses(  # noqa: PLR0913 - the two beyond are keyword-only
    mixture: Mixture,
    factor: Values,
    used: Bools,
    rng: np.random.Generator,
    *,
    thorough: bool,
    threads: int = 1,
) -> list[Pulses]:
    """Pulses that sixteen starts end with, the most regular and distinct first.

    Parameters
    ----------
    factor
        Of the extended covariance, `factor_of`.
    used
        (n,) samples at which nothing may start; those used now are added.
    rng
        Parts the blocks into the subsets that early steps look at.
    thorough
        Take late steps on all of the signal: slower, and finds weaker units.
    """
    starts = _candidates(mixture, factor, used, threads)
    chosen = _spread(starts)
    for t in starts.at[chosen]:
        used[t - mixture.n_delays // 2 : t + mixture.n_delays // 2] = True
    filters = np.zeros((mixture.n_taps, LANES), np.float32)
    filters[:, : len(chosen)] = starts.filters[:, chosen]
    early, late = THOROUGH if thorough else QUICK
    blocks = rng.permutation(mixture.blocks)
    n_subsets = min(SUBSETS, blocks.size)
    for i in range(early):
        subset = np.sort(blocks[i % n_subsets :: n_subsets])
        filters = filters_of(factor, step(mixture, filters, subset, threads))
    for _ in range(late):
        filters = filters_of(factor, step(mixture, filters, mixture.blocks, threads))
    return _refined(mixture, factor, filters, threads)


def _refined(mixture: Mixture, factor: Values, filters: Values, threads: int) -> list[Pulses]:
    """Pulses of each filter, and of the filters that the mean row at the pulses gives."""
    best: list[tuple[float, Pulses]] = []
    for i in range(REFINEMENTS):
        found = pulses_of(sources_of(mixture, filters, threads), mixture.fs, threads)
        scored = [(_score(pulses, mixture.fs), pulses) for pulses in found]
        best = [max(pair, key=lambda s: s[0]) for pair in zip(best or scored, scored, strict=True)]
        if i + 1 < REFINEMENTS:
            filters = filters_of(factor, mean_rows(mixture, [p.train for p in found], threads))
    return [pulses for _, pulses in sorted(best, key=lambda scored: -scored[0])]


def _score(pulses: Pulses, fs: float) -> float:
    spread = covisi(pulses.train, fs).value  # NaN of a short train: min() leaves it irregular
    return pulses.sil - 0.2 * min(_IRREGULAR, spread)


def _candidates(mixture: Mixture, factor: Values, used: Bools, threads: int) -> Starts:
    power = np.where(used | ~mixture.usable, 0.0, _power(mixture, factor, threads))
    apart = round(0.02 * mixture.fs)
    at = []
    for _ in range(_CANDIDATES):
        t = int(power.argmax())
        if power[t] <= 0:
            break
        at.append(t)
        power[t - apart : t + apart] = 0.0
    rows = np.stack([mixture.x[t * mixture.m :][: mixture.n_taps] for t in at], axis=1)
    filters = filters_of(factor, rows)
    size = np.einsum("kj,kj->j", filters, rows)
    likeness = _likeness(filters, rows / np.maximum(size, 1e-30), mixture)
    return Starts(np.array(at), filters, np.square(size, dtype=np.float64), likeness)


def _power(mixture: Mixture, factor: Values, threads: int) -> Floats:
    """Power over R samples of the signal whitened over its channels.

    The first rows of the factor are that of the covariance without delay.
    """
    x = mixture.table[: mixture.n + mixture.n_delays]
    root = np.tril(factor[: mixture.m, : mixture.m]).astype(np.float64)
    whitening = np.ascontiguousarray(np.linalg.inv(root).T, np.float32)
    square = np.empty(len(x))

    def work(chunks: slice) -> None:
        for first in range(chunks.start * _ROWS, min(chunks.stop * _ROWS, len(x)), _ROWS):
            white = x[first : first + _ROWS] @ whitening
            square[first : first + _ROWS] = np.einsum("tc,tc->t", white, white)

    over_groups(work, -(-len(x) // _ROWS), threads)
    sums = np.cumsum(square)
    power: Floats = sums[mixture.n_delays :] - sums[: -mixture.n_delays]
    return power


def _likeness(filters: Values, rows: Values, mixture: Mixture) -> Values:
    """Largest correlation of the sources of every two filters, at delays of up to R / 2.

    `rows` is the covariance times `filters`.
    """
    r, n = mixture.n_delays, filters.shape[1]
    first, second = filters.reshape(r, mixture.m, n), rows.reshape(r, mixture.m, n)
    most = np.zeros((n, n), np.float32)
    for delay in range(r // 2 + 1):
        a = first[: r - delay].reshape(-1, n)
        b = second[delay:].reshape(-1, n)
        most = np.maximum(most, np.abs(a.T @ b))
    return np.maximum(most, most.T)


def _spread(starts: Starts) -> list[int]:
    """Up to sixteen starts: always the one with the greatest power not explained by the others."""
    explained = np.zeros(starts.at.size)
    chosen: list[int] = []
    for _ in range(min(LANES, starts.at.size)):
        left = starts.power * (1 - np.minimum(explained, 1.0) ** 2)
        left[chosen] = -1.0
        best = int(left.argmax())
        chosen.append(best)
        explained = np.maximum(explained, starts.likeness[best])
    return chosen
