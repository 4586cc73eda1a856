"""Natus EMG text exports: Viking, Nicolet EDX, Synergy, Keypoint.NET.

UTF-16 or the code page of the computer; sections of "Key=Value" lines; samples as
`Sweep  Data(mV)<N>=`, `LongTrace Data(mV)<N>=` or `Averaged Data(mV)<N>=`. Sweeps do not follow
each other in time: each is a segment. Names, numbers of patients and dates are not looked at. Not
yet checked against a file from the device: the layout is known from programs that read such files.
"""

import re
from collections import Counter
from pathlib import Path

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import FormatError, TruncatedFileError
from emgproc.readers.delimited_ragged import stacked, text_of, unended
from emgproc.readers.delimited_signals import Clocks, ColumnsSource, few
from emgproc.readers.delimited_text import recognised_by
from emgproc.readers.file import Contents, Format, ReadOptions, RecordingFile
from emgproc.readers.natus_text import Trace, read_traces
from emgproc.readers.sweeps import sweep_segments, untold_intervals
from emgproc.recording import Channel, Provenance

ID = "natus_text"
_SIDES = {"L": "L", "LEFT": "L", "R": "R", "RIGHT": "R"}
_BEGIN = re.compile(
    r"^(?:Sampling Frequency\(kHz\)|Subsampled\(kHz\)|Sweep Duration\(ms\)|Trace Duration\(ms\)"
    r"|(?:Sweep|LongTrace|Averaged) +Data\([^()]*\)<\d+>)="
    r"|^\[[\d.]+ [^\]]*\]\s*\n(?:.*\n)*?(?:Patient ID|Visit Date|Master Anatomy|Full Name)=",
    re.MULTILINE,
)


def open_natus(path: Path, options: ReadOptions) -> RecordingFile:
    """Read a Natus EMG text export.

    Where a file holds several kinds of traces, the raw kind with most samples is read.

    Raises
    ------
    FormatError
        The numbers of a trace are not as many as it states, last another time, or can be read in
        two ways; or there are several muscles, or channels that do not belong together.
    TruncatedFileError
        There is no trace.
    UnknownRateError, UnknownUnitError
        A trace has no rate, or no voltage.
    """
    traces, warnings = read_traces(text_of(path), options.fs, options.decimal)
    if not traces:
        raise TruncatedFileError(f"{path.name}: holds no trace")
    chosen, told = _chosen(traces)
    traces.clear()
    by_channel = _by_channel(chosen, path.name)
    channels = _channels(by_channel, options)
    first = next(iter(by_channel.values()))
    fs, lengths = first[0].fs, [trace.values.size for trace in first]
    segments, interval_s = sweep_segments(lengths, fs)
    if len(segments) > 1:
        told.append(untold_intervals(interval_s))
    chosen.clear()
    data = stacked([_joined(group) for group in by_channel.values()], sum(lengths))
    data.flags.writeable = False
    contents = Contents(
        fs=fs,
        n_samples=data.shape[1],
        channels=channels,
        segments=segments,
        provenance=Provenance(
            path.name,
            reader=ID,
            scaling="value in the unit that each trace states",
            warnings=(*warnings, *told, *unended(path)),
        ),
    )
    return RecordingFile(
        contents, ColumnsSource(data, [], Clocks(fs, 0.0, data.shape[1])), (path,)
    )


def _chosen(traces: list[Trace]) -> tuple[list[Trace], list[str]]:
    """The traces of one kind and one rate, raw before averaged; and what is left out."""
    sizes: Counter[tuple[bool, str, float]] = Counter()
    for trace in traces:
        sizes[trace.kind != "Averaged", trace.kind, trace.fs] += trace.values.size
    raw, kind, fs = max(sizes, key=lambda key: (key[0], sizes[key]))
    told = [] if raw else ["these are averages, not the raw sweeps"]
    others = Counter((t.kind, t.fs) for t in traces if (t.kind, t.fs) != (kind, fs))
    for (other, rate), n in sorted(others.items()):
        told.append(f"{n} trace(s) {other!r} of {rate:g} Hz beside {kind!r} are left out")
    return [trace for trace in traces if (trace.kind, trace.fs) == (kind, fs)], told


def _by_channel(traces: list[Trace], where: str) -> dict[str, list[Trace]]:
    """Traces of each channel; all channels have traces of the same lengths."""
    muscles = sorted({trace.anatomy for trace in traces})
    if len(muscles) > 1:
        raise FormatError(f"{where}: traces of {few(muscles)}; export each muscle to its own file")
    groups: dict[str, list[Trace]] = {}
    for trace in traces:
        groups.setdefault(trace.channel, []).append(trace)
    lengths = {name: [t.values.size for t in group] for name, group in groups.items()}
    if len({tuple(sizes) for sizes in lengths.values()}) > 1:
        counts = {name: len(sizes) for name, sizes in lengths.items()}
        raise FormatError(
            f"{where}: the channels have traces of other lengths or numbers ({counts}); export "
            "each channel to its own file"
        )
    return groups


def _channels(groups: dict[str, list[Trace]], options: ReadOptions) -> tuple[Channel, ...]:
    found = []
    for number, group in groups.items():
        trace, name = group[0], f"EMG{number}"
        words = trace.anatomy.split()
        side = _SIDES.get(words[0].upper(), "") if words else ""
        lowpass = trace.number("High(kHz)")
        found.append(
            Channel(
                name,
                options.kinds.get(name, "EMG"),
                muscle=" ".join(words[bool(side) :]),
                side=side,
                highpass_hz=trace.number("Low(Hz)"),
                lowpass_hz=None if lowpass is None else lowpass * 1e3,
                notch_hz=trace.number("Notch Filter(Hz)"),
            )
        )
    return tuple(found)


def _joined(group: list[Trace]) -> Floats:
    """The traces one after the other; `group` is emptied, so that they stand in memory once."""
    data = np.empty(0)
    for _ in range(len(group)):
        values = group.pop(0).values
        at = data.size
        data.resize(at + values.size, refcheck=False)
        data[at:] = values
    return data


FORMATS = (
    Format(
        id=ID,
        title="Natus EMG text export (Viking, EDX, Synergy, Keypoint.NET)",
        suffixes=(".txt",),
        keeps="traces as segments, unit, rate, filters, muscle; names and dates are left out",
        recognises=recognised_by(_BEGIN),
        open=open_natus,
    ),
)
