"""Exports that are known by their variables, and what they must not let through."""

import json
from itertools import pairwise

import h5py
import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st
from matlab_bytes import HOW, Chars, labchart, otbiolab, write
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import (
    FormatError,
    UnknownRateError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers import open_recording, read_recording
from emgproc.recording import Event, Grid, Segment

X = np.arange(60.0).reshape(20, 3)
UNITS = st.sampled_from([("V", 1e6), ("mV", 1e3), ("uV", 1.0), ("µV", 1.0)])


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_otbiolab_export_comes_back_with_units_rate_onset_and_grid(tmp_path_factory, data):
    rows, cols = data.draw(st.integers(1, 13)), data.draw(st.integers(1, 5))
    unit, factor = data.draw(UNITS)
    n, fs = data.draw(st.integers(2, 80)), data.draw(st.integers(200, 10_240))
    onset_s = data.draw(st.sampled_from([0.0, 7.0]))
    x = np.random.default_rng(n).normal(0, 50, (n, rows * cols + 1)).astype("f4")
    described = [f"VL - AUX 1 - GR08MM{rows:02d}{cols:02d} ({i + 1})[{unit}]"
                 for i in range(rows * cols)]  # fmt: skip
    variables = otbiolab(x, float(fs), [*described, "acquired data[ %(MVC)]"], onset_s)
    folder = tmp_path_factory.mktemp("o")
    how = data.draw(st.sampled_from(HOW))
    rec = read_recording(write(folder / "a.mat", variables, how))
    assert_array_equal(rec.data, x.T[:-1].astype(float) * factor)
    assert (rec.fs, rec.grid) == (fs, Grid(rows, cols, 8.0))
    assert rec.segments[0].onset_s == pytest.approx(onset_s)
    assert [c.name for c in rec.channels] == [d.split("[")[0] for d in described]
    assert [(a.name, a.unit, a.kind) for a in rec.auxiliary] == [
        ("acquired data", "%(MVC)", "FORCE")
    ]
    assert_array_equal(rec.auxiliary[0].data, x.T[-1].astype(float))
    assert "Roe" not in repr(rec) + repr(rec.provenance)


def test_an_otbiolab_matrix_that_lies_is_turned(tmp_path):
    variables = otbiolab(X, 100.0, ["a[uV]", "b[uV]", "c[uV]"])
    variables["Data"] = X.T
    assert_array_equal(read_recording(write(tmp_path / "a.mat", variables, "plain")).data, X.T)


def test_the_number_of_an_electrode_gives_its_place_where_the_layout_is_known(tmp_path):
    order = np.random.default_rng(1).permutation(64) + 1
    x = np.random.default_rng(2).normal(0, 50, (9, 65))
    described = ["force[N]", *(f"VL - GR10MM0808 ({k})[uV]" for k in order)]
    rec = read_recording(write(tmp_path / "a.mat", otbiolab(x, 100.0, described), "plain"))
    assert rec.grid == Grid(8, 8, 10.0)
    assert [c.place for c in rec.channels] == [(7 - (k - 1) % 8, (k - 1) // 8) for k in order]
    assert rec.provenance.warnings == (
        "GR10MM0808: places on the grid by the product's layout and the number of each "
        "electrode, not stated in the file",
    )


@pytest.mark.parametrize(
    "described",
    [
        [f"HD08MM1305 ({k + 1})[uV]" for k in range(64)],
        [f"GR10MM0808 ({k})[uV]" for k in range(64)],
        [f"GR10MM0808 ({k // 2})[uV]" for k in range(64)],
        [f"GR10MM0808 {k + 1}[uV]" for k in range(64)],
    ],
)
def test_numbers_that_are_not_those_of_all_electrodes_give_no_places(tmp_path, described):
    x = np.random.default_rng(2).normal(0, 50, (9, 64))
    rec = read_recording(write(tmp_path / "a.mat", otbiolab(x, 100.0, described), "plain"))
    assert rec.grid is not None
    assert {c.place for c in rec.channels} == {None}


def test_a_grid_with_more_places_than_channels_leaves_open_which_are_empty(tmp_path):
    described = [f"GR08MM1305 ({i})[uV]" for i in range(3)]
    rec = read_recording(write(tmp_path / "a.mat", otbiolab(X, 100.0, described), "plain"))
    assert rec.grid == Grid(13, 5, 8.0)
    assert "65 places, 3 channels" in rec.provenance.warnings[0]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"Description": ["a[uV]", "b[uV]"]}, FormatError, "2 descriptions and 20 times"),
        ({"Description": X}, FormatError, "0 descriptions"),
        ({"Time": np.zeros((1, 19))}, FormatError, "19 times"),
        ({"Time": np.arange(20.0)[None]}, FormatError, "the times mean 1 Hz"),
        ({"SamplingFrequency": np.array([[np.nan]])}, UnknownRateError, "nan"),
        ({"SamplingFrequency": np.array([[-5.0]])}, UnknownRateError, "-5"),
        ({"Description": ["a", "b", "c"]}, UnknownUnitError, r"no unit is stated for \['a', 'b'"),
        ({"Description": ["a[N]", "b[N]", "c[]"]}, UnknownUnitError, r"\['c'\]"),
        ({"Description": ["a[N]", "b[N]", "c[kg]"]}, UnknownUnitError, "no signal is a voltage"),
        ({"Data": "text"}, FormatError, "a text, not a matrix"),
    ],
)
def test_an_otbiolab_export_that_contradicts_itself_is_refused(tmp_path, change, error, words):
    variables = otbiolab(X, 100.0, ["a[uV]", "b[uV]", "c[uV]"]) | change
    with pytest.raises(error, match=words):
        open_recording(write(tmp_path / "a.mat", variables, "plain"))


