import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import (
    FormatError,
    ParameterError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers import describe, open_recording, read_recording

ROWS = np.array([[0.5, -1.25], [2.0, 3.5], [-4.75, 5.0], [6.5, -7.0]])


def table(tmp_path, text, name="t.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def lines(*rows, header="TA (uV),GM (uV)"):
    return "\n".join([header, *rows]) + "\n"


def written(values, delimiter=",", decimal="."):
    return "".join(
        delimiter.join(f"{v!r}".replace(".", decimal) for v in row) + "\n"
        for row in values.tolist()
    )


def test_a_table_with_units_in_its_header_needs_only_a_rate(tmp_path):
    path = table(tmp_path, "TA (uV),GM [mV],ECG_uV\n1,2,3\n4,5,6\n")
    recording = read_recording(path, fs=1000)
    assert_array_equal(recording.data, [[1, 4], [2000, 5000], [3, 6]])
    assert [(c.name, c.kind) for c in recording.channels] == [
        ("TA", "EMG"),
        ("GM", "EMG"),
        ("ECG", "ECG"),
    ]
    assert recording.fs == 1000
    assert len(recording.provenance.sha256) == 64


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    ("delimiter", "decimal"),
    [(",", "."), (";", "."), (";", ","), ("\t", ","), ("|", "."), (" ", ",")],
)
def test_separators_decimal_marks_line_ends_and_encodings_are_found_out(
    tmp_path, newline, encoding, delimiter, decimal
):
    text = delimiter.join(["TA_µV", "GM_µV"]) + "\n" + written(ROWS, delimiter, decimal)
    path = table(tmp_path, text.replace("\n", newline), encoding=encoding)
    recording = read_recording(path, fs=500)
    assert_array_equal(recording.data, ROWS.T)
    assert [c.name for c in recording.channels] == ["TA", "GM"]


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_every_float_comes_back_to_the_last_bit(tmp_path, data):
    shape = data.draw(st.tuples(st.integers(1, 20), st.integers(1, 4)))
    floats = st.floats(-1e9, 1e9, allow_nan=False) | st.just(float("nan"))
    values = np.array(
        data.draw(
            st.lists(
                st.lists(floats, min_size=shape[1], max_size=shape[1]),
                min_size=shape[0],
                max_size=shape[0],
            )
        )
    )
    header = "\t".join(f"M{i} (uV)" for i in range(shape[1]))
    path = table(tmp_path, header + "\n" + written(values, "\t"), "t.tsv")
    assert_array_equal(read_recording(path, fs=1000).data, values.T)


@pytest.mark.parametrize("text", ["1,5\n2,5\n3,5\n", "emg_uV\n1,5\n2,5\n"])
def test_a_comma_that_could_be_either_mark_is_refused_until_stated(tmp_path, text):
    path = table(tmp_path, text)
    if text[0] == "1":
        with pytest.raises(FormatError, match="state delimiter="):
            read_recording(path, fs=1000, unit="uV")
    assert read_recording(path, fs=1000, unit="uV", decimal=",").data[0, 0] == 1.5
    if text[0] == "1":
        assert read_recording(path, fs=1000, unit="uV", delimiter=",").n_channels == 2


@pytest.mark.parametrize("mark", [{"delimiter": "x"}, {"decimal": ":"}])
def test_a_mark_that_no_table_can_have_is_a_bad_parameter(tmp_path, mark):
    with pytest.raises(ParameterError, match="must be one of"):
        read_recording(table(tmp_path, lines("1,2")), fs=1000, **mark)


def test_a_unit_or_rate_that_nobody_states_is_never_guessed(tmp_path):
    path = table(tmp_path, lines("1,2", "3,4", header="TA,GM"))
    with pytest.raises(UnknownUnitError, match="TA, GM"):
        read_recording(path, fs=1000)
    with pytest.raises(UnknownRateError, match="fs="):
        read_recording(path, unit="uV")
    assert read_recording(path, unit="mV", fs=1000).data[0, 0] == 1000


def test_a_unit_in_the_header_wins_over_the_stated_one(tmp_path):
    path = table(tmp_path, "TA (mV),GM\n1,2\n")
    assert_array_equal(read_recording(path, fs=1000, unit="uV").data, [[1000], [2]])


def test_columns_that_are_no_voltage_become_auxiliary_signals(tmp_path):
    path = table(tmp_path, "TA (uV),knee (deg),force,acc x (g),class\n1,2,3,4,5\n6,7,8,9,10\n")
    with open_recording(path, fs=100) as opened:
        recording, second = opened.read(), opened.read(1, 2)
    held = [(a.name, a.unit, a.kind) for a in recording.auxiliary]
    assert held == [
        ("knee", "deg", "MISC"),
        ("force", "", "FORCE"),
        ("acc x", "g", "ACC"),
        ("class", "", "MISC"),
    ]
    assert_array_equal(recording.auxiliary[1].data, [3, 8])
    assert second.auxiliary[1].data.tolist() == [8]
    assert second.auxiliary[1].onset_s == 0.01


def test_a_stated_kind_wins_over_the_label(tmp_path):
    path = table(tmp_path, "TA (uV),aux\n1,2\n")
    recording = read_recording(path, fs=100, kinds={"TA": "REF", "aux": "FORCE"})
    assert recording.channels[0].kind == "REF"
    assert recording.auxiliary[0].kind == "FORCE"


def test_a_table_without_any_voltage_has_no_known_unit(tmp_path):
    with pytest.raises(UnknownUnitError, match=r"EMG \(counts\)"):
        read_recording(table(tmp_path, "EMG (counts)\n2048\n2050\n"), fs=1000, unit="mV")


@pytest.mark.parametrize(
    ("header", "per_second"),
    [
        ("time", 1),
        ("Time (s)", 1),
        ("time_s", 1),
        ("t [ms]", 1e3),
        ("time_ms", 1e3),
        ("Timestamp (us)", 1e6),
    ],
)
def test_a_column_of_even_times_gives_the_rate_and_the_onset(tmp_path, header, per_second):
    rows = [f"{(0.5 + i / 2000) * per_second!r},{i}" for i in range(50)]
    recording = read_recording(table(tmp_path, lines(*rows, header=f"{header},TA (uV)")))
    assert recording.fs == 2000
    assert recording.segments[0].onset_s == 0.5
    assert recording.n_channels == 1


def test_a_rate_that_is_no_whole_number_is_kept(tmp_path):
    fs = 17 / 0.0135
    rows = [f"{i / fs:.9f},{i}" for i in range(500)]
    recording = read_recording(table(tmp_path, lines(*rows, header="time (s),TA (uV)")))
    assert_allclose(recording.fs, fs, rtol=1e-8)


def test_a_stated_rate_must_agree_with_the_times(tmp_path):
    rows = [f"{i / 1000},{i}" for i in range(50)]
    path = table(tmp_path, lines(*rows, header="time (s),TA (uV)"))
    assert read_recording(path, fs=1000.5).fs == 1000
    with pytest.raises(FormatError, match="1002 Hz is stated"):
        read_recording(path, fs=1002)


@pytest.mark.parametrize(
    ("times", "says"),
    [
        ([0, 1, 2, 2, 4, 5, 6], "line 5: the time repeats"),
        ([0, 1, 2, 1, 4, 5, 6], "line 5: the time repeats or goes back"),
        ([0, 1, 2, 3, 5, 6, 7], "line 6: the time comes after"),
        ([6, 5, 4, 3, 2, 1, 0], "do not rise"),
        ([0, 1, 2, float("nan"), 4, 5], "line 5: no time in this row"),
        ([i + 3e-3 * i * i for i in range(80)], "drift|comes after"),
    ],
)
def test_times_that_are_not_even_are_refused_with_their_line(tmp_path, times, says):
    rows = [f"{t / 1000!r},{i}" for i, t in enumerate(times)]
    with pytest.raises(FormatError, match=says):
        read_recording(table(tmp_path, lines(*rows, header="time (s),TA (uV)")))


def test_uneven_times_may_be_kept_beside_a_stated_rate(tmp_path):
    path = table(tmp_path, lines("0,1", "5,2", "6,3", header="time,TA (uV)"))
    recording = read_recording(path, fs=200, kinds={"time": "MISC"})
    assert recording.fs == 200
    assert recording.auxiliary[0].data.tolist() == [0, 5, 6]


def test_bare_times_that_would_mean_a_few_hertz_are_not_taken_for_seconds(tmp_path):
    path = table(tmp_path, lines(*[f"{i},{i}" for i in range(20)], header="time,TA (uV)"))
    with pytest.raises(UnknownRateError, match="time_column"):
        read_recording(path)
    assert read_recording(path, time_column="time").fs == 1


def test_a_clock_that_counts_from_1970_starts_the_recording_at_zero(tmp_path):
    rows = [f"{1.7e9 + i / 1000:.3f},{i}" for i in range(2000)]
    recording = read_recording(table(tmp_path, lines(*rows, header="time (s),TA (uV)")))
    assert (recording.fs, recording.segments[0].onset_s) == (1000, 0)


@pytest.mark.parametrize("column", [0, "0", "column0"])
def test_a_nameless_clock_is_a_hint_and_no_assumption(tmp_path, column):
    path = table(tmp_path, "".join(f"{i / 1000},{(i * 7) % 5}\n" for i in range(60)))
    for stated, error in (
        ({}, UnknownUnitError),
        ({"unit": "uV"}, UnknownRateError),
        ({"unit": "uV", "fs": 1000}, FormatError),
    ):
        with pytest.raises(error, match="state time_column=0"):
            read_recording(path, **stated)
    assert read_recording(path, unit="uV", time_column=column).n_channels == 1
    counted = read_recording(path, unit="uV", fs=1000, kinds={"column0": "MISC"})
    assert (counted.n_channels, len(counted.auxiliary)) == (1, 1)


@pytest.mark.parametrize("name", ["", "frame", "nr"])
def test_a_column_that_counts_is_not_taken_for_a_muscle(tmp_path, name):
    path = table(tmp_path, lines(*[f"{i},{(i * 7) % 5}" for i in range(60)], header=f"{name},TA"))
    with pytest.raises(FormatError, match=r"rises evenly by 1: .*state its kind"):
        read_recording(path, unit="uV", fs=1000)
    kinds = {name or "column0": "MISC"}
    assert read_recording(path, unit="uV", fs=1000, kinds=kinds).n_channels == 1


def test_a_second_clock_beside_the_stated_one_is_no_muscle(tmp_path):
    rows = [f"{1e9 + i},{i / 1000},{i % 3}" for i in range(30)]
    path = table(tmp_path, lines(*rows, header="timestamp,time_s,TA"))
    with pytest.raises(FormatError, match="several columns are times"):
        read_recording(path, unit="uV")
    recording = read_recording(path, unit="uV", time_column="time_s")
    assert [c.name for c in recording.channels] == ["TA"]
    assert recording.auxiliary[0].name == "timestamp"


def test_a_time_column_that_is_not_there_is_a_bad_parameter(tmp_path):
    with pytest.raises(ParameterError, match="no column 'clock'"):
        read_recording(table(tmp_path, lines("1,2")), time_column="clock")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["1,2"] * 900 + ["3"] + ["1,2"] * 5, r"line 902: 1 cell\(s\), the rows before have 2"),
        (["1,2"] * 900 + ["3,4,5"], r"line 902: 3 cell\(s\)"),
        (["1,2"] * 900 + ["3,x"], "line 902: 'x' is no number"),
        (["1,2"] * 900 + ["3,1_0"], "line 902: '1_0' is no number"),
        (["1,2"] * 900 + ["inf,1"], "line 902: a number is infinite"),
        (["1,2"] * 900 + ["1,1e999"], "line 902: a number is infinite"),
        (["1,", "2,3"] + ["1,2"] * 900 + ["-inf,"], "line 904: a number is infinite"),
        (["1,2"] * 900 + ["", "1,2"], "line 902: an empty line"),
        (["1,2"] * 3 + ["3"], r"line 5: 1 cell\(s\)"),
        (["1,2"] * 3 + ["1" * 300_000], "characters in a line"),
    ],
)
def test_a_broken_row_is_named_by_its_line(tmp_path, rows, says):
    with pytest.raises(FormatError, match=says):
        read_recording(table(tmp_path, lines(*rows)), fs=1000)


