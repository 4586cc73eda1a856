import numpy as np
import pytest
from fuzzing import forget_peak, resident_mb, survives
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from noraxon_bytes import NoraxonCsv, opendata
from numpy.testing import assert_array_equal

from emgproc.errors import (
    EmgprocError,
    FormatError,
    MissingFileError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
)
from emgproc.readers import open_recording, read_recording, sniff
from emgproc.recording import Event

VALUES = np.array([[1.5, -2.25, 3.0, 1e-3], [9.0, 8.0, -7.5, 6.0]])


def written(tmp_path, content, name="walk.csv"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize(("delimiter", "decimal"), [(",", "."), (";", ","), ("\t", ",")])
def test_every_locale_gives_the_same_recording(
    tmp_path, newline, encoding, quoted, delimiter, decimal
):
    export = NoraxonCsv(VALUES, quoted=quoted, delimiter=delimiter, decimal=decimal)
    path = written(tmp_path, export.build(encoding, newline))
    assert sniff(path) == "noraxon_csv"
    recording = read_recording(path)
    assert_array_equal(recording.data, VALUES[:1])
    assert recording.fs == 2000
    aux = recording.auxiliary[0]
    assert (aux.kind, aux.unit, aux.fs) == ("ACC", "mG", 2000.0)
    assert_array_equal(aux.data, VALUES[1])
    assert recording.provenance.warnings == ()


@pytest.mark.parametrize(
    ("header", "name", "kind", "unit", "factor"),
    [
        ("RT TIB.ANT. (uV)", "RT TIB.ANT.", "EMG", "uV", 1.0),
        ("RF, uV", "RF", "EMG", "uV", 1.0),
        ("RF (mV)", "RF", "EMG", "uV", 1e3),
        ("Ultium EMG.EMG 1 (µV)", "Ultium EMG.EMG 1", "EMG", "uV", 1.0),
        ("Ultium EMG.Internal Gyro 1 Gx (deg/s)", "Ultium EMG.Internal Gyro 1 Gx", "GYRO",
         "deg/s", 1.0),
        ("Ultium EMG.Internal Mag 1 Mx (mGauss)", "Ultium EMG.Internal Mag 1 Mx", "MISC",
         "mGauss", 1.0),
        ("Noraxon.Sync/Switch (On)", "Noraxon.Sync/Switch", "TRIG", "On", 1.0),
    ],
)  # fmt: skip
def test_names_tell_unit_and_kind(tmp_path, header, name, kind, unit, factor):
    export = NoraxonCsv(VALUES, names=("EMG X (uV)", header))
    recording = read_recording(written(tmp_path, export.build()))
    if unit == "uV":
        assert (recording.channels[1].name, recording.channels[1].kind) == (name, kind)
        assert_array_equal(recording.data[1], VALUES[1] * factor)
    else:
        aux = recording.auxiliary[0]
        assert (aux.name, aux.kind, aux.unit) == (name, kind, unit)
        assert_array_equal(aux.data, VALUES[1])


def test_activities_and_markers_become_events(tmp_path):
    export = NoraxonCsv(
        np.tile(VALUES, 3),
        onset_s=0.5,
        activity=dict.fromkeys(range(2, 8), "Walk"),
        marker={0: "start", 5: "step 1", 6: "0"},
    )
    recording = read_recording(written(tmp_path, export.build()))
    assert recording.events == (
        Event(0.5, 0.0, "start"),
        Event(0.5 + 2 / 2000, 6 / 2000, "Walk"),
        Event(0.5 + 5 / 2000, 0.0, "step 1"),
    )
    assert recording.segments[0].onset_s == 0.5


def test_no_name_of_a_person_is_kept(tmp_path):
    recording = read_recording(written(tmp_path, NoraxonCsv(VALUES).build()))
    assert "Roe" not in repr(recording) + repr(recording.provenance) + repr(recording.events)


def test_a_table_without_words_is_known_by_its_signals(tmp_path):
    path = written(tmp_path, NoraxonCsv(VALUES, words=False).build())
    assert sniff(path) == "noraxon_csv"
    assert read_recording(path).events == ()


@pytest.mark.parametrize("header", ["time (ms)", "Time, ms", "TIME [ms]"])
def test_times_in_milliseconds_are_told_by_their_header(tmp_path, header):
    export = NoraxonCsv(VALUES, fs=2.0, time=header)
    assert read_recording(written(tmp_path, export.build())).fs == 2000


def test_missing_numbers_are_nan_with_a_warning(tmp_path):
    values = VALUES.copy()
    values[0, 1] = values[1, 3] = np.nan
    recording = read_recording(written(tmp_path, NoraxonCsv(values).build()))
    assert_array_equal(recording.data, values[:1])
    assert_array_equal(recording.auxiliary[0].data, values[1])
    assert recording.provenance.warnings == (
        "RF lacks 1 of 4 numbers (NaN)",
        "Ultium EMG.Internal Accel 1 Ax lacks 1 of 4 numbers (NaN)",
    )


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_export_comes_back_to_the_last_bit(tmp_path, data):
    shape = data.draw(st.tuples(st.integers(1, 4), st.integers(2, 30)))
    row = st.lists(st.floats(-1e9, 1e9), min_size=shape[1], max_size=shape[1])
    values = np.array([data.draw(row) for _ in range(shape[0])])
    fs = data.draw(st.sampled_from([1000.0, 1500.0, 2000.0, 4000.0]))
    marker = data.draw(
        st.dictionaries(st.integers(0, shape[1] - 1), st.sampled_from(["a", "b c"]))
    )
    delimiter, decimal = data.draw(st.sampled_from([(",", "."), (";", ","), ("\t", ".")]))
    names = tuple(f"M{i} (uV)" for i in range(shape[0]))
    export = NoraxonCsv(
        values, names, fs, marker=marker, delimiter=delimiter, decimal=decimal,
    )  # fmt: skip
    path = written(tmp_path, export.build())
    start, stop = sorted(data.draw(st.tuples(st.integers(0, shape[1]), st.integers(0, shape[1]))))
    with open_recording(path) as opened:
        whole = opened.read()
        assert_array_equal(opened.read(start, stop).data, whole.data[:, start:stop])
    assert_array_equal(whole.data, values)
    assert whole.fs == fs
    covered = {
        i: event.label
        for event in whole.events
        for i in range(round(event.onset_s * fs),
                       round(event.onset_s * fs) + max(1, round(event.duration_s * fs)))
    }  # fmt: skip
    assert covered == marker


def line_of(index, new):
    def change(lines):
        return [*lines[:index], *([] if new is None else [new]), *lines[index + 1 :]]

    return change


BARE = NoraxonCsv(VALUES, names=("RF", "GM (uV)"))
HAZARDS = {
    "no unit": (BARE, None, UnknownUnitError, "no unit is stated for 'RF'"),
    "no voltage": (NoraxonCsv(VALUES, names=("RF (N)", "x (mG)")), None, UnknownUnitError, "mG"),
    "a megavolt": (NoraxonCsv(VALUES[:1], names=("RF (MV)",)), None, UnknownUnitError, "MV"),
    "no signal": (NoraxonCsv(VALUES), line_of(3, "time,Activity,Marker"), UnknownUnitError,
                  "names no signal"),
    "times of days": (NoraxonCsv(VALUES, time="time (d)"), None, FormatError, "column of times"),
    "no rows": (NoraxonCsv(VALUES), lambda lines: lines[:4], TruncatedFileError, "no row"),
    "one row": (NoraxonCsv(VALUES), lambda lines: lines[:5], UnknownRateError, "1 time"),
    "a row lost": (NoraxonCsv(np.tile(VALUES, 9)), line_of(20, None), FormatError, "line 21: the"),
    "a short row": (NoraxonCsv(VALUES), line_of(6, "0.001,,"), FormatError, "line 7: 3 cell"),
    "a word": (NoraxonCsv(VALUES), line_of(6, "0.001,,,x,1"), FormatError, "line 7: 'x' is no"),
    "infinite": (NoraxonCsv(VALUES), line_of(6, "0.001,,,inf,1"), FormatError, "line 7: a number"),
    "beyond sense": (NoraxonCsv(VALUES), line_of(6, "1e300,,,1,1"), FormatError, "beyond 1e"),
    "no time": (NoraxonCsv(VALUES), line_of(6, ",,,1,1"), FormatError, "line 7: no time"),
    "a last time lost": (NoraxonCsv(VALUES), line_of(7, ",,,1,1"), FormatError, "but no time"),
    "an empty line": (NoraxonCsv(VALUES), line_of(6, ""), FormatError, "line 7: an empty line"),
    "both marks": (NoraxonCsv(VALUES, delimiter=";"), line_of(6, "0,001;;;1.5;1"), FormatError,
                   "one decimal mark"),
}  # fmt: skip


@pytest.mark.parametrize("name", HAZARDS)
def test_a_hazard_is_a_typed_error(tmp_path, name):
    export, change, error, says = HAZARDS[name]
    lines = export.lines()
    lines = change(lines) if change else lines
    with pytest.raises(error, match=says):
        read_recording(written(tmp_path, "\n".join(lines).encode()))


def test_the_caller_can_state_the_unit_or_the_kind_of_a_bare_name(tmp_path):
    path = written(tmp_path, BARE.build())
    assert_array_equal(read_recording(path, unit="mV").data, VALUES * [[1e3], [1.0]])
    kept = read_recording(path, kinds={"RF": "FORCE"})
    assert (kept.auxiliary[0].name, kept.auxiliary[0].kind) == ("RF", "FORCE")


@pytest.mark.slow
def test_mutated_exports_give_nothing_but_typed_errors_or_recordings(tmp_path):
    export = NoraxonCsv(np.tile(VALUES, 5), activity={3: "Walk", 4: "Walk"}, marker={9: "x"})
    assert survives(export.build(), tmp_path / "walk.csv", 20_000) > 100


# OPENDATA folders

RECORD = (
    ("Ultium EMG.EMG 1", "uV", 2000, np.arange(40.0), "analog.r64"),
    ("Ultium EMG.EMG 2", "mV", 2000.0, np.arange(40.0) / 7, "analog1.r64"),
    ("Ultium EMG.Internal Accel 1 Ax", "mG", 400, np.arange(8.0), "analog2.r64"),
)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "persons" / "p1" / "records" / "r1"


def test_a_folder_opens_by_its_contents_or_its_data(folder):
    path = opendata(folder, RECORD)
    assert sniff(path) == "noraxon_opendata"
    for named in (path, folder / "data"):
        recording = read_recording(named)
        assert_array_equal(recording.data, [np.arange(40.0), np.arange(40.0) / 7 * 1e3])
        assert recording.fs == 2000
        aux = recording.auxiliary[0]
        assert (aux.kind, aux.unit, aux.fs) == ("ACC", "mG", 400.0)
        assert_array_equal(aux.data, np.arange(8.0))
        assert "Roe" not in repr(recording) + repr(recording.provenance)
    (folder / "contents").unlink()
    assert read_recording(folder / "data").provenance.sha256 == recording.provenance.sha256


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_folder_comes_back_and_any_window_is_a_slice(folder, data):
    n = data.draw(st.integers(1, 40))
    row = st.lists(st.floats(allow_infinity=False, width=32), min_size=n, max_size=n)
    streams = [
        (f"EMG {i}", "uV", 2000, data.draw(row), f"analog{i}.r64")
        for i in range(data.draw(st.integers(1, 4)))
    ]
    path = opendata(folder, streams)
    start, stop = sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))
    with open_recording(path) as opened:
        whole = opened.read()
        assert_array_equal(opened.read(start, stop).data, whole.data[:, start:stop])
    assert_array_equal(whole.data, np.array([s[3] for s in streams]))


