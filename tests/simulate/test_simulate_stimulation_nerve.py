"""The nerve: shapes, thresholds and presets against closed forms."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr, ndtri

from emgproc.errors import ParameterError, SignalError
from emgproc.simulate.stimulation import (
    Nerve,
    absent_nerve,
    draw_nerve,
    healthy_nerve,
    plain_nerve,
    sma_nerve,
)
from emgproc.simulate.stimulation.nerve import unit_shape


def test_the_shape_has_its_extremes_crossing_and_areas_where_calculus_puts_them():
    u = np.linspace(0, 12, 1_200_001)
    f = unit_shape(u)
    low, high = (((13 + sign * np.sqrt(73)) / 12) ** (2 / 3) for sign in (-1, 1))
    assert u[np.argmin(f)] == pytest.approx(low, abs=2e-5)
    assert f.min() == pytest.approx(-1.0, rel=1e-9)
    assert u[np.argmax(f)] == pytest.approx(high, abs=2e-5)
    assert 0.59 < f.max() < 0.61
    assert ((f < 0) == ((u > 0) & (u < 1))).all()
    # f is −(u³ exp(−2u^1.5))′ over its peak: e^−2 up to u = 1, nothing in all.
    assert_allclose(
        -np.trapezoid(f[u <= 1], u[u <= 1]), np.exp(-2.0) / 0.23952870582526, rtol=1e-6
    )
    assert abs(np.trapezoid(f, u)) < 1e-9


def test_nothing_moves_before_the_take_off_and_the_peak_is_the_size():
    nerve = draw_nerve(np.random.default_rng(1), np.array([40.0, 90.0]))
    t = np.arange(0, 0.03, 1e-6)
    latency = nerve.latency_s(0.05)
    assert_allclose(latency, nerve.terminal_s + 0.05 / nerve.velocity_m_s, rtol=1e-12)
    for wave, start, size, phase in zip(
        nerve.potentials(t, latency), latency, nerve.size_uv, nerve.negative_phase_s, strict=True
    ):
        assert_array_equal(wave[t <= start], 0.0)
        assert (wave[(t > start) & (t < start + phase)] < 0).all()
        assert_allclose(-wave.min(), size, rtol=1e-6)
        assert t[np.argmin(wave)] - start == pytest.approx(0.516625 * phase, abs=2e-6)


def test_a_stimulus_at_threshold_excites_every_second_time():
    nerve = healthy_nerve(3)
    at = np.diag(nerve.activation(nerve.threshold_ma))
    assert_allclose(at, 0.5, rtol=1e-12)
    one_sd = np.diag(nerve.activation(nerve.threshold_ma * (1 + nerve.relative_spread)))
    assert_allclose(one_sd, ndtr(1.0), rtol=1e-9)


def test_a_probit_line_through_the_answers_finds_threshold_and_relative_spread():
    nerve = replace(plain_nerve([50.0]), relative_spread=np.array([0.018]))
    true_ma = float(nerve.threshold_ma[0])
    ma = true_ma * np.linspace(0.97, 1.03, 9)
    fired = nerve.fire(np.random.default_rng(4), np.repeat(ma, 20_000))
    share = fired[:, 0].reshape(9, -1).mean(axis=1)
    slope, offset = np.polyfit(ma, ndtri(share), 1)
    assert_allclose(-offset / slope, true_ma, rtol=5e-4)
    assert_allclose(1 / (slope * true_ma), 0.018, rtol=0.02)


def test_without_spread_a_threshold_is_a_step():
    nerve = plain_nerve([10.0, 20.0, 30.0])
    assert_array_equal(nerve.threshold_ma, [8.0, 12.0, 16.0])
    answers = nerve.activation([7.999, 8.0, 12.0, 15.999, 16.0])
    assert_array_equal(answers.sum(axis=1), [0, 1, 2, 2, 3])


def test_supramaximal_stimuli_excite_every_unit():
    for nerve in (healthy_nerve(1), sma_nerve(1), sma_nerve(1, 1)):
        assert nerve.fire(np.random.default_rng(1), [nerve.supramaximal_ma] * 200).all()


def test_a_healthy_infant_has_110_units_that_sum_to_about_five_and_a_half_millivolts():
    nerves = [healthy_nerve(seed) for seed in range(100)]
    assert {nerve.n_units for nerve in nerves} == {110}
    # Mean of a lognormal with log-SD 0.55: relative SD √(e^0.3025 − 1) = 0.594 a unit.
    assert_allclose(np.mean([n.summed_mv for n in nerves]), 5.5, rtol=4 * 0.594 / np.sqrt(11_000))
    latency = np.concatenate([nerve.latency_s(0.04) for nerve in nerves])
    assert 0.0012 < latency.min() < latency.max() < 0.0035


def test_sma_leaves_few_units_and_a_small_response():
    nerves = [sma_nerve(seed) for seed in range(200)]
    assert {nerve.n_units for nerve in nerves} == set(range(3, 9))
    sums = np.array([nerve.summed_mv for nerve in nerves])
    assert np.mean((sums > 0.05) & (sums < 1.2)) > 0.97
    assert sma_nerve(1, 20).n_units == 20
    assert absent_nerve().n_units == 0
    assert absent_nerve().summed_mv == 0.0


def test_the_same_seed_gives_the_same_nerve_and_another_seed_another():
    first, again, other = healthy_nerve(7), healthy_nerve(7), healthy_nerve(8)
    assert first.threshold_ma.tobytes() == again.threshold_ma.tobytes()
    assert first.size_uv.tobytes() == again.size_uv.tobytes()
    assert (first.size_uv != other.size_uv).all()


ONE = np.ones(1)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: plain_nerve([[1.0]]), SignalError),
        (lambda: plain_nerve([0.0]), ParameterError),
        (lambda: sma_nerve(1, 0), ParameterError),
        (lambda: replace(plain_nerve([1.0]), relative_spread=0.3 * ONE), ParameterError),
        (lambda: replace(plain_nerve([1.0]), relative_spread=-0.1 * ONE), ParameterError),
        (lambda: replace(plain_nerve([1.0]), terminal_s=-ONE), ParameterError),
        (lambda: Nerve(ONE, ONE, ONE, ONE, ONE, np.zeros(2)), ParameterError),
        (lambda: plain_nerve([1.0]).activation([[5.0]]), SignalError),
    ],
)
def test_an_impossible_nerve_is_refused(call, error):
    with pytest.raises(error):
        call()
