"""The numbers of a text table: one bounded pass from lines to float64 rows."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import FormatError, TruncatedFileError
from emgproc.readers.delimited_columns import Columns
from emgproc.readers.delimited_dialect import Dialect, Layout
from emgproc.readers.delimited_text import Lines, TextFile

_WHOLE = re.compile(r"[+-]?[1-9]\d{0,2}")
LARGEST = 1e100  # no measurement; its square or its product with a unit may be infinite


def read_values(
    text: TextFile, layout: Layout, columns: Columns, *, decimal_stated: bool
) -> tuple[Floats, tuple[str, ...]]:
    """All numbers, each column as a row, in the order of `columns.kept`; and warnings.

    The first pass counts lines, the second fills an array of that size: peak memory is the
    numbers themselves and a few megabytes.

    Raises
    ------
    FormatError
        A row has too few or too many cells, a cell is no number or is infinite, or an empty line
        stands between rows; the message names the line. Or commas that come late may separate
        thousands.
    TruncatedFileError
        There is no row at all.
    """
    size = text.size(layout.n_before)
    dialect = layout.dialect
    undecided = not (layout.decimal_seen or decimal_stated) and dialect.delimiter != ","
    if undecided and size.has_comma and not size.has_point:
        _check_late_commas(layout, columns, text.path.name)
        dialect = replace(dialect, decimal=",")
    # A row of n cells has at least n characters, so no short lines can make this large.
    room = min(size.lines, size.chars // layout.width + 1)
    values = np.empty((len(columns.kept), room))
    n_rows = _fill(values, text, replace(layout, dialect=dialect), columns)
    if n_rows == 0:
        raise TruncatedFileError(f"{text.path.name}: no row of numbers")
    n_rows, warnings = _without_empty_tail(values, n_rows, columns)
    warnings += _emptiness(values[:, :n_rows], columns)
    return _compact(values, n_rows), tuple(warnings)


def _check_late_commas(layout: Layout, columns: Columns, where: str) -> None:
    """Refuse commas behind whole numbers; behind zeros, and in the times, they are decimals."""
    signals = [column.index for column in (*columns.voltages, *columns.others)]
    cells = {row[i] for row in layout.rows if len(row) == layout.width for i in signals}
    whole = sorted(filter(_WHOLE.fullmatch, cells))
    if whole:
        raise FormatError(
            f"{where}: commas come after {len(layout.rows)} rows of whole numbers such as "
            f"{whole[0]!r} and may separate thousands; state decimal="
        )


def _fill(values: Floats, text: TextFile, layout: Layout, columns: Columns) -> int:
    """Put each chunk's numbers in place; the number of rows."""
    where = text.path.name
    indices = [column.index for column in columns.kept]
    factors = np.array([column.factor for column in columns.kept])
    n_rows = 0
    for chunk in rows_of(text, layout.n_before):
        block = numbers_of(chunk, layout, where)
        values[:, n_rows : n_rows + len(block)] = (block[:, indices] * factors).T
        n_rows += len(block)
    return n_rows


def rows_of(text: TextFile, n_before: int) -> Iterator[Lines]:
    """The lines after the first `n_before` in pieces, without the empty ones at the end.

    Raises
    ------
    FormatError
        An empty line stands between rows.
    """
    blank = 0
    for chunk in text.chunks(n_before):
        lines = chunk.lines
        while lines and not lines[-1].strip():
            lines = lines[:-1]
        if lines and blank:
            raise FormatError(f"{text.path.name}, line {blank}: an empty line between rows")
        if len(lines) < len(chunk.lines) and not blank:
            blank = chunk.first + len(lines)
        if lines:
            yield Lines(chunk.first, lines)


def numbers_of(
    chunk: Lines, layout: Layout, where: str, kept: Sequence[int] | None = None
) -> Floats:
    """One piece as (n_rows, n_cells), NaN where a cell is empty.

    Parameters
    ----------
    chunk, where
        The lines, and the name for messages.
    layout
        Its dialect and width.
    kept
        Only these columns; a row may then have further cells, of any text, but not fewer.

    Raises
    ------
    FormatError
        A row has a wrong number of cells, a cell is no number, infinite or beyond 1e100; the
        message names the line.
    """
    dialect = layout.dialect
    lines = chunk.lines
    if dialect.decimal == ",":
        lines = [line.replace(",", ".") for line in lines]
    shape = (len(lines), layout.width if kept is None else len(kept))
    block = _loaded(lines, dialect, kept)
    if block.shape != shape:
        block = _loaded(_filled(lines, dialect), dialect, kept)
    # loadtxt drops empty lines; row by row each line is accounted for.
    if block.shape != shape:
        block = _row_by_row(chunk, layout, where, kept)
    _refuse_infinite(block, chunk.first, where)
    return block


