"""Tables 7 to 10 of the report: the secondary outcomes, all descriptive, every p nominal."""

from emgproc.outcome.model import Outcome
from emgproc.outcome.secondary_model import Proportion, SurvivalEndpoint
from emgproc.report import trial_sources as come_from
from emgproc.report.trial_changes import NO_ADJUSTMENT, cmap_tables, dose_tables
from emgproc.report.trial_primary import QUANTITY
from emgproc.report.trial_table import Table, Value, limits, sentences
from emgproc.report.wording import code_words, explained

_Row = tuple[Value, ...]
INTERVALS = "Intervals of counts: Clopper–Pearson, and mid-P; 95 %."


def secondary_tables(outcome: Outcome) -> list[Table]:
    """Tone right after the last dose, cells in the fluid, safety, longevity."""
    return [
        post_table(outcome),
        post_changes_table(outcome),
        *dose_tables(outcome),
        *cmap_tables(outcome.secondary.cmap),
        csf_table(outcome),
        csf_samples_table(outcome),
        safety_table(outcome),
        differences_table(outcome),
        survival_table(outcome),
        comparison_table(outcome),
        landmark_table(outcome),
        follow_up_table(outcome),
    ]


def post_table(outcome: Outcome) -> Table:
    """T7: change of the tonic level from baseline to the visit right after the last dose."""
    post = outcome.secondary_post
    why = "" if post.estimable else explained(post.reason)
    rows: list[_Row] = [
        ("mean change, treated", post.mean_treated_ln, None, None, "ln", f"n = {post.n_treated}"),
        ("mean change, control", post.mean_control_ln, None, None, "ln", f"n = {post.n_control}"),
    ]
    if post.effect is not None:
        effect = post.effect
        over = f"{effect.label}, {effect.n_treated} v {effect.n_control}"
        rows += [
            ("shift between the arms", effect.estimate_ln, *limits(effect.ci_ln), "ln",
             f"{effect.method}; {over}"),
            ("ratio treated : control", effect.ratio, *limits(effect.ci_ratio), "", over),
            ("level the interval attains", effect.level_attained, None, None, "", effect.note),
        ]  # fmt: skip
    rows.append(("nominal p", post.p_nominal, None, None, "", why))
    return Table(
        id="T7",
        name="tone_right_after",
        title="Secondary outcome 1: muscle tone right after the last dose",
        columns=QUANTITY,
        rows=tuple(rows),
        sources=(come_from.OUTCOME, come_from.PAIRS_POST),
        footnotes=sentences(f"Not estimable: {why}." if why else "", NO_ADJUSTMENT),
    )


def post_changes_table(outcome: Outcome) -> Table:
    """T7b: that change of every infant."""
    rows = [
        (i.participant_id, i.arm, i.change_post_ln, explained(i.post_reason))
        for i in outcome.infants
    ]
    return Table(
        id="T7b",
        name="changes_right_after",
        title="Change right after the last dose, every infant",
        columns=("infant", "arm", "change, ln units", "none because"),
        rows=tuple(rows),
        sources=(come_from.INFANTS, come_from.PAIRS_POST),
        empty="no infant is enrolled",
    )


def _count_row(found: Proportion) -> _Row:
    return (
        found.name, found.arm, found.k, found.n, found.value, *limits(found.ci),
        *limits(found.ci_mid_p), "; ".join(sentences(found.reason, found.note)),
    )  # fmt: skip


_COUNTS = (
    "what", "arm", "infants", "of", "share", "low", "high", "mid-P low", "mid-P high", "note",
)  # fmt: skip


