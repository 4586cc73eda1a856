"""Cascades of second-order sections: the passes of `_sections.py` one after another."""

from emgproc._kernels._jit import kernel
from emgproc._kernels._sections import (
    band_1,
    band_2,
    band_4,
    general_1,
    general_2,
    notch_1,
    notch_2,
    notch_4,
    notch_5,
)
from emgproc._kernels._simd_interpreted import LANES
from emgproc._kernels.filter_plan import BAND, NOTCH
from emgproc.arrays import Floats, Ints


@kernel
def one_pass(
    kind: int,
    size: int,
    x: Floats,
    i: int,
    y: Floats,
    j: int,
    step: int,
    n: int,
    c: Floats,
    states: Floats,
    k: int,
) -> None:
    """The pass for `size` sections of a kind, from section `k` on."""
    if kind == BAND:
        if size == 4:
            band_4(x, i, y, j, step, n, c, states, k)
        elif size == 2:
            band_2(x, i, y, j, step, n, c, states, k)
        else:
            band_1(x, i, y, j, step, n, c, states, k)
    elif kind == NOTCH:
        if size == 5:
            notch_5(x, i, y, j, step, n, c, states, k)
        elif size == 4:
            notch_4(x, i, y, j, step, n, c, states, k)
        elif size == 2:
            notch_2(x, i, y, j, step, n, c, states, k)
        else:
            notch_1(x, i, y, j, step, n, c, states, k)
    elif size == 2:
        general_2(x, i, y, j, step, n, c, states, k)
    else:
        general_1(x, i, y, j, step, n, c, states, k)


@kernel
def run(
    x: Floats,
    i: int,
    y: Floats,
    j: int,
    step: int,
    n: int,
    passes: Ints,
    coefficients: Floats,
    states: Floats,
) -> None:
    """The passes over `n` rows, from row `i` of `x` to row `j` of `y`, then on by `step`."""
    for p in range(passes.shape[0]):
        kind, size, k = passes[p, 0], passes[p, 1], passes[p, 2]
        if p == 0:
            one_pass(kind, size, x, i, y, j, step, n, coefficients, states, k)
        else:
            one_pass(kind, size, y, j, y, j, step, n, coefficients, states, k)


@kernel
def cascade(
    x: Floats,
    i: int,
    y: Floats,
    j: int,
    step: int,
    n: int,
    starts: Ints,
    here: int,
    passes: Ints,
    coefficients: Floats,
    steady: Floats,
    states: Floats,
) -> None:
    """All sections over `n` rows, from row `i` of `x` to row `j` of `y`, then on by `step`.

    The walk begins at place `here`, rows are counted on from there. A lane is set, at place
    `starts[lane]` if the walk meets it, as if what it holds there had always been. `steady` holds
    the states for a constant input of 1 to the cascade.
    """
    done = 0
    while done < n:
        stop = n
        for lane in range(LANES):
            ahead = starts[lane] - here
            if ahead == done:
                v = x[(i + step * done) * LANES + lane]
                for k in range(steady.size):
                    states[k * LANES + lane] = steady[k] * v
            elif done < ahead < stop:
                stop = ahead
        a, b = i + step * done, j + step * done
        run(x, a, y, b, step, stop - done, passes, coefficients, states)
        done = stop
