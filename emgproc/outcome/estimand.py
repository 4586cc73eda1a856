"""The estimand in words (ICH E9(R1)), and what happened to each infant on the way."""

from collections.abc import Sequence
from datetime import date

from emgproc.outcome.events import (
    EARLY,
    LATE,
    NOT_PER_PROTOCOL,
    death_date,
    ventilated_since,
)
from emgproc.outcome.model import InfantOutcome
from emgproc.outcome.primary_test import TESTS
from emgproc.outcome.secondary_model import EstimandRow, IntercurrentEvent
from emgproc.study.model import Study
from emgproc.study.protocol import Protocol

DEATH = "composite: worst ranks, an earlier death worse"
POLICY = "treatment policy: analysed as observed, flagged"
VENTILATION_TIER = "composite: ranked between death and alive"
AS_OBSERVED = "as observed, flagged"
MISSING = "missing data, no intercurrent event: complete case; bounds in the sensitivity analyses"


def estimand_rows(protocol: Protocol) -> tuple[EstimandRow, ...]:
    """Population, treatments, variable, strategies and summary measure, from the protocol."""
    design, dose, plan = protocol.design, protocol.dose, protocol.primary
    arms = "; ".join(f"{a.id}, {'treated' if a.treated else 'not treated'}" for a in design.arms)
    levels = ", ".join(f"{level / 1e6:g}" for level in dose.levels)
    days = ", ".join(str(day) for day in dose.nominal_days)
    sides = " and ".join(plan.sides)
    muscles = ", ".join(muscle.replace("_", " ") for muscle in plan.muscles)
    ventilation = protocol.ice.ventilation
    return (
        EstimandRow(
            "population",
            "every enrolled infant, by the arm it was assigned to; allocation: "
            f"{design.allocation} ({design.allocation_method})",
        ),
        EstimandRow(
            "treatments",
            f"{arms}; planned {dose.route} doses of {levels} million cells on study days {days}",
        ),
        EstimandRow(
            "variable",
            f"{plan.feature}: change from {plan.baseline} to {plan.visit} in ln units, mean over "
            f"the muscles {muscles} of the mean over sides ({sides}), at least "
            f"{plan.min_muscles}; benefit: {plan.benefit}",
        ),
        EstimandRow("death before the visit", DEATH),
        EstimandRow(
            f"ventilation of {ventilation.hours_per_day:g} h a day for {ventilation.days} days, "
            "or tracheostomy",
            _ventilation(protocol),
        ),
        EstimandRow("another SMA therapy", POLICY),
        EstimandRow("doses missing, late or of another level", POLICY),
        EstimandRow("visit outside its window", AS_OBSERVED),
        EstimandRow("recording missing or failed, or infant withdrawn", MISSING),
        EstimandRow(
            "summary",
            f"exact two-sided p: {TESTS[protocol.analysis.test]}; Hodges–Lehmann shift, exp() of "
            "it a ratio; with deaths net benefit and win odds of all, the shift of survivors only",
        ),
    )


def intercurrent_events(
    study: Study, infants: Sequence[InfantOutcome]
) -> tuple[IntercurrentEvent, ...]:
    """Every intercurrent event and data state of every infant, with its declared strategy."""
    rows = []
    for infant in infants:
        rows += [
            IntercurrentEvent(infant.participant_id, infant.arm, kind, day, words, strategy)
            for kind, day, words, strategy in _of_infant(study, infant)
        ]
    return tuple(rows)


def _ventilation(protocol: Protocol) -> str:
    return VENTILATION_TIER if protocol.ice.ventilation.strategy == "composite" else POLICY


_Found = tuple[str, int | None, str, str]


def _of_infant(study: Study, infant: InfantOutcome) -> list[_Found]:
    name = infant.participant_id

    def day_of(day: date | None) -> int | None:
        return None if day is None else study.study_day(name, day)

    found: list[_Found] = []
    if infant.died:
        found.append(("death", infant.death_day, "died before the visit", DEATH))
    elif death_date(study, name) is not None:
        day = day_of(death_date(study, name))
        found.append(("death after the visit", day, "died after the visit", AS_OBSERVED))
    since = ventilated_since(study, name)
    if since is not None:
        words = "permanent ventilation or tracheostomy"
        found.append(("ventilation", day_of(since), words, _ventilation(study.protocol)))
    found += [
        ("other SMA therapy", day_of(event.start), event.term, POLICY)
        for event in study.events_of(name, "other_sma_therapy")
    ]
    if NOT_PER_PROTOCOL in infant.flags:
        what = [f for f in infant.flags if f.startswith("dose")]
        words = ", ".join(what).replace("_", " ")
        found.append(("doses not as planned", None, words, POLICY))
    return found + _visit_states(study, infant)


def _visit_states(study: Study, infant: InfantOutcome) -> list[_Found]:
    plan = study.protocol.primary
    found: list[_Found] = []
    for flag, words in ((LATE, "after"), (EARLY, "before")):
        if flag in infant.flags:
            text = f"{plan.visit} {words} its window"
            found.append(("visit outside its window", None, text, AS_OBSERVED))
    if not infant.in_primary:
        found.append(("missing", None, infant.reason, MISSING))
    return found
