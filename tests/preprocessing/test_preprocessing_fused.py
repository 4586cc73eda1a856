import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d
from scipy.signal import sosfiltfilt

from emgproc.errors import ParameterError
from emgproc.preprocessing import (
    Bandpass,
    LinearEnvelope,
    MaskNan,
    MovingArv,
    MovingRms,
    Rectify,
    apply_steps,
    bandpass_sos,
    filtered_rms,
    lowpass_sos,
    moving_arv,
    moving_rms,
    zero_phase_sos,
)
from emgproc.preprocessing.fused import filter_and, filtered_arv, filtered_envelope
from emgproc.recording import Channel, Event, Recording

FS, N = 2048, 512


def test_band_pass_rectify_and_rms_equal_scipy_and_numpy():
    x = np.random.default_rng(0).standard_normal((9, 20_000)) * 50 + 30
    sos = bandpass_sos(20, 450, FS)
    rectified = np.abs(sosfiltfilt(sos, x, axis=1))
    there = uniform_filter1d(np.ones(x.shape[1]), N, mode="constant")
    expected = np.sqrt(uniform_filter1d(rectified**2, N, axis=1, mode="constant") / there)
    steps = MovingRms(0.25)(Rectify()(Bandpass(20, 450)(Recording.from_array(x, FS))))
    for ours in (filtered_rms(x, sos, N), steps.data):
        assert np.abs(ours - expected).max() <= 1e-9 * expected.max()
    assert np.array_equal(filtered_rms(x, sos, N, threads=2), steps.data)


def test_few_long_channels_are_cut_into_pieces_that_leave_no_trace():
    x = np.random.default_rng(3).standard_normal((1, 40_003)) * 50
    many = np.repeat(x, 64, axis=0)
    for n in (7, 100, 512):
        for threads in (1, 2):
            alone = moving_rms(x, n, threads=threads)
            assert alone.tobytes() == moving_rms(many, n)[63].tobytes()
        assert moving_arv(x[:, :30_000], n)[0, 29_000 - n] == moving_arv(x, n)[0, 29_000 - n]


def test_a_moving_window_writes_where_it_is_told_or_refuses():
    x = np.random.default_rng(5).standard_normal((3, 900))
    out = np.zeros_like(x)
    assert moving_rms(x, 50, [(100, 900)], out=out).tobytes() == out.tobytes()
    assert out.tobytes() == moving_rms(x, 50, [(100, 900)]).tobytes()
    for unusable in (x, out[:2], out.T, out.astype(np.float32)):
        with pytest.raises(ParameterError, match="out must be"):
            moving_arv(x, 50, out=unusable)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_one_pass_has_the_bytes_of_several_for_any_number_of_threads(dtype):
    x = (np.random.default_rng(4).standard_normal((19, 5000)) * 50).astype(dtype)
    x[7, 100:130] = np.nan
    sos, low = bandpass_sos(20, 450, FS), lowpass_sos(6, FS)
    spans = [(0, 2000), (2100, 5000)]
    band = zero_phase_sos(x, sos, spans)
    for threads in (1, 2, 5):
        found = filtered_arv(x, sos, 300, spans, threads=threads)
        assert found.dtype == dtype
        assert found.tobytes() == moving_arv(band, 300, spans).tobytes()
        found = filtered_envelope(x, sos, low, spans, threads=threads)
        assert found.tobytes() == zero_phase_sos(np.abs(band), low, spans).tobytes()


def test_channels_that_do_not_fit_the_cache_at_once_follow_each_other():
    seen = []
    x = np.random.default_rng(6).standard_normal((100, 700))
    band = zero_phase_sos(x, bandpass_sos(20, 450, FS))

    def use(channels, filtered, threads):
        seen.append((channels.start, channels.stop, threads))
        assert filtered.tobytes() == band[channels].tobytes()

    filter_and(x, bandpass_sos(20, 450, FS), None, use, threads=1)
    assert seen == [(0, 32, 1), (32, 64, 1), (64, 96, 1), (96, 100, 1)]
    seen.clear()
    filter_and(x[:5], bandpass_sos(20, 450, FS), None, lambda c, y, n: seen.append(n), threads=2)
    assert seen == [2]
    with pytest.raises(ParameterError, match="threads must be at least 1"):
        filter_and(x, bandpass_sos(20, 450, FS), None, use, threads=0)


def test_a_window_without_a_sample_is_refused():
    with pytest.raises(ParameterError, match="at least 1 sample"):
        filtered_rms(np.ones(50), bandpass_sos(20, 450, FS), 0)


@pytest.mark.parametrize(
    "steps",
    [
        [Bandpass(20, 450), Rectify(), MovingRms(0.1)],
        [MaskNan(), Bandpass(30, 400), MovingRms(0.05), Rectify()],
        [Bandpass(20, 450), Rectify(), MovingArv(0.1)],
        [Bandpass(20, 450), MovingArv(0.1)],
        [Bandpass(20, 450), Rectify(), LinearEnvelope(6)],
        [MaskNan(), Bandpass(20, 450), LinearEnvelope(8), MovingRms(0.1)],
        [Rectify(), MovingRms(0.1), Bandpass(20, 450)],
        [],
    ],
)
def test_steps_in_one_pass_leave_what_they_leave_one_by_one(steps):
    x = np.random.default_rng(1).standard_normal((4, 9000)) * 40
    x[1, 3000:3040] = np.nan
    channels = ["A", "B", Channel("heart", kind="ECG"), "C"]
    recording = Recording.from_array(
        x, FS, channels=channels, events=[Event(1.0, 0.2, "bad_pop", "C")]
    )
    expected = recording
    for step in steps:
        expected = step(expected)
    found = apply_steps(recording, steps)
    assert found.data.tobytes() == expected.data.tobytes()
    assert found.provenance == expected.provenance
    assert found.events == expected.events
    assert found.channels == expected.channels
