"""Secondary outcome 2: injected cells in the cerebrospinal fluid after the last dose."""

from collections.abc import Sequence

from emgproc.outcome.proportions import excludes, pooled, proportion, two_proportions
from emgproc.outcome.secondary_model import CsfOutcome, CsfRow, Proportion, TwoProportions
from emgproc.study.model import CsfSample, Study

POSITIVE, NEGATIVE, INDETERMINATE, NOT_DONE = "pos", "neg", "ind", "nd"
VIABILITY = "A detected marker shows donor material, not that the cells live or work."
SAME_DAY = (
    "Samples of the day of the last dose count as after it, since the table gives no time of day; "
    "the rows “without samples of that day” leave them out."
)
CONTROLS = (
    "Controls are no denominator of this outcome: no sample was planned for them (C19). Their "
    "samples are listed and compared by Fisher's test only."
)


def csf_outcome(study: Study) -> CsfOutcome:
    """Infants with a positive sample after the last dose, of the treated infants sampled then.

    An infant is positive by any positive sample, negative where all that were done are negative,
    else indeterminate; the indeterminate are counted both ways.
    """
    rows = csf_rows(study)
    treated = [arm.id for arm in study.protocol.design.arms if arm.treated]
    controls = [arm.id for arm in study.protocol.design.arms if not arm.treated]
    after = [r for r in rows if r.arm in treated and r.after_last_dose and r.result != NOT_DONE]
    found = [p for arm in treated for p in _proportions(arm, [r for r in after if r.arm == arm])]
    sampled = [r for r in rows if r.arm in controls and r.result != NOT_DONE]
    statements = [VIABILITY]
    if any(r.same_day for r in after):
        statements.append(SAME_DAY)
    if sampled:
        statements.append(CONTROLS)
    if not after:
        why = "no assay result of a treated infant after its last dose"
        return CsfOutcome(
            estimable=False,
            reason=why,
            rows=rows,
            proportions=(),
            against_controls=None,
            statements=tuple(statements),
        )
    k, n = found[0].k or 0, found[0].n
    statements.append(f"Positive infants: {excludes(k, n)} of such infants.")
    return CsfOutcome(
        estimable=True,
        reason="",
        rows=rows,
        proportions=tuple(found),
        against_controls=_against(after, sampled),
        statements=tuple(statements),
    )


def csf_rows(study: Study) -> tuple[CsfRow, ...]:
    """Every assay of every enrolled infant, in order of infant and day."""
    people = {p.participant_id for p in study.enrolled()}
    rows = [_row(study, sample) for sample in study.csf if sample.participant_id in people]
    return tuple(sorted(rows, key=lambda r: (r.participant_id, r.day, r.method, r.marker)))


def _row(study: Study, sample: CsfSample) -> CsfRow:
    name = sample.participant_id
    before = [d for d in study.doses(name) if d.given_at.date() <= sample.date]
    last, dose = study.last_dose(name), max(before, key=lambda d: d.given_at, default=None)
    return CsfRow(
        participant_id=name,
        arm=study.arm_of(name),
        day=study.study_day(name, sample.date),
        dose_no_before=None if dose is None else dose.dose_no,
        days_after_dose=None if dose is None else (sample.date - dose.given_at.date()).days,
        after_last_dose=None if last is None else sample.date >= last,
        same_day=sample.date == last,
        method=sample.method,
        marker=sample.marker,
        result=sample.result,
        volume_ml=sample.volume_ml,
        lod=sample.lod,
        cells_per_ml=sample.cells_per_ml,
        rbc=sample.rbc,
    )


def _proportions(arm: str, rows: Sequence[CsfRow]) -> list[Proportion]:
    verdicts = _verdicts(rows)
    unsure = sum(v == INDETERMINATE for v in verdicts.values())
    positive = sum(v == POSITIVE for v in verdicts.values())
    n = len(verdicts)
    found = [proportion("positive, indeterminate as negative", arm, positive, n)]
    if unsure:
        name = "positive, indeterminate as positive"
        found.append(proportion(name, arm, positive + unsure, n))
    later = [r for r in rows if not r.same_day]
    if len(later) < len(rows):
        verdicts = _verdicts(later)
        name = "positive, without samples of the day of the last dose"
        found.append(
            proportion(name, arm, sum(v == POSITIVE for v in verdicts.values()), len(verdicts))
        )
    return found


def _verdicts(rows: Sequence[CsfRow]) -> dict[str, str]:
    results: dict[str, set[str]] = {}
    for row in rows:
        results.setdefault(row.participant_id, set()).add(row.result)
    return {name: _verdict(seen) for name, seen in results.items()}


def _verdict(results: set[str]) -> str:
    if POSITIVE in results:
        return POSITIVE
    return NEGATIVE if results == {NEGATIVE} else INDETERMINATE


def _against(after: Sequence[CsfRow], sampled: Sequence[CsfRow]) -> TwoProportions | None:
    if not sampled:
        return None
    name = "positive, treated against the controls that were sampled"
    groups = []
    for rows in (after, sampled):
        arms = sorted({r.arm for r in rows})
        parts = [_proportions(arm, [r for r in rows if r.arm == arm])[0] for arm in arms]
        groups.append(pooled(name, " + ".join(arms), parts))
    return two_proportions(name, *groups)
