"""Tables 7c to 7g: tone right after each dose, where so planned, and the motor response."""

from emgproc.outcome.change_model import AfterDose, ArmsCompared, CmapOutcome, CmapSite, DoseChange
from emgproc.outcome.cmap import ABSENT_CMAP_MV
from emgproc.outcome.model import Outcome
from emgproc.report import trial_sources as come_from
from emgproc.report.trial_table import Table, Value, limits, sentences
from emgproc.report.wording import explained

_Row = tuple[Value, ...]
_COMPARED = (
    "n treated", "n control", "mean change treated, ln", "mean change control, ln", "shift, ln",
    "low", "high", "level attained", "nominal p", "note",
)  # fmt: skip
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
        columns=("dose", *_COMPARED),
        rows=tuple(_after(row) for row in outcome.secondary.after_doses),
        sources=(come_from.AFTER_DOSES, come_from.DOSE_CHANGES),
        footnotes=(
            "Shift: treated minus control, Hodges–Lehmann. T7 is of the visit after the last dose "
            "that each infant had. A control is counted from the days on which its doses would "
            "have been.",
            NO_ADJUSTMENT,
        ),
    )


def _after(row: AfterDose) -> _Row:
    return (row.dose_no, *_compared(row.arms))


def _compared(arms: ArmsCompared) -> _Row:
    splits = "" if arms.splits is None else f"{arms.count}/{arms.splits} splits"
    return (
        arms.n_treated, arms.n_control, arms.mean_treated_ln, arms.mean_control_ln,
        arms.shift_ln, *limits(arms.shift_ci_ln), arms.level_attained, arms.p_nominal,
        "; ".join(sentences(explained(arms.reason), splits)),
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


def cmap_tables(found: CmapOutcome) -> list[Table]:
    """The motor response: arms compared, every infant, every site."""
    return [cmap_table(found), cmap_changes_table(found), cmap_sites_table(found)]


def cmap_table(found: CmapOutcome) -> Table:
    """T7e: change of ln CMAP, both arms."""
    return Table(
        id="T7e",
        name="cmap",
        title="Leading secondary variable: motor response (ln CMAP), change to the primary visit",
        columns=_COMPARED,
        rows=(_compared(found.arms),),
        sources=(come_from.OUTCOME, come_from.CMAP),
        footnotes=(
            "CMAP is never called muscle tone: it tells how much of the muscle can be driven. "
            "Infants measured at both visits only, so survivors.",
            NO_ADJUSTMENT,
        ),
    )


def cmap_changes_table(found: CmapOutcome) -> Table:
    """T7f: that change of every infant."""
    return Table(
        id="T7f",
        name="cmap_changes",
        title="Motor response, change of every infant",
        columns=("infant", "arm", "sites", "change, ln units", "none because"),
        rows=tuple(
            (c.participant_id, c.arm, c.n_sites, c.change_ln, c.reason) for c in found.changes
        ),
        sources=(come_from.CMAP, come_from.CMAP_SITES),
        footnotes=("Mean over the sites; the sides of a nerve and muscle are averaged first.",),
        empty="no infant is enrolled",
    )


def cmap_sites_table(found: CmapOutcome) -> Table:
    """T7g: the amplitudes behind it."""
    return Table(
        id="T7g",
        name="cmap_sites",
        title="Motor response of every nerve and muscle",
        columns=(
            "infant", "arm", "nerve", "muscle", "side", "baseline, mV", "primary visit, mV",
            "at the limit", "change, ln units", "note",
        ),
        rows=tuple(_site(site) for site in found.sites),
        sources=(come_from.CMAP_SITES, come_from.MEASURED_TABLE),
        footnotes=(f"An absent response stands at {ABSENT_CMAP_MV:g} mV, left-censored.",),
        empty="phenotype/measurements.tsv holds no cmap_amp_mv",
    )  # fmt: skip


def _site(site: CmapSite) -> _Row:
    absent = f"absent at {' and '.join(site.absent)}" if site.absent else ""
    return (
        site.participant_id, site.arm, site.nerve, site.muscle.replace("_", " "), site.side,
        site.baseline_mv, site.visit_mv, site.at_limit, site.change_ln,
        "; ".join(sentences(absent, site.reason)),
    )  # fmt: skip
