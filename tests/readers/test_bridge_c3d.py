"""C3D against ezc3d, and files that lie."""

import struct

import bridge_bytes as made
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from emgproc import Event, Segment
from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers import open_recording, read_recording, sniff
from emgproc.readers.c3d import open_c3d
from emgproc.readers.file import ReadOptions

COUNTS = np.random.default_rng(5).integers(-3000, 3000, (2, 200)).astype(np.int16)
NAMED = {"labels": ["TA", "GM"], "units": ["V", "mV"]}
MICROVOLTS = np.array([[1e6], [1e3]])


@pytest.fixture
def written(tmp_path):
    def write(content, name="a.c3d"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    frames=st.integers(1, 40), ratio=st.integers(1, 9), points=st.integers(0, 5),
    processor=st.sampled_from([("<", False), (">", False), ("<", True)]), real=st.booleans(),
    seed=st.integers(0, 99), cut=st.data(),
)  # fmt: skip
def test_all_byte_orders_frames_and_windows_come_back(
    written, frames, ratio, points, processor, real, seed, cut
):
    n = frames * ratio
    data = np.random.default_rng(seed).integers(-32768, 32767, (2, n)).astype(np.int16)
    order, dec = processor
    scales, offsets = np.array([[0.5], [-0.25]]), np.array([[7], [-3]])
    content = made.c3d(
        data, **NAMED, order=order, dec=dec, real=real, points=points, ratio=ratio,
        ANALOG__SCALE=(4, scales.ravel()), ANALOG__OFFSET=(2, offsets.ravel()),
        ANALOG__GEN_SCALE=(4, [2.0]),
    )  # fmt: skip
    start = cut.draw(st.integers(0, n))
    stop = cut.draw(st.integers(start, n))
    with open_recording(written(content)) as opened:
        whole, part = opened.read(), opened.read(start, stop)
    assert (whole.fs, whole.n_samples) == (1000.0, n)
    assert_allclose(whole.data, (data - offsets) * scales * 2 * MICROVOLTS, rtol=1e-14)
    assert_array_equal(part.data, whole.data[:, start:stop])
    steps = [c.lsb_uv for c in whole.channels]
    assert steps == ([None, None] if real else [1e6, 500])


def test_values_are_those_of_ezc3d(written):
    ezc3d = pytest.importorskip("ezc3d")
    for options in ({"real": False}, {"real": True, "ratio": 10, "points": 3}):
        # Not below 0: of a negative offset ezc3d 1.7.2 loses the sign, which the manual allows.
        content = made.c3d(COUNTS, **NAMED, ANALOG__OFFSET=(2, [5, 60]), **options)
        path = written(content)
        wanted = ezc3d.c3d(str(path))["data"]["analogs"][0] * MICROVOLTS
        assert_allclose(read_recording(path).data, wanted, rtol=1e-12)


def test_a_file_that_ezc3d_writes_is_read(tmp_path):
    ezc3d = pytest.importorskip("ezc3d")
    file = ezc3d.c3d()
    data = np.random.default_rng(1).normal(size=(2, 200)).astype(np.float32)
    about = file["parameters"]
    about["POINT"]["RATE"]["value"] = [100]
    about["POINT"]["LABELS"]["value"] = ["marker"]
    file["data"]["points"] = np.ones((4, 1, 20))
    about["ANALOG"]["RATE"]["value"] = [1000]
    about["ANALOG"]["LABELS"]["value"] = ["EMG1", "Force"]
    about["ANALOG"]["UNITS"]["value"] = ["V", "N"]
    file["data"]["analogs"] = data[None].astype(float)
    file.write(str(tmp_path / "written.c3d"))
    found = read_recording(tmp_path / "written.c3d")
    assert_allclose(found.data[0], data[0].astype(float) * 1e6, rtol=1e-14)
    assert [(a.name, a.unit, a.kind) for a in found.auxiliary] == [("Force", "N", "FORCE")]
    assert_allclose(found.auxiliary[0].data, data[1], rtol=1e-14)


def test_events_count_from_frame_one_and_the_samples_from_the_first_that_was_kept(written):
    content = made.c3d(
        COUNTS, **NAMED, first=101, EVENT__USED=(2, [2]),
        EVENT__TIMES=(4, [[0.0, 0.15], [1.0, 2.0]]), EVENT__LABELS=["Foot Strike", "Foot Off   "],
        EVENT__CONTEXTS=["Left ", "Right"],
    )  # fmt: skip
    found = read_recording(written(content))
    assert found.segments == (Segment(0, 200, 0.1),)
    assert [e.label for e in found.events] == ["Left Foot Strike", "Right Foot Off"]
    assert_allclose([e.onset_s for e in found.events], [0.15, 62.0], rtol=1e-6)
    assert found.spans(Event(0.15, 0.01, "x")) == [(50, 60)]


