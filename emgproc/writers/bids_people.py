"""The tables of a BIDS dataset that grow: participants.tsv and scans.tsv; no dates, no names."""

import csv
import json
import re
from collections.abc import Mapping
from pathlib import Path

from emgproc.errors import ParameterError
from emgproc.writers.atomic import write_text
from emgproc.writers.bids_tables import MISSING, cell_text, json_text, table_text

_DATE = re.compile(r"\d{4}-\d{2}(-\d{2})?|\d{1,2}[./]\d{1,2}[./]\d{2,4}")
_IDENTIFYING = re.compile(r"name|birth|dob|address|phone|mail|patient|date", re.IGNORECASE)
_DESCRIBED: Mapping[str, object] = {
    "age_months": {"Description": "Age in months", "Units": "month"},
    "age": {"Description": "Age in years", "Units": "year"},
    "sex": {"Description": "F female, M male, O other"},
    "study_day": {"Description": "Day of the study on which it was recorded, in place of a date"},
}


def check_participant(facts: Mapping[str, object]) -> None:
    """Refuse what tells who somebody is.

    Raises
    ------
    ParameterError
        A column or a value looks like a name, a birth date or another date.
    """
    for column, value in facts.items():
        if not re.fullmatch(r"[A-Za-z0-9_]+", column) or column == "participant_id":
            raise ParameterError(f"{column!r} cannot be a column of participants.tsv")
        if _IDENTIFYING.search(column) or _DATE.search(cell_text(value)):
            raise ParameterError(
                f"participant: {column!r} would identify a person or hold a date; state "
                "age_months and study_day instead"
            )


def merged(
    path: Path, key: str, row: Mapping[str, object]
) -> tuple[list[str], list[dict[str, str]]]:
    """Columns and rows of a table with a row added, or that of the same key filled in.

    Raises
    ------
    ParameterError
        The table is damaged, or its row says something else.
    """
    columns, rows = _read(path, key)
    told = {name: cell_text(value) for name, value in row.items()}
    columns += [name for name in told if name not in columns]
    known = next((one for one in rows if one.get(key) == told[key]), None)
    if known is None:
        return columns, [*rows, told]
    for name, cell in told.items():
        held = known.get(name, MISSING)
        if MISSING not in {held, cell} and held != cell:
            raise ParameterError(
                f"{path.name}: {told[key]} has {name} {held!r} there, {cell!r} is stated now"
            )
        known[name] = cell if held == MISSING else held
    return columns, rows


def upsert(path: Path, key: str, row: Mapping[str, object]) -> None:
    """Write what `merged` gives, and describe its columns in the JSON beside the table.

    Raises
    ------
    ParameterError
        As `merged`.
    WriteError
        It cannot be written.
    """
    text = table_text(*merged(path, key, row))
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
    _describe(path.with_suffix(".json"), [name for name in row if name != key])


def _read(path: Path, key: str) -> tuple[list[str], list[dict[str, str]]]:
    if not path.is_file():
        return [key], []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"{path.name}: cannot be read: {error}") from error
    reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    columns = list(reader.fieldnames or ())
    rows = [{k: v or MISSING for k, v in row.items() if k is not None} for row in reader]
    if key not in columns:
        raise ParameterError(f"{path.name}: has no column {key!r}, only {columns[:20]}")
    return columns, rows


def _describe(path: Path, columns: list[str]) -> None:
    """Describe columns in the JSON beside a table, as far as they are not described yet."""
    wanted = {name: _DESCRIBED[name] for name in columns if name in _DESCRIBED}
    held = {}
    if path.is_file():
        try:
            held = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            raise ParameterError(f"{path.name}: cannot be read: {error}") from error
    new = {name: about for name, about in wanted.items() if name not in held}
    if new:
        write_text(path, json_text({**held, **new}))
