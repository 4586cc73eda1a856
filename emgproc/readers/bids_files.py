"""The sidecars of a recording in a BIDS dataset, by name and by the inheritance principle.

BIDS 1.11.1, "The inheritance principle": a sidecar holds for every data file at its own level of
the folders or below whose name has all the entities of the sidecar's name.
"""

import csv
import io
import itertools
import json
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emgproc.errors import FormatError, ReadError

MAX_TABLE_BYTES = 4 << 20
MAX_JSON_BYTES = 1 << 20
MAX_ROWS = 100_000
MISSING = ("", "n/a")
DESCRIPTION = "dataset_description.json"
_NAME = re.compile(r"sub-[A-Za-z0-9]+(?:_[a-z]+-[A-Za-z0-9+]+)*_emg\.(?:edf|bdf)")
_LEVELS = 4  # emg/, ses-*/, sub-*/ and the dataset itself
# What is read of each table; the first must be there.
_COLUMNS = {
    "channels": (
        "name", "type", "units", "signal_electrode", "reference", "group", "target_muscle",
        "description", "low_cutoff", "high_cutoff", "notch", "status",
    ),
    "events": ("onset", "duration", "trial_type", "channel"),
    "electrodes": ("name", "x", "y", "z", "coordinate_system", "group"),
}  # fmt: skip

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A tab-separated sidecar: its file, its columns, a row each line; cells are stripped."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Sidecars:
    """What stands beside a recording; `settings` are all `*_emg.json`, the nearest one winning.

    `coordinates` maps the label of each `space-<label>` ("" without one) to its content.
    """

    settings: dict[str, Any]
    channels: Table | None
    events: Table | None
    electrodes: Table | None
    coordinates: dict[str, dict[str, Any]]
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class FilesBeside:
    """Sidecars of a recording: all settings, the nearest last, all spaces, a table a suffix."""

    settings: list[Path]
    spaces: list[Path]
    tables: dict[str, Path]

    @property
    def everything(self) -> tuple[Path, ...]:
        """All of them, sorted."""
        return tuple(sorted({*self.settings, *self.spaces, *self.tables.values()}))


def is_bids_recording(path: Path) -> bool:
    """Tell whether a file has the name of a BIDS recording and lies in a BIDS dataset."""
    return _NAME.fullmatch(path.name) is not None and dataset_root(path) is not None


def dataset_root(path: Path) -> Path | None:
    """Return the nearest folder above `path` that holds a dataset_description.json."""
    for folder in list(path.absolute().parents)[:_LEVELS]:
        if (folder / DESCRIPTION).is_file():
            return folder
    return None


def find_sidecars(path: Path) -> Sidecars:
    """Read everything that BIDS lets hold for the recording `path`.

    Raises
    ------
    FormatError
        A sidecar is no text, no JSON object, no table with a `name` or an `onset`, too long.
    ReadError
        A sidecar cannot be read.
    """
    files = files_beside(path)
    merged: dict[str, Any] = {}
    for file in files.settings:
        merged |= read_json(file)
    tables = {
        suffix: read_table(files.tables[suffix], columns) if suffix in files.tables else None
        for suffix, columns in _COLUMNS.items()
    }
    return Sidecars(
        settings=merged,
        **tables,
        coordinates={entities_of(file).get("space", ""): read_json(file) for file in files.spaces},
        files=files.everything,
    )


def files_beside(path: Path) -> FilesBeside:
    """Find everything that BIDS lets hold for the recording `path`, by the names alone."""
    shelf, wanted = _candidates(path), entities_of(path)
    held = {suffix: _applicable(shelf, f"{suffix}.tsv", wanted) for suffix in _COLUMNS}
    return FilesBeside(
        settings=_applicable(shelf, "emg.json", wanted),
        spaces=_applicable(shelf, "coordsystem.json", wanted),
        tables={suffix: files[-1] for suffix, files in held.items() if files},
    )


def entities_of(path: Path) -> dict[str, str]:
    """Entities of a BIDS name.

    Examples
    --------
    >>> entities_of(Path("sub-01_task-rest_emg.edf"))
    {'sub': '01', 'task': 'rest'}
    """
    stem = path.name.split(".")[0]
    pairs = (part.partition("-") for part in stem.split("_")[:-1])
    return {key: value for key, dash, value in pairs if dash}


def _candidates(path: Path) -> list[Path]:
    """Files that end like sidecars, from the folder of the dataset down to that of `path`."""
    root = dataset_root(path)
    if root is None:
        return []
    above = list(path.absolute().parents)
    return [
        folder / name
        for folder in reversed(above[: above.index(root) + 1])
        for name in sorted(os.listdir(folder))  # noqa: PTH208 - names: a root may hold thousands
        if name.endswith((".json", ".tsv"))
    ]


def _applicable(shelf: list[Path], ending: str, wanted: dict[str, str]) -> list[Path]:
    """Sidecars of one kind that hold for the entities `wanted`, the nearest one last."""
    found = []
    for file in shelf:
        if file.name.split("_")[-1] != ending:
            continue
        own = entities_of(file)
        own.pop("space", None)  # of a coordinate system, not of a recording
        if own.items() <= wanted.items() and file.is_file():
            found.append((len(file.parts), len(own), file))
    return [file for *_, file in sorted(found, key=lambda one: one[:2])]


def read_table(path: Path, columns: tuple[str, ...]) -> Table:
    """Read these columns of a tab-separated table; the first of them must be there.

    Raises
    ------
    FormatError, ReadError
        As `find_sidecars`.
    """
    text = io.StringIO(_text(path, MAX_TABLE_BYTES), newline="")
    lines = csv.reader(text, delimiter="\t", quoting=csv.QUOTE_NONE)
    try:
        header = [cell.strip() for cell in next(lines, [])]
        places = [(name, header.index(name)) for name in columns if name in header]
        rows = [
            {name: line[i].strip() for name, i in places if i < len(line)}
            for line in itertools.islice(lines, MAX_ROWS + 1)
            if any(line)
        ]
    except csv.Error as error:
        raise FormatError(f"{path.name}:{lines.line_num}: no table: {error}") from error
    if columns[0] not in header or any(header.count(name) > 1 for name in columns):
        raise FormatError(
            f"{path.name}: needs one column {columns[0]!r}, its columns are {header[:20]}"
        )
    if len(rows) > MAX_ROWS:
        raise FormatError(f"{path.name}: more than {MAX_ROWS} rows")
    return Table(path, tuple(name for name, _ in places), tuple(rows))


def read_json(path: Path) -> dict[str, Any]:
    """Read a sidecar that is one JSON object.

    Raises
    ------
    FormatError, ReadError
        As `find_sidecars`.
    """
    try:
        content = json.loads(_text(path, MAX_JSON_BYTES))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path.name}: is no JSON: {str(error)[:200]}") from error
    if not isinstance(content, dict):
        raise FormatError(f"{path.name}: is no JSON object")
    return content


def _text(path: Path, most: int) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except OSError as error:
        raise ReadError(f"{path.name}: cannot be read: {error.strerror or error}") from error
    if len(raw) > most:
        raise FormatError(f"{path.name}: longer than {most} bytes, too long for a sidecar")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path.name}: not UTF-8 at byte {error.start}") from error


def stated(row: Row, column: str) -> str:
    """Return a cell; "" where it is missing, empty or n/a."""
    cell = row.get(column, "")
    return "" if cell in MISSING else cell


def finite(value: object) -> float | None:
    """A number of a JSON file as a float; `None` for anything else.

    Examples
    --------
    >>> finite(50), finite("50"), finite(True), finite(10**400)
    (50.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
