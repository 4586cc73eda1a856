"""SAS transport files, version 5: datasets as a regulator takes them, byte for byte the same.

Records of 80 bytes, ASCII, numbers as IBM doubles of base 16.

References
----------
SAS Institute, TS-140: The record layout of a data set in SAS transport (XPORT) format.
"""

import math
import struct
from collections.abc import Sequence
from datetime import date, datetime

from emgproc.errors import ParameterError
from emgproc.standards.datasets_model import Column, Dataset, Value
from emgproc.standards.datasets_text import fitting

RECORD = 80
MISSING = b"." + bytes(7)  # the system missing value "."
SMALLEST, LARGEST = 16.0**-65, 16.0**63 * (1 - 2.0**-53)  # IBM doubles, as IEEE doubles
EPOCH = date(1960, 1, 1)  # day 0 of a SAS date
DATE_FORMAT, DATE_WIDTH = b"E8601DA", 10
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_NAMESTR = struct.Struct(">hhhh8s40s8shhh2s8shhl52s")
_HEADER = "HEADER RECORD*******{kind:<8}HEADER RECORD!!!!!!!{rest:<30}  "
_VERSION, _SYSTEM = "6.06", ""  # of the layout; no SAS program wrote this


def xpt_bytes(dataset: Dataset, created: datetime) -> bytes:
    """One dataset as a whole transport file.

    Parameters
    ----------
    dataset
        Text is written in ASCII (`datasets_text.ASCII`), a date as days since 1960 with the format
        E8601DA10., missing as "." or blanks. The width of a text is that of its longest value.
    created
        Stands four times in the file; nothing else in it depends on the clock.

    Returns
    -------
    bytes
        A multiple of 80.

    Raises
    ------
    ParameterError
        A text is longer than 200 bytes or has no ASCII form, a number is outside the range of
        the format, or a row is all blank (the format could not tell it from padding).
    """
    columns = [_Encoded(dataset, position) for position in range(len(dataset.columns))]
    stamp = f"{created.day:02}{_MONTHS[created.month - 1]}{created:%y:%H:%M:%S}"
    names = _padded(b"".join(_namestrs(columns)))
    rows = [b"".join(cells) for cells in zip(*(column.cells for column in columns), strict=True)]
    for number, row in enumerate(rows, start=1):
        if not row.strip():
            raise ParameterError(f"{dataset.name} row {number}: all blank, XPT v5 would lose it")
    return (
        _line(_header("LIBRARY"))
        + _line(f"{'SAS':<8}{'SAS':<8}{'SASLIB':<8}{_VERSION:<8}{_SYSTEM:<32}{stamp}")
        + _line(stamp)
        + _line(_header("MEMBER", "000000000000000001600000000140"))
        + _line(_header("DSCRPTR"))
        + _line(f"{'SAS':<8}{dataset.name:<8}{'SASDATA':<8}{_VERSION:<8}{_SYSTEM:<32}{stamp}")
        + _line(f"{stamp:<32}{dataset.label:<40}")
        + _line(_header("NAMESTR", f"000000{len(columns):04}00000000000000000000"))
        + names
        + _line(_header("OBS"))
        + _padded(b"".join(rows))
    )


def ibm_double(value: float) -> bytes:
    """Eight bytes of an IBM double of base 16: sign, exponent in excess of 64, 56-bit fraction.

    A fraction of 56 bits begins with at most three zeros, so the 53 bits of every IEEE double in
    range fit: nothing is rounded. The zero of negative sign becomes 0.

    Parameters
    ----------
    value
        0, or of magnitude 16⁻⁶⁵ (5.4e-79) to 16⁶³ (7.2e75).

    Raises
    ------
    ParameterError
        The value is outside that range, or not finite.

    Examples
    --------
    >>> ibm_double(1.0).hex(), ibm_double(-118.625).hex()
    ('4110000000000000', 'c276a00000000000')
    """
    if value == 0:
        return bytes(8)
    if not SMALLEST <= abs(value) <= LARGEST:
        raise ParameterError(
            f"{value!r} is no IBM double: 0, or a magnitude of {SMALLEST:.3g} to {LARGEST:.3g}"
        )
    mantissa, exponent = math.frexp(abs(value))
    base16 = -(-exponent // 4)
    fraction = int(math.ldexp(mantissa, 56 - (4 * base16 - exponent)))
    sign = 0x80 if value < 0 else 0
    return bytes([sign | base16 + 64]) + fraction.to_bytes(7, "big")


class _Encoded:
    """One column as bytes: its cells all of one width."""

    def __init__(self, dataset: Dataset, position: int) -> None:
        self.column: Column = dataset.columns[position]
        self.numeric = self.column.kind not in {"text", "iso_date"}
        cells = []
        for number, row in enumerate(dataset.rows, start=1):
            where = f"{dataset.name}.{self.column.name} row {number}"
            cells.append(_cell(row[position], where, numeric=self.numeric))
        self.width = 8 if self.numeric else max([len(cell) for cell in cells] + [1])
        self.cells = [cell.ljust(self.width) for cell in cells]


def _cell(value: Value, where: str, *, numeric: bool) -> bytes:
    if not numeric:
        return fitting(value, where) if isinstance(value, str) else b""
    if value is None:
        return MISSING
    if isinstance(value, date):
        return ibm_double((value - EPOCH).days)
    if isinstance(value, int) and int(float(value)) != value:
        raise ParameterError(f"{where}: {value} has more than 53 bits")
    try:
        return ibm_double(float(value))
    except ParameterError as error:
        raise ParameterError(f"{where}: {error}") from None


def _namestrs(columns: Sequence[_Encoded]) -> list[bytes]:
    """The descriptor of each variable, 140 bytes."""
    found, position = [], 0
    for number, encoded in enumerate(columns, start=1):
        column = encoded.column
        dated = column.kind == "date"
        name, width = (DATE_FORMAT, DATE_WIDTH) if dated else (b"", 0)
        found.append(
            _NAMESTR.pack(
                1 if encoded.numeric else 2, 0, encoded.width, number,
                column.name.encode("ascii").ljust(8), column.label.encode("ascii").ljust(40),
                name.ljust(8), width, 0, 0, b"", b" " * 8, 0, 0, position, b"",
            )
        )  # fmt: skip
        position += encoded.width
    return found


def _header(kind: str, rest: str = "0" * 30) -> str:
    return _HEADER.format(kind=kind, rest=rest)


def _line(text: str) -> bytes:
    return text.encode("ascii").ljust(RECORD)


def _padded(data: bytes) -> bytes:
    return data.ljust(-(-len(data) // RECORD) * RECORD)
