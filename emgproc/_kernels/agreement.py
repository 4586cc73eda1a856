"""Common discharges of two trains, counted for every lag at once; integers, so exact.

Where no two discharges of a train are within twice the tolerance, a discharge has at most one
partner at any lag: each pair then counts for all lags near its distance, in one walk. Else every
lag has a walk of its own, which pairs greedily; that is the most that can be paired one-to-one.
"""

from emgproc._kernels._jit import kernel
from emgproc.arrays import Ints

Span = tuple[int, int]


@kernel
def is_sparse(train: Ints, span: Span, tolerance: int) -> bool:
    """Tell whether consecutive discharges are more than twice the tolerance apart."""
    least = 2 * tolerance + 1
    for k in range(span[0] + 1, span[1]):
        least = min(least, train[k] - train[k - 1])
    return least > 2 * tolerance


@kernel
def count_distances(a: Ints, b: Ints, spans: tuple[Span, Span], near: Ints) -> None:
    """How often a discharge of `b` is −reach … reach samples after one of `a`."""
    near[:] = 0
    reach = near.size // 2
    (start_a, stop_a), (first, stop_b) = spans
    for i in range(start_a, stop_a):
        while first < stop_b and b[first] < a[i] - reach:
            first += 1
        j = first
        while j < stop_b and b[j] <= a[i] + reach:
            near[b[j] - a[i] + reach] += 1
            j += 1


@kernel
def sum_near(near: Ints, counts: Ints, distances: Ints) -> None:
    """Pairs of each lag: those whose distance is within the tolerance of it."""
    width = near.size - counts.size + 1
    for k in range(counts.size):
        n, distance = 0, 0
        for w in range(width):
            n += near[k + w]
            distance += near[k + w] * abs(w - width // 2)
        counts[k], distances[k] = n, distance


@kernel
def pair_greedily(
    a: Ints, b: Ints, spans: tuple[Span, Span], tolerance: int, lag: int
) -> tuple[int, int]:
    """Number of pairs of `a` with `b` − `lag`, the earliest first, and their summed distance."""
    (i, stop_a), (j, stop_b) = spans
    n, distance = 0, 0
    while i < stop_a and j < stop_b:
        late = b[j] - lag - a[i]
        if abs(late) <= tolerance:
            n += 1
            distance += abs(late)
        i, j = i + (late >= -tolerance), j + (late <= tolerance)
    return n, distance


@kernel
def count_pairs(
    a: Ints, b: Ints, spans: tuple[Span, Span], near: Ints, counts: Ints, distances: Ints
) -> None:
    """Pairs of a[span] with b[span] − lag, and their distance, for lag = −max_lag … max_lag.

    `counts` and `distances` have 2 · max_lag + 1 values, `near` twice the tolerance more; all are
    written over.
    """
    tolerance = (near.size - counts.size) // 2
    if is_sparse(a, spans[0], tolerance) and is_sparse(b, spans[1], tolerance):
        count_distances(a, b, spans, near)
        sum_near(near, counts, distances)
        return
    for k in range(counts.size):
        counts[k], distances[k] = pair_greedily(a, b, spans, tolerance, k - counts.size // 2)


@kernel
def best_lag(counts: Ints, distances: Ints) -> int:
    """Lag of most pairs; of those, of the least distance; of those, nearest 0 (−k before k)."""
    middle = counts.size // 2
    best = middle
    for off in range(1, middle + 1):
        for k in (middle - off, middle + off):
            more = counts[k] - counts[best]
            if more > 0 or (more == 0 and distances[k] < distances[best]):
                best = k
    return best - middle


@kernel
def count_tables(
    a: Ints, edges_a: Ints, b: Ints, edges_b: Ints, work: tuple[Ints, Ints, Ints],
    pairs: Ints, lags: Ints,
) -> None:  # fmt: skip
    """Most common discharges of every train of `a` with every one of `b`, and their lag.

    Train i is a[edges_a[i]:edges_a[i + 1]]; `pairs` and `lags` are flat (n_a, n_b) tables, `work`
    what `count_pairs` writes over.
    """
    near, counts, distances = work
    n_b = edges_b.size - 1
    for i in range(edges_a.size - 1):
        for j in range(n_b):
            spans = ((edges_a[i], edges_a[i + 1]), (edges_b[j], edges_b[j + 1]))
            count_pairs(a, b, spans, near, counts, distances)
            lag = best_lag(counts, distances)
            pairs[i * n_b + j] = counts[lag + counts.size // 2]
            lags[i * n_b + j] = lag
