"""OTB4 archives (OTBioLab4, Novecento+): tracks, each a run of channels in a signal file.

`Tracks_000.xml` describes the tracks: the file of each (`SignalStreamPath`), its place there, its
rate, range, bits and gain; `TrapezoidalTracks_*.xml` describes targets and what was performed,
float64 at a rate of their own. Built from the maker's scripts; not yet checked against a file
from the device.
"""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from emgproc.errors import FormatError, UnknownUnitError
from emgproc.readers.file import ReadOptions, RecordingFile
from emgproc.readers.otb4_tracks import Track, read_tracks
from emgproc.readers.otb_archive import Archive, Member
from emgproc.readers.otb_contents import ELECTRODES, MAX_CHANNELS, Told, assemble
from emgproc.readers.otb_samples import WIDTHS, Signal, Stream
from emgproc.readers.otb_scaling import Converter
from emgproc.readers.otb_width import CODINGS, whole_frames, width_by_duration
from emgproc.readers.otb_xml import (
    child,
    cutoff_hz,
    label,
    muscle_of,
    number,
    parse_xml,
    read_markers,
)
from emgproc.recording import Channel
from emgproc.units import is_voltage, microvolts_per


def open_otb4(path: Path, archive: Archive, options: ReadOptions) -> RecordingFile:
    """Open an OTB4 archive; see `open_otb`.

    Raises
    ------
    FormatError
        A track names a file that is not there or a place outside its frames.
    UnknownUnitError, UnknownRateError, NoEmgChannelError
        A track of electrodes states no gain; one has no rate; there is none.
    """
    told = Told("otb4", warnings=list(archive.warnings))
    tracks = read_tracks(archive, options)
    streams: dict[str, list[Track]] = {}
    for track in tracks:
        streams.setdefault(track.path, []).append(track)
    for name, sharing in streams.items():
        member = archive.find(name)
        if member is None:
            _missing(archive, name, sharing, told)
            continue
        stream = _stream(member, sharing, told)
        for track, first in zip(sharing, _places(stream, sharing, told), strict=True):
            told.signals += _signals(stream, track, first, (told, options))
    _device_gain(archive, told)
    told.events, unread = read_markers(archive)
    told.warnings += unread
    return assemble(path, told, options)


def _missing(archive: Archive, name: str, sharing: list[Track], told: Told) -> None:
    shown = label(name.replace("\\", "/").rpartition("/")[2])
    if any(track.is_emg for track in sharing):
        raise FormatError(
            f"{archive.name}: its tracks name the file {shown!r}, which is not there"
        )
    told.warnings.append(f"the file of {len(sharing)} track(s) is not in the archive: left out")


def _stream(member: Member, sharing: list[Track], told: Told) -> Stream:
    first = sharing[0]
    if len({track.fs for track in sharing}) > 1:
        raise FormatError(f"{first.where}: tracks of several rates in the file {member.base}")
    columns = next(
        (n for n in map(first.whole, ("TotalChannelsInFile", "ChannelsInBlock")) if n),
        sum(track.n for track in sharing),
    )
    if not 1 <= columns <= MAX_CHANNELS:
        raise FormatError(f"{first.where}: {columns} channels in the file {member.base}")
    coding = _coding(member, columns, first, told)
    n_samples = whole_frames(member, columns * WIDTHS[coding], told.warnings)
    return Stream(member.archive.name, member.bytes, coding, columns, n_samples, first.fs)


def _coding(member: Member, columns: int, track: Track, told: Told) -> str:
    """By the size and the duration stated; where that tells nothing by the size of a sample."""
    stated, duration_s = track.whole("SampleSize"), track.number("TimeDuration")
    if stated == 8:
        return "<f8"
    width = None
    if duration_s is not None and duration_s > 0:
        width = width_by_duration(member.size, columns, duration_s * track.fs)
    if width is None and stated in CODINGS:
        if duration_s is not None:
            told.warnings.append(f"the samples do not last the {duration_s:g} s that are stated")
        return CODINGS[stated]
    if width is None:
        raise FormatError(
            f"{track.where}: neither the duration nor the size of a sample tells how wide the "
            f"samples of {member.base} are; export it again from OTBioLab"
        )
    if stated is not None and stated != width:
        told.warnings.append(
            f"{stated} bytes a sample are stated, the size of the file tells {width}"
        )
    return CODINGS[width]


def _places(stream: Stream, sharing: list[Track], told: Told) -> list[int]:
    """First column of each track: by the channel stated, else its offset, else in order."""
    in_order = [sum(track.n for track in sharing[:i]) for i in range(len(sharing))]
    ways: tuple[Callable[[Track], int | None], ...] = (
        lambda track: track.acquisition, lambda track: track.offset,
    )  # fmt: skip
    fitting = [[place for place in map(way, sharing) if place is not None] for way in ways]
    fitting = [places for places in (*fitting, in_order) if _fits(places, stream, sharing)]
    if not fitting:
        raise FormatError(
            f"{sharing[0].where}: {sum(t.n for t in sharing)} channels do not fit into frames of "
            f"{stream.columns}"
        )
    if any(places != fitting[0] for places in fitting[1:-1]):
        told.warnings.append(
            "tracks: the channels stated and the offsets stated differ; the channels were used"
        )
    return fitting[0]


