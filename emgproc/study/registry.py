"""What a trial's registry entry says, kept verbatim, its dates checked in both calendars."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

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


class Sponsor(Table):
    """A sponsor as the registry words it (R27, C21); a text alone is its name."""

    name: str
    same_as_funding: str = ""
    funding_title: str = ""
    grant: str = ""


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


class Contact(Table):
    """`[[registry.contact]]`: how a person is reached. Never part of any output (R27)."""

    name: str
    role: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""


class Registry(Table):
    """`[registry]`: the entry, verbatim; dates are [Gregorian, Jalali] pairs, or `empty`.

    The title of a field is the registry's own name for it. `contacts` are left out of `repr` and
    of every dump.
    """

    url: str = ""
    number: str = Field(default="", title="IRCT registration number")
    registered: RegistryDate = Field(default="empty", title="Registration date")
    timing: str = Field(default="", title="Registration timing")
    last_update: str = Field(default="", title="Last update")
    update_count: str = Field(default="", title="Update count")
    registrant: str = Field(default="", title="Registrant")
    recruitment_status: str = Field(default="", title="Recruitment status")
    funding: str = Field(default="", title="Funding source")
    expected_start: RegistryDate = Field(default="empty", title="Expected recruitment start date")
    expected_end: RegistryDate = Field(default="empty", title="Expected recruitment end date")
    actual_start: RegistryDate = Field(default="empty", title="Actual recruitment start date")
    actual_end: RegistryDate = Field(default="empty", title="Actual recruitment end date")
    completed: RegistryDate = Field(default="empty", title="Trial completion date")
    acronym: str = Field(default="", title="Acronym")
    scientific_title: str = Field(default="", title="Scientific title")
    public_title: str = Field(default="", title="Public title")
    secondary_ids: str = Field(default="", title="Secondary Ids")
    summary: str = Field(default="", title="Summary")
    purpose: str = Field(default="", title="Purpose")
    eligibility: str = Field(default="", title="Inclusion/Exclusion criteria")
    age: str = Field(default="", title="Age")
    gender: str = Field(default="", title="Gender")
    phase: str = Field(default="", title="Phase")
    masked_groups: str = Field(default="", title="Groups that have been masked")
    sample_size: str = Field(default="", title="Sample size")
    randomisation: str = Field(default="", title="Randomization (investigator's opinion)")
    randomisation_text: str = Field(default="", title="Randomization description")
    blinding: str = Field(default="", title="Blinding (investigator's opinion)")
    blinding_text: str = Field(default="", title="Blinding description")
    placebo: str = Field(default="", title="Placebo")
    assignment: str = Field(default="", title="Assignment")
    ethics: Ethics = Ethics()
    condition: str = Field(default="", title="Description of health condition studied")
    icd10: str = Field(default="", title="ICD-10 code")
    icd10_text: str = Field(default="", title="ICD-10 code description")
    primary_outcomes: tuple[RegistryOutcome, ...] = ()
    secondary_outcomes: tuple[RegistryOutcome, ...] = ()
    interventions: tuple[str, ...] = ()
    centre: str = Field(default="", title="Name of recruitment center")
    responsible: str = Field(default="", title="Full name of responsible person")
    grant: str = Field(default="", title="Grant code / Reference number")
    sponsors: tuple[Annotated[Sponsor, BeforeValidator(_named)], ...] = ()
    sharing: dict[str, str] = Field(default={})
    contacts: tuple[Contact, ...] = Field(default=(), alias="contact", exclude=True, repr=False)

    def lines(self) -> tuple[tuple[str, str], ...]:
        """Return the entry as (the registry's name of a field, what it says), contacts left out.

        A date in two calendars reads as in the entry: `2015-09-12, 1394/06/21`. A field that the
        study leaves blank has no line.
        """
        named = [
            (field.title, _written(getattr(self, name)))
            for name, field in type(self).model_fields.items()
            if field.title is not None
        ]
        ethics = [
            ("Name of ethics committee", self.ethics.committee),
            ("Approval date", _written(self.ethics.approved)),
            ("Ethics committee reference number", self.ethics.ref),
        ]
        groups = [("Description", text) for text in self.interventions]
        everything = [*named, *ethics, *self._outcomes(), *groups, *self._sponsors()]
        return tuple(line for line in (*everything, *self.sharing.items()) if line[1])

    def _outcomes(self) -> list[tuple[str, str]]:
        lines = []
        for outcome in (*self.primary_outcomes, *self.secondary_outcomes):
            lines.append(("Description", outcome.description))
            lines.append(("Timepoint", outcome.timepoint))
            lines.append(("Method of measurement", outcome.method))
        return lines

    def _sponsors(self) -> list[tuple[str, str]]:
        lines = []
        for sponsor in self.sponsors:
            lines.append(("Sponsor", sponsor.name))
            lines.append((SAME_FUNDING, sponsor.same_as_funding))
            lines.append(("Title of funding source", sponsor.funding_title))
            lines.append(("Grant code / Reference number", sponsor.grant))
        return lines


SAME_FUNDING = "Is the source of funding the same sponsor organization/entity?"


def _written(value: str | tuple[str, str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def gregorian(value: str | tuple[str, str]) -> date | None:
    """Gregorian date of a registry date; None for `empty`."""
    text = value if isinstance(value, str) else value[0]
    return None if text in {"", "empty"} else date.fromisoformat(text)
