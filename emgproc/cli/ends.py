"""How a command ends: the exit codes, and the last line that says the same in words."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from emgproc.batch import PlannedRecording
    from emgproc.batch.costs import Cost
    from emgproc.batch.files import PlannedFile
    from emgproc.plan import Plan

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


def stopped(words: str, why: str) -> int:
    """Say that it ended before its end, how far it came and why, and return the code."""
    told = f"Stopped before the end: {words}; {why}."
    click.echo(f"{told} The same command goes on from what is there.", err=True)
    return SOME_FAILED


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    Examples
    --------
    >>> counted(1, "recording"), counted(2, "recording")
    ('1 recording', '2 recordings')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def tell_costs(costs: "Sequence[Cost]") -> None:
    """Say what the features that take long will take, on standard error."""
    for cost in costs:
        long = cost.seconds >= 120
        taken = f"{cost.seconds / 60:.0f} min" if long else f"{max(cost.seconds, 1):.0f} s"
        click.echo(
            f"{cost.feature} of {counted(cost.n_recordings, 'recording')}: "
            f"about {taken} on one core, estimated from the length",
            err=True,
        )


def tell_reasons(planned: "Iterable[PlannedRecording | PlannedFile]") -> None:
    """Say how many recordings are computed, reused or fail for which reason, the most first."""
    from emgproc.batch.reasons import general_reason

    counts = Counter(
        (item.action, general_reason(item.reason, item.file.name, item.code)) for item in planned
    )
    for (action, reason), number in counts.most_common():
        click.echo(f"{number:>6} to {action:<8} {reason}")
    click.echo("")


def tell_memory(recordings: "Sequence[tuple[Path, Plan]]") -> None:
    """Say what the largest of some recordings takes in memory, on standard error."""
    from emgproc.batch.memory import memory_words

    words = memory_words(recordings)
    if words:
        click.echo(f"Memory: {words}.", err=True)
