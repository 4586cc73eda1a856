"""Least-squares sinusoids in overlapping windows, their common frequency refined in each."""

from dataclasses import dataclass, replace

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.recording import Recording

MAX_DRIFT_HZ = 1.0
LEAST_PERIODS = 10
LEAST_VALID = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class LineModel:
    """What is removed: nominal frequency (Hz), window (s), multiples, and in which rows.

    No multiple of a refined frequency passes `highest_hz`: at fs/2 a cosine has no sine beside it.
    """

    line_hz: float
    window_s: float
    multiples: Floats
    present: Bools
    highest_hz: float

    def reduced(self) -> "LineModel":
        """Return the model with the multiples that stand out in some row."""
        used = self.present.any(axis=0)
        return replace(self, multiples=self.multiples[used], present=self.present[:, used])


def removed_line(x: Floats, valid: Bools, recording: Recording, model: LineModel) -> Floats:
    """Return the line in `x`, shape of `x`, zero where the model finds none.

    Parameters
    ----------
    x
        (n_channels, n_samples), µV.
    valid
        Samples that the fit may use; the line is given for the others too.
    recording
        Gives fs and segments.
    model
        `present` has one row per row of `x`.
    """
    line = np.zeros_like(x)
    used = model.reduced()
    rows = np.flatnonzero(used.present.any(axis=1))
    if rows.size == 0:
        return line
    part = replace(used, present=used.present[rows])
    shortest = LEAST_PERIODS / used.line_hz * recording.fs
    filled = np.where(valid, x, 0.0)[rows]
    for start, stop, _ in recording.segments:
        if stop - start >= shortest:
            span = slice(start, stop)
            line[rows, span] = _segment_line(
                filled[:, span], valid[rows, span], recording.fs, part
            )
    return line


def _segment_line(x: Floats, valid: Bools, fs: float, model: LineModel) -> Floats:
    n_samples = x.shape[1]
    n = min(round(model.window_s * fs), n_samples)
    firsts = sorted({*range(0, n_samples - n + 1, max(1, n // 2)), n_samples - n})
    weight = np.hanning(n + 2)[1:-1]
    t = (np.arange(n) - (n - 1) / 2) / fs
    total, weights = np.zeros_like(x), np.zeros(n_samples)
    nominal = _coarse_hz(x, firsts, t, model)
    for first in firsts:
        span = slice(first, first + n)
        hz = _refined_hz(x[:, span], valid[:, span], t, model, nominal)
        basis = _basis(hz, t, model.multiples)
        coefficients = _fit(basis, x[:, span], valid[:, span])
        keep = np.concatenate([model.present, model.present], axis=1)
        total[:, span] += weight * ((coefficients * keep) @ basis.T)
        weights[span] += weight
    return total / weights


def _basis(hz: float, t: Floats, multiples: Floats) -> Floats:
    """Cosines, then sines, of the multiples of `hz`: (n, 2·K)."""
    phase = 2 * np.pi * hz * t[:, None] * multiples
    return np.concatenate([np.cos(phase), np.sin(phase)], axis=1)


def _fit(basis: Floats, x: Floats, valid: Bools) -> Floats:
    """Least-squares coefficients of each row over its valid samples; 0 where there are too few."""
    whole = valid.all(axis=1)
    coefficients = np.zeros((len(x), basis.shape[1]))
    if whole.any():
        coefficients[whole] = _least_squares(basis, x[whole].T).T
    for row in np.flatnonzero(~whole):
        good = valid[row]
        if good.sum() >= max(LEAST_VALID * good.size, 2 * basis.shape[1]):
            coefficients[row] = _least_squares(basis[good], x[row, good])
    return coefficients


def _least_squares(basis: Floats, y: Floats) -> Floats:
    """Coefficients by the normal equations, ten times faster than by singular values.

    Squaring the condition number is harmless here: over a fifth of a second or more, sinusoids 50
    Hz apart are nearly orthogonal.
    """
    return np.asarray(np.linalg.solve(basis.T @ basis, basis.T @ y), np.float64)


def _coarse_hz(x: Floats, firsts: list[int], t: Floats, model: LineModel) -> float:
    """Frequency within ±1 Hz of the nominal one at which the windows hold most line power."""
    some = firsts[:: max(1, len(firsts) // 40)]
    taper = np.hanning(t.size + 2)[1:-1]
    windows = np.concatenate([x[:, first : first + t.size] for first in some]) * taper
    present = np.tile(model.present, (len(some), 1))
    grid = model.line_hz + np.arange(-10, 11) * MAX_DRIFT_HZ / 10
    grid = grid[grid * model.multiples[-1] <= model.highest_hz]
    power = []
    for hz in grid:
        basis = _basis(hz, t, model.multiples)
        both = (windows @ basis) ** 2
        k = model.multiples.size
        power.append(float(((both[:, :k] + both[:, k:]) * present).sum()))
    return float(grid[int(np.argmax(power))])


def _refined_hz(x: Floats, valid: Bools, t: Floats, model: LineModel, nominal: float) -> float:
    """Gauss-Newton on the common frequency of one window.

    A sinusoid a·cos + b·sin whose frequency is off by d has slopes t·k·d·(b·cos - a·sin) beside
    it; those slopes are fitted too and solved for d over all rows and multiples.
    """
    hz = nominal
    k = model.multiples
    highest = min(nominal + MAX_DRIFT_HZ, model.highest_hz / float(k[-1]))
    for _ in range(3):
        basis = _basis(hz, t, k)
        both = np.concatenate([basis, basis * t[:, None]], axis=1)
        a, b, c, d = np.split(_fit(both, x, valid), 4, axis=1)
        power = float((model.present * k**2 * (a**2 + b**2)).sum())
        if power == 0:
            return nominal
        slope = float((model.present * k * (c * b - d * a)).sum())
        hz += slope / power / (2 * np.pi)
        hz = min(max(hz, nominal - MAX_DRIFT_HZ), highest)
    return hz
