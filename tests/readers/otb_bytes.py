"""OTB+, OTB4 and .bio files built from their layouts, so that every lie they can tell can be told.

Written from spec/formats.md 2.1 to 2.3 and POSIX.1 (ustar); the archives that `tarfile` and
`zipfile` write are used as well.
"""

import io
import tarfile
import zipfile
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

import numpy as np

PATIENT = (
    "<?xml version='1.0'?><patient><family_name>Roe</family_name><first_name>Jane</first_name>"
    "<birth_date>1951-05-02</birth_date><sex>F</sex><place>Ward 7</place>"
    "<time>2024-03-01T10:00:00</time><duration>{duration}</duration></patient>"
)


def packed(counts, width: int, order: str = "little") -> bytes:
    """The obvious twin of the decoder: one sample after the other, frame by frame."""
    return b"".join(int(c).to_bytes(width, order, signed=True) for c in np.ravel(counts))


def header(name: str, n: int, kind: bytes = b"0", **stated: bytes) -> bytes:
    """One ustar header; `stated` overwrites fields by name."""
    fields = {
        "name": name.encode().ljust(100, b"\0"),
        "mode": b"0000644\0", "uid": b"0000000\0", "gid": b"0000000\0",
        "size": f"{n:011o}\0".encode(), "mtime": b"00000000000\0", "sum": b" " * 8,
        "kind": kind, "link": bytes(100), "magic": b"ustar\x0000", "users": bytes(64),
        "device": bytes(16), "prefix": bytes(155), "pad": bytes(12),
    } | stated  # fmt: skip
    block = b"".join(fields.values())
    assert len(block) == 512, len(block)
    return block.replace(b" " * 8, f"{sum(block):06o}\0 ".encode(), 1)


def tar(members: dict[str, bytes], *, end: bool = True) -> bytes:
    out = b""
    for name, content in members.items():
        out += header(name, len(content)) + content + bytes(-len(content) % 512)
    return out + bytes(1024 if end else 0)


def library_tar(members: dict[str, bytes], dialect: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=dialect) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@dataclass
class Sensor:
    """`n` channels of one sensor on one adapter; `counts` is (n, samples)."""

    id: str = "GR08MM1305"
    adapter: str = "AD1x64"
    n: int = 4
    gain: object = 150
    muscle: str = "Not defined"
    side: str = "Undefined"
    high: object = 10
    low: object = 500
    mode: str = "Monopolar"
    sensor_gain: object = 1
    about: str = ""


@dataclass
class OtbPlus:
    """An OTB+ recording; `counts` is (channels, samples) in the order of the adapters."""

    sensors: list
    counts: np.ndarray
    device: str = "QUATTROCENTO"
    fs: object = 2048
    width: int = 2
    bits: object = 16
    duration: object = None  # None: the true one
    stem: str = "20240301100000"
    markers: list = field(default_factory=list)  # (ms, description)
    traces: list = field(default_factory=list)  # (stem, values, fs, unit, description)
    stated: dict = field(default_factory=dict)  # attributes of the device that lie

    def members(self) -> dict[str, bytes]:
        duration = (
            self.counts.shape[1] / float(self.fs) if self.duration is None else self.duration
        )
        found = {
            f"{self.stem}.sig": packed(self.counts.T, self.width),
            f"{self.stem}.xml": self.xml().encode(),
            "patient.xml": PATIENT.format(duration=duration).encode(),
        }
        if self.markers:
            found["markers_0.xml"] = markers(self.markers)
        for stem, values, fs, unit, description in self.traces:
            found[f"{stem}.sip"] = np.asarray(values, "<f8").tobytes()
            found[f"{stem}.pro"] = (
                f"<Processed><fsample>{fs}</fsample><unity_of_measurement>{unit}"
                f"</unity_of_measurement><description>{description}</description></Processed>"
            ).encode()
        return found

    def xml(self) -> str:
        device = {
            "Name": self.device, "DeviceTotalChannels": len(self.counts),
            "SampleFrequency": self.fs, "ad_bits": self.bits,
        } | self.stated  # fmt: skip
        out, start = [f"<Device {_attributes(device)}><Channels>"], 0
        for i, s in enumerate(self.sensors):
            adapter = {
                "ID": s.adapter, "Description": s.about, "Gain": s.gain, "HighPassFilter": s.high,
                "LowPassFilter": s.low, "DetectionMode": s.mode, "AdapterIndex": i,
                "ChannelStartIndex": start,
            }  # fmt: skip
            out.append(f"<Adapter {_attributes(adapter)}>")
            for k in range(s.n):
                channel = {
                    "ID": s.id, "Prefix": "", "Description": "", "Gain": s.sensor_gain, "Index": k,
                    "Muscle": s.muscle, "Side": s.side,
                }  # fmt: skip
                out.append(f"<Channel {_attributes(channel)}/>")
            out.append("</Adapter>")
            start += s.n
        return "<?xml version='1.0' encoding='utf-8'?>" + "".join(out) + "</Channels></Device>"

    def build(self) -> bytes:
        return tar(self.members())


