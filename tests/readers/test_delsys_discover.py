import numpy as np
import pytest
from delsys_bytes import Chan, Discover
from fuzzing import survives
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
)
from emgproc.readers import open_recording, read_recording, sniff

EMG_HZ, ACC_HZ = 26 / 0.0135, 2 / 0.0135
SENSOR = "Avanti Sensor 1 (75923)"
VERSIONS = {
    "1.4.2": {"rates": False, "times": True},
    "1.5.0": {"rates": True},
    "1.7.0": {"rates": True, "times": True},
    "2.1.0.7": {"rates": True, "times": True, "periods": True},
}


def written(tmp_path, export, **how):
    path = tmp_path / "export.csv"
    path.write_bytes(export.build(**how))
    return path


def emg(n=260, name=f"{SENSOR}: EMG 1", unit="mV", fs=EMG_HZ, seed=0):
    return Chan(name, unit, fs, np.random.default_rng(seed).normal(size=n).tolist())


def acc(n=20, axis="X"):
    return Chan(f"{SENSOR}: ACC {axis}", "G", ACC_HZ, [0.25 * i for i in range(n)])


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_gives_the_same_recording(tmp_path, version):
    other = emg(name="Avanti Sensor 2 (75924): EMG 1", seed=1)
    export = Discover([emg(), acc(), other], version=version, **VERSIONS[version])
    path = written(tmp_path, export)
    assert sniff(path) == "delsys_discover_csv"
    recording = read_recording(path)
    assert_array_equal(recording.data, np.array([emg().values, other.values]) * 1e3)
    assert recording.fs == EMG_HZ
    assert [(c.name, c.kind) for c in recording.channels] == [
        (f"{SENSOR}: EMG 1", "EMG"),
        ("Avanti Sensor 2 (75924): EMG 1", "EMG"),
    ]
    slow = recording.auxiliary[0]
    assert (slow.name, slow.kind, slow.unit, slow.fs) == (f"{SENSOR}: ACC X", "ACC", "G", ACC_HZ)
    assert_array_equal(slow.data, acc().values)
    told = " ".join(recording.provenance.warnings)
    assert ("no rate is stated" in told) == (version == "1.4.2")
    assert ("1925.9259 Hz is stated, 26 samples per 13.5 ms" in told) == (version != "1.4.2")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_locale_with_semicolons_and_decimal_commas(tmp_path, encoding, newline):
    gyro = Chan(f"{SENSOR}: GYRO X", "°/s", ACC_HZ, [1.5, -2.0])
    export = Discover([emg(), gyro], delimiter=";", decimal=",")
    recording = read_recording(written(tmp_path, export, encoding=encoding, newline=newline))
    assert_array_equal(recording.data[0], np.array(emg().values) * 1e3)
    assert recording.fs == EMG_HZ
    assert (recording.auxiliary[0].unit, recording.auxiliary[0].data.tolist()) == (
        "°/s",
        [1.5, -2.0],
    )


def test_without_rates_and_times_the_length_of_the_collection_tells_them(tmp_path):
    export = Discover([emg(2600), acc(200)], rates=False, length_s="1.35")
    recording = read_recording(written(tmp_path, export))
    assert (recording.fs, recording.auxiliary[0].fs) == (EMG_HZ, ACC_HZ)
    assert "follows from the length of the collection" in recording.provenance.warnings[0]


def test_a_length_that_fits_no_rate_asks_for_one(tmp_path):
    path = written(tmp_path, Discover([emg(2600), acc(200)], rates=False, length_s="1.4"))
    with pytest.raises(UnknownRateError, match="are no whole number per"):
        read_recording(path)
    recording = read_recording(path, fs=EMG_HZ)
    assert (recording.fs, recording.auxiliary[0].fs) == (EMG_HZ, ACC_HZ)
    assert recording.provenance.warnings == (
        "no rate is stated; 148.1481481 Hz follows from the length of the collection",
    )
    odd = read_recording(path, fs=2100)
    assert odd.fs == 2100
    assert odd.auxiliary == ()
    assert "ACC X is left out: neither the file nor its times" in odd.provenance.warnings[0]


def test_a_link_device_of_minus_one_hertz_is_left_out_unless_its_times_are_even(tmp_path):
    even = Chan("VO2 Master: VO2", "mL/min", 0.5, [1.0, 2.0, 3.0])
    stated = {even.name: "-1 Hz"}
    timed = read_recording(written(tmp_path, Discover([emg(), even], times=True, stated=stated)))
    assert (timed.auxiliary[0].fs, timed.auxiliary[0].data.tolist()) == (0.5, [1.0, 2.0, 3.0])
    untimed = read_recording(written(tmp_path, Discover([emg(), even], stated=stated)))
    assert untimed.auxiliary == ()
    assert "VO2 Master: VO2 is left out" in " ".join(untimed.provenance.warnings)
    text = Discover([emg(), even], times=True, stated=stated).build().decode()
    path = tmp_path / "export.csv"
    path.write_text(text.replace(",2,2.0", ",0.3,2.0"), encoding="utf-8")
    uneven = read_recording(path)
    assert uneven.auxiliary == ()
    assert "left out: export.csv, VO2 Master: VO2, line" in " ".join(uneven.provenance.warnings)


def test_placeholders_of_analog_inputs_are_kept_apart_and_are_no_emg(tmp_path):
    analog = [Chan(f"{SENSOR}: Analog ?", "V", EMG_HZ, emg(seed=i).values) for i in (3, 4)]
    recording = read_recording(written(tmp_path, Discover([emg(), *analog])))
    assert [(c.name, c.kind) for c in recording.channels] == [
        (f"{SENSOR}: EMG 1", "EMG"),
        (f"{SENSOR}: Analog ?", "MISC"),
        (f"{SENSOR}: Analog ?_2", "MISC"),
    ]


