import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc import features
from emgproc.errors import ParameterError, SignalError
from emgproc.features.sliding import COUNTS, NAMES, sliding

FS = 1000.0


def signal(n_channels=3, n_samples=2000, dtype=np.float64):
    rng = np.random.default_rng(n_samples)
    walk = np.cumsum(rng.standard_normal((n_channels, n_samples)), axis=1)
    x = rng.standard_normal((n_channels, n_samples)) * 30 + walk + 100
    return x.astype(dtype)


def one_by_one(x, found, threshold_uv):
    """Each feature of each window by the function of its name."""
    expected = np.empty_like(found.values)
    for w, start in enumerate(found.starts):
        window = x[:, start : start + found.length]
        for i, name in enumerate(found.names):
            limit = {"threshold_uv": threshold_uv} if name in COUNTS else {}
            expected[i, :, w] = features.FEATURES[name].function(window, FS, **limit)
    return expected


@pytest.mark.parametrize(
    ("window_s", "hop_s"),
    [(0.256, 0.064), (0.25, 0.1), (0.3, 0.007), (0.26, 0.26), (0.27, 0.4), (0.7, 0.35)],
)
def test_a_window_has_the_values_of_the_functions(window_s, hop_s):
    x = signal(n_samples=1500)
    found = sliding(
        x, FS, window_s=window_s, hop_s=hop_s, names=NAMES, threshold_uv=5.0, threads=2
    )
    expected = one_by_one(x, found, 5.0)
    assert_allclose(found.values, expected, rtol=1e-10, atol=1e-12)
    for name in COUNTS:
        assert_allclose(found[name], expected[NAMES.index(name)], rtol=1e-14)


def test_a_length_without_a_fast_transform_has_the_same_spectra():
    for n in (251, 254):  # a prime, and twice a prime
        x = signal(2, 900)
        found = sliding(x, FS, window_s=n / FS, hop_s=0.1, names=["mnf", "mdf"])
        assert_allclose(found.values, one_by_one(x, found, 0.0), rtol=1e-10)


def test_float32_stays_narrow_and_errs_by_its_rounding():
    x = signal(dtype=np.float32) - np.float32(100)
    names = [name for name in NAMES if name not in ("log_detector", "skewness")]
    found = sliding(x, FS, window_s=0.256, hop_s=0.064, names=names, threshold_uv=5.0)
    assert_allclose(found.values, one_by_one(x, found, 5.0), rtol=4e-6)
    for name in COUNTS:
        wide = sliding(x.astype(float), FS, window_s=0.256, hop_s=0.064, names=[name],
                       threshold_uv=5.0)  # fmt: skip
        assert_array_equal(found[name], wide[name])


def test_about_zero_is_said_by_centre():
    x = signal()
    found = sliding(
        x, FS, window_s=0.25, hop_s=0.05, threshold_uv=2.0, centre=False,
        names=["arv", "rms", "iemg", "log_detector", "zc", "variance"],
    )  # fmt: skip
    window = x[1, 100:350]
    crossings = np.sum((window[1:] * window[:-1] < 0) & (np.abs(np.diff(window)) >= 2))
    expected = [
        np.abs(window).mean(),
        np.sqrt(np.mean(window**2)),
        np.abs(window).sum() / FS,
        np.exp(np.log(np.abs(window)).mean()),
        crossings * FS / 249,
        window.var(),
    ]
    assert_allclose(found.values[:, 1, 2], expected, rtol=1e-12)


@pytest.mark.parametrize("centre", [True, False])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_masked_samples_are_left_out_as_by_the_functions(centre, dtype):
    x = signal(dtype=dtype) - (0 if centre else 100)
    x[0, 400:420] = np.nan
    x[1, 900:1300] = np.nan
    x[2, 77] = np.inf
    if not centre:  # every window's mean is then zero, and the functions serve as the twin
        x = np.concatenate([x, x, -x, -x], axis=1).reshape(3, 4, 2000)
        x = np.moveaxis(x, 1, 2).reshape(3, 8000)
    found = sliding(
        x, FS, window_s=0.256, hop_s=0.064, names=NAMES, threshold_uv=5.0, centre=centre
    )
    expected = one_by_one(x, found, 5.0)
    share = np.array([
        [np.isfinite(row[s : s + 256]).mean() for s in found.starts] for row in x
    ])  # fmt: skip
    assert_array_equal(found.n_valid, share * 256)
    assert (share < 0.8).any()
    assert ((share >= 0.8) & (share < 1)).any()
    expected[:, share < 0.8] = np.nan
    tolerance = (
        {"rtol": 1e-10, "atol": 1e-12} if dtype == np.float64 else {"rtol": 1e-4, "atol": 1e-4}
    )
    assert_allclose(found.values, expected, **tolerance)


