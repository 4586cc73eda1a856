"""Every table and listing of the trial report, in its order, and their files."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from emgproc.outcome.model import Outcome
from emgproc.report.trial_entry import entry_listings
from emgproc.report.trial_listings import infant_listings
from emgproc.report.trial_people import people_tables
from emgproc.report.trial_primary import primary_tables
from emgproc.report.trial_secondary import secondary_tables
from emgproc.report.trial_table import Table, csv_text, json_text
from emgproc.report.trial_trend import trend_table
from emgproc.standards.datasets_text import withheld
from emgproc.study import RecordingFailure, Study
from emgproc.writers import write_text

_PHONE = re.compile(r"(?<![\w.+])(?:\+|00)\d[\d ()/-]{6,}\d")


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
    births = {p.birth_date for p in study.participants if p.birth_date is not None}

    def clean(text: str) -> str:
        return _PHONE.sub("[telephone]", withheld(text, dates=False, births=births))

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
    return tuple(_cleaned(table, clean) for table in made)


def _cleaned(table: Table, clean: Callable[[str], str]) -> Table:
    return replace(
        table,
        rows=tuple(
            tuple(clean(value) if isinstance(value, str) else value for value in row)
            for row in table.rows
        ),
        footnotes=tuple(clean(line) for line in table.footnotes),
        empty=clean(table.empty),
    )


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
        A file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        _write(folder / f"{table.stem}.csv", csv_text(table, mark))
        _write(folder / f"{table.stem}.json", json_text(table, mark))


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_bytes() != text.encode():
        write_text(path, text)
