"""Files that lie, end early or mean harm, each made for one line of the table of hazards."""

import io
import pickle
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bridge_bytes as bridge
import h5py
import numpy as np
from edf_bytes import EdfBytes, Sig, one, ramp
from matlab_bytes import Five, Seven
from opensignals_bytes import Box, write_h5
from otb_bytes import OtbPlus, Sensor, header, tar, zipped
from poly5_bytes import Poly5Bytes
from poly5_bytes import Sig as TmsiSig
from reading import put
from test_gtec import claims as claims_of_gtec
from test_gtec import gtec
from wfdb_bytes import little, record

from emgproc.recording import Channel, Recording
from emgproc.writers import write_recording

Maker = Callable[[Path], Path]


def file(name: str, content: bytes | str | Callable[[], bytes]) -> Maker:
    def make(folder: Path) -> Path:
        return put(folder, name, content() if callable(content) else content)

    return make


# ---------------------------------------------------------------- EDF and BDF
COUNTS = ramp(400)
UV = COUNTS * 0.1
ONSETS = ["+0", "+1", "+2", "+3"]


def edf(*signals: Sig, **how: Any) -> Maker:
    return file("x.edf", EdfBytes(list(signals), **how).build())


def edf_one(cut: int | None = None, name: str = "x.edf", **how: Any) -> Maker:
    return file(name, one(**how).build()[:cut])


def impossible_record() -> bytes:
    content = EdfBytes([Sig("EMG a"), Sig("EMG b")]).build()
    return content.replace(b"100     100     ", b"9999999999999999", 1)


def two_annotation_signals() -> bytes:
    """The first holds the times of the records and an event, the second another event."""
    clock = b"".join(
        f"+{i}\x14\x14\0+{i}\x14first {i}\x14\0".encode().ljust(40, b"\0") for i in range(4)
    )
    made = one(plus="EDF+C", onsets=[""] * 4, tals={2: b"+2\x14later\x14\0"})
    counts = np.frombuffer(clock, "<i2").astype("<i4")
    made.signals.append(Sig("EDF Annotations", "", ("-1", "1"), spr=20, counts=counts))
    return made.build()


def wide_records() -> bytes:
    return EdfBytes([Sig(f"EMG {i}", spr=2048) for i in range(64)], n_records=1).build()


SATURATED = np.clip(np.tile(np.linspace(-60_000, 60_000, 100), 4), -32_768, 32_767).astype(int)
STEP_UV = 0.123456789


def written_edf(folder: Path) -> Path:
    """A step that eight characters do not hold in volts."""
    channel = Channel("a", bits=16, lsb_uv=STEP_UV, range_uv=(-32768 * STEP_UV, 32767 * STEP_UV))
    rec = Recording.from_array(COUNTS[None] * STEP_UV, 100.0, channels=[channel])
    path = folder / "x.edf"
    write_recording(rec, path)
    assert b"uV      " in path.read_bytes()[256:1024]
    return path


# ---------------------------------------------------------------- archives
RAW = np.random.default_rng(0).integers(-30000, 30000, (2, 600))
MEMBERS = OtbPlus([Sensor("CoDe", n=2)], RAW).members()
DESCRIPTION = "20240301100000.xml"
ZIP = zipped(MEMBERS)
HUGE = b"\x80" + (1 << 60).to_bytes(11, "big")
DTD = b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + MEMBERS[DESCRIPTION][38:]
BILLION = (
    b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]><x>&b;</x>"
)


def otb(content: bytes | Callable[[], bytes]) -> Maker:
    return file("x.otb+", content)


def odd(name: str, kind: bytes = b"0", content: bytes = b"", **stated: bytes) -> bytes:
    """The recording's archive, with one more member before it."""
    block = header(name, len(content), kind, **stated)
    return block + content + bytes(-len(content) % 512) + tar(MEMBERS)


def member(kind: bytes) -> Maker:
    return otb(odd("x.sig", kind))


def pax(records: bytes) -> bytes:
    return odd("././@PaxHeader", b"x", records)


def described(xml: bytes) -> Maker:
    return otb(lambda: tar(MEMBERS | {DESCRIPTION: xml}))


