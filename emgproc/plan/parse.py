"""plan.toml → `Plan`: every problem at once, with file, key, and the nearest known name."""

import difflib
import json
import tomllib
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from emgproc.errors import MissingFileError, ParameterError, PlanError, ReadError
from emgproc.features import FEATURES, NoiseSettings, WindowSettings
from emgproc.plan.extraction import FAMILIES
from emgproc.plan.keys import dataclass_keys, feature_keys
from emgproc.plan.model import (
    WHOLE,
    FeatureRequest,
    MotorUnitSettings,
    NeedleSettings,
    Plan,
    Source,
)
from emgproc.plan.variants import VARIANTS, Step, Variant, misfits
from emgproc.preprocessing import STEPS, LinearEnvelope, MovingArv, MovingRms, Rectify, Tkeo
from emgproc.readers.variable_map import VariableMap
from emgproc.stimulation.protocols import ProtocolSettings

SCHEMA = 1
_STRICT = ConfigDict(extra="forbid", strict=True)
_Positive = typing.Annotated[float, Field(gt=0, allow_inf_nan=False)]
_TABLES = (
    "schema", "name", "source", "step", "feature", "noise", "windows", "motor_units",
    "stimulation", "needle", "variant",
)  # fmt: skip
_INSTEAD = ("stimulation", "needle")  # tables that may stand without any [[feature]]
_ENVELOPES = (Rectify, MovingRms, MovingArv, LinearEnvelope, Tkeo)  # no sum of potentials is left


def load_plan(path: str | Path) -> Plan:
    """Read a plan.toml.

    Parameters
    ----------
    path
        The file; UTF-8 TOML with the tables of `pipelines/surface.toml`.

    Raises
    ------
    PlanError
        The plan is invalid; `problems` holds everything wrong with it, one line each.
    MissingFileError, ReadError
        The file is not there, or cannot be read.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise MissingFileError(f"{file}: there is no such plan") from error
    except UnicodeDecodeError as error:
        raise PlanError(file.name, [f"{file.name}: not UTF-8 text ({error})"]) from error
    except OSError as error:
        raise ReadError(f"{file}: cannot be read: {error.strerror or error}") from error
    return plan_from_text(text, file.name)


def plan_from_text(text: str, name: str = "plan.toml") -> Plan:
    """Plan of a TOML text; `name` is what problems call it.

    Raises
    ------
    PlanError
        The plan is invalid; `problems` holds everything wrong with it, one line each.

    Examples
    --------
    >>> text = chr(10).join(['schema = 1', 'name = "x"', '[[feature]]', 'name = "rms"'])
    >>> plan_from_text(text).features
    (FeatureRequest(name='rms', over='recording', params=()),)
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError(name, [f"{name}: not TOML: {error}"]) from error
    return _Parser(name).plan(tables)


