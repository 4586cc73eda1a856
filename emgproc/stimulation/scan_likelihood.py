"""How likely a CMAP scan is if given motor units made it.

The model of MScanFit (Bostock 2016, Muscle Nerve 53:889): unit i of amplitude a_i answers a
stimulus I with the probability p_i = Φ((I / t_i − 1) / s), t_i its threshold and s the relative
spread of all thresholds; a response is the sum of the units that answer and Gaussian noise.
Bostock compares scans of the model with the one recorded; here the probability of each response y
is exact, from its characteristic function:

    L(y) = 1/π Re ∫₀^∞ exp(−iωy − ω²σ²/2) Π_i (1 − p_i + p_i exp(iω a_i)) dω.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.special import ndtr

from emgproc.arrays import Floats, Ints

Complexes = NDArray[np.complex128]

CERTAIN_SDS = 3.3  # of the threshold: beyond, a unit answers always or never
HIGHEST_SDS = 4.0  # ω up to 4 / σ: exp(−8) is left
PERIOD_SPREADS = 3.0  # responses this much apart are told apart: of their scatter about the mean …
PERIOD_SDS = 30.0  # … and of the noise
OUTLIERS = 1e-3  # of responses, anywhere in the range
LEAST_OF_SCATTER, LEAST_OF_NOISE, LEAST_OF_RANGE = 1e-3, 0.05, 1e-4  # noise that is told apart


class Units(NamedTuple):
    """Motor units by rising threshold.

    Attributes
    ----------
    size_mv, threshold_ma
        Amplitude, mV, and threshold, mA, of each, shape (n_units,).
    spread
        SD of all thresholds as a share of them.
    """

    size_mv: Floats
    threshold_ma: Floats
    spread: float

    @property
    def n(self) -> int:
        """Number of units."""
        return int(self.size_mv.size)

    def part(self, start: int, stop: int) -> "Units":
        """Units [start, stop)."""
        return Units(self.size_mv[start:stop], self.threshold_ma[start:stop], self.spread)

    def replaced(self, start: int, stop: int, by: "Units") -> "Units":
        """These units with others in place of [start, stop)."""
        return joined([self.part(0, start), by, self.part(stop, self.n)])


def joined(parts: Sequence[Units]) -> Units:
    """All units of several lists, by rising threshold; the spread is that of the first."""
    sizes = np.concatenate([part.size_mv for part in parts])
    thresholds = np.concatenate([part.threshold_ma for part in parts])
    order = np.argsort(thresholds, kind="stable")
    return Units(sizes[order], thresholds[order], parts[0].spread)


def _summed(x: Complexes, weight: Complexes) -> Complexes:
    """Σ over the frequencies, shape (n,)."""
    # Not a matrix product: that one's order of addition depends on the library's threads.
    return np.asarray(np.einsum("sf,f->s", x, weight))


class _Alternating(NamedTuple):
    """Where one unit is in doubt: stimuli, frequencies, and its factor there."""

    unit: int
    rows: slice
    columns: slice
    z: Floats
    chance: Floats
    turn: Complexes
    factor: Complexes


@dataclass(frozen=True, slots=True, eq=False)
class Likelihood:
    """Responses by rising stimulus, ready for any units.

    Attributes
    ----------
    stimulus_ma, sd_mv
        Strength, mA, and noise SD, mV, of each response, shape (n,).
    frequency
        ω, rad/mV, evenly from 0 on, shape (n_frequencies,).
    transform
        Characteristic function of noise − response, and of units that are not asked about, shape
        (n, n_frequencies); its first column counts half.
    floor
        Likelihood of an outlier, 1/mV.
    """

    stimulus_ma: Floats
    sd_mv: Floats
    frequency: Floats
    transform: Complexes
    floor: float

    @classmethod
    def of(cls, stimulus_ma: Floats, response_mv: Floats, sd_mv: Floats) -> "Likelihood":
        """Likelihood of responses (by rising stimulus) whose noise has these SDs.

        Noise below 1/1000 of the scatter about the mean, 1/20 of the largest noise or 1/10000 of
        the range is taken as that: finer, ω would have no end.
        """
        scatter = float(np.abs(response_mv - isotonic_regression(response_mv).x).max())
        extent = float(np.ptp(response_mv))
        least = max(
            LEAST_OF_SCATTER * scatter, LEAST_OF_NOISE * float(sd_mv.max()),
            LEAST_OF_RANGE * extent,
        )  # fmt: skip
        sd = np.maximum(sd_mv, least)
        period = PERIOD_SPREADS * scatter + PERIOD_SDS * float(sd.max())
        step = 2 * np.pi / period
        n = int(np.ceil(HIGHEST_SDS / float(sd.min()) / step)) + 1
        frequency = np.asarray(step * np.arange(n), np.float64)
        transform = np.exp(
            -0.5 * np.square(sd[:, None] * frequency) - 1j * response_mv[:, None] * frequency
        )
        transform[:, 0] *= 0.5
        return cls(stimulus_ma, sd, frequency, transform, OUTLIERS / extent)

    def within(self, start: int, stop: int, others: Units) -> "Likelihood":
        """The same of the responses [start, stop), with other units taken as given."""
        rows = slice(start, stop)
        part = Likelihood(
            self.stimulus_ma[rows], self.sd_mv[rows], self.frequency, self.transform[rows],
            self.floor,
        )  # fmt: skip
        transform, _ = part._through(others)
        return Likelihood(part.stimulus_ma, part.sd_mv, self.frequency, transform, self.floor)

    def rows_of(self, units: Units) -> tuple[int, int]:
        """First response and one beyond the last at which any of the units is in doubt."""
        reach = CERTAIN_SDS * units.spread
        edges = [units.threshold_ma.min() * (1 - reach), units.threshold_ma.max() * (1 + reach)]
        start, stop = np.searchsorted(self.stimulus_ma, edges)
        return int(start), int(stop)

    def cost(self, units: Units) -> float:
        """−Σ ln L."""
        transform, _ = self._through(units)
        return float(-np.log(self._density(transform)).sum())

    def cost_and_slope(self, units: Units) -> tuple[float, Floats]:
        """−Σ ln L and its slope along ln a (n_units), ln t (n_units) and ln s (1)."""
        transform, parts = self._through(units)
        density = self._density(transform)
        step = self.frequency[1]
        per_density = np.where(density > self.floor, -step / np.pi / density, 0.0)
        along_sum = -per_density * (transform.imag * self.frequency).sum(axis=1)
        # A unit adds to every response above where it is in doubt.
        above = np.append(np.cumsum(along_sum[::-1])[::-1], 0.0)
        slope = np.zeros(2 * units.n + 1)
        slope[: units.n] = units.size_mv * above[self._after(units)]
        for part in parts:
            i, rows, columns = part.unit, part.rows, part.columns
            others = transform[rows, columns] / part.factor
            weight = per_density[rows]
            answered = _summed(others, part.turn * self.frequency[columns]).imag
            along_chance = weight * _summed(others, part.turn - 1).real
            along_z = along_chance * np.exp(-0.5 * part.z**2) / np.sqrt(2 * np.pi)
            relative = self.stimulus_ma[rows] / (units.spread * units.threshold_ma[i])
            slope[i] -= units.size_mv[i] * (weight * part.chance * answered).sum()
            slope[units.n + i] = -(along_z * relative).sum()
            slope[-1] -= (along_z * part.z).sum()
        return float(-np.log(density).sum()), slope

    def _through(self, units: Units) -> tuple[Complexes, list[_Alternating]]:
        """Characteristic function with the units in it, and where each is in doubt."""
        after = self._after(units)
        first = np.searchsorted(
            self.stimulus_ma, units.threshold_ma * (1 - CERTAIN_SDS * units.spread)
        )
        certain = np.zeros(self.stimulus_ma.size + 1)
        np.add.at(certain, after, units.size_mv)
        # Most stimuli are answered for certain by the same units as the one before.
        edges = np.append(np.flatnonzero(certain[:-1]), self.stimulus_ma.size)
        edges = np.unique(np.append(0, edges))
        levels = np.cumsum(certain)[edges[:-1]]
        turned = np.exp(1j * levels[:, None] * self.frequency)
        transform = self.transform * np.repeat(turned, np.diff(edges), axis=0)
        parts = [
            self._alternating(units, int(i), slice(int(first[i]), int(after[i])))
            for i in np.flatnonzero(first < after)
        ]
        for part in parts:
            transform[part.rows, part.columns] *= part.factor
        return transform, parts

    def _after(self, units: Units) -> Ints:
        """First response that each unit is certain to be in."""
        reach = 1 + CERTAIN_SDS * units.spread
        return np.searchsorted(self.stimulus_ma, units.threshold_ma * reach)

    def _alternating(self, units: Units, i: int, rows: slice) -> _Alternating:
        z = (self.stimulus_ma[rows] / units.threshold_ma[i] - 1) / units.spread
        chance = ndtr(z)
        least_sd = float(self.sd_mv[rows].min())
        columns = slice(0, int(HIGHEST_SDS / least_sd / float(self.frequency[1])) + 2)
        turn = np.exp(1j * self.frequency[columns] * units.size_mv[i])
        return _Alternating(i, rows, columns, z, chance, turn, 1 + chance[:, None] * (turn - 1))

    def _density(self, transform: Complexes) -> Floats:
        """L of each response, 1/mV, never below that of an outlier."""
        density = transform.real.sum(axis=1) * self.frequency[1] / np.pi
        return np.asarray(np.maximum(density, 0.0) + self.floor)
