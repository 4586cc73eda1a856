"""Tables 1 to 3 of the report: who came in and left, how they were at baseline, what was given."""

from collections.abc import Callable, Iterable

from emgproc.outcome.events import NOT_PER_PROTOCOL
from emgproc.outcome.model import InfantOutcome, Outcome
from emgproc.report import trial_sources as come_from
from emgproc.report.trial_table import Table, Value, sentences
from emgproc.report.wording import explained
from emgproc.study import Study, doses_of, exposure_totals
from emgproc.study.doses import DoseRow

MILLION = 1e6
NO_BASELINE_P = (
    "No p-values: arms that were not drawn by lot differ by whatever made an infant come to one "
    "of them, and a test at this size would not find it."
)
TOTALS = (
    "C1: the registry entry publishes two schedules. The total of each stands here; “adopted” is "
    "what study.toml plans (dose.levels)."
)

_Named = tuple[str, str, str]  # participant, arm, why; an empty why says nothing


def people_tables(outcome: Outcome, study: Study) -> list[Table]:
    """Flow, baseline, doses of each infant, their totals, and the published schedules."""
    return [
        flow_table(outcome, study),
        baseline_table(outcome),
        dose_table(study),
        total_table(study),
        schedule_table(study),
    ]


def flow_table(outcome: Outcome, study: Study) -> Table:
    """T1: how many infants of each arm came to each step, and who did not, with the reason."""
    design = study.protocol.design
    heads = [f"{arm.id} ({'treated' if arm.treated else 'control'})" for arm in design.arms]
    planned = tuple(arm.planned_n for arm in design.arms)
    rows: list[tuple[Value, ...]] = [("planned", *planned, sum(planned), "")]
    rows += [_step(study, name, found) for name, found in _steps(outcome, study)]
    return Table(
        id="T1",
        name="flow",
        title="Flow of the infants",
        columns=("step", *heads, "all", "who, and why"),
        rows=tuple(rows),
        sources=(come_from.FLOW, come_from.EXCLUSIONS, come_from.PEOPLE, come_from.DOSES),
        footnotes=(
            f"Allocation: {design.allocation}; how infants came to their arm: "
            f"{design.allocation_method}.",
            "An infant counts in the arm it was assigned to. One who died before the visit is in "
            "the primary test, with the worst rank.",
        ),
    )


def _steps(outcome: Outcome, study: Study) -> list[tuple[str, list[_Named]]]:
    def infants(
        of: Callable[[InfantOutcome], bool], why: Callable[[InfantOutcome], str] = lambda _: ""
    ) -> list[_Named]:
        return [(i.participant_id, i.arm, why(i)) for i in outcome.infants if of(i)]

    plan = study.protocol.primary
    gone = [
        (p.participant_id, p.arm, p.screen_fail_reason or "no reason stated")
        for p in study.participants
        if not p.enrolled
    ]
    left = [
        (p.participant_id, p.arm, f"study day {study.study_day(p.participant_id, day)}")
        for p in study.enrolled()
        if (day := p.withdrawn_date) is not None
    ]
    return [
        ("screened", [(p.participant_id, p.arm, "") for p in study.participants]),
        ("not enrolled", gone),
        ("enrolled", infants(lambda _: True)),
        ("given at least one dose", infants(lambda i: bool(study.doses(i.participant_id)))),
        (
            "doses not as planned",
            infants(lambda i: NOT_PER_PROTOCOL in i.flags, lambda i: _words(i.flags, "dose")),
        ),
        ("withdrawn", left),
        (
            f"died before {plan.visit}",
            infants(lambda i: i.died, lambda i: f"study day {i.death_day}"),
        ),
        (
            f"{plan.visit} missing or unusable",
            infants(lambda i: not i.in_primary, lambda i: explained(i.reason)),
        ),
        (f"change to {plan.visit} measured", infants(lambda i: i.change_ln is not None)),
        ("in the primary test", infants(lambda i: i.in_primary)),
    ]


def _words(flags: Iterable[str], start: str) -> str:
    return ", ".join(f.replace("_", " ") for f in flags if f.startswith(start))


def _step(study: Study, name: str, found: list[_Named]) -> tuple[Value, ...]:
    counts = [sum(a == arm.id for _, a, _ in found) for arm in study.protocol.design.arms]
    who = "; ".join(f"{infant}: {why}" for infant, _, why in found if why)
    return (name, *counts, len(found), who)


