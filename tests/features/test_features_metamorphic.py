"""What must happen to every feature when the signal is scaled, inverted, shifted or permuted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.features import FEATURES

FS = 1000.0
DEGREE = {
    "iemg": 1, "arv": 1, "rms": 1, "log_detector": 1, "wl": 1, "aac": 1, "dasdv": 1,
    "apdf10": 1, "apdf50": 1, "apdf90": 1, "envelope_peak": 1, "envelope_mean": 1, "tkeo_mean": 2,
    "variance": 2, "hjorth_activity": 2, "sm0": 2, "sm1": 2, "sm2": 2, "band_power": 2,
}  # fmt: skip
ODD = {"skewness"}
BY_WINDOWS = {"apdf10", "apdf50", "apdf90", "envelope_peak", "envelope_mean"}
ALL = pytest.mark.parametrize("spec", FEATURES.values(), ids=FEATURES)
few = settings(max_examples=8, deadline=None)
seeds = st.integers(0, 2**31)
gains = st.floats(1e-3, 1e3)


def coloured(seed, n=1500):
    """Skewed, coloured noise with a masked stretch."""
    rng = np.random.default_rng(seed)
    x = np.convolve(rng.exponential(5.0, n + 20) * rng.choice([-1, 1.2], n + 20), [1, 0.6, 0.2])
    x = x[:n]
    x[300:340] = np.nan
    return x


def agree(found, expected):
    scale = max(abs(expected), 1e-3 if expected == 0 else 0)
    assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * scale)


@ALL
@few
@given(seed=seeds, gain=gains)
def test_gain_scales_amplitudes_and_leaves_the_rest(spec, seed, gain):
    x = coloured(seed)
    agree(spec.function(gain * x, FS), gain ** DEGREE.get(spec.name, 0) * spec.function(x, FS))


@pytest.mark.parametrize("name", ["zc", "ssc", "wamp"])
@few
@given(seed=seeds, gain=gains)
def test_counts_stay_when_signal_and_threshold_are_scaled(name, seed, gain):
    count, x = FEATURES[name].function, coloured(seed)
    # Thresholds off the values that steps take, so that rounding cannot move a count.
    agree(count(gain * x, FS, threshold_uv=gain * 2.345), count(x, FS, threshold_uv=2.345))


@ALL
@few
@given(seed=seeds)
def test_polarity_does_not_matter(spec, seed):
    x = coloured(seed)
    sign = -1 if spec.name in ODD else 1
    agree(spec.function(-x, FS), sign * spec.function(x, FS))


@ALL
@few
@given(seed=seeds, offset=st.floats(-1e3, 1e3))
def test_an_offset_does_not_matter(spec, seed, offset):
    x = coloured(seed)
    assert_allclose(spec.function(x + offset, FS), spec.function(x, FS), rtol=1e-6)


@ALL
@few
@given(seed=seeds)
def test_channels_in_another_order_give_the_values_in_that_order(spec, seed):
    x = np.stack([coloured(seed), coloured(seed + 1), coloured(seed + 2)])
    order = np.random.default_rng(seed).permutation(3)
    assert_array_equal(spec.function(x[order], FS), spec.function(x, FS)[order])


@pytest.mark.parametrize("name", sorted(set(FEATURES) - BY_WINDOWS))
@few
@given(seed=seeds, before=st.integers(0, 50), after=st.integers(0, 50))
def test_masked_samples_at_the_ends_count_for_nothing(name, seed, before, after):
    x = coloured(seed)
    padded = np.concatenate([np.full(before, np.nan), x, np.full(after, np.nan)])
    function = FEATURES[name].function
    agree(function(padded, FS), function(x, FS))


@pytest.mark.parametrize(
    "name",
    ["iemg", "arv", "rms", "log_detector", "wl", "aac", "dasdv", "zc", "ssc", "wamp", "kurtosis",
     "skewness", "hjorth_mobility", "hjorth_complexity", "ar4_a1", "ar6_a6", "sample_entropy"],
)  # fmt: skip
def test_time_may_run_backwards(name):
    x = coloured(4)
    function = FEATURES[name].function
    assert_allclose(function(x[::-1], FS), function(x, FS), rtol=1e-2)
    if name != "sample_entropy":  # its N − m templates leave out other samples at either end
        assert_allclose(function(x[::-1], FS), function(x, FS), rtol=1e-9)
