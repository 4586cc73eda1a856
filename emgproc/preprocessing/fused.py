"""Filter and moving RMS in one go: the steps one by one, without the arrays between them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_channels
from emgproc.errors import ParameterError
from emgproc.preprocessing.butterworth import bandpass_sos
from emgproc.preprocessing.envelopes import MovingRms, Rectify
from emgproc.preprocessing.filters import Bandpass
from emgproc.preprocessing.pops import has_pops
from emgproc.preprocessing.rows import check_recording, emg_of, spans_in, with_rows
from emgproc.preprocessing.windows import Window, moving_rms, walk
from emgproc.preprocessing.zero_phase import Span, checked_spans, zero_phase_sos
from emgproc.recording import Recording
from emgproc.units import to_samples

Step = Callable[[Recording], Recording]


def filtered_rms(
    x: ArrayLike,
    sos: ArrayLike,
    n: int,
    segments: Sequence[Span] | None = None,
    *,
    threads: int = 1,
) -> Floats:
    """Moving RMS over `n` samples of the zero-phase filtered signal.

    The bytes are those of `moving_rms(zero_phase_sos(x, sos, segments), n, segments)`, which
    rectification between the two does not change; the root mean square takes the place of the
    filtered signal as it is computed. Parameters and errors as there.
    """
    data = as_channels(x)
    if n < 1:
        raise ParameterError(f"a moving window holds at least 1 sample, got {n}")
    y = zero_phase_sos(data, sos, segments, threads=threads)
    gaps = np.zeros(len(data), np.bool_)
    for span in checked_spans(segments, data.shape[1]):
        gaps |= ~walk(y, y, span, Window(n, "rms", threads))
    for row in np.flatnonzero(gaps):  # their filtered samples are overwritten by now
        y[row] = moving_rms(zero_phase_sos(data[row], sos, segments), n, segments)
    return y.reshape(np.shape(x))


def apply_steps(recording: Recording, steps: Sequence[Step]) -> Recording:
    """Every step in order, each on the result of the one before.

    A band-pass, a rectification (or none) and a moving RMS that follow each other are done in one
    pass; data, history and findings are those of the steps one by one.

    Raises
    ------
    ParameterError
        `recording` is an array, or another thing that is no Recording.
    SignalError
        A step cannot work on this recording, e.g. `FsTooLowError`.
    """
    check_recording(recording)
    check_recording(recording)
    left = list(steps)
    while left:
        match left:
            case [Bandpass() as band, Rectify() as between, MovingRms() as window, *left]:
                recording = _envelope(recording, band, window, history=[between, window])
            case [Bandpass() as band, MovingRms() as window, *left]:
                recording = _envelope(recording, band, window, history=[window])
            case [step, *left]:
                recording = step(recording)
    return recording


def _envelope(
    recording: Recording, band: Bandpass, window: MovingRms, *, history: Sequence[Step]
) -> Recording:
    """Band-pass and moving RMS in one pass; `history` are the steps after the band-pass."""
    if has_pops(recording):  # each row is filtered in stretches of its own
        recording = band(recording)
        for step in history:
            recording = step(recording)
        return recording
    rows, x = emg_of(recording)
    sos = bandpass_sos(*band.band(recording.fs), recording.fs)
    n = max(1, to_samples(window.window_s, recording.fs))
    y = filtered_rms(x, sos, n, spans_in(recording))
    enveloped = with_rows(recording, rows, y, step=band, findings=band.findings(recording))
    about = enveloped.provenance
    steps = (*about.steps, *map(repr, history))
    return replace(enveloped, provenance=replace(about, steps=steps))
