"""What follows the recordings of a study, step by step: tables, outcome, report, standards."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from emgproc.batch import RecordingsDone
from emgproc.batch.store import make_folder
from emgproc.outcome import Outcome, analyse
from emgproc.report.group_files import write_outcome, write_values
from emgproc.report.page import write_report
from emgproc.standards.datasets import export_study
from emgproc.standards.lock import lock_state
from emgproc.standards.scramble import (
    FOLDER,
    SCRAMBLED,
    scramble,
    scrambled_failures,
    scrambled_values,
)
from emgproc.study import RecordingFailure, Study, VisitValue

STEPS = ("tables", "outcome", "report", "standards")


class GroupResults(NamedTuple):
    """What the steps gave: the values as they were analysed, and what was made of them.

    Empty from the first step on that was left out. `not_exported` says why SDTM, ADaM and the
    result rows were not written.
    """

    values: tuple[VisitValue, ...]
    failures: tuple[RecordingFailure, ...]
    outcome: Outcome | None = None
    report: Path | None = None
    not_exported: str = ""


def write_group(
    study: Study,
    out: Path,
    done: RecordingsDone,
    *,
    until: str = STEPS[-1],
    scrambled: int | None = None,
) -> GroupResults:
    """Write the tables of the study, analyse them, write report and standards.

    Parameters
    ----------
    study
        The study.
    out
        The folder of results.
    done
        Values and failures of all recordings.
    until
        The last of `STEPS` that is done.
    scrambled
        Seed: all with labels dealt anew, into `OUT/scrambled`; every file says so, and no standard
        is written.

    Raises
    ------
    WriteError
        A file cannot be written.
    """
    if scrambled is None:
        return _written(study, out, done, until, "")
    dealt = replace(
        done,
        values=scrambled_values(study, scrambled, done.values),
        failures=scrambled_failures(study, scrambled, done.failures),
        warnings=(),  # of readers: they name recordings
    )
    return _written(scramble(study, scrambled), out / FOLDER, dealt, until, SCRAMBLED)


def _written(
    study: Study, out: Path, done: RecordingsDone, until: str, notice: str
) -> GroupResults:
    make_folder(out / "group")
    write_values(out / "group", done.values, done.failures, notice=notice)
    if until == "tables":
        return GroupResults(done.values, done.failures)
    outcome = analyse(study, done.values, done.failures)
    outcome = replace(outcome, warnings=(*outcome.warnings, *done.warnings))
    write_outcome(out / "group", outcome, lock_state(study), notice=notice)
    if until == "outcome":
        return GroupResults(done.values, done.failures, outcome)
    report = write_report(outcome, study, done.values, done.failures, out, notice=notice)
    if until == "report" or notice:
        return GroupResults(done.values, done.failures, outcome, report)
    why = export_study(study, done.values, done.failures, outcome, out)
    return GroupResults(done.values, done.failures, outcome, report, why)
