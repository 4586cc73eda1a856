"""Trains of a driven pool: rates, intervals and synchrony against their closed forms."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from emgproc.errors import ParameterError, SignalError
from emgproc.simulate import Pool, draw_pool
from emgproc.simulate.drive import (
    DRIVE_HZ,
    constant,
    driven_trains,
    pool_trains,
    rhythmic_trains,
    trapezoid,
    with_common_drive,
)
from emgproc.simulate.pool import firing_rates, peak_rates, recruitment_thresholds

SECONDS = 4000.0
THRESHOLDS = np.array([5.0, 5.5, 6.0, 40.0])  # at an excitation of 10 three units fire, 13 /s


def rng(seed=2):
    return np.random.default_rng(seed)


def cov_of(train_s):
    intervals = np.diff(train_s)
    return np.std(intervals) / np.mean(intervals)


@pytest.fixture(scope="module", params=[0.0, 0.3, 0.8, 1.0])
def shared(request):
    """A share of common input, and the trains of three like units that have it."""
    trains = driven_trains(rng(), THRESHOLDS, constant(10.0, SECONDS), common_share=request.param)
    assert trains[3].size == 0
    return request.param, trains[:3], firing_rates(10.0, THRESHOLDS)[:3]


def test_intervals_vary_as_asked_and_rates_are_fuglevands_whatever_is_shared(shared):
    _, trains, rates = shared
    assert_allclose([cov_of(train) for train in trains], 0.2, rtol=0.02)
    assert_allclose([train.size / SECONDS for train in trains], rates, rtol=0.01)


def test_counts_covary_by_the_share_of_common_input(shared):
    share, trains, rates = shared
    for window_s in (0.1, 0.5):
        edges = np.arange(0, SECONDS + 1e-9, window_s)
        counts = np.cov([np.histogram(train, edges)[0] for train in trains])
        scale = 0.2**2 * np.sqrt(np.outer(rates, rates)) * window_s
        pairs = np.triu_indices(3, 1)
        assert_allclose(np.mean((counts / scale)[pairs]), share, atol=0.08)


def test_coincidences_beyond_chance_are_the_common_input_strength(shared):
    share, trains, rates = shared
    found, near = [], []
    for i, j in itertools.combinations(range(3), 2):
        lags = lags_within(trains[i], trains[j], 0.025)
        chance = rates[i] * rates[j] * SECONDS
        found.append((lags.size - 0.05 * chance) / SECONDS)
        near.append(np.sum(np.abs(lags) < 0.003) / (0.006 * chance))
    expected = share * 0.2**2 * np.mean(rates)
    assert_allclose(np.mean(found), expected, atol=0.08)  # 0.5 /s where all is shared
    # A peak within 3 ms of zero stands out of what is otherwise flat.
    assert_allclose(np.mean(near), 1.0 + 0.45 * share, atol=0.05)


def lags_within(a_s, b_s, lag_s):
    first, last = np.searchsorted(b_s, a_s - lag_s), np.searchsorted(b_s, a_s + lag_s)
    return np.concatenate([b_s[i:j] - t for t, i, j in zip(a_s, first, last, strict=True)])


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_intervals_are_gaussian_alone_and_first_passages_where_all_is_shared(share):
    train, *_ = driven_trains(rng(), THRESHOLDS, constant(10.0, SECONDS), common_share=share)
    intervals = np.diff(train) * 13.0
    laws = {0.0: stats.norm(1, 0.2), 1.0: stats.invgauss(0.2**2, scale=0.2**-2)}
    distance = {at: stats.kstest(intervals, law.cdf).statistic for at, law in laws.items()}
    assert distance[share] < 0.01
    assert distance[1 - share] > 0.03


@pytest.mark.parametrize("share", [0.0, 0.5])
@pytest.mark.parametrize("cov", [0.05, 0.2, 0.3])
def test_any_variability_is_what_was_asked_for(cov, share):
    drive = constant(7.0, 2000.0)
    trains = driven_trains(rng(), THRESHOLDS, drive, cov=cov, common_share=share)
    assert_allclose([cov_of(train) for train in trains[:3]], cov, rtol=0.04)
    assert_allclose(
        [train.size / 2000.0 for train in trains], firing_rates(7.0, THRESHOLDS), rtol=0.01
    )


def test_without_variability_a_unit_discharges_once_per_turn_of_its_phase():
    thresholds = np.array([3.0, 9.0])
    drive = trapezoid(12.0, 5.0, rise_s=2.0, start_s=0.2)
    for i, train in enumerate(driven_trains(rng(), thresholds, drive, cov=0.0)):
        rate_hz = firing_rates(drive, thresholds)[:, i]
        steps = np.arange(drive.size + 1) / DRIVE_HZ
        turns = np.interp(train, steps, np.concatenate(([0.0], np.cumsum(rate_hz) / DRIVE_HZ)))
        assert 0 < turns[0] <= 1
        assert_allclose(np.diff(turns), 1.0, atol=3e-3)  # two halves of a tick at 20 /s


def test_below_its_threshold_the_phase_of_a_unit_holds():
    parts = [constant(10.0, 3.02), constant(0.0, 2.0), constant(10.0, 3.0)]
    (train,) = driven_trains(rng(), np.array([5.0]), np.concatenate(parts), cov=0.0)
    assert not ((train > 3.02) & (train < 5.02)).any()
    across = np.diff(train)[np.searchsorted(train, 4.0) - 1]
    assert_allclose(across, 2.0 + 1 / 13.0, atol=1.01e-4)


def test_units_are_recruited_in_order_at_their_thresholds():
    thresholds = recruitment_thresholds(20)
    drive = trapezoid(35.0, 120.0, rise_s=50.0)
    trains = driven_trains(rng(), thresholds, drive, common_share=0.3)
    at_s = thresholds / 35.0 * 50.0
    delay_s = np.array([train[0] for train in trains]) - at_s
    assert (delay_s >= 0).all()
    assert (delay_s <= 1.6 / 8).all()  # at 8 /s, the first falls within one long interval
    assert (np.diff([train[0] for train in trains[5:]]) > 0).all()
    last_s = 120.0 - np.array([train[-1] for train in trains])
    assert (last_s >= at_s - 1.5e-3).all()
    assert (last_s <= at_s + 2 / 8).all()


def test_smoothed_rates_go_together_with_common_drive_and_not_without():
    thresholds = recruitment_thresholds(20)
    steady = constant(20.0, 300.0)
    modulated = with_common_drive(rng(5), steady, 0.2)
    hann = np.hanning(80)  # 0.8 s at 100 Hz
    found = {}
    for name, drive in (("steady", steady), ("modulated", modulated)):
        trains = [t for t in driven_trains(rng(), thresholds, drive) if t.size > 7 * 300]
        counts = [np.bincount((t * 100).astype(int), minlength=30_000) for t in trains]
        smooth = [np.convolve(count, hann / hann.sum(), "valid") for count in counts]
        found[name] = np.corrcoef(smooth)[np.triu_indices(len(trains), 1)]
    assert found["modulated"].min() > 0.6
    assert abs(found["steady"].mean()) < 0.05
    assert np.abs(found["steady"]).max() < 0.25


def test_common_drive_has_its_depth_and_its_band():
    drive = with_common_drive(rng(), constant(10.0, 100.0), 0.1, (0.5, 2.5))
    assert_allclose(drive.mean(), 10.0, rtol=1e-12)
    assert_allclose(drive.std(), 1.0, rtol=1e-9)
    power = np.abs(np.fft.rfft(drive - 10.0)) ** 2
    hz = np.fft.rfftfreq(drive.size, 1 / DRIVE_HZ)
    assert power[(hz >= 0.5) & (hz <= 2.5)].sum() > (1 - 1e-12) * power.sum()
    assert_allclose(with_common_drive(rng(), constant(10.0, 2.0), 0.0), 10.0)
    assert with_common_drive(rng(), constant(10.0, 100.0), 0.5).min() == 0.0


def test_no_interval_is_below_15_ms_and_no_discharge_is_dropped():
    trains = driven_trains(rng(), THRESHOLDS, constant(90.0, 500.0), cov=0.4, common_share=0.3)
    for train, peak in zip(trains, peak_rates(THRESHOLDS), strict=True):
        ticks = np.rint(train * 10_000)
        assert_array_equal(train, ticks / 10_000)
        assert np.diff(ticks).min() == 150
        assert_allclose(train.size / 500.0, peak, rtol=0.01)
        assert train[-1] < 500.0


def test_the_same_seed_gives_the_same_trains_and_another_others():
    drive = constant(10.0, 20.0)
    one, two, other = (driven_trains(rng(s), THRESHOLDS, drive) for s in (1, 1, 9))
    for a, b, c in zip(one[:3], two[:3], other[:3], strict=True):
        assert_array_equal(a, b)
        assert not np.array_equal(a, c)


def test_rhythmic_units_fire_at_rest_regularly_and_each_by_itself():
    pool = draw_pool(rng(3), 12, n_at_onset=12, rhythmic_share=0.5)
    trains = pool_trains(rng(), pool, constant(0.0, 1000.0), common_share=0.8)
    own = np.flatnonzero(pool.rhythmic)
    assert [i for i, train in enumerate(trains) if train.size] == own.tolist()
    assert_allclose([trains[i].size / 1000 for i in own], pool.rhythm_hz[own], rtol=0.01)
    assert_allclose([cov_of(trains[i]) for i in own], 0.1, rtol=0.05)
    awake = pool_trains(rng(), pool, constant(12.0, 1000.0))
    assert_allclose([train.size / 1000 for train in awake], pool.rates(12.0), rtol=0.02)


def test_a_pool_of_rhythmic_units_only_has_no_driven_train():
    one = np.ones(2)
    pool = Pool(one, one * 0.003, one, np.array([True, True]), np.array([6.0, 9.0]))
    trains = pool_trains(rng(), pool, constant(40.0, 100.0))
    assert_allclose([train.size / 100 for train in trains], [6.0, 9.0], rtol=0.02)


def test_a_trapezoid_rests_rises_holds_and_falls():
    drive = trapezoid(10.0, 8.0, rise_s=2.0, start_s=1.0, stop_s=7.0)
    assert drive.shape == (8000,)
    assert_allclose(drive[[0, 1000, 2000, 3000, 4999, 6000, 7000, 7999]],
                    [0, 0, 5, 10, 10, 5, 0, 0])  # fmt: skip


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: constant(-1.0, 1.0), ParameterError),
        (lambda: constant(1.0, 0.0), ParameterError),
        (lambda: constant(np.nan, 1.0), ParameterError),
        (lambda: trapezoid(5.0, 2.0, rise_s=1.5), ParameterError),
        (lambda: trapezoid(5.0, 2.0, rise_s=0.0), ParameterError),
        (lambda: trapezoid(5.0, 4.0, rise_s=1.0, stop_s=5.0), ParameterError),
        (lambda: with_common_drive(rng(), constant(5.0, 9.0), 0.6), ParameterError),
        (lambda: with_common_drive(rng(), constant(5.0, 9.0), 0.1, (2.0, 1.0)), ParameterError),
        (lambda: with_common_drive(rng(), constant(5.0, 0.1), 0.1), ParameterError),
        (lambda: driven_trains(rng(), THRESHOLDS, constant(5.0, 1.0), cov=0.5), ParameterError),
        (
            lambda: driven_trains(rng(), THRESHOLDS, constant(5.0, 1.0), common_share=1.1),
            ParameterError,
        ),
        (lambda: driven_trains(rng(), THRESHOLDS[::-1], constant(5.0, 1.0)), ParameterError),
        (lambda: driven_trains(rng(), np.empty(0), constant(5.0, 1.0)), ParameterError),
        (lambda: driven_trains(rng(), THRESHOLDS, np.array([1.0, np.nan])), ParameterError),
        (lambda: driven_trains(rng(), THRESHOLDS, np.ones((2, 9))), SignalError),
        (lambda: rhythmic_trains(rng(), np.array([51.0]), 100), ParameterError),
        (lambda: rhythmic_trains(rng(), np.array([5.0]), 0), ParameterError),
    ],
)
def test_an_impossible_drive_is_refused(call, error):
    with pytest.raises(error):
        call()
