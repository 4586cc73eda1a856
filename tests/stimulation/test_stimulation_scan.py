"""CMAP scans: D50, S-values, steps and the staircase."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import ParameterError, SignalError
from emgproc.simulate.stimulation import (
    StimulationSettings,
    absent_nerve,
    plain_nerve,
    simulate_scan,
    sma_nerve,
)
from emgproc.stimulation import (
    ScanNoise,
    amplitudes_at_peak,
    d50,
    responses,
    scan,
    scan_noise,
    stair_fit,
    sweeps_of,
)

BARE = StimulationSettings(noise_uv=0.0, variability=0.0, artefact_uv_per_ma=0.0, rails_uv=None)
D50 = {
    "MSCC00128A": 40, "MSCC00201C": 52, "MSCC00205B": 39, "MSCC00215A": 34, "MSCC00218E": 38,
    "MSCC00226C": 41, "MSCC00304A": 31, "MSCC00309C": 85, "MSCC00925B": 40, "MSCC00930A": 33,
    "MSCC01003C": 61,
}  # fmt: skip


def measured(nerve, options=None, seed=0):
    """Stimuli, responses and span of a simulated scan as they are measured from its sweeps."""
    recording, truth = simulate_scan(nerve, options, seed)
    sweeps = sweeps_of(recording, "ADM_L")
    _, first, last, _ = truth.scan_points
    mv = amplitudes_at_peak(sweeps.data, sweeps.fs, sweeps.before_s)
    return sweeps.stimulus_ma, mv, (first - 1, last), truth


def naive_stairs(x, sd, error_sds):
    """Fewest levels, then least squares: every staircase of m levels, m = 1, 2, …"""
    x, sd = np.sort(x), sd[np.argsort(x, kind="stable")]
    n = x.size
    cost = np.full((n, n + 1), np.inf)
    for start in range(n):
        group, w = x[start:] - x[start], 1 / sd[start:] ** 2
        mean = np.cumsum(w * group) / np.cumsum(w)
        squares = np.cumsum(w * group**2) - np.cumsum(w) * mean**2
        squares[0] = 0.0
        within = squares <= error_sds**2 * np.arange(1, n - start + 1)
        cost[start, start + 1 :] = np.where(within, squares, np.inf)
    best, back = cost[0].copy(), []
    while not np.isfinite(best[n]):
        through = best[:n, None] + cost
        back.append(through.argmin(axis=0))
        best = through.min(axis=0)
    edges = [n]
    for previous in reversed(back):
        edges.append(int(previous[edges[-1]]))
    edges = [0, *edges[::-1]]
    return [np.average(x[a:b], weights=1 / sd[a:b] ** 2) for a, b in pairwise(edges)]


@pytest.mark.parametrize(
    ("sizes", "expected"), [([50.0] * 20, 10), ([500.0] + [20.0] * 25, 1), ([100.0], 1)]
)
def test_case_38_d50_and_stairs_of_known_steps(sizes, expected):
    ma, mv, span, truth = measured(plain_nerve(sizes), BARE)
    found = scan(ma, mv, span)
    assert found.d50 == truth.d50 == expected
    assert_allclose(found.cmap_max_mv, sum(sizes) / 1000, rtol=1e-3)
    assert_allclose(found.largest_step_percent, truth.largest_step_percent, rtol=1e-6)
    stairs = stair_fit(ma, mv, ScanNoise(0.0), span)
    assert stairs.n_units == len(sizes)
    assert_allclose(stairs.sizes_mv, np.array(sizes) / 1000, rtol=1e-3)
    assert_allclose(stairs.thresholds_ma, truth.nerve.threshold_ma, rtol=0.004)


def test_case_38_as_numbers():
    ma = np.arange(21.0)
    assert scan(ma, ma / 10).d50 == d50(ma / 10) == 10
    assert stair_fit(ma, ma / 10, ScanNoise(0.0)).n_units == 20
    one = np.concatenate([[0.0], 0.5 + 0.02 * np.arange(26)])
    assert d50(one) == 1


@pytest.mark.parametrize("name", D50)
def test_d50_of_real_scans_is_the_stated_one_and_stairs_equal_the_naive_ones(real_data, name):
    from emgproc.readers import read_cmap_scan

    real = read_cmap_scan(real_data / f"qtrac-cmapscan/{name}_OM2.MEM")
    noise = scan_noise(real.response_mv, real.scan)
    found = scan(real.stimulus_ma, real.response_mv, real.scan, noise=noise)
    assert abs(found.d50 - D50[name]) <= 1
    assert found.s5_ma < found.s50_ma < found.s95_ma
    assert 0.05 < found.relative_range < 1.2  # up to 1.13, where nerves lie deep
    assert 0 < found.largest_step_percent < found.step_percent <= 100
    assert 0.0005 < noise.floor_mv < 0.02
    mv = real.response_mv[slice(*real.scan)]
    stairs = stair_fit(real.stimulus_ma, real.response_mv, noise, real.scan)
    slow = naive_stairs(mv, noise.sd_mv(np.maximum(mv, 0.0)), 1.5)
    assert stairs.n_units == len(slow) - 1 > found.d50
    assert_allclose(stairs.levels_mv, slow, rtol=1e-9, atol=1e-9)


@settings(deadline=None, max_examples=40)
@given(
    mv=st.lists(st.floats(0, 3, allow_subnormal=False), min_size=2, max_size=40),
    floor=st.floats(0.01, 0.5), relative=st.floats(0, 0.1),
)  # fmt: skip
def test_the_staircase_is_the_naive_one(mv, floor, relative):
    noise, mv = ScanNoise(floor, relative), np.array(mv)
    fast = stair_fit(np.arange(mv.size), mv, noise)
    slow = naive_stairs(mv, noise.sd_mv(mv), 1.5)
    assert fast.n_units == len(slow) - 1
    assert_allclose(fast.levels_mv, slow, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_s_values_are_those_of_the_expected_response(seed):
    graded = replace(plain_nerve([50.0] * 60), relative_spread=np.full(60, 0.015))
    ma, mv, span, truth = measured(graded, seed=seed)
    found = scan(ma, mv, span)
    expected = [truth.s5_ma, truth.s50_ma, truth.s95_ma, truth.relative_range]
    assert_allclose(
        [found.s5_ma, found.s50_ma, found.s95_ma, found.relative_range], expected, rtol=0.02
    )


def test_d50_of_noise_free_scans_is_that_of_the_truth():
    for nerve in (sma_nerve(4, 12), sma_nerve(4)):
        recording, truth = simulate_scan(nerve, BARE, seed=2)
        sweeps = sweeps_of(recording, "ADM_L")
        mv = [r.amplitude_mv for r in responses(sweeps.data, sweeps.fs, sweeps.before_s)]
        _, first, last, _ = truth.scan_points
        assert abs(scan(sweeps.stimulus_ma, mv, (first - 1, last)).d50 - truth.d50) <= 1


def test_noise_is_that_before_and_after_the_scan():
    rng = np.random.default_rng(3)
    n = 4000
    before = 5 * (1 + 0.002 * rng.standard_normal(n)) + rng.normal(0, 0.007, n)
    mv = np.concatenate([before, [3.0, 2.0, 1.0], rng.normal(0, 0.007, n)])
    found = scan_noise(mv, (n, n + 3))
    assert_allclose([found.floor_mv, found.relative], [0.007, 0.002], rtol=0.05)
    assert_allclose(found.sd_mv(np.array([5.0])), np.hypot(0.007, 0.01), rtol=0.05)
    drifting = mv + np.linspace(0, 1, mv.size)
    assert_allclose(scan_noise(drifting, (n, n + 3)).floor_mv, 0.007, rtol=0.05)


@pytest.mark.parametrize("seed", range(3))
def test_three_units_of_an_infant_are_three_stairs(seed):
    ma, mv, span, truth = measured(plain_nerve([90.0, 120.0, 90.0]), seed=seed)  # 0.3 mV
    noise = scan_noise(mv, span)
    found, stairs = scan(ma, mv, span, noise=noise), stair_fit(ma, mv, noise, span)
    assert (stairs.n_units, found.d50) == (truth.n_units, 2)
    assert_allclose(stairs.sizes_mv, [0.09, 0.12, 0.09], atol=0.004)
    assert_allclose(stairs.thresholds_ma, truth.nerve.threshold_ma, rtol=0.004)
    assert found.n_steps == 3
    assert_allclose(found.cmap_max_mv, 0.3, atol=0.01)


def test_a_nerve_without_units_has_an_absent_scan():
    ma, mv, span, _ = measured(absent_nerve(), seed=1)
    found = scan(ma, mv, span)
    assert (found.absent, found.d50, found.reason) == (True, 0, "absent_response")
    assert np.isnan([found.s50_ma, found.largest_step_percent, found.relative_range]).all()
    stairs = stair_fit(ma, mv, scan_noise(mv, span), span)
    assert (stairs.flags, stairs.n_units) == (("absent_response",), 0)


def test_a_scan_that_ends_too_early_is_flagged_and_has_no_s5():
    ma = np.linspace(8.0, 16.0, 50)
    mv = 1.0 + 2.0 * (ma > 11) + (ma > 13)
    found = scan(ma, mv)
    assert (found.flags, found.reason) == (("no_noise", "not_down_to_none"), "not_down_to_none")
    assert np.isnan(found.s5_ma)
    assert 11 < found.s50_ma < 13
    assert stair_fit(ma, mv, ScanNoise(0.01)).flags == ("not_down_to_none",)


def test_the_order_of_stimuli_and_the_unit_of_gain_do_not_matter():
    ma, mv, span, _ = measured(sma_nerve(2, 6), seed=2)
    noise = scan_noise(mv, span)
    one = stair_fit(ma, mv, noise, span)
    inner = slice(*span)
    back = stair_fit(ma[inner][::-1], 2 * mv[inner][::-1],
                     ScanNoise(2 * noise.floor_mv, noise.relative))  # fmt: skip
    assert_allclose(back.levels_mv, 2 * one.levels_mv, rtol=1e-9)
    assert_allclose(back.thresholds_ma, one.thresholds_ma, rtol=1e-9)
    assert_array_equal(scan(ma, mv, span).d50, scan(ma[inner][::-1], 2 * mv[inner][::-1]).d50)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: scan([1.0], [1.0]), SignalError),
        (lambda: scan([1.0, 2.0], [1.0, np.nan]), SignalError),
        (lambda: scan([1.0, 2.0, 3.0], [1.0, 2.0]), ParameterError),
        (lambda: scan([1.0, 2.0], [1.0, 2.0], (0, 3)), ParameterError),
        (lambda: scan_noise(np.zeros(20), (4, 10)), SignalError),
        (lambda: ScanNoise(-1.0), ParameterError),
        (lambda: stair_fit([1.0, 2.0], [1.0, 2.0], ScanNoise(0.1), error_sds=0.0), ParameterError),
    ],
)
def test_an_impossible_scan_is_refused(call, error):
    with pytest.raises(error):
        call()
