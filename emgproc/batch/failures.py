"""Recordings without a result, remembered with their participant's results.

`OUT/sub-…/failures.tsv` is there where one failed, and travels with the folder.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

from emgproc.batch.planning import COMPUTE, BatchOptions, plan_recordings
from emgproc.batch.store import make_folder
from emgproc.errors import ParameterError, WriteError
from emgproc.study import RecordingFailure, Study, failures_text
from emgproc.study.visit_table import read_failures
from emgproc.writers import write_text

FAILURES = "failures.tsv"


def remember_failures(
    out: Path, participants: Iterable[str], failures: Collection[RecordingFailure]
) -> None:
    """Write the failures of these participants' recordings; those of an earlier run go.

    Raises
    ------
    WriteError
        A file cannot be written, or removed.
    """
    for name in sorted(set(participants)):
        rows = [failure for failure in failures if failure.participant_id == name]
        table = out / name / FAILURES
        if rows:
            make_folder(table.parent)
            write_text(table, failures_text(rows))
            continue
        try:
            table.unlink(missing_ok=True)
        except OSError as error:
            raise WriteError(f"{table}: cannot be removed: {error.strerror or error}") from error


def known_failures(study: Study, out: Path, options: BatchOptions) -> dict[str, RecordingFailure]:
    """Failures of the participant level; whatever else has no result was never computed.

    Raises
    ------
    ParameterError
        Only some participants were asked for, or a recording has no current result.
    """
    if options.participants:
        raise ParameterError("the group level needs all participants; leave the labels out")
    tables = [out / name / FAILURES for name in {t.participant_id for t in study.tasks()}]
    known = {
        row.recording_id: row
        for table in tables
        if table.is_file()
        for row in read_failures(table)
    }
    missing = [
        f"{item.recording.recording_id} ({item.reason})"
        for item in plan_recordings(study, out, options)
        if item.action == COMPUTE and item.recording.recording_id not in known
    ]
    if missing:
        raise ParameterError(
            f"{len(missing)} recording(s) have no current result: {', '.join(missing[:5])}"
            f"{' …' if len(missing) > 5 else ''}; run the participant level first"
        )
    return known
