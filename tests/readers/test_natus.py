import re

import numpy as np
import pytest
from fuzzing import survives
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from natus_bytes import PATIENT, Trace, natus_text, settings
from numpy.testing import assert_array_equal
from reading import assert_windows, bounded, put

from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
)
from emgproc.readers import open_recording, read_recording, sniff
from emgproc.readers.natus_numbers import values_of

CELL = st.integers(-99999, 99999).map(lambda n: f"{n / 10000:.4f}")
SWEEPS = st.lists(st.lists(CELL, min_size=1, max_size=20), min_size=1, max_size=5)
ONE = ["0.1", "-0.2", "0.3"]


def one(**more):
    return Trace(ONE, settings=settings(**more))


@hypothesis_settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sweeps=SWEEPS,
    marks=st.sampled_from(
        [(" ", "."), (",", "."), (";", "."), ("\t", ","), ("; ", ","), (",", ",")]
    ),
    per_line=st.integers(1, 30),
    end=st.sampled_from(["", "/", " /"]),
    encoding=st.sampled_from(["utf-16", "utf-8-sig", "cp1252"]),
    kind=st.sampled_from(["Sweep  ", "LongTrace ", "Averaged "]),
    two=st.booleans(),
)
def test_an_export_reads_back_as_it_was_written(
    tmp_path, sweeps, marks, per_line, end, encoding, kind, two
):
    channels = ["3", "4"] if two else ["3"]
    traces = [
        Trace(s if c == "3" else s[::-1], kind, f"{i}.{c} Trace Data",
              settings=settings(24, channel=c, anatomy="R TIB ANTERIOR"))
        for i, s in enumerate(sweeps) for c in channels
    ]  # fmt: skip
    content = natus_text(
        traces, separator=marks[0], decimal=marks[1], per_line=per_line, end=end, encoding=encoding
    )
    path = put(tmp_path, "x.txt", content)
    assert sniff(path) == "natus_text"
    rec = read_recording(path)
    rows = [[float(v) for s in sweeps for v in s]]
    rows += [[float(v) for s in sweeps for v in s[::-1]]] * two
    assert_array_equal(rec.data, np.array(rows) * 1000)
    assert rec.fs == 24000
    assert [(c.name, c.muscle, c.side) for c in rec.channels] == [
        (f"EMG{c}", "TIB ANTERIOR", "R") for c in channels
    ]
    assert [s.stop - s.start for s in rec.segments] == [len(s) for s in sweeps]
    assert [s.onset_s for s in rec.segments] == list(range(len(sweeps)))
    assert ("averages" in " ".join(rec.provenance.warnings)) == (kind == "Averaged ")
    assert_windows(path, [(0, 1), (0, rec.n_samples), (1, rec.n_samples)])


def test_names_numbers_and_dates_of_the_patient_are_not_kept(tmp_path):
    rec = read_recording(put(tmp_path, "x.txt", natus_text([one()])))
    told = repr((rec.channels, rec.provenance, rec.events, rec.segments))
    assert not re.search("Roe|Jane|00123456|2020|2021", told)


def test_the_subsampled_rate_wins_and_filters_are_kept(tmp_path):
    trace = one(subsampled="9.6", low=20, high="10", notch=50, range_mv=10, sweep_ms="0.3125")
    rec = read_recording(put(tmp_path, "x.txt", natus_text([trace], decimal=",")))
    channel = rec.channels[0]
    assert rec.fs == 9600
    assert (channel.highpass_hz, channel.lowpass_hz, channel.notch_hz) == (20, 10_000, 50)
    assert channel.range_uv is None  # whether 10 mV is ± or from rail to rail is not told


def test_a_rate_holds_for_later_sections_until_another_is_stated(tmp_path):
    traces = [
        one(subsampled=12), Trace(ONE), Trace(ONE, settings=settings(12)),
        Trace(ONE, settings={"Low(Hz)": 5}),
    ]  # fmt: skip
    assert read_recording(put(tmp_path, "x.txt", natus_text(traces))).fs == 12000


@pytest.mark.parametrize(
    ("traces", "kept", "says"),
    [
        ([one(), Trace(ONE * 9, "Averaged ")], 3, "1 trace(s) 'Averaged' of 48000 Hz"),
        ([one(), Trace(ONE * 9, "LongTrace ")], 27, "1 trace(s) 'Sweep' of 48000 Hz"),
        ([one(), one(), one(fs_khz=24)], 6, "1 trace(s) 'Sweep' of 24000 Hz"),
        ([one(), Trace([], settings=settings())], 3, "1 trace(s) without samples"),
    ],
)
def test_traces_that_do_not_belong_together_are_left_out_and_told(tmp_path, traces, kept, says):
    rec = read_recording(put(tmp_path, "x.txt", natus_text(traces)))
    assert rec.n_samples == kept
    assert says in " ".join(rec.provenance.warnings)


