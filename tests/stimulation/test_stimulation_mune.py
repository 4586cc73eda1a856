"""Counting units by a sample of them."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError, SignalError
from emgproc.simulate.stimulation import (
    StimulationSettings,
    healthy_nerve,
    plain_nerve,
    simulate_incremental,
    simulate_multipoint,
)
from emgproc.stimulation import (
    ScanNoise,
    amplitudes_at_peak,
    cmap,
    mune_incremental,
    mune_multipoint,
    sweeps_of,
)

BARE = StimulationSettings(noise_uv=0.0, variability=0.0, artefact_uv_per_ma=0.0, rails_uv=None)


def test_case_37_multipoint_of_equal_units_and_a_table_by_hand():
    equal = mune_multipoint(3.0, np.tile([0.05, 0.10, 0.15], (3, 1)))
    assert_allclose([equal.mune, equal.smup_uv, equal.low, equal.high], [60, 50, 60, 60])
    table = [[0.030, 0.080, 0.120], [0.045, 0.075, 0.165], [0.060, 0.110, 0.150]]
    found = mune_multipoint(3.0, table)
    assert_allclose(found.smup_uv, 1000 * (0.120 + 0.165 + 0.150) / 9)
    assert_allclose(found.mune, 3.0 / ((0.120 + 0.165 + 0.150) / 9))
    assert_allclose(found.increments_uv, [[30, 50, 40], [45, 30, 90], [60, 50, 40]])
    assert (found.n, found.flags, found.reason) == (9, (), "")


def test_case_37_from_the_sweeps():
    recording, truth = simulate_multipoint(plain_nerve([50.0] * 60), seed=1)
    levels = np.empty((3, 3))
    for site in range(3):
        sweeps = sweeps_of(recording, "ADM_L", during=f"site/{site + 1}")
        mv = amplitudes_at_peak(sweeps.data, sweeps.fs, sweeps.before_s)
        # The last levels are the largest responses there are.
        levels[site] = mv.reshape(3, 3).mean(axis=1)
    every = sweeps_of(recording, "ADM_L")
    best = cmap(every.data[-3:], every.fs, every.before_s)
    found = mune_multipoint(best.amplitude_mv, levels)
    assert_allclose(found.mune, truth.mune, rtol=0.05)
    assert_allclose(found.mune, 60.0, rtol=0.05)
    assert found.low <= found.mune <= found.high


def test_the_interval_holds_95_percent_of_all_draws_of_sites():
    rng = np.random.default_rng(2)
    levels = np.cumsum(rng.uniform(0.03, 0.1, (4, 3)), axis=1)
    found = mune_multipoint(2.0, levels)
    draws = sorted(
        2.0 / (np.mean([levels[i, -1] for i in drawn]) / 3)
        for drawn in itertools.product(range(4), repeat=4)
    )
    assert len(draws) == 256
    assert_allclose([found.low, found.high], [draws[6], draws[249]])


def test_of_many_sites_the_draws_are_random_and_belong_to_the_seed():
    rng = np.random.default_rng(3)
    levels = np.cumsum(rng.uniform(0.03, 0.1, (9, 3)), axis=1)
    one, same, other = (mune_multipoint(2.0, levels, seed=s) for s in (1, 1, 2))
    assert (one.low, one.high) == (same.low, same.high) != (other.low, other.high)
    assert_allclose([one.low, one.high], [other.low, other.high], rtol=0.02)
    spread = (
        2.0
        * 3
        / np.quantile([rng.choice(levels[:, -1], 9).mean() for _ in range(4000)], [0.975, 0.025])
    )
    assert_allclose([one.low, one.high], spread, rtol=0.02)


def test_sites_without_enough_units_are_flagged():
    found = mune_multipoint(0.3, [[0.1, 0.2, 0.2], [0.1, 0.2, 0.3]])
    assert found.flags == ("few_sites", "increment_below_25_uv")


@pytest.mark.parametrize(
    ("cmap_mv", "level", "value", "reason"),
    [(0.04, 0.15, 0.0, "absent_response"), (3.0, 0.02, np.nan, "smup_below_10_uv")],
)
def test_what_is_no_count_says_why(cmap_mv, level, value, reason):
    found = mune_multipoint(cmap_mv, np.full((3, 3), level))
    assert_allclose(found.mune, value)
    assert found.reason == reason
    assert np.isnan([found.low, found.high]).all()


def test_incremental_steps_of_a_plain_nerve_are_its_first_units():
    sizes = [40.0, 60.0, 80.0, 50.0, 70.0, 90.0, 45.0, 55.0, 65.0, 75.0, 85.0, 35.0]
    recording, truth = simulate_incremental(plain_nerve(sizes), BARE, n_steps=10)
    sweeps = sweeps_of(recording, "ADM_L")
    mv = amplitudes_at_peak(sweeps.data, sweeps.fs, sweeps.before_s)
    found = mune_incremental(sum(sizes) / 1000, mv[truth.graded], ScanNoise(0.0))
    assert_allclose(found.increments_uv, sizes[:10], rtol=1e-3)
    assert_allclose(found.mune, sum(sizes) / np.mean(sizes[:10]), rtol=1e-3)
    assert (found.n, found.flags, found.reason) == (10, (), "")


def test_with_noise_equal_steps_still_count_the_units():
    recording, truth = simulate_incremental(plain_nerve([50.0] * 40), seed=2)
    sweeps = sweeps_of(recording, "ADM_L")
    mv = amplitudes_at_peak(sweeps.data, sweeps.fs, sweeps.before_s)
    found = mune_incremental(2.0, mv[truth.graded], ScanNoise(0.003, 0.002))
    assert_allclose(found.mune, 40.0, rtol=0.05)


def test_alternation_makes_an_incremental_count_too_large():
    found = []
    for seed in range(4):
        recording, truth = simulate_incremental(healthy_nerve(seed), BARE, seed=seed)
        sweeps = sweeps_of(recording, "ADM_L")
        mv = amplitudes_at_peak(sweeps.data, sweeps.fs, sweeps.before_s)
        one = mune_incremental(truth.response.amplitude_mv, mv[truth.graded], ScanNoise(0.003))
        found.append(one.mune / truth.n_units)
    assert 0.9 < np.median(found) < 3.5


def test_without_a_step_there_is_no_number():
    found = mune_incremental(1.0, np.zeros(8), ScanNoise(0.01))
    assert (found.reason, found.n, found.flags) == ("no_step", 0, ("few_steps",))
    assert np.isnan([found.mune, found.smup_uv]).all()


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: mune_multipoint(-1.0, np.ones((3, 3))), ParameterError),
        (lambda: mune_multipoint(1.0, np.ones((7, 3)), seed=-1), ParameterError),
        (lambda: mune_multipoint(1.0, np.full((3, 3), np.nan)), SignalError),
        (lambda: mune_incremental(1.0, [0.1], ScanNoise(0.01)), SignalError),
        (lambda: mune_incremental(1.0, [0.1, 0.2], ScanNoise(0.01), n_steps=0), ParameterError),
    ],
)
def test_an_impossible_count_is_refused(call, error):
    with pytest.raises(error):
        call()
