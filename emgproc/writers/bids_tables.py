"""Tables and texts of a BIDS dataset: what channels, events and electrodes are called there."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from emgproc.errors import ParameterError
from emgproc.recording import Channel, Event, Grid

BIDS_VERSION = "1.11.1"
MISSING = "n/a"
BAD_STATUS = "bad_status"  # the event of a channel that is bad from end to end
_TYPES = {"ACC": "ACCEL", "FORCE": "MISC"}
_SIDES = {"L": "left side", "R": "right side"}
_SITE = re.compile(r"R(\d+)C(\d+)(?:-R\d+C\d+)?")

Place = tuple[int, int]


def json_text(content: Mapping[str, object]) -> str:
    """Indented JSON with a last line end."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def table_text(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """A tab-separated table with a header; absent, empty and None cells are `n/a`."""
    lines = ["\t".join(columns)]
    lines += ["\t".join(cell_text(row.get(name)) for name in columns) for row in rows]
    return "\n".join(lines) + "\n"


def cell_text(value: object) -> str:
    """A cell without tabs and line ends; whole numbers without a point."""
    if value is None or value == "":
        return MISSING
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return " ".join(str(value).split())


def plain_unit(unit: str) -> str:
    """A unit as the header of a file can hold it, in ASCII.

    Examples
    --------
    >>> plain_unit("°/s"), plain_unit("µV"), plain_unit("m/s²")
    ('deg/s', 'uV', 'm/s2')
    """
    return unit.translate({0xB5: "u", 0x3BC: "u", 0xB0: "deg", 0xB2: "2"})


def signal_cells(name: str, kind: str, unit: str) -> dict[str, object]:
    """Name, type and unit of any signal; what BIDS has no type for is told in words."""
    told = "force" if kind == "FORCE" else ""
    return {"name": name, "type": _TYPES.get(kind, kind), "units": unit, "description": told}


def channel_cells(channel: Channel) -> dict[str, object]:
    """As `signal_cells`, with the muscle, side, reference and filters of a channel.

    Examples
    --------
    >>> channel_cells(Channel("BB", muscle="biceps_brachii", side="L"))["description"]
    'left side'
    """
    cells = signal_cells(channel.name, channel.kind, channel.unit)
    side = _SIDES.get(channel.side, "")
    return cells | {
        "description": side or cells["description"],
        "reference": channel.reference,
        "target_muscle": channel.muscle.replace("_", " "),
        "low_cutoff": channel.highpass_hz,
        "high_cutoff": channel.lowpass_hz,
        "notch": channel.notch_hz,
    }


# In the order of the specification; the first three are required.
_CHANNEL_COLUMNS = (
    "name", "type", "units", "signal_electrode", "reference", "target_muscle", "description",
    "sampling_frequency", "low_cutoff", "high_cutoff", "notch", "status", "status_description",
)  # fmt: skip


def channels_text(rows: Sequence[Mapping[str, object]]) -> str:
    """channels.tsv with the columns that any row fills."""
    columns = [
        name
        for name in _CHANNEL_COLUMNS
        if name in _CHANNEL_COLUMNS[:3] or any(row.get(name) not in {None, ""} for row in rows)
    ]
    return table_text(columns, rows)


def mark_bad(rows: Iterable[dict[str, object]], events: Iterable[Event]) -> None:
    """Give the status bad to the channels that have a `bad_status` event."""
    bad = {event.channel for event in events if event.label == BAD_STATUS and event.channel}
    for row in rows:
        if row["name"] in bad:
            row |= {"status": "bad", "status_description": "bad from the first to the last sample"}


def events_text(events: Sequence[Event], start_s: float) -> str:
    """events.tsv; onsets are seconds after the first sample, which lies at `start_s`."""
    columns = ["onset", "duration", "trial_type"]
    if any(event.channel for event in events):
        columns.append("channel")
    rows = [
        {
            "onset": float(round(event.onset_s - start_s, 12)),
            "duration": float(event.duration_s),
            "trial_type": event.label,
            "channel": event.channel,
        }
        for event in events
    ]
    return table_text(columns, rows)


EVENT_COLUMNS: Mapping[str, object] = {
    "onset": {"Description": "Seconds after the first sample of the recording", "Units": "s"},
    "duration": {"Description": "Duration; 0 for a moment", "Units": "s"},
    "trial_type": {"Description": "Label of the event; bad_… marks samples that are not used"},
    "channel": {"Description": "The channel for which the event holds; n/a: all"},
}


def grid_places(
    grid: Grid, channels: Sequence[Channel], order: str | Mapping[str, Place]
) -> dict[str, Place]:
    """(row, col) of the EMG channels on their grid by their names; empty: nothing states them.

    Parameters
    ----------
    grid
        The grid.
    channels
        The EMG channels in their order.
    order
        "row_by_row": they follow each other so, missing electrodes left out; or the place of each
        channel by its name; "" where the channels know: by their `place`, else by names that are
        places, "R1C2" (or "R1C2-R2C2" of a pair).

    Raises
    ------
    ParameterError
        `order`, or the names, do not fit the grid or the channels.
    """
    if isinstance(order, str) and order not in {"", "row_by_row"}:
        raise ParameterError(f"places is 'row_by_row' or a place for each channel, got {order!r}")
    known = {c.name: c.place for c in channels if c.place is not None}
    if known and not order:
        return known
    there = electrodes_of(grid)
    names = [channel.name for channel in channels]
    if order == "row_by_row":
        places = there
    elif isinstance(order, Mapping) and order:
        places = [tuple(order[name]) for name in names if name in order]  # type: ignore[misc] # two each
    else:
        sites = [_SITE.fullmatch(name) for name in names]
        if None in sites:
            return {}
        places = [(int(site[1]) - 1, int(site[2]) - 1) for site in sites if site is not None]
    if len(places) != len(names) or set(places) != set(there):
        raise ParameterError(
            f"{len(names)} EMG channels at {len(set(places))} places do not fill the "
            f"{len(there)} electrodes of the {grid.rows} x {grid.cols} grid"
        )
    return dict(zip(names, places, strict=True))


def electrodes_of(grid: Grid) -> list[Place]:
    """(row, col) of the electrodes that are there, row by row."""
    gone = set(grid.missing)
    return [(r, c) for r in range(grid.rows) for c in range(grid.cols) if (r, c) not in gone]


def electrode_name(place: Place) -> str:
    """Name of an electrode by its place, from 1."""
    return f"R{place[0] + 1}C{place[1] + 1}"


def electrodes_text(places: Sequence[Place], ied_mm: float, space: str) -> str:
    """electrodes.tsv of a grid: rows along y, columns along x, mm."""
    rows = [
        {
            "name": electrode_name(place),
            "x": place[1] * ied_mm,
            "y": place[0] * ied_mm,
            "coordinate_system": space,
        }
        for place in places
    ]
    return table_text(["name", "x", "y", "coordinate_system"], rows)


COORDINATES: Mapping[str, object] = {
    "EMGCoordinateSystem": "Other",
    "EMGCoordinateUnits": "mm",
    "EMGCoordinateSystemDescription": (
        "Places on the electrode grid itself: the origin is the electrode of its first row and "
        "column, x runs along the rows, y along the columns"
    ),
}
