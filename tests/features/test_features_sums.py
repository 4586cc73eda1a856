"""The sums behind the features: any pieces give the bytes of the whole, and NumPy's values."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import signal

from emgproc import features
from emgproc.features import FEATURES, Sums
from emgproc.features.evaluation import evaluate_sums
from emgproc.features.passes import BLOCK, LevelPass
from emgproc.features.sums import SumPass

FS = 1000.0
SUMMED = [spec for spec in FEATURES.values() if spec.wanted is not None]


def signals(n=3 * BLOCK + 1234, offset=0.0):
    """Clean; gaps at every kind of edge; one long gap; never 0.5 s in a stretch; constant."""
    x = np.random.default_rng(1).normal(0.0, 10.0, (5, n))
    x[1, [0, 1, 7, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 2, n - 1]] = np.nan
    x[2, 500 : 2 * BLOCK + 100] = np.nan
    x[3, ::301] = np.inf
    x[3, 3 * BLOCK :] = np.nan
    x[4] = 0.1
    return x + offset


def fed(x, cuts, wanted):
    """Sums of `x` given in pieces."""
    pieces = np.split(x, cuts, axis=1)
    first = LevelPass(len(x))
    for piece in pieces:
        first.feed(piece)
    first.end()
    sums = Sums(FS, first.levels(), (len(x),))
    second = SumPass(sums, wanted)
    for piece in pieces:
        second.feed(piece)
    second.end()
    return sums


@pytest.mark.parametrize(
    "cuts",
    [[1], [BLOCK], [BLOCK - 1, BLOCK + 1], list(range(700, 25_000, 700)), [0, 0, 9_999]],
    ids=["1", "block", "around", "700", "empty"],
)
def test_pieces_of_any_length_give_the_bytes_of_the_array(cuts):
    x = signals()
    params = {spec.name: spec.parameters for spec in SUMMED}
    wanted = {kind for spec in SUMMED for kind in spec.wanted(FS, params[spec.name])}
    sums = fed(x, cuts, wanted)
    for spec in SUMMED:
        pieces = evaluate_sums(spec, sums, **params[spec.name])
        whole = [features.evaluate(spec, row, FS) for row in x]
        assert_array_equal([e.value for e in pieces], [e.value for e in whole], spec.name)
        assert [e[1:] for e in pieces] == [e[1:] for e in whole]


@pytest.mark.parametrize("spec", SUMMED, ids=lambda spec: spec.name)
def test_a_feature_wants_all_the_sums_it_reads(spec):
    x = signals()
    sums = fed(x, [BLOCK], set(spec.wanted(FS, spec.parameters)))
    assert_array_equal(spec.function(sums, FS), spec.function(x, FS))


def test_levels_equal_a_count_of_valid_neighbours():
    x = signals()
    levels = Sums.of_array(x, FS).levels
    ok = np.isfinite(x)
    assert levels.size == x.shape[1]
    assert_array_equal(levels.n, ok.sum(axis=1))
    assert_array_equal(levels.pairs, (ok[:, 1:] & ok[:, :-1]).sum(axis=1))
    assert_array_equal(levels.triples, (ok[:, 2:] & ok[:, 1:-1] & ok[:, :-2]).sum(axis=1))
    assert_array_equal(levels.longest[[0, 3]], [x.shape[1], 300])
    assert levels.mean[4] == 0.1


@pytest.mark.parametrize("offset", [0.0, 1e5])
def test_a_large_offset_costs_no_precision(offset):
    """The twins: NumPy on the samples, their mean taken away beforehand in extended precision."""
    raw = signals(offset=offset)[1]
    x = raw[np.isfinite(raw)]
    x = (x - x.astype(np.longdouble).mean()).astype(np.float64)
    d = np.diff(raw)
    d = d[np.isfinite(d)]
    bend = np.diff(raw, 2)
    bend = bend[np.isfinite(bend)]
    level = raw - raw[np.isfinite(raw)].astype(np.longdouble).mean()
    energy = np.float64(level[1:-1] ** 2 - level[:-2] * level[2:])
    expected = {
        "arv": np.abs(x).mean(), "rms": np.sqrt(np.square(x).mean()),
        "log_detector": np.exp(np.log(np.abs(x)).mean()), "wl": np.abs(d).sum(),
        "dasdv": np.sqrt(np.square(d).mean()),
        "kurtosis": np.mean(x**4) / np.mean(x**2) ** 2,
        "hjorth_mobility": np.sqrt(d.var() / x.var()),
        "hjorth_complexity": np.sqrt(bend.var() * x.var()) / d.var(),
        "tkeo_mean": energy[np.isfinite(energy)].mean(),
    }  # fmt: skip
    for name, value in expected.items():
        assert_allclose(FEATURES[name].function(raw, FS), value, rtol=1e-10, err_msg=name)


def test_the_density_of_long_signals_is_scipys():
    x = signals()[0] + 1e5
    _, psd = signal.welch(x, FS, nperseg=500)
    assert_allclose(features.power_spectrum(x, FS).psd[1:], psd[1:], rtol=1e-9)


def test_the_envelope_is_the_rms_of_windows_that_overlap_by_nine_tenths():
    x = signals()[2]
    centred = x - np.nanmean(x)
    levels = []
    for start in range(0, x.size - 249, 25):
        window = centred[start : start + 250]
        if np.isfinite(window).sum() >= 200:
            levels.append(np.sqrt(np.nanmean(np.square(window))))
    assert_allclose(features.envelope_peak(x, FS), max(levels), rtol=1e-10)
    assert_allclose(features.envelope_mean(x, FS), np.mean(levels), rtol=1e-10)


def test_a_signal_shorter_than_the_window_has_no_envelope():
    found = features.evaluate(FEATURES["envelope_peak"], np.arange(1000.0), FS, window_s=2.0)
    assert found.reason == "too_few_windows"
