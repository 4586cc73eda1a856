"""The pool against the closed forms of Fuglevand and the anchors of SMA type I."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import ParameterError
from emgproc.simulate import draw_pool
from emgproc.simulate.pool import (
    contraction_times_s,
    firing_rates,
    maximal_excitation,
    peak_rates,
    recruitment_thresholds,
    twitch_forces,
)


def test_case_45_fuglevand_pool_of_120_units():
    thresholds = recruitment_thresholds(120)
    assert_allclose(thresholds[[0, 59, 119]], [1.02875, 5.4772, 30.0], rtol=1e-5)
    forces = twitch_forces(120)
    assert_allclose(forces[59], 10.0, rtol=1e-12)
    assert_allclose(contraction_times_s(forces)[[0, 119]], [0.08918, 0.030], rtol=1e-4)
    assert_allclose(maximal_excitation(thresholds), 57.0, rtol=1e-12)
    assert_allclose(peak_rates(thresholds)[-1], 35.0, rtol=1e-12)
    assert round(100 * np.mean(thresholds <= 15.0), 1) == 79.2


def test_units_below_threshold_are_silent_and_none_exceeds_its_peak():
    thresholds = recruitment_thresholds(20)
    rates = firing_rates(6.0, thresholds)
    assert_array_equal(rates[thresholds > 6.0], 0.0)
    assert rates[thresholds <= 6.0].min() >= 8.0
    assert_allclose(firing_rates(1e3, thresholds), peak_rates(thresholds))


def test_a_rhythmic_unit_keeps_its_rate_whatever_the_drive():
    pool = draw_pool(np.random.default_rng(3), 12, n_at_onset=12, rhythmic_share=0.5)
    own = pool.rhythmic
    assert own.sum() == 6
    assert_array_equal(pool.rates(1.0)[own], pool.rates(40.0)[own])
    assert ((pool.rhythm_hz[own] >= 5) & (pool.rhythm_hz[own] <= 15)).all()


def test_at_least_one_unit_stays_driven():
    pool = draw_pool(np.random.default_rng(3), 4, n_at_onset=4, rhythmic_share=1.0)
    assert pool.rhythmic.sum() == 3


def test_survivors_are_enlarged_and_sum_to_a_small_cmap():
    rng = np.random.default_rng(7)
    pools = [draw_pool(rng, 10, n_at_onset=10, rhythmic_share=0.2) for _ in range(300)]
    sizes = np.concatenate([pool.smup_uv for pool in pools])
    assert np.mean(sizes > 75) > 0.5  # larger than a healthy 50 µV
    assert 0.2 < np.mean(sizes <= 25) < 0.4  # small and immature
    assert 0.2 < np.mean([pool.cmap_uv for pool in pools]) / 1000 < 2.0  # mV; healthy 5.5


def test_losing_and_gaining_units_keeps_the_others():
    rng = np.random.default_rng(5)
    pool = draw_pool(rng, 10, n_at_onset=10, rhythmic_share=0.2)
    more = pool.plus(draw_pool(rng, 3, n_at_onset=10, rhythmic_share=0.0))
    assert more.n_units == 13
    assert_array_equal(more.first(10).smup_uv, pool.smup_uv)
    assert_allclose(more.cmap_uv, more.smup_uv.sum())


@pytest.mark.parametrize(
    "call",
    [
        lambda: recruitment_thresholds(0),
        lambda: recruitment_thresholds(5, 0.5),
        lambda: draw_pool(np.random.default_rng(1), 0, n_at_onset=1, rhythmic_share=0.0),
        lambda: draw_pool(np.random.default_rng(1), 5, n_at_onset=5, rhythmic_share=1.1),
        lambda: draw_pool(np.random.default_rng(1), 5, n_at_onset=5, rhythmic_share=0.1).first(6),
    ],
)
def test_an_impossible_pool_is_refused(call):
    with pytest.raises(ParameterError):
        call()
