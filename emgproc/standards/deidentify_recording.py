"""One recording copied without anything that names a person: our own header, allowed labels."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emgproc.readers import open_recording
from emgproc.readers.bids import BidsFile
from emgproc.readers.bids_events import table_events
from emgproc.readers.bids_files import read_table
from emgproc.readers.file import AuxiliarySummary, RecordingFile
from emgproc.recording import Auxiliary, Channel, Event, Provenance, Recording, Segment
from emgproc.standards.deidentify_words import REMOVED, Words
from emgproc.writers import write_recording

_UNITS = (
    "N", "Nm", "kN", "kg", "g", "V", "mV", "uV", "A", "mA", "s", "ms", "Hz", "%", "deg", "rad",
    "m", "mm", "cm", "m/s", "m/s2", "mmHg", "kPa", "degC", "C", "K", "1",
)  # fmt: skip
_STEPS_OF_EDF = 1 << 16


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of one recording.

    Attributes
    ----------
    suffix
        "edf" where 16 bits keep every sample's digital value, else "bdf".
    channels
        New name of each channel by its old one.
    n_removed
        Events whose label was replaced.
    left_out
        What could not be copied, and why.
    synthetic
        The recording says that it was simulated.
    """

    suffix: str
    channels: dict[str, str]
    n_removed: int
    left_out: tuple[str, ...]
    synthetic: bool


class Scrubbed:
    """An open recording under other names; readable in spans, as writers want it."""

    def __init__(self, opened: RecordingFile, words: Words) -> None:
        self._opened = opened
        old = [channel.name for channel in opened.channels]
        self.names = {name: words.channel(name, i) for i, name in enumerate(old, start=1)}
        self.fs = opened.fs
        self.n_samples = opened.n_samples
        self.segments: tuple[Segment, ...] = opened.segments
        self.channels = tuple(self._channel(channel) for channel in opened.channels)
        self.provenance = Provenance("recording", synthetic=opened.provenance.synthetic)
        self.events = tuple(
            replace(
                event, label=words.label(event.label), channel=self.names.get(event.channel, "")
            )
            for event in _all_events(opened)
            if not event.channel or event.channel in self.names  # else it would mean all channels
        )
        known = [signal for signal in opened.auxiliary if signal.unit in _UNITS]
        self._auxiliary = {signal.name: f"aux{i}" for i, signal in enumerate(known, start=1)}
        self.auxiliary: Sequence[AuxiliarySummary] = [
            signal._replace(name=self._auxiliary[signal.name]) for signal in known
        ]
        self.n_without_unit = len(opened.auxiliary) - len(known)

    def read(self, start: int = 0, stop: int | None = None) -> Recording:
        """Samples [start, stop) with the new names."""
        part = self._opened.read(start, stop)
        return replace(
            part,
            channels=self.channels,
            events=self.events,
            provenance=self.provenance,
            auxiliary=tuple(self._renamed(part.auxiliary)),
            grid=None,
        )

    def _channel(self, channel: Channel) -> Channel:
        return replace(
            channel, name=self.names[channel.name], muscle="", side="", reference="", place=None
        )

    def _renamed(self, signals: Sequence[Auxiliary]) -> Iterator[Auxiliary]:
        for signal in signals:
            if signal.name in self._auxiliary:
                yield replace(signal, name=self._auxiliary[signal.name])


def copy_recording(
    source: Path, stem: Path, words: Words, day: int, options: dict[str, Any]
) -> Copied:
    """Write a recording as `<stem>.edf` or `.bdf` by our own writer.

    The header is ours: no patient, no date (01.01.85, 00.00.00), no transducer, nothing reserved.
    Of the old one only rates, ranges and filters come along, as numbers.

    Parameters
    ----------
    source
        The recording, in any format that is read.
    stem
        Where to, without the ending.
    words
        Labels and names that may stay.
    day
        Study day of the recording, stated in the header.
    options
        What the plan states of the file, as `open_recording` takes it.

    Raises
    ------
    ReadError
        The file is not read: it is refused.
    ParameterError, SignalError
        It cannot be written as EDF or BDF.
    WriteError
        The copy cannot be written.
    """
    with open_recording(source, **options) as opened:
        scrubbed = Scrubbed(opened, words)
        suffix = "edf" if all(_fits_edf(channel) for channel in opened.channels) else "bdf"
        written = write_recording(scrubbed, stem.with_name(f"{stem.name}.{suffix}"), study_day=day)
    left_out = list(written.left_out)
    if scrubbed.n_without_unit:
        left_out.append(f"{scrubbed.n_without_unit} auxiliary signal(s) of a unit not known here")
    if opened.contents.grid is not None:
        left_out.append("the grid of electrodes: EDF has no field for it")
    return Copied(
        suffix=suffix,
        channels=scrubbed.names,
        n_removed=sum(event.label == REMOVED for event in scrubbed.events),
        left_out=tuple(left_out),
        synthetic=opened.provenance.synthetic,
    )


def _fits_edf(channel: Channel) -> bool:
    """Whether 16 bits hold every digital value of the channel's converter."""
    if channel.range_uv is None or not channel.lsb_uv:
        return False
    low, high = channel.range_uv
    return round((high - low) / channel.lsb_uv) < _STEPS_OF_EDF


def _all_events(opened: RecordingFile) -> tuple[Event, ...]:
    """Events of the file, and of a table beside it that its reader does not know of."""
    recording = opened.files[0]
    stem = re.sub(r"_emg\..*", "", recording.name)
    table = recording.with_name(f"{stem}_events.tsv")
    read = opened.sidecars if isinstance(opened, BidsFile) else ()
    if stem == recording.name or not table.is_file() or table.absolute() in read:
        return opened.events
    columns = ("onset", "duration", "trial_type", "channel")
    return (*opened.events, *table_events(read_table(table, columns), 0.0)[0])
