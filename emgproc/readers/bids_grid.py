"""The electrode grid that an electrodes.tsv and its coordinate systems describe."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.readers.bids_files import Row, Table, stated
from emgproc.recording import Grid

_MM_PER = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
_FEWEST = 4
_TOLERANCE = 0.02  # of the inter-electrode distance

_FARTHEST = 1e6  # of any unit; also leaves out what is not finite

Place = tuple[float, float, float]
Sites = dict[int, tuple[int, int]]


class Found(NamedTuple):
    """What electrodes.tsv makes of the channels.

    Attributes
    ----------
    grid
        Rows along y, columns along x, in mm; the first of the largest where there are several.
        Electrodes of which no channel is are missing.
    sites
        (row, col) on `grid` by the number of the channel; none for those that are not on it.
    warnings
        Why there is no grid, or that there are several.
    """

    grid: Grid | None
    sites: Sites
    warnings: tuple[str, ...]


def electrode_grid(
    table: Table | None,
    coordinates: Mapping[str, Mapping[str, Any]],
    channels: Sequence[Row],
) -> Found:
    """The grid on which the EMG channels lie, and what could not be understood of it.

    Parameters
    ----------
    table
        electrodes.tsv.
    coordinates
        Content of each coordsystem.json by its `space` label.
    channels
        Rows of the EMG channels in channels.tsv, in the order of the file.

    Returns
    -------
    Found
        The grid, the place of each channel, and warnings.
    """
    if table is None or not channels:
        return Found(None, {}, ())
    groups, warnings = _by_system(table, channels)
    grids: list[tuple[str, Grid, Sites]] = []
    for system, places in groups.items():
        unit = str(coordinates.get(system, {}).get("EMGCoordinateUnits", "n/a"))
        found, trouble = _regular(list(places.values()), _MM_PER.get(unit, 0.0))
        if found is None:
            what = f"coordinate system {system!r}" if system else "its coordinates"
            warnings.append(
                f"{table.path.name}: no grid in {what} (unit {unit[:20]!r}): {trouble}"
            )
        else:
            grid, sites = found
            grids.append((system, grid, dict(zip(places, sites, strict=True))))
    if not grids:
        return Found(None, {}, tuple(warnings))
    if len(grids) > 1:
        listed = ", ".join(f"{name!r} ({len(sites)} channels)" for name, _, sites in grids)
        warnings.append(f"several grids: {listed}; 'grid' is the first largest one")
    _, grid, sites_of = max(grids, key=lambda one: len(one[2]))
    return Found(grid, sites_of, tuple(warnings))


def _by_system(
    table: Table, channels: Sequence[Row]
) -> tuple[dict[str, dict[int, Place]], list[str]]:
    """Places of the channels' electrodes by coordinate system and number of the channel."""
    known = {(row["name"], stated(row, "group")): row for row in table.rows if "name" in row}
    names = Counter(row.get("name", "") for row in table.rows)
    alone = {row["name"]: row for row in table.rows if names[row.get("name", "")] == 1}
    groups: dict[str, dict[int, Place]] = {}
    lost = 0
    for number, channel in enumerate(channels):
        name = stated(channel, "signal_electrode") or channel["name"]
        group = stated(channel, "group")
        # A name may stand once in each group; a channel without a group means the only one.
        electrode = known.get((name, group)) or (None if group else alone.get(name))
        place = _place(electrode) if electrode is not None else None
        if electrode is None or place is None:
            lost += 1
        else:
            groups.setdefault(stated(electrode, "coordinate_system"), {})[number] = place
    told = f"{table.path.name}: {lost} EMG channel(s) without the place of an electrode"
    return groups, [told] if lost else []


def _place(electrode: Row) -> Place | None:
    values = []
    for axis in ("x", "y", "z"):
        cell = stated(electrode, axis)
        if not cell and axis == "z":
            cell = "0"
        try:
            values.append(float(cell))
        except ValueError:
            return None
    near = all(-_FARTHEST < value < _FARTHEST for value in values)  # NaN is not
    return (values[0], values[1], values[2]) if near else None


def _regular(
    places: list[Place], mm: float
) -> tuple[tuple[Grid, list[tuple[int, int]]] | None, str]:
    """Grid of the places and (row, col) of each on it; `None` and why there is none."""
    if not mm:
        return None, "not a length"
    if len(places) < _FEWEST:
        return None, f"{len(places)} electrode(s)"
    x, y, z = np.array(places).T * mm
    ied = min((step for step in (_step(x), _step(y)) if step > 0), default=0.0)
    if not ied:
        return None, "the electrodes lie at one place"
    if np.ptp(z) > _TOLERANCE * ied:
        return None, "not in one plane"
    sites = _sites((y - y.min()) / ied, (x - x.min()) / ied)
    if not sites:
        return None, "the distances are not equal, or most places empty, or one taken twice"
    there = set(sites)
    rows, cols = max(r for r, _ in sites) + 1, max(c for _, c in sites) + 1
    missing = tuple((r, c) for r in range(rows) for c in range(cols) if (r, c) not in there)
    return (Grid(rows, cols, round(ied, 9), missing), sites), ""


def _sites(row: Floats, col: Floats) -> list[tuple[int, int]]:
    """(row, col) of places counted in distances; nothing where they are no grid."""
    most = 2 * len(row)  # half may be missing: a few scattered electrodes are no grid
    whole_row, whole_col = np.rint(row), np.rint(col)
    off = max(np.abs(row - whole_row).max(), np.abs(col - whole_col).max())
    if off > _TOLERANCE or (whole_row.max() + 1) * (whole_col.max() + 1) > most:
        return []
    sites = [(int(r), int(c)) for r, c in zip(whole_row, whole_col, strict=True)]
    return sites if len(set(sites)) == len(sites) else []


def _step(values: Floats) -> float:
    """Smallest distance between different coordinates; 0 where all are one."""
    ordered = np.sort(values)
    gaps = np.diff(ordered)
    apart = gaps[gaps > 1e-6 * max(1.0, float(np.abs(ordered).max()))]
    return float(apart.min()) if len(apart) else 0.0
