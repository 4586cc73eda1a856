"""Typed cells to the rows of the model; only complete lines become rows."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from emgproc.study.columns import MEASUREMENTS, PARTICIPANTS, VISITS, Moment
from emgproc.study.dates import months_between
from emgproc.study.rows import (
    ClinicalEvent,
    CsfSample,
    Exposure,
    Measurement,
    Participant,
    Problem,
    RecordingRow,
    Visit,
)
from emgproc.study.tables import TypedRow

# One decimal of a month in the table, and ages counted by days or by calendar months, differ by
# less than this; a wrong birth date or age differs by more.
AGE_TOLERANCE_MONTHS = 0.5


def participants(rows: Iterable[TypedRow]) -> tuple[list[Participant], list[Problem]]:
    """Build the participants; the age comes from the table, else from the birth date."""
    built, problems = [], []
    for row in rows:
        if not row.complete:
            continue
        age, found = _age(row)
        problems += found
        if age is not None:
            cells = {k: v for k, v in row.cells.items() if not k.startswith("crit_")}
            criteria = {
                k.removeprefix("crit_"): v for k, v in row.cells.items() if k.startswith("crit_")
            }
            built.append(
                Participant(**{**cells, "age_months": age, "criteria": criteria}, row=row.row)
            )
    return built, problems


def visits(rows: Iterable[TypedRow]) -> tuple[list[Visit], list[Problem]]:
    """Build the visits; one that took place needs its date."""
    built, problems = [], []
    for row in rows:
        if not row.complete:
            continue
        visit = Visit(**{"date": None, **row.cells}, row=row.row)
        if visit.date is None and visit.status != "missed":
            what = "date is required unless status is missed"
            problems.append(Problem(VISITS, row.row, "date", "E003", what))
        else:
            built.append(visit)
    return built, problems


def recordings(rows: Iterable[TypedRow]) -> list[RecordingRow]:
    """Build the recordings' rows."""
    return [
        RecordingRow(**_moment(row.cells, "start", "start"), row=row.row)
        for row in rows
        if row.complete
    ]


def exposures(rows: Iterable[TypedRow]) -> list[Exposure]:
    """Build the doses."""
    return [
        Exposure(**_moment(row.cells, "datetime", "given_at"), row=row.row)
        for row in rows
        if row.complete
    ]


def clinical_events(rows: Iterable[TypedRow]) -> list[ClinicalEvent]:
    """Build the clinical events."""
    return [ClinicalEvent(**row.cells, row=row.row) for row in rows if row.complete]


def csf_samples(rows: Iterable[TypedRow]) -> list[CsfSample]:
    """Build the cerebrospinal fluid samples."""
    return [CsfSample(**row.cells, row=row.row) for row in rows if row.complete]


def measurements(rows: Iterable[TypedRow]) -> tuple[list[Measurement], list[Problem]]:
    """Build the numbers measured elsewhere; each has a value, or was absent."""
    built, problems = [], []
    for row in rows:
        if not row.complete:
            continue
        measurement = Measurement(**{"value": None, **row.cells}, row=row.row)
        if (measurement.value is None) != measurement.absent:
            what = "give either a value, or absent Y where there was no response"
            problems.append(Problem(MEASUREMENTS, row.row, "value", "E003", what))
        else:
            built.append(measurement)
    return built, problems


def _moment(cells: Mapping[str, Any], column: str, field: str) -> dict[str, Any]:
    moment: Moment = cells[column]
    others = {name: value for name, value in cells.items() if name != column}
    return {**others, field: moment.at, "timed": moment.timed}


def _age(row: TypedRow) -> tuple[float | None, list[Problem]]:
    stated: float | None = row.cells.get("age_months")
    birth: date | None = row.cells.get("birth_date")
    index: date = row.cells["index_date"]
    if birth is None:
        if stated is None:
            what = "age_months or birth_date is required"
            return None, [Problem(PARTICIPANTS, row.row, "age_months", "E003", what)]
        return stated, []
    if birth > index:
        what = f"birth_date lies after index_date {index}"
        return None, [Problem(PARTICIPANTS, row.row, "birth_date", "E020", what, value=str(birth))]
    computed = months_between(birth, index)
    if stated is None or abs(stated - computed) <= AGE_TOLERANCE_MONTHS:
        return (computed if stated is None else stated), []
    what = f"birth_date gives {computed:.1f} months at index_date, age_months says {stated:g}"
    off = f"{abs(stated - computed):.1f} months"
    return stated, [Problem(PARTICIPANTS, row.row, "age_months", "E060", what, value=off)]