def test_a_table_of_events_beside_the_signals_is_told_of_and_not_read(tmp_path):
    export = Discover(
        [emg(), acc()], version="2.1.0.7", rates=True, periods=True, times=True,
        beside=("", "Type", "Name", "Label", "Time (s)"),
    )  # fmt: skip
    recording = read_recording(written(tmp_path, export))
    assert_array_equal(recording.data[0], np.array(emg().values) * 1e3)
    assert "the table of events beside the signals is not read" in recording.provenance.warnings


def test_a_slower_muscle_becomes_auxiliary_in_microvolts(tmp_path):
    slow = emg(150, "Quattro Sensor 2 (1): EMG 1", fs=15 / 0.0135, seed=2)
    channels = [emg(), emg(name="Avanti Sensor 3 (2): EMG 1", seed=1), slow]
    recording = read_recording(written(tmp_path, Discover(channels)))
    assert recording.n_channels == 2
    apart = recording.auxiliary[0]
    assert (apart.unit, apart.fs, apart.kind) == ("uV", 15 / 0.0135, "EMG")
    assert_array_equal(apart.data, np.array(slow.values) * 1e3)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_export_comes_back_to_the_last_bit(tmp_path, data):
    n = data.draw(st.integers(2, 30))
    values = st.lists(st.floats(-1e6, 1e6), min_size=n, max_size=n)
    channels = [
        Chan(f"Avanti Sensor {i} (7): EMG 1", "uV", EMG_HZ, data.draw(values))
        for i in range(data.draw(st.integers(1, 4)))
    ]
    slow = [
        Chan(
            f"{SENSOR}: ACC {axis}", "G", ACC_HZ, data.draw(values)[: data.draw(st.integers(2, n))]
        )
        for axis in "XYZ"[: data.draw(st.integers(0, 3))]
    ]
    how = VERSIONS[data.draw(st.sampled_from(sorted(VERSIONS)))]
    delimiter, decimal = data.draw(st.sampled_from([(",", "."), (";", ",")]))
    export = Discover(channels + slow, delimiter=delimiter, decimal=decimal, **how)
    path = written(tmp_path, export)
    start, stop = sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))
    with open_recording(path) as opened:
        recording = opened.read()
        assert_array_equal(opened.read(start, stop).data, recording.data[:, start:stop])
    assert_array_equal(recording.data, np.array([c.values for c in channels]))
    assert [a.data.tolist() for a in recording.auxiliary] == [c.values for c in slow]
    assert recording.fs == EMG_HZ


BASE = Discover([emg(30), acc(3)], times=True)


def changed(old, new):
    def change(text):
        assert old in text
        return text.replace(old, new, 1)

    return change


HAZARDS = {
    "no modes": (changed("sensor mode: 40", "mode 40"), FormatError, "no row 'sensor mode"),
    "a rate missing": (changed("148.1481 Hz", ""), FormatError, "no rate stands under 'ACC X"),
    "another rate": (changed("1925.9259 Hz", "1000.0 Hz"), FormatError, "1000 Hz is stated"),
    "no unit": (changed("EMG 1 (mV)", "EMG 1"), UnknownUnitError, "no unit is stated for"),
    "a megavolt": (changed("(mV)", "(MV)"), UnknownUnitError, "no signal is a voltage"),
    "no names": (lambda text: _line(text, 5, ""), UnknownUnitError, "no signal is named"),
    "only times named": (
        lambda text: _line(text, 5, "EMG 1 Time Series (s)"),
        UnknownUnitError,
        "no signal is named",
    ),
    "no rows": (lambda text: "\n".join(text.split("\n")[:7]), TruncatedFileError, "no row"),
    "a header alone": (lambda text: text.split("\n")[0], FormatError, "no row 'sensor mode"),
    "a short row": (lambda text: _line(text, 12, "0.1,0.2"), FormatError, "line 13: 2 cell"),
    "a word": (lambda text: _line(text, 12, "0.1,x,,"), FormatError, "line 13: 'x' is no number"),
    "infinite": (lambda text: _line(text, 12, "0.1,inf,,"), FormatError, "line 13: a number is"),
    "an empty line": (lambda text: _line(text, 12, ""), FormatError, "line 13: an empty line"),
    "a time lost": (lambda text: _line(text, 12, ",1,,"), FormatError, "line 13: no time"),
    "a gap": (lambda text: _line(text, 12, "0.01,1,,"), FormatError, "line 13: the time comes"),
}  # fmt: skip


def _line(text, index, new):
    lines = text.split("\n")
    lines[index] = new
    return "\n".join(lines)


@pytest.mark.parametrize("name", HAZARDS)
def test_a_hazard_is_a_typed_error(tmp_path, name):
    change, error, says = HAZARDS[name]
    path = tmp_path / "export.csv"
    path.write_text(change(BASE.build().decode()), encoding="utf-8")
    with pytest.raises(error, match=says):
        read_recording(path)


def test_points_and_commas_in_the_numbers_are_refused(tmp_path):
    lines = Discover([emg(30)], delimiter=";").lines()
    lines[9] = "1,5"
    (tmp_path / "export.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(FormatError, match="one decimal mark"):
        read_recording(tmp_path / "export.csv")


@pytest.mark.slow
def test_mutated_exports_give_nothing_but_typed_errors_or_recordings(tmp_path):
    gyro = Chan(f"{SENSOR}: GYRO X", "°/s", ACC_HZ, [1.0, 2.0, 3.0])
    export = Discover([emg(20), gyro], times=True, periods=True, version="2.1.0.7")
    assert survives(export.build("cp1252"), tmp_path / "export.csv", 20_000) > 100
