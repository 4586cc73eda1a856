"""Analysis results as rows: one statistic a row, a number that every table only formats.

The idea is that of the CDISC Analysis Results Standard: an analysis, a statistic, a value.
"""

from collections.abc import Iterator, Sequence

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
from emgproc.standards.adam_result_rows import (
    COLUMNS,
    COUNT,
    LN,
    PROBABILITY,
    RATIO,
    AnalysisResult,
    Frame,
    Statistic,
    limits_of,
    numbers_of,
    split_p,
)
from emgproc.standards.adam_results_secondary import secondary_results

IN_PRIMARY = "infants with D observed, or dead before the primary visit"
ENROLLED = "enrolled infants"


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
        after the last dose, the other secondary outcomes, reliability, baseline, flow by arm.
        Each pair of `analysis_id` and `statistic` stands once.
    """
    return (
        *_primary(outcome.primary),
        *_effect("EFFECT", outcome.primary.effect, outcome.primary),
        *_wins(outcome.primary.wins, outcome.primary),
        *_gate(outcome.gate, outcome.primary),
        *(row for analysis in outcome.sensitivity for row in _sensitivity(analysis)),
        *_post(outcome.secondary_post),
        *secondary_results(outcome.secondary),
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


def _primary(primary: Primary) -> Iterator[AnalysisResult]:
    n = primary.n_treated + primary.n_control
    frame = Frame("PRIMARY", IN_PRIMARY, n, primary.test, primary.reason)
    reachable = None if primary.alpha_reachable is None else str(primary.alpha_reachable).lower()
    yield from frame.rows(
        *split_p(primary.p, primary.count, primary.splits),
        ("alpha", "level of the test", primary.alpha, PROBABILITY),
        ("smallest_p", "smallest p that these numbers allow", primary.smallest_p, PROBABILITY),
        ("alpha_reachable", "can the level be reached at all", reachable, ""),
        *numbers_of(primary.n_treated, primary.n_control),
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
        yield from Frame(analysis_id, IN_PRIMARY, 0, "Hodges-Lehmann", why).rows(
            ("estimate", "shift", None, LN)
        )
        return
    why = primary.no_interval_reason or effect.note or "no exact interval exists"
    n = effect.n_treated + effect.n_control
    yield from Frame(analysis_id, effect.label, n, effect.method, why).rows(
        ("estimate", "Hodges-Lehmann shift, treated minus control", effect.estimate_ln, LN),
        *limits_of("ci", "exact interval of the shift", effect.ci_ln, LN),
        ("ratio", "ratio of levels, treated to control", effect.ratio, RATIO),
        *limits_of("ci_ratio", "exact interval of the ratio", effect.ci_ratio, RATIO),
        ("level_nominal", "nominal level of the interval", effect.level_nominal, PROBABILITY),
        ("level_attained", "attained level of the interval", effect.level_attained, PROBABILITY),
        *numbers_of(effect.n_treated, effect.n_control),
    )


def _wins(wins: Wins | None, primary: Primary) -> Iterator[AnalysisResult]:
    n = primary.n_treated + primary.n_control
    method = "every treated against every control infant; exact permutation of the sum of scores"
    if wins is None:
        frame = Frame("WINS", IN_PRIMARY, n, method, primary.reason)
        yield from frame.rows(("net_benefit", "net benefit", None, ""))
        return
    yield from Frame("WINS", IN_PRIMARY, n, method, wins.note).rows(
        ("wins", "pairs that the treated wins", wins.wins, COUNT),
        ("losses", "pairs that the treated loses", wins.losses, COUNT),
        ("ties", "pairs without a winner", wins.ties, COUNT),
        ("net_benefit", "wins less losses, share of pairs", wins.net_benefit, ""),
        ("win_odds", "win odds, ties halved", wins.win_odds, RATIO),
        ("win_ratio", "win ratio", wins.win_ratio, RATIO),
        *split_p(wins.p, wins.count, wins.splits),
    )


def _gate(gate: Gate, primary: Primary) -> Iterator[AnalysisResult]:
    n = primary.n_treated + primary.n_control
    for condition in gate.conditions:
        frame = Frame(f"GATE.{condition.id}", IN_PRIMARY, n, condition.name, condition.text)
        yield from frame.rows(
            ("status", condition.name, condition.status, ""),
            ("value", f"{condition.name}: value", condition.value, ""),
            ("limit", f"{condition.name}: limit", condition.limit, ""),
        )
    method = "every condition passed and nothing voids the claim"
    yield from Frame("GATE", IN_PRIMARY, n, method).rows(
        ("verdict", "may improved tone be stated", gate.verdict, "")
    )


def _sensitivity(row: SensitivityRow) -> Iterator[AnalysisResult]:
    why = row.reason or row.note
    n = row.n_treated + row.n_control
    yield from Frame(f"SENS.{row.id}", "as the analysis defines it", n, row.name, why).rows(
        ("estimate", "shift, treated minus control", row.estimate_ln, LN),
        *limits_of("ci", "interval of the shift", row.ci_ln, LN),
        ("level_attained", "attained level of the interval", row.level_attained, PROBABILITY),
        *split_p(row.p, row.count, row.splits, "nominal "),
        *numbers_of(row.n_treated, row.n_control),
        *limits_of("range", "range of the shift over its analyses", row.range_ln, LN),
        *limits_of("range_p", "range of p over its analyses", row.range_p, PROBABILITY),
        ("note", "note", row.note or None, ""),
    )


def _post(post: SecondaryPost) -> Iterator[AnalysisResult]:
    n = post.n_treated + post.n_control
    population = "infants measured at baseline and right after the last dose"
    frame = Frame("SECONDARY.POST", population, n, post.note, post.reason or "nobody measured")
    yield from frame.rows(
        ("p_nominal", "exact two-sided p, nominal", post.p_nominal, PROBABILITY),
        ("mean_treated", "mean change, treated", post.mean_treated_ln, LN),
        ("mean_control", "mean change, control", post.mean_control_ln, LN),
        *numbers_of(post.n_treated, post.n_control),
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
    frame = Frame(f"FLOW.{arm.arm}", ENROLLED, arm.enrolled, "count", "not planned")
    yield from frame.rows(
        ("planned", "planned infants", arm.planned, COUNT),
        ("enrolled", "enrolled infants", arm.enrolled, COUNT),
        ("observed", "infants with D observed", arm.observed, COUNT),
        ("died", "infants dead before the visit", arm.died, COUNT),
        ("missing", "infants alive without D", arm.missing, COUNT),
        ("in_primary", "infants in the primary analysis", arm.in_primary, COUNT),
    )
