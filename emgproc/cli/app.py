"""The `emgproc` command: what its end means, and how errors are told."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

import emgproc
from emgproc.cli.ends import INTERRUPTED, INVALID
from emgproc.cli.files import convert, features, info
from emgproc.cli.studies import check, run, simulate, status
from emgproc.errors import EmgprocError

_EPILOG = (
    "Exit codes: 0 done · 1 finished, but some recordings failed (they are listed) · "
    "2 the call, the plan or the study is invalid, nothing ran · 3 nothing matched · "
    "130 interrupted; the same command goes on where it stopped."
)


@click.group(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(emgproc.__version__, prog_name="emgproc")
def emgproc_command() -> None:
    """From raw EMG recordings to features, and to the muscle-tone outcome of a trial."""


for _command in (info, convert, features, check, run, status, simulate):
    emgproc_command.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code.

    Parameters
    ----------
    arguments
        As in `sys.argv[1:]`, which is used where None.
    """
    sys.exit(_exit_code(None if arguments is None else list(arguments)))


def _exit_code(arguments: list[str] | None) -> int:
    try:
        code = emgproc_command.main(arguments, prog_name="emgproc", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return INVALID
    except click.ClickException as error:
        error.show()
        click.echo("Nothing ran: the call is invalid.", err=True)
        return INVALID
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted: the same command goes on where it stopped.", err=True)
        return INTERRUPTED
    except EmgprocError as error:
        click.echo(f"Error: {error}", err=True)
        click.echo("Nothing ran: see the message above.", err=True)
        return INVALID
    return int(code or 0)
