"""Commands on motor units: decompose a recording, review what was found, apply a curation."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emgproc.cli.ends import DONE, SOME_FAILED, counted, end

if TYPE_CHECKING:
    from emgproc.motor_units import MotorUnits
    from emgproc.motor_units.record import Pulses
    from emgproc.recording import Recording

_FILE = click.Path(path_type=Path)


@contextmanager
def _stage(words: str) -> Iterator[None]:
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
@click.option("--plan", type=_FILE, help="Its steps come first; its [source] tells what the file "
              "does not.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True,
              help="Of the random numbers.")  # fmt: skip
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
    seed: int,
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

    check_output(output, file, force=force)
    try:
        recording = _read(file, plan)
        units, pulses = _decomposed(recording, seed, jobs, pulse_trains=pulse_trains)
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


def _read(file: Path, plan: Path | None) -> "Recording":
    from emgproc.plan import load_plan
    from emgproc.readers import read_recording

    loaded = None if plan is None else load_plan(plan)
    with _stage(f"Reading {file.name}"):
        recording = read_recording(file, **(loaded.source.options() if loaded else {}))
    for warning in recording.provenance.warnings:
        click.echo(f"Warning: {warning}", err=True)
    return loaded.apply(recording) if loaded else recording


def _decomposed(
    recording: "Recording", seed: int, threads: int, *, pulse_trains: bool
) -> tuple["MotorUnits", "Pulses | None"]:
    from emgproc.motor_units import decompose as find_units
    from emgproc.motor_units.pulse_trains import pulse_trains as sources_of

    n_emg = len([channel for channel in recording.channels if channel.kind == "EMG"])
    words = f"Decomposing {counted(n_emg, 'channel')}, {recording.duration_s:g} s"
    with _stage(words):
        units = find_units(recording, seed=seed, threads=threads)
    if not pulse_trains or not (units.units or units.rejected):
        return units, None
    with _stage("Pulse trains"):
        return units, sources_of(recording, units, threads=threads)
