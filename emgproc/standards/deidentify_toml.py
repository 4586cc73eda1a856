"""TOML written anew from what it says: without the remarks, which may name people."""

import json
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any


class Written(str):
    """A number as it was written, not to be quoted."""

    __slots__ = ()


def read_toml(text: str) -> dict[str, Any]:
    """The tables of a TOML text, with floats as they are written.

    Raises
    ------
    ValueError
        It is no TOML.
    """
    return tomllib.loads(text, parse_float=Written)


def toml_text(tables: Mapping[str, Any]) -> str:
    r"""TOML of a table of tables.

    Examples
    --------
    >>> print(toml_text({"a": 1, "b": {"c": [True, "x\n"]}, "d": [{"e": Written("2e6")}]}), end="")
    a = 1
    <BLANKLINE>
    [b]
    c = [true, "x\n"]
    <BLANKLINE>
    [[d]]
    e = 2e6
    """
    nested = {name: value for name, value in tables.items() if _is_section(value)}
    lines = [_pair(name, value) for name, value in tables.items() if name not in nested]
    for name, value in nested.items():
        bracket, rows = ("[[{}]]", value) if isinstance(value, list) else ("[{}]", [value])
        for row in rows:
            lines += ["", bracket.format(_key(name)), *(_pair(k, v) for k, v in row.items())]
    return "\n".join(lines).lstrip("\n") + "\n"


def _is_section(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, Mapping) for item in value)
    return isinstance(value, Mapping)


def _pair(name: str, value: Any) -> str:  # noqa: ANN401 - any TOML value
    return f"{_key(name)} = {_value(value)}"


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "a").replace("-", "a").isalnum()
    return name if bare else _quoted(name)


def _value(value: Any) -> str:  # noqa: ANN401 - any TOML value
    if isinstance(value, Mapping):
        inner = ", ".join(_pair(name, item) for name, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value) if isinstance(value, Written) else _quoted(value)
    return value.isoformat() if isinstance(value, date | datetime | time) else str(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
