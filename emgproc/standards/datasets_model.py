"""A dataset of a data standard: named, labelled, typed columns and rows, frozen and checked."""

import csv
import functools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from typing import Literal, TypeAlias

from emgproc.errors import ParameterError

Value: TypeAlias = str | int | float | date | None
Kind: TypeAlias = Literal["text", "iso_date", "integer", "float", "date"]
Row: TypeAlias = Mapping[str, Value]

MAX_LABEL = 40  # characters, of XPT v5
SYNTHETIC = "SYNTHETIC "
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,7}")
_TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str,), "iso_date": (str,), "integer": (int,), "float": (float, int), "date": (date,),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One variable of a dataset.

    Attributes
    ----------
    name
        At most 8 characters: a capital letter, then capitals, digits or `_`.
    label
        At most 40 ASCII characters.
    kind
        `text`; `iso_date` (ISO 8601 text, as in SDTM); `integer`; `float`; `date` (a number in
        ADaM's operational form).
    key
        Place in the dataset's key, from 1; 0 where it is not part of it.
    codelist
        Name of the list its values come from; empty where there is none.
    origin
        Collected, Derived, Assigned or Protocol.
    derivation
        Where the value comes from and how.
    length
        Characters of the longest text, at least 1; 8 for numbers.
    """

    name: str
    label: str
    kind: Kind = "text"
    key: int = 0
    codelist: str = ""
    origin: str = ""
    derivation: str = ""
    length: int = 8

    def __post_init__(self) -> None:
        _check_name(self.name, "column")
        _check_label(self.label, self.name)
        if self.kind not in _TYPES:
            raise ParameterError(f"{self.name}: kind {self.kind!r} is none of {', '.join(_TYPES)}")


@dataclass(frozen=True, slots=True)
class Dataset:
    """Columns and rows under a name; without rows it is the layout of a dataset.

    Attributes
    ----------
    name, label
        At most 8 and 40 characters, as of `Column`.
    columns
        At least one, each name once.
    rows
        One value a column, of its kind or None; text is not empty and has no blank at its ends.
    group
        `sdtm` or `adam`.
    structure
        What one row stands for.
    label_short
        Label of at most 30 characters, which leaves room to mark synthetic data.

    Raises
    ------
    ParameterError
        A name, label, row or cell breaks these rules; it says which.
    """

    name: str
    label: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...] = ()
    group: str = ""
    structure: str = ""
    label_short: str = ""

    def __post_init__(self) -> None:
        _check_name(self.name, "dataset")
        _check_label(self.label, self.name)
        names = [column.name for column in self.columns]
        if not names or len(set(names)) < len(names):
            raise ParameterError(
                f"{self.name}: columns must be there, and each only once: {names}"
            )
        for number, row in enumerate(self.rows, start=1):
            if len(row) != len(names):
                raise ParameterError(
                    f"{self.name} row {number}: {len(row)} values, {len(names)} columns"
                )
            for column, value in zip(self.columns, row, strict=True):
                _check_cell(value, column, f"{self.name}.{column.name} row {number}")

    def column(self, name: str) -> tuple[Value, ...]:
        """Return the values of that column; ParameterError where there is none."""
        for position, column in enumerate(self.columns):
            if column.name == name:
                return tuple(row[position] for row in self.rows)
        raise ParameterError(f"{self.name} has no column {name!r}")

    def with_rows(self, rows: Iterable[Row], *, synthetic: bool = False) -> "Dataset":
        """Fill the layout; lengths become those of the longest values.

        Runs of white space in text become one blank; empty text and NaN become missing.

        Parameters
        ----------
        rows
            Values by column name; a name left out is missing.
        synthetic
            Mark the label: the data belong to no one.

        Raises
        ------
        ParameterError
            A row names an unknown column, or a value breaks its column's rules.
        """
        names = [column.name for column in self.columns]
        filled = []
        for row in rows:
            if strangers := sorted(set(row) - set(names)):
                raise ParameterError(f"{self.name} has no column {', '.join(strangers)}")
            filled.append(tuple(_plain(row.get(name)) for name in names))
        columns = tuple(
            replace(column, length=_length(column, [row[k] for row in filled]))
            for k, column in enumerate(self.columns)
        )
        label = f"{SYNTHETIC}{self.label_short or self.label}" if synthetic else self.label
        return replace(self, label=label, columns=columns, rows=tuple(filled))


def _plain(value: Value) -> Value:
    if isinstance(value, str):
        return " ".join(value.split()) or None
    return None if isinstance(value, float) and math.isnan(value) else value


def _length(column: Column, values: Sequence[Value]) -> int:
    if column.kind not in {"text", "iso_date"}:
        return 8
    return max((len(value) for value in values if isinstance(value, str)), default=1)


def _check_name(name: str, what: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise ParameterError(
            f"{name!r} cannot be the name of a {what}: at most 8 characters, A–Z, 0–9 and _, "
            "beginning with a letter"
        )


def _check_label(label: str, name: str) -> None:
    if len(label) > MAX_LABEL or not label.isascii() or not label.isprintable():
        raise ParameterError(
            f"{name}: the label {label!r} has {len(label)} characters; at most {MAX_LABEL} ASCII "
            "characters are possible"
        )


def _check_cell(value: Value, column: Column, where: str) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, _TYPES[column.kind]):
        raise ParameterError(f"{where}: {value!r} is not of kind {column.kind}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ParameterError(f"{where}: {value!r} is no number; missing is None")
    if not isinstance(value, str):
        return
    if not value.isprintable() or value != value.strip() or not value:
        raise ParameterError(
            f"{where}: {value!r} is empty, has a blank at an end, or a control character"
        )
    known = codelists().get(column.codelist)
    if known is not None and value not in known:
        raise ParameterError(
            f"{where}: {value!r} is not in the codelist {column.codelist}: {', '.join(known)}"
        )
    if column.kind == "iso_date":
        _check_day(value, where)


def _check_day(value: str, where: str) -> None:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise ParameterError(f"{where}: {value!r} is no ISO 8601 date") from None


@functools.cache
def codelists() -> Mapping[str, Mapping[str, str]]:
    """Every codelist: its values, each with its meaning."""
    lists: dict[str, dict[str, str]] = {}
    for row in _table("datasets_codelists.tsv"):
        lists.setdefault(row["codelist"], {})[row["value"]] = row["meaning"]
    return lists


@functools.cache
def layouts() -> Mapping[str, Dataset]:
    """Every dataset this package can write, without rows, by name.

    Examples
    --------
    >>> [column.name for column in layouts()["TE"].columns]
    ['STUDYID', 'DOMAIN', 'ETCD', 'ELEMENT', 'TESTRL', 'TEENRL', 'TEDUR']
    """
    variables: dict[str, list[Column]] = {}
    for row in _table("datasets_variables.tsv"):
        variables.setdefault(row.pop("dataset"), []).append(_column(row))
    # Every supplement has the same variables; they stand once, under SUPP.
    return {
        row["dataset"]: Dataset(
            name=row["dataset"],
            label=row["label"],
            columns=tuple(variables["SUPP" if row["dataset"][:4] == "SUPP" else row["dataset"]]),
            group=row["group"],
            structure=row["structure"],
            label_short=row["label_short"],
        )
        for row in _table("datasets_layouts.tsv")
    }


def _column(row: Mapping[str, str]) -> Column:
    kinds: dict[str, Kind] = {
        "text": "text", "iso_date": "iso_date", "integer": "integer", "float": "float",
        "date": "date",
    }  # fmt: skip
    return Column(
        name=row["variable"],
        label=row["label"],
        kind=kinds[row["kind"]],
        key=int(row["key"] or 0),
        codelist=row["codelist"],
        origin=row["origin"],
        derivation=row["derivation"],
    )


def _table(name: str) -> list[dict[str, str]]:
    text = files("emgproc.standards").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
