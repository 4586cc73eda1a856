"""The infants at baseline, by arm: what differs before anything was given. No p-values."""

import math
import statistics
from collections.abc import Mapping, Sequence

from emgproc.outcome.cmap import ABSENT_CMAP_MV, CMAP
from emgproc.outcome.model import InfantOutcome, Pair
from emgproc.outcome.pairing import mean_over_groups
from emgproc.outcome.secondary_model import BaselineRow
from emgproc.stats.effect_size import smd, smd_binary
from emgproc.study.model import Participant, Study

FEW = "fewer than two infants in an arm, or no spread"


def baseline_rows(
    study: Study, infants: Sequence[InfantOutcome], pairs: Sequence[Pair], session_id: str
) -> tuple[BaselineRow, ...]:
    """Age, sex, SMN2 copies, tonic level and motor response of each arm, with their SMD."""
    people = sorted(study.enrolled(), key=lambda p: p.participant_id)
    tone = {i.participant_id: _level(i, pairs) for i in infants}
    cmap = {p.participant_id: _cmap(study, p.participant_id, session_id) for p in people}
    variables = (
        ("age at index", "months", {p.participant_id: p.age_months for p in people}),
        ("female", "share", {p.participant_id: _female(p) for p in people}),
        ("SMN2 copies", "1", {p.participant_id: _copies(p) for p in people}),
        ("tonic level T in its pair with the primary visit", "ln µV", tone),
        ("motor response, mean ln over nerves", "ln mV", cmap),
    )
    return tuple(
        row for name, unit, held in variables for row in _rows(study, people, name, unit, held)
    )


def _female(person: Participant) -> float | None:
    return None if person.sex == "U" else float(person.sex == "F")


def _copies(person: Participant) -> float | None:
    return None if person.smn2_copies is None else float(person.smn2_copies)


def _level(infant: InfantOutcome, pairs: Sequence[Pair]) -> float | None:
    mine = [
        (p.muscle, p.baseline.tone_ln)
        for p in pairs
        if p.participant_id == infant.participant_id and p.baseline.tone_ln is not None
    ]
    return mean_over_groups(mine, 1).value


def _cmap(study: Study, participant_id: str, session_id: str) -> float | None:
    """Mean ln amplitude over the nerves; an absent response stands at its limit."""
    found = [
        math.log(ABSENT_CMAP_MV if m.absent else max(m.value or 0.0, ABSENT_CMAP_MV))
        for m in study.measurements
        if (m.participant_id, m.session_id, m.measure) == (participant_id, session_id, CMAP)
        and (m.absent or m.value is not None)
    ]
    return math.fsum(found) / len(found) if found else None


def _rows(
    study: Study,
    people: Sequence[Participant],
    name: str,
    unit: str,
    held: Mapping[str, float | None],
) -> list[BaselineRow]:
    known = [(p, held.get(p.participant_id)) for p in people]
    groups = [
        [v for p, v in known if v is not None and study.treated_of(p.participant_id) is treated]
        for treated in (True, False)
    ]
    difference = _difference(groups[0], groups[1], binary=unit == "share")
    rows = []
    for arm in study.protocol.design.arms:
        of_arm = [v for p, v in known if p.arm == arm.id]
        values = sorted(v for v in of_arm if v is not None)
        rows.append(
            BaselineRow(
                variable=name,
                unit=unit,
                arm=arm.id,
                n=len(values),
                n_missing=len(of_arm) - len(values),
                mean=math.fsum(values) / len(values) if values else None,
                sd=statistics.stdev(values) if len(values) > 1 and unit != "share" else None,
                median=statistics.median(values) if values else None,
                low=min(values, default=None),
                high=max(values, default=None),
                values=tuple(values),
                smd=difference,
                reason="" if difference is not None else FEW,
            )
        )
    return rows


def _difference(
    treated: Sequence[float], control: Sequence[float], *, binary: bool
) -> float | None:
    if min(len(treated), len(control)) < 2:
        return None
    if not binary:
        return smd(treated, control).value
    k, m = round(math.fsum(treated)), round(math.fsum(control))
    return smd_binary(k, len(treated), m, len(control)).value
