"""The gate of every feature: which samples count, and their mean removed (edge policy)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Bools, Floats, Ints, as_signal, check_fs, spans_of


class Valid(NamedTuple):
    """Samples of the last axis that count.

    Attributes
    ----------
    x
        Mean of the valid samples removed, 0 where a sample is not valid; exactly 0 everywhere
        where all valid samples are equal (a mean is rounded, a constant must not become noise).
    ok
        True where a sample is valid (finite), same shape.
    n
        Number of valid samples, shape without the last axis.
    """

    x: Floats
    ok: Bools
    n: Ints


def centred(x: ArrayLike, fs: float) -> Valid:
    """Valid samples of `x` with their mean removed.

    Parameters
    ----------
    x
        Any shape, samples on the last axis, µV; NaN (or ±inf) marks a masked sample. Integers
        become float64 before anything is squared.
    fs
        Sampling rate, Hz; checked only.

    Raises
    ------
    SignalError
        `x` does not hold real numbers or has no axis of samples.
    ParameterError
        `fs` is not a finite rate above 0.
    """
    check_fs(fs)
    array = as_signal(x)
    ok = np.isfinite(array)
    n = np.asarray(ok.sum(axis=-1, dtype=np.int64))
    kept = np.where(ok, array, 0.0)
    mean = divided(kept.sum(axis=-1), n)
    highest = np.max(array, axis=-1, where=ok, initial=-np.inf)
    lowest = np.min(array, axis=-1, where=ok, initial=np.inf)
    varies = np.asarray(highest > lowest)[..., np.newaxis]
    kept -= np.nan_to_num(mean)[..., np.newaxis]
    return Valid(np.where(ok & varies, kept, 0.0), ok, n)


def divided(numerator: ArrayLike, denominator: ArrayLike) -> Floats:
    """Quotient that is NaN, never ±inf and never a warning, where the denominator is 0.

    Examples
    --------
    >>> divided([1.0, 1.0], [2.0, 0.0])
    array([0.5, nan])
    """
    top, bottom = np.broadcast_arrays(
        np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    )
    out = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=out, where=bottom != 0)
    return as_result(out)


def as_result(values: ArrayLike) -> Floats:
    """Array of one value per channel; a NumPy scalar where the input was one channel."""
    result: Floats = np.asarray(values, dtype=np.float64)[()]
    return result


def over_channels(function: Callable[[Floats], float], x: ArrayLike, fs: float) -> Floats:
    """Value of `function` for every vector on the last axis of `x`, shape without that axis."""
    check_fs(fs)
    array = as_signal(x)
    shape = array.shape[:-1]
    rows = array.reshape(int(np.prod(shape)), array.shape[-1])
    return as_result(np.array([function(row) for row in rows], np.float64).reshape(shape))


def valid_runs(x: Floats, shortest: int) -> list[Floats]:
    """Contiguous valid stretches of one channel, each of at least `shortest` samples.

    The mean of all valid samples of the channel is removed; the runs are views of that copy.

    Examples
    --------
    >>> [run.tolist() for run in valid_runs(np.array([1.0, 3.0, np.nan, 2.0]), shortest=2)]
    [[-1.0, 1.0]]
    """
    values, ok, _ = centred(x, 1.0)
    return [values[a:b] for a, b in spans_of(ok) if b - a >= max(shortest, 1)]


def longest_run(x: Floats) -> Floats:
    """Longest contiguous valid stretch of one channel (the first of equals); may be empty."""
    runs = valid_runs(x, 1)
    return max(runs, key=len) if runs else np.empty(0)
