import logging
from dataclasses import replace

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from emgproc import Auxiliary, Channel, Event, Recording, Segment, from_mne
from emgproc.errors import ParameterError, SignalError, UnknownUnitError

FS = 1000.0


def recorded(n=1000, **changes):
    data = np.random.default_rng(5).normal(scale=50, size=(3, n))
    channels = [Channel("TA"), Channel("GM"), Channel("ECG", "ECG")]
    return replace(Recording.from_array(data, FS, channels=channels), **changes)


def raw_of(types=("emg", "emg"), n=1000, *, names=None, first_samp=0, data=None):
    info = mne.create_info(names or [f"M{i}" for i in range(len(types))], FS, list(types))
    values = np.arange(len(types) * n).reshape(len(types), n) * 1e-6 if data is None else data
    return mne.io.RawArray(values, info, first_samp=first_samp, verbose="ERROR")


@settings(deadline=None, max_examples=20)
@given(exponent=st.integers(-9, 9), seed=st.integers(0, 99))
def test_values_come_back_to_one_part_in_1e15(exponent, seed):
    data = np.random.default_rng(seed).normal(size=(2, 50)) * 10.0**exponent
    recording = Recording.from_array(data, FS)
    assert_allclose(from_mne(recording.to_mne()).data, data, rtol=1e-15)
    assert_allclose(recording.to_mne().get_data(), data * 1e-6, rtol=1e-15)


def test_channels_labels_and_rate_come_back():
    events = (
        Event(0.1, 0.25, "state/3"),
        Event(0.5, 0.125, "bad_clip", "GM"),
        Event(0.75, 0, "cry"),
    )
    back = from_mne(recorded(events=events).to_mne())
    assert (back.fs, back.n_samples, back.segments) == (FS, 1000, (Segment(0, 1000, 0.0),))
    assert back.channels == recorded().channels
    assert back.events == events
    assert_array_equal(back.mask(), recorded(events=events).mask())


def test_the_way_from_mne_and_back_equals_too():
    raw = raw_of(("emg", "ecg", "misc", "stim"), names=["TA", "ECG", "force", "STI"])
    raw.set_annotations(
        mne.Annotations([0.1, 0.2], [0.3, 0], ["state/3", "cry"], ch_names=[["TA"], []])
    )
    back = from_mne(raw).to_mne()
    assert back.get_channel_types() == raw.get_channel_types()
    assert_allclose(back.get_data(), raw.get_data(), rtol=1e-15)
    assert_array_equal(back.annotations.onset, raw.annotations.onset)
    assert list(back.annotations.description) == list(raw.annotations.description)
    assert list(back.annotations.ch_names) == list(raw.annotations.ch_names)


def test_every_kind_of_voltage_stays_a_voltage():
    kinds = ["EMG", "ECG", "EEG", "EOG", "REF", "TRIG", "MISC"]
    channels = [Channel(name, name) for name in kinds]
    recording = Recording.from_array(np.ones((7, 5)), FS, channels=channels)
    raw = recording.to_mne()
    assert raw.get_channel_types() == ["emg", "ecg", "eeg", "eog", "misc", "misc", "misc"]
    assert [c.kind for c in from_mne(raw).channels] == kinds


def test_a_gap_is_nan_under_bad_acq_skip_and_comes_back_as_a_gap():
    segments = (Segment(0, 400, 0.0), Segment(400, 1000, 2.5))
    recording = recorded(segments=segments, events=(Event(2.6, 0.1, "state/4"),))
    raw = recording.to_mne()
    assert raw.n_times == 3100
    assert np.isnan(raw.get_data()[:, 400:2500]).all()
    skipped = raw.annotations[0]
    assert (skipped["description"], skipped["onset"]) == ("BAD_ACQ_SKIP", 0.4)
    assert_allclose(skipped["duration"], 2.1)
    # MNE itself reads around it.
    clean = raw.get_data(reject_by_annotation="omit", verbose="ERROR")
    assert_allclose(clean, recording.data / 1e6, rtol=1e-15)
    back = from_mne(raw)
    assert back.segments == segments
    assert_allclose(back.data, recording.data, rtol=1e-15)
    assert [e.label for e in back.events] == ["bad_gap", "state/4"]
    assert back.spans(back.events[1]) == recording.spans(recording.events[0])
    assert not back.mask().any()


def test_the_event_of_a_gap_is_not_written_twice():
    segments = (Segment(0, 400, 0.0), Segment(400, 1000, 2.5))
    recording = recorded(segments=segments, events=(Event(0.4, 2.1, "bad_gap"),))
    assert list(recording.to_mne().annotations.description) == ["BAD_ACQ_SKIP"]
    assert len(from_mne(recording.to_mne()).events) == 1


