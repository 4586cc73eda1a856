"""The coherence gate: when "improved tone" may be stated (emg.md 1.5 point 6)."""

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

from emgproc.outcome.cmap import CMAP, ln_cmap, measured_sites
from emgproc.outcome.model import (
    CLAIM,
    FAILED,
    NO_CLAIM,
    NOT_EVALUABLE,
    PASSED,
    Gate,
    GateCondition,
    InfantOutcome,
    Pair,
    Primary,
)
from emgproc.outcome.pairing import mean_over_groups
from emgproc.outcome.sources import session_of
from emgproc.study.model import Measurement, Study

ValueOf: TypeAlias = Callable[[Measurement], float | None]

SPONTANEOUS = "spont_score"


def coherence_gate(
    study: Study, primary: Primary, infants: Sequence[InfantOutcome], pairs: Sequence[Pair]
) -> Gate:
    """Judge the four conditions, and everything that voids a claim all the same.

    Besides the conditions a claim needs a primary that is estimable, informative and significant
    at its own level, and survivors and composite that agree in sign: without these "improved tone"
    would stand on nothing. A missing input is never "passed".
    """
    theta = primary.effect.estimate_ln if primary.effect is not None else None
    treated = [i.participant_id for i in infants if i.treated and i.change_ln is not None]
    conditions = (
        _effect(theta),
        _cmap(study, treated),
        _spontaneous(study, treated),
        _noise(theta, infants, pairs),
    )
    reasons = [f"{c.name}: {c.text}" for c in conditions if c.status == FAILED]
    missing = [f"{c.name}: {c.text}" for c in conditions if c.status == NOT_EVALUABLE]
    if missing:
        reasons.append(f"gate not evaluable ({'; '.join(missing)})")
    reasons += _voids(study, primary)
    if reasons:
        return Gate(conditions, NO_CLAIM, "; ".join(reasons))
    return Gate(conditions, CLAIM, "all four conditions passed and nothing voids the claim")


def signs_disagree(primary: Primary, sign: int = 1) -> bool:
    """With deaths: the composite of all infants and the survivors do not point the same way."""
    if not (primary.deaths_treated + primary.deaths_control):
        return False
    if primary.effect is None or primary.wins is None:
        return False
    return primary.wins.net_benefit * sign * primary.effect.estimate_ln < 0


def _voids(study: Study, primary: Primary) -> list[str]:
    sign = 1 if study.protocol.primary.benefit == "increase" else -1
    reasons = []
    if not primary.estimable:
        reasons.append("the primary outcome is not estimable")
    if sign < 0:
        reasons.append("the gate is defined for a protocol whose benefit is an increase")
    if primary.uninformative:
        reasons.append("the primary outcome is uninformative (both visits at the limit)")
    if primary.p is not None and primary.p > primary.alpha:
        reasons.append(f"the primary p = {primary.p:.4f} exceeds α = {primary.alpha:g}")
    if primary.p is not None and primary.wins is not None and primary.wins.net_benefit <= 0:
        reasons.append(
            f"over all infants the treated do not do better (net benefit "
            f"{primary.wins.net_benefit:.2f})"
        )
    if signs_disagree(primary, sign):
        reasons.append("the composite of all infants and the survivors disagree in sign")
    return reasons


def _judged(passed: bool | None) -> str:  # noqa: FBT001 - three states: yes, no, unknown
    if passed is None:
        return NOT_EVALUABLE
    return PASSED if passed else FAILED


def _effect(theta: float | None) -> GateCondition:
    text = "no effect could be estimated" if theta is None else f"θ = {theta:.3f} ln"
    status = _judged(None if theta is None else theta > 0)
    return GateCondition(
        "effect", "tone rose more in the treated (θ > 0)", status, theta, 0.0, text
    )


def _cmap(study: Study, treated: Sequence[str]) -> GateCondition:
    value, text = _mean_change(study, treated, CMAP, ln_cmap)
    text = text or f"mean change {value:+.3f} ln over {len(treated)} treated infants"
    status = _judged(None if value is None else value >= 0)
    name = "motor response (ln CMAP) not fallen in the treated"
    return GateCondition("cmap", name, status, value, 0.0, text)


def _spontaneous(study: Study, treated: Sequence[str]) -> GateCondition:
    value, text = _mean_change(study, treated, SPONTANEOUS, _score)
    text = text or f"mean change {value:+.2f} points over {len(treated)} treated infants"
    status = _judged(None if value is None else value <= 0)
    name = "spontaneous activity not increased in the treated"
    return GateCondition("spontaneous", name, status, value, 0.0, text)


def _noise(
    theta: float | None, infants: Sequence[InfantOutcome], pairs: Sequence[Pair]
) -> GateCondition:
    name = "noise floor did not move with the arm (|difference of Δ ln σ| < θ/2)"
    means = [_mean_noise_change(infants, pairs, treated=arm) for arm in (True, False)]
    if theta is None or means[0] is None or means[1] is None:
        text = "no effect, or an infant whose noise was measured at neither or one visit only"
        return GateCondition("noise", name, NOT_EVALUABLE, None, None, text)
    value, limit = abs(means[0] - means[1]), theta / 2
    text = f"|{means[0]:+.3f} − ({means[1]:+.3f})| = {value:.3f}, limit {limit:.3f} ln"
    return GateCondition("noise", name, _judged(value < limit), value, limit, text)


def _mean_noise_change(
    infants: Sequence[InfantOutcome], pairs: Sequence[Pair], *, treated: bool
) -> float | None:
    """Mean over an arm's infants of Δ ln σ, averaged over sides and muscles as D is.

    None where it is unknown of one of them: N3, one stated number for both visits, cannot tell
    whether the noise moved.
    """
    changes = []
    for infant in infants:
        if infant.treated != treated or infant.change_ln is None:
            continue
        mine = [
            (p.muscle, 0.5 * math.log(p.visit.noise_power_uv2 / p.baseline.noise_power_uv2))
            for p in pairs
            if p.participant_id == infant.participant_id
            and p.evaluable
            and p.visit.noise_method != "N3"
            and p.visit.noise_power_uv2 is not None
            and p.baseline.noise_power_uv2 is not None
        ]
        change = mean_over_groups(mine, 1).value
        if change is None:
            return None
        changes.append(change)
    return math.fsum(changes) / len(changes) if changes else None


def _mean_change(
    study: Study, treated: Sequence[str], measure: str, value_of: ValueOf
) -> tuple[float | None, str]:
    """Mean change of a measurement over all the treated, or None and who lacks it."""
    if not treated:
        return None, "no treated infant has a change of tone"
    changes = {person: _change(study, person, measure, value_of) for person in treated}
    missing = [person for person, change in changes.items() if change is None]
    if missing:
        return None, f"{measure} at both visits is missing for {', '.join(missing)}"
    found = [change for change in changes.values() if change is not None]
    return math.fsum(found) / len(found), ""


def _change(study: Study, participant_id: str, measure: str, value_of: ValueOf) -> float | None:
    """One infant's mean change over the sites measured at both visits, sides averaged first."""
    plan = study.protocol.primary
    visits = [
        measured_sites(study, participant_id, session_of(visit), measure)
        for visit in (plan.baseline, plan.visit)
    ]
    found = []
    for site in sorted(visits[0].keys() & visits[1].keys()):
        a, b = value_of(visits[0][site]), value_of(visits[1][site])
        if a is not None and b is not None:
            found.append((f"{site[0]} {site[1]}", b - a))
    return mean_over_groups(found, 1).value


def _score(row: Measurement) -> float | None:
    return 0.0 if row.absent else row.value
