"""What every sensitivity analysis works on, and the row it gives."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from emgproc.outcome.change_model import DoseChange
from emgproc.outcome.comparison import Comparison, Entry, Question, compare, why_not
from emgproc.outcome.model import InfantOutcome, Pair, SensitivityRow
from emgproc.outcome.sources import Sources
from emgproc.study.model import Study


@dataclass(frozen=True, slots=True)
class Material:
    """What a sensitivity analysis works on."""

    study: Study
    sources: Sources
    pairs: tuple[Pair, ...]
    infants: tuple[InfantOutcome, ...]
    entries: tuple[Entry, ...]
    question: Question
    dose_changes: tuple[DoseChange, ...] = ()


def without(row_id: str, name: str, reason: str) -> SensitivityRow:
    """Return a row without numbers, and why."""
    return SensitivityRow(row_id, name, estimable=False, reason=reason)


def compared(
    row_id: str, name: str, entries: Sequence[Entry], question: Question, note: str = ""
) -> SensitivityRow:
    """Run the primary's own test and shift on other entries."""
    reason = why_not(entries)
    if reason:
        return without(row_id, name, reason)
    found = compare(entries, question)
    row = SensitivityRow(
        row_id,
        name,
        estimable=True,
        reason="",
        p=found.test.p,
        count=found.test.count,
        splits=found.test.splits,
        n_treated=found.n[0],
        n_control=found.n[1],
        note="; ".join(part for part in (note, _who(found)) if part),
    )
    if found.effect is None:
        return row
    return replace(
        row,
        estimate_ln=found.effect.estimate_ln,
        ci_ln=found.effect.ci_ln,
        level_attained=found.effect.level_attained,
    )


def _who(found: Comparison) -> str:
    if not sum(found.deaths):
        return ""
    if found.effect is None:
        return f"{sum(found.deaths)} death(s) ranked worst in p; no shift: an arm has no survivor"
    return (
        f"{sum(found.deaths)} death(s) ranked worst in p; shift of the "
        f"{found.effect.n_treated} + {found.effect.n_control} survivors"
    )


def alive(entries: Sequence[Entry]) -> list[Entry]:
    """Leave the dead out."""
    return [e for e in entries if e.death_day is None]
