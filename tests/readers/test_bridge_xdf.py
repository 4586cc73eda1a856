"""XDF through pyxdf, against pyxdf used directly, and files that lie."""

import sys
import tracemalloc

import bridge_bytes as made
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import (
    FormatError,
    MissingExtraError,
    TruncatedFileError,
    UnknownUnitError,
)
from emgproc.readers import open_recording, read_recording, sniff

pyxdf = pytest.importorskip("pyxdf")
CHANNELS = [("TA", "uV", "EMG"), ("GM", "mV", "EMG")]
AMP = made.xdf_header(1, "amp", "EMG", 2, 1000, "int16", CHANNELS)
MARKS = made.xdf_header(2, "marks", "Markers", 1, 0, "string")


def samples(n=1000, first=100.0, fs=1000.0, key=1, seed=5):
    data = np.random.default_rng(seed).integers(-3000, 3000, (2, n)).astype(np.int16)
    return data, made.xdf_samples(key, data.T, [first + i / fs for i in range(n)])


@pytest.fixture
def written(tmp_path):
    def write(content, name="a.xdf"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    n=st.integers(2, 300), dtype=st.sampled_from([("int16", "<i2"), ("float32", "<f4"),
    ("double64", "<f8"), ("int32", "<i4")]), seed=st.integers(0, 99), cut=st.data(),
)  # fmt: skip
def test_values_of_any_type_come_back_in_any_window(written, n, dtype, seed, cut):
    data = np.random.default_rng(seed).integers(-3000, 3000, (2, n)).astype(dtype[1])
    head = made.xdf_header(7, "amp", "EMG", 2, 500, dtype[0], CHANNELS)
    body = made.xdf_samples(7, data.T, [3 + i / 500 for i in range(n)], dtype[1])
    start = cut.draw(st.integers(0, n))
    stop = cut.draw(st.integers(start, n))
    with open_recording(written(made.xdf(head, body))) as opened:
        whole, part = opened.read(), opened.read(start, stop)
    assert (whole.fs, whole.n_samples) == (500.0, n)
    assert_array_equal(whole.data, data * [[1.0], [1000.0]])
    assert_array_equal(part.data, whole.data[:, start:stop])
    assert [c.name for c in whole.channels] == ["TA", "GM"]


def test_markers_lie_on_the_samples_of_the_leading_stream(written):
    # The amplifier counts 1000 samples in 1.0005 s of LSL time.
    _, chunk = samples(2000, fs=1000 / 1.0005)
    marks = made.xdf_samples(2, [["state/3"], ["cry"]], [100.50025, 101.90], "string")
    found = read_recording(written(made.xdf(AMP, MARKS, chunk, marks)))
    assert [e.label for e in found.events] == ["state/3", "cry"]
    assert_allclose([e.onset_s for e in found.events], [0.5, 1.9 / 1.0005], atol=1e-6)
    assert found.fs == 1000
    assert "ROE" not in repr(found.provenance)


def test_a_break_of_the_stream_is_a_gap(written):
    data, chunk = samples(1000)
    more, later = samples(1000, first=104.0, seed=6)
    found = read_recording(written(made.xdf(AMP, chunk, later)))
    assert [(s.start, s.stop) for s in found.segments] == [(0, 1000), (1000, 2000)]
    assert_allclose([s.onset_s for s in found.segments], [0, 4], atol=1e-6)
    assert_array_equal(found.data[0], np.concatenate([data[0], more[0]]))


def test_a_rate_that_the_stamps_contradict_is_told(written):
    _, chunk = samples(2000, fs=950)
    found = read_recording(written(made.xdf(AMP, chunk)))
    assert found.fs == pytest.approx(950, rel=1e-6)
    assert "1000 Hz is stated, the time stamps mean 950 Hz" in found.provenance.warnings[0]


def test_streams_of_other_rates_and_kinds_are_auxiliary(written):
    _, chunk = samples()
    force = made.xdf_header(3, "plate", "Force", 1, 100, "float32", [("Fz", "N", "Force")])
    more = made.xdf_samples(
        3, [[float(i)] for i in range(100)], [100.25 + i / 100 for i in range(100)], "<f4"
    )
    gaze = made.xdf_header(4, "eyes", "Gaze", 2, 60, "float32")
    seen = made.xdf_samples(4, np.ones((30, 2)), [100 + i / 60 for i in range(30)], "<f4")
    codes = made.xdf_header(5, "codes", "Markers", 1, 0, "int32")
    code = made.xdf_samples(5, [[65]], [100.1], "<i4")
    odd = made.xdf_header(6, "odd", "Misc", 2, 0, "int32")
    left_out = made.xdf_samples(6, [[65, 1]], [100.1], "<i4")
    found = read_recording(
        written(made.xdf(AMP, force, gaze, codes, odd, chunk, more, seen, code, left_out))
    )
    held = [(a.name, a.kind, a.unit, a.fs) for a in found.auxiliary]
    assert held == [
        ("Fz", "FORCE", "N", 100), ("eyes 1", "MISC", "", 60), ("eyes 2", "MISC", "", 60)
    ]  # fmt: skip
    assert found.auxiliary[0].onset_s == pytest.approx(0.25, abs=1e-6)
    assert [(e.label, round(e.onset_s, 6)) for e in found.events] == [("codes/65", 0.1)]
    assert "stream odd: it has no rate and is left out" in found.provenance.warnings