@pytest.mark.parametrize("how", HOW)
def test_an_acqknowledge_export_is_read_with_its_units_and_interval(tmp_path, how):
    variables = {
        "data": X, "labels": Chars(["EMG 30 - 500 Hz", "ECG", "EDA"]),
        "units": Chars(["mV", "mV", "microsiemens"]), "isi": np.array([[0.5]]), "isi_units": "ms",
        "start_sample": np.array([[0.0]]),
    }  # fmt: skip
    rec = read_recording(write(tmp_path / "a.mat", variables, how))
    assert_array_equal(rec.data, X.T[:2] * 1000)
    assert (rec.fs, [c.kind for c in rec.channels]) == (2000.0, ["EMG", "ECG"])
    assert [(a.name, a.unit) for a in rec.auxiliary] == [("EDA", "microsiemens")]


@pytest.mark.parametrize(
    "change",
    [{"isi": np.array([[0.0]])}, {"isi_units": "years"}, {"labels": Chars(["a", "b"])},
     {"units": Chars(["mV"])}, {"isi": "x"}],
)  # fmt: skip
def test_an_acqknowledge_export_that_contradicts_itself_is_refused(tmp_path, change):
    variables = {"data": X, "labels": Chars(["a", "b", "c"]), "units": Chars(["mV"] * 3),
                 "isi": np.array([[1.0]]), "isi_units": "ms"}  # fmt: skip
    with pytest.raises(FormatError, match=r"labels|interval"):
        open_recording(write(tmp_path / "a.mat", variables | change, "plain"))


@pytest.mark.parametrize("how", HOW)
def test_a_neuromap_export_needs_its_unit_and_keeps_the_fastest_channels(tmp_path, how):
    variables = {"Data": X.T, "Channels": Chars(["EMG 1", "EMG 2", "Force"]),
                 "Fs": np.array([[2222.0, 2222.0, 148.0]])}  # fmt: skip
    path = write(tmp_path / "a.mat", variables, how)
    with pytest.raises(UnknownUnitError):
        open_recording(path)
    rec = read_recording(path, unit="V")
    assert_array_equal(rec.data, X.T[:2] * 1e6)
    assert rec.fs == 2222.0
    assert rec.provenance.warnings[0].startswith("['Force'] have a lower rate")


