"""Zero-phase filtering of a part of a long recording, reading no more than it needs."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, aligned_empty, as_channels
from emgproc.errors import ParameterError, SignalError
from emgproc.preprocessing.cascade import Scheme, scheme_of
from emgproc.preprocessing.zero_phase import Run, Span, block_lanes, run_lanes


def zero_phase_span(
    read: Callable[[int, int], ArrayLike], span: Span, segment: Span, sos: ArrayLike
) -> Floats:
    """Samples of `span` of the signal that `zero_phase_sos` would give for the whole `segment`.

    The bytes are the same: both filter the same blocks. Memory is bounded by a few blocks.

    Parameters
    ----------
    read
        `read(start, stop)` gives (n_channels, stop - start) finite samples.
    span, segment
        Samples [start, stop); the span lies in the segment.
    sos
        As in `zero_phase_sos`.

    Returns
    -------
    ndarray
        float64 (n_channels, span length).

    Raises
    ------
    ParameterError
        The span is empty or not in the segment, or `sos` is not usable.
    SignalError
        A sample read is not finite: a gap has to be bridged where its whole extent is known.
    """
    if not segment[0] <= span[0] < span[1] <= segment[1]:
        raise ParameterError(f"span {span} must hold samples of segment {segment}")
    scheme = scheme_of(sos)
    length = scheme.block(segment[1] - segment[0])
    first = (span[0] - segment[0]) // length * length
    parts = []
    for s in range(first, span[1] - segment[0], length):
        block = _block(read, s, segment, scheme)
        start = segment[0] + s
        parts.append(block[:, max(span[0] - start, 0) : span[1] - start])
    return np.concatenate(parts, axis=1)


def _block(read: Callable[[int, int], ArrayLike], s: int, segment: Span, scheme: Scheme) -> Floats:
    n = segment[1] - segment[0]
    lo, hi = max(s - scheme.warm_up(), 0), min(s + scheme.block(n) + scheme.warm_up(), n)
    x = as_channels(read(segment[0] + lo, segment[0] + hi))
    if x.shape[1] != hi - lo or not np.all(np.isfinite(x)):
        raise SignalError(
            f"samples [{segment[0] + lo}, {segment[0] + hi}) must all be there and finite"
        )
    y = aligned_empty((x.shape[0], min(scheme.block(n), n - s)), np.float64)
    rows = np.arange(x.shape[0])
    lanes = block_lanes(rows * x.shape[1] - lo, rows * y.shape[1], (s, n), scheme, 8)
    run_lanes(x, y, lanes, Run(scheme, 1, rectify=False))
    return y
