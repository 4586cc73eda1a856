"""Result files: one table, one HDF5 file and one header per recording, whole or not at all.

The header (`…_features_emg.json`) is written last and names the digests of the two others, so a
result that was cut off in the middle is never taken for one. Nothing in the three depends on the
time, the machine, or the number of workers.
"""

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emgproc.batch.keys import FileHashes, ResultKey
from emgproc.batch.sidecars import loose_table, named_sidecars, sidecar_changes
from emgproc.errors import ReadError, StoreError, WriteError
from emgproc.features.result import FeatureSet, FeatureValue
from emgproc.plan.model import SIGNAL
from emgproc.writers import why_unwritable, write_bytes, write_text

SCHEMA = 1
COLUMNS = ("channel", "feature", "unit", "value", "n", "flags", "reason", "rule_id")
MISSING = "n/a"  # BIDS: what a table says where there is no value


@dataclass(frozen=True, slots=True)
class ResultPaths:
    """Where the result of one recording lies: `stem` with .tsv, .h5 and .json."""

    stem: Path

    @property
    def table(self) -> Path:
        """Return the path of the tidy table."""
        return self.stem.with_name(f"{self.stem.name}.tsv")

    @property
    def arrays(self) -> Path:
        """Return the path of the HDF5 file."""
        return self.stem.with_name(f"{self.stem.name}.h5")

    @property
    def header(self) -> Path:
        """Return the path of the JSON header."""
        return self.stem.with_name(f"{self.stem.name}.json")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; WriteError where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(f"{folder}: cannot be made: {why_unwritable(error)}") from error


def write_result(paths: ResultPaths, features: FeatureSet, key: ResultKey) -> None:
    """Write table, HDF5 file and header, in this order.

    Raises
    ------
    WriteError
        A file cannot be written.
    """
    make_folder(paths.stem.parent)
    table = table_text(features)
    write_text(paths.table, table)
    arrays = _arrays_file(features)
    write_bytes(paths.arrays, arrays)
    header = {
        "schema": SCHEMA,
        "GeneratedBy": [{"Name": "emgproc", "Version": features.version}],
        "Sources": [name for name, _ in key.files],
        "key": key.digest,
        "key_parts": key.to_dict(),
        "source": features.source,
        "sha256": features.sha256,
        "plan_digest": features.plan_digest,
        "steps": list(features.steps),
        "warnings": list(features.warnings),
        "synthetic": features.synthetic,
        "table_sha256": hashlib.sha256(table.encode("utf-8")).hexdigest(),
        "arrays_sha256": hashlib.sha256(arrays).hexdigest(),
    }
    text = json.dumps(header, indent=1, ensure_ascii=False) + "\n"
    # A file name that is no UTF-8: as JSON writes it, "\udcfc", which reads back to the same name.
    write_bytes(paths.header, text.encode("utf-8", "backslashreplace"))


