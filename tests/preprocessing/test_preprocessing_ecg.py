import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import FsTooLowError
from emgproc.preprocessing import Bandpass, GateEcg, SubtractEcg, bandpass_sos, zero_phase_sos
from emgproc.preprocessing.beats import detect_beats, heart_rate
from emgproc.preprocessing.ecg_template import TemplateFit, subtract_template
from emgproc.recording import Channel, Event, Provenance, Recording, Segment

FS = 2000
N = 60 * FS


def complex_uv(u, qrs_s=0.06):
    """P, QRS and T wave around the R peak at u = 0 s; R is 1 high."""
    s = qrs_s / 6

    def wave(height, at, width):
        return height * np.exp(-0.5 * ((u - at) / width) ** 2)

    qrs = wave(1, 0, s) + wave(-0.35, 2 * s, s) + wave(-0.2, -2 * s, s)
    return qrs + wave(0.2, 0.16, 0.03) + wave(0.1, -0.1, 0.015)


def heart(bpm, cov, seed, qrs_s=0.06):
    """ECG of R height 1 with breathing amplitude, and its R peaks, samples."""
    rng = np.random.default_rng(seed)
    times, t = [], 0.3
    while t < N / FS - 0.3:
        times.append(t)
        t += 60 / bpm * (1 + cov * rng.standard_normal())
    ecg, clock = np.zeros(N), np.arange(N) / FS
    for beat in times:
        near = np.abs(clock - beat) < 0.4
        gain = 1 + 0.2 * np.sin(2 * np.pi * beat / 3)
        ecg[near] += gain * complex_uv(clock[near] - beat, qrs_s)
    return ecg, np.round(np.array(times) * FS).astype(int)


def muscle(seed, rms=5.0):
    x = np.random.default_rng(seed).standard_normal((2, N))
    y = zero_phase_sos(x, bandpass_sos(20, 450, FS))
    return y * rms / y.std(axis=1, keepdims=True)


def recorded(emg, ecg=None):
    channels = [Channel("a"), Channel("b")]
    if ecg is None:
        return Recording.from_array(emg, FS, channels=channels)
    return Recording.from_array(
        np.vstack([emg, ecg]), FS, channels=[*channels, Channel("ecg", kind="ECG")]
    )


def found(recording):
    return {(f.name, f.channel): f.value for f in recording.provenance.findings}


def locked_rms(x, peaks):
    """RMS within 60 ms of the R-locked average."""
    return x[peaks[1:-1, None] + np.arange(-120, 121)].mean(axis=0).std()


@pytest.mark.parametrize("has_ecg_channel", [True, False])
@pytest.mark.parametrize(("bpm", "qrs_s"), [(110, 0.07), (140, 0.06), (160, 0.05)])
@pytest.mark.parametrize("height_uv", [300, 40])
def test_ecg_is_removed_and_the_muscle_stays(bpm, qrs_s, height_uv, has_ecg_channel):
    ecg, peaks = heart(bpm, 0.05, seed=bpm, qrs_s=qrs_s)
    emg = muscle(bpm)
    raw = emg + height_uv * ecg * np.array([[1.0], [0.3]])
    lead = 1000 * ecg + np.random.default_rng(0).standard_normal(N) * 10
    after = SubtractEcg()(recorded(raw, lead if has_ecg_channel else None))
    about = found(after)
    assert abs(about["n_beats", ""] - peaks.size) <= 2
    assert_allclose(about["heart_rate_bpm", ""], bpm, rtol=0.02)
    band = Bandpass(20, 450)
    clean, true, dirty = (band(r).data for r in (after, recorded(emg), recorded(raw)))
    assert_allclose(clean[:2].std(axis=1), true.std(axis=1), rtol=0.03)
    for row in range(2):
        leak = locked_rms(dirty[row], peaks)
        chance = 5 / np.sqrt(peaks.size)
        assert locked_rms(clean[row], peaks) < max(0.02 * leak, 1.5 * chance)
    assert about["ecg_residual_uv", "a"] < 0.05 * height_uv
    if has_ecg_channel:
        assert_array_equal(after.data[2], lead)


def test_beats_lie_at_the_r_peaks():
    ecg, peaks = heart(140, 0.05, seed=1)
    beats = detect_beats(recorded(muscle(1) + 60 * ecg))
    nearest = np.abs(beats.samples[:, None] - peaks).min(axis=1)
    assert beats.samples.size == peaks.size
    assert np.median(nearest) <= 0.005 * FS
    assert nearest.max() <= 0.02 * FS


