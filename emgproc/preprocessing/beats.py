"""Where the heart beats: R peaks from an ECG channel, or from the ECG that leaks into the EMG.

Detection is made for infants: 90-220 beats per minute, QRS of 50-70 ms, refractory time 200 ms. In
an ECG channel 60-250 per minute are believed: a heart refused is ECG left in the muscle.
A train of peaks counts as heart beats only if its intervals are regular and its average complex is
slow: spontaneous motor units can fire as regularly, but their potentials are ten times shorter.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Bools, Floats, Ints
from emgproc.errors import FsTooLowError
from emgproc.preprocessing.butterworth import bandpass_sos, highpass_sos
from emgproc.preprocessing.electrode_pops import MaskPop
from emgproc.preprocessing.peaks import find_peaks
from emgproc.preprocessing.pops import POP, filtered_around_pops
from emgproc.preprocessing.rows import spans_in
from emgproc.preprocessing.windows import moving_rms
from emgproc.recording import Recording
from emgproc.units import to_samples

BAND_HZ = (5.0, 30.0)
RATE_BPM = (90.0, 220.0)
ECG_RATE_BPM = (60.0, 250.0)  # an electrode on the chest need not be told from muscle
REFRACTORY_S = 0.2
QRS_S = 0.06
REGULAR = 0.6
SLOW_HZ = 40.0
BASELINE_HZ = 3.0  # breathing or an electrode's offset is no heart
FEWEST = 8
ODD = 0.3
END_S = 0.12  # so near an end the filter makes a beat of a cut one, where none is


class Beats(NamedTuple):
    """R peaks (samples, increasing), the row they were found in, and the median heart rate.

    `odd` tells which of them are shaped unlike the others (n_beats,).
    """

    samples: Ints
    row: int
    rate_bpm: float
    odd: Bools


NONE = Beats(np.empty(0, np.int64), -1, float("nan"), np.empty(0, np.bool_))


def detect_beats(recording: Recording) -> Beats:
    """R peaks of the first ECG channel in which they are found, else of the EMG rows.

    Among the EMG rows, that whose peaks stand highest above its background gives the beats: the
    heart is one. Masked samples are not searched, nor 0.12 s at either end of a segment.

    Parameters
    ----------
    recording
        Raw or without line; fs above 60 Hz.

    Returns
    -------
    Beats
        Empty, with rate NaN, where no ECG is visible.

    Raises
    ------
    FsTooLowError
        The 5-30 Hz band does not exist at this rate.
    """
    low_hz, high_hz = BAND_HZ
    if recording.fs <= 2 * high_hz:
        raise FsTooLowError(
            f"heart beats are looked for between {low_hz:g} and {high_hz:g} Hz, which needs "
            f"fs above {2 * high_hz:g} Hz; this recording has {recording.fs:g} Hz"
        )
    recording = _without_pops(recording)
    bad = recording.mask() | ~np.isfinite(recording.data)
    for kind in ("ECG", "EMG"):
        candidates = [
            (found, contrast)
            for row in recording.rows(kind)
            for found, contrast in [_in_row(recording, row, bad[row])]
            if found.samples.size
        ]
        if candidates:
            return max(candidates, key=lambda pair: pair[1])[0]
    return NONE


def _without_pops(recording: Recording) -> Recording:
    """Recording whose ECG rows are masked at pops as its EMG rows are: a pop hides a beat."""
    ecg = recording.rows("ECG")
    if not ecg:
        return recording
    channels = tuple(replace(channel, kind="EMG") for channel in recording.channels)
    shown = MaskPop()(replace(recording, channels=channels).pick(ecg))
    own = [e for e in shown.events if e.label == POP and e not in recording.events]
    return recording.with_events(own, step=MaskPop())


def _in_row(recording: Recording, row: int, bad: Bools) -> tuple[Beats, float]:
    """Beats of one row and how far they stand above the background."""
    fs = recording.fs
    x = np.where(bad, np.nan, recording.data[row])
    spans = spans_in(recording)
    y, swift = (
        filtered_around_pops(recording, [row], x[None], sos)[0]
        for sos in (bandpass_sos(*BAND_HZ, fs), highpass_sos(BASELINE_HZ, fs))
    )
    envelope = moving_rms(y, max(1, to_samples(QRS_S, fs)), spans)
    envelope[bad] = np.nan
    known = envelope[np.isfinite(envelope)]
    if known.size < fs or not known.any():
        return NONE, 0.0
    peaks = np.concatenate([_peaks(envelope[a:b], fs) + a for a, b in spans])
    heights = envelope[peaks]
    # Every stretch of 1 s holds a beat at 60 per minute: the beats' height is that of its maxima.
    tall = float(np.median(_maxima(envelope, spans, to_samples(1.0, fs))))
    background = float(np.percentile(known, 30))
    peaks = peaks[(heights > 0.5 * tall) & (heights > 1.5 * background)]
    is_ecg = recording.channels[row].kind == "ECG"
    rate = heart_rate(peaks, fs, ECG_RATE_BPM if is_ecg else RATE_BPM)
    if not np.isfinite(rate):
        return NONE, 0.0
    peaks = _aligned(y, peaks, fs)
    end = to_samples(END_S, fs)
    peaks = np.concatenate([peaks[(peaks >= a + end) & (peaks < b - end)] for a, b in spans])
    if not _is_slow(swift, peaks, fs):
        return NONE, 0.0
    return Beats(peaks, row, rate, _odd(y, peaks, fs)), tall / max(
        background, np.finfo(float).tiny
    )


def _maxima(envelope: Floats, spans: list[tuple[int, int]], n: int) -> Floats:
    found = [
        np.nanmax(envelope[a : a + n])
        for start, stop in spans
        for a in range(start, stop, n)
        if np.isfinite(envelope[a : a + n]).any()
    ]
    return np.array(found)


def _peaks(envelope: Floats, fs: float) -> Ints:
    """Local maxima, the highest first, none nearer than the refractory time to a higher one."""
    distance = max(1, to_samples(REFRACTORY_S, fs))
    return np.asarray(find_peaks(np.nan_to_num(envelope), distance=distance), np.int64)


def heart_rate(peaks: Ints, fs: float, within: tuple[float, float] = RATE_BPM) -> float:
    """Median rate of a regular train of peaks, beats per minute; NaN if it is no heart's.

    Of the intervals at least 60 % must lie within 20 % of the median of their ten neighbours on
    either side, and the median rate lie `within` these, by default 90 and 220.
    """
    if peaks.size < FEWEST:
        return float("nan")
    intervals = np.diff(peaks) / fs
    local = np.array(
        [np.median(intervals[max(0, i - 10) : i + 11]) for i in range(intervals.size)]
    )
    rate = 60 / float(np.median(intervals))
    regular = float(np.mean(np.abs(intervals / local - 1) <= 0.2))
    inside = within[0] <= rate <= within[1]
    return rate if inside and regular >= REGULAR else float("nan")


def epochs_of(x: Floats, peaks: Ints, before: int, after: int) -> Floats:
    """Samples peak - before … peak + after of each peak, NaN beyond the array.

    Shape (n_peaks, before + after + 1).
    """
    padded = np.concatenate([np.full(before, np.nan), x, np.full(after, np.nan)])
    epochs: Floats = padded[peaks[:, None] + np.arange(before + after + 1)]
    return epochs


def _aligned(y: Floats, peaks: Ints, fs: float) -> Ints:
    """Peaks moved to where their complex correlates best with the average one, within 20 ms.

    Then all are moved alike, to the extremum of the average: the envelope's maximum is the middle
    of the complex, not the R peak.
    """
    half, reach = to_samples(0.06, fs), to_samples(0.02, fs)
    for _ in range(3):
        template = np.nanmean(epochs_of(y, peaks, half, half), axis=0)
        wide = np.nan_to_num(epochs_of(y, peaks, half + reach, half + reach))
        score = np.lib.stride_tricks.sliding_window_view(wide, 2 * half + 1, axis=1) @ template
        peaks = np.clip(peaks + np.argmax(score, axis=1) - reach, 0, y.size - 1)
    template = np.nanmean(epochs_of(y, peaks, half, half), axis=0)
    shift = int(np.argmax(np.abs(template))) - half
    return np.unique(np.clip(peaks + shift, 0, y.size - 1))


def _odd(y: Floats, peaks: Ints, fs: float) -> Bools:
    """Beats that differ from the median one, at any gain up to 2, by most of its power.

    By 0.3 of it and ten times the usual difference: an ectopic beat, or one under an artefact.
    """
    half = to_samples(QRS_S, fs)
    epochs = np.nan_to_num(epochs_of(y, peaks, half, half))
    usual = np.median(epochs, axis=0)
    power = float(usual @ usual)
    gains = np.clip(epochs @ usual / power, 0.0, 2.0)
    misfit = np.sum((epochs - gains[:, None] * usual) ** 2, axis=1)
    return np.asarray(misfit > max(ODD * power, 10 * float(np.median(misfit))))


def _is_slow(x: Floats, peaks: Ints, fs: float) -> bool:
    """Tell whether the average complex, without baseline, has its power below 40 Hz."""
    half = to_samples(0.1, fs)
    epochs = epochs_of(x, peaks, half, half)
    whole = epochs[np.all(np.isfinite(epochs), axis=1)]
    if len(whole) < FEWEST:
        return False
    average = whole.mean(axis=0)
    average = (average - np.linspace(average[0], average[-1], average.size)) * np.hanning(
        average.size
    )
    noise = whole.var(axis=0).mean() / len(whole)
    power = np.abs(np.fft.rfft(average)) ** 2
    slow = np.fft.rfftfreq(average.size, 1 / fs) < SLOW_HZ
    return bool(power[slow].sum() > power[~slow].sum() and average.var() > 2 * noise)
