"""A recording as an MNE `Raw`: µV become V, gaps NaN, events annotations."""

import warnings
from typing import TYPE_CHECKING

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import SignalError
from emgproc.recording.model import Recording
from emgproc.recording.parts import Auxiliary, Event
from emgproc.units import to_samples

if TYPE_CHECKING:
    import mne

GAP = "BAD_ACQ_SKIP"  # MNE's word for samples that were never acquired
EDGE = "EDGE boundary"  # and for two stretches that were put side by side
BAD_CHANNEL = "bad_channel"
SYNTHETIC = "SYNTHETIC"  # in info["description"]
FIFF_UNIT_V = 107
FIFF_UNIT_NONE = -1
FIFF_UNITS = {
    "m": 1, "kg": 2, "s": 3, "K": 5, "rad": 7, "Hz": 101, "N": 102, "Pa": 103, "S": 110, "T": 112,
    "degC": 114, "T/m": 201,
}  # fmt: skip
MAX_GAP_BYTES = 1 << 30
_TYPES = {"EMG": "emg", "ECG": "ecg", "EEG": "eeg", "EOG": "eog"}


def to_raw(recording: Recording) -> "mne.io.RawArray":
    """`Recording.to_mne`."""
    import mne

    starts = _starts(recording)
    fitting = _fitting(recording)
    names = [channel.name for channel in recording.channels]
    kinds = [_TYPES.get(channel.kind, "misc") for channel in recording.channels]
    names += [a.name if a.name not in names else f"{a.name} (auxiliary)" for a in fitting]
    kinds += ["stim" if a.kind == "TRIG" else "misc" for a in fitting]
    info = mne.create_info(names, recording.fs, kinds, verbose="ERROR")
    first = starts[0] if starts else 0
    raw = mne.io.RawArray(
        _laid_out(recording, fitting, starts), info, first_samp=first, verbose="ERROR"
    )
    n_voltages = recording.n_channels
    codes = [FIFF_UNIT_V] * n_voltages
    codes += [FIFF_UNITS.get(auxiliary.unit, FIFF_UNIT_NONE) for auxiliary in fitting]
    for described, code in zip(raw.info["chs"], codes, strict=True):
        described["unit"] = code
    bad = {e.channel for e in recording.events if e.label == BAD_CHANNEL}
    raw.info["bads"] = [name for name in names[:n_voltages] if name in bad or "" in bad]
    if recording.provenance.synthetic:
        raw.info["description"] = SYNTHETIC
    raw.set_annotations(
        _annotations(recording, starts), emit_warning=False, on_missing="ignore", verbose="ERROR"
    )
    return raw


def _starts(recording: Recording) -> list[int]:
    """Place of each segment's first sample on one even grid from time 0 on."""
    starts: list[int] = []
    end: int | None = None
    for segment in recording.segments:
        place = to_samples(segment.onset_s, recording.fs)
        starts.append(place if end is None else max(place, end))
        end = starts[-1] + segment.stop - segment.start
    held, total = recording.n_samples, (end or 0) - (starts[0] if starts else 0)
    rows = recording.n_channels + len(recording.auxiliary)
    if total > 2 * held and total * rows * 8 > MAX_GAP_BYTES:
        raise SignalError(
            f"{recording.provenance.source}: with its gaps the recording would be {total} samples "
            f"long in MNE, it has {held}; crop it to the segments that matter first"
        )
    return starts


def _fitting(recording: Recording) -> list[Auxiliary]:
    """Auxiliary signals that can lie beside the channels; a warning names the others."""
    fitting = [
        a
        for a in recording.auxiliary
        if a.data.shape == (recording.n_samples,) and abs(a.fs / recording.fs - 1) < 1e-9
    ]
    others = [a.name for a in recording.auxiliary if a not in fitting]
    if others:
        warnings.warn(
            f"{recording.provenance.source}: {', '.join(others)} left out, MNE has one rate only",
            UserWarning,
            stacklevel=4,
        )
    return fitting


def _laid_out(recording: Recording, fitting: list[Auxiliary], starts: list[int]) -> Floats:
    """Rows in V and auxiliary units, NaN where there is a gap."""
    n_voltages, first = recording.n_channels, starts[0] if starts else 0
    last = recording.segments[-1] if starts else None
    total = 0 if last is None else starts[-1] - first + last.stop - last.start
    laid = np.full((n_voltages + len(fitting), total), np.nan)
    for segment, place in zip(recording.segments, starts, strict=True):
        at = slice(place - first, place - first + segment.stop - segment.start)
        # Dividing by 1e6 is one correctly rounded operation; multiplying by 1e-6 would be two.
        samples = recording.data[:, segment.start : segment.stop]
        np.divide(samples, 1e6, out=laid[:n_voltages, at])
        for row, auxiliary in enumerate(fitting, start=n_voltages):
            laid[row, at] = auxiliary.data[segment.start : segment.stop]
    return laid


def _annotations(recording: Recording, starts: list[int]) -> "mne.Annotations":
    """Events and gaps, with onsets from the first sample on as MNE wants them."""
    import mne

    first_s = (starts[0] if starts else 0) / recording.fs
    held = {channel.name for channel in recording.channels}
    kept = [
        event
        for event in recording.events
        if (not event.channel or event.channel in held)
        and event.label != BAD_CHANNEL
        and not _is_gap(recording, event)
    ]
    kept += _between(recording, starts)
    return mne.Annotations(
        onset=[event.onset_s - first_s for event in kept],
        duration=[event.duration_s for event in kept],
        description=[event.label for event in kept],
        ch_names=[[event.channel] if event.channel else [] for event in kept],
    )


def _is_gap(recording: Recording, event: Event) -> bool:
    """A `bad_gap` without samples: the segments say the same."""
    return event.label == "bad_gap" and not event.channel and not recording.spans(event)


def _between(recording: Recording, starts: list[int]) -> list[Event]:
    """What lies between segments: a gap, or an edge where they touch."""
    found = []
    segments = zip(recording.segments, starts, starts[1:], strict=False)
    for segment, place, following in segments:
        end = place + segment.stop - segment.start
        label = GAP if following > end else EDGE
        found.append(Event(end / recording.fs, (following - end) / recording.fs, label))
    return found
