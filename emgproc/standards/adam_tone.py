"""ADNV: the tonic level of each muscle at both visits of a pair, and each infant's change."""

import math
from collections.abc import Iterator
from datetime import date

from emgproc.outcome.change_model import DoseChange
from emgproc.outcome.model import InfantOutcome, Pair, VisitLevel
from emgproc.standards.adam_source import Analysis
from emgproc.standards.datasets_model import Dataset, Row, Value
from emgproc.standards.sdtm_source import SIDES, yes
from emgproc.study.model import SESSIONS, VISIT_OF_SESSION

MEAN = "TONEMEAN"
POST = "ses-post"


def tone_analysis(analysis: Analysis) -> Dataset:
    """ADNV: a baseline and a visit row for each muscle, side and pair of visits; D of each infant.

    The limit of detection belongs to a pair, so the baseline of a muscle can differ between its
    pairs: BASETYPE tells which pair a row is of.
    """
    outcome = analysis.outcome
    pairs = list(outcome.pairs)
    if outcome.visit_session != POST:
        pairs += outcome.pairs_post
    rows: list[Row] = []
    for who, infant in analysis.infants.items():
        for pair in pairs:
            if pair.participant_id == who:
                rows += _pair_rows(analysis, pair, infant)
        rows += _means(analysis, infant)
    names = ("USUBJID", "PARAMCD", "BASETYPE", "AVISITN")
    return analysis.export.dataset(
        "ADNV", sorted(rows, key=lambda row: tuple(str(row[name]) for name in names))
    )


def _pair_rows(analysis: Analysis, pair: Pair, infant: InfantOutcome) -> Iterator[Row]:
    plan = analysis.export.study.protocol.primary
    side = SIDES.get(pair.side, "").lower()
    muscle = pair.muscle.replace("_", " ")
    parameter: dict[str, Value] = {
        "PARAMCD": f"T{plan.muscles.index(pair.muscle) + 1:02}{pair.side}",
        "PARAM": f"Tonic level T (ln uV), {muscle}, {side}".removesuffix(", "),
        "PARCAT1": "TONIC LEVEL OF A MUSCLE",
        "BASETYPE": _base_type(analysis, pair.session_id),
        "BASE": pair.baseline.tone_ln,
        "LODUV2": pair.lod2_uv2,
    }
    entering = infant.change_ln is not None and pair.session_id == analysis.outcome.visit_session
    for level in (pair.baseline, pair.visit):
        yield {
            **_infant(analysis, pair.participant_id),
            **parameter,
            **_visit(analysis, pair.participant_id, level.session_id, level.recording_id),
            **_level(level),
            **(_change(pair, entering=entering) if level is pair.visit else {"ABLFL": "Y"}),
            **_reason(analysis, pair, level),
        }


def _infant(analysis: Analysis, who: str) -> dict[str, Value]:
    return {**analysis.first_columns(who), "SUBJID": who, "FASFL": "Y"}


def _base_type(analysis: Analysis, session_id: str) -> str:
    first = VISIT_OF_SESSION[analysis.outcome.baseline_session]
    return f"PAIR {first}, {VISIT_OF_SESSION[session_id]}"


def _level(level: VisitLevel) -> dict[str, Value]:
    return {
        "AVAL": level.tone_ln,
        "DTYPE": "LOD" if level.censored else None,
        "QCFL": yes(not level.reason) if level.recording_id else None,
        "NVLNKID": level.recording_id,
    }


def _change(pair: Pair, *, entering: bool) -> dict[str, Value]:
    change = pair.change_ln
    return {
        "CHG": change,
        "R2BASE": None if change is None else math.exp(change),
        "ANL01FL": "Y" if entering and change is not None else None,
    }


def _reason(analysis: Analysis, pair: Pair, level: VisitLevel) -> dict[str, Value]:
    """Why the level is missing: its own reason, else the pair's."""
    if level.tone_ln is not None:
        return {}
    return analysis.reason(level.reason or pair.reason)


def _means(analysis: Analysis, infant: InfantOutcome) -> Iterator[Row]:
    """D of the infant at the primary visit, and right after the last dose."""
    primary = analysis.outcome.visit_session
    told = {primary: (infant.change_ln, infant.reason)}
    told.setdefault(POST, (infant.change_post_ln, infant.post_reason))
    for session_id, (change, reason) in told.items():
        entering = session_id == primary and change is not None
        yield {
            **_mean(analysis, infant, change, reason),
            "BASETYPE": _base_type(analysis, session_id),
            **_visit(analysis, infant.participant_id, session_id),
            "ANL01FL": "Y" if entering else None,
            **_criterion(analysis, change),
        }
    for found in analysis.outcome.secondary.dose_changes:
        if found.participant_id == infant.participant_id:
            yield _after_dose(analysis, infant, found)


def _after_dose(analysis: Analysis, infant: InfantOutcome, found: DoseChange) -> Row:
    """D right after one dose, of a visit planned after each; its window is that of the dose."""
    recording = next(iter(found.recordings), "")
    day = analysis.recorded_on.get(recording)
    return {
        **_mean(analysis, infant, found.change_ln, found.reason),
        "BASETYPE": f"{_base_type(analysis, POST)} DOSE {found.dose_no}",
        "AVISITN": SESSIONS.index(POST) + 1,
        "AVISIT": VISIT_OF_SESSION[POST],
        "ADT": analysis.export.shown(day),
        "ADY": analysis.export.day(infant.participant_id, day),
        "AWLO": found.first_day,
        "AWHI": found.last_day,
        **_criterion(analysis, found.change_ln),
    }


def _mean(
    analysis: Analysis, infant: InfantOutcome, change: float | None, reason: str
) -> dict[str, Value]:
    return {
        **_infant(analysis, infant.participant_id),
        "PARAMCD": MEAN,
        "PARAM": "Tonic level T (ln uV), mean over muscle groups",
        "PARCAT1": "MEAN OVER MUSCLE GROUPS",
        "CHG": change,
        "R2BASE": None if change is None else math.exp(change),
        **({} if change is not None else analysis.reason(reason)),
    }


def _criterion(analysis: Analysis, change: float | None) -> dict[str, Value]:
    limit = analysis.detectable_ln
    if limit is None:
        return {}
    sign = "" if analysis.sign > 0 else "-"
    met = None if change is None else analysis.sign * change > limit
    return {"CRIT1": f"{sign}CHG > MDC95 ({limit!r})", "CRIT1FL": yes(met)}


def _visit(
    analysis: Analysis, who: str, session_id: str, recording_id: str = ""
) -> dict[str, Value]:
    """Visit, day, and where the day lies in its window."""
    export, study = analysis.export, analysis.export.study
    day = analysis.visit_day(who, session_id, recording_id)
    due, window = study.visit_due(who, session_id), study.visit_window(who, session_id)
    low, high = window or (None, None)
    return {
        "AVISITN": SESSIONS.index(session_id) + 1,
        "AVISIT": VISIT_OF_SESSION[session_id],
        "ADT": export.shown(day),
        "ADY": export.day(who, day),
        "AWTARGET": export.day(who, due),
        "AWTDIFF": _days(due, day),
        "AWLO": export.day(who, low),
        "AWHI": export.day(who, high),
    }


def _days(start: date | None, end: date | None) -> int | None:
    return None if start is None or end is None else (end - start).days
