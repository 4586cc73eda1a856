"""The columns of each table of a study: name, type, and whether a cell may be empty."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import PurePosixPath
from typing import Any, get_args

from emgproc.study.labels import nearest
from emgproc.study.rows import EventCategory, EventKind

Parser = Callable[[str], Any]

PARTICIPANTS = "participants.tsv"
VISITS = "visits.tsv"
RECORDINGS = "recordings.tsv"
EXPOSURES = "phenotype/exposures.tsv"
CLINICAL_EVENTS = "phenotype/clinical_events.tsv"
CSF = "phenotype/csf.tsv"
MEASUREMENTS = "phenotype/measurements.tsv"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how a cell is read, and whether the column and each cell must be there."""

    parse: Parser
    required: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, with its time of day where one was written (`timed`)."""

    at: datetime
    timed: bool


def text(cell: str) -> str:
    """Return the cell as it stands."""
    return cell


def matching(cell: str, *, pattern: str, what: str) -> str:
    """Return the cell if it matches `pattern`, else ValueError saying what it should be."""
    if re.fullmatch(pattern, cell) is None:
        raise ValueError(f"not {what}")
    return cell


def word(cell: str, *, known: tuple[str, ...]) -> str:
    """Return the cell if it is one of `known`."""
    if cell not in known:
        raise ValueError(f"known here: {', '.join(known)}{nearest(cell, known)}")
    return cell


def number(cell: str, *, low: float = -math.inf, high: float = math.inf) -> float:
    """Read a finite number from `low` to `high`, decimal point, no thousands separator."""
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", cell) is None:
        raise ValueError("not a number with a decimal point")
    value = float(cell)
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(f"outside {low:g} to {high:g}")
    return value


def whole(cell: str, *, low: int, high: int) -> int:
    """Read a whole number from `low` to `high`."""
    if re.fullmatch(r"[+-]?\d+", cell) is None:
        raise ValueError("not a whole number")
    if not low <= int(cell) <= high:
        raise ValueError(f"outside {low} to {high}")
    return int(cell)


def yes_no(cell: str) -> bool:
    """Read Y or N."""
    return word(cell, known=("Y", "N")) == "Y"


def day(cell: str) -> date:
    """Read an ISO date, YYYY-MM-DD."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell) is None:
        raise ValueError("not a date written YYYY-MM-DD")
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise ValueError("there is no such day") from None


