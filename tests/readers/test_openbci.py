import json

import numpy as np
import pandas as pd
import pytest
from fuzzing import survives
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from openbci_bytes import v4_text, v5_text
from reading import assert_windows, bounded, put

from emgproc.errors import FormatError, TruncatedFileError, UnknownRateError
from emgproc.readers import open_recording, read_recording
from emgproc.recording import Event, Segment

ROWS = [[f"{i}.25", f"-{i}.5", "0.00", "7.0"] for i in range(6)]
CELL = st.integers(-99999, 99999).map(lambda n: f"{n / 100:.2f}")


def table(width):
    return st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=2, max_size=30)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    exg=st.sampled_from([4, 8, 16]).flatmap(table),
    version=st.sampled_from([v4_text, v5_text]),
    fs=st.sampled_from([200, 250, 125]),
)
def test_a_recording_reads_back_as_it_was_written(tmp_path, exg, version, fs):
    path = put(tmp_path, "x.txt", version(exg, fs))
    rec = read_recording(path)
    assert_array_equal(rec.data, np.array(exg, float).T)
    assert [c.name for c in rec.channels] == [f"EXG Channel {i}" for i in range(len(exg[0]))]
    assert (rec.fs, rec.provenance.warnings, rec.events) == (fs, (), ())
    axes = [a for a in rec.auxiliary if a.kind == "ACC"]
    assert [a.unit for a in axes] == ["g"] * 3
    assert [a.data[0] for a in axes] == [0.01, -0.02, 0.98]
    assert_windows(path, [(0, 1), (1, len(exg))])


def test_columns_of_version_5_are_told_apart_by_their_names(tmp_path):
    rec = read_recording(put(tmp_path, "x.csv", v5_text(ROWS)))
    others = [(a.name, a.kind) for a in rec.auxiliary if a.kind != "ACC"]
    assert others == [("Digital Channel 0 (D11)", "TRIG"), ("Analog Channel 0", "MISC")]


def test_a_marker_is_an_event_where_it_begins(tmp_path):
    rec = read_recording(put(tmp_path, "x.txt", v5_text(ROWS, markers=[0, 2, 2, 0, 3, 5])))
    assert rec.events == (
        Event(1 / 250, 0.0, "marker/2"), Event(4 / 250, 0.0, "marker/3"),
        Event(5 / 250, 0.0, "marker/5"),
    )  # fmt: skip


def test_the_index_begins_again_without_a_gap(tmp_path):
    rows = [["1.0", "2.0", "3.0", "4.0"]] * 500
    rec = read_recording(put(tmp_path, "x.txt", v4_text(rows)))
    assert rec.segments == (Segment(0, 500, 0.0),)


@pytest.mark.parametrize("midnight", [False, True])
@pytest.mark.parametrize("version", [v4_text, v5_text])
def test_a_gap_lasts_as_long_as_the_time_stamps_say(tmp_path, version, midnight):
    n, fs, lost = 300, 200, 1000
    index = [i % 201 for i in range(100)] + [(i + lost) % 201 for i in range(100, n)]
    begin = (86397.0 if midnight else 1000.0) if version is v4_text else 1.6e9
    stamps = [begin + i / fs for i in range(100)] + [
        begin + (i + lost) / fs for i in range(100, n)
    ]
    rows = [["1.0", "2.0", "3.0", "4.0"]] * n
    marked = {} if version is v4_text else {"markers": [0] * 150 + [4] + [0] * 149}
    path = put(tmp_path, "x.txt", version(rows, fs, index=index, stamps=stamps, **marked))
    rec = read_recording(path)
    assert [(s.start, s.stop) for s in rec.segments] == [(0, 100), (100, 300)]
    assert rec.segments[1].onset_s == pytest.approx(1100 / fs, abs=1e-3)
    gap = rec.events[0]
    assert (gap.label, gap.onset_s) == ("bad_gap", 0.5)
    assert gap.duration_s == pytest.approx(lost / fs, abs=1e-3)
    if marked:
        assert rec.events[1].onset_s == pytest.approx(1150 / fs, abs=1e-3)
    assert "1 gap(s) of 5 s" in rec.provenance.warnings[0]
    assert_windows(path, [(50, 150), (100, 101), (0, 100)])


def test_without_time_stamps_a_gap_is_as_short_as_the_index_allows(tmp_path):
    text = v4_text([["1.0"] * 4] * 400, index=[*range(50), *(i % 201 for i in range(60, 410))])
    rows = [line.rsplit(",", 1)[0] if line[:1].isdigit() else line for line in text.split("\n")]
    rec = read_recording(put(tmp_path, "x.txt", "\n".join(rows)))
    assert rec.segments == (Segment(0, 50, 0.0), Segment(50, 400, 60 / 200))
    assert "no time stamps" in rec.provenance.warnings[0]


