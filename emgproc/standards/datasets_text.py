"""Text that may leave the study: in ASCII by a declared table, without dates and addresses."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from emgproc.errors import ParameterError

MAX_TEXT = 200  # bytes of a character variable of XPT v5

# What an ASCII format gets for what it cannot hold; letters with accents lose them.
ASCII: Mapping[str, str] = MappingProxyType(
    {
        "µ": "u", "μ": "u", "Δ": "Delta", "δ": "delta", "σ": "sigma", "Γ": "Gamma", "θ": "theta",
        "²": "^2", "³": "^3", "½": "1/2", "×": "x", "·": "*", "±": "+/-", "−": "-", "–": "-",
        "—": "-", "≤": "<=", "≥": ">=", "≠": "<>", "→": "->", "↔": "<->", "…": "...", "°": "deg",
        "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "ß": "ss", "ø": "o", "Ø": "O", "æ": "ae",
        "Æ": "AE", "ł": "l", "Ł": "L", "ı": "i", "§": "par.", "\u00a0": " ",
    }
)  # fmt: skip

_DATE = re.compile(
    r"(?<!\d)(?:\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2}))(?!\d)"
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_PHONE = re.compile(r"(?<![\w.+])(?:\+|00)\d[\d ()/-]{6,}\d")
DATE_WITHHELD, MAIL_WITHHELD, PHONE_WITHHELD = "[date]", "[e-mail]", "[telephone]"


def to_ascii(text: str, where: str) -> str:
    """Return the text in ASCII by the table `ASCII`, accents taken off.

    Parameters
    ----------
    text
        Any text.
    where
        Dataset, column and row, for the message.

    Raises
    ------
    ParameterError
        A letter has no counterpart there; nothing is dropped silently.

    Examples
    --------
    >>> to_ascii("Müller, 3 µV²", "AE.AETERM row 1")
    'Muller, 3 uV^2'
    """
    if text.isascii():
        return text
    return "".join(letter if letter.isascii() else _letter(letter, where) for letter in text)


def _letter(letter: str, where: str) -> str:
    if letter in ASCII:
        return ASCII[letter]
    parts = unicodedata.normalize("NFKD", letter)
    plain = "".join(part for part in parts if not unicodedata.combining(part))
    if not plain.isascii() or not (plain or unicodedata.combining(letter)):
        raise ParameterError(
            f"{where}: {letter!r} (U+{ord(letter):04X}) has no counterpart in ASCII, which XPT v5 "
            "needs; write the term in Latin letters"
        )
    return plain


def fitting(text: str, where: str, longest: int = MAX_TEXT) -> bytes:
    """ASCII bytes of a text for a character variable.

    Raises
    ------
    ParameterError
        The text has no ASCII form, or more than `longest` bytes; it is never cut.
    """
    plain = to_ascii(text, where)
    if len(plain) > longest:
        raise ParameterError(
            f"{where}: {len(plain)} characters, at most {longest} are possible: shorten "
            f"{text[:40]!r}…"
        )
    return plain.encode("ascii")


def split_text(text: str, names: Sequence[str], where: str, more: str = "") -> dict[str, str]:
    """Long text over several variables of 200 characters, split between words.

    Parameters
    ----------
    text
        The whole text.
    names
        Variables in their order.
    where
        What the text is, for the message.
    more
        Ends the last variable where they do not hold the text: it says where the rest stands.

    Raises
    ------
    ParameterError
        The variables do not hold the text and no `more` is given, or a letter has no counterpart
        in ASCII.

    Examples
    --------
    >>> [len(part) for part in split_text("word " * 60, ["TSVAL", "TSVAL1"], "TS").values()]
    [199, 99]
    """
    parts = [""]
    for word in text.split():
        longer = f"{parts[-1]} {word}".strip()
        if len(to_ascii(longer, where)) <= MAX_TEXT or not parts[-1]:
            parts[-1] = longer
        else:
            parts.append(word)
    if len(parts) > len(names):
        if not more:
            raise ParameterError(
                f"{where}: {len(text)} characters; at most {len(names) * MAX_TEXT} are possible: "
                f"shorten {text[:40]!r}…"
            )
        words = parts[len(names) - 1].split()
        while len(to_ascii(" ".join([*words, more]), where)) > MAX_TEXT:
            words.pop()
        parts[len(names) - 1] = " ".join([*words, more])
    return dict(zip(names, parts, strict=False))


def withheld(text: str, *, dates: bool, births: Collection[date] = ()) -> str:
    """Free text without ways to reach a person and, as asked, dates; what goes is marked.

    Parameters
    ----------
    text
        What was typed.
    dates
        Take out everything that is written like a date.
    births
        Days of birth, which never stay.

    Examples
    --------
    >>> withheld("seen 2016-02-11, ask a.b@c.org or +98 21 5555 0173", dates=True)
    'seen [date], ask [e-mail] or [telephone]'
    """
    plain = _PHONE.sub(PHONE_WITHHELD, _MAIL.sub(MAIL_WITHHELD, text))
    if dates:
        return _DATE.sub(DATE_WITHHELD, plain)
    return _DATE.sub(lambda found: _unless_birth(found.group(), births), plain)


def _unless_birth(text: str, births: Collection[date]) -> str:
    numbers = sorted(int(part) for part in re.split(r"[-/.]", text))
    forbidden = [
        sorted([birth.day, birth.month, year])
        for birth in births
        for year in (birth.year, birth.year % 100)
    ]
    return DATE_WITHHELD if numbers in forbidden else text
