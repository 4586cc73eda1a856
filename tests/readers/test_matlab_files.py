"""MATLAB files of every version and the caller's map: values, windows, names, units and rates."""

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st
from matlab_bytes import HOW, Chars, Five, Stored, write
from numpy.testing import assert_array_equal

from emgproc.errors import FormatError, ParameterError, UnknownRateError, UnknownUnitError
from emgproc.plan import plan_from_text
from emgproc.readers import open_recording, read_recording, sniff
from emgproc.readers.variable_map import VariableMap

MAP = {"samples": "emg", "orientation": "samples_by_channels", "fs": "rate"}
DTYPES = ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]


def ramp(n, channels, dtype="f8"):
    return (np.arange(n * channels) % 120).reshape(n, channels).astype(dtype)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_of_number_comes_back_as_it_is(tmp_path, how, dtype):
    x = ramp(200, 3, dtype)
    path = write(tmp_path / "a.mat", {"emg": x, "rate": np.array([[1000.0]])}, how)
    rec = read_recording(path, unit="mV", map=MAP)
    assert sniff(path) == "matlab"
    assert_array_equal(rec.data, x.T.astype(float) * 1000)
    assert (rec.fs, [c.name for c in rec.channels]) == (1000.0, ["CH1", "CH2", "CH3"])


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("orientation", ["samples_by_channels", "channels_by_samples"])
def test_the_orientation_is_the_stated_one(tmp_path, how, orientation):
    x = ramp(7, 5)
    path = write(tmp_path / "a.mat", {"emg": x, "rate": np.array([[8.0]])}, how)
    rec = read_recording(path, unit="uV", map=MAP | {"orientation": orientation})
    assert_array_equal(rec.data, x if orientation == "channels_by_samples" else x.T)


def test_a_matrix_without_a_stated_orientation_is_refused_and_a_vector_is_read(tmp_path):
    path = write(tmp_path / "a.mat", {"emg": ramp(5, 5), "row": ramp(1, 9)}, "plain")
    with pytest.raises(ParameterError, match=r"5 × 5; state which are the samples"):
        open_recording(path, unit="uV", fs=10, map={"samples": "emg"})
    assert_array_equal(
        read_recording(path, unit="uV", fs=10, map={"samples": "row"}).data, ramp(1, 9)
    )


@pytest.mark.parametrize("how", HOW)
def test_names_units_times_and_rate_come_from_the_variables_of_the_map(tmp_path, how):
    session = {
        "emg": ramp(50, 3), "labels": ["TA", "GM", "grip"], "units": ["mV", "uV", "N"],
        "t": 2.5 + np.arange(50)[:, None] / 400,
    }  # fmt: skip
    path = write(tmp_path / "a.mat", {"session": session}, how)
    stated = VariableMap(
        samples="session.emg", orientation="samples_by_channels", names="session.labels",
        unit="session.units", time="session.t",
    )  # fmt: skip
    rec = read_recording(path, map=stated)
    assert [c.name for c in rec.channels] == ["TA", "GM"]
    assert_array_equal(rec.data, ramp(50, 3).T[:2] * [[1000.0], [1.0]])
    assert (rec.fs, rec.segments[0].onset_s) == (400.0, 2.5)
    assert [(a.name, a.unit, a.kind) for a in rec.auxiliary] == [("grip", "N", "MISC")]
    assert_array_equal(rec.auxiliary[0].data, ramp(50, 3)[:, 2])


@pytest.mark.parametrize("how", HOW)
def test_elements_of_structs_and_cells_are_named_as_matlab_names_them(tmp_path, how):
    trials = ({"x": ramp(9, 1)}, {"x": ramp(9, 1) + 7})
    path = write(tmp_path / "a.mat", {"trial": trials, "parts": [ramp(4, 1), ramp(6, 1)]}, how)
    second = read_recording(path, unit="uV", fs=9, map={"samples": "trial(2).x"})
    assert_array_equal(second.data, ramp(9, 1).T + 7)
    part = read_recording(path, unit="uV", fs=9, map={"samples": "parts{2}"})
    assert_array_equal(part.data, ramp(6, 1).T)
    for wrong in ("trial(3).x", "trial.y", "parts{0}", "no", "trial..x", "trial(1)x", "2x", ""):
        with pytest.raises(FormatError, match=r"map: samples"):
            open_recording(path, unit="uV", fs=9, map={"samples": wrong})


