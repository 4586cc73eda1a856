"""Z14: what the result is without each infant, and without each muscle."""

from collections.abc import Mapping, Sequence

from emgproc.outcome.comparison import Entry
from emgproc.outcome.model import SensitivityRow
from emgproc.outcome.reindexed import INDICES, entries_by_index
from emgproc.outcome.sensitivity_row import Material, compared, without


def leave_out(m: Material) -> list[SensitivityRow]:
    """The primary's comparison without each infant in turn, and without each muscle."""
    people = {
        e.participant_id: [o for o in m.entries if o is not e] for e in m.entries if e.counts
    }
    muscles = {
        muscle.replace("_", " "): entries_by_index(
            m.study,
            m.sources,
            [p for p in m.pairs if p.muscle != muscle],
            m.entries,
            INDICES["primary"],
        )[0]
        for muscle in m.study.protocol.primary.muscles
    }
    return [
        _range("Z14_infant", "Leave one infant out", people, m),
        _range("Z14_muscle", "Leave one muscle out", muscles, m),
    ]


def _range(
    row_id: str, name: str, cases: Mapping[str, Sequence[Entry]], m: Material
) -> SensitivityRow:
    rows = {left: compared(row_id, name, e, m.question) for left, e in cases.items()}
    found = {left: row for left, row in rows.items() if row.estimate_ln is not None}
    if not found:
        return without(row_id, name, "no shift can be estimated with one left out")
    shifts = {left: row.estimate_ln for left, row in found.items() if row.estimate_ln is not None}
    ps = [row.p for row in found.values() if row.p is not None]
    low, high = min(shifts, key=shifts.__getitem__), max(shifts, key=shifts.__getitem__)
    lost = len(rows) - len(found)
    note = (
        f"shift from {shifts[low]:.3f} (without {low}) to {shifts[high]:.3f} ln (without {high}), "
        f"p from {min(ps):.4f} to {max(ps):.4f}"
    ) + (f"; {lost} case(s) not estimable" if lost else "")
    return SensitivityRow(
        row_id,
        name,
        estimable=True,
        reason="",
        n_treated=max(row.n_treated for row in found.values()),
        n_control=max(row.n_control for row in found.values()),
        note=note,
        range_ln=(shifts[low], shifts[high]),
        range_p=(min(ps), max(ps)),
    )
