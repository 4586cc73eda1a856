"""Checks of exposure: who was dosed, in which order, how much, when."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from emgproc.study.columns import CSF, EXPOSURES, PARTICIPANTS
from emgproc.study.model import Study
from emgproc.study.rows import CsfSample, Exposure, Participant, Problem, Severity

if TYPE_CHECKING:
    from emgproc.study.protocol import Dose


def check_doses(study: Study) -> Iterator[Problem]:
    """Yield what is wrong with the doses, and samples where there should be none."""
    for dose in study.exposures:
        if not study.treated_of(dose.participant_id):
            what = f"exposure row for untreated arm {study.arm_of(dose.participant_id)}"
            yield _problem(dose, "participant_id", "E030", what, dose.participant_id)
        else:
            yield from _level(study, dose)
            yield from _timing(study, dose)
            yield from _release(dose)
    for person in study.enrolled():
        if study.treated_of(person.participant_id):
            yield from _sequence(study, person)
    for sample in study.csf:
        if not study.treated_of(sample.participant_id):
            what = f"cerebrospinal fluid sample in untreated arm of {sample.participant_id}"
            yield Problem(CSF, sample.row, "participant_id", "W108", what, "warning")
        else:
            yield from _sampled(study, sample)


def _sampled(study: Study, sample: CsfSample) -> Iterator[Problem]:
    """Yield a sample that cannot tell of cells "after final intervention" (R22)."""
    last = study.last_dose(sample.participant_id)
    if last is None or sample.date < last:
        doses = f"before the last dose on {last}" if last else "without any dose given"
        what = f"cerebrospinal fluid of {sample.participant_id} sampled {doses}"
        yield Problem(CSF, sample.row, "date", "W121", what, "warning", str(sample.date))


def _release(dose: Exposure) -> Iterator[Problem]:
    if dose.release_qc == "fail" and dose.given_cells > 0:
        what = f"dose {dose.dose_no} given although its quality control failed"
        yield _problem(dose, "release_qc", "W120", what, dose.release_qc)


def _problem(dose: Exposure, column: str, code: str, message: str, value: object = "") -> Problem:
    severity: Severity = "warning" if code.startswith("W") else "error"
    return Problem(EXPOSURES, dose.row, column, code, message, severity, str(value))


def _level(study: Study, dose: Exposure) -> Iterator[Problem]:
    plan = study.protocol.dose
    if dose.dose_no > len(plan.levels):
        what = f"dose {dose.dose_no}, but the protocol plans {len(plan.levels)}"
        yield _problem(dose, "dose_no", "E032", what, dose.dose_no)
        return
    level = plan.levels[dose.dose_no - 1]
    if abs(dose.planned_cells - level) > plan.level_tolerance * level:
        what = f"planned {dose.planned_cells:g} ≠ planned level {level:g}; see dose.levels"
        yield _problem(dose, "planned_cells", "E032", what, f"{dose.planned_cells:g}")
    if abs(dose.given_cells - level) > plan.level_tolerance * level:
        what = f"given {dose.given_cells:g} ≠ planned level {level:g}"
        if dose.interrupted or dose.given_cells == 0:
            yield _problem(dose, "given_cells", "W115", what, f"{dose.given_cells:g}")
        else:
            hint = "; correct it, set dose.levels, or say interrupted Y if it was cut short"
            hint = _published(plan, dose) + hint
            yield _problem(dose, "given_cells", "E032", what + hint, f"{dose.given_cells:g}")
    if dose.route.casefold() != plan.route.casefold():
        what = f"given by another route than {plan.route}"
        yield _problem(dose, "route", "W115", what, dose.route)


def _published(plan: "Dose", dose: Exposure) -> str:
    """Name the published schedule whose level was given instead of the planned one (C1)."""
    for key in ("structured_doses", "summary_doses"):
        levels: tuple[float, ...] = getattr(plan, key)
        if dose.dose_no <= len(levels) and levels[dose.dose_no - 1] == dose.given_cells:
            return f", but the level of dose.{key}"
    return ""


def _timing(study: Study, dose: Exposure) -> Iterator[Problem]:
    plan = study.protocol.dose
    if dose.dose_no > len(plan.nominal_days):
        return
    nominal = plan.nominal_days[dose.dose_no - 1]
    due = study.index_date(dose.participant_id) + timedelta(days=nominal - 1)
    if abs((dose.given_at.date() - due).days) > plan.window_days:
        day = study.study_day(dose.participant_id, dose.given_at.date())
        what = f"dose {dose.dose_no} at day {day}, planned day {nominal} ± {plan.window_days}"
        yield _problem(dose, "datetime", "W113", what, dose.given_at.date())


def _sequence(study: Study, person: Participant) -> Iterator[Problem]:
    doses = [e for e in study.exposures if e.participant_id == person.participant_id]
    doses.sort(key=lambda dose: dose.dose_no)
    yield from _order(doses)
    first = next((dose for dose in doses if dose.dose_no == 1), None)
    if first is not None and first.given_at.date() != person.index_date:
        what = f"index_date {person.index_date} is not the day of dose 1"
        yield _problem(first, "datetime", "E034", what, first.given_at.date())
    planned = len(study.protocol.dose.levels)
    missing = sorted(set(range(1, planned + 1)) - {dose.dose_no for dose in doses})
    if missing:
        numbers = ", ".join(map(str, missing))
        what = f"no row for dose {numbers} of {person.participant_id}; was it given?"
        yield Problem(PARTICIPANTS, person.row, "participant_id", "W114", what, "warning")


def _order(doses: list[Exposure]) -> Iterator[Problem]:
    """Yield doses that stand before an earlier one, or without it (E031)."""
    for position, dose in enumerate(doses):
        earlier = doses[position - 1] if position else None
        if earlier is not None and dose.dose_no > earlier.dose_no and _before(dose, earlier):
            what = f"dose {dose.dose_no} not after dose {earlier.dose_no}"
            yield _problem(dose, "datetime", "E031", what, dose.given_at.date())
        if dose.dose_no > 1 and all(other.dose_no != dose.dose_no - 1 for other in doses):
            what = (
                f"dose {dose.dose_no} without a row for dose {dose.dose_no - 1}; "
                "a dose not given has given_cells 0"
            )
            yield _problem(dose, "dose_no", "E031", what, dose.dose_no)


def _before(dose: Exposure, earlier: Exposure) -> bool:
    if dose.timed and earlier.timed:
        return dose.given_at <= earlier.given_at
    return dose.given_at.date() <= earlier.given_at.date()
