import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.preprocessing import RemoveLine
from emgproc.recording import Channel, Event, Provenance, Recording, Segment

FS = 2000
N = 200_000
T = np.arange(N) / FS


def white(seed=0, n=N):
    return np.random.default_rng(seed).standard_normal(n) * 5


def rise_db(x, f):
    """Power density within 1 Hz of `f` above that of its neighbourhood, dB."""
    n = 4000
    pieces = np.lib.stride_tricks.sliding_window_view(x, n)[:: n // 2] * np.hanning(n)
    power = (np.abs(np.fft.rfft(pieces, axis=1)) ** 2).mean(axis=0)
    away = np.abs(np.fft.rfftfreq(n, 1 / FS) - f)
    return 10 * np.log10(power[away <= 1].mean() / power[(away > 1.5) & (away <= 6)].mean())


def cleaned(x, **fields):
    return RemoveLine(**fields)(Recording.from_array(x, FS))


def finding(recording, name):
    return [f.value for f in recording.provenance.findings if f.name == name]


def test_case_25_line_is_removed_and_its_absence_changes_nothing():
    noise = white()
    x = noise + 50 * np.sqrt(2) * np.sin(2 * np.pi * 50 * T + 0.3)
    after = cleaned(np.stack([x, noise]))
    assert_allclose(after.data[0].std(), 5.0, rtol=0.02)
    assert rise_db(after.data[0], 50) <= 1
    assert_allclose(after.data[1].std(), noise.std(), rtol=0.01)
    assert_allclose(finding(after, "line_power_uv2"), [2500, 0], rtol=0.01)
    share = 2500 / (2500 + 25 * 430 / 1000)
    assert_allclose(finding(after, "line_share"), [share, 0], rtol=0.01)
    assert [(e.label, e.channel, e.duration_s) for e in after.events] == [
        ("bad_line", "EMG1", N / FS)
    ]


def test_a_drifting_mains_with_harmonics_is_followed():
    phase = 2 * np.pi * np.cumsum(50 + 0.2 * np.sin(2 * np.pi * T / 20)) / FS
    noise = white(1)
    line = 50 * np.sin(phase) + 10 * np.sin(3 * phase + 1) + 5 * np.sin(5 * phase)
    after = cleaned(noise + line)
    for f in (50, 150, 250):
        assert rise_db(noise + line, f) > 6
        assert rise_db(after.data[0], f) <= 1
    assert_allclose(after.data[0].std(), noise.std(), rtol=0.01)
    assert np.std(after.data[0] - noise) < 0.02 * line.std()


@pytest.mark.parametrize("mains_hz", [49.6, 50.4, 50.8])
def test_harmonics_of_a_mains_off_its_nominal_frequency_are_found(mains_hz):
    noise = white(9)
    line = sum(a * np.sin(2 * np.pi * k * mains_hz * T) for k, a in ((1, 20), (3, 6), (5, 4)))
    after = cleaned(noise + line)
    for k in (1, 3, 5):
        assert rise_db(after.data[0], k * mains_hz) <= 1
    assert_allclose(after.data[0].std(), noise.std(), rtol=0.01)


def test_a_harmonic_is_found_where_the_fundamental_was_filtered_away():
    noise = white(10)
    after = cleaned(noise + 6 * np.sin(2 * np.pi * 149.1 * T) + 4 * np.sin(2 * np.pi * 248.5 * T))
    assert_allclose(after.data[0].std(), noise.std(), rtol=0.01)


@pytest.mark.parametrize("mains_hz", [50.0, 50.19, 50.2, 50.6])
def test_a_harmonic_near_half_the_sampling_rate_breaks_nothing(mains_hz):
    fs = 1104.4
    t = np.arange(int(10 * fs)) / fs
    noise = white(11, t.size)
    line = 20 * np.sin(2 * np.pi * mains_hz * t) + 20 * np.sin(2 * np.pi * 549.9 * t)
    after = RemoveLine()(Recording.from_array(noise + line, fs))
    left = np.abs(np.fft.rfft(after.data[0] * np.hanning(t.size))) ** 2
    near = np.abs(np.fft.rfftfreq(t.size, 1 / fs) - mains_hz) < 1
    assert left[near].mean() < 1.3 * left.mean()
    assert after.data.std() < (noise + line).std()


def test_what_is_masked_does_not_raise_the_share_of_the_line():
    x = white(12) + 4.5 * np.sin(2 * np.pi * 50 * T)
    cries = [Event(k + 0.2, 0.6, "bad_cry") for k in range(N // FS)]
    shares = [
        finding(RemoveLine()(Recording.from_array(x, FS, events=events)), "line_share")[0]
        for events in ((), cries)
    ]
    assert shares[0] < 0.5
    assert_allclose(shares[1], shares[0], rtol=0.05)


BASELINES = {
    "offset": np.full(N, 1e4),
    "drift": 1e3 * T,
    "breathing": 1e3 * np.sin(2 * np.pi * 0.3 * T),
    "pop": np.where(T > 30.3, 5e3 * np.exp(-np.maximum(T - 30.3, 0) / 2), 0),
}


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("mains_hz", [50.0, 50.17])
def test_an_offset_or_a_slow_baseline_is_not_taken_for_line(baseline, masked, mains_hz):
    noise = white(13)
    x = noise + 4.5 * np.sin(2 * np.pi * mains_hz * T) + BASELINES[baseline]
    events = [Event(k + 0.3, 0.2, "bad_cry") for k in range(N // FS)] if masked else []
    events += [Event(30.25, 0.1, "bad_pop")] if baseline == "pop" else []
    after = RemoveLine()(Recording.from_array(x, FS, events=events))
    good = ~after.mask()[0]
    error = (after.data[0] - BASELINES[baseline] - noise)[good]
    assert error.std() < 0.05 * 5.0
    assert not any(event.label == "bad_line" for event in after.events)


def test_a_slowly_swelling_line_is_followed():
    noise = white(2)
    line = (10 + 8 * np.sin(2 * np.pi * T / 7)) * np.sin(2 * np.pi * 49.8 * T)
    after = cleaned(noise + line)
    assert rise_db(after.data[0], 49.8) <= 1
    assert np.std(after.data[0] - noise) < 0.1 * line.std()


def test_mains_of_60_hz_and_a_limit_of_harmonics():
    noise = white(3)
    x = noise + 20 * np.sin(2 * np.pi * 60 * T) + 20 * np.sin(2 * np.pi * 120 * T)
    after = cleaned(x, line_hz=60, harmonics=1)
    assert rise_db(after.data[0], 60) <= 1
    assert rise_db(after.data[0], 120) > 10


def test_without_a_line_the_samples_stay_as_they_are():
    x = np.stack([white(4), white(5)])
    after = cleaned(x)
    assert_allclose(after.data.std(axis=1), x.std(axis=1), rtol=0.002)
    assert after.events == ()


@pytest.mark.parametrize("n", [3000, 6000])
def test_short_white_records_lose_less_than_one_per_cent(n):
    x = np.stack([white(seed, n) for seed in range(20)])
    after = cleaned(x)
    assert_allclose(after.data.std(axis=1), x.std(axis=1), rtol=0.01)


def test_masked_artefacts_and_gaps_do_not_enter_the_fit():
    noise = white(6)
    line = 30 * np.sin(2 * np.pi * 50.1 * T)
    x = noise + line
    x[50_000:50_400] += 1e5
    x[90_000:90_200] = np.nan
    recording = Recording.from_array(x, FS, events=[Event(24.99, 0.25, "bad_pop")])
    after = RemoveLine()(recording)
    away = np.isfinite(x)
    away[49_000:51_500] = False
    assert_array_equal(np.isnan(after.data[0]), np.isnan(x))
    assert np.std((after.data[0] - noise)[away]) < 0.05 * line.std()


def test_line_is_fitted_within_each_segment():
    noise = white(7)
    phase = np.where(T < 50, 0.0, 2.0)
    x = (noise + 30 * np.sin(2 * np.pi * 50 * T + phase))[None, :]
    segments = (Segment(0, N // 2, 0.0), Segment(N // 2, N, 80.3))
    after = RemoveLine()(Recording(x, FS, (Channel("a"),), Provenance("x"), segments))
    assert np.std(after.data[0] - noise) < 0.5


def test_a_rate_too_low_for_mains_leaves_all_as_it_is():
    x = white(8, 500)
    recording = Recording.from_array(x, 90.0)
    assert_array_equal(RemoveLine()(recording).data[0], x)
