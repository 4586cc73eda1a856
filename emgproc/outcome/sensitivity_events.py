"""Sensitivity analyses that take an intercurrent event another way than the primary does."""

from collections.abc import Sequence
from dataclasses import replace

from emgproc.outcome.comparison import Entry, compare, why_not
from emgproc.outcome.events import seen_alive, ventilated_since
from emgproc.outcome.model import InfantOutcome, SensitivityRow
from emgproc.outcome.sensitivity_row import Material, compared, without
from emgproc.study.model import Study

POST = "ses-post"
WHILE_ON_STUDY = "Last EMG before another therapy began"
TIER = "Permanent ventilation ranked between death and alive"


def while_on_study(m: Material) -> list[SensitivityRow]:
    """An infant that began another therapy counts with its last visit before that."""
    by_name = {i.participant_id: i for i in m.infants}
    changed, words = [], []
    for entry in m.entries:
        infant = by_name[entry.participant_id]
        began = _began(m.study, infant)
        if began is None or entry.death_day is not None:
            changed.append(entry)
            continue
        change, visit = _last_before(m, infant, began)
        changed.append(replace(entry, change=change))
        taken = f"{visit} taken" if change is not None else "no visit before it"
        words.append(f"{entry.participant_id} from study day {began}: {taken}")
    note = "; ".join(words) if words else "nobody began another therapy before the visit"
    return [compared("while_on_study", WHILE_ON_STUDY, changed, m.question, note)]


def _began(study: Study, infant: InfantOutcome) -> int | None:
    """Study day on which another therapy began before the primary visit was seen."""
    if "other_sma_therapy" not in infant.flags:
        return None
    starts = [e.start for e in study.events_of(infant.participant_id, "other_sma_therapy")]
    return study.study_day(infant.participant_id, min(starts))


def _last_before(m: Material, infant: InfantOutcome, began: int) -> tuple[float | None, str]:
    """Change at the last visit before the study day `began`, and which visit that is."""
    who = infant.participant_id
    if m.dose_changes:
        seen = [
            c
            for c in m.dose_changes
            if c.participant_id == who and c.change_ln is not None and (c.day or began) < began
        ]
        last = max(seen, key=lambda c: c.dose_no, default=None)
        if last is None:
            return None, ""
        return last.change_ln, f"{POST} after dose {last.dose_no}"
    day = seen_alive(m.study, who, POST)
    if day is None or m.study.study_day(who, day) >= began:
        return None, ""
    return infant.change_post_ln, POST


def ventilation_tier(m: Material) -> list[SensitivityRow]:
    """Permanently ventilated before the visit: below everyone alive, above everyone dead."""
    entries = tiered(m.study, m.entries, m.infants)
    reason = why_not(entries)
    if reason:
        return [without("ventilation_tier", TIER, reason)]
    found = compare(entries, m.question)
    moved = [e.participant_id for e, old in zip(entries, m.entries, strict=True) if e is not old]
    who = f"ventilated: {', '.join(moved)}" if moved else "nobody was permanently ventilated"
    dead = sum(e.death_day is not None for e in m.entries)
    row = SensitivityRow(
        "ventilation_tier",
        TIER,
        estimable=True,
        reason="",
        p=found.test.p,
        count=found.test.count,
        splits=found.test.splits,
        n_treated=found.n[0],
        n_control=found.n[1],
        note=f"{who}; {dead} death(s) ranked below; the shift is that of all others",
    )
    if found.effect is None:
        return [row]
    effect = found.effect
    return [
        replace(
            row,
            estimate_ln=effect.estimate_ln,
            ci_ln=effect.ci_ln,
            level_attained=effect.level_attained,
        )
    ]


def tiered(
    study: Study, entries: Sequence[Entry], infants: Sequence[InfantOutcome]
) -> list[Entry]:
    """Give the ventilated a rank day that follows every death: later ventilation is better."""
    last = max([e.death_day for e in entries if e.death_day is not None], default=0)
    ventilated = {i.participant_id for i in infants if "ventilation" in i.flags}
    out = []
    for entry in entries:
        since = ventilated_since(study, entry.participant_id)
        if entry.death_day is not None or entry.participant_id not in ventilated or since is None:
            out.append(entry)
            continue
        day = max(1, study.study_day(entry.participant_id, since))
        out.append(replace(entry, change=None, death_day=last + day))
    return out
