"""The review page of motor units: all that a person needs to keep, edit or refuse them."""

import math
import os
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import jinja2
import numpy as np

from emgproc import __version__
from emgproc.motor_units import GridPotentials, MotorUnit, on_grid
from emgproc.motor_units.curation import blank_curation
from emgproc.motor_units.record import UnitsRecord
from emgproc.report import motor_unit_figures as figures
from emgproc.report import motor_unit_intervals as intervals
from emgproc.report.motor_unit_maps import potential_on_grid
from emgproc.writers import write_text


class UnitSection(NamedTuple):
    """What the page shows of one unit."""

    unit: MotorUnit
    because: str
    confidence: str
    labels: str
    amplitude_uv: float
    pulses: str
    intervals: str
    potential: str


def write_review(record: UnitsRecord, path: str | os.PathLike[str], title: str = "") -> Path:
    """Write the review page of a file of motor units: one HTML file that needs no network.

    The same record and title give the same bytes.

    Parameters
    ----------
    record
        What `read_units` gave.
    path
        The page to write or to replace.
    title
        What the page calls the units, e.g. the name of their file.

    Raises
    ------
    WriteError
        The file cannot be written; a page that stood there before still stands.
    """
    page = Path(path)
    write_text(page, review_text(record, title))
    return page


def review_text(record: UnitsRecord, title: str = "") -> str:
    """Return the review page as HTML."""
    template = files("emgproc.report").joinpath("motor_units.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = _number
    units = record.units
    return environment.from_string(template).render(
        title=title or "Motor units",
        version=__version__,
        record=record,
        units=units,
        duration_s=record.n_samples / units.fs,
        sections=_sections(record),
        overview=_overview(record),
        curation=blank_curation(record).to_json(),
    )


def _number(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "not known"


def _overview(record: UnitsRecord) -> list[str]:
    if not record.every_unit:
        return []
    synthetic = record.synthetic
    return [
        figures.discharge_raster(record.units, record.n_samples, synthetic=synthetic),
        figures.discharge_rates(record.units, record.n_samples, synthetic=synthetic),
    ]


def _sections(record: UnitsRecord) -> list[UnitSection]:
    placed = potentials_of(record, record.every_unit)
    fs, synthetic = record.units.fs, record.synthetic
    labels: dict[str, list[str]] = {}
    for label in record.labels:
        labels.setdefault(label.unit, []).append(f"{label.category}: {', '.join(label.values)}")
    found = []
    for i, unit in enumerate(record.every_unit):
        pulses = record.pulses_of(unit.name)
        found.append(
            UnitSection(
                unit=unit,
                because=unit.rejected_because or unit.accepted_because,
                confidence=_confidence(unit),
                labels="; ".join(labels.get(unit.name, [])),
                amplitude_uv=float(np.ptp(unit.muap_uv, axis=1).max(initial=0.0)),
                pulses=figures.pulse_train(unit, pulses, fs, synthetic=synthetic)
                if pulses.size
                else "",
                intervals=intervals.interval_histogram(unit, fs, synthetic=synthetic),
                potential=potential_on_grid(placed, i, name=unit.name, synthetic=synthetic)
                if placed
                else intervals.potential_by_channel(
                    unit, record.units.channels, fs, synthetic=synthetic
                ),
            )
        )
    return found


def _confidence(unit: MotorUnit) -> str:
    """How sure a unit of an intramuscular recording is, by the names of its numbers."""
    told = getattr(unit, "confidence", None)
    if told is None:
        return ""
    return ", ".join(f"{k.replace('_', ' ')} {v:.3g}" for k, v in asdict(told).items())


def potentials_of(record: UnitsRecord, units: Sequence[MotorUnit]) -> GridPotentials | None:
    """Potentials of units of the record on its grid; None where no grid is stated."""
    grid = record.grid
    if grid is None or not record.places or None in record.places:
        return None
    rows = np.full((grid.rows, grid.cols), -1, np.int64)
    for channel, place in enumerate(record.places):
        if place is not None:
            rows[place] = channel
    width = units[0].muap_uv.shape[1] if units else 1
    placed = np.empty((len(units), *rows.shape, width))
    for i, unit in enumerate(units):
        placed[i] = on_grid(unit.muap_uv, rows)
    return GridPotentials(placed, record.units.fs, grid.ied_mm)
