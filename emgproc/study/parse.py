"""Reading `study.toml`: every problem at once, with key, line and the nearest known name."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from emgproc.study.labels import nearest
from emgproc.study.protocol import Protocol
from emgproc.study.rows import Problem

PROTOCOL_FILE = "study.toml"

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_.-]+|\"[^\"]*\")\s*=")


def read_protocol(path: Path) -> tuple[Protocol | None, list[Problem], dict[str, Any]]:
    """Read `study.toml`.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    protocol
        None where there is any problem.
    problems
        All of them.
    raw
        The tables as TOML holds them; empty where it is none.
    """
    if not path.is_file():
        return None, [_problem("E006", "there is no study.toml in the study folder")], {}
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except UnicodeDecodeError as error:
        return None, [_problem("E007", f"not UTF-8 at byte {error.start}")], {}
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        row = int(line[1]) if line else 0
        return None, [_problem("E007", f"not TOML: {error}", row=row)], {}
    return *parse_protocol(raw, text), raw


def parse_protocol(raw: dict[str, Any], text: str = "") -> tuple[Protocol | None, list[Problem]]:
    """Validate the tables of a `study.toml`; `text` serves to find the lines of the problems."""
    complete = frozen({"primary": {}, **raw})
    try:
        return Protocol.model_validate(complete), []
    except ValidationError as error:
        lines = _key_lines(text)
        found = [_from_pydantic(dict(detail), complete, lines) for detail in error.errors()]
        return None, list(dict.fromkeys(found))


def with_lines(problems: Iterable[Problem], path: Path) -> list[Problem]:
    """Add to problems of `study.toml` that name a key only the line of that key."""
    lines = _key_lines(path.read_text(encoding="utf-8"))
    return [
        replace(problem, row=_line_of(_parts(problem.column), lines))
        if problem.file == PROTOCOL_FILE and problem.row == 0
        else problem
        for problem in problems
    ]


def _parts(key: str) -> list[str | int]:
    return [int(p) if p.isdecimal() else p for p in re.split(r"[.\[\]]+", key) if p]


def _problem(code: str, message: str, *, row: int = 0, key: str = "", value: str = "") -> Problem:
    return Problem(PROTOCOL_FILE, row, key, code, message, value=value)


def frozen(value: Any) -> Any:  # noqa: ANN401 - whatever TOML holds
    """Return `value` with tuples for its lists: models that take nothing else are strict."""
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    return value


def _from_pydantic(detail: dict[str, Any], raw: Any, lines: dict[str, int]) -> Problem:  # noqa: ANN401
    location = location_of(detail, raw)
    key, row = _dotted(location), _line_of(location, lines)
    kind, primary = detail["type"], location[0] == "primary"
    if kind == "extra_forbidden":
        name = str(location[-1])
        hint = nearest(name, _names_at(location[:-1]))
        return _problem("E007", f"unknown key{hint}", row=row, key=key, value=name)
    if kind == "missing":
        why = ": the primary outcome has no defaults, state it" if primary else ""
        return _problem("E070" if primary else "E008", f"{key} not set{why}", row=row, key=key)
    message = str(detail["msg"]).removeprefix("Value error, ")
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", str(detail["ctx"]["expected"]))
        message = f"known here: {', '.join(known)}{nearest(str(detail['input']), known)}"
    value = _shown(detail["input"])
    return _problem("E070" if primary else "E008", message, row=row, key=key, value=value)


def location_of(detail: dict[str, Any], raw: Any) -> list[str | int]:  # noqa: ANN401
    """Path of the key in the file: pydantic's, without the branches of unions it adds."""
    location: list[str | int] = []
    node = raw
    for part in detail["loc"]:
        inside = isinstance(node, dict) and part in node
        if inside or (isinstance(node, tuple) and isinstance(part, int) and part < len(node)):
            location.append(part)
            node = node[part]
        elif detail["type"] == "missing":
            location.append(part)
    return location or list(detail["loc"][:1])


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _dotted(location: list[str | int]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _names_at(location: list[str | int]) -> list[str]:
    """Keys that the table at `location` may have, as TOML spells them."""
    model: type[BaseModel] | None = Protocol
    for part in location:
        if isinstance(part, str) and model is not None:
            model = _model_in(_fields(model).get(part))
    return [] if model is None else list(_fields(model))


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {f.alias or name: f.annotation for name, f in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any type expression
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(part) for part in get_args(annotation))
    return next((model for model in inner if model is not None), None)


def _key_lines(text: str) -> dict[str, int]:
    """Line of each table and key, by dotted name; entries of a table array are numbered."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = header[2]
            if header[1] == "[[":
                lines.setdefault(table, number)
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}[{counts[table]}]"
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            name = key[1].strip('"')
            lines.setdefault(f"{table}.{name}" if table else name, number)
    return lines


def _line_of(location: list[str | int], lines: dict[str, int]) -> int:
    """Line of the longest leading part of `location` that stands on a line of its own."""
    for length in range(len(location), 0, -1):
        line = lines.get(_dotted(location[:length]))
        if line is not None:
            return line
    return 0
