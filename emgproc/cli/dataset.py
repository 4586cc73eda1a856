"""The part of `emgproc convert` that writes into an EMG-BIDS dataset, and its options."""

import json
import math
import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from emgproc.readers import RecordingFile
    from emgproc.writers.bids import BidsWritten

_DESCRIPTION = "dataset_description.json"
_NUMBERS = (  # fields of *_emg.json that are numbers; all others are text or objects
    "PowerLineFrequency", "InterelectrodeDistance", "Gain", "TriggerChannelCount",
    "Preamplification",
)  # fmt: skip
_UNSTATED: tuple[object, ...] = (None, ())
_PERSON = ("age_months", "sex")

_Command = TypeVar("_Command", bound=Callable[..., Any])


class DatasetOption(click.Option):
    """An option that has a meaning only where OUT is a dataset."""


class ConvertCommand(click.Command):
    """A command whose help lists the options of a dataset apart."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write two lists: options of every call, and those of a dataset."""
        apart = {"Options": False, "Options where OUT is an EMG-BIDS dataset": True}
        for title, of_dataset in apart.items():
            records = [
                record
                for param in self.get_params(ctx)
                if isinstance(param, click.Option)
                and isinstance(param, DatasetOption) is of_dataset
                and (record := param.get_help_record(ctx)) is not None
            ]
            with formatter.section(title):
                formatter.write_dl(records)


_OPTIONS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("--bids", {"is_flag": True, "help": "OUT is a dataset, to be made where there is none."}),
    ("--subject", {"metavar": "LABEL", "help": "Required; labels are letters and digits."}),
    ("--task", {"metavar": "LABEL", "help": "Required."}),
    ("--session", {"metavar": "LABEL", "help": "The visit, e.g. baseline."}),
    ("--run", {"metavar": "LABEL", "help": "Which of several recordings of one kind."}),
    ("--acquisition", {"metavar": "LABEL", "help": "Which settings of the amplifier."}),
    ("--recording-label", {"metavar": "LABEL", "help": "Which of several files of one moment."}),
    ("--dataset-name", {"metavar": "NAME", "help": "Required where the dataset is new."}),
    ("--age-months", {
        "type": click.FloatRange(0), "metavar": "MONTHS", "help": "Age of the participant.",
    }),
    ("--sex", {"type": click.Choice(["F", "M", "O"]), "help": "Sex of the participant."}),
    ("--places", {
        "type": click.Choice(["row_by_row"]),
        "help": "How the channels lie on the grid, where their names do not say it.",
    }),
    ("--emg", {
        "multiple": True,
        "metavar": "FIELD=VALUE|FILE",
        "help": "A field of *_emg.json that no file states, or a .toml or .json of such fields; "
        "may be repeated, e.g. --emg EMGPlacementScheme=Measured --emg EMGReference=ankle.",
    }),
)  # fmt: skip


def dataset_options(command: _Command) -> _Command:
    """Give a command the options of a dataset."""
    for name, about in reversed(_OPTIONS):
        command = click.option(name, cls=DatasetOption, **about)(command)
    return command


def asks_for_dataset(out: str, stated: Mapping[str, Any]) -> bool:
    """Tell whether OUT is a dataset: one that is there, a name that ends in "/", or `--bids`.

    Raises
    ------
    UsageError
        An option of a dataset stands beside a file, or OUT is a folder and no dataset.
    """
    separators = tuple(mark for mark in ("/", os.sep, os.altsep) if mark)
    folder = Path(out)
    if stated["bids"] or out.endswith(separators) or (folder / _DESCRIPTION).is_file():
        return True
    if folder.is_dir():
        raise click.UsageError(f"OUT is a folder and no dataset: {out}; --bids makes one in it")
    options = {name: value for name, value in stated.items() if name != "bids"}
    given = [_option(name) for name, value in options.items() if value not in _UNSTATED]
    if given:
        what = "belongs" if len(given) == 1 else "belong"
        raise click.UsageError(
            f"{', '.join(given)} {what} to a dataset; end OUT in '/', or add --bids"
        )
    return False


def write_dataset(opened: "RecordingFile", out: Path, stated: Mapping[str, Any]) -> "BidsWritten":
    """Add an open recording to the dataset; raises as `write_bids`, or UsageError."""
    from emgproc.writers import write_bids

    required = ["subject", "task"]
    if not (out / _DESCRIPTION).is_file():
        required.append("dataset_name")
    lacking = [_option(name) for name in required if not stated[name]]
    if lacking:
        raise click.UsageError(f"a dataset needs {', '.join(lacking)}")
    told = {k: v for k, v in stated.items() if v is not None and k not in {"bids", *_PERSON}}
    told["emg"] = emg_fields(stated["emg"])
    told["participant"] = {k: stated[k] for k in _PERSON if stated[k] is not None}
    return write_bids(opened, out, **told)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def emg_fields(words: Sequence[str]) -> dict[str, Any]:
    """Fields of *_emg.json from `FIELD=VALUE` and names of files; the later ones win.

    Raises
    ------
    BadParameter
        A word is neither, or a file cannot be read.
    """
    found: dict[str, Any] = {}
    for word in words:
        pair = re.fullmatch(r"([A-Za-z]+)=(.*)", word, re.DOTALL)
        found |= {pair[1]: _value(pair[1], pair[2])} if pair else _of_file(Path(word))
    return found


def _value(field: str, text: str) -> object:
    """An object or a number where the field holds one; text as it stands otherwise."""
    try:
        if text.startswith("{"):
            return json.loads(text)
        number = float(text) if field in _NUMBERS else math.nan
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(number) if number.is_integer() else number


def _of_file(path: Path) -> dict[str, Any]:
    readers = {".toml": tomllib.loads, ".json": json.loads}
    read = readers.get(path.suffix.lower())
    if read is None:
        raise click.BadParameter(
            f"{str(path)!r} is neither FIELD=VALUE nor a .toml or .json file", param_hint="--emg"
        )
    try:
        content = read(path.read_text(encoding="utf-8-sig"))
        json.dumps(content, allow_nan=False)  # TOML has dates, both have NaN: no field has
    except (OSError, TypeError, ValueError, RecursionError) as error:
        raise click.BadParameter(f"{path}: cannot be read: {error}", param_hint="--emg") from error
    if not isinstance(content, dict):
        raise click.BadParameter(f"{path}: is no table of fields", param_hint="--emg")
    return content
