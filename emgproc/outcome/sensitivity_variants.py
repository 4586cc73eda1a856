"""Z7, Z8, Z10, Z15: the primary itself, from the tone along a variant of the plan."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from emgproc.outcome.comparison import Entry
from emgproc.outcome.model import Pair, SensitivityRow
from emgproc.outcome.pairing import Change, infant_change, pair_visits
from emgproc.outcome.sensitivity_row import Material, compared, without
from emgproc.outcome.sources import STATE_UNKNOWN, View, session_of


@dataclass(frozen=True, slots=True)
class Along:
    """An analysis along a variant of the plan, and the table of the plan that asks for it."""

    name: str
    view: View
    table: str
    note: str = ""


ALONG: Mapping[str, Along] = MappingProxyType(
    {
        "Z7_30": Along(
            "Z7 high-pass at 30 Hz", View("hp30"), 'name = "high_pass", low_hz = 30',
            "noise and limit in the same band",
        ),
        "Z7_50": Along(
            "Z7 high-pass at 50 Hz", View("hp50"), 'name = "high_pass", low_hz = 50',
            "noise and limit in the same band",
        ),
        "Z8": Along(
            "Z8 ECG gated only", View("ecg_gated"), 'name = "ecg_gated"',
            "60 ms on either side of each heart beat left out, nothing subtracted",
        ),
        "Z10": Along(
            "Z10 rhythmic motor units subtracted", View("rhythm_subtracted"),
            'name = "rhythm_subtracted"', "units of 5-15 Hz with COVisi < 0.2 at rest",
        ),
        "Z15": Along(
            "Z15 recordings of unknown state included", View(STATE_UNKNOWN, any_state=True),
            'name = "state_unknown"',
        ),
    }
)  # fmt: skip


def along(row_id: str) -> Callable[[Material], list[SensitivityRow]]:
    """The analysis of that row: pairs, limits and means as in the primary, test and shift too."""
    return lambda m: [_row(row_id, ALONG[row_id], m)]


def _row(row_id: str, asked: Along, m: Material) -> SensitivityRow:
    sources = m.sources.seen(asked.view)
    if not sources.has_tone:
        why = f"not measured: no plan of the study has the [[variant]] {asked.table}"
        return without(row_id, asked.name, why)
    plan = m.study.protocol.primary
    pairs = pair_visits(m.study, sources, session_of(plan.visit), session_of(plan.baseline))
    changes = {
        e.participant_id: infant_change(
            [pair for pair in pairs if pair.participant_id == e.participant_id], plan.min_muscles
        )
        for e in m.entries
        if e.death_day is None
    }
    entries = [
        replace(e, change=changes[e.participant_id].value) if e.death_day is None else e
        for e in m.entries
    ]
    if not any(change.value is not None for change in changes.values()):
        return without(row_id, asked.name, _by_reason(changes) or "no infant lives to the visit")
    notes = (asked.note, _censored(pairs), _unknown(pairs), _others(m.entries, changes))
    note = "; ".join(part for part in notes if part)
    return compared(row_id, asked.name, entries, m.question, note)


def _by_reason(changes: Mapping[str, Change]) -> str:
    """Every reason with the infants it holds for."""
    who: dict[str, list[str]] = {}
    for participant_id, change in changes.items():
        who.setdefault(change.reason, []).append(participant_id)
    return "; ".join(f"{reason}: {', '.join(sorted(ids))}" for reason, ids in who.items())


def _censored(pairs: Sequence[Pair]) -> str:
    n = sum(pair.evaluable for pair in pairs)
    censored = sum(pair.both_censored for pair in pairs)
    return f"{censored} of {n} pairs censored at both visits" if censored else ""


def _unknown(pairs: Sequence[Pair]) -> str:
    n = sum(pair.evaluable for pair in pairs)
    unknown = sum(pair.evaluable and STATE_UNKNOWN in pair.flags for pair in pairs)
    return f"{unknown} of {n} pairs of an unknown state" if unknown else ""


def _others(entries: Sequence[Entry], changes: Mapping[str, Change]) -> str:
    """Which infants enter here and not the primary, and which the other way round, and why."""
    before = {e.participant_id for e in entries if e.change is not None}
    now = {name for name, change in changes.items() if change.value is not None}
    lost = {name: changes[name] for name in sorted(before - now)}
    said = []
    if now - before:
        said.append(f"beyond the primary: {', '.join(sorted(now - before))}")
    if lost:
        said.append(f"not as in the primary: {_by_reason(lost)}")
    return "; ".join(said)
