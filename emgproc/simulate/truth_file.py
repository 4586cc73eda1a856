"""The truth of one simulated recording on the disk: any of the truth classes as one HDF5 file.

A field that is an array is a dataset, a plain value an attribute, another dataclass a group, and a
tuple of them a group with members `0000`, `0001`, …; the names are those of the fields, with their
units in them. `read_truth` gives the same names back; a field that is None is left out.
"""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from emgproc.errors import MissingFileError, ParameterError
from emgproc.writers.atomic import atomic_path

if TYPE_CHECKING:
    import h5py

ABOUT = "SYNTHETIC truth of emgproc.simulate"


def write_truth(truth: object, path: str | os.PathLike[str]) -> None:
    """Write a truth (a dataclass) as HDF5; the same truth gives the same bytes.

    Raises
    ------
    ParameterError
        `truth` is no dataclass, or a field holds what the file cannot.
    WriteError
        The file cannot be written.
    """
    import h5py

    if not dataclasses.is_dataclass(truth) or isinstance(truth, type):
        raise ParameterError(f"a truth is an instance of a dataclass, got {type(truth).__name__}")
    with atomic_path(Path(path)) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["about"] = ABOUT
        file.attrs["kind"] = type(truth).__name__
        _put_fields(file, truth)


def read_truth(path: str | os.PathLike[str]) -> SimpleNamespace:
    """Read a file of `write_truth`: its fields as attributes, tuples as lists.

    Raises
    ------
    MissingFileError
        There is no such file.
    ParameterError
        It is no truth of this package.
    """
    import h5py

    file = Path(path)
    if not file.is_file():
        raise MissingFileError(f"{file.name}: no file of truth here")
    if not h5py.is_hdf5(file):
        raise ParameterError(f"{file.name} is no HDF5 file, so it holds no truth")
    with h5py.File(file, "r") as opened:
        if opened.attrs.get("about") != ABOUT:
            raise ParameterError(f"{file.name} was not written by emgproc.simulate")
        return SimpleNamespace(**_fields_of(opened))


def _put_fields(group: "h5py.Group", value: Any) -> None:  # noqa: ANN401 - any dataclass
    for field in dataclasses.fields(value):
        _put(group, field.name, getattr(value, field.name))


def _put(group: "h5py.Group", name: str, value: object) -> None:
    if dataclasses.is_dataclass(value):
        _put_fields(group.create_group(name), value)
    elif isinstance(value, np.ndarray):
        packed = {"compression": "gzip", "shuffle": True} if value.size else {}
        group.create_dataset(name, data=value, **packed)
    elif isinstance(value, tuple) and any(dataclasses.is_dataclass(item) for item in value):
        members = group.create_group(name)
        members.attrs["tuple"] = True
        for number, item in enumerate(value):
            _put_fields(members.create_group(f"{number:04d}"), item)
    elif isinstance(value, bool | int | float | str | tuple | np.generic):
        group.attrs[name] = value
    elif value is not None:
        raise ParameterError(f"a truth's {name} is a {type(value).__name__}: cannot be stored")


def _fields_of(group: "h5py.Group") -> Mapping[str, Any]:
    import h5py

    found: dict[str, Any] = dict(group.attrs)
    for name, member in group.items():
        if isinstance(member, h5py.Dataset):
            found[name] = member[()]
        elif member.attrs.get("tuple", False):
            found[name] = [SimpleNamespace(**_fields_of(member[k])) for k in sorted(member)]
        else:
            found[name] = SimpleNamespace(**_fields_of(member))
    return found
