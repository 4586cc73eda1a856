"""The edge policy of the specification, for every feature that a plan may name."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc import features
from emgproc.errors import ParameterError, SignalError
from emgproc.features import FEATURES, evaluate

FS = 1000.0
ZERO_FOR_A_CONSTANT = {
    "iemg", "arv", "rms", "variance", "log_detector", "wl", "aac", "dasdv", "zc", "ssc", "wamp",
    "hjorth_activity", "apdf10", "apdf50", "apdf90", "tkeo_mean", "envelope_peak", "envelope_mean",
}  # fmt: skip
ALL = pytest.mark.parametrize("spec", FEATURES.values(), ids=FEATURES)


def noise(n=4000, seed=1):
    return np.random.default_rng(seed).normal(0, 10, n)


@ALL
def test_every_feature_has_a_finite_value_for_ordinary_noise(spec):
    found = evaluate(spec, noise(), FS)
    assert np.isfinite(found.value)
    assert found.n == 4000
    assert found.reason == ""


@ALL
@pytest.mark.parametrize("level", [0.0, 0.1, -1e6, 1 / 3])
def test_a_constant_has_the_documented_value_or_reason(spec, level):
    found = evaluate(spec, np.full(3000, level), FS)
    plain = spec.function(np.full(3000, level), FS)
    if spec.name in ZERO_FOR_A_CONSTANT:
        assert (found.value, found.reason) == (0.0, "")
        assert plain == 0.0
    else:
        assert np.isnan(found.value)
        assert found.reason == "zero_variance"
        if not spec.name.startswith(("sm", "band_power")):
            assert np.isnan(plain)


@ALL
def test_a_masked_constant_is_still_a_constant(spec):
    x = np.full(3000, 0.1)
    x[1000:1010] = np.nan
    found = evaluate(spec, x, FS)
    assert found.n == 2990
    assert (found.value == 0.0) == (spec.name in ZERO_FOR_A_CONSTANT)


@ALL
@pytest.mark.parametrize(
    ("x", "reason"),
    [
        (np.full(2000, np.nan), "all_masked"),
        (np.full(2000, np.inf), "all_masked"),
        (np.empty(0), "no_samples"),
        (np.array([1.0]), "too_few_samples"),
        (noise(49), "too_few_samples"),
    ],
    ids=["nan", "inf", "empty", "single", "49 ms"],
)
def test_nothing_to_measure_gives_nan_with_its_reason(spec, x, reason):
    found = evaluate(spec, x, FS)
    assert np.isnan(found.value)
    assert found.reason == reason
    assert not np.isinf(spec.function(x, FS))


@pytest.mark.parametrize(
    ("name", "enough"),
    [("rms", 50), ("kurtosis", 50), ("mnf", 250), ("ar4_a1", 250), ("sample_entropy", 200),
     ("dfa", 500), ("apdf50", 200)],
)  # fmt: skip
def test_the_minimum_is_the_stated_one(name, enough):
    assert evaluate(FEATURES[name], noise()[:enough], FS).reason == ""
    short = evaluate(FEATURES[name], noise()[: enough - 1], FS)
    assert np.isnan(short.value)
    assert short.reason == "too_few_samples"


@pytest.mark.parametrize("name", ["mnf", "mdf", "band_power", "ar6_a2", "dfa"])
def test_spectra_need_one_contiguous_stretch(name):
    x = noise()
    x[::240] = np.nan
    assert evaluate(FEATURES[name], x, FS).reason == "too_few_samples"


@ALL
def test_infinite_samples_count_as_masked(spec):
    x = noise()
    x[2000:2010] = np.nan
    expected = evaluate(spec, x, FS)
    x[2003], x[2004] = np.inf, -np.inf
    assert evaluate(spec, x, FS) == expected


@ALL
def test_integers_are_cast_before_they_are_squared(spec):
    counts = np.random.default_rng(3).integers(-30_000, 30_000, 3000).astype(np.int16)
    assert_array_equal(spec.function(counts, FS), spec.function(counts.astype(float), FS))


@ALL
def test_values_are_never_infinite_for_extreme_but_finite_signals(spec):
    for x in (noise() * 1e-200, np.r_[np.zeros(3999), 1e-9], np.r_[np.zeros(3999), 1e9]):
        found = evaluate(spec, x, FS)
        assert not np.isinf(found.value)
        assert np.isnan(found.value) == bool(found.reason)


@ALL
def test_a_mean_of_many_channels_is_that_of_each(spec):
    x = np.stack([noise(seed=5), noise(seed=6) * 3, np.full(4000, 2.0)])
    x[0, 100:150] = np.nan
    together = spec.function(x.reshape(3, 1, 4000), FS)
    assert together.shape == (3, 1)
    assert_array_equal(together[:, 0], [spec.function(row, FS) for row in x])


@ALL
def test_the_input_is_not_changed(spec):
    x = noise()
    x[5] = np.nan
    before = x.copy()
    x.flags.writeable = False
    spec.function(x, FS)
    assert_array_equal(x, before)


def test_differences_use_valid_neighbours_only():
    x = np.array([0.0, 10.0, np.nan, -10.0, 0.0])
    assert features.wl(x, FS) == 20.0
    assert features.aac(x, FS) == 10.0
    assert features.dasdv(x, FS) == 10.0
    assert features.zc(x, FS) == 0.0
    assert features.zc(np.array([0.0, 10.0, -10.0, 0.0]), FS) > 0
    assert np.isnan(features.wl(np.array([1.0, np.nan, 1.0]), FS))
    assert np.isnan(features.ssc(np.array([1.0, 2.0, np.nan, 1.0, 2.0]), FS))


def test_the_log_detector_leaves_zeros_out_and_is_not_the_logarithm_of_x_plus_one():
    x = np.array([-4.0, 0.0, 4.0, -1.0, 1.0])
    assert_allclose(features.log_detector(x, FS), 2.0, rtol=1e-12)


def test_a_zero_crossing_needs_the_threshold_and_a_willison_step_more_than_it():
    x = np.tile([1.0, -1.0], 100)
    assert features.zc(x, FS, threshold_uv=2.0) == FS
    assert features.zc(x, FS, threshold_uv=2.001) == 0.0
    assert features.wamp(x, FS, threshold_uv=1.999) == FS
    assert features.wamp(x, FS, threshold_uv=2.0) == 0.0
    assert features.ssc(x, FS, threshold_uv=2.0) == FS
    assert features.ssc(x, FS, threshold_uv=2.001) == 0.0


def test_sample_entropy_has_no_value_without_a_match_or_in_endless_records():
    spec = FEATURES["sample_entropy"]
    assert evaluate(spec, noise(210), FS, r=1e-12).reason == "no_matches"
    assert evaluate(spec, noise(200_001), FS).reason == "too_many_samples"


def test_parameters_of_a_feature_are_listed_and_unknown_ones_refused():
    assert FEATURES["zc"].parameters == {"threshold_uv": 0.0}
    assert FEATURES["apdf10"].parameters == {"window_s": 0.2}
    assert FEATURES["rms"].parameters == {}
    with pytest.raises(ParameterError, match="did you mean 'threshold_uv'"):
        evaluate(FEATURES["zc"], noise(), FS, treshold_uv=1.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: features.rms(x, 0.0),
        lambda x: features.mnf(x, float("nan")),
        lambda x: features.apdf(x, FS, percentile=101.0),
        lambda x: features.apdf(x, FS, window_s=1e-5),
        lambda x: features.zc(x, FS, threshold_uv=-1.0),
        lambda x: features.mnf(x, FS, band_hz=(50.0, 20.0)),
        lambda x: features.power_spectrum(x, FS, segment_s=0.1),
        lambda x: features.burg(x, FS, order=0),
        lambda x: features.ar_coefficient(x, FS, order=4, lag=5),
        lambda x: features.sample_entropy(x, FS, m=0),
        lambda x: features.dfa(x, FS, n_min=2),
        lambda x: features.noise_corrected_rms(-1.0, 1.0),
    ],
)
def test_parameters_outside_their_range_are_refused(call):
    with pytest.raises(ParameterError):
        call(noise())


def test_what_is_not_a_signal_is_refused():
    with pytest.raises(SignalError, match="real numbers"):
        features.rms(["a", "b"], FS)
    with pytest.raises(SignalError, match="scalar"):
        features.rms(3.0, FS)
