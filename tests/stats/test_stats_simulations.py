"""The specification's simulated powers, drawn again: they tell which analysis is primary."""

import math

import numpy as np
import pytest
from stats_cases import ARM

from emgproc.stats import (
    ancova_label_permutation,
    joint_rank,
    permutation,
    rank_sum_exact,
    subjects,
)

pytestmark = pytest.mark.slow
TRIALS = 1500


def agrees(hits, stated, drawn):
    """Within 4 standard errors of two simulations and the rounding of two digits."""
    spread = math.sqrt(stated * (1 - stated) * (1 / TRIALS + 1 / drawn))
    return abs(hits / TRIALS - stated) <= 4 * spread + 0.005


@pytest.mark.parametrize(
    ("rho", "by_ancova", "by_change"), [(0.5, 0.70, 0.65), (0.8, 0.70, 0.72), (0.95, 0.71, 0.77)]
)
def test_ancova_gains_on_the_change_only_where_baselines_predict_little(rho, by_ancova, by_change):
    rng, residual = np.random.default_rng(5), math.sqrt(1 - rho**2)
    hits = np.zeros(2)
    for _ in range(TRIALS):
        before = rng.standard_normal(10)
        after = rho * before + residual * (rng.standard_normal(10) + 2 * ARM)
        change = after - before
        hits += [
            ancova_label_permutation(after, before, ARM).p <= 0.05,
            permutation(change[:5], change[5:]).p <= 0.05,
        ]
    assert agrees(hits[0], by_ancova, 4000)
    assert agrees(hits[1], by_change, 4000)


@pytest.mark.parametrize(
    ("p_treated", "by_joint", "by_survivors"), [(0.3, 0.14, 0.21), (0.1, 0.47, 0.38)]
)
def test_the_composite_pays_when_survival_moves_too(p_treated, by_joint, by_survivors):
    rng = np.random.default_rng(5)
    hits = np.zeros(2)
    for _ in range(TRIALS):
        died = rng.random(10) < np.where(ARM == 1, p_treated, 0.3)
        time = np.where(died, rng.uniform(0, 4, 10), 4.0)
        change = np.where(died, np.nan, 0.6 * ARM + 0.3 * rng.standard_normal(10))
        hits[0] += joint_rank(subjects(ARM, time, died, change)).p <= 0.05
        x, y = (change[(arm == ARM) & ~died] for arm in (1, 0))
        hits[1] += bool(x.size and y.size) and rank_sum_exact(x, y).p <= 0.05
    assert agrees(hits[0], by_joint, 4000)
    assert agrees(hits[1], by_survivors, 4000)
