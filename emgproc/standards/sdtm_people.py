"""SDTM of the infants themselves: DM, IE, SV, DS, DD."""

import math
from datetime import date

from emgproc.standards.datasets_model import Dataset, Row, Value
from emgproc.standards.sdtm_source import Export, numbered, qualifiers, visit_columns, yes
from emgproc.study.criteria import eligibility_of
from emgproc.study.model import SESSION_OF_VISIT, SESSIONS, Study
from emgproc.study.rows import Participant, Visit

MILESTONE, EVENT = "PROTOCOL MILESTONE", "DISPOSITION EVENT"


def people_domains(export: Export) -> tuple[Dataset, ...]:
    """DM, IE, SV, DS, DD and the supplements of DM and SV."""
    demographics = [_demographics(export, person) for person in export.people()]
    visits = _visits(export)
    return (
        export.dataset("DM", demographics),
        export.dataset("SUPPDM", _genetics(export, demographics)),
        export.dataset("IE", _unmet(export)),
        export.dataset("SV", [row for row, _ in visits]),
        export.dataset("SUPPSV", _partial_visits(export, visits)),
        export.dataset("DS", _disposition(export)),
        export.dataset("DD", _deaths(export)),
    )


def completed_months(person: Participant) -> int:
    """Age in completed months: finer, beside a date, it would tell the birth date."""
    return math.floor(person.age_months + 1e-9)


def visit_done(study: Study, participant_id: str, session_id: str) -> bool:
    """Tell whether the visit took place, wholly or in part."""
    visit = study.visit(participant_id, session_id)
    return visit is not None and visit.date is not None and visit.status != "missed"


def _demographics(export: Export, person: Participant) -> Row:
    study, who = export.study, person.participant_id
    died = export.death(who)
    first, last = study.first_dose(who), study.last_dose(who)
    ends = [day for day in (died, person.withdrawn_date) if day is not None]
    return {
        **export.infant(who, "DM"),
        "SUBJID": who,
        "RFSTDTC": export.dtc(person.index_date),
        "RFENDTC": export.dtc(died or person.last_contact_date),
        "RFXSTDTC": export.dtc(first),
        "RFXENDTC": export.dtc(last),
        "RFICDTC": export.dtc(person.consent_date),
        "RFPENDTC": export.dtc(min([*ends, person.last_contact_date])),
        "DTHDTC": export.dtc(died),
        "DTHFL": "Y" if died else None,
        "SITEID": "1",
        "AGE": completed_months(person),
        "AGEU": "MONTHS",
        "SEX": person.sex,
        **arms_of(export, person),
    }


def arms_of(export: Export, person: Participant) -> dict[str, Value]:
    """Planned and actual arm, and why one of them is missing."""
    if not person.enrolled:
        return {"ARMNRS": "SCREEN FAILURE"}
    name = export.arm_name(person.arm)
    planned: dict[str, Value] = {"ARMCD": person.arm, "ARM": name}
    dosed = export.study.first_dose(person.participant_id) is not None
    if export.study.treated_of(person.participant_id) and not dosed:
        return planned | {"ARMNRS": "ASSIGNED, NOT TREATED"}
    return planned | {"ACTARMCD": person.arm, "ACTARM": name}


def _genetics(export: Export, demographics: list[Row]) -> list[Row]:
    return [
        supplement
        for row, person in zip(demographics, export.people(), strict=True)
        for supplement in qualifiers(
            row,
            "",
            {
                "GENCONF": person.genetic_confirm,
                "SMN2CN": None if person.smn2_copies is None else str(person.smn2_copies),
            },
        )
    ]


def _unmet(export: Export) -> list[Row]:
    """Only the criteria that do not admit an infant are rows of IE."""
    unmet = sorted(
        (row for row in eligibility_of(export.study) if row.admits is False),
        key=lambda row: row.participant_id,
    )
    rows: list[Row] = [
        {
            **export.infant(row.participant_id, "IE"),
            "IETESTCD": row.criterion_id,
            "IETEST": row.text,
            "IECAT": row.kind.upper(),
            "IEORRES": "N" if row.kind == "inclusion" else "Y",
            "IESTRESC": "N" if row.kind == "inclusion" else "Y",
        }
        for row in unmet
    ]
    return numbered(rows, "IESEQ")


