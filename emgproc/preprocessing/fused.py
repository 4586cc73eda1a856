"""Filter and moving RMS in one go: the steps one by one, without the arrays between them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_channels
from emgproc.errors import ParameterError
from emgproc.preprocessing.windows import Window, moving_rms, walk
from emgproc.preprocessing.zero_phase import Span, checked_spans, zero_phase_sos


def filtered_rms(
    x: ArrayLike,
    sos: ArrayLike,
    n: int,
    segments: Sequence[Span] | None = None,
    *,
    threads: int = 1,
) -> Floats:
    """Moving RMS over `n` samples of the zero-phase filtered signal.

    The bytes are those of `moving_rms(zero_phase_sos(x, sos, segments), n, segments)`, which
    rectification between the two does not change; the root mean square takes the place of the
    filtered signal as it is computed. Parameters and errors as there.
    """
    data = as_channels(x)
    if n < 1:
        raise ParameterError(f"a moving window holds at least 1 sample, got {n}")
    y = zero_phase_sos(data, sos, segments, threads=threads)
    gaps = np.zeros(len(data), np.bool_)
    for span in checked_spans(segments, data.shape[1]):
        gaps |= ~walk(y, y, span, Window(n, "rms", threads))
    for row in np.flatnonzero(gaps):  # their filtered samples are overwritten by now
        y[row] = moving_rms(zero_phase_sos(data[row], sos, segments), n, segments)
    return y.reshape(np.shape(x))
