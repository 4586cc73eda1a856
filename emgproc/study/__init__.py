"""A study folder: its protocol, participants, visits and recordings, read and checked at once."""

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
from emgproc.study.template import template_names, template_toml
from emgproc.study.visit_table import (
    RecordingFailure,
    VisitValue,
    failures_text,
    read_failures,
    read_visit_table,
    visit_table_text,
)

__all__ = [
    "SESSIONS",
    "SESSION_OF_VISIT",
    "VISIT_OF_SESSION",
    "ClinicalEvent",
    "CsfSample",
    "Exposure",
    "Measurement",
    "Participant",
    "Problem",
    "RecordingFailure",
    "RecordingRow",
    "RecordingTask",
    "Study",
    "Visit",
    "VisitValue",
    "check_study",
    "failures_text",
    "load_study",
    "read_failures",
    "read_visit_table",
    "template_names",
    "template_toml",
    "visit_table_text",
]
