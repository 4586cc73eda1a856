"""Average of a unit's sweeps where other units, that no one found, lie on some of them."""

import numpy as np

from emgproc.arrays import Floats
from emgproc.units import to_samples

STRETCH_S = 0.002  # that a sweep is judged by, with the one before or after it
WEIGHTED = 2  # times that sweeps are weighted by what the average before leaves of them
QUIET = 25  # sweeps count in full at least, but no more than half of them: others may be on many
LEAST_SHARE, MOST_SHARE = 0.1, 0.5
LEAST_UV = 0.01  # RMS: below it what is left of a stretch is rounding


def average_of(rows: Floats, fs: float, *, n: int | None = None) -> Floats:
    """Average of sweeps, each stretch weighted by the inverse of what is left of it, (width,).

    The trap: units that no one found fall on every sweep somewhere, all with slow tails of one
    sign or the other. Where they cover a third of the sweeps the median is off by two thirds of
    the noise's standard deviation, 1-5 µV where D1 asks whether a tail falls by 10 µV/ms. The
    power of a stretch of 4 ms tells them from noise where a single sample does not: a stretch
    weighs 1 up to the power that the 25 quietest sweeps have there, and beyond it as the inverse
    of its power. The quiet ones are averaged, which leaves a fifth less noise than their median;
    and where other units lie on all sweeps, as at strong effort, all count nearly alike.

    Parameters
    ----------
    rows
        Sweeps about their baselines, µV, (n, width), n >= 1.
    fs
        Sampling rate, Hz.
    n
        Sweeps of the whole, if these are a part that is averaged as the whole is.

    Examples
    --------
    >>> rows = np.zeros((10, 1000))
    >>> rows[:4, 300:400] = 50.0
    >>> bool(np.abs(average_of(rows, 25_000.0)).max() < 1e-4)
    True
    """
    step, width = to_samples(STRETCH_S, fs), rows.shape[1]
    spans = [slice(first, min(first + step, width)) for first in range(0, width, step)]
    share = min(max(QUIET / (n or len(rows)), LEAST_SHARE), MOST_SHARE)
    v = np.asarray(np.median(rows, axis=0))
    for _ in range(WEIGHTED):
        v = _weighted(rows, v, spans, share)
    return v


def _weighted(rows: Floats, v: Floats, spans: list[slice], share: float) -> Floats:
    """Average with weights from what `v` leaves about the ends of each span, linear between."""
    inside = np.stack([np.square(rows[:, span] - v[span]).mean(axis=1) for span in spans], axis=1)
    beside = np.pad(inside, ((0, 0), (1, 1)), "edge")
    power = np.maximum((beside[:, 1:] + beside[:, :-1]) / 2, LEAST_UV**2)
    weights = np.minimum(np.quantile(power, share, axis=0) / power, 1.0)
    found = np.empty_like(v)
    for k, span in enumerate(spans):
        ends = weights[:, k : k + 2]
        n = span.stop - span.start
        late = (np.arange(n) + 0.5) / n
        near = np.stack([1 - late, late])
        # Not by `@`: the bytes of a BLAS may hang on its threads.
        sums = near * np.einsum("nk,nt->kt", ends, rows[:, span])
        found[span] = sums.sum(axis=0) / (near * ends.sum(axis=0)[:, None]).sum(axis=0)
    return found
