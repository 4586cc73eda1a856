"""Checks of participants: eligibility, genetic confirmation, dates, deaths, numbers."""

import math
from collections.abc import Iterator
from datetime import date

from emgproc.study.columns import CLINICAL_EVENTS, PARTICIPANTS
from emgproc.study.criteria import EligibilityRow, criteria_of
from emgproc.study.labels import nearest
from emgproc.study.model import Study
from emgproc.study.rows import Participant, Problem, Severity


def check_people(study: Study) -> Iterator[Problem]:
    """Yield what is wrong with the participants and the record of their deaths."""
    for person in study.participants:
        yield from _order(person)
        if person.enrolled:
            yield from _eligibility(study, person)
            yield from _genetics(study, person)
    yield from _deaths(study)
    yield from _therapies(study)
    yield from _numbers(study)


def _problem(
    person: Participant, column: str, code: str, message: str, value: object = ""
) -> Problem:
    severity: Severity = "warning" if code.startswith("W") else "error"
    return Problem(PARTICIPANTS, person.row, column, code, message, severity, str(value))


def _order(person: Participant) -> Iterator[Problem]:
    pairs: tuple[tuple[str, date | None, str, date | None], ...] = (
        ("death_date", person.death_date, "index_date", person.index_date),
        ("last_contact_date", person.last_contact_date, "index_date", person.index_date),
        ("withdrawn_date", person.withdrawn_date, "consent_date", person.consent_date),
        ("index_date", person.index_date, "consent_date", person.consent_date),
        ("death_date", person.death_date, "last_contact_date", person.last_contact_date),
    )
    for column, day, earlier_column, earlier in pairs:
        if day is not None and earlier is not None and day < earlier:
            what = f"{column} before {earlier_column} {earlier}"
            yield _problem(person, column, "E020", what, day)


def _eligibility(study: Study, person: Participant) -> Iterator[Problem]:
    for row in criteria_of(study.protocol, person):
        if row.admits is False:
            yield _broken(person, row)
        elif row.admits is None and row.enforced:
            what = f"{row.kind} {row.criterion_id} {row.text!r}: {row.reason}"
            yield _problem(person, row.column, "W111", what, row.value)
        elif row.at_bound:
            what = f"{getattr(person, row.column):.1f} is on the boundary of {row.check}"
            yield _problem(person, row.column, "W102", what)
    yield from _opposites(study, person)
    yield from _sex(study, person)


def _broken(person: Participant, row: EligibilityRow) -> Problem:
    check = "" if row.check == "investigator" else f" ({row.check})"
    what = (
        f"enrolled, but {row.kind} {row.criterion_id} {row.text!r}{check} is {row.state}; "
        "correct the value, or set enrolled to N"
    )
    return _problem(person, row.column, "E061" if row.enforced else "W111", what, row.value)


def _opposites(study: Study, person: Participant) -> Iterator[Problem]:
    """Yield answers to one question asked both ways that do not fit each other (C9, W123)."""
    for criterion in study.protocol.design.criteria:
        answers = [person.criteria.get(name) for name in (criterion.id, criterion.opposite_of)]
        if answers in (["Y", "Y"], ["N", "N"]):
            other = f"crit_{criterion.opposite_of}"
            what = f"{criterion.text!r} is the opposite of {other}, which is {answers[1]} too"
            yield _problem(person, f"crit_{criterion.id}", "W123", what, answers[0])


def _sex(study: Study, person: Participant) -> Iterator[Problem]:
    admitted = {"female": "F", "male": "M"}.get(study.protocol.design.sexes)
    if admitted is not None and person.sex not in {admitted, "U"}:
        what = f"enrolled, but design.sexes admits {study.protocol.design.sexes} only"
        yield _problem(person, "sex", "E061", what, person.sex)


def _genetics(study: Study, person: Participant) -> Iterator[Problem]:
    treated = study.treated_of(person.participant_id)
    first = study.first_dose(person.participant_id)
    if person.genetic_confirm != "Y":
        if treated and first is not None:
            what = f"dose 1 on {first} without a genetic confirmation (genetic_confirm must be Y)"
            yield _problem(person, "genetic_confirm", "E024", what, person.genetic_confirm)
        else:
            what = f"genetic_confirm is not Y in arm {person.arm}"
            yield _problem(person, "genetic_confirm", "W107", what, person.genetic_confirm)
    elif treated and person.genetic_date is None:
        what = "genetic_date missing: that it precedes dose 1 cannot be checked"
        yield _problem(person, "genetic_date", "W107", what)
    elif treated and first is not None and person.genetic_date and person.genetic_date > first:
        what = f"genetic confirmation after dose 1 on {first}"
        yield _problem(person, "genetic_date", "E024", what, person.genetic_date)


def _deaths(study: Study) -> Iterator[Problem]:
    for event in study.clinical_events:
        died = study.death_date(event.participant_id)
        if event.kind == "death" and died != event.start:
            stated = f"is {died}" if died else "is empty"
            what = f"death of {event.participant_id}, but death_date in {PARTICIPANTS} {stated}"
            yield Problem(
                CLINICAL_EVENTS, event.row, "start", "E062", what, value=str(event.start)
            )
        elif event.grade == 5 and died is None:
            what = f"grade 5 means death, but {event.participant_id} has no death_date"
            yield Problem(CLINICAL_EVENTS, event.row, "grade", "W106", what, "warning", "5")


def _therapies(study: Study) -> Iterator[Problem]:
    """Yield other therapies that the protocol's list of them does not hold (R29, W122)."""
    known = study.protocol.ice.other_sma_therapies
    folded = {name.casefold() for name in known}
    for event in study.clinical_events:
        unlisted = event.term.casefold() not in folded
        if event.kind == "other_sma_therapy" and known and unlisted:
            what = f"not in ice.other_sma_therapies{nearest(event.term, known)}"
            yield Problem(CLINICAL_EVENTS, event.row, "term", "W122", what, "warning", event.term)


def _numbers(study: Study) -> Iterator[Problem]:
    for arm in study.protocol.design.arms:
        enrolled = sum(person.arm == arm.id for person in study.enrolled())
        if enrolled != arm.planned_n:
            what = f"{enrolled} of {arm.planned_n} planned participants in arm {arm.id}"
            yield Problem(PARTICIPANTS, 0, "arm", "W103", what, "warning", str(enrolled))


def evaluable_problem(n_treated: int, n_control: int, alpha: float) -> Problem | None:
    """Tell when no result of these numbers can be significant (W109).

    Parameters
    ----------
    n_treated, n_control
        Evaluable participants per arm.
    alpha
        Two-sided level.

    Returns
    -------
    Problem or None
        A warning where 2/C(n, n_treated), the smallest two-sided p of an exact rank test without
        ties, exceeds `alpha`; also where an arm is empty.

    Examples
    --------
    >>> print(evaluable_problem(3, 4, 0.05))
    participants.tsv:0: W109 evaluable 3 v 4: smallest p 0.057 > alpha 0.05
    """
    splits = math.comb(n_treated + n_control, n_treated)
    smallest = min(1.0, 2 / splits)
    if smallest <= alpha:
        return None
    what = f"evaluable {n_treated} v {n_control}: smallest p {smallest:.3f} > alpha {alpha:g}"
    return Problem(PARTICIPANTS, 0, "", "W109", what, "warning")
