"""Discharges of a source: where they lie, how they jitter, what blocks; what a shape measures."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import ParameterError, SignalError
from emgproc.simulate.junction import latency_sd_us
from emgproc.simulate.needle.amplifier import SFEMG_BAND_HZ, NeedleAmplifier
from emgproc.simulate.needle.electrode import single_fibre
from emgproc.simulate.needle.fibres import View, single
from emgproc.simulate.needle.measures import extremes, measure
from emgproc.simulate.needle.potential import (
    Potential,
    add_discharges,
    centred,
    discharges_uv,
    draw_played,
    median_uv,
)

FS = 25_600.0
WIDTH_S = 0.0004
PLACES = np.array([0.0, 0.004, 0.012])
HEIGHTS = np.array([300.0, -120.0, 80.0])


def bell(t_s):
    return np.exp(-0.5 * (t_s / WIDTH_S) ** 2)


def three_parts(jitter_s=0.0, blocking=0.0):
    t_s = (np.arange(1536) - 384) / FS
    parts = HEIGHTS[:, None] * bell(t_s - PLACES[:, None])
    return Potential(FS, 384, parts, np.full(3, jitter_s), np.full(3, blocking))


def slow_twin(n, discharges_s, played):
    """The same three bells, one by one, at their own times."""
    t_s, x = np.arange(n) / FS, np.zeros(n)
    for d, at in enumerate(discharges_s):
        for p in range(3):
            if not played.blocked[d, p]:
                x += HEIGHTS[p] * bell(t_s - at - PLACES[p] - played.latencies_s[d, p])
    return x


def test_discharges_lie_at_their_times_with_their_latencies():
    rng = np.random.default_rng(4)
    potential = three_parts(jitter_s=100e-6, blocking=0.2)
    discharges_s = np.sort(rng.uniform(-0.005, 1.005, 80))  # some reach over the ends
    played = draw_played(rng, potential, 80)
    assert played.blocked.any()
    signal = np.zeros(round(FS))
    add_discharges(signal, potential, discharges_s, played)
    assert_allclose(signal, slow_twin(signal.size, discharges_s, played), atol=1e-6)


def test_no_discharge_leaves_the_signal_as_it_was():
    potential, signal = three_parts(), np.zeros(1000)
    add_discharges(
        signal, potential, np.empty(0), draw_played(np.random.default_rng(1), potential, 0)
    )
    assert not signal.any()


def test_case_31_mcd_is_two_sd_over_root_pi():
    potential = three_parts(jitter_s=30e-6 / np.sqrt(2))
    latencies_s = draw_played(np.random.default_rng(1), potential, 200_000).latencies_s
    intervals_us = 1e6 * (latencies_s[:, 1] - latencies_s[:, 0])
    assert_allclose(intervals_us.std(), 30.0, rtol=0.01)
    assert_allclose(np.mean(np.abs(np.diff(intervals_us))), 33.85, rtol=0.01)


def spike_times_s(rows):
    """Time of each row's minimum, between the samples by a parabola through three."""
    k = np.argmin(rows, axis=1)
    a, b, c = (rows[np.arange(rows.shape[0]), k + i] for i in (-1, 0, 1))
    return (k + 0.5 * (a - c) / (a - 2 * b + c)) / FS


@pytest.mark.parametrize("mcd_us", [20.0, 50.0, 150.0])
def test_the_jitter_measured_between_two_fibres_is_the_one_asked_for(mcd_us):
    view = View(single_fibre(), NeedleAmplifier(*SFEMG_BAND_HZ), FS)
    near = single(0.0, 0.08, 20.0, -10.0, (25.0, 20.0))
    other = single(0.0, 0.10, 24.0, -26.0, (40.0, 20.0))  # passes some 4 ms later
    sd_s = np.full(2, latency_sd_us(mcd_us) * 1e-6)
    pair = near.plus(other)
    potential = centred(view.of(pair), sd_s, np.zeros(2), FS, view.amplifier)
    played = draw_played(np.random.default_rng(8), potential, 3000)
    seen = discharges_uv(potential, played.latencies_s, played.blocked)
    halves = np.sort(np.argmin(potential.parts_uv[1:], axis=1)) - potential.zero
    middle = np.argmax(np.abs(seen[0])) + round(halves.mean())
    ipi_us = 1e6 * (
        middle / FS + spike_times_s(seen[:, middle:]) - spike_times_s(seen[:, :middle])
    )
    assert 2000 < ipi_us.mean() < 10_000
    # The SE of 3000 is 1.5 %.
    assert_allclose(np.mean(np.abs(np.diff(ipi_us))), mcd_us, rtol=0.05)


def test_the_blocked_share_is_the_one_asked_for():
    potential = three_parts(blocking=0.1)
    blocked = draw_played(np.random.default_rng(2), potential, 20_000).blocked
    assert_allclose(blocked.mean(axis=0), 0.1, atol=4 * np.sqrt(0.09 / 20_000))


