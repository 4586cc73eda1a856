"""Secondary outcome 3: sensitivity or infection, among all adverse events."""

from collections.abc import Mapping, Sequence
from datetime import date

from emgproc.outcome.proportions import excludes, pooled, proportion, two_proportions
from emgproc.outcome.secondary_model import (
    Safety,
    SafetyEvent,
    SafetyRow,
    TwoProportions,
)
from emgproc.study.model import ClinicalEvent, Study

ANY = "any adverse event"
TARGET = "sensitivity or infection"
CATEGORIES = ("allergic_immune", "infection", "procedural", "respiratory", "other")
CATEGORY_OF_KIND: Mapping[str, str] = {"infection": "infection", "sensitivity": "allergic_immune"}


def safety_outcome(study: Study) -> Safety:
    """Emergent events by category, worst grade and arm, in infants and in events.

    An event is emergent where it began on or after the day of dose 1 (control: the index day).
    An infant counts once in a category, however many events it had; p and intervals are of
    infants. Death is an outcome of its own and is listed here as an event of grade 5.
    """
    plan = next((s for s in study.protocol.secondary if s.kind == "safety"), None)
    events = safety_events(study)
    arms = study.protocol.design.arms
    rows, differences, statements = [], [], []
    for category in (TARGET, ANY, *CATEGORIES):
        emergent = [e for e in events if e.emergent and _within(e, category)]
        of_category = [_row(study, category, arm.id, emergent) for arm in arms]
        rows += of_category
        differences += _difference(study, category, of_category)
        if category == TARGET:
            statements = [
                f"{category}, {row.arm}: {row.infants.k} of {row.infants.n} infants; "
                f"{excludes(row.infants.k, row.infants.n)} of such infants."
                for row in of_category
                if row.infants.k is not None
            ]
    unmapped = sorted({e.term for e in events if not e.categorised})
    if unmapped:
        statements.append(f"Of no stated category, so counted as other: {', '.join(unmapped)}.")
    grading = "" if plan is None else plan.grading
    return Safety(grading, events, tuple(rows), tuple(differences), tuple(statements))


def safety_events(study: Study) -> tuple[SafetyEvent, ...]:
    """Adverse events, infections, sensitivities and deaths of the enrolled, by infant and day.

    The category is that of the table, else that of the kind; an adverse event of no stated
    category and a death count as other.
    """
    people = sorted(p.participant_id for p in study.enrolled())
    rows = [
        _event(study, event)
        for name in people
        for event in study.events_of(name, "ae", "infection", "sensitivity", "death")
    ]
    return tuple(sorted(rows, key=lambda e: (e.participant_id, e.day, e.event_id)))


def _event(study: Study, event: ClinicalEvent) -> SafetyEvent:
    name = event.participant_id
    category = event.category or CATEGORY_OF_KIND.get(event.kind, "")
    return SafetyEvent(
        participant_id=name,
        arm=study.arm_of(name),
        event_id=event.event_id,
        kind=event.kind,
        category=category or "other",
        categorised=bool(category) or event.kind == "death",
        term=event.term,
        day=study.study_day(name, event.start),
        end_day=None if event.end is None else study.study_day(name, event.end),
        days_after_dose=_days_after_dose(study, name, event.start),
        emergent=event.start >= (study.first_dose(name) or study.index_date(name)),
        grade=event.grade,
        serious=event.serious,
        related=event.related,
        expected=event.expected,
        action=event.action,
        outcome=event.outcome,
    )


def _days_after_dose(study: Study, participant_id: str, day: date) -> int | None:
    before = [d.given_at.date() for d in study.doses(participant_id) if d.given_at.date() <= day]
    return (day - max(before)).days if before else None


def _within(event: SafetyEvent, category: str) -> bool:
    if category == ANY:
        return True
    if category == TARGET:
        return event.category in {"allergic_immune", "infection"}
    return event.category == category


def _row(study: Study, category: str, arm: str, events: Sequence[SafetyEvent]) -> SafetyRow:
    mine = [e for e in events if e.arm == arm]
    worst: dict[str, int] = {}
    for event in mine:
        worst[event.participant_id] = max(worst.get(event.participant_id, 0), event.grade or 0)
    n = sum(p.arm == arm for p in study.enrolled())
    grades = [sum(g == grade for g in worst.values()) for grade in range(6)]
    return SafetyRow(
        category=category,
        arm=arm,
        infants=proportion(category, arm, len(worst), n),
        events=len(mine),
        worst_grades=(grades[0], grades[1], grades[2], grades[3], grades[4], grades[5]),
    )


def _difference(study: Study, category: str, rows: Sequence[SafetyRow]) -> list[TwoProportions]:
    arms = {arm.id: arm.treated for arm in study.protocol.design.arms}
    groups = [[r.infants for r in rows if arms[r.arm] is treated] for treated in (True, False)]
    if not all(groups):
        return []
    treated, control = (pooled(category, "", group) for group in groups)
    return [two_proportions(category, treated, control)]
