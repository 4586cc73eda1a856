"""The first half of a protocol: what the study is, who may enter, which doses are planned."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from emgproc.study.dates import Period
from emgproc.study.eligibility import Rule
from emgproc.study.registry import Table

Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Phase = Literal["", "N/A", "0", "1", "1-2", "2", "2-3", "3", "4"]
Purpose = Literal[
    "", "Treatment", "Prevention", "Diagnostic", "Supportive", "Screening",
    "Health service research", "Basic science", "Other",
]  # fmt: skip


def _checked_age(value: str) -> str:
    if value and Period.parse(value).days:
        raise ValueError("ages are whole months or years")
    return value


def _checked_rule(value: str) -> str:
    if value != "investigator":
        Rule.parse(value)
    return value


Age = Annotated[str, AfterValidator(_checked_age)]


class StudyInfo(Table):
    """`[study]`: what the study is, and the last day its data may carry."""

    id: Text
    title: Text
    phase: Phase = ""
    condition: str = ""
    icd10: str = ""
    rationale: str = ""
    data_cutoff: date


class Arm(Table):
    """One arm: `treated` arms receive the product, the others must have no exposure.

    `category` is the registry's word for it.
    """

    id: Text
    planned_n: Count
    treated: bool
    name: str = ""
    category: str = ""


class Criterion(Table):
    """One eligibility criterion.

    `check` is `investigator` (answered in the column `crit_<id>`) or a bound on `age_months`
    (completed months at the index date) or `smn2_copies`, e.g. `6 <= age_months <= 12`.
    A criterion with `enforce` that an enrolled participant breaks is an error, else a warning.
    `opposite_of` names the criterion that asks the same question the other way round (C9): one
    answer serves both, and two answers that do not fit each other are a warning.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$")]
    kind: Literal["inclusion", "exclusion"]
    text: Text
    check: Annotated[str, AfterValidator(_checked_rule)] = "investigator"
    source: str = ""
    enforce: bool = False
    opposite_of: str = ""


class Design(Table):
    """`[design]`: arms, allocation, masking, planned numbers, criteria.

    `age_min` and `age_max` are ISO 8601 periods of whole months or years (`P6M`), both included,
    at the index date.
    """

    allocation: Literal["randomised", "non-randomised", "single-arm"]
    allocation_method: Text = "not stated"
    masking: Literal["open", "single", "double", "triple"]
    assessor_blinding: Literal["unknown", "blinded", "not blinded"] = "unknown"
    purpose: Purpose = ""
    assignment: Literal["", "Single", "Parallel", "Crossover", "Factorial", "Other"] = ""
    placebo: Literal["", "Used", "Not used", "N/A"] = ""
    planned_n: Count
    age_min: Age = ""
    age_max: Age = ""
    sexes: Literal["", "both", "female", "male"] = ""
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)]
    criteria: tuple[Criterion, ...] = ()


class Dose(Table):
    """`[dose]`: the planned exposure. Cells per dose; study days, the index date being day 1.

    `levels` is what is planned. `structured_doses` and `summary_doses` are the levels that two
    places of one registry entry publish (C1); to switch, write the other list in `levels`.
    `manufacture` is how the product is made, in the registry's words (R17).
    """

    arm: Text
    route: Text
    levels: Annotated[tuple[Positive, ...], Field(min_length=1)]
    nominal_days: tuple[Annotated[int, Field(ge=1)], ...]
    window_days: Count = 3
    level_tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.1
    stopping_rule: Text = "none stated"
    dlt_rule: Text = "none stated"
    escalation: Literal["", "intra-patient", "between-patient", "none"] = ""
    product: str = ""
    origin: Literal["", "allogeneic", "autologous", "xenogeneic"] = ""
    tissue: str = ""
    manufacture: str = ""
    structured_doses: tuple[Positive, ...] = ()
    summary_doses: tuple[Positive, ...] = ()


@dataclass(frozen=True, slots=True)
class DoseSchedule:
    """Dose levels that one place publishes: `source`, cells per dose, cells of all together.

    `adopted` tells whether the study plans these.
    """

    source: str
    levels: tuple[float, ...]
    total_cells: float
    adopted: bool
