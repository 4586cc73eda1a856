"""OpenSignals as HDF5 and as text: the transfer function, and when it is not known."""

import json

import h5py
import numpy as np
import pytest
from fuzzing import survives
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from opensignals_bytes import Box, text_of, write_h5, write_txt

from emgproc.errors import (
    EmgprocError,
    FormatError,
    TruncatedFileError,
    UnknownUnitError,
)
from emgproc.plan import plan_from_text
from emgproc.readers import open_recording, read_recording, sniff
from emgproc.recording import Segment

WRITERS = {"h5": write_h5, "txt": write_txt}
TRANSFER = {"vcc_v": 3.0, "gain": 1000.0}


def counts(n, channels, bits=16, seed=0):
    return np.random.default_rng(seed).integers(0, 1 << bits, (n, channels))


def emg_uv(raw, bits, vcc=3.0, gain=1000.0):
    return (raw / 2**bits - 0.5) * vcc / gain * 1e6


@pytest.mark.parametrize("kind", WRITERS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_biosignalsplux_recording_comes_back_in_microvolts(tmp_path_factory, kind, data):
    n, channels = data.draw(st.integers(1, 120)), data.draw(st.integers(1, 4))
    bits = data.draw(st.sampled_from([8, 10, 12, 16]))
    raw = counts(n, channels, bits, n)
    box = Box(raw, data.draw(st.sampled_from([100, 1000, 4000])), (bits,) * channels)
    path = WRITERS[kind](tmp_path_factory.mktemp("os") / f"a.{kind}", box)
    span = sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))
    with open_recording(path) as opened:
        rec = opened.read()
        assert_array_equal(opened.read(*span).data, rec.data[:, span[0] : span[1]])
    assert_allclose(rec.data, emg_uv(raw.T, bits), rtol=1e-12, atol=1e-9)
    assert (rec.fs, rec.segments) == (box.fs, (Segment(0, n, 0.0),))
    assert [(c.name, c.bits) for c in rec.channels] == [
        (f"CH{i + 1}", bits) for i in range(channels)
    ]
    half = emg_uv(np.array([0, 2**bits - 1]), bits)
    assert_allclose(rec.channels[0].range_uv, half, rtol=1e-12)
    assert rec.channels[0].lsb_uv == pytest.approx(3000 / 2**bits, rel=1e-12)
    assert "Roe" not in repr(rec) + repr(rec.provenance)


@pytest.mark.parametrize("kind", WRITERS)
def test_other_sensors_and_digital_inputs_are_auxiliary_counts(tmp_path, kind):
    raw = counts(30, 3)
    box = Box(raw, sensors=("EMG", "ECG", "XYZ"), digital=np.arange(30) % 2)
    path = WRITERS[kind](tmp_path / f"a.{kind}", box)
    rec = read_recording(path)
    assert sniff(path) == {"h5": "opensignals_h5", "txt": "opensignals_txt"}[kind]
    assert [c.name for c in rec.channels] == ["CH1"]
    told = {a.unit: a for a in rec.auxiliary if a.name != "CH3"}
    assert_array_equal(told["counts"].data, raw[:, 1])
    assert_array_equal(told[""].data, np.arange(30) % 2)
    assert (told["counts"].name, told[""].kind) == ("CH2", "TRIG")


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize(
    ("model", "sensor"),
    [("bitalino_rev", "EMG"), ("channeller", "EMG"), ("bioplux", "EMG"), ("", "EMG")],
)
def test_counts_without_a_known_transfer_function_are_refused_with_what_to_state(
    tmp_path, kind, model, sensor
):
    path = WRITERS[kind](tmp_path / f"a.{kind}", Box(counts(9, 1), model=model))
    for stated in ({}, {"gain": 1009}, {"vcc_v": 3.3}):
        with pytest.raises(UnknownUnitError, match=r"transfer function.*1009 \(\(r\)evol") as one:
            open_recording(path, map=stated)
        assert one.value.code == "unknown_unit"
    rec = read_recording(path, map={"vcc_v": 3.3, "gain": 1009})
    assert_allclose(rec.data, emg_uv(counts(9, 1).T, 16, 3.3, 1009), rtol=1e-12, atol=1e-9)
    assert "VCC 3.3 V, gain 1009" in rec.provenance.scaling


