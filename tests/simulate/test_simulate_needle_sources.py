"""Every class of spontaneous activity is what its definition says, measured on the truth."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError
from emgproc.simulate.needle.amplifier import REST_BAND_HZ, NeedleAmplifier
from emgproc.simulate.needle.electrode import concentric
from emgproc.simulate.needle.fibres import View
from emgproc.simulate.needle.spontaneous import RATES, Spontaneous, draw_spontaneous
from emgproc.simulate.needle.trains import irregular_train, poisson_times, regular_train, runs
from emgproc.simulate.needle.unit import ENLARGED

FS = 25_600.0
VIEW = View(concentric(), NeedleAmplifier(*REST_BAND_HZ), FS)
SPAN = (0.0, 120.0)


def drawn(kind, seed, **given):
    rng = np.random.default_rng((seed, 77))
    return draw_spontaneous(rng, Spontaneous(kind, **given), VIEW, ENLARGED, SPAN)


def many(kind, n=6):
    return [drawn(kind, seed) for seed in range(n)]


def cov_after_trend(times_s):
    """Coefficient of variation of the intervals about a straight line through them."""
    intervals = np.diff(times_s)
    k = np.arange(intervals.size)
    about = intervals - np.polyval(np.polyfit(k, intervals, 1), k)
    return about.std() / intervals.mean()


def extent_ms(v, level_uv):
    """From the first to the last sample beyond a level."""
    loud = np.flatnonzero(np.abs(v) > level_uv)
    return (loud[-1] - loud[0]) / FS * 1e3


def deflections(v, share=0.1):
    """Signs of the deflections beyond a share of the greatest, one after another."""
    signs = np.sign(v[np.abs(v) > share * np.abs(v).max()])
    return signs[np.concatenate(([True], signs[1:] != signs[:-1]))].tolist()


@pytest.mark.parametrize("kind", ["fibrillation", "positive_sharp_wave"])
def test_fibres_fire_regularly_at_half_to_fifteen_hertz(kind):
    for source in many(kind):
        rate_hz = source.n_discharges / 120
        assert 0.5 <= rate_hz <= 15
        assert_allclose(rate_hz, source.rate_hz, rtol=0.03)
        assert 0.03 < cov_after_trend(source.discharges_s) < 0.08
        assert source.blocked.sum() == 0


def test_a_fibrillation_is_short_and_small_and_begins_positive():
    for source in many("fibrillation", 20):
        v = source.template_uv
        assert deflections(v) in ([1, -1], [1, -1, 1])
        assert extent_ms(v, max(10.0, 0.05 * np.ptp(v))) < 5
        assert 20 <= np.ptp(v) <= 300


def test_a_positive_sharp_wave_is_sharp_and_positive_then_long_and_low():
    for source in many("positive_sharp_wave", 20):
        v = source.template_uv
        assert deflections(v, 0.05)[:2] == [1, -1]
        peak, trough = np.argmax(v), np.argmin(v)
        assert peak == source.zero < trough
        assert 0.05 * v.max() < -v.min() < 0.5 * v.max()
        assert extent_ms(v[: peak + 1], v.max() / 2) < 0.5
        assert 10 <= extent_ms(v, 0.02 * v.max()) <= 40
        before, after = v[:trough][v[:trough] > 0].sum(), -v[v < 0].sum()
        assert_allclose(after, before, rtol=0.35)  # charge; the 20-Hz high-pass takes some


def test_the_slow_wave_carries_the_charge_of_the_sharp_one():
    direct = View(concentric(), NeedleAmplifier(0.0, 10_000.0), FS)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        wanted = Spontaneous("positive_sharp_wave")
        v = draw_spontaneous(rng, wanted, direct, ENLARGED, (0.0, 1.0)).template_uv
        assert abs(v.sum()) < 0.05 * np.abs(v).sum()


def test_fasciculations_are_units_at_chance():
    counts, rates = [], []
    for source in many("fasciculation", 12):
        assert source.unit_kind == "enlarged"
        assert 0.2 <= source.rate_hz <= 0.8
        counts.append(source.n_discharges)
        rates.append(source.rate_hz)
        assert source.shape.duration_d1_ms >= 5
    expected = 120 * np.array(rates)
    assert abs(np.sum((np.array(counts) - expected) / np.sqrt(expected))) < 3 * np.sqrt(12)
    often = drawn("fasciculation", 1, rate_hz=4.0).discharges_s
    intervals = np.diff(often)
    assert 0.85 < intervals.std() / intervals.mean() < 1.15
    assert intervals.std() / intervals.mean() > 0.7


def test_rhythmic_units_beat_at_five_to_fifteen_hertz():
    for source in many("rhythmic_motor_unit"):
        assert 5 <= source.n_discharges / 120 <= 15
        assert 0.08 < cov_after_trend(source.discharges_s) < 0.17
        assert source.shape.duration_d1_ms >= 5


def test_endplate_spikes_begin_negative_and_are_irregular():
    for source in many("endplate_spikes", 12):
        v = source.template_uv
        assert deflections(v, 0.15)[0] == -1
        intervals = np.diff(source.discharges_s)
        assert intervals.std() / intervals.mean() > 0.5
        assert intervals.min() >= 0.003
        assert 4 < 1 / intervals.mean() < 50
        assert extent_ms(v, 0.1 * np.ptp(v)) < 6


def test_endplate_noise_is_small_negative_and_dense():
    source = drawn("endplate_noise", 1)
    assert -21 < source.template_uv.min() < -5
    assert source.template_uv.max() < 0.25 * -source.template_uv.min()
    assert 140 < source.n_discharges / 120 < 310


def test_complex_repetitive_discharges_are_alike_and_start_and_stop_at_once():
    for source in many("complex_repetitive_discharge", 8):
        assert 5 <= source.rate_hz <= 100
        assert source.n_discharges == sum(
            np.sum((source.discharges_s >= a) & (source.discharges_s < b))
            for a, b in source.runs_s
        )
        assert (np.diff(source.runs_s, axis=1) <= 3.0).all()
        assert (source.runs_s[1:, 0] - source.runs_s[:-1, 1] >= 0.5).all()
        for a, b in source.runs_s:
            inside = source.discharges_s[(source.discharges_s >= a) & (source.discharges_s < b)]
            if inside.size > 3:
                assert_allclose(np.diff(inside), 1 / source.rate_hz, rtol=0.03)
                assert max(inside[0] - a, b - inside[-1]) < 1.1 / source.rate_hz
        pairs_us = 1e6 * np.diff(source.latencies_s[:, 1:], axis=1)
        assert np.abs(np.diff(pairs_us, axis=0)).mean() < 5
        assert 4 <= source.jitter_s.size - 1 <= 9
        assert source.shape.n_turns + source.shape.n_phases >= 5


def test_case_32_given_trains():
    fibrillation = drawn("fibrillation", 3, rate_hz=10.0, cov=0.03)
    assert 0.025 < cov_after_trend(fibrillation.discharges_s) < 0.035
    assert_allclose(fibrillation.n_discharges, 1200, rtol=0.02)
    rhythmic = drawn("rhythmic_motor_unit", 3, rate_hz=8.0, cov=0.12)
    assert_allclose(rhythmic.n_discharges, 960, rtol=0.02)
    assert 0.11 < cov_after_trend(rhythmic.discharges_s) < 0.13
    assert drawn("fasciculation", 3, rate_hz=0.3).rate_hz == 0.3


def test_a_thicker_fibre_is_a_larger_fibrillation():
    thin, thick = (drawn("fibrillation", 3, diameter_um=d).shape.amplitude_uv for d in (14, 25))
    assert_allclose(thick / thin, (25 / 14) ** 2, rtol=0.15)  # the velocity differs, too


def test_a_drifting_train_slows_down_along_a_line():
    times = regular_train(np.random.default_rng(1), 10.0, 0.0, (0.0, 100.0), drift=0.5)
    assert_allclose(np.diff(times)[[0, -1]], [0.075, 0.125], rtol=0.02)
    assert_allclose(np.diff(times, n=2), np.diff(times, n=2)[0], rtol=1e-6)


@pytest.mark.parametrize("cov", [0.5, 1.0, 1.5])
def test_an_irregular_train_has_the_rate_and_cov_asked_for(cov):
    times = irregular_train(np.random.default_rng(2), 20.0, cov, (3.0, 2003.0))
    intervals = np.diff(times)
    assert_allclose(1 / intervals.mean(), 20.0, rtol=0.05)
    assert_allclose(intervals.std() / intervals.mean(), cov, rtol=0.05)
    assert intervals.min() >= 0.003
    assert 3.0 <= times[0] < times[-1] < 2003.0


def test_runs_and_silences_alternate_within_the_span():
    found = runs(np.random.default_rng(3), (2.0, 60.0), (0.5, 3.0))
    edges = np.ravel(found)
    assert (np.diff(edges) > 0).all()
    assert 2.0 <= edges[0] < 3.5
    assert edges[-1] <= 60.0


def test_every_class_can_be_drawn_in_a_second():
    for kind in RATES:
        rng = np.random.default_rng(1)
        source = draw_spontaneous(rng, Spontaneous(kind), VIEW, ENLARGED, (0.0, 1.0))
        assert source.kind == kind
        assert source.template_uv.shape == (1536,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Spontaneous("tremor"), "no spontaneous source 'tremor'"),
        (lambda: Spontaneous("fasciculation", cov=0.5), "Poisson"),
        (lambda: Spontaneous("rhythmic_motor_unit", diameter_um=20.0), "no single fibre"),
        (lambda: drawn("fibrillation", 1, rate_hz=0.0), "rate_hz"),
        (lambda: drawn("fibrillation", 1, diameter_um=-1.0), "above 0"),
        (lambda: regular_train(np.random.default_rng(1), 10.0, 0.5, (0, 1)), "0–0.3"),
        (lambda: irregular_train(np.random.default_rng(1), 10.0, 3.0, (0, 1)), "0.3–2"),
        (lambda: regular_train(np.random.default_rng(1), 10.0, 0.1, (1, 0)), "span_s"),
        (lambda: poisson_times(np.random.default_rng(1), 0.0, (0, 1)), "rate_hz=0"),
    ],
)
def test_impossible_sources_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
