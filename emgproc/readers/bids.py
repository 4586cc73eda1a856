"""EMG-BIDS: an EDF or BDF file with what the sidecars of its dataset say of it.

The samples and their scale are those of the file alone; the sidecars add kinds, muscles, sides,
references, filters, the grid, events, and say so where they contradict the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emgproc.arrays import Floats
from emgproc.readers.bids_channels import (
    common_unit,
    describe_channels,
    kinds_of,
    matched,
    settings_warnings,
    unit_conflicts,
    unit_of,
)
from emgproc.readers.bids_companions import Companion, find_companions
from emgproc.readers.bids_events import table_events, without_repeats
from emgproc.readers.bids_files import (
    Row,
    Sidecars,
    find_sidecars,
    finite,
    is_bids_recording,
    stated,
)
from emgproc.readers.bids_grid import electrode_grid
from emgproc.readers.edf import open_edf
from emgproc.readers.edf_channels import choose_channels
from emgproc.readers.edf_header import EdfHeader, EdfSignal, is_edf, read_header
from emgproc.readers.file import Contents, Format, ReadOptions, RecordingFile
from emgproc.readers.source import Source
from emgproc.recording import Auxiliary, Channel, Event

BAD_STATUS = "bad_status"  # all of a channel that channels.tsv calls bad


class BidsFile(RecordingFile):
    """An open recording of a BIDS dataset.

    Attributes
    ----------
    sidecars
        Files beside the recording that were read, and recordings on the same clock. They are no
        part of `files`: the digest of a recording is that of its samples.
    power_line_hz
        Frequency of the mains as the sidecar states it, Hz.
    """

    def __init__(
        self, opened: RecordingFile, contents: Contents, found: "_Found", names: dict[str, str]
    ) -> None:
        source = _BidsSource(opened._source, names, found, contents)
        super().__init__(contents, source, opened.files)
        beside = [path for c in found.companions for path in (c.path, *c.sidecars.files)]
        self.sidecars = tuple(sorted({*found.sidecars.files, *beside}))
        self.power_line_hz = finite(found.sidecars.settings.get("PowerLineFrequency"))


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found beside a file: sidecars, a row for each signal, companions, warnings."""

    sidecars: Sidecars
    rows: dict[str, Row]
    companions: tuple[Companion, ...]
    warnings: tuple[str, ...]


class _BidsSource(Source):
    """The samples of the file; auxiliary signals under their names here, and the companions'."""

    def __init__(
        self,
        inner: Source,
        names: Mapping[str, str],
        found: _Found,
        contents: Contents,
    ) -> None:
        self._inner = inner
        self._names = names
        self._rows = found.rows
        self._companions = found.companions
        self._contents = contents

    def read_uv(self, start: int, stop: int) -> Floats:
        """Samples [start, stop) of all channels, µV."""
        return self._inner.read_uv(start, stop)

    def read_auxiliary(self, start: int, stop: int) -> tuple[Auxiliary, ...]:
        """Auxiliary signals over the same time."""
        found = [
            replace(
                signal,
                name=self._names[signal.name],
                unit=unit_of(self._rows.get(signal.name, {}), signal.unit),
            )
            for signal in self._inner.read_auxiliary(start, stop)
        ]
        fs = self._contents.fs
        for segment in self._contents.segments if self._companions else ():
            first, last = max(segment.start, start), min(segment.stop, stop)
            if first < last:
                begin_s = segment.onset_s + (first - segment.start) / fs
                end_s = segment.onset_s + (last - segment.start) / fs
                for companion in self._companions:
                    found += companion.read(begin_s, end_s)
        return tuple(found)

    def close(self) -> None:
        """Let go of all files."""
        self._inner.close()
        for companion in self._companions:
            companion.source.close()


def open_bids(path: Path, options: ReadOptions) -> RecordingFile:
    """Open a recording of a BIDS dataset.

    Channels have the names of channels.tsv. The caller's `kinds` win over its types. A channel of
    status bad is under a `bad_status` event. Events of events.tsv join those of the file.

    Raises
    ------
    FormatError, ReadError
        As `open_edf`, or a sidecar is damaged.
    UnknownUnitError, UnknownRateError, NoEmgChannelError
        As `choose_channels`.
    """
    sidecars = find_sidecars(path)
    header = read_header(path)
    signals = [signal for signal in header.signals if not signal.annotations]
    warnings: list[str] = []
    by_place = matched(sidecars.channels, signals, warnings)
    warnings += unit_conflicts(by_place, signals)
    enriched = _enriched(options, by_place, signals)
    rows = _by_name(header, signals, by_place, enriched)
    opened = open_edf(path, enriched)
    start_s = opened.segments[0].onset_s
    companions, notes = find_companions(path, sidecars, start_s)
    found = _Found(sidecars, rows, companions, (*warnings, *notes))
    names = _names(opened, rows)
    contents = _contents(opened, found, names)
    if options.unit is None and enriched.unit is not None:
        scaling = contents.provenance.scaling.replace("by the caller", "by channels.tsv")
        about = replace(contents.provenance, scaling=scaling)
        contents = replace(contents, provenance=about)
    return BidsFile(opened, contents, found, names)