@pytest.mark.parametrize(
    ("traces", "options", "error", "says"),
    [
        ([], {}, TruncatedFileError, "no trace"),
        ([one(fs_khz=None)], {}, UnknownRateError, "state fs="),
        ([one(fs_khz=0)], {}, UnknownRateError, "state fs="),
        ([one(fs_khz="-48")], {}, FormatError, "is no rate"),
        ([one(fs_khz="1e9")], {}, FormatError, "is no rate"),
        ([Trace(ONE, n=4, settings=settings())], {}, FormatError, r"4 values are stated, \[3\]"),
        ([Trace(ONE, n=999999999999, settings=settings())], {}, FormatError, "999999999999"),
        ([one(sweep_ms=10)], {}, FormatError, "'Sweep Duration\\(ms\\)=10'"),
        ([Trace(ONE, "LongTrace ", settings=settings(trace_ms=10))], {}, FormatError, "Trace Dur"),
        ([Trace(["0.1", "x", "0.3"], settings=settings())], {}, FormatError, "no samples"),
        ([Trace(["0.1", "1e999"], settings=settings())], {}, FormatError, "beyond"),
        ([Trace(["0.1", "1.2.3"], settings=settings())], {}, FormatError, "2 values are stated"),
        ([Trace(["0.1", "1-2"], settings=settings())], {}, FormatError, "2 values are stated"),
        ([Trace(ONE, unit="N", settings=settings())], {}, UnknownUnitError, "'N'"),
        ([one(anatomy="L A"), one(anatomy="L B")], {}, FormatError, "traces of L A, L B"),
        ([one(channel=1), one(channel=1), one(channel=2)], {}, FormatError, "each channel"),
        ([one()], {"decimal": ","}, FormatError, "3 values are stated"),
    ],
)  # fmt: skip
def test_a_broken_export_is_refused_with_its_reason(tmp_path, traces, options, error, says):
    content = natus_text(traces, patient=PATIENT + "Master Anatomy=\n")
    path = put(tmp_path, "x.txt", content)
    with bounded(path, 0), pytest.raises(error, match=says):
        open_recording(path, **options)


@pytest.mark.parametrize(
    ("text", "n", "decimal", "expected"),
    [
        ("0,1,0,2", 2, None, [0.1, 0.2]),
        ("0,1,0,2", 4, None, [0, 1, 0, 2]),
        ("0,1 0,2", 2, None, [0.1, 0.2]),
        ("0,1; 0,2", 2, None, [0.1, 0.2]),
        ("0.1,0.2", 2, None, [0.1, 0.2]),
        ("-0,012,0,034,\n-1,5", 3, None, [-0.012, 0.034, -1.5]),
        ("1;2;3", 3, None, [1, 2, 3]),
        ("1,2e-3,4,5E+1", 2, None, [1.2e-3, 45.0]),
        ("0.1/\n0.2", 2, None, [0.1, 0.2]),
        ("0.1/\n2 0.3", 2, None, [0.12, 0.3]),
        ("0,1,0,2", 2, ".", None),
        ("0,1,0,2", 4, ",", None),
        ("0,12,5,0,3", 3, None, None),
        ("0,12,5", 2, None, None),
        ("1, 2", 3, None, None),
        (",1 2", 2, ",", None),
        ("1_0 2", 2, None, None),
        ("nan 2", 2, None, None),
        ("1\u2003 2", 2, None, None),
        ("\u0661 2", 2, None, None),
        ("1e 2", 2, None, None),
        ("1e5e5", 1, None, None),
        ("--1", 1, None, None),
        ("", 1, None, None),
    ],
)
def test_only_the_reading_with_the_stated_number_counts(text, n, decimal, expected):
    if expected is None:
        with pytest.raises(FormatError, match=f"{n} values are stated"):
            values_of(text, n, "x", decimal)
    else:
        assert_array_equal(values_of(text, n, "x", decimal), expected)


def test_two_readings_of_one_number_are_refused():
    # 1, 2, 3 and 4.5; or 1, 23, 4 and 5.
    with pytest.raises(FormatError, match="two ways"):
        values_of("1 2/\n3 4,5", 4, "x")
    assert_array_equal(values_of("1 2/\n3 4,5", 4, "x", decimal=","), [1, 2, 3, 4.5])


def test_memory_is_bounded_by_the_samples(tmp_path):
    n = 400_000
    traces = [Trace(["0.125"] * n, "LongTrace ", settings=settings()) for _ in range(3)]
    path = put(tmp_path, "x.txt", natus_text(traces, per_line=100_000))
    with bounded(path, 3 * n):
        assert read_recording(path).n_samples == 3 * n


def test_very_many_small_traces_are_refused_with_bounded_memory(tmp_path):
    path = put(tmp_path, "x.txt", b"Subsampled(kHz)=1\n" + b"Sweep  Data(mV)<1>=1\n" * 250_000)
    with bounded(path, 0), pytest.raises(FormatError, match="more than 20000 traces"):
        open_recording(path)


def test_a_trace_beyond_the_bound_is_refused(tmp_path):
    path = put(tmp_path, "x.txt", b"Sweep Duration(ms)=1\nSweep  Data(mV)<9>=" + b"1 " * (1 << 23))
    with bounded(path, 0), pytest.raises(FormatError, match="characters in"):
        open_recording(path)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_no_mutation_of_an_export_does_more_than_a_typed_error(tmp_path, encoding):
    traces = [one(channel=1, anatomy="L APB", sweep_ms="0.0625") for _ in range(6)]
    content = natus_text(traces, separator=";", decimal=",", encoding=encoding, patient="")
    assert survives(content, tmp_path / "x.txt", 20_000) > 1000
