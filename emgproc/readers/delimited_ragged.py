"""Columns of a text that end where they end: each a vector of its own, in one bounded pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import FormatError, UnsupportedFormatError
from emgproc.readers.delimited_dialect import Dialect, Layout
from emgproc.readers.delimited_text import TextFile, encoding_of
from emgproc.readers.delimited_values import numbers_of, rows_of

HEAD_BYTES = 1 << 17  # the first letter beyond ASCII may be the unit of the last of many channels
_LEAST_ROOM = 4096


class Sheet(NamedTuple):
    """A text, what stands before its rows, and how these are written.

    `kept` are the columns of numbers; where `exact` is False a row may have further cells of any
    text.
    """

    text: TextFile
    layout: Layout
    kept: tuple[int, ...]
    exact: bool


def text_of(path: Path) -> TextFile:
    """The file as text, in UTF-8, UTF-16 or the Western code page.

    Raises
    ------
    UnsupportedFormatError
        The first bytes are no text.
    """
    with path.open("rb") as file:
        encoding = encoding_of(file.read(HEAD_BYTES))
    if encoding is None:
        raise UnsupportedFormatError(f"{path.name}: no text, and of no format that is read")
    return TextFile(path, encoding)


def sheet_of(
    text: TextFile,
    *,
    n_before: int,
    delimiter: str,
    kept: Sequence[int],
    width: int | None = None,
) -> Sheet:
    """The sheet after `n_before` lines, with the decimal mark that its first rows show.

    `width` is the number of cells in a row; None if there may be any beside those kept.

    Raises
    ------
    FormatError
        Points and commas stand in the numbers.
    """
    rows = [line for line in text.sample()[n_before:] if line.strip()]
    dialect = Dialect(delimiter, _decimal_mark(text, rows, delimiter, kept, n_before))
    cells = max(kept) + 1 if width is None else width
    layout = Layout(dialect, (), (), n_before, cells, ())
    return Sheet(text, layout, tuple(kept), exact=width is not None)


def _decimal_mark(
    text: TextFile, rows: Sequence[str], delimiter: str, kept: Sequence[int], n_before: int
) -> str:
    if delimiter == ",":
        return "."
    comma = Dialect(delimiter, ",")
    cells = [row[i] for row in map(comma.split, rows) for i in kept if i < len(row)]
    marks = {mark for cell in cells for mark in ".," if mark in cell}
    if not marks:
        size = text.size(n_before)
        return "," if size.has_comma and not size.has_point else "."
    if len(marks) == 2:
        raise FormatError(
            f"{text.path.name}: both points and commas stand in the numbers; export it again "
            "with one decimal mark and no separator of thousands"
        )
    return marks.pop()


def unended(path: Path) -> list[str]:
    """A warning if the last line has no end, as in a file that was cut."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4))
        # In UTF-16 a zero may stand behind the end of a line; what a table is padded with ends it.
        if file.read().rstrip(b"\0\x1a")[-1:] in {b"\r", b"\n"}:
            return []
    return ["the last line has no end; if the file was cut, its last number may be another"]


@dataclass(slots=True)
class _Growing:
    """A column while it is read: `n` values up to the last that is a number."""

    values: Floats
    n: int = 0

    def put(self, at: int, part: Floats) -> None:
        """The values of the rows from `at`; NaN at the end waits for a number that follows."""
        there = np.flatnonzero(~np.isnan(part))
        if not there.size:
            return
        stop = at + int(there[-1]) + 1
        if stop > self.values.size:
            # Growing in place by an eighth: the pages of a large vector are moved, not copied.
            self.values.resize(max(_LEAST_ROOM, stop + stop // 8), refcheck=False)
        self.values[self.n : at] = np.nan
        self.values[at:stop] = part[: stop - at]
        self.n = stop

    def done(self) -> Floats:
        """The column, NaN where a cell before its end was empty."""
        self.values.resize(self.n, refcheck=False)
        return self.values


def read_columns(sheet: Sheet) -> list[Floats]:
    """Each kept column up to its last number.

    Raises
    ------
    FormatError
        A row has too few or too many cells, a cell is no number or is infinite, or an empty line
        stands between rows; the message names the line.
    """
    columns = [_Growing(np.empty(0)) for _ in sheet.kept]
    where, at = sheet.text.path.name, 0
    for chunk in rows_of(sheet.text, sheet.layout.n_before):
        block = numbers_of(chunk, sheet.layout, where, None if sheet.exact else sheet.kept)
        rows = block.T[list(sheet.kept)] if sheet.exact else block.T
        for column, values in zip(columns, rows, strict=True):
            column.put(at, values)
        at += len(block)
    return [column.done() for column in columns]


def stacked(columns: list[Floats], n: int) -> Floats:
    """The first `n` values of each column as rows of one array; `columns` is emptied.

    Row after row moves into the first, so that memory is that of the numbers and one column.
    """
    data = columns.pop(0)
    data.resize(n, refcheck=False)
    while columns:
        at = data.size
        data.resize(at + n, refcheck=False)
        data[at:] = columns.pop(0)[:n]
    return data.reshape(-1, n)


def padded(values: Floats, n: int, where: str, first_line: int) -> Floats:
    """A column that ends before the `n` rows that have a time or a number, NaN at its end.

    Raises
    ------
    FormatError
        The column goes on after them.
    """
    if values.size > n:
        raise FormatError(f"{where}, line {first_line + n}: a value, but no time in this row")
    if values.size == n:
        return values
    filled = np.full(n, np.nan)
    filled[: values.size] = values
    return filled
