"""What a resolution of superposed potentials works with, and how one potential is placed.

A score is the correlation of the signal with a template at each sample; a potential that is
placed between two samples takes from all scores what the overlaps of the templates say.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats, Ints

PHASES = 16  # of a sample: where a potential can lie
LEAST_SCALE, MOST_SCALE = 0.7, 1.3  # of a template's size: what one discharge may differ from it
BEAM, BRANCHES, DEPTH = 16, 8, 8  # answers followed, ways on from each, discharges of an answer
TOGETHER = 6  # discharges that are taken out and resolved again at most

Counts = NDArray[np.int8]


class Bank(NamedTuple):
    """Templates as the search sees them.

    Attributes
    ----------
    overlaps
        (units, phases, units, 2·L − 1): what the first adds to the score of the second, by lag.
    energy, least
        Sum of squares of each template; least score of a discharge.
    refractory
        Samples about a discharge in which the unit has no other.
    cost
        What a discharge must explain beyond nothing, in squared noise SD.
    """

    overlaps: Floats
    energy: Floats
    least: Floats
    refractory: int
    cost: float


class Placed(NamedTuple):
    """Discharges by time, with room for more: unit, sample, phase, scale."""

    unit: Ints
    at: Ints
    phase: Ints
    scale: Floats
