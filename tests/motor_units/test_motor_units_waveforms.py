from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import ParameterError, SignalError
from emgproc.motor_units import (
    amplitudes_uv,
    differential,
    duration_ms,
    likeness,
    muaps,
    on_grid,
    propagation,
    spike_triggered,
    strongest,
    waveform_features,
)
from emgproc.preprocessing import bandpass_sos, zero_phase_sos
from emgproc.simulate.grid import ADULT_256, INFANT_64, Contraction, Electrodes, simulate_grid

FS = 2048.0
WIDTH = 102


def fitted_to(truth, units):
    """True potentials in the window of a fit: the discharge is its sample 51."""
    true = np.zeros((len(units), truth.muaps_uv.shape[1], WIDTH))
    n = min(truth.muaps_uv.shape[2], WIDTH - WIDTH // 2)
    for row, unit in zip(true, units, strict=True):
        row[:, WIDTH // 2 : WIDTH // 2 + n] = truth.muaps_uv[unit.number][:, :n]
    return true


def error_of(found, true):
    return np.sqrt(np.mean((found - true) ** 2, axis=(1, 2)) / np.mean(true**2, axis=(1, 2)))


@pytest.fixture(scope="module")
def synchronous():
    """Infant under 64 electrodes, units that share half of what drives them."""
    settings = replace(
        INFANT_64,
        duration_s=15.0,
        noise_uv=(1.0, 1.0),
        contraction=Contraction(level=0.15, common_share=0.5),
    )
    recording, truth = simulate_grid(settings, seed=1)
    units = [unit for unit in truth.units if unit.discharges.size > 30]
    return recording, truth, units


def test_fitted_potentials_are_the_true_ones_and_averages_hold_the_other_units(synchronous):
    recording, truth, units = synchronous
    trains = [unit.discharges for unit in units]
    true = fitted_to(truth, units)
    together = error_of(muaps(recording.data, trains, recording.fs), true)
    alone = np.stack([spike_triggered(recording.data, t, recording.fs) for t in trains])
    assert len(units) >= 10
    assert together.max() < 0.2
    assert np.median(together) < 0.06
    assert np.median(error_of(alone, true) / together) > 4


def test_a_sum_of_potentials_is_taken_apart_exactly():
    rng = np.random.default_rng(3)
    trains = [np.sort(rng.choice(np.arange(5, 1990), 60, replace=False)) for _ in range(3)]
    shapes = rng.normal(size=(3, 2, 8))
    x = np.zeros((2, 2000))
    for train, shape in zip(trains, shapes, strict=True):
        for t in train:
            x[:, t - 4 : t + 4] += shape
    assert_allclose(muaps(x, trains, 1000.0, window_s=0.008), shapes, atol=1e-12)


def test_fitted_potentials_are_those_of_the_equations_written_out():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(2, 400))
    trains = [[4, 9, 11, 60, 200, 396], [3, 10, 61, 62, 300, 399]]
    columns = np.zeros((400, 12))
    for unit, train in enumerate(trains):
        for start in (t - 3 for t in train if t - 3 >= 0 and t + 3 <= 400):
            for i in range(6):
                columns[start + i, 6 * unit + i] += 1.0
    expected = np.linalg.lstsq(columns, x.T, rcond=None)[0].T.reshape(2, 2, 6).transpose(1, 0, 2)
    assert_allclose(muaps(x, trains, 1000.0, window_s=0.006), expected, rtol=1e-9)


def test_one_unit_alone_is_its_average_where_its_windows_do_not_touch():
    x = np.random.default_rng(5).normal(size=(3, 500))
    train = np.arange(20, 480, 40)
    one = muaps(x, [train], 1000.0, window_s=0.02)[0]
    assert_allclose(one, spike_triggered(x, train, 1000.0, window_s=0.02), rtol=1e-12)
    mean = np.mean([x[:, t - 10 : t + 10] for t in train], axis=0)
    assert_allclose(one, mean, rtol=1e-12)


def test_masked_samples_and_cut_windows_count_in_no_average():
    x = np.arange(60.0).reshape(1, 60)
    x[0, 20] = np.nan
    found = spike_triggered(x, [1, 10, 20, 59], 1000.0, window_s=0.004)
    assert_array_equal(found, [[13.0, 14.0, 10.0, 16.0]])
    assert np.isnan(spike_triggered(x, [], 1000.0, window_s=0.004)).all()


@pytest.mark.parametrize(
    ("trains", "x", "message"),
    [
        ([[50, 90], [50, 90]], np.ones((1, 200)), "two of them are nearly one"),
        ([[50, 90], []], np.ones((1, 200)), "one has no discharge"),
        ([[50]], np.full((1, 200), np.nan), "masked samples"),
        ([[50, 50]], np.ones((1, 200)), r"trains\[0\]\[1\] holds sample 50 twice"),
    ],
)
def test_potentials_that_cannot_be_told_apart_are_refused(trains, x, message):
    with pytest.raises(SignalError, match=message):
        muaps(x, trains, 1000.0, window_s=0.01)


def test_no_trains_have_no_potentials():
    assert muaps(np.ones((2, 50)), [], 1000.0, window_s=0.01).shape == (0, 2, 10)
    with pytest.raises(ParameterError, match="fewer than 2 samples"):
        muaps(np.ones((2, 50)), [[20]], 1000.0, window_s=0.001)


def test_a_potential_lies_on_the_grid_where_its_channels_are(synchronous):
    recording, truth, _ = synchronous
    muap = truth.muaps_uv[3]
    placed = on_grid(muap, recording.on_grid())
    assert placed.shape == (8, 8, muap.shape[1])
    assert_array_equal(placed[2, 5], muap[recording.index("R3C6")])
    holes = np.array([[0, -1], [2, 1]])
    assert np.isnan(on_grid(muap, holes)[0, 1]).all()
    assert_array_equal(on_grid(muap, holes)[1, 0], muap[2])
    with pytest.raises(ParameterError, match="row 9 of a potential of 2 rows"):
        on_grid([[1.0, 2.0], [3.0, 4.0]], np.array([[9]]))


def test_differences_run_down_the_columns_and_miss_what_an_electrode_misses():
    grid = np.arange(24.0).reshape(4, 2, 3) ** 2
    grid[3, 1] = np.nan
    single, double = differential(grid, 1), differential(grid, 2)
    assert_array_equal(single[0, 0], grid[0, 0] - grid[1, 0])
    assert_array_equal(double[1, 0], grid[1, 0] - 2 * grid[2, 0] + grid[3, 0])
    assert np.isnan(double[1, 1]).all()
    assert (single.shape, double.shape) == ((3, 2, 3), (2, 2, 3))
    for order in (0, 3, 4):
        with pytest.raises(ParameterError, match="order 1 or 2"):
            differential(grid, order)


def test_amplitude_is_peak_to_peak_and_the_strongest_place_has_most():
    grid = np.zeros((2, 3, 5))
    grid[1, 2] = [0, 3, -4, 0, 0]
    grid[0, 0] = np.nan
    expected = np.array([[np.nan, 0, 0], [0, 0, 7.0]])
    assert_array_equal(amplitudes_uv(grid), expected)
    assert strongest(grid) == (1, 2)
    with pytest.raises(SignalError, match="no place"):
        strongest(np.full((2, 2, 4), np.nan))


def test_the_duration_is_that_above_a_tenth_of_the_peak_and_short_gaps_are_part_of_it():
    t = np.arange(-500, 501) / 10_000.0
    laplace = np.exp(-np.abs(t) / 0.004)
    assert_allclose(duration_ms(laplace, 10_000.0), 2 * 4 * np.log(10), atol=0.2)
    assert duration_ms([0, 1, 0, 0, 0, -2, 0], 1000.0) == 5.0
    assert duration_ms([0, 1, 0, 0, 0, 0, -2, 0], 1000.0) == 1.0
    assert np.isnan(duration_ms(np.zeros(9), 1000.0))
    assert np.isnan(duration_ms([], 1000.0))


def test_the_duration_of_a_filtered_potential_is_that_of_the_potential(synchronous):
    recording, truth, units = synchronous
    for unit in units:
        true = np.pad(truth.muaps_uv[unit.number], ((0, 0), (400, 400)))
        filtered = zero_phase_sos(true, bandpass_sos(20, 500, FS))
        steps = [differential(on_grid(x, recording.on_grid()), 1) for x in (true, filtered)]
        at = strongest(steps[0])
        assert_allclose(duration_ms(steps[1][at], FS), duration_ms(steps[0][at], FS), atol=1.5)


def travelling(velocity_m_s, zone_mm, n_rows=10, ied_mm=5.0, n_cols=2):
    """Double differential channels of one shape, later by their distance from the zone."""
    t = (np.arange(204) - 40) / FS
    at = (np.arange(n_rows) + 1) * ied_mm
    late = np.abs(at - zone_mm)[:, None, None] / velocity_m_s / 1000
    size = np.linspace(1, 2, n_cols)[None, :, None]
    z = (t - late) / 0.002
    return 50 * size * (1 - z**2) * np.exp(-(z**2) / 2)


@pytest.mark.parametrize("velocity", [2.1, 4.0, 6.3])
@pytest.mark.parametrize("zone", [11.3, 27.5, 42.0])
def test_velocity_and_zone_of_a_travelling_shape_are_exact(velocity, zone):
    found = propagation(travelling(velocity, zone), FS, ied_mm=5.0)
    assert_allclose(found.velocity_m_s, velocity, rtol=2e-3)
    assert_allclose(found.zone_mm, zone, atol=0.03)
    assert found.r > 0.999
    assert (found.n, found.reason, found.zone_reason) == (20, "", "")


@pytest.mark.parametrize("zone", [-30.0, 80.0])
def test_a_zone_beside_the_grid_leaves_the_velocity(zone):
    found = propagation(travelling(3.0, zone, n_rows=6), FS, ied_mm=5.0)
    assert_allclose(found.velocity_m_s, 3.0, rtol=2e-3)
    assert np.isnan(found.zone_mm)
    assert (found.reason, found.zone_reason) == ("", "zone_outside_grid")


def test_what_does_not_travel_has_no_velocity():
    rng = np.random.default_rng(6)
    double = travelling(4.0, 20.0)
    for data, reason in [
        (np.repeat(double[:1], 10, axis=0), "low_correlation"),
        (np.repeat(double[:1], 3, axis=0), "implausible_velocity"),
        (travelling(7.4, 0.0), "implausible_velocity"),
        (travelling(1.47, 0.0), "implausible_velocity"),
        (rng.normal(size=(10, 3, 102)), "low_correlation"),
        (np.zeros((10, 3, 102)), "zero_variance"),
        (double[:2], "too_few_channels"),
        (np.full((4, 1, 102), np.nan), "too_few_channels"),
    ]:
        found = propagation(data, FS, ied_mm=5.0)
        assert found.reason == found.zone_reason == reason
        assert np.isnan([found.velocity_m_s, found.zone_mm]).all()


def test_columns_share_a_velocity_and_each_has_its_zone():
    columns = [travelling(3.3, zone, n_cols=1) for zone in (18.0, 24.0, 31.5)]
    for sizes, zone in (((1, 2, 3), 31.5), ((3, 2, 1.6), 18.0)):
        grid = np.concatenate([s * c for s, c in zip(sizes, columns, strict=True)], axis=1)
        found = propagation(grid, FS, ied_mm=5.0)
        assert_allclose([found.velocity_m_s, found.zone_mm], [3.3, zone], rtol=3e-3)
    faint = np.concatenate([columns[0], 0.4 * columns[2]], axis=1)
    assert propagation(faint, FS, ied_mm=5.0).n == 10


def test_how_much_correlation_is_enough_can_be_said():
    noise = np.random.default_rng(9).normal(0, 22.0, (10, 2, 204))
    noisy = travelling(4.0, 27.5) + noise
    refused = propagation(noisy, FS, ied_mm=5.0)
    found = propagation(noisy, FS, ied_mm=5.0, least_r=0.3)
    assert refused.reason == "low_correlation"
    assert 0.3 < found.r == refused.r < 0.7
    assert_allclose([found.velocity_m_s, found.zone_mm], [4.0, 27.5], rtol=0.05)


def test_missing_channels_are_left_out():
    double = travelling(4.0, 20.0)
    double[4, 0] = double[0, 1] = np.nan
    found = propagation(double, FS, ied_mm=5.0)
    assert_allclose([found.velocity_m_s, found.zone_mm], [4.0, 20.0], rtol=3e-3)
    assert found.n == 18


@pytest.mark.parametrize("ied_mm", [0.0, -5.0, np.nan])
def test_a_distance_that_is_none_is_refused(ied_mm):
    with pytest.raises(ParameterError, match="ied_mm must be above 0"):
        propagation(travelling(4.0, 20.0), FS, ied_mm=ied_mm)
    with pytest.raises(SignalError, match="got shape"):
        propagation(np.zeros((5, 9)), FS, ied_mm=5.0)


def shallow(settings, deepest_mm):
    recording, truth = simulate_grid(replace(settings, duration_s=0.2), seed=1)
    electrodes = settings.electrodes
    centre = (electrodes.rows - 1) / 2 * electrodes.ied_mm
    for unit, true in zip(truth.units, fitted_to(truth, truth.units), strict=True):
        if unit.depth_mm < deepest_mm:
            grid = on_grid(true, recording.on_grid())
            found = propagation(differential(grid, 2), recording.fs, ied_mm=electrodes.ied_mm)
            yield found, unit.velocity_m_s, unit.endplate_mm + centre


@pytest.mark.parametrize(
    ("settings", "deepest_mm", "velocity", "zone_mm"),
    [
        (
            replace(
                ADULT_256,
                anatomy=replace(ADULT_256.anatomy, n_units=30),
                electrodes=Electrodes(rows=16, cols=4, ied_mm=8.0),
            ),
            9.0, 0.02, 1.8,
        ),
        (INFANT_64, 6.0, 0.1, 1.2),
    ],
)  # fmt: skip
def test_velocity_and_zone_of_simulated_units_near_the_skin(
    settings, deepest_mm, velocity, zone_mm
):
    found = list(shallow(settings, deepest_mm))
    assert len(found) >= 6
    assert all(one.reason == one.zone_reason == "" for one, _, _ in found)
    errors = np.array([(one.velocity_m_s / v - 1, one.zone_mm - z) for one, v, z in found])
    assert np.quantile(np.abs(errors[:, 0]), 0.8) < velocity
    assert np.quantile(np.abs(errors[:, 1]), 0.8) < zone_mm


def test_features_of_a_potential_carry_units_n_and_reasons(synchronous):
    recording, truth, units = synchronous
    unit = max(units, key=lambda one: -one.depth_mm)
    true = fitted_to(truth, [unit])[0]
    grid = on_grid(true, recording.on_grid())
    found = waveform_features(grid, FS, ied_mm=4.0, n_discharges=unit.discharges.size, unit="7")
    values = {value.name: value for value in found}
    assert [value.unit for value in found] == ["uV", "uV", "uV", "ms", "m/s", "mm"]
    assert {value.reason for value in found} == {""}
    assert {value.channel for value in found} == {"7"}
    monopolar = values["muap_amplitude_monopolar"]
    assert monopolar.value == np.ptp(true, axis=1).max()
    assert (monopolar.n, values["muap_velocity"].n % 6) == (unit.discharges.size, 0)
    assert 5 < values["muap_duration"].value < 15


def test_features_of_a_grid_without_channels_say_why():
    empty = waveform_features(np.full((4, 2, 50), np.nan), FS, ied_mm=4.0, n_discharges=0)
    assert [value.reason for value in empty] == ["no_channel"] * 4 + ["too_few_channels"] * 2
    flat = waveform_features(np.zeros((6, 2, 50)), FS, ied_mm=4.0, n_discharges=9)
    assert [value.reason for value in flat] == ["", "", ""] + ["zero_variance"] * 3


def test_case_43_a_potential_is_like_itself_whatever_its_size_sign_or_place(synchronous):
    recording, truth, units = synchronous
    one, other = (
        on_grid(truth.muaps_uv[unit.number], recording.on_grid()) for unit in (units[1], units[4])
    )
    same, opposite = likeness(one, 2.5 * one, FS), likeness(one, -one, FS)
    assert_allclose([same.r, opposite.r], [1.0, -1.0], atol=2e-4)
    assert same.shift == opposite.shift == (0, 0)
    assert same.n == 64
    for shift in [(1, 0), (0, -1), (-1, 1)]:
        moved = np.full_like(one, np.nan)
        moved[1:-1, 1:-1] = np.roll(one, shift, axis=(0, 1))[1:-1, 1:-1]
        found = likeness(one, np.roll(moved, 3, axis=2), FS)
        assert_allclose(found.shift, shift, atol=1 / 16)
        assert found.n == 36
        assert found.r > 0.99
    assert abs(likeness(one, other, FS).r) < 0.99


def test_flat_potentials_are_like_nothing_and_wrong_shapes_are_refused():
    flat, one = np.zeros((3, 3, 40)), np.random.default_rng(0).normal(size=(3, 3, 40))
    assert likeness(flat, one, FS).r == 0.0
    with pytest.raises(SignalError, match="two grids"):
        likeness(one, one[:2], FS)
    for wrong in (0.02, -0.01):
        with pytest.raises(ParameterError, match="max_lag_s"):
            likeness(one, one, FS, max_lag_s=wrong)
