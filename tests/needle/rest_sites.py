"""Simulated sites of a muscle at rest: ten of each class of spontaneous activity and ten mixed."""

import numpy as np

from emgproc.needle.spontaneous_settings import CLASSES
from emgproc.simulate.needle import NeedleSettings, Spontaneous, simulate_needle

NOISE_UV = (5.0, 8.0, 12.0, 20.0)
CONDITIONS = ("neurogenic", "neurogenic", "healthy")
REST_SMA = (
    "fibrillation", "fibrillation", "positive_sharp_wave", "fasciculation", "rhythmic_motor_unit",
)  # fmt: skip


def simulated_site(kinds, number, seed):
    """Recording and truth of a site with these sources; noise and muscle follow the number."""
    settings = NeedleSettings(
        condition=CONDITIONS[number % 3],
        spontaneous=tuple(Spontaneous(kind) for kind in kinds),
        inserted_s=None,
        noise_uv=NOISE_UV[number % 4],
    )
    return simulate_needle(settings, seed=seed)


def simulated_sites(seed):
    """Recording and truth of ten sites of each class and of ten mixed ones, in turn."""
    rng = np.random.default_rng(seed)
    drawn = [tuple(rng.choice(CLASSES, 3, replace=False).tolist()) for _ in range(10)]
    mixed = [kinds if i % 2 else REST_SMA for i, kinds in enumerate(drawn)]
    for n, kinds in enumerate([(kind,) for kind in CLASSES for _ in range(10)] + mixed):
        yield simulated_site(kinds, n % 10, (seed, n))
