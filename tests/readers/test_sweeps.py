import json

import numpy as np
import pytest
from fuzzing import survives
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from reading import assert_windows, bounded, put
from sweeps_bytes import sweeps_text

from emgproc.errors import (
    FormatError,
    UnknownRateError,
    UnknownUnitError,
)
from emgproc.readers import open_recording, read_recording, sniff

CELL = st.integers(-99999, 99999).map(lambda n: f"{n / 1000:.3f}")
TIMES = [0.0, 0.5, 1.0, 1.5]
SWEEPS = [["0.1", "0.2", "0.3", "0.4"], ["1.1", "1.2", "1.3", "1.4"]]
GOOD = sweeps_text([1.5, 2.0], TIMES, SWEEPS)
LONG = sweeps_text([1.5, 2.0], [i / 2 for i in range(20)], [["0.5"] * 20] * 2)
STATED = {"fs": 2000, "unit": "mV"}


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sweeps=st.lists(st.lists(CELL, min_size=4, max_size=4), min_size=2, max_size=8),
    short=st.integers(0, 3),
    stimuli=st.lists(st.integers(0, 999).map(lambda n: n / 10), min_size=8, max_size=8),
    start=st.sampled_from([0, -2, 3]),
    per_s=st.sampled_from([1.0, 1e3, 1e6]),
    marks=st.sampled_from([(",", "."), (";", ","), ("\t", "."), ("\t", ",")]),
    corner=st.sampled_from(["0", "", "0.000e+00"]),
    tail=st.booleans(),
)
def test_a_table_reads_back_as_it_was_written(
    tmp_path, sweeps, short, stimuli, start, per_s, marks, corner, tail
):
    fs, n = 2000.0, 4
    if start == 3 and corner:
        start = 0  # a corner that fits the times is a sample's
    times = [(start + i) / fs * per_s for i in range(n)]
    sweeps[-1] = sweeps[-1][: n - short]
    corner = corner.replace(".", marks[1])
    text = sweeps_text(
        stimuli[: len(sweeps)], times, sweeps, mark=marks[0], decimal=marks[1],
        corner=corner, tail=tail,
    )  # fmt: skip
    path = put(tmp_path, "x.csv", text)
    assert sniff(path) == "sweeps_csv"
    rec = read_recording(path, fs=fs, unit="mV")
    assert rec.fs == fs
    assert_array_equal(rec.data[0], np.array([float(v) for s in sweeps for v in s]) * 1e3)
    assert [s.stop - s.start for s in rec.segments] == [len(s) for s in sweeps]
    assert [e.label for e in rec.events] == [f"stim/{ma:g}" for ma in stimuli[: len(sweeps)]]
    onsets = [e.onset_s + start / fs for e in rec.events]
    assert_allclose(onsets, [s.onset_s for s in rec.segments], atol=1e-9)
    assert_windows(path, [(0, 1), (3, rec.n_samples), (0, rec.n_samples)], fs=fs, unit="mV")


def test_sweeps_are_told_to_be_placed_and_stimuli_to_be_taken_as_ma(tmp_path):
    told = read_recording(put(tmp_path, "x.csv", GOOD), **STATED).provenance.warnings
    assert "placed 1 s apart" in told[0]
    assert "taken as mA" in told[1]
    assert "in ms they fit the stated 2000 Hz" in told[2]


def test_a_sweep_longer_than_a_second_does_not_overlap_the_next(tmp_path):
    times = [i / 2 for i in range(5)]
    path = put(tmp_path, "x.csv", sweeps_text([1.0, 2.0], times, [["1.0"] * 5] * 2))
    assert read_recording(path, fs=2, unit="uV").segments[1].onset_s == 3.0


@pytest.mark.parametrize(
    ("content", "stated", "error", "says"),
    [
        (GOOD, {"unit": "mV"}, UnknownRateError, "fs=2000 if they are milliseconds"),
        (GOOD, {"fs": 2000}, UnknownUnitError, "the sweeps: no unit"),
        (GOOD, {"fs": 2100, "unit": "mV"}, UnknownRateError, "in no unit of time"),
        (GOOD.replace("1.5,2.0", "1.5,"), STATED, FormatError, "line 1: a stimulus"),
        (GOOD.replace("1.2", ""), STATED, FormatError, "missing"),
        (GOOD.replace("1.2", "1e300"), STATED, FormatError, "beyond"),
        (GOOD.replace("1.2", "1.2,7"), STATED, FormatError, "line 3: 4 cell"),
        (GOOD + "2.0,0.5,x\n", STATED, FormatError, "line 6: 'x'"),
        (LONG + "10.0,0.5,0.6\n10.9,0.5,0.6\n", STATED, FormatError, "not even"),
        (GOOD + "2.0,0.5\n", STATED, FormatError, "line 6: 2 cell"),
    ],
)  # fmt: skip
def test_a_broken_table_is_refused_with_its_reason(tmp_path, content, stated, error, says):
    path = put(tmp_path, "x.csv", content)
    with bounded(path, 0), pytest.raises(error, match=says):
        open_recording(path, **stated)


@pytest.mark.parametrize(
    "text",
    [
        "0,1,2\n0.5,3,4\n1.0,5,6\n1.5,7,8\n",  # times from the first row on
        "0.25,1,2\n0,3,4\n0.5,5,6\n1.0,7,8\n",  # a corner that is no zero
        "0,1,-2\n0,3,4\n0.5,5,6\n1.0,7,8\n",  # no stimuli
        "0,1,2\n0,3,4\n0,5,6\n0,7,8\n",  # no times
        "0,1,2\n0,3,4\n0.5,5,6\n",  # too short to tell
        "0\n0\n1\n2\n3\n",
        "time,a,b\n0,3,4\n0.5,5,6\n1.0,7,8\n",
    ],
)
def test_another_table_is_not_taken_for_sweeps(tmp_path, text):
    assert sniff(put(tmp_path, "x.csv", text)) == "delimited"


def test_memory_is_that_of_the_samples(tmp_path):
    n, width = 20_000, 50
    rows = "\n".join(f"{i / 2}" + ",0.25" * width for i in range(n))
    path = put(tmp_path, "x.csv", "0" + ",1.5" * width + "\n" + rows)
    with bounded(path, n * width):
        assert read_recording(path, **STATED).data.size == n * width


def test_the_real_table_equals_numpy_and_its_statistics(real_data):
    path = real_data / "evoked-m-h/example-waveforms.csv"
    rec = read_recording(path, fs=3200, unit="mV")
    table = np.loadtxt(path, delimiter=",")
    assert_array_equal(rec.data[0].reshape(41, 193), table[1:, 1:].T * 1000)
    assert [float(e.label[5:]) for e in rec.events] == table[0, 1:].tolist()
    told = json.loads((real_data / "reference_stats.json").read_text())
    stats = told["evoked-m-h/example-waveforms.csv"]
    assert table.shape == tuple(stats["shape"])
    assert rec.fs == stats["fs_hz"]
    assert_allclose(rec.data.std(), stats["std"] * 1000, rtol=1e-9)
    assert np.abs(rec.data).max() == stats["max_abs"] * 1000


@pytest.mark.slow
def test_no_mutation_of_a_table_does_more_than_a_typed_error(tmp_path):
    times = [i / 2 for i in range(30)]
    content = sweeps_text([1.5, 2.0, 2.5], times, [[f"{i / 100}" for i in range(30)]] * 3)
    read = survives(content.encode(), tmp_path / "x.csv", 20_000, options=STATED)
    assert read > 500
