"""Force: single twitches, fused ones, and the whole muscle against closed forms."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import ParameterError
from emgproc.simulate.drive import constant, driven_trains
from emgproc.simulate.force import force, fusion, gain, steady_force, twitch
from emgproc.simulate.pool import firing_rates, healthy_pool

FS = 2048.0
ONE = np.array([1.0])
POOL = healthy_pool(120)


def of_one(train_s, time_s, fs=FS, duration_s=2.0, peak=1.0):
    return force([np.asarray(train_s)], np.array([peak]), np.array([time_s]), fs, duration_s)


def steady(excitation):
    rates = firing_rates(excitation, POOL.thresholds)
    return steady_force(rates, POOL.forces, POOL.contraction_times_s)


def test_a_single_twitch_is_the_closed_form_and_peaks_at_its_contraction_time():
    t_s = np.arange(4096) / FS
    found = of_one([0.1], 0.0625, peak=3.0)
    assert_allclose(found, twitch(t_s - 0.1, 3.0, 0.0625), rtol=1e-9, atol=1e-12)
    on_grid = of_one([0.125], 0.0625, peak=3.0)
    assert np.argmax(on_grid) == (0.125 + 0.0625) * FS
    assert_allclose(on_grid.max(), 3.0, rtol=1e-12)
    assert_allclose(on_grid.sum() / FS, 3.0 * math.e * 0.0625, rtol=1e-4)  # area P T e


@pytest.mark.parametrize("fs", [100.0, 1000.0, 10_000.0])
def test_overlapping_twitches_are_the_sum_one_by_one(fs):
    drawn = np.sort(np.random.default_rng(1).uniform(0, 1.2, 40))
    train_s = drawn[np.diff(drawn, prepend=-1.0) > 0.002]
    t_s = np.arange(round(1.5 * fs)) / fs
    slow = np.zeros(t_s.size)
    for k, at_s in enumerate(train_s):
        x = 0.05 / (at_s - train_s[k - 1]) if k else 0.0
        factor = 1.0
        if x > 0.4:
            factor = (1 - math.exp(-2 * x**3)) / x / ((1 - math.exp(-2 * 0.4**3)) / 0.4)
        slow += factor * twitch(t_s - at_s, 2.0, 0.05)
    assert_allclose(of_one(train_s, 0.05, fs, 1.5, 2.0), slow, rtol=1e-8, atol=1e-9 * slow.max())


def test_the_gain_is_one_up_to_0_4_and_continuous_there():
    assert_array_equal(gain(np.array([0.0, 0.1, 0.4])), 1.0)
    assert_allclose(gain(np.array([0.4 + 1e-9])), 1.0, rtol=1e-7)
    x = np.linspace(0.01, 6, 5000)
    assert np.abs(np.diff(gain(x))).max() < 0.01
    assert_allclose(gain(x).max(), 2.88, rtol=0.005)
    # What is left of a fused train is its share of the tetanus.
    assert_allclose((x * gain(x))[x > 0.4], (fusion(x) * 0.4 / fusion(np.array(0.4)))[x > 0.4])


def test_twitches_stand_apart_at_low_rates_and_fuse_at_high_ones():
    ripple = {}
    for rate_hz in (3.0, 10.0, 20.0, 50.0):
        found = of_one(np.arange(0, 6, 1 / rate_hz), 0.09, duration_s=6.0)[round(3 * FS) :]
        ripple[rate_hz] = np.ptp(found) / found.mean()
        mean = steady_force(np.array([rate_hz]), ONE, np.array([0.09]))
        assert_allclose(found.mean(), mean, rtol=0.01)
    assert ripple[3.0] > 1.0
    assert ripple[50.0] < 0.02
    assert sorted(ripple.values(), reverse=True) == list(ripple.values())
    tetanus = math.e * 0.4 / float(fusion(np.array(0.4)))
    assert_allclose(steady_force(np.array([50.0]), ONE, np.array([0.09])), tetanus, rtol=1e-6)


def test_force_rises_with_excitation_in_an_s():
    levels = np.linspace(1.0, 57.0, 57)
    share = np.array([steady(level) for level in levels]) / steady(57.0)
    slope = np.diff(share)
    assert (slope > 0).all()
    steepest = int(np.argmax(slope))
    assert 20 < levels[steepest] < 45
    assert slope[0] < 0.3 * slope[steepest]
    assert slope[-1] < 0.1 * slope[steepest]
    assert (np.diff(slope[levels[:-1] >= 36]) < 0).all()  # all are recruited, rates saturate
    assert 25 < np.interp(0.5, share, levels) < 32


def test_the_simulated_muscle_has_the_force_of_its_mean_rates():
    reached = []
    for level in (5.0, 20.0, 35.0, 57.0):
        trains = driven_trains(np.random.default_rng(3), POOL.thresholds, constant(level, 12.0))
        made = force(trains, POOL.forces, POOL.contraction_times_s, 200.0, 12.0)[400:]
        assert_allclose(made.mean(), steady(level), rtol=0.04)
        reached.append(made.mean())
        assert 0.003 < made.std() / made.mean() < 0.05  # tremor of a few per cent
    assert (np.diff(reached) > 0).all()


def test_silent_units_and_late_discharges_add_nothing():
    two = np.ones(2)
    found = force([np.empty(0), np.array([0.3, 1.5])], two, 0.05 * two, 1000.0, 1.0)
    assert_allclose(found, of_one([0.3], 0.05, 1000.0, 1.0), rtol=1e-12)
    assert_array_equal(of_one([3.0, 4.0], 0.05), 0.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: force([np.ones(1)], np.ones(2), np.ones(2), FS, 1.0),
        lambda: force([np.ones(1)], np.zeros(1), ONE, FS, 1.0),
        lambda: force([np.ones(1)], ONE, -ONE, FS, 1.0),
        lambda: force([np.ones(1)], ONE, ONE, FS, 0.0),
        lambda: force([np.ones(1)], ONE, ONE, 0.0, 1.0),
        lambda: of_one([0.2, 0.1], 0.05),
        lambda: of_one([0.1, 0.1], 0.05),
        lambda: of_one([-0.1], 0.05),
    ],
)
def test_an_impossible_force_is_refused(call):
    with pytest.raises(ParameterError):
        call()
