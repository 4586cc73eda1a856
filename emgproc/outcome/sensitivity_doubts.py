"""How strong a doubt would have to be: values of the missing, and a hidden bias of the arms."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from emgproc.errors import ParameterError
from emgproc.outcome.comparison import Entry, Question, changes_of, compare, why_not
from emgproc.outcome.model import SensitivityRow
from emgproc.outcome.sensitivity_row import Material, without
from emgproc.stats.rank_sum import worst_rank_scores
from emgproc.stats.rosenbaum import rosenbaum_bound, sensitivity_gamma
from emgproc.stats.tipping import tipping_point

TIPPING = "Z13 tipping point for missing D, by the worst-rank test"
GAMMA = "Rosenbaum Γ: hidden bias of a non-randomised comparison"
GAMMAS = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0)


def tipping(m: Material) -> list[SensitivityRow]:
    """The primary's p were the missing of one arm all to have one change x, over all x.

    The rank sum changes only where x passes an observed change, so that one value between each two
    of them tells p for every x that ties with none.
    """
    rows = []
    for treated in (True, False):
        arm = "treated" if treated else "control"
        missing = [e for e in m.entries if not e.counts and e.treated is treated]
        if missing:
            rows.append(_tipped(m, missing, arm))
    return rows or [without("tipping", TIPPING, "nobody is missing: nothing can tip")]


def _tipped(m: Material, missing: Sequence[Entry], arm: str) -> SensitivityRow:
    row_id, name = f"tipping_{arm}", f"{TIPPING}, {arm} missing"
    seen = sorted({e.change for e in m.entries if e.change is not None and e.death_day is None})
    others = [e for e in m.entries if e.counts or e in missing]
    reason = why_not(m.entries) or ("" if seen else "no change was observed")
    if reason:
        return without(row_id, name, reason)
    between = [(a + b) / 2 for a, b in pairwise(seen)]
    points = [seen[0] - 1.0, *between, seen[-1] + 1.0]
    curve = tuple((x, _p_with(others, missing, x, m.question)) for x in points)
    return SensitivityRow(
        row_id,
        name,
        estimable=True,
        reason="",
        n_treated=sum(e.treated for e in others),
        n_control=sum(not e.treated for e in others),
        note="; ".join((_where(seen, curve, m, arm), _of_the_mean(m, len(missing), arm))),
        range_p=(min(p for _, p in curve), max(p for _, p in curve)),
        curve=curve,
    )


def _p_with(
    entries: Sequence[Entry], missing: Sequence[Entry], x: float, question: Question
) -> float:
    filled = [replace(e, change=x) if e in missing else e for e in entries]
    return compare(filled, question).test.p


def _where(
    seen: Sequence[float], curve: Sequence[tuple[float, float]], m: Material, arm: str
) -> str:
    """Between which values of the missing p crosses α, in words."""
    alpha = 1 - m.question.level
    within = [p <= alpha * (1 + 1e-9) for _, p in curve]
    if all(within):
        return f"p ≤ {alpha:g} whatever the missing {arm} had"
    if not any(within):
        return f"p > {alpha:g} whatever the missing {arm} had"
    crossings = [
        f"{edge:+.3f}" for edge, (a, b) in zip(seen, pairwise(within), strict=True) if a != b
    ]
    return f"p crosses {alpha:g} where the missing {arm} pass {' and '.join(crossings)} ln"


def _of_the_mean(m: Material, missing: int, arm: str) -> str:
    """The same of the exact mean permutation of the living (trial.md case 32)."""
    treated, control = changes_of(m.entries)
    if not treated or not control:
        return "mean permutation: an arm has no observed change"
    sign = m.question.sign
    try:
        found = tipping_point(
            [sign * d for d in treated],
            [sign * d for d in control],
            missing=missing,
            arm="treated" if arm == "treated" else "control",
            alpha=1 - m.question.level,
        )
    except ParameterError as error:
        return f"mean permutation: {error}"
    if found.value is None:
        return "; ".join(f"mean permutation: {note}" for note in found.notes)
    edge = "≥" if (arm == "treated") == (sign > 0) else "≤"
    return (
        f"mean permutation of the living: p ≤ {found.alpha:g} needs a missing D {edge} "
        f"{sign * found.value:+.4f} ln"
    )


def hidden_bias(m: Material) -> list[SensitivityRow]:
    """Largest one-sided p of the worst-rank test if hidden odds of treatment differ by Γ."""
    reason = why_not(m.entries)
    if reason:
        return [without("gamma", GAMMA, reason)]
    used = [e for e in m.entries if e.counts]
    scores = worst_rank_scores(
        [
            math.nan if e.change is None or e.death_day is not None else m.question.sign * e.change
            for e in used
        ],
        [math.nan if e.death_day is None else float(e.death_day) for e in used],
    )
    treated = [s for s, e in zip(scores, used, strict=True) if e.treated]
    control = [s for s, e in zip(scores, used, strict=True) if not e.treated]
    alpha = (1 - m.question.level) / 2
    found = sensitivity_gamma(treated, control, alpha=alpha)
    curve = tuple((g, rosenbaum_bound(treated, control, g).value) for g in GAMMAS)
    said = (
        f"one-sided p stays ≤ {alpha:g} up to Γ = {found.value:.3f}"
        if found.value is not None
        else "; ".join(found.notes)
    )
    return [
        SensitivityRow(
            "gamma",
            GAMMA,
            estimable=True,
            reason="",
            p=found.p_unbiased,
            n_treated=len(treated),
            n_control=len(control),
            note=f"p is one-sided, at Γ = 1; {said}",
            range_p=(curve[0][1], curve[-1][1]),
            curve=curve,
        )
    ]
