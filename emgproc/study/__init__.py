"""A study folder: its protocol, participants, visits and recordings, read and checked at once."""

from emgproc.study.model import (
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
    "failures_text",
    "read_failures",
    "read_visit_table",
    "visit_table_text",
]
