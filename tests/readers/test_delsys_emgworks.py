import tracemalloc

import numpy as np
import pytest
from delsys_bytes import Chan, Emgworks
from fuzzing import survives
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers import describe, open_recording, read_recording, sniff

EMG_HZ, ACC_HZ = 17 / 0.0135, 2 / 0.0135
SLOW = Chan("TA: ACC.X 1", "g", ACC_HZ, [0.25, 0.5])


def written(tmp_path, content, name="export.csv"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def emg(n=40, name="TA: EMG 1", unit="V", fs=EMG_HZ, seed=0, onset_s=0.0):
    values = np.random.default_rng(seed).normal(size=n) * 1e-4
    return Chan(name, unit, fs, values.tolist(), onset_s)


def test_each_channel_has_its_own_clock_unit_and_length(tmp_path):
    first, second = emg(), emg(name="GM: EMG 2", unit="mV", seed=1)
    gyro = Chan("TA: GYRO.X 1", "°/s", ACC_HZ, [1.0, -2.0, 3.0])
    export = Emgworks([first, SLOW, gyro, second], digits=7)
    path = written(tmp_path, export.build())
    assert sniff(path) == "delsys_emgworks_csv"
    recording = read_recording(path)
    assert_array_equal(recording.data[0], np.array(first.values) * 1e6)
    assert_array_equal(recording.data[1], np.array(second.values) * 1e3)
    assert recording.fs == EMG_HZ
    assert [(c.name, c.kind) for c in recording.channels] == [
        ("TA: EMG 1", "EMG"),
        ("GM: EMG 2", "EMG"),
    ]
    told = [(a.name, a.kind, a.unit, a.fs, a.data.tolist()) for a in recording.auxiliary]
    assert told == [
        ("TA: ACC.X 1", "ACC", "g", ACC_HZ, [0.25, 0.5]),
        ("TA: GYRO.X 1", "GYRO", "°/s", ACC_HZ, [1.0, -2.0, 3.0]),
    ]
    assert recording.provenance.scaling == "value × 1000, 1e+06 µV"
    assert recording.provenance.warnings == (
        "1259.259 Hz is stated, 17 samples per 13.5 ms (1259.259259 Hz) are used",
        "148.1481 Hz is stated, 2 samples per 13.5 ms (148.1481481 Hz) are used",
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(("delimiter", "decimal"), [(",", "."), (";", ","), ("\t", ",")])
def test_locales_encodings_and_line_ends_give_the_same_recording(
    tmp_path, newline, encoding, delimiter, decimal
):
    gyro = Chan("TA: GYRO.X 1", "°/s", ACC_HZ, [1.5, -2.0])
    export = Emgworks([emg(), gyro], delimiter=delimiter, decimal=decimal)
    path = written(tmp_path, export.build(encoding, newline))
    assert sniff(path) == "delsys_emgworks_csv"
    recording = read_recording(path)
    assert_array_equal(recording.data[0], np.array(emg().values) * 1e6)
    assert recording.auxiliary[0].unit == "°/s"
    assert recording.auxiliary[0].data.tolist() == [1.5, -2.0]


def test_a_unit_beyond_ascii_late_in_a_long_header_is_read_in_its_code_page(tmp_path):
    channels = [emg(3, f"S{i}: EMG {i}", seed=i) for i in range(60)]
    channels.append(Chan("S0: GYRO.X 0", "°/s", ACC_HZ, [1.0, 2.0]))
    recording = read_recording(written(tmp_path, Emgworks(channels).build("cp1252")))
    assert recording.n_channels == 60
    assert recording.auxiliary[0].unit == "°/s"


def test_without_lines_of_the_channels_the_times_tell_the_rate(tmp_path):
    export = Emgworks([emg(200), SLOW], labels=False)
    with_unit = read_recording(written(tmp_path, export.build()))
    assert with_unit.fs == EMG_HZ
    assert_array_equal(with_unit.data[0], np.array(emg(200).values) * 1e6)
    export.channels[0].unit = ""
    path = written(tmp_path, export.build())
    with pytest.raises(UnknownUnitError, match="no unit is stated for 'TA: EMG 1'"):
        read_recording(path)
    assert_array_equal(read_recording(path, unit="V").data, with_unit.data)


@pytest.mark.parametrize(("fs", "used"), [(1259.259, EMG_HZ), (1000.0, 1000.0), (2000.0, 2000.0)])
def test_only_a_rate_within_a_thousandth_of_the_grid_is_moved_there(tmp_path, fs, used):
    assert read_recording(written(tmp_path, Emgworks([emg(fs=fs)]).build())).fs == used


def test_a_start_later_than_zero_is_kept(tmp_path):
    export = Emgworks([emg(onset_s=12.5), Chan("TA: ACC.X 1", "g", ACC_HZ, [1, 2], 12.5)])
    recording = read_recording(written(tmp_path, export.build()))
    assert recording.segments[0].onset_s == 12.5
    assert recording.auxiliary[0].onset_s == 12.5


def test_times_of_seven_digits_stay_even_beyond_a_thousand_seconds(tmp_path):
    export = Emgworks([emg(3000, onset_s=1500.0)], digits=7)
    recording = read_recording(written(tmp_path, export.build()))
    assert recording.n_samples == 3000


def test_a_gap_in_the_times_is_refused_with_its_line(tmp_path):
    lines = Emgworks([emg(100)]).lines()
    del lines[50]
    path = written(tmp_path, "\n".join(lines).encode())
    with pytest.raises(FormatError, match=r"TA: EMG 1, line 51: the time comes after 1.97"):
        read_recording(path)


def test_a_channel_that_ends_early_stays_apart_and_one_short_packet_cuts_all(tmp_path):
    channels = [emg(100), emg(95, "GM: EMG 2", seed=1), emg(40, "SO: EMG 3", seed=2)]
    channels.append(emg(100, "RF: EMG 4", seed=3))
    recording = read_recording(written(tmp_path, Emgworks(channels).build()))
    assert [c.name for c in recording.channels] == ["TA: EMG 1", "GM: EMG 2", "RF: EMG 4"]
    assert recording.n_samples == 95
    apart = recording.auxiliary[0]
    assert (apart.name, apart.unit, apart.data.size) == ("SO: EMG 3", "uV", 40)
    assert_array_equal(apart.data, np.array(channels[2].values) * 1e6)
    told = " ".join(recording.provenance.warnings)
    assert "SO: EMG 3: not as long as most channels, kept apart" in told
    assert "TA: EMG 1, RF: EMG 4: what follows the end of the shortest channel" in told


def test_windows_and_blocks_hold_every_sample_of_every_clock(tmp_path):
    slow = Chan("TA: ACC.X 1", "g", ACC_HZ, np.arange(30.0).tolist())
    path = written(tmp_path, Emgworks([emg(200), slow]).build())
    with open_recording(path) as opened:
        whole, window = opened.read(), opened.read(17, 35)
        blocks = list(opened.blocks(0.02))
    assert_array_equal(window.data, whole.data[:, 17:35])
    # Samples 17 to 35 at 17 a packet last from 13.5 ms: from the third sample of two a packet.
    assert window.auxiliary[0].data.tolist() == [2.0, 3.0, 4.0]
    assert_allclose(window.auxiliary[0].onset_s, 0.0135, rtol=1e-12)
    assert_array_equal(np.hstack([b.data for b in blocks]), whole.data)
    assert_array_equal(
        np.concatenate([b.auxiliary[0].data for b in blocks]), whole.auxiliary[0].data
    )


floats = st.floats(-1e3, 1e3, allow_nan=False)


def exactly(n):
    return st.lists(floats, min_size=n, max_size=n)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_export_comes_back_to_the_last_bit(tmp_path, data):
    n = data.draw(st.integers(2, 30))
    k = data.draw(st.sampled_from([15, 17, 26, 27, 30]))
    channels = [
        Chan(
            f"S{i}: EMG {i}", "V", k / 0.0135, data.draw(st.lists(floats, min_size=n, max_size=n))
        )
        for i in range(data.draw(st.integers(1, 4)))
    ]
    slow = [
        Chan(f"S0: ACC.{axis} 1", "g", ACC_HZ, data.draw(st.lists(floats, max_size=n)))
        for axis in "XYZ"[: data.draw(st.integers(0, 3))]
    ]
    delimiter, decimal = data.draw(st.sampled_from([(",", "."), (";", ","), (";", ".")]))
    export = Emgworks(channels + slow, delimiter=delimiter, decimal=decimal)
    path = written(tmp_path, export.build())
    start, stop = sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))
    with open_recording(path) as opened:
        recording = opened.read()
        assert_array_equal(opened.read(start, stop).data, recording.data[:, start:stop])
    assert_array_equal(recording.data, np.array([c.values for c in channels]) * 1e6)
    assert recording.fs == k / 0.0135
    assert [a.data.tolist() for a in recording.auxiliary] == [c.values for c in slow]


