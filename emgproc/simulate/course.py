"""What becomes of a muscle's motor units between the first visit and the last."""

from dataclasses import replace

import numpy as np

from emgproc.simulate.pool import Pool, draw_pool
from emgproc.simulate.trial import InfantDesign, StudyDesign

WIDTH_EXPONENT = 0.2  # λ of a potential grows with its unit's size to this power (`draw_pool`)
WIDEST_S = 0.005


def pool_of(design: StudyDesign, infant: InfantDesign, position: int, group: int) -> Pool:
    """Living units of a muscle: at the last visit the untreated lose, the treated as they may.

    Parameters
    ----------
    design, infant
        The study and one infant of it.
    position
        The visit, from 0.
    group
        The muscle, as the protocol counts them from 0.
    """
    rng = np.random.default_rng((design.seed, infant.number, 100 + group))
    n = int(rng.integers(8, 15))
    pool = draw_pool(rng, n, n_at_onset=n, rhythmic_share=rng.uniform(0.15, 0.4))
    scenario = design.scenario
    regained = max(round(n * (scenario.unit_gain - 1)), 0)
    others = draw_pool(rng, max(regained, 1), n_at_onset=n, rhythmic_share=0.0)
    lost = int(rng.integers(0, 3))
    if position < len(infant.visits) - 1:
        return pool
    if not infant.treated or scenario.unit_gain == 1:
        return pool.first(n - lost)
    if regained:
        return pool.plus(others)
    left = pool.first(round(n * scenario.unit_gain))
    if scenario.size_gain > 1:
        left = enlarged(left, pool.cmap_uv * scenario.cmap_gain / left.cmap_uv)
    return more_rhythmic(left, rng, scenario.rhythmic_added)


def enlarged(pool: Pool, factor: float) -> Pool:
    """The pool with every unit larger: its size times `factor`, its potential wider.

    This is reinnervation: the units that live take over the fibres of those that died.
    """
    wider = np.minimum(pool.width_s * factor**WIDTH_EXPONENT, WIDEST_S)
    return replace(pool, smup_uv=pool.smup_uv * factor, width_s=wider)


def more_rhythmic(pool: Pool, rng: np.random.Generator, share: float) -> Pool:
    """The pool with a further `share` of its units rhythmic, 5–15 Hz; one stays driven."""
    driven = np.flatnonzero(~pool.rhythmic)
    n_turned = min(round(share * pool.n_units), max(driven.size - 1, 0))
    turned = driven[rng.permutation(driven.size)][:n_turned]
    rhythmic, rhythm_hz = pool.rhythmic.copy(), pool.rhythm_hz.copy()
    rhythmic[turned] = True
    rhythm_hz[turned] = rng.uniform(5.0, 15.0, turned.size)
    return replace(pool, rhythmic=rhythmic, rhythm_hz=rhythm_hz)
