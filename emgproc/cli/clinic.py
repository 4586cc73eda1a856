"""The second form of `emgproc review`: a page of a needle or stimulation recording."""

from pathlib import Path

import click

from emgproc.cli.ends import DONE, SOME_FAILED, end
from emgproc.cli.motor_units import stage


def review_recording(
    files: tuple[Path, ...], plan: Path, output: Path | None, *, visits: bool
) -> int:
    """Write the page of one recording that a plan with [needle] or [stimulation] measures."""
    from emgproc.batch.worker import read_measured
    from emgproc.errors import MissingFileError, ParameterError, ReadError, SignalError
    from emgproc.plan import load_plan
    from emgproc.recording import Recording
    from emgproc.report.clinic_page import check_plan, write_clinic

    if visits or len(files) > 1 or output is None or output.suffix.lower() != ".html":
        raise click.UsageError("--plan takes one recording, and -o the .html page to write")
    if output.resolve() == files[0].resolve():
        raise click.UsageError(f"-o would replace {output}; give another name")
    file, chosen = files[0], load_plan(plan)
    try:
        check_plan(chosen)
        with stage(f"Reading {file.name}"):
            read = read_measured(file, chosen)
        with stage("Measuring"):
            clean = chosen.apply(read) if isinstance(read, Recording) else read
            click.echo(write_clinic(clean, chosen, output, file.name))
    except ParameterError as error:
        raise click.UsageError(str(error)) from error
    except MissingFileError:
        raise
    except (ReadError, SignalError) as error:
        click.echo(f"Error: {error}", err=True)
        return end(SOME_FAILED, f"{file.name} cannot be reviewed ({error.code}).")
    return end(DONE, f"{output.name} shows {file.name}.")