def blocks_of(rng, lengths):
    return [[rng.normal(size=n).tolist(), rng.normal(size=n).tolist(),
             rng.normal(size=(n + 9) // 10).tolist()] for n in lengths]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_labchart_export_comes_back_with_its_blocks_and_comments(tmp_path_factory, data):
    lengths = data.draw(st.lists(st.integers(1, 60), min_size=1, max_size=4))
    how, (unit, factor) = data.draw(st.sampled_from(HOW)), data.draw(UNITS)
    blocks = blocks_of(np.random.default_rng(len(lengths)), lengths)
    comments = [[-1.0, len(lengths), 4.0, 1.0, 2.0], [2.0, 1.0, 0.0, 1.0, 1.0]]
    variables = labchart(
        blocks, [1000.0, 1000.0, 100.0], ["TA", "ECG", "Force"], [unit, unit, "N"],
        com=np.array(comments), comtext=Chars(["state/3", "cry"]),
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("l")
    with open_recording(write(folder / "a.mat", variables, how)) as opened:
        rec = opened.read()
        start, stop = sorted(data.draw(st.tuples(*[st.integers(0, sum(lengths))] * 2)))
        assert_array_equal(opened.read(start, stop).data, rec.data[:, start:stop])
    expected = np.array([[v for b in blocks for v in b[c]] for c in (0, 1)]) * factor
    assert_array_equal(rec.data, expected)
    edges = np.cumsum([0, *lengths])
    onsets = [60.0 * i for i in range(len(lengths))]
    assert [s[:2] for s in rec.segments] == list(pairwise(edges))
    assert_allclose([s.onset_s for s in rec.segments], onsets, atol=2e-5)
    assert [e.label for e in rec.events] == ["state/3", "cry"]
    assert_allclose([e.onset_s for e in rec.events], [0.0, onsets[-1] + 0.004], atol=2e-5)
    assert [e.channel for e in rec.events] == ["ECG", ""]
    force = np.concatenate([a.data for a in rec.auxiliary])
    assert_array_equal(force, [v for b in blocks for v in b[2]])
    assert len(rec.auxiliary) == len(lengths)


def test_a_labchart_channel_that_lacks_a_block_is_auxiliary(tmp_path):
    blocks = [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0, 7.0], None]]
    rec = read_recording(write(
        tmp_path / "a.mat", labchart(blocks, [10.0, 10.0], ["TA", "GM"], ["mV", "mV"]), "plain"
    ))  # fmt: skip
    assert_array_equal(rec.data, [[1000, 2000, 5000, 6000, 7000]])
    assert [s[:2] for s in rec.segments] == [(0, 2), (2, 5)]
    assert (rec.auxiliary[0].name, rec.auxiliary[0].data.tolist()) == ("GM", [3000.0, 4000.0])


def test_sixteen_bit_labchart_numbers_are_scaled_by_their_own_scale(tmp_path):
    variables = labchart(
        [[[1, 2, -3]]], [10.0], ["TA"], ["mV"], scaleunits=np.array([[0.25]]),
        scaleoffset=np.array([[2.0]]),
    )  # fmt: skip
    variables["data"] = np.array([[1, 2, -3]], dtype="i2")
    rec = read_recording(write(tmp_path / "a.mat", variables, "plain"))
    assert_array_equal(rec.data, [[750.0, 1000.0, -250.0]])
    assert "scaleoffset" in rec.provenance.scaling


def test_labchart_blocks_whose_dates_overlap_are_joined_with_a_warning(tmp_path):
    variables = labchart([[[1.0] * 5], [[2.0] * 5]], [10.0], ["TA"], ["mV"])
    variables["blocktimes"] = np.array([[738000.0, 738000.0]])
    rec = read_recording(write(tmp_path / "a.mat", variables, "plain"))
    assert rec.segments == (Segment(0, 5, 0.0), Segment(5, 10, 0.5))
    assert "overlap" in rec.provenance.warnings[0]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"dataend": np.array([[9.0]])}, FormatError, "numbers 1 to 9 of 3"),
        ({"dataend": np.array([[np.nan]])}, FormatError, "dataend holds a number"),
        ({"dataend": np.array([[1e300]])}, FormatError, "numbers 1 to 1e"),
        ({"datastart": np.array([[1.5]])}, FormatError, r"numbers 1\.5 to 3"),
        ({"datastart": np.array([[1.0, 2.0]])}, FormatError, r"datastart \(1, 2\)"),
        ({"samplerate": np.array([[0.0]])}, UnknownRateError, "above 0 Hz"),
        ({"titles": Chars(["a", "b"])}, FormatError, "2 titles for 1 channels"),
        ({"unittextmap": np.array([[-1.0]])}, UnknownUnitError, "'TA'"),
        ({"unittextmap": np.array([[7.0]])}, FormatError, "has the units"),
        ({"data": np.ones((2, 2))}, FormatError, "not one vector"),
        ({"com": np.array([[1.0, 9, 0, 1, 1]]), "comtext": Chars(["a"])}, FormatError, "block 9"),
        ({"com": np.array([[1.0, 1, 0, 1, 5]]), "comtext": Chars(["a"])}, FormatError, "text 5"),
        ({"com": np.array([[1.0, 1]]), "comtext": Chars(["a"])}, FormatError, "com 1 × 2"),
        ({"scaleunits": np.array([[0.0]]), "scaleoffset": np.array([[0.0]])}, FormatError,
         "scaled by 0"),
        ({"datastart": np.array([[-1.0]])}, FormatError, "0 signals"),
    ],
)  # fmt: skip
def test_a_labchart_export_that_contradicts_itself_is_refused(tmp_path, change, error, words):
    variables = labchart([[[1.0, 2.0, 3.0]]], [10.0], ["TA"], ["mV"]) | change
    with pytest.raises(error, match=words):
        open_recording(write(tmp_path / "a.mat", variables, "plain"))


