"""The files of `OUT/group`: visit table, outcome and its tables, and the lock they stand under."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from emgproc.outcome import Outcome, outcome_tables
from emgproc.standards.lock import LockState
from emgproc.standards.scramble import marked
from emgproc.standards.withholding import cleaner, masked
from emgproc.study import RecordingFailure, VisitValue, failures_text, visit_table_text
from emgproc.writers import write_text


def write_values(
    folder: Path,
    values: Sequence[VisitValue],
    failures: Sequence[RecordingFailure],
    *,
    notice: str = "",
) -> None:
    """Write `visit_values.tsv` and `failures.tsv` into the folder, which exists.

    Parameters
    ----------
    folder
        `OUT/group`.
    values, failures
        What the recordings gave, and which gave nothing.
    notice
        Not empty: labels are scrambled, and every row says so.

    Raises
    ------
    WriteError
        A file cannot be written.
    """
    _write_table(folder / "visit_values.tsv", visit_table_text(values), notice)
    told = masked(tuple(failures), cleaner())
    _write_table(folder / "failures.tsv", failures_text(told), notice)


def write_outcome(folder: Path, outcome: Outcome, lock: LockState, *, notice: str = "") -> None:
    """Write `outcome.json`, `lock.json` and a table for each kind of row; as `write_values`.

    E-mail addresses and telephone numbers are taken out.
    """
    first = {"notice": notice} if notice else {}
    outcome, lock = masked(outcome, cleaner()), masked(lock, cleaner())
    _write_json(folder / "outcome.json", first | outcome.to_dict())
    _write_json(folder / "lock.json", first | asdict(lock))
    for name, table in outcome_tables(outcome).items():
        _write_table(folder / f"{name}.tsv", table, notice)


def _write_json(path: Path, told: dict[str, Any]) -> None:
    text = json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def _write_table(path: Path, table: str, notice: str) -> None:
    write_text(path, marked(table) if notice else table)
