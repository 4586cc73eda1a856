"""ADTTE and ADAE: time to death or ventilation, and the adverse events, from the index date."""

from datetime import date

from emgproc.outcome.events import ventilated_since
from emgproc.standards.adam_source import Analysis
from emgproc.standards.datasets_model import Dataset, Row, Value, codelists
from emgproc.standards.sdtm_events import ADVERSE, adverse
from emgproc.standards.sdtm_source import capitals, numbered, yes
from emgproc.study.rows import ClinicalEvent

DEATH, COMPOSITE = "DEATH", "DTHPVENT"


def event_analysis(analysis: Analysis) -> tuple[Dataset, Dataset]:
    """ADTTE and ADAE of the enrolled infants."""
    export = analysis.export
    times = [_time(analysis, who, code) for who in analysis.infants for code in (DEATH, COMPOSITE)]
    return (
        export.dataset("ADTTE", times),
        export.dataset("ADAE", [_adverse(analysis, *item) for item in _enrolled(analysis)]),
    )


def _time(analysis: Analysis, who: str, code: str) -> Row:
    """Days to the event, or to the last day on which the infant was known to be without it."""
    export, study = analysis.export, analysis.export.study
    origin = study.index_date(who)
    happened = _first_event(analysis, who, code)
    day, ending = (happened[0], _event(*happened[1:])) if happened else _censored(analysis, who)
    return {
        **analysis.first_columns(who),
        "FASFL": "Y",
        "PARAMCD": code,
        "PARAM": codelists()["TTEPARM"][code],
        "AVAL": (day - origin).days,
        "AVALU": "DAYS",
        "STARTDT": export.shown(origin),
        "ADT": export.shown(day),
        "ADY": export.day(who, day),
        **ending,
    }


def _first_event(analysis: Analysis, who: str, code: str) -> tuple[date, str, str] | None:
    """Day, name and source of the event that came first; death where both fell on one day."""
    died = analysis.export.death(who)
    found = [] if died is None else [(died, 0, "DEATH", "DM")]
    if code == COMPOSITE:
        since = ventilated_since(analysis.export.study, who)
        found += [] if since is None else [(since, 1, "PERMANENT VENTILATION", "PR")]
    if not found:
        return None
    day, _, name, source = min(found)
    return day, name, source


def _event(name: str, source: str) -> dict[str, Value]:
    return {"CNSR": 0, "EVNTDESC": name, "SRCDOM": source}


def _censored(analysis: Analysis, who: str) -> tuple[date, dict[str, Value]]:
    study = analysis.export.study
    contact, cut_off = study.participant(who).last_contact_date, study.protocol.study.data_cutoff
    why = "LAST CONTACT" if contact <= cut_off else "DATA CUT-OFF"
    ending: dict[str, Value] = {
        "CNSR": 1, "EVNTDESC": "WITHOUT EVENT", "CNSDTDSC": why, "SRCDOM": "DM",
    }  # fmt: skip
    return min(contact, cut_off), ending


def _enrolled(analysis: Analysis) -> list[tuple[ClinicalEvent, Value]]:
    """Events of the enrolled, each with its AESEQ."""
    export = analysis.export
    events = adverse(export)
    rows = numbered([export.infant(event.participant_id) for event in events], "AESEQ")
    return [
        (event, row["AESEQ"])
        for event, row in zip(events, rows, strict=True)
        if event.participant_id in analysis.infants
    ]


def _adverse(analysis: Analysis, event: ClinicalEvent, number: Value) -> Row:
    export, who = analysis.export, event.participant_id
    told = analysis.safety[who, event.event_id]
    death = event.kind == "death"
    return {
        **analysis.first_columns(who),
        "SAFFL": yes(analysis.safety_set(who)),
        "AESEQ": number,
        "AETERM": export.text(event.term),
        "ACAT1": ADVERSE[event.kind],
        "ACAT2": capitals(told.category),
        "ASTDT": export.shown(event.start),
        "AENDT": export.shown(event.start if death else event.end),
        "ASTDY": told.day,
        "AENDY": told.day if death else told.end_day,
        "TRTEMFL": yes(told.emergent),
        "DSLDOSE": told.days_after_dose,
        "AESER": yes(event.serious),
        "AREL": event.related.upper(),
        "ATOXGRN": event.grade,
        "AESDTH": "Y" if death or event.grade == 5 else None,
    }