BASE = Emgworks([emg(50), SLOW])


def changed(old, new, count=1):
    def change(text):
        assert old in text
        return text.replace(old, new, count)

    return change


def without_cell(text, line, cell):
    lines = text.split("\n")
    cells = lines[line - 1].split(",")
    cells[cell] = ""
    lines[line - 1] = ",".join(cells)
    return "\n".join(lines)


def stopped(text):
    lines = text.split("\n")
    return "\n".join(
        ",".join(["0.5", *line.split(",")[1:]]) if line[:1] == "0" else line for line in lines
    )


HAZARDS = {
    "no header row": (changed("X[s],", "Y[s],", 1), FormatError, "no header row"),
    "columns out of turn": (changed(",X[s],", ",Z[s],"), FormatError, "by turns"),
    "an odd column": (changed('TA: ACC.X 1"\n', 'TA: ACC.X 1",x\n'), FormatError, "by turns"),
    "another label": (changed("Label: TA: ACC", "Label: GM: ACC"), FormatError, "are not its 2"),
    "a label line lost": (lambda text: text.split("\n", 1)[1], FormatError, "are not its 2"),
    "a rate of zero": (changed("1.259259e+03", "0"), FormatError, "line 1: not 'Label"),
    "a rate of inf": (changed("1.259259e+03", "inf"), FormatError, "line 1: not 'Label"),
    "a rate that is no number": (changed("1.259259e+03", "fast"), FormatError, "line 1"),
    "a rate that the times deny": (changed("1.259259e+03", "2000"), FormatError, "times mean"),
    "negative points": (changed("points: 50", "points: -5"), FormatError, "line 1: not 'Label"),
    "a domain of Hz": (changed("Domain Unit: s", "Domain Unit: Hz"), FormatError, "line 1"),
    "no voltage": (changed("Unit: V", "Unit: N"), UnknownUnitError, "no signal is a voltage"),
    "a megavolt": (changed("Unit: V", "Unit: MV"), UnknownUnitError, "no signal is a voltage"),
    "no rows": (lambda text: "\n".join(text.split("\n")[:6]) + "\n", TruncatedFileError, "no row"),
    "a row cut": (lambda text: text[:-40], FormatError, "cell"),
    "a cell too many": (lambda text: text.rstrip() + ",\n", FormatError, "line 56: 5 cell"),
    "an infinite number": (changed(",,", ",,inf"), FormatError, "line 9: a number is infinite"),
    "a word": (lambda text: text.rstrip()[:-4] + ",,x,\n", FormatError, "line 56"),
    "an empty line": (changed("\n0.0", "\n\n0.0", 3), FormatError, "an empty line"),
    "a time lost": (lambda text: without_cell(text, 20, 0), FormatError, "line 20: no time"),
    "times that stand": (stopped, FormatError, "do not rise"),
}  # fmt: skip


