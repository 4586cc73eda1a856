"""A recording from an MNE `Raw`: V become µV, annotations events, skipped samples gaps."""

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emgproc.arrays import Bools, Floats, spans_of
from emgproc.errors import ParameterError, SignalError, UnknownUnitError
from emgproc.readers.labels import kind_of
from emgproc.recording import Auxiliary, Channel, Event, Provenance, Recording, Segment
from emgproc.recording.mne_bridge import (
    BAD_CHANNEL,
    EDGE,
    FIFF_UNIT_V,
    FIFF_UNITS,
    GAP,
    SYNTHETIC,
)
from emgproc.units import to_samples

if TYPE_CHECKING:
    import mne

EDGES = {EDGE, "BAD boundary"}
_KINDS = {
    "emg": "EMG", "ecg": "ECG", "eeg": "EEG", "eog": "EOG", "seeg": "EEG", "ecog": "EEG",
    "dbs": "EEG",
}  # fmt: skip
UNITS = {code: unit for unit, code in FIFF_UNITS.items()}
NAMED = {"FORCE", "ACC", "GYRO", "TRIG", "REF"}


def from_mne(raw: "mne.io.BaseRaw") -> Recording:
    """Recording of an MNE `Raw`; `Recording.to_mne` is the way back.

    Parameters
    ----------
    raw
        Any `Raw`; it is not changed. Channels are taken as typed: where a reader of MNE types
        all channels `eeg`, call ``raw.set_channel_types({"TA": "emg"})`` first.

    Returns
    -------
    Recording
        Voltages in µV (value × 1e6, equal to 1 part in 10¹⁵ on the way there and back). Channels
        of type `stim`, and those whose unit is none, are auxiliary. Time 0 is MNE's: the first
        sample lies at ``raw.first_time``. Samples under a `BAD_ACQ_SKIP` of all channels do not
        exist here: they are gaps, with a `bad_gap` event; boundaries of concatenated files are
        segment edges. ``BAD_x`` and ``bad x`` become `bad_x`; a channel in ``info["bads"]`` is
        masked as a whole by `bad_channel`. Other descriptions are kept. Subject, date and device
        are left out.

    Raises
    ------
    ParameterError
        The object is no `Raw`.
    UnknownUnitError
        No channel is a voltage.
    SignalError
        The data are complex, or nothing was acquired.
    """
    from mne.io import BaseRaw

    if not isinstance(raw, BaseRaw):
        raise ParameterError(f"from_mne needs an mne.io.Raw, got {type(raw).__name__}")
    types = raw.get_channel_types()
    described = raw.info["chs"]
    voltages = [
        i
        for i, (kind, channel) in enumerate(zip(types, described, strict=True))
        if kind != "stim" and int(channel["unit"]) == FIFF_UNIT_V
    ]
    source = _source(raw)
    if not voltages:
        raise UnknownUnitError(f"{source}: no channel is a voltage, the types are {set(types)}")
    exists, edges = _acquired(raw)
    if not exists.any():
        raise SignalError(f"{source}: not one sample was acquired")
    fs, first_s = float(raw.info["sfreq"]), float(raw.first_time)
    segments = _segments(exists, edges, fs, first_s)
    return Recording(
        data=_samples(raw, voltages, exists, 1e6),
        fs=fs,
        channels=tuple(_channel(raw, i, types[i]) for i in voltages),
        provenance=Provenance(
            source,
            reader="mne",
            scaling="value × 1e6 (V to µV)",
            synthetic=SYNTHETIC in (raw.info["description"] or ""),
        ),
        segments=segments,
        events=(*_events(raw), *_gaps(exists, fs, first_s), *_bad_channels(raw)),
        auxiliary=tuple(
            _auxiliary(raw, i, types[i], exists)
            for i in range(len(types))
            if i not in set(voltages)
        ),
    )


def _source(raw: "mne.io.BaseRaw") -> str:
    named = [path for path in raw.filenames if path is not None]
    return named[0].name if named else f"mne.{type(raw).__name__}"


