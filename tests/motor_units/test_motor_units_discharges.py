from dataclasses import replace

import numpy as np
import pytest
from made_trains import FS, regular, train_of
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import spearmanr

from emgproc.errors import ParameterError, SignalError
from emgproc.motor_units import (
    Force,
    covisi,
    discharge_features,
    doublets,
    force_of,
    mean_rate,
    peak_rate,
    recruitment_rates,
    smoothed_rate,
    steady_rates,
    thresholds,
)
from emgproc.recording import Auxiliary, Recording, Segment
from emgproc.simulate.drive import constant, driven_trains
from emgproc.simulate.grid import Contraction, GridSettings, simulate_grid
from emgproc.simulate.pool import firing_rates, recruitment_thresholds


def test_a_regular_train_has_its_rate_everywhere_and_no_variability():
    train = regular(8.0, 5.0, start_s=1.0)
    found = {
        v.name: v for v in discharge_features(train, FS, 70_000, unit="3", steady=(20_000, 50_000))
    }
    rates = [name for name in found if name.endswith("rate")]
    assert len(rates) == 7
    for name in rates:
        assert_allclose(found[name].value, 8.0, rtol=1e-12)
        assert (found[name].unit, found[name].channel, found[name].reason) == ("Hz", "3", "")
    assert (found["mean_rate"].n, found["recruitment_rate"].n) == (39, 3)
    assert (found["steady_start_rate"].n, found["steady_rate"].n) == (9, 23)
    assert found["steady_covisi"].n == 23
    assert max(found["covisi"].value, found["steady_covisi"].value) < 1e-12
    assert found["doublets"].value == 0.0
    assert found["recruitment_threshold"].reason == "no_force"


def test_the_rate_is_that_of_the_mean_interval_not_the_mean_of_rates():
    alternating = np.concatenate(([0], np.cumsum([500, 1500] * 10)))  # 10 Hz, not 13.3
    assert_allclose(mean_rate(alternating, FS).value, 10.0, rtol=1e-12)
    assert_allclose(covisi(alternating, FS).value, 0.5 * np.sqrt(20 / 19), rtol=1e-12)


def test_doublets_and_pauses_tell_no_rate():
    plain = regular(10.0, 3.0)
    later = regular(10.0, 3.0, start_s=4.0)
    train = np.sort(np.concatenate([plain, later, plain[[5, 9]] + 60, later[[2]] + 99]))
    assert_allclose(mean_rate(train, FS).value, 10.0, rtol=1e-12)
    assert mean_rate(train, FS).n == 58
    assert covisi(train, FS).value < 1e-12
    assert_allclose(peak_rate(train, FS).value, 10.0, rtol=1e-12)
    assert (doublets(train, FS).value, doublets(train, FS).n) == (3.0, 62)


@pytest.mark.parametrize(("gap", "n"), [(99, 1), (100, 0)])
def test_a_doublet_is_an_interval_below_10_ms(gap, n):
    assert doublets([0, gap, 5000], FS).value == n


@pytest.mark.parametrize(("gap", "n"), [(4000, 2), (4001, 1)])
def test_a_pause_is_an_interval_above_400_ms(gap, n):
    assert mean_rate([0, 1000, 1000 + gap], FS).n == n


def test_recruitment_is_not_moved_by_stray_discharges():
    run = np.cumsum([30_000, 2000, 1500, 1000, 1000, 1000, 1500, 2500])
    train = np.concatenate([[100, 900], run, [90_000]])
    first, last = recruitment_rates(train, FS, 100_000)
    assert_allclose([first.value, last.value], [3 / 0.45, 3 / 0.5], rtol=1e-12)
    force = Force(np.arange(100_000) / 1000, "% MVC")  # 10 units a second
    on, off = thresholds(train, FS, 100_000, force)
    assert_allclose([on.value, off.value], [30.0, run[-1] / FS * 10], rtol=1e-12)
    assert (on.unit, on.n) == ("% MVC", 1)


