"""Commands on a study: check it, run it, see what would run."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emgproc.cli.ends import (
    DONE,
    INVALID,
    NOTHING,
    SOME_FAILED,
    counted,
    end,
    stopped,
    tell_costs,
    tell_memory,
    tell_reasons,
)
from emgproc.cli.engine import engine_options

if TYPE_CHECKING:
    from emgproc.batch import BatchOptions, PlannedRecording
    from emgproc.run import RunResult
    from emgproc.study import Study

_FOLDER = click.Path(path_type=Path)
_STEPS = ("recordings", "tables", "outcome", "report", "standards")  # of emgproc.run


@click.command()
@click.argument("study", type=_FOLDER)
@click.option("--json", "as_json", is_flag=True, help="As JSON on standard output.")
def check(*, study: Path, as_json: bool) -> int:
    """Tell every problem of the folder STUDY at once."""
    from emgproc.study import check_study

    problems = check_study(study)
    errors = [p for p in problems if p.severity == "error"]
    plan_problems = [] if errors else _plan_problems(study)
    if as_json:
        rows = [p.to_dict() for p in problems]
        click.echo(json.dumps([*rows, *plan_problems], indent=1, ensure_ascii=False))
    else:
        for problem in problems:
            click.echo(f"{problem.severity}: {problem}")
        for row in plan_problems:
            click.echo(f"{row['severity']}: {row['message']}")
    severities = Counter[str](p.severity for p in problems)
    severities.update(str(row["severity"]) for row in plan_problems)
    n_errors = severities.pop("error", 0)
    if n_errors:
        others = severities.total()
        return end(INVALID, f"{counted(n_errors, 'error')} and {others} other problem(s).")
    words = f"no error; {counted(severities['warning'], 'warning')}"
    if severities["recording"]:
        words += f"; {counted(severities['recording'], 'recording')} will fail"
    return end(DONE, f"{words}.")


def _plan_problems(study: Path) -> list[dict[str, str | int]]:
    """Problems of the plan that the study names, in the shape of the study's own."""
    from emgproc.batch.planning import MODALITY, plans_of
    from emgproc.errors import ConfigurationError, ReadError
    from emgproc.study import load_study

    severity = "error"
    try:
        loaded = load_study(study)
        plan = plans_of(loaded).get(MODALITY)
    except ConfigurationError as error:
        texts = list(error.problems)
    except ReadError as error:
        texts = [str(error)]
    else:
        if plan is None or any(request.name == "tone" for request in plan.features):
            return []
        severity, file = "warning", loaded.protocol.plans.semg
        feature = loaded.protocol.primary.feature
        texts = [f"{file}: has no [[feature]] tone; the primary outcome {feature} needs it"]
    return [{"file": "plan", "row": 0, "severity": severity, "message": text} for text in texts]


@click.command()
@click.argument("study", type=_FOLDER)
@click.argument("out", type=_FOLDER)
@click.argument("level", type=click.Choice(["participant", "group"]), required=False)
@click.option("--participant-label", "participants", multiple=True,
              help="Only this participant, with or without sub-; may be repeated.")  # fmt: skip
@click.option("--until", type=click.Choice(_STEPS), metavar="STEP",
              help=f"The last step that is done: {', '.join(_STEPS)}.")  # fmt: skip
@engine_options
@click.option("--dry-run", is_flag=True, help="Say what would run, and why; write nothing.")
@click.option("--force", is_flag=True, help="Compute again what has a result.")
@click.option("--rehash", is_flag=True, help="Read every raw file to make sure of its digest.")
@click.option("--on-error", type=click.Choice(["continue", "stop"]), default="continue",
              show_default=True, help="What to do when a recording fails.")  # fmt: skip
@click.option("--final", is_flag=True, help="Refuse to run unless the study is locked.")
@click.option("--scrambled", type=click.IntRange(0), metavar="SEED",
              help="Analyse with arms and visits dealt anew, into OUT/scrambled.")  # fmt: skip
