"""EMGLAB annotations: discharges of motor units, as XML (.eaf) or as two columns (.ann).

`read_discharges` gives them; `open_recording` refuses the files, for they hold no signal. Of the
XML only the spike header and the spike events are read; templates and free text are not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import NoReturn
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from emgproc.arrays import Floats, Ints
from emgproc.errors import (
    FormatError,
    MissingFileError,
    ReadError,
    TruncatedFileError,
    UnsupportedFormatError,
)
from emgproc.readers.delimited_text import encoding_of
from emgproc.readers.file import Format, ReadOptions
from emgproc.recording.parts import printable_name

MAX_BYTES = 1 << 24
MAX_DISCHARGES = 250_000
MAX_TAGS = 100_000  # as objects a million of them fill the memory
MAX_UNIT = 1 << 31
_ROOT = "emglab_annotation_file"
_HEADER, _EVENTS = "emglab_spike_header", "emglab_spike_events"
_ANN_ROW = re.compile(r"\s*\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?\s+\d{1,9}\s*")
_READ_WITH = "read them with emgproc.readers.emglab.read_discharges"


@dataclass(frozen=True, slots=True, eq=False)
class Discharges:
    """Discharges of motor units, sorted by time.

    Attributes
    ----------
    source
        Name of the file.
    time_s
        Time of each discharge, s, shape (n,).
    unit
        Number of its motor unit, >= 0, shape (n,).
    channel
        Number of the channel it was marked on, shape (n,); 1 where the file has one channel.
    """

    source: str
    time_s: Floats
    unit: Ints
    channel: Ints

    def trains(self, channel: int | None = None) -> dict[int, Floats]:
        """Times in s of each unit's discharges; of all channels, or of one.

        A discharge that is marked on several channels stands in the file once for each.
        """
        here = self.unit >= 0 if channel is None else self.channel == channel
        units = np.unique(self.unit[here]).tolist()
        return {int(u): self.time_s[here & (self.unit == u)] for u in units}


def read_discharges(path: str | PathLike[str]) -> Discharges:
    """Read an EMGLAB annotation, .eaf or .ann.

    Raises
    ------
    MissingFileError
        There is no such file.
    UnsupportedFormatError
        It is neither.
    FormatError
        The XML is broken, declares entities or is larger than 16 MiB; or a row is no discharge.
    TruncatedFileError
        It holds no discharge.
    """
    file = Path(path)
    if not file.is_file():
        raise MissingFileError(f"{file}: there is no such file")
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReadError(f"{file.name}: cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise FormatError(f"{file.name}: larger than {MAX_BYTES} bytes, the most that is read")
    if _is_eaf(data[:4096], file):
        table = _eaf(data, file.name)
    elif _is_ann(data[:4096], file):
        table = _table(data.decode("ascii", "replace"), ["time", "unit"], file.name)
    else:
        raise UnsupportedFormatError(f"{file.name}: neither .eaf nor .ann of EMGLAB")
    return _discharges(table, file.name)


def _discharges(table: dict[str, Floats], where: str) -> Discharges:
    time, unit = table["time"], table["unit"]
    channel = table.get("chan", np.ones(time.size))
    whole = np.rint(np.stack([unit, channel]))
    if not ((whole == [unit, channel]) & (whole >= 0) & (whole < MAX_UNIT)).all():
        raise FormatError(f"{where}: a unit or a channel is no whole number of 0 or more")
    if not (np.isfinite(time) & (time >= 0)).all():
        raise FormatError(f"{where}: a time is below 0 or infinite")
    order = np.lexsort((channel, unit, time))
    return Discharges(
        printable_name(where),
        time[order],
        unit[order].astype(np.int64),
        channel[order].astype(np.int64),
    )


def _eaf(data: bytes, where: str) -> dict[str, Floats]:
    if data.count(b"<") > MAX_TAGS:
        raise FormatError(f"{where}: more than {MAX_TAGS} tags")
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise FormatError(f"{where}: the XML cannot be read: {error}") from error
    if _tag(root) != _ROOT:
        raise FormatError(f"{where}: the XML is {_tag(root)!r}, not {_ROOT!r}")
    header, events = (_child(root, name, where) for name in (_HEADER, _EVENTS))
    columns: list[str] = []
    for field in header:
        # A complex field has two columns.
        columns += [_tag(field), ""] if field.get("complex") == "on" else [_tag(field)]
    if (
        "time" not in columns
        or "unit" not in columns
        or len(set(columns) - {""}) != sum(name != "" for name in columns)
    ):
        raise FormatError(f"{where}: the spike header names {columns}; time and unit once each")
    return _table(events.text or "", columns, where)


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _child(root: Element, name: str, where: str) -> Element:
    found = [child for child in root if _tag(child) == name]
    if len(found) != 1:
        raise FormatError(f"{where}: {len(found)} elements {name!r}; one is needed")
    return found[0]


def _table(text: str, columns: list[str], where: str) -> dict[str, Floats]:
    """The named columns of rows of numbers."""
    if text.count("\n") > 2 * MAX_DISCHARGES:
        raise FormatError(f"{where}: more than {2 * MAX_DISCHARGES} lines of discharges")
    values: dict[str, list[float]] = {name: [] for name in columns if name}
    for number, cells in _cells(text):
        if len(cells) != len(columns) or number > MAX_DISCHARGES:
            raise FormatError(
                f"{where}, discharge {number}: {len(cells)} cells, {len(columns)} are described "
                f"(at most {MAX_DISCHARGES} discharges are read)"
            )
        for name, cell in zip(columns, cells, strict=True):
            if name in {"time", "unit", "chan"}:
                values[name].append(_number(cell, f"{where}, discharge {number}"))
    if not values["time"]:
        raise TruncatedFileError(f"{where}: holds no discharge")
    return {name: np.array(cells) for name, cells in values.items() if cells}


def _cells(text: str) -> Iterator[tuple[int, list[str]]]:
    rows = (line.split() for line in text.split("\n"))
    return enumerate((row for row in rows if row), start=1)


def _number(cell: str, where: str) -> float:
    try:
        return float(cell)
    except ValueError as error:
        raise FormatError(f"{where}: {cell[:40]!r} is no number") from error


def _is_eaf(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the table's signature
    return b"<" + _ROOT.encode() in head


def _is_ann(head: bytes, path: Path) -> bool:
    if path.suffix.lower() != ".ann" or encoding_of(head) is None:
        return False
    # The last line may have been cut.
    lines = head.decode("ascii", "replace").splitlines()
    whole = [line for line in lines[: max(1, len(lines) - 1)] if line.strip()]
    return bool(whole) and all(map(_ANN_ROW.fullmatch, whole))


def _refuse(path: Path, options: ReadOptions) -> NoReturn:  # noqa: ARG001
    raise UnsupportedFormatError(
        f"{path.name}: EMGLAB annotation, which holds discharges and no signal; {_READ_WITH}, and "
        "open the .hea of the same name"
    )


FORMATS = (
    Format(
        id="emglab_eaf",
        title="EMGLAB annotation .eaf",
        suffixes=(".eaf",),
        keeps=f"no signal but discharges: {_READ_WITH}",
        recognises=_is_eaf,
        open=_refuse,
        readable=False,
    ),
    Format(
        id="emglab_ann",
        title="EMGLAB annotation .ann",
        suffixes=(".ann",),
        keeps=f"no signal but discharges: {_READ_WITH}",
        recognises=_is_ann,
        open=_refuse,
        readable=False,
    ),
)