def test_blocks_hold_every_sample_of_every_clock(folder):
    with open_recording(opendata(folder, RECORD)) as opened:
        blocks = list(opened.blocks(0.0035))
    assert_array_equal(np.hstack([b.data for b in blocks])[0], np.arange(40.0))
    assert_array_equal(np.concatenate([b.auxiliary[0].data for b in blocks]), np.arange(8.0))


def changed(index, **fields):
    rows = [list(row) for row in RECORD]
    for key, value in fields.items():
        rows[index][["name", "units", "frequency", "values", "file"].index(key)] = value
    return rows


FOLDERS = {
    "no units": (changed(1, units=None), UnknownUnitError, "'Ultium EMG.EMG 2' has no units"),
    "no name": (changed(1, name=None), FormatError, "'analog1.r64' has no name"),
    "no frequency": (changed(1, frequency=None), UnknownRateError, "has no frequency"),
    "a frequency of zero": (changed(0, frequency=0), UnknownRateError, "the frequency 0.0 Hz"),
    "a frequency of dots": (changed(0, frequency="1.2.3"), UnknownRateError, "frequency 0.0 Hz"),
    "a huge frequency": (changed(0, frequency="1e300"), UnknownRateError, r"1e\+300 Hz"),
    "a file outside": (
        changed(0, values=None, file="../x.r64"),
        FormatError,
        "outside its folder",
    ),
    "a rooted file": (changed(0, values=None, file="/etc/x.r64"), FormatError, "outside"),
    "a Windows path": (changed(0, values=None, file=r"C:\x.r64"), FormatError, "outside"),
    "a missing file": (changed(0, values=None, file="y.r64"), MissingFileError, "not there"),
    "an empty file": (changed(0, values=[])[:1], TruncatedFileError, "no channel holds a sample"),
    "no voltage": (RECORD[2:], UnknownUnitError, "no signal is a voltage"),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_with_a_hazard_is_a_typed_error(folder, name):
    streams, error, says = FOLDERS[name]
    with pytest.raises(error, match=says):
        read_recording(opendata(folder, streams))


def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path):
    path = opendata(folder, RECORD)
    (tmp_path / "other.r64").write_bytes(bytes(80))
    (folder / "analog.r64").unlink()
    (folder / "analog.r64").symlink_to(tmp_path / "other.r64")
    with pytest.raises(MissingFileError, match="not there"):
        read_recording(path)


