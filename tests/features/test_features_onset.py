"""Onset, bursts and co-contraction on signals of known truth (with validation case 44)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError
from emgproc.features import (
    OnsetSettings,
    cocontraction,
    detect_activity,
    detect_bursts,
    falconer_winter,
    rudolph,
    time_overlap,
)
from emgproc.features.onset import hysteresis

FS = 2000.0
TRUTH = (3000, 5000)


def active(seed, *, rest_uv=3.0, active_uv=20.0, n=8000):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, rest_uv, n)
    x[slice(*TRUTH)] += rng.normal(0, active_uv, TRUTH[1] - TRUTH[0])
    return x


@pytest.mark.parametrize("teager_kaiser", [True, False])
def test_onset_and_end_of_a_contraction_are_found_within_a_window(teager_kaiser):
    chosen = OnsetSettings(merge_s=0.05, k=5.0, teager_kaiser=teager_kaiser)
    errors = []
    for seed in range(20):
        spans = detect_activity(active(seed), FS, (0, 2000), chosen)
        start, stop = max(spans, key=lambda s: s[1] - s[0])
        errors.append([start - TRUTH[0], stop - TRUTH[1]])
    assert np.abs(np.median(errors, axis=0)).max() <= 0.025 * FS
    assert np.abs(errors).max() <= 0.05 * FS


def test_rest_holds_no_activity():
    for seed in range(20):
        x = np.random.default_rng(seed).normal(0, 3, 8000)
        assert detect_activity(x, FS, (0, 2000), OnsetSettings(k=6.0)) == []


def test_activity_ends_at_a_masked_stretch():
    x = active(3)
    x[3900:4000] = np.nan
    spans = detect_activity(x, FS, (0, 2000), OnsetSettings(merge_s=0.5))
    assert spans
    assert all(b <= 3901 or a >= 3999 for a, b in spans)


def test_pauses_are_bridged_and_short_activity_is_dropped():
    x = active(4)
    x[3900:3990] = 0.1 * np.random.default_rng(5).normal(size=90)
    loose = OnsetSettings(merge_s=0.0, k=5.0, teager_kaiser=False, envelope_s=0.01)
    apart = detect_activity(x, FS, (0, 2000), loose)
    joined = detect_activity(
        x, FS, (0, 2000), OnsetSettings(merge_s=0.1, k=5.0, teager_kaiser=False, envelope_s=0.01)
    )
    assert len(joined) < len(apart)
    assert all(b - a >= 0.025 * FS for a, b in apart)


def test_a_baseline_must_lie_in_the_signal_and_vary():
    assert detect_activity(np.r_[np.zeros(2000), active(6)], FS, (0, 1900)) == []
    for baseline in ((-1, 500), (0, 9000), (500, 500), (0, 50)):
        with pytest.raises(ParameterError, match="baseline"):
            detect_activity(active(7), FS, baseline)
    with pytest.raises(ParameterError):
        OnsetSettings(k=1.0, k_off=2.0)
    with pytest.raises(ParameterError):
        OnsetSettings(envelope_s=0.0)


def spans_twin(x, high, low):
    spans, on = [], None
    for i, v in enumerate(x):
        if on is None and v > high:
            on = i
        elif on is not None and not v >= low:
            spans.append((on, i))
            on = None
    return spans if on is None else [*spans, (on, len(x))]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 1.0, 1.5, 2.0, 3.0, float("nan")]), max_size=40),
)
def test_hysteresis_equals_a_loop_over_samples(values):
    x = np.array(values)
    assert hysteresis(x, 2.0, 1.5) == spans_twin(values, 2.0, 1.5)


def test_bursts_are_found_with_their_edges():
    rng = np.random.default_rng(8)
    x = rng.normal(0, 3, 20_000)
    for start, length in ((2000, 400), (6000, 2000), (15_000, 150)):
        x[start : start + length] += rng.normal(0, 40, length)
    found = detect_bursts(x, FS, 3.0)
    assert len(found) == 2  # the third lasts 75 ms
    assert np.abs(np.subtract(found, [(2000, 2400), (6000, 8000)])).max() <= 0.01 * FS
    with pytest.raises(ParameterError):
        detect_bursts(x, FS, 0.0)


def test_case_44_co_contraction_of_equal_disjoint_and_half_envelopes():
    t = np.linspace(0, np.pi, 500)
    a = np.sin(t) + 0.01
    assert_allclose(falconer_winter(a, a), 100.0, rtol=1e-12)
    left, right = np.r_[a, np.zeros(500)], np.r_[np.zeros(500), a]
    assert falconer_winter(left, right) == 0.0
    assert rudolph(left, right) == 0.0
    one, half = np.ones(100), np.full(100, 0.5)
    assert_allclose(falconer_winter(one, half), 66.67, rtol=1e-4)
    assert_allclose(rudolph(one, half), 0.75, rtol=1e-12)
    assert_allclose(rudolph(half, one), 0.75, rtol=1e-12)


def test_two_muscles_below_their_limits_have_no_co_contraction():
    quiet, loud = np.full(100, 1.0), np.full(100, 10.0)
    both = cocontraction(quiet, quiet, lod_a_uv=2.0, lod_b_uv=2.0)
    assert both.reason == "below_lod"
    assert np.isnan([both.falconer_winter_percent, both.rudolph, both.overlap]).all()
    one = cocontraction(quiet, loud, lod_a_uv=2.0, lod_b_uv=2.0)
    assert (one.reason, one.overlap, one.n) == ("", 0.0, 100)
    assert cocontraction(0 * quiet, 0 * quiet, lod_a_uv=0.0, lod_b_uv=0.0).reason == "below_lod"
    missing = cocontraction(quiet * np.nan, loud, lod_a_uv=0.0, lod_b_uv=0.0)
    assert (missing.reason, missing.n) == ("all_masked", 0)


def test_time_overlap_is_the_time_of_both_over_the_time_of_either():
    a, b = np.r_[5.0, 5, 5, 0, np.nan], np.r_[0.0, 5, 5, 5, 5]
    assert time_overlap(a, b, 1.0, 1.0) == 0.5
    assert np.isnan(time_overlap(a, b, 9.0, 9.0))


def test_envelopes_are_of_one_length_and_never_negative():
    with pytest.raises(ParameterError, match="one length"):
        falconer_winter([1.0], [1.0, 2.0])
    with pytest.raises(ParameterError, match="negative"):
        rudolph([-1.0], [1.0])
    with pytest.raises(ParameterError, match="limits"):
        cocontraction([1.0], [1.0], lod_a_uv=-1.0, lod_b_uv=0.0)
