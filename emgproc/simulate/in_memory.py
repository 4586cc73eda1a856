"""A designed study as the object that reading its folder would give, without a folder."""

from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import Any

from emgproc.simulate import tables
from emgproc.simulate.nerves import measurement_rows
from emgproc.simulate.tables import Row
from emgproc.simulate.trial import InfantDesign, StudyDesign
from emgproc.simulate.visits import SIDE, recorded, recording_id, short_name
from emgproc.study import (
    ClinicalEvent,
    Exposure,
    Measurement,
    Participant,
    RecordingRow,
    Study,
    Visit,
)

ROOT = Path("SYNTHETIC")  # there is no such folder: nothing of this study is ever read


def study_of(design: StudyDesign) -> Study:
    """The study that `load_study` would give of the folder of this design.

    Recordings have no file; the cerebrospinal fluid is left out, for no outcome reads it.

    Parameters
    ----------
    design
        As of `design_study`.
    """
    everyone = design.infants
    return Study(
        root=ROOT,
        protocol=design.protocol,
        participants=tuple(_participant(infant) for infant in everyone),
        visits=tuple(visit for infant in everyone for visit in _visits(infant)),
        recordings=tuple(row for infant in everyone for row in _recordings(design, infant)),
        exposures=tuple(dose for infant in everyone for dose in _doses(design, infant)),
        clinical_events=tuple(map(_event, tables.clinical_events(design)[1])),
        measurements=tuple(
            _measurement(row) for infant in everyone for row in measurement_rows(design, infant)
        ),
    )


def _event(row: Row) -> ClinicalEvent:
    cells: dict[str, Any] = {**row, "serious": True if row.get("serious") == "Y" else None}
    return ClinicalEvent(**cells)


def _measurement(row: Row) -> Measurement:
    cells: dict[str, Any] = dict(row)
    cells["value"] = None if cells["value"] == "" else float(cells["value"])
    return Measurement(**cells)


def _participant(infant: InfantDesign) -> Participant:
    return Participant(
        participant_id=infant.participant_id,
        arm=infant.arm,
        age_months=infant.age_months,
        sex="F" if infant.sex == "F" else "M",
        index_date=infant.index_date,
        last_contact_date=infant.last_contact,
        genetic_confirm="Y",
        death_date=infant.death_date,
    )


def _visits(infant: InfantDesign) -> Iterator[Visit]:
    for visit in infant.visits:
        yield Visit(
            participant_id=infant.participant_id,
            session_id=visit.session_id,
            date=None if visit.missed else visit.day,
            status="missed" if visit.missed else "done",
            reason=visit.missed,
        )


def _recordings(design: StudyDesign, infant: InfantDesign) -> Iterator[RecordingRow]:
    for position in recorded(infant) if design.scenario.surface else ():
        visit, name = infant.visits[position], recording_id(infant, position)
        for muscle in design.muscles:
            yield RecordingRow(
                recording_id=name,
                participant_id=infant.participant_id,
                session_id=visit.session_id,
                start=datetime.combine(visit.day, time(10, 30)),
                file=f"{name}.edf",
                muscle=muscle,
                side="L",
                task="rest",
                channel=f"{short_name(muscle)}_{SIDE}",
                device="SYNTHETIC",
                timed=True,
            )


def _doses(design: StudyDesign, infant: InfantDesign) -> Iterator[Exposure]:
    dose = design.protocol.dose
    levels = zip(infant.dose_dates, dose.levels, strict=False)
    for number, (day, level) in enumerate(levels, 1):
        yield Exposure(
            participant_id=infant.participant_id,
            dose_no=number,
            given_at=datetime.combine(day, time(10)),
            planned_cells=float(level),
            given_cells=float(level),
            route=dose.route,
            timed=True,
        )
