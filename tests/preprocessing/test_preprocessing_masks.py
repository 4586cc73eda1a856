import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.preprocessing import (
    MaskClip,
    MaskEvents,
    MaskFlat,
    MaskMotion,
    MaskNan,
    MaskPop,
)
from emgproc.preprocessing.rows import dilate
from emgproc.recording import Channel, Event, Recording, Segment

FS = 2000


def noise(n=20_000, seed=0, scale=5.0):
    return np.random.default_rng(seed).standard_normal(n) * scale


def masked(step, x, **channel):
    recording = Recording.from_array(x, FS, channels=[Channel("a", **channel)])
    return step(recording)


def spans(recording, label):
    return [
        (round(e.onset_s * FS), round((e.onset_s + e.duration_s) * FS))
        for e in recording.events
        if e.label == label
    ]


def test_missing_samples_are_masked_with_50_ms_around_them():
    x = noise()
    x[5000:5010] = np.nan
    x[9000] = np.inf
    assert spans(masked(MaskNan(), x), "bad_nan") == [(4900, 5110), (8900, 9101)]


def test_dilation_stops_at_the_edges_of_a_segment():
    bad = np.zeros((1, 20), bool)
    bad[0, [9, 15]] = True
    wide = dilate(bad, [Segment(0, 10, 0.0), Segment(10, 20, 5.0)], 3.0, 1.0)
    assert np.flatnonzero(wide[0]).tolist() == [6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18]


def test_a_dropout_of_equal_samples_is_flat_from_20_ms_on():
    x = noise()
    x[4000:4040] = x[4000]
    x[8000:8039] = x[8000]
    assert spans(masked(MaskFlat(dilate_s=0), x), "bad_flat") == [(4000, 4040)]


def test_noise_below_one_converter_step_is_flat_where_the_step_is_known():
    x = noise()
    x[4000:4100] = 1000 + noise(100, seed=1, scale=0.3)
    assert spans(masked(MaskFlat(dilate_s=0), x), "bad_flat") == []
    ((start, stop),) = spans(masked(MaskFlat(dilate_s=0), x, lsb_uv=1.0), "bad_flat")
    assert abs(start - 4000) <= 1
    assert abs(stop - 4100) <= 1


def test_a_quiet_muscle_is_not_flat():
    x = np.round(noise(scale=1.5) / 0.5) * 0.5
    assert spans(masked(MaskFlat(), x, lsb_uv=0.5), "bad_flat") == []


def test_case_26_clipped_share_of_a_sine_at_nine_tenths_of_its_peak():
    t = np.arange(200_000) / FS
    x = np.clip(np.sin(2 * np.pi * np.sqrt(31) * t), -0.9, 0.9) * 1000
    for channel in ({}, {"range_uv": (-900.0, 900.0), "lsb_uv": 0.01}, {"range_uv": (-5e3, 5e3)}):
        after = masked(MaskClip(), x, **channel)
        (fraction,) = [f.value for f in after.provenance.findings if f.name == "clip_fraction"]
        assert_allclose(fraction, 2 / np.pi * np.arccos(0.9), atol=0.003)
        assert after.mask().all()


def test_little_clipping_masks_10_ms_around_it_only():
    x = noise(scale=50)
    x[6000:6004] = 500.0
    x[7000:7002] = 500.0
    after = masked(MaskClip(), x, range_uv=(-500.0, 500.0))
    assert spans(after, "bad_clip") == [(5980, 6024)]


def test_a_single_largest_sample_and_a_constant_are_not_clipped():
    assert spans(masked(MaskClip(), noise()), "bad_clip") == []
    assert spans(masked(MaskClip(), np.full(500, 3.0)), "bad_clip") == []


def test_coarse_steps_are_not_clipping():
    x = np.round(noise(scale=3.0))
    assert spans(masked(MaskClip(), x, lsb_uv=1.0, range_uv=(-3e3, 3e3)), "bad_clip") == []


@pytest.mark.parametrize(
    ("amplitude", "recovery_s"), [(-200.0, 0.3), (200.0, 0.3), (5000.0, 0.01), (5000.0, 3.0)]
)
def test_an_electrode_pop_is_masked_where_it_happens(amplitude, recovery_s):
    x = noise()
    x[8000:] += amplitude * np.exp(-np.arange(12_000) / (recovery_s * FS))
    ((start, stop),) = spans(masked(MaskPop(), x), "bad_pop")
    assert 7860 <= start <= 7900
    assert 8100 <= stop <= 8250


def test_a_burst_after_rest_and_a_qrs_complex_are_no_pop():
    x = noise(scale=2.0)
    x[6000:9000] += noise(3000, seed=1, scale=150)
    t = (np.arange(x.size) - 12_000) / FS
    x += 300 * np.exp(-0.5 * (t / 0.01) ** 2)
    assert spans(masked(MaskPop(), x), "bad_pop") == []


def test_named_events_mask_their_channels():
    recording = Recording.from_array(
        np.stack([noise(), noise()]),
        FS,
        channels=["a", "b"],
        events=[
            Event(1.0, 0.5, "cry"),
            Event(3.0, 0.5, "movement", "b"),
            Event(5.0, 1, "state/3"),
        ],
    )
    after = MaskEvents(dilate_s=0.05)(recording)
    expected = np.zeros(recording.data.shape, bool)
    expected[:, 1900:3100] = True
    expected[1, 5900:7100] = True
    assert_array_equal(after.mask(), expected)
    assert {e.label for e in after.events} >= {"bad_cry", "bad_movement"}
    assert set(recording.events) < set(after.events)
    assert len(after.provenance.steps) == 1


def test_an_event_without_a_duration_masks_what_is_around_it():
    events = [Event(1.0, 0.0, "cry"), Event(-3.0, 3.01, "movement"), Event(30.0, 2.0, "movement")]
    after = MaskEvents()(Recording.from_array(noise(), FS, events=events))
    assert spans(after, "bad_cry") == [(1900, 2101)]
    assert spans(after, "bad_movement") == [(0, 120)]


def test_slow_swings_are_motion_and_muscle_is_not():
    x = noise(scale=10.0)
    t = np.arange(4000) / FS
    x[8000:12_000] += 100 * np.sin(2 * np.pi * 3 * t)
    after = masked(MaskMotion(dilate_s=0), x)
    assert_array_equal(np.flatnonzero(after.mask()[0]), np.arange(8000, 12_000))


def test_a_constant_offset_and_a_slow_drift_are_no_motion():
    x = noise() + 3000 + np.linspace(0, 2000, 20_000)
    assert not masked(MaskMotion(), x).mask().any()
