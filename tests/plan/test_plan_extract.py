"""extract: values against NumPy written out here, at the edges of segments, labels and masks."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emgproc import Channel, Event, Recording, Segment
from emgproc.errors import NoEmgChannelError, ParameterError
from emgproc.plan import Plan, extract, plan_from_text
from emgproc.recording import Finding

FS = 1000


def plan(*features, rest=""):
    listed = "".join(f"[[feature]]\n{feature}\n" for feature in features)
    return plan_from_text(f'schema = 1\nname = "t"\n{listed}{rest}')


def noise(seconds=10, channels=1, seed=1):
    return np.random.default_rng(seed).normal(0, 5, (channels, seconds * FS))


def one(found, name, channel="EMG1"):
    (value,) = [v for v in found.values if v.name == name and v.channel == channel]
    return value


def test_a_feature_of_the_whole_recording_is_that_of_the_array():
    x = noise()
    found = extract(Recording.from_array(x, FS), plan('name = "rms"', 'name = "wl"'))
    centred = x[0] - x[0].mean()
    assert_allclose(one(found, "rms").value, np.sqrt(np.mean(centred**2)), rtol=1e-12)
    assert_allclose(one(found, "wl").value, np.abs(np.diff(x[0])).sum(), rtol=1e-12)
    assert (one(found, "rms").unit, one(found, "rms").n) == ("uV", x.shape[1])


def test_values_come_channel_by_channel_in_the_order_of_the_plan():
    found = extract(
        Recording.from_array(noise(channels=2), FS), plan('name = "wl"', 'name = "rms"')
    )
    assert [(v.channel, v.name) for v in found.values] == [
        ("EMG1", "wl"), ("EMG1", "rms"), ("EMG2", "wl"), ("EMG2", "rms"),
    ]  # fmt: skip


def test_a_label_takes_only_the_samples_under_it():
    x = noise()
    recording = Recording.from_array(
        x, FS, events=[Event(2, 3, "state/3"), Event(7, 1, "state/3")]
    )
    found = one(extract(recording, plan('name = "rms"\nover = "state/3"')), "rms@state/3")
    held = np.concatenate([x[0, 2000:5000], x[0, 7000:8000]])
    assert_allclose(found.value, held.std(), rtol=1e-12)
    assert found.n == 4000


def test_a_label_that_is_not_there_gives_its_reason():
    recording = Recording.from_array(noise(), FS)
    found = extract(
        recording, plan('name = "rms"\nover = "state/3"', 'name = "rms"\nover = "movement"')
    )
    assert [v.reason for v in found.values] == ["no_state_label", "no_label"]
    assert all(math.isnan(v.value) and v.n == 0 for v in found.values)


def test_no_difference_crosses_the_edge_of_a_segment():
    x = np.concatenate([np.zeros(500), np.full(500, 100.0)])[None]
    plain = Recording.from_array(x, FS)
    parted = Recording(
        x.copy(), FS, plain.channels, plain.provenance,
        (Segment(0, 500, 0.0), Segment(500, 1000, 5.0)),
    )  # fmt: skip
    wanted = plan('name = "wl"')
    assert one(extract(plain, wanted), "wl").value == 100.0
    assert one(extract(parted, wanted), "wl").value == 0.0


def test_masked_samples_count_as_missing():
    x = noise()
    x[0, 3000:4000] = 1e6
    recording = Recording.from_array(x, FS, events=[Event(3, 1, "bad_pop", "EMG1")])
    found = one(extract(recording, plan('name = "rms"')), "rms")
    assert_allclose(found.value, np.delete(x[0], np.s_[3000:4000]).std(), rtol=1e-12)
    assert found.n == 9000


@pytest.mark.parametrize(
    ("label", "reason"),
    [("bad_clip", "clipped"), ("bad_line", "line_dominated"), ("bad_flat", "all_masked")],
)
def test_a_channel_that_is_masked_whole_says_why(label, reason):
    recording = Recording.from_array(noise(), FS, events=[Event(0, 10, label, "EMG1")])
    found = one(extract(recording, plan('name = "rms"')), "rms")
    assert math.isnan(found.value)
    assert found.reason == reason


def test_only_emg_channels_are_measured():
    recording = Recording.from_array(
        noise(channels=2), FS, channels=[Channel("ECG", "ECG"), Channel("TA")]
    )
    assert {v.channel for v in extract(recording, plan('name = "rms"')).values} == {"TA"}


def test_a_recording_without_emg_is_refused():
    recording = Recording.from_array(noise(), FS, channels=[Channel("ECG", "ECG")])
    with pytest.raises(NoEmgChannelError, match="ECG"):
        extract(recording, plan('name = "rms"'))


def test_what_the_steps_measured_is_told_and_the_later_step_counts():
    recording = Recording.from_array(noise(), FS)
    findings = [
        Finding("line_power_uv2", "uV^2", "EMG1", 4.0),
        Finding("line_power_uv2", "uV^2", "EMG1", 3.0),
        Finding("heart_rate_bpm", "1/min", "ECG", math.nan),
    ]
    noted = recording.with_data(recording.data.copy(), step="test", findings=findings)
    found = extract(noted, plan('name = "rms"'))
    line = one(found, "line_power_uv2")
    assert (line.value, line.unit, line.reason) == (3.0, "uV^2", "")
    assert one(found, "heart_rate_bpm", "ECG").reason == "not_measurable"


def test_tone_is_the_median_mean_square_of_the_quiet_windows():
    x = noise(60)
    events = [Event(0, 15, "noise_reference"), Event(20, 40, "state/3")]
    found = extract(Recording.from_array(x, FS, events=events), plan('name = "tone"'))
    windows = np.square(x[0, 20_000:]).reshape(40, 1000).mean(axis=1)
    assert_allclose(one(found, "tone_ms_uv2").value, np.median(windows), rtol=1e-12)
    assert one(found, "tone_ms_uv2").n == 40
    assert_allclose(
        one(found, "noise_power_uv2").value, np.square(x[0, :15_000]).mean(), rtol=1e-12
    )
    assert "noise_N1" in one(found, "noise_power_uv2").flags


def test_no_value_is_named_twice_for_a_channel():
    found = extract(
        Recording.from_array(noise(40), FS, events=[Event(0, 40, "state/3")]),
        plan('name = "tone"', 'name = "noise_level"', 'name = "indices"'),
    )
    names = [(v.channel, v.name) for v in found.values]
    assert len(names) == len(set(names))


def test_the_set_says_where_it_comes_from():
    wanted = plan('name = "rms"')
    found = extract(Recording.from_array(noise(), FS, source="x.edf"), wanted)
    assert (found.source, found.plan_digest) == ("x.edf", wanted.digest)


def test_every_missing_value_has_a_reason_for_a_recording_of_zeros():
    from emgproc.features import FEATURES

    wanted = plan(*(f'name = "{name}"' for name in FEATURES), 'name = "tone"', 'name = "indices"')
    found = extract(Recording.from_array(np.zeros((1, 40 * FS)), FS), wanted)
    assert all(math.isfinite(v.value) or v.reason for v in found.values)
    assert all(not (math.isfinite(v.value) and v.reason) for v in found.values)


def test_what_is_no_recording_or_no_plan_is_refused_by_name(tmp_path):
    recording = Recording.from_array(np.zeros((1, 1000)), 1000)
    with pytest.raises(ParameterError, match="ndarray"):
        extract(recording.data, Plan("x"))
    with pytest.raises(ParameterError, match="str"):
        extract(recording, "plan.toml")
