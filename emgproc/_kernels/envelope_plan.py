"""How `envelope.py` lays windows over tiles."""

import math
from typing import NamedTuple

MEASURES = ("sum", "arv", "rms")  # the numbers of the measures in `envelope.py`, in order
MOST_LANES = 16
_LONGEST = 8  # times that: two tiles of it and what they give fit the first cache


class Tiling(NamedTuple):
    """How a window is made of tiles.

    Attributes
    ----------
    n
        Samples, [i - n//2, i - n//2 + n) around sample i.
    measure
        `SUM`, `MEAN_RECTIFIED` or `ROOT_MEAN_SQUARE`.
    rows
        Of a tile, a multiple of 16.
    before
        Rows of a tile that lie before sample 0.
    carry
        Row `carry` + k that is written belongs to the window that ends with row k of a tile. With
        `before` it lets what is read and what is written begin at multiples of 16 samples.
    delay
        Tiles from the one that is written to the one that is read.
    """

    n: int
    measure: int
    rows: int
    before: int
    carry: int
    delay: int


def tiling_of(n: int, measure: int) -> Tiling:
    """Tiles for windows of `n` samples."""
    rows = MOST_LANES * max(1, min((n - 1) // MOST_LANES, _LONGEST), math.isqrt(n) // MOST_LANES)
    ending = n // 2 + 1 - n  # the window that ends with sample 0
    carry = ending % MOST_LANES
    before = (ending - carry) % rows
    return Tiling(n, measure, rows, before, carry, (before + carry - ending) // rows)
