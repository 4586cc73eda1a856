"""The `emgproc` command: what its end means, and how errors are told."""

import io
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import click

import emgproc
from emgproc.cli.ends import INTERRUPTED, INVALID
from emgproc.cli.files import convert, features, info
from emgproc.cli.motor_units import apply_curation, decompose, review
from emgproc.cli.records import audit, lock
from emgproc.cli.sharing import deidentify, import_redcap, redcap_dictionary
from emgproc.cli.simulation import simulate
from emgproc.cli.studies import check, run, status
from emgproc.cli.warming import warm_cache
from emgproc.errors import EmgprocError

_EPILOG = (
    "Exit codes: 0 done · 1 some recordings failed (they are listed), or "
    "stopped before the end (it says why) · "
    "2 the call, the plan or the study is invalid, nothing ran · 3 nothing matched · "
    "130 interrupted; a batch goes on where it stopped."
)


class _Emgproc(click.Group):
    """The group of commands; what they return is the exit code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Run the command line and leave with its exit code.

        Parameters
        ----------
        args
            As in `sys.argv[1:]`, which is used where None.
        prog_name, complete_var, standalone_mode, windows_expand_args, **extra
            As in `click.Command.main`; without `standalone_mode` errors are raised, not told.
        """
        run = partial(
            super().main,
            None if args is None else list(args),
            prog_name or "emgproc",
            complete_var,
            standalone_mode=False,
            windows_expand_args=windows_expand_args,
            **extra,
        )
        if not standalone_mode:
            return run()
        _tell_all_characters()
        sys.exit(_exit_code(run))


def _tell_all_characters() -> None:
    r"""What the terminal lacks, or a file name that is no UTF-8, is told as `\xe9`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _exit_code(run: Callable[[], Any]) -> int:
    try:
        return int(run() or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
    except click.ClickException as error:
        error.show()
        click.echo("Nothing ran: the call is invalid.", err=True)
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            "Interrupted: give the same command again; a batch goes on where it stopped.", err=True
        )
        return INTERRUPTED
    except EmgprocError as error:
        click.echo(f"Error: {error}", err=True)
        click.echo("Nothing ran: see the message above.", err=True)
    return INVALID


@click.group(
    cls=_Emgproc, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(emgproc.__version__, prog_name="emgproc")
def main() -> None:
    """From raw EMG recordings to features, and to the muscle-tone outcome of a trial."""


for _command in (
    info, convert, features, decompose, review, apply_curation, check, run, status, lock, audit,
    deidentify, redcap_dictionary, import_redcap, simulate, warm_cache,
):  # fmt: skip
    main.add_command(_command)
