"""A study from its raw recordings to the report: the one way through, in one call."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from emgproc.batch import BatchOptions, RecordingsDone, run_recordings
from emgproc.batch.planning import COMPUTE, SKIP, PlannedRecording, plan_recordings
from emgproc.batch.store import make_folder
from emgproc.errors import ParameterError
from emgproc.study import RecordingFailure, Study, VisitValue, failures_text, visit_table_text
from emgproc.study import load_study as _load_study
from emgproc.study.visit_table import read_failures
from emgproc.writers import write_text

if TYPE_CHECKING:
    from emgproc.outcome import Outcome

DONE, SOME_FAILED, INVALID, NOTHING, INTERRUPTED = 0, 1, 2, 3, 130
LEVELS = ("", "participant", "group")


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run gave.

    Attributes
    ----------
    outcome
        The analysed study; `None` where only recordings were computed or the run was stopped.
    values
        The visit table: one value a row, NaN with its reason.
    failures
        Recordings without a result, with code and message.
    exit_code
        0 done, 1 finished but some recordings failed, 3 no recording of the chosen participants
        has a plan. A study without surface EMG is done: its primary outcome is not estimable.
    n_computed, n_reused
        Recordings computed in this run, and those whose results still held.
    report
        The HTML page; `None` where there is no outcome.
    stopped
        Why the run ended before its end; empty where it did not.
    planned
        What was to be done with each recording, and why.
    """

    outcome: "Outcome | None"
    values: tuple[VisitValue, ...]
    failures: tuple[RecordingFailure, ...]
    exit_code: int
    n_computed: int
    n_reused: int
    report: Path | None = None
    stopped: str = ""
    planned: tuple[PlannedRecording, ...] = ()


def run(
    study: Study | str | Path,
    out: str | Path,
    jobs: int = 1,
    *,
    level: str = "",
    options: BatchOptions | None = None,
) -> RunResult:
    """Compute every recording of a study that has no result yet, analyse it, write the report.

    In a script, call this below ``if __name__ == "__main__":``: worker processes import the
    script.

    Parameters
    ----------
    study
        A study, or its folder.
    out
        Folder of results. Recordings with a result of the same key are not computed again.
    jobs
        Worker processes. The results do not depend on it.
    level
        "participant" computes recordings only; "group" analyses what is there and computes
        nothing; empty does both. With a choice of participants only recordings are computed,
        because a part of the infants has no group result.
    options
        Everything else; its `jobs` wins over `jobs`.

    Raises
    ------
    StudyError, PlanError
        The study or its plan is invalid; nothing was computed.
    WriteError
        `out` cannot be written, or another run is writing there.
    ParameterError
        `level` is unknown, or "group" is asked for while recordings are not computed yet.
    """
    if level not in LEVELS:
        raise ParameterError(f"level must be participant, group or empty, got {level!r}")
    loaded = study if isinstance(study, Study) else _load_study(study)
    chosen = options or BatchOptions(jobs=jobs)
    folder = Path(out)
    known = _known_failures(loaded, folder, chosen) if level == "group" else None
    done = run_recordings(loaded, folder, chosen, known=known)
    if _nothing_matched(done, chosen):
        return _result(done, NOTHING)
    code = SOME_FAILED if done.failures or done.stopped else DONE
    if done.stopped or chosen.participants:
        return _result(done, code)
    _write_tables(folder, done)
    if level == "participant":
        return _result(done, code)
    return _analysed(loaded, folder, done, code)


def _nothing_matched(done: RecordingsDone, options: BatchOptions) -> bool:
    """No recording of the chosen participants has a plan.

    A whole study of which none has one is analysed all the same: that its primary outcome cannot
    be estimated is its result.
    """
    return bool(options.participants) and all(item.action == SKIP for item in done.planned)


def _analysed(study: Study, out: Path, done: RecordingsDone, code: int) -> RunResult:
    from emgproc.outcome import analyse, outcome_tables
    from emgproc.report import write_report

    outcome = analyse(study, done.values, done.failures)
    outcome = replace(outcome, warnings=(*outcome.warnings, *done.warnings))
    text = json.dumps(outcome.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(out / "group" / "outcome.json", text + "\n")
    for name, table in outcome_tables(outcome).items():
        write_text(out / "group" / f"{name}.tsv", table)
    report = write_report(outcome, study, done.values, done.failures, out)
    return _result(done, code, outcome, report)


def _write_tables(out: Path, done: RecordingsDone) -> None:
    make_folder(out / "group")
    write_text(out / "group" / "visit_values.tsv", visit_table_text(done.values))
    write_text(out / "group" / "failures.tsv", failures_text(done.failures))


def _known_failures(study: Study, out: Path, options: BatchOptions) -> dict[str, RecordingFailure]:
    """Failures of the participant level; whatever else has no result was never computed."""
    if options.participants:
        raise ParameterError("the group level needs all participants; leave the labels out")
    table = out / "group" / "failures.tsv"
    known = {row.recording_id: row for row in read_failures(table)} if table.is_file() else {}
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


def _result(
    done: RecordingsDone,
    exit_code: int,
    outcome: "Outcome | None" = None,
    report: Path | None = None,
) -> RunResult:
    return RunResult(
        outcome=outcome,
        values=done.values,
        failures=done.failures,
        exit_code=exit_code,
        n_computed=done.n_computed,
        n_reused=done.n_reused,
        report=report,
        stopped=done.stopped,
        planned=done.planned,
    )


class _CallableModule(ModuleType):
    """Lets `emgproc.run(...)` work also where the module of that name was imported first."""

    def __call__(self, *arguments: Any, **options: Any) -> RunResult:  # noqa: ANN401
        return run(*arguments, **options)


sys.modules[__name__].__class__ = _CallableModule

__all__: Sequence[str] = ["RunResult", "run"]