@pytest.mark.parametrize(("begin", "end"), [(4000, 4001), (4001, 4000), (0, 1)])
def test_a_unit_active_at_an_edge_of_the_recording_was_not_seen_to_begin_or_end(begin, end):
    train = begin + np.arange(10) * 1000
    n_samples = int(train[-1]) + end
    reasons = ["active_at_start"[: 99 * (begin <= 4000)], "active_at_end"[: 99 * (end <= 4000)]]
    force = Force(np.arange(float(n_samples)), "N")
    for found in (
        recruitment_rates(train, FS, n_samples),
        thresholds(train, FS, n_samples, force),
    ):
        assert [value.reason for value in found] == reasons
        assert [np.isnan(value.value) for value in found] == [bool(why) for why in reasons]
        assert [value.n == 0 for value in found] == [bool(why) for why in reasons]
    with pytest.raises(ParameterError, match="do not lie within"):
        recruitment_rates(train, FS, int(train[-1]))


def recorded(*auxiliary):
    segments = (Segment(0, 3000, 7.0), Segment(3000, 5000, 20.0))
    x = Recording.from_array(np.zeros((1, 5000)), 1000.0)
    return replace(x, segments=segments, auxiliary=auxiliary)


def test_force_and_emg_are_placed_by_their_clocks():
    # 10 Hz, one unit a second from 6 s of the clock on; the EMG runs 7–10 and 20–22 s.
    signal = Auxiliary("force", "N", 10.0, np.arange(151) / 10, "FORCE", 6.0)
    force = force_of(recorded(signal), "force")
    assert force.unit == "N"
    assert_allclose(force.values[:3000], 1 + np.arange(3000) / 1000, rtol=1e-12)
    assert_allclose(force.values[3000:4001], 14 + np.arange(1001) / 1000, rtol=1e-12)
    assert np.isnan(force.values[4001:]).all()
    empty = Auxiliary("none", "N", 10.0, np.empty(0), "FORCE", 6.0)
    assert np.isnan(force_of(recorded(empty), "none").values).all()
    for signals in ((signal,), (signal, empty, empty)):
        with pytest.raises(ParameterError, match="auxiliary signals are called 'none'"):
            force_of(recorded(*signals), "none")


def test_a_force_that_was_not_measured_then_gives_no_threshold():
    train = regular(10.0, 3.0, start_s=2.0)
    values = np.arange(100_000.0)
    values[40_000:] = np.nan
    on, off = thresholds(train, FS, 100_000, Force(values, "N"))
    assert (on.value, on.reason, off.reason, off.n) == (20_000.0, "", "force_missing", 0)
    with pytest.raises(ParameterError, match="100000 values of force for 99999 samples"):
        thresholds(train, FS, 99_999, Force(values, "N"))


@pytest.mark.parametrize(
    ("train", "reasons"),
    [
        ([], {"too_few_discharges", "never_recruited", "too_few_intervals"}),
        ([7], {"too_few_discharges", "never_recruited", "too_few_intervals"}),
        ([7, 1007, 2007], {"never_recruited", "too_few_discharges", "too_few_intervals"}),
    ],
)
def test_what_cannot_be_had_is_nan_with_a_reason(train, reasons):
    found = discharge_features(train, FS, 9000, force=Force(np.ones(9000), "N"), steady=(0, 9000))
    for value in found:
        assert bool(value.reason) == np.isnan(value.value)
    assert {value.reason for value in found} - {""} == reasons


def test_without_a_steady_span_its_values_say_so():
    assert {v.reason for v in steady_rates(regular(10.0, 3.0), FS, None)} == {"no_steady_span"}
    with pytest.raises(ParameterError, match="start < stop"):
        steady_rates([1, 2], FS, (5, 5))


