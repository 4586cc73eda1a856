"""Zero-phase filtering of a part of a long recording, reading no more than it needs."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from emgproc._kernels._simd_interpreted import LANES
from emgproc.arrays import Floats, as_channels
from emgproc.errors import ParameterError, SignalError
from emgproc.preprocessing.zero_phase import Scheme, Span, block_form, scheme_of


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
    first = (span[0] - segment[0]) // scheme.block * scheme.block
    parts = []
    for s in range(first, span[1] - segment[0], scheme.block):
        block = _block(read, s, segment, scheme)
        start = segment[0] + s
        parts.append(block[:, max(span[0] - start, 0) : span[1] - start])
    return np.concatenate(parts, axis=1)


def _block(read: Callable[[int, int], ArrayLike], s: int, segment: Span, scheme: Scheme) -> Floats:
    from emgproc._kernels.filter import zero_phase_blocks  # numba, loaded when first used

    lo, _, form = block_form(s, segment[1] - segment[0], scheme)
    n_read, n_written = form[1], form[4]
    x = as_channels(read(segment[0] + lo, segment[0] + lo + n_read))
    if x.shape[1] != n_read or not np.all(np.isfinite(x)):
        raise SignalError(
            f"samples [{segment[0] + lo}, {segment[0] + lo + n_read}) must all be there and finite"
        )
    y = np.empty((x.shape[0], n_written))
    rows = np.arange(-(-x.shape[0] // LANES) * LANES).clip(max=x.shape[0] - 1)
    lanes = np.stack([rows * n_read, rows * n_written]).reshape(2, -1, LANES).swapaxes(0, 1)
    shapes = np.tile(np.array(form, np.int64), (lanes.shape[0], 1))
    zero_phase_blocks(
        x.reshape(-1),
        y.reshape(-1),
        np.ascontiguousarray(lanes),
        shapes,
        scheme.coefficients,
        scheme.steady,
        False,  # noqa: FBT003 - kernels take positional arguments only
    )
    return y