def test_segments_that_touch_stay_apart():
    segments = (Segment(0, 400, 0.0), Segment(400, 1000, 0.4))
    raw = recorded(segments=segments).to_mne()
    assert list(raw.annotations.description) == ["EDGE boundary"]
    assert from_mne(raw).segments == segments
    assert from_mne(raw).events == ()


def test_files_that_mne_joined_are_two_segments():
    raw = mne.concatenate_raws([raw_of(), raw_of()], verbose="ERROR")
    recording = from_mne(raw)
    assert recording.segments == (Segment(0, 1000, 0.0), Segment(1000, 2000, 1.0))
    assert recording.events == ()


@pytest.mark.parametrize("onset_s", [0.014, 12.5, -0.5])
def test_the_time_of_the_first_sample_is_kept(onset_s):
    recording = recorded(
        segments=(Segment(0, 1000, onset_s),), events=(Event(onset_s + 0.25, 0.5, "state/3"),)
    )
    raw = recording.to_mne()
    assert_allclose(raw.first_time, onset_s)
    back = from_mne(raw)
    assert_allclose(back.segments[0].onset_s, onset_s)
    assert_allclose(back.events[0].onset_s, onset_s + 0.25)
    assert back.spans(back.events[0]) == [(250, 750)]


@pytest.mark.parametrize("dated", [False, True])
def test_events_of_a_cropped_raw_stay_on_their_samples(dated):
    raw = raw_of(first_samp=500)
    raw.set_annotations(mne.Annotations([0.25], [0.125], ["state/3"]))
    if dated:
        raw.set_meas_date(1.7e9)
    cropped = from_mne(raw.copy().crop(0.2, None))
    assert cropped.spans(cropped.events[0]) == [(50, 175)]
    assert_array_equal(cropped.data[0, :1], raw.get_data()[0, 200:201] * 1e6)
    assert_allclose(cropped.segments[0].onset_s, 0.7)


def test_an_annotation_of_two_channels_is_two_events():
    raw = raw_of(names=["a", "b"])
    raw.set_annotations(mne.Annotations([0.1], [0.2], ["bad_pop"], ch_names=[["a", "b"]]))
    assert {e.channel for e in from_mne(raw).events} == {"a", "b"}


@pytest.mark.parametrize(
    ("description", "label"),
    [
        ("bad_clip", "bad_clip"),
        ("BAD_muscle", "bad_muscle"),
        ("bad muscle", "bad_muscle"),
        ("Bad", "bad_span"),
        ("badminton", "badminton"),
        ("state/3", "state/3"),
    ],
)
def test_what_mne_leaves_out_is_a_mask_here(description, label):
    raw = raw_of()
    raw.set_annotations(mne.Annotations([0.1], [0.2], [description]))
    recording = from_mne(raw)
    assert [e.label for e in recording.events] == [label]
    assert recording.mask().any() == label.startswith("bad_")


def test_a_channel_that_mne_calls_bad_is_masked_as_a_whole_and_bad_again_there():
    raw = raw_of(names=["a", "b"])
    raw.info["bads"] = ["b"]
    recording = from_mne(raw)
    assert_array_equal(recording.mask().all(axis=1), [False, True])
    assert recording.to_mne().info["bads"] == ["b"]
    assert len(recording.to_mne().annotations) == 0


def test_signals_without_a_voltage_are_auxiliary():
    raw = raw_of(("emg", "misc", "stim", "temperature"), names=["TA", "force", "STI", "skin"])
    recording = from_mne(raw)
    held = [(a.name, a.kind, a.unit) for a in recording.auxiliary]
    assert held == [("force", "FORCE", ""), ("STI", "TRIG", ""), ("skin", "MISC", "degC")]
    assert_array_equal(recording.auxiliary[1].data, raw.get_data()[2])


def test_auxiliary_signals_of_the_same_clock_go_to_mne_and_back():
    force = Auxiliary("force", "N", FS, np.arange(1000.0), "FORCE")
    clash = Auxiliary("TA", "", FS, np.arange(1000.0))
    raw = recorded(auxiliary=(force, clash)).to_mne()
    assert raw.ch_names[3:] == ["force", "TA (auxiliary)"]
    back = from_mne(raw).auxiliary[0]
    assert (back.unit, back.kind) == ("N", "FORCE")
    assert_array_equal(back.data, force.data)


