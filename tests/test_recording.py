import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from emgproc.errors import NoEmgChannelError, ParameterError, SignalError
from emgproc.recording import Channel, Event, Finding, Grid, Provenance, Recording, Segment

FS = 1000.0


def recorded(n=20, *, segments=None, events=(), fs=FS, rows=2):
    data = np.arange(rows * n, dtype=float).reshape(rows, n)
    recording = Recording.from_array(data, fs, events=events)
    return recording if segments is None else replace(recording, segments=segments)


@st.composite
def gapped(draw):
    """A recording of up to four segments, and a mask of the same shape."""
    lengths = draw(st.lists(st.integers(1, 12), min_size=1, max_size=4))
    gaps = draw(st.lists(st.integers(0, 50), min_size=len(lengths), max_size=len(lengths)))
    fs = draw(st.sampled_from([1000.0, 1259.259, 2048.0, 333.3]))
    segments, start, at = [], 0, draw(st.integers(0, 10**7))
    for length, gap in zip(lengths, gaps, strict=True):
        at += gap
        segments.append(Segment(start, start + length, at / fs))
        start, at = start + length, at + length
    bits = draw(st.lists(st.booleans(), min_size=2 * start, max_size=2 * start))
    return recorded(start, segments=tuple(segments), fs=fs), np.array(bits).reshape(2, start)


def test_an_array_becomes_a_recording_of_emg_channels():
    recording = Recording.from_array([1, 2, 3], 500)
    assert (recording.n_channels, recording.n_samples, recording.duration_s) == (1, 3, 0.006)
    assert recording.channels == (Channel("EMG1"),)
    assert recording.segments == (Segment(0, 3, 0.0),)
    assert recording.data.dtype == np.float64


def test_the_array_is_copied_and_the_copy_cannot_be_written():
    x = np.zeros((2, 5))
    recording = Recording.from_array(x, FS)
    x[:] = 7
    assert not recording.data.any()
    with pytest.raises(ValueError, match="read-only"):
        recording.data[0, 0] = 1


def test_a_recording_is_frozen():
    with pytest.raises(FrozenInstanceError):
        recorded().fs = 500


def test_a_recording_sent_to_another_process_is_equal_and_still_read_only():
    recording = recorded(events=[Event(0.001, 0.002, "bad_pop", "EMG1")])
    sent = pickle.loads(pickle.dumps(recording))
    assert_array_equal(sent.data, recording.data)
    assert (sent.channels, sent.events, sent.segments) == (
        recording.channels,
        recording.events,
        recording.segments,
    )
    assert sent.provenance == recording.provenance
    assert not sent.data.flags.writeable


def test_data_in_another_memory_order_become_contiguous():
    data = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    recording = Recording(
        data, FS, (Channel("a"), Channel("b")), Provenance("x"), (Segment(0, 3, 0.0),)
    )
    assert recording.data.flags.c_contiguous
    assert_array_equal(recording.data, data)


def test_events_are_sorted_by_onset():
    recording = recorded(events=[Event(0.5, 0, "b"), Event(0.1, 0, "c"), Event(0.5, 0, "a")])
    assert [e.label for e in recording.events] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"data": np.zeros((2, 20), dtype=np.float32)}, SignalError, "float64"),
        ({"data": np.zeros(20)}, SignalError, "float64"),
        ({"data": np.zeros((3, 20))}, SignalError, "2 channels described, 3 rows"),
        ({"channels": (Channel("a"), Channel("a"))}, SignalError, "unique"),
        ({"fs": 0.0}, ParameterError, "above 0"),
        ({"fs": float("nan")}, ParameterError, "above 0"),
        ({"segments": ()}, SignalError, "segments end at sample 0"),
        ({"segments": (Segment(0, 19, 0.0),)}, SignalError, "segments end at sample 19"),
        ({"segments": (Segment(1, 20, 0.0),)}, SignalError, "in order"),
        ({"segments": (Segment(0, 0, 0.0), Segment(0, 20, 0.0))}, SignalError, "in order"),
        ({"segments": (Segment(0, 9, 0.0), Segment(10, 20, 1.0))}, SignalError, "in order"),
        ({"segments": (Segment(0, 9, 0.0), Segment(9, 20, 0.008))}, SignalError, "overlap"),
    ],
)
def test_a_recording_that_contradicts_itself_is_refused(changes, error, says):
    with pytest.raises(error, match=says):
        replace(recorded(), **changes)


