"""Motor units of a scan: the exact likelihood, and counts against simulated truth."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import ndtr

from emgproc.errors import ParameterError, SignalError
from emgproc.simulate.stimulation import (
    absent_nerve,
    draw_nerve,
    plain_nerve,
    simulate_scan,
    simulate_sip,
    sma_nerve,
)
from emgproc.stimulation import (
    ScanNoise,
    amplitudes_at_peak,
    baselined,
    d50,
    munix,
    scan_model,
    scan_noise,
    stair_fit,
    sweeps_of,
)
from emgproc.stimulation.scan_likelihood import CERTAIN_SDS, OUTLIERS, Likelihood, Units

SPREAD = 0.55  # of the logarithms of sizes, as in `healthy_nerve`


def measured(nerve, seed):
    """Stimuli, amplitudes, noise and span of a simulated scan, from its sweeps."""
    recording, truth = simulate_scan(nerve, seed=seed)
    sweeps = sweeps_of(recording, "ADM_L")
    _, first, last, _ = truth.scan_points
    mv = amplitudes_at_peak(sweeps.data, sweeps.fs, sweeps.before_s)
    span = (first - 1, last)
    return sweeps.stimulus_ma, mv, scan_noise(mv, span), span


def drawn(n, seed):
    """A nerve of `n` units with sizes of 50 µV in the mean."""
    rng = np.random.default_rng((n, seed))
    return draw_nerve(rng, 50 * np.exp(rng.normal(-(SPREAD**2) / 2, SPREAD, n)))


def naive_cost(ma, mv, sd, units):
    """−Σ ln L by adding up every set of units that may have answered."""
    total = 0.0
    for stimulus, response, noise in zip(ma, mv, sd, strict=True):
        z = (stimulus / units.threshold_ma - 1) / units.spread
        chance = np.where(z > CERTAIN_SDS, 1.0, np.where(z < -CERTAIN_SDS, 0.0, ndtr(z)))
        density = 0.0
        for answers in itertools.product((0, 1), repeat=units.n):
            which = np.array(answers)
            likely = np.prod(np.where(which, chance, 1 - chance))
            off = (response - which @ units.size_mv) / noise
            density += likely * np.exp(-(off**2) / 2) / noise / np.sqrt(2 * np.pi)
        total -= np.log(density + OUTLIERS / np.ptp(mv))
    return total


def six_units(seed):
    rng = np.random.default_rng(seed)
    units = Units(rng.uniform(0.02, 0.1, 6), np.sort(rng.uniform(8, 11, 6)), 0.02)
    ma = np.sort(rng.uniform(7, 12, 40))
    fired = rng.random((40, 6)) < ndtr((ma[:, None] / units.threshold_ma - 1) / 0.02)
    sd = 0.003 + 0.01 * ma / 12
    return units, ma, fired @ units.size_mv + sd * rng.standard_normal(40), sd


@pytest.mark.parametrize("seed", range(2))
def test_the_likelihood_is_the_sum_over_every_set_of_units(seed):
    units, ma, mv, sd = six_units(seed)
    fast = Likelihood.of(ma, mv, sd)
    for near in (units, Units(1.1 * units.size_mv, 1.01 * units.threshold_ma, 0.025)):
        assert_allclose(fast.cost(near), naive_cost(ma, mv, sd, near), rtol=1e-3, atol=0.1)


def test_the_slope_is_that_of_the_cost():
    units, ma, mv, sd = six_units(5)
    fast = Likelihood.of(ma, mv, sd)
    x = np.log(np.concatenate([1.02 * units.size_mv, units.threshold_ma, [0.021]]))

    def cost(x):
        return fast.cost_and_slope(Units(np.exp(x[:6]), np.exp(x[6:12]), np.exp(x[12])))[0]

    _, slope = fast.cost_and_slope(Units(np.exp(x[:6]), np.exp(x[6:12]), np.exp(x[12])))
    steps = 1e-6 * np.eye(13)
    numeric = [(cost(x + step) - cost(x - step)) / 2e-6 for step in steps]
    assert_allclose(slope, numeric, rtol=1e-3, atol=1e-2 * np.abs(slope).max())


def test_a_part_of_the_scan_with_the_other_units_given_costs_what_it_did():
    units, ma, mv, sd = six_units(6)
    whole = Likelihood.of(ma, mv, sd)
    rows = whole.rows_of(units.part(2, 4))
    rest = units.replaced(2, 4, units.part(0, 0))
    part = whole.within(*rows, rest)
    inside = slice(*rows)
    other = Likelihood.of(ma, mv, sd)
    direct = other.within(inside.start, inside.stop, units.part(0, 0)).cost(units)
    assert_allclose(part.cost(units.part(2, 4)), direct, rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_three_units_of_an_infant_of_0_3_mv_are_counted_and_have_no_munix(seed):
    nerve = plain_nerve([90.0, 120.0, 90.0])
    ma, mv, noise, span = measured(nerve, seed)
    found = scan_model(ma, mv, noise, span)
    assert (found.n_units, found.reason, found.n) == (3, "", 500)
    assert_allclose(found.sizes_mv, [0.09, 0.12, 0.09], atol=0.004)
    assert_allclose(found.thresholds_ma, nerve.threshold_ma, rtol=0.01)
    assert_allclose([found.mean_size_uv, found.largest_percent], [100.0, 40.0], rtol=0.03)
    recording, _ = simulate_sip(nerve, seed=seed)
    sweeps = sweeps_of(recording, "ADM_L")
    wave = baselined(sweeps.data, sweeps.fs, sweeps.before_s).mean(axis=0)
    epochs = [recording.data[0, s.start : s.stop] for s in recording.segments[3:]]
    index = munix(wave, epochs, recording.fs)
    assert (np.isnan(index.munix), index.reason) == (True, "no_valid_sip")


@pytest.mark.parametrize("seed", range(2))
def test_few_surviving_units_are_counted_with_their_sizes_and_thresholds(seed):
    nerve = sma_nerve(seed)
    ma, mv, noise, span = measured(nerve, seed)
    found = scan_model(ma, mv, noise, span)
    seen = nerve.size_uv > 8  # the noise is 2 µV and grows with the response
    assert abs(found.n_units - seen.sum()) <= 1
    assert_allclose(found.sizes_mv.sum(), mv.max(), rtol=0.03)
    assert 0.008 < found.relative_spread < 0.022
    # Units out of phase with the peak add less to it.
    assert_allclose(found.sizes_mv.max(), nerve.size_uv.max() / 1000, rtol=0.15)


@pytest.mark.parametrize("n", [5, 8])
def test_the_count_of_simulated_units_is_right_within_15_percent(n):
    found = scan_model(*measured(drawn(n, 1), 1))
    assert abs(found.n_units / n - 1) <= 0.15


@pytest.mark.slow
def test_counts_of_5_to_80_units_are_right_within_15_percent_in_the_median():
    off = {
        n: [scan_model(*measured(drawn(n, seed), seed)).n_units / n - 1 for seed in range(3)]
        for n in (5, 8, 12, 20, 30, 45, 60, 80)
    }
    every = np.abs(np.concatenate(list(off.values())))
    assert np.median(every) <= 0.15, off
    assert every.max() < 0.4, off


@pytest.mark.slow
def test_units_of_a_real_scan_lie_between_its_d50_and_its_stairs(real_data):
    from emgproc.readers import read_cmap_scan

    real = read_cmap_scan(real_data / "qtrac-cmapscan/MSCC00128A_OM2.MEM")
    noise = scan_noise(real.response_mv, real.scan)
    found = scan_model(real.stimulus_ma, real.response_mv, noise, real.scan)
    stairs = stair_fit(real.stimulus_ma, real.response_mv, noise, real.scan)
    assert d50(real.response_mv[slice(*real.scan)]) < found.n_units < stairs.n_units
    assert_allclose(found.sizes_mv.sum(), np.median(real.response_mv[:20]), rtol=0.1)
    assert 0.005 < found.relative_spread < 0.03


def test_without_a_response_there_is_no_unit():
    ma, mv, noise, span = measured(absent_nerve(), 1)
    found = scan_model(ma, mv, noise, span)
    assert (found.n_units, found.reason) == (0, "absent_response")
    assert np.isnan([found.relative_spread, found.mean_size_uv, found.log_likelihood]).all()


def test_a_single_unit_is_one():
    nerve = plain_nerve([300.0])
    ma, mv, noise, span = measured(nerve, 2)
    found = scan_model(ma, mv, noise, span)
    assert found.n_units == 1
    assert_allclose(found.sizes_mv, 0.3, rtol=0.02)


@pytest.mark.parametrize("n", [1, 4, 20])
def test_without_noise_the_stairs_are_the_units(n):
    thresholds = np.linspace(8.0, 16.0, n)
    ma = np.linspace(7.0, 17.0, 300)
    mv = 0.1 * (ma[:, None] >= thresholds).sum(axis=1)
    found = scan_model(ma, mv, ScanNoise(0.0))
    assert found.n_units == n
    assert_allclose(found.sizes_mv, 0.1, rtol=1e-3)
    assert_allclose(found.thresholds_ma, thresholds, rtol=0.01)


def test_a_scan_twice_as_large_has_the_same_units_twice_as_large():
    ma, mv, noise, span = measured(plain_nerve([90.0, 120.0, 90.0]), 3)
    one = scan_model(ma, mv, noise, span)
    two = scan_model(ma, 2 * mv, ScanNoise(2 * noise.floor_mv, noise.relative), span)
    assert two.n_units == one.n_units
    assert_allclose(two.sizes_mv, 2 * one.sizes_mv, rtol=0.02)
    assert_allclose(two.thresholds_ma, one.thresholds_ma, rtol=0.005)


@pytest.mark.parametrize(
    "call",
    [
        lambda: scan_model([0.0, 1.0], [0.0, 1.0], ScanNoise(0.01)),
        lambda: scan_model([1.0, 2.0], [0.0, 1.0, 2.0], ScanNoise(0.1)),
    ],
)
def test_a_scan_that_cannot_be_modelled_is_refused(call):
    with pytest.raises(ParameterError):
        call()


def test_a_scan_that_does_not_fall_is_refused_and_one_that_does_not_end_is_flagged():
    ma = np.linspace(8, 16, 100)
    with pytest.raises(SignalError, match="every stimulus of the scan gives 2 mV"):
        scan_model(ma, np.full(100, 2.0), ScanNoise(0.01))
    found = scan_model(ma, 1.0 + 0.5 * (ma > 12), ScanNoise(0.01))
    assert (found.n_units, found.flags) == (1, ("not_down_to_none",))
