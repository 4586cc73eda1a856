"""How a text table is written: separator, decimal mark, header row. Refused where not certain."""

import contextlib
import csv
import re
from collections import Counter
from dataclasses import dataclass

from emgproc.errors import FormatError, ParameterError, UnsupportedFormatError

MISSING = {"", "nan", "n/a"}  # n/a is how BIDS writes a missing value
_INFINITE = {"inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"}
_DELIMITERS = ("\t", ";", ",", "|", " ", "")
_MARKS = (".", ",")
# A decimal comma needs digits on both sides: "1," is a number and a separator.
_NUMBERS = {
    ".": re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"),
    ",": re.compile(r"[+-]?\d+(?:,\d+)?(?:[eE][+-]?\d+)?"),
}
# "1,234" may be either; "0,234", "1,5" and "1234,567" have no separator of thousands.
_GROUPED = {mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}\{mark}\d{{3}}") for mark in _MARKS}
_UNGROUPED = re.compile(r"[+-]?[1-9]\d{0,2}")
_TITLES = {"\t": "tab", " ": "white space", "": "one column"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """Separator (" " is any run of white space, "" one column) and decimal mark."""

    delimiter: str
    decimal: str

    def split(self, line: str) -> list[str]:
        """Cells of a line without surrounding blanks and quotes."""
        if self.delimiter == " ":
            return line.split()
        if not self.delimiter:
            return [line.strip().strip('"')]
        cells = line.split(self.delimiter)
        if '"' in line:
            # A cell beyond the csv module's limit stays as it is, and is no number.
            with contextlib.suppress(csv.Error):
                cells = next(csv.reader([line], delimiter=self.delimiter))
        return [cell.strip() for cell in cells]

    def is_value(self, cell: str) -> bool:
        """Tell whether a cell is a number or says that one is missing."""
        return (
            _NUMBERS[self.decimal].fullmatch(cell) is not None
            or cell.lower() in MISSING
            or cell.lower() in _INFINITE
        )

    def value(self, cell: str) -> float:
        """The number in a cell; NaN if missing.

        Raises
        ------
        ValueError
            The cell is something else.
        """
        if _NUMBERS[self.decimal].fullmatch(cell):
            return float(cell.replace(",", "."))
        if cell.lower() in MISSING:
            return float("nan")
        if cell.lower() in _INFINITE:
            return float(cell)
        raise ValueError(cell)

    def __str__(self) -> str:
        separator = _TITLES.get(self.delimiter, self.delimiter)
        return f"separator {separator!r} with decimal {self.decimal!r}"


@dataclass(frozen=True, slots=True)
class Layout:
    """What precedes the rows, and how they are written.

    Attributes
    ----------
    dialect
        How cells are separated; `decimal` is certain only if `decimal_seen`.
    header
        Names of the columns; empty where the table has none.
    comments
        The lines before that begin with # or %.
    n_before
        Lines before the first row of numbers.
    width
        Cells in a row.
    rows
        The first rows as cells.
    """

    dialect: Dialect
    header: tuple[str, ...]
    comments: tuple[str, ...]
    n_before: int
    width: int
    rows: tuple[tuple[str, ...], ...]
    decimal_seen: bool = True


def sniff_layout(
    lines: list[str], where: str, *, delimiter: str | None = None, decimal: str | None = None
) -> Layout:
    """Layout of a table by its first lines.

    Parameters
    ----------
    lines
        The first lines of the file; 50 rows or more make the answer safe.
    where
        Name for messages.
    delimiter, decimal
        What the caller states; `None` is to be found out.

    Raises
    ------
    UnsupportedFormatError
        No separator makes a table of numbers with at most one header row of these lines.
    FormatError
        More than one does, and the numbers would differ; or the marks may separate thousands.
    ParameterError
        A stated mark is none that a table can have.
    """
    _check_marks(delimiter, decimal)
    start = 0
    while start < len(lines) and (not lines[start].strip() or lines[start][:1] in {"#", "%"}):
        start += 1
    comments = tuple(line for line in lines[:start] if line.strip())
    body = [line for line in lines[start:] if line.strip()]
    delimiters = _separators(body) if delimiter is None else (delimiter,)
    marks = _MARKS if decimal is None else (decimal,)
    found = [
        layout
        for separator in delimiters
        for mark in marks
        if mark != separator
        for layout in _try(Dialect(separator, mark), body, comments, start)
    ]
    if not found:
        raise UnsupportedFormatError(
            f"{where}: text, but no table of numbers under at most one header row"
            + (f" with {delimiter=}, {decimal=}" if delimiter or decimal else "")
            + "; leave one row of names at most, and only numbers below it"
        )
    chosen = _only(found, where)
    if decimal is None:
        _check_thousands(chosen, where)
    return chosen


def _separators(body: list[str]) -> list[str]:
    """Separators that occur; a table with tabs is not one of white space with lost cells."""
    held = [mark for mark in "\t;,|" if any(mark in line for line in body)]
    if "\t" not in held and any(len(line.split()) > 1 for line in body):
        held.append(" ")
    return [*held, ""]


def _check_marks(delimiter: str | None, decimal: str | None) -> None:
    if delimiter is not None and delimiter not in _DELIMITERS:
        raise ParameterError(f"delimiter must be one of {_DELIMITERS}, got {delimiter!r}")
    if decimal is not None and decimal not in _MARKS:
        raise ParameterError(f"decimal must be one of {_MARKS}, got {decimal!r}")
    if decimal is not None and decimal == delimiter:
        raise ParameterError(f"delimiter and decimal are both {decimal!r}")


def _try(dialect: Dialect, body: list[str], comments: tuple[str, ...], start: int) -> list[Layout]:
    """The layout in this dialect, or nothing if the lines are no table in it."""
    rows = [tuple(dialect.split(line)) for line in body]
    numeric = [all(map(dialect.is_value, row)) for row in rows]
    has_header = bool(rows) and not numeric[0]
    if len(rows) <= has_header or not numeric[has_header]:
        return []
    data, good = rows[has_header:], numeric[has_header:]
    width = Counter(map(len, data)).most_common(1)[0][0]
    fitting = sum(ok and len(row) == width for row, ok in zip(data, good, strict=True))
    header = rows[0] if has_header else _header_in(comments, dialect, width)
    # In one column a comma in the header says that the commas below are no decimal marks.
    split_header = not dialect.delimiter and re.search(r"[\t;,|]", " ".join(header))
    if fitting * 2 < len(data) or (header and len(header) != width) or split_header:
        return []
    if dialect.delimiter and width < 2:
        return []
    seen = any(dialect.decimal in cell for row in data for cell in row)
    return [Layout(dialect, header, comments, start + has_header, width, tuple(data), seen)]


def _header_in(comments: tuple[str, ...], dialect: Dialect, width: int) -> tuple[str, ...]:
    """Names in the last comment line, as numpy.savetxt writes them; of two columns or more.

    A single column's comment is as likely prose, which may name a person.
    """
    if not comments or width < 2:
        return ()
    cells = tuple(dialect.split(comments[-1].lstrip("#% ")))
    return cells if len(cells) == width and not any(map(dialect.is_value, cells)) else ()


def _only(found: list[Layout], where: str) -> Layout:
    """The layout all candidates agree upon."""
    tables: dict[str, Layout] = {}
    for layout in found:
        known = [[cell.replace(layout.dialect.decimal, ".") for cell in r] for r in layout.rows]
        tables.setdefault(repr(known), layout)
    if len(tables) > 1:
        readings = " or ".join(str(layout.dialect) for layout in tables.values())
        raise FormatError(
            f"{where}: can be read as {readings}; state delimiter= and decimal= "
            "(a plan's [source] delimiter and decimal)"
        )
    return next(iter(tables.values()))


def _check_thousands(layout: Layout, where: str) -> None:
    """Refuse marks that may all separate thousands.

    Points do only where whole numbers below 1000 stand in the same column.
    """
    mark = layout.dialect.decimal
    rows = [row for row in layout.rows if len(row) == layout.width]
    marked = {cell for row in rows for cell in row if mark in cell}
    if not marked or not all(map(_GROUPED[mark].fullmatch, marked)):
        return
    mixed = any(
        any(mark in cell for cell in column) and any(map(_UNGROUPED.fullmatch, column))
        for column in zip(*rows, strict=True)
    )
    if mixed or mark == ",":
        raise FormatError(
            f"{where}: {min(marked)!r} may be a decimal or, with a separator, thousands; state "
            "decimal=, or export it again without separators of thousands"
        )
