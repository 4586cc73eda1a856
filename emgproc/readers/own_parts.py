"""Tables and JSON of our own .h5 and .mat files, checked, as the parts of a recording.

Every function raises `ValueError`, `TypeError` or `KeyError` where the file holds something else
than its writer puts there; the reader tells that as damage of the file.
"""

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from emgproc.arrays import Floats, Ints
from emgproc.errors import SignalError
from emgproc.recording import Auxiliary, Channel, Event, Finding, Grid, Provenance, Segment
from emgproc.recording.checks import check_places

_TEXTS = ("name", "kind", "unit", "muscle", "side", "reference")
_NUMBERS = ("highpass_hz", "lowpass_hz", "notch_hz", "gain", "bits", "lsb_uv")


def rate_of(told: object) -> float:
    """A sampling rate, Hz."""
    fs = _number(told)
    if not (math.isfinite(fs) and fs > 0):
        raise ValueError(f"a sampling rate of {told!r} Hz")
    return fs


def channel_of(told: dict[str, Any]) -> Channel:
    """The description of one row of the samples; older stores hold no places."""
    if {*told, "place"} != {f.name for f in fields(Channel)}:
        raise ValueError(f"a channel is described by {sorted(told)}")
    texts = {key: _text(told[key]) for key in _TEXTS}
    for key in _NUMBERS:
        if told[key] is not None:
            _number(told[key])
    rails = told["range_uv"]
    pair = None if rails is None else (_number(rails[0]), _number(rails[1]))
    return Channel(**told | texts | {"range_uv": pair, "place": place_of(told.get("place"))})


def place_of(told: object) -> tuple[int, int] | None:
    """(row, col) of a channel on its grid, if it is stated."""
    if told is None:
        return None
    if not (isinstance(told, list) and len(told) == 2 and all(type(one) is int for one in told)):
        raise ValueError(f"a place {told!r}, not a row and a column")
    return told[0], told[1]


def check_layout(channels: Sequence[Channel], grid: Grid | None) -> None:
    """As `check_places`, as a damage of the file."""
    try:
        check_places(channels, grid)
    except SignalError as error:
        raise ValueError(str(error)) from error


def auxiliary_of(told: dict[str, Any]) -> Auxiliary:
    """An auxiliary signal without its samples."""
    name, unit, kind = (_text(told[key]) for key in ("name", "unit", "kind"))
    return Auxiliary(name, unit, rate_of(told["fs"]), np.empty(0), kind, _number(told["onset_s"]))


def segments_of(table: Floats, n_samples: int) -> tuple[Segment, ...]:
    """Rows of start, stop and onset_s, which cover `n_samples` samples in order."""
    edges = _whole(table[:, :2], n_samples + 1)
    follow = np.array_equal(edges[:, 0], [0, *edges[:-1, 1]][: len(edges)])
    last = int(edges[-1, 1]) if len(edges) else 0
    if not (follow and (edges[:, 0] < edges[:, 1]).all() and last == n_samples):
        raise ValueError(f"segments that do not cover the {n_samples} samples in order")
    if not np.isfinite(table[:, 2]).all():
        raise ValueError("a segment whose onset is not finite")
    return tuple(
        Segment(a, b, onset_s)
        for (a, b), onset_s in zip(edges.tolist(), table[:, 2].tolist(), strict=True)
    )


def events_of(table: Floats, text: list[str]) -> tuple[Event, ...]:
    """Rows of onset_s, duration_s, and the places in `text` of label and channel."""
    known = [_text(one) for one in text]
    places = _whole(table[:, 2:], len(known)).tolist()
    times = table[:, :2].tolist()
    return tuple(
        Event(onset_s, duration_s, known[label], known[channel])
        for (onset_s, duration_s), (label, channel) in zip(times, places, strict=True)
    )


def grid_of(told: dict[str, Any] | None) -> Grid | None:
    """The grid, if there is one."""
    if told is None:
        return None
    missing = tuple((int(row), int(col)) for row, col in told["missing"])
    return Grid(int(told["rows"]), int(told["cols"]), _number(told["ied_mm"]), missing)


def provenance_of(told: dict[str, Any], name: str, reader: str) -> Provenance:
    """History and warnings go on; the source is this file, which names what it was made from."""
    digest = f" (sha256 {told['sha256']})" if told["sha256"] else ""
    origin = f"{told['reader'] or 'kept'} from {told['source']}{digest}"
    findings = (Finding(*one) for one in told["findings"])
    return Provenance(
        source=name,
        reader=reader,
        scaling=": ".join((origin, told["scaling"] or "as given")),
        warnings=tuple(_text(one) for one in told["warnings"]),
        steps=tuple(_text(one) for one in told["steps"]),
        findings=tuple(f._replace(value=_number(f.value)) for f in findings),
        synthetic=bool(told["synthetic"]),
    )


def _whole(table: Floats, end: int) -> Ints:
    """Whole numbers from 0 to below `end`, written as floats."""
    if not ((table >= 0) & (table < end) & (table == np.rint(table))).all():
        raise ValueError(f"a table with numbers that are no whole ones from 0 to {end - 1}")
    return table.astype(np.int64)


def _text(told: object) -> str:
    if not isinstance(told, str):
        raise TypeError(f"{told!r} where a text belongs")
    return told


def _number(told: object) -> float:
    if isinstance(told, bool) or not isinstance(told, int | float):
        raise TypeError(f"{told!r} where a number belongs")
    return float(told)
