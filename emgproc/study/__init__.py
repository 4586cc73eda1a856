"""A study folder: its protocol, participants, visits and recordings, read and checked at once."""

from emgproc.study.baseline import BaselineRow, baseline_of
from emgproc.study.criteria import EligibilityRow, eligibility_of
from emgproc.study.doses import (
    DoseRow,
    ExposureTotal,
    ManufactureRow,
    doses_of,
    exposure_totals,
    manufacture_of,
)
from emgproc.study.entry import AvailabilityRow, SponsorRow, availability_of, sponsors_of
from emgproc.study.load import check_study, load_study
from emgproc.study.model import (
    SESSION_OF_VISIT,
    SESSIONS,
    VISIT_OF_SESSION,
    ClinicalEvent,
    CsfSample,
    Exposure,
    Measurement,
    Participant,
    Problem,
    RecordingRow,
    RecordingTask,
    Study,
    Visit,
)
from emgproc.study.schedule import Schedule, ScheduleCell, ScheduleColumn, schedule_of
from emgproc.study.template import template_names, template_toml
from emgproc.study.visit_table import (
    RecordingFailure,
    VisitValue,
    failures_text,
    read_failures,
    read_visit_table,
    visit_table_text,
)
from emgproc.study.windows import WindowRow, windows_of

__all__ = [
    "SESSIONS",
    "SESSION_OF_VISIT",
    "VISIT_OF_SESSION",
    "AvailabilityRow",
    "BaselineRow",
    "ClinicalEvent",
    "CsfSample",
    "DoseRow",
    "EligibilityRow",
    "Exposure",
    "ExposureTotal",
    "ManufactureRow",
    "Measurement",
    "Participant",
    "Problem",
    "RecordingFailure",
    "RecordingRow",
    "RecordingTask",
    "Schedule",
    "ScheduleCell",
    "ScheduleColumn",
    "SponsorRow",
    "Study",
    "Visit",
    "VisitValue",
    "WindowRow",
    "availability_of",
    "baseline_of",
    "check_study",
    "doses_of",
    "eligibility_of",
    "exposure_totals",
    "failures_text",
    "load_study",
    "manufacture_of",
    "read_failures",
    "read_visit_table",
    "schedule_of",
    "sponsors_of",
    "template_names",
    "template_toml",
    "visit_table_text",
    "windows_of",
]
