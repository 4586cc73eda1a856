"""Commands on motor units: decompose a recording, review what was found, apply a curation."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emgproc.cli.ends import DONE, NOTHING, SOME_FAILED, counted, end

if TYPE_CHECKING:
    from emgproc.motor_units import MotorUnits
    from emgproc.motor_units.record import Pulses
    from emgproc.plan import Plan
    from emgproc.recording import Recording

_FILE = click.Path(path_type=Path)


@contextmanager
def stage(words: str) -> Iterator[None]:
    """Say what is being done: a moving sign on a terminal, a line elsewhere."""
    if not sys.stderr.isatty():
        click.echo(f"{words} …", err=True)
        yield
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        progress.add_task(words, total=None)
        yield


@click.command()
@click.argument("file", type=_FILE)
@click.option("-o", "--output", type=_FILE, required=True, help="The units to write (.h5).")
@click.option("--plan", type=_FILE, help="A plan.toml: its steps come first, [motor_units] says "
              "how, [source] tells what the file does not.")  # fmt: skip
@click.option("--method", type=click.Choice(["grid", "intramuscular"]), default="grid",
              show_default=True, help="What recorded FILE: an electrode grid, or 1 to 16 "
              "intramuscular or needle channels; it is not guessed.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True,
              help="Threads; the result does not depend on it.")  # fmt: skip
@click.option("--pulse-trains/--no-pulse-trains", default=True, show_default=True,
              help="Keep the source of every unit: a review shows it, a curation needs it to know "
              "SIL and PNR anew.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace the units that are there.")
def decompose(
    *,
    file: Path,
    output: Path,
    plan: Path | None,
    method: str,
    jobs: int,
    pulse_trains: bool,
    force: bool,
) -> int:
    """Find the motor units of the recording FILE.

    Where none can be found, OUTPUT holds the verdict and its reason. `emgproc review` shows it.
    """
    from emgproc.batch.units_file import write_units
    from emgproc.errors import MissingFileError, ReadError, SignalError
    from emgproc.motor_units.record import UnitsRecord
    from emgproc.plan import load_plan

    check_output(output, file, force=force)
    chosen = None if plan is None else load_plan(plan)
    asked = _asked(chosen, method)
    try:
        recording = _read(file, chosen)
        units, pulses = _decomposed(recording, asked, jobs, pulse_trains=pulse_trains)
    except MissingFileError:
        raise
    except (ReadError, SignalError) as error:
        click.echo(f"Error: {error}", err=True)
        return end(SOME_FAILED, f"{file.name} cannot be decomposed ({error.code}).")
    write_units(UnitsRecord.of(recording, units, pulses), output)
    _tell_units(units)
    if units.verdict:
        return end(DONE, f"{output.name} holds the verdict {units.verdict.partition(':')[0]}.")
    rejected = f", {len(units.rejected)} rejected" if units.rejected else ""
    return end(DONE, f"{output.name} holds {counted(len(units), 'motor unit')}{rejected}.")


def _tell_units(units: "MotorUnits") -> None:
    for unit in units.units:
        click.echo(f"{unit.name:<6} {unit.discharges.size:>6} discharges  {unit.accepted_because}")
    for unit in units.rejected:
        click.echo(f"{unit.name:<6} {unit.discharges.size:>6} rejected    {unit.rejected_because}")
    if units.verdict:
        click.echo(f"No motor units: {units.verdict}")


def check_output(output: Path, *inputs: Path, force: bool) -> None:
    """Find out before the work what the output cannot be."""
    if output.suffix.lower() != ".h5":
        raise click.UsageError(f"-o must end in .h5, got {output.name!r}")
    for given in inputs:
        if output.exists() and given.exists() and output.samefile(given):
            raise click.UsageError(f"-o would replace {given}; give another name")
    if output.exists() and not force:
        raise click.UsageError(f"{output} is there already; --force replaces it")


def _read(file: Path, plan: "Plan | None") -> "Recording":
    from emgproc.readers import read_recording

    with stage(f"Reading {file.name}"):
        recording = read_recording(file, **(plan.source.options() if plan else {}))
    for warning in recording.provenance.warnings:
        click.echo(f"Warning: {warning}", err=True)
    return plan.apply(recording) if plan else recording


def _asked(plan: "Plan | None", method: str) -> dict[str, Any]:
    """Method, seed and settings of `decompose`."""
    from emgproc.motor_units import DecompositionSettings
    from emgproc.plan import MotorUnitSettings

    chosen = plan.motor_units if plan and plan.motor_units else MotorUnitSettings()
    if method == "grid":
        return {"method": method, "seed": chosen.seed, "settings": chosen.decomposition}
    if chosen.decomposition != DecompositionSettings():
        raise click.UsageError(
            f"the plan's [motor_units.decomposition] is that of a grid; --method {method} has "
            "settings of its own"
        )
    return {"method": method, "seed": chosen.seed}


def _decomposed(
    recording: "Recording", asked: dict[str, Any], threads: int, *, pulse_trains: bool
) -> tuple["MotorUnits", "Pulses | None"]:
    from emgproc.motor_units import decompose as find_units
    from emgproc.motor_units import pulse_trains as sources_of

    n_emg = len(recording.rows("EMG"))
    with stage(f"Decomposing {counted(n_emg, 'channel')}, {recording.duration_s:g} s"):
        units = find_units(recording, **asked, threads=threads)
    # Templates of few channels have no source: only filters of a grid give one.
    kept = pulse_trains and asked["method"] == "grid" and (units.units or units.rejected)
    if not kept:
        return units, None
    with stage("Pulse trains"):
        return units, sources_of(recording, units, threads=threads)


@click.command()
@click.argument("units", type=_FILE, nargs=-1, required=True)
@click.option("-o", "--output", type=_FILE, help="The page to write, of a single file or of "
              "visits.")  # fmt: skip
@click.option("--visits", is_flag=True, help="The files are visits of one person's muscle, in "
              "their order: one page of which unit is which.")  # fmt: skip
@click.option("--plan", type=_FILE, help="The file is a recording of needle EMG or of nerve "
              "stimulation: the page shows what this plan.toml finds in it.")  # fmt: skip
def review(
    *, units: tuple[Path, ...], output: Path | None, visits: bool, plan: Path | None
) -> int:
    """Write a page of the motor units in each file UNITS.h5, or of each in a folder.

    The page of `visit.h5` is `visit_review.html` beside it. It shows why each unit was accepted or
    rejected, and makes a curation.json for `emgproc apply-curation`.

    With --plan, of what [needle] or [stimulation] finds in a recording:
    emgproc review RECORDING --plan PLAN -o PAGE.html
    """
    from emgproc.batch.units_file import find_units, read_units
    from emgproc.errors import ReadError
    from emgproc.report.motor_unit_page import write_review

    if plan is not None:
        from emgproc.cli.clinic import review_recording

        return review_recording(units, plan, output, visits=visits)
    found = find_units(units)
    if not found:
        return end(NOTHING, "there is no file of motor units in what was named.")
    if visits:
        return _review_visits(found, output)
    if output is not None and (len(found) > 1 or output.suffix.lower() != ".html"):
        raise click.UsageError("-o names one .html page, of a single file of units")
    failed = 0
    for file in found:
        page = output or file.with_name(f"{file.stem}_review.html")
        try:
            click.echo(write_review(read_units(file), page, file.stem))
        except ReadError as error:
            failed += 1
            click.echo(f"Error: {error}", err=True)
    if failed:
        return end(SOME_FAILED, f"{failed} of {counted(len(found), 'file')} cannot be read.")
    return end(DONE, f"{counted(len(found), 'page')} written.")


def _review_visits(found: list[Path], output: Path | None) -> int:
    from emgproc.batch.units_file import read_units
    from emgproc.errors import ParameterError, ReadError
    from emgproc.report.visits_page import write_visits

    if len(found) < 2 or output is None or output.suffix.lower() != ".html":
        raise click.UsageError("--visits takes two files of units or more, and -o an .html page")
    try:
        records = [read_units(file) for file in found]
        click.echo(write_visits(records, output, names=_told_apart(found)))
    except (ReadError, ParameterError) as error:
        click.echo(f"Error: {error}", err=True)
        return end(SOME_FAILED, f"the units cannot be followed ({error.code}).")
    return end(DONE, f"{len(found)} visits on one page.")


def _told_apart(files: list[Path]) -> list[str]:
    """Names of the files, with their folders' where that is needed."""
    names = [file.stem for file in files]
    if len(set(names)) == len(names):
        return names
    return [f"{file.resolve().parent.name}/{file.stem}" for file in files]


