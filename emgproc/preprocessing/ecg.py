"""Heart in the muscle: template subtraction, and gating of what is left."""

import math
from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats, Ints
from emgproc.errors import ParameterError
from emgproc.preprocessing.beats import BASELINE_HZ, Beats, detect_beats, epochs_of
from emgproc.preprocessing.butterworth import highpass_sos
from emgproc.preprocessing.ecg_template import FEWEST, TemplateFit, subtract_template
from emgproc.preprocessing.pops import filtered_around_pops
from emgproc.preprocessing.rows import also_masked, emg_of, found, with_rows
from emgproc.recording import Finding, Recording
from emgproc.units import to_samples

GATE_S = 0.06
ODD_GATE_S = 0.08  # an ectopic beat is wide; half of it, so that a window of 1 s keeps its 80 %
LONGEST = 1.6  # intervals between beats; in a longer pause a beat was missed
SHORTEST = 0.8  # and a regular heart's next beat is no nearer
BEFORE, AFTER = 0.4, 0.6  # of an interval: where the complex of an R peak begins and ends


@dataclass(frozen=True, slots=True)
class SubtractEcg:
    """Subtract from every EMG row the average complex of the neighbouring heart beats.

    R peaks come from the ECG channel, or where there is none from the 5-30 Hz band of the EMG
    (see `preprocessing.beats`). For each beat the template is the mean of the `neighbours`
    nearest beats of the same segment, its own included; its gain and a lag of at most 5 ms are
    fitted by least squares. It reaches from 0.4 of the median interval before the R peak to 0.6
    after it, P and T wave included: a template cut through a wave leaves an edge that no later
    filter removes. Masked samples enter no template. EMG power falls by 1/neighbours, also where
    a segment holds fewer beats.

    What cannot be subtracted is masked `bad_ecg`: ±60 ms of each beat where fewer than 5 beats of
    the row and segment are free of masks; ±80 ms of beats shaped unlike the others (ectopic ones,
    `n_odd_beats`), which enter no template; pauses of more than 1.6 intervals (electrode off), and
    the ends of segments up to 0.8 intervals before the first beat and after the last: in both the
    heart may have beaten unseen.

    Where no ECG is visible nothing is changed and `n_beats` is 0. Other findings:
    `heart_rate_bpm`, and per row with a whole beat `ecg_residual_uv`, the RMS within ±60 ms of
    the average of the cleaned complexes. Per-beat gain and lag as in ime-luebeck/ecg-removal.

    Attributes
    ----------
    neighbours
        Beats averaged into one template, ≥ 5.

    Raises
    ------
    ParameterError
        `neighbours` is below 5.
    FsTooLowError
        When called: fs is not above 60 Hz.
    """

    neighbours: int = 40

    def __post_init__(self) -> None:
        if self.neighbours < 5:
            raise ParameterError(f"SubtractEcg needs neighbours >= 5, got {self}")

    def __call__(self, recording: Recording) -> Recording:
        """Return the recording without ECG in its EMG rows."""
        rows, x = emg_of(recording)
        beats = detect_beats(recording)
        findings = _about(beats)
        if beats.samples.size == 0:
            return recording.with_data(recording.data, step=self, findings=findings)
        odd = _gate(beats.samples[beats.odd], recording, ODD_GATE_S)
        valid = np.isfinite(x) & ~recording.mask()[rows] & ~odd
        usual = beats.samples[~beats.odd]
        fit = TemplateFit.for_rate(self.neighbours, beats.rate_bpm, recording.fs)
        sos = highpass_sos(BASELINE_HZ, recording.fs)
        swift = filtered_around_pops(recording, rows, x, sos)
        y = x.copy()
        bad = np.zeros(recording.data.shape, np.bool_)
        bad[rows] = odd | _unseen(beats, recording)
        gates = _gate(beats.samples, recording, GATE_S)
        for start, stop, _ in recording.segments:
            inside = usual[(usual >= start) & (usual < stop)] - start
            for i, row in enumerate(rows):
                span = slice(start, stop)
                cleaned = subtract_template(swift[i, span], valid[i, span], inside, fit)
                if cleaned is None:
                    bad[row, span] |= gates[span]
                else:
                    y[i, span] -= swift[i, span] - cleaned
        findings += _residuals(recording, rows, y, beats)
        after = with_rows(recording, rows, y, step=self, findings=findings)
        return also_masked(after, bad, "bad_ecg", step=self)


