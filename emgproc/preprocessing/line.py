"""Mains interference: sinusoids whose frequency, amplitude and phase are followed, and taken out.

No notch: a notch wide enough for a drifting mains takes the EMG around it too. A least-squares
sinusoid per window takes two degrees of freedom per harmonic and second.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError
from emgproc.preprocessing.butterworth import highpass_sos
from emgproc.preprocessing.line_fit import LineModel, removed_line
from emgproc.preprocessing.line_jumps import line_jumps
from emgproc.preprocessing.pops import filtered_around_pops
from emgproc.preprocessing.rows import also_masked, emg_of, found, with_rows
from emgproc.preprocessing.zero_phase import bridge
from emgproc.recording import Recording

NEAR_HZ, GAP_HZ, AROUND_HZ = 1.0, 1.5, 6.0
WANDER_HZ = 0.5  # a harmonic that could wander to fs/2 has no sine there and spoils the fit
BAND_HZ = (20.0, 450.0)
SPECTRUM_S = 2.0
RESIDUAL_DB = 1.0  # a faster drift than one window follows is taken out in a second walk


@dataclass(frozen=True, slots=True)
class RemoveLine:
    """Remove mains and those of its harmonics that stand out of the spectrum.

    A harmonic is removed where the power density within ±1 Hz of it is more than `threshold_db`
    above that of its ±6 Hz neighbourhood (detection rule of zapline-plus, Klug & Kloosterman
    2022). The harmonics are sought at multiples of the frequency at which the lowest of them is
    found: at 49.6 Hz the fifth lies 2 Hz from its nominal place. In windows of `window_s`,
    overlapping by half, the mains frequency is refined around `line_hz` jointly for all channels
    and harmonics, and each sinusoid fitted by least squares to the samples that are not masked.
    What was removed is reported as `line_power_uv2` (mean square) and `line_share` (share of the
    20-450 Hz band power, masked samples left out of both); where the share exceeds
    `max_share` the channel is masked `bad_line`. Where the line jumps tenfold (an electrode that
    is off, see `preprocessing.line_jumps`) the row is masked `bad_line` there, and those samples
    enter no fit. Channels without a line are left untouched.

    Attributes
    ----------
    line_hz
        Nominal mains frequency, Hz.
    harmonics
        How many multiples of `line_hz`, the first included; 0 is all below fs/2.
    threshold_db
        Detection threshold, dB.
    window_s
        Window of the fit, s, at least 10 periods.
    max_share
        Greatest share of band power that may have been line, 0 … 1.

    Raises
    ------
    ParameterError
        A field is outside its range.
    """

    line_hz: float = 50.0
    harmonics: int = 0
    threshold_db: float = 4.0
    window_s: float = 1.0
    max_share: float = 0.5

    def __post_init__(self) -> None:
        finite = all(map(math.isfinite, (self.line_hz, self.threshold_db, self.window_s)))
        if not (finite and self.line_hz >= 10 and self.harmonics >= 0):
            raise ParameterError(f"RemoveLine needs line_hz >= 10 and harmonics >= 0, got {self}")
        if self.threshold_db <= 0 or self.window_s * self.line_hz < 10:
            raise ParameterError(
                f"RemoveLine needs threshold_db > 0 and 10 periods in window_s, got {self}"
            )
        if not 0 < self.max_share <= 1:
            raise ParameterError(f"RemoveLine needs 0 < max_share <= 1, got {self}")

    def __call__(self, recording: Recording) -> Recording:
        """Return the recording without line."""
        rows, x = emg_of(recording)
        valid = np.isfinite(x) & ~recording.mask()[rows]
        multiples = self._multiples(recording.fs)
        swift = self._without_baseline(recording, rows, x) if multiples.size else x
        jumps = line_jumps(swift, valid, recording, self.line_hz)
        valid &= ~jumps
        hz, before = _spectrum(swift, valid, recording)
        mains_hz = self._mains_hz(hz, before, multiples)
        multiples = multiples[multiples * (mains_hz + WANDER_HZ) < recording.fs / 2]
        at_hz = multiples * mains_hz
        present = stands_out(hz, before, at_hz, self.threshold_db)
        highest_hz = recording.fs / 2 - WANDER_HZ
        model = LineModel(self.line_hz, self.window_s, multiples, present, highest_hz)
        line = removed_line(swift, valid, recording, model)
        hz, left = _spectrum(swift - line, valid, recording)
        still = stands_out(hz, left, at_hz, RESIDUAL_DB) & present
        line += removed_line(swift - line, valid, recording, replace(model, present=still))
        _, after = _spectrum(line, valid, recording)  # bridged as the total was
        band = (hz >= BAND_HZ[0]) & (hz <= BAND_HZ[1])
        total = before[:, band].sum(axis=1)
        share = np.divide(
            after[:, band].sum(axis=1), total, out=np.zeros(len(rows)), where=total > 0
        )
        findings = [
            *found(recording, rows, "line_power_uv2", "uV^2", np.mean(line**2, axis=1)),
            *found(recording, rows, "line_share", "1", share),
        ]
        cleaned = with_rows(recording, rows, x - line, step=self, findings=findings)
        bad = np.zeros(recording.data.shape, np.bool_)
        bad[rows] = jumps | (share > self.max_share)[:, None]
        return also_masked(cleaned, bad, "bad_line", step=self)

    def _without_baseline(self, recording: Recording, rows: list[int], x: Floats) -> Floats:
        """What the line is fitted to: an offset or a drift of mV would be fitted as line too.

        The high-pass leaves 99.93 % of the mains' amplitude.
        """
        sos = highpass_sos(self.line_hz / 5, recording.fs)
        return filtered_around_pops(recording, rows, x, sos)

    def _multiples(self, fs: float) -> Floats:
        highest = math.ceil((fs / 2 - GAP_HZ) / self.line_hz) - 1
        n = min(highest, self.harmonics) if self.harmonics else highest
        return np.arange(1, max(n, 0) + 1, dtype=np.float64)

    def _mains_hz(self, hz: Floats, power: Floats, multiples: Floats) -> float:
        """Frequency of the lowest multiple that stands out, over its order; else the nominal."""
        nominal = self.line_hz * multiples
        present = stands_out(hz, power, nominal, self.threshold_db)
        found_in = np.flatnonzero(present.any(axis=0))
        if found_in.size == 0:
            return self.line_hz
        lowest = found_in[0]
        total = power[present[:, lowest]].sum(axis=0)
        near = np.flatnonzero(np.abs(hz - nominal[lowest]) <= NEAR_HZ)
        peak = hz[near[np.argmax(total[near])]]
        around = np.abs(hz - peak) <= NEAR_HZ
        return float(np.average(hz[around], weights=total[around]) / multiples[lowest])


def _spectrum(x: Floats, valid: Bools, recording: Recording) -> tuple[Floats, Floats]:
    """Mean power spectrum of 2-s Hann windows of all segments, bridged where not valid."""
    longest = max((stop - start for start, stop, _ in recording.segments), default=0)
    n = min(round(SPECTRUM_S * recording.fs), longest)
    hz: Floats = np.asarray(np.fft.rfftfreq(max(n, 1), 1 / recording.fs), np.float64)
    power = np.zeros((len(x), hz.size))
    count = 0
    window = np.hanning(n + 2)[1:-1]
    for start, stop, _ in recording.segments:
        for first in range(start, stop - n + 1, max(1, n // 2)):
            pieces = _bridged(x[:, first : first + n], valid[:, first : first + n])
            pieces = pieces - pieces.mean(axis=1, keepdims=True)
            power += np.abs(np.fft.rfft(pieces * window, axis=1)) ** 2
            count += 1
    return hz, power / max(count, 1)


def _bridged(x: Floats, valid: Bools) -> Floats:
    if valid.all():
        return x
    y = np.zeros_like(x)
    for row in range(len(x)):
        if valid[row].any():
            y[row] = bridge(x[row], valid[row])
    return y


def stands_out(hz: Floats, power: Floats, at_hz: Floats, threshold_db: float) -> Bools:
    """Tell for each row and frequency whether it rises above its neighbourhood.

    Parameters
    ----------
    hz
        Frequencies of the columns of `power`, Hz.
    power
        (n_channels, n_frequencies), any unit of power.
    at_hz
        Frequencies asked about, Hz.
    threshold_db
        Least rise, dB.

    Returns
    -------
    ndarray
        bool (n_channels, len(at_hz)); False where the spectrum is too coarse to tell.
    """
    result = np.zeros((len(power), at_hz.size), np.bool_)
    for k, f in enumerate(at_hz):
        near = np.abs(hz - f) <= NEAR_HZ
        around = (np.abs(hz - f) > GAP_HZ) & (np.abs(hz - f) <= AROUND_HZ)
        if near.any() and around.any():
            floor = power[:, around].mean(axis=1)
            rise = power[:, near].mean(axis=1)
            result[:, k] = (rise > floor * 10 ** (threshold_db / 10)) & (rise > 0)
    return result