def test_the_few_events_of_the_header_are_read_where_there_are_no_others(written):
    header = {
        298: struct.pack("<HH", 12345, 1), 304: struct.pack("<f", 0.5), 396: b"RHS ",
    }  # fmt: skip
    found = read_recording(written(made.c3d(COUNTS, **NAMED, header=header)))
    assert found.events == (Event(0.5, 0.0, "RHS"),)


def test_the_name_of_a_subject_is_nowhere(written):
    content = made.c3d(
        COUNTS, labels=["Roe:TA", "Roe:GM"], units=["V", "mV"], SUBJECTS__USED=(2, [1]),
        SUBJECTS__NAMES=["Roe"], SUBJECTS__LABEL_PREFIXES=["Roe:"],
    )  # fmt: skip
    found = read_recording(written(content))
    assert [c.name for c in found.channels] == ["TA", "GM"]
    assert "Roe" not in repr(found.provenance) + repr(found.events) + repr(found.channels)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"ANALOG__SCALE": None}, FormatError, "ANALOG:SCALE holds 0 numbers for 2"),
        ({"ANALOG__GEN_SCALE": None}, FormatError, "ANALOG:GEN_SCALE"),
        ({"ANALOG__OFFSET": (2, [0])}, FormatError, "ANALOG:OFFSET holds 1"),
        ({"ANALOG__SCALE": (4, [1.0, np.nan])}, FormatError, "not finite"),
        ({"ANALOG__UNITS": None}, UnknownUnitError, "no unit is stated for"),
        ({"ANALOG__UNITS": ["N   ", "N   "]}, UnknownUnitError, "units are"),
        (
            {"ANALOG__RATE": (4, [0.0]), "POINT__RATE": (4, [0.0]), "header": {20: bytes(4)}},
            UnknownRateError, "no sampling rate",
        ),
        ({"header": {4: b"\0\0"}}, UnknownUnitError, "no analogue channel"),
        ({"header": {4: b"\3\0", 18: b"\2\0"}}, FormatError, "3 analogue values"),
        ({"header": {8: b"\0\0"}}, TruncatedFileError, "frames are stated"),
        ({"header": {16: b"\xff\xff"}}, TruncatedFileError, "frames are stated"),
        ({"header": {16: b"\1\0"}}, FormatError, "data would begin at byte 0"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_say_what_is_needed_is_refused(written, options, error, says):
    content = made.c3d(COUNTS, **NAMED, **options)
    with pytest.raises(error, match=says):
        read_recording(written(content))


def test_of_two_rates_the_caller_states_the_right_one(written):
    path = written(made.c3d(COUNTS, **NAMED, ANALOG__RATE=(4, [2000.0])))
    assert read_recording(path, fs=1000).fs == 1000
    assert read_recording(path, fs=2000).fs == 2000


@pytest.mark.parametrize(
    ("at", "raw", "error"),
    [
        (515, b"\x57", UnsupportedFormatError),
        (515, b"\0", UnsupportedFormatError),
        (0, b"\x3f", TruncatedFileError),
        (516, b"\x7f", TruncatedFileError),
    ],
)
def test_broken_parameters_are_told(written, at, raw, error):
    content = bytearray(made.c3d(COUNTS, **NAMED))
    content[at : at + len(raw)] = raw
    path = written(bytes(content))
    with pytest.raises(error):
        open_c3d(path, ReadOptions())


def test_an_infinite_sample_is_refused(written):
    data = COUNTS.astype(float)
    data[1, 77] = np.inf
    with pytest.raises(FormatError, match="infinite"):
        read_recording(written(made.c3d(data, **NAMED)))


@pytest.mark.parametrize("name", ["1123x01EMG.c3d", "Gait.c3d", "markers_analogs.c3d"])
def test_real_trials_equal_ezc3d_and_the_reference(real_data, name):
    import json

    ezc3d = pytest.importorskip("ezc3d")
    path = real_data / "c3d" / name
    file, found = ezc3d.c3d(str(path)), read_recording(path)
    about, analogs = file["parameters"]["ANALOG"], file["data"]["analogs"][0]
    labels, units = about["LABELS"]["value"], about["UNITS"]["value"]
    stats = json.loads((real_data / "reference_stats.json").read_text())[f"c3d/{name}"]
    assert (found.n_samples, found.fs) == (stats["n_samples"], stats["fs_hz"])
    assert len(found.channels) + len(found.auxiliary) == stats["n_channels"]
    factors = {"V": 1e6, "mV": 1e3}
    for channel, row in zip(found.channels, found.data, strict=True):
        k = labels.index(channel.name)
        assert_allclose(row, analogs[k] * factors[units[k]], rtol=1e-13)
        assert_allclose(row.std(), stats["channels"][k]["std"] * factors[units[k]], rtol=1e-9)
    for one in found.auxiliary:
        assert_allclose(one.data, analogs[labels.index(one.name)], rtol=1e-13)
    assert "Daphnee" not in repr(found.provenance) + repr(found.channels) + repr(found.events)
    assert sniff(path) == "c3d"
    with open_recording(path) as opened:
        part = opened.read(1003, 2001)
    assert_array_equal(part.data, found.data[:, 1003:2001])
