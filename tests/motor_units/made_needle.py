"""Intramuscular signals with known discharges; SYNTHETIC: potentials of `emgproc.simulate`."""

from typing import NamedTuple

import numpy as np

from emgproc.simulate.needle.amplifier import NeedleAmplifier
from emgproc.simulate.needle.electrode import concentric
from emgproc.simulate.needle.fibres import View
from emgproc.simulate.needle.potential import add_discharges, draw_played
from emgproc.simulate.needle.unit import HEALTHY, draw_unit

FS = 25_000.0


class NeedleMixture(NamedTuple):
    """Signal (n_channels, n_samples), trains in samples, peaks (n_units,) in noise SD."""

    x_uv: np.ndarray
    trains: list
    peaks_sd: np.ndarray


def needle_mixture(n_units=5, seconds=20.0, snr_db=20.0, seed=1, *, n_channels=1, fs=FS):
    """Units about a needle, each fibre with its jitter; white noise added.

    SNR is the mean power of the signal over that of the noise, over all channels; a unit's peak
    is that on the channel where it is largest.
    """
    rng = np.random.default_rng((seed, n_units))
    x = np.zeros((n_channels, round(seconds * fs)))
    trains, peaks = [], []
    for _ in range(n_units):
        train_s = train(rng, seconds)
        trains.append(np.rint(train_s * fs).astype(np.int64))
        places = rng.uniform(0.1, 1.3, n_channels)
        rows = zip(x, places, strict=True)
        peaks.append(max(_add_unit(rng, row, train_s, y, fs) for row, y in rows))
    noise = np.sqrt(np.square(x).mean() / 10 ** (snr_db / 10))
    x += noise * rng.standard_normal(x.shape)
    return NeedleMixture(x, trains, np.array(peaks) / noise)


def train(rng, seconds, rate_pps=None, spread=0.15):
    """Discharge times, s: Gaussian intervals of at least 25 ms."""
    mean_s = 1 / (rate_pps or rng.uniform(8, 15))
    steps = np.maximum(0.025, mean_s * (1 + spread * rng.standard_normal(int(seconds * 60))))
    at = rng.uniform(0.02, 0.1) + np.cumsum(steps)
    return at[at < seconds - 0.05]


def _add_unit(rng, row, train_s, away_mm, fs):
    """Add a unit whose territory's middle is that far away; return its peak, µV."""
    view = View(concentric(), NeedleAmplifier(10.0, 8_000.0), fs)
    angle = rng.uniform(0, 2 * np.pi)
    centre = away_mm * np.cos(angle), away_mm * np.sin(angle), rng.uniform(-18.0, -8.0)
    _, potential = draw_unit(rng, HEALTHY, view, centre)
    add_discharges(row, potential, train_s, draw_played(rng, potential, train_s.size))
    return np.abs(potential.template_uv).max()
