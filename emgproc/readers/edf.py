"""EDF, EDF+C, EDF+D, BDF, BDF+C and BDF+D: the header at once, samples for the asked span only.

Own reader because others join the records of discontinuous files without a word, or refuse them.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from emgproc.errors import FormatError
from emgproc.readers.edf_annotations import gap_events, place_records, read_annotations
from emgproc.readers.edf_channels import Choice, choose_channels, describe_channel
from emgproc.readers.edf_header import EdfHeader, is_edf, read_header
from emgproc.readers.edf_records import EdfRecords
from emgproc.readers.edf_samples import EdfCounts, EdfSource, Placed
from emgproc.readers.file import (
    MAX_EVENTS,
    AuxiliarySummary,
    Contents,
    Format,
    ReadOptions,
    RecordingFile,
)
from emgproc.recording import Event, Provenance, Segment
from emgproc.units import to_samples

# Filler that our writer puts at the end of a record when samples do not make whole ones.
PADDING = "bad_padding"


def open_edf(path: Path, options: ReadOptions) -> RecordingFile:
    """Open an EDF or BDF file of any kind.

    Gaps of discontinuous files are segment edges and `bad_gap` events, never samples. Signals
    that are no voltage or have another rate than the EMG channels are auxiliary, one `Auxiliary`
    for each segment. The patient field is not read.

    Raises
    ------
    FormatError
        The header or the annotations break the rules; `TruncatedFileError` if the file ends
        before one whole record.
    UnknownUnitError, UnknownRateError, NoEmgChannelError
        As `choose_channels`.
    """
    header = read_header(path)
    records = EdfRecords(path, header)
    counts = EdfCounts(header, records)
    choice = choose_channels(header, options)
    said = read_annotations(header, records)
    whole, placing = place_records(header, said, choice.fs, choice.per_record)
    placed, events = without_padding(whole, said.events, choice.fs)
    segments = tuple(p.segment for p in placed)
    events = _addressed(events, choice)
    events += gap_events(segments, events, choice.fs)
    events += _triggers(header, counts, choice, placed)
    contents = Contents(
        fs=choice.fs,
        n_samples=segments[-1].stop,
        channels=tuple(describe_channel(channel) for channel in choice.main),
        segments=segments,
        provenance=_provenance(header, choice, options, (*said.warnings, *placing)),
        events=events,
        auxiliary=_summaries(choice, placed),
    )
    return RecordingFile(contents, EdfSource(counts, choice, placed), (path,))


def _provenance(
    header: EdfHeader, choice: Choice, options: ReadOptions, notes: tuple[str, ...]
) -> Provenance:
    stated = [c.name for c in choice.main if not c.signal.unit]
    scaling = "limits and units of the header"
    if stated:
        scaling += f"; unit {options.unit} stated by the caller for {', '.join(stated)}"
    if not header.duration_s:
        scaling += f"; rate {options.fs} Hz stated by the caller"
    return Provenance(
        source=header.name,
        reader="edf 1" if header.width == 2 else "bdf 1",
        scaling=scaling,
        warnings=(*header.warnings, *choice.warnings, *notes),
        synthetic=header.synthetic,
    )


def _summaries(choice: Choice, placed: tuple[Placed, ...]) -> tuple[AuxiliarySummary, ...]:
    lengths = [p.segment.stop - p.segment.start for p in placed]
    found = []
    for channel in choice.auxiliary:
        own = channel.signal.per_record
        n_samples = sum(-(-length * own // choice.per_record) for length in lengths)
        found.append(
            AuxiliarySummary(
                channel.name, channel.kind, channel.unit, choice.rate_of(channel), n_samples
            )
        )
    return tuple(found)


def without_padding(
    segments: tuple[Segment, ...], events: tuple[Event, ...], fs: float
) -> tuple[tuple[Placed, ...], tuple[Event, ...]]:
    """Segments without the filler at their ends, and the events that are not about it."""
    fillers = sorted((e for e in events if e.label == PADDING), key=lambda e: e.onset_s)
    onsets = np.array([e.onset_s for e in fillers])
    placed, start, used = [], 0, set()
    for segment in segments:
        length = segment.stop - segment.start
        last = int(np.searchsorted(onsets, segment.onset_s + length / fs)) - 1
        if last >= 0:
            kept = to_samples(onsets[last] - segment.onset_s, fs)
            if 0 < kept < length and kept + to_samples(fillers[last].duration_s, fs) == length:
                length = kept
                used.add(id(fillers[last]))
        placed.append(Placed(Segment(start, start + length, segment.onset_s), segment.start))
        start += length
    return tuple(placed), tuple(e for e in events if id(e) not in used)


def _addressed(events: tuple[Event, ...], choice: Choice) -> tuple[Event, ...]:
    """Events with the names that channels have here; no channel where there is no such one."""
    both = (*choice.auxiliary, *choice.main)
    names = {c.signal.label: c.name for c in both} | {c.name: c.name for c in both}
    found = []
    for event in events:
        known = names.get(event.channel, "")
        whole = event.label if known or not event.channel else f"{event.label}@@{event.channel}"
        found.append(replace(event, channel=known, label=whole))
    return tuple(found)


def _triggers(
    header: EdfHeader, counts: EdfCounts, choice: Choice, placed: tuple[Placed, ...]
) -> tuple[Event, ...]:
    """Changes of the trigger word (bits 0 to 15) of a BioSemi status channel to a new code."""
    status = [c for c in choice.auxiliary if c.signal.label == "Status"]
    if header.width != 3 or not status:
        return ()
    signal, rate = status[0].signal, choice.rate_of(status[0])
    found: list[Event] = []
    for p in placed:
        first = p.first * signal.per_record // choice.per_record
        length = (p.segment.stop - p.segment.start) * signal.per_record // choice.per_record
        before, done = 0, 0
        for piece in counts.pieces(signal, first, first + length):
            codes = np.concatenate(([before], piece & 0xFFFF))
            for i in np.flatnonzero((np.diff(codes) != 0) & (codes[1:] != 0)):
                onset_s = p.segment.onset_s + (done + int(i)) / rate
                found.append(Event(onset_s, 0.0, f"trigger/{int(codes[i + 1])}"))
            before, done = int(codes[-1]), done + len(piece)
            if len(found) > MAX_EVENTS:
                raise FormatError(f"{header.name}: more than {MAX_EVENTS} changes of the trigger")
    return tuple(found)


def _recognises_edf(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the content is enough
    return is_edf(head) and head[:1] == b"0"


def _recognises_bdf(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the content is enough
    return is_edf(head) and head[:1] == b"\xff"


_KEEPS = (
    "samples, units, rates, gaps, annotations, limits of the converter, filters; no patient, no "
    "date"
)
FORMATS = (
    Format("edf", "EDF, EDF+C, EDF+D", (".edf",), _KEEPS, _recognises_edf, open_edf),
    Format("bdf", "BDF, BDF+C, BDF+D", (".bdf",), _KEEPS, _recognises_bdf, open_edf),
)