class _Parser:
    """Collects problems while it turns tables into a plan."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[str] = []

    def plan(self, tables: Mapping[str, Any]) -> Plan:
        """Parse all tables, then raise once if anything was wrong."""
        self._top(tables)
        steps = [self._step(i, t) for i, t in enumerate(self._list(tables, "step"), 1)]
        features = [self._feature(i, t) for i, t in enumerate(self._list(tables, "feature"), 1)]
        self._repeated([request for request in features if request is not None])
        noise = self._settings("noise", NoiseSettings, self._table(tables, "noise"))
        windows = self._settings("windows", WindowSettings, self._table(tables, "windows"))
        source = self._source(self._table(tables, "source"))
        self._potentials(tables, steps)
        units = self._nested(tables, "motor_units", MotorUnitSettings)
        stimuli = self._nested(tables, "stimulation", ProtocolSettings)
        needle = self._nested(tables, "needle", NeedleSettings)
        variants = [self._variant(i, t) for i, t in enumerate(self._list(tables, "variant"), 1)]
        self._raise()
        plan = Plan(
            name=str(tables["name"]),
            steps=tuple(step for step in steps if step is not None),
            features=tuple(request for request in features if request is not None),
            noise=noise or NoiseSettings(),
            windows=windows or WindowSettings(),
            source=source or Source(),
            motor_units=units,
            stimulation=stimuli,
            needle=needle,
            variants=tuple(variant for variant in variants if variant is not None),
        )
        for what in misfits(
            plan.variants, plan.steps, [request.name for request in plan.features]
        ):
            self._problem("variant", what)
        self._raise()
        return plan

    def _raise(self) -> None:
        if self.problems:
            raise PlanError(self.file, self.problems)

    def _problem(self, key: str, what: str) -> None:
        self.problems.append(f"{self.file}: {key}: {what}")

    def _top(self, tables: Mapping[str, Any]) -> None:
        for key in tables:
            if key not in _TABLES:
                self._problem(key, f"unknown table or key{nearest(key, _TABLES)}")
        if tables.get("schema") != SCHEMA:
            found = tables.get("schema", "nothing")
            self._problem("schema", f"must be {SCHEMA}, the only version there is; got {found!r}")
        if not isinstance(tables.get("name"), str) or not tables["name"].strip():
            self._problem("name", "a plan needs a name in quotes")
        if not tables.get("feature") and not any(key in tables for key in _INSTEAD):
            self._problem("feature", "a plan needs at least one [[feature]]")

    def _list(self, tables: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        value = tables.get(key, [])
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return value
        self._problem(key, f"must be tables written [[{key}]]")
        return []

    def _table(self, tables: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = tables.get(key, {})
        if isinstance(value, dict):
            return value
        self._problem(key, f"must be a table written [{key}]")
        return {}

    def _named(self, key: str, table: Mapping[str, Any], known: Iterable[str]) -> str | None:
        name = table.get("name")
        if not isinstance(name, str):
            self._problem(f"{key}.name", "is missing: which one?")
            return None
        if name not in known:
            self._problem(
                f"{key}.name", f"unknown {key.partition('[')[0]} {name!r}{nearest(name, known)}"
            )
            return None
        return name

    def _step(self, number: int, table: Mapping[str, Any]) -> Step | None:
        key = f"step[{number}]"
        name = self._named(key, table, STEPS)
        if name is None:
            return None
        step: Step | None = self._settings(f"{key} {name}", STEPS[name], _without(table, "name"))
        return step

    def _feature(self, number: int, table: Mapping[str, Any]) -> FeatureRequest | None:
        key = f"feature[{number}]"
        name = self._named(key, table, [*FEATURES, *FAMILIES])
        if name is None:
            return None
        over = table.get("over", WHOLE)
        if not isinstance(over, str) or not over.strip():
            self._problem(f"{key} {name}.over", f"must be {WHOLE!r} or an event's label; {over!r}")
            return None
        if name in FAMILIES and "over" in table:
            what = "its labels stand in [windows] and [noise]"
            self._problem(f"{key} {name}.over", f"{name} takes no `over`: {what}")
        allowed: dict[str, Any] = {} if name in FAMILIES else feature_keys(FEATURES[name])
        values = self._validated(f"{key} {name}", allowed, _without(table, "name", "over"))
        return (
            None if values is None else FeatureRequest(name, over, tuple(sorted(values.items())))
        )

    def _repeated(self, features: list[FeatureRequest]) -> None:
        labels = [request.label for request in features]
        for label in sorted({label for label in labels if labels.count(label) > 1}):
            self._problem("feature", f"{label} is asked for {labels.count(label)} times")

    def _settings(self, key: str, kind: type, table: Mapping[str, Any]) -> Any:  # noqa: ANN401
        values = self._validated(key, dataclass_keys(kind), table)
        if values is None:
            return None
        try:
            return kind(**values)
        except ParameterError as error:
            self._problem(key, str(error))
            return None

    def _variant(self, number: int, table: Mapping[str, Any]) -> Variant | None:
        key = f"variant[{number}]"
        name = self._named(key, table, VARIANTS)
        if name is None:
            return None
        kind = VARIANTS[name]
        found: Variant | None = self._settings(f"{key} {name}", kind, _without(table, "name"))
        return found

    def _potentials(self, tables: Mapping[str, Any], steps: Sequence[Step | None]) -> None:
        """Note steps after which a table has nothing left to look at."""
        for key in ("motor_units", *_INSTEAD):
            for step in steps:
                if key in tables and isinstance(step, _ENVELOPES):
                    self._problem(key, f"there are no potentials left after {step!r}")

    def _nested(self, tables: Mapping[str, Any], key: str, kind: type) -> Any:  # noqa: ANN401
        """Settings from a table and the tables within it; None where it is not there."""
        if key not in tables:
            return None
        hints = typing.get_type_hints(kind)
        parts = {name: hints[name] for name in hints if is_dataclass(hints[name])}
        allowed = dataclass_keys(kind) | dict.fromkeys(parts, (dict[str, Any], {}))
        values = self._validated(key, allowed, self._table(tables, key))
        if values is None:
            return None
        for part, within in parts.items():
            found = self._settings(f"{key}.{part}", within, values[part])
            values[part] = within() if found is None else found
        try:
            return kind(**values)
        except ParameterError as error:
            self._problem(key, str(error))
            return None

    def _source(self, table: Mapping[str, Any]) -> Source | None:
        allowed: dict[str, tuple[Any, Any]] = {
            "unit": (str | None, None),
            "fs_hz": (_Positive | None, None),
            "kinds": (dict[str, str], {}),
            "time_column": (str | int | None, None),
            "delimiter": (str | None, None),
            "decimal": (str | None, None),
            "adc_range_v": (_Positive | None, None),
            "gain": (_Positive | None, None),
            "map": (dict[str, Any], {}),
        }
        values = self._validated("source", allowed, table)
        if values is None:
            return None
        kinds = tuple(sorted(values.pop("kinds", {}).items()))
        variables = self._settings("source.map", VariableMap, values.pop("map"))
        return Source(kinds=kinds, map=variables or VariableMap(), **values)

    def _validated(
        self, key: str, allowed: dict[str, Any], table: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Return all values, defaults too, typed; or None, with the problems noted."""
        model: type[BaseModel] = create_model("Table", __config__=_STRICT, **allowed)
        try:
            # Through JSON: there a TOML list may be a tuple, yet "20" is still no number.
            checked = model.model_validate_json(json.dumps(table, default=str))
        except ValidationError as error:
            for item in error.errors():
                where = ".".join([key, *(str(part) for part in item["loc"])])
                if item["type"] == "extra_forbidden":
                    self._problem(where, f"unknown key{nearest(str(item['loc'][-1]), allowed)}")
                else:
                    self._problem(where, f"{item['msg']}; got {item['input']!r}")
            return None
        return {name: getattr(checked, name) for name in allowed}


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, or all of them."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(names)}" if names else "; none may stand here"


def _without(table: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in keys}
