"""A study from its raw recordings to the report: the one way through, in one call."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from emgproc.batch import BatchOptions, RecordingsDone, run_recordings
from emgproc.batch.claim import Claim, claimed
from emgproc.batch.cluster import check_cluster
from emgproc.batch.failures import known_failures, remember_failures
from emgproc.batch.inputs import study_inputs
from emgproc.batch.planning import SKIP, PlannedRecording, chosen_participants, plans_of
from emgproc.errors import EmgprocError, ParameterError
from emgproc.standards.audit import NOT_STATED, begin_audit, end_audit
from emgproc.standards.crate import CRATE, RunFacts, write_crate
from emgproc.standards.lock import LockState, check_blinding, lock_state
from emgproc.standards.scramble import FOLDER, SCRAMBLED
from emgproc.study import RecordingFailure, Study, VisitValue
from emgproc.study import load_study as _load_study

if TYPE_CHECKING:
    from emgproc.outcome import Outcome

DONE, SOME_FAILED, INVALID, NOTHING, INTERRUPTED = 0, 1, 2, 3, 130
LEVELS = ("", "participant", "group")
STEPS = ("recordings", "tables", "outcome", "report", "standards")


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
        0 done, 1 some recordings failed or the run was stopped, 3 no recording of the chosen
        participants has a plan. A study without surface EMG is done: its primary outcome is not
        estimable.
    n_computed, n_reused
        Recordings computed in this run, and those whose results still held.
    report
        The HTML page; `None` where there is no outcome.
    stopped
        Why the run ended before its end; empty where it did not.
    planned
        What was to be done with each recording, and why.
    lock
        Whether the analysis was locked, and what changed since.
    audit_head
        Hash of the last row of the audit log: kept elsewhere, it shows later whether the log's
        end was cut off.
    not_exported
        Why SDTM, ADaM and the result rows were not written; empty where they were.
    left_out
        The last of `STEPS`, which were not asked for or cannot be done.
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
    lock: LockState | None = None
    audit_head: str = ""
    not_exported: str = ""
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Way:
    """How a run was asked for, its folder, the last step, and the lock it stands under."""

    study: Study
    out: Path
    until: str
    options: BatchOptions
    scrambled: int | None
    lock: LockState


def run(  # noqa: PLR0913 - all beyond the third are keyword-only
    study: Study | str | Path,
    out: str | Path,
    jobs: int = 1,
    *,
    dask: str = "",
    level: str = "",
    until: str = "",
    options: BatchOptions | None = None,
    final: bool = False,
    scrambled: int | None = None,
    by: str = NOT_STATED,
) -> RunResult:
    """Compute every recording of a study that has no result yet, analyse it, write the report.

    What is written is told in the audit log `OUT/logs/audit.jsonl`, and described last of all by
    `OUT/ro-crate-metadata.json`.

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
    dask
        A Dask cluster that works instead: the address of its scheduler, or the scheduler file.
    level
        "participant" computes recordings only; "group" analyses what is there and computes
        nothing; empty does both. With a choice of participants only recordings are computed,
        because a part of the infants has no group result; runs of others may go on beside it.
    until
        The last of `STEPS` that is done; empty means all.
    options
        Everything else; its `jobs` and `dask` win over those above.
    final
        Refuse to run without a lock of the study (`emgproc lock`).
    scrambled
        Seed: analyse with arm and visit labels dealt anew, into `OUT/scrambled`, and leave the
        real group results untouched. Who knows the seed knows the real labels.
    by
        Who runs it, for the audit log.

    What goes wrong once recordings were begun is no exception but `stopped` of the result.

    Raises
    ------
    StudyError, PlanError
        The study or its plan is invalid; nothing was computed.
    StoreError
        The lock of the study, or the audit log, is damaged.
    WriteError
        `out` cannot be written, or another run is writing there.
    ClusterError
        The cluster `dask` cannot be used; nothing was computed or written.
    ParameterError
        `level` or `until` is unknown, or they contradict each other; "group" is asked for while
        recordings are not computed yet; `final` without a lock, or together with `scrambled`;
        the study is blinded and labels are not scrambled.
    """
    loaded = study if isinstance(study, Study) else _load_study(study)
    chosen = options or BatchOptions(jobs=jobs, dask=dask)
    last = _last_step(level, until, chosen)
    way = _Way(loaded, Path(out), last, chosen, scrambled, lock_state(loaded))
    _check_final(way, final=final)
    if last not in STEPS[:2]:  # recordings and their values tell nothing of an arm
        check_blinding(way.lock, scrambled=scrambled is not None)
    plans = {kind: plan.digest for kind, plan in plans_of(loaded).items()}
    known = known_failures(loaded, way.out, chosen) if level == "group" else None
    parts = chosen_participants(loaded, chosen) if chosen.participants else ()
    if chosen.participants and not parts:
        return _result(RecordingsDone(), NOTHING)
    if level != "group":
        check_cluster(chosen, way.out, loaded.root)
    with claimed(way.out, parts) as claim:
        with claim.shared():
            begin_audit(way.out, by=by, parts=parts)
        done = run_recordings(loaded, way.out, chosen, known=known, held=True)
        return replace(_finished(way, claim, done, plans, by=by), lock=way.lock)


def _last_step(level: str, until: str, options: BatchOptions) -> str:
    """The last step of a run that was asked for so."""
    if level not in LEVELS:
        raise ParameterError(f"level must be participant, group or empty, got {level!r}")
    if until and until not in STEPS:
        raise ParameterError(f"until must be one of {', '.join(STEPS)}, got {until!r}")
    if level == "group" and until == STEPS[0]:
        raise ParameterError(f"the group level begins after the {until}; leave out one of the two")
    if level == "participant" or options.participants:
        if until not in {"", STEPS[0]}:
            raise ParameterError(
                f"{until} needs the recordings of all participants: leave out the level and the "
                "labels"
            )
        return STEPS[0]
    return until or STEPS[-1]


def _finished(
    way: _Way, claim: Claim, done: RecordingsDone, plans: dict[str, str], *, by: str
) -> RunResult:
    """All that follows the recordings, as far as it goes."""
    result = _result(done, SOME_FAILED)
    try:
        claim.check()
        names = {item.recording.participant_id for item in done.planned}
        with claim.shared():
            remember_failures(way.out, names, done.failures)
        result = _results(way, done)
        failed = {failure.recording_id for failure in done.failures}
        read = study_inputs(way.study, way.out, failed, participants=claim.parts)
        with claim.shared():
            _write_crates(way, done, study_inputs(way.study, way.out, failed), plans)
            head = end_audit(way.out, read, by=by, parts=claim.parts, beside=[CRATE])
        return replace(result, audit_head=head)
    except EmgprocError as error:
        stopped = done.stopped or str(error)
        return replace(result, exit_code=SOME_FAILED, stopped=stopped)


def _check_final(way: _Way, *, final: bool) -> None:
    if not final:
        return
    if not way.lock.locked:
        raise ParameterError(
            f"{way.study.root}: a final analysis needs a lock; write it with emgproc lock, best "
            "before the data are seen"
        )
    if way.scrambled is not None:
        raise ParameterError("an analysis on scrambled labels cannot be final")


def _results(way: _Way, done: RecordingsDone) -> RunResult:
    """Group tables, outcome and report, as far as they are asked for and can be had."""
    if _nothing_matched(done, way.options):
        return _result(done, NOTHING)
    code = SOME_FAILED if done.failures or done.stopped else DONE
    if done.stopped or way.until == STEPS[0]:
        return _result(done, code)
    from emgproc.report.group_steps import write_group

    group = write_group(way.study, way.out, done, until=way.until, scrambled=way.scrambled)
    left_out = STEPS[STEPS.index(way.until) + 1 :]
    return replace(_result(done, code), **group._asdict(), left_out=left_out)


def _nothing_matched(done: RecordingsDone, options: BatchOptions) -> bool:
    """No recording of the chosen participants has a plan.

    A whole study of which none has one is analysed all the same: that its primary outcome cannot
    be estimated is its result.
    """
    return bool(options.participants) and all(item.action == SKIP for item in done.planned)


def _write_crates(
    way: _Way, done: RecordingsDone, inputs: dict[str, str], plans: dict[str, str]
) -> None:
    facts = RunFacts(
        inputs=inputs,
        plans=plans,
        seed=way.study.protocol.analysis.seed,
        lock=way.lock.statement,
        synthetic=any("synthetic" in value.flags for value in done.values),
    )
    dealt = way.out / FOLDER
    if way.scrambled is not None and dealt.is_dir():
        write_crate(dealt, way.study, replace(facts, seed=None, note=SCRAMBLED))
    write_crate(way.out, way.study, facts, without=[FOLDER])


def _result(done: RecordingsDone, exit_code: int) -> RunResult:
    """The result of a run that ends with the recordings."""
    return RunResult(
        outcome=None,
        values=done.values,
        failures=done.failures,
        exit_code=exit_code,
        n_computed=done.n_computed,
        n_reused=done.n_reused,
        stopped=done.stopped,
        planned=done.planned,
        left_out=STEPS[1:],
    )


class _CallableModule(ModuleType):
    """Lets `emgproc.run(...)` work also where the module of that name was imported first."""

    def __call__(self, *arguments: Any, **options: Any) -> RunResult:  # noqa: ANN401
        return run(*arguments, **options)


sys.modules[__name__].__class__ = _CallableModule

__all__: Sequence[str] = ["RunResult", "run"]
