"""Potentials of motor units: averaged or fitted to the signal, on the grid, how large, how long.

References
----------
Stegeman, Zwarts, Anders and Hashimoto 2000, Clin Neurophysiol 111 Suppl 2:S98 (spike-triggered
averages). Merletti, Holobar and Farina 2008, J Electromyogr Kinesiol 18:879 (the same on grids).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, Ints, as_channels, as_signal, check_fs
from emgproc.errors import ParameterError, SignalError
from emgproc.motor_units.trains import as_train, as_trains
from emgproc.units import to_samples

WINDOW_S = 0.050
SIZED = 0.1  # of the largest peak: what is part of a potential
BRIDGED_S = 0.003  # between two phases
LEAST_CONDITION = 1e-9  # of the equations of a joint fit, relative to their largest pivot


def spike_triggered(
    x: ArrayLike, train: ArrayLike, fs: float, *, window_s: float = WINDOW_S
) -> Floats:
    """Mean of the signal around each discharge, µV, (n_channels, n_window).

    What other units add is averaged away only as far as they discharge independently; `muaps`
    takes it out.

    Parameters
    ----------
    x
        (n_channels, n_samples), µV, NaN = masked: such samples count in no mean.
    train
        Discharges, samples, strictly ascending; those whose window is not all within the signal
        are left out.
    fs
        Sampling rate, Hz.
    window_s
        Length of the window, s; the discharge is its sample n_window // 2.

    Returns
    -------
    ndarray
        NaN where no discharge has a sample.

    Raises
    ------
    SignalError
        As `as_train` and `as_channels`.
    ParameterError
        `fs` is not above 0, or the window is shorter than 2 samples.

    Examples
    --------
    >>> spike_triggered([0.0, 1, 5, 2, 0, 0, 3, 7, 2, 0], [2, 7], 1000.0, window_s=0.003)
    array([[2., 6., 2.]])
    """
    data = as_channels(x)
    width = _width(window_s, fs)
    total, counted = np.zeros((2, len(data), width))
    for start in _starts(as_train(train), width, data.shape[1]):
        window = data[:, start : start + width]
        known = np.isfinite(window)
        total += np.where(known, window, 0.0)
        counted += known
    return np.divide(total, counted, out=np.full_like(total, np.nan), where=counted > 0)


def muaps(
    x: ArrayLike, trains: Sequence[ArrayLike], fs: float, *, window_s: float = WINDOW_S
) -> Floats:
    """Potentials of all units at once, by least squares: Σ of them is nearest to the signal.

    Overlaps are told apart, so synchrony leaves no trace of one unit in another's potential. The
    equations hold how often any two units discharge at each distance (Slawnych, Laszlo and
    Hershler 1990).

    Parameters
    ----------
    x
        (n_channels, n_samples), µV, without masked samples.
    trains
        Discharges of each unit, samples, strictly ascending; those whose window is not all within
        the signal are left out.
    fs
        Sampling rate, Hz.
    window_s
        Length of a potential, s; the discharge is its sample n_window // 2.

    Returns
    -------
    ndarray
        (n_units, n_channels, n_window), µV.

    Raises
    ------
    SignalError
        As `as_train` and `as_channels`; a sample is not finite; or the trains do not determine
        the potentials: two are (nearly) one, or one has no discharge.
    ParameterError
        `fs` is not above 0, or the window is shorter than 2 samples.
    """
    data = as_channels(x)
    if not np.isfinite(data).all():
        raise SignalError("muaps: x holds masked samples; crop to a span without, or average")
    width = _width(window_s, fs)
    starts = [_starts(train, width, data.shape[1]) for train in as_trains(trains)]
    if not starts:
        return np.empty((0, len(data), width))
    sums = np.zeros((len(starts), len(data), width))
    for unit, mine in enumerate(starts):
        for start in mine:
            sums[unit] += data[:, start : start + width]
    columns = sums.transpose(0, 2, 1).reshape(-1, len(data))
    solved = _solved(_overlaps(starts, width), columns)
    return np.ascontiguousarray(solved.reshape(len(starts), width, -1).transpose(0, 2, 1))


def on_grid(muap: ArrayLike, rows: Ints) -> Floats:
    """A potential as it lies on the grid, (grid rows, grid cols, n_window); NaN: no channel.

    Parameters
    ----------
    muap
        (n_channels, n_window), µV, a row for each row of the recording's data.
    rows
        Row of each place, −1 where there is none, as `Recording.on_grid` gives them.

    Raises
    ------
    ParameterError
        A place names a row that is not there.
    """
    channels = as_channels(muap, "muap")
    if rows.size and rows.max() >= len(channels):
        raise ParameterError(f"on_grid: row {rows.max()} of a potential of {len(channels)} rows")
    placed: Floats = np.where((rows >= 0)[..., None], channels[rows], np.nan)
    return placed


def differential(grid: ArrayLike, order: int) -> Floats:
    """Differences along the fibres (the first axis): each electrode minus the next of its column.

    Parameters
    ----------
    grid
        (rows, cols, n_window), µV, rows along the fibres; NaN where there is no channel.
    order
        1 for single, 2 for double differential.

    Returns
    -------
    ndarray
        (rows − order, cols, n_window); NaN where one of the electrodes is missing.

    Raises
    ------
    ParameterError
        Another order, or not enough rows.
    """
    potentials = _as_grid(grid)
    if order not in {1, 2} or potentials.shape[0] <= order:
        raise ParameterError(
            f"differential: order 1 or 2 of more rows than that, got {order=}, "
            f"{potentials.shape[0]} rows"
        )
    for _ in range(order):
        potentials = potentials[:-1] - potentials[1:]
    return potentials


def amplitudes_uv(grid: ArrayLike) -> Floats:
    """Peak-to-peak amplitude at each place, µV, (rows, cols); NaN where there is no channel."""
    potentials = _as_grid(grid)
    return np.asarray(potentials.max(axis=2) - potentials.min(axis=2))


def strongest(grid: ArrayLike) -> tuple[int, int]:
    """Place (row, col) of the largest amplitude.

    Raises
    ------
    SignalError
        There is no channel.
    """
    amplitudes = amplitudes_uv(grid)
    if not np.isfinite(amplitudes).any():
        raise SignalError("strongest: no place of the grid has a channel")
    row, col = np.unravel_index(np.nanargmax(amplitudes), amplitudes.shape)
    return int(row), int(col)


def duration_ms(waveform: ArrayLike, fs: float) -> float:
    """Time about the largest peak in which |v| is above a tenth of it, ms; NaN for a flat one.

    Stretches of up to 3 ms below it, as between two phases, are part of it (rule
    `tenth_of_peak`). The interval that holds 98 % of ∫|v| (rule `D2`) is of no use on the skin:
    what a high-pass of 20 Hz leaves beside a potential of 10 ms makes it 40 to 60 ms long.

    Examples
    --------
    >>> duration_ms([0, 0, 1.0, -1.0, 0, 0], 1000.0)
    2.0
    """
    sizes, rate = np.abs(as_signal(waveform, "waveform")), check_fs(fs)
    if not sizes.max(initial=0.0) > 0:
        return float("nan")
    above = np.flatnonzero(sizes > SIZED * sizes.max())
    breaks = np.flatnonzero(np.diff(above) - 1 > BRIDGED_S * rate) + 1
    parts = np.split(above, breaks)
    part = max(parts, key=lambda one: sizes[one].max())
    return float((part[-1] - part[0] + 1) * 1000 / rate)


def _as_grid(grid: ArrayLike) -> Floats:
    potentials = as_signal(grid, "grid")
    if potentials.ndim != 3:
        raise SignalError(f"a grid is (rows, cols, n_window), got shape {potentials.shape}")
    return potentials


def _width(window_s: float, fs: float) -> int:
    width = to_samples(window_s, check_fs(fs))
    if width < 2:
        raise ParameterError(f"a window of {window_s!r} s holds fewer than 2 samples at {fs} Hz")
    return width


def _starts(train: Ints, width: int, n_samples: int) -> Ints:
    """First sample of the window of each discharge that has a whole one."""
    starts = train - width // 2
    return starts[(starts >= 0) & (starts + width <= n_samples)]


def _overlaps(starts: Sequence[Ints], width: int) -> Floats:
    """How often sample i of one unit's potential lies on sample j of another's, all by all."""
    from emgproc._kernels.agreement import count_distances  # numba, loaded when first used

    n = len(starts)
    lags = np.arange(width)[:, None] - np.arange(width)  # sample i of `a` less sample j of `b`
    overlaps = np.empty((n, width, n, width))
    near = np.empty(2 * width - 1, np.int64)
    for a in range(n):
        for b in range(a, n):
            spans = ((0, starts[a].size), (0, starts[b].size))
            count_distances(starts[a], starts[b], spans, near)
            overlaps[a, :, b] = near[lags + width - 1]
            overlaps[b, :, a] = overlaps[a, :, b].T
    return overlaps.reshape(n * width, n * width)


def _solved(overlaps: Floats, sums: Floats) -> Floats:
    """Solution of the normal equations, which are written over; one thread: bytes that stay."""
    from scipy.linalg import LinAlgError, cho_solve, cholesky  # loaded when first used
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):
        try:
            factor = cholesky(overlaps, lower=True, overwrite_a=True, check_finite=False)
        except LinAlgError:
            factor = np.zeros((1, 1))
        pivots = np.square(np.diag(factor))
        if not pivots.min() > LEAST_CONDITION * pivots.max():
            raise SignalError(
                "muaps: the trains do not determine the potentials: two of them are nearly one, "
                "or one has no discharge; drop it, or use spike_triggered"
            )
        return np.asarray(cho_solve((factor, True), sums, overwrite_b=True))
