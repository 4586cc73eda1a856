"""What a MATLAB file holds, whichever version wrote it: matrices, texts, cells and structs.

Nothing is executed and no object is built: classes other than these are `Refused` by name.
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats
from emgproc.errors import FormatError

MAX_NODES = 20_000  # matrices, texts … of one variable
MAX_TEXT_BYTES = 4 << 20
MAX_NUMBERS = 2_000_000  # of a matrix that describes the samples, read at once
PIECE = 1 << 19  # numbers read at once where a matrix holds samples


class Matrix(ABC):
    """A matrix of real numbers, not read yet; more than two dimensions are `rows` × the rest.

    Attributes
    ----------
    where
        File and variable, for messages.
    rows, cols
        Shape as MATLAB shows it.
    at
        Place in the file: matrices read in this order are read fastest.
    by_column
        True where a column is stored in one piece and columns lie far apart.
    eager
        True where a span cannot be had without all that stands before it.
    is_integer
        True for integers by MATLAB's class, whatever they are stored as.
    """

    where: str
    rows: int
    cols: int
    at: int = 0
    by_column: bool = False
    eager: bool = False
    is_integer: bool = False

    @abstractmethod
    def rectangle(
        self, along: int, others: tuple[int, int], span: tuple[int, int]
    ) -> NDArray[Any]:
        """Numbers [a, b) along axis `along`, of [lo, hi) of the other axis: (hi - lo, b - a)."""

    def verify(self) -> None:  # noqa: B027 - most numbers carry no checksum
        """Check what can be checked of all bytes it stands in."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.cols

    def numbers(self) -> Floats:
        """All numbers, (rows, cols).

        Raises
        ------
        FormatError
            There are more than `MAX_NUMBERS`.
        """
        if self.rows * self.cols > MAX_NUMBERS:
            raise FormatError(
                f"{self.where}: {self.rows} × {self.cols} numbers, at most {MAX_NUMBERS} describe "
                "a recording"
            )
        block = self.rectangle(0, (0, self.cols), (0, self.rows))
        with np.errstate(invalid="ignore", over="ignore"):
            return np.ascontiguousarray(block.T, dtype=np.float64)


class HeldMatrix(Matrix):
    """Numbers in memory."""

    def __init__(self, values: NDArray[Any], where: str) -> None:
        self._values = values
        self.rows, self.cols = values.shape
        self.where = where

    def rectangle(
        self, along: int, others: tuple[int, int], span: tuple[int, int]
    ) -> NDArray[Any]:
        """As `Matrix.rectangle`."""
        values = self._values.T if along == 0 else self._values
        return values[slice(*others), slice(*span)]


@dataclass(frozen=True, slots=True)
class Text:
    """Characters; one text for each row of the matrix of characters."""

    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cells:
    """A cell array, down the columns."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Struct:
    """A struct, or an array of them: each field has one value for each element."""

    fields: dict[str, tuple["Node", ...]]

    def first(self, name: str) -> "Node | None":
        """The field of the first element, None where there is none."""
        values = self.fields.get(name, ())
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class Refused:
    """A value of a class that is never read: object, function handle, sparse matrix."""

    what: str


Node: TypeAlias = Matrix | Text | Cells | Struct | Refused


class Variables(ABC):
    """The variables of an open file.

    Attributes
    ----------
    where
        Name of the file.
    names
        Its variables, in the order of the file.
    """

    where: str
    names: tuple[str, ...]

    @abstractmethod
    def variable(self, name: str) -> Node:
        """The variable `name`, which is among `names`; a FormatError if it is damaged."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the file."""

    def find(self, name: str) -> Node | None:
        """The variable `name`, None where there is none."""
        return self.variable(name) if name in self.names else None

    def resolve(self, path: str) -> Node | None:
        """The node that the caller's `path` names, None where none is."""
        return follow(self, path)

    def matrix(self, name: str) -> Matrix:
        """The variable `name`, which must be a matrix.

        Raises
        ------
        FormatError
            It is missing or something else.
        """
        found = self.find(name)
        if isinstance(found, Matrix):
            return found
        raise FormatError(f"{self.where}: {name} is {called(found)}, not a matrix of real numbers")


def called(node: Node | None) -> str:
    """What a node is, for messages."""
    if node is None:
        return "missing"
    if isinstance(node, Refused):
        return node.what
    kinds = {Text: "a text", Cells: "a cell array", Struct: "a struct"}
    return kinds.get(type(node), "a matrix")


def texts(node: Node | None) -> tuple[str, ...] | None:
    """Texts of a matrix of characters or of a cell array of them, stripped; None for others."""
    if isinstance(node, Text):
        return tuple(row.strip() for row in node.rows)
    if not isinstance(node, Cells):
        return None
    found = []
    for item in node.items:
        rows = texts(item)
        if isinstance(item, Matrix) and item.rows * item.cols == 0:
            rows = ("",)  # an empty text is stored as an empty matrix by some writers
        if rows is None or len(rows) > 1:
            return None
        found.append(rows[0] if rows else "")
    return tuple(found)


def text(node: Node | None) -> str | None:
    """The one text of a node; None for others."""
    rows = texts(node)
    return rows[0] if rows is not None and len(rows) == 1 else None


def number(node: Node | None) -> float | None:
    """The one number of a node, also of a matrix whose numbers are all equal; None for others."""
    if not isinstance(node, Matrix) or not 0 < node.rows * node.cols <= MAX_NUMBERS:
        return None
    values = node.numbers().ravel()
    return float(values[0]) if values.size == 1 or (values == values[0]).all() else None


_STEP = re.compile(r"\.?(?P<name>[A-Za-z]\w*)(?:[({](?P<index>\d{1,6})[)}])?")


def follow(variables: Variables, path: str) -> Node | None:
    """The node that a MATLAB expression as ``data.emg(2).values`` names; None where none is.

    Indices count from 1, as in MATLAB.
    """
    node: Node | None = None
    at = 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None or (at > 0) != step[0].startswith("."):
            return None
        index = int(step["index"] or 1) - 1
        if at == 0:
            node = variables.find(step["name"])
            node = _element(node, index) if step["index"] else node
        else:
            values = node.fields.get(step["name"], ()) if isinstance(node, Struct) else ()
            node = _field(values, index, stated=step["index"] is not None)
        at = step.end()
    return node


def _element(node: Node | None, index: int) -> Node | None:
    if isinstance(node, Cells):
        return node.items[index] if 0 <= index < len(node.items) else None
    if isinstance(node, Struct):
        one = {k: v[index : index + 1] for k, v in node.fields.items() if 0 <= index < len(v)}
        return Struct(one) if one else None
    return None


def _field(values: tuple[Node, ...], index: int, *, stated: bool) -> Node | None:
    if not values:
        return None
    return _element(values[0], index) if stated else values[0]
