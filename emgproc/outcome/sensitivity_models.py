"""Sensitivity analyses by covariance: the later level at equal baseline, and at equal age."""

from collections.abc import Callable
from typing import TypeAlias

from emgproc.errors import ParameterError
from emgproc.outcome.model import SensitivityRow
from emgproc.outcome.pairing import levels_of
from emgproc.outcome.sensitivity_row import Material, alive, without
from emgproc.stats.covariates import adjusted_effect

Covariates: TypeAlias = Callable[[Material, str, float], list[float]]

LABEL = "Covariance analysis on baseline, label permutation of |t|"
Z11 = "Z11 covariance analysis on baseline and age"
SURVIVORS = "infants measured at both visits; arm effect at equal covariates"


def ancova_label(m: Material) -> list[SensitivityRow]:
    """Later level on baseline level and arm (trial.md case 9 and 10)."""
    return [_adjusted(m, "ancova_label", LABEL, lambda _m, _who, level: [level])]


def ancova_age(m: Material) -> list[SensitivityRow]:
    """Later level on baseline level, age at index and arm: Z11 of `tone_primary_v1`."""
    return [_adjusted(m, "Z11", Z11, _level_and_age)]


def _level_and_age(m: Material, participant_id: str, level: float) -> list[float]:
    return [level, m.study.participant(participant_id).age_months]


def _adjusted(m: Material, row_id: str, name: str, covariates: Covariates) -> SensitivityRow:
    after, before, treated = [], [], []
    for entry in alive(m.entries):
        if entry.change is None:
            continue
        ends = levels_of(m.pairs, entry.participant_id)
        if ends is not None:
            before.append(covariates(m, entry.participant_id, ends[0]))
            after.append(ends[1])
            treated.append(float(entry.treated))
    try:
        found = adjusted_effect(after, before, treated, level=m.question.level)
    except ParameterError as error:
        return without(row_id, name, str(error))
    return SensitivityRow(
        row_id,
        name,
        estimable=True,
        reason="",
        estimate_ln=found.value,
        ci_ln=found.ci,
        level_attained=m.question.level if found.ci is not None else None,
        p=found.p,
        count=found.count,
        splits=found.splits,
        n_treated=found.n[0],
        n_control=found.n[1],
        note="; ".join((SURVIVORS, "interval by the t distribution", *found.notes)),
    )
