"""MATLAB files of version 7.3, which are HDF5, and the variables of any other HDF5 file.

MATLAB's rows are the last axis of its datasets. Cells are references into `#refs#`; texts are
16-bit characters; objects and function handles are refused by name.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emgproc.errors import FormatError
from emgproc.readers.matlab_hdf5_checks import Checked, damage_told, is_text
from emgproc.readers.matlab_parts import (
    MAX_NODES,
    MAX_TEXT_BYTES,
    Cells,
    HeldMatrix,
    Matrix,
    Node,
    Refused,
    Struct,
    Text,
    Variables,
)

if TYPE_CHECKING:
    import h5py

MAGIC = b"MATLAB 7.3 MAT-file"
MAX_DEPTH = 20
_NUMERIC = {
    "double", "single", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
}  # fmt: skip


class Hdf5Matrix(Matrix):
    """Numbers of a dataset of one or two axes; `transposed` where its last axis are the rows."""

    def __init__(self, dataset: "h5py.Dataset", checked: Checked, *, transposed: bool) -> None:
        self.where = f"{checked.where}: {dataset.name}"
        self._checked = checked
        self._dataset = dataset
        self._transposed = transposed
        self._flat = dataset.ndim == 1
        self.is_integer = dataset.dtype.kind != "f"
        shape = (*dataset.shape, 1) if self._flat else dataset.shape
        self.rows, self.cols = shape[::-1] if transposed else shape

    def rectangle(
        self, along: int, others: tuple[int, int], span: tuple[int, int]
    ) -> NDArray[Any]:
        """As `Matrix.rectangle`."""
        rows, cols = (span, others) if along == 0 else (others, span)
        first, second = (cols, rows) if self._transposed else (rows, cols)
        with damage_told(self._checked.where), self._checked.samples():
            if self._flat:
                block = np.asarray(self._dataset[slice(*first)]).reshape(-1, 1)
                block = block[:, slice(*second)]
            else:
                block = np.asarray(self._dataset[slice(*first), slice(*second)])
        return block if (along == 0) == self._transposed else block.T


class MatSeven(Variables):
    """The variables of an open file of version 7.3."""

    def __init__(self, path: Path) -> None:
        self.where = path.name
        self._checked = Checked(path)
        self._nodes: dict[str, Node] = {}
        self._nodes_left = 0
        self._text_left = 0
        try:
            with damage_told(self.where):
                keys = self._checked.keys(self._checked.file)
        except BaseException:
            self.close()
            raise
        self.names = tuple(key for key in keys if not key.startswith("#"))

    def variable(self, name: str) -> Node:
        """As `Variables.variable`."""
        if name not in self._nodes:
            self._nodes_left, self._text_left = MAX_NODES, MAX_TEXT_BYTES
            with damage_told(self.where):
                self._nodes[name] = self._node(self._checked.child(self._checked.file, name), 0)
        return self._nodes[name]

    def close(self) -> None:
        """As `Variables.close`."""
        self._checked.close()

    def _node(self, found: Any, depth: int) -> Node:  # noqa: ANN401 - a group or a dataset
        import h5py

        self._nodes_left -= 1
        if self._nodes_left < 0 or depth > MAX_DEPTH:
            raise FormatError(f"{self.where}: more than {MAX_NODES} values, or too deep")
        if found is None:
            raise FormatError(f"{self.where}: a name that leads to nothing")
        kind = self._checked.attribute(found, "MATLAB_class")
        kind = kind if isinstance(kind, str) else ""
        if "MATLAB_object_decode" in found.attrs:
            return Refused(f"an object of class {kind[:60]}")
        if isinstance(found, h5py.Group):
            if "MATLAB_sparse" in found.attrs:
                return Refused("a sparse matrix")
            return self._struct(found, depth)
        return self._value(self._checked.dataset(found), kind, depth)

    def _value(self, found: "h5py.Dataset", kind: str, depth: int) -> Node:
        if "MATLAB_empty" in found.attrs:
            return Text(()) if kind == "char" else HeldMatrix(np.empty((0, 0)), self.where)
        if kind == "cell":
            return Cells(self._referred(found, depth))
        if kind == "char":
            return self._text(found)
        return self._matrix(found, kind)

    def _matrix(self, found: "h5py.Dataset", kind: str) -> Node:
        if found.dtype.kind in "cV":  # MATLAB stores two named fields, h5py shows them as one
            return Refused("a matrix of complex numbers")
        if kind not in _NUMERIC or found.dtype.kind not in "fiu":
            return Refused(f"a value of class {kind[:60] or found.dtype}")
        if found.ndim != 2:
            return Refused(f"a matrix of {found.ndim} dimensions")
        return Hdf5Matrix(found, self._checked, transposed=True)

    def _text(self, found: "h5py.Dataset") -> Node:
        self._text_left -= found.size * 2
        if self._text_left < 0 or found.ndim != 2 or found.dtype.kind != "u":
            raise FormatError(f"{self.where}: {found.name} is a text of shape {found.shape}")
        rows = np.asarray(found[()]).T.astype("<u2")
        return Text(tuple(row.tobytes().decode("utf-16-le", errors="replace") for row in rows))

    def _referred(self, found: "h5py.Dataset", depth: int) -> tuple[Node, ...]:
        import h5py

        if h5py.check_ref_dtype(found.dtype) is not h5py.Reference or found.size > MAX_NODES:
            raise FormatError(f"{self.where}: {found.name} holds no {found.size} references")
        targets = [self._checked.file[one] for one in np.asarray(found[()]).ravel() if one]
        return tuple(self._node(target, depth + 1) for target in targets)

    def _struct(self, group: "h5py.Group", depth: int) -> Node:
        import h5py

        fields: dict[str, tuple[Node, ...]] = {}
        for name in self._checked.keys(group):
            found = self._checked.child(group, name)
            plain = not isinstance(found, h5py.Dataset) or "MATLAB_class" in found.attrs
            if plain:
                fields[name] = (self._node(found, depth + 1),)
            else:  # of an array of structs: one reference for each element
                fields[name] = self._referred(self._checked.dataset(found), depth)
        return Struct(fields)


class Hdf5Variables(Variables):
    """Datasets and attributes of another program's HDF5 file by path; `checked` is the file."""

    def __init__(self, path: Path) -> None:
        self.where = path.name
        self.checked = Checked(path)
        try:
            with damage_told(self.where):
                self.names = tuple(self.checked.keys(self.checked.file))
        except BaseException:
            self.close()
            raise

    def variable(self, name: str) -> Node:
        """As `Variables.variable`; `name` is a path, with `@` before an attribute."""
        path, _, attribute = name.partition("@")
        with damage_told(self.where):
            found = self.checked.find(path) if path.strip("/") else self.checked.file
            if found is None:
                raise FormatError(f"{self.where}: there is no {path}")
            return self._attribute(found, attribute) if attribute else self._dataset(found)

    def resolve(self, path: str) -> Node | None:
        """As `Variables.resolve`."""
        return self.variable(path)

    def close(self) -> None:
        """As `Variables.close`."""
        self.checked.close()

    def _attribute(self, owner: Any, name: str) -> Node:  # noqa: ANN401 - a group or a dataset
        value = self.checked.attribute(owner, name)
        if isinstance(value, str):
            return Text((value,))
        if value is None or value.dtype.kind not in "fiu":
            return _strings(value) or Refused(f"no attribute {name} of numbers or texts")
        return HeldMatrix(value.reshape(-1, 1), f"{self.where}: {name}")

    def _dataset(self, found: Any) -> Node:  # noqa: ANN401 - a group or a dataset
        import h5py

        if isinstance(found, h5py.Group):
            return Struct({})
        dataset = self.checked.dataset(found)
        if is_text(dataset.dtype) and dataset.ndim < 2 and dataset.size <= MAX_NODES:
            return Text(tuple(self.checked.texts(dataset)))
        if dataset.dtype.kind not in "fiu" or dataset.ndim > 2:
            return Refused(f"a dataset of {dataset.dtype} and {dataset.ndim} axes")
        if dataset.ndim == 0:
            return HeldMatrix(np.asarray(dataset[()]).reshape(1, 1), self.where)
        return Hdf5Matrix(dataset, self.checked, transposed=False)


def _strings(values: NDArray[Any] | None) -> Text | None:
    """An array of texts; None for anything else."""
    if values is None or not all(isinstance(v, (bytes, str)) for v in values.tolist()):
        return None
    plain = values.tolist()
    return Text(
        tuple(v.decode("utf-8", errors="replace") if isinstance(v, bytes) else v for v in plain)
    )