def test_less_may_be_asked_of_a_window():
    x = signal(1)
    x[0, 10:160] = np.nan
    strict = sliding(x, FS, window_s=0.25, hop_s=0.25, names=["rms"])
    lax = sliding(x, FS, window_s=0.25, hop_s=0.25, names=["rms"], min_valid=0.4)
    assert np.isnan(strict["rms"][0, 0])
    assert_allclose(lax["rms"][0, 0], features.rms(x[0, :250], FS), rtol=1e-12)
    assert lax.n_valid[0, 0] == 100


def test_a_constant_is_no_noise():
    x = np.full((9, 1000), 0.1)
    found = sliding(x, FS, window_s=0.3, hop_s=0.1, names=NAMES)
    undefined = {"hjorth_mobility", "hjorth_complexity", "kurtosis", "skewness", "mnf", "mdf"}
    for name in NAMES:
        expected = np.nan if name in undefined else 0.0
        assert_array_equal(found[name], np.full((9, 8), expected), err_msg=name)
    assert_array_equal(found.n_valid, 300)


def test_an_artefact_leaves_no_trace_in_later_windows():
    x = signal(1)
    x[0, 300] = 1e12
    clean = signal(1)
    clean[0, 300] = 0.0
    one, other = (sliding(v, FS, window_s=0.256, hop_s=0.064, names=NAMES) for v in (x, clean))
    later = one.starts > 300
    assert_array_equal(one.values[..., later], other.values[..., later])


def test_any_number_of_threads_and_any_piece_gives_the_same_bytes():
    x = signal(11, 4000)
    whole = sliding(x, FS, window_s=0.256, hop_s=0.032, names=NAMES)
    threads = sliding(x, FS, window_s=0.256, hop_s=0.032, names=NAMES, threads=3)
    assert_array_equal(whole.values, threads.values)
    piece = sliding(x[4:6, 32 * 30 :], FS, window_s=0.256, hop_s=0.032, names=NAMES)
    assert_array_equal(piece.values, whole.values[:, 4:6, 30:])


def test_a_vector_is_one_channel_and_a_short_signal_has_no_window():
    found = sliding(signal(1)[0], FS, window_s=0.25, hop_s=0.1)
    assert found.values.shape == (6, 1, 18)
    assert found.units == ("uV", "uV", "uV", "1/s", "1/s", "1/s")
    short = sliding(np.zeros((2, 100)), FS, window_s=0.25, hop_s=0.1, names=["rms", "mnf"])
    assert short.values.shape == (2, 2, 0)
    assert short.starts.size == 0
    with pytest.raises(ParameterError, match="no feature 'arv'"):
        short["arv"]


def test_integers_and_masked_arrays_are_taken():
    x = np.rint(signal(2)).astype(np.int16)
    hidden = np.ma.masked_array(x.astype(np.float32), mask=np.zeros(x.shape, bool))
    hidden[0, 5] = np.ma.masked
    found = sliding(x, FS, window_s=0.25, hop_s=0.25)
    assert_array_equal(
        found.values, sliding(x.astype(float), FS, window_s=0.25, hop_s=0.25).values
    )
    assert sliding(hidden, FS, window_s=0.25, hop_s=0.25).n_valid[0, 0] == 249


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": ["mav"]}, "no feature 'mav'"),
        ({"window_s": 0.002}, "need at least 3"),
        ({"window_s": 0.2, "names": ["mnf"]}, "mnf need at least 250"),
        ({"hop_s": 0.0}, "shorter than a sample"),
        ({"threshold_uv": -1.0}, "threshold_uv"),
        ({"threshold_uv": {"arv": 1.0}}, "not for 'arv'"),
        ({"min_valid": 0.0}, "min_valid"),
        ({"threads": 0}, "threads"),
    ],
)
def test_what_makes_no_sense_is_refused(change, message):
    with pytest.raises(ParameterError, match=message):
        sliding(signal(), FS, **{"window_s": 0.25, "hop_s": 0.1, **change})


def test_only_channels_by_samples_are_taken():
    with pytest.raises(SignalError):
        sliding(np.zeros((2, 3, 400), np.float32), FS, window_s=0.25, hop_s=0.1)