@pytest.mark.parametrize("kind", ["muscle alone", "silence", "bursts", "rhythmic units"])
def test_without_a_visible_heart_nothing_changes(kind):
    x = muscle(5)
    if kind == "silence":
        x = np.zeros_like(x)
    if kind == "bursts":
        x = x * (1 + 9 * (np.sin(2 * np.pi * np.arange(N) / FS / 3.7) > 0.8))
    if kind == "rhythmic units":
        clock = np.arange(N) / FS
        for t in np.arange(0.1, 59, 0.155):
            u = (clock - t) / 0.003
            x[0] += 80 * u * np.exp(-(u**2))
    recording = recorded(x)
    after = SubtractEcg()(recording)
    assert_array_equal(after.data, recording.data)
    assert found(after) == {("n_beats", ""): 0.0}
    assert not GateEcg()(recording).mask().any()


def test_case_27_template_of_40_beats_leaves_its_share_of_the_noise():
    rng = np.random.default_rng(3)
    period, n_beats = 857, 240
    peaks = 400 + period * np.arange(n_beats)
    noise = rng.standard_normal(period * n_beats + 800) * 5
    clock = (np.arange(noise.size)[:, None] - peaks[None, :5]) / FS
    ecg = np.zeros(noise.size)
    one = complex_uv((np.arange(-343, 515)) / FS) * 100
    for peak in peaks:
        ecg[peak - 343 : peak + 515] += one
    assert clock.shape[1] == 5
    fit = TemplateFit.for_rate(40, 140, FS)
    y = subtract_template(noise + ecg, np.ones(noise.size, bool), peaks, fit)
    inner = np.concatenate([np.arange(p - 300, p + 470) for p in peaks[2:-2]])
    assert_allclose(y[inner].std(), 5 * np.sqrt(1 - 1 / 40), rtol=0.01)


def test_case_28_gating_at_140_bpm_keeps_72_per_cent():
    ecg, _ = heart(140, 0.0, seed=4)
    after = GateEcg()(recorded(muscle(4), 1000 * ecg))
    mask = after.mask()
    inner = slice(FS, N - FS)
    assert_allclose(1 - mask[:2, inner].mean(axis=1), 0.72, atol=0.01)
    assert not mask[2].any()
    assert {e.label for e in after.events} == {"bad_ecg"}
    assert found(after)["n_beats", ""] > 130


def test_masked_samples_enter_no_template():
    ecg, _ = heart(140, 0.03, seed=6)
    emg = muscle(6)
    raw = emg + 100 * ecg
    raw[0, 40_000:44_000] += 1e5
    raw[1, 70_000:70_010] = np.nan
    lead = 1000 * ecg
    recording = recorded(raw, lead)
    masked = Recording(
        recording.data, FS, recording.channels, recording.provenance, recording.segments,
        (Event(19.9, 2.2, "bad_pop", "a"), Event(34.95, 0.1, "bad_nan", "b")),
    )  # fmt: skip
    after = SubtractEcg()(masked)
    away = np.r_[0:38_000, 47_000:N]
    assert np.std((after.data[0] - emg[0])[away]) < 0.3 * 5
    assert_array_equal(np.isnan(after.data[1]), np.isnan(raw[1]))


