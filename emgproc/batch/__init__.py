"""Many recordings over worker processes: what is done is not done again, what fails is named."""

from emgproc.batch.files import (
    FilesDone,
    PlannedFile,
    extract_files,
    plan_files,
    results_folder,
)
from emgproc.batch.planning import BatchOptions, PlannedRecording, plan_recordings
from emgproc.batch.recordings import RecordingsDone, run_recordings
from emgproc.batch.search import find_files

__all__ = [
    "BatchOptions", "FilesDone", "PlannedFile", "PlannedRecording", "RecordingsDone",
    "extract_files", "find_files", "plan_files", "plan_recordings", "results_folder",
    "run_recordings",
]  # fmt: skip
