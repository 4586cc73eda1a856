"""Formats that neo reads: Spike2, Axon, Intan, Micromed, Blackrock; samples are read lazily.

Value = raw · gain + offset in the unit of the channel, as neo states them. A pause of the
recording, or a sweep, begins a segment. What neo gets wrong or guesses is checked by
`bridge_neo_checks` before it is believed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc.errors import FormatError
from emgproc.readers import bridge_neo_checks as checks
from emgproc.readers.bridge_library import (
    Untyped,
    check_held,
    damage_told,
    listening,
    required,
)
from emgproc.readers.bridge_parts import Bridged, FetchedMatrix, Handle, bridged, pieces_of, whole
from emgproc.readers.file import MAX_EVENTS, Format, ReadOptions, RecordingFile
from emgproc.readers.matlab_signals import Export, rate_from
from emgproc.readers.matlab_source import Signal
from emgproc.recording import Event
from emgproc.units import is_voltage, microvolts_per


def _itself(path: Path) -> Path:
    return path


def _alone(path: Path) -> tuple[Path, ...]:
    return (path,)


@dataclass(frozen=True, slots=True)
class NeoFormat:
    """How one format is read.

    Attributes
    ----------
    reader
        Name of the class of `neo.rawio`.
    begins
        The files begin so at byte `at`.
    check
        Looks at the file before neo does: raises, or gives what to warn of.
    units
        Unit of each channel from the file, where neo's word is not enough.
    no_unit
        What to call a channel without a unit; "" lets the caller state it.
    kind
        Kind of a signal by the name of its stream; "" where its own name tells.
    code_mask
        The bits of a marker's number that are its code.
    onsets
        By what neo's onsets of segments are to be multiplied.
    events
        The markers, where neo's own are not to be believed.
    told
        Further arguments of the class.
    target, files
        What the class is given as file name, and the files of the recording.
    """

    id: str
    title: str
    suffixes: tuple[str, ...]
    reader: str
    begins: tuple[bytes, ...]
    at: int = 0
    check: Callable[[Path], list[str]] | None = None
    units: Callable[[Path], list[str]] | None = None
    no_unit: str = ""
    kind: Callable[[str], str] | None = None
    code_mask: int = -1
    onsets: Callable[[Untyped], float] | None = None
    events: Callable[[Path, Untyped], list[Event]] | None = None
    told: tuple[tuple[str, object], ...] = ()
    target: Callable[[Path], Path] = _itself
    files: Callable[[Path], tuple[Path, ...]] = _alone

    def open(self, path: Path, options: ReadOptions) -> RecordingFile:
        """Open a file of this format.

        Raises
        ------
        MissingExtraError
            neo is not installed.
        FormatError, TruncatedFileError
            The file is damaged, or declares more than it holds.
        UnknownRateError, UnknownUnitError
            A signal has no rate; none is a voltage.
        """
        rawio = required("neo.rawio", "neo", self.title, path)
        warnings = self.check(path) if self.check is not None else []
        with listening("neo", path, warnings):
            reader = getattr(rawio, self.reader)(
                filename=str(self.target(path)), **dict(self.told)
            )
            reader.parse_header()
        with damage_told("neo", path):
            made = _Reading(self, reader, path, options).made(warnings)
        return bridged(path, made, options)

    def recognises(self, head: bytes, path: Path) -> bool:  # noqa: ARG002 - the table's signature
        """See `Format.recognises`."""
        return head.startswith(self.begins, self.at)

    def as_format(self) -> Format:
        """The row of the table of formats."""
        return Format(
            id=self.id,
            title=self.title,
            suffixes=self.suffixes,
            keeps="values, units, rates, pauses, events; read through neo (pip install "
            "emgproc[neo]); date and comments of the file are left out",
            recognises=self.recognises,
            open=self.open,
        )


class _Reading:
    """What an open neo reader says, as signals and events."""

    def __init__(self, form: NeoFormat, reader: Untyped, path: Path, options: ReadOptions) -> None:
        self.form = form
        self.path = path
        self.options = options
        self.held = {"reader": reader}
        self.header = reader.header
        self.n_segments = int(reader.header["nb_segment"][0]) if reader.block_count() else 0
        self.lsb: dict[str, float] = {}
        self.onset_factor = form.onsets(reader) if form.onsets is not None else 1.0

    def made(self, warnings: list[str]) -> Bridged:
        """All of it; more samples than the file can hold are refused."""
        signals = [
            signal
            for index in range(len(self.header["signal_streams"]))
            for signal in self._stream(index)
        ]
        if not signals:
            raise FormatError(f"{self.path.name}: it holds no signal, only events")
        own = self.form.events
        events = self._events() if own is None else own(self.path, self.held["reader"])
        export = Export(
            signals=tuple(signals),
            reader=f"{self.form.id} (neo)",
            scaling="value = raw × gain + offset in the stated unit",
            events=tuple(events),
            warnings=tuple(warnings),
        )
        handle = Handle(self.path, self.held.clear)
        return Bridged(export, self.lsb, handle, self.form.files(self.path))

    def _stream(self, index: int) -> Iterator[Signal]:
        """Signals that neo reads together."""
        reader, stream = self.held["reader"], self.header["signal_streams"][index]
        channels = self.header["signal_channels"]
        channels = channels[channels["stream_id"] == stream["id"]]
        units = self._units(channels["units"])
        kind = self.form.kind(str(stream["name"])) if self.form.kind else ""
        parts = [self._part(index, k, len(channels)) for k in range(self.n_segments)]
        self._check_size([matrix for matrix, _ in parts], str(channels["dtype"][0]))
        fs = rate_from(
            whole(float(reader.get_signal_sampling_rate(index))), self.path.name, self.options
        )
        for row, channel in enumerate(channels):
            pieces = [
                piece
                for matrix, onset_s in parts
                for piece in pieces_of(matrix, row, [(0, matrix.cols, onset_s)])
                if piece.count
            ]
            name = str(channel["name"]).strip() or f"channel {channel['id']}"
            if is_voltage(units[row]):
                self.lsb[name] = abs(float(channel["gain"])) * microvolts_per(units[row])
            yield Signal(name, units[row], fs, tuple(pieces), kind)

    def _units(self, stated: Untyped) -> list[str]:
        if self.form.units is not None:
            return self.form.units(self.path)
        return [str(unit).strip() or self.form.no_unit for unit in stated]

    def _part(self, index: int, segment: int, count: int) -> tuple[FetchedMatrix, float]:
        """The samples of one segment of a stream, and when the first of them was taken."""
        reader, held = self.held["reader"], self.held

        def fetch(lo: int, hi: int, a: int, b: int) -> NDArray[Any]:
            rows = list(range(lo, hi))
            raw = held["reader"].get_analogsignal_chunk(
                0, segment, i_start=a, i_stop=b, stream_index=index, channel_indexes=rows
            )
            values: NDArray[Any] = held["reader"].rescale_signal_raw_to_float(
                raw, dtype="float64", stream_index=index, channel_indexes=rows
            )
            return values.T

        size = int(reader.get_signal_size(0, segment, index))
        onset_s = float(reader.get_signal_t_start(0, segment, index)) * self.onset_factor
        matrix = FetchedMatrix((count, size), fetch, library="neo", path=self.path)
        return matrix, onset_s

    def _check_size(self, matrices: list[FetchedMatrix], dtype: str) -> None:
        values = sum(matrix.rows * matrix.cols for matrix in matrices)
        if any(matrix.cols < 0 for matrix in matrices):
            values = -1
        check_held(self.path, values, np.dtype(dtype).itemsize, self.form.files(self.path))

    def _events(self) -> Iterator[Event]:
        reader, n = self.held["reader"], 0
        marks, units = self.header["event_channels"], self.header["spike_channels"]
        for segment in range(self.n_segments):
            for index in range(len(marks)):
                n += int(reader.event_count(0, segment, index))
            for index in range(len(units)):
                n += int(reader.spike_count(0, segment, index))
            if n > MAX_EVENTS:
                raise FormatError(f"{self.path.name}: {n} events; at most {MAX_EVENTS} are read")
            for index in range(len(marks)):
                yield from self._marks(segment, index, str(marks[index]["name"]))
            for index, unit in enumerate(units):
                times = reader.get_spike_timestamps(0, segment, index)
                for onset_s in reader.rescale_spike_timestamp(times, dtype="float64").tolist():
                    yield Event(onset_s, 0.0, str(unit["name"]).strip())

    def _marks(self, segment: int, index: int, name: str) -> Iterator[Event]:
        reader = self.held["reader"]
        if not reader.event_count(0, segment, index):
            return
        stamps, durations, labels = reader.get_event_timestamps(0, segment, index)
        onsets = reader.rescale_event_timestamp(stamps, dtype="float64", event_channel_index=index)
        lasting = [0.0] * len(onsets)
        if durations is not None:
            lasting = reader.rescale_epoch_duration(
                durations, dtype="float64", event_channel_index=index
            ).tolist()
        for onset_s, duration_s, label in zip(onsets.tolist(), lasting, labels, strict=True):
            yield Event(onset_s, duration_s, self._label(name.strip(), str(label)))

    def _label(self, name: str, text: str) -> str:
        """A text is the label itself; a code is put after the name of its channel."""
        text = text.partition("\0")[0].strip()
        if text.lstrip("-").isdecimal():
            return f"{name}/{int(text) & self.form.code_mask}"
        return text or name


NEO_FORMATS = (
    NeoFormat(
        "spike2", "CED Spike2 .smr", (".smr",), "Spike2RawIO", (b"(C) CED 87",), at=2,
        check=checks.check_spike2, code_mask=255,
        # Of channels grouped neo takes the length of the first: zeros follow a shorter one.
        told=(("try_signal_grouping", False),),
    ),
    NeoFormat(
        "abf", "Axon ABF", (".abf", ".dat"), "AxonRawIO", (b"ABF ", b"ABF2"),
        onsets=checks.axon_onsets, events=checks.axon_tags,
    ),
    NeoFormat(
        "intan", "Intan RHD or RHS", (".rhd", ".rhs"), "IntanRawIO",
        (b"\x02\x27\x91\xc6", b"\xac\x27\x91\xd6"), kind=checks.intan_kind,
        files=checks.intan_files,
    ),
    NeoFormat(
        "micromed", "Micromed .trc", (".trc",), "MicromedRawIO", (b"* MICROMED",),
        check=checks.check_micromed, units=checks.micromed_units,
    ),
    NeoFormat(
        "blackrock", "Blackrock .nev, or .nsx of version 2.1", (".nev", ".ns1", ".ns2", ".ns4"),
        "BlackrockRawIO", (b"NEURALSG", b"NEURALEV", b"BREVENTS"),
        target=checks.without_suffix, files=checks.blackrock_files, no_unit="counts",
        check=checks.check_blackrock,
    ),
)  # fmt: skip

FORMATS = tuple(form.as_format() for form in NEO_FORMATS)
