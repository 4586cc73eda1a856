"""A table of the trial report: plain values, what they come from, and its text in three forms."""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from emgproc.errors import ParameterError
from emgproc.report.wording import true_minus

Value: TypeAlias = str | int | float | bool | tuple[float, ...] | None

INFANT = "infant"  # the column whose cells lead to the infant's row in the listing of subjects
WHERE = "where"  # the column whose cells name other tables
MISSING = "n/a"
_ID = re.compile(r"([TL])(\d+)([a-z]?)")


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from: a file of the results or of the study, and the columns of its key."""

    file: str
    key: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.file} by {', '.join(self.key)}" if self.key else self.file


@dataclass(frozen=True, slots=True)
class Table:
    """One table (`T…`) or listing (`L…`) of the report.

    Attributes
    ----------
    id, name, title
        `T1`, the word in its file's name, and what it is.
    columns, rows
        Cells as they were computed; a cell without a value is None, and its row says why.
    sources
        Where the rows come from.
    footnotes
        What must be read with it.
    empty
        What a table without rows says.
    """

    id: str
    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    sources: tuple[Source, ...]
    footnotes: tuple[str, ...] = ()
    empty: str = "nothing to list"

    def __post_init__(self) -> None:
        if len(set(self.columns)) < len(self.columns):
            raise ParameterError(f"table {self.id}: two columns have one name: {self.columns}")
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ParameterError(
                    f"table {self.id}: {len(row)} cells under {len(self.columns)} columns: {row}"
                )

    @property
    def stem(self) -> str:
        """Name of its files: `T01_flow`.

        Examples
        --------
        >>> Table("T3b", "totals", "Doses", ("infant",), (), ()).stem
        'T03b_totals'
        """
        match = _ID.fullmatch(self.id)
        if match is None:
            raise ParameterError(f"{self.id!r} is no id of a table such as T1, T3b or L2")
        letter, number, part = match.groups()
        return f"{letter}{int(number):02d}{part}_{self.name}"

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold a number in some row and text in none."""
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.columns)
        return tuple(
            any(is_number(v) for v in cells) and not any(isinstance(v, str) and v for v in cells)
            for cells in columns
        )


def shown(value: Value) -> str:
    """Write a cell for reading: four significant digits, true minus signs, – for nothing.

    Examples
    --------
    >>> shown(-0.70602406), shown(17.0), shown(True), shown(None), shown((1.0, 0.25))
    ('−0.706', '17', 'yes', '–', '1, 0.25')
    """
    if value in (None, ""):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(shown(item) for item in value) or "–"
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "−")
    return true_minus(str(value))


def exact(value: Value) -> str:
    """Write a cell as it was computed: what the CSV holds, and the page beside what it shows.

    Examples
    --------
    >>> exact(0.1), exact(None), exact(False), exact((1.0, 0.25))
    ('0.1', 'n/a', 'false', '1.0;0.25')
    """
    if value in (None, "", ()):
        return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ";".join(exact(item) for item in value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else MISSING
    return str(value)


def css_string(text: str) -> str:
    r"""Write a text as the inside of a CSS string: whatever could end it stands as its code.

    Examples
    --------
    >>> css_string('by "N</style>"')
    'by \\22 N\\3c \\2f style\\3e \\22 '
    """
    return "".join(c if c.isalnum() or c in " .,-" else f"\\{ord(c):x} " for c in text)


def is_number(value: Value) -> bool:
    """Tell whether a cell is a number: a truth value is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def csv_text(table: Table, mark: str = "") -> str:
    """Comma-separated text of the table, full precision, missing `n/a`.

    Parameters
    ----------
    table
        The table.
    mark
        What every row must say before anything else, e.g. that the data are synthetic.
    """
    lines: list[list[str]] = [list(table.columns)]
    lines += [[exact(value) for value in row] for row in table.rows]
    if mark:
        # A table without a row must say it too.
        first = "mark" if table.rows else mark
        lines = [[first, *lines[0]], *([mark, *line] for line in lines[1:])]
    held = io.StringIO()
    csv.writer(held, lineterminator="\n").writerows(lines)
    return held.getvalue()


def json_text(table: Table, mark: str = "") -> str:
    """The table as JSON: rows as objects, missing null, with title, footnotes and sources."""
    first: Mapping[str, object] = {"mark": mark} if mark else {}
    told = {
        **first,
        "id": table.id,
        "title": table.title,
        "columns": table.columns,
        "rows": [dict(zip(table.columns, row, strict=True)) for row in table.rows],
        "footnotes": table.footnotes,
        "sources": [{"file": source.file, "key": source.key} for source in table.sources],
    }
    return json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def sentences(*texts: str | Iterable[str]) -> tuple[str, ...]:
    """Return the texts that say something, each once, in order."""
    listed = [t for text in texts for t in ([text] if isinstance(text, str) else text)]
    return tuple(dict.fromkeys(text for text in listed if text))


def limits(bounds: tuple[float, float] | None) -> tuple[float | None, float | None]:
    """Return both ends of an interval as two cells."""
    return (None, None) if bounds is None else bounds