def wave(title, values, interval=0.001, start=0.0, units="mV"):
    return {
        "title": title, "comment": "Jane Roe", "interval": np.array([[interval]]),
        "scale": np.array([[1.0]]), "offset": np.array([[0.0]]), "units": units,
        "start": np.array([[start]]), "length": np.array([[len(values)]]),
        "values": np.array(values, float)[:, None],
    }  # fmt: skip


@pytest.mark.parametrize("how", HOW)
def test_a_spike2_export_gives_waveforms_and_events(tmp_path, how):
    marker = {"title": "Keyboard", "times": np.array([[0.002], [0.004]]),
              "codes": np.array([[97, 0, 0, 0], [98, 0, 0, 0]], "u1")}  # fmt: skip
    events = {"title": "MU1", "times": np.array([[0.001]])}
    variables = {
        "f_Ch1": wave("TA", [1, 2, 3, 4]), "f_Ch2": wave("GM", [5, 6, 7, 8, 9], start=0.0004),
        "f_Ch3": wave("Force", [1, 2], 0.002, units="N"), "f_Ch31": marker, "f_Ch5": events,
        "f_Ch6": {"title": "none", "times": np.empty((0, 0))},
    }  # fmt: skip
    rec = read_recording(write(tmp_path / "a.mat", variables, how))
    assert_array_equal(rec.data, [[1000, 2000, 3000, 4000], [5000, 6000, 7000, 8000]])
    assert (rec.fs, [c.name for c in rec.channels]) == (1000.0, ["TA", "GM"])
    assert rec.events == (
        Event(0.001, 0.0, "MU1"), Event(0.002, 0.0, "Keyboard/97"),
        Event(0.004, 0.0, "Keyboard/98"),
    )  # fmt: skip
    assert (rec.auxiliary[0].name, rec.auxiliary[0].unit, rec.auxiliary[0].fs) == (
        "Force",
        "N",
        500,
    )
    assert any("its last sample is left out" in w for w in rec.provenance.warnings)
    assert any("sampled 0.4 of a sample off TA" in w for w in rec.provenance.warnings)
    assert "Roe" not in repr(rec) + repr(rec.provenance)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"values": np.array([[1], [2]], "i2")}, FormatError, "counts; export them"),
        ({"values": np.ones((2, 2))}, FormatError, "no vector"),
        ({"values": "x"}, FormatError, "no vector"),
        ({"interval": np.array([[0.0]])}, UnknownRateError, "interval of 0"),
        ({"interval": np.array([[np.nan]])}, UnknownRateError, "interval of nan"),
        ({"start": np.array([[np.inf]])}, FormatError, "starts at inf"),
        ({"units": ""}, UnknownUnitError, "'TA'"),
    ],
)
def test_a_spike2_channel_that_cannot_be_is_refused(tmp_path, change, error, words):
    variables = {"f_Ch1": wave("TA", [1, 2]) | change}
    with pytest.raises(error, match=words):
        open_recording(write(tmp_path / "a.mat", variables, "plain"))


def zoo_file(**more):
    line = {"line": np.arange(40.0)[:, None], "event": {}}
    system = {
        "Analog": {"Indx": np.arange(40)[:, None], "Freq": np.array([[1000.0]])},
        "Video": {"Freq": np.array([[100.0]])}, "Header": {"SubName": "Jane Roe"},
        "Units": {"Forces": "N", "Moments": "Nmm"},
    }  # fmt: skip
    strike = {"line": np.arange(40.0)[:, None] / 4, "event": {"RFS": np.array([[11.0, 0.0, 0.0]])}}
    data = {
        "R_Rect": strike, "Fz1": line, "Mx2": line, "LTOE": {"line": np.zeros((4, 3))},
        "zoosystem": system,
    }  # fmt: skip
    return {"data": data | more}


