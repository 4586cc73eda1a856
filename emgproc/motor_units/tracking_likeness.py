"""How alike the units of two visits are, all by all, for any place the grid may have come to lie.

Potentials of one muscle share most of their shape, so that those of different units correlate
with 0.9 and more; what tells one unit from another is lost in the noise of its average unless
that is taken off first.

References
----------
Gavish and Donoho 2014, IEEE Trans Inf Theory 60:5040 (which singular values are noise).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Bools, Floats

CLOSEST = 0.9999  # correlations beyond it say nothing more: interpolation alone costs as much
COARSEST, FINEST = 0.5, 1 / 16  # steps of the shift, electrode distances
HIGHEST_HZ = 500.0
LEAST_PLACES = 8  # of the grid that both visits must have
LEAST_ELECTRODES = 3  # along an axis that is shifted along

Shift = tuple[float, float]
Complexes = NDArray[np.complex128]


@dataclass(frozen=True, slots=True, eq=False)
class Spectra:
    """Potentials of a visit, noise taken off, as spectra of twice their length.

    Attributes
    ----------
    values
        (n_frequencies, n_units, rows, cols).
    missing
        Places without a channel, (rows, cols); `values` are smooth across them.
    n
        Length of the transform, samples; the second half is zeros, as a window is not periodic.
    """

    values: Complexes
    missing: Bools
    n: int


def spectra(potentials: Floats, n: int, fs: float, ratio: float = 1.0) -> Spectra:
    """Spectra of potentials (n_units, rows, cols, n_window), NaN where there is no channel.

    Twice the window long or longer is `n`, even; at `fs` they reach to `HIGHEST_HZ`. With a
    `ratio` below 1 they are those of a muscle 1 / `ratio` times as long: what is a distance or,
    at the same velocity, a delay on the grid is longer by so much.
    """
    missing = np.asarray(np.isnan(potentials).any(axis=(0, 3)))
    clean = np.zeros_like(potentials)
    clean[:, ~missing] = without_noise(potentials[:, ~missing])
    clean = np.tensordot(clean, _filling(missing), axes=((1, 2), (0, 1)))
    if ratio != 1:
        window, rows, cols = (_reading(size, 0.0, ratio) for size in clean.shape[1:])
        clean = np.tensordot(clean, window, axes=(1, 1)).transpose(0, 3, 1, 2)
        clean = rows @ clean @ cols.T
        missing = ~_seen_stretched(missing, ratio)
    n_bins = min(int(HIGHEST_HZ / fs * n) + 1, n // 2)
    values = np.fft.rfft(clean, n, axis=1)[:, :n_bins].transpose(1, 0, 2, 3)
    return Spectra(np.ascontiguousarray(values), missing, n)


def without_noise(potentials: Floats) -> Floats:
    """Potentials of as few space-time patterns as stand out of white noise of unknown size.

    Parameters
    ----------
    potentials
        (n_units, n_channels, n_window), µV. Of each the singular values above ω(β) times their
        median stay (Gavish and Donoho 2014, equation 5), the first always.
    """
    if not potentials.size:
        return potentials
    left, sizes, right = np.linalg.svd(potentials, full_matrices=False)
    beta = min(potentials.shape[1:]) / max(potentials.shape[1:])
    omega = 0.56 * beta**3 - 0.95 * beta**2 + 1.82 * beta + 1.43
    kept = sizes > omega * np.median(sizes, axis=1, keepdims=True)
    kept[:, 0] = True
    return np.asarray((left * np.where(kept, sizes, 0.0)[:, None, :]) @ right)


def closeness(a: Spectra, b: Spectra, shift: Shift, max_lag: int) -> Floats:
    """Fisher's z of the correlation of every unit of `a` with every one of `b`, (n_a, n_b).

    The mean of moving `b` back onto `a` and `a` on to `b`, so that neither is the smoother one.

    Parameters
    ----------
    a, b
        The visits, of one grid and length.
    shift
        (rows, cols) by which `b` lies further along the grid than `a`, electrode distances.
    max_lag
        Largest lag in either direction, samples: the best for each pair counts.
    """
    back = (-shift[0], -shift[1])
    there, here = _one_way(a, b, shift, max_lag), _one_way(b, a, back, max_lag).T
    return np.asarray((there + here) / 2)


def places_in_common(a: Spectra, b: Spectra) -> int:
    """Places of the grid at which both visits have a channel."""
    return int(np.sum(~(a.missing | b.missing)))


def reach_of(a: Spectra) -> Shift:
    """Largest shift along (rows, cols), electrode distances: 1, or 0 along a short axis."""
    rows, cols = (float(size >= LEAST_ELECTRODES) for size in a.missing.shape)
    return rows, cols


def best_shift(gain: Callable[[Shift], float], reach: Shift) -> Shift:
    """Shift at which `gain` is largest: on a coarse grid, then on ever finer ones around it.

    Of equal ones the nearest to none.
    """
    steps = np.arange(-1.0, 1.0 + COARSEST / 2, COARSEST)
    tried = {(float(r) * reach[0], float(c) * reach[1]) for r in steps for c in steps}
    best, step = _largest(gain, tried), COARSEST / 2
    while step >= FINEST:
        near = {(best[0] + r * step, best[1] + c * step) for r in (-1, 0, 1) for c in (-1, 0, 1)}
        within = {s for s in near if abs(s[0]) <= reach[0] and abs(s[1]) <= reach[1]}
        best, step = _largest(gain, within), step / 2
    return best


def _largest(gain: Callable[[Shift], float], shifts: set[Shift]) -> Shift:
    ordered = sorted(shifts, key=lambda shift: (abs(shift[0]) + abs(shift[1]), shift))
    return max(ordered, key=gain)


def _one_way(a: Spectra, b: Spectra, shift: Shift, max_lag: int) -> Floats:
    """Fisher's z of `a` as it is with `b` moved back onto it."""
    rows, cols = (_reading(n, s) for n, s in zip(a.missing.shape, shift, strict=True))
    seen = _seen(b.missing, shift) & ~a.missing
    fixed = a.values[:, :, seen]
    moved = (rows @ b.values @ cols.T)[:, :, seen]
    cross = np.fft.irfft(fixed.conj() @ moved.transpose(0, 2, 1), a.n, axis=0)
    best = cross[np.r_[0 : max_lag + 1, -max_lag:0]].max(axis=0)
    energy = np.sqrt(_energy(fixed, a.n)[:, None] * _energy(moved, b.n))
    r = np.divide(best, energy, out=np.zeros_like(best), where=energy > 0)
    return np.asarray(np.arctanh(np.clip(r, -CLOSEST, CLOSEST)))