def csf_table(outcome: Outcome) -> Table:
    """T8: treated infants with injected cells in a sample after the last dose."""
    csf = outcome.secondary.csf
    rows = [_count_row(found) for found in csf.proportions]
    against = csf.against_controls
    compared = "" if against is None else _against_controls(against.p_nominal, against.reason)
    return Table(
        id="T8",
        name="csf_cells",
        title="Secondary outcome 2: injected cells in the cerebrospinal fluid",
        columns=_COUNTS,
        rows=tuple(rows),
        sources=(come_from.CSF_COUNTS, come_from.CSF_SAMPLES),
        footnotes=sentences(
            "" if csf.estimable else f"Not estimable: {csf.reason}.",
            csf.statements,
            compared,
            INTERVALS,
        ),
        empty=f"not estimable: {csf.reason}",
    )


def _against_controls(p: float | None, reason: str) -> str:
    if p is None:
        return f"Against the controls that were sampled: not compared, {reason}."
    return f"Against the controls that were sampled: Fisher's p {p:.4f}, nominal."


def csf_samples_table(outcome: Outcome) -> Table:
    """T8b: every assay of every sample."""
    rows = [
        (
            row.participant_id, row.arm, row.day, row.dose_no_before, row.days_after_dose,
            row.after_last_dose, row.method, row.marker, _RESULTS[row.result], row.volume_ml,
            row.lod, row.cells_per_ml, row.rbc,
        )
        for row in outcome.secondary.csf.rows
    ]  # fmt: skip
    return Table(
        id="T8b",
        name="csf_samples",
        title="Samples of cerebrospinal fluid",
        columns=(
            "infant", "arm", "study day", "dose before", "days after it", "after the last dose",
            "method", "marker", "result", "volume, mL", "limit of detection", "cells per mL",
            "red cells",
        ),
        rows=tuple(rows),
        sources=(come_from.CSF_SAMPLES, come_from.SAMPLES),
        empty="no sample was taken",
    )  # fmt: skip


_RESULTS = {"pos": "positive", "neg": "negative", "ind": "indeterminate", "nd": "not done"}


def safety_table(outcome: Outcome) -> Table:
    """T9: infants with an emergent event of each category, events, and worst grades."""
    safety = outcome.secondary.safety
    rows = [
        (
            code_words(row.category), row.arm, row.infants.k, row.infants.n, row.infants.value,
            *limits(row.infants.ci), row.events, *row.worst_grades, row.infants.reason,
        )
        for row in safety.rows
    ]  # fmt: skip
    return Table(
        id="T9",
        name="safety",
        title="Secondary outcome 3: sensitivity or infection, and other adverse events",
        columns=(
            "category", "arm", "infants", "of", "share", "low", "high", "events",
            "worst grade not stated", "worst grade 1", "worst grade 2", "worst grade 3",
            "worst grade 4", "worst grade 5", "note",
        ),
        rows=tuple(rows),
        sources=(come_from.SAFETY, come_from.ADVERSE),
        footnotes=sentences(
            safety.statements,
            f"Grades: {safety.grading}." if safety.grading else "No scale of grades is stated.",
            "Events that began on or after the day of dose 1 (control: the index day); an infant "
            "counts once in a category, by its worst grade.",
            INTERVALS,
        ),
    )  # fmt: skip


def differences_table(outcome: Outcome) -> Table:
    """T9b: treated against control in each category."""
    rows = [
        (
            code_words(d.name), d.difference, *limits(d.ci), d.p_nominal, d.mid_p_nominal,
            d.reason,
        )
        for d in outcome.secondary.safety.differences
    ]  # fmt: skip
    return Table(
        id="T9b",
        name="safety_differences",
        title="Adverse events: treated minus control",
        columns=("category", "risk difference", "low", "high", "p", "mid-p", "note"),
        rows=tuple(rows),
        sources=(come_from.DIFFERENCES,),
        footnotes=("Newcombe's interval, Fisher's exact p and its mid-p.", NO_ADJUSTMENT),
        empty="there is no second arm to compare with",
    )