@click.command("apply-curation")
@click.argument("units", type=_FILE)
@click.argument("curation", type=_FILE, required=False)
@click.option("-o", "--output", type=_FILE, required=True, help="The units to write (.h5).")
@click.option("--by", default="", help="Who decided, where the curation does not say it.")
@click.option("--at", default="", help="When (ISO 8601), where it does not say it; now.")
@click.option("--why", default="", help="The reason, where it does not say it.")
@click.option("--undo", is_flag=True, help="Write the units as they were before the latest "
              "curation, byte for byte; needs no CURATION.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace OUTPUT where it is there already.")
def apply_curation(
    *,
    units: Path,
    curation: Path | None,
    output: Path,
    by: str,
    at: str,
    why: str,
    undo: bool,
    force: bool,
) -> int:
    """Replay the edits of CURATION (curation.json) on the motor units in UNITS.

    CURATION has SpikeInterface's format 2. UNITS stays as it is; OUTPUT holds it too, with who
    decided what, when and why, so that nothing is lost.
    """
    from emgproc.batch.units_curation import apply_curation_file, write_original
    from emgproc.batch.units_file import read_units
    from emgproc.errors import MissingFileError, ReadError
    from emgproc.motor_units.curation_desk import Decision

    check_output(output, units, force=force)
    if undo is (curation is not None):
        raise click.UsageError("give a CURATION, or --undo to go back")
    when = at or datetime.now(UTC).isoformat(timespec="seconds")
    try:
        if curation is None:
            write_original(read_units(units), output)
            return end(DONE, f"{output.name} holds the units as they were before.")
        done = apply_curation_file(units, curation, output, Decision(by, when, why))
    except MissingFileError:
        raise
    except ReadError as error:
        click.echo(f"Error: {error}", err=True)
        return end(SOME_FAILED, f"{units.name} cannot be curated ({error.code}).")
    for edit in done.audits[-1].edits:
        names = f"{', '.join(edit.before)} -> {', '.join(edit.after)}"
        click.echo(f"{edit.operation:<10} {names:<24} {edit.n_before} -> {edit.n_after} "
                   f"discharges  {edit.note}".rstrip())  # fmt: skip
    kept = counted(len(done.units), "motor unit")
    return end(DONE, f"{output.name} holds {kept}, {len(done.units.rejected)} rejected.")
