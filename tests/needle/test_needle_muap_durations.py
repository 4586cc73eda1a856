"""Durations D1 and D2: slow twins, sharp ends, fast waves, slow tails, what noise may not move."""

import numpy as np
import pytest

from emgproc.needle.muap import muap, muap_shape
from emgproc.needle.muap_d2 import d2_of, means_of
from emgproc.needle.muap_settings import MuapSettings
from emgproc.needle.muap_shape import _distances, _slopes, marks_of
from emgproc.simulate.needle import measure
from emgproc.simulate.needle.measures import d1_span

FS = 25_000.0
T_MS = np.arange(1250) / FS * 1e3 - 25


def bumps(*parts):
    """Gaussians (height µV, middle ms, SD ms)."""
    return sum(h * np.exp(-(((T_MS - at) / sd) ** 2) / 2) for h, at, sd in parts)


def ends_ms(span):
    return (np.array(span) - 625) / FS * 1e3


def test_slopes_are_those_of_fitted_lines_and_distances_those_of_a_search():
    rng = np.random.default_rng(1)
    v, half = rng.standard_normal(60).cumsum(), rng.integers(1, 12, 60)
    for at, slope in enumerate(_slopes(v, FS, half)):
        inside = np.arange(max(at - half[at], 0), min(at + half[at] + 1, 60))
        wanted = abs(np.polyfit(inside / FS * 1e3, v[inside], 1)[0])
        assert slope == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    flags = rng.random(60) < 0.1
    wanted = [min(abs(at - k) for k in np.flatnonzero(flags)) for at in range(60)]
    assert _distances(flags).tolist() == wanted
    assert _distances(np.zeros(3, bool)).tolist() == [3, 3, 3]


def test_without_noise_the_ends_of_d1_are_those_of_the_rule_from_sample_to_sample():
    rng = np.random.default_rng(2)
    off = []
    for _ in range(200):
        parts = [(rng.uniform(-200, 200), rng.uniform(-5, 5), rng.uniform(0.3, 2)) for _ in "123"]
        v = bumps((-500, 0, 0.4), *parts)
        off += np.abs(ends_ms(marks_of(v, FS).span) - ends_ms(d1_span(v, FS))).tolist()
    assert np.median(off) < 0.05
    assert np.quantile(off, 0.95) <= 0.16


@pytest.mark.parametrize("noise_uv", [0.0, 0.5, 1.0, 2.0])
def test_a_sharp_end_is_not_moved_by_the_length_of_a_line(noise_uv):
    v = np.where(np.abs(T_MS) < 5, 500 * np.sin(2 * np.pi * T_MS / 10), 0.0)
    noise = noise_uv * np.random.default_rng(3).standard_normal(v.size)
    marks = marks_of(v + noise, FS, noise_uv)
    for span in (marks.span, marks.least, marks.most):
        assert ends_ms(span) == pytest.approx([-5, 5], abs=0.25)


def test_a_fast_wave_counts_where_it_is_above_what_noise_makes():
    near = np.abs(T_MS + 3.5) < 1
    v = bumps((-300, 0, 0.6)) + np.where(near, 2.5 * np.sin(2 * np.pi * (T_MS + 3.5)), 0)
    assert ends_ms(d1_span(v, FS))[0] == pytest.approx(-4.5, abs=0.1)  # slopes of 16 µV/ms
    assert ends_ms(marks_of(v, FS).span)[0] == pytest.approx(-4.5, abs=0.5)
    assert ends_ms(marks_of(v, FS, 0.4).span)[0] == pytest.approx(-4.5, abs=0.5)
    assert ends_ms(marks_of(v, FS, 2.0).span)[0] > -2.5


def tailed(n=60, noise_uv=1.5, seed=5):
    """A large potential with what a high-pass of 30 Hz leaves behind it, and a train of it."""
    tail = np.where(T_MS > 1, 4 * np.exp(-(T_MS - 1) / 6), 0.0)
    v = bumps((-400, 0, 0.5), (150, 1.5, 0.6)) + tail
    x = noise_uv * np.random.default_rng(seed).standard_normal(round((n + 1) * 0.1 * FS))
    at = np.arange(1, n + 1) * 0.1
    for one in np.rint(at * FS).astype(int):
        x[one - 625 : one + 625] += v
    return v, x, at


