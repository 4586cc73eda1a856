"""Features against slow obvious twins and against SciPy."""

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import signal, stats

from emgproc import features

FS = 1000.0


@pytest.fixture
def masked():
    x = np.random.default_rng(7).normal(2.0, 10.0, 900)
    x[200:260] = np.nan
    x[500] = np.nan
    return x


def pairs_of(x):
    centred = [v - np.nanmean(x) for v in x]
    return [(a, b) for a, b in pairwise(centred) if not math.isnan(a + b)]


def test_amplitudes_equal_their_definitions(masked):
    x = masked[np.isfinite(masked)] - np.nanmean(masked)
    assert_allclose(features.iemg(masked, FS), sum(abs(x)) / FS, rtol=1e-12)
    assert_allclose(features.arv(masked, FS), np.mean(np.abs(x)), rtol=1e-12)
    assert_allclose(features.rms(masked, FS), np.sqrt(np.mean(x**2)), rtol=1e-12)
    assert_allclose(features.log_detector(masked, FS), stats.gmean(np.abs(x)), rtol=1e-12)


def test_differences_and_counts_equal_a_loop_over_valid_neighbours(masked):
    pairs = pairs_of(masked)
    steps = [b - a for a, b in pairs]
    assert_allclose(features.wl(masked, FS), sum(map(abs, steps)), rtol=1e-12)
    assert_allclose(features.aac(masked, FS), np.mean(np.abs(steps)), rtol=1e-12)
    assert_allclose(features.dasdv(masked, FS), np.sqrt(np.mean(np.square(steps))), rtol=1e-12)
    crossings = sum(a * b < 0 and abs(b - a) >= 4.0 for a, b in pairs)
    assert_allclose(
        features.zc(masked, FS, threshold_uv=4.0), crossings / len(pairs) * FS, rtol=1e-12
    )
    jumps = sum(abs(d) > 4.0 for d in steps)
    assert_allclose(
        features.wamp(masked, FS, threshold_uv=4.0), jumps / len(pairs) * FS, rtol=1e-12
    )
    triples = [
        t for t in np.lib.stride_tricks.sliding_window_view(masked, 3) if np.isfinite(t).all()
    ]
    turns = sum((b - a) * (c - b) < 0 and max(abs(b - a), abs(c - b)) >= 4 for a, b, c in triples)
    assert_allclose(
        features.ssc(masked, FS, threshold_uv=4.0), turns / len(triples) * FS, rtol=1e-12
    )


def test_moments_equal_scipy(masked):
    x = masked[np.isfinite(masked)]
    assert_allclose(features.kurtosis(masked, FS), stats.kurtosis(x, fisher=False), rtol=1e-10)
    assert_allclose(features.skewness(masked, FS), stats.skew(x), rtol=1e-10)


def test_hjorth_parameters_equal_their_definition():
    x = np.random.default_rng(8).normal(size=500)
    d, d2 = np.diff(x), np.diff(x, n=2)
    mobility = np.sqrt(d.var() / x.var())
    assert_allclose(features.hjorth_mobility(x, FS), mobility, rtol=1e-12)
    complexity = np.sqrt(d2.var() / d.var()) / mobility
    assert_allclose(features.hjorth_complexity(x, FS), complexity, rtol=1e-12)


def test_the_amplitude_distribution_is_that_of_windowed_rms(masked):
    x = masked - np.nanmean(masked)
    blocks = x[:800].reshape(4, 200)
    kept = [b for b in blocks if np.isfinite(b).mean() >= 0.8]
    assert len(kept) == 3  # a window of 200 holds 60 masked samples
    levels = [np.sqrt(np.nanmean(b**2)) for b in kept]
    for percentile in (10.0, 50.0, 90.0):
        found = features.apdf(masked, FS, percentile=percentile)
        assert_allclose(found, np.percentile(levels, percentile), rtol=1e-12)


def test_the_spectrum_of_an_unmasked_signal_is_scipys():
    x = np.random.default_rng(9).normal(3.0, 10.0, 5300)
    f, psd = signal.welch(x, FS, nperseg=500)
    spectrum = features.power_spectrum(x, FS)
    assert_allclose(spectrum.frequencies_hz, f, rtol=1e-12)
    assert_allclose(spectrum.psd, psd, rtol=1e-9)
    f, psd = f[1:], psd[1:]
    assert_allclose(features.mnf(x, FS), (f * psd).sum() / psd.sum(), rtol=1e-9)
    assert_allclose(features.spectral_moment(x, FS, order=2), (f**2 * psd).sum(), rtol=1e-9)
    band = (f >= 20) & (f <= 450)
    assert_allclose(features.band_power(x, FS), np.trapezoid(psd[band], f[band]), rtol=1e-9)
    share = psd / psd.sum()
    assert_allclose(
        features.spectral_entropy(x, FS), stats.entropy(share) / np.log(share.size), rtol=1e-9
    )


def test_half_of_the_power_lies_below_the_median_frequency():
    x = np.random.default_rng(10).normal(size=20_000)
    f, psd = (a[1:] for a in signal.welch(x, FS, nperseg=500))
    fine = np.linspace(f[0], f[-1], 400_001)
    total = np.cumsum(np.interp(fine, f, psd))
    assert_allclose(features.mdf(x, FS), fine[np.searchsorted(total, total[-1] / 2)], rtol=1e-3)


