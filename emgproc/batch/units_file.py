"""units.h5: motor units of one recording, whole or not at all, read back equal.

Layout, version 1. Root attributes `format` = "emgproc-motor-units", `version` and `sha256`, the
digest of all content. The dataset `metadata` is UTF-8 JSON, the fields of a `UnitsRecord` by their
names; an array stands there as `{"array": path}` and is the dataset at that path, e.g.
`units/units/0/discharges`, none of them compressed. Nothing depends on the time or the machine:
the same record gives the same bytes.
"""

import hashlib
import json
from collections.abc import Iterable
from contextlib import closing
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emgproc.batch.units_tree import Arrays, from_tree, to_tree
from emgproc.errors import (
    FormatError,
    MissingFileError,
    ParameterError,
    ReadError,
    SignalError,
    UnsupportedFormatError,
    WriteError,
)
from emgproc.motor_units.record import UnitsRecord
from emgproc.readers.matlab_hdf5_checks import Checked, damage_told
from emgproc.writers import atomic_path

if TYPE_CHECKING:
    import h5py

FORMAT = "emgproc-motor-units"
VERSION = 1
MAX_METADATA_BYTES = 16 << 20
MAGIC = b"\x89HDF\r\n\x1a\n"


def write_units(record: UnitsRecord, path: str | PathLike[str]) -> None:
    """Write motor units; every value, type and order comes back equal.

    Raises
    ------
    ParameterError
        The description takes more than 16 MiB.
    WriteError
        The file cannot be written; what stood there before still stands.
    """
    import h5py

    arrays: Arrays = {}
    told = to_tree(record, arrays)
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, allow_nan=False).encode()
    if len(text) > MAX_METADATA_BYTES:
        raise ParameterError(
            f"{path}: the description of the units takes {len(text)} bytes, at most "
            f"{MAX_METADATA_BYTES} are kept"
        )
    with atomic_path(path) as temporary:
        try:
            with h5py.File(temporary, "w") as file:
                file.attrs["format"] = np.bytes_(FORMAT)  # of fixed length, as the numbers are
                file.attrs["version"] = VERSION
                file.attrs["sha256"] = np.bytes_(_digest(text, arrays))
                _put(file, "metadata", np.frombuffer(text, np.uint8))
                for name, values in arrays.items():
                    _put(file, name, values)
        except RuntimeError as error:  # HDF5 says so when it cannot flush at closing
            raise WriteError(f"{path}: cannot be written: {error}") from error


def _digest(text: bytes, arrays: Arrays) -> str:
    """Of the description, which names type and place of every array, and of their values."""
    digest = hashlib.sha256(text)
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].shape}".encode())
        digest.update(_little(arrays[name]).tobytes())
    return digest.hexdigest()


def _little(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(values.dtype.newbyteorder("<"), copy=False)


def _put(file: "h5py.File", name: str, values: NDArray[Any]) -> None:
    file.create_dataset(name, data=_little(values), track_times=False)


def read_units(path: str | PathLike[str]) -> UnitsRecord:
    """Read a file of `write_units`.

    Raises
    ------
    MissingFileError
        There is no such file.
    UnsupportedFormatError
        It is another kind of file.
    FormatError
        It is damaged or of a newer version; `TruncatedFileError` if it declares more than it
        holds.
    """
    file = Path(path)
    if not file.is_file():
        raise MissingFileError(f"{file}: there is no such file of motor units")
    if not holds_hdf5(file):
        raise UnsupportedFormatError(f"{file.name}: is no HDF5 file, so it holds no motor units")
    with damage_told(file.name), closing(Checked(file)) as checked:
        _check_format(checked)
        return _record_of(checked)


def find_units(paths: Iterable[Path]) -> list[Path]:
    """Files as they are named, and in folders the files of motor units, sorted.

    Raises
    ------
    MissingFileError
        There is no such file or folder.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise MissingFileError(f"{path}: there is no such file or folder")
        inside = sorted(path.rglob("*.h5")) if path.is_dir() else [path]
        found += [one for one in inside if one == path or _names_units(one)]
    return list(dict.fromkeys(found))


def _names_units(path: Path) -> bool:
    """Tell whether a file says that it holds motor units; it may be damaged all the same."""
    if not (path.is_file() and holds_hdf5(path)):
        return False
    try:
        with damage_told(path.name), closing(Checked(path)) as checked:
            return _is(checked.attribute(checked.file, "format"), FORMAT)
    except ReadError:
        return False


def holds_hdf5(path: Path) -> bool:
    """Tell whether a file begins as HDF5 does."""
    with path.open("rb") as opened:
        return opened.read(len(MAGIC)) == MAGIC


def _check_format(checked: Checked) -> None:
    name = checked.where
    if not _is(checked.attribute(checked.file, "format"), FORMAT):
        raise UnsupportedFormatError(
            f"{name}: an HDF5 file without motor units (its format is not {FORMAT!r}); "
            "`emgproc decompose` writes one"
        )
    version = checked.attribute(checked.file, "version")
    if not np.array_equal(version, [VERSION]):
        raise FormatError(
            f"{name}: version {version!r} of the motor units, this program reads {VERSION}"
        )


def _is(found: object, text: str) -> bool:
    return isinstance(found, str) and found == text


def _record_of(checked: Checked) -> UnitsRecord:
    arrays: Arrays = {}

    def load(name: str, dtype: "np.dtype[Any]") -> NDArray[Any]:
        found = checked.dataset(checked.find(name))
        if found.dtype != dtype.newbyteorder("<"):
            raise FormatError(f"{checked.where}: {name} holds {found.dtype}, not {dtype}")
        with checked.samples():
            arrays[name] = np.ascontiguousarray(found[()], dtype)
        return arrays[name]

    text = load("metadata", np.dtype(np.uint8))
    del arrays["metadata"]
    if text.ndim != 1 or text.size > MAX_METADATA_BYTES:
        raise FormatError(
            f"{checked.where}: {text.size} bytes of metadata, at most {MAX_METADATA_BYTES}"
        )
    told = json.loads(text.tobytes().decode())
    try:
        record: UnitsRecord = from_tree(UnitsRecord, told, load)
    except (ParameterError, SignalError) as error:
        raise FormatError(f"{checked.where}: {error}") from error
    if not _is(checked.attribute(checked.file, "sha256"), _digest(text.tobytes(), arrays)):
        raise FormatError(f"{checked.where}: damaged: its content is not what was written")
    return record
