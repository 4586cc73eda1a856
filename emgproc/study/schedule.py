"""The schedule of assessments that a protocol implies: what is done to whom, and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from emgproc.study.dates import Period

if TYPE_CHECKING:
    from emgproc.study.protocol import Arm, Protocol, VisitPlan

SCREENING, FOLLOW_UP = "screening", "follow-up"
_CYCLE = [date(2001, 1, 1) + timedelta(days=day) for day in range(366 + 3 * 365)]


@dataclass(frozen=True, slots=True)
class ScheduleColumn:
    """One time of the schedule, for one arm; days are study days, the index date being day 1.

    Attributes
    ----------
    arm
        The arm's id; its columns are ordered by time.
    id, label
        `screening`, `dose_1`…, the id of a visit, `EMG_POST_dose_1`… for a visit after each dose,
        `follow-up`; and what to print.
    kind
        Which of these it is.
    day_from, day_to
        Planned day. They differ where calendar months lie between: three months are 89 to 92
        days. None for the screening, which ends before the index date, and the follow-up, which
        ends at the data cut-off.
    window_from, window_to
        First and last day of the window of the earliest and of the latest planned day; None as
        before.
    basis
        From what it is counted, in words.
    """

    arm: str
    id: str
    label: str
    kind: Literal["screening", "dose", "visit", "follow-up"]
    day_from: int | None
    day_to: int | None
    window_from: int | None
    window_to: int | None
    basis: str


@dataclass(frozen=True, slots=True)
class ScheduleCell:
    """One assessment that takes place in one column of one arm; `how` adds what is particular."""

    arm: str
    assessment: str
    column_id: str
    how: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The schedule of assessments.

    Attributes
    ----------
    assessments
        The rows, in the order to print them.
    columns
        The times, arm by arm.
    cells
        Where an assessment takes place.
    """

    assessments: tuple[str, ...]
    columns: tuple[ScheduleColumn, ...]
    cells: tuple[ScheduleCell, ...]

    def columns_of(self, arm: str) -> tuple[ScheduleColumn, ...]:
        """Return the columns of one arm, by time."""
        return tuple(column for column in self.columns if column.arm == arm)

    def cell(self, arm: str, assessment: str, column_id: str) -> ScheduleCell | None:
        """Return what is done there; None where that assessment is not."""
        for cell in self.cells:
            if (cell.arm, cell.assessment, cell.column_id) == (arm, assessment, column_id):
                return cell
        return None


def schedule_of(protocol: "Protocol") -> Schedule:
    """Schedule of assessments of a protocol, for a figure or a trial-design data set.

    Parameters
    ----------
    protocol
        A protocol.

    Returns
    -------
    Schedule
        Untreated arms have no doses and the same visits, counted from the day the protocol names
        (registry: "at the same time with intervention group").

    Examples
    --------
    >>> import tomllib
    >>> from emgproc.study.parse import parse_protocol
    >>> from emgproc.study.template import template_toml
    >>> protocol, _ = parse_protocol(tomllib.loads(template_toml()))
    >>> schedule = schedule_of(protocol)
    >>> [column.id for column in schedule.columns_of("CTRL")]
    ['screening', 'EMG_BL', 'EMG_POST', 'EMG_M3', 'follow-up']
    >>> schedule.cell("MSC", "Injection", "dose_3").how
    '10 million cells, intrathecal'
    """
    columns = [column for arm in protocol.design.arms for column in _columns(protocol, arm)]
    cells = [cell for arm in protocol.design.arms for cell in _cells(protocol, arm, columns)]
    return Schedule(
        tuple(dict.fromkeys(cell.assessment for cell in cells)), tuple(columns), tuple(cells)
    )