@click.option("--by", default="not stated", help="Who runs it, for the audit log.")
def run(
    *,
    study: Path,
    out: Path,
    level: str | None,
    participants: tuple[str, ...],
    until: str | None,
    engine: "BatchOptions",
    dry_run: bool,
    force: bool,
    rehash: bool,
    on_error: str,
    final: bool,
    scrambled: int | None,
    by: str,
) -> int:
    """Compute every recording of STUDY, analyse it, and write results and report to OUT.

    What has a result is not computed again. "participant" computes recordings only (as --until
    recordings does), "group" analyses what is there. With --participant-label, runs of different
    participants into one OUT may go on at the same time, on as many machines. The hash of the
    audit log's last row is told at the end: kept elsewhere, it shows later whether rows were cut
    off.
    """
    from emgproc.batch import plan_recordings
    from emgproc.batch.costs import costs_of_run
    from emgproc.run import run as run_study
    from emgproc.study import load_study

    loaded = load_study(study)
    options = replace(
        engine,
        participants=participants,
        force=force,
        rehash=rehash,
        stop_at_failure=on_error == "stop",
    )
    if dry_run:
        return _tell_plan(loaded, plan_recordings(loaded, out, options), participants)
    for warning in loaded.warnings():
        click.echo(f"warning: {warning}", err=True)
    if level != "group":
        tell_costs(costs_of_run(loaded, out, options))
    result = run_study(
        loaded,
        out,
        level=level or "",
        until=until or "",
        options=options,
        final=final,
        scrambled=scrambled,
        by=by,
    )
    return _tell_result(result, participants)


def _tell_result(result: "RunResult", participants: tuple[str, ...]) -> int:
    for failure in result.failures:
        name, where = failure.recording_id, failure.file
        click.echo(f"failed: {name} ({where}): {failure.code}: {failure.message}", err=True)
    if result.exit_code == NOTHING:
        asked = f" of {', '.join(participants)}" if participants else ""
        return end(NOTHING, f"the study has no recording{asked} that a plan exists for.")
    _tell_records(result)
    words = f"{counted(result.n_computed, 'recording')} computed, {result.n_reused} reused"
    if not result.n_computed and not result.failures and not result.stopped:
        words = f"nothing to compute, {counted(result.n_reused, 'result')} reused"
    if result.failures:
        words += f", {len(result.failures)} failed"
    if result.stopped:
        return stopped(words, result.stopped)
    if result.left_out:
        why = ", which need all participants" if participants else ""
        words += f"; not done: {', '.join(result.left_out)}{why}"
    return end(result.exit_code, words + ".")


def _tell_records(result: "RunResult") -> None:
    if result.report is not None:
        click.echo(f"Report: {result.report}")
        if result.not_exported:
            click.echo(f"warning: no SDTM, no ADaM: {result.not_exported}", err=True)
        if result.lock is not None:
            click.echo(f"Lock: {result.lock.statement}", err=True)
    if result.audit_head:
        click.echo(f"Audit head: {result.audit_head}", err=True)


def _tell_plan(
    study: "Study", planned: "list[PlannedRecording]", participants: tuple[str, ...] = ()
) -> int:
    from emgproc.batch.planning import COMPUTE, plans_of

    plans = plans_of(study)
    computed = [item for item in planned if item.action == COMPUTE]
    tell_memory([(item.file, plans[item.recording.modality]) for item in computed])
    tell_reasons(planned)
    for item in planned:
        recording = item.recording
        click.echo(f"{item.action:<8} {recording.recording_id}  {recording.file}: {item.reason}")
    actions = Counter(item.action for item in planned)
    if not set(actions) - {"skip"}:
        if participants:
            return end(NOTHING, "the study has no such recording that a plan exists for.")
        return end(DONE, "no recording has a plan: a run would say that nothing can be estimated.")
    words = ", ".join(f"{number} to {action}" for action, number in sorted(actions.items()))
    if actions["fail"]:
        return end(SOME_FAILED, f"{words}; nothing was run.")
    return end(DONE, f"{words}; nothing was run.")


@click.command()
@click.argument("study", type=_FOLDER)
@click.argument("out", type=_FOLDER)
def status(*, study: Path, out: Path) -> int:
    """Tell what a run of STUDY into OUT would compute, and why."""
    from emgproc.batch import plan_recordings
    from emgproc.study import load_study

    loaded = load_study(study)
    return _tell_plan(loaded, plan_recordings(loaded, out))
