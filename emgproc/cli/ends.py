"""How a command ends: the exit codes, and the last line that says the same in words."""

import click

DONE, SOME_FAILED, INVALID, NOTHING, INTERRUPTED = 0, 1, 2, 3, 130


def end(code: int, words: str) -> int:
    """Say how it ended, on standard error, and return the code."""
    start = {
        DONE: "Done",
        SOME_FAILED: "Finished, with failures",
        INVALID: "Nothing ran",
        NOTHING: "Nothing matched",
    }[code]
    click.echo(f"{start}: {words}", err=True)
    return code


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    Examples
    --------
    >>> counted(1, "recording"), counted(2, "recording")
    ('1 recording', '2 recordings')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
