"""Validation cases 16–23 of the specification: the tonic level from recordings of known truth."""

import numpy as np
from numpy.testing import assert_allclose

from emgproc import features
from emgproc.outcome.tone import tone_pair
from emgproc.recording import Event, Recording

FS = 1000.0
WINDOWS = features.WindowSettings()
NOISE = features.NoiseSettings()


def muap(amplitude_uv, lambda_s=0.003, fs=2000.0):
    t = np.arange(-round(0.015 * fs), round(0.015 * fs) + 1) / fs
    return amplitude_uv * (t / lambda_s) * np.exp(-((t / lambda_s) ** 2))


def placed(n, samples, shape):
    """Sum of the shape at each of these samples."""
    half = len(shape) // 2
    impulses = np.zeros(n + 2 * half)
    np.add.at(impulses, np.asarray(samples) + half, 1.0)
    return np.convolve(impulses, shape, "same")[half : half + n]


def train(rng, n, rate_hz, fs=2000.0, cov=0.2):
    intervals = rng.normal(1 / rate_hz, cov / rate_hz, round(2 * n / fs * rate_hz))
    times = np.cumsum(np.clip(intervals, 0.015, None)) + rng.uniform(0, 0.1)
    samples = np.round(times * fs).astype(int)
    return samples[samples < n]


def recording(active, reference, fs=FS):
    """Active muscle in state 3, then a noise reference."""
    n, m = len(active) / fs, len(reference) / fs
    events = [Event(0.0, n, "state/3"), Event(n, m, "noise_reference")]
    return Recording.from_array(np.concatenate([active, reference]), fs, events=events)


def ingredients(rec, windows=WINDOWS):
    values = {v.name: v for v in features.tone(rec, 0, windows, NOISE)}
    assert values["tone_ms_uv2"].reason == ""
    assert values["noise_power_uv2"].flags[0] == "noise_N1"
    return values["tone_ms_uv2"].value, values["noise_power_uv2"].value


def visit(seed, tonic_uv, sigma_uv, *, seconds=120, reference_s=60):
    rng = np.random.default_rng(seed)
    n, m = round(seconds * FS), round(reference_s * FS)
    active = rng.normal(0, tonic_uv, n) + rng.normal(0, sigma_uv, n)
    return recording(active, rng.normal(0, sigma_uv, m))


def campbell(rng, n):
    return sum(placed(n, train(rng, n, 10.0), muap(20.0)) for _ in range(3))


def test_case_16_mean_square_of_motor_unit_trains_is_rate_times_energy():
    fs, n = 2000.0, 600_000
    energy = 0.31333 * 20.0**2 * 0.003
    assert_allclose((muap(20.0) ** 2).sum() / fs, energy, rtol=1e-4)
    assert_allclose(energy, 0.376, rtol=1e-3)
    x = campbell(np.random.default_rng(16), n)
    assert_allclose(features.variance(x, fs), 11.28, rtol=2e-2)
    assert_allclose(features.rms(x, fs), 3.359, rtol=2e-2)


def test_case_17_bursts_and_fasciculations_leave_the_tonic_level_alone():
    fs, n = 2000.0, 600_000
    rng = np.random.default_rng(17)
    x = campbell(rng, n) + rng.normal(0, 3.0, n)
    loud = np.sort(rng.choice(300, 45, replace=False))
    for second in loud:
        start = second * 2000
        x[start : start + 2000] += rng.normal(0, 40.0, 2000)
    twitches = np.flatnonzero(rng.random(n) < 0.3 / fs)
    x += placed(n, twitches, muap(60.0))
    rec = recording(x, rng.normal(0, 3.0, 60 * 2000), fs=fs)
    ms, s2 = ingredients(rec)
    tonic_rms = float(features.noise_corrected_rms(np.sqrt(ms), np.sqrt(s2)))
    assert 0.98 * 3.359 <= tonic_rms <= 1.05 * 3.359
    overall = features.indices(rec, 0, WINDOWS, NOISE)[0]
    assert overall.name == "overall_ms_uv2"
    assert np.sqrt(overall.value - s2) > 4 * 3.359


def test_case_18_noise_alone_is_censored_at_the_limit():
    ms_a, s2_a = ingredients(visit(180, 0.0, 3.0))
    ms_b, s2_b = ingredients(visit(181, 0.0, 3.0))
    pair = tone_pair(ms_a, s2_a, ms_b, s2_b)
    assert pair.censored_a
    assert pair.censored_b
    lod = 0.5 * np.sqrt(max(s2_a, s2_b))
    assert_allclose([pair.t_a, pair.t_b], np.log(lod), rtol=1e-12)


def changes_with_drifting_noise(first_seed, n, bias=1.0):
    found = []
    for seed in range(first_seed, first_seed + n):
        ms_a, s2_a = ingredients(visit(2 * seed, 3.0, 3.0, seconds=90))
        ms_b, s2_b = ingredients(visit(2 * seed + 1, 3.0, 5.0, seconds=90))
        found.append(tone_pair(ms_a, s2_a, ms_b, bias * s2_b).change)
    return np.array(found)


def test_case_19_a_noise_floor_that_rises_makes_no_change_of_tone():
    changes = changes_with_drifting_noise(1900, 50)
    assert np.abs(changes).max() <= 0.06
    assert abs(changes.mean()) <= 0.01


def test_case_20_noise_power_ten_percent_too_small_fakes_a_gain():
    changes = changes_with_drifting_noise(2000, 50, bias=0.9)
    expected = 0.5 * np.log((9 + 2.5) / 9)
    assert abs(expected - 0.12) < 0.005
    assert np.abs(changes - expected).max() <= 0.06
    assert abs(changes.mean() - expected) <= 0.01


def test_case_21_two_visits_below_the_limit_differ_by_exactly_nothing():
    ms_a, s2_a = ingredients(visit(210, 1.0, 3.0))
    ms_b, s2_b = ingredients(visit(211, 2.0, 4.5))
    pair = tone_pair(ms_a, s2_a, ms_b, s2_b)
    assert pair.both_censored
    assert pair.change == 0.0


def test_case_22_gain_on_signal_and_noise_shifts_tone_by_its_logarithm():
    first = visit(22, 9.0, 3.0)
    second = Recording.from_array(2 * first.data, FS, events=first.events)
    pair = tone_pair(*ingredients(first), *ingredients(second))
    assert_allclose(pair.change, np.log(2), rtol=1e-6)
    for counted in (features.zc, features.mnf):
        assert_allclose(counted(second.data, FS), counted(first.data, FS), rtol=1e-12)


def test_case_23_masking_a_third_of_the_windows_hardly_moves_tone():
    rec = visit(23, 5.0, 3.0)
    seconds = np.random.default_rng(230).choice(120, 36, replace=False)
    bad = np.zeros(rec.data.shape, bool)
    for second in seconds:
        bad[0, second * 1000 : (second + 1) * 1000] = True
    masked = rec.with_mask(bad, "bad_pop", step="thirty percent")
    pair = tone_pair(*ingredients(rec), *ingredients(masked))
    assert abs(pair.change) < 0.02
    assert features.tone(masked, 0, WINDOWS, NOISE)[0].n == 84
