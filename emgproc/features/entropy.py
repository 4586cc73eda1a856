"""Sample entropy: how seldom what was alike goes on alike."""

import itertools
import math

import numpy as np
from numpy.typing import ArrayLike

from emgproc._kernels._simd_interpreted import LANES
from emgproc._kernels.threads import over_groups
from emgproc.arrays import Floats, Ints
from emgproc.errors import ParameterError
from emgproc.features.samples import centred, over_channels


def sample_entropy(
    x: ArrayLike, fs: float, *, m: int = 2, r: float = 0.2, threads: int = 1
) -> Floats:
    """Sample entropy (Richman & Moorman 2000): −ln of the share of matches that go on matching.

    Parameters
    ----------
    x
        Signal, µV, samples on the last axis, NaN = masked: a template that holds a masked sample
        does not count.
    fs
        Sampling rate, Hz; checked only.
    m
        Length of the templates, ≥ 1; the same N − m templates are compared over m and m + 1.
    r
        Tolerance as a share of the SD (divisor N), > 0; Chebyshev distance ≤ r·SD is a match,
        a template never matches itself.
    threads
        Threads over the templates of a channel; matches are counted, so the result is the same
        for any number.

    Returns
    -------
    Floats
        ≥ 0; NaN for a constant, or where no template has a partner over m + 1 samples.

    Raises
    ------
    ParameterError
        `m` or `threads` below 1, or `r` not above 0.
    """
    if m < 1 or not r > 0:
        raise ParameterError(f"sample_entropy needs m ≥ 1 and r > 0, got {m=}, {r=}")

    def entropy(row: Floats) -> float:
        values, ok, n = centred(row, fs)
        if values.size <= m or not np.any(values):
            return math.nan
        sd = math.sqrt(float(np.square(values).sum()) / int(n))
        whole = np.lib.stride_tricks.sliding_window_view(ok, m + 1).all(axis=-1)
        templates = np.lib.stride_tricks.sliding_window_view(values, m + 1)[whole]
        longer = count_near(templates, r * sd, threads)
        return (
            math.log(count_near(templates[:, :m], r * sd, threads) / longer)
            if longer
            else math.nan
        )

    return over_channels(entropy, x, fs)


def count_near(templates: Floats, tolerance: float, threads: int = 1) -> int:
    """Pairs of templates that differ by no more than `tolerance` in every coordinate.

    Parameters
    ----------
    templates
        (n, length), finite.
    tolerance
        Largest Chebyshev distance of a near pair, unit of the templates.
    threads
        Threads over strips of templates.
    """
    from emgproc._kernels.entropy import count_pairs  # numba, loaded when first used

    if not len(templates):
        return 0
    columns, strips, reach = _in_strips(templates)
    counts = np.zeros(len(reach), np.int64)

    def work(part: slice) -> None:
        first = part.start
        count_pairs(columns, strips[first:], reach[first:].reshape(-1), tolerance, counts[part])

    over_groups(work, len(counts), threads)
    return int(counts.sum())


def _in_strips(templates: Floats) -> tuple[Floats, Ints, Floats]:
    """Coordinates, ends and reach of the strips, as the kernel wants them.

    Shorter strips look at fewer pairs in vain, longer ones have fewer stretches to find the ends
    of; the best length grows with the root of the number of templates.
    """
    n, d = templates.shape
    order = np.argsort(templates[:, 0])
    length = 5 * math.isqrt(n) if d > 1 else n
    strips = np.append(np.arange(0, n, length), n)
    cut = templates[order, 0]
    reach = np.column_stack((cut[strips[:-1]], cut[strips[1:] - 1]))
    columns = np.zeros((d, n + LANES))
    if d > 1:
        for start, stop in itertools.pairwise(strips.tolist()):
            strip = order[start:stop]
            order[start:stop] = strip[np.argsort(templates[strip, 1])]
    for row, coordinate in enumerate((1, 0, *range(2, d)) if d > 1 else (0,)):
        columns[row, :n] = templates[order, coordinate]
    return columns.reshape(-1), strips, reach
