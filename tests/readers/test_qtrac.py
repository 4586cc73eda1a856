import csv
import json
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from reading import bounded, put

from emgproc.errors import (
    EmgprocError,
    FormatError,
    MissingFileError,
    TruncatedFileError,
    UnsupportedFormatError,
)
from emgproc.readers import open_recording, qtrac, sniff
from emgproc.readers.qtrac import CmapScan, read_cmap_scan


def mem_text(rows, points=(1, 2, 3, 4), site="Median Wr-APB", temperature="30.7") -> str:
    """A .MEM by its layout; `rows` are (stimulus, response) as texts."""
    head = [
        "File:              \tC:\\Qtrac\\Jane Roe\\X.QZD", "Name:              \tROE.1.1",
        "Protocol:          \tMSCAN-R2", "Date:              \t28/1/20",
        "Start time:        \t13:44:43", "Age:               \t43", "Sex:               \tM",
        f"Temperature:       \t{temperature}", f"S/R sites:         \t{site}",
        "NC/disease:        \tNC", "Operator:          \tJR", "Comments:",
        "M-SCAN DATA (7.1-2m)", f"Scanpts: {', '.join(map(str, points))}",
        "Stim. (mA)     \tAmp. (mV)",
    ]  # fmt: skip
    table = [f"MS.{i:<11d}\t{ma:<15}\t{mv}" for i, (ma, mv) in enumerate(rows, start=1)]
    tail = ["DERIVED EXCITABILITY VARIABLES", "17.     \t43     \tAge (years)", ""]
    return "\r\n".join([*head, *table, *tail])


ROWS = [("14", "6.7"), ("13.5", "6.6"), ("9.25", "-0.01"), ("5", "0.006")]
GOOD = mem_text(ROWS)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 99999), st.integers(-9999, 99999)), min_size=1, max_size=30
    ),
    data=st.data(),
)
def test_a_scan_reads_back_as_it_was_written(tmp_path, rows, data):
    first = data.draw(st.integers(1, len(rows)))
    last = data.draw(st.integers(first, len(rows)))
    texts = [(f"{ma / 1000:g}", f"{mv / 1000:g}") for ma, mv in rows]
    scan = read_cmap_scan(put(tmp_path, "x.MEM", mem_text(texts, (1, first, last, len(rows)))))
    assert_array_equal(scan.stimulus_ma, [float(ma) for ma, _ in texts])
    assert_array_equal(scan.response_mv, [float(mv) for _, mv in texts])
    assert scan.scan == (first - 1, last)
    assert (scan.site, scan.protocol, scan.temperature_c) == ("Median Wr-APB", "MSCAN-R2", 30.7)


def test_names_ages_and_folders_are_not_kept(tmp_path):
    scan = read_cmap_scan(put(tmp_path, "x.MEM", GOOD))
    assert isinstance(scan, CmapScan)
    assert not re.search("Roe|ROE|JR|43|/20", repr(scan))


def test_a_temperature_that_is_none_is_not_stated(tmp_path):
    assert (
        read_cmap_scan(put(tmp_path, "x.MEM", mem_text(ROWS, temperature=""))).temperature_c
        is None
    )


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (GOOD.replace("MS.3 ", "MS.4 "), FormatError, "line 18: .* is not row 3"),
        (GOOD.replace("9.25", "x"), FormatError, "line 18"),
        (GOOD.replace("9.25", "nan"), FormatError, "line 18"),
        (GOOD.replace("9.25", "-9.25"), FormatError, "line 18: -9.25 mA"),
        (GOOD.replace("9.25", "1e999"), FormatError, "line 18"),
        (mem_text(ROWS, (1, 0, 3, 4)), FormatError, "do not lie"),
        (mem_text(ROWS, (1, 3, 2, 4)), FormatError, "do not lie"),
        (mem_text(ROWS, (1, 2, 5, 5)), FormatError, "do not lie"),
        (mem_text(ROWS, (1, 2)), UnsupportedFormatError, "no QTRAC file with an M-SCAN"),
        (GOOD.replace("Scanpts", "x"), UnsupportedFormatError, "M-SCAN"),
        (GOOD[: GOOD.index("MS.1 ")], TruncatedFileError, "after 0 responses"),
        (GOOD[:200], UnsupportedFormatError, "M-SCAN"),
        ("\0\1" + GOOD, UnsupportedFormatError, "no text"),
        ("x" * 300_000, FormatError, "characters in a line"),
    ],
)  # fmt: skip
def test_a_broken_scan_is_refused_with_its_reason(tmp_path, content, error, says):
    path = put(tmp_path, "x.MEM", content)
    with bounded(path, 0), pytest.raises(error, match=says):
        read_cmap_scan(path)