def _columns(protocol: "Protocol", arm: "Arm") -> list[ScheduleColumn]:
    timed = [*_visits(protocol, arm), *(_doses(protocol, arm) if arm.treated else ())]
    # The baseline comes before dose 1 of the same day (R08), every other visit after a dose.
    last = protocol.primary.baseline
    timed.sort(key=lambda c: (c.day_from or 0, c.id != last, c.kind == "visit", c.day_to or 0))
    days = (None, None, None, None)
    start = "before the index date"
    before = ScheduleColumn(arm.id, SCREENING, "Screening", "screening", *days, start)
    until = f"to the data cut-off {protocol.study.data_cutoff}"
    after = ScheduleColumn(arm.id, FOLLOW_UP, "Follow-up", "follow-up", *days, until)
    return [before, *timed, after]


def _doses(protocol: "Protocol", arm: "Arm") -> Iterator[ScheduleColumn]:
    width = protocol.dose.window_days
    for number, day in enumerate(protocol.dose.nominal_days, start=1):
        yield ScheduleColumn(
            arm.id, f"dose_{number}", f"Dose {number}", "dose", day, day,
            _shifted(day, -width if number > 1 else 0), day + (width if number > 1 else 0),
            "index date",
        )  # fmt: skip


def _visits(protocol: "Protocol", arm: "Arm") -> Iterator[ScheduleColumn]:
    for plan in protocol.visits:
        if plan.per_dose:
            for number, day in enumerate(protocol.dose.nominal_days, start=1):
                basis = f"dose {number}" if arm.treated else f"day {day}"
                yield _visit(arm, plan, f"{plan.id}_dose_{number}", (day, basis))
        elif plan.anchor == "index":
            yield _visit(arm, plan, plan.id, (1, "index date"))
        elif arm.treated:
            yield _visit(arm, plan, plan.id, (protocol.dose.nominal_days[-1], "last dose"))
        else:
            day = plan.control_anchor_day
            yield _visit(arm, plan, plan.id, (day, f"day {day}"))


def _visit(
    arm: "Arm", plan: "VisitPlan", column_id: str, anchor: tuple[int, str]
) -> ScheduleColumn:
    (first, basis), offset = anchor, Period.parse(plan.offset)
    # A month is 28 to 31 days: every day of four years is tried as the anchor.
    spans = [(offset.after(day) - day).days for day in _CYCLE]
    day_from, day_to = first + min(spans), first + max(spans)
    counted = basis if plan.offset == "P0D" else f"{basis} + {plan.offset}"
    return ScheduleColumn(
        arm.id, column_id, column_id.replace("_dose_", ", dose "), "visit", day_from, day_to,
        _shifted(day_from, plan.window[0]), _shifted(day_to, plan.window[1]), counted,
    )  # fmt: skip


def _shifted(day: int, by: int) -> int:
    """Study day `by` days after a study day from 1 on: there is no day 0."""
    return day + by if day + by > 0 else day + by - 1


def _cells(
    protocol: "Protocol", arm: "Arm", columns: list[ScheduleColumn]
) -> Iterator[ScheduleCell]:
    own = [column for column in columns if column.arm == arm.id]
    yield ScheduleCell(arm.id, "Consent", SCREENING)
    yield ScheduleCell(arm.id, "Eligibility", SCREENING)
    yield ScheduleCell(arm.id, "Genetic confirmation", SCREENING, "before dose 1")
    for column in own:
        if column.kind == "visit":
            yield ScheduleCell(arm.id, "EMG", column.id, column.basis)
    if arm.treated:
        yield from _injections(protocol, arm)
    kinds = {outcome.kind: outcome for outcome in protocol.secondary}
    if "csf" in kinds and arm.treated:
        last = f"dose_{len(protocol.dose.levels)}"
        yield ScheduleCell(arm.id, "Cerebrospinal fluid", last, kinds["csf"].timepoint)
    after = [column.id for column in own if column.kind != "screening"]
    for kind, name in (("safety", "Adverse events"), ("survival", "Survival")):
        if kind in kinds:
            yield from (ScheduleCell(arm.id, name, column_id) for column_id in after)


def _injections(protocol: "Protocol", arm: "Arm") -> Iterator[ScheduleCell]:
    dose = protocol.dose
    for number, level in enumerate(dose.levels, start=1):
        how = f"{level / 1e6:g} million cells, {dose.route}"
        yield ScheduleCell(arm.id, "Injection", f"dose_{number}", how)
