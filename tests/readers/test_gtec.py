"""g.tec g.Recorder files: names, rate and marks of the file, the unit of the caller."""

import h5py
import numpy as np
import pytest
from fuzzing import survives
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
)
from emgproc.readers import open_recording, read_recording, sniff
from emgproc.recording import Event

X = np.arange(40.0, dtype="f4").reshape(20, 2)


def task(names, fs="512", extra=""):
    channels = "".join(
        f"<ChannelProperties><ChannelName>{name}</ChannelName><SampleRate>{fs}</SampleRate>"
        f"</ChannelProperties>"
        for name in names
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<AcquisitionTaskDescription xmlns="http://www.gtec.at">'
        f"<NumberOfAcquiredChannels>{len(names)}</NumberOfAcquiredChannels>"
        f"<SamplingFrequency>{fs}</SamplingFrequency>{extra}"
        f"<ChannelProperties>{channels}</ChannelProperties></AcquisitionTaskDescription>"
    )


TYPES = (
    "<Types><AsynchronSignalDescription><Name>cry</Name><ID>5</ID>"
    "</AsynchronSignalDescription></Types>"
)


def gtec(path, samples=X, xml=None, marks=()):
    """Layout of g.Recorder: (n_samples, n_channels) float32 and texts of XML."""
    with h5py.File(path, "w") as file:
        file.create_dataset("RawData/Samples", data=samples, chunks=True)
        told = xml or task([f"ch{i}" for i in range(samples.shape[1])])
        file.create_dataset("RawData/AcquisitionTaskDescription", data=[told])
        file.create_dataset("RawData/SubjectDescription", data=["<Name>Jane Roe</Name>"])
        if marks:
            times, types = np.array(marks).T
            file["AsynchronData/Time"] = times[:, None].astype("i8")
            file["AsynchronData/TypeID"] = types[:, None].astype("i4")
            file.create_dataset("AsynchronData/AsynchronSignalTypes", data=[TYPES])
    return path


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_recording_comes_back_with_names_rate_and_marks(tmp_path_factory, data):
    n, channels = data.draw(st.integers(1, 200)), data.draw(st.integers(1, 5))
    unit, factor = data.draw(st.sampled_from([("uV", 1.0), ("mV", 1e3), ("V", 1e6)]))
    x = np.random.default_rng(n).normal(size=(n, channels)).astype("f4")
    path = gtec(tmp_path_factory.mktemp("g") / "a.hdf5", x, marks=[(3, 5), (64, 9)])
    start, stop = sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))
    assert sniff(path) == "gtec"
    with open_recording(path, unit=unit) as opened:
        rec = opened.read()
        assert_array_equal(opened.read(start, stop).data, rec.data[:, start:stop])
    assert_array_equal(rec.data, x.T.astype(float) * factor)
    assert (rec.fs, [c.name for c in rec.channels]) == (512.0, [f"ch{i}" for i in range(channels)])
    assert rec.events == (Event(3 / 512, 0.0, "cry"), Event(0.125, 0.0, "type 9"))
    assert "Roe" not in repr(rec) + repr(rec.provenance)


def test_the_unit_must_be_stated(tmp_path):
    with pytest.raises(UnknownUnitError, match=r"\['ch0', 'ch1'\]; state it"):
        open_recording(gtec(tmp_path / "a.hdf5"))


@pytest.mark.parametrize(
    ("xml", "error", "words"),
    [
        (task(["a"]), FormatError, "1 channels described"),
        (task(["a", "b"], fs="0"), UnknownRateError, r"0\.0"),
        (task(["a", "b"], fs="x"), UnknownRateError, "state fs="),
        (task(["a", "b"], extra="<SamplingFrequency>9</SamplingFrequency>"), FormatError, "rates"),
        (task(["a", "b"])[:-5], FormatError, "unusable XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', FormatError, "unusable XML"),
        ("", FormatError, "unusable XML"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(tmp_path, xml, error, words):
    with pytest.raises(error, match=words):
        open_recording(gtec(tmp_path / "a.hdf5", xml=xml or " "), unit="uV")


def test_a_rate_that_the_file_lacks_may_be_stated(tmp_path):
    path = gtec(tmp_path / "a.hdf5", xml=task(["a", "b"], fs=""))
    assert read_recording(path, unit="uV", fs=256.0).fs == 256.0


def claims(file):
    del file["RawData/Samples"]
    file.create_dataset("RawData/Samples", (1 << 40, 2), "f4", chunks=(512, 2))


def linked(file):
    del file["RawData/Samples"]
    file["RawData/Samples"] = h5py.ExternalLink("a.hdf5", "/RawData/AcquisitionTaskDescription")


def no_texts(file):
    """Values of variable length that are no texts: h5py itself may crash on damaged ones."""
    del file["RawData/AcquisitionTaskDescription"]
    made = file.create_dataset(
        "RawData/AcquisitionTaskDescription", (1,), h5py.vlen_dtype(np.uint8)
    )
    made[0] = np.frombuffer(task(["a", "b"]).encode(), np.uint8)


@pytest.mark.parametrize(
    ("edit", "error", "words"),
    [
        (no_texts, FormatError, "is no text"),
        (claims, TruncatedFileError, "declares"),
        (linked, FormatError, "elsewhere"),
        (lambda f: f["AsynchronData"].__delitem__("Time"), FormatError, "Time"),
        (lambda f: f["AsynchronData"].__delitem__("AsynchronSignalTypes"), FormatError, "Types"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, edit, error, words):
    path = gtec(tmp_path / "a.hdf5", marks=[(3, 5)])
    with h5py.File(path, "r+") as file:
        edit(file)
    with pytest.raises(error, match=words):
        open_recording(path, unit="uV")


def test_marks_and_types_that_differ_in_number_are_refused(tmp_path):
    path = gtec(tmp_path / "a.hdf5", marks=[(3, 5), (4, 5)])
    with h5py.File(path, "r+") as file:
        del file["AsynchronData/Time"]
        file["AsynchronData/Time"] = np.array([[1]])
    with pytest.raises(FormatError, match="do not fit"):
        open_recording(path, unit="uV")


@pytest.mark.slow
def test_mutated_files_are_refused_or_read(tmp_path):
    path = gtec(tmp_path / "a.hdf5", marks=[(3, 5)])
    assert survives(path.read_bytes(), path, 20_000, seed=5, options={"unit": "uV"}) > 0
