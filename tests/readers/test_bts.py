import numpy as np
import pytest
from bts_bytes import Emt
from fuzzing import survives
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers import open_recording, read_recording, sniff

VALUES = np.array([[1e-4, -2.5e-5, 0.0, 3.0, 1e-9], [5.0, -6.0, 7e-3, 0.25, -0.125]])


def written(tmp_path, content, name="walk.emt"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize(("unit", "factor"), [("V", 1e6), ("mV", 1e3), ("µV", 1.0)])
def test_tracks_in_every_locale_and_unit(tmp_path, newline, encoding, decimal, unit, factor):
    export = Emt(VALUES, unit=unit, decimal=decimal)
    path = written(tmp_path, export.build(encoding, newline))
    assert sniff(path) == "bts_emt"
    recording = read_recording(path)
    assert_array_equal(recording.data, VALUES * factor)
    assert recording.fs == 1000
    assert [(c.name, c.kind) for c in recording.channels] == [
        ("Voltage:LDA~2", "EMG"),
        ("Right Tibialis anterior", "EMG"),
    ]
    assert recording.provenance.warnings == ()


def test_a_start_and_frames_that_do_not_begin_at_one_are_kept(tmp_path):
    recording = read_recording(written(tmp_path, Emt(VALUES, start_s=2.5, first=2501).build()))
    assert recording.segments[0].onset_s == 2.5
    assert recording.n_samples == 5


def test_a_table_without_a_tab_at_the_end_of_its_rows_is_read(tmp_path):
    assert_array_equal(
        read_recording(written(tmp_path, Emt(VALUES, trailing="").build())).data, VALUES * 1e6
    )


def test_repeated_names_get_a_suffix_and_kinds_can_be_stated(tmp_path):
    path = written(tmp_path, Emt(VALUES, names=("TA", "TA")).build())
    recording = read_recording(path, kinds={"TA_2": "ECG"})
    assert [(c.name, c.kind) for c in recording.channels] == [("TA", "EMG"), ("TA_2", "ECG")]


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_export_comes_back_to_the_last_bit(tmp_path, data):
    shape = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 30)))
    row = st.lists(st.floats(-1e9, 1e9), min_size=shape[1], max_size=shape[1])
    values = np.array([data.draw(row) for _ in range(shape[0])])
    fs = data.draw(st.sampled_from([500.0, 1000.0, 1926.0, 2000.0]))
    names = tuple(f"M{i}" for i in range(shape[0]))
    decimal = data.draw(st.sampled_from(".,"))
    path = written(tmp_path, Emt(values, names, "mV", fs, decimal=decimal).build())
    start, stop = sorted(data.draw(st.tuples(st.integers(0, shape[1]), st.integers(0, shape[1]))))
    with open_recording(path) as opened:
        whole = opened.read()
        assert_array_equal(opened.read(start, stop).data, whole.data[:, start:stop])
    assert_array_equal(whole.data, values * 1e3)
    assert whole.fs == fs


def test_a_missing_number_and_another_count_of_frames_are_warned_of(tmp_path):
    lines = Emt(VALUES, stated={"Frames": 900}).lines()
    cells = lines[13].split("\t")
    cells[3] = ""
    lines[13] = "\t".join(cells)
    recording = read_recording(written(tmp_path, "\n".join([*lines, ""]).encode()))
    assert np.isnan(recording.data[1, 2])
    assert recording.provenance.warnings == (
        "Right Tibialis anterior lacks 1 of 5 numbers (NaN)",
        "5 frames, the header states 900",
    )


def test_a_unit_or_rate_that_the_file_lacks_must_be_stated(tmp_path):
    path = written(tmp_path, Emt(VALUES, stated={"Measure unit": None}).build())
    with pytest.raises(UnknownUnitError, match="no unit is stated"):
        read_recording(path)
    assert_array_equal(read_recording(path, unit="mV").data, VALUES * 1e3)
    path = written(tmp_path, Emt(VALUES, stated={"Frequency": None}).build())
    with pytest.raises(UnknownRateError, match="states no rate"):
        read_recording(path)
    assert read_recording(path, fs=1000).fs == 1000


def line_of(index, new):
    def change(lines):
        return [*lines[:index], *([] if new is None else [new]), *lines[index + 1 :]]

    return change


HAZARDS = {
    "points": (Emt(VALUES, stated={"Type": "Point 3D tracks"}), None, UnsupportedFormatError,
               "of the type 'Point 3D tracks'"),
    "no type": (Emt(VALUES, stated={"Type": None}), None, UnsupportedFormatError, "type ''"),
    "millimetres": (Emt(VALUES, stated={"Measure unit": "mm"}), None, UnknownUnitError, "'mm'"),
    "a rate of words": (Emt(VALUES, stated={"Frequency": "fast"}), None, UnknownRateError, "fast"),
    "a rate of zero": (Emt(VALUES, stated={"Frequency": "0 Hz"}), None, UnknownRateError, "0 Hz"),
    "another rate": (Emt(np.tile(VALUES, 90), stated={"Frequency": "500 Hz"}), None, FormatError,
                     "by the stated 500 Hz"),
    "more tracks": (Emt(VALUES, stated={"Tracks": 3}), None, FormatError, "states 3 tracks"),
    "huge tracks": (Emt(VALUES, stated={"Tracks": 10**12}), None, FormatError, "tracks"),
    "no row of names": (Emt(VALUES), line_of(10, None), FormatError, "no row 'Frame', 'Time'"),
    "no tracks": (Emt(VALUES), line_of(10, " Frame\t  Time\t"), FormatError, "no row 'Frame'"),
    "no rows": (Emt(VALUES), lambda lines: lines[:11], TruncatedFileError, "no row of numbers"),
    "a frame lost": (Emt(VALUES), line_of(12, None), FormatError, "line 13: frame 3 follows 1"),
    "a short row": (Emt(VALUES), line_of(13, "3\t0.002"), FormatError, "line 14: 2 cell"),
    "a word": (Emt(VALUES), line_of(13, "3\t0.002\tx\t1"), FormatError, "line 14: 'x' is no"),
    "infinite": (Emt(VALUES), line_of(13, "3\t0.002\tinf\t1"), FormatError, "line 14: a number"),
    "no time": (Emt(VALUES), line_of(13, "3\t\t1\t1"), FormatError, "line 14: no time"),
    "no frame": (Emt(VALUES), line_of(15, "\t0.004\t1\t1"), FormatError, "4 frame numbers and 5"),
    "an empty line": (Emt(VALUES), line_of(13, ""), FormatError, "line 14: an empty line"),
}  # fmt: skip


@pytest.mark.parametrize("name", HAZARDS)
def test_a_hazard_is_a_typed_error(tmp_path, name):
    export, change, error, says = HAZARDS[name]
    lines = export.lines()
    lines = change(lines) if change else lines
    with pytest.raises(error, match=says):
        read_recording(written(tmp_path, "\n".join(lines).encode()))


@pytest.mark.slow
def test_mutated_exports_give_nothing_but_typed_errors_or_recordings(tmp_path):
    content = Emt(np.tile(VALUES, 4), unit="µV").build("cp1252")
    assert survives(content, tmp_path / "walk.emt", 20_000) > 100
