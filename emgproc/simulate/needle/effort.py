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

SITE_MM = 2.0  # the tip of the needle lies within this distance of the muscle's axis
TRIES = 64
PICKUP_MM = 1.0  # units whose territories end farther off are not heard

Streams: TypeAlias = Callable[[int], np.random.Generator]


@dataclass(frozen=True, slots=True)
class Site:
    """Where the needle's tip is: in the muscle's cross-section, and from the endplates, mm."""

    x_mm: float
    y_mm: float
    endplates_mm: float


def draw_site(rng: np.random.Generator, muscle: Muscle, excitation: float) -> Site:
    """A site within 2 mm of the muscle's axis, 8–18 mm from the middle of its endplates.

    The examiner looks for a place where a unit is heard: of up to 64 places the first that lies
    in the territory of a unit that this excitation recruits, or the last.
    """
    radius, angle = SITE_MM * np.sqrt(rng.random(TRIES)), rng.uniform(0, 2 * np.pi, TRIES)
    across = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    active = muscle.thresholds <= excitation
    away = np.hypot(*(muscle.centres_mm[active] - across[:, None]).transpose(2, 0, 1))
    inside = (away < muscle.radii_mm[active]).any(axis=1)
    chosen = int(np.argmax(inside)) if inside.any() else TRIES - 1
    x, y = across[chosen]
    return Site(float(x), float(y), -float(rng.uniform(*ENDPLATE_MM)))


def excitation_of(levels: tuple[float, ...], duration_s: float) -> Floats:
    """Levels held one after another for equal times, on the grid of `DRIVE_HZ`."""
    n_steps = constant(0.0, duration_s).size
    return np.array(levels)[np.arange(n_steps) * len(levels) // n_steps]


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
    site = draw_site(rng, muscle, float(excitation.max()))
    trains = driven_trains(rng, muscle.thresholds, excitation)
    offsets = muscle.centres_mm - (site.x_mm, site.y_mm)
    heard = np.hypot(*offsets.T) <= muscle.radii_mm + PICKUP_MM
    found = []
    for number in np.flatnonzero(heard).tolist():
        train_s, kind, (x, y) = trains[number], muscle.kinds[number], offsets[number]
        if train_s.size == 0:
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
