"""Results of the secondary outcomes, of reliability and of the baseline, one statistic a row."""

import re
from collections.abc import Iterator
from itertools import chain

from emgproc.outcome.change_model import AfterDose, ArmsCompared
from emgproc.outcome.secondary_model import (
    BaselineRow,
    Proportion,
    Reliability,
    SafetyRow,
    SecondaryOutcomes,
    SurvivalCurve,
    SurvivalEndpoint,
    TwoProportions,
)
from emgproc.standards.adam_result_rows import (
    COUNT,
    LN,
    PROBABILITY,
    SHARE,
    AnalysisResult,
    Frame,
    limits_of,
    numbers_of,
    split_p,
)

DAYS = "days"
EXACT = "count; Clopper-Pearson and mid-P interval"
COMPARED = "risk difference, Newcombe interval; Fisher's exact test, nominal"


def secondary_results(secondary: SecondaryOutcomes) -> Iterator[AnalysisResult]:
    """Rows of tone after each dose, cells, adverse events, longevity, reliability, baseline."""
    yield from chain.from_iterable(map(_after_dose, secondary.after_doses))
    measured = "infants with a motor response measured at baseline and the primary visit"
    yield from _arms("SECONDARY.CMAP", measured, secondary.cmap.arms)
    for found in secondary.csf.proportions:
        yield from _proportion("CSF", found)
    if secondary.csf.against_controls is not None:
        yield from _compared("CSF", secondary.csf.against_controls)
    for row in secondary.safety.rows:
        yield from _safety(row)
    for difference in secondary.safety.differences:
        yield from _compared("SAFETY", difference)
    for endpoint in secondary.longevity.endpoints:
        yield from _survival(endpoint)
    for landmark in secondary.longevity.landmarks:
        yield from _proportion("LANDMARK", landmark)
    yield from _reliability(secondary.reliability)
    for variable in secondary.baseline:
        yield from _baseline(variable)


def _after_dose(row: AfterDose) -> Iterator[AnalysisResult]:
    population = f"infants measured at baseline and right after dose {row.dose_no}"
    yield from _arms(f"SECONDARY.POST.DOSE-{row.dose_no}", population, row.arms)


def _arms(analysis_id: str, population: str, arms: ArmsCompared) -> Iterator[AnalysisResult]:
    n, why = arms.n_treated + arms.n_control, arms.reason or "nobody measured"
    frame = Frame(analysis_id, population, n, "descriptive; p is nominal", why)
    yield from frame.rows(
        *split_p(arms.p_nominal, arms.count, arms.splits, "nominal "),
        ("mean_treated", "mean change, treated", arms.mean_treated_ln, LN),
        ("mean_control", "mean change, control", arms.mean_control_ln, LN),
        *numbers_of(arms.n_treated, arms.n_control),
        ("estimate", "Hodges-Lehmann shift", arms.shift_ln, LN),
        *limits_of("ci", "exact interval of the shift", arms.shift_ci_ln, LN),
        ("level_attained", "attained level of the interval", arms.level_attained, PROBABILITY),
    )


def key(*words: str) -> str:
    """Identifier of an analysis: its words in capitals, joined by dots.

    Examples
    --------
    >>> key("SAFETY", "any adverse event", "MSC")
    'SAFETY.ANY-ADVERSE-EVENT.MSC'
    """
    return ".".join(re.sub(r"[^A-Z0-9]+", "-", word.upper()).strip("-") for word in words if word)


def _proportion(outcome: str, found: Proportion) -> Iterator[AnalysisResult]:
    name = key(outcome, found.name, found.arm)
    frame = Frame(name, f"infants of {found.arm}: {found.name}", found.n, EXACT, found.reason)
    yield from frame.rows(
        ("k", found.name, found.k, COUNT),
        ("share", found.name, found.value, SHARE),
        *limits_of("ci", f"exact {found.level:.0%} interval", found.ci, SHARE),
        *limits_of("ci_mid_p", f"mid-P {found.level:.0%} interval", found.ci_mid_p, SHARE),
    )


def _compared(outcome: str, pair: TwoProportions) -> Iterator[AnalysisResult]:
    name = key(outcome, pair.name, "DIFFERENCE")
    yield from Frame(name, f"both arms: {pair.name}", None, COMPARED, pair.reason).rows(
        ("difference", "share of the treated less that of the controls", pair.difference, SHARE),
        *limits_of("ci", "interval of the difference", pair.ci, SHARE),
        ("p_nominal", "Fisher's two-sided p, nominal", pair.p_nominal, PROBABILITY),
        ("mid_p_nominal", "central mid-p, nominal", pair.mid_p_nominal, PROBABILITY),
    )


