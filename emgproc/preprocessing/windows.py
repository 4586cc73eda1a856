"""Moving measures of arrays: root mean square, mean rectified value; TKEO."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc._kernels.envelope_plan import MEASURES, tiling_of
from emgproc._kernels.threads import over_groups
from emgproc.arrays import (
    Bools,
    Floats,
    Ints,
    Samples,
    as_channels,
    as_samples,
    as_signal,
    checked_out,
)
from emgproc.errors import ParameterError
from emgproc.preprocessing.zero_phase import Span, checked_spans, unfilled

_PIECES = 4
_LEAST = 4096  # samples; a shorter piece would read too much twice

Measure = Literal["sum", "arv", "rms"]


class Window(NamedTuple):
    """Length in samples, what is measured in it, and over how many threads."""

    n: int
    measure: Measure
    threads: int = 1


def moving_rms(
    x: ArrayLike,
    n: int,
    segments: Sequence[Span] | None = None,
    *,
    threads: int = 1,
    out: Samples | None = None,
) -> Samples:
    """Root mean square over the window [i - n//2, i - n//2 + n) around every sample i.

    Parameters
    ----------
    x
        (n_channels, n_samples) or (n_samples,); float32 stays float32 (and is then summed in
        float32, error at most 4e-6), all else becomes float64. Samples that are not finite do not
        count.
    n
        Window length, samples, ≥ 1. At a segment's edge the window keeps what exists of it.
    segments
        Spans [start, stop) treated each by itself; default all. Outside them: NaN.
    threads
        Threads over channels and stretches of them; the result is the same for any number.
    out
        Where the result is written: C-contiguous, of the shape and type of the result, and no
        part of `x`. Default: a new array, for which the system must find memory each time.

    Returns
    -------
    ndarray
        Shape and unit of `x`; NaN where a window holds no finite sample.

    Raises
    ------
    ParameterError
        `n` or `threads` below 1, a segment outside the signal, or an unusable `out`.
    SignalError
        `x` does not hold real numbers or has more than two dimensions.

    Examples
    --------
    >>> moving_rms([3.0, 4.0, 3.0, 4.0], 2).round(4).tolist()
    [3.0, 3.5355, 3.5355, 3.5355]
    """
    return _moving(x, Window(n, "rms", threads), segments, out)


def moving_arv(
    x: ArrayLike,
    n: int,
    segments: Sequence[Span] | None = None,
    *,
    threads: int = 1,
    out: Samples | None = None,
) -> Samples:
    """Average rectified value over a moving window; as `moving_rms`."""
    return _moving(x, Window(n, "arv", threads), segments, out)


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


def tkeo(x: ArrayLike, segments: Sequence[Span] | None = None) -> Floats:
    """Teager-Kaiser energy x[i]² - x[i-1]·x[i+1] (Kaiser 1990), unit of `x` squared.

    Parameters
    ----------
    x
        Samples on the last axis.
    segments
        Spans [start, stop) treated each by itself; default all. Outside them: NaN.

    Returns
    -------
    ndarray
        Shape of `x`; NaN at the first and last sample of a segment, and beside samples that are
        not finite.

    Raises
    ------
    ParameterError
        A segment outside the signal.
    SignalError
        `x` does not hold real numbers or has no axis of samples.

    Examples
    --------
    >>> tkeo([0.0, 2.0, 0.0, -2.0, 0.0])[1:-1].tolist()
    [4.0, 4.0, 4.0]
    """
    from emgproc._kernels.envelope import energies  # numba, loaded when first used

    v = as_signal(x)
    n_samples = v.shape[-1]
    rows = v.reshape(v.size // max(n_samples, 1), n_samples)
    spans = checked_spans(segments, n_samples)
    energy = unfilled(rows, spans)
    for start, stop in spans:
        starts = np.arange(len(rows)) * n_samples + start
        energies(rows.reshape(-1), energy.reshape(-1), starts, stop - start)
    return energy.reshape(v.shape)


def _moving(
    x: ArrayLike, window: Window, segments: Sequence[Span] | None, out: Samples | None
) -> Samples:
    if window.n < 1:
        raise ParameterError(f"a moving window holds at least 1 sample, got {window.n}")
    data = as_samples(x)
    spans = checked_spans(segments, data.shape[1])
    y = unfilled(data, spans) if out is None else checked_out(out, data, np.shape(x))
    if out is not None and sum(stop - start for start, stop in spans) < data.shape[1]:
        y[:] = np.nan
    fill_moving(data, y, spans, window)
    return y.reshape(np.shape(x))


def fill_moving(x: Samples, out: Samples, spans: Iterable[Span], window: Window) -> None:
    """Write the moving measure of the channels of `x` to `spans` of `out`; both are contiguous."""
    for start, stop in spans:
        finite = walk(x, out, (start, stop), window)
        for row in np.flatnonzero(~finite):
            out[row, start:stop] = _with_gaps(x[row, start:stop], window)


def walk(x: Samples, y: Samples, span: Span, window: Window) -> Bools:
    """Fill y[:, span]; tell which rows hold finite samples only."""
    from emgproc._kernels import envelope  # numba, loaded when first used

    if not x.shape[0]:
        return np.empty(0, np.bool_)
    start, stop = span
    lanes = 64 // x.itemsize
    n = min(window.n, 2 * (stop - start))  # a longer one holds all samples wherever it stands
    tiling = tiling_of(n, MEASURES.index(window.measure), lanes)
    starts = np.arange(x.shape[0]) * x.shape[1] + start
    pieces = _pieces(starts, stop - start, _length(len(x), stop - start, n, tiling.rows * lanes))
    totals = np.empty((len(pieces), lanes), x.dtype)

    def work(part: slice) -> None:
        some = totals[part].reshape(-1)
        envelope.moving(x.reshape(-1), y.reshape(-1), pieces[part], tiling, some)

    over_groups(work, len(pieces), window.threads)
    odd = np.flatnonzero(~np.isfinite(totals).all(axis=1))
    return ~np.isin(np.arange(x.shape[0]), odd % x.shape[0])


def _length(n_channels: int, n_samples: int, n: int, block: int) -> int:
    """Samples of a piece, whole blocks: few channels are cut into pieces for two threads."""
    count = max(1, min(-(-_PIECES // n_channels), n_samples // max(_LEAST, 4 * n)))
    return -(-n_samples // count // block) * block


def _pieces(starts: Ints, n_samples: int, length: int) -> Ints:
    """Piece after piece of all channels, a row each, as `envelope.moving` takes them."""
    firsts, rows = np.meshgrid(np.arange(0, n_samples, length), starts, indexing="ij")
    first, row = firsts.reshape(-1), rows.reshape(-1)
    last = np.minimum(first + length, n_samples)
    return np.stack([row, row, first, last, np.full_like(row, n_samples)], axis=1)


def _with_gaps(x: Samples, window: Window) -> Floats:
    """Mean over the finite samples of each window; NaN where there is none."""
    valid = np.isfinite(x)
    squares = window.measure == "rms"
    values = np.where(valid, np.asarray(x, np.float64), 0.0)
    both = np.stack([values**2 if squares else np.abs(values), valid.astype(np.float64)])
    sums = np.empty_like(both)
    walk(both, sums, (0, x.size), Window(window.n, "sum"))
    mean = np.full_like(values, np.nan)
    np.divide(sums[0], sums[1], out=mean, where=sums[1] > 0)
    return np.sqrt(mean) if squares else mean
