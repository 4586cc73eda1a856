"""Commands that prove something: the lock of an analysis, and the audit log of its results."""

from contextlib import nullcontext
from pathlib import Path

import click

from emgproc.cli.ends import DONE, SOME_FAILED, counted, end

_FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("study", type=_FOLDER)
@click.argument("out", type=_FOLDER, required=False)
@click.option("--by", required=True, help="Who locks, as the person wants to be named.")
@click.option("--again", is_flag=True, help="Replace the lock that is there; it stays on record.")
@click.option("--reason", default="", help="Why it is replaced, or unblinded.")
@click.option("--blinded", is_flag=True, help="Only scrambled labels may be analysed until then.")
@click.option("--unblind", is_flag=True, help="The arms of a blinded study may be told from now.")
def lock(
    *,
    study: Path,
    out: Path | None,
    by: str,
    again: bool,
    reason: str,
    blinded: bool,
    unblind: bool,
) -> int:
    """Fix the analysis of STUDY: write its lock.json.

    The protocol as far as it decides a number, the plans, the seed and the version are hashed.
    Whatever is changed later is told on every page as POST HOC. Name the results folder OUT where
    there is one: the lock states what was computed before it. A blinded study is analysed under
    scrambled labels only, until --unblind.
    """
    from emgproc.batch.claim import claimed
    from emgproc.standards.audit import NOT_STATED
    from emgproc.standards.audit_log import Entry, append
    from emgproc.standards.lock import LOCK_FILE, lock_study, unblind_study
    from emgproc.study import load_study

    if unblind and (again or blinded):
        raise click.UsageError("--unblind stands alone: neither --again nor --blinded beside it")
    loaded = load_study(study)
    with nullcontext() if out is None else claimed(out):
        if unblind:
            state = unblind_study(loaded, by=by, reason=reason, out=out)
        else:
            state = lock_study(loaded, by=by, out=out, again=again, reason=reason, blinded=blinded)
        if out is not None:
            action = "unblinded" if unblind else "locked"
            told = Entry(action, f"study/{LOCK_FILE}", reason=reason or state.statement)
            append(out, [told], user=by or NOT_STATED)
    click.echo(state.statement)
    return end(DONE, f"{study / LOCK_FILE} written, sha256 {state.digest}.")


@click.group()
def audit() -> None:
    """The audit log of a results folder."""


@audit.command()
@click.argument("out", type=_FOLDER)
@click.option("--study", type=_FOLDER, help="Compare the files of the study too.")
@click.option("--head", default="", metavar="HASH", help="Hash that an earlier run told.")
def verify(*, out: Path, study: Path | None, head: str) -> int:
    """Hash the results in OUT again and compare them with its audit log."""
    from emgproc.standards.audit_verify import verify_audit

    report = verify_audit(out, study, head=head)
    for note in report.notes:
        click.echo(f"note: {note}", err=True)
    for problem in report.problems:
        click.echo(problem)
    click.echo(f"Audit head: {report.head}", err=True)
    looked = f"{counted(report.n_rows, 'row')}, {counted(report.n_files, 'file')}"
    if report.problems:
        return end(SOME_FAILED, f"{counted(len(report.problems), 'problem')}; {looked} compared.")
    return end(DONE, f"all as recorded; {looked} compared.")
