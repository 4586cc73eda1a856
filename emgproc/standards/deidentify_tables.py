"""The tables of a study without dates, free text and numbers of a hospital."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

from emgproc.errors import ParameterError
from emgproc.standards.deidentify_words import Words
from emgproc.study import Study
from emgproc.study.columns import PARTICIPANTS, TABLES, Column, day, matching, moment, text

EPOCH = date(1985, 1, 1)  # study day 1 of every infant; what EDF+ writes for an unknown date
MISSING = "n/a"
_EMPTY = ("", MISSING)
# Free text that analysis needs as a key: a number stands for what is not allowed.
_CODED = ("muscle", "nerve", "stim_nerve", "measure", "marker")
_OTHERS = ("participant_id", "event_id", "birth_date", "age_months")

Row = Mapping[str, str]


@dataclass(slots=True)
class Shift:
    """New names and days of the participants.

    Attributes
    ----------
    study
        The study as it is.
    participants
        New participant_id by the old one.
    latest
        The last day written so far.
    """

    study: Study
    participants: dict[str, str]
    latest: date = EPOCH
    _events: dict[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def of(cls, study: Study) -> "Shift":
        """Number the participants in the order of their table."""
        old = [person.participant_id for person in study.participants]
        width = max(2, len(str(len(old))))
        return cls(study, {name: f"sub-{i:0{width}d}" for i, name in enumerate(old, start=1)})

    def day(self, participant_id: str, day: date) -> date:
        """The day on the calendar in which every infant's index date is the same."""
        moved = EPOCH + timedelta(days=(day - self.study.index_date(participant_id)).days)
        self.latest = max(self.latest, moved)
        return moved

    def event(self, participant_id: str, event_id: str) -> str:
        """A new event_id; numbered over the study."""
        key = (participant_id, event_id)
        return self._events.setdefault(key, f"event-{len(self._events) + 1}")


def table_without_names(file: str, content: str, words: Words, shift: Shift) -> str:
    """Return a table of the study with every column kept, shifted, numbered or left out.

    Dates become days of the calendar on which each infant's index date is 1985-01-01; times of
    the day go. Free text goes, or is numbered where the column is needed (`Words.coded`).

    Parameters
    ----------
    file
        Its name, one of `emgproc.study.columns.TABLES`.
    content
        The table of a checked study, as text.
    words, shift
        What may stay, and what dates and participants become.
    """
    lines = csv.reader(
        io.StringIO(content.removeprefix("\ufeff"), newline=""), delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )  # fmt: skip
    header, *rows = ([cell.strip() for cell in line] for line in lines)
    cells = [dict(zip(header, row, strict=False)) for row in rows if set(row) - set(_EMPTY)]
    if file == PARTICIPANTS and "age_months" not in header:
        header.append("age_months")  # of the birth date, which goes
    columns = [(name, _rule(file, name, words, shift)) for name in header]
    kept = [(name, rule) for name, rule in columns if rule is not None]
    return table_text([n for n, _ in kept], ([rule(row) for _, rule in kept] for row in cells))


def table_text(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Tab-separated lines; an empty cell is n/a."""
    lines = [header, *([cell or MISSING for cell in row] for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines)


def _rule(file: str, name: str, words: Words, shift: Shift) -> Callable[[Row], str] | None:
    """What becomes of a column; None where it goes."""
    column = TABLES[file].get(name)
    if name in _OTHERS:
        return _own_rule(name, shift)
    if column is None:  # a criterion, answered Y, N or NK
        return partial(_checked, name, r"Y|N|NK")
    if column.parse in {day, moment}:
        return partial(_shifted, name, shift)
    if name in _CODED or (column.required and _is_text(column)):
        return lambda row: words.coded(name, _cell(row, name))
    return None if _is_text(column) else partial(_cell, name=name)


def _own_rule(name: str, shift: Shift) -> Callable[[Row], str] | None:
    if name == "participant_id":
        return lambda row: shift.participants[row[name]]
    if name == "event_id":
        return lambda row: shift.event(row["participant_id"], row[name])
    if name == "age_months":
        return lambda row: f"{shift.study.participant(row['participant_id']).age_months:.1f}"
    return None


def _is_text(column: Column) -> bool:
    """Whether a person could write anything in the column."""
    return column.parse is text or getattr(column.parse, "func", None) is matching


def _cell(row: Row, name: str) -> str:
    cell = row.get(name, "")
    return "" if cell in _EMPTY else cell


def _checked(name: str, pattern: str, row: Row) -> str:
    cell = _cell(row, name)
    if cell and re.fullmatch(pattern, cell) is None:
        raise ParameterError(f"column {name}: {cell!r} is none of {pattern}")
    return cell


def _shifted(name: str, shift: Shift, row: Row) -> str:
    cell = _cell(row, name)
    return (
        shift.day(row["participant_id"], date.fromisoformat(cell[:10])).isoformat() if cell else ""
    )