def _fits(places: list[int], stream: Stream, sharing: list[Track]) -> bool:
    """Whether all tracks have a place, within the frames and without overlap."""
    if len(places) != len(sharing):
        return False
    spans = sorted((place, place + t.n) for place, t in zip(places, sharing, strict=True))
    apart = all(a[1] <= b[0] for a, b in pairwise(spans))
    return apart and spans[0][0] >= 0 and spans[-1][1] <= stream.columns


def _signals(
    stream: Stream, track: Track, first: int, context: tuple[Told, ReadOptions]
) -> list[Signal]:
    told, options = context
    factor, about = _described(track, told, options)
    is_electrode = track.is_emg and about.unit == "uV" and about.kind in ELECTRODES
    grid = track.product if is_electrode and about.kind == "EMG" else None
    return [
        Signal(stream, first + k, factor, about, is_electrode, product=grid)
        for k in range(track.n)
    ]


def _described(track: Track, told: Told, options: ReadOptions) -> tuple[float, Channel]:
    """Factor and description of a track's channels."""
    texts = [child(track.element, name) for name in ("SubTitle", "Title")]
    name = next((text for text in map(label, texts) if text), "track")
    unit = label(child(track.element, "UnitOfMeasurement"))
    if track.is_float:
        return 1.0, Channel(name, track.kind, unit)
    if track.is_counted:
        return 1.0, Channel(name, track.kind, "counts")
    converter = _converter(track, name, told, options)
    if converter is None:
        return 1.0, Channel(name, track.kind, "counts")
    factor = track.number("UnitOfMeasurementFactor")
    if unit and not is_voltage(unit):
        in_unit = converter.lsb_uv * 1e-6 * (1.0 if factor is None else factor)
        if not 0 < abs(in_unit) <= 1e15:
            told.warnings.append(f"{name}: a factor of {factor} to {unit} cannot be: in counts")
            return 1.0, Channel(name, track.kind, "counts")
        return in_unit, Channel(name, track.kind, unit)
    if unit and factor is not None and abs(factor * microvolts_per(unit) / 1e6 - 1) > 1e-6:
        told.warnings.append(
            f"{name}: the factor {factor:g} to {unit} is not that from V; not used"
        )
    told.rules.append(f"{name}: {converter} (as the file states)")
    return converter.lsb_uv, _voltage(track, name, converter)


def _converter(track: Track, name: str, told: Told, options: ReadOptions) -> Converter | None:
    """Converter of a track; None, warned of, where a signal beside the EMG states none."""
    range_v, gain = track.number("ADC_Range"), track.number("Gain")
    bits = track.whole("ADC_Nbits") or 0
    if track.is_emg:
        range_v = options.adc_range_v or range_v
        gain = options.gain or gain
        if options.adc_range_v or options.gain:
            told.rules.append("adc_range_v or gain stated by the caller")
    if range_v and gain and Converter(range_v, bits, gain).is_possible:
        return Converter(range_v, bits, gain)
    if track.is_emg:
        raise UnknownUnitError(
            f"{track.where}: the track {name!r} states a range of {range_v} V, {bits} bits and a "
            f"gain of {gain}; state adc_range_v= (V) and gain="
        )
    told.warnings.append(f"{name}: no usable range and gain are stated: in counts")
    return None


def _voltage(track: Track, name: str, converter: Converter) -> Channel:
    strings = track.element.find("StringsDescriptions")
    muscle, side = muscle_of(child(track.element, "Muscle"))
    mode = None if strings is None else child(strings, "Mode")
    return Channel(
        name=name,
        kind=track.kind,
        muscle=muscle,
        side=side,
        reference=label(mode),
        highpass_hz=cutoff_hz(
            child(track.element, "StringsDescriptions", "HighPassFilter"), track.fs
        ),
        lowpass_hz=cutoff_hz(
            child(track.element, "StringsDescriptions", "LowPassFilter"), track.fs
        ),
        gain=converter.gain,
        bits=converter.bits,
        lsb_uv=converter.lsb_uv,
        range_uv=converter.rails_uv,
    )


def _device_gain(archive: Archive, told: Told) -> None:
    member = archive.find("DeviceParameters.xml")
    if member is None:
        return
    try:
        gain = number(child(parse_xml(member), "Gain"))
    except FormatError as error:
        told.warnings.append(f"DeviceParameters.xml is not usable: {error}")
        return
    if gain not in {None, 1.0}:
        told.warnings.append(
            f"DeviceParameters.xml states a gain of {gain:g} for the device, which is not "
            "applied; another reader multiplies by it: state gain= if it is right"
        )
