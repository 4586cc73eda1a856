import json

import numpy as np
import pytest
from delsys_bytes import Demg, EmgChan
from fuzzing import survives
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers import describe, open_recording, read_recording, sniff

COUNTS = np.array([[0, 1], [-1, 32767], [1000, -32768]])


def written(tmp_path, content):
    path = tmp_path / "old.emg"
    path.write_bytes(content)
    return path


def two(**how):
    channels = [EmgChan("TA"), EmgChan("GM", gain=10.0, resolution=1e-3, band=(0.0, 0.0))]
    return Demg(channels, COUNTS, **how)


def test_a_value_is_count_times_resolution_by_gain(tmp_path):
    path = written(tmp_path, two().build())
    assert sniff(path) == "delsys_emg"
    recording = read_recording(path)
    assert_array_equal(recording.data[0], COUNTS[:, 0] * (10 / 65536) / 1000 * 1e6)
    assert_array_equal(recording.data[1], COUNTS[:, 1] * 1e-3 / 10 * 1e6)
    assert recording.fs == 2000
    first, second = recording.channels
    assert (first.highpass_hz, first.lowpass_hz, first.gain) == (20.0, 450.0, 1000.0)
    assert_allclose(first.lsb_uv, 10 / 65536 / 1000 * 1e6, rtol=1e-12)
    assert (second.highpass_hz, second.lowpass_hz) == (None, None)
    assert recording.provenance.warnings == ()


def test_no_name_of_a_film_or_person_is_kept(tmp_path):
    recording = read_recording(written(tmp_path, two(trailer=b"CMarker").build()))
    assert "Roe" not in repr(recording) + repr(recording.provenance) + repr(recording.channels)
    assert "7 bytes after the samples, the list of markers" in recording.provenance.warnings[0]


def test_an_offset_is_subtracted_and_told_of(tmp_path):
    recording = read_recording(
        written(tmp_path, Demg([EmgChan("TA", offset=5.0)], COUNTS[:, :1]).build())
    )
    assert_allclose(recording.data[0], (COUNTS[:, 0] * (10 / 65536) - 5) / 1000 * 1e6, rtol=1e-12)
    assert "TA: has an offset" in recording.provenance.warnings[0]


def test_a_channel_that_is_no_voltage_is_auxiliary_in_its_unit(tmp_path):
    channels = [EmgChan("TA"), EmgChan("Goniometer", "°", gain=2.0, resolution=0.5)]
    path = written(tmp_path, Demg(channels, COUNTS).build())
    with open_recording(path) as opened:
        assert [s.name for s in opened.auxiliary] == ["Goniometer"]
        aux = opened.read(1, 3).auxiliary[0]
    assert (aux.kind, aux.unit, aux.fs, aux.onset_s) == ("MISC", "°", 2000.0, 1 / 2000)
    assert_array_equal(aux.data, COUNTS[1:, 1] / 4)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_file_comes_back_and_any_window_is_a_slice(tmp_path, data):
    shape = data.draw(st.tuples(st.integers(1, 40), st.integers(1, 5)))
    seed = data.draw(st.integers(0, 2**32 - 1))
    counts = np.random.default_rng(seed).integers(-32768, 32768, shape)
    unit, factor = data.draw(st.sampled_from([("V", 1e6), ("mV", 1e3), ("µV", 1.0)]))
    scales = st.floats(1e-6, 1e3)
    channels = [EmgChan("M", unit, data.draw(scales), data.draw(scales)) for _ in range(shape[1])]
    fs = data.draw(st.floats(1, 1e5))
    path = written(tmp_path, Demg(channels, counts, fs).build())
    start, stop = sorted(data.draw(st.tuples(st.integers(0, shape[0]), st.integers(0, shape[0]))))
    with open_recording(path) as opened:
        whole = opened.read()
        assert_array_equal(opened.read(start, stop).data, whole.data[:, start:stop])
    for row, column, channel in zip(whole.data, counts.T, channels, strict=True):
        assert_array_equal(row, column * channel.resolution / channel.gain * factor)
    assert whole.fs == fs


def test_a_file_that_ends_early_keeps_its_whole_samples_with_a_warning(tmp_path):
    recording = read_recording(written(tmp_path, two().build()[:-3]))
    assert recording.n_samples == 2
    assert recording.provenance.warnings == (
        "ends after 2 of the 3 samples that its header states",
    )


def nan_gain():
    return Demg([EmgChan("TA", gain=float("nan"))], COUNTS[:, :1])


