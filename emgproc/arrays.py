"""The one gate: what comes in leaves as float64, C-contiguous, of the stated shape, or raises."""

from collections.abc import Iterable, Set
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emgproc.errors import ParameterError, SignalError

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Samples: TypeAlias = NDArray[Any]  # float64, or float32 where that was given


def as_signal(x: ArrayLike, name: str = "x") -> Floats:
    """Any shape with samples on the last axis, as C-contiguous float64 (integers are cast).

    What a masked array hides is NaN.

    Raises
    ------
    SignalError
        The values are not real numbers, the rows differ in length, or there is no axis of samples.
    """
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise SignalError(f"{name} must have rows of equal length: {error}") from error
    if array.dtype.kind not in "iufb":
        raise SignalError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if array.ndim == 0:
        raise SignalError(f"{name} must have an axis of samples, got the scalar {array!r}")
    if isinstance(x, np.ma.MaskedArray):
        # np.asarray drops the mask, and with it that these samples are not to be used.
        array = np.where(np.ma.getmaskarray(x), np.nan, array)
    return np.ascontiguousarray(array, dtype=np.float64)


def as_vector(x: ArrayLike, name: str = "x") -> Floats:
    """One channel: shape (n_samples,).

    Raises
    ------
    SignalError
        As `as_signal`, or the array is not one-dimensional.
    """
    array = as_signal(x, name)
    if array.ndim != 1:
        raise SignalError(f"{name} must be one-dimensional, got shape {array.shape}")
    return array


def as_channels(x: ArrayLike, name: str = "x") -> Floats:
    """Channels × samples: shape (n_channels, n_samples); a vector becomes one channel.

    Raises
    ------
    SignalError
        As `as_signal`, or the array has more than two dimensions.
    """
    array = as_signal(x, name)
    if array.ndim > 2:
        raise SignalError(f"{name} must be (n_channels, n_samples), got shape {array.shape}")
    return np.ascontiguousarray(np.atleast_2d(array))


def as_samples(x: ArrayLike) -> Samples:
    """Channels × samples as `as_channels`, but float32 stays what it is."""
    if not isinstance(x, np.ndarray) or isinstance(x, np.ma.MaskedArray):
        return as_channels(x)
    if x.dtype != np.float32 or x.ndim not in (1, 2):
        return as_channels(x)
    return np.ascontiguousarray(np.atleast_2d(x))


def checked_out(out: Samples, data: Samples, shape: tuple[int, ...]) -> Samples:
    """Array of the caller's for the results of `data`, which came in `shape`; in that of `data`.

    Raises
    ------
    ParameterError
        It has another shape or type, is not contiguous or writeable, or shares memory with `data`.
    """
    if out.shape != shape or out.dtype != data.dtype or not out.flags.c_contiguous:
        raise ParameterError(
            f"out must be C-contiguous {data.dtype} of shape {shape}, "
            f"got {out.dtype} of shape {out.shape}"
        )
    if not out.flags.writeable or np.may_share_memory(out, data):
        raise ParameterError("out must be writeable and must not share memory with x")
    return out.reshape(data.shape)


def aligned_empty(shape: tuple[int, ...], dtype: Any) -> Samples:  # noqa: ANN401 - NumPy's dtypes
    """Array not yet filled, from a multiple of 64 bytes on: a vector never spans two cache lines.

    Examples
    --------
    >>> aligned_empty((3, 5), np.float32).ctypes.data % 64
    0
    """
    n = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.empty(n + 64, np.uint8)
    first = -int(memory.ctypes.data) % 64
    aligned: Samples = memory[first : first + n].view(dtype).reshape(shape)
    return aligned


def check_fs(fs: float) -> float:
    """The sampling rate as float, Hz.

    Raises
    ------
    ParameterError
        `fs` is not a finite number above 0.
    """
    rate = float(fs)
    if not (np.isfinite(rate) and rate > 0):
        raise ParameterError(f"fs must be a finite rate above 0 Hz, got {fs!r}")
    return rate


def spans_of(flags: Bools) -> list[tuple[int, int]]:
    """Half-open spans [start, stop) of the True runs of a vector.

    Examples
    --------
    >>> spans_of(np.array([False, True, True, False, True]))
    [(1, 3), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def united(spans: Iterable[tuple[int, int]], edges: Set[int]) -> list[tuple[int, int]]:
    """Union of half-open spans, in order; spans that touch are one, but at the `edges`.

    Examples
    --------
    >>> united([(5, 9), (0, 3), (2, 5), (9, 10)], {9})
    [(0, 9), (9, 10)]
    """
    found: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        last = found[-1] if found else (0, 0)
        if found and (start < last[1] or (start == last[1] and start not in edges)):
            found[-1] = (last[0], max(last[1], stop))
        else:
            found.append((start, stop))
    return found
