"""Known units: their potentials are taken out of the signal, their trains found again without it.

The source of a unit is that of the signal from which all others are taken away. As the signal
without any unit is at hand, it is the source of that plus the unit's own response at its
discharges: one pass for sixteen units, and no discharge confirms itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from emgproc._kernels.decompose_plan import LANES
from emgproc.arrays import Ints
from emgproc.motor_units.decompose_quality import Pulses, pulses_of
from emgproc.motor_units.decompose_signal import (
    Mixture,
    Values,
    extended_covariance,
    factor_of,
    filters_of,
    mean_run,
    sources_of,
    take_away,
)


@dataclass(slots=True, eq=False)
class Unit:
    """A unit that is being followed.

    Attributes
    ----------
    train
        Rows of the mixture at which it discharges: the first of the R samples in which its
        potential has most power.
    waveform
        Its potential, (2 · half + 1, m), around the discharge.
    sil, limit
        Of its pulses.
    source
        Its source, cleaned of the other units.
    filter, whole
        Filter of that source, and of the unit's source in the signal as it is.
    """

    train: Ints
    waveform: Values
    sil: float = 0.0
    limit: float = 0.0
    source: Values = field(default_factory=lambda: np.empty(0, np.float32))
    filter: Values = field(default_factory=lambda: np.empty(0, np.float32))
    whole: Values = field(default_factory=lambda: np.empty(0, np.float32))


def adopted(mixture: Mixture, pulses: Pulses) -> Unit:
    """Unit with these pulses; its potential is taken away from the signal."""
    train = pulses.train + _shift_to_power(mixture, pulses.train)
    waveform = mean_run(mixture, train - mixture.half, mixture.length)
    take_away(mixture, train, waveform)
    return Unit(train, waveform, pulses.sil, pulses.limit)


def put_back(mixture: Mixture, units: Sequence[Unit]) -> None:
    """Add the potentials of units to the signal again."""
    for unit in units:
        take_away(mixture, unit.train, -unit.waveform)


def _shift_to_power(mixture: Mixture, train: Ints) -> int:
    """Samples from an extended row to the first of the R samples with the greatest power."""
    reach, r = 2 * mixture.half, mixture.n_delays
    run = mean_run(mixture, train - reach, 2 * reach + r)
    power = np.convolve(np.square(run).sum(axis=1, dtype=np.float64), np.ones(r), "valid")
    return int(power.argmax()) - reach


def polish(mixture: Mixture, units: Sequence[Unit], level: float, threads: int = 1) -> Values:
    """Follow every unit again in the signal without the others; return the covariance's factor.

    Potentials take in what is left of them at the discharges, filters fit the signal without any
    unit, trains are new, and the signal is left without the new ones.
    """
    for unit in units:
        missing = mean_run(mixture, unit.train - mixture.half, mixture.length)
        take_away(mixture, unit.train, missing)
        unit.waveform = unit.waveform + missing
    factor = factor_of(extended_covariance(mixture, threads), level)
    trains = []
    for first in range(0, len(units), LANES):
        group = units[first : first + LANES]
        rows = [row_of(mixture, unit.waveform) for unit in group]
        filters = filters_of(factor, in_lanes(rows))
        for unit, column in zip(group, filters.T, strict=False):
            unit.filter = column.copy()
        trains += _followed(mixture, group, filters, threads)
    for unit, train in zip(units, trains, strict=True):
        retrain(mixture, unit, train)
    return factor


def train_on_whole(mixture: Mixture, units: Sequence[Unit], factor: Values) -> None:
    """Give each unit its filter for the signal as it is; `factor` is of that signal."""
    for first in range(0, len(units), LANES):
        group = units[first : first + LANES]
        filters = filters_of(factor, in_lanes([row_of(mixture, unit.waveform) for unit in group]))
        for unit, column in zip(group, filters.T, strict=False):
            unit.whole = column.copy()


def _followed(
    mixture: Mixture, group: Sequence[Unit], filters: Values, threads: int
) -> list[Ints]:
    sources = cleaned_sources(mixture, group, filters, threads)
    found = pulses_of(sources, mixture.fs, threads, [unit.train for unit in group])
    for unit, source, pulses in zip(group, sources, found, strict=True):
        unit.source, unit.sil, unit.limit = source, pulses.sil, pulses.limit
    return [pulses.train for pulses in found]


def cleaned_sources(
    mixture: Mixture, group: Sequence[Unit], filters: Values, threads: int = 1
) -> Values:
    """Sources of up to sixteen units, each of the signal without the others."""
    from emgproc._kernels.decompose_trains import add_response  # numba, loaded when first used

    sources = sources_of(mixture, filters, threads)[: len(group)]
    for unit, source, column in zip(group, sources, filters.T, strict=False):
        first = unit.train - mixture.half - mixture.n_delays + 1
        add_response(source, first, response_of(mixture, unit.waveform, column))
    sources[:, ~mixture.usable] = 0.0
    return sources


def response_of(mixture: Mixture, waveform: Values, column: Values) -> Values:
    """Source of the potential alone, from the first extended row that touches it on."""
    r, m = mixture.n_delays, mixture.m
    padded = np.pad(waveform, ((r - 1, r - 1), (0, 0))).reshape(-1)
    rows = np.lib.stride_tricks.sliding_window_view(padded, r * m)[::m]
    response: Values = rows @ column
    return response


def row_of(mixture: Mixture, waveform: Values) -> Values:
    """Extended row of a potential at the discharge."""
    return waveform[mixture.half : mixture.half + mixture.n_delays].reshape(-1)


def in_lanes(columns: Sequence[Values]) -> Values:
    """Columns side by side, and columns of zeros that make sixteen."""
    lanes = np.zeros((columns[0].size, LANES), np.float32)
    for lane, column in enumerate(columns):
        lanes[:, lane] = column
    return lanes


def retrain(mixture: Mixture, unit: Unit, train: Ints) -> None:
    """Give a unit another train; the signal stays without its discharges."""
    take_away(mixture, np.setdiff1d(unit.train, train), -unit.waveform)
    take_away(mixture, np.setdiff1d(train, unit.train), unit.waveform)
    unit.train = train
