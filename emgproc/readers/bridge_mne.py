"""Formats that MNE-Python reads, lazily: what it says of a file, and what it leaves unsaid.

MNE knows one rate and calls nearly every channel EEG: kinds are by name (a place on the scalp is
EEG), except in FIF, which states them. Where MNE joins what a pause divided, or takes a unit for
granted, a format's `look` (see `bridge_mne_files`) finds it in the bytes of the file.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc.errors import FormatError
from emgproc.readers.bridge_labels import kind_of_electrode
from emgproc.readers.bridge_library import Untyped, check_held, damage_told, listening, required
from emgproc.readers.bridge_parts import Bridged, FetchedMatrix, Handle, bridged, pieces_of
from emgproc.readers.bridge_spans import Spans
from emgproc.readers.file import MAX_EVENTS, Format, ReadOptions, RecordingFile
from emgproc.readers.labels import kind_of
from emgproc.readers.matlab_signals import Export, rate_from
from emgproc.readers.matlab_source import Signal
from emgproc.readers.mne_bridge import EDGES, NAMED, UNITS, Mark, label_of, marks_of
from emgproc.recording import Event
from emgproc.recording.mne_bridge import BAD_CHANNEL, FIFF_UNIT_V, GAP
from emgproc.units import is_voltage, microvolts_per

_TYPED = {
    "emg": "EMG", "ecg": "ECG", "eeg": "EEG", "eog": "EOG", "seeg": "EEG", "ecog": "EEG",
    "dbs": "EEG", "stim": "TRIG",
}  # fmt: skip
_COMMENT, _NEW_SEGMENT = "Comment/", "New Segment/"  # of BrainVision
_OWN = {"stim": "TRIG", "ecg": "ECG", "eog": "EOG", "emg": "EMG"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at the file itself told, before MNE.

    Attributes
    ----------
    target
        The file that MNE is to be given.
    files
        All files of the recording, the named one first.
    told
        Arguments for MNE.
    edges
        Stretches in samples of the file, where MNE sees none or sees them wrongly.
    units, rows
        Unit of a channel by its name or row, and the factor from MNE's value to it.
    value_bytes
        The fewest bytes that a sample takes.
    counts_in_v
        True where MNE's calibration of a channel is one step of its converter.
    """

    target: Path
    files: tuple[Path, ...]
    told: dict[str, Any] = field(default_factory=dict)
    edges: Spans | None = None
    units: dict[str, tuple[str, float]] = field(default_factory=dict)
    rows: dict[int, tuple[str, float]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    value_bytes: float = 2
    counts_in_v: bool = False


@dataclass(frozen=True, slots=True)
class MneFormat:
    """How one format is read: the function of `mne.io`, and the look at the file before it."""

    id: str
    title: str
    suffixes: tuple[str, ...]
    reader: str
    keeps: str
    recognises: Callable[[bytes, Path], bool]
    look: Callable[[Path], Seen]
    extra: tuple[str, str] | None = None
    typed: bool = False

    def open(self, path: Path, options: ReadOptions) -> RecordingFile:
        """Open a file of this format.

        Raises
        ------
        MissingExtraError
            MNE needs another library for it, which is not installed.
        FormatError, MissingFileError, TruncatedFileError
            The file is damaged, declares more than it holds, or lacks a file beside it.
        UnknownUnitError
            No channel is a voltage, or one that must be has no unit.
        """
        if self.extra is not None:
            required(*self.extra, self.title, path)
        mne_io = required("mne.io", "", self.title, path)
        seen = self.look(path)
        warnings = list(seen.warnings)
        with listening("mne", path, warnings):
            raw = getattr(mne_io, self.reader)(seen.target, verbose="ERROR", **seen.told)
        with damage_told("mne", path):
            made = _Reading(self, raw, seen, path, options).made(warnings)
        opened = bridged(path, made, options)
        return _with_filters(opened, raw)

    def as_format(self) -> Format:
        """The row of the table of formats."""
        return Format(self.id, self.title, self.suffixes, self.keeps, self.recognises, self.open)


class _Reading:
    """What an MNE `Raw` says, as signals and events."""

    def __init__(
        self, form: MneFormat, raw: Untyped, seen: Seen, path: Path, options: ReadOptions
    ) -> None:
        self.form = form
        self.raw = raw
        self.seen = seen
        self.path = path
        self.options = options
        self.fs = rate_from(float(raw.info["sfreq"]), path.name, options)
        self.first_s = float(raw.first_time)

    def made(self, warnings: list[str]) -> Bridged:
        """All of it."""
        raw, folder = self.raw, self.path.resolve().parent
        if any(Path(p).resolve().parent != folder for p in raw.filenames if p is not None):
            raise FormatError(f"{self.path.name}: it continues in a file in another folder")
        if len(raw.annotations) > MAX_EVENTS:
            raise FormatError(f"{self.path.name}: {len(raw.annotations)} events")
        spans = self._spans()
        held = sum(stop - first for first, stop, _ in spans.held)
        n_channels = len(raw.ch_names)
        files = dict.fromkeys((*self.seen.files, *(Path(p) for p in raw.filenames)))
        check_held(self.path, held * n_channels, self.seen.value_bytes, tuple(files))
        signals = tuple(self._signals(spans))
        export = Export(
            signals=signals,
            reader=f"{self.form.id} (mne)",
            scaling="value × 1e6 (V to µV), the value as MNE calibrates it",
            events=(*self._events(spans), *spans.gaps(), *self._bad_channels(spans)),
            warnings=tuple(warnings),
        )
        return Bridged(export, self._steps(), Handle(self.path, raw.close), tuple(files))

    def _spans(self) -> Spans:
        """Stretches by the file itself, else those that MNE's annotations leave."""
        if self.seen.edges is not None:
            return self.seen.edges
        n, cuts, lost = int(self.raw.n_times), set[int](), []
        for mark in marks_of(self.raw):
            start = round((mark.onset_s - self.first_s) * self.fs)
            if mark.label == GAP and not mark.channels:
                stop = start + round(mark.duration_s * self.fs)
                lost.append((max(start, 0), min(stop, n)))
            elif mark.label in EDGES:
                cuts.add(start)
        held, at = [], 0
        for start, stop in [*sorted(lost), (n, n)]:
            if start > at:
                held += _cut(at, start, cuts)
            at = max(at, stop)
        if not held:
            raise FormatError(f"{self.path.name}: not one sample was acquired")
        fs, first_s = self.fs, self.first_s
        return Spans(tuple((a, b, first_s + a / fs) for a, b in held), fs)

    def _signals(self, spans: Spans) -> Iterator[Signal]:
        raw = self.raw
        types = raw.get_channel_types()

        def fetch(lo: int, hi: int, a: int, b: int) -> NDArray[Any]:
            data: NDArray[Any] = raw.get_data(list(range(lo, hi)), a, b, verbose="ERROR")
            if data.dtype.kind == "c":
                raise FormatError(f"{self.path.name}: the samples are complex numbers")
            return data

        shape = (len(types), int(raw.n_times))
        matrix = FetchedMatrix(shape, fetch, library="mne", path=self.path)
        for row, (name, type_) in enumerate(zip(raw.ch_names, types, strict=True)):
            unit, factor = self._unit(row, name, type_)
            kind = self._kind(name, type_)
            yield Signal(name, unit, self.fs, pieces_of(matrix, row, spans.held), kind, factor)

    def _unit(self, row: int, name: str, type_: str) -> tuple[str, float]:
        if row in self.seen.rows or name in self.seen.units:
            return self.seen.rows.get(row) or self.seen.units[name]
        code = int(self.raw.info["chs"][row]["unit"])
        if code == FIFF_UNIT_V and type_ != "stim":
            return "V", 1.0
        return ("" if type_ == "stim" else UNITS.get(code, "")), 1.0

    def _kind(self, name: str, type_: str) -> str:
        if self.form.typed:
            hinted = kind_of(name)
            return _TYPED.get(type_, hinted if hinted in NAMED else "MISC")
        if type_ == "misc":
            hinted = kind_of(name)
            return hinted if hinted in NAMED else "MISC"
        return _OWN.get(type_) or kind_of_electrode(name)

    def _events(self, spans: Spans) -> Iterator[Event]:
        marks = [m for m in marks_of(self.raw) if not _is_border(m)]
        at = np.array([(m.onset_s - self.first_s) * self.fs for m in marks], dtype=np.float64)
        for mark, onset_s in zip(marks, spans.times(at).tolist(), strict=True):
            for name in mark.channels or ("",):
                label = label_of(mark.label.removeprefix(_COMMENT))
                yield Event(onset_s, mark.duration_s, label, name)

    def _bad_channels(self, spans: Spans) -> Iterator[Event]:
        begin_s = spans.held[0][2]
        first, stop, onset_s = spans.held[-1]
        lasting = onset_s + (stop - first) / self.fs - begin_s
        for name in self.raw.info["bads"]:
            yield Event(begin_s, lasting, BAD_CHANNEL, name)

    def _steps(self) -> dict[str, float]:
        if not self.seen.counts_in_v or self.raw.orig_format not in {"short", "int"}:
            return {}
        found = {}
        for row, described in enumerate(self.raw.info["chs"]):
            name = described["ch_name"]
            unit, factor = self._unit(row, name, "")
            if is_voltage(unit):
                step = abs(float(described["cal"]) * float(described["range"]))
                found[name] = step * factor * microvolts_per(unit)
        return found


def _is_border(mark: Mark) -> bool:
    """A mark that the stretches of samples say already."""
    if mark.label in EDGES or mark.label.startswith(_NEW_SEGMENT):
        return True
    return mark.label == GAP and not mark.channels


def _cut(first: int, stop: int, cuts: set[int]) -> list[tuple[int, int]]:
    edges = sorted({first, stop, *(at for at in cuts if first < at < stop)})
    return list(pairwise(edges))


def _with_filters(opened: RecordingFile, raw: Untyped) -> RecordingFile:
    """The hardware filters that MNE knows of, which are those of all channels."""
    highpass, lowpass = float(raw.info["highpass"]), float(raw.info["lowpass"])
    channels = tuple(
        replace(
            channel,
            highpass_hz=highpass if highpass > 0 else None,
            # MNE writes half the sampling rate where it knows of no low-pass.
            lowpass_hz=lowpass if 0 < lowpass < opened.fs / 2 else None,
        )
        for channel in opened.channels
    )
    opened.contents = replace(opened.contents, channels=channels)
    return opened
