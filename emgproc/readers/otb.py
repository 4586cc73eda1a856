"""OTB+ archives (OTBioLab+: Quattrocento, Sessantaquattro(+), Muovi(+), Due+, Quattro+, …).

A tar, or a zip of old, of `<x>.sig` (interleaved counts) with `<x>.xml` (device, adapters,
channels), `markers_*.xml`, and `*.sip` (float64, one trace) with `*.pro`. Of `patient.xml` only
the duration is looked at; names of members are dates, so no warning holds one. Built from the
maker's scripts, not yet checked against a file from the device; its table was, against a .mat
that OTBioLab+ wrote of a Quattrocento: whole counts to the precision of float32.
"""

from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

from emgproc.errors import FormatError, UnknownRateError
from emgproc.readers.file import Format, ReadOptions, RecordingFile
from emgproc.readers.labels import kind_of
from emgproc.readers.otb4 import open_otb4
from emgproc.readers.otb4_tracks import is_otb4
from emgproc.readers.otb_archive import Archive, Member, first_member, open_archive
from emgproc.readers.otb_bio import looks_like_bio, open_bio
from emgproc.readers.otb_contents import ELECTRODES, MAX_CHANNELS, Told, assemble
from emgproc.readers.otb_samples import Signal, Stream
from emgproc.readers.otb_scaling import Scaled, check_options, scale_adapter
from emgproc.readers.otb_width import coding_of
from emgproc.readers.otb_xml import (
    cutoff_hz,
    label,
    number,
    parse_xml,
    product_in,
    rate,
    read_markers,
    side_of,
    whole,
)
from emgproc.recording import Channel

_COUNTED = ("quaternion", "buffer", "ramp")  # sensors that are no voltage, on whatever adapter
_HINT = "export it again from OTBioLab, or as .mat or EDF"


class _Acquisition(NamedTuple):
    """A .sig, what its XML says of the device, its counts."""

    device: str
    root: Element
    stream: Stream


def open_otb(path: Path, options: ReadOptions) -> RecordingFile:
    """Open an OTB+ archive, or an OTB4 one whatever its ending.

    Counts become µV by the table of converters (see `otb_scaling`), which `adc_range_v` and
    `gain` of the options override; the rule used stands in `provenance.scaling`. Rows are the
    channels of electrodes in the order of the file; control channels, quaternions, direct
    connections, load cells and the `.sip` traces are auxiliary. A second `.sig` is auxiliary
    too: when it began beside the first is not stated.

    Raises
    ------
    UnsafeArchiveError
        As `open_archive`.
    FormatError
        The archive lacks its signals or their XML, or these disagree.
    UnknownUnitError, UnknownRateError, NoEmgChannelError
        The device is not in the table; no rate is stated; no signal comes from electrodes.
    """
    check_options(options)
    archive = open_archive(path)
    if is_otb4(archive):
        return open_otb4(path, archive, options)
    told = Told("otb+", warnings=list(archive.warnings))
    acquisitions = [_acquisition(archive, sig, told, options) for sig in archive.ending(".sig")]
    if not acquisitions:
        held = sorted(member.base[:40] for member in archive.members.values())[:8]
        raise FormatError(f"{path.name}: an archive without .sig (it holds {held}); {_HINT}")
    several = [_signals(one, told, options) for one in acquisitions]
    main = max(several, key=lambda signals: sum(s.is_electrode for s in signals))
    for signals in several:
        told.signals += signals if signals is main else [_aside(s) for s in signals]
    if len(several) > 1:
        told.warnings.append(
            f"{len(several)} acquisitions: the one with most electrodes makes the rows, the "
            "others are auxiliary signals; when they began is not stated"
        )
    told.signals += _traces(archive, told)
    told.events, unread = read_markers(archive)
    told.warnings += unread
    return assemble(path, told, options)


def _acquisition(archive: Archive, sig: Member, told: Told, options: ReadOptions) -> _Acquisition:
    xml = archive.find(sig.name[:-4] + ".xml")
    if xml is None:
        raise FormatError(f"{archive.name}: no {sig.base[:-4]}.xml beside {sig.base}; {_HINT}")
    root = parse_xml(xml)
    columns = whole(root.get("DeviceTotalChannels"))
    if root.tag != "Device" or columns is None or not 1 <= columns <= MAX_CHANNELS:
        raise FormatError(
            f"{archive.name}: {xml.base} describes {root.get('DeviceTotalChannels')!r} channels, "
            f"1 to {MAX_CHANNELS} are read"
        )
    fs = rate(root.get("SampleFrequency")) or options.fs
    if fs is None:
        raise UnknownRateError(
            f"{archive.name}: {xml.base} states the rate {root.get('SampleFrequency')!r} Hz; "
            "state it: fs="
        )
    duration_s = _duration_s(archive)
    bits = whole(root.get("ad_bits"))
    coding, n_samples = coding_of(sig, columns, (fs, duration_s, bits), told.warnings)
    stream = Stream(archive.name, sig.bytes, coding, columns, n_samples, fs)
    return _Acquisition(label(root.get("Name")), root, stream)


def _duration_s(archive: Archive) -> float | None:
    """Duration in patient.xml; nothing else of it is looked at."""
    member = archive.find("patient.xml")
    if member is None:
        return None
    try:
        root = parse_xml(member)
    except FormatError:
        return None
    return number(next((e.text for e in root.iter("duration")), None))