def test_segments_have_their_own_templates():
    ecg, _ = heart(150, 0.03, seed=7)
    emg = muscle(7)
    raw = emg + 100 * ecg * np.where(np.arange(N) < N // 2, 1.0, -0.6)
    data = np.vstack([raw, 1000 * ecg])
    channels = (Channel("a"), Channel("b"), Channel("ecg", kind="ECG"))
    segments = (Segment(0, N // 2, 0.0), Segment(N // 2, N, 99.0))
    after = SubtractEcg()(Recording(data, FS, channels, Provenance("x"), segments))
    difference = Bandpass()(recorded(after.data[:2] - emg)).data
    assert np.all(difference.std(axis=1) < 0.3 * 5)


def in_band(x):
    return Bandpass()(recorded(x)).data


@pytest.mark.parametrize("seconds", [3, 6])
def test_short_segments_keep_as_much_of_the_muscle_as_long_ones(seconds):
    ecg, _ = heart(130, 0.05, seed=8)
    emg = muscle(8, rms=2.0)
    data = np.vstack([emg + 30 * ecg, 1000 * ecg])
    channels = (Channel("a"), Channel("b"), Channel("ecg", kind="ECG"))
    segments = tuple(
        Segment(k * seconds * FS, (k + 1) * seconds * FS, 100.0 * k) for k in range(60 // seconds)
    )
    after = SubtractEcg()(Recording(data, FS, channels, Provenance("x"), segments))
    clean = np.where(after.mask()[:2], np.nan, in_band(after.data[:2]))
    assert_allclose(np.nanmean(clean**2, axis=1), np.mean(in_band(emg) ** 2, axis=1), rtol=0.05)


def test_what_cannot_be_subtracted_is_masked():
    ecg, peaks = heart(130, 0.05, seed=9)
    emg = muscle(9, rms=2.0)
    lead = 1000 * ecg + np.random.default_rng(1).standard_normal(N) * 10
    lead[40 * FS :] = np.random.default_rng(2).standard_normal(20 * FS) * 10
    touched = [Event(t, 0.1, "bad_clip", "a") for t in np.arange(0, 60, 0.4)]
    recording = recorded(emg + 100 * ecg, lead).with_events(touched, step="clip")
    for step in (SubtractEcg(), GateEcg()):
        mask = step(recording).mask()
        assert mask[:2, 40 * FS + 800 :].all()
        assert not mask[2].any()
        seen = peaks[(peaks > FS) & (peaks < 39 * FS)]
        assert mask[0, seen].all()
    after = SubtractEcg()(recording)
    assert not after.mask()[1, : 39 * FS].any()
    assert ("ecg_residual_uv", "b") in found(after)
    mask = after.mask()[:2]
    clean, true = np.where(mask, np.nan, in_band(after.data[:2])), in_band(emg)
    ratio = np.nanmean(clean**2, axis=1) / np.mean(true**2, axis=1)
    assert_allclose(ratio, 1, rtol=0.12)  # 24 where the heart stays


@pytest.mark.parametrize("has_ecg_channel", [True, False])
@pytest.mark.parametrize("baseline", ["offset", "breathing", "pop"])
def test_a_baseline_neither_hides_the_heart_nor_enters_its_template(baseline, has_ecg_channel):
    ecg, peaks = heart(130, 0.05, seed=12)
    emg, t = muscle(12, rms=2.0), np.arange(N) / FS
    slow = {
        "offset": np.full(N, 1e4),
        "breathing": 1e3 * np.sin(2 * np.pi * 0.3 * t),
        "pop": np.where(t > 30.3, 5e3 * np.exp(-np.maximum(t - 30.3, 0) / 2), 0),
    }[baseline]
    recording = recorded(emg + 60 * ecg + slow, 1000 * ecg if has_ecg_channel else None)
    if baseline == "pop":
        recording = recording.with_events([Event(30.25, 0.1, "bad_pop")], step="pop")
    after = SubtractEcg()(recording)
    assert abs(found(after)["n_beats", ""] - peaks.size) <= 3
    clean = np.where(after.mask(), np.nan, Bandpass()(after).data)[:2]
    assert_allclose(np.nanmean(clean**2, axis=1), np.mean(in_band(emg) ** 2, axis=1), rtol=0.1)


def test_an_irregular_but_whole_train_of_beats_masks_nothing_but_the_ends():
    ecg, _ = heart(130, 0.12, seed=10)
    after = SubtractEcg()(recorded(muscle(10) + 100 * ecg, 1000 * ecg))
    assert not after.mask()[:, FS // 2 : -FS // 2].any()
    assert after.mask().mean() < 0.01


@pytest.mark.parametrize("bpm", [70, 85, 230])
def test_a_slow_or_fast_heart_is_believed_in_its_own_channel(bpm):
    ecg, peaks = heart(bpm, 0.03, seed=bpm)
    emg = muscle(11)
    after = SubtractEcg()(recorded(emg + 60 * ecg, 1000 * ecg))
    assert abs(found(after)["n_beats", ""] - peaks.size) <= 2
    assert_allclose(in_band(after.data[:2]).std(axis=1), in_band(emg).std(axis=1), rtol=0.06)
    assert found(SubtractEcg()(recorded(emg + 60 * ecg)))["n_beats", ""] == 0


def test_heart_rate_refuses_what_no_heart_does():
    rng = np.random.default_rng(0)
    assert_allclose(heart_rate(np.arange(0, 60_000, 800), FS), 150, rtol=1e-9)
    assert np.isnan(heart_rate(np.arange(0, 60_000, 2000), FS))
    assert np.isnan(heart_rate(np.arange(0, 60_000, 410), FS))
    assert np.isnan(heart_rate(np.cumsum(400 + rng.exponential(500, 100)).astype(int), FS))
    assert np.isnan(heart_rate(np.array([0, 800, 1600]), FS))


def test_a_rate_without_the_5_to_30_hz_band_is_refused():
    with pytest.raises(FsTooLowError):
        SubtractEcg()(Recording.from_array(np.zeros(600), 50.0))