def _safety(row: SafetyRow) -> Iterator[AnalysisResult]:
    yield from _proportion("SAFETY", row.infants)
    method = "events from the index date on; worst grade of an infant"
    name = key("SAFETY", row.category, row.arm)
    frame = Frame(name, f"infants of {row.arm}: {row.category}", row.infants.n, method)
    grades = [
        (f"worst_grade_{g}" if g else "worst_grade_none", f"infants of worst grade {g or 'none'}")
        for g in range(len(row.worst_grades))
    ]
    yield from frame.rows(
        ("events", row.category, row.events, COUNT),
        *(
            (statistic, label, count, COUNT)
            for (statistic, label), count in zip(grades, row.worst_grades, strict=True)
        ),
    )


def _survival(endpoint: SurvivalEndpoint) -> Iterator[AnalysisResult]:
    name = key("LONGEVITY", endpoint.id)
    method = "exact log-rank over all allocations, nominal; restricted mean"
    why = endpoint.reason or endpoint.note
    yield from Frame(name, endpoint.name, len(endpoint.follow_up), method, why).rows(
        *split_p(endpoint.p_nominal, endpoint.count, endpoint.splits, "nominal "),
        ("tau", "horizon of the restricted means", endpoint.tau_days, DAYS),
        (
            "rmst_difference", "restricted mean, treated less control",
            endpoint.restricted_difference_days, DAYS,
        ),
        *limits_of("rmst_ci", "interval of the difference", endpoint.restricted_ci_days, DAYS),
    )  # fmt: skip
    for curve in endpoint.curves:
        yield from _curve(name, endpoint.name, curve)


def _curve(name: str, what: str, curve: SurvivalCurve) -> Iterator[AnalysisResult]:
    method = "Kaplan-Meier, log-log interval"
    why = "not reached, or it cannot be estimated from so few events"
    frame = Frame(
        f"{name}.{key(curve.arm)}", f"infants of {curve.arm}: {what}", curve.n, method, why
    )
    yield from frame.rows(
        ("events", what, curve.n_events, COUNT),
        ("median", f"median time to {what}", curve.median_days, DAYS),
        ("rmst", "restricted mean time", curve.restricted_mean_days, DAYS),
        ("follow_up", "median follow-up, reverse Kaplan-Meier", curve.follow_up_median_days, DAYS),
    )
    steps = zip(
        curve.times, curve.at_risk, curve.survival, curve.ci_low, curve.ci_high, strict=True
    )
    for day, at_risk, share, low, high in steps:
        at = f"day_{day:g}"
        yield from frame.rows(
            (f"{at}_at_risk", f"at risk on day {day:g}", at_risk, COUNT),
            (f"{at}_survival", f"without event after day {day:g}", share, SHARE),
            (f"{at}_ci_low", f"interval on day {day:g}, lower limit", low, SHARE),
            (f"{at}_ci_high", f"interval on day {day:g}, upper limit", high, SHARE),
        )


def _reliability(found: Reliability) -> Iterator[AnalysisResult]:
    frame = Frame(
        "RELIABILITY",
        "repeat recordings of one session",
        len(found.pairs),
        "two-way analysis of variance of T, repeats as raters",
        found.reason or found.note,
    )
    yield from frame.rows(
        ("icc_agreement", "ICC(2,1), agreement", found.icc_agreement, ""),
        *limits_of("icc_agreement_ci", "interval of ICC(2,1)", found.icc_agreement_ci, ""),
        ("icc_consistency", "ICC(3,1), consistency", found.icc_consistency, ""),
        *limits_of("icc_consistency_ci", "interval of ICC(3,1)", found.icc_consistency_ci, ""),
        ("sem", "standard error of measurement", found.sem_ln, LN),
        ("mdc95", "minimal detectable change", found.mdc95_ln, LN),
        ("bias", "mean difference, second less first", found.bias_ln, LN),
        *limits_of("bias_ci", "t interval of the mean difference", found.bias_ci_ln, LN),
        *limits_of("limits", "limits of agreement", found.limits_ln, LN),
        *limits_of("limits_low_ci", "interval of the lower limit", found.limits_low_ci_ln, LN),
        *limits_of("limits_high_ci", "interval of the upper limit", found.limits_high_ci_ln, LN),
    )
    for responders in found.responders:
        yield from _proportion("RESPONDERS", responders)
    if found.responders_compared is not None:
        yield from _compared("RESPONDERS", found.responders_compared)


def _baseline(row: BaselineRow) -> Iterator[AnalysisResult]:
    name = key("BASELINE", row.variable, row.arm)
    why = row.reason or "not a statistic of this variable"
    frame = Frame(name, f"infants of {row.arm}", row.n, f"{row.variable} ({row.unit})", why)
    yield from frame.rows(
        ("missing", f"{row.variable}: missing", row.n_missing, COUNT),
        ("mean", f"{row.variable}: mean", row.mean, row.unit),
        ("sd", f"{row.variable}: standard deviation", row.sd, row.unit),
        ("median", f"{row.variable}: median", row.median, row.unit),
        ("low", f"{row.variable}: smallest", row.low, row.unit),
        ("high", f"{row.variable}: largest", row.high, row.unit),
        ("smd", f"{row.variable}: standardised difference of the arms", row.smd, ""),
    )
