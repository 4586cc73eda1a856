"""Checks of the protocol against itself: keys that contradict each other or name nothing."""

import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from emgproc.study.columns import inner_path
from emgproc.study.dates import Period
from emgproc.study.eligibility import Rule
from emgproc.study.labels import is_label, label_hint, nearest
from emgproc.study.parse import PROTOCOL_FILE
from emgproc.study.protocol import Protocol, VisitPlan
from emgproc.study.rows import Problem

HIGHEST = {"age_months": 240, "smn2_copies": 8}  # what the columns of these names may hold
TONE_STATE = "state/3"  # where a plan that names no label takes its windows, tone_primary_v1


def check_protocol(protocol: Protocol, root: Path) -> Iterator[Problem]:
    """Yield what in `study.toml` contradicts itself, or names a file that is not there."""
    yield from _arms(protocol)
    yield from _dose(protocol)
    yield from _criteria(protocol)
    yield from _visits(protocol)
    yield from _primary(protocol)
    yield from _named_visits(protocol)
    yield from _repeated(protocol)
    yield from _plans(protocol, root)


def _contradiction(key: str, message: str, value: object = "") -> Problem:
    return Problem(PROTOCOL_FILE, 0, key, "E009", message, value=str(value))


def _arms(protocol: Protocol) -> Iterator[Problem]:
    arms = protocol.design.arms
    together = sum(arm.planned_n for arm in arms)
    if together != protocol.design.planned_n:
        what = f"the arms plan {together} participants together, design.planned_n says otherwise"
        yield _contradiction("design.planned_n", what, protocol.design.planned_n)
    if protocol.design.allocation == "single-arm" and len(arms) != 1:
        what = "a single-arm design has one arm"
        yield _contradiction("design.allocation", what, len(arms))


def _dose(protocol: Protocol) -> Iterator[Problem]:
    dose = protocol.dose
    known = [arm.id for arm in protocol.design.arms]
    if dose.arm not in known:
        what = f"unknown arm (known: {', '.join(known)}){nearest(dose.arm, known)}"
        yield _contradiction("dose.arm", what, dose.arm)
    elif not protocol.arm(dose.arm).treated:
        yield _contradiction("dose.arm", "this arm is not treated", dose.arm)
    if len(dose.levels) != len(dose.nominal_days):
        what = f"{len(dose.levels)} levels but {len(dose.nominal_days)} nominal days"
        yield _contradiction("dose.nominal_days", what)
    if any(later <= earlier for earlier, later in pairwise(dose.nominal_days)):
        yield _contradiction("dose.nominal_days", "the days do not increase", dose.nominal_days)
    growing = all(earlier < later for earlier, later in pairwise(dose.levels))
    if dose.escalation == "intra-patient" and not growing:
        what = "an intra-patient escalation, but the levels do not increase"
        yield _contradiction("dose.escalation", what, dose.escalation)


def _criteria(protocol: Protocol) -> Iterator[Problem]:
    """Yield criteria that name no other, or that together admit nobody (C3, C4)."""
    criteria = protocol.design.criteria
    known = [criterion.id for criterion in criteria]
    for number, criterion in enumerate(criteria):
        other = criterion.opposite_of
        if other and (other not in known or other == criterion.id):
            what = f"no other criterion of that id (known: {', '.join(known)})"
            yield _contradiction(f"design.criteria[{number}].opposite_of", what, other)
    enforced = [c for c in criteria if c.enforce and c.check != "investigator"]
    for field, highest in HIGHEST.items():
        rules = [(Rule.parse(c.check), c.kind == "inclusion") for c in enforced]
        rules = [(rule, wanted) for rule, wanted in rules if rule.field == field]
        admitted = [
            value
            for value in range(highest + 1)
            if all(rule.holds(value) == wanted for rule, wanted in rules)
        ]
        if not admitted:
            ids = ", ".join(c.id for c in enforced if Rule.parse(c.check).field == field)
            yield _contradiction("design.criteria", f"together they admit no {field}", ids)
        elif rules and field == "age_months":
            yield from _ages(protocol, admitted)


def _ages(protocol: Protocol, admitted: list[int]) -> Iterator[Problem]:
    """Yield design.age_min or age_max that is not what the enforced criteria admit (C5)."""
    for key, value in (("age_min", min(admitted)), ("age_max", max(admitted))):
        stated = getattr(protocol.design, key)
        if stated and Period.parse(stated).months != value:
            what = f"the enforced criteria admit {min(admitted)} to {max(admitted)} months"
            yield _contradiction(f"design.{key}", what, stated)


