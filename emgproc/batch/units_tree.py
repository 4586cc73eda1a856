"""Frozen dataclasses as a tree of JSON and the arrays that hang on it, and back, checked.

A dataclass is an object of its fields and, under "class", its name: it may be a subclass of what
the field that holds it is annotated with. An array stands in the tree as `{"array": path}`, the
path of its field. Numbers that JSON does not know stand as "nan", "inf" and "-inf". What is read
is held against the annotations of the fields.
"""

import dataclasses
import math
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
Tree = Mapping[str, Any]
Load = Callable[[str, "np.dtype[Any]"], NDArray[Any]]
_CLASS = "class"  # no field can have this name
_NOT_FINITE = ("nan", "inf", "-inf")


def to_tree(value: object, arrays: Arrays, at: str = "") -> Any:  # noqa: ANN401 - JSON
    """The tree of a value; its arrays are added to `arrays` under the paths of their fields.

    Raises
    ------
    TypeError
        It holds something that is none of dataclass, tuple, array, text, number and None.

    Examples
    --------
    >>> to_tree((1.5, float("nan"), "a", None), {})
    [1.5, 'nan', 'a', None]
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        told = {n: to_tree(getattr(value, n), arrays, f"{at}/{n}".strip("/")) for n in names}
        return {_CLASS: type(value).__name__} | told
    if isinstance(value, np.ndarray):
        arrays[at] = value
        return {"array": at}
    if isinstance(value, tuple):
        return [to_tree(item, arrays, f"{at}/{i}") for i, item in enumerate(value)]
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and not math.isfinite(plain):
        return str(plain)
    if plain is None or isinstance(plain, bool | int | float | str):
        return plain
    raise TypeError(f"{at}: a {type(value).__name__} cannot be kept")


def from_tree(kind: Any, told: object, load: Load, at: str = "") -> Any:  # noqa: ANN401
    """Value of the annotated type `kind` from what `to_tree` gave.

    Parameters
    ----------
    kind
        A dataclass, an array type, a tuple, a union with None, or a plain type.
    told
        The tree.
    load
        Gives the array at a path, of the wanted type.
    at
        Where in the tree `told` stands; messages say it.

    Raises
    ------
    ValueError
        The tree is not of this type; the message says where.

    Examples
    --------
    >>> from_tree(tuple[float, ...], [1.5, "inf"], load=None)
    (1.5, inf)
    """
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, told, load, at)
    if origin is np.ndarray:
        return _array(inner[1], told, load, at)
    if origin in {types.UnionType, typing.Union}:
        rest = [one for one in inner if one is not type(None)]
        return None if told is None else from_tree(rest[0], told, load, at)
    if origin is tuple:
        return _tuple(inner, told, load, at)
    return _plain(kind, told, at)


def _dataclass(base: Any, told: object, load: Load, at: str) -> Any:  # noqa: ANN401
    kind = _class_of(base, told, at)
    fields, hints = dataclasses.fields(kind), typing.get_type_hints(kind)
    needed = {
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    given = {n: one for n, one in typing.cast("Tree", told).items() if n != _CLASS}
    if not needed <= set(given) <= {f.name for f in fields}:
        raise ValueError(f"{at or 'the file'} must hold the fields of a {kind.__name__}")
    return kind(**{n: from_tree(hints[n], one, load, f"{at}/{n}") for n, one in given.items()})


def _class_of(base: Any, told: object, at: str) -> Any:  # noqa: ANN401
    """`base` itself or the subclass that the tree names."""
    known = {base.__name__: base}
    for kind in _subclasses(base):
        # With slots a dataclass is made twice; its module holds the one that is used.
        known[kind.__name__] = getattr(sys.modules[kind.__module__], kind.__name__, kind)
    name = told.get(_CLASS) if isinstance(told, Mapping) else None
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"{at or 'the file'} must be a {base.__name__}, got {name or told!r:.80}")
    return known[name]


def _subclasses(kind: type) -> list[type]:
    direct: list[type] = kind.__subclasses__()
    return [one for sub in direct for one in (sub, *_subclasses(sub))]


def _array(dtype: Any, told: object, load: Load, at: str) -> NDArray[Any]:  # noqa: ANN401
    if not (isinstance(told, Mapping) and set(told) == {"array"} and type(told["array"]) is str):
        raise ValueError(f"{at} must name an array, got {told!r:.80}")
    return load(told["array"], np.dtype(typing.get_args(dtype)[0]))


def _tuple(inner: tuple[Any, ...], told: object, load: Load, at: str) -> tuple[Any, ...]:
    if not isinstance(told, list):
        raise ValueError(f"{at} must be a list, got {told!r:.80}")
    kinds = [inner[0]] * len(told) if inner[-1] is Ellipsis else list(inner)
    if len(kinds) != len(told):
        raise ValueError(f"{at} must hold {len(kinds)} values, got {len(told)}")
    pairs = zip(kinds, told, strict=True)
    return tuple(from_tree(kind, one, load, f"{at}/{i}") for i, (kind, one) in enumerate(pairs))


def _plain(kind: type, told: object, at: str) -> Any:  # noqa: ANN401
    if kind is float and (type(told) in {int, float} or told in _NOT_FINITE):
        return float(typing.cast("float", told))
    if type(told) is kind:
        return told
    raise ValueError(f"{at} must be a {kind.__name__}, got {told!r:.80}")
