"""What the tracks of an OTB4 archive are: each a run of channels in a signal file."""

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from emgproc.errors import FormatError, UnknownRateError
from emgproc.readers.file import ReadOptions
from emgproc.readers.labels import kind_of
from emgproc.readers.otb_archive import Archive, Member
from emgproc.readers.otb_contents import MAX_CHANNELS
from emgproc.readers.otb_xml import Product, child, number, parse_xml, product_in, rate, whole

_TRACKS = re.compile(r"\w*tracks_\d+\.xml", re.IGNORECASE)
_FORCE = re.compile(r"force|load ?cell|torque|performed path|original path|requested path")
_COUNTED = re.compile(r"quaternion|buffer|ramp|control")
_NO_EMG = re.compile("|".join((r"\b(?:aux|imu)\b|aux ?\d", _COUNTED.pattern, _FORCE.pattern)))


@dataclass(frozen=True, slots=True)
class Track:
    """A <TrackInfo> as far as it is read; numbers that are missing or none are None."""

    element: Element
    where: str
    words: str
    path: str
    fs: float
    n: int
    acquisition: int | None
    offset: int | None
    is_control: bool

    def number(self, name: str) -> float | None:
        """A field that is a number."""
        return number(child(self.element, name))

    def whole(self, name: str) -> int | None:
        """A field that is a whole number."""
        return whole(child(self.element, name))

    @property
    def is_float(self) -> bool:
        """Whether its samples are values already (float64), no counts."""
        return self.whole("SampleSize") == 8

    @property
    def product(self) -> Product | None:
        """The electrode grid it comes from; the code counts, rows and columns are swapped."""
        return product_in(
            child(self.element, "Description", "Name"),
            child(self.element, "Description", "SensorType"),
            child(self.element, "StringsDescriptions", "OriginalSensor"),
            self.words,
        )

    @property
    def is_counted(self) -> bool:
        """Whether its counts mean no physical value: control channels, quaternions."""
        counted = self.is_control or not self.whole("ADC_Nbits")
        return counted or self._says(_COUNTED)

    @property
    def is_emg(self) -> bool:
        """Whether it comes from the inputs of an amplifier."""
        return not (self.is_float or self.is_counted or self._says(_NO_EMG))

    def _says(self, words: re.Pattern[str]) -> bool:
        # "Vastus Lateralis - AUX 3 - GR08MM1305" is a grid, whatever its input is called.
        return self.product is None and words.search(self.words) is not None

    @property
    def kind(self) -> str:
        """Kind of its channels by its words."""
        if self.is_emg:
            return kind_of(self.words)
        if _FORCE.search(self.words):
            return "FORCE"
        kind = kind_of(self.words)
        return "MISC" if kind == "EMG" else kind


def is_otb4(archive: Archive) -> bool:
    """Whether an archive holds descriptions of tracks."""
    return any(_TRACKS.fullmatch(member.base) for member in archive.members.values())


def read_tracks(archive: Archive, options: ReadOptions) -> list[Track]:
    """Tracks of all descriptions, those of the acquisition first.

    Raises
    ------
    FormatError
        A track names no file, or no number of channels that can be.
    UnknownRateError
        A track states no rate, and neither does the caller.
    """
    return [track for member in _descriptions(archive) for track in _tracks(member, options)]


def _descriptions(archive: Archive) -> list[Member]:
    found = [m for m in archive.members.values() if _TRACKS.fullmatch(m.base)]
    return sorted(found, key=lambda m: (not m.base.lower().startswith("tracks"), m.base.lower()))


def _tracks(member: Member, options: ReadOptions) -> list[Track]:
    tracks = [_track(e, member, options) for e in parse_xml(member).iter("TrackInfo")]
    if sum(track.n for track in tracks) > MAX_CHANNELS:
        raise FormatError(
            f"{member.archive.name}: {member.base} describes more than {MAX_CHANNELS} channels"
        )
    return tracks


def _track(element: Element, member: Member, options: ReadOptions) -> Track:
    where = f"{member.archive.name}: {member.base}"
    names = [child(element, name) or "" for name in ("Title", "SubTitle")]
    names.append(child(element, "Description", "Name") or "")
    words = " ".join(" ".join(names).split()).casefold()[:200]
    path, n = (
        (child(element, "SignalStreamPath") or "").strip(),
        child(element, "NumberOfChannels"),
    )
    count = whole(n)
    if not path or count is None or not 1 <= count <= MAX_CHANNELS:
        raise FormatError(f"{where}: a track of {n!r} channels in the file {path[:40]!r}")
    fs = rate(child(element, "SamplingFrequency")) or options.fs
    if fs is None:
        raise UnknownRateError(f"{where}: a track states no rate; state it: fs=")
    return Track(
        element,
        where,
        words,
        path,
        fs,
        count,
        whole(child(element, "AcquisitionChannel")),
        whole(child(element, "ChannelOffsetInSubPacket")),
        (child(element, "IsControl") or "").strip().casefold() == "true",
    )