def markers(marks) -> bytes:
    body = "".join(
        f"<Marker><Milliseconds>{ms}</Milliseconds><Description>{text}</Description></Marker>"
        for ms, text in marks
    )
    return f"<Markers>{body}</Markers>".encode()


def _attributes(values: dict) -> str:
    return " ".join(f"{k}={quoteattr(str(v))}" for k, v in values.items())


@dataclass
class Track:
    """A track of an OTB4 file; `values` is (n, samples), counts or (`size` 8) float64."""

    values: np.ndarray
    path: str = "signal_0.sig"
    title: str = "IN1"
    subtitle: str = "HD08MM1305"
    fs: object = 2000
    size: int = 2
    fields: dict = field(default_factory=dict)

    def xml(self, place: int, columns: int) -> str:
        n, samples = self.values.shape
        values = {
            "Device": "Novecento+;x", "Title": self.title, "SubTitle": self.subtitle,
            "Gain": 8, "ADC_Nbits": 24 if self.size > 2 else 16, "ADC_Range": 4.8,
            "SamplingFrequency": self.fs, "SignalStreamPath": self.path, "NumberOfChannels": n,
            "AcquisitionChannel": place, "ChannelsInBlock": columns,
            "TotalChannelsInFile": columns, "SampleSize": self.size,
            "TimeDuration": samples / float(self.fs), "UnitOfMeasurement": "mV",
            "UnitOfMeasurementFactor": 1000, "IsControl": "false", "Muscle": "",
            "Description": {"Name": "Unknown", "NRow": 5, "NColumn": 13, "IED": 8},
            "StringsDescriptions": {
                "HighPassFilter": "10 Hz", "LowPassFilter": "Fsamp/4", "Mode": "Monopolar",
                "StartDate": "2024-03-01 10:00:00",
            },
        } | self.fields  # fmt: skip
        return _element("TrackInfo", values)


def _element(tag: str, value: object) -> str:
    if value is None:
        return ""
    inner = value
    if isinstance(value, dict):
        inner = "".join(_element(k, v) for k, v in value.items())
    return f"<{tag}>{inner}</{tag}>"


def otb4_members(tracks: list, targets: list = (), device_gain: object = 1) -> dict[str, bytes]:
    """Members of an OTB4 archive: tracks of one path lie side by side in its frames."""
    found = {
        "DeviceParameters.xml": _element("DeviceParameters", {"AdBits": 24, "Gain": device_gain})
        .encode(),
    }  # fmt: skip
    for name, listed in (("Tracks_000.xml", tracks), ("TrapezoidalTracks_000.xml", targets)):
        if not listed:
            continue
        out = ""
        for track in listed:
            sharing = [t for t in listed if t.path == track.path]
            columns = sum(len(t.values) for t in sharing)
            place = sum(len(t.values) for t in sharing[: _index(sharing, track)])
            out += track.xml(place, columns)
        found[name] = (
            '<?xml version="1.0"?><ArrayOfTrackInfo xmlns:xsi="http://www.w3.org/2001/'
            f'XMLSchema-instance">{out}</ArrayOfTrackInfo>'
        ).encode()
        for path in dict.fromkeys(t.path for t in listed):
            sharing = [t for t in listed if t.path == path]
            frames = np.vstack([t.values for t in sharing]).T
            size = sharing[0].size
            found[path] = (
                np.asarray(frames, "<f8").tobytes() if size == 8 else packed(frames, size)
            )
    return found


def _index(sharing: list, track: object) -> int:
    return next(i for i, one in enumerate(sharing) if one is track)


@dataclass
class BioType:
    counts: np.ndarray
    factor: object = "2.861e-7"
    offset: object = 0
    unit: str = "V"


def bio(types: list, fs: object = 2000, width: int = 3, **stated: object) -> bytes:
    """A .bio file; `stated` overwrites lines of its header by number (line3="x")."""
    lines = ["1.9", "2024-03-01", str(fs)]
    for t in types:
        lines += [str(t.factor), str(t.offset), str(width), str(len(t.counts)), t.unit]
        lines += ["-1", "1", "0"]
    for name, text in stated.items():
        lines[int(name.removeprefix("line"))] = str(text)
    head = ("\r\n".join(lines) + "\r\nend").encode().ljust(512, b"\0")
    frames = np.vstack([t.counts for t in types]).T
    return head[:512] + packed(frames, width, "big")
