"""Eligibility of each infant, criterion by criterion, and why where it cannot be told."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from emgproc.study.eligibility import Rule
from emgproc.study.rows import Participant

if TYPE_CHECKING:
    from emgproc.study.model import Study
    from emgproc.study.protocol import Criterion, Protocol

CriterionState = Literal["met", "not met", "not known", "not computable"]

_STATES: dict[str, CriterionState] = {"Y": "met", "N": "not met"}


@dataclass(frozen=True, slots=True)
class EligibilityRow:
    """One criterion of one infant.

    Attributes
    ----------
    participant_id, arm, enrolled
        Who; `enrolled` is False for a screening failure.
    criterion_id, kind, text, source, check, enforced
        The criterion as `study.toml` states it.
    column
        Column of participants.tsv that decides.
    value
        What stands there: Y, N, NK or a number; empty where nothing does. An age counts in
        completed months.
    state
        Whether the criterion, as worded, is met: `met`, `not met`, `not known` (no answer, or
        NK) or `not computable` (the number its bound needs is missing).
    admits
        Whether it lets the infant in: an inclusion that is met, an exclusion that is not. None
        where the state is not told.
    at_bound
        Whether an inclusion's number is the last one still inside (C5).
    reason
        Why the state is not told, or what it was taken from; may be empty.
    """

    participant_id: str
    arm: str
    enrolled: bool
    criterion_id: str
    kind: Literal["inclusion", "exclusion"]
    text: str
    source: str
    check: str
    enforced: bool
    column: str
    value: str
    state: CriterionState
    admits: bool | None
    at_bound: bool = False
    reason: str = ""


def eligibility_of(study: "Study") -> tuple[EligibilityRow, ...]:
    """Eligibility of every infant by every criterion, screening failures too.

    Returns
    -------
    tuple of EligibilityRow
        In the order of participants.tsv, then of `design.criteria` (registry: inclusion and
        exclusion criteria, R15 and R16).
    """
    return tuple(
        row for person in study.participants for row in criteria_of(study.protocol, person)
    )


def criteria_of(protocol: "Protocol", person: Participant) -> Iterator[EligibilityRow]:
    """Yield the row of each criterion of one infant."""
    criteria = protocol.design.criteria
    opposites = {c.id: c.opposite_of for c in criteria if c.opposite_of}
    opposites = {**{other: name for name, other in opposites.items()}, **opposites}
    for criterion in criteria:
        if criterion.check == "investigator":
            found = _answered(person, criterion.id, opposites.get(criterion.id, ""))
        else:
            found = _computed(person, criterion)
        told = found.state in {"met", "not met"}
        lets_in = (found.state == "met") == (criterion.kind == "inclusion")
        yield EligibilityRow(
            participant_id=person.participant_id,
            arm=person.arm,
            enrolled=person.enrolled,
            criterion_id=criterion.id,
            kind=criterion.kind,
            text=criterion.text,
            source=criterion.source,
            check=criterion.check,
            enforced=criterion.enforce,
            column=found.column,
            value=found.value,
            state=found.state,
            admits=lets_in if told else None,
            at_bound=found.at_bound and criterion.kind == "inclusion",
            reason=found.reason,
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """What decides a criterion: where it stands, what it says, what follows and why not more."""

    column: str
    value: str
    state: CriterionState
    reason: str = ""
    at_bound: bool = False


def _answered(person: Participant, criterion_id: str, opposite_id: str) -> _Found:
    column, answer = f"crit_{criterion_id}", person.criteria.get(criterion_id, "")
    if answer in _STATES:
        return _Found(column, answer, _STATES[answer])
    other = person.criteria.get(opposite_id, "")
    if other in _STATES:
        opposite = "N" if other == "Y" else "Y"
        why = f"the opposite of {opposite_id}, answered {other}"
        return _Found(f"crit_{opposite_id}", other, _STATES[opposite], why)
    return _Found(column, answer, "not known", "answered NK" if answer else "no answer")


def _computed(person: Participant, criterion: "Criterion") -> _Found:
    rule = Rule.parse(criterion.check)
    value: float | None = getattr(person, rule.field)
    if value is None:
        return _Found(rule.field, "", "not computable", f"{rule.field} is missing")
    # Ages count in completed months; a whole number of months may arrive as 11.9999999.
    completed = math.floor(value + 1e-9)
    state: CriterionState = "met" if rule.holds(completed) else "not met"
    return _Found(rule.field, str(completed), state, at_bound=rule.at_upper_bound(completed))