@pytest.mark.parametrize("how", HOW)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_window_equals_the_slice_of_the_whole(tmp_path_factory, how, data):
    n, channels = data.draw(st.integers(1, 300)), data.draw(st.integers(1, 4))
    along = data.draw(st.sampled_from(["samples_by_channels", "channels_by_samples"]))
    dtype = data.draw(st.sampled_from(DTYPES))
    x = np.random.default_rng(n).integers(0, 100, (n, channels)).astype(dtype)
    span = sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))
    shown = x if along == "samples_by_channels" else x.T
    path = write(tmp_path_factory.mktemp("w") / "a.mat", {"emg": shown}, how)
    stated = {"samples": "emg", "orientation": along}
    with open_recording(path, unit="uV", fs=100, map=stated) as opened:
        assert_array_equal(opened.read(*span).data, x.T[:, span[0] : span[1]])
        assert_array_equal(opened.read().data, x.T)


def test_long_matrices_are_read_in_pieces_that_fit_together(tmp_path):
    rng = np.random.default_rng(0)
    for shape, along in (
        ((700_000, 2), "samples_by_channels"),
        ((3, 400_000), "channels_by_samples"),
    ):
        x = rng.integers(-3000, 3000, shape).astype("i2")
        for how in ("plain", "compressed", "7.3"):
            path = write(tmp_path / "a.mat", {"emg": x}, how)
            with open_recording(
                path, unit="uV", fs=100, map={"samples": "emg", "orientation": along}
            ) as opened:
                samples = x.T if along == "samples_by_channels" else x
                assert_array_equal(opened.read(1000, 399_000).data, samples[:, 1000:399_000])
                assert_array_equal(opened.read().data, samples)


@pytest.mark.parametrize("compressed", [False, True])
def test_what_scipy_writes_reads_as_scipy_reads_it(tmp_path, compressed):
    rng = np.random.default_rng(5)
    path = tmp_path / "a.mat"
    names = np.array(["TA", "gastrocnemius µ"], dtype=object)
    scipy.io.savemat(
        path,
        {"s": {"emg": rng.normal(size=(900, 2)), "fs": 2000, "names": names}, "n": 3},
        do_compression=compressed,
    )
    theirs = scipy.io.loadmat(path)["s"][0, 0]
    stated = {"samples": "s.emg", "orientation": "samples_by_channels", "fs": "s.fs",
              "names": "s.names"}  # fmt: skip
    ours = read_recording(path, unit="uV", map=stated)
    assert_array_equal(ours.data, theirs["emg"].T)
    assert [c.name for c in ours.channels] == [str(n[0]) for n in theirs["names"].ravel()]
    assert ours.fs == theirs["fs"][0, 0] == 2000


def test_scipy_reads_what_the_fixture_writes(tmp_path):
    value = {"x": ramp(3, 2), "t": Chars(["ab", "c"]), "c": ["one", ramp(1, 2, "i2")],
             "s": Stored(ramp(4, 1), "u1")}  # fmt: skip
    for how in ("plain", "compressed", "big"):
        found = scipy.io.loadmat(write(tmp_path / "a.mat", {"v": value}, how))["v"][0, 0]
        assert_array_equal(found["x"], ramp(3, 2))
        assert found["t"].tolist() == ["ab", "c "]
        assert found["c"][0, 0][0] == "one"
        assert_array_equal(found["s"], ramp(4, 1))


def test_whole_numbers_stored_small_are_still_numbers_of_their_class(tmp_path):
    path = write(tmp_path / "a.mat", {"emg": Stored(ramp(100, 2), "u1")}, "plain")
    stated = {"samples": "emg", "orientation": "samples_by_channels"}
    rec = read_recording(path, unit="uV", fs=9, map=stated)
    assert_array_equal(rec.data, ramp(100, 2).T)


def test_rate_and_unit_are_never_guessed(tmp_path):
    path = write(tmp_path / "a.mat", {"emg": ramp(5, 1), "rate": np.array([[0.0]])}, "plain")
    with pytest.raises(UnknownUnitError, match="state it: unit="):
        open_recording(path, fs=100, map={"samples": "emg"})
    with pytest.raises(UnknownRateError, match="state fs="):
        open_recording(path, unit="uV", map={"samples": "emg"})
    with pytest.raises(UnknownRateError, match=r"rate of 0\.0"):
        open_recording(path, unit="uV", map={"samples": "emg", "fs": "rate"})


