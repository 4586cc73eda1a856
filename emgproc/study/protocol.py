"""The protocol of a study as its `study.toml` states it: pydantic models, one per table.

Nothing here has a default that decides a result: the keys of `[primary]` must all be stated.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from emgproc.errors import ParameterError
from emgproc.study.dates import Period
from emgproc.study.eligibility import Rule
from emgproc.study.labels import is_label, label_hint
from emgproc.study.registry import Registry, Table

Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Side = Literal["L", "R"]
VisitId = Literal["EMG_BL", "EMG_POST", "EMG_M3"]


def _checked_period(value: str) -> str:
    Period.parse(value)
    return value


def _checked_window(value: tuple[int, int]) -> tuple[int, int]:
    if value[0] > value[1]:
        raise ValueError("the window ends before it begins")
    return value


def _checked_labels(value: dict[str, str]) -> dict[str, str]:
    for label in value.values():
        if not is_label(label):
            raise ValueError(f"{label!r} is not a known label{label_hint(label)}")
    return value


def _checked_rule(value: str) -> str:
    if value != "investigator":
        Rule.parse(value)
    return value


class StudyInfo(Table):
    """`[study]`: what the study is, and the last day its data may carry."""

    id: Text
    title: Text
    phase: str = ""
    condition: str = ""
    icd10: str = ""
    data_cutoff: date


class Arm(Table):
    """One arm: `treated` arms receive the product, the others must have no exposure."""

    id: Text
    planned_n: Count
    treated: bool
    name: str = ""


class Criterion(Table):
    """One eligibility criterion.

    `check` is `investigator` (answered in the column `crit_<id>`) or a bound on `age_months`
    (completed months at the index date) or `smn2_copies`, e.g. `6 <= age_months <= 12`.
    A criterion with `enforce` that an enrolled participant breaks is an error, else a warning.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$")]
    kind: Literal["inclusion", "exclusion"]
    text: Text
    check: Annotated[str, AfterValidator(_checked_rule)] = "investigator"
    source: str = ""
    enforce: bool = False


class Design(Table):
    """`[design]`: arms, allocation, masking, planned numbers, criteria."""

    allocation: Literal["randomised", "non-randomised", "single-arm"]
    allocation_method: Text = "not stated"
    masking: Literal["open", "single", "double", "triple"]
    assessor_blinding: Literal["unknown", "blinded", "not blinded"] = "unknown"
    purpose: str = ""
    assignment: str = ""
    placebo: str = ""
    planned_n: Count
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)]
    criteria: tuple[Criterion, ...] = ()


class Dose(Table):
    """`[dose]`: the planned exposure. Cells per dose; study days, the index date being day 1."""

    arm: Text
    route: Text
    levels: Annotated[tuple[Positive, ...], Field(min_length=1)]
    nominal_days: tuple[Annotated[int, Field(ge=1)], ...]
    window_days: Count = 3
    level_tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.1
    stopping_rule: Text = "none stated"
    product: str = ""
    origin: str = ""
    tissue: str = ""
    summary_doses: tuple[Positive, ...] = ()


class VisitPlan(Table):
    """`[[visit]]`: when a visit is due: anchor + offset, and its window in days around that."""

    id: VisitId
    anchor: Literal["index", "last_dose"]
    offset: Annotated[str, AfterValidator(_checked_period)]
    window: Annotated[tuple[int, int], AfterValidator(_checked_window)]
    control_anchor_day: Annotated[int, Field(ge=1)] = 1
    per_dose: bool = False


class Primary(Table):
    """`[primary]`: the one primary variable. Every key must be stated; E070 where one is not."""

    feature: Text
    unit: Text
    muscles: Annotated[tuple[Text, ...], Field(min_length=1)]
    sides: Annotated[tuple[Side, ...], Field(min_length=1)]
    state: Annotated[tuple[Text, ...], Field(min_length=1)]
    aggregate: Literal["mean_of_ln"]
    transform: Literal["none", "ln"]
    benefit: Literal["increase", "decrease"]
    loq: Text
    min_muscles: Annotated[int, Field(ge=1)]
    baseline: VisitId
    visit: VisitId


