import json
import re

import numpy as np
import pytest
from biometrics_bytes import LogChannel, log_bytes, txt_bytes
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
from emgproc.readers import open_recording, read_recording, sniff

COUNTS = st.lists(st.integers(-32768, 32767), min_size=1, max_size=40)
REUSE = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@REUSE
@given(
    counts=COUNTS,
    rows=st.integers(1, 3),
    slow=st.lists(st.integers(-32768, 32767), max_size=4),
    exponent=st.integers(-6, 2),
    spans=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted), max_size=3),
)
def test_a_log_reads_back_as_it_was_written(tmp_path, counts, rows, slow, exponent, spans):
    emg = [LogChannel(f"m{i}", np.roll(counts, i), exponent=exponent) for i in range(rows)]
    angle = LogChannel("knee", slow, period=40, full=18000, exponent=-2, unit="####")
    path = put(tmp_path, "x.log", log_bytes([*emg[:1], angle, *emg[1:]]))
    recording = read_recording(path)
    assert recording.fs == 1000
    assert [c.name for c in recording.channels] == [c.title for c in emg]
    scale = 30000 * 10.0**exponent / 4000 * 1000
    for row, channel in zip(recording.data, emg, strict=True):
        assert_array_equal(row, np.asarray(channel.counts, float) * scale)
    other = recording.auxiliary[0]
    assert (other.name, other.kind, other.unit, other.fs) == ("knee", "MISC", "", 50.0)
    assert_array_equal(other.data, np.asarray(slow, float) * 0.045)
    assert_windows(path, [(a, b) for a, b in spans if b <= len(counts)])


def test_blocks_of_a_log_hold_every_sample_of_the_slow_channel_once(tmp_path):
    emg = LogChannel(counts=np.arange(1000))
    path = put(tmp_path, "x.log", log_bytes([emg, LogChannel("FX", np.arange(50), 40, unit="N")]))
    with open_recording(path) as opened:
        blocks = list(opened.blocks(0.13))
    joined = np.concatenate([block.auxiliary[0].data for block in blocks])
    assert_allclose(joined, np.arange(50) * 3.0 / 4000, rtol=1e-14)
    assert blocks[1].auxiliary[0].onset_s == 0.14


def test_names_and_dates_of_a_log_are_not_kept(tmp_path):
    path = put(tmp_path, "x.log", log_bytes([LogChannel()]))
    recording = read_recording(path)
    told = repr((recording.channels, recording.provenance, recording.events))
    assert not re.search("Roe|2012|1297325150", told)


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (log_bytes([LogChannel()], version="2"), UnsupportedFormatError, "only version 1"),
        (log_bytes([LogChannel()], end=b""), TruncatedFileError, "no end of the header"),
        (log_bytes([LogChannel()])[:60], TruncatedFileError, "no end of the header"),
        (log_bytes([LogChannel()], end=b" " * 70000), FormatError, "no end of the header"),
        (log_bytes([LogChannel()])[:-6], TruncatedFileError, "holds a sample"),
        (log_bytes([]), FormatError, "0 channels"),
        (log_bytes([LogChannel()] * 65), FormatError, "65 channels"),
        (log_bytes([LogChannel(offset=3)]), UnsupportedFormatError, "offset 3"),
        (log_bytes([LogChannel(period=0)]), FormatError, "cannot be read"),
        (log_bytes([LogChannel(full=0)]), FormatError, "cannot be read"),
        (log_bytes([LogChannel(stated=-3)]), FormatError, "cannot be read"),
        (log_bytes([LogChannel(exponent=400)]), FormatError, "cannot be read"),
        (log_bytes([LogChannel()]).replace(b"Title=", b"Titel="), FormatError, "0 titles"),
        (log_bytes([LogChannel()], ticks="5000"), UnknownRateError, "state fs="),
        (log_bytes([LogChannel(unit="deg")]), UnknownUnitError, "no signal is a voltage"),
    ],
)
def test_a_broken_log_is_refused_with_its_reason(tmp_path, content, error, says):
    path = put(tmp_path, "x.log", content)
    with bounded(path, 0), pytest.raises(error, match=says):
        open_recording(path)


def test_a_log_that_ends_early_gives_what_is_there_with_a_warning(tmp_path):
    channels = [LogChannel("a", range(9)), LogChannel("b", range(9))]
    rec = read_recording(put(tmp_path, "x.log", log_bytes(channels)[:-8]))
    assert_allclose(rec.data, np.tile(np.arange(5), (2, 1)) * 0.75)
    assert "b ends after 5 of the 9 samples stated" in rec.provenance.warnings[0]


def test_a_log_that_declares_a_terabyte_costs_nothing(tmp_path):
    path = put(tmp_path, "x.log", log_bytes([LogChannel(stated=10**12)]))
    with bounded(path, 3):
        assert read_recording(path).n_samples == 3


def test_bytes_behind_the_samples_are_told(tmp_path):
    path = put(tmp_path, "x.log", log_bytes([LogChannel()]) + b"rest")
    assert "4 bytes after the samples" in read_recording(path).provenance.warnings[0]