def test_the_spectrum_of_a_masked_signal_is_the_mean_over_the_segments_of_its_stretches():
    x = np.random.default_rng(11).normal(size=2600)
    x[1100:1120] = np.nan  # stretches of 1100 and 1480 samples: 3 and 4 segments
    x[2599] = np.nan
    y = x - np.nanmean(x)
    starts = [0, 250, 500, *(1120 + 250 * i for i in range(4))]
    each = [signal.periodogram(y[s : s + 500], FS, "hann", detrend="constant")[1] for s in starts]
    spectrum = features.power_spectrum(x, FS)
    assert spectrum.n_segments == 7
    assert_allclose(spectrum.psd, np.mean(each, axis=0), rtol=1e-9)


def test_a_stretch_between_a_quarter_and_half_a_second_is_one_segment():
    x = np.full(1000, np.nan)
    x[100:400] = np.random.default_rng(12).normal(size=300)
    spectrum = features.power_spectrum(x, FS)
    assert (spectrum.n_segments, spectrum.psd.size) == (1, 151)
    assert features.power_spectrum(x[200:], FS).psd.size == 0


def burg_twin(runs, order):
    a = np.ones(1)
    f, b = [r.copy() for r in runs], [r.copy() for r in runs]
    for m in range(1, order + 1):
        top = sum(f[i][t] * b[i][t - 1] for i in range(len(runs)) for t in range(m, len(f[i])))
        bottom = sum(
            f[i][t] ** 2 + b[i][t - 1] ** 2 for i in range(len(runs)) for t in range(m, len(f[i]))
        )
        k = -2 * top / bottom
        for i in range(len(runs)):
            old_f, old_b = f[i].copy(), b[i].copy()
            for t in range(m, len(f[i])):
                f[i][t] = old_f[t] + k * old_b[t - 1]
                b[i][t] = old_b[t - 1] + k * old_f[t]
        a = np.append(a, 0) + k * np.append(a, 0)[::-1]
    return a


def test_burg_equals_a_lattice_written_out(masked):
    x = masked - np.nanmean(masked)
    runs = [x[:200], x[260:500], x[501:]]
    for order in (4, 6):
        assert_allclose(
            features.burg(masked, FS, order=order).a, burg_twin(runs, order), rtol=1e-9
        )


def entropy_twin(x, m, r):
    tolerance = r * np.nanstd(x)
    starts = [i for i in range(len(x) - m) if np.isfinite(x[i : i + m + 1]).all()]
    matches = longer = 0
    for i in starts:
        for j in starts:
            if i != j and max(abs(x[i : i + m] - x[j : j + m])) <= tolerance:
                matches += 1
                longer += abs(x[i + m] - x[j + m]) <= tolerance
    return -math.log(longer / matches)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_sample_entropy_equals_a_double_loop(masked, m):
    x = masked[:400]
    assert_allclose(features.sample_entropy(x, FS, m=m), entropy_twin(x, m, 0.2), rtol=1e-12)


def test_sample_entropy_of_a_coarsely_quantised_signal_equals_a_double_loop():
    x = np.round(np.random.default_rng(13).normal(0, 2, 300))
    assert_allclose(
        features.sample_entropy(x, FS, r=0.6), entropy_twin(x - x.mean(), 2, 0.6), rtol=1e-12
    )


def test_fluctuation_analysis_equals_straight_lines_box_by_box():
    x = np.random.default_rng(14).normal(size=1200)
    walk = np.cumsum(x - x.mean())
    sizes, size = [], 4.0
    while size <= 120:
        if int(size) not in sizes:
            sizes.append(int(size))
        size *= 1.2
    fluctuations = []
    for n in sizes:
        residuals = [
            walk[i : i + n] - np.polyval(np.polyfit(range(n), walk[i : i + n], 1), range(n))
            for i in range(0, len(walk) - n + 1, n)
        ]
        fluctuations.append(np.sqrt(np.mean(np.square(residuals))))
    slope = stats.linregress(np.log(sizes), np.log(fluctuations)).slope
    assert_allclose(features.dfa(x, FS), slope, rtol=1e-9)


def test_coherence_equals_scipy_and_leaves_masked_segments_out():
    rng = np.random.default_rng(15)
    shared = rng.normal(size=20_000)
    x, y = shared + rng.normal(size=20_000), shared + rng.normal(size=20_000)
    found = features.coherence(x, y, FS)
    f, expected = signal.coherence(x, y, FS, nperseg=1000, noverlap=0)
    assert_allclose(found.frequencies_hz, f, rtol=1e-12)
    assert_allclose(found.values[1:], expected[1:], rtol=1e-9)
    cut = x.copy()
    cut[5000:6000] = np.nan
    keep = np.r_[0:5000, 6000:20_000]
    _, without = signal.coherence(x[keep], y[keep], FS, nperseg=1000, noverlap=0)
    assert_allclose(features.coherence(cut, y, FS).values[1:], without[1:], rtol=1e-9)


def test_coherence_and_velocity_say_why_they_have_no_value():
    rng = np.random.default_rng(16)
    x, y = rng.normal(size=9999), rng.normal(size=9999)
    assert features.coherence(x, y, FS).reason == "too_few_segments"
    flat = np.zeros(20_000)
    assert features.coherence(flat, flat, FS).reason == "zero_variance"
    velocity = features.conduction_velocity
    assert velocity(x, y, FS, ied_mm=8.0).reason == "low_correlation"
    assert velocity(x, x, FS, ied_mm=8.0).reason == "implausible_velocity"
    assert velocity(x[:249], x[:249], FS, ied_mm=8.0).reason == "too_few_samples"
    assert velocity(flat, flat, FS, ied_mm=8.0).reason == "zero_variance"
    for x1, x2 in ((x, y), (x, x), (flat, flat)):
        assert np.isnan(velocity(x1, x2, FS, ied_mm=8.0).value_m_s)