def test_the_median_without_jitter_is_the_template_and_with_it_lower():
    rng = np.random.default_rng(3)
    still, shaky = three_parts(), three_parts(jitter_s=200e-6)
    assert_allclose(median_uv(still, draw_played(rng, still, 50)), still.template_uv, atol=1e-9)
    assert np.ptp(median_uv(shaky, draw_played(rng, shaky, 50))) < 0.97 * np.ptp(shaky.template_uv)
    assert_array_equal(median_uv(still, draw_played(rng, still, 0)), still.template_uv)


def test_parts_add_up_to_what_the_amplifier_makes_of_all_fibres():
    rng = np.random.default_rng(5)
    t_s = np.arange(1536) / FS
    heights, at_s = rng.uniform(1, 200, 60), rng.uniform(0.005, 0.015, 60)
    fibres = heights[:, None] * bell(t_s - at_s[:, None])
    amplifier = NeedleAmplifier(20.0, 8000.0)
    jitter = rng.uniform(1e-5, 1e-4, 60)
    found = centred(fibres, jitter, np.full(60, 0.1), FS, amplifier)
    whole = amplifier.filtered(np.pad(fibres.sum(axis=0), (384, 1536)), FS)
    first = np.argmax(np.abs(whole)) - 384
    assert_allclose(found.template_uv, whole[first : first + 1536], atol=1e-9)
    assert np.argmax(np.abs(found.template_uv)) == found.zero
    assert found.parts_uv.shape == (16, 1536)
    assert_array_equal(np.sort(found.jitter_s), np.sort([0.0, *jitter[np.argsort(heights)[-15:]]]))
    assert found.jitter_s[0] == found.blocking[0] == 0.0


def test_case_30_one_sine_cycle():
    t_s = np.arange(round(0.05 * FS)) / FS - 0.02
    cycle = np.where((t_s >= 0) & (t_s < 0.01), 500.0 * np.sin(2 * np.pi * 100 * t_s), 0.0)
    shape = measure(cycle, FS)
    assert_allclose(shape.amplitude_uv, 1000.0, rtol=0.01)
    assert_allclose(shape.duration_d1_ms, 10.0, atol=0.5)
    assert_allclose(shape.duration_d2_ms, 10 - 20 * np.arccos(0.96) / (2 * np.pi), rtol=0.02)
    assert (shape.n_phases, shape.n_turns, shape.n_satellites, shape.first_sign) == (2, 2, 0, 1)
    turned = measure(-cycle, FS)
    assert (turned.n_phases, turned.first_sign) == (2, -1)


@pytest.mark.parametrize(
    ("gap_ms", "height_uv", "expected"),
    [(4.0, 100.0, 1), (2.0, 100.0, 0), (4.0, 45.0, 0), (8.0, -60.0, 1)],
)
def test_a_satellite_is_high_enough_and_parted_by_three_milliseconds(gap_ms, height_uv, expected):
    t_ms = np.arange(1536) * 1e3 / FS
    main = np.where(np.abs(t_ms - 20) < 2, 400 * np.cos((t_ms - 20) * np.pi / 4), 0.0)
    after = t_ms - 22 - gap_ms
    late = np.where((after > 0) & (after < 2), height_uv * np.sin(after * np.pi / 2), 0.0)
    assert measure(main + late, FS).n_satellites == expected


def naive_turns(v, least_uv):
    """Turning points one by one: a new extreme counts when the signal came back by 50 µV."""
    turns, direction, reference, candidate = 0, 0, v[0], v[0]
    for value in v[1:]:
        if direction == 0:
            if abs(value - reference) >= least_uv:
                direction, candidate = np.sign(value - reference), value
        elif (value - candidate) * direction > 0:
            candidate = value
        elif (candidate - value) * direction >= least_uv:
            turns, direction, candidate = turns + 1, -direction, value
    return turns


def test_turns_equal_a_naive_count():
    rng = np.random.default_rng(6)
    for _ in range(20):
        v = np.convolve(rng.normal(0, 60, 800), np.hanning(9), "same")
        assert extremes(v, 50.0).size - 2 == naive_turns(v, 50.0) > 50
    t = np.arange(1000)
    assert extremes(100 * np.sin(2 * np.pi * t / 100), 50.0).size - 2 == 20


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: measure(np.zeros(50), FS), SignalError, "not flat"),
        (lambda: measure(np.array([1.0, np.nan, 2.0]), FS), SignalError, "finite"),
        (lambda: centred(np.zeros((0, 9)), *np.zeros((2, 0)), FS, NeedleAmplifier()),
         ParameterError, "needs a fibre"),
    ],
)  # fmt: skip
def test_what_is_no_potential_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