@REUSE
@given(
    counts=st.lists(st.integers(-99999, 99999), min_size=2, max_size=30),
    decimal=st.sampled_from([".", ","]),
    extra=st.integers(0, 3),
)
def test_a_text_export_reads_back_as_it_was_written(tmp_path, counts, decimal, extra):
    values = [f"{count / 10000:.4f}" for count in counts]
    rows = [[v, w, "7.5"] for v, w in zip(values, values[::-1], strict=True)]
    rows += [["", "", "1.5"]] * extra
    channels = [
        ("RF", len(values), "mV", "no filters."), ("BF", len(values), "mV", "no filters."),
        ("FX", 2, "deg", "no filters, extrapolated from 50 to 1000 samples per second."),
    ]  # fmt: skip
    path = put(tmp_path, "x.txt", txt_bytes(channels, rows, decimal))
    rec = read_recording(path)
    numbers = np.array(values, float)
    assert rec.fs == 1000
    assert_array_equal(rec.data, np.stack([numbers, numbers[::-1]]) * 1000)
    assert_array_equal(rec.auxiliary[0].data, [7.5] * len(values) + [1.5] * extra)
    assert rec.provenance.warnings == ("FX is printed at 1000 Hz, it was sampled at 50 Hz",)
    assert "Roe" not in repr(rec.provenance)
    assert_windows(path, [(0, 1), (1, len(values))])


ROWS = [["0.1", "0.2"], ["0.3", "0.4"]]
TWO = [("RF", 2, "mV", "no filters."), ("BF", 2, "mV", "no filters.")]


@pytest.mark.parametrize(
    ("content", "options", "error", "says"),
    [
        (txt_bytes(TWO, ROWS), {}, UnknownRateError, "state fs="),
        (txt_bytes(TWO, [["0.1", "x"], *ROWS]), {"fs": 1000}, FormatError, "line 5: 'x'"),
        (txt_bytes(TWO, [["0.1"], *ROWS]), {"fs": 1000}, FormatError, r"line 5: 1 cell"),
        (txt_bytes(TWO, [["0.1", "inf"]]), {"fs": 1000}, FormatError, "infinite"),
        (txt_bytes(TWO, [["0.1", "0,2"]]), {"fs": 1000}, FormatError, "points and commas"),
        (txt_bytes(TWO, []), {"fs": 1000}, TruncatedFileError, "no row"),
        (txt_bytes(TWO, [])[:150], {"fs": 1000}, TruncatedFileError, "within its header"),
        (txt_bytes([("RF", 2, "deg", "")], ROWS), {"fs": 1000}, UnknownUnitError, "deg"),
        (
            txt_bytes([("a", 2, "mV", ""), ("b", "two", "mV", "")], ROWS), {"fs": 1000},
            FormatError, "describes no channel",
        ),
        (
            txt_bytes([
                ("a", 2, "mV", "extrapolated from 5 to 1000 samples per second"),
                ("b", 2, "mV", "extrapolated from 5 to 2000 samples per second"),
            ], ROWS), {}, FormatError, "rates 1000, 2000",
        ),
    ],
)  # fmt: skip
def test_a_broken_text_export_is_refused_with_its_reason(tmp_path, content, options, error, says):
    path = put(tmp_path, "x.txt", content)
    assert sniff(path) == "biometrics_txt"
    with pytest.raises(error, match=says):
        open_recording(path, **options)


def test_a_wrong_number_of_values_is_told(tmp_path):
    channels = [("RF", 9, "mV", "no filters."), ("BF", 2, "mV", "no filters.")]
    rec = read_recording(put(tmp_path, "x.txt", txt_bytes(channels, ROWS)), fs=1000)
    assert rec.provenance.warnings == ("RF holds 2 values, the header states 9",)


@pytest.mark.parametrize("name", ["1Amar", "1Nmar", "2Apie"])
def test_a_real_log_equals_its_bytes_and_its_text_twin(real_data, tmp_path, name):
    folder = real_data / "biometrics-datalog"
    rec = read_recording(folder / f"{name}.log")
    raw = (folder / f"{name}.log").read_bytes()
    n = rec.n_samples
    counts = np.frombuffer(raw[raw.index(b"\x1a") + 1 :], "<i2")
    assert_array_equal(rec.data, counts[: 4 * n].reshape(4, n) * 0.75)
    # One cell of 1Nmar.txt reads "7.5V".
    text = (folder / f"{name}.txt").read_bytes().replace(b"7.5V", b"7.5")
    twin = read_recording(put(tmp_path, f"{name}.txt", text), fs=1000)
    assert twin.n_samples == n
    # The text has four decimals of a millivolt, not always rounded to the nearest.
    assert_allclose(rec.data, twin.data, rtol=0, atol=0.1 + 1e-9)
    angle, printed = rec.auxiliary[0], twin.auxiliary[0]
    assert angle.fs == (50 if name == "1Nmar" else 1000)
    step = int(1000 / angle.fs)
    assert_allclose(angle.data, printed.data[::step][: angle.data.size], atol=0.1 + 1e-9)
    stated = json.loads((real_data / "reference_stats.json").read_text())
    for row, told in zip(
        twin.data, stated[f"biometrics-datalog/{name}.txt"]["channels"], strict=False
    ):
        for key in ("min", "max", "mean", "std"):
            assert_allclose(getattr(np, key)(row), told[key] * 1000, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["log", "txt"])
def test_no_mutation_of_a_file_does_more_than_a_typed_error(tmp_path, kind):
    if kind == "log":
        emg = LogChannel(counts=range(200))
        content = log_bytes([emg, LogChannel("FX", range(10), 40, 18000, -2, "####")])
    else:
        rate = "extrapolated from 50 to 1000 samples per second."
        rows = [[f"{i / 100}", f"{-i / 100}"] for i in range(60)]
        content = txt_bytes([("RF", 60, "mV", "no filters."), ("FX", 3, "deg", rate)], rows)
    assert survives(content, tmp_path / f"x.{kind}", 20_000) > 1000
