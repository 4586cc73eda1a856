"""What the kernels of the decomposition and those who call them agree on."""

from typing import NamedTuple

import numpy as np

from emgproc._kernels.fft_plan import Plan, plan_of

LANES = 16  # filters that advance together, of float32
SEGMENTS = 8  # transformed at a time: a block, whose spectra stay in the cache


class Overlap(NamedTuple):
    """Segments of a signal, each with the samples after it that a filter reaches from it.

    Attributes
    ----------
    hop
        Samples from a segment to the next.
    plan
        Tables of the complex transform of `n` points.
    """

    hop: int
    plan: Plan

    @property
    def n(self) -> int:
        """Samples that are transformed: `hop`, and as many as a filter reaches further."""
        return int(self.plan.places.size)

    @property
    def block(self) -> int:
        """Samples of a block, a multiple of `LANES`."""
        return SEGMENTS * self.hop


def overlap_of(n_delays: int) -> Overlap:
    """Segments 4 to 8 times as long as a filter, at least 64: few products, tables that stay near.

    The hop is even, so that a block is a multiple of `LANES`.
    """
    n = max(64, 2 ** (4 * n_delays - 1).bit_length())
    return Overlap((n - n_delays + 1) // 2 * 2, plan_of(2 * n, np.dtype(np.float32)))