@pytest.mark.parametrize("name", HAZARDS)
def test_a_hazard_is_a_typed_error(tmp_path, name):
    change, error, says = HAZARDS[name]
    path = written(tmp_path, change(BASE.build().decode()).encode())
    with pytest.raises(error, match=says):
        read_recording(path)


def test_odd_but_readable_exports_are_warned_of(tmp_path):
    text = BASE.build().decode()
    text = text.replace("points: 50", "points: 81141")
    lines = text.split("\n")
    lines[19] = ",".join([lines[19].split(",")[0], "", "", ""])
    told = read_recording(written(tmp_path, "\n".join(lines).encode())).provenance.warnings
    assert "TA: EMG 1 (50 of 81141)" in " ".join(told)
    assert "TA: EMG 1 lacks 1 of 50 numbers (NaN)" in told


def test_repeated_names_get_a_suffix_and_a_column_without_numbers_is_told(tmp_path):
    channels = [emg(), emg(), Chan("TA: ACC.X 1", "g", ACC_HZ, [])]
    recording = read_recording(written(tmp_path, Emgworks(channels).build()))
    assert [c.name for c in recording.channels] == ["TA: EMG 1", "TA: EMG 1_2"]
    assert recording.auxiliary[0].data.size == 0
    unlabelled = Emgworks(channels, labels=False)
    recording = read_recording(written(tmp_path, unlabelled.build()))
    assert "holds no number at all, left out" in " ".join(recording.provenance.warnings)