def test_a_quoted_cell_without_end_is_named_too(tmp_path):
    rows = ["1,2"] * 500 + ['"' + "1" * 140_000 + ",2", "3,4"]
    with pytest.raises(FormatError, match="line 502"):
        read_recording(table(tmp_path, lines(*rows)), fs=1000)


def test_an_empty_line_on_the_edge_of_a_piece_is_named_too(tmp_path, monkeypatch):
    monkeypatch.setattr("emgproc.readers.delimited_text.CHUNK_CHARS", 16)
    path = table(tmp_path, lines("11,22", "33,44", "", "55,66"))
    with pytest.raises(FormatError, match="line 4: an empty line"):
        read_recording(path, fs=1000)


def test_missing_numbers_are_nan_with_a_warning_and_a_column_of_them_is_kept(tmp_path):
    path = table(tmp_path, lines("1,,", "NaN,n/a,2", "3,nan,", header="A (uV),B (uV),C (uV)"))
    recording = read_recording(path, fs=1000)
    nan = np.nan
    assert_array_equal(recording.data, [[1, nan, 3], [nan, nan, nan], [nan, 2, nan]])
    assert recording.provenance.warnings == (
        "A lacks 1 of 3 numbers (NaN)",
        "B holds no number at all",
        "C lacks 2 of 3 numbers (NaN)",
    )


