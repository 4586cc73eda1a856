"""Slow, obvious twins of the kernels."""

import numpy as np


def one_pass(x, sos, dtype=float):
    """Transposed direct form II, section by section, started in the steady state of x[0]."""
    y = np.array(x, dtype=dtype)
    for b0, b1, b2, _, a1, a2 in np.asarray(sos, dtype=dtype):
        start = y[0]
        level = start * (b0 + b1 + b2) / (1 + a1 + a2)
        q = b2 * start - a2 * level
        p = b1 * start - a1 * level + q
        for i, v in enumerate(y):
            out = b0 * v + p
            p = b1 * v - a1 * out + q
            q = b2 * v - a2 * out
            y[i] = out
    return y


def zero_phase(x, sos, padding, dtype=float):
    """Odd extension, forward, backward, extension cut off."""
    x = np.array(x, dtype=dtype)
    padding = min(padding, x.size - 1)
    before = 2 * x[0] - x[1 : padding + 1][::-1]
    after = 2 * x[-1] - x[x.size - 1 - padding : x.size - 1][::-1]
    y = one_pass(np.concatenate([before, x, after]), sos, dtype)
    y = one_pass(y[::-1], sos, dtype)[::-1]
    return y[padding : padding + x.size]


def moving(x, n, of):
    """`of` the finite samples in the window around each sample; NaN where there are none."""
    y = np.full(len(x), np.nan)
    for i in range(len(x)):
        window = x[max(0, i - n // 2) : max(0, i - n // 2 + n)]
        window = window[np.isfinite(window)]
        if window.size:
            y[i] = of(window)
    return y


def rms(window):
    return np.sqrt(np.mean(window**2))


def arv(window):
    return np.mean(np.abs(window))


def decoded(raw, width, record_bytes, per_record, start, first, stop):
    """Samples [first, stop) of the signal at byte `start` of each record, value by value."""
    values = []
    for i in range(first, stop):
        at = i // per_record * record_bytes + start + i % per_record * width
        values.append(int.from_bytes(raw[at : at + width], "little", signed=True))
    return values
