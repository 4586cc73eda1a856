import gzip
import json

import numpy as np
import pandas as pd
import pytest
from fuzzing import survives
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from reading import assert_windows, bounded, put
from shimmer_bytes import shimmer_text

from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers import open_recording, read_recording

VALUES = st.floats(-100, 100, allow_nan=False)
ONE = [("EMG_CH1_24BIT_CAL", "mV", [1.5, -2.25, 3.0, 4.0, 5.0])]
GOOD = shimmer_text(ONE)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=st.lists(VALUES, min_size=6, max_size=40),
    fs=st.sampled_from([512.0, 1024.0, 256.0, 204.8]),
    mark=st.sampled_from(["\t", ","]),
    lost=st.integers(0, 9),
)
def test_a_file_reads_back_as_it_was_written(tmp_path, values, fs, mark, lost):
    columns = [
        ("EMG_CH1_24BIT_CAL", "mV", values), ("Accel_LN_X_CAL", "m/(s^2)", values[::-1]),
        ("EMG_CH2_24BIT_CAL", "mV", values[::-1]), ("EMG_CH2_24BIT_UNCAL", "no_units", values),
    ]  # fmt: skip
    n = len(values)
    places = [*range(4), *range(4 + lost, n + lost)]
    path = put(tmp_path, "x.csv", shimmer_text(columns, fs, places=places, mark=mark))
    rec = read_recording(path)
    numbers = np.array(values)
    assert_array_equal(rec.data, np.stack([numbers, numbers[::-1]]) * 1000)
    assert [c.name for c in rec.channels] == ["EMG_CH1_24BIT", "EMG_CH2_24BIT"]
    assert [(a.name, a.kind, a.unit) for a in rec.auxiliary] == [
        ("Accel_LN_X", "ACC", "m/(s^2)"), ("EMG_CH2_24BIT_UNCAL", "MISC", ""),
    ]  # fmt: skip
    assert rec.fs == pytest.approx(fs, rel=1e-4)
    assert "ROE" not in repr((rec.channels, rec.auxiliary, rec.provenance))
    assert [(s.start, s.stop) for s in rec.segments] == ([(0, 4), (4, n)] if lost else [(0, n)])
    if lost:
        assert rec.segments[1].onset_s == pytest.approx((4 + lost) / fs, rel=1e-4)
        assert [e.label for e in rec.events] == ["bad_gap"]
        assert f"{lost} samples were lost in 1 gap(s)" in rec.provenance.warnings
    assert_windows(path, [(0, 1), (3, n)])


@pytest.mark.parametrize(("fs", "expected"), [(512.0, 512.0), (250.14, 32768 / 131), (300.0, 300)])
def test_a_rate_is_one_that_the_unit_can_have_or_that_of_the_times(tmp_path, fs, expected):
    columns = [("EMG_CAL", "mV", [1.0] * 999)]
    rec = read_recording(put(tmp_path, "x.csv", shimmer_text(columns, fs)))
    assert rec.fs == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (shimmer_text([("EMG_CH1_24BIT_UNCAL", "no_units", [1, 2, 3])]), UnknownUnitError, "tick"),
        (shimmer_text([("EMG_CAL", "", [1, 2, 3])]), UnknownUnitError, "no unit"),
        (shimmer_text(ONE, time_unit="no_units"), UnknownRateError, "column of times"),
        (shimmer_text([("EMG_CAL", "mV", [1.0])]), UnknownRateError, "1 time"),
        (GOOD[: GOOD.index("1589")], TruncatedFileError, "no row"),
        ("\n".join(GOOD.split("\n")[:2]), FormatError, "no rows 'sep='"),
        (GOOD.replace("-2.25", "x"), FormatError, "line 5: 'x'"),
        (GOOD.replace("-2.25", ""), FormatError, "EMG_CH1_24BIT lacks"),
        (GOOD.replace("-2.25", "-inf"), FormatError, "infinite"),
        (shimmer_text(ONE, places=[0, 1, 1.5, 3, 4]), FormatError, "line 6: the time comes"),
        (shimmer_text(ONE, places=[0, 1, 1, 3, 4]), FormatError, "line 6: the time comes 0 ms"),
        (shimmer_text(ONE, places=[4, 3, 2, 1, 0]), FormatError, "do not rise"),
        (shimmer_text(ONE, places=[0, 1, 2, 3, 1e300]), FormatError, "beyond"),
    ],
)
def test_a_broken_file_is_refused_with_its_reason(tmp_path, content, error, says):
    path = put(tmp_path, "x.csv", content)
    with bounded(path, 0), pytest.raises(error, match=says):
        open_recording(path)


def unpacked(real_data, tmp_path, name):
    with gzip.open(real_data / f"shimmer/{name}.csv.gz") as file:
        return put(tmp_path, f"{name}.csv", file.read())


def test_the_real_file_equals_pandas_and_its_statistics(real_data, tmp_path):
    path = unpacked(real_data, tmp_path, "ecg_calibrated")
    rec = read_recording(path)
    theirs = pd.read_csv(path, sep="\t", skiprows=[0, 2], usecols=[0, 1, 2])
    assert_array_equal(rec.data, theirs.iloc[:, 1:].to_numpy().T * 1000)
    assert (rec.fs, rec.n_samples) == (512.0, 4688)
    # The first step is three samples long.
    assert rec.segments[1] == (1, 4688, 3 / 512)
    told = json.loads((real_data / "reference_stats.json").read_text())
    stats = told["shimmer/ecg_calibrated.csv.gz"]["channels"][1:]
    for row, stated in zip(rec.data, stats, strict=True):
        for key in ("min", "max", "mean", "std"):
            assert_allclose(getattr(np, key)(row), stated[key] * 1000, rtol=1e-9)


def test_real_counts_are_refused(real_data, tmp_path):
    with pytest.raises(UnknownUnitError, match="calibrated"):
        open_recording(unpacked(real_data, tmp_path, "ecg_uncalibrated"), unit="mV")


def test_the_log_of_the_card_is_refused_with_what_to_do(real_data):
    with pytest.raises(UnsupportedFormatError, match="Consensys"):
        open_recording(real_data / "shimmer/ecg.bin")


@pytest.mark.slow
def test_no_mutation_of_a_file_does_more_than_a_typed_error(tmp_path):
    columns = [*ONE, ("Accel_LN_X_CAL", "m/(s^2)", [0.1, 0.2, 0.3, 0.4, 0.5])]
    content = shimmer_text(columns, places=[0, 1, 4, 5, 6]).encode()
    assert survives(content, tmp_path / "x.csv", 20_000) > 500
