"""Turns of a long stretch, a block at a time: the same as of the whole stretch at once."""

from collections.abc import Iterator

import numpy as np

from emgproc.arrays import Floats, Ints, spans_of
from emgproc.features.turns import turn_positions

BLOCK = 2**19  # samples


def finite_stretches(
    x: Floats, span: tuple[int, int], block: int = BLOCK
) -> Iterator[tuple[int, int]]:
    """Spans [start, stop) of finite samples within a span, none touching the next."""
    held: tuple[int, int] | None = None
    for first in range(*span, block):
        for a, b in spans_of(np.isfinite(x[first : min(first + block, span[1])])):
            if held is not None and held[1] == first + a:
                held = held[0], first + b
                continue
            if held is not None:
                yield held
            held = first + a, first + b
    if held is not None:
        yield held


def turns_between(
    x: Floats, span: tuple[int, int], threshold_uv: float, block: int = BLOCK
) -> Ints:
    """Samples of `x` at which it turns within a span without gaps, in rising order.

    Of what went before, a block needs to know the two samples between which the signal last moved:
    the last turn, or the lower or upper end of it all before there is one, and the extreme reached
    since. They are put before the block; the machine of `turn_positions` is then where it would
    be if it had walked all of it (see its kernel: direction and extreme are all that it knows).

    Parameters
    ----------
    x
        Samples, µV, shape (n_samples,).
    span
        Samples [start, stop), all finite.
    threshold_uv
        Smallest move between turns, µV, above 0.
    block
        Samples walked at once.

    Raises
    ------
    ParameterError
        As `turn_positions`.
    """
    found: list[Ints] = [np.empty(0, np.int64)]
    carried = np.empty(0, np.int64)
    for first in range(*span, block):
        places = np.concatenate([carried, np.arange(first, min(first + block, span[1]))])
        walked = x[places]
        at = turn_positions(walked[None], threshold_uv=threshold_uv)[0]
        turns = places[at]
        if at.size and carried.size and (walked[1 : at[0] + 1] == walked[1]).all():
            turns[0] = _middle(x, int(carried[1]))
        found.append(turns)
        carried = places[_last_move(walked, at)]
    return np.concatenate(found)


def _middle(x: Floats, i: int) -> int:
    """Middle of the equal samples from `i` on, rounded down; a different one follows."""
    j = i
    while x[j + 1] == x[i]:
        j += 1
    return (i + j) // 2


def _last_move(walked: Floats, at: Ints) -> Ints:
    """Where the signal last moved from and to; it turns at `at`."""
    if not at.size:
        return np.sort([np.argmin(walked), np.argmax(walked)])
    last = int(at[-1])
    rises = walked[-1] > walked[last]  # since a turn the signal stays on one side of it
    since = np.argmax(walked[last:]) if rises else np.argmin(walked[last:])
    return np.array([last, last + since])
