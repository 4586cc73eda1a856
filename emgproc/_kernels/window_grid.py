"""What `window_sums.py` is asked for."""

from typing import NamedTuple


class Grid(NamedTuple):
    """How windows are made of blocks.

    Attributes
    ----------
    block
        Samples of a block, at least 2.
    stride
        Samples from one block to the next.
    per_window
        Blocks of a window; more than one only where `stride` is `block`.
    step
        Blocks from one window to the next.
    """

    block: int
    stride: int
    per_window: int
    step: int


class Wanted(NamedTuple):
    """What is summed: thresholds, whether about zero, and what costs a walk of its own."""

    zc: float
    ssc: float
    wamp: float
    about_zero: bool
    level: bool
    slopes: bool
    shape: bool
    logs: bool


class Scaled(NamedTuple):
    """A sum, a row of `_walks.py` by its name, times a factor, or the root of that."""

    row: str
    factor: float = 1.0
    root: bool = False