def survival_table(outcome: Outcome) -> Table:
    """T10: the curve of each arm at its event times."""
    rows: list[_Row] = []
    for endpoint in outcome.secondary.longevity.endpoints:
        for curve in endpoint.curves:
            steps = zip(
                curve.times, curve.at_risk, curve.survival, curve.ci_low, curve.ci_high,
                strict=True,
            )  # fmt: skip
            rows += [(endpoint.name, curve.arm, *step) for step in steps]
    return Table(
        id="T10",
        name="survival",
        title="Secondary outcome 4: longevity, curves at their times",
        columns=("endpoint", "arm", "days", "at risk", "survival", "low", "high"),
        rows=tuple(rows),
        sources=(come_from.SURVIVAL, come_from.FOLLOW_UP),
        footnotes=sentences(
            outcome.secondary.longevity.statements,
            "Kaplan–Meier, log-log interval, 95 %; no interval stands before the first event.",
            *(f"{e.name}: {e.reason}." for e in outcome.secondary.longevity.endpoints if e.reason),
        ),
        empty="no infant is followed up",
    )


def comparison_table(outcome: Outcome) -> Table:
    """T10b: exact log-rank and restricted means of each endpoint, medians of each arm."""
    rows: list[_Row] = []
    for endpoint in outcome.secondary.longevity.endpoints:
        rows += _endpoint_rows(endpoint)
    return Table(
        id="T10b",
        name="survival_compared",
        title="Longevity: the arms compared",
        columns=("endpoint", *QUANTITY),
        rows=tuple(rows),
        sources=(come_from.OUTCOME,),
        footnotes=(NO_ADJUSTMENT,),
    )


def _endpoint_rows(endpoint: SurvivalEndpoint) -> list[_Row]:
    why = endpoint.reason or endpoint.note
    splits = "" if endpoint.splits is None else f"{endpoint.count}/{endpoint.splits} splits"
    found: list[_Row] = [
        ("exact log-rank p", endpoint.p_nominal, None, None, "", splits or why),
        ("restricted to the first", endpoint.tau_days, None, None, "d",
         "the earlier of the arms' last days"),
        ("difference of the restricted means, treated minus control",
         endpoint.restricted_difference_days, *limits(endpoint.restricted_ci_days), "d", why),
    ]  # fmt: skip
    for curve in endpoint.curves:
        never = "not reached" if curve.median_days is None else ""
        found += [
            (f"events, {curve.arm}", curve.n_events, None, None, "", f"of {curve.n} infants"),
            (f"median, {curve.arm}", curve.median_days, None, None, "d", never),
            (f"restricted mean, {curve.arm}", curve.restricted_mean_days, None, None, "d", ""),
            (f"median follow-up, {curve.arm}", curve.follow_up_median_days, None, None, "d",
             "reverse Kaplan–Meier"),
        ]  # fmt: skip
    return [(endpoint.name, *row) for row in found]


def landmark_table(outcome: Outcome) -> Table:
    """T10c: infants alive at the landmarks."""
    rows = [_count_row(found) for found in outcome.secondary.longevity.landmarks]
    return Table(
        id="T10c",
        name="landmarks",
        title="Longevity: alive at the landmarks",
        columns=_COUNTS,
        rows=tuple(rows),
        sources=(come_from.LANDMARKS,),
        footnotes=(INTERVALS,),
    )


def follow_up_table(outcome: Outcome) -> Table:
    """T10d: how long each infant was followed, and how that ended."""
    rows = [
        (f.participant_id, f.arm, endpoint.name, f.days, f.event, f.what)
        for endpoint in outcome.secondary.longevity.endpoints
        for f in endpoint.follow_up
    ]
    return Table(
        id="T10d",
        name="follow_up",
        title="Longevity: every infant's follow-up from the index date",
        columns=("infant", "arm", "endpoint", "days", "event", "how it ended"),
        rows=tuple(rows),
        sources=(come_from.FOLLOW_UP, come_from.PEOPLE, come_from.EVENTS),
        empty="no infant is followed up",
    )