def read_result(paths: ResultPaths) -> FeatureSet:
    """Read a stored result.

    Raises
    ------
    StoreError
        The header or the table is damaged, or one of them is missing.
    """
    header = read_header(paths)
    text = _table_of(paths, header)
    try:
        return FeatureSet(
            source=header["source"],
            sha256=header["sha256"],
            plan_digest=header["plan_digest"],
            version=header["GeneratedBy"][0]["Version"],
            values=tuple(_values(text)),
            steps=tuple(header["steps"]),
            warnings=tuple(header["warnings"]),
            synthetic=header["synthetic"],
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise StoreError(f"{paths.header}: damaged ({error!r}); run with --force") from error


def read_cells(paths: ResultPaths) -> tuple[list[list[str]], list[str]]:
    """Cells of the table of a stored result as they stand there, and the reader's warnings.

    Raises
    ------
    StoreError
        As `read_result`.
    """
    header = read_header(paths)
    try:
        return _cells(_table_of(paths, header)), [str(warning) for warning in header["warnings"]]
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{paths.header}: damaged ({error!r}); run with --force") from error


def _table_of(paths: ResultPaths, header: Mapping[str, Any]) -> str:
    text = _text(paths.table)
    if hashlib.sha256(text.encode("utf-8")).hexdigest() != header.get("table_sha256"):
        raise StoreError(f"{paths.table}: is not the table its header names; run with --force")
    return text


def read_header(paths: ResultPaths) -> dict[str, Any]:
    """Read the JSON header; StoreError where it is missing or damaged."""
    text = _text(paths.header)
    try:
        header = json.loads(text)
    except ValueError as error:
        raise StoreError(f"{paths.header}: is not JSON ({error}); run with --force") from error
    if not isinstance(header, dict) or header.get("schema") != SCHEMA:
        raise StoreError(f"{paths.header}: is not a header of version {SCHEMA}; run with --force")
    return header


def why_stale(
    paths: ResultPaths,
    recording: Path,
    wanted: Mapping[str, ResultKey],
    hashes: FileHashes,
) -> str:
    """Why a stored result does not hold any more; empty where it does.

    Parameters
    ----------
    paths
        The stored result.
    recording
        The raw file; the other files of the recording lie beside it.
    wanted
        Keys with the plan, the event names and the version of this run (`wanted_keys`); the files
        and sidecars of the stored result are compared with what is there now.
    hashes
        Where digests of files come from.
    """
    if not paths.header.is_file():
        return "no result yet"
    try:
        parts = _parts_of_whole(paths)
        files = [(str(name), str(sha256)) for name, sha256 in parts["files"]]
        known = {str(name): str(sha256) for name, sha256 in parts.get("sidecars", [])}
        now = wanted[parts.get("holds", SIGNAL)].to_dict()
    except (StoreError, OSError, KeyError, TypeError, ValueError):
        return "the result file is damaged"
    reasons = {"plan_digest": "the plan", "event_names": "[events]", "version": "the version"}
    moved = [word for part, word in reasons.items() if parts.get(part) != now[part]]
    try:
        sidecars = named_sidecars(recording)
        changed = _changed_file(files, recording, sidecars.values(), hashes)
        beside = sidecar_changes(recording, known, sidecars, hashes)
    except ReadError as error:
        return str(error)
    moved = [changed, *moved] if changed else moved
    return " and ".join([f"{' and '.join(moved)} changed", *beside] if moved else beside)


def _parts_of_whole(paths: ResultPaths) -> dict[str, Any]:
    """Parts of the key of a stored result whose three files fit together."""
    header = read_header(paths)
    for path, digest in ((paths.table, "table_sha256"), (paths.arrays, "arrays_sha256")):
        if hashlib.sha256(path.read_bytes()).hexdigest() != header[digest]:
            raise StoreError(f"{path}: is not the file its header names; run with --force")
    return dict(header["key_parts"])


def _changed_file(
    files: list[tuple[str, str]], recording: Path, sidecars: Iterable[Path], hashes: FileHashes
) -> str:
    if not files or files[0][0] != recording.name:
        return "the file's name"
    for name, sha256 in files:
        path = recording.with_name(name)
        if not path.is_file() or hashes.of(path) != sha256:
            return name
    table = loose_table(recording, sidecars)
    return "" if table is None or table.name in {name for name, _ in files} else table.name


def table_text(features: FeatureSet) -> str:
    """Tidy table, one value a row; floats by `repr`, which reads back to the same bits."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    for value in features.values:
        writer.writerow(value_cells(value))
    return out.getvalue()


def value_cells(value: FeatureValue) -> list[str]:
    """One value as the text of its cells, in the order of `COLUMNS`.

    Raises
    ------
    StoreError
        The value is infinite, or NaN without a reason.
    """
    if math.isinf(value.value) or (math.isnan(value.value) and not value.reason):
        raise StoreError(
            f"{value.name} of {value.channel or 'the recording'} is {value.value} "
            "without a reason; it must be a number, or NaN with one"
        )
    number = MISSING if math.isnan(value.value) else repr(float(value.value))
    return [
        value.channel or MISSING,
        value.name,
        value.unit,
        number,
        str(int(value.n)),
        ";".join(value.flags) or MISSING,
        value.reason or MISSING,
        value.rule_id or MISSING,
    ]


def _cells(text: str) -> list[list[str]]:
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t"))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise ValueError(f"columns {rows[:1]}")
    return rows[1:]


def _values(text: str) -> list[FeatureValue]:
    found = []
    for row in _cells(text):
        channel, name, unit, number, n, flags, reason, rule = (
            "" if cell == MISSING else cell for cell in row
        )
        value = float(number) if number else math.nan
        words = tuple(flags.split(";")) if flags else ()
        found.append(FeatureValue(name, unit, channel, value, int(n), words, reason, rule))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: cannot be read ({error}); run with --force") from error


def _arrays_file(features: FeatureSet) -> bytes:
    """The same values for programs that read HDF5: a dataset per column, no times of creation.

    Made in memory: HDF5 does not survive a disk that is full when it closes a file.
    """
    import h5py
    import numpy as np

    text = h5py.string_dtype("utf-8")
    columns: dict[str, tuple[list[Any], Any]] = {
        "channel": ([v.channel for v in features.values], text),
        "feature": ([v.name for v in features.values], text),
        "unit": ([v.unit for v in features.values], text),
        "value": ([v.value for v in features.values], np.float64),
        "n": ([v.n for v in features.values], np.int64),
        "flags": ([";".join(v.flags) for v in features.values], text),
        "reason": ([v.reason for v in features.values], text),
        "rule_id": ([v.rule_id for v in features.values], text),
    }
    whole = io.BytesIO()
    with h5py.File(whole, "w", track_order=True) as file:
        file.attrs["source"] = features.source
        file.attrs["sha256"] = features.sha256
        file.attrs["plan_digest"] = features.plan_digest
        file.attrs["version"] = features.version
        for name, (column, kind) in columns.items():
            file.create_dataset(name, data=np.array(column, dtype=kind), track_times=False)
    return whole.getvalue()
