"""F-waves, the H-reflex and repetitive stimulation."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import ParameterError, SignalError
from emgproc.simulate.stimulation import (
    StimulationSettings,
    absent_nerve,
    healthy_nerve,
    plain_nerve,
    simulate_f_waves,
    simulate_h_reflex,
    simulate_repetitive,
    sma_nerve,
)
from emgproc.stimulation import (
    decrement,
    f_wave,
    h_reflex,
    responses,
    sweep_times,
    sweeps_of,
)

FS = 20_000.0
BARE = StimulationSettings(noise_uv=0.0, variability=0.0, artefact_uv_per_ma=0.0, rails_uv=None)
F_WINDOW_S = (0.0125, 0.035)
M_WINDOW_S = (0.001, 0.012)
H_WINDOW_S = (0.015, 0.035)


def f_waves(recording, **given):
    sweeps = sweeps_of(recording, "ADM_L")
    return f_wave(sweeps.data, sweeps.fs, sweeps.before_s, F_WINDOW_S, **given)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("nerve", [healthy_nerve, sma_nerve])
def test_f_waves_of_infants_are_found_on_the_end_of_the_m_response(nerve, seed):
    recording, truth = simulate_f_waves(nerve(seed), seed=seed, n_stimuli=40, backfiring=0.02)
    found = f_waves(recording)
    there = truth.amplitude_uv > 25  # below, an F-wave does not exceed its limit
    assert_array_equal(found.amplitude_uv[there] > 0, True)
    assert_array_equal(found.amplitude_uv[truth.amplitude_uv == 0], 0.0)
    late = (found.latency_ms - truth.latency_ms)[there]
    assert 0.1 < np.median(late) < 0.6  # a quarter of the limit lies so far up
    assert np.abs(late).max() < 1.3
    ratio = found.amplitude_uv[there] / truth.amplitude_uv[there]
    assert_allclose(np.median(ratio), 1.0, atol=0.06)
    assert there.mean() <= found.persistence <= truth.persistence
    seen = truth.latency_ms[found.amplitude_uv > 0]
    assert_allclose(
        [found.minimal_latency_ms, found.mean_latency_ms, found.maximal_latency_ms],
        [seen.min(), seen.mean(), seen.max()], atol=1.0,
    )  # fmt: skip
    assert found.chronodispersion_ms == found.maximal_latency_ms - found.minimal_latency_ms
    assert (found.n, found.n_f, found.flags) == (40, (found.amplitude_uv > 0).sum(), ())


def test_without_backfiring_there_is_no_f_wave():
    recording, _ = simulate_f_waves(healthy_nerve(1), seed=1, backfiring=0.0)
    found = f_waves(recording)
    assert (found.persistence, found.n_f, found.reason) == (0.0, 0, "no_f_wave")
    assert np.isnan([found.minimal_latency_ms, found.mean_amplitude_uv]).all()


def test_one_unit_that_fires_back_often_is_found_although_its_waves_are_all_alike():
    recording, truth = simulate_f_waves(
        plain_nerve([150.0, 100.0]), seed=3, n_stimuli=30, backfiring=np.array([0.0, 0.7])
    )
    found = f_waves(recording)
    assert found.persistence == truth.persistence > 0.5
    assert found.chronodispersion_ms < 0.5
    assert_allclose(found.mean_amplitude_uv, 100.0, rtol=0.08)


def test_with_an_f_wave_in_every_sweep_the_m_response_is_not_seen_and_that_is_flagged():
    recording, _ = simulate_f_waves(
        plain_nerve([100.0]), replace(StimulationSettings(), cord_m=0.5), n_stimuli=12,
        backfiring=1.0,
    )  # fmt: skip
    sweeps = sweeps_of(recording, "ADM_L")
    blind, told = (
        f_wave(sweeps.data, FS, sweeps.before_s, (0.024, 0.045), tail=tail)
        for tail in ("sweeps", "baseline")
    )
    assert "m_below_baseline" in blind.flags
    assert (told.persistence, told.flags) == (1.0, ())
    assert_allclose(told.mean_latency_ms, 2 + 25 + 1, atol=0.6)
    assert_allclose(told.mean_amplitude_uv, 100.0, rtol=0.05)


def test_f_waves_of_closed_form_have_their_latencies():
    t = sweep_times(1600, FS, 0.02)
    starts_ms = [0.0, 22.0, 24.0, 0.0, 23.0, 0.0, 26.0, 22.5, 0.0, 0.0, 25.0, 0.0]
    x = 300 * np.exp(-t / 0.005)[None] * (t > 0.001) + np.zeros((12, 1))
    for i, start_ms in enumerate(starts_ms):
        u = (t - start_ms / 1000) / 0.005
        x[i] -= (start_ms > 0) * 200 * np.where((u > 0) & (u < 1), np.sin(np.pi * u), 0.0)
    found = f_wave(x, FS, 0.02, (0.018, 0.04))
    assert_allclose(found.persistence, 0.5)
    expected = np.where(np.array(starts_ms) > 0, starts_ms, np.nan)
    assert_allclose(found.latency_ms, expected, atol=0.25)
    assert_allclose(found.chronodispersion_ms, 4.0, atol=0.01)
    assert_allclose(found.amplitude_uv, np.where(np.isnan(expected), 0, 200.0), rtol=0.02)


def reflex(recording, **given):
    sweeps = sweeps_of(recording, "ADM_L")
    return h_reflex(
        sweeps.data, sweeps.fs, sweeps.before_s, sweeps.stimulus_ma, m_window_s=M_WINDOW_S,
        h_window_s=H_WINDOW_S, **given,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_h_and_m_of_simulated_infants_are_those_of_the_truth(seed):
    recording, truth = simulate_h_reflex(healthy_nerve(seed), seed=seed, n_stimuli=60)
    found = reflex(recording)
    assert_allclose(found.m_max_mv, truth.m_max_mv, rtol=0.03)
    assert_allclose(found.h_max_mv, truth.h_max_mv, rtol=0.06)
    assert_allclose(found.ratio, truth.ratio, rtol=0.08)
    # The truth is the take-off of the fastest of the units that fired by reflex at any stimulus.
    assert -0.2 < found.latency_ms - truth.h_latency_ms < 1.5
    ma, h, m = truth.sweeps.stimulus_ma, truth.h_amplitude_mv, truth.sweeps.amplitude_mv
    assert ma[h > 0.005].min() <= found.h_threshold_ma <= ma[h > 0.05].min()
    assert ma[m > 0.005].min() <= found.m_threshold_ma <= ma[m > 0.05].min()
    assert_allclose(found.m_mv, m, atol=0.05)
    assert_allclose(found.h_mv[m < 0.5], h[m < 0.5], atol=0.06)
    assert (found.absent, found.reason, found.n) == (False, "", 60)


def test_an_absent_reflex_is_a_value():
    recording, _ = simulate_h_reflex(sma_nerve(1), seed=1, excitability=0.0)
    found = reflex(recording)
    assert (found.absent, found.h_max_mv, found.ratio) == (True, 0.0, 0.0)
    assert (found.reason, found.n_h) == ("absent_reflex", 0)
    assert np.isnan([found.latency_ms, found.h_threshold_ma]).all()
    none, _ = simulate_h_reflex(absent_nerve(), seed=1)
    gone = reflex(none)
    assert (gone.reason, gone.m_max_mv) == ("absent_response", 0.0)
    assert np.isnan([gone.ratio, gone.m_threshold_ma]).all()


def test_an_h_that_rises_only_with_m_is_flagged_and_so_is_a_submaximal_m():
    t = sweep_times(1600, FS, 0.02)

    def wave(start_ms, size_uv):
        u = (t - start_ms / 1000) / 0.004
        return -size_uv * np.where((u > 0) & (u < 1), np.sin(np.pi * u), 0.0)

    x = np.array([wave(3, m) + wave(20, h) for m, h in ((0, 0), (400, 300), (900, 100))])
    found = h_reflex(x, FS, 0.02, [5, 6, 7], m_window_s=M_WINDOW_S, h_window_s=H_WINDOW_S)
    assert found.flags == ("m_not_supramaximal", "h_with_m")
    assert_allclose([found.h_max_mv, found.m_max_mv, found.ratio], [0.3, 0.9, 1 / 3], rtol=1e-3)
    assert (found.h_threshold_ma, found.m_threshold_ma) == (6.0, 6.0)
    assert_allclose(found.latency_ms, 20.0, atol=0.06)


def test_h_and_m_of_real_sweeps_lie_where_the_waves_do(real_data):
    from emgproc.readers import ReadOptions, open_recording
    from emgproc.stimulation import ResponseSettings

    path = real_data / "evoked-m-h/example-waveforms.csv"
    recording = open_recording(path, ReadOptions(fs=3200.0, unit="mV")).read()
    sweeps = sweeps_of(recording, recording.channels[0].name, before_s=0.0)
    # The machine keeps nothing from before the stimulus: the end of the sweep is the baseline.
    end_s = sweeps.data.shape[1] / sweeps.fs
    options = ResponseSettings(baseline_s=(end_s - 0.01, end_s), blank_s=0.002)
    windows = {"m_window_s": (0.003, 0.02), "h_window_s": (0.025, 0.05)}
    found = h_reflex(sweeps.data, sweeps.fs, 0.0, sweeps.stimulus_ma, settings=options, **windows)
    t, flat = (
        sweeps.times_s,
        sweeps.data - sweeps.data[:, t_of(sweeps, end_s)].mean(axis=1)[:, None],
    )
    for mv, (a, b) in ((found.m_mv, windows["m_window_s"]), (found.h_mv, windows["h_window_s"])):
        seen = -flat[:, (t >= a - 1e-9) & (t < b - 1e-9)].min(axis=1) / 1000
        assert (mv > 0).any()
        assert_allclose(mv[mv > 0], seen[mv > 0], rtol=1e-9)
    assert found.m_mv[np.argmax(sweeps.stimulus_ma)] > 0.5 * found.m_max_mv


def t_of(sweeps, end_s):
    return slice(round((end_s - 0.01) * sweeps.fs), None)


def test_case_39_decrement_of_12_percent():
    found = decrement([1.0, 0.95, 0.90, 0.88])
    assert_allclose(found.decrement_percent, 12.0, rtol=1e-12)
    assert (found.abnormal, found.n, found.flags, found.reason) == (True, 4, ("few_pulses",), "")
    recording, _ = simulate_repetitive(
        healthy_nerve(1), BARE, seed=1, profile=(1.0, 0.95, 0.90, 0.88, 0.90)
    )
    sweeps = sweeps_of(recording, "ADM_L")
    each = responses(sweeps.data, sweeps.fs, sweeps.before_s)
    from_sweeps = decrement([r.amplitude_mv for r in each], [r.area_mv_ms for r in each])
    assert_allclose([from_sweeps.decrement_percent, from_sweeps.area_percent], 12.0, rtol=1e-6)


@pytest.mark.parametrize("wanted", [0.0, 5.0, 25.0])
def test_simulated_decrements_are_found(wanted):
    recording, truth = simulate_repetitive(healthy_nerve(2), seed=2, decrement_percent=wanted)
    sweeps = sweeps_of(recording, "ADM_L")
    each = responses(sweeps.data, sweeps.fs, sweeps.before_s)
    found = decrement([r.amplitude_mv for r in each], [r.area_mv_ms for r in each], rate_hz=3.0)
    assert_allclose(found.decrement_percent, wanted, atol=1.0)
    assert_allclose(found.largest_percent, truth.largest_decrement_percent, atol=1.0)
    assert_allclose(found.area_percent, truth.area_decrement_percent, atol=1.2)
    assert found.abnormal == (wanted > 10)
    assert (found.n, found.flags) == (10, ())


def test_the_fifth_response_may_be_the_lowest_and_an_increment_is_negative():
    found = decrement([2.0, 1.9, 1.8, 1.8, 1.6], rate_hz=5.0)
    assert_allclose([found.decrement_percent, found.largest_percent], [10.0, 20.0])
    assert found.flags == ("few_pulses", "unusual_rate")
    assert decrement([1.0, 1.1, 1.2, 1.16]).decrement_percent < 0
    assert not decrement([1.0, 1.0, 1.0, 0.9]).abnormal


@pytest.mark.parametrize(
    ("mv", "reason"), [([1.0, 0.9, 0.8], "too_few_pulses"), ([0.01] * 9, "absent_response")]
)
def test_without_four_responses_there_is_no_decrement(mv, reason):
    found = decrement(mv)
    assert found.reason == reason
    assert np.isnan([found.decrement_percent, found.largest_percent]).all()


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: decrement([]), SignalError),
        (lambda: decrement([1.0, np.nan, 1.0, 1.0]), SignalError),
        (lambda: decrement([1.0, 1.0], [1.0]), ParameterError),
        (lambda: f_wave(np.zeros((3, 1600)), FS, 0.02, (0.0005, 0.03)), ParameterError),
        (lambda: f_wave(np.zeros((3, 1600)), FS, 0.02, (0.02, 0.07)), ParameterError),
        (lambda: f_wave(np.zeros((3, 1600)), FS, 0.02, (0.02, 0.03), tail="x"), ParameterError),
        (lambda: h_reflex(np.zeros((3, 1600)), FS, 0.02, [1.0, 2.0], m_window_s=M_WINDOW_S,
                          h_window_s=H_WINDOW_S), ParameterError),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused(call, error):
    with pytest.raises(error):
        call()
