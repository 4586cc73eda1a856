"""Rectification and envelopes as steps: moving RMS and ARV, linear envelope, TKEO."""

import math
from dataclasses import dataclass

import numpy as np

from emgproc.errors import ParameterError
from emgproc.preprocessing.butterworth import lowpass_sos
from emgproc.preprocessing.rows import emg_of, spans_in, with_rows, with_unit
from emgproc.preprocessing.windows import moving_arv, moving_rms, tkeo
from emgproc.preprocessing.zero_phase import zero_phase_sos
from emgproc.recording import Recording
from emgproc.units import to_samples


@dataclass(frozen=True, slots=True)
class Rectify:
    """Full-wave rectification |x| of the EMG rows."""

    def __call__(self, recording: Recording) -> Recording:
        """Return the rectified recording."""
        rows, x = emg_of(recording)
        return with_rows(recording, rows, np.abs(x), step=self)


@dataclass(frozen=True, slots=True)
class MovingRms:
    """Root mean square over a window centred on each sample, within its segment.

    Samples that are not finite do not count; at a segment's edge the window keeps what exists.

    Attributes
    ----------
    window_s
        Window length, s; rounded to whole samples, at least one.

    Raises
    ------
    ParameterError
        `window_s` is not a finite time above 0.
    """

    window_s: float = 0.25

    def __post_init__(self) -> None:
        _check_window(self, self.window_s)

    def __call__(self, recording: Recording) -> Recording:
        """Return the envelope, µV."""
        rows, x = emg_of(recording)
        n = max(1, to_samples(self.window_s, recording.fs))
        return with_rows(recording, rows, moving_rms(x, n, spans_in(recording)), step=self)


@dataclass(frozen=True, slots=True)
class MovingArv:
    """Average rectified value over a centred window; as `MovingRms`."""

    window_s: float = 0.25

    def __post_init__(self) -> None:
        _check_window(self, self.window_s)

    def __call__(self, recording: Recording) -> Recording:
        """Return the envelope, µV."""
        rows, x = emg_of(recording)
        n = max(1, to_samples(self.window_s, recording.fs))
        return with_rows(recording, rows, moving_arv(x, n, spans_in(recording)), step=self)


@dataclass(frozen=True, slots=True)
class LinearEnvelope:
    """Rectification and zero-phase Butterworth low-pass, order 2 per pass.

    Attributes
    ----------
    cutoff_hz
        -3 dB point of both passes together, Hz.

    Raises
    ------
    ParameterError
        `cutoff_hz` is not a finite frequency above 0.
    FsTooLowError
        When called: `cutoff_hz` is not below fs/2.
    """

    cutoff_hz: float = 6.0

    def __post_init__(self) -> None:
        if not 0 < self.cutoff_hz < math.inf:
            raise ParameterError(f"LinearEnvelope needs a cut-off above 0 Hz, got {self}")

    def __call__(self, recording: Recording) -> Recording:
        """Return the envelope, µV."""
        rows, x = emg_of(recording)
        sos = lowpass_sos(self.cutoff_hz, recording.fs)
        y = zero_phase_sos(np.abs(x), sos, spans_in(recording))
        return with_rows(recording, rows, y, step=self)


@dataclass(frozen=True, slots=True)
class Tkeo:
    """Teager-Kaiser energy of the EMG rows, µV² (their channels' unit becomes uV^2).

    The first and last sample of a segment lack a neighbour and are NaN.
    """

    def __call__(self, recording: Recording) -> Recording:
        """Return the energy."""
        rows, x = emg_of(recording)
        y = tkeo(x, spans_in(recording))
        return with_unit(with_rows(recording, rows, y, step=self), rows, "uV^2")


def _check_window(step: object, window_s: float) -> None:
    if not 0 < window_s < math.inf:
        raise ParameterError(f"a window must be a finite time above 0 s, got {step}")
