"""Moving measures of arrays: root mean square, mean rectified value; TKEO."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc._kernels._simd_interpreted import LANES
from emgproc._kernels.threads import over_groups
from emgproc.arrays import Bools, Floats, as_channels, as_signal
from emgproc.errors import ParameterError
from emgproc.preprocessing.zero_phase import Span, checked_spans, unfilled


class Window(NamedTuple):
    """Length in samples, what is measured in it, and over how many threads."""

    n: int
    measure: Literal["sum", "arv", "rms"]
    threads: int = 1


def moving_rms(
    x: ArrayLike, n: int, segments: Sequence[Span] | None = None, *, threads: int = 1
) -> Floats:
    """Root mean square over the window [i - n//2, i - n//2 + n) around every sample i.

    Parameters
    ----------
    x
        (n_channels, n_samples) or (n_samples,). Samples that are not finite do not count.
    n
        Window length, samples, ≥ 1. At a segment's edge the window keeps what exists of it.
    segments
        Spans [start, stop) treated each by itself; default all. Outside them: NaN.
    threads
        Threads over channels; the result is the same for any number.

    Returns
    -------
    ndarray
        Shape and unit of `x`; NaN where a window holds no finite sample.

    Raises
    ------
    ParameterError
        `n` or `threads` below 1, or a segment outside the signal.
    SignalError
        `x` does not hold real numbers or has more than two dimensions.

    Examples
    --------
    >>> moving_rms([3.0, 4.0, 3.0, 4.0], 2).round(4).tolist()
    [3.0, 3.5355, 3.5355, 3.5355]
    """
    return _moving(x, Window(n, "rms", threads), segments)


def moving_arv(
    x: ArrayLike, n: int, segments: Sequence[Span] | None = None, *, threads: int = 1
) -> Floats:
    """Average rectified value over a moving window; as `moving_rms`."""
    return _moving(x, Window(n, "arv", threads), segments)


def moving_sum(x: ArrayLike, n: int) -> Floats:
    """Sum over the window [i - n//2, i - n//2 + n) around every sample i of finite samples.

    A window that holds a sample which is not finite gives NaN. At the edges it keeps what exists.

    Raises
    ------
    ParameterError
        `n` is below 1.
    SignalError
        As `moving_rms`.
    """
    if n < 1:
        raise ParameterError(f"a moving window holds at least 1 sample, got {n}")
    data = as_channels(x)
    bad = ~np.isfinite(data)
    out = np.empty_like(data)
    if data.shape[1]:
        walk(np.where(bad, 0.0, data), out, (0, data.shape[1]), Window(n, "sum"))
        if bad.any():
            touched = np.empty_like(data)
            walk(bad.astype(np.float64), touched, (0, data.shape[1]), Window(n, "sum"))
            out[touched > 0] = np.nan
    return out.reshape(np.shape(x))


def tkeo(x: ArrayLike) -> Floats:
    """Teager-Kaiser energy x[i]² - x[i-1]·x[i+1] (Kaiser 1990), unit of `x` squared.

    Parameters
    ----------
    x
        Samples on the last axis.

    Returns
    -------
    ndarray
        Shape of `x`; NaN at the first and last sample, and beside samples that are not finite.

    Examples
    --------
    >>> tkeo([0.0, 2.0, 0.0, -2.0, 0.0])[1:-1].tolist()
    [4.0, 4.0, 4.0]
    """
    v = as_signal(x)
    v = np.where(np.isfinite(v), v, np.nan)
    energy = np.full_like(v, np.nan)
    energy[..., 1:-1] = v[..., 1:-1] ** 2 - v[..., :-2] * v[..., 2:]
    return energy


def _moving(x: ArrayLike, window: Window, segments: Sequence[Span] | None) -> Floats:
    if window.n < 1:
        raise ParameterError(f"a moving window holds at least 1 sample, got {window.n}")
    data = as_channels(x)
    spans = checked_spans(segments, data.shape[1])
    out = unfilled(data, spans)
    for start, stop in spans:
        finite = walk(data, out, (start, stop), window)
        for row in np.flatnonzero(~finite):
            out[row, start:stop] = _with_gaps(data[row, start:stop], window)
    return out.reshape(np.shape(x))


def walk(x: Floats, y: Floats, span: Span, window: Window) -> Bools:
    """Fill y[:, span]; tell which rows hold finite samples only."""
    from emgproc._kernels import envelope  # numba, loaded when first used

    codes = {"sum": envelope.SUM, "arv": envelope.MEAN_RECTIFIED, "rms": envelope.ROOT_MEAN_SQUARE}
    start, stop = span
    n = min(window.n, 2 * (stop - start))  # a longer one holds all samples wherever it stands
    firsts = np.arange(x.shape[0]) * x.shape[1] + start
    lanes = np.concatenate([firsts, np.repeat(firsts[-1:], -len(firsts) % LANES)])
    lanes = lanes.reshape(-1, LANES)
    totals = np.empty(lanes.size)

    def work(part: slice) -> None:
        envelope.moving(
            x.reshape(-1),
            y.reshape(-1),
            lanes[part],
            stop - start,
            n,
            codes[window.measure],
            totals[part.start * LANES : part.stop * LANES],
        )

    if len(lanes):
        over_groups(work, len(lanes), window.threads)
    return np.isfinite(totals[: x.shape[0]])


def _with_gaps(x: Floats, window: Window) -> Floats:
    """Mean over the finite samples of each window; NaN where there is none."""
    valid = np.isfinite(x)
    squares = window.measure == "rms"
    values = np.where(valid, x, 0.0)
    both = np.stack([values**2 if squares else np.abs(values), valid.astype(np.float64)])
    sums = np.empty_like(both)
    walk(both, sums, (0, x.size), Window(window.n, "sum"))
    mean = np.full_like(x, np.nan)
    np.divide(sums[0], sums[1], out=mean, where=sums[1] > 0)
    return np.sqrt(mean) if squares else mean