def test_empty_rows_and_separators_at_the_end_are_left_out(tmp_path):
    path = table(
        tmp_path,
        lines("0.000,1,", "0.001,2,", "0.002,3,", ",,", ",,", "", "", header="t (s),A (uV),"),
    )
    recording = read_recording(path)
    assert_array_equal(recording.data, [[1, 2, 3]])
    assert "2 empty row(s)" in recording.provenance.warnings[0]


def test_quoted_cells_are_cells(tmp_path):
    path = table(tmp_path, '"TA (uV)","GM, left (uV)"\n"1.5","2"\n"3","4"\n')
    recording = read_recording(path, fs=1000)
    assert_array_equal(recording.data, [[1.5, 3], [2, 4]])
    assert recording.channels[1].name == "GM, left"


def test_a_header_in_a_comment_is_one_as_savetxt_writes_it(tmp_path):
    path = tmp_path / "t.txt"
    np.savetxt(path, ROWS, header="TA_uV GM_uV")
    recording = read_recording(path, fs=1000)
    assert_array_equal(recording.data, ROWS.T)
    assert [c.name for c in recording.channels] == ["TA", "GM"]


def test_prose_over_a_single_column_is_no_channel_name(tmp_path):
    path = table(tmp_path, "# Jane Roe\n1\n2\n", "t.txt")
    assert "Roe" not in repr(read_recording(path, fs=100, unit="uV").channels)


