import struct
import time

import numpy as np
import pytest
from fuzzing import forget_peak, resident_mb, survives
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from poly5_bytes import Poly5Bytes, Sig

from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers import open_recording, read_recording, sniff

VALUES = np.array([0.0, 1.5, -2.25, 1e-3, 4e4, -7.0, 8.0], "<f4")


def written(tmp_path, content, name="visit.Poly5"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def one(**how):
    return Poly5Bytes([Sig("BIP 01", "µVolt", VALUES)], **how)


@pytest.mark.parametrize("name", ["visit.poly5", "visit.S00"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
@pytest.mark.parametrize(("unit", "factor"), [("µVolt", 1.0), ("mVolt", 1e3), ("Volt", 1e6)])
def test_a_pair_of_halves_is_one_float_in_its_unit(tmp_path, name, encoding, unit, factor):
    signals = [Sig("BIP 01", unit, VALUES), Sig("STATUS", "", VALUES + 1)]
    path = written(tmp_path, Poly5Bytes(signals, encoding=encoding).build(), name)
    assert sniff(path) == "poly5"
    recording = read_recording(path)
    assert_array_equal(recording.data, [VALUES.astype(float) * factor])
    assert recording.fs == 2048
    assert [(c.name, c.kind) for c in recording.channels] == [("BIP 01", "EMG")]
    aux = recording.auxiliary[0]
    assert (aux.name, aux.kind, aux.unit, aux.fs) == ("STATUS", "TRIG", "", 2048.0)
    assert_array_equal(aux.data, VALUES + 1)
    assert recording.provenance.warnings == ()


def test_no_name_of_a_person_is_kept(tmp_path):
    recording = read_recording(written(tmp_path, one().build()))
    assert "Roe" not in repr(recording) + repr(recording.provenance) + repr(recording.channels)


def test_a_channel_of_sixteen_bits_follows_its_limits(tmp_path):
    counts = np.array([-32768, -1, 0, 1, 32767])
    unsigned = np.array([0, 1, 40000, 65535, 7])
    signals = [
        Sig("EMG", "mV", counts, wide=False, limits=(-5.0, 5.0, -32768, 32767)),
        Sig("wide", "uV", VALUES[:5]),
        Sig("ECG", "µV", unsigned, wide=False, limits=(-100.0, 100.0, 0, 65535)),
        Sig("digi", "", counts, wide=False, limits=(0.0, 0.0, 0.0, 0.0)),
    ]
    recording = read_recording(written(tmp_path, Poly5Bytes(signals).build()))
    assert_array_equal(recording.data[0], ((counts + 32768) * (10 / 65535) - 5) * 1e3)
    assert_array_equal(recording.data[1], VALUES[:5])
    assert_array_equal(recording.data[2], unsigned * (200 / 65535) - 100)
    assert_array_equal(recording.auxiliary[0].data, counts)
    assert [c.kind for c in recording.channels] == ["EMG", "EMG", "ECG"]
    assert recording.channels[0].bits == 16
    assert recording.provenance.warnings == ()


def test_inputs_for_other_sensors_are_no_emg(tmp_path):
    signals = [Sig("UNI 01", "µVolt", VALUES), Sig("AUX 1-1", "mVolt", VALUES)]
    recording = read_recording(written(tmp_path, Poly5Bytes(signals).build()))
    assert [c.kind for c in recording.channels] == ["EMG", "MISC"]


@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_file_comes_back_and_any_window_is_a_slice(tmp_path, data):
    n = data.draw(st.integers(1, 30))
    floats = st.lists(st.floats(width=32, allow_infinity=False), min_size=n, max_size=n).map(
        lambda v: np.array(v, "<f4")
    )
    signals = [
        Sig(f"BIP {i}", data.draw(st.sampled_from(["µVolt", "uV"])), data.draw(floats))
        for i in range(data.draw(st.integers(1, 4)))
    ]
    file = Poly5Bytes(signals, data.draw(st.integers(1, 65535)), data.draw(st.integers(1, 40)))
    path = written(tmp_path, file.build())
    start, stop = sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))
    with open_recording(path) as opened:
        whole = opened.read()
        assert_array_equal(opened.read(start, stop).data, whole.data[:, start:stop])
    assert_array_equal(whole.data, np.array([s.values for s in signals], np.float64))
    assert whole.fs == file.fs
    assert whole.provenance.warnings == ()


@pytest.mark.parametrize(
    ("export", "says"),
    [
        (one(stated={"n_blocks": 9}), "the header states 9 blocks, its samples fill 3"),
        (one(stated={"n": 100}), "ends after 9 of the 100 samples"),
        (one(stated={"n": 2, "n_blocks": 1}), "holds more than the 2 samples"),
        (one(stated={"n": 0}), "states no sample (the recording was not closed): 9 by the size"),
        (one(indices=[0, 6, 9]), "2 block(s) from block 1 state another first sample"),
    ],
)
def test_odd_but_readable_files_are_warned_of(tmp_path, export, says):
    recording = read_recording(written(tmp_path, export.build()))
    assert says in " ".join(recording.provenance.warnings)
    n = min(recording.n_samples, VALUES.size)
    assert_array_equal(recording.data[0, :n], VALUES[:n])


def test_a_file_that_ends_within_a_block_keeps_its_whole_rows(tmp_path):
    content = Poly5Bytes([Sig("BIP", "uV", VALUES)], block_rows=4).build()
    recording = read_recording(written(tmp_path, content[: -4 * 2 - 1]))
    assert_array_equal(recording.data[0], VALUES[:5])
    assert "ends after 5 of the 7 samples" in recording.provenance.warnings[0]


def test_nan_is_kept_and_infinity_refused(tmp_path):
    values = VALUES.copy()
    values[2] = np.nan
    path = written(tmp_path, Poly5Bytes([Sig("BIP", "uV", values)]).build())
    assert_array_equal(read_recording(path).data[0], values)
    values[5] = -np.inf
    path = written(tmp_path, Poly5Bytes([Sig("BIP", "uV", values)]).build())
    with open_recording(path) as opened:
        assert_array_equal(opened.read(0, 5).data[0], values[:5])
        with pytest.raises(FormatError, match="sample 5 is infinite"):
            opened.read()


def narrow(limits, unit="uV"):
    return Poly5Bytes([Sig("EMG", unit, np.arange(7), wide=False, limits=limits)])


HAZARDS = {
    "version 204": (one(stated={"version": 204}), UnsupportedFormatError, "of version 204"),
    "compressed": (one(stated={"compression": 1}), UnsupportedFormatError, "compression 1"),
    "no signal": (one(stated={"words": 0}), FormatError, "0 signals"),
    "too many signals": (one(stated={"words": 65535}), FormatError, "65535 signals"),
    "more signals than told": (one(stated={"words": 800}), TruncatedFileError, "descriptions"),
    "half a pair": (one(stated={"words": 1}), FormatError, "not by its other half"),
    "blocks of nothing": (one(stated={"block_rows": 0}), FormatError, "blocks of 0"),
    "no rate": (one(stated={"fs": 0, "stored": 0}), UnknownRateError, "state the rate"),
    "two rates": (one(stated={"stored": 1024}), UnknownRateError, "stored at 1024 Hz"),
    "halves out of turn": (
        Poly5Bytes([Sig("BIP", "uV", VALUES, halves=("(Hi) ", "(Lo) "))]), FormatError, "follow",
    ),
    "two low halves": (
        Poly5Bytes([Sig("BIP", "uV", VALUES, halves=("(Lo) ", "(Lo) "))]),
        FormatError, "other half",
    ),
    "no scale": (narrow((0.0, 0.0, 0.0, 10.0)), FormatError, "which is no scale"),
    "no range": (narrow((0.0, 1.0, 5.0, 5.0)), FormatError, "which is no scale"),
    "a scale of nan": (narrow((0.0, float("nan"), 0.0, 5.0)), FormatError, "which is no scale"),
    "no voltage": (narrow((0.0, 1.0, 0.0, 5.0), "cmH2O"), UnknownUnitError, "['cmH2O']"),
    "a shouted unit": (
        Poly5Bytes([Sig("BIP", "MV", VALUES)]), UnknownUnitError, "no signal is a voltage",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HAZARDS)
def test_a_hazard_is_a_typed_error(tmp_path, name):
    export, error, says = HAZARDS[name]
    with pytest.raises(error) as caught:
        read_recording(written(tmp_path, export.build()))
    assert says in str(caught.value)


def test_a_stated_rate_chooses_between_two(tmp_path):
    path = written(tmp_path, one(stated={"stored": 1024}).build())
    assert read_recording(path, fs=1024).fs == 1024
    with pytest.raises(UnknownRateError):
        read_recording(path, fs=512)


@pytest.mark.parametrize("size", [40, 216, 217, 400, 489, 489 + 86, 489 + 89])
def test_a_file_cut_before_its_first_sample_is_truncated(tmp_path, size):
    with pytest.raises(TruncatedFileError, match="ends"):
        read_recording(written(tmp_path, one().build()[:size]))


def test_a_window_of_a_long_file_opens_at_once_and_takes_its_own_memory(tmp_path):
    n, rows = 64 * 2048 * 60, 256
    head = Poly5Bytes([Sig(f"UNI {i}", "µVolt", [0.0]) for i in range(64)], block_rows=rows)
    head.stated = {"n": n, "n_blocks": n // rows}
    path = tmp_path / "long.poly5"
    start = 217 + 136 * 128
    block = 86 + 256 * rows
    with path.open("wb") as file:
        file.write(head.build()[:start])
        file.truncate(start + block * (n // rows))  # 2 GB of nothing on a sparse disk
        at = n // 2
        file.seek(start + block * (at // rows) + 86)
        file.write(np.arange(64, dtype="<f4").tobytes())
    forget_peak()
    before, began = resident_mb("VmRSS"), time.perf_counter()
    with open_recording(path) as opened:
        window = opened.read(at, at + 2048)
    assert time.perf_counter() - began < 1
    assert_array_equal(window.data[:, 0], np.arange(64.0))
    assert resident_mb("VmHWM") - before < 32


@pytest.mark.slow
def test_mutated_files_give_nothing_but_typed_errors_or_recordings(tmp_path):
    signals = [
        Sig("BIP 01", "µVolt", np.tile(VALUES, 9)),
        Sig("EMG", "mV", np.arange(63), wide=False, limits=(-5.0, 5.0, -32768, 32767)),
    ]
    content = Poly5Bytes(signals, block_rows=20).build()
    assert survives(content, tmp_path / "visit.poly5", 20_000) > 100


def test_the_real_layout_with_a_voltage_unit_equals_numpy(real_data, tmp_path):
    """Synthetic ventilator signals; their units are replaced so that they can be read."""
    source = real_data / "tmsi-poly5-SYNTHETIC" / "vent_data_synth_quiet_breathing.Poly5"
    with pytest.raises(UnknownUnitError, match="cmH2O"):
        read_recording(source)
    content = source.read_bytes()
    for unit in (b"\x05cmH2O", b"\x05L/min", b"\x02mL\0\0\0"):
        assert content.count(unit) == 2
        content = content.replace(unit, b"\x02uV\0\0\0")
    recording = read_recording(written(tmp_path, content))
    start, rows = 217 + 6 * 136, struct.unpack_from("<H", content, 147)[0]
    blocks = np.frombuffer(content, np.uint8, offset=start).reshape(16, 86 + 12 * rows)
    values = np.ascontiguousarray(blocks[:, 86:]).view("<f4").reshape(-1, 3)[:42_000]
    assert_array_equal(recording.data, values.T.astype(np.float64))
    assert (recording.fs, recording.n_samples) == (100.0, 42_000)
    assert [c.name for c in recording.channels] == ["P", "F", "V"]
    assert recording.provenance.warnings == ()
