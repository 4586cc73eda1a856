"""Tab-separated tables to typed rows, with every problem of every cell."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emgproc.study.columns import Column, PathOutsideError
from emgproc.study.labels import nearest
from emgproc.study.rows import Problem

_EMPTY = frozenset({"", "n/a"})


@dataclass(frozen=True, slots=True)
class TypedRow:
    """One line of a table: its line number, and its cells by column; an empty cell is absent.

    `complete` tells whether every cell could be read; one that could not is absent too.
    """

    row: int
    cells: Mapping[str, Any]
    complete: bool = True


def read_table(
    root: Path, file: str, columns: Mapping[str, Column]
) -> tuple[list[TypedRow], list[Problem]]:
    """Read one table of a study.

    Parameters
    ----------
    root
        The study folder.
    file
        The table, relative to it.
    columns
        The columns it may have.

    Returns
    -------
    rows
        All lines that are not empty, typed.
    problems
        Every unknown or missing column and every bad cell, with line and column.
    """
    try:
        # utf-8-sig: spreadsheets put a byte-order mark before the first column's name.
        content = (root / file).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"not UTF-8 at byte {error.start}; save the table as UTF-8 text"
        return [], [Problem(file, 0, "", "E005", what)]
    lines = list(
        csv.reader(io.StringIO(content, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    )
    header = [name.strip() for name in lines[0]] if lines else []
    problems = _header_problems(file, header, columns)
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if all(cell.strip() in _EMPTY for cell in line):
            continue
        padded = line + [""] * (len(header) - len(line))
        cells, found = _typed(file, number, dict(zip(header, padded, strict=False)), columns)
        if len(line) > len(header):
            what = f"{len(line)} cells under {len(header)} columns; is there a stray tab?"
            found.append(Problem(file, number, "", "E005", what))
        problems += found
        missing = any(c.required and name not in cells for name, c in columns.items())
        rows.append(TypedRow(number, cells, complete=not found and not missing))
    return rows, problems


def _header_problems(file: str, header: list[str], columns: Mapping[str, Column]) -> list[Problem]:
    problems = []
    for position, name in enumerate(header):
        if name not in columns:
            hint = nearest(name, columns)
            problems.append(Problem(file, 1, name, "E001", f"unknown column{hint}", value=name))
        elif name in header[:position]:
            problems.append(Problem(file, 1, name, "E011", "this column stands twice", value=name))
    for name, column in columns.items():
        if column.required and name not in header:
            seen = ", ".join(header) or "none; the file needs a header line"
            message = f"required column {name} missing (columns here: {seen})"
            problems.append(Problem(file, 1, name, "E002", message))
    return problems


def _typed(
    file: str, number: int, line: dict[str, str], columns: Mapping[str, Column]
) -> tuple[dict[str, Any], list[Problem]]:
    cells: dict[str, Any] = {}
    problems = []
    for name, written in line.items():
        column, cell = columns.get(name), written.strip()
        if column is None:
            continue
        if cell in _EMPTY:
            if column.required:
                problems.append(Problem(file, number, name, "E003", f"{name} is required"))
            continue
        try:
            cells[name] = column.parse(cell)
        except ValueError as error:
            code = "E051" if isinstance(error, PathOutsideError) else "E004"
            problems.append(Problem(file, number, name, code, str(error), value=cell))
    return cells, problems
