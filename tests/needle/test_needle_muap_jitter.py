"""Jitter and blocking of known intervals, and of components and spikes that were moved."""

from itertools import pairwise

import numpy as np
import pytest

from emgproc.errors import ParameterError, SignalError
from emgproc.needle import component_jitter, jitter, muap, spike_jitter

FS = 25_000.0


def test_case_31_the_mcd_of_gaussian_intervals_is_that_of_its_formula():
    rng = np.random.default_rng(31)
    gaps = 1e-3 + 30e-6 * rng.standard_normal(200_000)
    times = np.cumsum(0.1 + 0.01 * rng.standard_normal(gaps.size))
    found = jitter(times, gaps)
    assert found.mcd.value == pytest.approx(33.85, rel=0.01)
    assert found.msd.value == pytest.approx(33.85, rel=0.01)
    assert found.jitter.value == found.mcd.value
    assert (found.mcd.unit, found.mcd.n) == ("us", 199_999)


def test_intervals_that_hang_on_the_discharge_interval_are_told_by_the_msd():
    rng = np.random.default_rng(1)
    before = rng.uniform(0.05, 0.15, 2000)
    gaps = 1e-3 + 5e-3 * before + 10e-6 * rng.standard_normal(2000)
    found = jitter(np.cumsum(before), gaps)
    assert found.ratio.value > 1.25
    assert found.jitter.value == found.msd.value
    assert found.msd.value == pytest.approx(2 / np.sqrt(np.pi) * 10, rel=0.05)


def naive_mcd(gaps):
    steps = [abs(b - a) for a, b in pairwise(gaps)]
    return np.mean([step for step in steps if step == step]) * 1e6


def test_blocked_discharges_end_a_run_and_are_counted():
    rng = np.random.default_rng(2)
    gaps = 1e-3 + 40e-6 * rng.standard_normal(300)
    gaps[rng.random(300) < 0.1] = np.nan
    found = jitter(np.arange(300) * 0.1, gaps)
    assert found.blocking.value == np.isnan(gaps).mean()
    assert found.mcd.value == pytest.approx(naive_mcd(gaps.tolist()), rel=1e-12)
    assert found.mcd.n == np.isfinite(np.diff(gaps)).sum()


def test_too_few_intervals_and_equal_ones_have_reasons():
    assert jitter([0.1, 0.2], [1e-3, 1e-3]).jitter.reason == "too_few_intervals"
    same = jitter(np.arange(20.0), np.full(20, 1e-3))
    assert (same.jitter.value, same.ratio.reason) == (0.0, "zero_variance")
    assert jitter([], []).blocking.reason == "no_discharge"
    with pytest.raises(SignalError, match="rising"):
        jitter([0.1, 0.1], [1e-3, 1e-3])


def of_two_fibres(noise_uv, n=200, sd_s=30e-6, blocked=0.05):
    """A potential of two spikes 4 ms apart, the second with jitter and blocking."""
    rng = np.random.default_rng(9)
    at = np.arange(1, n + 1) * 0.06
    late, missing = sd_s * rng.standard_normal(n), rng.random(n) < blocked
    x = noise_uv * rng.standard_normal(round((n + 2) * 0.06 * FS))
    t = np.arange(x.size) / FS
    for one, after, gone in zip(at, late, missing, strict=True):
        near = slice(round((one - 0.02) * FS), round((one + 0.02) * FS))
        x[near] -= 500 * np.exp(-(((t[near] - one) / 0.2e-3) ** 2))
        x[near] -= 300 * (not gone) * np.exp(-(((t[near] - one - 0.004 - after) / 0.2e-3) ** 2))
    return muap(x, FS, [at])[0], jitter(at, np.where(missing, np.nan, 0.004 + late))


def test_jitter_of_two_components_of_a_potential_is_measured_between_the_samples():
    unit, truth = of_two_fibres(0.0)
    found = component_jitter(unit, (-1, 1), (3, 5))
    assert found.mcd.value == pytest.approx(truth.mcd.value, rel=0.03)
    assert found.blocking.value == truth.blocking.value
    noisy, _ = of_two_fibres(10.0)
    found = component_jitter(noisy, (-1, 1), (3, 5))
    assert found.mcd.value == pytest.approx(truth.mcd.value, rel=0.1)
    assert found.blocking.value == pytest.approx(truth.blocking.value, abs=0.01)
    with pytest.raises(ParameterError, match="overlap"):
        component_jitter(unit, (-1, 1), (0.5, 5))
    with pytest.raises(ParameterError, match="no span"):
        component_jitter(unit, (-1, 1), (24, 25))


def test_jitter_of_two_spikes_pairs_the_nearest():
    rng = np.random.default_rng(4)
    first = np.cumsum(rng.uniform(0.08, 0.12, 200))
    second = first - 0.002 + 30e-6 * rng.standard_normal(200)
    kept = rng.random(200) > 0.1
    found = spike_jitter(first, second[kept])
    truth = jitter(first, np.where(kept, second - first, np.nan))
    assert found == truth
    assert spike_jitter(first, []).blocking.value == 1.0
    assert spike_jitter(first, second[:1]).blocking.value == pytest.approx(0.995)
    with pytest.raises(ParameterError, match="most_s"):
        spike_jitter(first, second, most_s=0)