def _signals(one: _Acquisition, told: Told, options: ReadOptions) -> list[Signal]:
    """Signals in the order of their columns; columns that no channel names are kept as counts."""
    width = int(one.stream.coding[-1])
    placed: dict[int, Signal] = {}
    for adapter in one.root.iter("Adapter"):
        gain = number(adapter.get("Gain"))
        scaled = scale_adapter(one.device, adapter.get("ID") or "", gain, width, options)
        told.rules.append(scaled.rule)
        told.warnings += scaled.warnings
        first = whole(adapter.get("ChannelStartIndex")) or 0
        for element in adapter.iter("Channel"):
            column = first + (whole(element.get("Index")) or 0)
            if not 0 <= column < one.stream.columns or column in placed:
                raise FormatError(
                    f"{one.stream.name}: a channel of the adapter {label(adapter.get('ID'))!r} "
                    f"lies in column {column}, which is taken or not among the "
                    f"{one.stream.columns} of the file"
                )
            placed[column] = _signal(one.stream, column, (adapter, element), scaled)
            told.warnings += _sensor_gain(element, scaled)
    unnamed = [column for column in range(one.stream.columns) if column not in placed]
    if unnamed:
        told.warnings.append(f"{len(unnamed)} columns without a description are kept as counts")
    for column in unnamed:
        about = Channel(f"column {column + 1}", "MISC", "counts")
        placed[column] = Signal(one.stream, column, 1.0, about)
    return [placed[column] for column in sorted(placed)]


def _signal(
    stream: Stream, column: int, elements: tuple[Element, Element], scaled: Scaled
) -> Signal:
    adapter, element = elements
    sensor = label(element.get("ID")) or label(element.get("Description")) or "channel"
    converter = scaled.converter
    if converter is None or sensor.casefold().startswith(_COUNTED):
        kind = kind_of(sensor) if kind_of(sensor) == "TRIG" else scaled.kind or "MISC"
        return Signal(stream, column, 1.0, Channel(sensor, kind, "counts"))
    product = product_in(element.get("ID"), element.get("Description"), adapter.get("Description"))
    kind = scaled.kind or ("EEG" if "EEG" in sensor.upper() else kind_of(sensor))
    highpass_hz = cutoff_hz(adapter.get("HighPassFilter"), stream.fs)
    lowpass_hz = cutoff_hz(adapter.get("LowPassFilter"), stream.fs)
    mode = label(adapter.get("DetectionMode"))
    about = Channel(
        name=sensor,
        kind=kind,
        muscle=label(element.get("Muscle")),
        side=side_of(element.get("Side")),
        reference=mode if mode.isalpha() else "",
        highpass_hz=highpass_hz,
        lowpass_hz=lowpass_hz,
        gain=converter.gain,
        bits=converter.bits,
        lsb_uv=converter.lsb_uv,
        range_uv=converter.rails_uv,
    )
    is_electrode = scaled.electrodes and kind in ELECTRODES
    grid = product if is_electrode and kind == "EMG" else None
    return Signal(stream, column, converter.lsb_uv, about, is_electrode, product=grid)


def _sensor_gain(element: Element, scaled: Scaled) -> list[str]:
    gain = number(element.get("Gain"))
    if scaled.converter is None or gain in {None, 1.0, scaled.converter.gain}:
        return []
    return [f"{label(element.get('ID'))}: the sensor's own gain of {gain:g} is not applied"]


def _aside(signal: Signal) -> Signal:
    """A signal of another acquisition: it cannot be a row."""
    return Signal(signal.stream, signal.column, signal.factor, signal.about)


def _traces(archive: Archive, told: Told) -> list[Signal]:
    """Processed traces and targets, each with the rate and unit of its .pro."""
    found = []
    for sip in archive.ending(".sip"):
        pro = archive.find(sip.name[:-4] + ".pro")
        try:
            root = parse_xml(pro) if pro else None
        except FormatError:
            root = None
        fs = None if root is None else rate(_field(root, "fsample"))
        if root is None or fs is None or sip.size < 8:
            told.warnings.append("a trace (.sip) is left out: no usable .pro states its rate")
            continue
        if sip.size % 8 or sip.cut:
            told.warnings.append("a trace (.sip) ends within a value: it is cut off")
        name = label(_field(root, "description")) or "trace"
        kind = kind_of(name)
        about = Channel(
            name, "MISC" if kind == "EMG" else kind, label(_field(root, "unity_of_measurement"))
        )
        stream = Stream(archive.name, sip.bytes, "<f8", 1, sip.size // 8, fs)
        found.append(Signal(stream, 0, 1.0, about))
    return found


def _field(root: Element, name: str) -> str | None:
    """A field of a .pro, whether it is an element anywhere in it or an attribute of the root."""
    return next((element.text for element in root.iter(name)), root.get(name))


def _recognises(head: bytes, path: Path) -> bool:
    first = first_member(head)
    if first is None:
        return False
    ours = (".sig", ".sip", ".pro") if head.startswith(b"PK") else (".sig", ".xml", ".sip", ".pro")
    return path.suffix.lower() in _SUFFIXES or first.endswith(ours) or first.startswith("tracks_0")


_SUFFIXES = (".otb+", ".otb", ".otb4")
FORMATS = (
    Format(
        id="otb",
        title="OT Bioelettronica OTB+ and OTB4 archive",
        suffixes=_SUFFIXES,
        keeps=(
            "counts by the device table, muscles, sides, filters, grid (places on it by the "
            "product's layout), markers, force and control signals beside; names and dates are "
            "left out"
        ),
        recognises=_recognises,
        open=open_otb,
    ),
    Format(
        id="otb_bio",
        title="OT Bioelettronica Sessantaquattro .bio",
        suffixes=(".bio",),
        keeps="counts, scale and unit of the header; it has no names, muscles or events",
        recognises=lambda head, path: looks_like_bio(head),  # noqa: ARG005 - no name needed
        open=open_bio,
    ),
)
