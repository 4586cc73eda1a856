"""How `envelope.py` lays windows over rows of samples."""

from typing import NamedTuple

MEASURES = ("sum", "arv", "rms")  # the numbers of the measures in `envelope.py`, in order
_TILE = 32  # rows, or a block if that is more: what lies between two walks fits the first cache
_SHORT = 4  # windows of fewer whole rows have no blocks
_SETTLE = 2  # rows after which what lies before them no longer counts


class Tiling(NamedTuple):
    """How a window is made of rows, blocks and tiles.

    Attributes
    ----------
    n
        Samples, [i - n//2, i - n//2 + n) around sample i.
    measure
        `SUM`, `MEAN_RECTIFIED` or `ROOT_MEAN_SQUARE`.
    rows
        Of a block: whole rows of a window. Blocks begin at multiples of as many samples, whichever
        piece of a signal is asked for.
    blocks
        Of a tile, which is walked through at once.
    kept
        Rows of a tile that the next needs where there are no blocks; else 0.
    ahead
        Rows before the first that is written, whole blocks.
    late
        Samples from i to the last of its window.
    """

    n: int
    measure: int
    rows: int
    blocks: int
    kept: int
    ahead: int
    late: int


def tiling_of(n: int, measure: int, lanes: int) -> Tiling:
    """Tiles for windows of `n` samples in vectors of `lanes`."""
    whole = n // lanes
    short = whole < _SHORT
    rows = 1 if short else whole
    ahead = (_SHORT + _SETTLE) if short else rows * (1 + -(-_SETTLE // rows))
    return Tiling(n, measure, rows, -(-_TILE // rows), _SHORT * short, ahead, n - 1 - n // 2)
