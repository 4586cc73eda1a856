"""Where in a BIDS dataset a recording goes, and what it cannot know itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from emgproc.errors import ParameterError
from emgproc.writers.bids_tables import Place


@dataclass(frozen=True, slots=True)
class BidsOptions:
    """Where in the dataset a recording goes, and what it cannot know itself.

    Attributes
    ----------
    subject, session, task, acquisition, run, recording_label
        Labels (letters and digits) of the file's name; `recording_label` tells files apart that
        belong to one moment.
    dataset_name
        Name of the dataset; required where it is new.
    emg
        Fields of `*_emg.json` by their BIDS names. Required are `EMGPlacementScheme` (with
        `Other`: `EMGPlacementSchemeDescription`), and `EMGReference` unless every EMG channel
        states its reference; `PowerLineFrequency` is n/a unless stated.
    participant
        Columns of participants.tsv: `age_months`, `sex` …; no name and no date.
    study_day
        Day of the study, in place of a date: a column of scans.tsv and a word of the header.
    suffix
        "bdf", or "edf" where no sample changes its value by that.
    places
        (row, col) of each EMG channel on the grid by its name, or "row_by_row"; needed unless the
        channels state their places or have names that are places ("R1C2").
    """

    subject: str
    task: str
    session: str | None = None
    acquisition: str | None = None
    run: str | int | None = None
    recording_label: str | None = None
    dataset_name: str | None = None
    emg: Mapping[str, object] = field(default_factory=dict)
    participant: Mapping[str, object] = field(default_factory=dict)
    study_day: int | None = None
    suffix: Literal["bdf", "edf"] = "bdf"
    places: str | Mapping[str, Place] = ""

    def __post_init__(self) -> None:
        if self.suffix not in {"bdf", "edf"}:
            raise ParameterError(f"suffix is 'bdf' or 'edf', got {self.suffix!r}")
        for name, prefix in _ENTITIES.items():
            label = getattr(self, name)
            if label is None:
                continue
            bare = str(label).removeprefix(f"{prefix}-")
            if not re.fullmatch(r"[A-Za-z0-9]+", bare):
                raise ParameterError(f"{name}: letters and digits only, got {label!r}")
            object.__setattr__(self, name, bare)

    def stem(self, recording: str | None = None) -> str:
        """Name of a file without its last part."""
        labels = {name: getattr(self, name) for name in _ENTITIES} | {"recording_label": recording}
        return "_".join(f"{_ENTITIES[k]}-{v}" for k, v in labels.items() if v is not None)

    @property
    def visit(self) -> str:
        """Name of what holds for all recordings of the visit."""
        return f"sub-{self.subject}" + (f"_ses-{self.session}" if self.session else "")

    def folder(self, root: Path) -> Path:
        """Folder of the visit."""
        subject = root / f"sub-{self.subject}"
        return subject / f"ses-{self.session}" if self.session else subject


_ENTITIES = {
    "subject": "sub", "session": "ses", "task": "task", "acquisition": "acq", "run": "run",
    "recording_label": "recording",
}  # fmt: skip
