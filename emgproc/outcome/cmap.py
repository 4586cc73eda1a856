"""Change of the motor response (ln CMAP) to the primary visit: the leading secondary variable.

It is never called muscle tone (emg.md 1.5 point 7). An absent response is left-censored.
"""

import math
from collections.abc import Sequence

from emgproc.outcome.change_model import CmapChange, CmapOutcome, CmapSite
from emgproc.outcome.comparison import Entry, Question, compare_arms
from emgproc.outcome.model import InfantOutcome
from emgproc.outcome.pairing import mean_over_groups
from emgproc.outcome.sources import session_of
from emgproc.study.model import Measurement, Study

ABSENT_CMAP_MV = 0.05  # an absent motor response is left-censored here
CMAP = "cmap_amp_mv"
NOT_MEASURED = "phenotype/measurements.tsv holds no cmap_amp_mv of this infant at both visits"

Site = tuple[str, str, str]  # nerve, muscle, side


def measured_sites(
    study: Study, participant_id: str, session_id: str, measure: str
) -> dict[Site, Measurement]:
    """Measurements of a visit by (nerve, muscle, side); a site stated twice is left out."""
    held: dict[Site, list[Measurement]] = {}
    for m in study.measurements:
        if (m.participant_id, m.session_id, m.measure) == (participant_id, session_id, measure):
            held.setdefault((m.nerve, m.muscle, m.side), []).append(m)
    return {site: rows[0] for site, rows in held.items() if len(rows) == 1}


def ln_cmap(row: Measurement) -> float | None:
    """Ln of an amplitude in mV, at least that of the limit; None where none was written down."""
    if row.absent:
        return math.log(ABSENT_CMAP_MV)
    return None if row.value is None else math.log(max(row.value, ABSENT_CMAP_MV))


def cmap_outcome(
    study: Study, infants: Sequence[InfantOutcome], question: Question
) -> CmapOutcome:
    """Each infant's change of ln CMAP over the sites measured at both visits, arms compared.

    Sides are averaged within a nerve and muscle, then these equally. The dead and whoever lacks a
    visit are left out: the comparison is descriptive and selects survivors.
    """
    sites, changes = [], []
    for infant in infants:
        mine = _sites_of(study, infant)
        sites += mine
        known = [(f"{s.nerve} {s.muscle}", s.change_ln) for s in mine if s.change_ln is not None]
        change = mean_over_groups(known, 1)
        why = "died before the visit" if infant.died else NOT_MEASURED
        changes.append(
            CmapChange(
                participant_id=infant.participant_id,
                arm=infant.arm,
                treated=infant.treated,
                n_sites=len(known),
                change_ln=change.value,
                reason="" if change.value is not None else why,
            )
        )
    entries = [Entry(c.participant_id, c.treated, c.change_ln, None) for c in changes]
    return CmapOutcome(tuple(sites), tuple(changes), compare_arms(entries, question))


def _sites_of(study: Study, infant: InfantOutcome) -> list[CmapSite]:
    plan, who = study.protocol.primary, infant.participant_id
    before, after = (
        measured_sites(study, who, session_of(visit), CMAP)
        for visit in (plan.baseline, plan.visit)
    )
    return [
        _site(infant, site, before.get(site), after.get(site))
        for site in sorted(before.keys() | after.keys())
    ]


def _site(
    infant: InfantOutcome, site: Site, before: Measurement | None, after: Measurement | None
) -> CmapSite:
    a, b = (None if row is None else ln_cmap(row) for row in (before, after))
    limit = math.log(ABSENT_CMAP_MV)
    visits = (("baseline", before, a), ("the visit", after, b))
    missing = [name for name, _, ln in visits if ln is None]
    return CmapSite(
        participant_id=infant.participant_id,
        arm=infant.arm,
        nerve=site[0],
        muscle=site[1],
        side=site[2],
        baseline_mv=None if before is None else before.value,
        visit_mv=None if after is None else after.value,
        at_limit=limit in (a, b),
        change_ln=b - a if a is not None and b is not None else None,
        absent=tuple(name for name, row, _ in visits if row is not None and row.absent),
        reason=f"no amplitude at {' and '.join(missing)}" if missing else "",
    )
