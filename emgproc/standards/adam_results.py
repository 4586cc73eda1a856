"""Analysis results as rows: one statistic a row, a number that every table only formats.

The idea is that of the CDISC Analysis Results Standard: an analysis, a statistic, a value.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias

from emgproc.outcome.model import (
    Effect,
    FlowArm,
    Gate,
    Outcome,
    Primary,
    SecondaryPost,
    SensitivityRow,
    Wins,
)

Statistic: TypeAlias = float | int | str | None
Told: TypeAlias = tuple[str, str, Statistic, str]  # statistic, label, value, unit
Limits: TypeAlias = tuple[float, float] | None
IN_PRIMARY = "infants with D observed, or dead before the primary visit"
ENROLLED = "enrolled infants"
NOT_COMPUTED = "not computed by this analysis"
LN, RATIO, COUNT, PROBABILITY = "ln", "ratio", "count", "probability"


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """One statistic of one analysis.

    Attributes
    ----------
    analysis_id
        PRIMARY, EFFECT, WINS, GATE…, SENS…, SECONDARY…, FLOW….
    statistic, label
        Its short name, and what it says.
    value
        A number, a word, or None where there is none: `reason` then says why.
    unit
        `ln` (units of the natural logarithm), `ratio`, `count`, `probability`, or empty.
    population, n
        Which infants, and how many of them entered.
    method
        How it was computed.
    reason
        Why there is no value.
    """

    analysis_id: str
    statistic: str
    label: str
    value: Statistic
    unit: str
    population: str
    n: int
    method: str
    reason: str = ""


COLUMNS = tuple(field.name for field in fields(AnalysisResult))


def analysis_results(outcome: Outcome) -> tuple[AnalysisResult, ...]:
    """Every statistic of an outcome, in the order of the analyses.

    Parameters
    ----------
    outcome
        Of `emgproc.outcome.analyse`.

    Returns
    -------
    tuple of AnalysisResult
        Primary test, effect, wins, conditions of the gate, sensitivity analyses, the visit right
        after the last dose, flow by arm. Each pair of `analysis_id` and `statistic` stands once.
    """
    return (
        *_primary(outcome.primary),
        *_effect("EFFECT", outcome.primary.effect, outcome.primary),
        *_wins(outcome.primary.wins, outcome.primary),
        *_gate(outcome.gate, outcome.primary),
        *(row for analysis in outcome.sensitivity for row in _sensitivity(analysis)),
        *_post(outcome.secondary_post),
        *(row for arm in outcome.flow for row in _flow(arm)),
    )


def results_text(results: Sequence[AnalysisResult], *, synthetic: bool = False) -> str:
    """Tab-separated table, numbers by `repr`, missing as `n/a`.

    The last column says SYNTHETIC where the data belong to no one.

    Parameters
    ----------
    results
        Of `analysis_results`.
    synthetic
        Whether the data are simulated.
    """
    data = "SYNTHETIC" if synthetic else "trial"
    lines = [[*COLUMNS, "data"]]
    lines += [[*(_cell(getattr(row, name)) for name in COLUMNS), data] for row in results]
    return "".join("\t".join(line) + "\n" for line in lines)


def _cell(value: Statistic) -> str:
    if value is None or value == "":
        return "n/a"
    return repr(value) if isinstance(value, float) else " ".join(str(value).split())


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the rows of one analysis share."""

    analysis_id: str
    population: str
    n: int
    method: str
    reason: str = ""

    def rows(self, *told: Told) -> Iterator[AnalysisResult]:
        """Rows of these statistics; the reason stands only where there is no value."""
        for statistic, label, value, unit in told:
            reason = "" if value is not None else self.reason or NOT_COMPUTED
            yield AnalysisResult(
                self.analysis_id,
                statistic,
                label,
                value,
                unit,
                self.population,
                self.n,
                self.method,
                reason,
            )


def _split(
    p: float | None, count: int | None, splits: int | None, word: str = ""
) -> tuple[Told, ...]:
    return (
        ("p", f"{word}exact two-sided p", p, PROBABILITY),
        ("count", "splits at least as extreme as the observed", count, COUNT),
        ("splits", "all splits of the infants into the arms", splits, COUNT),
    )


def _limits(name: str, label: str, limits: Limits, unit: str) -> tuple[Told, ...]:
    low, high = limits or (None, None)
    return (
        (f"{name}_low", f"{label}, lower limit", low, unit),
        (f"{name}_high", f"{label}, upper limit", high, unit),
    )


def _numbers(treated: int, control: int) -> tuple[Told, ...]:
    return (
        ("n_treated", "treated infants", treated, COUNT),
        ("n_control", "control infants", control, COUNT),
    )


def _primary(primary: Primary) -> Iterator[AnalysisResult]:
    n = primary.n_treated + primary.n_control
    frame = _Frame("PRIMARY", IN_PRIMARY, n, primary.test, primary.reason)
    reachable = None if primary.alpha_reachable is None else str(primary.alpha_reachable).lower()
    yield from frame.rows(
        *_split(primary.p, primary.count, primary.splits),
        ("alpha", "level of the test", primary.alpha, PROBABILITY),
        ("smallest_p", "smallest p that these numbers allow", primary.smallest_p, PROBABILITY),
        ("alpha_reachable", "can the level be reached at all", reachable, ""),
        *_numbers(primary.n_treated, primary.n_control),
        ("deaths_treated", "deaths before the visit, treated", primary.deaths_treated, COUNT),
        ("deaths_control", "deaths before the visit, control", primary.deaths_control, COUNT),
        (
            "both_censored_share", "share of pairs at the limit of detection at both visits",
            primary.both_censored_share, RATIO,
        ),
    )  # fmt: skip


