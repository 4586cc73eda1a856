"""Signals of a grid with known discharges: potentials that travel along 8 mm of fibre a row."""

from typing import NamedTuple

import numpy as np

FS = 2048.0


class Mixture(NamedTuple):
    """Signal (channels, samples), trains in samples, potentials (units, channels, samples)."""

    x_uv: np.ndarray
    trains: list
    potentials: np.ndarray


def mixture(n_units=5, seconds=8.0, snr_db=20.0, seed=1, *, rows=8, cols=8):
    """Units under a grid of `rows` along the fibres, white noise added."""
    rng = np.random.default_rng(seed)
    potentials = np.stack([potential(rng, rows, cols) for _ in range(n_units)])
    trains = [train(rng, seconds) for _ in range(n_units)]
    x = np.zeros((rows * cols, int(seconds * FS)))
    for shape, at in zip(potentials, trains, strict=True):
        add(x, shape, at)
    noise = np.sqrt(x.var(axis=1).mean() / 10 ** (snr_db / 10))
    return Mixture(x + noise * rng.standard_normal(x.shape), trains, potentials)


def add(x, shape, at):
    half = shape.shape[1] // 2
    for t in at:
        x[:, t - half : t + half + 1] += shape


def train(rng, seconds, rate_pps=None, spread=0.13):
    """Gaussian intervals of at least 25 ms."""
    mean_s = 1 / (rate_pps or rng.uniform(8, 15))
    steps = np.maximum(0.025, mean_s * (1 + spread * rng.standard_normal(int(seconds * 60))))
    at = ((0.05 + np.cumsum(steps)) * FS).astype(int)
    return at[at < (seconds - 0.05) * FS]


def potential(rng, rows, cols, n=61):
    """A wave from the innervation zone to both ends, wider and flatter the deeper it lies."""
    t_ms = (np.arange(n) - n // 2) / FS * 1e3
    across = np.arange(cols) * 8.0 - rng.uniform(0, cols * 8)
    along = np.abs(np.arange(rows) * 8.0 - rng.uniform(0.2, 0.8) * rows * 8)
    depth, speed = rng.uniform(4, 12), rng.uniform(3.4, 4.8)
    width = rng.uniform(0.9, 1.7) * (1 + depth / 25)
    z = (t_ms - (along[:, None] / speed - 4)) / width
    wave = (1 - z**2) * np.exp(-(z**2) / 2)
    size = 40 * rng.lognormal(0, 0.4) * depth / (across**2 + depth**2) ** 0.9
    return (size[None, :, None] * wave[:, None, :]).reshape(rows * cols, n)
