"""One potential among the scores of all templates: placed between samples, taken out, sorted."""

import numpy as np

from emgproc._kernels._jit import kernel
from emgproc._kernels.needle_plan import LEAST_SCALE, MOST_SCALE, PHASES, Bank, Counts, Placed
from emgproc.arrays import Floats


@kernel
def place(row: Floats, i: int, energy: float) -> tuple[int, float, float]:
    """Phase, scale and what is explained (half the fall of the squared error) at sample `i`."""
    offset, peak = 0.0, row[i]
    if 0 < i < row.size - 1:
        bend = row[i - 1] - 2 * row[i] + row[i + 1]
        if bend < 0:
            slope = row[i - 1] - row[i + 1]
            offset = min(max(0.5 * slope / bend, -0.5), 0.5)
            peak = row[i] - 0.25 * slope * offset
    phase = min(int(np.rint(offset * PHASES)) + PHASES // 2, PHASES - 1)
    scale = min(max(peak / energy, LEAST_SCALE), MOST_SCALE)
    return phase, scale, scale * peak - 0.5 * scale * scale * energy


@kernel
def put(
    scores: Floats, silent: Counts, bank: Bank, unit: int, at: int, phase: int, scale: float,
    sign: int,
) -> None:  # fmt: skip
    """Take a discharge out of all scores (sign 1) or put it back (−1)."""
    length = (bank.overlaps.shape[3] + 1) // 2
    n = scores.shape[1]
    lo, hi = max(0, at - length + 1), min(n, at + length)
    weight = sign * scale
    for j in range(scores.shape[0]):
        near = scores[j, lo:hi]
        taken = bank.overlaps[unit, phase, j, lo - at + length - 1 : hi - at + length - 1]
        for t in range(near.size):
            near[t] -= weight * taken[t]
    for t in range(max(0, at - bank.refractory), min(n, at + bank.refractory + 1)):
        silent[unit, t] += sign


@kernel
def in_order(placed: Placed, n: int) -> None:
    """Sort the first `n` discharges by time; insertion, for they nearly are."""
    unit, at, phase, scale = placed
    for i in range(1, n):
        j = i
        while j > 0 and at[j] < at[j - 1]:
            at[j], at[j - 1] = at[j - 1], at[j]
            unit[j], unit[j - 1] = unit[j - 1], unit[j]
            phase[j], phase[j - 1] = phase[j - 1], phase[j]
            scale[j], scale[j - 1] = scale[j - 1], scale[j]
            j -= 1


@kernel
def reaches(row: Floats, least: float) -> bool:
    """Tell whether any score is at least `least`; one comparison each, many at once."""
    n = 0
    for i in range(row.size):
        n += row[i] >= least
    return n > 0