def _enriched(
    options: ReadOptions, rows: Mapping[int, Row], signals: Sequence[EdfSignal]
) -> ReadOptions:
    """Options with what the table says, where the caller says nothing."""
    asked = dict(options.kinds)
    renamed = {place: row for place, row in rows.items() if row["name"] in asked}
    told = {place: {**row, "type": asked[row["name"]]} for place, row in renamed.items()}
    kinds = {**kinds_of(rows, signals), **kinds_of(told, signals), **asked}
    return replace(options, kinds=kinds, unit=options.unit or common_unit(rows, signals))


def _by_name(
    header: EdfHeader,
    signals: Sequence[EdfSignal],
    rows: Mapping[int, Row],
    options: ReadOptions,
) -> dict[str, Row]:
    """Rows by the names that the reader of the file gives to its signals."""
    choice = choose_channels(header, options)
    places = {signal.offset: place for place, signal in enumerate(signals)}
    both = (*choice.main, *choice.auxiliary)
    named = {channel.name: places[channel.signal.offset] for channel in both}
    return {name: rows[place] for name, place in named.items() if place in rows}


def _names(opened: RecordingFile, rows: Mapping[str, Row]) -> dict[str, str]:
    """Names of the table for those of the file; none at all where they would not be unique."""
    held = [*(c.name for c in opened.channels), *(a.name for a in opened.auxiliary)]
    names = {name: rows[name]["name"] if name in rows else name for name in held}
    return names if len(set(names.values())) == len(held) else {name: name for name in held}


def _contents(opened: RecordingFile, found: _Found, names: Mapping[str, str]) -> Contents:
    held, sidecars = opened.contents, found.sidecars
    rows = [found.rows.get(channel.name) for channel in held.channels]
    described = describe_channels(held.channels, rows, sidecars.settings)
    channels = tuple(
        replace(new, name=names[old.name])
        for new, old in zip(described.channels, held.channels, strict=True)
    )
    emg = {i: row for i, row in enumerate(rows) if row and channels[i].kind == "EMG"}
    lying = electrode_grid(sidecars.electrodes, sidecars.coordinates, list(emg.values()))
    sites = {i: lying.sites.get(number) for number, i in enumerate(emg)}
    channels = tuple(replace(c, place=sites.get(i)) for i, c in enumerate(channels))
    events, notes = _events(held, channels, rows, (sidecars, names))
    checked = settings_warnings(sidecars.settings, channels, held.fs)
    warnings = (*found.warnings, *described.warnings, *lying.warnings, *notes, *checked)
    auxiliary = [
        signal._replace(
            name=names[signal.name], unit=unit_of(found.rows.get(signal.name, {}), signal.unit)
        )
        for signal in held.auxiliary
    ]
    auxiliary += [signal for companion in found.companions for signal in companion.summaries]
    about = held.provenance
    return replace(
        held,
        channels=channels,
        events=events,
        grid=lying.grid,
        auxiliary=tuple(auxiliary),
        provenance=replace(about, warnings=(*about.warnings, *warnings)),
    )


def _events(
    held: Contents,
    channels: Sequence[Channel],
    rows: Sequence[Row | None],
    beside: tuple[Sidecars, Mapping[str, str]],
) -> tuple[tuple[Event, ...], list[str]]:
    sidecars, names = beside
    known = tuple(replace(e, channel=names.get(e.channel, e.channel)) for e in held.events)
    start_s, last = held.segments[0].onset_s, held.segments[-1]
    found: list[Event] = []
    warnings: list[str] = []
    if sidecars.events is not None:
        found, warnings = table_events(sidecars.events, start_s)
    marked = {event.channel for event in (*known, *found) if event.label == BAD_STATUS}
    length_s = last.onset_s + (last.stop - last.start) / held.fs - start_s
    bad = [
        Event(start_s, length_s, BAD_STATUS, channel.name)
        for channel, row in zip(channels, rows, strict=True)
        if row and stated(row, "status").casefold() == "bad" and channel.name not in marked
    ]
    return (*known, *without_repeats(found, known, held.fs), *bad), warnings


def _recognises(head: bytes, path: Path) -> bool:
    return is_edf(head) and is_bids_recording(path)


_KEEPS = (
    "as EDF and BDF; from the sidecars kinds, muscles, sides, references, filters, grid, events, "
    "bad channels, and recordings of other rates that state their StartTime"
)
FORMATS = (
    Format(
        "bids_emg",
        "EMG-BIDS with sidecars",
        ("_emg.edf", "_emg.bdf"),
        _KEEPS,
        _recognises,
        open_bids,
    ),
)
