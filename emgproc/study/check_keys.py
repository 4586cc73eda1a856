"""Checks of keys: every row is told from every other and points at something that is there."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any

from emgproc.study.columns import (
    CLINICAL_EVENTS,
    CSF,
    EXPOSURES,
    MEASUREMENTS,
    PARTICIPANTS,
    RECORDINGS,
    VISITS,
)
from emgproc.study.labels import nearest
from emgproc.study.rows import Problem
from emgproc.study.tables import TypedRow

Rows = Mapping[str, list[TypedRow]]

_KEYS: dict[str, tuple[str, ...]] = {
    PARTICIPANTS: ("participant_id",),
    VISITS: ("participant_id", "session_id"),
    EXPOSURES: ("participant_id", "dose_no"),
    CLINICAL_EVENTS: ("participant_id", "event_id"),
    MEASUREMENTS: ("participant_id", "session_id", "muscle", "side", "nerve", "measure", "source"),
}


def check_keys(tables: Rows) -> Iterator[Problem]:
    """Yield what is wrong with the keys of all tables (E011 to E014)."""
    for file, key in _KEYS.items():
        yield from _duplicates(file, tables.get(file, []), key)
    yield from _unknown_participants(tables)
    yield from _unknown_sessions(tables)
    yield from _unknown_retests(tables.get(RECORDINGS, []))


def _duplicates(file: str, rows: Iterable[TypedRow], key: tuple[str, ...]) -> Iterator[Problem]:
    seen: dict[Hashable, int] = {}
    for row in rows:
        values = tuple(row.cells.get(name, "") for name in key)
        # Without a participant the line has its own problem already.
        if "participant_id" not in row.cells:
            continue
        first = seen.setdefault(values, row.row)
        if first != row.row:
            shown = " ".join(str(value) for value in values if value != "")
            what = f"the same {', '.join(key)} as in line {first}"
            yield Problem(file, row.row, key[0], "E011", what, value=shown)


def _unknown_participants(tables: Rows) -> Iterator[Problem]:
    known = {row.cells.get("participant_id") for row in tables.get(PARTICIPANTS, [])} - {None}
    for file in (VISITS, RECORDINGS, EXPOSURES, CLINICAL_EVENTS, CSF, MEASUREMENTS):
        for row in tables.get(file, []):
            who = row.cells.get("participant_id")
            if who is not None and who not in known:
                what = f"participant not in {PARTICIPANTS}{nearest(who, map(str, known))}"
                yield Problem(file, row.row, "participant_id", "E012", what, value=who)


def _unknown_sessions(tables: Rows) -> Iterator[Problem]:
    visits = {_session(row): row.cells.get("status") for row in tables.get(VISITS, [])}
    for file in (RECORDINGS, MEASUREMENTS):
        for row in tables.get(file, []):
            key = _session(row)
            if None in key:
                continue
            if key not in visits:
                what = f"no line in {VISITS} for {key[0]} {key[1]}"
                yield Problem(file, row.row, "session_id", "E013", what, value=str(key[1]))
            elif visits[key] == "missed":
                what = f"{VISITS} says {key[0]} missed this visit"
                yield Problem(file, row.row, "session_id", "E013", what, value=str(key[1]))


def _session(row: TypedRow) -> tuple[Any, Any]:
    get: Callable[[str], Any] = row.cells.get
    return get("participant_id"), get("session_id")


def _unknown_retests(rows: Iterable[TypedRow]) -> Iterator[Problem]:
    rows = list(rows)
    known = {row.cells.get("recording_id"): _session(row) for row in rows}
    for row in rows:
        other = row.cells.get("retest_of")
        if other is None:
            continue
        what = ""
        if other not in known or other == row.cells.get("recording_id"):
            what = "retest_of names no other recording_id of this table"
        elif known[other] != _session(row):
            # A repeat never enters the primary: a wrong mark would remove the only recording.
            what = "retest_of names a recording of another participant or visit"
        if what:
            yield Problem(RECORDINGS, row.row, "retest_of", "E014", what, value=other)
