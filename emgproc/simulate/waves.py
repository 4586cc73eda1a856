"""Rows of complex waves, exp(jφk) for k = 0, 1, …, without an exponential for each of them."""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats

Complexes: TypeAlias = NDArray[np.complex128]

FINE = 16


def waves(angle: Floats, n: int) -> Complexes:
    """exp(j · angle · k) for k = 0 … n − 1, shape (angle.size, n).

    Products of a coarse and a fine wave; within 1e-13 of the exponential for angles up to 2π and
    n up to 1000.

    Examples
    --------
    >>> waves(np.array([np.pi / 2]), 3).round(12)
    array([[ 1.+0.j,  0.+1.j, -1.+0.j]])
    """
    turn = 1j * angle[:, None]
    small = np.exp(turn * np.arange(FINE))
    large = np.exp(turn * (FINE * np.arange(math.ceil(n / FINE))))
    return np.asarray((large[:, :, None] * small[:, None, :]).reshape(angle.size, -1)[:, :n])
