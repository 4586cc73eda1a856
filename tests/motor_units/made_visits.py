"""Visits of a muscle whose units are known: simple travelling potentials, and simulated grids."""

from dataclasses import replace

import numpy as np

from emgproc.motor_units import GridPotentials
from emgproc.simulate.grid import Electrodes, Growth, draw_muscle, grown, surface_muaps

FS = 2048.0
WIDTH = 102


def made_muscle(rng, n_units):
    """Of four bundles of each unit, (n_units, 4, 3): endplate row, column, share of fibres.

    Of each unit also, (n_units, 4, 2): samples per electrode, duration; all in electrodes.
    """
    centre = np.stack([rng.uniform(1.0, 6.0, n_units), rng.uniform(0.0, 7.0, n_units)], axis=1)
    places = centre[:, None] + rng.normal(0.0, 0.8, (n_units, 4, 2))
    times = np.stack([rng.uniform(2.5, 4.5, n_units), rng.uniform(2.0, 4.0, n_units)], axis=1)
    shares = rng.uniform(0.2, 1.0, (n_units, 4, 1))
    return np.concatenate((places, shares, np.repeat(times[:, None], 4, axis=1)), axis=2)


def made_potentials(units, shift=(0.0, 0.0), shape=(8, 8), n=64):
    """Both fronts of each bundle run away from its endplate; the grid has been shifted."""
    rows, cols = np.meshgrid(*(np.arange(size, dtype=float) for size in shape), indexing="ij")
    t = np.arange(n) - 16.0
    out = np.zeros((len(units), *shape, n))
    for number, bundles in enumerate(units):
        for row, col, share, slowness, duration in bundles:
            far = np.abs(rows - row - shift[0])
            late = (t - (slowness * far)[..., None]) / duration
            across = share * np.exp(-0.5 * ((cols - col - shift[1]) / 1.2) ** 2)
            out[number] += 30.0 * across[..., None] * (1 - late**2) * np.exp(-0.5 * late**2)
    return out


def altered(rng, potentials, noise_uv=0.3):
    """Each potential up to 20 % larger or smaller and up to 2 ms later, with noise."""
    gains = rng.uniform(0.8, 1.2, (len(potentials), 1, 1, 1))
    lags = rng.integers(-4, 5, len(potentials))
    later = np.array([np.roll(p, lag, axis=2) for p, lag in zip(potentials, lags, strict=True)])
    return gains * later + rng.normal(0.0, noise_uv, potentials.shape)


def half_common(rng, n_units, each, common):
    """Numbers of the units found at two visits, in no order."""
    chosen = rng.permutation(n_units)[: 2 * each - common]
    return chosen[:each], rng.permutation(chosen[each - common :])


def made_visits(seed, *, each=10, common=5):
    """Two visits, the units found at each, and the shift in electrode distances."""
    rng = np.random.default_rng(seed)
    muscle = made_muscle(rng, 2 * each - common)
    found = half_common(rng, len(muscle), each, common)
    shift = tuple(rng.uniform(-1.0, 1.0, 2).tolist())
    visits = [
        GridPotentials(altered(rng, made_potentials(muscle[ids], by)), FS, 8.0)
        for ids, by in zip(found, ((0.0, 0.0), shift), strict=True)
    ]
    return visits, found, shift


def simulated_visits(seed, settings, *, each=12, common=6, growth=None):
    """The same of `emgproc.simulate.grid`: of a muscle the stronger half, which can be found."""
    rng = np.random.default_rng(seed)
    n_units = 3 * (2 * each - common)
    muscle = draw_muscle(replace(settings.anatomy, n_units=n_units), seed)
    shift = rng.uniform(-1.0, 1.0, 2)
    ied_mm = settings.electrodes.ied_mm
    seen = []
    for by, change in (((0.0, 0.0), Growth()), (shift, growth or Growth())):
        places = Electrodes(
            rows=8, cols=8, ied_mm=ied_mm, diameter_mm=1.0,
            shift_mm=(-by[1] * ied_mm, -by[0] * ied_mm),
        )  # fmt: skip
        potentials = surface_muaps(grown(muscle, change), places, FS)[:, :, : WIDTH - 16]
        room = WIDTH - potentials.shape[2]
        padded = np.pad(potentials, ((0, 0), (0, 0), (8, room - 8)))
        seen.append(padded.reshape(n_units, 8, 8, WIDTH))
    strong = np.argsort(-np.square(seen[0]).sum(axis=(1, 2, 3)))[: n_units // 2]
    found = [strong[numbers] for numbers in half_common(rng, len(strong), each, common)]
    visits = [
        GridPotentials(altered(rng, all_units[ids]), FS, ied_mm)
        for all_units, ids in zip(seen, found, strict=True)
    ]
    return visits, found, tuple(shift.tolist())
