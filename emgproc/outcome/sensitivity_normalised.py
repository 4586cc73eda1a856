"""Z6: the tonic level over the maximal M-wave of the same muscle."""

import math
from collections.abc import Mapping
from dataclasses import replace

from emgproc.outcome.cmap import ABSENT_CMAP_MV, CMAP
from emgproc.outcome.model import Pair, SensitivityRow
from emgproc.outcome.pairing import mean_over_groups
from emgproc.outcome.sensitivity_row import Material, compared, without
from emgproc.study.model import Measurement, Study

AREA = "cmap_area_mvms"
NAME = "Z6 normalised by the M-wave"
NOTE = "it takes out fat and placement, and the disease's own effect with them"


def m_wave_normalised(m: Material) -> list[SensitivityRow]:
    """D minus the change of ln M-wave: area where both visits have it, else the amplitude.

    The area is the one pre-declared; where only amplitudes were typed the row says so. An absent
    response stands at its limit in amplitude and gives no area.
    """
    found: dict[str, list[tuple[str, float]]] = {}
    used = set()
    for pair in m.pairs:
        change, measure = _m_wave_change(m.study, pair)
        if pair.change_ln is not None and change is not None:
            used.add(measure)
            value = pair.change_ln - change
            found.setdefault(pair.participant_id, []).append((pair.muscle, value))
    fewest = m.study.protocol.primary.min_muscles
    entries = [
        e
        if e.death_day is not None
        else replace(e, change=mean_over_groups(found.get(e.participant_id, ()), fewest).value)
        for e in m.entries
    ]
    if not any(e.change is not None for e in entries):
        most = max((len({g for g, _ in groups}) for groups in found.values()), default=0)
        why = (
            f"no infant has an M-wave of enough of the primary's muscles at both visits "
            f"(at most {most}, {fewest} needed)"
        )
        return [without("Z6", NAME, why)]
    what = " and ".join(sorted(used))
    return [compared("Z6", NAME, entries, m.question, f"by {what}; {NOTE}")]


def _m_wave_change(study: Study, pair: Pair) -> tuple[float | None, str]:
    for measure in (AREA, CMAP):
        ends = [
            _of_visit(study, pair, level.session_id, measure)
            for level in (pair.baseline, pair.visit)
        ]
        if ends[0] is not None and ends[1] is not None:
            return ends[1] - ends[0], measure
    return None, ""


def _of_visit(study: Study, pair: Pair, session_id: str, measure: str) -> float | None:
    """Mean ln M-wave over the nerves of the pair's own muscle and side at a visit."""
    found = [
        value
        for row in study.measurements
        if (row.participant_id, row.session_id, row.measure)
        == (pair.participant_id, session_id, measure)
        and (row.muscle, row.side) == (pair.muscle, pair.side)
        and (value := _ln(row)) is not None
    ]
    return math.fsum(found) / len(found) if found else None


def _ln(row: Measurement) -> float | None:
    floors: Mapping[str, float] = {CMAP: ABSENT_CMAP_MV}
    floor = floors.get(row.measure)
    if row.absent:
        return None if floor is None else math.log(floor)
    if row.value is None or row.value <= 0:
        return None
    return math.log(row.value if floor is None else max(row.value, floor))
