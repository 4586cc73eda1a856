"""Band-pass, high-pass and low-pass steps: zero-phase Butterworth, -3 dB at the named cut-offs."""

import math
from dataclasses import dataclass

from emgproc.arrays import Floats
from emgproc.errors import FsTooLowError, ParameterError
from emgproc.preprocessing.butterworth import bandpass_sos, highpass_sos, lowpass_sos
from emgproc.preprocessing.pops import filtered_around_pops
from emgproc.preprocessing.rows import emg_of, found, with_rows
from emgproc.recording import Finding, Recording

FULL_BAND_FS_HZ = 1200.0
CAP = 0.4


@dataclass(frozen=True, slots=True)
class Bandpass:
    """Zero-phase Butterworth high-pass and low-pass, order 2 per pass, two passes (chain P0).

    The named cut-offs are the -3 dB points of both passes together. Below 1200 Hz sampling rate
    the upper one is at most 0.4·fs (`band_limited`: the effective edges are findings
    `band_low_hz`, `band_high_hz`). Samples that are not finite are bridged for the filter and are
    NaN afterwards; segments, and the stretches between pops (`bad_pop`), are filtered each by
    itself. EMG rows only.

    Attributes
    ----------
    low_hz, high_hz
        -3 dB points, Hz, 0 < low_hz < high_hz.

    Raises
    ------
    ParameterError
        The cut-offs are not in order.
    FsTooLowError
        When called: `high_hz` is not below fs/2, or the capped edge is below 2·low_hz.
    """

    low_hz: float = 20.0
    high_hz: float = 450.0

    def __post_init__(self) -> None:
        if not 0 < self.low_hz < self.high_hz < math.inf:
            raise ParameterError(f"Bandpass needs 0 < low_hz < high_hz, got {self}")

    def band(self, fs: float) -> tuple[float, float]:
        """Effective -3 dB points at this sampling rate, Hz.

        Examples
        --------
        >>> Bandpass(20, 450).band(1000.0)
        (20.0, 400.0)
        """
        high = min(self.high_hz, CAP * fs) if fs < FULL_BAND_FS_HZ else self.high_hz
        if high < self.high_hz and high < 2 * self.low_hz:
            raise FsTooLowError(
                f"{self} at {fs:g} Hz leaves {self.low_hz:g}-{high:g} Hz (upper edge capped at "
                f"{CAP:g}·fs); it needs fs of at least {2 * self.low_hz / CAP:g} Hz"
            )
        return float(self.low_hz), float(high)

    def __call__(self, recording: Recording) -> Recording:
        """Return the filtered recording."""
        rows, x = emg_of(recording)
        low, high = self.band(recording.fs)
        y = filtered_around_pops(recording, rows, x, bandpass_sos(low, high, recording.fs))
        return with_rows(recording, rows, y, step=self, findings=self.findings(recording))

    def findings(self, recording: Recording) -> list[Finding]:
        """Return the effective -3 dB edges of every EMG row, Hz."""
        rows = recording.emg_rows()
        low, high = self.band(recording.fs)
        return [
            *found(recording, rows, "band_low_hz", "Hz", [low] * len(rows)),
            *found(recording, rows, "band_high_hz", "Hz", [high] * len(rows)),
        ]


@dataclass(frozen=True, slots=True)
class Highpass:
    """Zero-phase Butterworth high-pass, order 2 per pass, -3 dB at `cutoff_hz` after both passes.

    Gaps and segments as `Bandpass`.

    Raises
    ------
    ParameterError
        `cutoff_hz` is not a finite frequency above 0.
    FsTooLowError
        When called: `cutoff_hz` is not below fs/2.
    """

    cutoff_hz: float = 20.0

    def __post_init__(self) -> None:
        _check_cutoff(self, self.cutoff_hz)

    def __call__(self, recording: Recording) -> Recording:
        """Return the filtered recording."""
        return _filtered(recording, highpass_sos(self.cutoff_hz, recording.fs), step=self)


@dataclass(frozen=True, slots=True)
class Lowpass:
    """Zero-phase Butterworth low-pass, order 2 per pass, -3 dB at `cutoff_hz` after both passes.

    Gaps, segments and errors as `Highpass`.
    """

    cutoff_hz: float = 450.0

    def __post_init__(self) -> None:
        _check_cutoff(self, self.cutoff_hz)

    def __call__(self, recording: Recording) -> Recording:
        """Return the filtered recording."""
        return _filtered(recording, lowpass_sos(self.cutoff_hz, recording.fs), step=self)


def _check_cutoff(step: object, cutoff_hz: float) -> None:
    if not 0 < cutoff_hz < math.inf:
        raise ParameterError(f"a cut-off must be a finite frequency above 0 Hz, got {step}")


def _filtered(recording: Recording, sos: Floats, *, step: object) -> Recording:
    rows, x = emg_of(recording)
    y = filtered_around_pops(recording, rows, x, sos)
    return with_rows(recording, rows, y, step=step)
