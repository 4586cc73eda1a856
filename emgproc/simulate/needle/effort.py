"""Motor units that a needle hears while the muscle is made to contract."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from emgproc.arrays import Floats
from emgproc.simulate.drive import constant, driven_trains
from emgproc.simulate.needle.fibres import View
from emgproc.simulate.needle.muscle import Muscle
from emgproc.simulate.needle.spontaneous import ENDPLATE_MM
from emgproc.simulate.needle.truth import VOLUNTARY, Firing, Identity, SourceTruth, source_truth
from emgproc.simulate.needle.unit import draw_unit

SITE_MM = 3.0  # the tip of the needle lies within this distance of the muscle's axis
PICKUP_MM = 1.0  # units whose territories end farther off are not heard

Streams: TypeAlias = Callable[[int], np.random.Generator]


@dataclass(frozen=True, slots=True)
class Site:
    """Where the needle's tip is: in the muscle's cross-section, and from the endplates, mm."""

    x_mm: float
    y_mm: float
    endplates_mm: float


def draw_site(rng: np.random.Generator) -> Site:
    """A site within 3 mm of the muscle's axis, 8–18 mm from the middle of its endplates."""
    radius, angle = SITE_MM * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
    across = float(radius * np.cos(angle)), float(radius * np.sin(angle))
    return Site(*across, -float(rng.uniform(*ENDPLATE_MM)))


def excitation_of(levels: tuple[float, ...], duration_s: float) -> Floats:
    """Levels held one after another for equal times, on the grid of `DRIVE_HZ`."""
    return np.concatenate([constant(level, duration_s / len(levels)) for level in levels])


def voluntary_sources(
    rng: np.random.Generator,
    muscle: Muscle,
    view: View,
    excitation: Floats,
    unit_stream: Streams,
) -> tuple[SourceTruth, ...]:
    """Every unit near enough to be heard that discharges at least once.

    Parameters
    ----------
    rng
        Source of randomness of this site.
    muscle
        Its units.
    view
        What records them.
    excitation
        On the grid of `DRIVE_HZ`.
    unit_stream
        Source of randomness of a unit by its number: its fibres are the same at every site.
    """
    site = draw_site(rng)
    trains = driven_trains(rng, muscle.thresholds, excitation)
    found = []
    for number, (kind, train_s) in enumerate(zip(muscle.kinds, trains, strict=True)):
        x, y = muscle.centres_mm[number] - (site.x_mm, site.y_mm)
        if train_s.size == 0 or np.hypot(x, y) > kind.territory_mm / 2 + PICKUP_MM:
            continue
        centre = float(x), float(y), site.endplates_mm
        size = float(muscle.sizes[number])
        fibres, potential = draw_unit(unit_stream(number), kind, view, centre, size)
        span = float(train_s[0]), float(train_s[-1])
        rate_hz = (train_s.size - 1) / (span[1] - span[0]) if train_s.size > 1 else 0.0
        firing = Firing(train_s, rate_hz, float("nan"), (span,))
        identity = Identity(VOLUNTARY, number, kind.name)
        found.append(source_truth(rng, identity, fibres, potential, firing))
    return tuple(found)