def _visits(export: Export) -> list[tuple[Row, Visit]]:
    ordered = sorted(
        export.study.visits, key=lambda v: (v.participant_id, SESSIONS.index(v.session_id))
    )
    return [(_visit(export, visit), visit) for visit in ordered]


def _visit(export: Export, visit: Visit) -> Row:
    missed = visit.status == "missed"
    # The date of a missed visit is when it was due.
    when = None if missed else visit.date
    day = export.day(visit.participant_id, when)
    return {
        **export.infant(visit.participant_id, "SV"),
        **visit_columns(visit.session_id),
        "SVPRESP": "Y",
        "SVOCCUR": yes(not missed),
        "SVREASOC": export.text(visit.reason) if missed else None,
        "SVSTDTC": export.dtc(when),
        "SVENDTC": export.dtc(when),
        "SVSTDY": day,
        "SVENDY": day,
    }


def _partial_visits(export: Export, visits: list[tuple[Row, Visit]]) -> list[Row]:
    return [
        supplement
        for row, visit in visits
        if visit.status == "partial"
        for supplement in qualifiers(
            row,
            "VISITNUM",
            {"SVPART": export.text(visit.reason) or "reason not recorded"},
        )
    ]


def _disposition(export: Export) -> list[Row]:
    rows: list[Row] = []
    for person in export.people():
        who = person.participant_id
        told = [(MILESTONE, "INFORMED CONSENT OBTAINED", "", person.consent_date)]
        told = [item for item in told if item[3] is not None]
        for category, decoded, term, day in [*told, (EVENT, *end_of_study(export, person))]:
            rows.append(
                {
                    **export.infant(who, "DS"),
                    "DSTERM": export.text(term) or decoded,
                    "DSDECOD": decoded,
                    "DSCAT": category,
                    "DSSTDTC": export.dtc(day),
                    "DSSTDY": export.day(who, day),
                }
            )
    return numbered(rows, "DSSEQ")


def end_of_study(export: Export, person: Participant) -> tuple[str, str, date]:
    """Decoded term, reported term and day of an infant's end of study."""
    study, who = export.study, person.participant_id
    last = person.last_contact_date
    if not person.enrolled:
        return "SCREEN FAILURE", person.screen_fail_reason, last
    session = SESSION_OF_VISIT[study.protocol.primary.visit]
    visit = study.visit(who, session)
    if visit is not None and visit.date is not None and visit_done(study, who, session):
        return "COMPLETED", "", visit.date
    died = export.death(who)
    if died is not None:
        return "DEATH", "", died
    if person.withdrawn_date is not None:
        return "OTHER", "WITHDRAWN, REASON NOT RECORDED", person.withdrawn_date
    reason = visit.reason if visit is not None else ""
    return "OTHER", f"PRIMARY VISIT NOT DONE: {reason or 'REASON NOT RECORDED'}", last


def _deaths(export: Export) -> list[Row]:
    rows: list[Row] = []
    for person in export.people():
        who = person.participant_id
        died = export.death(who)
        if died is None:
            continue
        events = export.study.events_of(who, "death")
        cause = export.text(events[0].term) if events else ""
        rows.append(
            {
                **export.infant(who, "DD"),
                "DDTESTCD": "PRCDTH",
                "DDTEST": "Primary Cause of Death",
                "DDORRES": cause,
                "DDSTRESC": cause,
                "DDSTAT": None if cause else "NOT DONE",
                "DDREASND": None if cause else "cause not recorded",
                "DDDTC": export.dtc(died),
                "DDDY": export.day(who, died),
            }
        )
    return numbered(rows, "DDSEQ")