def test_a_folder_that_describes_no_stream_is_refused(folder):
    path = opendata(folder, (), data='data: PxStream "film.mkv"')
    with pytest.raises(FormatError, match="describes no stream"):
        read_recording(path)


def test_a_description_beyond_its_limit_is_refused(folder):
    path = opendata(folder, RECORD)
    with (folder / "data").open("ab") as file:
        file.truncate(17 << 20)
    with pytest.raises(FormatError, match="bytes of description"):
        read_recording(path)


def test_a_stream_that_ends_within_a_sample_or_early_is_warned_of(folder):
    path = opendata(folder, changed(1, values=np.arange(10.0)))
    with (folder / "analog.r64").open("ab") as file:
        file.write(b"abc")
    recording = read_recording(path)
    assert recording.n_samples == 40
    assert [a.data.size for a in recording.auxiliary] == [10, 8]
    told = recording.provenance.warnings
    assert told[0] == "analog.r64: ends within a sample, which is left out"
    assert "Ultium EMG.EMG 2: not as long as most channels, kept apart" in told[1]


def test_nan_is_kept_and_infinity_refused(folder):
    values = np.arange(40.0)
    values[3] = np.nan
    assert np.isnan(read_recording(opendata(folder, changed(0, values=values))).data[0, 3])
    for far, units in ((np.inf, "uV"), (1e305, "V")):
        values[5] = far
        with pytest.raises(FormatError, match="sample 5 is infinite"):
            read_recording(opendata(folder, changed(0, values=values, units=units)))


def test_a_window_of_a_long_stream_takes_its_own_memory(folder):
    path = opendata(folder, RECORD[:1])
    with (folder / "analog.r64").open("r+b") as file:
        file.truncate(8 * 200_000_000)  # 1.6 GB of nothing on a sparse disk
    forget_peak()
    before = resident_mb("VmRSS")
    with open_recording(path) as opened:
        assert opened.n_samples == 200_000_000
        opened.read(100_000_000, 100_002_000)
    assert resident_mb("VmHWM") - before < 32


@pytest.mark.slow
def test_a_mutated_description_gives_nothing_but_typed_errors_or_recordings(tmp_path):
    folder = tmp_path / "alone"
    opendata(folder, RECORD, contents=False)
    described = (folder / "data").read_bytes()
    rng = np.random.default_rng(0)
    from fuzzing import mutations

    n_read = 0
    for content in mutations(rng, described, 20_000):
        (folder / "data").write_bytes(content)
        try:
            read_recording(folder / "data")
            n_read += 1
        except EmgprocError:
            continue
    assert n_read > 100
    assert len(list(folder.iterdir())) == 4