def zip_of(members: dict[Any, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def special_in_zip(kind: int) -> bytes:
    info = zipfile.ZipInfo("x.sig")
    info.external_attr = (kind | 0o777) << 16
    return zip_of({info: b"/etc/passwd"})


LINK_IN_ZIP, DEVICE_IN_ZIP = special_in_zip(stat.S_IFLNK), special_in_zip(stat.S_IFCHR)


def twice_in_zip() -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a.sig", b"1")
            archive.writestr("a.sig", b"2")
    return buffer.getvalue()


def zip_list_of(n: int) -> bytes:
    end = b"PK\x05\x06" + bytes(8) + n.to_bytes(4, "little") + bytes(4) + bytes(2)
    return b"PK\x03\x04" + bytes(n - 4) + end


def patched(content: bytes, at: int, new: bytes, *, central: bool = False) -> bytes:
    """A zip with bytes overwritten in its first local header, or its first central one."""
    start = content.index(b"PK\x01\x02") if central else 0
    data = bytearray(content)
    data[start + at : start + at + len(new)] = new
    return bytes(data)


def last_member_beyond() -> bytes:
    ordered = {name: c for name, c in MEMBERS.items() if not name.endswith(".sig")}
    signal = "20240301100000.sig"
    return tar(ordered, end=False) + header(signal, 1 << 32) + MEMBERS[signal]


def of_many_channels() -> bytes:
    xml = MEMBERS[DESCRIPTION].replace(b'Channels="2"', b'Channels="9999"')
    return tar(MEMBERS | {DESCRIPTION: xml})


# ---------------------------------------------------------------- MATLAB
X = np.arange(60.0).reshape(20, 3)
STATED = {
    "unit": "uV", "fs": 100.0, "map": {"samples": "emg", "orientation": "samples_by_channels"},
}  # fmt: skip


def element(kind: int, size: int, data: bytes = b"") -> bytes:
    return struct.pack("<II", kind, size) + data


def head_of(dims: tuple[int, ...], kind: int = 6) -> bytes:
    five = Five({})
    head = five.element(6, struct.pack("<II", kind, 0))
    head += five.element(5, struct.pack(f"<{len(dims)}i", *dims))
    return head + five.element(1, b"emg")


def matrix(content: bytes) -> bytes:
    return Five({}).build() + element(14, len(content), content)


def five(value: Any, **more: Any) -> Maker:
    return file("x.mat", lambda: Five({"emg": value} | more).build())


def deflated(first: bytes, zeros_mb: int) -> bytes:
    maker = zlib.compressobj(9)
    packed = maker.compress(first)
    packed += b"".join(maker.compress(bytes(1 << 20)) for _ in range(zeros_mb)) + maker.flush()
    return Five({}).build() + element(15, len(packed), packed)


def bomb() -> bytes:
    head = head_of((200_000_000, 1)) + element(9, 1_600_000_000)
    return deflated(element(14, len(head) + 1_600_000_000) + head, 40)


def endless() -> bytes:
    return deflated(Five({}).matrix(X, "emg"), 100)


def seven(value: Any) -> Maker:
    return lambda folder: Seven({"emg": value}, None).write(folder / "x.mat")


def array_pickled() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{}], dtype=object), allow_pickle=True)
    return buffer.getvalue()


PICKLE = pickle.dumps({"emg": [1.0] * 100})


# ---------------------------------------------------------------- HDF5
def linked(where: h5py.Group, name: str) -> None:
    where[name] = h5py.ExternalLink("other.h5", "/x")


def stored_elsewhere(where: h5py.Group, name: str) -> None:
    where.create_dataset(name, (3, 20), "f8", external=[("/etc/passwd", 0, 480)])


def virtual(where: h5py.Group, name: str) -> None:
    layout = h5py.VirtualLayout((3, 20), "f8")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "x", (3, 20))
    where.create_virtual_dataset(name, layout)