@pytest.mark.parametrize("kind", WRITERS)
def test_what_the_device_says_wins_over_what_is_stated(tmp_path, kind):
    path = WRITERS[kind](tmp_path / f"a.{kind}", Box(counts(9, 1)))
    rec = read_recording(path, map={"vcc_v": 9.0, "gain": 3.0})
    assert_allclose(rec.data, emg_uv(counts(9, 1).T, 16), rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_sensor_of_unknown_kind_is_emg_only_if_the_caller_says_so(tmp_path, kind):
    path = WRITERS[kind](tmp_path / f"a.{kind}", Box(counts(9, 1), sensors=("RAW",)))
    with pytest.raises(UnknownUnitError, match="no signal is a voltage"):
        open_recording(path)
    with pytest.raises(UnknownUnitError, match="sensor 'RAW'"):
        open_recording(path, kinds={"CH1": "EMG"})
    rec = read_recording(path, kinds={"CH1": "EMG"}, map=TRANSFER)
    assert_allclose(rec.data, emg_uv(counts(9, 1).T, 16), rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("kind", WRITERS)
def test_lost_samples_are_a_gap(tmp_path, kind):
    sequence = np.concatenate([np.arange(40, 60), np.arange(70, 75)])
    raw = counts(25, 1)
    path = WRITERS[kind](tmp_path / f"a.{kind}", Box(raw, sequence=sequence))
    with open_recording(path) as opened:
        rec, part = opened.read(), opened.read(10, 23)
    assert rec.segments == (Segment(0, 20, 0.0), Segment(20, 25, 0.03))
    assert part.segments == (Segment(0, 10, 0.01), Segment(10, 13, 0.03))
    assert_allclose(rec.data, emg_uv(raw.T, 16), rtol=1e-12, atol=1e-9)
    assert "10 sample(s) lost in 1 place(s)" in rec.provenance.warnings[0]
    assert [len(a.data) for a in rec.auxiliary] == [20, 5]


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize(
    "sequence", [np.arange(25) % 16, np.minimum(np.arange(25), 9), np.zeros(25, int)]
)
def test_a_counter_that_wraps_or_stands_still_tells_nothing(tmp_path, kind, sequence):
    path = WRITERS[kind](tmp_path / f"a.{kind}", Box(counts(25, 1), sequence=sequence))
    rec = read_recording(path)
    assert (rec.segments, rec.provenance.warnings) == ((Segment(0, 25, 0.0),), ())


def test_two_devices_of_two_rates_keep_their_own(tmp_path):
    fast = Box(counts(100, 2), 1000)
    slow = Box(counts(10, 1, seed=1), 100, address="00:07:80:D8:A8:82")
    rec = read_recording(write_h5(tmp_path / "a.h5", fast, slow, compression="gzip"))
    assert_allclose(rec.data, emg_uv(fast.counts.T, 16), rtol=1e-12, atol=1e-9)
    other = next(a for a in rec.auxiliary if a.kind == "EMG")
    assert (other.unit, other.fs) == ("uV", 100.0)
    assert_allclose(other.data, emg_uv(slow.counts[:, 0], 16), rtol=1e-12, atol=1e-9)


def test_the_columns_of_two_devices_of_a_text_stand_side_by_side(tmp_path):
    boxes = [Box(counts(40, 2)), Box(counts(40, 1, seed=1), address="00:07:80:D8:A8:82")]
    rec = read_recording(write_txt(tmp_path / "a.txt", *boxes))
    raw = np.hstack([box.counts for box in boxes])
    assert_allclose(rec.data, emg_uv(raw.T, 16), rtol=1e-12, atol=1e-9)


def test_a_bitalino_text_has_a_resolution_for_each_of_its_columns(tmp_path):
    text = text_of(Box(counts(9, 1, 10), model="bitalino"))
    path = tmp_path / "a.txt"
    path.write_text(text.replace('"resolution": [16]', '"resolution": [4, 1, 10]'))
    rec = read_recording(path, map={"vcc_v": 3.3, "gain": 1000})
    assert_allclose(rec.data, emg_uv(counts(9, 1, 10).T, 10, 3.3), rtol=1e-12, atol=1e-9)


def test_counts_of_more_than_16_bits_are_kept(tmp_path):
    raw = np.array([[3], [70_000], [(1 << 24) - 1]])
    rec = read_recording(write_txt(tmp_path / "a.txt", Box(raw, bits=(24,))))
    assert_allclose(rec.data, emg_uv(raw.T, 24), rtol=1e-12, atol=1e-9)


def test_a_plan_states_the_transfer_function(tmp_path):
    path = write_txt(tmp_path / "a.txt", Box(counts(9, 1), model="bitalino"))
    plan = plan_from_text(
        'schema = 1\nname = "a"\n[[feature]]\nname = "rms"\n'
        "[source.map]\nvcc_v = 3.3\ngain = 1009\n"
    )
    rec = read_recording(path, **plan.source.options())
    assert_allclose(rec.data, emg_uv(counts(9, 1).T, 16, 3.3, 1009), rtol=1e-12, atol=1e-9)


GOOD = text_of(Box(np.arange(12).reshape(6, 2)))


@pytest.mark.parametrize(
    ("old", "new", "error", "words"),
    [
        ("# EndOfHeader", "# End", FormatError, "no line '# EndOfHeader'"),
        ('"sampling rate": 1000', '"sampling rate": 0', FormatError, "0.0 Hz"),
        ('"sampling rate": 1000', '"sampling rate": NaN', FormatError, "nan Hz"),
        ('"sampling rate": 1000', '"rate": 1000', FormatError, "sampling rate"),
        ('"resolution": [16, 16]', '"resolution": [16]', FormatError, "resolutions"),
        ('"resolution": [16, 16]', '"resolution": [16, 99]', FormatError, "resolutions"),
        ('"resolution": [16, 16]', '"resolution": 16', FormatError, "lacks or garbles"),
        ('"column": ["nSeq", "DI", "CH1", "CH2"]', '"column": ["CH2"]', FormatError, "1 columns"),
        ("# {", "# [", FormatError, "line of JSON"),
        ("# {", "# " + '{"a":' * 30_000 + "{", FormatError, "line of JSON"),
        ("2\t0\t4\t5\t", "2\t0\t4\t", FormatError, "line 6: .* no row of 4 counts"),
        ("2\t0\t4\t5\t", "2\t0\t4\t5\t6", FormatError, "line 6: .* no row of 4 counts"),
        ("2\t0\t4\t5\t", "2\t0\t4\t-5\t", FormatError, "line 6: .* no row of 4 counts"),
        ("2\t0\t4\t5\t", "2\t0\t4\t5.5\t", FormatError, "line 6: .* no row of 4 counts"),
        ("2\t0\t4\t5\t", "2\t0\t4\tnan\t", FormatError, "line 6: .* no row of 4 counts"),
        ("2\t0\t4\t5\t", "2\t0\t4\t99999999999\t", FormatError, "beyond 32 bits"),
        ("2\t0\t4\t5\t", "9" * 300_000, FormatError, "more than 262144 characters"),
    ],
)
def test_a_damaged_text_is_refused_with_its_line(tmp_path, old, new, error, words):
    assert old in GOOD
    path = tmp_path / "a.txt"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(error, match=words):
        read_recording(path)


def test_a_text_cut_anywhere_is_refused_or_shorter(tmp_path):
    path, read = tmp_path / "a.txt", 0
    rows = GOOD.index("# EndOfHeader") + len("# EndOfHeader")
    for size in range(len("# OpenSignals Text File Format"), len(GOOD)):
        path.write_text(GOOD[:size])
        try:
            rec = read_recording(path)
        except EmgprocError:
            continue
        read += 1
        assert size > rows
        assert rec.n_samples <= 6
    assert read > 0
    path.write_text(GOOD[:rows] + "\n")
    with pytest.raises(TruncatedFileError, match="no row of counts"):
        read_recording(path)


def edited(change):
    def edit(file):
        change(file[Box(counts(1, 1)).address])

    return edit


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda g: g.attrs.__setitem__("sampling rate", 0), FormatError, "at 0.0 Hz"),
        (lambda g: g.attrs.__setitem__("sampling rate", "fast"), FormatError, "sampling rate"),
        (lambda g: g.attrs.__delitem__("resolution"), FormatError, "resolution"),
        (lambda g: g.attrs.__setitem__("resolution", [16]), FormatError, "resolutions"),
        (lambda g: g.attrs.__setitem__("channels", [1, 9]), FormatError, "not all there"),
        (lambda g: g.__delitem__("raw/channel_2"), FormatError, "not all there"),
        (lambda g: g["raw/channel_2"].resize((5, 1)), FormatError, "samples"),
        (lambda g: g["raw/channel_2"].resize((1 << 40, 1)), TruncatedFileError, "declares"),
    ],
)
def test_a_damaged_hdf5_is_refused(tmp_path, change, error, words):
    path = write_h5(tmp_path / "a.h5", Box(counts(20, 2)))
    with h5py.File(path, "r+") as file:
        edited(change)(file)
    with pytest.raises(error, match=words):
        read_recording(path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", WRITERS)
def test_mutated_files_are_refused_or_read(tmp_path, kind):
    path = WRITERS[kind](tmp_path / f"a.{kind}", Box(counts(40, 2)))
    assert survives(path.read_bytes(), path, 10_000, seed=3) > 0


@pytest.mark.parametrize("name", ["emg_bursts", "emg_fatigue", "emg_1000_hz_16_bits"])
def test_real_files_are_what_h5py_reads_once_the_transfer_function_is_stated(real_data, name):
    path = real_data / f"plux-opensignals/{name}.h5"
    stats = json.loads((real_data / "reference_stats.json").read_text())
    told = stats[f"plux-opensignals/{name}.h5"]["devices"]
    with pytest.raises(UnknownUnitError, match="transfer function"):
        open_recording(path)
    with open_recording(path, map=TRANSFER) as opened:
        rec, part = opened.read(), opened.read(5000, 9000)
    assert_array_equal(part.data, rec.data[:, 5000:9000])
    rows = [*zip([rec.fs], rec.data, strict=True)]
    rows += [(a.fs, a.data) for a in rec.auxiliary if a.kind == "EMG"]
    with h5py.File(path) as file:
        for address, device in told.items():
            expected, bits = device["channels"][0], device["resolution"][0]
            raw = file[f"{address}/raw/{expected['name']}"][:, 0].astype(float)
            row = next(x for fs, x in rows if fs == device["fs_hz"])
            assert_allclose(row, emg_uv(raw, bits), rtol=1e-12, atol=1e-9)
            back = (row / 3000 + 0.5) * 2**bits
            assert_allclose(
                [back.min(), back.max(), back.mean(), back.std()],
                [expected[k] for k in ("min", "max", "mean", "std")], rtol=1e-9, atol=1e-9,
            )  # fmt: skip


def test_the_real_text_of_an_accelerometer_is_no_emg(real_data):
    path = real_data / "plux-opensignals/sync_acc_1.txt"
    with pytest.raises(UnknownUnitError, match="no signal is a voltage"):
        open_recording(path)
    rec = read_recording(path, kinds={"CH1": "EMG"}, map=TRANSFER)
    table = np.loadtxt(path)
    assert_allclose(rec.data[0], emg_uv(table[:, 2], 16), rtol=1e-12, atol=1e-9)
    for signal, column in zip(rec.auxiliary, (3, 4, 1), strict=True):
        assert_array_equal(signal.data, table[:, column])


@pytest.mark.parametrize("length", [0, 8, (1 << 64) - 8, 1 << 40])
def test_a_heap_of_texts_that_never_ends_is_refused(tmp_path, length):
    path = write_h5(tmp_path / "a.h5", Box(counts(20, 1)))
    raw = bytearray(path.read_bytes())
    heap = raw.index(b"GCOL")
    place, size = heap + 16, int.from_bytes(raw[heap + 8 : heap + 16], "little")
    while place + 16 <= heap + size and raw[place : place + 2] != b"\0\0":
        place += 16 + (int.from_bytes(raw[place + 8 : place + 16], "little") + 7) // 8 * 8
    raw[place + 8 : place + 16] = length.to_bytes(8, "little")  # the free space at its end
    path.write_bytes(raw)
    with pytest.raises(FormatError, match=r"heap at \d+: an object of"):
        read_recording(path)


def test_samples_that_look_like_a_heap_are_samples(tmp_path):
    raw = np.frombuffer(b"GCOL\x01\0\0\0" + bytes(24), "<u4").astype(int)[:, None]
    path = write_h5(tmp_path / "a.h5", Box(raw, bits=(32,)))
    assert path.read_bytes().count(b"GCOL\x01") > 1
    rec = read_recording(path)
    assert_allclose(rec.data, emg_uv(raw.T, 32), rtol=1e-12, atol=1e-9)
