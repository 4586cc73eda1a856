"""A look at a GDF header before MNE reads it: units, rates, records."""

import struct
from collections.abc import Iterator
from pathlib import Path

from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownRateError,
    UnsupportedFormatError,
)
from emgproc.readers.bridge_mne import Seen

_HEAD, _PER_CHANNEL = 256, 256
# Bytes of a value by its type; MNE reads no others.
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 8, 8: 8, 16: 4, 17: 8}
# Codes of units (biosig, units.csv): that of volts, and prefixes that are added to it.
_UNITS = {4256: "V", 4274: "mV", 4275: "uV", 4276: "nV", 0: "", 512: ""}
_MICRO, _MILLI = 4275, 4274


def look_at_gdf(path: Path) -> Seen:
    """Units and rates of the channels.

    Raises
    ------
    FormatError, TruncatedFileError
        The header breaks its rules, or declares more than the file holds.
    UnsupportedFormatError
        Channels of several rates, which MNE would resample.
    UnknownRateError
        Records of no duration.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
        n = int.from_bytes(head[252:254], "little")
        rows = file.read(_PER_CHANNEL * n)
    if len(head) < _HEAD or not 0 < n <= 4096 or len(rows) < _PER_CHANNEL * n:
        raise TruncatedFileError(f"{path.name}: ends within the header of its {n} channels")
    counts, types = (struct.unpack_from(f"<{n}i", rows, at * n) for at in (216, 220))
    if len(set(counts)) > 1:
        raise UnsupportedFormatError(
            f"{path.name}: its channels have {sorted(set(counts))[:8]} samples a record, which "
            "MNE would resample; export EDF+ or BDF+"
        )
    if counts[0] < 1 or not set(types) <= set(_WIDTHS):
        raise FormatError(f"{path.name}: {counts[0]} samples a record of types {set(types)}")
    old = head[4:5] == b"1"
    begin = int.from_bytes(head[184:192] if old else head[184:186], "little") * (1 if old else 256)
    records, over, under = struct.unpack_from("<qII", head, 236)
    if not over or not under:
        raise UnknownRateError(f"{path.name}: records of {over}/{under} s tell no rate")
    size = begin + records * sum(_WIDTHS[t] for t in types) * counts[0]
    if records < 1 or size > path.stat().st_size:
        raise TruncatedFileError(
            f"{path.name}: {records} records are declared, {size} bytes; it has "
            f"{path.stat().st_size}"
        )
    _check_events(path, size, old=old)
    units = dict(enumerate(_old_units(rows, n) if old else _coded_units(rows, n)))
    narrowest = min(_WIDTHS[t] for t in types)
    return Seen(path, (path,), {"stim_channel": False}, rows=units, value_bytes=narrowest)


def _check_events(path: Path, at: int, *, old: bool) -> None:
    """The table after the samples: MNE allocates what it declares."""
    with path.open("rb") as file:
        file.seek(at)
        head, left = file.read(8), path.stat().st_size - at - 8
    n = int.from_bytes(head[4:8] if old else head[1:4], "little")
    if len(head) == 8 and n * (12 if head[0] == 3 else 6) > left:
        raise TruncatedFileError(f"{path.name}: {n} events are declared in {left} bytes")


def _old_units(rows: bytes, n: int) -> Iterator[tuple[str, float]]:
    """Texts of 8 bytes; MNE makes volts of microvolts and leaves all others as they are."""
    for k in range(n):
        text = rows[96 * n + 8 * k :][:8].decode("latin-1").partition("\0")[0].strip()
        yield ("V", 1.0) if text.startswith("uV") else (text, 1.0)


def _coded_units(rows: bytes, n: int) -> Iterator[tuple[str, float]]:
    """Codes of 2 bytes; MNE makes volts of micro- and millivolts."""
    for code in struct.unpack_from(f"<{n}H", rows, 102 * n):
        scaled = code in {_MICRO, _MILLI}
        yield ("V" if scaled else _UNITS.get(code, f"GDF unit {code}")), 1.0
