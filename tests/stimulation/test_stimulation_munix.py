"""MUNIX: exact where units do not overlap, blind where they do, and NaN where it has no ground."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError, SignalError
from emgproc.simulate.stimulation import (
    Epoch,
    StimulationSettings,
    healthy_nerve,
    plain_nerve,
    simulate_sip,
)
from emgproc.stimulation import baselined, icmuc, munix, sweeps_of

FS = 20_000.0
BARE = StimulationSettings(noise_uv=0.0, variability=0.0, artefact_uv_per_ma=0.0, rails_uv=None)


def parts(recording):
    """Mean CMAP, and the epochs of voluntary activity, of a simulated recording."""
    sweeps = sweeps_of(recording, "ADM_L")
    cmap = baselined(sweeps.data, FS, sweeps.before_s).mean(axis=0)
    n = len(sweeps.data)
    epochs = [recording.data[0, s.start : s.stop] for s in recording.segments[n:]]
    return cmap, np.array(epochs)


def half_sine(peak_mv=10.0, length_ms=5.0):
    t_ms = np.arange(0, 40, 0.05)
    return np.where(t_ms < length_ms, -1000 * peak_mv * np.sin(np.pi * t_ms / length_ms), 0.0)


def test_case_34_60_identical_units_that_never_overlap_count_themselves():
    firings = tuple(np.array([0.02 + 0.02 * i]) for i in range(60))
    epoch = Epoch(float("nan"), 0.02 * 62, firings)
    nerve = plain_nerve([50.0] * 60, peak_delay_s=0.0015)
    recording, truth = simulate_sip(nerve, BARE, epochs=(epoch,))
    found = munix(*parts(recording), FS)
    assert_allclose(found.icmuc, 60.0, rtol=1e-6)
    assert_allclose(found.area_mv_ms, truth.sip_area_mv_ms, rtol=1e-9)
    assert_allclose(found.cmap_power_mv2_ms, truth.cmap_power_mv2_ms, rtol=1e-9)


def test_case_35_a_gaussian_pattern_gives_what_follows_from_the_cmap():
    rng = np.random.default_rng(5)
    sds_uv = np.geomspace(120, 1500, 40)
    epochs = sds_uv[:, None] * rng.standard_normal((40, 10_000))
    for peak_mv in (4.0, 10.0):
        cmap = half_sine(peak_mv)
        found = munix(cmap, epochs, FS)
        assert_allclose(found.alpha, -1.0, atol=0.02)
        expected = 2 * 500 / (20 * np.pi) * found.cmap_power_mv2_ms / found.cmap_area_mv_ms
        assert_allclose(found.munix, expected, rtol=0.02)
        assert_allclose(found.munix, 12.5 * peak_mv, rtol=0.02)
        assert_allclose(found.musix_uv, 1000 * peak_mv / found.munix)
        assert found.flags == ("gaussian_pattern",)


def test_case_35_a_half_sine_of_10_mv_gives_125_whatever_its_length():
    rng = np.random.default_rng(6)
    epochs = np.geomspace(300, 1500, 30)[:, None] * rng.standard_normal((30, 10_000))
    for length_ms in (3.0, 8.0):
        assert_allclose(munix(half_sine(10.0, length_ms), epochs, FS).munix, 125.0, rtol=0.02)


@pytest.mark.parametrize("sizes", [[50.0] * 6, [90.0, 120.0, 90.0]])
def test_case_36_a_cmap_of_0_3_mv_has_no_index_and_says_why(sizes):
    recording, truth = simulate_sip(plain_nerve(sizes), seed=1)
    assert_allclose(truth.response.amplitude_mv, 0.3, rtol=1e-3)
    found = munix(*parts(recording), FS)
    assert np.isnan([found.munix, found.musix_uv, found.alpha, found.a]).all()
    assert (found.reason, found.n) == ("no_valid_sip", 20)
    assert "cmap_below_0.5_mv" in found.flags


def test_the_three_rules_decide_alone():
    shape = np.random.default_rng(7).standard_normal((4, 10_000))
    level = 300 * shape / np.abs(shape).mean(axis=1, keepdims=True)  # A_S 150 mV ms
    assert munix(half_sine(), level, FS).valid.all()
    assert not munix(half_sine(), level * 0.13, FS).valid.any()  # A_S 19.5
    few = np.zeros((1, 10_000))
    few[0, :100] = 12_000 * np.sign(shape[0, :100])  # A_S 60, of few and high samples
    assert munix(half_sine(), few, FS).valid.all()
    weak = munix(half_sine(80.0), level * 0.3, FS)  # A_S 45 < A_C 255
    assert not weak.valid.any()
    many = munix(half_sine(10.0, 0.5), level * 0.14, FS)  # ICMUC 6.27 / 0.053 = 119
    assert (many.icmuc > 100).all()
    assert (many.area_mv_ms > 20).all()
    assert (many.area_mv_ms > many.cmap_area_mv_ms).all()
    assert not many.valid.any()


def test_a_small_cmap_and_too_few_epochs_have_no_index():
    epochs = np.geomspace(100, 1500, 30)[:, None] * np.random.default_rng(1).standard_normal(
        (30, 10_000)
    )
    small = munix(half_sine(0.49), epochs, FS)
    assert (small.reason, small.flags) == ("no_valid_sip", ("cmap_below_0.5_mv",))
    assert np.isnan(small.munix)
    assert small.n_valid == 30
    assert munix(half_sine(0.51), epochs, FS).reason == ""
    two = munix(half_sine(), np.concatenate([epochs[-2:]] * 3), FS)
    assert (two.reason, two.n_valid, two.flags) == ("too_few_valid_sip", 6, ("few_epochs",))


def test_the_negative_phase_alone_has_less_area():
    wave = half_sine() - 0.3 * np.roll(half_sine(), 100)
    epochs = np.random.default_rng(1).normal(0, 900, (20, 10_000))
    whole, negative = (munix(wave, epochs, FS, phase=p) for p in ("whole", "negative"))
    assert_allclose(negative.cmap_area_mv_ms, 10 * 5 * 2 / np.pi, rtol=1e-3)
    assert_allclose(whole.cmap_area_mv_ms, 1.3 * 10 * 5 * 2 / np.pi, rtol=1e-3)


def test_a_healthy_infant_s_index_lies_near_the_cmap_s_own():
    recording, truth = simulate_sip(healthy_nerve(1), seed=1)
    found = munix(*parts(recording), FS)
    assert found.reason == ""
    assert found.n_valid >= 15
    assert_allclose(found.icmuc[5:], truth.icmuc[5:], rtol=0.05)
    assert 20 < found.munix < 12.5 * found.cmap_mv * 1.2


def test_icmuc_without_a_signal_is_not_a_number():
    assert np.isnan(icmuc(1.0, 1.0, np.zeros(1), np.zeros(1))).all()


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: munix([], np.zeros((1, 4)), FS), SignalError),
        (lambda: munix([1.0], np.full((1, 4), np.nan), FS), SignalError),
        (lambda: munix([1.0], np.zeros((1, 4)), -1.0), ParameterError),
        (lambda: munix([1.0], np.zeros((1, 4)), FS, phase="half"), ParameterError),
    ],
)
def test_an_impossible_index_is_refused(call, error):
    with pytest.raises(error):
        call()
