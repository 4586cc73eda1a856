"""A recording written as .mat comes back as it was, and other programs can read the file."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st
from matlab_bytes import Five, Seven, otbiolab
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import FormatError, ParameterError, WriteError
from emgproc.readers import open_recording, read_recording, sniff
from emgproc.recording import Auxiliary, Channel, Event, Finding, Grid, Recording, Segment
from emgproc.writers import matlab, write_recording

FIELDS = ("fs", "channels", "segments", "events", "grid")


def full():
    x = np.random.default_rng(4).normal(0, 30, (3, 2000))
    channels = [
        Channel("biceps brachii, long head µ", muscle="biceps", side="L", reference="bipolar",
                highpass_hz=10.0, gain=1000.0, bits=16, lsb_uv=0.5, range_uv=(-100.0, 99.5),
                place=(7, 3)),
        Channel("ECG", "ECG"), Channel("x" * 40, place=(0, 4)),
    ]  # fmt: skip
    events = [Event(0.1 + 0.2, 1 / 3, "state/3"), Event(9.0, 0.0, "two@@\x14parts", "ECG")]
    rec = Recording.from_array(x, 1234.5678, events=events, source="visit.edf")
    provenance = replace(
        rec.provenance, warnings=("w",), steps=("Bandpass(20, 450)",), synthetic=True,
        findings=(Finding("line_share", "1", "ECG", 0.25),),
    )  # fmt: skip
    return replace(
        rec,
        channels=tuple(channels),
        segments=(Segment(0, 700, 0.125), Segment(700, 2000, 7.5)),
        grid=Grid(8, 5, 4.0, ((0, 0), (7, 4))),
        auxiliary=(
            Auxiliary("grip", "N", 100.0, np.arange(57.0), "FORCE", 0.125),
            Auxiliary("grip", "N", 100.0, np.arange(106.0) * 2, "FORCE", 7.5),
        ),
        provenance=provenance,
    )


def assert_same(back, was):
    assert_array_equal(back.data, was.data)
    for field in FIELDS:
        assert getattr(back, field) == getattr(was, field), field
    for one, before in zip(back.auxiliary, was.auxiliary, strict=True):
        assert_array_equal(one.data, before.data)
        assert repr(replace(one, data=None)) == repr(replace(before, data=None))
    for field in ("warnings", "steps", "findings", "synthetic"):
        assert getattr(back.provenance, field) == getattr(was.provenance, field)


def test_everything_comes_back_equal(tmp_path):
    rec, path = full(), tmp_path / "a.mat"
    written = write_recording(rec, path)
    back = read_recording(path)
    assert sniff(path) == "matlab"
    assert_same(back, rec)
    assert set(written.lsb_uv.values()) == {0.0}
    assert (back.provenance.source, "visit.edf" in back.provenance.scaling) == ("a.mat", True)


@pytest.mark.parametrize("how", ["compressed", "7.3"])
def test_it_still_does_when_matlab_has_saved_it_again(tmp_path, how):
    rec, path = full(), tmp_path / "a.mat"
    write_recording(rec, path)
    found = {k: v for k, v in scipy.io.loadmat(path).items() if not k.startswith("__")}
    if how == "compressed":
        scipy.io.savemat(path, found, do_compression=True)
    else:
        texts = {"emgproc": str(found["emgproc"][0]),
                 "Description": [str(one[0]) for one in found["Description"].ravel()]}  # fmt: skip
        Seven(found | texts).write(path)
    with open_recording(path) as opened:
        assert_same(opened.read(), rec)
        part = opened.read(600, 900)
    assert_array_equal(part.data, rec.data[:, 600:900])
    assert len(part.auxiliary) == 2


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_recording_comes_back_equal(tmp_path_factory, data):
    channels, n = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 60))
    numbers = st.floats(-1e6, 1e6) | st.just(np.nan)
    x = np.array(data.draw(st.lists(numbers, min_size=channels * n, max_size=channels * n)))
    labels = st.sampled_from(["cry", "state/3", "µ ω", "", "a\tb"])
    channel = st.sampled_from(["", "EMG1"])
    event = st.builds(Event, st.floats(0, 1e4), st.floats(0, 9), labels, channel)
    events = data.draw(st.lists(event, max_size=5))
    rec = Recording.from_array(x.reshape(channels, n), data.draw(st.floats(1, 1e5)), events=events)
    cut = data.draw(st.integers(1, n))
    segments = [Segment(0, cut, 0.0), Segment(cut, n, 1e4)][: 1 + (cut < n)]
    rec = replace(rec, segments=tuple(segments), grid=data.draw(
        st.sampled_from([None, Grid(2, 3, 8.0), Grid(1, 1, 2.5, ((0, 0),))])))  # fmt: skip
    path = tmp_path_factory.mktemp("own") / "a.mat"
    write_recording(rec, path)
    start, stop = sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))
    with open_recording(path) as opened:
        assert_same(opened.read(), rec)
        assert_array_equal(opened.read(start, stop).data, rec.data[:, start:stop])


def test_other_programs_find_the_variables_of_otbiolab(tmp_path):
    rec, path = full(), tmp_path / "a.mat"
    write_recording(rec, path)
    found = scipy.io.loadmat(path)
    assert_array_equal(found["Data"], rec.data.T)
    assert found["SamplingFrequency"][0, 0] == rec.fs
    assert found["Description"][1, 0][0] == "ECG[uV]"
    times = found["Time"][0]
    assert_allclose(times[[0, 699, 700]], [0.125, 0.125 + 699 / rec.fs, 7.5], rtol=1e-15)
    assert set(otbiolab(rec.data.T, 1.0, [])) - {"OTBFile"} <= set(found)
    assert {"Auxiliary1", "Auxiliary2"} <= set(found)


def test_no_date_and_no_machine_stands_in_the_file_and_it_is_always_the_same(tmp_path):
    for name in ("a.mat", "b.mat"):
        write_recording(full(), tmp_path / name)
    raw = (tmp_path / "a.mat").read_bytes()
    assert raw == (tmp_path / "b.mat").read_bytes()
    assert re.search(rb"20\d\d|posix|Created", raw[:128]) is None


def test_an_open_file_is_written_with_its_gaps(tmp_path):
    write_recording(full(), tmp_path / "a.h5")
    with open_recording(tmp_path / "a.h5") as opened:
        write_recording(opened, tmp_path / "a.mat")
    back, was = read_recording(tmp_path / "a.mat"), read_recording(tmp_path / "a.h5")
    assert_same(back, was)


def test_what_does_not_fit_is_refused_and_nothing_is_left(tmp_path, monkeypatch):
    rec = full()
    monkeypatch.setattr(matlab, "MAX_VARIABLE_BYTES", rec.data.nbytes - 1)
    with pytest.raises(ParameterError, match=r"48000 bytes.*write \.h5"):
        write_recording(rec, tmp_path / "a.mat")
    monkeypatch.undo()
    monkeypatch.setattr(matlab, "MAX_METADATA_BYTES", 100)
    with pytest.raises(ParameterError, match="description takes"):
        write_recording(rec, tmp_path / "a.mat")
    monkeypatch.undo()
    with pytest.raises(ParameterError, match="no samples"):
        write_recording(rec.crop(5, 5), tmp_path / "a.mat")
    with pytest.raises(WriteError):
        write_recording(rec, tmp_path / "no such folder" / "a.mat")
    assert list(tmp_path.iterdir()) == []


def test_the_limit_is_two_gigabytes():
    assert matlab.MAX_VARIABLE_BYTES == 2**31 - 1


def test_a_failure_leaves_the_file_that_stood_there(tmp_path, monkeypatch):
    path = tmp_path / "a.mat"
    write_recording(full(), path)
    before = path.read_bytes()

    def full_disk(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(scipy.io, "savemat", full_disk)
    with pytest.raises(WriteError, match="No space left"):
        write_recording(full(), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.mat"]


GRID = {"rows": 2, "cols": 1, "ied_mm": 8.0, "missing": []}


def description(place=None, **change):
    told = {
        "format": "emgproc-recording", "version": 1, "fs": 100.0, "grid": None, "text": ["", "a"],
        "channels": [{**dict.fromkeys(("highpass_hz", "lowpass_hz", "notch_hz", "gain", "bits",
                                       "lsb_uv", "range_uv")),
                      "name": "TA", "kind": "EMG", "unit": "uV", "muscle": "", "side": "",
                      "reference": "", **({"place": place} if place else {})}],
        "provenance": {"source": "x", "sha256": "", "reader": "", "scaling": "", "warnings": [],
                       "steps": [], "findings": [], "synthetic": False},
        "auxiliary": [],
    }  # fmt: skip
    return json.dumps(told | change)


def own(tmp_path, text=None, **change):
    variables = {
        "Data": np.arange(9.0)[:, None], "Events": np.array([[0.5, 0, 1, 0]]),
        "Segments": np.array([[0.0, 9, 0]]), "emgproc": text or description(),
    }  # fmt: skip
    path = tmp_path / "a.mat"
    path.write_bytes(Five(variables | change).build())
    return path


def test_a_file_built_from_the_stated_layout_is_read(tmp_path):
    rec = read_recording(own(tmp_path))
    assert_array_equal(rec.data, np.arange(9.0)[None])
    assert rec.events == (Event(0.5, 0.0, "a"),)


def test_a_place_that_is_stated_is_read(tmp_path):
    assert read_recording(own(tmp_path)).channels[0].place is None
    rec = read_recording(own(tmp_path, description(place=[1, 0], grid=GRID)))
    assert rec.channels[0].place == (1, 0)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        (description(version=2), {}),
        (description(fs="fast"), {}),
        (description(fs=None), {}),
        (description(channels=[]), {}),
        (description(channels=[{"name": "TA"}]), {}),
        (description(place=[0, 0]), {}),
        (description(place=[2, 0], grid=GRID), {}),
        (description(place=[0, 0.5], grid=GRID), {}),
        (description(place=3, grid=GRID), {}),
        (description(grid={"rows": 1}), {}),
        (description(text=[]), {}),
        (description(auxiliary=[{"name": "a", "unit": "N", "fs": 1, "kind": "X", "onset_s": 0}]),
         {}),
        (description()[:-1], {}),
        ('{"format": "emgproc-recording"}', {}),
        ('{"format": "emgproc-recording", "version": 1' + "[" * 100_000, {}),
        (None, {"Data": np.zeros((8, 1))}),
        (None, {"Data": "x"}),
        (None, {"Events": np.array([[0.5, 0, 1]])}),
        (None, {"Events": np.array([[0.5, 0, 9, 0]])}),
        (None, {"Events": np.array([[0.5, 0, np.nan, 0]])}),
        (None, {"Segments": np.array([[0.0, 9]])}),
        (None, {"Segments": np.array([[0.0, -9, 0]])}),
        (None, {"Segments": np.array([[0.0, 4, 0], [5, 9, 1]])}),
        (None, {"Segments": np.array([[0.0, np.inf, 0]])}),
        (None, {"Segments": np.zeros((0, 3))}),
    ],
)  # fmt: skip
def test_a_description_that_is_damaged_is_refused(tmp_path, text, change):
    with pytest.raises((FormatError, ParameterError), match=r"a\.mat|fs must be"):
        read_recording(own(tmp_path, text, **change))
