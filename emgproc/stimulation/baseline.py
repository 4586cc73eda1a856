"""What is 0 in a sweep, what is noise, and what is the stimulus and no response."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_channels, check_fs
from emgproc.errors import ParameterError, SignalError
from emgproc.units import to_samples


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSettings:
    """How a response is told from its baseline and from noise (emg.md 3.1).

    Attributes
    ----------
    baseline_s
        Span [start, stop) whose mean is 0 and whose SD is the noise, s after the stimulus: so
        usually negative; where a machine keeps nothing from before it, some late span.
    blank_s
        Stimulus artefact: nothing is looked for in [0, blank_s) after the stimulus, s.
    until_s
        End of the window in which the response is looked for, s; None is the end of the sweep.
    noise_sds, least_uv
        A response exceeds both, SDs of the noise and µV …
    sustained_s
        … for this long, s.
    absent_below_mv
        Negative peak below which a response counts as absent, mV; limit of its censoring.
    """

    baseline_s: tuple[float, float] = (-0.010, -0.001)
    blank_s: float = 0.001
    until_s: float | None = None
    noise_sds: float = 5.0
    least_uv: float = 20.0
    sustained_s: float = 0.0003
    absent_below_mv: float = 0.05

    def __post_init__(self) -> None:
        start, stop = self.baseline_s
        if not (-math.inf < start < stop < math.inf and 0 <= self.blank_s < math.inf):
            raise ParameterError(
                "a response needs a baseline start < stop and blank_s >= 0, got "
                f"{self.baseline_s}, {self.blank_s}"
            )
        if self.until_s is not None and not self.blank_s < self.until_s < math.inf:
            raise ParameterError(f"until_s must be above blank_s={self.blank_s}: {self.until_s}")
        limits = (self.noise_sds, self.least_uv, self.sustained_s, self.absent_below_mv)
        if not all(0 <= limit < math.inf for limit in limits):
            raise ParameterError(f"limits of a response are finite and >= 0, got {limits}")


def sweep_times(n_times: int, fs: float, before_s: float) -> Floats:
    """Time of each sample of a sweep after its stimulus, s; one of them is 0.

    Raises
    ------
    ParameterError
        `fs` is no rate, or the stimulus lies outside the sweep.

    Examples
    --------
    >>> sweep_times(4, 1000.0, 0.002).tolist()
    [-0.002, -0.001, 0.0, 0.001]
    """
    rate = check_fs(fs)
    n_before = to_samples(before_s, rate)
    if not 0 <= n_before < n_times:
        raise ParameterError(
            f"the stimulus lies in the sweep: {before_s=} is sample {n_before} of {n_times}"
        )
    return np.asarray((np.arange(n_times) - n_before) / rate)


def baselined(
    x: ArrayLike, fs: float, before_s: float, settings: ResponseSettings | None = None
) -> Floats:
    """Sweeps less the mean of their baseline, and 0 during the stimulus artefact, µV.

    Parameters
    ----------
    x
        µV, shape (n_sweeps, n_times) or (n_times,); the result has two dimensions.
    fs, before_s
        Sampling rate, Hz, and time from the first sample to the stimulus, s.
    settings
        Baseline and blanking; None is `ResponseSettings()`.

    Raises
    ------
    SignalError
        No sweep, not finite, or the baseline reaches beyond the sweep or has below 3 samples.
    ParameterError
        `fs` is no rate, or the stimulus lies outside the sweep.
    """
    wanted = settings or ResponseSettings()
    data = as_sweeps(x)
    base = baseline_of(data, fs, before_s, wanted)
    times_s = sweep_times(data.shape[1], fs, before_s)
    blanked = data - base.mean(axis=1, keepdims=True)
    blanked[:, (times_s >= 0) & (times_s < wanted.blank_s - 1e-9)] = 0.0
    return np.asarray(blanked)


def baseline_of(data: Floats, fs: float, before_s: float, settings: ResponseSettings) -> Floats:
    """Samples of the baseline, µV, shape (n_sweeps, n); raises as `baselined`."""
    zero = to_samples(before_s, fs)
    sweep_times(data.shape[1], fs, before_s)
    start, stop = (zero + to_samples(edge, fs) for edge in settings.baseline_s)
    if start < 0 or stop > data.shape[1] or stop - start < 3:
        raise SignalError(
            f"the baseline {settings.baseline_s} s needs 3 samples within the sweeps; these are "
            f"{data.shape[1] / fs:g} s long and begin {before_s} s before the stimulus"
        )
    return np.asarray(data[:, start:stop])


def as_sweeps(x: ArrayLike) -> Floats:
    """Sweeps × samples through the gate; a vector is one sweep.

    Raises
    ------
    SignalError
        More than two dimensions, no sweep, no sample, or a value that is not finite.
    """
    data = as_channels(x, "x")
    if not data.size or not np.isfinite(data).all():
        raise SignalError(f"sweeps must be finite and at least one, got shape {data.shape}")
    return data
