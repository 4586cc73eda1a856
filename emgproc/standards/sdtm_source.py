"""What an export to a data standard is made from, and how it names infants, days and texts."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from emgproc.errors import ParameterError
from emgproc.outcome.events import death_date
from emgproc.standards.datasets_model import Dataset, Row, Value, codelists, layouts
from emgproc.standards.datasets_text import withheld
from emgproc.study.model import SESSIONS, VISIT_OF_SESSION, Study
from emgproc.study.rows import Participant
from emgproc.study.visit_table import RecordingFailure, VisitValue

Dates: TypeAlias = Literal["study_day", "iso"]
MILLION = 1e6
SIDES: Mapping[str, str] = {"L": "LEFT", "R": "RIGHT"}


@dataclass(frozen=True)
class Export:
    """A study with its visit table, and whether dates may leave it.

    Attributes
    ----------
    study, values, failures
        The study; what was computed of its recordings; those that gave nothing.
    dates
        `study_day`: no date of an infant is exported, only days from its index date, and dates in
        free text are withheld. `iso`: dates too. A birth date is never exported.

    Raises
    ------
    ParameterError
        `dates` is neither.
    """

    study: Study
    values: Sequence[VisitValue] = ()
    failures: Sequence[RecordingFailure] = ()
    dates: Dates = "study_day"

    def __post_init__(self) -> None:
        if self.dates not in {"study_day", "iso"}:
            raise ParameterError(f"dates must be study_day or iso, got {self.dates!r}")

    @property
    def synthetic(self) -> bool:
        """The data belong to no one: a value is flagged so, or the study's title says it."""
        marked = any("synthetic" in value.flags for value in self.values)
        return marked or self.study.protocol.study.title.startswith("SYNTHETIC")

    def people(self) -> list[Participant]:
        """Every participant, screening failures too, by participant_id."""
        return sorted(self.study.participants, key=lambda p: p.participant_id)

    def usubjid(self, participant_id: str) -> str:
        """Identifier of an infant that is unique beyond the study."""
        return f"{self.study.protocol.study.id}-{participant_id}"

    def infant(self, participant_id: str, domain: str = "") -> dict[str, Value]:
        """First columns of a row of an infant; DOMAIN where one is named."""
        first: dict[str, Value] = {"STUDYID": self.study.protocol.study.id}
        if domain:
            first["DOMAIN"] = domain
        return first | {"USUBJID": self.usubjid(participant_id)}

    def day(self, participant_id: str, when: date | None) -> int | None:
        """Study day; None without a date."""
        return None if when is None else self.study.study_day(participant_id, when)

    def shown(self, when: date | None) -> date | None:
        """Return the date where dates may be exported."""
        return when if self.dates == "iso" else None

    def dtc(self, when: date | None) -> str | None:
        """ISO 8601 text of the date where dates may be exported."""
        shown = self.shown(when)
        return None if shown is None else shown.isoformat()

    @functools.cached_property
    def births(self) -> frozenset[date]:
        """Every birth date the study knows."""
        return frozenset(p.birth_date for p in self.study.participants if p.birth_date)

    def text(self, typed: str) -> str:
        """Free text without what must not leave the study."""
        return withheld(typed, dates=self.dates != "iso", births=self.births)

    def death(self, participant_id: str) -> date | None:
        """Day of death by whatever table tells it."""
        return death_date(self.study, participant_id)

    def arm_name(self, arm_id: str) -> str:
        """Name of an arm, or its id where it has none."""
        return self.study.protocol.arm(arm_id).name or arm_id

    def dataset(self, name: str, rows: Iterable[Row]) -> Dataset:
        """Fill the layout of that name."""
        return layouts()[name].with_rows(rows, synthetic=self.synthetic)


def visit_columns(session_id: str) -> dict[str, Value]:
    """Columns VISITNUM and VISIT of a session."""
    return {
        "VISITNUM": SESSIONS.index(session_id) + 1,
        "VISIT": VISIT_OF_SESSION[session_id],
    }


def numbered(rows: Iterable[Row], column: str) -> list[Row]:
    """Rows with 1, 2, … in `column`, anew for each infant, in the order they come."""
    counts: dict[Value, int] = {}
    found: list[Row] = []
    for row in rows:
        who = row["USUBJID"]
        counts[who] = counts.get(who, 0) + 1
        found.append({**row, column: counts[who]})
    return found


def capitals(text: str) -> str:
    """Controlled wording of SDTM: capitals, no underscores.

    Examples
    --------
    >>> capitals("biceps_brachii")
    'BICEPS BRACHII'
    """
    return text.replace("_", " ").upper()


def yes(answer: bool | None) -> str | None:  # noqa: FBT001 - a cell of a table
    """Y, N, or missing where it was not answered."""
    return None if answer is None else "Y" if answer else "N"


def measured(prefix: str, value: float, unit: str | None) -> dict[str, Value]:
    """Result columns of a finding that is a number; its unit is the standard one."""
    written = repr(float(value))
    return {
        f"{prefix}ORRES": written,
        f"{prefix}ORRESU": unit,
        f"{prefix}STRESC": written,
        f"{prefix}STRESN": float(value),
        f"{prefix}STRESU": unit,
    }


def qualifiers(
    row: Row, parent: str, told: Mapping[str, str | None], origin: str = "CRF"
) -> list[Row]:
    """Rows of a supplement: one for each qualifier of a parent row that has a value.

    Parameters
    ----------
    row
        The parent row; its IDVAR is the column `parent`.
    parent
        Column that identifies it, e.g. EXSEQ; empty in DM, which has one row an infant.
    told
        Values by QNAM.
    origin
        CRF or DERIVED.
    """
    meanings = codelists()["QNAM"]
    return [
        {
            "STUDYID": row["STUDYID"],
            "RDOMAIN": row["DOMAIN"],
            "USUBJID": row["USUBJID"],
            "IDVAR": parent,
            "IDVARVAL": str(row[parent]) if parent else "",
            "QNAM": name,
            "QLABEL": meanings[name],
            "QVAL": value,
            "QORIG": origin,
        }
        for name, value in told.items()
        if value
    ]