@pytest.mark.parametrize(
    ("x", "channels", "says"),
    [
        (np.zeros((2, 2, 2)), None, "shape"),
        (["a"], None, "real numbers"),
        (np.zeros(4), ["a", "b"], "2 channels described, 1 rows"),
    ],
)
def test_an_array_that_is_no_recording_is_refused(x, channels, says):
    with pytest.raises(SignalError, match=says):
        Recording.from_array(x, FS, channels=channels)


def test_segments_may_touch_within_half_a_sample():
    segments = (Segment(0, 10, 0.0), Segment(10, 20, 0.0096))
    assert recorded(segments=segments).segments == segments


SIX = Grid(2, 3, 8.0, ((0, 0),))


def on_a_grid(*places, grid=SIX):
    """A recording of one channel for each place, which may be none."""
    named = tuple(Channel(f"m{i}", place=place) for i, place in enumerate(places))
    return replace(recorded(rows=len(places)), channels=named, grid=grid)


def test_channels_lie_on_the_grid_where_their_places_say():
    recording = on_a_grid((1, 2), None, (0, 1), (1, 0))
    assert_array_equal(recording.on_grid(), [[-1, 2, -1], [3, -1, 0]])


def test_places_survive_the_choice_of_channels_crops_and_steps():
    recording = on_a_grid((1, 2), None, (0, 1), (1, 0))
    assert_array_equal(recording.pick([3, 0]).on_grid(), [[-1, -1, -1], [0, -1, 1]])
    later = recording.crop(3, 9).with_data(np.ones((4, 6)), step="ones")
    assert later.channels == recording.channels
    assert pickle.loads(pickle.dumps(recording)).channels == recording.channels


@pytest.mark.parametrize(
    ("places", "grid", "says"),
    [
        (((0, 1),), None, r"'m0' has the place \(0, 1\), but the recording has no grid"),
        (((0, 1), (2, 0)), Grid(2, 3, 8.0), r"'m1' .* \(2, 0\), outside the 2 x 3 grid: rows 0"),
        (((0, 3),), Grid(2, 3, 8.0), r"\(0, 3\), outside the 2 x 3 grid: .* columns 0 to 2"),
        (((0, -1),), Grid(2, 3, 8.0), r"\(0, -1\), outside"),
        (((0, 0),), Grid(2, 3, 8.0, ((0, 0),)), r"'m0' .* where the 2 x 3 grid has no electrode"),
        (((1, 1), None, (1, 1)), Grid(2, 3, 8.0), r"'m2' .* \(1, 1\), which 'm0' has"),
    ],
)
def test_places_that_contradict_the_grid_are_refused(places, grid, says):
    with pytest.raises(SignalError, match=says):
        on_a_grid(*places, grid=grid)


def test_without_a_grid_or_places_nobody_knows_what_lies_where():
    with pytest.raises(ParameterError, match="no grid"):
        recorded().on_grid()
    with pytest.raises(ParameterError, match="no channel states its place"):
        on_a_grid(None, None).on_grid()


def test_channels_are_found_by_name_and_kind():
    recording = Recording.from_array(np.zeros((2, 3)), FS, channels=["TA", Channel("E", "ECG")])
    assert recording.index("E") == 1
    assert recording.rows("ECG") == [1]
    assert recording.emg_rows() == [0]
    with pytest.raises(ParameterError, match=r"no channel 'GM' .* \['TA', 'E'\]"):
        recording.index("GM")
    with pytest.raises(NoEmgChannelError, match=r"E \(ECG\)"):
        recording.pick([1]).emg_rows()


@pytest.mark.parametrize(
    ("onset_s", "duration_s", "spans"),
    [
        (0.0, 0.02, [(0, 10), (10, 15)]),
        (0.004, 0.003, [(4, 7)]),
        (0.008, 0.1, [(8, 10), (10, 20)]),
        (0.011, 0.002, []),
        (0.012, 0.005, [(10, 12)]),
        (0.024, 1.0, [(19, 20)]),
        (-1.0, 1.002, [(0, 2)]),
        (0.005, 0.0, []),
        (9.0, 1.0, []),
        (0.0044, 0.001, [(4, 5)]),
        (0.0045, 0.001, [(5, 6)]),
    ],
)
def test_an_event_covers_samples_and_stops_at_gaps(onset_s, duration_s, spans):
    # Samples 0…9 last from 0 to 10 ms, samples 10…19 from 15 to 25 ms.
    recording = recorded(segments=(Segment(0, 10, 0.0), Segment(10, 20, 0.015)))
    assert recording.spans(Event(onset_s, duration_s, "x")) == spans


@settings(deadline=None, max_examples=30)
@given(case=gapped())
def test_a_mask_comes_back_from_its_events_sample_by_sample(case):
    recording, bad = case
    assert_array_equal(recording.with_mask(bad, "bad_pop", step="s").mask(), bad)