HAZARDS = {
    "version 1": (two(version=1), UnsupportedFormatError, "of version 1; only version 3"),
    "version 4": (two(version=4), UnsupportedFormatError, "convert it with Delsys File Utility"),
    "no channel": (two(stated={"n_channels": 0}), FormatError, "0 channels"),
    "negative channels": (two(stated={"n_channels": -1}), FormatError, "-1 channels"),
    "huge channels": (two(stated={"n_channels": 2**31 - 1}), FormatError, "at most 4096"),
    "some more channels": (two(stated={"n_channels": 9}), FormatError, "a text of|said to begin"),
    "negative samples": (two(stated={"n_samples": -5}), FormatError, "of -5 samples"),
    "no rate": (two(stated={"fs": 0.0}), FormatError, "at 0.0 Hz"),
    "a rate of nan": (two(stated={"fs": float("nan")}), FormatError, "at nan Hz"),
    "another start": (two(stated={"start": 512}), FormatError, "begin at byte 512"),
    "a gain of nan": (nan_gain(), FormatError, "has the gain nan"),
    "a gain of zero": (
        Demg([EmgChan("TA", gain=0.0)], COUNTS[:, :1]), FormatError, "has the gain 0.0",
    ),
    "no resolution": (
        Demg([EmgChan("TA", resolution=0.0)], COUNTS[:, :1]), FormatError, "the resolution 0.0",
    ),
    "steps beyond sense": (
        Demg([EmgChan("TA", gain=1e-300)], COUNTS[:, :1]), FormatError, "has steps of",
    ),
    "no voltage": (
        Demg([EmgChan("Angle", "°")], COUNTS[:, :1]), UnknownUnitError, "no channel is a voltage",
    ),
    "a text without end": (two(film=b"x" * 5000), FormatError, "a text of 5000 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", HAZARDS)
def test_a_hazard_is_a_typed_error(tmp_path, name):
    export, error, says = HAZARDS[name]
    with pytest.raises(error, match=says):
        read_recording(written(tmp_path, export.build()))


@pytest.mark.parametrize("size", [5, 6, 20, 296, 350, 380, 420, 488])
def test_a_file_cut_within_its_header_is_truncated(tmp_path, size):
    content = two().build()
    assert size < len(content) - COUNTS.size * 2
    with pytest.raises(TruncatedFileError, match="ends"):
        read_recording(written(tmp_path, content[:size]))


def test_a_file_without_one_whole_sample_is_truncated(tmp_path):
    content = two().build()[: -COUNTS.size * 2 + 3]
    assert describe(written(tmp_path, content))["error"]["code"] == "truncated"


def test_a_huge_stated_length_takes_no_memory(tmp_path):
    content = two(stated={"n_samples": 2**31 - 1}).build()
    recording = read_recording(written(tmp_path, content))
    assert recording.n_samples == 3
    assert "ends after 3 of the 2147483647 samples" in recording.provenance.warnings[0]


@pytest.mark.slow
def test_mutated_files_give_nothing_but_typed_errors_or_recordings(tmp_path):
    content = Demg([EmgChan("TA"), EmgChan("GM")], np.tile(COUNTS, (20, 1))).build()
    assert survives(content, tmp_path / "old.emg", 20_000) > 100


def hpf_volts(content):
    """Chunks of 320 KiB from 128 KiB on: a table of (offset, bytes), 8 channels of float32 V."""
    pieces = []
    for at in range(1 << 17, len(content), 320 << 10):
        table = np.frombuffer(content, "<u4", 16, at + 32).reshape(8, 2)
        pieces.append([np.frombuffer(content, "<f4", n // 4, at + i) for i, n in table.tolist()])
    return np.hstack(pieces)


def test_the_real_file_equals_its_twin_and_its_reference_statistics(real_data):
    folder = real_data / "delsys"
    recording = read_recording(folder / "Set1_Rep2_v3.emg")
    counts = np.fromfile(folder / "Set1_Rep2_v3.emg", "<i2", 480_000, offset=909)
    assert_allclose(
        recording.data, counts.reshape(60_000, 8).T * (10 / 65536) / 1000 * 1e6, rtol=1e-12
    )
    volts = hpf_volts((folder / "Set1_Rep2_v3.emg.hpf").read_bytes())
    assert_allclose(recording.data, volts * 1e6, rtol=2e-7)
    stats = json.loads((real_data / "reference_stats.json").read_text("utf-8"))
    told = stats["delsys/Set1_Rep2_v3.emg.hpf"]["channels"]
    assert [recording.fs] * 8 == [channel["fs_hz"] for channel in told]
    assert_allclose(
        recording.data.std(axis=1) / 1e6, [channel["std"] for channel in told], rtol=1e-6
    )
    assert_allclose(
        np.abs(recording.data).max(axis=1) / 1e6, [c["max_abs"] for c in told], rtol=1e-6
    )
    assert recording.provenance.warnings == (
        "43 bytes after the samples, the list of markers, are not read",
    )


def test_the_real_twin_in_hpf_stays_refused_with_what_to_do(real_data):
    with pytest.raises(UnsupportedFormatError, match="Delsys File Utility"):
        open_recording(real_data / "delsys" / "Set1_Rep2_v3.emg.hpf")
