"""Every table and listing of the trial report, in its order, and their files."""

from collections.abc import Sequence
from pathlib import Path

from emgproc.errors import WriteError
from emgproc.outcome.model import Outcome
from emgproc.report.trial_entry import entry_listings
from emgproc.report.trial_listings import infant_listings
from emgproc.report.trial_people import people_tables
from emgproc.report.trial_primary import primary_tables
from emgproc.report.trial_secondary import secondary_tables
from emgproc.report.trial_table import Table, csv_text, json_text
from emgproc.report.trial_trend import trend_table
from emgproc.standards.withholding import births_of, cleaner, masked
from emgproc.study import RecordingFailure, Study
from emgproc.writers import why_unwritable, write_text


def trial_tables(
    outcome: Outcome, study: Study, failures: Sequence[RecordingFailure]
) -> tuple[Table, ...]:
    """Tables T1 to T10, then listings L1 to L14; births and ways to reach a person withheld.

    Parameters
    ----------
    outcome, study
        What was analysed, and of which study.
    failures
        The recordings that gave no values.
    """
    flow, *people = people_tables(outcome, study)
    made = (
        flow,
        trend_table(),
        *people,
        *primary_tables(outcome, study),
        *secondary_tables(outcome),
        *infant_listings(outcome, study, failures),
        *entry_listings(outcome, study),
    )
    return masked(made, cleaner(births_of(study)))


def write_tables(folder: Path, tables: Sequence[Table], mark: str = "") -> None:
    """Write each table as `<stem>.csv` and `<stem>.json`; a file that is the same stays.

    Parameters
    ----------
    folder
        Where to; it is made where it is not there.
    tables
        The tables.
    mark
        What every one of them must say first, e.g. that the data are synthetic.

    Raises
    ------
    WriteError
        A file cannot be written, or the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(f"{folder}: cannot be made: {why_unwritable(error)}") from error
    for table in tables:
        _write(folder / f"{table.stem}.csv", csv_text(table, mark))
        _write(folder / f"{table.stem}.json", json_text(table, mark))


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_bytes() != text.encode():
        write_text(path, text)
