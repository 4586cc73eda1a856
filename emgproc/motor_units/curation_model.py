"""What a person decided about motor units: SpikeInterface's curation format 2, read and written.

The form is that of `spikeinterface.curation` (0.105): `unit_ids`, `label_definitions`,
`manual_labels`, `removed`, `merges`, `splits`, `format_version` "2". What it has no words for
stands in one more key, `emgproc`, which SpikeInterface passes over: single discharges, rejected
units to accept, and who decided, when and why.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emgproc.errors import ConfigurationError

FORMAT_VERSION: Literal["2"] = "2"
MAX_BYTES = 64 << 20
UnitId: TypeAlias = int | str
_Sample = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LabelDefinition(_Part):
    """A category of labels, e.g. `quality`: its values, and whether a unit has one at most."""

    label_options: tuple[str, ...] = Field(min_length=2)
    exclusive: bool
    name: str | None = None


class ManualLabel(_Part):
    """Labels of one unit, by category."""

    unit_id: UnitId
    labels: dict[str, tuple[str, ...]]


class Merge(_Part):
    """Units that are one; without a name of its own it is theirs joined by "-"."""

    unit_ids: tuple[UnitId, ...]
    new_unit_id: UnitId | None = None

    @property
    def name(self) -> UnitId:
        """Return the name of what comes of it."""
        joined = "-".join(str(one) for one in self.unit_ids)
        return joined if self.new_unit_id is None else self.new_unit_id


class Split(_Part):
    """A unit that is several: by the places of discharges in its train, or a label for each.

    With `indices` the discharges that no list names are one more part, the last.
    """

    unit_id: UnitId
    mode: Literal["indices", "labels"] = "indices"
    indices: tuple[tuple[_Sample, ...], ...] | None = None
    labels: tuple[int, ...] | None = None
    new_unit_ids: tuple[UnitId, ...] | None = None


class DischargeEdit(_Part):
    """Single discharges of a unit, samples, as the unit is after removals, merges and splits."""

    unit_id: UnitId
    add: tuple[_Sample, ...] = ()
    delete: tuple[_Sample, ...] = ()


class Own(_Part):
    """What SpikeInterface has no words for.

    Attributes
    ----------
    by, at, why
        Who decided, when (ISO 8601), and the reason.
    discharges
        Single discharges to add and to delete.
    accepted
        Units, after all edits, that are accepted whatever the rules say.
    """

    by: str = ""
    at: str = ""
    why: str = ""
    discharges: tuple[DischargeEdit, ...] = ()
    accepted: tuple[UnitId, ...] = ()


class Curation(_Part):
    """A curation, as it stands in curation.json; `curation_from_json` checks what it says.

    Attributes
    ----------
    unit_ids
        Every unit that was looked at.
    label_definitions, manual_labels
        Categories of labels, and the labels that units were given.
    removed, merges, splits
        Edits; a unit takes part in one of them at most.
    emgproc
        Edits and facts beyond SpikeInterface's form.
    """

    format_version: Literal["2"] = FORMAT_VERSION
    unit_ids: tuple[UnitId, ...]
    label_definitions: dict[str, LabelDefinition] = Field(default_factory=dict)
    manual_labels: tuple[ManualLabel, ...] = ()
    removed: tuple[UnitId, ...] = ()
    merges: tuple[Merge, ...] = ()
    splits: tuple[Split, ...] = ()
    emgproc: Own = Field(default_factory=Own)

    def to_json(self) -> str:
        """Text of curation.json, with a line end.

        Examples
        --------
        >>> text = Curation(unit_ids=("MU1", "MU2"), removed=("MU2",)).to_json()
        >>> curation_from_json(text).removed
        ('MU2',)
        """
        return self.model_dump_json(indent=1, exclude_none=True) + "\n"


def curation_from_json(text: str, name: str = "curation.json") -> Curation:
    """Read and check a curation; `name` is what problems call it.

    Raises
    ------
    ConfigurationError
        It is not what it should be; `problems` holds everything wrong with it: where, what stands
        there, and what may.
    """
    from emgproc.motor_units.curation_checks import problems_of

    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(name, [f"{name}: not JSON: {error}"]) from error
    if not isinstance(told, dict):
        raise ConfigurationError(name, [f"{name}: must be an object, got {told!r:.60}"])
    version = told.get("format_version")
    if version != FORMAT_VERSION:
        raise ConfigurationError(
            name,
            [
                f"{name}: format_version: {version!r}; allowed: {FORMAT_VERSION!r} (older ones: "
                "load and save them with SpikeInterface)"
            ],
        )
    try:
        curation = Curation.model_validate_json(json.dumps(_canonical(told)))
    except ValidationError as error:
        raise ConfigurationError(
            name, [f"{name}: {_told(item)}" for item in error.errors()]
        ) from (error)
    problems = problems_of(curation)
    if problems:
        raise ConfigurationError(name, [f"{name}: {problem}" for problem in problems])
    return curation


def _canonical(told: Mapping[str, Any]) -> dict[str, Any]:
    """Without nulls, and with labels in place that stand beside `unit_id`, which is as valid."""
    found = {key: value for key, value in told.items() if value is not None}
    found.pop("supported_versions", None)  # what SpikeInterface says of itself, not of the units
    labels = found.get("manual_labels")
    if isinstance(labels, list):
        found["manual_labels"] = [_gathered(one) for one in labels]
    return found


def _gathered(label: Any) -> Any:  # noqa: ANN401 - whatever the file holds
    if not isinstance(label, dict) or "labels" in label:
        return label
    rest = {key: value for key, value in label.items() if key != "unit_id"}
    return {key: value for key, value in label.items() if key == "unit_id"} | {"labels": rest}


def _told(item: Any) -> str:  # noqa: ANN401 - pydantic's own
    # A union tells one problem a member; the member's name is no place in the file.
    where = ".".join(str(part) for part in item["loc"] if part not in {"int", "str"})
    if item["type"] == "extra_forbidden":
        return f"{where}: unknown key"
    return f"{where}: {item['input']!r:.60}; {item['msg']}"
