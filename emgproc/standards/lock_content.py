"""What of a study is locked: the part of its protocol and plans that decides a number."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from typing import Any

import emgproc
from emgproc.errors import ReadError
from emgproc.study import Study

# What only describes the trial. Every other table is locked, one that is not known here too.
_DESCRIBES = ("schema", "registry", "protocol_note", "plans", "study")


def canonical_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """JSON that is always the same: keys sorted, no blanks, no NaN.

    Examples
    --------
    >>> canonical_json({"b": 1, "a": ["µV", None]})
    '{"a":["µV",null],"b":1}'
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest_of(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """sha256 of the canonical JSON, hexadecimal."""
    return hashlib.sha256(canonical_json(value).encode("utf-8")).hexdigest()


def locked_content(study: Study) -> dict[str, Any]:
    """All that a lock holds fast.

    Parameters
    ----------
    study
        A checked study; its study.toml and plans are read anew from its folder.

    Returns
    -------
    dict
        `science`: the tables of study.toml that decide a number, floats as their text in the
        file, dates as ISO text, and `data_cutoff`; `plans`: digest of each plan by the kind of
        recording; `version` of the package; `seed` of the analysis.

    Raises
    ------
    ReadError
        study.toml cannot be read any more.
    PlanError
        A plan that the study names is invalid.
    """
    from emgproc.plan import load_plan

    raw = _written(study)
    science = {key: value for key, value in raw.items() if key not in _DESCRIBES}
    science["data_cutoff"] = raw["study"]["data_cutoff"]
    plans = study.protocol.plans.model_dump()
    return {
        "science": science,
        "plans": {
            kind: load_plan(study.root / name).digest for kind, name in plans.items() if name
        },
        "version": emgproc.__version__,
        "seed": study.protocol.analysis.seed,
    }


def flat(value: Any, name: str = "") -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """The leaves of nested JSON by dotted name; an empty table or list is a leaf.

    Examples
    --------
    >>> flat({"dose": {"levels": ["2e6", "5e6"]}, "ice": {}})
    {'dose.levels[0]': '2e6', 'dose.levels[1]': '5e6', 'ice': {}}
    """
    if isinstance(value, Mapping) and value:
        parts = [(f"{name}.{key}" if name else str(key), item) for key, item in value.items()]
    elif isinstance(value, list) and value:
        parts = [(f"{name}[{i}]", item) for i, item in enumerate(value)]
    else:
        return {name: value}
    return {key: leaf for part, item in parts for key, leaf in flat(item, part).items()}


def changes_between(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, str]:
    """What differs between two locked contents: by dotted key, `old → new`.

    Examples
    --------
    >>> changes_between({"science": {"a": 1}, "seed": 3}, {"science": {"b": 2}, "seed": 3})
    {'a': '1 → not set', 'b': 'not set → 2'}
    """
    old, new = _leaves(then), _leaves(now)
    keys = [key for key in sorted({*old, *new}) if _differ(key, old, new)]
    return {key: f"{_shown(key, old)} → {_shown(key, new)}" for key in keys}


def _leaves(content: Mapping[str, Any]) -> dict[str, Any]:
    science = flat(content["science"])
    return science | flat({key: part for key, part in content.items() if key != "science"})


def _differ(key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return (key in old) != (key in new) or old.get(key) != new.get(key)


def _shown(key: str, leaves: Mapping[str, Any]) -> str:
    if key not in leaves:
        return "not set"
    text = str(leaves[key])
    return text if len(text) <= 40 else f"{text[:37]}…"


def _written(study: Study) -> dict[str, Any]:
    path = study.root / "study.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=str)
    except (OSError, ValueError) as error:
        raise ReadError(f"{path}: cannot be read: {error}") from error
    plain: dict[str, Any] = json.loads(json.dumps(raw, default=lambda day: day.isoformat()))
    return plain
