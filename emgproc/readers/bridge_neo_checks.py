"""What neo leaves unchecked or guesses, looked up in the bytes of the file itself."""

import glob
import math
from pathlib import Path

import numpy as np

from emgproc.errors import FormatError, TruncatedFileError, UnsupportedFormatError
from emgproc.readers.bridge_library import Untyped
from emgproc.readers.file import MAX_EVENTS
from emgproc.recording import Event

_SPIKE2_HEAD = 512
_SPIKE2_CHANNEL = 140
_SPIKE2_BLOCK = 20  # bytes of the header of a block
_SPIKE2_LARGEST = 1 << 31  # neo counts bytes in 32 bits
_MICROMED_HEAD = 640
_MICROMED_UNITS = {-1: "nV", 0: "uV", 1: "mV", 2: "V", 100: "%", 101: "bpm", 102: "1"}
_MICROMED_LABELS = 192  # where the place of the descriptions of the electrodes stands
_MICROMED_ORDER = 176
_ABF_BLOCK = 512
_ABF_TAG = np.dtype([("time", "<i4"), ("comment", "S56"), ("kind", "<i2"), ("voice", "<i2")])


def check_spike2(path: Path) -> list[str]:
    """Refuse what neo would read wrongly or for ever: chains of blocks longer than it counts.

    A channel header is 140 bytes from byte 512 on; at 14 the number of its blocks (u16), at 20
    the upper half of it, which neo leaves out.

    Raises
    ------
    TruncatedFileError
        The channels, or their blocks, do not fit into the file.
    UnsupportedFormatError
        The file, or a channel of it, is longer than neo reads.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_SPIKE2_HEAD)
        channels = int.from_bytes(head[30:32], "little", signed=True)
        table = file.read(_SPIKE2_CHANNEL * max(channels, 0))
    if channels < 1 or len(table) < _SPIKE2_CHANNEL * channels:
        raise TruncatedFileError(
            f"{path.name}: ends within the headers of its {channels} channels"
        )
    rows = np.frombuffer(table, np.uint8).reshape(channels, _SPIKE2_CHANNEL)
    low = np.ascontiguousarray(rows[:, 14:16]).view("<u2")[:, 0].astype(np.int64)
    high = np.ascontiguousarray(rows[:, 20:22]).view("<u2")[:, 0]
    used = rows[:, 122] != 0
    system = int.from_bytes(head[:2], "little")
    long = used & ((low > 0x7FFF) | ((high != 0) & (system >= 9)))
    if size >= _SPIKE2_LARGEST or long.any():
        raise UnsupportedFormatError(
            f"{path.name}: longer than neo reads correctly (2 GiB, 32767 blocks a channel); "
            "export .mat from Spike2"
        )
    if int(low[used].sum()) * _SPIKE2_BLOCK > size:
        raise TruncatedFileError(
            f"{path.name}: its channels declare {int(low[used].sum())} blocks, the file has "
            f"{size} bytes"
        )
    return []


def axon_onsets(reader: Untyped) -> float:
    """Factor that mends neo's onsets of sweeps.

    They are counted in `fSynchTimeUnit` µs or, where that is 0, in conversions, which the channels
    take in turn (`ABFH_SynchCountToMS` of the maker's library). neo takes conversions for samples
    of one channel.
    """
    return 1.0 if _axon_unit_us(reader) else 1 / len(reader.header["signal_channels"])


def axon_tags(path: Path, reader: Untyped) -> list[Event]:
    """The tags, on the clock of the onsets of sweeps; their comments are left out.

    neo takes the number of the block where they begin in ABF 1 for a byte, counts their times in
    samples of one channel whatever their unit is, and repeats all of them in every sweep.

    Raises
    ------
    FormatError
        There are more than `MAX_EVENTS`, or their clock does not go forward.
    TruncatedFileError
        The file ends before the last.
    """
    told = reader._axon_info
    found = [(int(tag["lTagTime"]), int(tag["nTagType"])) for tag in told["listTag"]]
    if "protocol" not in told:
        found = _abf1_tags(path, int(told["lTagSectionPtr"]) * _ABF_BLOCK, len(found))
    if len(found) > MAX_EVENTS:
        raise FormatError(f"{path.name}: {len(found)} tags; at most {MAX_EVENTS} are read")
    unit_us, fs = _axon_unit_us(reader), float(reader.get_signal_sampling_rate(0))
    times = [t * unit_us / 1e6 if unit_us else t * axon_onsets(reader) / fs for t, _ in found]
    return [Event(t, 0.0, f"Tag/{kind}") for t, (_, kind) in zip(times, found, strict=True)]


def _abf1_tags(path: Path, start: int, count: int) -> list[tuple[int, int]]:
    """Time and type of each tag: i32, 56 bytes of comment, i16, i16."""
    with path.open("rb") as file:
        file.seek(max(start, 0))
        held = file.read(_ABF_TAG.itemsize * count)
    if len(held) < _ABF_TAG.itemsize * count:
        raise TruncatedFileError(f"{path.name}: ends within its {count} tags")
    table = np.frombuffer(held, _ABF_TAG)
    return list(zip(table["time"].tolist(), table["kind"].tolist(), strict=True))


def _axon_unit_us(reader: Untyped) -> float:
    told = reader._axon_info
    unit_us = float(told.get("protocol", told)["fSynchTimeUnit"])
    if not 0 <= unit_us < math.inf:
        raise FormatError(f"{Path(reader.filename).name}: a clock in steps of {unit_us} µs")
    return unit_us


def intan_kind(stream: str) -> str:
    """Only amplifier channels are EMG by their name; the others are what their stream is."""
    if "amplifier" in stream and "DC" not in stream:
        return ""
    return "TRIG" if "digital" in stream else "MISC"


def intan_files(path: Path) -> tuple[Path, ...]:
    """The header, and the samples beside it where each signal has its own file."""
    beside = sorted(path.parent.glob("*.dat")) if path.stem.lower() == "info" else []
    return (path, *beside)


def blackrock_files(path: Path) -> tuple[Path, ...]:
    """The events and the samples of all rates of one recording."""
    alike = sorted(path.parent.glob(f"{glob.escape(path.stem)}.n*"))
    known = {"nev", *(f"ns{i}" for i in range(1, 7))}
    return tuple(p for p in alike if p.suffix[1:].lower() in known)


def check_blackrock(path: Path) -> list[str]:
    """Of files of version 2.1 neo leaves the last sample out."""
    old = []
    for beside in blackrock_files(path):
        with beside.open("rb") as file:
            if file.read(8) == b"NEURALSG":
                old.append(beside.name)
    return [f"{name}: neo leaves its last sample out" for name in old]


def without_suffix(path: Path) -> Path:
    """What neo calls a Blackrock recording."""
    return path.with_suffix("")


def check_micromed(path: Path) -> list[str]:
    """Refuse headers of other types than 4, the one that neo reads.

    Raises
    ------
    UnsupportedFormatError
        An older type.
    TruncatedFileError
        The file ends within its header.
    """
    with path.open("rb") as file:
        head = file.read(_MICROMED_HEAD)
    if len(head) < _MICROMED_HEAD:
        raise TruncatedFileError(f"{path.name}: ends within its header of 640 bytes")
    if head[175] != 4:
        raise UnsupportedFormatError(
            f"{path.name}: Micromed header of type {head[175]}; only type 4 is read; export EDF+"
        )
    return []


def micromed_units(path: Path) -> list[str]:
    """Unit of each channel by its code in the file; neo takes an unknown code for µV.

    Raises
    ------
    FormatError
        A description lies outside the file.
    """
    with path.open("rb") as file:
        head = file.read(_MICROMED_HEAD)
        n = int.from_bytes(head[142:144], "little")
        order, labels = (
            int.from_bytes(head[at + 8 : at + 12], "little")
            for at in (_MICROMED_ORDER, _MICROMED_LABELS)
        )
        file.seek(order)
        codes = np.frombuffer(file.read(2 * n), "<u2")
        found = []
        for code in codes.tolist():
            file.seek(labels + code * 128 + 34)
            stated = file.read(2)
            if len(stated) < 2:
                raise FormatError(f"{path.name}: electrode {code} is described outside the file")
            found.append(_MICROMED_UNITS.get(int.from_bytes(stated, "little", signed=True), "?"))
    return found