def claims(where: h5py.Group, name: str) -> None:
    where.create_dataset(name, (3, 36_000_000 * 512 // 3), "f8")


def claims_in_pieces(where: h5py.Group, name: str) -> None:
    where.create_dataset(
        name, (3, 36_000_000 * 512 // 3), "f8", chunks=(1, 1024), compression="gzip"
    )


def claims_in_loose_pieces(where: h5py.Group, name: str) -> None:
    where.create_dataset(name, (3, 36_000_000 * 512 // 3), "f8", chunks=(1, 1024))


def huge_pieces(where: h5py.Group, name: str) -> None:
    made = where.create_dataset(
        name, (1, 2_100_000), "f8", chunks=(1, 2_100_000), compression="gzip"
    )
    made[0, :5] = 1.0


def filtered(where: h5py.Group, name: str) -> None:
    where.create_dataset(name, data=X.T, chunks=(3, 20), compression="lzf")


def store(hazard: Callable[[h5py.Group, str], None]) -> Maker:
    """A native store whose samples are made by `hazard`."""

    def make(folder: Path) -> Path:
        path = folder / "x.h5"
        write_recording(Recording.from_array(X.T, 100.0), path)
        with h5py.File(path, "r+") as opened:
            del opened["samples"]
            hazard(opened, "samples")
        return path

    return make


def seven_with(hazard: Callable[[h5py.Group, str], None]) -> Maker:
    """A file of version 7.3 whose variable is made by `hazard`."""

    def make(folder: Path) -> Path:
        path = seven(X)(folder)
        with h5py.File(path, "r+") as opened:
            del opened["emg"]
            hazard(opened, "emg")
            if isinstance(opened.get("emg", getlink=True), h5py.HardLink):
                opened["emg"].attrs["MATLAB_class"] = np.bytes_("double")
        return path

    return make


def bare(hazard: Callable[[h5py.Group, str], None]) -> Maker:
    """An HDF5 file of another program."""

    def make(folder: Path) -> Path:
        with h5py.File(folder / "x.h5", "w") as opened:
            hazard(opened, "emg")
        return folder / "x.h5"

    return make


def opensignals_beyond(folder: Path) -> Path:
    box = Box(np.zeros((20, 2), int))
    path = write_h5(folder / "x.h5", box)
    with h5py.File(path, "r+") as opened:
        opened[box.address]["raw/channel_2"].resize((1 << 40, 1))
    return path


def gtec_beyond(folder: Path) -> Path:
    path = gtec(folder / "x.hdf5")
    with h5py.File(path, "r+") as opened:
        claims_of_gtec(opened)
    return path


def of_no_known_filter(folder: Path) -> Path:
    path = seven_with(filtered)(folder)
    content = path.read_bytes()
    assert content.count(b"\x00\x7d") == 1  # the number of LZF, 32 000
    return put(folder, "x.mat", content.replace(b"\x00\x7d", b"\x63\x7d"))


# ---------------------------------------------------------------- texts
HEAD = "TA (uV),GM (uV)"


def table(*rows: str, head: str = HEAD, encoding: str = "utf-8") -> Maker:
    return file("x.csv", ("\n".join([head, *rows]) + "\n").encode(encoding))


def timed(times_s: list[float]) -> Maker:
    rows = [f"{t!r},{i}" for i, t in enumerate(times_s)]
    return table(*rows, head="time (s),TA (uV)")


# ---------------------------------------------------------------- Poly5, WFDB, C3D, XDF
VALUES = np.array([0.0, 1.5, -2.25, 1e-3, 4e4, -7.0, 8.0], "<f4")
ANALOG = np.random.default_rng(5).integers(-3000, 3000, (2, 200)).astype(np.int16)


def poly5(values: Any = VALUES, **how: Any) -> Maker:
    return file("x.poly5", Poly5Bytes([TmsiSig("BIP 01", "µVolt", values)], **how).build())


def blocks_beyond_u16() -> bytes:
    signals = [TmsiSig(f"BIP {i:02d}", "µVolt", np.arange(3000.0)) for i in range(16)]
    return Poly5Bytes(signals, block_rows=2730).build()


def wfdb(head: str, counts: Any = (1, 2)) -> Maker:
    return lambda folder: record(folder, head, d=little(counts))


def c3d(data: Any = ANALOG, **how: Any) -> Maker:
    told = {"labels": ["TA", "GM"], "units": ["V", "mV"], "real": False} | how
    return file("x.c3d", lambda: bridge.c3d(data, **told))


UNSIGNED = np.array([[0, 1, 40_000, 65_535]], np.uint16)


MANY = np.random.default_rng(2).integers(-9, 9, (300, 4)).astype(np.int16)
MANY_UV = MANY * np.repeat([1.0, 2.0], [255, 45])[:, None]


def many_channels() -> Maker:
    labels = [f"c{i:03d}" for i in range(300)]
    return c3d(
        MANY, labels=labels[:255], units=["uV"] * 255,
        ANALOG__SCALE=(4, [1.0] * 255), ANALOG__OFFSET=(2, [0] * 255), ANALOG__USED=(2, [300]),
        ANALOG__LABELS2=labels[255:], ANALOG__UNITS2=["uV  "] * 45,
        ANALOG__SCALE2=(4, [2.0] * 45), ANALOG__OFFSET2=(2, [0] * 45),
    )  # fmt: skip


AMP = bridge.xdf_header(
    1, "amp", "EMG", 2, 1000, "int16", [("TA", "uV", "EMG"), ("GM", "uV", "EMG")]
)


def xdf_samples(first_s: float, counts: Any = ANALOG) -> bytes:
    return bridge.xdf_samples(1, counts.T, [first_s + i / 1000 for i in range(counts.shape[1])])


def offsets(first_s: float, offset_s: float) -> list[bytes]:
    return [bridge.chunk(4, struct.pack("<Idd", 1, first_s + i / 10, offset_s)) for i in range(3)]


def reset_clock() -> bytes:
    """The computer of the amplifier starts anew: its clock goes back by 1000 s."""
    return bridge.xdf(
        AMP, xdf_samples(1000.0), *offsets(1000.0, 5.0), xdf_samples(2.0), *offsets(2.0, 1005.0)
    )


def xdf_of_other_samples() -> bytes:
    return bridge.xdf(AMP, bridge.chunk(3, struct.pack("<IBI", 1, 4, 1 << 31) + bytes(50)))


def xdf_beyond_memory(folder: Path) -> Path:
    path = put(folder, "x.xdf", bridge.xdf(AMP, xdf_samples(1.0)))
    with path.open("r+b") as opened:
        opened.truncate((1 << 30) + 1)
    return path