def _loaded(lines: list[str], dialect: Dialect, kept: Sequence[int] | None) -> Floats:
    """What numpy makes of the lines; nothing if it fails."""
    if not lines:
        return np.empty((0, 0))
    try:
        return np.loadtxt(
            lines,
            delimiter=None if dialect.delimiter in {" ", ""} else dialect.delimiter,
            comments=None,
            ndmin=2,
            quotechar='"',
            usecols=kept,
        )
    except ValueError:
        return np.empty((0, 0))


def _filled(lines: list[str], dialect: Dialect) -> list[str]:
    """The lines with "nan" in empty cells, which loadtxt does not know; none if not possible."""
    text = "\n".join(lines)
    if dialect.delimiter in {" ", ""} or '"' in text:
        return []
    mark = dialect.delimiter
    if " " in text:
        text = re.sub(f" *{re.escape(mark)} *", mark, text)
    # Twice, because in ",,," the second pair of marks shares one with the first.
    text = text.replace(mark * 2, f"{mark}nan{mark}").replace(mark * 2, f"{mark}nan{mark}")
    text = f"\n{text}\n".replace(f"\n{mark}", f"\nnan{mark}").replace(f"{mark}\n", f"{mark}nan\n")
    return text[1:-1].split("\n")


def _row_by_row(chunk: Lines, layout: Layout, where: str, kept: Sequence[int] | None) -> Floats:
    dialect, width = layout.dialect, layout.width
    indices = range(width) if kept is None else kept
    needed = width if kept is None else max(kept) + 1
    rows = []
    for number, line in enumerate(chunk.lines, start=chunk.first):
        cells = dialect.split(line)
        if not line.strip():
            raise FormatError(f"{where}, line {number}: an empty line between rows")
        if len(cells) < needed or (kept is None and len(cells) > width):
            raise FormatError(
                f"{where}, line {number}: {len(cells)} cell(s), the rows before have {width}"
            )
        try:
            rows.append([dialect.value(cells[i]) for i in indices])
        except ValueError as error:
            raise FormatError(
                f"{where}, line {number}: {str(error)[:40]!r} is no number ({dialect})"
            ) from error
    return np.array(rows, dtype=np.float64)


def _refuse_infinite(block: Floats, first_line: int, where: str) -> None:
    far = (block > LARGEST) | (block < -LARGEST)
    if far.any():
        row, column = map(int, np.argwhere(far)[0])
        told = "infinite" if np.isinf(block[row, column]) else f"beyond {LARGEST:g}"
        raise FormatError(f"{where}, line {first_line + row}: a number is {told}")


def _without_empty_tail(values: Floats, n_rows: int, columns: Columns) -> tuple[int, list[str]]:
    """Rows up to the last that holds anything, where times tell that the rest is no signal."""
    if columns.time is None:
        return n_rows, []
    kept = n_rows
    while kept and np.isnan(values[:, kept - 1]).all():
        kept -= 1
    if kept == 0:
        return n_rows, []
    return kept, [f"{n_rows - kept} empty row(s) at the end are left out"] * (kept < n_rows)


def _emptiness(values: Floats, columns: Columns) -> list[str]:
    told = []
    for column, row in zip(columns.kept, values, strict=True):
        missing = int(np.isnan(row).sum())
        if missing == row.size:
            told.append(f"{column.name} holds no number at all")
        elif missing:
            told.append(f"{column.name} lacks {missing} of {row.size} numbers (NaN)")
    return told


def _compact(values: Floats, n_rows: int) -> Floats:
    """The first `n_rows` of each row, side by side in the same memory."""
    n_columns, room = values.shape
    if n_rows == room:
        return values
    flat = values.reshape(-1)
    for i in range(1, n_columns):
        flat[i * n_rows : (i + 1) * n_rows] = flat[i * room : i * room + n_rows]
    return flat[: n_columns * n_rows].reshape(n_columns, n_rows)
