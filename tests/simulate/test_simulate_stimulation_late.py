"""F-waves, the H-reflex and repetitive stimulation."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr

from emgproc.simulate.stimulation import (
    StimulationSettings,
    absent_nerve,
    draw_excitability,
    healthy_nerve,
    plain_nerve,
    simulate_f_waves,
    simulate_h_reflex,
    simulate_repetitive,
    sma_nerve,
)
from emgproc.simulate.stimulation.repetitive import release

BARE = StimulationSettings(noise_uv=0.0, variability=0.0, artefact_uv_per_ma=0.0, rails_uv=None)


def sweeps_of(recording, settings):
    return recording.data.reshape(-1, settings.times_s.size)


def test_f_persistence_is_binomial():
    nerve, n = healthy_nerve(1), 4000
    _, truth = simulate_f_waves(nerve, replace(BARE, fs=10_000.0), n_stimuli=n, backfiring=0.01)
    expected = 1 - 0.99**110
    assert_allclose(truth.expected_persistence, expected, rtol=1e-12)
    assert abs(truth.persistence - expected) < 4 * np.sqrt(expected * (1 - expected) / n)
    counts = truth.backfired.sum(axis=1)
    assert_allclose(counts.mean(), 1.1, atol=4 * np.sqrt(1.1 / n))
    assert_allclose(counts.var(), 110 * 0.01 * 0.99, rtol=0.1)
    assert_array_equal(np.isnan(truth.latency_ms), counts == 0)


def test_f_latency_is_twice_the_way_to_the_cord_and_a_turnaround():
    nerve = plain_nerve([100.0])
    _, truth = simulate_f_waves(nerve, BARE, n_stimuli=3, backfiring=1.0)
    # 2 ms of M latency, 0.60 m at 40 m/s, 1 ms.
    assert_allclose(truth.unit_latency_ms, 2.0 + 15.0 + 1.0, rtol=1e-12)
    assert_allclose(truth.latency_ms, 18.0, rtol=1e-12)
    assert (truth.persistence, truth.chronodispersion_ms) == (1.0, 0.0)
    assert_allclose(truth.amplitude_uv, 100.0, rtol=1e-9)


def test_an_f_wave_is_the_unit_s_potential_once_more():
    longer = replace(BARE, cord_m=0.6)  # 30 ms + 1 ms later, when the M response is over
    recording, _ = simulate_f_waves(plain_nerve([100.0]), longer, n_stimuli=1, backfiring=1.0)
    x, shift = recording.data[0], 620
    m = slice(400 + 40, 400 + 200)
    assert_allclose(x[m.start + shift : m.stop + shift], x[m], rtol=1e-6, atol=1e-6)


def test_f_waves_of_an_infant_come_after_14_to_20_ms():
    _, truth = simulate_f_waves(healthy_nerve(1), seed=1)
    seen = truth.latency_ms[~np.isnan(truth.latency_ms)]
    assert seen.min() == truth.minimal_latency_ms > 14
    assert truth.mean_latency_ms == seen.mean() < 20
    assert_allclose(truth.chronodispersion_ms, np.ptp(seen))
    assert (truth.amplitude_uv < 0.1 * 1000 * truth.response.amplitude_mv).all()
    shares = np.array([0.0, 1.0, 0.0])
    _, one = simulate_f_waves(plain_nerve([10.0, 20.0, 30.0]), BARE, backfiring=shares)
    assert_array_equal(one.backfired, np.tile(shares > 0, (20, 1)))


def test_without_backfiring_no_f_wave_is_stated():
    _, truth = simulate_f_waves(healthy_nerve(1), seed=1, backfiring=0.0)
    assert truth.persistence == truth.expected_persistence == 0.0
    stated = [truth.minimal_latency_ms, truth.mean_latency_ms, truth.chronodispersion_ms]
    assert np.isnan(stated).all()
    assert_array_equal(truth.amplitude_uv, 0.0)


def test_h_rises_before_m_and_falls_as_m_rises():
    _, truth = simulate_h_reflex(healthy_nerve(1), BARE, seed=1, n_stimuli=60)
    h, m, ma = truth.h_amplitude_mv, truth.sweeps.amplitude_mv, truth.sweeps.stimulus_ma
    peak = int(np.argmax(h))
    assert 0.15 < truth.ratio == truth.h_max_mv / truth.m_max_mv < 0.7
    assert m[peak] < 0.5 * truth.m_max_mv
    assert (h[-5:] == 0).all()
    assert_allclose(m[-1], truth.response.amplitude_mv, rtol=1e-12)
    rising, falling = h[:peak], h[peak:]
    assert np.corrcoef(np.arange(rising.size), rising)[0, 1] > 0.8
    assert np.corrcoef(np.arange(falling.size), falling)[0, 1] < -0.8
    assert truth.threshold_ma == ma[h > 0].min() < ma[m > 0.1 * truth.m_max_mv].min()


def test_a_unit_excited_directly_has_no_reflex():
    _, truth = simulate_h_reflex(healthy_nerve(1), BARE, seed=1)
    assert truth.reflex.any()
    assert not (truth.reflex & truth.sweeps.fired).any()


def test_the_h_latency_is_the_way_to_the_cord_and_back():
    recording, truth = simulate_h_reflex(plain_nerve([50.0] * 10), BARE, seed=1)
    expected_ms = 2.0 + 1000 * 0.30 / 40 * (1 + 1 / 1.1) + 1.0
    assert_allclose(truth.h_latency_ms, expected_ms, rtol=1e-12)
    row = int(np.flatnonzero(truth.reflex.any(axis=1) & ~truth.sweeps.fired.any(axis=1))[0])
    x = sweeps_of(recording, BARE)[row]
    assert_array_equal(x[BARE.times_s < expected_ms / 1000], 0.0)
    assert_allclose(-x.min() / 1000, truth.h_amplitude_mv[row], rtol=1e-12)


def test_small_units_are_the_first_of_the_reflex():
    _, truth = simulate_h_reflex(healthy_nerve(1), BARE, seed=1, n_stimuli=60)
    first = int(np.flatnonzero(truth.reflex.sum(axis=1) >= 3)[0])
    assert truth.nerve.size_uv[truth.reflex[first]].max() < np.median(truth.nerve.size_uv)


def test_an_absent_reflex_is_stated_and_is_the_rule_in_sma():
    _, truth = simulate_h_reflex(sma_nerve(1), BARE, seed=1, excitability=0.0)
    assert truth.absent
    assert (truth.h_max_mv, truth.ratio) == (0.0, 0.0)
    assert np.isnan([truth.h_latency_ms, truth.threshold_ma]).all()
    rng, n = np.random.default_rng(1), 5000
    absent = np.mean([draw_excitability(rng) == 0 for _ in range(n)])
    assert abs(absent - 0.86) < 4 * np.sqrt(0.86 * 0.14 / n)
    assert draw_excitability(rng, 0.0) > 0


def test_case_39_a_given_profile_has_a_decrement_of_12_percent():
    profile = (1.0, 0.95, 0.90, 0.88, 0.90)
    recording, truth = simulate_repetitive(healthy_nerve(1), BARE, profile=profile)
    assert_allclose(truth.decrement_percent, 12.0, rtol=1e-9)
    assert_allclose(truth.largest_decrement_percent, 12.0, rtol=1e-9)
    assert_allclose(truth.area_decrement_percent, 12.0, rtol=1e-9)
    seen = -sweeps_of(recording, BARE).min(axis=1)
    assert_allclose(seen / seen[0], profile, rtol=1e-9)


@pytest.mark.parametrize("wanted", [0.0, 5.0, 12.0, 25.0])
@pytest.mark.parametrize("nerve", [healthy_nerve(1), sma_nerve(1)])
def test_failing_junctions_give_the_decrement_asked_for(nerve, wanted):
    recording, truth = simulate_repetitive(nerve, BARE, seed=1, decrement_percent=wanted)
    seen = -sweeps_of(recording, BARE).min(axis=1)
    assert seen.size == 10
    assert_allclose(100 * (seen[0] - seen[3]) / seen[0], wanted, atol=1e-6)
    assert_allclose(truth.decrement_percent, wanted, atol=1e-6)
    assert truth.largest_decrement_percent >= truth.decrement_percent
    if wanted:
        lowest = int(np.argmin(seen))
        assert lowest in {3, 4}
        assert (np.diff(seen[:lowest]) < 0).all()
        assert (np.diff(seen[lowest:]) > 0).all()
        assert seen[lowest] < seen[-1] < seen[0]


def test_each_unit_transmits_by_the_safety_of_its_junctions():
    _, truth = simulate_repetitive(healthy_nerve(1), BARE, seed=1, decrement_percent=20.0)
    share = truth.transmitted
    # One median safety a unit explains all its pulses: Φ((ln m + ln r) / 0.4).
    log_m = 0.4 * np.array([np.interp(p, ndtr(GRID), GRID) for p in share[0]])
    for pulse, released in enumerate(release(10)):
        assert_allclose(share[pulse], ndtr((log_m + np.log(released)) / 0.4), atol=2e-4)
    assert share.std(axis=1).min() > 0


GRID = np.linspace(-6, 6, 12_001)


def test_release_is_least_at_the_fifth_pulse_and_recovers_in_part():
    released = release(10)
    assert released[0] == 1.0
    assert_allclose(released[3], 0.7, rtol=1e-12)
    assert int(np.argmin(released)) == 4
    assert released[4] < released[-1] < 0.9


def test_without_units_a_decrement_is_not_a_number():
    _, truth = simulate_repetitive(absent_nerve(), BARE, seed=1)
    assert np.isnan([truth.decrement_percent, truth.area_decrement_percent]).all()