@dataclass(frozen=True, slots=True)
class GateEcg:
    """Mask all EMG rows as `bad_ecg` within `half_s` of every R peak, and in pauses without beats.

    Beats as `SubtractEcg`; without an ECG channel they must still be visible, so gate before
    subtracting. Pauses, ends and odd beats as there. At 140 beats per minute ±60 ms keep 72 % of
    the samples. No ECG visible: nothing is masked and `n_beats` is 0.

    Attributes
    ----------
    half_s
        Half width of the gate, s.

    Raises
    ------
    ParameterError
        `half_s` is not a finite time above 0.
    FsTooLowError
        When called: fs is not above 60 Hz.
    """

    half_s: float = GATE_S

    def __post_init__(self) -> None:
        if not 0 < self.half_s < math.inf:
            raise ParameterError(f"GateEcg needs a finite half_s above 0, got {self}")

    def __call__(self, recording: Recording) -> Recording:
        """Return the masked recording."""
        rows = recording.emg_rows()
        beats = detect_beats(recording)
        bad = np.zeros(recording.data.shape, np.bool_)
        if beats.samples.size:
            odd = _gate(beats.samples[beats.odd], recording, ODD_GATE_S)
            gates = _gate(beats.samples, recording, self.half_s)
            bad[rows] = gates | odd | _unseen(beats, recording)
        return recording.with_mask(bad, "bad_ecg", step=self, findings=_about(beats))


def _gate(peaks: Ints, recording: Recording, half_s: float) -> Bools:
    half = to_samples(half_s, recording.fs)
    bad = np.zeros(recording.n_samples, np.bool_)
    for start, stop, _ in recording.segments:
        for peak in peaks[(peaks >= start) & (peaks < stop)]:
            bad[max(start, peak - half) : min(stop, peak + half)] = True
    return bad


def _about(beats: Beats) -> list[Finding]:
    findings = [Finding("n_beats", "1", "", float(beats.samples.size))]
    if beats.samples.size:
        findings.append(Finding("n_odd_beats", "1", "", float(beats.odd.sum())))
        findings.append(Finding("heart_rate_bpm", "1/min", "", beats.rate_bpm))
    return findings


def _unseen(beats: Beats, recording: Recording) -> Bools:
    """Samples in which the heart may have beaten unseen; (n_samples,).

    These are pauses so long that a beat was missed in them, and the ends of segments: no beat is
    looked for there, and one lies at least 0.8 intervals from the next.
    """
    bad = np.zeros(recording.n_samples, np.bool_)
    overall = 60 / beats.rate_bpm * recording.fs
    gate = to_samples(GATE_S, recording.fs)
    for start, stop, _ in recording.segments:
        inside = beats.samples[(beats.samples >= start) & (beats.samples < stop)]
        if not inside.size:
            bad[start:stop] = True
            continue
        intervals = np.diff(inside)
        usual = _usual_intervals(intervals, overall)
        for i in np.flatnonzero(intervals > LONGEST * usual):
            first, last = inside[i] + AFTER * usual[i], inside[i + 1] - BEFORE * usual[i]
            bad[int(first) : int(last)] = True
        near = SHORTEST * (usual[[0, -1]] if usual.size else np.full(2, overall))
        bad[start : max(start, int(inside[0] - near[0]) + gate)] = True
        bad[min(stop, int(inside[-1] + near[1]) - gate) : stop] = True
    return bad


def _usual_intervals(intervals: Ints, overall: float) -> Floats:
    """Median of each interval and its ten neighbours on either side; `overall` where too few."""
    near = [intervals[max(0, i - 10) : i + 11] for i in range(intervals.size)]
    return np.array([float(np.median(n)) if n.size >= FEWEST else overall for n in near])


def _residuals(recording: Recording, rows: list[int], y: Floats, beats: Beats) -> list[Finding]:
    valid = np.isfinite(y) & ~recording.mask()[rows]
    named = []
    for i, row in enumerate(rows):
        residual = residual_uv(y[i], valid[i], beats.samples, recording.fs)
        if np.isfinite(residual):
            named += found(recording, [row], "ecg_residual_uv", "uV", [residual])
    return named


def residual_uv(x: Floats, valid: Bools, peaks: Ints, fs: float) -> float:
    """RMS within ±60 ms of the R-locked average, its mean removed, µV; NaN without whole beats."""
    half = to_samples(GATE_S, fs)
    epochs = epochs_of(np.where(valid, x, np.nan), peaks, half, half)
    whole = epochs[np.all(np.isfinite(epochs), axis=1)]
    return float(whole.mean(axis=0).std()) if len(whole) else float("nan")
