"""Twenty units under a grid, by a generator of its own: nothing of it is in the package.

Stationary trains, potentials that travel along the fibres, white noise. Every package gets the
same samples, and how many of the units it finds is counted the same way for all.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from emgproc.motor_units import agreement

FS = 2048
SAMPLES = 61  # of a potential, 30 ms
FOUND, OWN = 0.9, 0.5  # of the discharges: a unit found, a train that is some unit's


class Mixture(NamedTuple):
    """Signal (channels, samples) and the samples at which each unit discharges."""

    x: np.ndarray
    trains: list[np.ndarray]


class Score(NamedTuple):
    """Units found, their mean Jaccard index, trains of no unit, trains of a unit found before."""

    found: int
    agreement: float
    false: int
    duplicates: int

    def __str__(self) -> str:
        return (
            f"{self.found} units found, mean agreement {self.agreement:.4f}, {self.false} false, "
            f"{self.duplicates} duplicates"
        )


def mixture(
    n_units: int = 20, seconds: float = 30.0, snr_db: float = 20.0, seed: int = 1, *,
    rows: int = 8, cols: int = 8, ied_mm: float = 8.0,
) -> Mixture:  # fmt: skip
    """Units under a grid of `rows` along the fibres."""
    rng = np.random.default_rng(seed)
    n = int(seconds * FS)
    across, along = (g.ravel() for g in np.meshgrid(np.arange(cols) * ied_mm,
                                                     np.arange(rows) * ied_mm))  # fmt: skip
    x = np.zeros((rows * cols, n))
    drive = np.cumsum(rng.standard_normal(int(seconds * 10) + 2))
    drive = np.interp(np.arange(n) / FS * 10, np.arange(drive.size),
                      drive / (np.abs(drive).max() + 1e-9))  # fmt: skip
    trains = []
    for _ in range(n_units):
        shape = _potential(rng, across, along, (cols * ied_mm, rows * ied_mm))
        train = _train(rng, drive, seconds)
        for t in train:
            first = t - SAMPLES // 2
            if 0 <= first <= n - SAMPLES:
                x[:, first : first + SAMPLES] += shape
        trains.append(train)
    power = x.var(axis=1).mean()
    x += rng.standard_normal(x.shape) * np.sqrt(power / 10 ** (snr_db / 10))
    return Mixture(x, trains)


def _potential(
    rng: np.random.Generator, across: np.ndarray, along: np.ndarray, size: tuple[float, float]
) -> np.ndarray:
    """Waves from the innervation zone both ways, and what stands still at the fibres' ends."""
    t_ms = (np.arange(SAMPLES) - SAMPLES // 2) / FS * 1e3
    x0, zone = rng.uniform(0, size[0]), rng.uniform(0.2, 0.8) * size[1]
    depth, speed, width = rng.uniform(4, 14), rng.uniform(3.4, 4.8), rng.uniform(0.9, 1.7)
    scale = np.exp(rng.normal(0, 0.45))
    half = rng.uniform(30, 55)
    height = scale * depth * 40 / ((across - x0) ** 2 + depth**2) ** 0.9 / 2
    side = np.sign(along - zone)
    z = (t_ms - (np.abs(along - zone)[:, None] / speed - 4)) / (width * (1 + depth / 25))
    wave = (1 - z**2) * np.exp(-(z**2) / 2)
    end = (t_ms - (half / speed - 4)) / (width * (1 + depth / 25) * 1.3)
    still = 0.12 * end * np.exp(-(end**2) / 2)
    shape = np.zeros((across.size, SAMPLES))
    for direction in (-1, 1):
        share = np.where(side == direction, 1.0, 0.35)
        shape += (height * share)[:, None] * wave
        shape -= height[:, None] * still
    return shape


def _train(rng: np.random.Generator, drive: np.ndarray, seconds: float) -> np.ndarray:
    rate, spread = rng.uniform(8, 17), rng.uniform(0.10, 0.18)
    t, train = rng.uniform(0, 0.1), []
    while t < seconds - 0.05:
        i = int(t * FS)
        if 40 < i < drive.size - 40:
            train.append(i)
        pps = rate * (1 + 0.12 * drive[min(i, drive.size - 1)])
        t += max(0.02, (1 / pps) * (1 + spread * rng.standard_normal()))
    return np.array(train)


def score(truth: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> Score:
    """Compare trains with the truth, within 1 ms at the best lag of up to 40 ms."""
    if not found:
        return Score(0, np.nan, 0, 0)
    table = np.array([[agreement(a, b, FS, 0.001, 0.04).jaccard for b in found] for a in truth])
    best, owned = table.max(axis=1), table.max(axis=0)
    good = best[best > FOUND]
    twins = (np.sum(table > OWN, axis=1) - 1).clip(min=0).sum()
    return Score(good.size, float(good.mean()) if good.size else np.nan,
                 int(np.sum(owned < OWN)), int(twins))  # fmt: skip