def test_a_linear_rate_is_smoothed_to_itself_and_silence_is_nan():
    rate = np.linspace(8.0, 20.0, 60_000)
    train = train_of(rate, start=5000)
    smooth = smoothed_rate(train, FS, 80_000)
    active = np.flatnonzero(np.isfinite(smooth))
    assert (active[0], active[-1]) == (train[0], train[-1])
    inside = np.arange(train[0] + 2000, train[-1] - 2000)
    assert_allclose(smooth[inside], rate[inside - 5000], rtol=0.01)
    # Of as many discharges: the area under the rate.
    assert_allclose(np.nansum(smooth) / FS, train.size - 1, rtol=0.01)
    assert_allclose(peak_rate(train, FS).value, 20.0, rtol=0.02)


def test_a_smoothed_rate_is_the_weighted_mean_written_out():
    train = np.cumsum(np.random.default_rng(2).integers(20, 120, 40))
    smooth = smoothed_rate(train, 1000.0, int(train[-1]) + 10)
    weights = np.hanning(401)
    for at in (train[0], train[0] + 57, train[20], train[-1] - 3, train[-1]):
        near = np.arange(max(at - 200, train[0]), min(at + 200, train[-1]) + 1)
        steps = np.diff(train)[np.minimum(np.searchsorted(train, near, "right") - 1, 38)]
        w = weights[near - at + 200]
        assert_allclose(smooth[at], np.sum(w * 1000.0 / steps) / w.sum(), rtol=1e-10)


def test_rates_of_a_shifted_or_faster_sampled_train_are_the_same():
    train = train_of(10 + 3 * np.sin(np.arange(100_000) / 9000))
    train += 5000
    for same, fs in ((train + 12_345, FS), (3 * train, 3 * FS)):
        ours = [v.value for v in discharge_features(train, FS, 200_000)[:4]]
        theirs = [v.value for v in discharge_features(same, fs, 600_000)[:4]]
        assert_allclose(theirs, ours, rtol=1e-3)


def test_rates_and_variability_of_a_simulated_pool_are_those_it_was_told():
    starts = recruitment_thresholds(6)
    trains = driven_trains(np.random.default_rng(1), starts, constant(31.0, 60.0))
    for train, rate in zip(trains, firing_rates(31.0, starts), strict=True):
        samples = np.rint(train * FS).astype(int)
        assert_allclose(mean_rate(samples, FS).value, rate, rtol=0.03)
        assert_allclose(covisi(samples, FS).value, 0.2, atol=0.02)


def test_thresholds_of_a_simulated_ramp_rise_with_those_of_the_pool():
    settings = GridSettings(
        contraction=Contraction(level=0.5, shape="trapezoid", rise_s=8.0, cov=0.1),
        duration_s=24.0,
    )
    recording, truth = simulate_grid(settings, seed=2)
    units = [unit for unit in truth.units if unit.discharges.size > 20 and unit.threshold]
    force = force_of(recording, recording.auxiliary[0].name)
    found = [
        thresholds(unit.discharges, recording.fs, recording.n_samples, force)[0] for unit in units
    ]
    assert len(units) >= 8
    assert {value.unit for value in found} == {force.unit}
    assert {value.reason for value in found} == {""}
    told = [unit.threshold for unit in units]
    assert spearmanr(told, [value.value for value in found]).statistic > 0.95


@pytest.mark.parametrize(
    ("train", "n_samples", "window_s", "error", "message"),
    [
        ([1, 1, 5], 10, 0.4, SignalError, "holds sample 1 twice"),
        ([1, 10], 10, 0.4, ParameterError, "n_samples=10"),
        ([], -1, 0.4, ParameterError, "n_samples=-1"),
        ([-1, 5], 10, 0.4, ParameterError, "discharges -1 to 5"),
        ([1, 5], 10, 1e-5, ParameterError, "fewer than 2 samples"),
    ],
)
def test_a_rate_that_cannot_be_smoothed_is_refused(train, n_samples, window_s, error, message):
    with pytest.raises(error, match=message):
        smoothed_rate(train, FS, n_samples, window_s=window_s)


def test_a_silent_unit_has_no_rate_at_all():
    assert np.isnan(smoothed_rate([], FS, 50)).all()
    assert_array_equal(np.isfinite(smoothed_rate([7], FS, 50)), False)
