"""Tables 7c and 7d: muscle tone right after each dose, where a visit is planned after each."""

from emgproc.outcome.model import Outcome
from emgproc.outcome.secondary_model import AfterDose, DoseChange
from emgproc.report import trial_sources as come_from
from emgproc.report.trial_table import Table, Value, limits, sentences
from emgproc.report.wording import explained

_Row = tuple[Value, ...]
NO_ADJUSTMENT = "Descriptive: p is nominal and not adjusted for the number of outcomes."


def dose_tables(outcome: Outcome) -> list[Table]:
    """Both arms after each dose, and every infant; none where the protocol plans one visit."""
    if not outcome.secondary.after_doses:
        return []
    return [after_doses_table(outcome), dose_changes_table(outcome)]


def after_doses_table(outcome: Outcome) -> Table:
    """T7c: change from baseline to the visit right after each dose, both arms."""
    return Table(
        id="T7c",
        name="after_each_dose",
        title="Secondary outcome 1: muscle tone right after each dose",
        columns=(
            "dose", "n treated", "n control", "mean change treated, ln",
            "mean change control, ln", "shift, ln", "low", "high", "level attained", "nominal p",
            "note",
        ),
        rows=tuple(_after(row) for row in outcome.secondary.after_doses),
        sources=(come_from.AFTER_DOSES, come_from.DOSE_CHANGES),
        footnotes=(
            "Shift: treated minus control, Hodges–Lehmann. T7 is of the visit after the last dose "
            "that each infant had. A control is counted from the days on which its doses would "
            "have been.",
            NO_ADJUSTMENT,
        ),
    )  # fmt: skip


def _after(row: AfterDose) -> _Row:
    splits = "" if row.splits is None else f"{row.count}/{row.splits} splits"
    return (
        row.dose_no, row.n_treated, row.n_control, row.mean_treated_ln, row.mean_control_ln,
        row.shift_ln, *limits(row.shift_ci_ln), row.level_attained, row.p_nominal,
        "; ".join(sentences(explained(row.reason), splits)),
    )  # fmt: skip


def dose_changes_table(outcome: Outcome) -> Table:
    """T7d: that change of every infant after every dose, or why there is none."""
    return Table(
        id="T7d",
        name="changes_after_each_dose",
        title="Change right after each dose, every infant",
        columns=(
            "infant", "arm", "dose", "window from study day", "to", "recorded on study day",
            "muscle groups", "change, ln units", "recordings", "none because",
        ),
        rows=tuple(_change(row) for row in outcome.secondary.dose_changes),
        sources=(come_from.DOSE_CHANGES, come_from.RECORDINGS_TABLE),
    )  # fmt: skip


def _change(row: DoseChange) -> _Row:
    return (
        row.participant_id, row.arm, row.dose_no, row.first_day, row.last_day, row.day,
        row.n_groups, row.change_ln, ", ".join(row.recordings), explained(row.reason),
    )  # fmt: skip
