"""QTRAC .MEM: a CMAP scan, which is a table of stimuli and responses and no continuous signal.

`read_cmap_scan` gives that table; `open_recording` refuses the file and says so, as it refuses the
.MEF lists of .MEM files. Of the header only the protocol, the site and the temperature are kept:
it names the person examined, the operator and their folders.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import NoReturn

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import (
    FormatError,
    MissingFileError,
    TruncatedFileError,
    UnsupportedFormatError,
)
from emgproc.readers.delimited_ragged import text_of
from emgproc.readers.delimited_text import encoding_of, recognised_by
from emgproc.readers.file import Format, ReadOptions
from emgproc.recording.parts import printable_name

MAX_POINTS = 100_000
_HEADER_LINES = 60
_BEGIN = re.compile(r"\A\W*File:\s.*\r?\nName:\s.*\r?\nProtocol:")
_POINTS = re.compile(r"Scanpts:\s*(\d{1,6}),\s*(\d{1,6}),\s*(\d{1,6}),\s*(\d{1,6})\s*")
_COLUMNS = re.compile(r"Stim\. \(mA\)\s+Amp\. \(mV\)\s*")
_NUMBER = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?"
_ROW = re.compile(rf"MS\.(\d{{1,6}})\s+({_NUMBER})\s+({_NUMBER})\s*")


@dataclass(frozen=True, slots=True, eq=False)
class CmapScan:
    """Responses of a muscle to stimuli that fall from above the strongest unit to below all.

    Attributes
    ----------
    source
        Name of the file.
    stimulus_ma
        Strength of each stimulus, mA, in the order they were given, shape (n,).
    response_mv
        Amplitude of the response to each, mV, shape (n,).
    scan
        Span [start, stop) of `stimulus_ma` in which the stimulus falls: the second to the third of
        the `Scanpts`, both included. What precedes are responses to the strongest stimulus, what
        follows those to the weakest.
    protocol, site
        Words of the file, e.g. "MSCAN-R2" and "Median Wr-APB".
    temperature_c
        Of the skin, °C; None if not stated.
    """

    source: str
    stimulus_ma: Floats
    response_mv: Floats
    scan: tuple[int, int]
    protocol: str = ""
    site: str = ""
    temperature_c: float | None = None


def read_cmap_scan(path: str | PathLike[str]) -> CmapScan:
    """Read the CMAP scan in a QTRAC .MEM file.

    Raises
    ------
    MissingFileError
        There is no such file.
    UnsupportedFormatError
        It is no QTRAC file, or one without an M-SCAN.
    FormatError
        A row is broken or missing (the message names its line), or the `Scanpts` lie outside.
    TruncatedFileError
        The file ends before the first row, or within the table.
    """
    file = Path(path)
    if not file.is_file():
        raise MissingFileError(f"{file}: there is no such file")
    text = text_of(file)
    lines = iter(_numbered(text.chunks()))
    fields, points = _head(lines, file.name)
    rows = _rows(lines, file.name)
    if not rows:
        raise TruncatedFileError(f"{file.name}: ends before the first response")
    stimulus, response = np.array(rows).T
    if not 0 < points[1] <= points[2] <= points[3] <= len(rows):
        raise FormatError(f"{file.name}: Scanpts {points} do not lie in the {len(rows)} rows")
    temperature = fields.get("Temperature", "")
    return CmapScan(
        source=printable_name(file.name),
        stimulus_ma=np.ascontiguousarray(stimulus),
        response_mv=np.ascontiguousarray(response),
        scan=(points[1] - 1, points[2]),
        protocol=fields.get("Protocol", ""),
        site=fields.get("S/R sites", ""),
        temperature_c=float(temperature) if re.fullmatch(_NUMBER, temperature) else None,
    )


def _numbered(chunks: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, str]]:
    for first, lines in chunks:
        yield from enumerate(lines, start=first)


def _head(
    lines: Iterator[tuple[int, str]], where: str
) -> tuple[dict[str, str], tuple[int, int, int, int]]:
    """Fields before the scan, and its Scanpts; the lines stand at the first row then."""
    fields: dict[str, str] = {}
    points = None
    for number, line in lines:
        found = _POINTS.fullmatch(line)
        if found:
            points = (int(found[1]), int(found[2]), int(found[3]), int(found[4]))
        elif points and _COLUMNS.fullmatch(line):
            return fields, points
        key, _, value = line.partition(":")
        if key in {"Protocol", "S/R sites", "Temperature"}:
            fields.setdefault(key, value.strip()[:80])
        if number >= _HEADER_LINES:
            break
    raise UnsupportedFormatError(f"{where}: no QTRAC file with an M-SCAN in it")


def _rows(lines: Iterator[tuple[int, str]], where: str) -> list[tuple[float, float]]:
    """Stimulus and response of each row of the table that the lines stand at."""
    rows: list[tuple[float, float]] = []
    for number, line in lines:
        if not line.startswith("MS."):
            break
        found = _ROW.fullmatch(line)
        if not found or int(found[1]) != len(rows) + 1 or len(rows) >= MAX_POINTS:
            raise FormatError(
                f"{where}, line {number}: {line[:60]!r} is not row {len(rows) + 1} of the scan"
            )
        row = float(found[2]), float(found[3])
        if not (0 <= row[0] < math.inf and math.isfinite(row[1])):
            raise FormatError(f"{where}, line {number}: {row[0]:g} mA and {row[1]:g} mV")
        rows.append(row)
    else:
        # What QTRAC derives stands behind the table; without it the last number may be cut.
        raise TruncatedFileError(
            f"{where}: ends within the scan, after {len(rows)} responses; export it again"
        )
    return rows


def _is_mef(head: bytes, path: Path) -> bool:
    return path.suffix.lower() == ".mef" and encoding_of(head) is not None


def _refuse_mem(path: Path, options: ReadOptions) -> NoReturn:  # noqa: ARG001
    raise UnsupportedFormatError(
        f"{path.name}: QTRAC .MEM holds a CMAP scan, no continuous signal; read it with "
        "emgproc.readers.qtrac.read_cmap_scan"
    )


def _refuse_mef(path: Path, options: ReadOptions) -> NoReturn:  # noqa: ARG001
    raise UnsupportedFormatError(
        f"{path.name}: QTRAC .MEF is a list of .MEM files; read each with "
        "emgproc.readers.qtrac.read_cmap_scan"
    )


FORMATS = (
    Format(
        id="qtrac",
        title="QTRAC .MEM",
        suffixes=(".mem",),
        keeps="no continuous signal: emgproc.readers.qtrac.read_cmap_scan reads the CMAP scan",
        recognises=recognised_by(_BEGIN),
        open=_refuse_mem,
        readable=False,
    ),
    Format(
        id="qtrac_list",
        title="QTRAC .MEF",
        suffixes=(".mef",),
        keeps="no signal: a list of .MEM files",
        recognises=_is_mef,
        open=_refuse_mef,
        readable=False,
    ),
)
