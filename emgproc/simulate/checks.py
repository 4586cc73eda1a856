"""What every part of the simulator asks of its parameters: finite numbers, a seed, a span."""

import math
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from emgproc.errors import ParameterError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def entropy_of(seed: int | tuple[int, ...]) -> tuple[int, ...]:
    """A seed as the integers that `numpy.random.SeedSequence` mixes.

    NumPy fills up short seeds with zeros: (1,), (1, 0) and 1 are the same.

    Raises
    ------
    ParameterError
        The seed is no non-negative integer nor one or more of them.

    Examples
    --------
    >>> entropy_of(3), entropy_of((3, 1))
    ((3,), (3, 1))
    """
    parts = seed if isinstance(seed, tuple | list) else (seed,)
    if not parts or not all(isinstance(part, int | np.integer) and part >= 0 for part in parts):
        raise ParameterError(f"a seed is one or more integers, 0 or above, got {seed!r}")
    return tuple(map(int, parts))


def check_finite(settings: "DataclassInstance") -> None:
    """Refuse NaN and infinity in the numbers, tuples and arrays of a dataclass.

    Raises
    ------
    ParameterError
        A field is not finite; the message names it.
    """
    for field in fields(settings):
        value = getattr(settings, field.name)
        if not _is_finite(value):
            raise ParameterError(
                f"{type(settings).__name__}: {field.name} must be finite, got {value}"
            )


def check_span(span_s: tuple[float, float]) -> tuple[float, float]:
    """Start and stop of a span, s, as they came.

    Raises
    ------
    ParameterError
        One is not finite, or the span ends before it begins.
    """
    start, stop = span_s
    if not -math.inf < start <= stop < math.inf:
        raise ParameterError(f"a span is finite and does not end before it begins, got {span_s=}")
    return start, stop


def _is_finite(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_finite, value))
    if isinstance(value, np.ndarray):
        return bool(np.isfinite(value).all())
    return not isinstance(value, float | np.floating) or math.isfinite(value)