def test_a_single_row_without_a_stated_rate_tells_none(tmp_path):
    with pytest.raises(UnknownRateError, match="tell no rate"):
        read_recording(written(tmp_path, Emgworks([emg(1)], labels=False).build()))


def test_a_voltage_that_is_no_muscle_is_no_emg(tmp_path):
    export = Emgworks([emg(), emg(name="TA: Analog.A 1", seed=3)])
    path = written(tmp_path, export.build())
    recording = read_recording(path, kinds={"TA: Analog.A 1": "FORCE"})
    assert [c.kind for c in recording.channels] == ["EMG", "FORCE"]
    assert [c["kind"] for c in describe(path)["channels"]] == ["EMG", "MISC"]


def test_binary_content_is_refused(tmp_path):
    path = written(tmp_path, BASE.build()[:4096].ljust(5000) + bytes(200))
    with pytest.raises(UnsupportedFormatError, match="no text"):
        open_recording(path)


def test_memory_is_that_of_the_numbers_the_file_holds(tmp_path):
    fast = [emg(60_000, f"S{i}: EMG {i}", seed=i) for i in range(2)]
    slow = [Chan(f"S0: ACC.X {i}", "g", ACC_HZ, [0.5] * 7000) for i in range(20)]
    path = written(tmp_path, Emgworks(fast + slow, digits=7).build())
    n_numbers = 2 * (2 * 60_000 + 20 * 7000)
    del fast, slow
    tracemalloc.start()
    try:
        with open_recording(path) as opened:
            opened.read()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= (32 << 20) + 1.25 * 8 * n_numbers


@pytest.mark.slow
def test_mutated_exports_give_nothing_but_typed_errors_or_recordings(tmp_path):
    export = Emgworks([emg(20), Chan("TA: GYRO.X 1", "°/s", ACC_HZ, [1.0, 2.0, 3.0])], digits=7)
    assert survives(export.build("cp1252"), tmp_path / "export.csv", 20_000) > 100


def test_the_real_export_equals_numpy_and_its_reference_statistics(real_data):
    import json

    path = real_data / "delsys/truncated_trigno_sample.csv"
    recording = read_recording(path)
    table = np.genfromtxt(path, delimiter=",", skip_header=18)
    assert_array_equal(recording.data, table[:, [1, 15]].T * 1e6)
    assert recording.fs == EMG_HZ
    assert recording.data.shape == (2, 2519)
    assert len(recording.auxiliary) == 12
    stats = json.loads((real_data / "reference_stats.json").read_text("utf-8"))
    found = {a.name: a.data for a in recording.auxiliary}
    found |= {c.name: row / 1e6 for c, row in zip(recording.channels, recording.data, strict=True)}
    for told in stats["delsys/truncated_trigno_sample.csv"]["channels"]:
        values = found[told["name"]]
        assert_allclose(
            [values.min(), values.max(), values.mean(), values.std()],
            [told[key] for key in ("min", "max", "mean", "std")],
            rtol=1e-9,
            err_msg=told["name"],
        )
    pairs = {a.name: a for a in recording.auxiliary}
    assert pairs["Mini sensor 10: GYRO.X 10"].unit == "°/s"
    assert pairs["Mini sensor 10: ACC.X 10"].data.size == 297
    assert pairs["Mini sensor 10: ACC.X 10"].fs == ACC_HZ


def test_the_shipped_sample_is_read(sample_signals):
    recording = read_recording(sample_signals / "real" / "truncated_trigno_sample.csv")
    assert_allclose(recording.data.mean(axis=1), [-11.541685, -21.396547], rtol=1e-6)
