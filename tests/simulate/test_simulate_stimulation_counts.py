"""Scans, graded stimuli and interference patterns: what unit counts are judged against."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr

from emgproc.errors import ParameterError
from emgproc.simulate.stimulation import (
    Epoch,
    StimulationSettings,
    absent_nerve,
    draw_epochs,
    healthy_nerve,
    plain_nerve,
    simulate_incremental,
    simulate_multipoint,
    simulate_scan,
    simulate_sip,
    sma_nerve,
)
from emgproc.simulate.stimulation.sip import interference

BARE = StimulationSettings(noise_uv=0.0, variability=0.0, artefact_uv_per_ma=0.0, rails_uv=None)


def amplitudes_mv(recording, settings, n):
    """Baseline to negative peak after the artefact, of the first n sweeps."""
    t = settings.times_s
    x = recording.data[0, : n * t.size].reshape(n, -1)
    baseline = x[:, (t >= -0.010) & (t < -0.001)].mean(axis=1)
    return -(x[:, (t > 0.0012) & (t < 0.02)].min(axis=1) - baseline) / 1000


def d50(amplitudes):
    """Largest differences of the sorted amplitudes, taken one by one until half is reached."""
    ordered = sorted(amplitudes)
    steps = sorted((b - a for a, b in pairwise(ordered)), reverse=True)
    total, count = 0.0, 0
    while total < 0.5 * ordered[-1] - 1e-6:
        total, count = total + steps[count], count + 1
    return count


@pytest.mark.parametrize(
    ("sizes", "expected"), [([50.0] * 20, 10), ([500.0] + [20.0] * 25, 1), ([100.0], 1)]
)
def test_case_38_d50_of_known_stairs(sizes, expected):
    recording, truth = simulate_scan(plain_nerve(sizes), BARE)
    _, first, last, n = truth.scan_points
    seen = amplitudes_mv(recording, BARE, n)[first - 1 : last]
    assert d50(seen) == truth.d50 == expected
    assert np.unique(seen.round(6)).size == len(sizes) + 1  # every stair was trodden on


def test_d50_of_a_noise_free_scan_is_that_of_the_recording():
    for nerve in (healthy_nerve(4), sma_nerve(4)):
        recording, truth = simulate_scan(nerve, BARE, seed=2)
        _, first, last, n = truth.scan_points
        assert d50(amplitudes_mv(recording, BARE, n)[first - 1 : last]) == truth.d50


def test_the_expected_response_is_the_sum_of_size_times_activation():
    nerve = replace(plain_nerve([30.0, 80.0, 50.0, 40.0]), relative_spread=np.full(4, 0.015))
    _, truth = simulate_scan(nerve, BARE)
    ma = truth.sweeps.stimulus_ma[:, None]
    chance = ndtr((ma - nerve.threshold_ma) / (0.015 * nerve.threshold_ma))
    # The peak lies on a sample: 2 ms take-off and 2.5 ms to the peak at 20 kHz.
    assert_allclose(truth.expected_mv, chance @ nerve.size_uv / 1000, rtol=1e-9, atol=1e-12)
    for share, at in ((0.05, truth.s5_ma), (0.5, truth.s50_ma), (0.95, truth.s95_ma)):
        there = ndtr((at - nerve.threshold_ma) / (0.015 * nerve.threshold_ma)) @ nerve.size_uv
        assert_allclose(there, share * 200.0, rtol=1e-6)
    assert truth.relative_range == (truth.s95_ma - truth.s5_ma) / truth.s50_ma


def test_responses_scatter_about_their_expectation():
    nerve = replace(plain_nerve([50.0] * 30), relative_spread=np.full(30, 0.02))
    _, truth = simulate_scan(nerve, BARE, seed=9, n_scan=4000)
    variance = (nerve.activation(truth.sweeps.stimulus_ma) @ np.square(nerve.size_uv)) / 1e6
    variance -= (nerve.activation(truth.sweeps.stimulus_ma) ** 2 @ nerve.size_uv**2) / 1e6
    excess = truth.sweeps.amplitude_mv - truth.expected_mv
    where = variance > 1e-5
    z = excess[where] / np.sqrt(variance[where])
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert_allclose(np.mean(z**2), 1.0, rtol=0.1)


def test_a_scan_falls_from_all_units_to_none_by_a_constant_factor():
    _, truth = simulate_scan(healthy_nerve(1), seed=1)
    ma, fired = truth.sweeps.stimulus_ma, truth.sweeps.fired
    assert truth.scan_points == (1, 21, 520, 540)
    assert np.unique(ma[:21]).size == np.unique(ma[519:]).size == 1
    factor = ma[21:520] / ma[20:519]
    assert_allclose(factor, factor.mean(), rtol=4e-4)  # strengths are rounded to 0.001 mA
    assert 0.995 < factor.mean() < 0.999  # 0.998 in adults' scans
    assert fired[:20].all()
    assert not fired[-20:].any()
    assert 25 <= truth.d50 <= 60  # 31–52 in adults' scans of as many units


def test_a_scan_of_sma_has_few_large_steps_and_one_without_units_none():
    _, truth = simulate_scan(sma_nerve(1, 3), seed=1)
    assert truth.d50 <= 2
    assert truth.largest_step_percent > 30
    _, empty = simulate_scan(absent_nerve(), seed=1)
    assert (empty.d50, empty.largest_step_percent) == (0, 0.0)
    assert np.isnan([empty.s5_ma, empty.s50_ma, empty.s95_ma]).all()


def test_incremental_levels_are_the_sums_of_the_units_that_fired():
    nerve = plain_nerve([40.0, 60.0, 80.0, 50.0, 70.0, 90.0])
    recording, truth = simulate_incremental(nerve, BARE, n_steps=4)
    assert_allclose(truth.levels_mv, np.cumsum([0.0, 40.0, 60.0, 80.0, 50.0]) / 1000, atol=1e-12)
    assert_array_equal(truth.sampled, [0, 1, 2, 3])
    assert_allclose([truth.sampled_size_uv, truth.mean_size_uv], [57.5, 65.0])
    assert_allclose(
        amplitudes_mv(recording, BARE, truth.graded.size), truth.sweeps.amplitude_mv, rtol=1e-9
    )
    assert_allclose(truth.sweeps.amplitude_mv[~truth.graded], 0.39, rtol=1e-9)


def test_units_with_overlapping_thresholds_alternate():
    near = plain_nerve([40.0, 60.0])
    near = replace(
        near, threshold_ma=np.array([10.0, 10.1]), relative_spread=np.array([0.02, 0.02])
    )
    _, truth = simulate_incremental(near, BARE, seed=3)
    assert_allclose(truth.levels_mv, [0.0, 0.04, 0.06, 0.1], atol=1e-12)


def test_incremental_stimulation_recruits_about_ten_units_of_a_healthy_nerve():
    counts = [simulate_incremental(healthy_nerve(s), seed=s)[1].sampled.size for s in range(20)]
    assert min(counts) >= 9
    assert 10 <= np.median(counts) <= 14


def test_case_37_multipoint_of_equal_units():
    settings = replace(BARE, distance_m=0.04)
    recording, truth = simulate_multipoint(plain_nerve([50.0] * 60), settings, seed=1)
    assert_allclose(truth.level_mv, np.tile([0.05, 0.10, 0.15], (3, 1)), rtol=1e-3)
    assert_allclose([truth.smup_uv, truth.mune, truth.mean_size_uv], [50.0, 60.0, 50.0], rtol=1e-3)
    seen = amplitudes_mv(recording, settings, truth.site.size)
    assert_allclose(seen, truth.sweeps.amplitude_mv, rtol=1e-9)
    for i in range(3):
        for j in range(3):
            rows = (truth.site == i + 1) & (truth.level == j + 1)
            assert_array_equal(truth.sweeps.fired[rows], truth.intended[i, j][None].repeat(3, 0))
    assert_allclose(seen[truth.site == 0], 3.0, rtol=1e-9)
    labels = [event.label for event in recording.events if event.label.startswith("site/")]
    assert labels == ["site/1", "site/2", "site/3"]


def test_sites_have_other_orders_of_thresholds_and_levels_of_at_least_25_uv():
    _, truth = simulate_multipoint(healthy_nerve(2), seed=1)
    orders = np.argsort(truth.threshold_ma, axis=1)
    assert all((orders[0] != orders[i]).mean() > 0.8 for i in (1, 2))
    assert_array_equal(np.sort(truth.threshold_ma, axis=1)[1], np.sort(truth.nerve.threshold_ma))
    growth = np.diff(truth.level_mv, axis=1, prepend=0.0)
    assert (growth >= 0.025).all()
    assert_allclose(truth.smup_uv, truth.level_mv[:, 2].sum() * 1000 / 9, rtol=1e-12)
    assert 0.5 < truth.mune / truth.n_units < 2.0


def test_with_fewer_units_than_levels_the_last_level_repeats():
    _, truth = simulate_multipoint(plain_nerve([80.0, 60.0]), BARE, seed=1)
    assert_allclose(truth.level_mv[:, 1:], 0.14, rtol=1e-3)
    assert truth.intended[:, 2].all()


def test_case_34_identical_units_that_never_overlap_count_themselves():
    n = 60
    nerve = plain_nerve([50.0] * n, peak_delay_s=0.0015)
    firings = tuple(np.array([0.02 + 0.02 * i]) for i in range(n))
    epoch = Epoch(float("nan"), 0.02 * (n + 2), firings)
    recording, truth = simulate_sip(nerve, BARE, epochs=(epoch,))
    assert_allclose(truth.icmuc, 60.0, rtol=1e-6)
    assert recording.events[-1].label == "effort/given"
    segment = recording.segments[-1]
    x = recording.data[0, segment.start : segment.stop] / 1000
    cmap = recording.data[0, : BARE.times_s.size] / 1000
    seen = (cmap**2).sum() * np.abs(x).sum() / (np.abs(cmap).sum() * (x**2).sum())
    assert_allclose(seen, 60.0, rtol=1e-6)
    assert_allclose(truth.cmap_area_mv_ms, np.abs(cmap).sum() / 20, rtol=1e-9)
    assert_allclose(truth.sip_power_mv2_ms[0], (x**2).sum() / 20, rtol=1e-9)


def test_a_pattern_is_the_sum_of_its_potentials_wherever_they_fall_between_samples():
    nerve = plain_nerve([50.0, 80.0])
    trains = (np.array([-0.0071, 0.10003]), np.array([0.1021, 0.49]))
    fast = interference(nerve, Epoch(0.5, 0.5, trains), 20_000.0)
    t = np.arange(10_000) / 20_000
    slow = np.zeros_like(t)
    for train, size in zip(trains, (50.0, 80.0), strict=True):
        for time in train:
            u = np.maximum(t - time - 0.001, 0.0) / (0.0025 / 0.5166253518392669)
            slow -= size * 3 * u**2 * (1 - u**1.5) * np.exp(-2 * u**1.5) / 0.23952870582526217
    assert_allclose(fast, slow, atol=1e-8)


def test_a_pattern_has_no_offset():
    nerve = healthy_nerve(1)
    (epoch,) = draw_epochs(nerve, (1.0,), seed=1)
    x = interference(nerve, epoch, 20_000.0)
    assert abs(x.mean()) < 0.05 * x.std()


def test_stronger_effort_gives_more_units_higher_rates_and_a_fuller_pattern():
    _, truth = simulate_sip(healthy_nerve(1), seed=1)
    assert truth.effort.size == 20
    active = [np.unique(truth.unit[truth.epoch == k]).size for k in (1, 9, 19)]
    assert active[0] < active[1] <= active[2]
    assert active[2] >= 105
    assert (np.diff(truth.sip_area_mv_ms[[0, 4, 9, 19]]) > 0).all()
    assert (np.diff(truth.icmuc[[0, 4, 9, 19]]) < 0).all()
    rate_hz = np.sum(truth.epoch == 19) / 110 / 0.6
    assert 30 < rate_hz < 46
    small = truth.nerve.size_uv[np.unique(truth.unit[truth.epoch == 0])]
    assert small.max() < np.median(truth.nerve.size_uv)


def test_case_36_few_small_units_fill_no_valid_pattern():
    small = plain_nerve([50.0] * 6)  # CMAP 0.3 mV
    _, truth = simulate_sip(small, seed=1)
    assert truth.sip_area_mv_ms.max() < 20


def test_epochs_lie_apart_from_the_stimuli_and_from_each_other():
    recording, truth = simulate_sip(sma_nerve(1), seed=1)
    spans = [(s.onset_s, s.onset_s + (s.stop - s.start) / 20_000) for s in recording.segments]
    assert all(b[0] - a[1] > 0.9 for a, b in pairwise(spans))
    assert_allclose([s[0] for s in spans[3:]], truth.epoch_onset_s)
    where = truth.epoch_onset_s[truth.epoch]
    assert ((truth.discharge_s >= where - 0.1) & (truth.discharge_s < where + 0.5)).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda: draw_epochs(plain_nerve([50.0]), (1.1,)),
        lambda: simulate_sip(plain_nerve([50.0]), epochs=(Epoch(0.5, 0.5, ()),)),
        lambda: simulate_sip(plain_nerve([50.0]), epochs=(Epoch(0.5, 0.0, (np.empty(0),)),)),
    ],
)
def test_an_impossible_epoch_is_refused(call):
    with pytest.raises(ParameterError):
        call()