def test_d2_holds_98_percent_sample_by_sample():
    rng = np.random.default_rng(6)
    for _ in range(20):
        v = bumps(
            (-500, 0, 0.5), (rng.uniform(-200, 200), rng.uniform(-6, 6), rng.uniform(0.5, 2))
        )
        span = d2_of(v, FS, marks_of(v, FS).span).span
        assert np.diff(span)[0] / FS * 1e3 == pytest.approx(measure(v, FS).duration_d2_ms, abs=0.1)


def test_noise_takes_nothing_of_a_slow_tail_in_d2():
    v, x, at = tailed()
    (unit,) = muap(x, FS, [at])
    level = np.median(np.concatenate([v[:125], v[-125:]]))
    wanted = measure(v - level, FS).duration_d2_ms
    assert wanted > 8  # the tail is in it
    assert unit.value("muap_duration_d2").value == pytest.approx(wanted, abs=1.0)
    sizes = np.abs(unit.template_uv) - unit.noise_uv * np.sqrt(2 / np.pi)
    inside = np.cumsum(np.where(sizes > 0, sizes, 0)[125:-125])
    plain = np.diff(np.searchsorted(inside, np.array([0.01, 0.99]) * inside[-1]))[0] / FS * 1e3
    assert plain < wanted - 1.0  # the same with noise taken off as if nothing else were there


def test_an_end_of_d2_that_noise_moves_far_is_none():
    quiet, loud = (muap(*[tailed(12, uv)[1], FS, [tailed(12)[2]]])[0] for uv in (0.3, 12.0))
    assert np.isfinite(quiet.value("muap_duration_d2").value)
    assert loud.value("muap_duration_d2").reason == "d2_unsure"


def test_a_potential_smaller_than_the_noise_taken_off_may_end_anywhere():
    v = bumps((-22, 0, 0.3))
    d1 = marks_of(v, FS).span
    assert d2_of(v, FS, d1).spread_s == 0.0
    assert d2_of(v, FS, d1, 1.0) == ((0, 0), np.inf)


@pytest.mark.parametrize(("height", "sd"), [(30, 0.1), (30, 0.3), (60, 0.6), (500, 0.15)])
def test_without_noise_an_amplitude_is_maximum_less_minimum(height, sd):
    v = bumps((-height, 0, sd), (height / 3, 3 * sd, sd))
    assert muap_shape(v, FS)["amplitude_uv"] == pytest.approx(np.ptp(v), rel=0.02)


def test_the_greatest_of_a_thousand_samples_of_noise_is_no_part_of_an_amplitude():
    v = bumps((-60, 0, 0.3))
    rng = np.random.default_rng(9)
    noisy = [v + rng.standard_normal(v.size) for _ in range(40)]
    assert np.mean([np.ptp(one) for one in noisy]) > 1.05 * 60
    found = [muap_shape(one, FS, noise_uv=1.0)["amplitude_uv"] for one in noisy]
    assert np.mean(found) == pytest.approx(60, rel=0.04)


def test_the_noise_of_means_is_that_of_twelve_samples():
    noise = np.random.default_rng(7).standard_normal(200_000)
    assert means_of(noise, FS).std() == pytest.approx(1 / np.sqrt(12), rel=0.05)


@pytest.mark.parametrize(("rate", "reason"), [(56, "own_discharges_overlap"), (28, "")])
def test_a_train_whose_discharges_lie_on_each_other_has_no_values(rate, reason):
    v = bumps((-400, 0, 0.5), (150, 1.5, 0.6), (-60, 4, 1.0))
    at = np.arange(0.1, 4.9, 1 / rate)
    x = np.random.default_rng(8).standard_normal(round(5 * FS))
    for one in np.rint(at * FS).astype(int):
        x[one - 625 : one + 625] += v
    (unit,) = muap(x, FS, [at])
    for name in ("amplitude", "area", "phases"):
        assert unit.value(f"muap_{name}").reason == reason
    if not reason:
        assert unit.value("muap_amplitude").value == pytest.approx(np.ptp(v), rel=0.02)


def test_fewer_than_four_sweeps_do_not_say_what_noise_moves():
    _, x, at = tailed(3)
    (unit,) = muap(x, FS, [at], settings=MuapSettings(least_discharges=3))
    for name in ("d1", "d1_least", "d1_most", "d2"):
        assert unit.value(f"muap_duration_{name}").reason == "noise_unknown"
    assert np.isfinite(unit.value("muap_area").value)
    assert "duration_ms" in muap_shape(tailed()[0], FS)
