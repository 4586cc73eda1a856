"""Power in windows that follow each other: the amplitude distribution and the envelope."""

from abc import abstractmethod

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError
from emgproc.features.passes import Levels
from emgproc.features.samples import divided
from emgproc.features.sums import Kind, Sums, Wanted, sums_of
from emgproc.units import to_samples

LEAST_VALID = 0.8  # of a window's samples
STEPS = 10  # the window of the envelope moves by a tenth of its length


class WindowPowers(Kind):
    """Σx² and number of valid samples of windows of `length` samples from the first sample on."""

    def __init__(self, levels: Levels, fs: float, length: int) -> None:
        super().__init__(levels, fs)
        self.length = length
        self._begun = np.zeros((2, len(levels.n)))  # of the window that is not over yet
        self._at = 0  # sample of the signal at which the block begins

    def add(self, x: Floats, finite: Bools) -> None:  # noqa: ARG002
        """Add a block."""
        from emgproc._kernels.sums import sum_windows  # numba, loaded when first used

        # Only to the end of the signal: a last window that is not whole does not count.
        n = min(x.shape[1], self.levels.size - self._at)
        begins = np.arange(self.length - self._at % self.length, n, self.length)
        edges = np.concatenate(([0], begins, [n])).astype(np.int64)
        sums = np.empty((2, len(x), len(edges) - 1))
        powers, counted = sums.reshape(2, -1)
        sum_windows(x.reshape(-1), len(x), edges, powers, counted)
        sums[:, :, 0] += self._begun
        self._at += n
        whole = self._at % self.length == 0
        self._begun = np.zeros_like(self._begun) if whole else sums[:, :, -1].copy()
        self._take(sums if whole else sums[:, :, :-1])

    @abstractmethod
    def _take(self, sums: Floats) -> None:
        """Windows that are whole, (Σx² and samples, n_channels, any number)."""


class Amplitudes(WindowPowers):
    """RMS of each window, µV, (n_channels, n_windows); NaN where less than 80 % is valid."""

    def __init__(self, levels: Levels, fs: float, length: int) -> None:
        super().__init__(levels, fs, length)
        self.rms_uv = np.empty((len(levels.n), levels.size // length))
        self._done = 0

    def _take(self, sums: Floats) -> None:
        n = sums.shape[2]
        self.rms_uv[:, self._done : self._done + n] = _rms(sums, self.length)
        self._done += n


class Envelope(WindowPowers):
    """Largest value and mean of the RMS of windows that overlap, each of `STEPS` short ones."""

    def __init__(self, levels: Levels, fs: float, step: int) -> None:
        super().__init__(levels, fs, step)
        self.peak_uv = np.full(len(levels.n), np.nan)
        self._total, self._n = np.zeros((2, len(levels.n)))
        self._past = np.empty((2, len(levels.n), 0))

    def _take(self, sums: Floats) -> None:
        short = np.concatenate([self._past, sums], axis=2)
        self._past = short[:, :, 1 - STEPS :].copy()
        if short.shape[2] < STEPS:
            return
        view = np.lib.stride_tricks.sliding_window_view(short, STEPS, axis=2)
        rms_uv = _rms(view.sum(axis=-1), STEPS * self.length)
        self.peak_uv = np.fmax(self.peak_uv, np.fmax.reduce(rms_uv, axis=1))
        self._total += np.nansum(rms_uv, axis=1)
        self._n += np.isfinite(rms_uv).sum(axis=1)

    def end(self) -> None:
        """Finish."""
        self.mean_uv = divided(self._total, self._n)


def window_samples(name: str, window_s: float, fs: float) -> int:
    """Samples of a window.

    Raises
    ------
    ParameterError
        Not one whole sample.
    """
    length = to_samples(window_s, fs)
    if length < 1:
        raise ParameterError(f"{name}: window_s {window_s!r} is shorter than a sample at {fs} Hz")
    return length


def envelope_wanted(fs: float, window_s: float) -> Wanted:
    """The sums that the envelope features read."""
    return Envelope, (window_samples("envelope", window_s / STEPS, fs),)


def envelope_peak(x: ArrayLike | Sums, fs: float, *, window_s: float = 0.25) -> Floats:
    """Largest value of the envelope, µV.

    The envelope is the RMS over a window of `window_s` that moves by a tenth of its length, from
    the first sample on. A window with less than 80 % valid samples does not count.

    Parameters
    ----------
    x
        Signal, µV, samples on the last axis, NaN = masked; or its sums.
    fs
        Sampling rate, Hz.
    window_s
        Length of the window, s; ten times the nearest whole number of samples in a tenth of it.

    Returns
    -------
    Floats
        µV; NaN where no window counts.

    Raises
    ------
    ParameterError
        A tenth of the window is shorter than a sample.
    """
    sums = sums_of(x, fs)
    _, parameters = envelope_wanted(sums.fs, window_s)
    return sums.shaped(sums.of(Envelope, *parameters).peak_uv)


def envelope_mean(x: ArrayLike | Sums, fs: float, *, window_s: float = 0.25) -> Floats:
    """Mean of the envelope, µV; the envelope, parameters and errors as in `envelope_peak`."""
    sums = sums_of(x, fs)
    _, parameters = envelope_wanted(sums.fs, window_s)
    return sums.shaped(sums.of(Envelope, *parameters).mean_uv)


def _rms(sums: Floats, length: int) -> Floats:
    power, n = sums
    return np.sqrt(divided(power, np.where(n >= LEAST_VALID * length, n, 0.0)))
