"""A filter and what follows it, a few channels at a time, without the arrays between them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from emgproc._kernels.threads import over_groups
from emgproc.arrays import Samples, aligned_empty, as_samples
from emgproc.errors import ParameterError
from emgproc.preprocessing.butterworth import bandpass_sos, lowpass_sos
from emgproc.preprocessing.envelopes import LinearEnvelope, MovingArv, MovingRms, Rectify
from emgproc.preprocessing.filters import Bandpass
from emgproc.preprocessing.pops import has_pops
from emgproc.preprocessing.rows import check_recording, emg_of, spans_in, with_rows
from emgproc.preprocessing.windows import Window, fill_moving
from emgproc.preprocessing.zero_phase import Span, checked_spans, unfilled, zero_phase_sos
from emgproc.recording import Recording
from emgproc.units import to_samples

Step = Callable[[Recording], Recording]
Envelope = MovingRms | MovingArv | LinearEnvelope
Use = Callable[[slice, Samples, int], None]

_CACHE = 1 << 25  # bytes of filtered samples that all threads hold together
_MOST = 4  # vectors of channels; with more the first are gone before they are used


def filter_and(  # noqa: PLR0913 - the one beyond is keyword-only
    x: Samples,
    sos: ArrayLike,
    segments: Sequence[Span] | None,
    use: Use,
    *,
    rectify: bool = False,
    threads: int = 1,
) -> None:
    """Filter a few channels, hand them to `use`, filter the next.

    The filtered samples stay in the cache until they are used, and are then overwritten. There
    are as many channels as fit the cache, but always enough to fill a vector.

    Parameters
    ----------
    x
        (n_channels, n_samples), float64 or float32, C-contiguous.
    sos, segments, rectify
        As in `zero_phase_sos`.
    use
        Called as use(channels, filtered, threads): which channels they are, their filtered
        samples, and over how many threads it may spread.
    threads
        Over groups of channels, or inside each where there are fewer groups.

    Raises
    ------
    ParameterError
        As `zero_phase_sos`.
    """
    if threads < 1:
        raise ParameterError(f"threads must be at least 1, got {threads}")
    vector = 64 // x.itemsize
    size = vector * max(x.shape[1], 1) * x.itemsize
    some = vector * min(max(_CACHE // (threads * size), 1), _MOST)
    firsts = range(0, len(x), some)
    inside = threads if len(firsts) < threads else 1

    def work(part: slice) -> None:
        memory = aligned_empty((min(some, len(x)), x.shape[1]), x.dtype)
        for first in firsts[part]:
            channels = slice(first, min(first + some, len(x)))
            filtered = memory[: channels.stop - first]
            zero_phase_sos(
                x[channels], sos, segments, threads=inside, rectify=rectify, out=filtered
            )
            use(channels, filtered, inside)

    over_groups(work, len(firsts), threads if inside == 1 else 1)


def filtered_rms(
    x: ArrayLike,
    sos: ArrayLike,
    n: int,
    segments: Sequence[Span] | None = None,
    *,
    threads: int = 1,
) -> Samples:
    """Moving RMS over `n` samples of the zero-phase filtered signal.

    The bytes are those of `moving_rms(zero_phase_sos(x, sos, segments), n, segments)`, which
    rectification between the two does not change; of the filtered signal no more than a few
    channels are ever held. Parameters and errors as there.
    """
    return _filtered_moving(x, sos, Window(n, "rms", threads), segments)


def filtered_arv(
    x: ArrayLike,
    sos: ArrayLike,
    n: int,
    segments: Sequence[Span] | None = None,
    *,
    threads: int = 1,
) -> Samples:
    """Moving average rectified value of the zero-phase filtered signal; as `filtered_rms`."""
    return _filtered_moving(x, sos, Window(n, "arv", threads), segments)


def _filtered_moving(
    x: ArrayLike, sos: ArrayLike, window: Window, segments: Sequence[Span] | None
) -> Samples:
    if window.n < 1:
        raise ParameterError(f"a moving window holds at least 1 sample, got {window.n}")
    data = as_samples(x)
    spans = checked_spans(segments, data.shape[1])
    out = unfilled(data, spans)

    def use(channels: slice, filtered: Samples, threads: int) -> None:
        fill_moving(filtered, out[channels], spans, window._replace(threads=threads))

    filter_and(data, sos, segments, use, threads=window.threads)
    return out.reshape(np.shape(x))


def filtered_envelope(
    x: ArrayLike,
    sos: ArrayLike,
    lowpass: ArrayLike,
    segments: Sequence[Span] | None = None,
    *,
    threads: int = 1,
) -> Samples:
    """Linear envelope: filtered by `sos`, rectified, filtered by `lowpass`, all zero-phase.

    The bytes are those of the three one by one. Parameters and errors as `zero_phase_sos`.
    """
    data = as_samples(x)
    out = unfilled(data, checked_spans(segments, data.shape[1]))

    def use(channels: slice, filtered: Samples, threads: int) -> None:
        zero_phase_sos(filtered, lowpass, segments, threads=threads, out=out[channels])

    filter_and(data, sos, segments, use, rectify=True, threads=threads)
    return out.reshape(np.shape(x))


def apply_steps(recording: Recording, steps: Sequence[Step]) -> Recording:
    """Every step in order, each on the result of the one before.

    A band-pass, a rectification (or none) and an envelope that follow each other are done in one
    pass; data, history and findings are those of the steps one by one.

    Raises
    ------
    ParameterError
        `recording` is an array, or another thing that is no Recording.
    SignalError
        A step cannot work on this recording, e.g. `FsTooLowError`.
    """
    check_recording(recording)
    left = list(steps)
    while left:
        match left:
            case [
                Bandpass() as band,
                Rectify() as between,
                MovingRms() | MovingArv() | LinearEnvelope() as last,
                *left,
            ]:
                recording = _in_one_pass(recording, band, last, history=[between, last])
            case [Bandpass() as band, MovingRms() | MovingArv() | LinearEnvelope() as last, *left]:
                recording = _in_one_pass(recording, band, last, history=[last])
            case [step, *left]:
                recording = step(recording)
    return recording


def _in_one_pass(
    recording: Recording, band: Bandpass, last: Envelope, *, history: Sequence[Step]
) -> Recording:
    """Band-pass and envelope in one pass; `history` are the steps after the band-pass."""
    if has_pops(recording):  # each row is filtered in stretches of its own
        recording = band(recording)
        for step in history:
            recording = step(recording)
        return recording
    rows, x = emg_of(recording)
    sos = bandpass_sos(*band.band(recording.fs), recording.fs)
    y = _envelope(x, sos, last, recording)
    enveloped = with_rows(recording, rows, y, step=band, findings=band.findings(recording))
    about = enveloped.provenance
    steps = (*about.steps, *map(repr, history))
    return replace(enveloped, provenance=replace(about, steps=steps))


def _envelope(x: Samples, sos: ArrayLike, last: Envelope, recording: Recording) -> Samples:
    spans = spans_in(recording)
    if isinstance(last, LinearEnvelope):
        return filtered_envelope(x, sos, lowpass_sos(last.cutoff_hz, recording.fs), spans)
    n = max(1, to_samples(last.window_s, recording.fs))
    return (filtered_rms if isinstance(last, MovingRms) else filtered_arv)(x, sos, n, spans)
