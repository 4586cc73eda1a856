"""ADCE: death and change in one order, infant by infant, as the primary test ranks them."""

import math
from collections.abc import Mapping, Sequence

from emgproc.outcome.model import InfantOutcome
from emgproc.standards.adam_source import Analysis
from emgproc.standards.datasets_model import Dataset, Row, Value, codelists
from emgproc.stats import joint_rank, midranks, subjects, worst_rank_scores

RANK, SCORE = "RANK", "SCORE"


def composite_ranks(analysis: Analysis) -> Dataset:
    """ADCE: the worst-rank position of each infant, and its wins less losses (Σu of the win test).

    Both are the inputs of the outcome's tests: the rank sum W of the n treated gives its
    U = W − n(n + 1)/2, the sum of their scores its wins less losses.
    """
    infants = list(analysis.infants.values())
    used = [infant for infant in infants if infant.in_primary]
    values = {RANK: _ranks(analysis, used), SCORE: _scores(analysis, used)}
    return analysis.export.dataset(
        "ADCE",
        [
            _row(analysis, infant, code, values[code])
            for infant in infants
            for code in (RANK, SCORE)
        ],
    )


def _row(analysis: Analysis, infant: InfantOutcome, code: str, values: Mapping[str, float]) -> Row:
    who = infant.participant_id
    value: Value = values.get(who)
    component = "DEATH" if infant.died else "CHANGE" if infant.in_primary else None
    reason = infant.reason if not infant.in_primary else analysis.outcome.primary.reason
    return {
        **analysis.first_columns(who),
        "FASFL": "Y",
        "PARAMCD": code,
        "PARAM": codelists()["CEPARM"][code],
        "AVAL": value,
        "COMPONT": component,
        "DTHDY": infant.death_day,
        "CHG": infant.change_ln,
        "ANL01FL": "Y" if value is not None else None,
        **({} if value is not None else analysis.reason(reason)),
    }


def _columns(analysis: Analysis, used: Sequence[InfantOutcome]) -> tuple[list[float], list[float]]:
    """Benefit and day of death of each infant, NaN where it has none."""
    benefit = [math.nan if i.change_ln is None else analysis.sign * i.change_ln for i in used]
    days = [math.nan if i.death_day is None else float(i.death_day) for i in used]
    return benefit, days


def _ranks(analysis: Analysis, used: Sequence[InfantOutcome]) -> dict[str, float]:
    if not used:
        return {}
    ranks = midranks(worst_rank_scores(*_columns(analysis, used)))
    return {i.participant_id: float(r) for i, r in zip(used, ranks, strict=True)}


def _scores(analysis: Analysis, used: Sequence[InfantOutcome]) -> dict[str, float]:
    if not analysis.outcome.primary.estimable:
        return {}
    benefit, days = _columns(analysis, used)
    # All who reached the visit outlived every death before it.
    horizon = max([day for day in days if not math.isnan(day)], default=0.0) + 1.0
    people = subjects(
        [float(i.treated) for i in used],
        [horizon if math.isnan(day) else day for day in days],
        [float(i.died) for i in used],
        benefit,
    )
    margin = analysis.export.study.protocol.analysis.margin
    scores = joint_rank(people, margin=margin).u
    return {i.participant_id: float(u) for i, u in zip(used, scores, strict=True)}
