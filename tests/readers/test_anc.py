import json

import numpy as np
import pytest
from anc_bytes import anc_text
from fuzzing import survives
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from reading import assert_windows, bounded, put

from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers import open_recording, read_recording

TWO = [[1, -2, 3, -4], [5, 6, 7, 8]]
GOOD = anc_text(TWO)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(st.integers(-2048, 2047), min_size=2, max_size=30),
    width=st.integers(1, 4),
    bits=st.sampled_from([12, 14, 16]),
    fs=st.sampled_from([100, 1000, 1200, 2400.5]),
    start=st.sampled_from([0.0, 1.5]),
)
def test_a_file_reads_back_as_it_was_written(tmp_path, rows, width, bits, fs, start):
    counts = [rows[i:] + rows[:i] for i in range(width)]
    ranges = [1000 * (i + 1) for i in range(width)]
    path = put(tmp_path, "x.anc", anc_text(counts, fs, ranges=ranges, bits=bits, start=start))
    rec = read_recording(path)
    lsb_uv = np.array([2 * r * 1e3 / (2**bits - 1) for r in ranges])
    assert_array_equal(rec.data, np.array(counts) * lsb_uv[:, None])
    assert (rec.fs, rec.segments[0].onset_s) == (fs, start)
    assert [c.lsb_uv for c in rec.channels] == lsb_uv.tolist()
    assert all(c.bits == bits for c in rec.channels)
    assert "Roe" not in repr((rec.provenance, rec.channels))
    assert_windows(path, [(0, 1), (1, len(rows))])


def test_force_plates_are_auxiliary_and_in_millivolt(tmp_path):
    names = ["f1x", "M2Z", "FP1FY", "L Fx"]
    path = put(tmp_path, "x.anc", anc_text([[1, 2], [3, 4], [5, 6], [7, 8]], names=names))
    rec = read_recording(path)
    assert [c.name for c in rec.channels] == ["L Fx"]
    assert [(a.name, a.kind, a.unit) for a in rec.auxiliary] == [
        (name, "FORCE", "mV") for name in names[:3]
    ]
    assert_allclose(rec.auxiliary[1].data, np.array([3, 4]) * 2000 / 4095, rtol=1e-14)


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (anc_text(TWO, generation="1"), UnsupportedFormatError, "generation '1'"),
        (anc_text(TWO, polarity="Unipolar"), UnsupportedFormatError, "Unipolar"),
        (anc_text(TWO, rates="1000\t100"), UnsupportedFormatError, "of 100 Hz"),
        (anc_text(TWO, bits=0), FormatError, "BitDepth: 0"),
        (anc_text(TWO, bits=99999999), FormatError, "BitDepth"),
        (anc_text(TWO, channels="28"), FormatError, "28 channels"),
        (anc_text(TWO, names="a\tb\tc"), FormatError, "alike"),
        (anc_text(TWO, ranges=[1000, 0]), FormatError, "range is '0'"),
        (anc_text(TWO, ranges=[1000, "nan"]), FormatError, "range is 'nan'"),
        (anc_text(TWO, rate="-5"), FormatError, "rate is '-5'"),
        (anc_text(TWO, rate=""), UnknownRateError, "state fs="),
        (anc_text(TWO, 1000, rate="2000", rates="2000\t2000"), FormatError, "2000 Hz is stated"),
        (GOOD.replace("0.002000", "0.005000"), FormatError, "line 14: the time"),
        (GOOD.replace("0.002000", ""), FormatError, "no time"),
        (GOOD.replace("\t7", "\tx"), FormatError, "line 14: 'x'"),
        (GOOD.replace("\t7\t", ""), FormatError, "line 14: 2 cell"),
        (GOOD.replace("\t7\t", "\t\t"), FormatError, "L m1 lacks"),
        (GOOD.replace("\t7\t", "\t1e999\t"), FormatError, "infinite"),
        (GOOD[: GOOD.index("Range")], FormatError, "no rows"),
        (GOOD[: GOOD.index("\r\n0.000000")], TruncatedFileError, "no row of numbers"),
        (anc_text([[1, 2]], names=["f1x"]), UnknownUnitError, "no signal is a voltage"),
    ],
)
def test_a_broken_file_is_refused_with_its_reason(tmp_path, content, error, says):
    path = put(tmp_path, "x.anc", content)
    with (
        bounded(path, 0),
        pytest.raises(error, match=says),
    ):
        open_recording(path)


def test_a_rate_is_taken_from_the_caller_where_the_file_has_none(tmp_path):
    path = put(tmp_path, "x.anc", anc_text(TWO, rate=""))
    assert read_recording(path, fs=1000).fs == 1000


def test_a_binary_file_of_the_same_maker_is_refused_with_what_to_do(tmp_path, real_data):
    with pytest.raises(UnsupportedFormatError, match=r"export \.anc or C3D"):
        open_recording(real_data / "c3d/Gait.anb")


def test_the_real_file_equals_its_c3d_twin(real_data):
    import ezc3d

    rec = read_recording(real_data / "c3d/Gait.anc")
    twin = ezc3d.c3d(str(real_data / "c3d/Gait.c3d"))
    volts = twin["data"]["analogs"][0][12:]
    assert (rec.n_samples, volts.shape) == (5346, (16, 4870))
    # The scales of the C3D are float32.
    assert_allclose(rec.data[:, :4870], volts * 1e6, rtol=2e-7, atol=1e-6)
    stated = json.loads((real_data / "reference_stats.json").read_text())["c3d/Gait.anc"]
    counts = rec.data / np.array([[c.lsb_uv] for c in rec.channels])
    for row, told in zip(counts, stated["channels"][12:], strict=True):
        for key in ("min", "max", "mean", "std"):
            assert_allclose(getattr(np, key)(row), told[key], rtol=1e-9)


@pytest.mark.slow
def test_no_mutation_of_a_file_does_more_than_a_typed_error(tmp_path):
    content = anc_text([list(range(60)), list(range(60))], names=["f1x", "L TA"]).encode()
    assert survives(content, tmp_path / "x.anc", 20_000) > 500