def _visits(protocol: Protocol) -> Iterator[Problem]:
    untreated = any(not arm.treated for arm in protocol.design.arms)
    compared = (protocol.primary.baseline, protocol.primary.visit)
    for number, visit in enumerate(protocol.visits):
        if visit.per_dose and visit.id in compared:
            what = "a visit of the primary outcome takes place once, not after each dose"
            yield _contradiction(f"visit[{number}].per_dose", what, visit.id)
        stated = "control_anchor_day" in visit.model_fields_set
        if visit.anchor == "last_dose" and untreated and not stated:
            what = "an untreated arm has no last dose: state control_anchor_day"
            yield _contradiction(f"visit[{number}].control_anchor_day", what, visit.id)
        elif visit.anchor == "last_dose" and untreated and protocol.dose.nominal_days:
            yield from _anchor(number, visit, protocol.dose.nominal_days[-1])


def _anchor(number: int, visit: VisitPlan, last: int) -> Iterator[Problem]:
    """Yield a visit for which controls are counted from another day than the treated (C13)."""
    if visit.control_anchor_day != last:
        what = (
            f"{visit.id}: the last dose is planned on day {last}; controls counted from another "
            "day are not seen 'at the same time with intervention group'"
        )
        key, day = f"visit[{number}].control_anchor_day", str(visit.control_anchor_day)
        yield Problem(PROTOCOL_FILE, 0, key, "W118", what, "warning", day)


def _primary(protocol: Protocol) -> Iterator[Problem]:
    primary = protocol.primary
    if primary.baseline == primary.visit:
        what = "the primary visit is its own baseline"
        yield _contradiction("primary.visit", what, primary.visit)
    if primary.min_muscles > len(primary.muscles):
        what = f"more muscles required than the {len(primary.muscles)} listed"
        yield _contradiction("primary.min_muscles", what, primary.min_muscles)
    for label in primary.state:
        if not is_label(label):
            what = f"not a label of a state{label_hint(label)}"
            yield _contradiction("primary.state", what, label)


def _named_visits(protocol: Protocol) -> Iterator[Problem]:
    planned = [visit.id for visit in protocol.visits]
    named = {
        "primary.baseline": protocol.primary.baseline,
        "primary.visit": protocol.primary.visit,
        **{
            f"secondary[{number}].visit": outcome.visit
            for number, outcome in enumerate(protocol.secondary)
        },
    }
    for key, visit in named.items():
        if visit is not None and visit not in planned:
            what = f"no [[visit]] of that id (known: {', '.join(planned)})"
            yield _contradiction(key, what, visit)


def _repeated(protocol: Protocol) -> Iterator[Problem]:
    lists: dict[str, list[str]] = {
        "design.arms": [arm.id for arm in protocol.design.arms],
        "design.criteria": [criterion.id for criterion in protocol.design.criteria],
        "visit": [visit.id for visit in protocol.visits],
        "secondary": [outcome.id for outcome in protocol.secondary],
        "protocol_note": [note.id for note in protocol.notes],
        "primary.muscles": list(protocol.primary.muscles),
        "primary.sides": list(protocol.primary.sides),
    }
    for key, names in lists.items():
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield _contradiction(key, "stands twice", name)


def _plans(protocol: Protocol, root: Path) -> Iterator[Problem]:
    plans = {"semg": protocol.plans.semg, "needle": protocol.plans.needle}
    for kind, file in {**plans, "cmap": protocol.plans.cmap}.items():
        if file is None:
            continue
        key = f"plans.{kind}"
        try:
            inner_path(file)
        except ValueError as error:
            yield Problem(PROTOCOL_FILE, 0, key, "E051", str(error), value=file)
            continue
        if not (root / file).is_file():
            what = "the plan is not in the study folder"
            yield Problem(PROTOCOL_FILE, 0, key, "E006", what, value=file)
        elif kind == "semg" and all(is_label(label) for label in protocol.primary.state):
            yield from _states(protocol, root / file)


def _states(protocol: Protocol, plan: Path) -> Iterator[Problem]:
    """Yield a primary state that is not the one in which the plan looks for its windows."""
    try:
        with plan.open("rb") as file:
            windows = tomllib.load(file).get("windows", {})
    except (OSError, ValueError):
        return  # reported where the plan is loaded
    labels = windows.get("labels", [TONE_STATE]) if isinstance(windows, dict) else None
    # No label at all: its values are of unknown state and never enter the primary.
    if not isinstance(labels, list) or not labels:
        return
    if set(map(str, labels)) != set(protocol.primary.state):
        shown = ", ".join(map(str, labels))
        what = f"the plan {plan.name} takes its windows in {shown} ([windows] labels)"
        yield _contradiction("primary.state", what, ", ".join(protocol.primary.state))