def test_a_stream_of_electrodes_without_a_unit_needs_one(written):
    data, chunk = samples()
    head = made.xdf_header(1, "amp", "EEG", 2, 1000, "int16")
    path = written(made.xdf(head, chunk))
    with pytest.raises(UnknownUnitError, match="amp 1"):
        open_recording(path)
    found = read_recording(path, unit="mV", kinds={"amp 1": "EMG"})
    assert [c.kind for c in found.channels] == ["EMG", "EEG"]
    assert_array_equal(found.data, data * 1000.0)


def test_the_end_of_a_file_that_was_cut_is_left_out_with_a_warning(written):
    _, one = samples(500)
    _, two = samples(500, first=100.5)
    whole = made.xdf(AMP, one, two)
    for cut in (10, len(two) // 2, len(two) - 1):
        found = read_recording(written(whole[:-cut]))
        assert found.n_samples == 500
        assert "a chunk is cut off or damaged at byte" in found.provenance.warnings[0]


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (b"XDF:", TruncatedFileError, "no samples"),
        (made.xdf(AMP), TruncatedFileError, "no samples"),
        (made.xdf(AMP, b"\3\3\3\3"), TruncatedFileError, "cut off or damaged"),
        (made.xdf(samples()[1]), TruncatedFileError, "belongs to no stream"),
        (made.xdf(AMP, AMP, samples()[1]), FormatError, "described twice"),
        (
            made.xdf(made.xdf_header(1, "a", "EMG", -2, 1000, "int16"), samples()[1]),
            FormatError, "'-2' channels",
        ),
        (
            made.xdf(made.xdf_header(1, "a", "EMG", 2, "nan", "int16"), samples()[1]),
            FormatError, "at 'nan' Hz",
        ),
        (
            made.xdf(made.xdf_header(1, "a", "EMG", 2, 1000, "int12"), samples()[1]),
            FormatError, "'int12'",
        ),
        (
            made.xdf(made.chunk(2, b"\1\0\0\0<!DOCTYPE x [<!ENTITY y 'z'>]><info/>")),
            FormatError, "no plain XML",
        ),
        (made.xdf(made.chunk(2, b"\1\0\0\0<info>")), FormatError, "no plain XML"),
        (
            made.xdf(MARKS, made.xdf_samples(2, [["a"]], [1.0], "string")),
            FormatError, "has a rate",
        ),
        (
            made.xdf(AMP, made.xdf_samples(1, [[1, 2]] * 9, [np.nan] * 9)),
            FormatError, "not finite",
        ),
    ],
)  # fmt: skip
def test_a_file_that_lies_is_refused_with_the_reason(written, content, error, says):
    path = written(content)
    tracemalloc.start()
    try:
        with pytest.raises(error, match=says):
            read_recording(path)
        assert tracemalloc.get_traced_memory()[1] < 64e6
    finally:
        tracemalloc.stop()


def test_without_pyxdf_the_error_says_what_to_install(written, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyxdf", None)
    with pytest.raises(MissingExtraError, match=r"pip install emgproc\[xdf\]"):
        open_recording(written(made.xdf(AMP, samples()[1])))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "stream", "n", "labels"),
    [("minimal", "SendDataC", 9, 9), ("clock_resets", "BioSemi", 27815, 175)],
)
def test_real_files_equal_pyxdf(real_data, name, stream, n, labels):
    path = real_data / f"xdf/{name}.xdf"
    found = read_recording(path, unit="uV")
    streams, _ = pyxdf.load_xdf(path)
    wanted = next(s for s in streams if s["info"]["name"] == [stream])
    assert (sniff(path), found.n_samples, len(found.events)) == ("xdf", n, labels)
    assert_array_equal(found.data, np.asarray(wanted["time_series"], dtype=float).T)
    stamps = wanted["time_stamps"]
    for segment, (a, b) in zip(found.segments, wanted["info"]["segments"], strict=True):
        assert (segment.start, segment.stop) == (a, b + 1)
        assert segment.onset_s == pytest.approx(stamps[a] - stamps[0], abs=1e-9)
