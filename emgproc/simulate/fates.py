"""Who of a trial meets with what: one of each mishap, none, or drawn at given rates."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from emgproc.errors import ParameterError
from emgproc.simulate.scenario import DAYS_PER_MONTH, Fate, Mishaps, Scenario
from emgproc.study import SESSIONS

PER_ARM = 4  # the least in each arm for one of each mishap to fall on an infant of its own


def fates_of(
    treated: Sequence[bool], scenario: Scenario, seed: int, *, mishaps: bool | Mishaps
) -> list[Fate]:
    """The fate of each infant, in their order.

    Parameters
    ----------
    treated
        Whether each infant is treated.
    scenario
        Its deaths, if it consists of any, are drawn in the untreated.
    seed
        That of the study; these draws have streams of their own.
    mishaps
        True is one of each, False none; otherwise rates.

    Raises
    ------
    ParameterError
        One of each is wanted and there are fewer than four infants with or without treatment.
    """
    rates = mishaps if isinstance(mishaps, Mishaps) else Mishaps()
    drawn = []
    for number, arm in enumerate(treated, 1):
        hazard = rates.deaths_per_month + (0.0 if arm else scenario.control_deaths_per_month)
        drawn.append(_drawn(rates, hazard, np.random.default_rng((seed, number, 300))))
    return _one_of_each(treated, drawn) if mishaps is True else drawn


def _one_of_each(treated: Sequence[bool], fates: list[Fate]) -> list[Fate]:
    arms = [[i for i, arm in enumerate(treated) if arm == wanted] for wanted in (True, False)]
    if min(map(len, arms)) < PER_ARM:
        raise ParameterError(
            f"one of each mishap needs {PER_ARM} infants with and without treatment, the protocol "
            f"plans {len(arms[0])} and {len(arms[1])}; ask for no mishaps"
        )
    with_it, without = arms
    fates[without[-2]] = Fate(dies_early=True)
    fates[with_it[2]] = replace(fates[with_it[2]], clipped=(SESSIONS[-1],))
    fates[with_it[1]] = replace(fates[with_it[1]], late=True)
    fates[without[-3]] = replace(fates[without[-3]], other_therapy=True)
    return fates


def _drawn(rates: Mishaps, deaths_per_month: float, rng: np.random.Generator) -> Fate:
    """All draws are made whatever the rates, so that one rate leaves the other draws alone."""
    lives = rng.exponential()
    missed, failed = rng.random(len(SESSIONS)), rng.random(len(SESSIONS))
    death_day = None
    if deaths_per_month > 0:
        death_day = 1 + int(min(lives / deaths_per_month * DAYS_PER_MONTH, 1e6))
    visits = list(zip(SESSIONS, missed, failed, strict=True))
    return Fate(
        death_day=death_day,
        missed=tuple(s for s, u, _ in visits[1:] if u < rates.missed_visit),
        clipped=tuple(s for s, _, u in visits if u < rates.failed_recording),
    )
