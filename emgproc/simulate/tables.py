"""The tables of a simulated study, as its check wants them; empty cells are `n/a` (BIDS)."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np

from emgproc.simulate.trial import StudyDesign

Row = Mapping[str, object]
Table = tuple[list[str], Sequence[Row]]
MISSING = "n/a"


def tsv(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """A tab-separated table with a header; absent, empty and None cells are `n/a`."""
    lines = ["\t".join(columns)]
    lines += ["\t".join(_cell(row.get(name)) for name in columns) for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    if value is None or value == "":
        return MISSING
    if isinstance(value, bool):
        return "Y" if value else "N"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def participants(design: StudyDesign) -> Table:
    """Rows of participants.tsv, and their columns with one for each criterion a person judges."""
    judged = [c for c in design.protocol.design.criteria if c.check == "investigator"]
    answers = {f"crit_{c.id}": "Y" if c.kind == "inclusion" else "N" for c in judged}
    columns = [
        "participant_id", "arm", "age_months", "sex", "index_date", "consent_date",
        "genetic_confirm", "genetic_date", "smn2_copies", "enrolled", "death_date",
        "last_contact_date", *answers,
    ]  # fmt: skip
    rows = [
        {
            "participant_id": infant.participant_id,
            "arm": infant.arm,
            "age_months": infant.age_months,
            "sex": infant.sex,
            "index_date": infant.index_date,
            "consent_date": infant.index_date - timedelta(days=20),
            "genetic_confirm": "Y",
            "genetic_date": infant.index_date - timedelta(days=40),
            "smn2_copies": 2,
            "enrolled": "Y",
            "death_date": infant.death_date,
            "last_contact_date": infant.last_contact,
            **answers,
        }
        for infant in design.infants
    ]
    return columns, rows


def visits(design: StudyDesign) -> Table:
    """Rows of visits.tsv; a missed visit has no date but a reason."""
    rows = [
        {
            "participant_id": infant.participant_id,
            "session_id": visit.session_id,
            "date": None if visit.missed else visit.day,
            "status": "missed" if visit.missed else "done",
            "reason": visit.missed,
        }
        for infant in design.infants
        for visit in infant.visits
    ]
    return ["participant_id", "session_id", "date", "status", "reason"], rows


def exposures(design: StudyDesign) -> Table:
    """Rows of phenotype/exposures.tsv: every planned dose of the treated, as planned."""
    dose = design.protocol.dose
    rows = [
        {
            "participant_id": infant.participant_id,
            "dose_no": number,
            "datetime": f"{day}T10:00:00",
            "planned_cells": f"{level:.0f}",
            "given_cells": f"{level:.0f}",
            "route": dose.route,
            "lot": f"SYNTHETIC-{number}",
            "release_qc": "pass",
            "interrupted": "N",
        }
        for infant in design.infants
        for number, (day, level) in enumerate(zip(infant.dose_dates, dose.levels, strict=False), 1)
    ]
    columns = [
        "participant_id", "dose_no", "datetime", "planned_cells", "given_cells", "route", "lot",
        "release_qc", "interrupted",
    ]  # fmt: skip
    return columns, rows


def clinical_events(design: StudyDesign) -> Table:
    """Rows of phenotype/clinical_events.tsv: the death, the other therapy, mild fevers."""
    therapies = design.protocol.ice.other_sma_therapies
    rows: list[Row] = []
    for infant in design.infants:
        events: list[dict[str, object]] = []
        if infant.dose_dates and infant.number % 4 == 1:
            start = infant.dose_dates[0] + timedelta(days=1)
            end = start + timedelta(days=1)
            events.append(_event("ae", "fever", start, end=end, grade=1, related="possible"))
        if infant.other_therapy_date is not None:
            term = therapies[0] if therapies else "other SMA therapy"
            events.append(_event("other_sma_therapy", term, infant.other_therapy_date))
        if infant.death_date is not None:
            died = infant.death_date
            events.append(
                _event("death", "respiratory failure", died, end=died, grade=5, serious="Y")
            )
        for number, event in enumerate(events, 1):
            name = f"{infant.participant_id.removeprefix('sub-')}-{number}"
            rows.append({"participant_id": infant.participant_id, "event_id": name, **event})
    columns = [
        "participant_id", "event_id", "kind", "term", "start", "end", "grade", "serious", "related"
    ]  # fmt: skip
    return columns, rows


def _event(kind: str, term: str, start: date, **more: object) -> dict[str, object]:
    return {"kind": kind, "term": term, "start": start, **more}


def csf(design: StudyDesign) -> Table:
    """Rows of phenotype/csf.tsv: one sample of each treated infant at the last dose."""
    rng = np.random.default_rng((design.seed, 0, 1))
    rows = [
        {
            "participant_id": infant.participant_id,
            "date": infant.dose_dates[-1],
            "volume_ml": 2.0,
            "method": "qPCR",
            "marker": "donor STR",
            "result": str(rng.choice(["pos", "neg", "neg"])),
        }
        for infant in design.infants
        if infant.dose_dates
    ]
    return ["participant_id", "date", "volume_ml", "method", "marker", "result"], rows


def measurements(rows: Sequence[Row]) -> Table:
    """Columns of phenotype/measurements.tsv around rows made with the recordings."""
    columns = [
        "participant_id", "session_id", "muscle", "side", "nerve", "measure", "value", "absent",
        "source",
    ]  # fmt: skip
    return columns, rows