def _samples(raw: "mne.io.BaseRaw", rows: list[int], exists: Bools, factor: float) -> Floats:
    data = raw.get_data(picks=rows, verbose="ERROR")
    if data.dtype.kind == "c":
        raise SignalError(f"{_source(raw)}: the data are complex")
    data = np.array(data if exists.all() else data[:, exists], dtype=np.float64, order="C")
    data *= factor
    return data


class Mark(NamedTuple):
    """An annotation; `onset_s` counts from MNE's time 0, no channels are all channels."""

    onset_s: float
    duration_s: float
    label: str
    channels: tuple[str, ...]


def marks_of(raw: "mne.io.BaseRaw") -> list[Mark]:
    """Annotations of a `Raw`, in its order."""
    held = raw.annotations
    columns = (held.onset, held.duration, held.description, held.ch_names)
    return [
        Mark(float(o), float(d), str(x), tuple(c)) for o, d, x, c in zip(*columns, strict=True)
    ]


def _acquired(raw: "mne.io.BaseRaw") -> tuple[Bools, list[int]]:
    """Which samples exist, and at which of them a new stretch begins."""
    exists = np.ones(raw.n_times, dtype=np.bool_)
    fs, first_s = float(raw.info["sfreq"]), float(raw.first_time)
    edges = []
    for mark in marks_of(raw):
        start = to_samples(mark.onset_s - first_s, fs)
        if mark.label == GAP and not mark.channels:
            stop = start + to_samples(mark.duration_s, fs)
            exists[max(start, 0) : max(stop, 0)] = False
        elif mark.label in EDGES:
            edges.append(start)
    return exists, edges


def _segments(exists: Bools, edges: list[int], fs: float, first_s: float) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    held = 0
    for start, stop in spans_of(exists):
        cuts = sorted({start, stop, *(edge for edge in edges if start < edge < stop)})
        for a, b in pairwise(cuts):
            segments.append(Segment(held, held + b - a, first_s + a / fs))
            held += b - a
    return tuple(segments)


def _gaps(exists: Bools, fs: float, first_s: float) -> list[Event]:
    return [Event(first_s + a / fs, (b - a) / fs, "bad_gap") for a, b in spans_of(~exists)]


def _events(raw: "mne.io.BaseRaw") -> list[Event]:
    return [
        Event(mark.onset_s, mark.duration_s, label_of(mark.label), name)
        for mark in marks_of(raw)
        if mark.label not in EDGES and (mark.label != GAP or mark.channels)
        for name in (mark.channels or ("",))
    ]


def label_of(description: str) -> str:
    """MNE leaves out what begins with "bad" in any spelling; here masks begin with `bad_`."""
    found = re.fullmatch(r"(?i:bad)(?:[\s_]+(.*))?", description)
    return f"bad_{found[1] or 'span'}" if found else description


def _bad_channels(raw: "mne.io.BaseRaw") -> list[Event]:
    duration_s = raw.n_times / float(raw.info["sfreq"])
    return [
        Event(float(raw.first_time), duration_s, BAD_CHANNEL, name) for name in raw.info["bads"]
    ]


def _channel(raw: "mne.io.BaseRaw", index: int, type_: str) -> Channel:
    name = raw.ch_names[index]
    hinted = kind_of(name)
    other = hinted if hinted in NAMED else "MISC"
    highpass, lowpass = float(raw.info["highpass"]), float(raw.info["lowpass"])
    return Channel(
        name,
        _KINDS.get(type_, other),
        highpass_hz=highpass if highpass > 0 else None,
        # MNE writes half the sampling rate where it knows of no low-pass.
        lowpass_hz=lowpass if lowpass < float(raw.info["sfreq"]) / 2 else None,
    )


def _auxiliary(raw: "mne.io.BaseRaw", index: int, type_: str, exists: Bools) -> Auxiliary:
    name = raw.ch_names[index]
    hinted = "TRIG" if type_ == "stim" else kind_of(name)
    return Auxiliary(
        name=name,
        unit="" if type_ == "stim" else UNITS.get(int(raw.info["chs"][index]["unit"]), ""),
        fs=float(raw.info["sfreq"]),
        data=_samples(raw, [index], exists, 1.0)[0],
        kind=hinted if hinted in NAMED else "MISC",
        onset_s=float(raw.first_time),
    )