def test_a_rate_that_the_times_contradict_is_refused(tmp_path):
    variables = {
        "emg": ramp(50, 1),
        "t": np.arange(50)[:, None] / 400,
        "rate": np.array([[500.0]]),
    }
    path = write(tmp_path / "a.mat", variables, "plain")
    with pytest.raises(FormatError, match="500 Hz is stated, the times mean 400 Hz"):
        open_recording(path, unit="uV", map={"samples": "emg", "fs": "rate", "time": "t"})
    uneven = variables | {"t": np.arange(50)[:, None] ** 1.5}
    with pytest.raises(FormatError, match="time"):
        open_recording(
            write(path, uneven, "plain"), unit="uV", map={"samples": "emg", "time": "t"}
        )


@pytest.mark.parametrize(
    ("stated", "error", "words"),
    [
        ({"sample": "emg"}, ParameterError, "its keys are"),
        ("emg", ParameterError, "its keys are"),
        ({"samples": 3}, ParameterError, "wrong type"),
        ({"samples": "emg", "orientation": "up"}, ParameterError, "orientation must be one of"),
        ({"gain": -1.0}, ParameterError, "above 0"),
        ({"samples": "emg", "names": "few"}, FormatError, r"1 text\(s\) for 2 rows"),
        ({"samples": "emg", "names": "rate"}, FormatError, "no texts for 2 rows"),
        ({"samples": "emg", "fs": "few"}, FormatError, "holds no one number"),
        ({"samples": "emg", "fs": "no"}, FormatError, "holds no one number"),
        ({"samples": "emg", "time": "rate"}, FormatError, "1 × 1 times for 5 samples"),
        ({"samples": "few"}, FormatError, "a cell array, not a matrix of real numbers"),
        ({"samples": "text"}, FormatError, "is a text"),
    ],
)
def test_a_map_that_does_not_fit_is_refused_with_what_is_wrong(tmp_path, stated, error, words):
    variables = {"emg": ramp(5, 2), "few": ["TA"], "rate": np.array([[7.0]]), "text": "TA"}
    path = write(tmp_path / "a.mat", variables, "plain")
    if isinstance(stated, dict) and "samples" in stated:
        stated = {"orientation": "samples_by_channels"} | stated
    with pytest.raises(error, match=words):
        open_recording(path, unit="uV", fs=100, map=stated)


TEXT = 'schema = 1\nname = "a"\n[[feature]]\nname = "rms"\n[source]\nunit = "mV"\n'


def test_a_plan_carries_the_map_to_the_reader(tmp_path):
    path = write(tmp_path / "a.mat", {"emg": ramp(5, 2), "rate": np.array([[7.0]])}, "plain")
    keys = 'samples = "emg"\norientation = "samples_by_channels"\nfs = "rate"\n'
    plan = plan_from_text(f"{TEXT}[source.map]\n{keys}")
    rec = read_recording(path, **plan.source.options())
    assert_array_equal(rec.data, ramp(5, 2).T * 1000)
    assert "'map'" not in repr(plan_from_text(TEXT).source.options())
    assert plan.digest != plan_from_text(TEXT).digest
    assert plan.digest != plan_from_text(f"{TEXT}[source.map]\n" + keys.replace("emg", "e")).digest


def test_a_plan_without_a_map_keeps_the_text_its_digest_is_made_of():
    assert plan_from_text(TEXT).canonical() == plan_from_text(f"{TEXT}[source.map]\n").canonical()
    assert "map" not in plan_from_text(TEXT).canonical()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('sample = "x"', "did you mean 'samples'"),
        ("samples = 3", r"source\.map\.samples"),
        ('orientation = "up"', r"source\.map\.orientation"),
        ("gain = 0", "above 0"),
    ],
)
def test_a_wrong_map_in_a_plan_is_a_problem_with_its_key(line, words):
    with pytest.raises(ValueError, match=words):
        plan_from_text(f"{TEXT}[source.map]\n{line}\n")


def test_the_two_byte_orders_and_the_compression_give_the_same_recording(tmp_path):
    variables = {"emg": ramp(300, 4, "i2"), "rate": np.array([[1000.0]])}
    recordings = [
        read_recording(write(tmp_path / "a.mat", variables, how), unit="uV", map=MAP).data
        for how in HOW
    ]
    for data in recordings[1:]:
        assert_array_equal(data, recordings[0])


def test_a_file_without_a_mark_of_byte_order_is_refused(tmp_path):
    raw = bytearray(Five({"emg": ramp(5, 1)}).build())
    raw[126:128] = b"??"
    (tmp_path / "a.mat").write_bytes(raw)
    with pytest.raises(FormatError, match="byte order"):
        open_recording(tmp_path / "a.mat")