def baseline_table(outcome: Outcome) -> Table:
    """T2: every infant's value of each baseline variable, and the standardised difference."""
    rows = [
        (
            row.variable, row.unit, row.arm, row.n, row.n_missing, row.mean, row.sd, row.median,
            row.low, row.high, row.values, row.smd, row.reason,
        )
        for row in outcome.secondary.baseline
    ]  # fmt: skip
    return Table(
        id="T2",
        name="baseline",
        title="Infants at baseline",
        columns=(
            "variable", "unit", "arm", "n", "missing", "mean", "SD", "median", "lowest",
            "highest", "values", "standardised difference", "note",
        ),
        rows=tuple(rows),
        sources=(come_from.BASELINE, come_from.PEOPLE),
        footnotes=(
            "Standardised difference: treated minus control over the pooled SD, the same in both "
            "rows of a variable; above 0.1 is often called imbalance, and at this size even "
            "chance makes larger ones.",
            NO_BASELINE_P,
        ),
    )  # fmt: skip


def dose_table(study: Study) -> Table:
    """T3: each dose of each treated infant, planned, given, and together so far."""
    rows = [
        (
            row.participant_id, row.arm, row.dose_no, _millions(row.planned_cells),
            _millions(row.given_cells), _millions(row.cumulative_cells), row.nominal_day,
            row.day, row.days_off, row.status, _notes(row),
        )
        for row in doses_of(study)
    ]  # fmt: skip
    dose = study.protocol.dose
    return Table(
        id="T3",
        name="doses",
        title="Exposure: every dose (10⁶ cells)",
        columns=(
            "infant", "arm", "dose", "planned", "given", "together so far", "planned day",
            "study day", "days off", "status", "note",
        ),
        rows=tuple(rows),
        sources=(come_from.DOSES, come_from.PROTOCOL),
        footnotes=sentences(
            f"Product: {dose.product or 'not stated'}, {dose.origin or 'origin not stated'}, "
            f"{dose.route}. Window: ± {dose.window_days} d; level tolerance: ± "
            f"{dose.level_tolerance:.0%}.",
            f"Stopping rule: {dose.stopping_rule}; dose-limiting toxicity: {dose.dlt_rule}.",
        ),
        empty="no infant of a treated arm is enrolled",
    )  # fmt: skip


def _millions(cells: float | None) -> float | None:
    return None if cells is None else cells / MILLION


def _notes(row: DoseRow) -> str:
    said = ["late"] if row.late else ["early"] if row.early else []
    return ", ".join([*said, *(["interrupted"] if row.interrupted else [])])


def total_table(study: Study) -> Table:
    """T3b: all doses of each treated infant together."""
    rows = [
        (
            row.participant_id, row.arm, _millions(row.planned_cells), _millions(row.given_cells),
            row.n_planned, row.n_given, row.n_reduced, row.n_skipped, row.n_late, row.n_early,
            row.n_not_recorded,
        )
        for row in exposure_totals(study)
    ]  # fmt: skip
    return Table(
        id="T3b",
        name="exposure_totals",
        title="Exposure: all doses of an infant together (10⁶ cells)",
        columns=(
            "infant", "arm", "planned", "given", "doses planned", "doses given", "reduced",
            "skipped", "late", "early", "not recorded",
        ),
        rows=tuple(rows),
        sources=(come_from.DOSES, come_from.PROTOCOL),
        footnotes=("What was given together is not known where a planned dose has no row.",),
        empty="no infant of a treated arm is enrolled",
    )  # fmt: skip


def schedule_table(study: Study) -> Table:
    """T3c: the dose schedules that the registry entry publishes, each with its total."""
    rows = [
        (
            row.source, tuple(level / MILLION for level in row.levels),
            row.total_cells / MILLION, row.adopted,
        )
        for row in study.protocol.dose_schedules()
    ]  # fmt: skip
    return Table(
        id="T3c",
        name="dose_schedules",
        title="Dose schedules published, and which is adopted (10⁶ cells)",
        columns=("where it stands", "levels", "together", "adopted"),
        rows=tuple(rows),
        sources=(come_from.PROTOCOL,),
        footnotes=(TOTALS,),
    )