def test_an_auxiliary_signal_of_another_rate_is_left_out_with_a_warning():
    slow = Auxiliary("angle", "deg", 100.0, np.arange(100.0))
    with pytest.warns(UserWarning, match="angle left out"):
        assert recorded(auxiliary=(slow,)).to_mne().ch_names == ["TA", "GM", "ECG"]


def test_events_outside_the_samples_or_of_absent_channels_stay_away():
    events = (Event(5.0, 1.0, "state/3"), Event(0.1, 0.1, "bad_pop", "gone"))
    assert len(recorded(events=events).to_mne().annotations) == 0


def test_filters_that_mne_knows_of_are_told():
    raw = raw_of()
    with raw.info._unlock():  # as MNE's own readers do
        raw.info["highpass"], raw.info["lowpass"] = 20.0, 300.0
    untouched, filtered = from_mne(raw_of()).channels[0], from_mne(raw).channels[0]
    assert (untouched.highpass_hz, untouched.lowpass_hz) == (None, None)
    assert (filtered.highpass_hz, filtered.lowpass_hz) == (20, 300)


def test_a_file_of_mne_gives_its_name_and_no_subject(tmp_path):
    raw = raw_of(names=["TA", "GM"])
    raw.info["subject_info"] = {"last_name": "Roe", "sex": 2}
    raw.save(tmp_path / "visit_raw.fif", verbose="ERROR")
    recording = from_mne(mne.io.read_raw_fif(tmp_path / "visit_raw.fif", verbose="ERROR"))
    assert recording.provenance.source == "visit_raw.fif"
    assert "Roe" not in repr(recording.provenance) + repr(recording.channels)
    # FIF holds float32 unless told otherwise.
    assert_allclose(recording.data, raw.get_data() * 1e6, rtol=1e-6)


def test_a_recording_is_not_changed_by_what_mne_does_to_its_raw():
    recording = recorded()
    before = recording.data.copy()
    raw = recording.to_mne()
    raw.apply_function(lambda x: x * 0, picks="emg", verbose="ERROR")
    assert_array_equal(recording.data, before)
    back = from_mne(raw)
    raw.apply_function(lambda x: x + 1, picks="emg", verbose="ERROR")
    assert not back.data[:2].any()


def test_mne_says_nothing_on_the_way(caplog, capsys):
    with caplog.at_level(logging.DEBUG, logger="mne"):
        from_mne(recorded(events=(Event(0.9, 5.0, "state/3"),)).to_mne())
    assert caplog.text == ""
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("made", "error", "says"),
    [
        (lambda: "raw.fif", ParameterError, "needs an mne.io.Raw, got str"),
        (lambda: raw_of(("misc", "stim")), UnknownUnitError, "no channel is a voltage"),
        (lambda: raw_of(data=np.ones((2, 9)) * 1j), SignalError, "complex"),
    ],
)
def test_what_is_no_raw_of_voltages_is_refused(made, error, says):
    with pytest.raises(error, match=says):
        from_mne(made())


def test_a_raw_that_was_skipped_as_a_whole_is_refused():
    raw = raw_of()
    raw.set_annotations(mne.Annotations([0], [1.0], ["BAD_ACQ_SKIP"]))
    with pytest.raises(SignalError, match="not one sample"):
        from_mne(raw)


def test_gaps_of_days_are_refused_rather_than_filled():
    segments = (Segment(0, 400, 0.0), Segment(400, 1000, 1e6))
    with pytest.raises(SignalError, match="crop it"):
        recorded(segments=segments).to_mne()


def test_a_real_recording_of_mne_equals_its_values(real_data):
    raw = mne.io.read_raw_brainvision(real_data / "brainvision/test.vhdr", verbose="ERROR")
    recording = from_mne(raw)
    picks = [
        raw.ch_names[i] for i in range(len(raw.ch_names)) if raw.get_channel_types()[i] != "stim"
    ]
    held = [channel.name for channel in recording.channels]
    assert set(held) <= set(picks)
    assert_allclose(recording.data, raw.get_data(picks=held) * 1e6, rtol=1e-15)
    stimuli = [a["description"] for a in raw.annotations]
    assert len(recording.events) == len(stimuli)


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_synthetic_recording_says_so_after_the_way_through_mne(synthetic):
    rec = Recording.from_array([[1.0, -2.0, 3.0, 0.5]], 1000)
    about = replace(rec.provenance, synthetic=synthetic)
    rec = replace(rec, provenance=about)
    assert from_mne(rec.to_mne()).provenance.synthetic is synthetic
