"""What neo leaves unchecked or guesses, looked up in the bytes of the file itself."""

import glob
from pathlib import Path

import numpy as np

from emgproc.errors import FormatError, TruncatedFileError, UnsupportedFormatError

_SPIKE2_HEAD = 512
_SPIKE2_CHANNEL = 140
_SPIKE2_BLOCK = 20  # bytes of the header of a block
_SPIKE2_LARGEST = 1 << 31  # neo counts bytes in 32 bits
_MICROMED_HEAD = 640
_MICROMED_UNITS = {-1: "nV", 0: "uV", 1: "mV", 2: "V", 100: "%", 101: "bpm", 102: "1"}
_MICROMED_LABELS = 192  # where the place of the descriptions of the electrodes stands
_MICROMED_ORDER = 176


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