def _energy(values: Complexes, n: int) -> Floats:
    """Σ over places and samples of the square, by Parseval; fs/2 is not among the `values`."""
    weight = np.full(len(values), 2.0 / n)
    weight[0] = 1.0 / n
    return np.asarray(weight @ np.square(np.abs(values)).sum(axis=2))


@lru_cache(maxsize=256)
def _reading(n: int, shift: float, ratio: float = 1.0) -> Floats:
    """Matrix that reads n values at `_places` + shift by a cubic spline, (n, n)."""
    from scipy.interpolate import make_interp_spline  # loaded when first used

    places = np.arange(n, dtype=np.float64)
    if n == 1 or (shift == 0 and ratio == 1):
        return np.eye(n)
    spline = make_interp_spline(places, np.eye(n), k=min(3, n - 1))
    return np.asarray(spline(np.clip(_places(n, ratio) + shift, 0, n - 1)))


def _places(n: int, ratio: float) -> Floats:
    """Places of n values, drawn together around their middle, which stays."""
    middle = (n - 1) / 2
    return np.asarray(middle + (np.arange(n) - middle) * ratio)


def _seen_stretched(missing: Bools, ratio: float) -> Bools:
    """Where all electrodes between which is read at `_places` are there, (rows, cols)."""
    seen = ~missing
    for axis, n in enumerate(missing.shape):
        at = _places(n, ratio)
        below, above = (np.take(seen, f(at).astype(np.int64), axis) for f in (np.floor, np.ceil))
        seen = below & above
    return np.asarray(seen)


def _seen(missing: Bools, shift: Shift) -> Bools:
    """Where all electrodes between which is read are there, (rows, cols)."""
    seen = ~missing
    for axis, by in enumerate(shift):
        below = _moved(seen, int(np.floor(by)), axis)
        seen = below & _moved(seen, int(np.ceil(by)), axis)
    return seen


def _moved(flags: Bools, by: int, axis: int) -> Bools:
    """Flags read `by` places further along an axis; beyond the grid there are none."""
    n = flags.shape[axis]
    at = np.arange(n) + by
    read = np.take(flags, np.clip(at, 0, n - 1), axis=axis)
    inside = (at >= 0) & (at < n)
    return np.asarray(read & np.expand_dims(inside, 1 - axis))


def _filling(missing: Bools) -> Floats:
    """Weights (rows, cols, rows, cols) that put a mean of its neighbours at a missing place.

    Only so that the spline runs smoothly past it: what is read beside it is not compared.
    """
    places = np.argwhere(np.ones_like(missing))
    away = np.square(places[:, None] - places).sum(axis=2)
    weights = np.exp(-away) * ~missing.ravel()[:, None]
    weights[:, ~missing.ravel()] = 0.0
    total = weights.sum(axis=0)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return np.asarray((weights + np.diag(~missing.ravel())).reshape(missing.shape * 2))