@pytest.mark.parametrize("how", HOW)
def test_a_zoo_file_gives_its_analog_channels_once_the_unit_is_stated(tmp_path, how):
    variables = zoo_file()
    if how in {"plain", "big", "compressed"}:
        variables["data"]["Fz1"] = {"line": np.arange(40.0)[:, None], "event": np.empty((0, 0))}
    path = write(tmp_path / "a.zoo", variables, how)
    with pytest.raises(UnknownUnitError, match="R_Rect"):
        open_recording(path)
    rec = read_recording(path, unit="V")
    assert_array_equal(rec.data, np.arange(40.0)[None] / 4 * 1e6)
    assert (rec.fs, [c.name for c in rec.channels]) == (1000.0, ["R_Rect"])
    assert rec.events == (Event(0.01, 0.0, "RFS", "R_Rect"),)
    assert sorted((a.name, a.unit, a.kind) for a in rec.auxiliary) == [
        ("Fz1", "N", "FORCE"), ("Mx2", "Nmm", "FORCE"),
    ]  # fmt: skip
    assert "1 channel(s)" in rec.provenance.warnings[0]
    assert "Roe" not in repr(rec) + repr(rec.provenance)


@pytest.mark.parametrize(
    ("system", "error"),
    [
        ({"Video": {"Freq": np.array([[100.0]])}}, FormatError),
        ({"Analog": {"Freq": np.array([[1000.0]])}}, FormatError),
        ({"Analog": {"Indx": np.zeros((40, 1)), "Freq": np.array([[0.0]])}}, UnknownRateError),
        ({"Analog": {"Indx": np.zeros((39, 1)), "Freq": np.array([[9.0]])}}, FormatError),
    ],
)
def test_a_zoo_file_without_analog_inputs_is_refused(tmp_path, system, error):
    path = write(tmp_path / "a.zoo", zoo_file(zoosystem=system), "plain")
    with pytest.raises(error):
        open_recording(path, unit="V")


def test_unknown_variables_are_listed_with_what_to_state(tmp_path):
    path = write(tmp_path / "a.mat", {"emg": X, "fs": np.array([[1000.0]])}, "plain")
    with pytest.raises(UnsupportedFormatError, match=r"\['emg', 'fs'\].*map=") as caught:
        open_recording(path)
    assert caught.value.code == "format_not_yet_supported"


def test_a_map_goes_before_a_known_export(tmp_path):
    variables = otbiolab(X, 100.0, ["a[uV]", "b[uV]", "c[uV]"]) | {"mine": X[:, :1] + 5}
    path = write(tmp_path / "a.mat", variables, "plain")
    rec = read_recording(path, unit="uV", fs=7.0, map={"samples": "mine"})
    assert_array_equal(rec.data, X.T[:1] + 5)


def test_kinds_of_the_caller_win_over_names(tmp_path):
    variables = otbiolab(X, 100.0, ["a[uV]", "b[uV]", "c[N]"])
    path = write(tmp_path / "a.mat", variables, "plain")
    rec = read_recording(path, kinds={"a": "ECG", "c": "FORCE"})
    assert [c.kind for c in rec.channels] == ["ECG", "EMG"]
    assert rec.auxiliary[0].kind == "FORCE"


def test_a_stated_rate_that_the_export_contradicts_is_a_warning(tmp_path):
    path = write(tmp_path / "a.mat", otbiolab(X, 100.0, ["a[uV]", "b[uV]", "c[uV]"]), "plain")
    assert "50 Hz is stated" in read_recording(path, fs=50.0).provenance.warnings[0]


