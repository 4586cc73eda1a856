"""SDTM of what was done and what happened: EX, EC, AE, CM, PR."""

from collections.abc import Sequence
from datetime import date

from emgproc.standards.datasets_model import Dataset, Row, Value
from emgproc.standards.sdtm_source import MILLION, Export, capitals, numbered, qualifiers, yes
from emgproc.study.doses import DoseRow, doses_of
from emgproc.study.rows import ClinicalEvent, Exposure

DOSE_UNIT = "10^6 CELLS"
ADVERSE = {
    "ae": "ADVERSE EVENT", "infection": "INFECTION", "sensitivity": "SENSITIVITY",
    "death": "DEATH",
}  # fmt: skip
PROCEDURES = {"ventilation": "VENTILATION", "tracheostomy": "TRACHEOSTOMY", "csf": "CSF"}


def event_domains(export: Export) -> tuple[Dataset, ...]:
    """EX, EC where a dose was not given as planned, AE, CM, PR, and their supplements."""
    doses = sorted(export.study.exposures, key=lambda e: (e.participant_id, e.dose_no))
    given = [dose for dose in doses if dose.given_cells > 0]
    exposure = numbered([_exposure(export, dose) for dose in given], "EXSEQ")
    adverse_events = adverse(export)
    events = numbered([_adverse(export, event) for event in adverse_events], "AESEQ")
    procedures = _of_kinds(export, *PROCEDURES)
    done = numbered([_procedure(export, event) for event in procedures], "PRSEQ")
    return (
        export.dataset("EX", exposure),
        export.dataset("SUPPEX", _product(export, given, exposure)),
        export.dataset("EC", _collected(export, doses)),
        export.dataset("AE", events),
        export.dataset("SUPPAE", _expected(adverse_events, events)),
        export.dataset("CM", numbered(_therapies(export), "CMSEQ")),
        export.dataset("PR", done),
        export.dataset("SUPPPR", _hours(procedures, done)),
    )


def treatment_name(export: Export) -> str:
    """Name of the product, or of the arm that receives it."""
    plan = export.study.protocol.dose
    return plan.product or export.arm_name(plan.arm)


def adverse(export: Export) -> list[ClinicalEvent]:
    """Adverse events by infant and day; a death where no fatal event of the infant is recorded."""
    events = _of_kinds(export, *ADVERSE)
    fatal = {e.participant_id for e in events if e.kind != "death" and e.grade == 5}
    return [e for e in events if e.kind != "death" or e.participant_id not in fatal]


def _exposure(export: Export, dose: Exposure) -> Row:
    day = dose.given_at.date()
    return {
        **export.infant(dose.participant_id, "EX"),
        "EXSPID": str(dose.dose_no),
        "EXTRT": capitals(treatment_name(export)),
        "EXDOSE": dose.given_cells / MILLION,
        "EXDOSU": DOSE_UNIT,
        "EXROUTE": capitals(dose.route),
        "EXLOT": export.text(dose.lot),
        "EPOCH": "TREATMENT",
        "EXSTDTC": export.dtc(day),
        "EXENDTC": export.dtc(day),
        "EXSTDY": export.day(dose.participant_id, day),
        "EXENDY": export.day(dose.participant_id, day),
    }


def _product(export: Export, doses: Sequence[Exposure], rows: Sequence[Row]) -> list[Row]:
    found: list[Row] = []
    for dose, row in zip(doses, rows, strict=True):
        viability = dose.viability_pct
        told = {
            "PASSAGE": export.text(dose.passage),
            "VIABPCT": None if viability is None else repr(viability),
            "RELQC": dose.release_qc.upper(),
            "DONOR": dose.donor,
            "INTERRUP": yes(dose.interrupted),
        }
        found += qualifiers(row, "EXSEQ", told)
    return found


def _collected(export: Export, doses: Sequence[Exposure]) -> list[Row]:
    """Planned and given side by side; nothing where every planned dose was given as planned."""
    planned = doses_of(export.study)
    told = {(dose.participant_id, dose.dose_no): dose for dose in doses}
    as_planned = all(
        dose.status == "given" and _as_its_row_plans(told[dose.participant_id, dose.dose_no])
        for dose in planned
    )
    if as_planned:
        return []
    rows: list[Row] = []
    for dose in sorted(planned, key=lambda d: (d.participant_id, d.dose_no)):
        row = told.get((dose.participant_id, dose.dose_no))
        rows.append(_scheduled(export, dose, row))
        if row is not None:
            rows.append(_performed(export, row))
    return numbered(rows, "ECSEQ")