def test_a_rate_in_a_comment_is_the_rate(tmp_path):
    path = table(tmp_path, "# Sampling Rate (Hz):= 1250.00\n1\n2\n", "t.txt")
    assert read_recording(path, unit="uV").fs == 1250


@pytest.mark.parametrize("text", ["patient left early\n", "a,b\nc,d\n1,2\n", "TA (uV)\n", "#\n"])
def test_text_that_is_no_table_of_numbers_is_not_supported(tmp_path, text):
    with pytest.raises(UnsupportedFormatError, match="no table of numbers"):
        read_recording(table(tmp_path, text), fs=1000)


def test_binary_content_under_a_text_ending_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"1,2\n\0\0\0" + bytes(range(256)))
    with pytest.raises(FormatError, match="the content is not"):
        read_recording(path, fs=1000, unit="uV")


def test_windows_and_blocks_equal_slices_of_the_whole(tmp_path):
    values = np.random.default_rng(1).normal(size=(300, 3))
    path = table(tmp_path, written(values), "t.txt")
    with open_recording(path, fs=100, unit="uV") as opened:
        whole = opened.read()
        assert_array_equal(whole.data, values.T)
        assert_array_equal(opened.read(17, 203).data, whole.data[:, 17:203])
        blocks = [block.data for block in opened.blocks(0.7)]
    assert_array_equal(np.hstack(blocks), whole.data)
    assert not whole.data.flags.writeable


def test_a_recording_outlives_its_file(tmp_path):
    with open_recording(table(tmp_path, lines("1,2")), fs=100) as opened:
        recording = opened.read()
    assert_array_equal(recording.data, [[1], [2]])


@pytest.mark.parametrize("sparse", [False, True])
def test_memory_is_that_of_the_numbers_the_file_holds(tmp_path, sparse):
    # The sparse one looks like 2000 columns wide and then has many short lines.
    if sparse:
        text = (",".join(["1"] * 2000) + "\n") * 300 + "1\n" * 500_000
        held = 600_000 + 500_000
    else:
        text = "1.25,-3.5,7\n" * 300_000
        held = 900_000
    path = table(tmp_path, text)
    tracemalloc.start()
    try:
        if sparse:
            with pytest.raises(FormatError, match="line 301"):
                read_recording(path, fs=1000, unit="uV")
        else:
            assert read_recording(path, fs=1000, unit="uV").n_samples == 300_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 64e6 + 1.25 * 8 * held


