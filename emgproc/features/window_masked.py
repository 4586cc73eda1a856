"""Sums over windows in which samples are masked, of many windows at a time.

`Sums` walks through long signals in blocks; a window fills a small part of one, so the sums that
features read are made here by NumPy, from a matrix of windows. They mean the same.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from emgproc.arrays import Bools, Floats, Ints
from emgproc.features.passes import Levels
from emgproc.features.samples import divided
from emgproc.features.sums import Counts, Kind, Logs, Powers, Steps, Sums, Wanted

_LEAST = np.finfo(np.float64).tiny  # what is below counts as zero, as in `Logs`


class RowSums(Sums):
    """The sums over short signals of equal length.

    Parameters
    ----------
    rows
        (n_windows, n_samples), µV, NaN where a sample is masked.
    fs
        Sampling rate, Hz.
    about_zero
        Do not remove the mean.
    """

    def __init__(self, rows: Floats, fs: float, *, about_zero: bool = False) -> None:
        self.ok: Bools = np.isfinite(rows)
        super().__init__(fs, _levels(rows, self.ok, about_zero=about_zero), rows.shape[:1])
        self._rows = rows
        self.x = np.where(self.ok, rows - self.levels.mean[:, np.newaxis], 0.0)
        self.pair = self.ok[:, 1:] & self.ok[:, :-1]
        self.d = np.where(self.pair, np.diff(self.x), 0.0)

    def prepare(self, wanted: Iterable[Wanted]) -> None:
        """Make sums of several kinds."""
        others = []
        for kind, parameters in wanted:
            if kind not in _MADE:
                others.append((kind, parameters))
            elif (kind, parameters) not in self.kinds:
                self.kinds[kind, parameters] = _MADE[kind](self, *parameters)
        super().prepare(others)


def _levels(rows: Floats, ok: Bools, *, about_zero: bool) -> Levels:
    n = ok.sum(axis=1)
    lowest = np.min(rows, axis=1, where=ok, initial=np.inf)
    highest = np.max(rows, axis=1, where=ok, initial=-np.inf)
    mean = np.nan_to_num(divided(rows.sum(axis=1, where=ok), n))
    mean = np.where((highest > lowest) | (n == 0), mean, lowest)  # a constant is no noise
    if about_zero:
        mean = np.zeros(len(rows))
    reach = np.where(n > 0, np.maximum(highest - mean, mean - lowest), 0.0)
    pair = ok[:, 1:] & ok[:, :-1]
    triple = pair[:, 1:] & pair[:, :-1]
    longest = _longest(ok)
    return Levels(rows.shape[1], n, pair.sum(axis=1), triple.sum(axis=1), longest, mean, reach)


def _longest(ok: Bools) -> Ints:
    """Samples of the longest valid run of each row."""
    place = np.arange(1, ok.shape[1] + 1)
    before = np.maximum.accumulate(np.where(ok, 0, place), axis=1)
    return np.asarray((place - before).max(axis=1))


def _powers(sums: RowSums) -> Powers:
    made = Powers(sums.levels, sums.fs)
    made.size, made.square = np.abs(sums.x).sum(axis=1), _dot(sums.x, sums.x)
    _, exponent = np.frexp(sums.levels.reach)
    u = sums.x * np.ldexp(1.0, -np.clip(exponent, -1022, 1022))[:, np.newaxis]
    square = u * u
    made.scaled_2 = square.sum(axis=1)
    made.scaled_3, made.scaled_4 = _dot(square, u), _dot(square, square)
    return made


def _steps(sums: RowSums) -> Steps:
    made = Steps(sums.levels, sums.fs)
    x, d = sums.x, sums.d
    triple = sums.pair[:, 1:] & sums.pair[:, :-1]
    bend = np.where(triple, np.diff(d), 0.0)
    made.size, made.square, made.total = np.abs(d).sum(axis=1), _dot(d, d), d.sum(axis=1)
    made.bend, made.bend_square = bend.sum(axis=1), _dot(bend, bend)
    energy = np.where(triple, x[:, 1:-1] ** 2 - x[:, :-2] * x[:, 2:], 0.0)
    made.energy = energy.sum(axis=1)
    return made


def _counts(sums: RowSums, threshold_uv: float) -> Counts:
    made = Counts(sums.levels, sums.fs, threshold_uv)
    x, d, size = sums.x, sums.d, np.abs(sums.d)
    large = size >= threshold_uv
    # What is masked is 0 here, so that no product with it is negative.
    made.crossings = ((x[:, 1:] * x[:, :-1] < 0) & large).sum(axis=1)
    made.turns = ((d[:, 1:] * d[:, :-1] < 0) & (large[:, 1:] | large[:, :-1])).sum(axis=1)
    made.jumps = (size > threshold_uv).sum(axis=1)
    return made


def _logs(sums: RowSums) -> Logs:
    made = Logs(sums.levels, sums.fs)
    size = np.abs(sums.x)
    counts = size >= _LEAST
    made.n, made.total = counts.sum(axis=1), np.log(np.where(counts, size, 1.0)).sum(axis=1)
    return made


def _dot(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.einsum("ij,ij->i", a, b))


_MADE: Mapping[type[Kind], Callable[..., Any]] = {
    Powers: _powers,
    Steps: _steps,
    Counts: _counts,
    Logs: _logs,
}