@settings(deadline=None, max_examples=30)
@given(case=gapped(), data=st.data())
def test_a_crop_has_the_mask_and_the_data_of_its_samples(case, data):
    recording, bad = case
    masked = recording.with_mask(bad, "bad_pop", step="s")
    start = data.draw(st.integers(0, recording.n_samples))
    stop = data.draw(st.integers(start, recording.n_samples))
    cropped = masked.crop(start, stop)
    assert_array_equal(cropped.data, recording.data[:, start:stop])
    assert_array_equal(cropped.mask(), bad[:, start:stop])


@settings(deadline=None, max_examples=20)
@given(case=gapped(), shift_s=st.sampled_from([0.25, 4.0, 1024.0]))
def test_moving_all_times_moves_no_sample(case, shift_s):
    recording, bad = case
    masked = recording.with_mask(bad, "bad_pop", step="s")
    moved = replace(
        masked,
        segments=tuple(s._replace(onset_s=s.onset_s + shift_s) for s in masked.segments),
        events=tuple(replace(e, onset_s=e.onset_s + shift_s) for e in masked.events),
    )
    assert_array_equal(moved.mask(), bad)


@settings(deadline=None, max_examples=20)
@given(case=gapped())
def test_picking_channels_picks_their_masks(case):
    recording, bad = case
    swapped = recording.with_mask(bad, "bad_pop", step="s").pick([1, 0])
    assert_array_equal(swapped.mask(), bad[::-1])
    assert_array_equal(swapped.data, recording.data[::-1])


def test_a_mask_without_a_channel_is_for_all_and_one_of_an_absent_channel_for_none():
    events = [Event(0.001, 0.002, "bad_line"), Event(0.010, 0.002, "bad_pop", "gone")]
    bad = recorded(events=events).mask()
    assert_array_equal(np.flatnonzero(bad.all(axis=0)), [1, 2])
    assert bad.sum() == 4


def test_labels_other_than_masks_mask_nothing():
    assert not recorded(events=[Event(0, 1, "cry"), Event(0, 1, "BAD_x")]).mask().any()
    with pytest.raises(ParameterError, match="starts with 'bad_'"):
        recorded().with_mask(np.zeros((2, 20), dtype=bool), "pop", step="s")


def test_a_crop_keeps_the_times_of_the_whole():
    cropped = recorded(segments=(Segment(0, 10, 0.0), Segment(10, 20, 1.0))).crop(5, 12)
    assert cropped.segments == (Segment(0, 5, 0.005), Segment(5, 7, 1.0))
    assert not np.shares_memory(cropped.data, recorded().data)


@pytest.mark.parametrize("span", [(-1, 5), (5, 3), (0, 21)])
def test_a_crop_outside_the_samples_is_refused(span):
    with pytest.raises(ParameterError, match="0 <= start <= stop <= 20"):
        recorded().crop(*span)


def test_every_step_leaves_its_name_and_findings_and_the_one_before_untouched():
    before = recorded()
    finding = Finding("line_power_uv2", "uV^2", "EMG1", 2.5)
    after = before.with_data(-before.data, step=("flip",), findings=[finding])
    masked = after.with_mask(np.ones((2, 20), dtype=bool), "bad_clip", step="clip")
    assert masked.provenance.steps == ("('flip',)", "'clip'")
    assert masked.provenance.findings == (finding,)
    assert (before.provenance.steps, before.events) == ((), ())
    assert_array_equal(after.data, -before.data)


def test_a_step_may_not_change_the_shape():
    with pytest.raises(SignalError, match="changed the shape"):
        recorded().with_data(np.zeros((2, 3)), step="s")


def test_the_repr_tells_what_is_held():
    assert repr(recorded()) == (
        "<Recording array: 2 EMG; 0.02 s at 1000 Hz, 1 segment(s), 0 event(s)>"
    )


def test_samples_by_channels_and_an_array_without_samples_are_refused():
    with pytest.raises(SignalError, match="transpose"):
        Recording.from_array(np.zeros((5000, 2)), FS)
    with pytest.raises(SignalError, match="no sample"):
        Recording.from_array(np.zeros((2, 0)), FS)
    assert Recording.from_array(np.zeros((64, 50)), FS).n_channels == 64


def test_a_file_name_that_is_no_text_can_be_written_everywhere():
    source = Provenance(b"M\xfcller.edf".decode("utf-8", "surrogateescape")).source
    assert source == "M\\xfcller.edf"
    assert Provenance("Müller.edf").source == "Müller.edf"