def test_the_real_otbiolab_export_is_what_scipy_reads(real_data):
    path = real_data / "otb-hdsemg/otb_vl_part1.mat"
    theirs = scipy.io.loadmat(path)
    stats = json.loads((real_data / "reference_stats.json").read_text())
    told = stats["otb-hdsemg/otb_vl_part1.mat"]
    with open_recording(path) as opened:
        rec, part = opened.read(), opened.read(1000, 9000)
    assert_array_equal(rec.data, theirs["Data"][:, :64].T.astype(float))
    assert_array_equal(part.data, rec.data[:, 1000:9000])
    assert (rec.fs, rec.segments) == (told["fs_hz"], (Segment(0, 33280, 7.0),))
    assert rec.grid == Grid(13, 5, 8.0, ((0, 0),))
    assert_array_equal(rec.on_grid()[:3, :3], [[-1, 24, 25], [0, 23, 26], [1, 22, 27]])
    names = [str(d[0]) for d in theirs["Description"].ravel()]
    assert [f"{c.name}[uV]" for c in rec.channels] == names[:64]
    for k, one in enumerate(rec.auxiliary, start=64):
        assert_array_equal(one.data, theirs["Data"][:, k].astype(float))
        assert_array_equal(part.auxiliary[k - 64].data, one.data[1000:9000])
    assert (rec.auxiliary[-1].kind, rec.auxiliary[-1].unit) == ("FORCE", "%(MVC)")
    for row, expected in zip(rec.data, told["channels"], strict=False):
        assert_allclose(
            [row.min(), row.max(), row.mean(), row.std()],
            [expected[k] for k in ("min", "max", "mean", "std")], rtol=1e-9, atol=1e-9,
        )  # fmt: skip


def test_the_real_zoo_file_is_what_scipy_reads(real_data):
    path = real_data / "child-gait-zoo/HC013A04.zoo"
    stats = json.loads((real_data / "reference_stats.json").read_text())
    told = stats["child-gait-zoo/HC013A04.zoo"]
    theirs = scipy.io.loadmat(path)["data"][0, 0]
    rec = read_recording(path, unit=told["unit"])
    assert (rec.fs, rec.n_samples) == (told["fs_hz"], told["n_samples"])
    for channel, row in zip(rec.channels, rec.data, strict=True):
        assert_array_equal(row, theirs[channel.name]["line"][0, 0].ravel() * 1e6)
    for expected in told["channels"]:
        row = rec.data[rec.index(expected["name"])] / 1e6
        assert_allclose(
            [row.min(), row.max(), row.mean(), row.std()],
            [expected[k] for k in ("min", "max", "mean", "std")], rtol=1e-9, atol=1e-12,
        )  # fmt: skip
    told = repr(rec) + repr(rec.provenance)
    assert "Users" not in told
    assert "HC013A\\" not in told


@pytest.mark.parametrize("path", ["/run/emg", "run/emg"])
def test_a_dataset_of_any_hdf5_file_is_read_by_its_path(tmp_path, path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        run = file.create_group("run")
        run.create_dataset("emg", data=X, chunks=(7, 2), compression="gzip")
        run["emg"].attrs["rate"], run["emg"].attrs["unit"] = 250.0, "mV"
        run["names"] = ["TA", "GM", "SOL"]
        run["onsets"] = np.arange(20) / 250
    stated = {"samples": path, "orientation": "samples_by_channels", "fs": f"{path}@rate",
              "unit": f"{path}@unit", "names": "run/names", "time": "/run/onsets"}  # fmt: skip
    with open_recording(tmp_path / "a.h5", map=stated) as opened:
        rec = opened.read()
        assert_array_equal(opened.read(3, 11).data, rec.data[:, 3:11])
    assert_array_equal(rec.data, X.T * 1000)
    assert (rec.fs, [c.name for c in rec.channels]) == (250.0, ["TA", "GM", "SOL"])
    turned = stated | {"orientation": "channels_by_samples", "names": None, "time": None}
    with open_recording(tmp_path / "a.h5", map={k: v for k, v in turned.items() if v}) as opened:
        assert_array_equal(opened.read().data, X * 1000)


@pytest.mark.parametrize(
    ("stated", "error", "words"),
    [
        ({}, UnsupportedFormatError, r"it holds \['emg', 'text'\]"),
        ({"samples": "no"}, FormatError, "there is no no"),
        ({"samples": "emg@no"}, FormatError, "no attribute no"),
        ({"samples": "text"}, FormatError, "is a text"),
        ({"samples": "/"}, FormatError, "is a struct"),
        ({"samples": "emg/deeper"}, FormatError, "there is no emg/deeper"),
    ],
)
def test_a_dataset_that_is_not_there_is_refused_with_what_is(tmp_path, stated, error, words):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["emg"], file["text"] = X, "words"
    with pytest.raises(error, match=words):
        open_recording(tmp_path / "a.h5", unit="uV", fs=9, map=stated)