def _as_its_row_plans(dose: Exposure) -> bool:
    return dose.given_cells == dose.planned_cells and not dose.interrupted


def _scheduled(export: Export, dose: DoseRow, row: Exposure | None) -> Row:
    cells = row.planned_cells if row is not None else dose.planned_cells
    return {
        **_dose(export, dose.participant_id, dose.dose_no, cells),
        "ECMOOD": "SCHEDULED",
        "ECROUTE": capitals(export.study.protocol.dose.route),
        "ECSTDY": dose.nominal_day,
    }


def _performed(export: Export, dose: Exposure) -> Row:
    day = dose.given_at.date()
    return {
        **_dose(export, dose.participant_id, dose.dose_no, dose.given_cells),
        "ECMOOD": "PERFORMED",
        "ECOCCUR": yes(dose.given_cells > 0),
        "ECROUTE": capitals(dose.route),
        "ECLOT": export.text(dose.lot),
        "ECSTDTC": export.dtc(day),
        "ECSTDY": export.day(dose.participant_id, day),
    }


def _dose(export: Export, who: str, number: int, cells: float | None) -> dict[str, Value]:
    return {
        **export.infant(who, "EC"),
        "ECSPID": str(number),
        "ECTRT": capitals(treatment_name(export)),
        "ECDOSE": cells / MILLION if cells else None,
        "ECDOSU": DOSE_UNIT if cells else None,
    }


def _of_kinds(export: Export, *kinds: str) -> list[ClinicalEvent]:
    events = [event for event in export.study.clinical_events if event.kind in kinds]
    return sorted(events, key=lambda e: (e.participant_id, e.start, e.event_id))


def _span(export: Export, event: ClinicalEvent, prefix: str) -> dict[str, Value]:
    who, lasting = event.participant_id, event.end is None and event.kind != "death"
    end: date | None = event.start if event.kind == "death" else event.end
    return {
        f"{prefix}SPID": event.event_id,
        f"{prefix}STDTC": export.dtc(event.start),
        f"{prefix}ENDTC": export.dtc(end),
        f"{prefix}STDY": export.day(who, event.start),
        f"{prefix}ENDY": export.day(who, end),
        f"{prefix}ENRTPT": "ONGOING" if lasting else None,
        f"{prefix}ENTPT": "DATA CUT-OFF" if lasting else None,
    }


def _adverse(export: Export, event: ClinicalEvent) -> Row:
    who, death = event.participant_id, event.kind == "death"
    return {
        **export.infant(who, "AE"),
        **_span(export, event, "AE"),
        "AETERM": export.text(event.term),
        "AELLT": event.meddra_llt,
        "AEDECOD": event.meddra_pt,
        "AEBODSYS": event.meddra_soc,
        "AECAT": ADVERSE[event.kind],
        "AESCAT": capitals(event.category),
        "AESER": yes(event.serious),
        "AEACNOTH": export.text(event.action),
        "AEREL": event.related.upper(),
        "AEOUT": "FATAL" if death else export.text(event.outcome).upper(),
        "AESDTH": "Y" if death or event.grade == 5 else None,
        "AETOXGR": None if event.grade is None else str(event.grade),
    }


def _expected(events: Sequence[ClinicalEvent], rows: Sequence[Row]) -> list[Row]:
    return [
        supplement
        for event, row in zip(events, rows, strict=True)
        for supplement in qualifiers(row, "AESEQ", {"EXPECTED": yes(event.expected)})
    ]


def _therapies(export: Export) -> list[Row]:
    return [
        {
            **export.infant(event.participant_id, "CM"),
            **_span(export, event, "CM"),
            "CMTRT": export.text(event.term),
            "CMCAT": "OTHER SMA THERAPY",
        }
        for event in _of_kinds(export, "other_sma_therapy")
    ]


def _procedure(export: Export, event: ClinicalEvent) -> Row:
    return {
        **export.infant(event.participant_id, "PR"),
        **_span(export, event, "PR"),
        "PRTRT": export.text(event.term),
        "PRCAT": PROCEDURES[event.kind],
    }


def _hours(events: Sequence[ClinicalEvent], rows: Sequence[Row]) -> list[Row]:
    found: list[Row] = []
    for event, row in zip(events, rows, strict=True):
        hours = event.hours_per_day
        found += qualifiers(row, "PRSEQ", {"HRSPDAY": None if hours is None else repr(hours)})
    return found
