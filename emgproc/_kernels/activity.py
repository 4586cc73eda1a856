"""Spans of an envelope between two thresholds, in one walk."""

import numpy as np

from emgproc._kernels._jit import kernel
from emgproc.arrays import Floats, Ints


@kernel
def find_spans(x: Floats, high: float, low: float) -> Ints:
    """Spans [start, stop) entered above `high` and left below `low`, (n, 2); NaN ends a span."""
    spans = np.empty((x.size // 2 + 1, 2), np.int64)
    n, i = 0, 0
    while i < x.size:
        if x[i] > high and x[i] >= low:
            spans[n, 0] = i
            while i < x.size and x[i] >= low:
                i += 1
            spans[n, 1] = i
            n += 1
        i += 1
    return spans[:n].copy()
