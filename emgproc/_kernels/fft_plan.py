"""Tables of the Fourier transform in `fft.py`, made once per length."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats, Ints

Reals = NDArray[Any]  # float64 or float32

NEAR = 128  # complex vectors (16 kB) that stay in the first cache


class Plan(NamedTuple):
    """Tables of the transform of a signal of one length, in the type of its tile.

    Attributes
    ----------
    radices
        Radix of each level, first to last.
    far
        Levels that run over the whole signal, before blocks fit the first cache.
    turns
        Twiddle factors (cosine, minus sine) in the order of use, level after level.
    places
        Where each frequency of the complex transform lies.
    halves
        Twiddle factors of the step from the complex to the real transform, (n/4 + 1, 2), flat.
    """

    radices: Ints
    far: int
    turns: Reals
    places: Ints
    halves: Reals


def radices_of(n: int) -> tuple[int, ...]:
    """Radices 5, 3, 4, 2 whose product is n/2; empty where n is odd or has another factor."""
    rest, found = (n // 2 if n % 2 == 0 else 0), []
    for radix in (5, 3, 4, 2):
        while rest and rest % radix == 0:
            found.append(radix)
            rest //= radix
    return tuple(found) if rest == 1 else ()


def plan_of(n: int, dtype: np.dtype[Any]) -> Plan:
    """Tables for signals of n samples; `radices_of(n)` must not be empty."""
    radices, half = radices_of(n), n // 2
    turns, block, far = [], half, 0
    places = np.zeros(1, np.int64)
    for radix in radices:
        far += block > NEAR
        step = block // radix
        places = (places[np.newaxis] + step * np.arange(radix)[:, np.newaxis]).reshape(-1)
        turns.append(_turns(np.outer(np.arange(step), np.arange(1, radix)) / block))
        block = step
    return Plan(
        np.array(radices, np.int64),
        far,
        np.concatenate(turns).astype(dtype),
        _frequencies_first(radices, places),
        _turns(np.arange(half // 2 + 1) / n).astype(dtype),
    )


def _turns(revolutions: Floats) -> Floats:
    angle = math.tau * revolutions
    return np.stack([np.cos(angle), -np.sin(angle)], axis=-1).reshape(-1)


def _frequencies_first(radices: tuple[int, ...], places: Ints) -> Ints:
    """Places in the order of frequency: the first level gives its lowest digit."""
    return np.ascontiguousarray(places.reshape(radices[::-1]).reshape(-1))