def test_an_index_that_does_not_count_is_told(tmp_path):
    rec = read_recording(put(tmp_path, "x.txt", v4_text(ROWS, index=[0, 0, 2, 2, 4, 4])))
    assert len(rec.segments) == 1
    assert "does not count samples" in rec.provenance.warnings[0]


def test_a_loss_that_the_index_does_not_show_is_told(tmp_path):
    stamps = [10.0, 10.005, 10.01, 30.0, 30.005, 30.01]
    rec = read_recording(put(tmp_path, "x.txt", v4_text(ROWS, stamps=stamps)))
    assert "samples were lost that the index does not show" in rec.provenance.warnings[0]


GOOD4, GOOD5 = v4_text(ROWS), v5_text(ROWS)


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (v4_text(ROWS, header=False), UnknownRateError, "state fs="),
        (GOOD4.replace("200.0", "0"), UnknownRateError, "state fs="),
        (v5_text(ROWS, stated=8), FormatError, "8 channels are stated, 4 columns"),
        (v4_text([["1.0"] * 5] * 3), FormatError, "10 columns"),
        (v4_text(ROWS, stated=True).replace("= 4", "= 8"), FormatError, "8 channels"),
        (GOOD5.replace("EXG Channel", "XYZ Channel"), FormatError, "0 columns are EXG"),
        (GOOD4.replace("2.25", "x"), FormatError, "line 9: 'x'"),
        (GOOD4.replace("2.25", "nan"), FormatError, "empty"),
        (GOOD4.replace("2.25", "1e999"), FormatError, "infinite"),
        (GOOD4.replace("2, 2.25", "2.25"), FormatError, "line 9: .*no number"),
        (GOOD4[:60], TruncatedFileError, "within its header"),
        (GOOD5[: GOOD5.index("\n0.0") + 1], TruncatedFileError, "no row"),
        ("%OpenBCI Raw EEG Data\n" + "%\n" * 99 + GOOD4, TruncatedFileError, "no end"),
    ],
)
def test_a_broken_recording_is_refused_with_its_reason(tmp_path, content, error, says):
    path = put(tmp_path, "x.txt", content)
    options = {"fs": 200} if error is TruncatedFileError else {}
    with bounded(path, 0), pytest.raises(error, match=says):
        open_recording(path, **options)


@pytest.mark.parametrize("stamp", ["soon", "", "99:99", "1e300"])
def test_a_stamp_that_is_needed_and_none_is_refused(tmp_path, stamp):
    text = v5_text(ROWS * 10, index=[*range(40), *range(90, 110)])
    lines = text.split("\n")
    cells = lines[45].split(", ")
    cells[-3] = stamp
    lines[45] = ", ".join(cells)
    with pytest.raises(FormatError, match=r"line 46: .* no time stamp"):
        open_recording(put(tmp_path, "x.txt", "\n".join(lines)))


def test_a_gap_of_more_than_a_day_is_refused(tmp_path):
    stamps = [1e9 + i for i in range(40)] + [2e9 + i for i in range(20)]
    text = v5_text(ROWS * 10, index=[*range(40), *range(90, 110)], stamps=stamps)
    with pytest.raises(FormatError, match="row 40 comes 1e"):
        open_recording(put(tmp_path, "x.txt", text))


@pytest.mark.parametrize(("name", "gap"), [("S02_S1REST", None), ("S03_S1R0", (1870, 29.204))])
def test_real_recordings_equal_pandas_and_their_statistics(real_data, name, gap):
    path = real_data / f"openbci-ganglion/OpenBCI-RAW-{name}.txt"
    rec = read_recording(path)
    theirs = pd.read_csv(path, comment="%", header=None, skipinitialspace=True)
    assert_array_equal(rec.data, theirs.iloc[:, 1:5].to_numpy().T)
    assert_array_equal([a.data for a in rec.auxiliary], theirs.iloc[:, 5:8].to_numpy().T)
    told = json.loads((real_data / "reference_stats.json").read_text())
    for row, stats in zip(
        rec.data, told[f"openbci-ganglion/{path.name}"]["channels"][1:], strict=True
    ):
        for key in ("min", "max", "mean", "std"):
            assert_allclose(getattr(np, key)(row), stats[key], rtol=1e-9)
    if gap:
        first, second = rec.segments
        assert second.start == gap[0]
        assert second.onset_s - first.stop / rec.fs == pytest.approx(gap[1], abs=0.01)
    else:
        assert len(rec.segments) == 1


@pytest.mark.slow
@pytest.mark.parametrize("version", [v4_text, v5_text])
def test_no_mutation_of_a_recording_does_more_than_a_typed_error(tmp_path, version):
    content = version(ROWS * 6, index=[*range(20), *range(50, 66)]).encode()
    assert survives(content, tmp_path / "x.txt", 20_000) > 1000
