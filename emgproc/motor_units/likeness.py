"""How alike two potentials are on the grid, electrodes and time shifted: as tracking sees them."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import as_signal, check_fs
from emgproc.errors import ParameterError, SignalError
from emgproc.motor_units.tracking_likeness import (
    Shift,
    Spectra,
    best_shift,
    closeness,
    places_in_common,
    reach_of,
    spectra,
)
from emgproc.units import to_samples

MAX_LAG_S = 0.010


class Likeness(NamedTuple):
    """Correlation of two potentials where they are most alike.

    Attributes
    ----------
    r
        Correlation coefficient, −1–1; the largest magnitude over shifts and lags. 0 where one of
        them is flat; beyond 0.9999 it says nothing more.
    shift
        (rows, cols) by which the second lies further along the grid than the first, electrode
        distances.
    n
        Places of the grid that both have.
    """

    r: float
    shift: Shift
    n: int


def likeness(a: ArrayLike, b: ArrayLike, fs: float, *, max_lag_s: float = MAX_LAG_S) -> Likeness:
    """Correlation of two potentials over shifts of the grid and lags, noise taken off.

    Shifts reach one electrode distance, in steps of a sixteenth of it.

    Parameters
    ----------
    a, b
        (rows, cols, n_window), µV, of one shape; NaN where there is no channel.
    fs
        Sampling rate, Hz.
    max_lag_s
        Largest lag tried in either direction, s; less than the window.

    Raises
    ------
    SignalError
        Not of three dimensions, or of different shapes.
    ParameterError
        `fs` is not above 0, or the lag is negative or not within the window.
    """
    first, second = as_signal(a, "a"), as_signal(b, "b")
    if first.ndim != 3 or first.shape != second.shape:
        raise SignalError(
            f"likeness: two grids (rows, cols, n_window), got {first.shape}, {second.shape}"
        )
    width, max_lag = first.shape[2], to_samples(max_lag_s, check_fs(fs))
    if not 0 <= max_lag < width:
        raise ParameterError(f"likeness: {max_lag_s=} of a window of {width / fs:g} s")
    one, other = (spectra(x[None], 2 * width, fs) for x in (first, second))
    same, turned = _best(one, other, max_lag), _best(one, _reversed(other), max_lag)
    n = places_in_common(one, other)
    if turned[0] > same[0]:
        return Likeness(-turned[0], turned[1], n)
    return Likeness(*same, n)


def _best(one: Spectra, other: Spectra, max_lag: int) -> tuple[float, Shift]:
    def gain(shift: Shift) -> float:
        return float(np.tanh(closeness(one, other, shift, max_lag)[0, 0]))

    shift = best_shift(gain, reach_of(one))
    return gain(shift), shift


def _reversed(one: Spectra) -> Spectra:
    return replace(one, values=-one.values)