def test_describe_tells_the_reason_of_a_refusal(tmp_path):
    told = describe(table(tmp_path, lines("1,2", header="TA,GM")))
    assert (told["format"], told["error"]["code"]) == ("delimited", "unknown_unit")


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(alphabet='0123456789.,;\t \n-+eEnaif"#tTA(uV)', max_size=80))
def test_no_text_gives_any_but_a_typed_error(tmp_path, text):
    path = table(tmp_path, text + "\n")
    told = describe(path, fs=1000, unit="uV")
    assert ("error" in told) != ("fs_hz" in told)


def test_a_file_that_has_only_a_header_after_the_sample_is_truncated(tmp_path, monkeypatch):
    path = table(tmp_path, lines("1,2"))
    from emgproc.readers import delimited

    monkeypatch.setattr(
        delimited, "sniff_layout", _sniff_then_truncate(path, delimited.sniff_layout)
    )
    with pytest.raises(TruncatedFileError, match="no row"):
        read_recording(path, fs=1000)


def _sniff_then_truncate(path, sniff):
    def both(*args, **stated):
        layout = sniff(*args, **stated)
        path.write_text("TA (uV),GM (uV)\n")
        return layout

    return both


def test_the_real_gait_table_equals_numpy_and_its_reference_statistics(real_data):
    path = real_data / "gait-13muscles/ID0012_TW_01_emg.csv"
    recording = read_recording(path, unit="uV")
    theirs = np.loadtxt(path, delimiter=",", skiprows=1)
    assert_array_equal(recording.data, theirs[:, 1:].T)
    assert (recording.fs, recording.segments[0].onset_s) == (1000, 0.014)
    stated = json.loads((real_data / "reference_stats.json").read_text())
    for row, channel in zip(
        recording.data, stated["gait-13muscles/ID0012_TW_01_emg.csv"]["channels"][1:], strict=True
    ):
        for key in ("min", "max", "mean"):
            assert_allclose(getattr(np, key)(row), channel[key], rtol=1e-9)


def test_the_real_bmc_table_opens_with_its_stated_unit_and_times(real_data):
    path = real_data / "bmc-emg/emg.csv"
    recording = read_recording(path, unit="mV", time_column=0)
    assert_array_equal(recording.data[0], np.loadtxt(path, delimiter=",")[:, 1] * 1000)
    assert (recording.fs, recording.segments[0].onset_s) == (1000, 0.001)


def test_the_real_biosppy_counts_have_no_unit(real_data):
    with pytest.raises(UnknownUnitError):
        read_recording(real_data / "biosppy/emg.txt")
    assert read_recording(real_data / "biosppy/emg.txt", unit="uV").fs == 1000


def test_the_real_copy_with_a_broken_row_names_line_639(real_data):
    with pytest.raises(FormatError, match="line 639"):
        read_recording(real_data / "physionet-emgdb/emg_healthy.txt", unit="mV", time_column=0)


def test_the_real_copy_without_its_broken_rows_equals_the_wfdb_record(real_data, tmp_path):
    text = (real_data / "physionet-emgdb/emg_healthy.txt").read_text(encoding="utf-8").splitlines()
    for number, value in ((639, "-0.0367"), (41464, "0.0967")):
        text[number - 1] = f"{number * 0.00025:.6g} {value}"
    path = table(tmp_path, "\n".join(text) + "\n", "t.txt")
    ours = read_recording(path, unit="mV", time_column=0)
    record = read_recording(real_data / "physionet-emgdb/emg_healthy.hea")
    sound = np.setdiff1d(np.arange(ours.n_samples), [638, 41463])
    assert ours.fs == record.fs == 4000
    assert_allclose(ours.data[:, sound], record.data[:, sound], rtol=1e-12)


def test_the_real_armband_table_has_uneven_times(real_data):
    path = real_data / "myo-uci-gestures/1_raw_data_11-08_21.03.16.txt"
    with pytest.raises(FormatError, match="line 3: the time comes after"):
        read_recording(path, unit="V")


def test_a_kind_that_does_not_exist_is_refused_by_name(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("a (uV)\n" + "1.5\n2.5\n" * 20, encoding="utf-8")
    with pytest.raises(ParameterError, match="'emgg'"):
        read_recording(file, fs=1000, kinds={"a": "emgg"})


def test_a_column_that_rises_like_a_clock_is_named_in_the_refusal(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("".join(f"{i / 1000},{i % 7}.5\n" for i in range(50)), encoding="utf-8")
    with pytest.raises(FormatError, match=r"^x\.csv: column 'column0' is no voltage; "):
        read_recording(file, unit="mV", fs=1000)