def _effect(analysis_id: str, effect: Effect | None, primary: Primary) -> Iterator[AnalysisResult]:
    """An effect; where there is none, one row that says why."""
    if effect is None:
        why = primary.reason or "an arm has no infant measured at both visits"
        yield from _Frame(analysis_id, IN_PRIMARY, 0, "Hodges-Lehmann", why).rows(
            ("estimate", "shift", None, LN)
        )
        return
    why = primary.no_interval_reason or effect.note or "no exact interval exists"
    n = effect.n_treated + effect.n_control
    yield from _Frame(analysis_id, effect.label, n, effect.method, why).rows(
        ("estimate", "Hodges-Lehmann shift, treated minus control", effect.estimate_ln, LN),
        *_limits("ci", "exact interval of the shift", effect.ci_ln, LN),
        ("ratio", "ratio of levels, treated to control", effect.ratio, RATIO),
        *_limits("ci_ratio", "exact interval of the ratio", effect.ci_ratio, RATIO),
        ("level_nominal", "nominal level of the interval", effect.level_nominal, PROBABILITY),
        ("level_attained", "attained level of the interval", effect.level_attained, PROBABILITY),
        *_numbers(effect.n_treated, effect.n_control),
    )


def _wins(wins: Wins | None, primary: Primary) -> Iterator[AnalysisResult]:
    n = primary.n_treated + primary.n_control
    method = "every treated against every control infant; exact permutation of the sum of scores"
    if wins is None:
        frame = _Frame("WINS", IN_PRIMARY, n, method, primary.reason)
        yield from frame.rows(("net_benefit", "net benefit", None, ""))
        return
    yield from _Frame("WINS", IN_PRIMARY, n, method, wins.note).rows(
        ("wins", "pairs that the treated wins", wins.wins, COUNT),
        ("losses", "pairs that the treated loses", wins.losses, COUNT),
        ("ties", "pairs without a winner", wins.ties, COUNT),
        ("net_benefit", "wins less losses, share of pairs", wins.net_benefit, ""),
        ("win_odds", "win odds, ties halved", wins.win_odds, RATIO),
        ("win_ratio", "win ratio", wins.win_ratio, RATIO),
        *_split(wins.p, wins.count, wins.splits),
    )


def _gate(gate: Gate, primary: Primary) -> Iterator[AnalysisResult]:
    n = primary.n_treated + primary.n_control
    for condition in gate.conditions:
        frame = _Frame(f"GATE.{condition.id}", IN_PRIMARY, n, condition.name, condition.text)
        yield from frame.rows(
            ("status", condition.name, condition.status, ""),
            ("value", f"{condition.name}: value", condition.value, ""),
            ("limit", f"{condition.name}: limit", condition.limit, ""),
        )
    method = "every condition passed and nothing voids the claim"
    yield from _Frame("GATE", IN_PRIMARY, n, method).rows(
        ("verdict", "may improved tone be stated", gate.verdict, "")
    )


def _sensitivity(row: SensitivityRow) -> Iterator[AnalysisResult]:
    why = row.reason or row.note
    n = row.n_treated + row.n_control
    yield from _Frame(f"SENS.{row.id}", "as the analysis defines it", n, row.name, why).rows(
        ("estimate", "shift, treated minus control", row.estimate_ln, LN),
        *_limits("ci", "interval of the shift", row.ci_ln, LN),
        ("level_attained", "attained level of the interval", row.level_attained, PROBABILITY),
        *_split(row.p, row.count, row.splits, "nominal "),
        *_numbers(row.n_treated, row.n_control),
        *_limits("range", "range of the shift over its analyses", row.range_ln, LN),
        *_limits("range_p", "range of p over its analyses", row.range_p, PROBABILITY),
        ("note", "note", row.note or None, ""),
    )


def _post(post: SecondaryPost) -> Iterator[AnalysisResult]:
    n = post.n_treated + post.n_control
    population = "infants measured at baseline and right after the last dose"
    frame = _Frame("SECONDARY.POST", population, n, post.note, post.reason or "nobody measured")
    yield from frame.rows(
        ("p_nominal", "exact two-sided p, nominal", post.p_nominal, PROBABILITY),
        ("mean_treated", "mean change, treated", post.mean_treated_ln, LN),
        ("mean_control", "mean change, control", post.mean_control_ln, LN),
        *_numbers(post.n_treated, post.n_control),
    )
    effect = post.effect
    low, high = effect.ci_ln if effect and effect.ci_ln else (None, None)
    yield from frame.rows(
        ("estimate", "Hodges-Lehmann shift", effect.estimate_ln if effect else None, LN),
        ("ci_low", "exact interval of the shift, lower limit", low, LN),
        ("ci_high", "exact interval of the shift, upper limit", high, LN),
        (
            "level_attained", "attained level of the interval",
            effect.level_attained if effect else None, PROBABILITY,
        ),
    )  # fmt: skip


def _flow(arm: FlowArm) -> Iterator[AnalysisResult]:
    frame = _Frame(f"FLOW.{arm.arm}", ENROLLED, arm.enrolled, "count", "not planned")
    yield from frame.rows(
        ("planned", "planned infants", arm.planned, COUNT),
        ("enrolled", "enrolled infants", arm.enrolled, COUNT),
        ("observed", "infants with D observed", arm.observed, COUNT),
        ("died", "infants dead before the visit", arm.died, COUNT),
        ("missing", "infants alive without D", arm.missing, COUNT),
        ("in_primary", "infants in the primary analysis", arm.in_primary, COUNT),
    )
