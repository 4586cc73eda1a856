"""Causal filtering of a stream, piece by piece."""

import numpy as np
from numpy.typing import ArrayLike

from emgproc._kernels._simd_interpreted import LANES
from emgproc._kernels.filter_plan import TILE
from emgproc.arrays import Bools, Ints, Samples, aligned_empty, as_samples
from emgproc.errors import ParameterError, SignalError
from emgproc.preprocessing.cascade import scheme_of
from emgproc.preprocessing.zero_phase import grouped


class CausalSos:
    """A cascade of sections that runs forward over pieces of a stream and keeps its states.

    Pieces of any size give the same bytes as one piece; the result equals `scipy.signal.sosfilt`
    to rounding. A sample that is not finite is NaN in the result; the filter is given the last
    finite one of its channel instead (before the first one: 0).

    Parameters
    ----------
    sos
        (n_sections, 6), see `scheme_of`.
    n_channels
        Channels of every piece.
    steady
        Start each channel as if its first finite sample had always been; else from rest.

    Raises
    ------
    ParameterError
        As `scheme_of`, or `n_channels` below 1.

    Examples
    --------
    >>> from emgproc.preprocessing.butterworth import lowpass_sos
    >>> smooth = CausalSos(lowpass_sos(6, 1000), 2, steady=True)
    >>> bool(np.ptp(smooth.filter(np.full((2, 40), 3.0))) < 1e-12)
    True
    """

    def __init__(self, sos: ArrayLike, n_channels: int, *, steady: bool = False) -> None:
        if n_channels < 1:
            raise ParameterError(f"CausalSos needs at least 1 channel, got {n_channels}")
        self._scheme = scheme_of(sos)
        self._rows = np.arange(-(-n_channels // LANES) * LANES).clip(max=n_channels - 1)
        self._states = np.zeros((len(self._rows) // LANES, self._scheme.steady.shape[1] * LANES))
        self._tile = aligned_empty((TILE * LANES,), np.float64)
        self._begun = np.full(n_channels, not steady)
        self._last = np.zeros(n_channels)

    def filter(self, block: ArrayLike) -> Samples:
        """Filter the next samples.

        Parameters
        ----------
        block
            (n_channels, n_samples); float32 stays float32, all else becomes float64.

        Returns
        -------
        ndarray
            Of the shape of `block`.

        Raises
        ------
        SignalError
            Another number of channels, or no real numbers.
        """
        x = as_samples(block)
        if x.shape[0] != len(self._last):
            raise SignalError(f"a piece needs {len(self._last)} channels, got {x.shape[0]}")
        good = np.isfinite(x)
        whole = bool(good.all())
        starts = self._starts(good)
        if not whole:
            x = self._held(x, good)
        y = aligned_empty(x.shape, x.dtype)
        if x.size:
            self._last[:] = x[:, -1]
            self._run(x, y, starts)
        if not whole:
            y[~good] = np.nan
        return y.reshape(np.shape(block))

    def _starts(self, good: Bools) -> Ints:
        """First finite sample of each channel that has not begun; -1: there is none, or it has."""
        if self._begun.all():
            return np.full(len(good), -1)
        begins = ~self._begun & good.any(axis=1)
        self._begun |= begins
        return np.where(begins, good.argmax(axis=1) if good.size else 0, -1)

    def _held(self, x: Samples, good: Bools) -> Samples:
        at = np.maximum.accumulate(np.where(good, np.arange(x.shape[1]), -1), axis=1)
        held = np.take_along_axis(x, at.clip(min=0), axis=1)
        return np.where(at < 0, self._last[:, None].astype(x.dtype), held)

    def _run(self, x: Samples, y: Samples, starts: Ints) -> None:
        from emgproc._kernels.filter import causal_groups  # numba, loaded when first used

        n = x.shape[1]
        firsts = self._rows * n
        form = np.tile([0, 0, n, n, n], (len(firsts), 1))
        lanes = np.concatenate([firsts[:, None], firsts[:, None], form], axis=1)
        causal_groups(
            x.reshape(-1),
            y.reshape(-1),
            *grouped(lanes),
            starts[self._rows].reshape(-1, LANES),
            self._scheme.passes[0],
            self._scheme.coefficients,
            self._scheme.steady[0],
            self._scheme.gain,
            self._states,
            self._tile,
        )
