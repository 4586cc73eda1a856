"""A study and its outcome as ADaM: one row per infant, and the analysis datasets around it."""

from emgproc.outcome.events import EARLY, LATE, NOT_PER_PROTOCOL, OTHER_THERAPY, VENTILATION
from emgproc.outcome.model import InfantOutcome
from emgproc.standards.adam_events import event_analysis
from emgproc.standards.adam_ranks import composite_ranks
from emgproc.standards.adam_source import Analysis
from emgproc.standards.adam_tone import tone_analysis
from emgproc.standards.datasets_model import Dataset, Row, Value
from emgproc.standards.sdtm_people import completed_months, end_of_study
from emgproc.standards.sdtm_source import MILLION, yes
from emgproc.study.rows import Participant


def adam_datasets(analysis: Analysis) -> tuple[Dataset, ...]:
    """Every ADaM dataset that has rows: ADAE, ADCE, ADNV, ADSL, ADTTE.

    Parameters
    ----------
    analysis
        An export with its outcome. Tone in ADNV and ranks in ADCE are those of the outcome;
        nothing is measured or tested anew here.

    Returns
    -------
    tuple of Dataset
        Dates are missing unless the export's `dates` is `iso`; study days are always there.

    Raises
    ------
    ParameterError
        A value breaks the rules of its variable; the message says which.
    """
    export = analysis.export
    found = (
        export.dataset("ADSL", [_subject(analysis, person) for person in export.people()]),
        tone_analysis(analysis),
        *event_analysis(analysis),
        composite_ranks(analysis),
    )
    return tuple(sorted((d for d in found if d.rows), key=lambda d: d.name))


def _subject(analysis: Analysis, person: Participant) -> Row:
    who = person.participant_id
    return {
        **analysis.export.infant(who),
        "SUBJID": who,
        "SITEID": "1",
        "AGE": completed_months(person),
        "AGEU": "MONTHS",
        "SEX": person.sex,
        "SMN2CN": person.smn2_copies,
        "GENCONF": person.genetic_confirm,
        **_doses(analysis, person),
        **_end(analysis, person),
        **(_enrolled(analysis, person) if person.enrolled else {"FASFL": "N", "SAFFL": "N"}),
    }


def _doses(analysis: Analysis, person: Participant) -> dict[str, Value]:
    export, study, who = analysis.export, analysis.export.study, person.participant_id
    given, last = study.doses(who), study.last_dose(who)
    treated = person.enrolled and study.treated_of(who)
    return {
        "INDEXDT": export.shown(person.index_date),
        "TRTSDT": export.shown(study.first_dose(who)),
        "TRTEDT": export.shown(last),
        "TRTEDY": export.day(who, last),
        "NDOSE": len(given),
        "CUMDOSE": sum(dose.given_cells for dose in given) / MILLION,
        "PLANDOSE": study.protocol.cumulative_dose() / MILLION if treated else 0.0,
    }


def _end(analysis: Analysis, person: Participant) -> dict[str, Value]:
    export, who = analysis.export, person.participant_id
    died = export.death(who)
    decoded = end_of_study(export, person)[0]
    completed = decoded == "COMPLETED"
    status = "COMPLETED" if completed else "DISCONTINUED" if person.enrolled else "NOT STARTED"
    return {
        "DTHFL": "Y" if died else None,
        "DTHDT": export.shown(died),
        "DTHDY": export.day(who, died),
        "LSTALVDT": export.shown(died or person.last_contact_date),
        "LSTALVDY": export.day(who, died or person.last_contact_date),
        "WITHDY": export.day(who, person.withdrawn_date),
        "EOSSTT": status,
        "DCSREAS": None if completed else decoded,
    }


def _enrolled(analysis: Analysis, person: Participant) -> dict[str, Value]:
    who = person.participant_id
    infant = analysis.infants[who]
    treated = analysis.export.study.treated_of(who)
    actual = analysis.safety_set(who)
    return {
        "ARMCD": person.arm,
        "ARM": analysis.export.arm_name(person.arm),
        **analysis.treatment(who),
        "TRT01PN": int(treated),
        "TRT01AN": int(treated) if actual else None,
        "FASFL": "Y",
        "SAFFL": yes(actual),
        **_flags(infant),
        **({} if infant.in_primary else analysis.reason(infant.reason, "PRIMREAS")),
    }


def _flags(infant: InfantOutcome) -> dict[str, Value]:
    flags = set(infant.flags)
    return {
        "PPROTFL": yes(NOT_PER_PROTOCOL not in flags),
        "PRIMFL": yes(infant.in_primary),
        "OTHTRTFL": yes(OTHER_THERAPY in flags),
        "VENTFL": yes(VENTILATION in flags),
        "LATEFL": yes(bool(flags & {LATE, EARLY})),
    }