class Secondary(Table):
    """`[[secondary]]`: one secondary outcome, descriptive."""

    id: Text
    kind: Literal["tone", "csf", "safety", "survival"]
    text: Text
    timepoint: str = ""
    method: str = ""
    visit: VisitId | None = None
    grading: str = ""


SensitivityName = Literal[
    "complete_case", "survivors", "bounds", "tipping", "per_protocol", "in_window",
    "while_on_study", "drop_other_therapy", "ventilation_tier", "perm_mean", "ancova_label",
    "joint_rank", "win_net_benefit", "gamma",
    "Z1", "Z2", "Z3", "Z4", "Z5", "Z6", "Z7", "Z8", "Z9", "Z10", "Z11", "Z12", "Z13", "Z14", "Z15",
]  # fmt: skip


class Analysis(Table):
    """`[analysis]`: the primary test, its level, and the sensitivity rows asked for."""

    test: Literal["wmw_worst_rank", "perm_mean", "ancova_label", "win_net_benefit"]
    alpha: Annotated[float, Field(gt=0, lt=1)]
    ci: Literal["hodges_lehmann"] = "hodges_lehmann"
    margin: NonNegative = 0.0
    sensitivity: tuple[SensitivityName, ...] = ()
    seed: Count


class Ventilation(Table):
    """What counts as permanent ventilation, and how it is handled."""

    strategy: Literal["policy", "composite"]
    hours_per_day: Positive
    days: Annotated[int, Field(ge=1)]


class Ice(Table):
    """`[ice]`: intercurrent events and the strategy for each (ICH E9(R1))."""

    death: Literal["composite"]
    ventilation: Ventilation
    other_sma_therapy: Literal["policy"]
    other_sma_therapies: tuple[str, ...] = ()
    doses: Literal["policy"] = "policy"
    late_visit: Literal["as_observed"] = "as_observed"
    missing: Literal["complete_case"] = "complete_case"


class Plans(Table):
    """`[plans]`: the plan.toml for each kind of recording, relative to the study folder."""

    semg: Text | None = None
    needle: Text | None = None
    cmap: Text | None = None


class ProtocolNote(Table):
    """`[[protocol_note]]`: a contradiction or gap of the source, and what was adopted."""

    id: Text
    a: Text
    b: str = ""
    adopted: Text
    note: str = ""


class Protocol(Table):
    """The whole of `study.toml`."""

    schema_version: Literal[1] = Field(alias="schema")
    study: StudyInfo
    registry: Registry = Registry()
    design: Design
    dose: Dose
    visits: tuple[VisitPlan, ...] = Field(alias="visit")
    primary: Primary
    secondary: tuple[Secondary, ...] = ()
    analysis: Analysis
    ice: Ice
    plans: Plans
    events: Annotated[dict[str, str], AfterValidator(_checked_labels)] = Field(default={})
    notes: tuple[ProtocolNote, ...] = Field(default=(), alias="protocol_note")

    def arm(self, arm_id: str) -> Arm:
        """Return that arm; ParameterError where there is none."""
        for arm in self.design.arms:
            if arm.id == arm_id:
                return arm
        known = ", ".join(arm.id for arm in self.design.arms)
        raise ParameterError(f"unknown arm {arm_id!r} (known: {known})")

    def visit(self, visit_id: str) -> VisitPlan:
        """Return that visit; ParameterError where there is none."""
        for visit in self.visits:
            if visit.id == visit_id:
                return visit
        known = ", ".join(visit.id for visit in self.visits)
        raise ParameterError(f"unknown visit {visit_id!r} (known: {known})")

    def cumulative_dose(self) -> float:
        """Return the planned cells of all doses together."""
        return sum(self.dose.levels)
