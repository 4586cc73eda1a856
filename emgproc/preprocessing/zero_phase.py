"""Zero-phase filtering of arrays: forward, then backward, on a fixed grid of blocks.

A segment is filtered in blocks whose length depends on the filter and on the segment's own length.
Each block is filtered from `warm_up` samples before it to `warm_up` samples after it, where the
filter's memory has decayed below 2^-53 (float32: 2^-32), or from the segment's true edge, extended
oddly as SciPy does. A whole array is filtered in the same blocks, so a part read by itself gives
the same bytes. A block goes forward once; a long one goes backward a stretch at a time, so that
what lies between the two is held of one stretch and its warm-up only.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc._kernels._simd_interpreted import LANES
from emgproc._kernels.filter_plan import BEGIN, END, TILE, WRITE
from emgproc._kernels.threads import over_groups
from emgproc.arrays import Bools, Ints, Samples, aligned_empty, as_samples, checked_out, spans_of
from emgproc.errors import ParameterError
from emgproc.preprocessing.cascade import Scheme, scheme_of, whole_tiles

Span = tuple[int, int]

_SLICES = 8  # of the groups for each thread: a slow processor does not decide


class Run(NamedTuple):
    """A scheme, and how this call wants it run."""

    scheme: Scheme
    threads: int
    rectify: bool


def zero_phase_sos(  # noqa: PLR0913 - the three beyond are keyword-only
    x: ArrayLike,
    sos: ArrayLike,
    segments: Sequence[Span] | None = None,
    *,
    threads: int = 1,
    rectify: bool = False,
    out: Samples | None = None,
) -> Samples:
    """Filter forward and backward; the result equals `scipy.signal.sosfiltfilt` to rounding.

    Parameters
    ----------
    x
        (n_channels, n_samples) or (n_samples,); float32 stays float32 (the arithmetic is float64,
        the error at most 1e-7 of the largest magnitude), all else becomes float64. Samples that
        are not finite are bridged linearly (at an edge: held) for the filter and are NaN in the
        result; a row without any finite sample in a segment is NaN there.
    sos
        (n_sections, 6), order per pass; see `scheme_of`.
    segments
        Spans [start, stop) that are filtered each by itself; default all samples. Samples in no
        segment come back as NaN. A segment shorter than the padding is padded by what it has.
    threads
        Threads over groups of channels and blocks; the result is the same for any number.
    rectify
        Give |y|, in the same walk.
    out
        Where the result is written: C-contiguous, of the shape and type of the result, and no
        part of `x`. Default: a new array.

    Returns
    -------
    ndarray
        Of the shape of `x`.

    Raises
    ------
    ParameterError
        As `scheme_of`, a segment outside the signal, `threads` below 1, or an unusable `out`.
    SignalError
        `x` does not hold real numbers or has more than two dimensions.

    Examples
    --------
    >>> from emgproc.preprocessing.butterworth import highpass_sos
    >>> bool(np.abs(zero_phase_sos(np.full(500, 7.0), highpass_sos(20, 1000))).max() < 1e-9)
    True
    """
    data = as_samples(x)
    spans = checked_spans(segments, data.shape[1])
    run = Run(scheme_of(sos), threads, rectify)
    if out is None:
        y = unfilled(data, spans)
    else:
        y = checked_out(out, data, np.shape(x))
        if not _covers(spans, data.shape[1]):
            y[:] = np.nan
    _filter(data, y, spans, run)
    _refilter_gaps(data, y, spans, run)
    return y.reshape(np.shape(x))


def checked_spans(segments: Sequence[Span] | None, n_samples: int) -> list[Span]:
    """Segments as plain spans, empty ones left out; None is all samples.

    Raises
    ------
    ParameterError
        A segment is outside [0, n_samples).
    """
    spans = [(0, n_samples)] if segments is None else [(int(s[0]), int(s[1])) for s in segments]
    for start, stop in spans:
        if not 0 <= start <= stop <= n_samples:
            raise ParameterError(f"segment [{start}, {stop}) is outside [0, {n_samples})")
    return [(start, stop) for start, stop in spans if start < stop]


def unfilled(x: Samples, spans: Iterable[Span]) -> Samples:
    """Array of the shape of `x` for a result that will cover `spans`: NaN elsewhere."""
    y = aligned_empty(x.shape, x.dtype)
    if not _covers(spans, x.shape[1]):
        y[:] = np.nan
    return y


def _covers(spans: Iterable[Span], n_samples: int) -> bool:
    return sum(stop - start for start, stop in spans) == n_samples


def _filter(x: Samples, y: Samples, spans: Iterable[Span], run: Run) -> None:
    rows = np.arange(x.shape[0]) * x.shape[1]
    blocks = [
        block_lanes(rows + start, rows + start + s, (s, stop - start), run.scheme, x.itemsize)
        for start, stop in spans
        for s in range(0, stop - start, run.scheme.block(stop - start, x.itemsize))
    ]
    if blocks:
        run_lanes(x, y, np.concatenate(blocks), run)


def block_lanes(
    read: Ints, write: Ints, where: tuple[int, int], scheme: Scheme, itemsize: int
) -> Ints:
    """A lane per channel, as the kernel takes them, for the block at `s` of a segment.

    Parameters
    ----------
    read, write
        Flat indices, a channel each: of the segment's first sample in the input (it need not be
        there if the block does not reach it), of the block's first sample in the output.
    where
        First sample `s` of the block, and length of the segment.
    scheme, itemsize
        The filter, and bytes of a sample.

    Returns
    -------
    ndarray
        (n_channels, 7).
    """
    s, n = where
    written = min(scheme.block(n, itemsize), n - s)
    warm_up, padding = scheme.warm_up(itemsize), min(scheme.padding, n - 1)
    first, last = max(-warm_up, -s), min(written + warm_up, n - s)
    begin = first - padding if first == -s else first
    end = last + padding if last == n - s else last
    form = np.tile(np.array([begin, first, last, end, written]), (len(read), 1))
    return np.concatenate([(read + s)[:, None], write[:, None], form], axis=1)


def grouped(lanes: Ints) -> tuple[Ints, Ints, Ints]:
    """Lanes in groups of eight, as the kernels take them; the last one is repeated to fill up."""
    filled = np.concatenate([lanes, np.repeat(lanes[-1:], -len(lanes) % LANES, axis=0)])
    groups = np.ascontiguousarray(filled.reshape(-1, LANES, 7).swapaxes(1, 2))
    return groups, groups.min(axis=2), groups.max(axis=2)


def run_lanes(x: Samples, y: Samples, lanes: Ints, run: Run) -> None:
    """Filter lanes of `block_lanes`; those of like length side by side."""
    from emgproc._kernels.filter import zero_phase_groups  # numba, loaded when first used

    lanes = lanes[np.argsort(lanes[:, BEGIN] - lanes[:, END], kind="stable")]
    groups, lowest, highest = grouped(lanes)
    places = y.ctypes.data + groups[:, WRITE] * y.itemsize
    streamed = np.all(places % 64 == 0, axis=1) & (y.itemsize == 8)  # whole lines of the cache
    scheme = run.scheme
    stretch, ahead = scheme.stretch(x.itemsize)
    held = min(stretch + ahead, whole_tiles(int(highest[:, END].max(initial=0))))
    unused: list[Samples] = []

    def work(part: slice) -> None:
        memory = unused.pop() if unused else aligned_empty(((TILE + held) * LANES,), np.float64)
        zero_phase_groups(
            x.reshape(-1),
            y.reshape(-1),
            groups[part],
            lowest[part],
            highest[part],
            streamed[part],
            scheme.passes,
            scheme.reaches[x.itemsize],
            scheme.coefficients,
            scheme.steady,
            scheme.gain**2,
            run.rectify,
            stretch,
            ahead,
            memory,
        )
        unused.append(memory)

    if len(groups):
        over_groups(work, len(groups), run.threads, slices=_SLICES)


def _refilter_gaps(x: Samples, y: Samples, spans: list[Span], run: Run) -> None:
    """Filter again, bridged, each row and segment in which a sample is not finite.

    One such sample makes the first sample written of its block NaN, so those alone are looked at.
    """
    for start, stop in spans:
        firsts = y[:, start : stop : run.scheme.block(stop - start, x.itemsize)]
        rows = np.flatnonzero(~np.all(np.isfinite(firsts), axis=1))
        for some in np.split(rows, range(LANES, len(rows), LANES)):
            _refilter(x[some, start:stop], y[:, start:stop], some, run)


def _refilter(x: Samples, y: Samples, rows: Ints, run: Run) -> None:
    good = np.isfinite(x)
    alive = good.any(axis=1)
    y[rows] = np.nan
    if alive.any():
        bridged = np.stack([bridge(*pair) for pair in zip(x[alive], good[alive], strict=True)])
        filtered = np.empty_like(bridged)
        _filter(bridged, filtered, [(0, x.shape[1])], run)
        y[rows[alive]] = np.where(good[alive], filtered, np.nan)


def bridge(x: Samples, good: Bools) -> Samples:
    """Vector `x` with straight lines across the samples that are not `good`.

    Before the first and after the last good sample its value is held. At least one is good.
    """
    bad = spans_of(~good)
    if not bad:
        return x.copy()
    where = np.flatnonzero(good)
    filled = x.copy()
    filled[~good] = np.interp(np.flatnonzero(~good), where, x[where])
    return filled
