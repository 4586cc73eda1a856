"""The numbers of a Natus trace: its header says how many there are, and only that reading counts.

Exports write decimal points or commas by the locale of the computer, separated by blanks,
semicolons or commas, so "0,1,0,2" is two values or four.
"""

import re

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import FormatError
from emgproc.readers.delimited_values import LARGEST

_NO_NUMBERS = re.compile(
    r"[^0-9+\-.eE\s]|[0-9.][+-]|\.[0-9]*\.|(?<![0-9.])[eE]|[eE](?![+-]?[0-9])|[+-](?![0-9.])"
    r"|(?<![0-9])\.(?![0-9])|[eE][+-]?[0-9]+[eE.]",
    re.ASCII,
)
_PAIR = re.compile(r"([+-]?[0-9]+),([0-9]+(?:[eE][+-]?[0-9]+)?)\s*(?:[,;\s]|\Z)")
_WITHOUT_POINT = re.compile(r"(?<!\S)[^.\s]+(?!\S)")
_LOOSE_COMMA = re.compile(r"(?<![0-9]),|,(?![0-9])")


def values_of(text: str, n: int, where: str, decimal: str | None = None) -> Floats:
    """The `n` values in a text.

    Parameters
    ----------
    text
        Numbers; a "/" at the end of a line continues it, or the number that it cuts.
    n
        How many values there are.
    where
        Name for messages.
    decimal
        The mark, where the caller states it.

    Raises
    ------
    FormatError
        No way of separating the numbers gives `n` of them, or two ways give different ones.

    Examples
    --------
    >>> values_of("0,1,0,2", 2, "x").tolist(), values_of("0,1,0,2", 4, "x").tolist()
    ([0.1, 0.2], [0.0, 1.0, 0.0, 2.0])
    """
    found: list[Floats] = []
    counts = set()
    for whole in dict.fromkeys((text.replace("/\n", "\n"), text.replace("/\n", ""))):
        for reading in _readings(whole.replace("/", " "), decimal):
            values = _numbers(reading)
            counts.add(values.size)
            if values.size == n and not any(np.array_equal(values, other) for other in found):
                found.append(values)
    if len(found) > 1:
        raise FormatError(
            f"{where}: its numbers can be read in two ways; state decimal= (a plan's [source] "
            "decimal)"
        )
    if not found:
        raise FormatError(
            f"{where}: {n} values are stated, {sorted(counts - {0}) or 'no'} are found"
        )
    if not (np.abs(found[0]) <= LARGEST).all():
        raise FormatError(f"{where}: a number is beyond {LARGEST:g}")
    return found[0]


def _readings(text: str, decimal: str | None) -> list[str]:
    """The text with decimal points and blanks between its numbers, in each way that it allows."""
    plain = text.replace(";", " ")
    readings = [] if decimal == "," else [plain.replace(",", " ")]
    if decimal != "." and "." not in text and "," in text:
        if not _LOOSE_COMMA.search(text):
            readings.append(plain.replace(",", "."))
        paired = _PAIR.sub(r"\1.\2 ", plain)
        # A number without a decimal comma would leave it open which commas separate.
        if not _WITHOUT_POINT.search(paired):
            readings.append(paired)
    return readings


def _numbers(text: str) -> Floats:
    """Numbers between blanks; nothing if there is anything else."""
    if not text.strip() or _NO_NUMBERS.search(text):
        return np.empty(0)
    try:
        return np.fromstring(text, dtype=np.float64, sep=" ")
    except ValueError:
        return np.empty(0)
