"""The sensitivity analyses of tone_primary_v1: each descriptive, each with its n or its reason."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

from emgproc.outcome.comparison import changes_of, compare, survivors_effect, why_not
from emgproc.outcome.events import EARLY, LATE, NOT_PER_PROTOCOL, OTHER_THERAPY
from emgproc.outcome.model import SensitivityRow
from emgproc.outcome.primary_test import TESTS
from emgproc.outcome.reindexed import INDICES, entries_by_index
from emgproc.outcome.sensitivity_doubts import hidden_bias, tipping
from emgproc.outcome.sensitivity_events import ventilation_tier, while_on_study
from emgproc.outcome.sensitivity_left_out import leave_out
from emgproc.outcome.sensitivity_models import ancova_age, ancova_label
from emgproc.outcome.sensitivity_normalised import m_wave_normalised
from emgproc.outcome.sensitivity_row import Material, alive, compared, without
from emgproc.outcome.sensitivity_variants import along
from emgproc.stats import joint_rank, permutation, subjects
from emgproc.stats.splits import MAX_ENUMERATED

Analysis: TypeAlias = Callable[[Material], list[SensitivityRow]]


def sensitivity_rows(material: Material, unsupported: str = "") -> tuple[SensitivityRow, ...]:
    """Every analysis; those the protocol asks for are among them.

    `unsupported` says why the primary variable itself could not be formed; then no row can be.
    """
    rows: list[SensitivityRow] = []
    for analysis in ANALYSES.values():
        rows += analysis(material)
    if unsupported:
        rows = [without(row.id, row.name, unsupported) for row in rows]
    return tuple(rows)


def _perm_mean(m: Material) -> list[SensitivityRow]:
    name = "Permutation of the mean difference, survivors"
    treated, control = changes_of(m.entries)
    reason = why_not(alive(m.entries))
    if not reason and math.comb(len(treated) + len(control), len(treated)) > MAX_ENUMERATED:
        reason = f"more than {MAX_ENUMERATED} splits"
    if reason:
        return [without("perm_mean", name, reason)]
    found = permutation(treated, control, level=m.question.level)
    note = "; ".join(("interval by test inversion", *found.notes))
    return [
        SensitivityRow(
            "perm_mean",
            name,
            estimable=True,
            reason="",
            estimate_ln=found.value,
            ci_ln=found.ci,
            level_attained=found.level_attained,
            p=found.p,
            count=found.count,
            splits=found.splits,
            n_treated=found.n[0],
            n_control=found.n[1],
            note=note,
        )
    ]


def _complete_case(m: Material) -> list[SensitivityRow]:
    name = "Complete case: rank sum of infants with D, deaths and missing left out"
    return [compared("complete_case", name, alive(m.entries), m.question)]


def _worst_rank(m: Material) -> list[SensitivityRow]:
    """The worst-rank test beside a primary that is another."""
    if m.study.protocol.analysis.test == "wmw_worst_rank":
        return []
    return [compared("wmw_worst_rank", TESTS["wmw_worst_rank"], m.entries, m.question)]


def _survivors(m: Material) -> list[SensitivityRow]:
    name = "Survivors only"
    note = "selection bias: survival may depend on treatment"
    return [compared("survivors", name, alive(m.entries), m.question, note)]


def _bounds(m: Material) -> list[SensitivityRow]:
    """Missing infants take the worst and best D observed, against and for the treatment."""
    seen = [m.question.sign * e.change for e in m.entries if e.change is not None]
    missing = [e for e in m.entries if not e.counts]
    note = f"{len(missing)} missing" if missing else "nobody is missing"
    rows = []
    for row_id, word, worst in (("bounds_worst", "worst", True), ("bounds_best", "best", False)):
        name = f"Missing D replaced: {word} case for the treated"
        filled = [
            replace(e, change=m.question.sign * (min(seen) if e.treated is worst else max(seen)))
            if seen and not e.counts
            else e
            for e in m.entries
        ]
        rows.append(compared(row_id, name, filled, m.question, note))
    return rows


def _without_flag(row_id: str, name: str, flags: frozenset[str]) -> Analysis:
    def analysis(m: Material) -> list[SensitivityRow]:
        # A death stays: leaving it out for what came before it would hide it.
        out = {i.participant_id for i in m.infants if flags & set(i.flags) and not i.died}
        kept = [e for e in m.entries if e.participant_id not in out]
        note = f"left out: {', '.join(sorted(out))}" if out else "nobody to leave out"
        return [compared(row_id, name, kept, m.question, note)]

    return analysis


def _index(row_id: str) -> Analysis:
    def analysis(m: Material) -> list[SensitivityRow]:
        index = INDICES[row_id]
        entries, censored = entries_by_index(m.study, m.sources, m.pairs, m.entries, index)
        if not any(e.change is not None for e in entries):
            why = censored or "no infant has enough muscle groups with this index"
            return [without(row_id, index.name, why)]
        note = "; ".join(part for part in (index.note, censored) if part)
        row = compared(row_id, index.name, entries, m.question, note)
        return [row if index.unit == "ln" else _without_ln(row)]

    return analysis


def _without_ln(row: SensitivityRow) -> SensitivityRow:
    """Move an estimate that is no ln shift into the note: no column of shifts may hold it."""
    if row.estimate_ln is None:
        return row
    note = f"shift of the index {row.estimate_ln:.3f}"
    if row.ci_ln is not None and row.level_attained is not None:
        note += f", {row.level_attained:.1%} interval {row.ci_ln[0]:.3f} to {row.ci_ln[1]:.3f}"
    note = "; ".join(part for part in (note, row.note) if part)
    return replace(row, estimate_ln=None, ci_ln=None, level_attained=None, note=note)


def _joint_rank(m: Material) -> list[SensitivityRow]:
    """All enrolled infants: the missing are known alive until their last contact."""
    name = "Joint rank of death and D, all enrolled infants (Σu)"
    reason = why_not(m.entries)
    if reason:
        return [without("Z12", name, reason)]
    horizon = 1 + max([e.death_day for e in m.entries if e.death_day is not None], default=0)
    time, value = [], []
    for e in m.entries:
        person = m.study.participant(e.participant_id)
        last = m.study.study_day(e.participant_id, person.last_contact_date)
        alive_until = last if e.change is None else max(last, horizon)
        time.append(float(alive_until if e.death_day is None else e.death_day))
        value.append(math.nan if e.change is None else m.question.sign * e.change)
    people = subjects(
        [e.treated for e in m.entries], time, [e.death_day is not None for e in m.entries], value
    )
    found = joint_rank(people, margin=m.question.margin)
    effect = survivors_effect(m.entries, m.question.level)
    return [
        SensitivityRow(
            "Z12",
            name,
            estimable=True,
            reason="",
            estimate_ln=effect.estimate_ln if effect is not None else None,
            p=found.p,
            count=found.count,
            splits=found.splits,
            n_treated=found.n[0],
            n_control=found.n[1],
            note=f"mean rank {found.mean_rank[0]:.2f} treated v {found.mean_rank[1]:.2f} control; "
            f"p of the ranks {found.p_ranks:.4f}; margin {m.question.margin:g} ln"
            + (f"; shift of {effect.n_treated} + {effect.n_control} with D" if effect else ""),
        )
    ]


def _wins(m: Material) -> list[SensitivityRow]:
    name = "Net benefit: wins minus losses of the treated, deaths lose"
    reason = why_not(m.entries)
    if reason:
        return [without("win_net_benefit", name, reason)]
    found = compare(m.entries, m.question)
    w = found.wins
    return [
        SensitivityRow(
            "win_net_benefit",
            name,
            estimable=True,
            reason="",
            p=w.p,
            count=w.count,
            splits=w.splits,
            n_treated=found.n[0],
            n_control=found.n[1],
            note=f"net benefit {w.net_benefit:.3f}: {w.wins} wins, {w.losses} losses, "
            f"{w.ties} ties",
        )
    ]


ANALYSES: Mapping[str, Analysis] = MappingProxyType(
    {
        "wmw_worst_rank": _worst_rank,
        "perm_mean": _perm_mean,
        "complete_case": _complete_case,
        "survivors": _survivors,
        "Z1": _index("Z1"),
        "Z2": lambda m: [*_index("Z2_P10")(m), *_index("Z2_P90")(m)],
        "Z3": _index("Z3"),
        "Z4": _index("Z4"),
        "Z5": _index("Z5"),
        "Z6": m_wave_normalised,
        "Z7": lambda m: [*along("Z7_30")(m), *along("Z7_50")(m)],
        "Z8": along("Z8"),
        "Z9": _index("Z9"),
        "Z10": along("Z10"),
        "Z11": ancova_age,
        "joint_rank": _joint_rank,
        "win_net_benefit": _wins,
        "Z14": leave_out,
        "Z15": along("Z15"),
        "bounds": _bounds,
        "tipping": tipping,
        "gamma": hidden_bias,
        "ancova_label": ancova_label,
        "while_on_study": while_on_study,
        "ventilation_tier": ventilation_tier,
        "in_window": _without_flag(
            "in_window", "Visits outside their window left out", frozenset({LATE, EARLY})
        ),
        "per_protocol": _without_flag(
            "per_protocol", "Per protocol: dose deviations left out", frozenset({NOT_PER_PROTOCOL})
        ),
        "drop_other_therapy": _without_flag(
            "drop_other_therapy", "Infants on another SMA therapy left out",
            frozenset({OTHER_THERAPY}),
        ),
    }
)  # fmt: skip
