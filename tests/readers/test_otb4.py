"""OTB4: tracks side by side in signal files, each with its own scale, place and rate."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from otb_bytes import Track, markers, otb4_members, tar, zipped

from emgproc.errors import (
    FormatError,
    NoEmgChannelError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
)
from emgproc.readers import describe, open_recording, read_recording, sniff
from emgproc.recording import Event, Grid

LSB_UV = {2: 4.8 / 2**16 / 8 * 1e6, 3: 4.8 / 2**24 / 8 * 1e6, 4: 4.8 / 2**24 / 8 * 1e6}


def counts(n, samples=300, size=2, seed=0):
    limit = 1 << (23 if size > 2 else 15)
    return np.random.default_rng(seed).integers(-limit, limit, (n, samples))


def saved(folder: Path, members: dict, name="x.otb4") -> Path:
    path = folder / name
    path.write_bytes(tar(members))
    return path


def one(**fields) -> dict:
    return otb4_members([Track(counts(3), fields=fields)])


@pytest.mark.parametrize("size", [2, 3, 4])
def test_counts_become_microvolts_by_range_bits_and_gain(tmp_path, size):
    raw = counts(64, size=size)
    recording = read_recording(saved(tmp_path, otb4_members([Track(raw, size=size)])))
    assert_allclose(recording.data, raw * LSB_UV[size], rtol=1e-14)
    assert (recording.fs, recording.grid) == (2000.0, Grid(13, 5, 8.0))
    channel = recording.channels[0]
    assert (channel.name, channel.gain, channel.bits) == (
        "HD08MM1305 1", 8.0, 16 if size == 2 else 24,
    )  # fmt: skip
    assert (channel.highpass_hz, channel.lowpass_hz) == (10.0, 500.0)
    assert channel.reference == "Monopolar"
    assert "HD08MM1305: 4.8 V," in recording.provenance.scaling
    assert recording.provenance.reader == "otb4"


def test_every_track_has_its_own_scale_and_place(tmp_path):
    tracks = [
        Track(counts(64)),
        Track(counts(2, seed=1), title="IN2", subtitle="CoDe", fields={"Gain": 2}),
        Track(counts(1, seed=2), title="Novecento+", subtitle="AUX 1", fields={"ADC_Range": 10}),
    ]
    recording = read_recording(saved(tmp_path, otb4_members(tracks)))
    assert [c.name for c in recording.channels[64:]] == ["CoDe 1", "CoDe 2"]
    assert_allclose(recording.data[64:], counts(2, seed=1) * 4 * LSB_UV[2])
    (aux,) = recording.auxiliary
    assert (aux.name, aux.kind, aux.unit) == ("AUX 1", "MISC", "uV")
    assert_allclose(aux.data, counts(1, seed=2)[0] * 10 / 4.8 * LSB_UV[2])


def test_several_files_and_rates_are_matched_by_their_name(tmp_path):
    tracks = [
        Track(counts(1, 1200, seed=3), "c.sig", "Control", "Ramp", 8000, 4, {"IsControl": "true"}),
        Track(counts(4, size=4), "b.sig", "IN2", "HD10MM0804", size=4),
        Track(counts(3, size=4, seed=1), "a.sig", "IN1", "HD10MM0804", size=4),
    ]
    members = otb4_members(tracks)
    order = ["a.sig", "c.sig", "Tracks_000.xml", "b.sig", "DeviceParameters.xml"]
    recording = read_recording(saved(tmp_path, {name: members[name] for name in order}))
    assert_allclose(recording.data[:4], counts(4, size=4) * LSB_UV[4])
    assert_allclose(recording.data[4:], counts(3, size=4, seed=1) * LSB_UV[4])
    (ramp,) = recording.auxiliary
    assert (ramp.name, ramp.unit, ramp.fs) == ("Ramp", "counts", 8000.0)
    assert_array_equal(ramp.data, counts(1, 1200, seed=3)[0])


def test_targets_are_kept_as_the_values_they_are(tmp_path):
    values = np.linspace(0, 30, 25).reshape(1, -1)
    percent = {"UnitOfMeasurement": "%MVC", "ADC_Nbits": 1, "Gain": 0.5}
    targets = [
        Track(values, "t.sip", "Trapezoid", "Performed Path", 10, 8, percent),
        Track(values / 2, "t.sip", "Trapezoid", "Original Path", 10, 8, percent),
    ]
    recording = read_recording(saved(tmp_path, otb4_members([Track(counts(3))], targets)))
    told = {a.name: a for a in recording.auxiliary}
    assert list(told) == ["Performed Path", "Original Path"]
    assert_array_equal(told["Performed Path"].data, values[0])
    assert_array_equal(told["Original Path"].data, values[0] / 2)
    assert {(a.kind, a.unit, a.fs) for a in told.values()} == {("FORCE", "%MVC", 10.0)}


def test_a_load_cell_in_newton_is_scaled_to_newton(tmp_path):
    fields = {"UnitOfMeasurement": "N", "UnitOfMeasurementFactor": 250}
    force = Track(counts(1, seed=1), title="Novecento+", subtitle="Load Cell", fields=fields)
    recording = read_recording(saved(tmp_path, otb4_members([Track(counts(3)), force])))
    (told,) = recording.auxiliary
    assert (told.kind, told.unit) == ("FORCE", "N")
    assert_allclose(told.data, counts(1, seed=1)[0] * 4.8 / 2**16 / 8 * 250)


@pytest.mark.parametrize(
    ("description", "sensor", "grid"),
    [
        ({"Name": "HD08MM1305", "NRow": 5, "NColumn": 13}, "", Grid(13, 5, 8.0)),
        ({"SensorType": "grid GR10MM0808 of 64"}, "", Grid(8, 8, 10.0)),
        ({"Name": "GR08MM1305"}, "", Grid(13, 5, 8.0, ((0, 0),))),
        (None, "HD04MM1305", Grid(13, 5, 4.0)),
        ({"Name": "Unknown", "NRow": 5, "NColumn": 13, "IED": 8}, "", None),
    ],
)
def test_a_grid_is_that_of_the_product_code_alone(tmp_path, description, sensor, grid):
    fields = {"Description": description, "StringsDescriptions": {"OriginalSensor": sensor}}
    track = Track(counts(64), title="IN1", subtitle="Vastus", fields=fields)
    recording = read_recording(saved(tmp_path, otb4_members([track])))
    assert (recording.grid, recording.n_channels) == (grid, 64)
    known = grid is not None and "GR" in recording.channels[0].name
    assert all((c.place is not None) == known for c in recording.channels)


def test_a_grid_is_emg_whatever_its_input_is_called(tmp_path):
    track = Track(counts(64), title="Vastus Lateralis - AUX 3", subtitle="GR08MM1305")
    recording = read_recording(saved(tmp_path, otb4_members([track])))
    assert {c.kind for c in recording.channels} == {"EMG"}


def test_muscle_and_side_come_from_one_text(tmp_path):
    path = saved(tmp_path, one(Muscle="Vastus Lateralis Muscle Right"))
    channel = read_recording(path).channels[0]
    assert (channel.muscle, channel.side) == ("Vastus Lateralis Muscle", "R")


def test_markers_are_events_and_dates_are_not_kept(tmp_path):
    path = saved(tmp_path, one() | {"markers_0.xml": markers([(100, "go")])})
    assert read_recording(path).events == (Event(0.1, 0.0, "go"),)
    assert "2024" not in repr(describe(path))


# Where channels lie and how wide they are ---------------------------------------------------


def test_the_channels_stated_give_the_place_and_the_offsets_where_they_cannot(tmp_path):
    a, b = Track(counts(2)), Track(counts(2, seed=1), title="IN2", subtitle="CoDe")
    swapped = otb4_members([a, b])
    text = swapped["Tracks_000.xml"].decode()
    for old, new in (("0", "x"), ("2", "0"), ("x", "2")):
        text = text.replace(f"<AcquisitionChannel>{old}<", f"<AcquisitionChannel>{new}<")
    swapped["Tracks_000.xml"] = text.encode()
    told = read_recording(saved(tmp_path, swapped))
    assert_allclose(told.data[:2], counts(2, seed=1) * LSB_UV[2])  # the first track lies second
    assert_allclose(told.data[2:], counts(2) * LSB_UV[2])
    a.fields = {"AcquisitionChannel": 70, "ChannelOffsetInSubPacket": 2}
    b.fields = {"AcquisitionChannel": 140, "ChannelOffsetInSubPacket": 0}
    told = read_recording(saved(tmp_path, otb4_members([a, b])))
    assert_allclose(told.data[:2], counts(2, seed=1) * LSB_UV[2])
    a.fields = b.fields = {"AcquisitionChannel": None}
    told = read_recording(saved(tmp_path, otb4_members([a, b])))
    assert_allclose(told.data[:2], counts(2) * LSB_UV[2])


def test_places_that_differ_are_warned_of(tmp_path):
    tracks = [
        Track(counts(1), fields={"AcquisitionChannel": 0, "ChannelOffsetInSubPacket": 1}),
        Track(counts(1), fields={"AcquisitionChannel": 1, "ChannelOffsetInSubPacket": 0}),
    ]
    warnings = read_recording(saved(tmp_path, otb4_members(tracks))).provenance.warnings
    assert any("the channels stated and the offsets stated differ" in text for text in warnings)


def test_channels_of_a_frame_that_no_track_names_are_passed_over(tmp_path):
    raw = counts(5)
    fields = {"TotalChannelsInFile": 5, "ChannelsInBlock": 5, "AcquisitionChannel": 2}
    members = otb4_members([Track(raw[2:4], fields=fields)])
    members["signal_0.sig"] = raw.T.astype("<i2").tobytes()
    assert_allclose(read_recording(saved(tmp_path, members)).data, raw[2:4] * LSB_UV[2])


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"SampleSize": 4}, "4 bytes a sample are stated, the size of the file tells 2"),
        ({"TimeDuration": 99}, "do not last the 99 s that are stated"),
        ({"UnitOfMeasurementFactor": 1}, "the factor 1 to mV is not that from V"),
    ],
)
def test_what_disagrees_is_warned_of_and_the_samples_are_right(tmp_path, fields, says):
    recording = read_recording(saved(tmp_path, one(**fields)))
    assert any(says in text for text in recording.provenance.warnings)
    assert_allclose(recording.data, counts(3) * LSB_UV[2])


def test_a_gain_of_the_device_is_warned_of_not_applied(tmp_path):
    members = otb4_members([Track(counts(3))], device_gain=2)
    recording = read_recording(saved(tmp_path, members))
    assert any("states a gain of 2 for the device" in t for t in recording.provenance.warnings)
    assert_allclose(recording.data, counts(3) * LSB_UV[2])


def test_files_that_end_at_different_times_give_the_shorter_with_a_warning(tmp_path):
    tracks = [Track(counts(2, 300)), Track(counts(2, 280), "b.sig", "IN2")]
    recording = read_recording(saved(tmp_path, otb4_members(tracks)))
    assert recording.n_samples == 280
    assert "20 last samples are left out" in recording.provenance.warnings[0]


def test_range_and_gain_of_the_caller_are_for_the_amplifier_inputs(tmp_path):
    aux = Track(counts(1), title="x", subtitle="AUX 1")
    path = saved(tmp_path, otb4_members([Track(counts(3), fields={"Gain": 0}), aux]))
    with pytest.raises(UnknownUnitError, match=r"adc_range_v= \(V\) and gain="):
        read_recording(path)
    told = read_recording(path, gain=16, adc_range_v=2.4)
    assert_allclose(told.data, counts(3) * LSB_UV[2] / 4)
    assert_allclose(told.auxiliary[0].data, counts(1)[0] * LSB_UV[2])
    assert "stated by the caller" in told.provenance.scaling


def test_a_signal_beside_without_a_gain_stays_in_counts(tmp_path):
    aux = Track(counts(1), title="x", subtitle="AUX 1", fields={"Gain": 0})
    told = read_recording(saved(tmp_path, otb4_members([Track(counts(3)), aux])))
    assert told.auxiliary[0].unit == "counts"
    assert any("AUX 1: no usable range and gain" in text for text in told.provenance.warnings)


# Any recording ------------------------------------------------------------------------------

INPUT = st.tuples(st.integers(1, 6), st.sampled_from([("IN1", "HD08MM1305"), ("IN2", "CoDe")]))
BESIDE = st.sampled_from([("Control", "Ramp"), ("IMU", "Quaternion"), ("Control", "Buffer")])


@settings(deadline=None, max_examples=60)
@given(
    inputs=st.lists(INPUT, min_size=1, max_size=3),
    beside=st.lists(BESIDE, max_size=3),
    size=st.sampled_from([2, 3, 4]),
    samples=st.integers(50, 200),
    apart=st.booleans(),
    cut=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    pack=st.sampled_from([tar, zipped]),
)
def test_any_recording_comes_back_as_it_was_written_and_so_does_any_part(
    inputs, beside, size, samples, apart, cut, pack
):
    tracks = [
        Track(counts(n, samples, size, i), f"{i * apart}.sig", *names, size=size)
        for i, (n, names) in enumerate(inputs)
    ]
    controls = [
        Track(counts(1, samples, size, 50 + i), "0.sig", *names, size=size)
        for i, names in enumerate(beside)
    ]
    expected = np.vstack([t.values for t in tracks]) * LSB_UV[size]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.otb4"
        path.write_bytes(pack(otb4_members([*tracks, *controls])))
        with open_recording(path) as opened:
            whole = opened.read()
            start, stop = sorted(round(c * whole.n_samples) for c in cut)
            part = opened.read(start, stop)
    paths = [t.path for t in tracks]
    order = sorted(range(len(tracks)), key=lambda i: paths.index(paths[i]))
    rows = np.vstack([expected[_span(tracks, i)] for i in order])
    assert_allclose(whole.data, rows, rtol=1e-14)
    assert_array_equal(part.data, whole.data[:, start:stop])
    for told, cut_off, track in zip(whole.auxiliary, part.auxiliary, controls, strict=True):
        assert_array_equal(told.data, track.values[0])
        assert_array_equal(cut_off.data, track.values[0, start:stop])
        assert told.unit == "counts"
    assert all("grid" in text for text in whole.provenance.warnings)


def _span(tracks, i):
    first = sum(len(t.values) for t in tracks[:i])
    return slice(first, first + len(tracks[i].values))


# What a file can get wrong ------------------------------------------------------------------

NAMED = "'signal_0.sig', which is not there"
HAZARDS = {
    "no signal file": ({"signal_0.sig": None}, {}, FormatError, NAMED),
    "no samples": ({"signal_0.sig": b""}, {}, TruncatedFileError, "one frame takes"),
    "no XML": ({"Tracks_000.xml": b"<Array"}, {}, FormatError, "not usable XML"),
    "no tracks": ({"Tracks_000.xml": b"<ArrayOfTrackInfo/>"}, {}, NoEmgChannelError, "no signal"),
    "no path": ({}, {"SignalStreamPath": ""}, FormatError, "in the file ''"),
    "a path outwards": ({}, {"SignalStreamPath": "../../x"}, FormatError, "'x', which is"),
    "no channels": ({}, {"NumberOfChannels": 0}, FormatError, "a track of '0' channels"),
    "negative channels": ({}, {"NumberOfChannels": -1}, FormatError, "a track of '-1' channels"),
    "a billion channels": ({}, {"NumberOfChannels": 10**9}, FormatError, "1000000000"),
    "a frame of a billion": ({}, {"TotalChannelsInFile": 10**9}, FormatError, "1000000000 chan"),
    "a frame too narrow": ({}, {"TotalChannelsInFile": 2}, FormatError, "do not fit into frames"),
    "no rate": ({}, {"SamplingFrequency": 0}, UnknownRateError, "fs="),
    "a rate of inf": ({}, {"SamplingFrequency": "inf"}, UnknownRateError, "fs="),
    "nothing tells the width": (
        {}, {"TimeDuration": None, "SampleSize": None}, FormatError, "tells how wide",
    ),
    "a gain of nan": ({}, {"Gain": "nan"}, UnknownUnitError, "gain="),
    "a negative range": ({}, {"ADC_Range": -4.8}, UnknownUnitError, "adc_range_v="),
    "900 bits": ({}, {"ADC_Nbits": 900}, UnknownUnitError, "900 bits"),
    "control channels only": ({}, {"IsControl": "true"}, NoEmgChannelError, "kinds="),
}  # fmt: skip


@pytest.mark.parametrize("what", HAZARDS)
def test_a_broken_archive_gets_its_own_error(tmp_path, what):
    replaced, fields, error, says = HAZARDS[what]
    members = {k: v for k, v in (one(**fields) | replaced).items() if v is not None}
    path = saved(tmp_path, members)
    with pytest.raises(error, match=says) as caught:
        read_recording(path)
    assert caught.type is error


def test_two_rates_in_one_file_are_refused(tmp_path):
    tracks = [Track(counts(1)), Track(counts(1), title="IN2", fs=4000)]
    with pytest.raises(FormatError, match="tracks of several rates"):
        read_recording(saved(tmp_path, otb4_members(tracks)))


def test_a_file_of_targets_that_is_missing_is_warned_of(tmp_path):
    target = Track(np.zeros((1, 9)), "t.sip", "Trapezoid", "Performed Path", 10, 8)
    members = otb4_members([Track(counts(3))], [target])
    del members["t.sip"]
    told = read_recording(saved(tmp_path, members))
    assert "the file of 1 track(s) is not in the archive: left out" in told.provenance.warnings


def test_the_ending_does_not_matter(tmp_path):
    assert sniff(saved(tmp_path, one(), "x.otb+")) == "otb"
    assert read_recording(tmp_path / "x.otb+").provenance.reader == "otb4"
