"""The rows of a study's tables, one frozen class per table, and what can be wrong with a cell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Severity = Literal["error", "warning", "recording"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a study, and where.

    Attributes
    ----------
    file
        The file, relative to the study folder.
    row
        Line in that file, the header being line 1; 0 where no line is meant.
    column
        Column of a table or key of `study.toml`; empty where none is meant.
    code
        `E…` or `W…`, as listed in `emgproc.study.codes`.
    message
        What is wrong and what to do.
    value
        The offending value as written, may be empty.
    severity
        `error` stops everything, `recording` makes this one recording fail and stops nothing else,
        `warning` is printed in the report.
    recording_id
        The recording meant, where severity is `recording`.

    Examples
    --------
    >>> str(Problem("participants.tsv", 3, "arm", "E010", "unknown arm", value="MCS"))
    'participants.tsv:3:arm E010 unknown arm (MCS)'
    """

    file: str
    row: int
    column: str
    code: str
    message: str
    severity: Severity = "error"
    value: str = ""
    recording_id: str = ""

    def __str__(self) -> str:
        shown = f" ({self.value})" if self.value else ""
        return f"{self.file}:{self.row}:{self.column} {self.code} {self.message}{shown}"

    def to_dict(self) -> dict[str, str | int]:
        """Return the fields for JSON, in the order of the class."""
        return {
            "file": self.file,
            "row": self.row,
            "column": self.column,
            "code": self.code,
            "message": self.message,
            "severity": self.severity,
            "value": self.value,
            "recording_id": self.recording_id,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """One line of participants.tsv; ages in months at the index date.

    `age_months` is computed from `birth_date` where only that is given. `criteria` maps a
    criterion's id to Y, N or NK. `index_date` is the day of dose 1, or the control's matched day.
    """

    participant_id: str
    arm: str
    age_months: float
    sex: Literal["M", "F", "U"]
    index_date: date
    last_contact_date: date
    birth_date: date | None = None
    consent_date: date | None = None
    genetic_confirm: Literal["Y", "N", "NK", ""] = ""
    genetic_date: date | None = None
    smn2_copies: int | None = None
    criteria: Mapping[str, str] = field(default_factory=dict)
    enrolled: bool = True
    screen_fail_reason: str = ""
    death_date: date | None = None
    withdrawn_date: date | None = None
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One line of visits.tsv; the date of a missed visit, where given, is when it was due."""

    participant_id: str
    session_id: str
    date: date | None
    status: Literal["done", "missed", "partial"] = "done"
    reason: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRow:
    """One line of recordings.tsv: one channel of one recording.

    `file` is relative to the study folder, with `/`. `qc_manual` is a person's verdict, empty
    where none was given. `timed` tells whether `start` was given with a time of day.
    """

    recording_id: str
    participant_id: str
    session_id: str
    start: datetime | None
    file: str
    muscle: str
    side: Literal["L", "R", ""] = ""
    modality: Literal["semg", "needle", "cmap"] = "semg"
    task: Literal["rest", "stim", "spont", ""] = ""
    channel: str = ""
    sha256: str = ""
    stim_nerve: str = ""
    qc_manual: Literal["pass", "fail", ""] = ""
    qc_reason: str = ""
    operator: str = ""
    device: str = ""
    retest_of: str = ""
    timed: bool = False
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """One line of phenotype/exposures.tsv: one dose; `given_cells` 0 is a dose not given.

    `donor` is the pseudonym of who gave the tissue.
    """

    participant_id: str
    dose_no: int
    given_at: datetime
    planned_cells: float
    given_cells: float
    route: str
    lot: str = ""
    passage: str = ""
    viability_pct: float | None = None
    release_qc: Literal["pass", "fail", ""] = ""
    donor: str = ""
    interrupted: bool | None = None
    timed: bool = False
    row: int = 0


EventKind = Literal[
    "ae",
    "infection",
    "sensitivity",
    "death",
    "ventilation",
    "tracheostomy",
    "other_sma_therapy",
    "csf",
]


EventCategory = Literal[
    "allergic_immune", "infection", "procedural", "respiratory", "other", ""
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicalEvent:
    """One line of phenotype/clinical_events.tsv; `end` is None while it lasts.

    `category` groups adverse events (R23); the `meddra_…` terms are the user's own.
    """

    participant_id: str
    event_id: str
    kind: EventKind
    term: str
    start: date
    end: date | None = None
    grade: int | None = None
    serious: bool | None = None
    related: Literal["none", "unlikely", "possible", "probable", "definite", ""] = ""
    expected: bool | None = None
    category: EventCategory = ""
    meddra_llt: str = ""
    meddra_pt: str = ""
    meddra_soc: str = ""
    action: str = ""
    outcome: str = ""
    hours_per_day: float | None = None
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CsfSample:
    """One line of phenotype/csf.tsv: one assay result of one cerebrospinal fluid sample."""

    participant_id: str
    date: date
    method: str
    result: Literal["pos", "neg", "ind", "nd"]
    volume_ml: float | None = None
    marker: str = ""
    replicate: int | None = None
    lod: float | None = None
    cells_per_ml: float | None = None
    rbc: float | None = None
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One line of phenotype/measurements.tsv: a number measured elsewhere.

    `measure` carries its unit in its name (`cmap_amp_mv`). `value` is None where the response was
    `absent`. `source` is device_report or emgproc.
    """

    participant_id: str
    session_id: str
    measure: str
    value: float | None
    source: Literal["device_report", "emgproc"]
    muscle: str = ""
    side: Literal["L", "R", ""] = ""
    nerve: str = ""
    absent: bool = False
    row: int = 0
