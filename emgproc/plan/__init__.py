"""plan.toml ⇄ steps and features: what is done to a recording, and what is measured on it."""

from emgproc.features.result import FeatureSet
from emgproc.plan.extraction import extract, extract_recording, extract_scan
from emgproc.plan.large import extract_file
from emgproc.plan.model import (
    ALGORITHM_VERSIONS,
    FeatureRequest,
    MotorUnitSettings,
    NeedleSettings,
    Plan,
    Source,
)
from emgproc.plan.parse import load_plan, plan_from_text

__all__ = [
    "ALGORITHM_VERSIONS", "FeatureRequest", "FeatureSet", "MotorUnitSettings", "NeedleSettings",
    "Plan", "Source", "extract", "extract_file", "extract_recording", "extract_scan", "load_plan",
    "plan_from_text",
]  # fmt: skip
