"""The visit table: what each recording gave, value by value, as text that is always the same."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from emgproc.errors import FormatError, MissingFileError, ParameterError
from emgproc.study.model import SESSIONS

MISSING = "n/a"
MOTOR_UNIT = "motor_unit"  # flag of what is told of motor units: their channel is no channel

_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_UNESCAPES = {escaped: plain for plain, escaped in _ESCAPES.items()}


@dataclass(frozen=True, slots=True)
class VisitValue:
    """One feature of one channel of one recording.

    Attributes
    ----------
    participant_id, session_id, recording_id, channel
        Where it was measured; `channel` is empty for a value of the whole recording, and the name
        of the unit for a value of a motor unit.
    muscle, side, modality
        What the study says of that channel.
    feature, unit, value, n, flags, reason, rule_id
        As in `emgproc.features.result.FeatureValue`; NaN always carries a `reason`.
    """

    participant_id: str
    session_id: str
    recording_id: str
    channel: str
    muscle: str
    side: str
    modality: str
    feature: str
    unit: str
    value: float
    n: int
    flags: tuple[str, ...] = ()
    reason: str = ""
    rule_id: str = ""


@dataclass(frozen=True, slots=True)
class RecordingFailure:
    """One recording that gave no values: the code of its error and what it said."""

    recording_id: str
    participant_id: str
    session_id: str
    file: str
    code: str
    message: str


VALUE_COLUMNS = tuple(f.name for f in fields(VisitValue))
FAILURE_COLUMNS = tuple(f.name for f in fields(RecordingFailure))


def visit_table_text(values: Iterable[VisitValue]) -> str:
    """Tab-separated table, one value a row.

    Rows are ordered by participant, session and recording and keep their order within one, so
    the order in which workers finish leaves no trace. Floats are written by `repr`, which reads
    back to the same bits; missing is `n/a`.

    Raises
    ------
    ParameterError
        A value is infinite, or NaN without a reason.
    """
    ordered = sorted(values, key=lambda v: _rank(v.participant_id, v.session_id, v.recording_id))
    return _text(VALUE_COLUMNS, [_value_cells(value) for value in ordered])


def failures_text(failures: Iterable[RecordingFailure]) -> str:
    """Tab-separated table of failed recordings, ordered as in `visit_table_text`."""
    ordered = sorted(failures, key=lambda f: _rank(f.participant_id, f.session_id, f.recording_id))
    rows = [[_cell(getattr(failure, name)) for name in FAILURE_COLUMNS] for failure in ordered]
    return _text(FAILURE_COLUMNS, rows)


def read_visit_table(path: str | Path) -> tuple[VisitValue, ...]:
    """Read what `visit_table_text` wrote.

    Raises
    ------
    MissingFileError
        There is no such file.
    FormatError
        The columns are others, or a cell is not of its type.
    """
    return tuple(_value(row, Path(path)) for row in _rows(Path(path), VALUE_COLUMNS))


def read_failures(path: str | Path) -> tuple[RecordingFailure, ...]:
    """Read what `failures_text` wrote; raises as `read_visit_table`."""
    return tuple(RecordingFailure(**row) for row in _rows(Path(path), FAILURE_COLUMNS))


def _rank(participant_id: str, session_id: str, recording_id: str) -> tuple[str, int, str, str]:
    order = SESSIONS.index(session_id) if session_id in SESSIONS else len(SESSIONS)
    return participant_id, order, session_id, recording_id


def _value_cells(value: VisitValue) -> list[str]:
    where = f"{value.recording_id} {value.channel} {value.feature}"
    number = float(value.value)
    if math.isinf(number) or (math.isnan(number) and not value.reason):
        raise ParameterError(f"{where}: {number} needs to be a number, or NaN with a reason")
    cells = {name: _cell(getattr(value, name)) for name in VALUE_COLUMNS if name != "flags"}
    cells["value"] = MISSING if math.isnan(number) else repr(number)
    cells["n"] = str(int(value.n))
    cells["flags"] = _cell(";".join(value.flags))
    return [cells[name] for name in VALUE_COLUMNS]


def _cell(value: object) -> str:
    text = str(value)
    return "".join(_ESCAPES.get(letter, letter) for letter in text) or MISSING


def _plain(cell: str) -> str:
    if cell == MISSING:
        return ""
    parts = []
    position = 0
    while position < len(cell):
        pair = cell[position : position + 2]
        step = 2 if pair in _UNESCAPES else 1
        parts.append(_UNESCAPES.get(pair, cell[position]))
        position += step
    return "".join(parts)


def _text(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join("\t".join(row) + "\n" for row in [columns, *rows])


def _rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    if not path.is_file():
        raise MissingFileError(f"{path}: there is no such table")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not UTF-8 at byte {error.start}") from error
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE))
    if not lines or tuple(lines[0]) != tuple(columns):
        raise FormatError(f"{path}: the columns are not {', '.join(columns)}")
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(columns):
            raise FormatError(f"{path}:{number}: {len(line)} cells, {len(columns)} expected")
    return [dict(zip(columns, (_plain(cell) for cell in line), strict=True)) for line in lines[1:]]


def _value(row: dict[str, str], path: Path) -> VisitValue:
    try:
        number = float(row["value"]) if row["value"] else math.nan
        n = int(row["n"])
    except ValueError as error:
        raise FormatError(f"{path}: {row['recording_id']} {row['feature']}: {error}") from error
    words = tuple(row["flags"].split(";")) if row["flags"] else ()
    texts = {k: v for k, v in row.items() if k not in {"value", "n", "flags"}}
    return VisitValue(**texts, value=number, n=n, flags=words)