def moment(cell: str) -> Moment:
    """Read an ISO date, or date and local time without a zone: YYYY-MM-DDThh:mm[:ss]."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?", cell) is None:
        raise ValueError("not a moment written YYYY-MM-DD or YYYY-MM-DDThh:mm:ss")
    try:
        return Moment(datetime.fromisoformat(cell), timed="T" in cell)
    except ValueError:
        raise ValueError("there is no such moment") from None


def inner_path(cell: str) -> str:
    """Read a path relative to the study folder; one that could leave it is refused."""
    path = PurePosixPath(cell)
    drive = re.match(r"[A-Za-z]:", cell)
    if path.is_absolute() or drive or "\\" in cell or ".." in path.parts or "\x00" in cell:
        raise PathOutsideError("must be relative to the study folder, with / and without ..")
    return cell


class PathOutsideError(ValueError):
    """A path that leads, or could lead, out of the study folder."""


_PARTICIPANT = partial(matching, pattern=r"sub-[A-Za-z0-9]+", what="sub- and letters or digits")
_SESSION = partial(word, known=("ses-baseline", "ses-post", "ses-month3"))
_NAME = partial(
    matching, pattern=r"[A-Za-z0-9._-]{1,80}", what="a name of letters, digits, . _ and -"
)
_PSEUDONYM = partial(
    matching, pattern=r"[A-Za-z0-9-]{1,20}", what="a pseudonym of at most 20 letters, digits and -"
)
_SIDE = partial(word, known=("L", "R"))
_KNOWN = partial(word, known=("Y", "N", "NK"))
_PASS_FAIL = partial(word, known=("pass", "fail"))
_NOT_NEGATIVE = partial(number, low=0.0)
_SHA256 = partial(matching, pattern=r"[0-9a-f]{64}", what="64 lower-case hexadecimal digits")

CRITERION = Column(_KNOWN)

TABLES: Mapping[str, Mapping[str, Column]] = {
    PARTICIPANTS: {
        "participant_id": Column(_PARTICIPANT, required=True),
        "arm": Column(text, required=True),
        "age_months": Column(partial(number, low=0.0, high=240.0)),
        "birth_date": Column(day),
        "sex": Column(partial(word, known=("M", "F", "U")), required=True),
        "index_date": Column(day, required=True),
        "consent_date": Column(day),
        "genetic_confirm": Column(_KNOWN),
        "genetic_date": Column(day),
        "smn2_copies": Column(partial(whole, low=0, high=8)),
        "enrolled": Column(yes_no),
        "screen_fail_reason": Column(text),
        "death_date": Column(day),
        "last_contact_date": Column(day, required=True),
        "withdrawn_date": Column(day),
    },
    VISITS: {
        "participant_id": Column(_PARTICIPANT, required=True),
        "session_id": Column(_SESSION, required=True),
        "date": Column(day),
        "status": Column(partial(word, known=("done", "missed", "partial"))),
        "reason": Column(text),
    },
    RECORDINGS: {
        "recording_id": Column(_NAME, required=True),
        "participant_id": Column(_PARTICIPANT, required=True),
        "session_id": Column(_SESSION, required=True),
        "start": Column(moment, required=True),
        "file": Column(inner_path, required=True),
        "sha256": Column(_SHA256),
        "muscle": Column(text, required=True),
        "side": Column(_SIDE),
        "modality": Column(partial(word, known=("semg", "needle", "cmap"))),
        "task": Column(partial(word, known=("rest", "stim", "spont"))),
        "stim_nerve": Column(text),
        "channel": Column(text),
        "qc_manual": Column(_PASS_FAIL),
        "qc_reason": Column(text),
        "operator": Column(text),
        "device": Column(text),
        "retest_of": Column(_NAME),
    },
    EXPOSURES: {
        "participant_id": Column(_PARTICIPANT, required=True),
        "dose_no": Column(partial(whole, low=1, high=9), required=True),
        "datetime": Column(moment, required=True),
        "planned_cells": Column(_NOT_NEGATIVE, required=True),
        "given_cells": Column(_NOT_NEGATIVE, required=True),
        "route": Column(text, required=True),
        "lot": Column(text),
        "passage": Column(text),
        "viability_pct": Column(partial(number, low=0.0, high=100.0)),
        "release_qc": Column(_PASS_FAIL),
        "donor": Column(_PSEUDONYM),
        "interrupted": Column(yes_no),
    },
    CLINICAL_EVENTS: {
        "participant_id": Column(_PARTICIPANT, required=True),
        "event_id": Column(_NAME, required=True),
        "kind": Column(partial(word, known=get_args(EventKind)), required=True),
        "term": Column(text, required=True),
        "start": Column(day, required=True),
        "end": Column(day),
        "grade": Column(partial(whole, low=1, high=5)),
        "serious": Column(yes_no),
        "related": Column(
            partial(word, known=("none", "unlikely", "possible", "probable", "definite"))
        ),
        "expected": Column(yes_no),
        "category": Column(
            partial(word, known=tuple(name for name in get_args(EventCategory) if name))
        ),
        "meddra_llt": Column(text),
        "meddra_pt": Column(text),
        "meddra_soc": Column(text),
        "action": Column(text),
        "outcome": Column(text),
        "hours_per_day": Column(partial(number, low=0.0, high=24.0)),
    },
    CSF: {
        "participant_id": Column(_PARTICIPANT, required=True),
        "date": Column(day, required=True),
        "volume_ml": Column(_NOT_NEGATIVE),
        "method": Column(text, required=True),
        "marker": Column(text),
        "replicate": Column(partial(whole, low=1, high=99)),
        "lod": Column(_NOT_NEGATIVE),
        "result": Column(partial(word, known=("pos", "neg", "ind", "nd")), required=True),
        "cells_per_ml": Column(_NOT_NEGATIVE),
        "rbc": Column(_NOT_NEGATIVE),
    },
    MEASUREMENTS: {
        "participant_id": Column(_PARTICIPANT, required=True),
        "session_id": Column(_SESSION, required=True),
        "muscle": Column(text),
        "side": Column(_SIDE),
        "nerve": Column(text),
        "measure": Column(_NAME, required=True),
        "value": Column(number),
        "absent": Column(yes_no),
        "source": Column(partial(word, known=("device_report", "emgproc")), required=True),
    },
}  # fmt: skip