def test_more_rows_than_are_read_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(qtrac, "MAX_POINTS", 3)
    with pytest.raises(FormatError, match="is not row 4"):
        read_cmap_scan(put(tmp_path, "x.MEM", GOOD))


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(MissingFileError):
        read_cmap_scan(tmp_path / "none.MEM")


def test_as_a_recording_a_scan_and_a_list_are_refused_with_what_to_do(tmp_path):
    for name, content in [("x.MEM", GOOD), ("x.MEF", "MSCC00128B_OM2\r\n")]:
        with pytest.raises(UnsupportedFormatError, match=r"qtrac\.read_cmap_scan"):
            open_recording(put(tmp_path, name, content))


D50 = {
    "MSCC00128A": 40, "MSCC00201C": 52, "MSCC00205B": 39, "MSCC00215A": 34, "MSCC00218E": 38,
    "MSCC00226C": 41, "MSCC00304A": 31, "MSCC00309C": 85, "MSCC00925B": 40, "MSCC00930A": 33,
    "MSCC01003C": 61,
}  # fmt: skip


@pytest.mark.parametrize("name", D50)
def test_real_scans_have_their_stated_points_and_d50(real_data, name):
    path = real_data / f"qtrac-cmapscan/{name}_OM2.MEM"
    assert sniff(path) == "qtrac"
    scan = read_cmap_scan(path)
    # Twice read: the rows by a split of the lines that begin with MS.
    lines = [x.split() for x in path.read_text("latin-1").splitlines() if x.startswith("MS.")]
    assert_array_equal(np.stack([scan.stimulus_ma, scan.response_mv], 1),
                       [[float(a), float(b)] for _, a, b in lines])  # fmt: skip
    told = json.loads((real_data / "reference_stats.json").read_text())[
        f"qtrac-cmapscan/{path.name}"
    ]
    assert scan.stimulus_ma.size == told["points"]
    assert [scan.stimulus_ma.min(), scan.stimulus_ma.max()] == told["stim_mA"]
    assert [scan.response_mv.min(), scan.response_mv.max()] == told["cmap_mV"]
    # Differences that make up half of the largest response: the authors' own D50.
    responses = np.sort(scan.response_mv[slice(*scan.scan)])
    largest = np.sort(np.diff(responses))[::-1]
    d50 = 1 + int(np.searchsorted(np.cumsum(largest), responses[-1] / 2))
    assert abs(d50 - D50[name]) <= 1
    with (real_data / "qtrac-cmapscan/batch_results_stepix.csv").open() as file:
        theirs = {row["Filename"]: int(row["D50"]) for row in csv.DictReader(file)}
    assert theirs[told["header"]["Name"]] == D50[name]


@pytest.mark.slow
def test_no_mutation_of_a_scan_does_more_than_a_typed_error(tmp_path):
    from fuzzing import mutations

    path, valid, read = tmp_path / "x.MEM", mem_text(ROWS * 9, (1, 2, 30, 36)).encode(), 0
    for data in mutations(np.random.default_rng(0), valid, 20_000):
        path.write_bytes(data)
        try:
            scan = read_cmap_scan(path)
        except EmgprocError:
            continue
        read += 1
        assert np.isfinite([scan.stimulus_ma, scan.response_mv]).all()
    assert read > 1000
