"""Several p values at once: Holm's and Benjamini–Hochberg's adjustment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.stats.splits import finite_vector


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Adjusted p values in the order given; reject where `value` ≤ α."""

    value: tuple[float, ...]
    p: tuple[float, ...]
    n: int
    method: str


def holm(p: ArrayLike) -> Adjusted:
    """Holm's step-down adjustment: the family-wise error of any dependence (Holm 1979).

    Parameters
    ----------
    p
        p values of all hypotheses of the family, in [0, 1].

    Raises
    ------
    ParameterError
        No p value, or one outside [0, 1].

    Examples
    --------
    >>> [round(x, 4) for x in holm([0.0317, 0.0159, 0.0952, 0.2]).value]
    [0.0951, 0.0636, 0.1904, 0.2]
    """
    values = _probabilities(p)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1))
    return _placed(values, order, stepped, "Holm, family-wise error")


def benjamini_hochberg(p: ArrayLike) -> Adjusted:
    """Benjamini–Hochberg's step-up adjustment: the false discovery rate (1995).

    Holds for independent or positively dependent p values.

    Parameters
    ----------
    p
        As `holm`.

    Raises
    ------
    ParameterError
        As `holm`.
    """
    values = _probabilities(p)
    order = np.argsort(values, kind="stable")
    scaled = values[order] * values.size / np.arange(1, values.size + 1)
    stepped = np.minimum.accumulate(scaled[::-1])[::-1]
    return _placed(values, order, stepped, "Benjamini–Hochberg, false discovery rate")


def _probabilities(p: ArrayLike) -> Floats:
    values = finite_vector(p, "p")
    if values.min() < 0 or values.max() > 1:
        raise ParameterError(f"p values lie in [0, 1], got {values.tolist()}")
    return values


def _placed(values: Floats, order: NDArray[np.intp], stepped: Floats, method: str) -> Adjusted:
    adjusted = np.empty(values.size)
    adjusted[order] = np.minimum(1.0, stepped)
    return Adjusted(tuple(adjusted.tolist()), tuple(values.tolist()), values.size, method)
