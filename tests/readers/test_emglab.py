import csv
import json

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
from emgproc.readers import emglab, open_recording, sniff
from emgproc.readers.emglab import read_discharges


def eaf_text(rows, fields=("time", "unit", "chan"), complex_=(), extra="", top="") -> str:
    """An .eaf by its layout; `rows` are lists of texts."""
    tags = "\n".join(
        f"<{f} complex='on'></{f}>" if f in complex_ else f"<{f}></{f}>" for f in fields
    )
    events = "\n".join(" ".join(row) for row in rows)
    return (
        f'<?xml version="1.0" encoding="ASCII"?>\n{top}'
        '<emglab_annotation_file xmlns="http://ece.wpi.edu/~ted">\n'
        "<emglab_version>0.01</emglab_version>\n"
        f"<emglab_spike_header>\n{tags}\n</emglab_spike_header>\n"
        "<!-- time unit -->\n"
        f"<emglab_spike_events>\n{events}\n</emglab_spike_events>\n{extra}"
        "<emglab_freeform><template>1 2</template></emglab_freeform>\n</emglab_annotation_file>\n"
    )


DISCHARGE = st.tuples(st.integers(0, 999_999), st.integers(0, 30), st.integers(1, 4))
ROWS = [["0.5", "1", "1"], ["0.25", "2", "1"], ["0.75", "1", "2"]]
GOOD = eaf_text(ROWS)
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>\n'


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    discharges=st.lists(DISCHARGE, min_size=1, max_size=40),
    fields=st.permutations(["time", "unit", "chan", "errtpl", "super"]),
)
def test_discharges_read_back_as_they_were_written(tmp_path, discharges, fields):
    cells = [
        {
            "time": f"{t / 1e5:.5f}",
            "unit": str(u),
            "chan": str(c),
            "errtpl": "0.1 0.2",
            "super": "9",
        }
        for t, u, c in discharges
    ]
    rows = [[cell[f] for f in fields] for cell in cells]
    found = read_discharges(put(tmp_path, "x.eaf", eaf_text(rows, fields, complex_=("errtpl",))))
    expected = sorted((float(c["time"]), int(c["unit"]), int(c["chan"])) for c in cells)
    assert (
        list(zip(found.time_s.tolist(), found.unit.tolist(), found.channel.tolist(), strict=True))
        == expected
    )
    trains = found.trains()
    assert sorted(trains) == sorted({u for _, u, _ in expected})
    assert sum(map(len, trains.values())) == len(expected)
    one = found.trains(channel=1)
    assert sorted(t for train in one.values() for t in train) == [
        t for t, _, c in expected if c == 1
    ]


@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(discharges=st.lists(DISCHARGE, min_size=1, max_size=40))
def test_two_columns_read_back_as_they_were_written(tmp_path, discharges):
    text = "".join(f"{t / 1e5:.5f} {u}\n" for t, u, _ in discharges)
    found = read_discharges(put(tmp_path, "x.ann", text))
    expected = sorted((float(f"{t / 1e5:.5f}"), u) for t, u, _ in discharges)
    assert list(zip(found.time_s.tolist(), found.unit.tolist(), strict=True)) == expected
    assert set(found.channel.tolist()) == {1}


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (GOOD.replace("</emglab_version>", ""), FormatError, "cannot be read"),
        (GOOD[:-30], FormatError, "cannot be read"),
        (eaf_text(ROWS, top=BOMB), FormatError, "DTDForbidden|cannot be read"),
        (eaf_text(ROWS, fields=("time", "chan", "numsub")), FormatError, "time and unit once"),
        (eaf_text(ROWS, fields=("time", "unit", "unit")), FormatError, "time and unit once"),
        (eaf_text(ROWS, fields=("time", "unit")), FormatError, "3 cells, 2 are described"),
        (GOOD.replace("0.25 2", "x 2"), FormatError, "discharge 2: 'x'"),
        (GOOD.replace("0.25 2", "nan 2"), FormatError, "below 0 or infinite"),
        (GOOD.replace("0.25 2", "-0.25 2"), FormatError, "below 0"),
        (GOOD.replace("0.25 2", "0.25 2.5"), FormatError, "no whole number"),
        (GOOD.replace("0.25 2", "0.25 -2"), FormatError, "no whole number"),
        (GOOD.replace("0.25 2", "0.25 1e300"), FormatError, "no whole number"),
        (GOOD.replace("spike_events", "spike_other"), FormatError, "0 elements"),
        (eaf_text(ROWS, extra="<emglab_spike_header/>"), FormatError, "2 elements"),
        (eaf_text([]), TruncatedFileError, "no discharge"),
        ("<!--<emglab_annotation_file-->\n<x/>", FormatError, "the XML is 'x'"),
        ("0.5 1\n", UnsupportedFormatError, "neither"),
        (eaf_text(ROWS, extra="<a/>" * 100_001), FormatError, "more than 100000 tags"),
        (eaf_text(ROWS, extra="<a>" * 90_000), FormatError, "cannot be read"),
        (eaf_text([["0"]] * 500_001), FormatError, "lines of discharges"),
    ],
)
def test_a_broken_annotation_is_refused_with_its_reason(tmp_path, content, error, says):
    path = put(tmp_path, "x.eaf", content)
    with bounded(path, 0), pytest.raises(error, match=says):
        read_discharges(path)


