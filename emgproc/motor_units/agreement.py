"""How far two discharge trains agree, and which unit of one set is which of another.

Discharges are paired one-to-one within a tolerance, after the lag (two methods may mark the same
potential at different moments) at which most can be paired. "Rate of agreement" names two indices
in the literature, so no result carries that name: `jaccard` is TP/(TP + FP + FN), `dice` is
2 TP/(2 TP + FP + FN), of which openhdemg prints the second and most papers the first.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Ints, check_fs
from emgproc.errors import ParameterError
from emgproc.motor_units.trains import as_train, as_trains

INDICES = ("jaccard", "dice", "overlap", "sensitivity", "precision")
LEAST = 0.3  # of two trains of one unit, as where duplicates are removed (spec: >= 30 % common)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Common discharges of a train `a`, the truth where there is one, and a train `b`.

    Attributes
    ----------
    tp, fp, fn
        Discharges of both, of `b` alone, of `a` alone.
    lag
        Samples by which `b` is behind `a`; taken off `b` before the discharges were paired.
    lag_s
        The same, s.
    tolerance
        Largest distance of a pair after that, samples.
    """

    tp: int
    fp: int
    fn: int
    lag: int
    lag_s: float
    tolerance: int

    @property
    def jaccard(self) -> float:
        """TP / (TP + FP + FN), 0–1; NaN where both trains are empty."""
        return _ratio(self.tp, self.tp + self.fp + self.fn)

    @property
    def dice(self) -> float:
        """2 TP / (2 TP + FP + FN), 0–1; NaN where both trains are empty."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def overlap(self) -> float:
        """TP / max(n_a, n_b), 0–1; NaN where both trains are empty."""
        return _ratio(self.tp, self.tp + max(self.fp, self.fn))

    @property
    def sensitivity(self) -> float:
        """TP / (TP + FN), 0–1; NaN where `a` is empty."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def precision(self) -> float:
        """TP / (TP + FP), 0–1; NaN where `b` is empty."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def false_alarm(self) -> float:
        """FP / (TP + FP), 0–1; NaN where `b` is empty."""
        return _ratio(self.fp, self.tp + self.fp)

    @property
    def reason(self) -> str:
        """`empty_train` where an index is NaN or can only be 0, else empty."""
        return "" if self.tp + self.fn and self.tp + self.fp else "empty_train"


@dataclass(frozen=True, slots=True)
class Pair:
    """Train `a` of the first set is train `b` of the second."""

    a: int
    b: int
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Matching:
    """Which unit is which; each is in one pair at most.

    Attributes
    ----------
    pairs
        In the order of the first set.
    only_a, only_b
        Units of either set that have no partner.
    index, least
        What the sum over pairs was made largest of, and the value below which none is a pair.
    """

    pairs: tuple[Pair, ...]
    only_a: tuple[int, ...]
    only_b: tuple[int, ...]
    index: str
    least: float


def agreement(
    a: ArrayLike,
    b: ArrayLike,
    fs: float,
    tolerance_s: float = 0.0005,
    max_lag_s: float = 0.05,
) -> Agreement:
    """Agreement of two trains at the lag at which most discharges can be paired.

    Of several such lags it is the one with the least summed distance of the pairs, then the one
    nearest 0.

    Parameters
    ----------
    a, b
        Discharges, samples, strictly ascending; `a` is the truth where there is one.
    fs
        Sampling rate of both, Hz.
    tolerance_s
        Largest distance of a pair, s; rounded down to whole samples.
    max_lag_s
        Largest lag tried in either direction, s; 0 for none.

    Raises
    ------
    SignalError
        A train is out of order, holds a sample twice, or no whole samples.
    ParameterError
        `fs` is not above 0, or a time is negative or not finite.

    Examples
    --------
    >>> found = agreement([100, 300, 500, 700], [112, 312, 600, 712], 2000.0)
    >>> found.tp, found.fp, found.fn, found.lag, found.jaccard
    (3, 1, 1, 12, 0.6)
    """
    first, second = as_train(a, "a"), as_train(b, "b")
    tolerance, max_lag = _whole(tolerance_s, fs), _whole(max_lag_s, fs)
    return _tables((first,), (second,), tolerance, max_lag, fs)[0][0]


def match(  # noqa: PLR0913 - the three beyond are keyword-only
    truth: Sequence[ArrayLike],
    found: Sequence[ArrayLike],
    fs: float,
    *,
    index: str = "jaccard",
    least: float = LEAST,
    tolerance_s: float = 0.0005,
    max_lag_s: float = 0.05,
) -> Matching:
    """Match two sets of trains one-to-one so that the sum of an index is largest.

    Every pair of trains has the lag at which it agrees best. Pairs below `least` count as 0, so
    that they cannot take a partner away (Hungarian method, Kuhn 1955).

    Parameters
    ----------
    truth, found
        Two sets of trains, samples, each strictly ascending.
    fs
        Sampling rate of all, Hz.
    index
        One of `INDICES`.
    least
        Smallest index of a pair, above 0 and at most 1.
    tolerance_s, max_lag_s
        As in `agreement`.

    Raises
    ------
    SignalError, ParameterError
        As `agreement`; or the index is unknown, or `least` is not within 0–1.

    Examples
    --------
    >>> matching = match([[10, 90, 200], [40, 130]], [[41, 131], [5000]], 1000.0)
    >>> [(pair.a, pair.b, pair.agreement.lag) for pair in matching.pairs], matching.only_a
    ([(1, 0, 1)], (0,))
    """
    from scipy.optimize import linear_sum_assignment

    if index not in INDICES or not 0 < least <= 1:
        raise ParameterError(
            f"match needs an index of {INDICES}, 0 < least <= 1: {index}, {least}"
        )
    sets = as_trains(truth, "truth"), as_trains(found, "found")
    table = _tables(*sets, _whole(tolerance_s, fs), _whole(max_lag_s, fs), fs)
    values = np.array([[getattr(cell, index) for cell in row] for row in table])
    values = np.nan_to_num(values.reshape(len(sets[0]), len(sets[1])))
    values[values < least] = 0.0
    rows, columns = linear_sum_assignment(values, maximize=True)
    pairs = tuple(
        Pair(i, j, table[i][j])
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        if values[i, j] > 0
    )
    only_a = set(range(len(sets[0]))) - {pair.a for pair in pairs}
    only_b = set(range(len(sets[1]))) - {pair.b for pair in pairs}
    return Matching(pairs, tuple(sorted(only_a)), tuple(sorted(only_b)), index, least)


def _tables(
    a: Sequence[Ints], b: Sequence[Ints], tolerance: int, max_lag: int, fs: float
) -> list[list[Agreement]]:
    """Agreement of every train of `a` with every one of `b`."""
    from emgproc._kernels.agreement import count_tables  # numba, loaded when first used

    pairs, lags = np.zeros((2, len(a) * len(b)), np.int64)
    counts, distances = np.empty((2, 2 * max_lag + 1), np.int64)
    work = np.empty(counts.size + 2 * tolerance, np.int64), counts, distances
    count_tables(*_joined(a), *_joined(b), work, pairs, lags)
    cells = iter(zip(pairs.tolist(), lags.tolist(), strict=True))
    return [
        [_agreement(*next(cells), (first.size, second.size), tolerance, fs) for second in b]
        for first in a
    ]


def _agreement(tp: int, lag: int, sizes: tuple[int, int], tolerance: int, fs: float) -> Agreement:
    return Agreement(tp, sizes[1] - tp, sizes[0] - tp, lag, lag / fs, tolerance)


def _joined(trains: Sequence[Ints]) -> tuple[Ints, Ints]:
    sizes = [train.size for train in trains]
    return (
        np.concatenate([np.empty(0, np.int64), *trains]),
        np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))).astype(np.int64),
    )


def _whole(seconds: float, fs: float) -> int:
    """Whole samples in `seconds`, rounded down; 0.0003 s at 10 kHz are 3, not 2.9999999999999996.

    Sums of samples, tolerance and lag must stay exact, so no span is longer than 2**31 samples.
    """
    samples = seconds * check_fs(fs)
    if not 0 <= samples < 2**31:
        raise ParameterError(f"a tolerance or lag is finite and not negative, got {seconds} s")
    return math.floor(samples * (1 + 1e-12))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
