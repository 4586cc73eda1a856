"""The labels a recording's events may carry; others are kept but mean nothing to the analysis."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

PLAIN_LABELS = (
    *(f"state/{state}" for state in range(1, 6)),
    "cry",
    "movement",
    "handling",
    "pacifier",
    "sedation",
    "noise_reference",
    *(f"bad_{what}" for what in ("nan", "flat", "clip", "pop", "gap", "line", "ecg")),
)

_STIMULUS = re.compile(r"stim/\d+(\.\d+)?")


def is_label(label: str) -> bool:
    """Tell whether `label` is one the analysis interprets; a stimulus carries its mA.

    Examples
    --------
    >>> is_label("state/3"), is_label("stim/12.5"), is_label("state/6")
    (True, True, False)
    """
    return label in PLAIN_LABELS or _STIMULUS.fullmatch(label) is not None


def label_hint(label: str) -> str:
    """Return `; did you mean …?` for a near miss, else nothing."""
    return nearest(label, PLAIN_LABELS)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` with the nearest known word, nothing where none is near.

    Examples
    --------
    >>> nearest("MCS", ["MSC", "CTRL"])
    '; did you mean MSC?'
    """
    names = list(known)
    folded = {name.casefold(): name for name in names}
    close = get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6)
    return f"; did you mean {folded[close[0]]}?" if close else ""
