"""A look at files before MNE reads them: Blackrock nsX, Nicolet, Nihon Kohden, CNT, EGI, Curry."""

import glob
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np

from emgproc.errors import (
    FormatError,
    MissingFileError,
    TruncatedFileError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers.bridge_mne import Seen
from emgproc.readers.bridge_spans import Spans

_MOST_PACKETS = 100_000
_NSX_HEAD, _NSX_CHANNEL = 314, 66
_CNT_HEAD, _CNT_CHANNEL = 900, 75
_FIF_TAG = 16


def look_at_nsx(path: Path) -> Seen:
    """Packets of samples: what lies between them was never acquired.

    314 bytes of header (at 10 its whole size, at 286 the period, at 290 the resolution of time
    stamps, at 310 the channels), 66 a channel; then packets: 1, time stamp (4 bytes, 8 from
    version 3 on), points (u32), samples.

    Raises
    ------
    FormatError, TruncatedFileError
        The header breaks its rules, or there is no sample.
    UnsupportedFormatError
        A packet for each sample, or a clock that was set back.
    """
    with path.open("rb") as file:
        head = file.read(_NSX_HEAD)
        n_bytes, period, resolution, channels = (
            int.from_bytes(head[at : at + 4], "little") for at in (10, 286, 290, 310)
        )
        table = file.read(_NSX_CHANNEL * min(channels, 65_536))
        if len(table) < _NSX_CHANNEL * channels or not 0 < channels <= 4096:
            raise TruncatedFileError(f"{path.name}: {channels} channels do not fit into it")
        if not period or not resolution or n_bytes < _NSX_HEAD + len(table):
            raise FormatError(f"{path.name}: {period=}, {resolution=}, header of {n_bytes} bytes")
        _check_offsets(table, channels, path)
        width = 8 if head[8] >= 3 else 4
        packets = _packets(path, n_bytes, width, 2 * channels)
    fs = resolution / period
    first = packets[0][0] // period
    held, end = [], 0
    for stamp, count in packets:
        begin = stamp // period - first
        if begin < end:
            raise UnsupportedFormatError(f"{path.name}: its clock was set back; split the file")
        held.append((begin, begin + count, stamp / resolution))
        end = begin + count
    return Seen(path, (path,), edges=Spans(tuple(held), fs), counts_in_v=True)


def _packets(path: Path, at: int, width: int, frame: int) -> list[tuple[int, int]]:
    """Time stamp and number of whole samples of each packet."""
    found, size = [], path.stat().st_size
    with path.open("rb") as file:
        while at + 5 + width <= size:
            file.seek(at)
            head = file.read(5 + width)
            if head[0] != 1:
                raise FormatError(f"{path.name}: no packet at byte {at}")
            stamp, stated = (
                int.from_bytes(part, "little") for part in (head[1 : 1 + width], head[1 + width :])
            )
            at += 5 + width
            count = min(stated, (size - at) // frame)
            if count:
                found.append((stamp, count))
            at += stated * frame
            if len(found) > _MOST_PACKETS:
                raise UnsupportedFormatError(
                    f"{path.name}: a packet for each sample; open the .nev beside it"
                )
    if not found:
        raise TruncatedFileError(f"{path.name}: it holds no sample")
    return found


def _check_offsets(table: bytes, channels: int, path: Path) -> None:
    """MNE scales and adds no offset: the ranges must be alike around 0."""
    rows = np.frombuffer(table, np.uint8).reshape(channels, _NSX_CHANNEL)[:, 22:30]
    limits = np.ascontiguousarray(rows).view("<i2").astype(np.float64)
    low_d, high_d, low, high = limits.T
    if not (high_d > low_d).all() or not (high > low).all():
        raise FormatError(f"{path.name}: a channel has no range")
    step = (high - low) / (high_d - low_d)
    odd = np.flatnonzero(np.abs(low - low_d * step) > step)
    if odd.size:
        raise UnsupportedFormatError(f"{path.name}: channel {odd[0]} has an offset, not read")


def look_at_nicolet(path: Path) -> Seen:
    """Header as text, samples beside it.

    Raises
    ------
    MissingFileError, FormatError, TruncatedFileError
        A file is missing, the header is not complete, or there are fewer samples than it states.
    """
    header, data = path.with_suffix(".head"), path.with_suffix(".data")
    for part in (header, data):
        if not part.is_file():
            raise MissingFileError(f"{part.name}: the other half of the recording is not there")
    text = header.read_bytes()[: 1 << 20].decode("latin-1")
    fields = dict(re.findall(r"^(\w+)=(.*?)\s*$", text, re.MULTILINE))
    try:
        n, n_samples = int(fields["num_channels"]), int(fields["num_samples"])
        step = float(fields["conversion_factor"])
    except (KeyError, ValueError) as error:
        raise FormatError(f"{header.name}: {error} is missing or no number") from error
    n_names = fields.get("elec_names", "").count(",") + 1
    if n_names != n:
        raise FormatError(f"{header.name}: {n_names} names for {n} channels")
    if n < 1 or n_samples < 1 or not np.isfinite(step) or step == 0:
        raise FormatError(f"{header.name}: {n} channels, {n_samples} samples, steps of {step}")
    if 2 * n * n_samples > data.stat().st_size:
        raise TruncatedFileError(
            f"{data.name}: {n_samples} samples of {n} channels are stated, it holds "
            f"{data.stat().st_size} bytes"
        )
    return Seen(data, (header, data), {"ch_type": "eeg"}, counts_in_v=True)


def look_at_nihon(path: Path) -> Seen:
    """Blocks of samples; MNE reads across their borders wrongly and knows no pause between them.

    Raises
    ------
    FormatError, TruncatedFileError
        An address lies outside the file, or a block ends there.
    """
    data = np.memmap(path, np.uint8, "r")
    control = _u32(data, 0x92, path)
    spans, at, fs = [], 0, 0.0
    for i in range(int(_bytes(data, control + 17, 1, path)[0])):
        block = _u32(data, control + 18 + 20 * i, path)
        n = int(_bytes(data, block + 0x26, 1, path)[0])
        fs = float(int.from_bytes(_bytes(data, block + 0x1A, 2, path), "little") & 0x3FFF)
        count = int(_u32(data, block + 0x1C, path) * fs) // 10
        _bytes(data, block + 0x27 + 10 * n, 2 * (n + 1) * count, path)
        if not fs or not count:
            raise FormatError(f"{path.name}: block {i} holds {count} samples at {fs:g} Hz")
        spans.append((at, at + count, at / fs))
        at += count
    if not spans:
        raise TruncatedFileError(f"{path.name}: it holds no block of samples")
    told = f"{len(spans) - 1} pause(s) of unknown length; the time goes on without them"
    beside = (path.with_suffix(suffix) for suffix in (".21E", ".LOG", ".PNT", ".pnt"))
    return Seen(
        path,
        (path, *(p for p in beside if p.is_file())),
        edges=Spans(tuple(spans), fs),
        warnings=(told,) if len(spans) > 1 else (),
    )


def _bytes(data: "np.memmap[Any, Any]", at: int, count: int, path: Path) -> bytes:
    if not 0 <= at <= at + count <= data.size:
        raise TruncatedFileError(f"{path.name}: bytes {at} to {at + count} lie outside the file")
    return data[at : at + min(count, 64)].tobytes()


def _u32(data: "np.memmap[Any, Any]", at: int, path: Path) -> int:
    return int.from_bytes(_bytes(data, at, 4, path), "little")


def look_at_cnt(path: Path) -> Seen:
    """Neuroscan CNT: the samples lie between the channels and the table of events.

    Raises
    ------
    TruncatedFileError
        That table lies outside the file, or the samples do not fit before it.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_CNT_HEAD)
    n, n_samples, table = (
        int.from_bytes(head[a:b], "little") for a, b in ((370, 372), (864, 868), (886, 890))
    )
    begin = _CNT_HEAD + _CNT_CHANNEL * n
    if len(head) < _CNT_HEAD or not n or not begin < table <= size:
        raise TruncatedFileError(f"{path.name}: {n} channels, events at byte {table} of {size}")
    if n_samples and 2 * n * n_samples > table - begin:
        raise TruncatedFileError(f"{path.name}: {n_samples} samples of {n} channels do not fit")
    return Seen(path, (path,), {"date_format": "mm/dd/yy"})


def look_at_egi(path: Path) -> Seen:
    """EGI's simple binary: where a range is stated, MNE takes microvolts for volts.

    Raises
    ------
    UnsupportedFormatError
        Epochs.
    TruncatedFileError
        The samples do not fit into the file.
    UnknownUnitError
        The samples are counts of a converter.
    """
    with path.open("rb") as file:
        head = file.read(36)
    version = int.from_bytes(head[:4], "big")
    channels, bits, span = (int.from_bytes(head[at : at + 2], "big") for at in (22, 26, 28))
    n_samples, events = (int.from_bytes(head[a:b], "big") for a, b in ((30, 34), (34, 36)))
    if version & 1:
        raise UnsupportedFormatError(f"{path.name}: epochs; export the recording unsegmented")
    if bits and span:
        raise UnknownUnitError(
            f"{path.name}: counts of a converter of {bits} bits and a range of {span}, whose unit "
            "is not stated; export it calibrated, as MFF or as EDF"
        )
    width = {2: 2, 4: 4, 6: 8}.get(version & 6, 0)
    need = 36 + 4 * events + (channels + events) * n_samples * width
    if not channels or not n_samples or not width or need > path.stat().st_size:
        raise TruncatedFileError(
            f"{path.name}: {n_samples} samples of {channels} channels and {events} events do not "
            f"fit into {path.stat().st_size} bytes"
        )
    return Seen(path, (path,), value_bytes=width)


def look_at_curry(path: Path) -> Seen:
    """Curry: the data, and beside them what describes them."""
    beside = sorted(path.parent.glob(f"{glob.escape(path.stem)}.*"))
    return Seen(path, tuple(dict.fromkeys((path, *beside))))


def look_at_fif(path: Path) -> Seen:
    """Follow the chain of tags, which MNE does without end where it leads back.

    A tag is its kind, type, size and the place of the next (four i32, big-endian; 0: right after
    it, -1: none) and its data.

    Raises
    ------
    FormatError
        The chain leads back, or a size is below 0.
    """
    at, size = 0, path.stat().st_size
    with path.open("rb") as file:
        while at + _FIF_TAG <= size:
            file.seek(at)
            length, following = struct.unpack(">8x2i", file.read(_FIF_TAG))
            after = at + _FIF_TAG + length if following == 0 else following
            if following < 0:
                break
            if length < 0 or after <= at:
                raise FormatError(f"{path.name}: the tag at byte {at} leads back to {after}")
            at = after
    return Seen(path, (path,))
