"""From the visit table of a study to its primary and secondary outcomes."""

from emgproc.outcome.analyse import analyse
from emgproc.outcome.model import (
    Effect,
    Exclusion,
    FlowArm,
    Gate,
    GateCondition,
    InfantOutcome,
    NullDistribution,
    Outcome,
    Pair,
    Primary,
    SecondaryPost,
    SensitivityRow,
    VisitLevel,
    Wins,
)
from emgproc.outcome.tables import outcome_tables
from emgproc.outcome.tone import TonePair, tone_pair

__all__ = [
    "Effect", "Exclusion", "FlowArm", "Gate", "GateCondition", "InfantOutcome",
    "NullDistribution", "Outcome", "Pair", "Primary", "SecondaryPost", "SensitivityRow",
    "TonePair", "VisitLevel", "Wins", "analyse", "outcome_tables",
    "tone_pair",
]  # fmt: skip