@pytest.mark.parametrize(
    ("content", "says"), [("0.5 1\n0.6\n", "1 cells"), ("0.5 1\n" * 900 + "x 1\n", "'x'")]
)
def test_a_broken_row_of_two_columns_is_named(tmp_path, content, says):
    with pytest.raises(FormatError, match=says):
        read_discharges(put(tmp_path, "x.ann", content))


def test_more_discharges_than_are_read_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(emglab, "MAX_DISCHARGES", 2)
    with pytest.raises(FormatError, match=r"discharge 3: .*at most 2 discharges"):
        read_discharges(put(tmp_path, "x.eaf", GOOD))


def test_a_file_beyond_16_mib_is_refused(tmp_path):
    path = put(tmp_path, "x.ann", "0.5 1\n")
    with path.open("r+b") as file:
        file.truncate((1 << 24) + 1)
    with pytest.raises(FormatError, match="larger than"):
        read_discharges(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(MissingFileError):
        read_discharges(tmp_path / "none.eaf")


def test_as_recordings_annotations_are_refused_with_what_to_do(tmp_path):
    for name, content, id_ in [("x.eaf", GOOD, "emglab_eaf"), ("x.ann", "0.5 1\n", "emglab_ann")]:
        path = put(tmp_path, name, content)
        assert sniff(path) == id_
        with pytest.raises(UnsupportedFormatError, match=r"emglab\.read_discharges"):
            open_recording(path)


def test_the_real_annotation_holds_its_stated_discharges(real_data):
    found = read_discharges(real_data / "emglab-r00108/R00108.eaf")
    told = json.loads((real_data / "reference_stats.json").read_text())["emglab-r00108/R00108.eaf"]
    assert found.time_s.size == told["discharges"]
    assert {str(u): len(t) for u, t in found.trains().items()} == told["per_unit"]
    assert found.time_s[-1] == told["t_last"]
    # Independently: the lines between the tags.
    text = (real_data / "emglab-r00108/R00108.eaf").read_text()
    lines = text.split("<emglab_spike_events>")[1].split("</emglab_spike_events>")[0]
    table = np.array([row for row in csv.reader(lines.split("\n"), delimiter=" ") if row], float)
    order = np.lexsort((table[:, 1], table[:, 0]))
    assert_array_equal(found.time_s, table[order, 0])
    assert_array_equal(found.unit, table[order, 1])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["eaf", "ann"])
def test_no_mutation_of_an_annotation_does_more_than_a_typed_error(tmp_path, kind):
    from fuzzing import mutations

    valid = GOOD if kind == "eaf" else "0.5 1\n0.75 2\n" * 9
    path, read = tmp_path / f"x.{kind}", 0
    for data in mutations(np.random.default_rng(0), valid.encode(), 20_000):
        path.write_bytes(data)
        try:
            found = read_discharges(path)
        except EmgprocError:
            continue
        read += 1
        assert (np.diff(found.time_s) >= 0).all()
    assert read > 1000
