"""How the signal is shaped: its distribution, and Hjorth's parameters.

Every function but the activity gives NaN for a constant: none of these has a value there.
"""

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats
from emgproc.features.amplitude import variance
from emgproc.features.samples import divided
from emgproc.features.sums import Powers, Steps, Sums, sums_of


def kurtosis(x: ArrayLike | Sums, fs: float) -> Floats:
    """Kurtosis after Pearson: fourth moment over squared variance; 3 for a Gaussian."""
    sums = sums_of(x, fs)
    powers, n = sums.of(Powers), sums.levels.n
    spread = divided(powers.scaled_2, n)
    return sums.shaped(divided(divided(powers.scaled_4, n), np.square(spread)))


def skewness(x: ArrayLike | Sums, fs: float) -> Floats:
    """Skewness: third moment over variance^1.5; 0 for a symmetric distribution."""
    sums = sums_of(x, fs)
    powers, n = sums.of(Powers), sums.levels.n
    spread = divided(powers.scaled_2, n)
    return sums.shaped(divided(divided(powers.scaled_3, n), spread**1.5))


def hjorth_activity(x: ArrayLike | Sums, fs: float) -> Floats:
    """Hjorth (1970) activity, µV²: the variance; 0 for a constant."""
    return variance(x, fs)


def hjorth_mobility(x: ArrayLike | Sums, fs: float) -> Floats:
    """Hjorth (1970) mobility, rad/sample: sqrt(var dx / var x) over valid neighbours."""
    sums = sums_of(x, fs)
    itself, first, _ = _variances(sums)
    return sums.shaped(np.sqrt(divided(first, itself)))


def hjorth_complexity(x: ArrayLike | Sums, fs: float) -> Floats:
    """Hjorth (1970) complexity: mobility of dx over mobility of x; 1 for a sine."""
    sums = sums_of(x, fs)
    itself, first, second = _variances(sums)
    return sums.shaped(np.sqrt(divided(second * itself, np.square(first))))


def _variances(sums: Sums) -> tuple[Floats, Floats, Floats]:
    """Variance of the signal, of its steps and of their steps; means removed, never below 0."""
    steps, levels = sums.of(Steps), sums.levels
    itself = divided(sums.of(Powers).square, levels.n)
    first = divided(steps.square, levels.pairs) - divided(steps.total, levels.pairs) ** 2
    second = divided(steps.bend_square, levels.triples) - divided(steps.bend, levels.triples) ** 2
    return itself, np.maximum(first, 0.0), np.maximum(second, 0.0)
