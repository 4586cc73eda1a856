"""What a trial's registry entry says, kept verbatim, its dates checked in both calendars."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from emgproc.study.dates import parse_jalali


def _checked_pair(value: str | tuple[str, str]) -> str | tuple[str, str]:
    if isinstance(value, str):
        if value not in {"empty", ""}:
            date.fromisoformat(value)
        return value
    converted = parse_jalali(value[1])
    if converted != date.fromisoformat(value[0]):
        raise ValueError(f"the Jalali date {value[1]} is {converted}, not {value[0]}")
    return value


RegistryDate = Annotated[str | tuple[str, str], AfterValidator(_checked_pair)]


class Table(BaseModel):
    """A table of `study.toml`: unknown keys are refused, nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Ethics(Table):
    """The ethics approval: no procedure may precede its date."""

    ref: str = ""
    committee: str = ""
    approved: RegistryDate = Field(default="empty", alias="date")


class RegistryOutcome(Table):
    """An outcome as the registry words it."""

    description: str
    timepoint: str
    method: str


class Registry(Table):
    """`[registry]`: the entry, verbatim; dates are [Gregorian, Jalali] pairs, or `empty`."""

    url: str = ""
    registered: RegistryDate = "empty"
    timing: str = ""
    last_update: str = ""
    update_count: str = ""
    recruitment_status: str = ""
    expected_start: RegistryDate = "empty"
    expected_end: RegistryDate = "empty"
    actual_start: RegistryDate = "empty"
    actual_end: RegistryDate = "empty"
    completed: RegistryDate = "empty"
    ethics: Ethics = Ethics()
    acronym: str = ""
    public_title: str = ""
    secondary_ids: str = ""
    summary: str = ""
    purpose: str = ""
    eligibility: str = ""
    age: str = ""
    gender: str = ""
    sample_size: str = ""
    randomisation: str = ""
    blinding: str = ""
    masked_groups: str = ""
    placebo: str = ""
    assignment: str = ""
    condition: str = ""
    icd10_text: str = ""
    primary_outcomes: tuple[RegistryOutcome, ...] = ()
    secondary_outcomes: tuple[RegistryOutcome, ...] = ()
    interventions: tuple[str, ...] = ()
    centre: str = ""
    responsible: str = ""
    registrant: str = ""
    grant: str = ""
    sponsors: tuple[str, ...] = ()
    funding: str = ""
    sharing: dict[str, str] = Field(default={})


def gregorian(value: str | tuple[str, str]) -> date | None:
    """Gregorian date of a registry date; None for `empty`."""
    text = value if isinstance(value, str) else value[0]
    return None if text in {"", "empty"} else date.fromisoformat(text)
