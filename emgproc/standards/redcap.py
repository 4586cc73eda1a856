"""REDCap: a data dictionary of our tables, and our tables from an export of records.

One form a table; a table of several rows a participant is a repeating instrument. Fields are
named `<form>_<column>`, so that no two forms share one.
"""

import csv
import io
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from emgproc.errors import ParameterError, ReadError
from emgproc.standards.deidentify_tables import table_text
from emgproc.study.columns import PARTICIPANTS, TABLES, Column, day, moment, number, whole, word
from emgproc.study.columns import yes_no as yes_or_no
from emgproc.study.labels import nearest

HEADER = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note",
    "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
    "Identifier?", "Branching Logic (Show field only if...)", "Required Field?",
    "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
)  # fmt: skip
_KEY = "participant_id"
_IDENTIFYING = ("birth_date", "operator", "screen_fail_reason")


@dataclass(frozen=True, slots=True)
class Imported:
    """Our tables, by file name, and the fields of the export that were left out.

    `dropped` are identifiers, `unused` fields that the map does not name.
    """

    tables: dict[str, str]
    dropped: tuple[str, ...]
    unused: tuple[str, ...]


def redcap_dictionary() -> str:
    """The data dictionary of our tables as REDCap imports it: CSV of 18 columns.

    Fields that can name a person carry `Identifier?` = y. Words are radio buttons whose code is
    the word itself.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerow(_row("participant_id", "participants", "participant_id", required=True))
    for file, columns in TABLES.items():
        form = form_of(file)
        for name, column in columns.items():
            if name != _KEY:
                writer.writerow(_field(form, name, column))
    return out.getvalue()


def form_of(file: str) -> str:
    """Name of the form of a table.

    Examples
    --------
    >>> form_of("phenotype/csf.tsv")
    'csf'
    """
    return PurePosixPath(file).stem


def read_redcap(export: str, mapping: Mapping[str, Any], dictionary: str = "") -> Imported:
    """Make our tables of an export of records ("raw" CSV, one line a record or instance).

    Parameters
    ----------
    export
        The CSV, as text.
    mapping
        `record`: the export's field of the participant, and `tables`: for each table by the name
        of its form, `instrument` (the repeating instrument; left out: the lines that repeat
        nothing), `fields` (our column = field of the export) and `values` (our column = {export's
        code = our word}). See `read_map`.
    dictionary
        The project's own data dictionary, CSV: fields with `Identifier?` = y are dropped.

    Raises
    ------
    ParameterError
        The map names a table, column or field that is not there, or a record has no participant.
    """
    lines = csv.DictReader(io.StringIO(export.removeprefix("\ufeff"), newline=""))
    rows, there = list(lines), list(lines.fieldnames or [])
    secret = set(_identifiers(dictionary)) if dictionary else set()
    record = str(mapping.get("record", "record_id"))
    _check_field(record, there, "record")
    files = {form_of(file): file for file in TABLES}
    tables, used = {}, {record}
    for form, wanted in mapping.get("tables", {}).items():
        if form not in files:
            raise ParameterError(f"map: unknown table {form!r}{nearest(form, files)}")
        fields = _fields(form, wanted["fields"], TABLES[files[form]], there)
        used |= set(fields.values())
        kept = {column: field for column, field in fields.items() if field not in secret}
        chosen = _instances(rows, wanted.get("instrument", ""))
        values = wanted.get("values", {})
        tables[files[form]] = table_text(
            [_KEY, *kept], (_cells(row, record, kept, values) for row in chosen)
        )
    system = {name for name in there if name.startswith("redcap_")}
    unused = [name for name in there if name not in used | secret | system]
    return Imported(tables, tuple(name for name in there if name in secret), tuple(unused))


def read_map(path: str | Path) -> dict[str, Any]:
    """Read the map of an import, a TOML file.

    Raises
    ------
    ReadError
        It cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ReadError(f"{path}: cannot be read: {error}") from error


def _field(form: str, name: str, column: Column) -> list[str]:
    kind, choices, check, low, high = _kind(column)
    return _row(
        f"{form}_{name}", form, name.replace("_", " "), kind=kind, choices=choices, check=check,
        low=low, high=high, secret=name in _IDENTIFYING, required=column.required,
    )  # fmt: skip


def _row(variable: str, form: str, label: str, **about: Any) -> list[str]:  # noqa: ANN401
    cells = dict.fromkeys(HEADER, "")
    cells |= {
        "Variable / Field Name": variable,
        "Form Name": form,
        "Field Type": about.get("kind", "text"),
        "Field Label": label,
        "Choices, Calculations, OR Slider Labels": about.get("choices", ""),
        "Text Validation Type OR Show Slider Number": about.get("check", ""),
        "Text Validation Min": about.get("low", ""),
        "Text Validation Max": about.get("high", ""),
        "Identifier?": "y" if about.get("secret") else "",
        "Required Field?": "y" if about.get("required") else "",
    }
    return list(cells.values())


def _kind(column: Column) -> tuple[str, str, str, str, str]:
    """Field type, choices, validation, least and most."""
    rule = column.parse.func if isinstance(column.parse, partial) else column.parse
    stated = column.parse.keywords if isinstance(column.parse, partial) else {}
    limits = [f"{stated[k]:g}" if k in stated else "" for k in ("low", "high")]
    if rule is word:
        return "radio", " | ".join(f"{known}, {known}" for known in stated["known"]), "", "", ""
    if rule is yes_or_no:
        return "radio", "Y, Y | N, N", "", "", ""
    checks = {day: "date_ymd", moment: "datetime_ymd", number: "number", whole: "integer"}
    return "text", "", checks.get(rule, ""), limits[0], limits[1]


def _identifiers(dictionary: str) -> Iterator[str]:
    rows = csv.DictReader(io.StringIO(dictionary.removeprefix("\ufeff"), newline=""))
    if rows.fieldnames is None or not {HEADER[0], "Identifier?"} <= set(rows.fieldnames):
        raise ParameterError(
            f"the dictionary needs the columns {HEADER[0]!r} and 'Identifier?'; export it from "
            "REDCap as CSV"
        )
    return (row[HEADER[0]] for row in rows if (row["Identifier?"] or "").strip().lower() == "y")


def _fields(
    form: str, wanted: Mapping[str, str], columns: Mapping[str, Column], there: Sequence[str]
) -> dict[str, str]:
    for name, field in wanted.items():
        known = name in columns or (form_of(PARTICIPANTS) == form and name.startswith("crit_"))
        if not known or name == _KEY:
            raise ParameterError(f"map: {form} has no column {name!r}{nearest(name, columns)}")
        _check_field(field, there, f"{form}.{name}")
    return dict(wanted)


def _check_field(field: str, there: Sequence[str], where: str) -> None:
    if field not in there:
        raise ParameterError(
            f"map: {where} names the field {field!r}, which the export does not have"
            f"{nearest(field, there)}"
        )


def _instances(rows: Iterable[Mapping[str, str]], instrument: str) -> Iterator[Mapping[str, str]]:
    """Lines of one repeating instrument, or those that belong to none."""
    return (row for row in rows if (row.get("redcap_repeat_instrument") or "") == instrument)


def _cells(
    row: Mapping[str, str],
    record: str,
    fields: Mapping[str, str],
    values: Mapping[str, Mapping[str, str]],
) -> Iterator[str]:
    who = (row[record] or "").strip()
    if not who:
        raise ParameterError(f"the export has a line without {record!r}")
    yield who if who.startswith("sub-") else f"sub-{who}"
    for column, field in fields.items():
        cell = " ".join((row[field] or "").split())
        yield values.get(column, {}).get(cell, cell)
