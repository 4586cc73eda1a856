"""How alike two potentials are on the grid, electrodes and time shifted."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_signal
from emgproc.errors import ParameterError, SignalError


class Likeness(NamedTuple):
    """Correlation of two potentials where they are most alike.

    Attributes
    ----------
    r
        Correlation coefficient, −1–1; the largest magnitude over shifts and lags. 0 where one of
        them is flat.
    shift
        (rows, cols) by which the second lies further along the grid than the first.
    lag
        Samples by which the second is later.
    n
        Places of the grid that were compared.
    """

    r: float
    shift: tuple[int, int]
    lag: int
    n: int


def likeness(a: ArrayLike, b: ArrayLike, *, max_shift: int = 1, max_lag: int = 10) -> Likeness:
    """Correlation of two potentials over every shift of the grid and every lag.

    Each shift compares the places that both have there; nothing is turned or interpolated.

    Parameters
    ----------
    a, b
        (rows, cols, n_window), µV, of one shape; NaN where there is no channel.
    max_shift
        Largest shift tried along either axis, electrodes; less than half of rows and columns.
    max_lag
        Largest lag tried in either direction, samples; less than the window.

    Raises
    ------
    SignalError
        Not of three dimensions, or of different shapes.
    ParameterError
        A shift or lag that leaves too little to compare.
    """
    first, second = as_signal(a, "a"), as_signal(b, "b")
    if first.ndim != 3 or first.shape != second.shape:
        raise SignalError(
            f"likeness: two grids (rows, cols, n_window), got {first.shape}, {second.shape}"
        )
    rows, cols, width = first.shape
    # A single row or column of electrodes is not shifted across.
    reach = tuple(max_shift if size > 1 else 0 for size in (rows, cols))
    if not (0 <= 2 * reach[0] < rows and 0 <= 2 * reach[1] < cols and 0 <= max_lag < width):
        raise ParameterError(f"likeness: {max_shift=}, {max_lag=} of a grid {first.shape}")
    shifts = [
        (r, c)
        for r in range(-reach[0], reach[0] + 1)
        for c in range(-reach[1], reach[1] + 1)
    ]  # fmt: skip
    shifts.sort(key=lambda shift: (abs(shift[0]) + abs(shift[1]), shift))
    found = [_at_shift(first, second, shift, max_lag) for shift in shifts]
    return max(found, key=lambda one: abs(one.r))


def _at_shift(a: Floats, b: Floats, shift: tuple[int, int], max_lag: int) -> Likeness:
    rows, cols, width = a.shape
    here = a[
        max(-shift[0], 0) : rows - max(shift[0], 0), max(-shift[1], 0) : cols - max(shift[1], 0)
    ]
    there = b[
        max(shift[0], 0) : rows + min(shift[0], 0), max(shift[1], 0) : cols + min(shift[1], 0)
    ]
    both = (np.isfinite(here) & np.isfinite(there)).all(axis=2)
    x, y = here[both], there[both]
    energy = float(np.sqrt(np.square(x).sum() * np.square(y).sum()))
    if not energy > 0:
        return Likeness(0.0, shift, 0, int(both.sum()))
    n = 2 * width  # padded with zeros: a window is not periodic
    cross = (np.fft.rfft(x, n).conj() * np.fft.rfft(y, n)).sum(axis=0)
    lags = np.array(sorted(range(-max_lag, max_lag + 1), key=abs))
    values = np.fft.irfft(cross, n)[lags] / energy
    best = int(np.argmax(np.abs(values)))
    return Likeness(float(values[best]), shift, int(lags[best]), int(both.sum()))
