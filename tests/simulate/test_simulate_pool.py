"""The pool against the closed forms of Fuglevand and the anchors of SMA type I."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import ParameterError
from emgproc.simulate import draw_pool
from emgproc.simulate.discharges import fibrillation_train
from emgproc.simulate.junction import Junctions, draw_junctions, jitter_us, latency_sd_us
from emgproc.simulate.pool import (
    contraction_times_s,
    firing_rates,
    healthy_pool,
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


def test_a_healthy_pool_is_that_of_case_45_and_its_fibres_are_all_given():
    pool = healthy_pool()
    assert pool.n_units == 120
    assert_allclose(pool.maximal_excitation, 57.0, rtol=1e-12)
    assert_allclose(pool.forces[[59, 119]], [10.0, 100.0], rtol=1e-12)
    assert_allclose(pool.contraction_times_s[119], 0.030, rtol=1e-4)
    assert_allclose(pool.shares.sum(), 1.0, rtol=1e-12)
    assert_allclose(pool.shares[119] / pool.shares[59], 10.0, rtol=1e-12)


def test_rates_at_many_excitations_are_those_at_each():
    thresholds = recruitment_thresholds(20)
    levels = np.array([0.5, 6.0, 30.0, 57.0])
    rates = firing_rates(levels, thresholds)
    assert rates.shape == (4, 20)
    for row, level in zip(rates, levels, strict=True):
        assert_array_equal(row, firing_rates(float(level), thresholds))


def test_case_31_jitter_of_a_gaussian_interval():
    assert_allclose(jitter_us(30.0), 33.85, rtol=1e-4)
    assert_allclose(jitter_us(float(latency_sd_us(50.0)) * np.sqrt(2)), 50.0, rtol=1e-12)
    intervals = np.random.default_rng(4).normal(2000.0, 30.0, 200_000)
    assert_allclose(np.mean(np.abs(np.diff(intervals))), 33.85, rtol=0.01)


def test_two_fibres_of_a_unit_have_its_jitter_and_its_blocking():
    junctions = Junctions(np.array([25.0, 90.0]), np.array([0.0, 0.08]))
    for unit, (mcd, blocking) in enumerate([(25.0, 0.0), (90.0, 0.08)]):
        late_s, passed = junctions.transmit(np.random.default_rng(6), unit, 100_000, 3)
        for a, b in ((0, 1), (0, 2), (1, 2)):
            found = np.mean(np.abs(np.diff(late_s[:, b] - late_s[:, a]))) * 1e6
            assert_allclose(found, mcd, rtol=0.01)
        assert_allclose(1 - passed.mean(axis=0), blocking, rtol=0.05)
    assert junctions.transmit(np.random.default_rng(6), 0, 0, 3)[0].shape == (0, 3)


def test_only_unstable_junctions_block():
    junctions = draw_junctions(np.random.default_rng(8), 2000)
    jitter, blocking = junctions.jitter_us, junctions.blocking
    assert 20 <= jitter.min() < 21
    assert 148 < jitter.max() <= 150
    assert_array_equal(blocking[jitter <= 80], 0.0)
    assert (blocking[jitter > 80] > 0).all()
    assert 0.07 < blocking.max() <= 0.10


@pytest.mark.parametrize("drift_hz_s", [0.0, 0.02, -0.01])
def test_a_fibrillation_is_regular_about_a_rate_that_drifts(drift_hz_s):
    start_s, stop_s = 5.0, 305.0
    train = fibrillation_train(
        np.random.default_rng(2), 5.0, (start_s, stop_s), drift_hz_s=drift_hz_s
    )
    assert start_s <= train[0]
    assert train[-1] < stop_s
    expected = 5.0 * 300 + drift_hz_s * 300**2 / 2
    assert_allclose(train.size, expected, rtol=0.01)
    since = train - start_s
    turns = np.diff(5.0 * since + drift_hz_s * since**2 / 2)
    assert_allclose(turns.mean(), 1.0, rtol=0.01)
    assert_allclose(turns.std(), 0.05, rtol=0.1)
    # As a reader of needle EMG finds it: without its linear trend, below 0.1.
    intervals = np.diff(train)
    fitted = np.polyval(np.polyfit(train[1:], intervals, 1), train[1:])
    assert np.std(intervals - fitted) / intervals.mean() < 0.1


@pytest.mark.parametrize(
    "call",
    [
        lambda: draw_junctions(np.random.default_rng(1), 0),
        lambda: Junctions(np.ones(2), np.ones(3)),
        lambda: Junctions(np.ones(1), np.array([1.5])),
        lambda: Junctions(-np.ones(1), np.zeros(1)),
        lambda: Junctions(np.ones(1), np.zeros(1)).transmit(np.random.default_rng(1), 1, 5, 5),
        lambda: Junctions(np.ones(1), np.zeros(1)).transmit(np.random.default_rng(1), 0, -1, 5),
        lambda: fibrillation_train(np.random.default_rng(1), 31.0, (0.0, 1.0)),
        lambda: fibrillation_train(np.random.default_rng(1), 5.0, (0.0, 60.0), drift_hz_s=-0.1),
        lambda: fibrillation_train(np.random.default_rng(1), 5.0, (1.0, 0.0)),
        lambda: fibrillation_train(np.random.default_rng(1), 5.0, (0.0, 1.0), cov=0.2),
        lambda: healthy_pool(0),
        lambda: healthy_pool(5, force_range=0.5),
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
