"""Doses of each infant: planned, given, together so far, late, skipped, reduced."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from emgproc.errors import StudyError
from emgproc.study.columns import EXPOSURES
from emgproc.study.rows import Exposure

if TYPE_CHECKING:
    from emgproc.study.model import Study
    from emgproc.study.protocol import Dose

DoseStatus = Literal["given", "reduced", "increased", "skipped", "not recorded", "not planned"]


@dataclass(frozen=True, slots=True)
class DoseRow:
    """One dose of one infant of a treated arm.

    Attributes
    ----------
    participant_id, arm, dose_no
        Which dose of whom.
    planned_cells, nominal_day
        Cells and study day of the protocol; None for a dose that it does not plan.
    given_cells, day
        Cells given and the study day; None where no row tells. A skipped dose has 0 cells.
    cumulative_cells
        Cells given up to and with this dose; None from the first dose that no row tells of.
    days_off
        Day minus nominal day, the index date being dose 1's; None where either is not known or
        nothing was given.
    late, early
        Whether that is outside the protocol's window of days.
    status
        `given` at the planned level within its tolerance, `reduced`, `increased`, `skipped`
        (0 cells), `not recorded` (no row), `not planned`.
    interrupted
        As stated; None where it was not.
    """

    participant_id: str
    arm: str
    dose_no: int
    planned_cells: float | None
    nominal_day: int | None
    given_cells: float | None
    day: int | None
    cumulative_cells: float | None
    days_off: int | None
    late: bool
    early: bool
    status: DoseStatus
    interrupted: bool | None


@dataclass(frozen=True, slots=True)
class ExposureTotal:
    """All doses of one infant together: cells planned and given, and how many deviate.

    `given_cells` is None where a planned dose has no row.
    """

    participant_id: str
    arm: str
    planned_cells: float
    given_cells: float | None
    n_planned: int
    n_given: int
    n_reduced: int
    n_skipped: int
    n_late: int
    n_early: int
    n_not_recorded: int


@dataclass(frozen=True, slots=True)
class ManufactureRow:
    """What is known of the product of one dose (R09, R17); empty or None where not stated."""

    participant_id: str
    dose_no: int
    product: str
    origin: str
    tissue: str
    route: str
    donor: str
    lot: str
    passage: str
    viability_pct: float | None
    release_qc: Literal["pass", "fail", ""]


def doses_of(study: "Study") -> tuple[DoseRow, ...]:
    """Doses of every enrolled infant of a treated arm, planned and given.

    Returns
    -------
    tuple of DoseRow
        In the order of participants.tsv, then of dose number; one row for each planned dose and
        for each that was given beyond the plan.

    Raises
    ------
    StudyError
        An untreated arm has an exposure (R07: "There will be no injection").
    """
    _no_exposed_control(study)
    return tuple(
        row
        for person in study.enrolled()
        if study.treated_of(person.participant_id)
        for row in _doses(study, person.participant_id)
    )


def exposure_totals(study: "Study") -> tuple[ExposureTotal, ...]:
    """Total exposure of every enrolled infant of a treated arm; raises as `doses_of`."""
    grouped: dict[str, list[DoseRow]] = {}
    for row in doses_of(study):
        grouped.setdefault(row.participant_id, []).append(row)
    return tuple(_total(rows) for rows in grouped.values())


def manufacture_of(study: "Study") -> tuple[ManufactureRow, ...]:
    """Product, donor, lot, passage, viability and release of every recorded dose (R17)."""
    plan = study.protocol.dose
    return tuple(
        ManufactureRow(
            participant_id=dose.participant_id,
            dose_no=dose.dose_no,
            product=plan.product,
            origin=plan.origin,
            tissue=plan.tissue,
            route=dose.route,
            donor=dose.donor,
            lot=dose.lot,
            passage=dose.passage,
            viability_pct=dose.viability_pct,
            release_qc=dose.release_qc,
        )
        for dose in study.exposures
    )


def level_status(plan: "Dose", dose_no: int, given_cells: float) -> DoseStatus:
    """Compare what was given with the planned level and its tolerance."""
    if not 1 <= dose_no <= len(plan.levels):
        return "not planned"
    if given_cells == 0:
        return "skipped"
    level = plan.levels[dose_no - 1]
    if abs(given_cells - level) <= plan.level_tolerance * level:
        return "given"
    return "reduced" if given_cells < level else "increased"


def _no_exposed_control(study: "Study") -> None:
    exposed = [
        f"{EXPOSURES}:{dose.row}:participant_id E030 exposure row for untreated arm "
        f"{study.arm_of(dose.participant_id)} ({dose.participant_id})"
        for dose in study.exposures
        if not study.treated_of(dose.participant_id)
    ]
    if exposed:
        raise StudyError("doses", exposed)


def _doses(study: "Study", participant_id: str) -> Iterator[DoseRow]:
    plan = study.protocol.dose
    told = {d.dose_no: d for d in study.exposures if d.participant_id == participant_id}
    together: float | None = 0.0
    for number in sorted({*range(1, len(plan.levels) + 1), *told}):
        dose = told.get(number)
        together = None if together is None or dose is None else together + dose.given_cells
        yield _dose(study, participant_id, number, dose, together)


def _dose(
    study: "Study", participant_id: str, number: int, dose: Exposure | None, together: float | None
) -> DoseRow:
    plan = study.protocol.dose
    planned = number <= len(plan.levels)
    nominal = plan.nominal_days[number - 1] if number <= len(plan.nominal_days) else None
    status: DoseStatus = "not recorded"
    day = off = None
    if dose is not None:
        status = level_status(plan, number, dose.given_cells)
        day = study.study_day(participant_id, dose.given_at.date())
        if nominal is not None and dose.given_cells > 0:
            # There is no study day 0: a day before the index date counts one less.
            off = day - nominal + (day < 0)
    return DoseRow(
        participant_id=participant_id,
        arm=study.arm_of(participant_id),
        dose_no=number,
        planned_cells=plan.levels[number - 1] if planned else None,
        nominal_day=nominal,
        given_cells=None if dose is None else dose.given_cells,
        day=day,
        cumulative_cells=together,
        days_off=off,
        late=off is not None and off > plan.window_days,
        early=off is not None and off < -plan.window_days,
        status=status,
        interrupted=None if dose is None else dose.interrupted,
    )


def _total(rows: list[DoseRow]) -> ExposureTotal:
    states = [row.status for row in rows]
    return ExposureTotal(
        participant_id=rows[0].participant_id,
        arm=rows[0].arm,
        planned_cells=sum(row.planned_cells or 0.0 for row in rows),
        given_cells=rows[-1].cumulative_cells,
        n_planned=sum(row.planned_cells is not None for row in rows),
        n_given=sum(bool(row.given_cells) for row in rows),
        n_reduced=states.count("reduced"),
        n_skipped=states.count("skipped"),
        n_late=sum(row.late for row in rows),
        n_early=sum(row.early for row in rows),
        n_not_recorded=states.count("not recorded"),
    )
