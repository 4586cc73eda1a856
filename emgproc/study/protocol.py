"""The protocol of a study as its `study.toml` states it: pydantic models, one per table.

Nothing here has a default that decides a result: the keys of `[primary]` must all be stated.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from emgproc.errors import ParameterError
from emgproc.study.dates import Period
from emgproc.study.design import (
    Arm,
    Count,
    Criterion,
    Design,
    Dose,
    DoseSchedule,
    NonNegative,
    Positive,
    StudyInfo,
    Text,
)
from emgproc.study.labels import is_label, label_hint
from emgproc.study.registry import Registry, Table

__all__ = [
    "Analysis",
    "Arm",
    "Criterion",
    "Design",
    "Dose",
    "DoseSchedule",
    "Ice",
    "Plans",
    "Primary",
    "Protocol",
    "ProtocolNote",
    "Secondary",
    "StudyInfo",
    "VisitPlan",
]

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
    """`[[secondary]]`: one secondary outcome, descriptive; `grading` names the scale of grades."""

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
    """`[[protocol_note]]`: a contradiction or gap of the source, and what was adopted.

    `a` and `b` quote the registry entry exactly; ` … ` joins the pieces of one quote, ` | ` two
    quotes, and `field / value` is a field of the entry with its value. `b` is empty where the
    entry is silent. `external` marks a `b` that stands elsewhere.
    """

    id: Text
    a: Text
    b: str = ""
    adopted: Text
    note: str = ""
    external: bool = False


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

    def dose_schedules(self) -> tuple[DoseSchedule, ...]:
        """Return what is planned, then each published schedule with its total (C1).

        Examples
        --------
        >>> import tomllib
        >>> from emgproc.study.parse import parse_protocol
        >>> from emgproc.study.template import template_toml
        >>> protocol, _ = parse_protocol(tomllib.loads(template_toml()))
        >>> [(row.source, row.total_cells, row.adopted) for row in protocol.dose_schedules()]
        ... # doctest: +NORMALIZE_WHITESPACE
        [('planned', 17000000.0, True), ('structured section', 17000000.0, True),
         ('summary', 9000000.0, False)]
        """
        published = {
            "planned": self.dose.levels,
            "structured section": self.dose.structured_doses,
            "summary": self.dose.summary_doses,
        }
        return tuple(
            DoseSchedule(source, levels, sum(levels), adopted=levels == self.dose.levels)
            for source, levels in published.items()
            if levels
        )
