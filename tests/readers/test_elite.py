import struct

import numpy as np
import pytest
from elite_bytes import elite_bytes
from fuzzing import survives
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn
from numpy.testing import assert_array_equal
from reading import assert_windows, bounded, put

from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers import open_recording, read_recording, sniff

RAMP = np.arange(-30, 30).reshape(3, 20)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    counts=stn.arrays("<i2", st.tuples(st.integers(1, 5), st.integers(1, 50))),
    fs=st.integers(1, 65535),
    gain=st.integers(1, 1000),
    span=st.tuples(st.integers(0, 50), st.integers(0, 50)).map(sorted),
)
def test_a_file_reads_back_as_it_was_written(tmp_path, counts, fs, gain, span):
    gains = [gain + i for i in range(len(counts))]
    path = put(tmp_path, "x.EMG", elite_bytes(counts, fs, gains=gains, adc_gain=3))
    rec = read_recording(path)
    lsb_uv = 20e6 / (4096 * 3 * np.array(gains))[:, None]
    assert_array_equal(rec.data, counts * lsb_uv)
    assert rec.fs == fs
    assert [c.name for c in rec.channels] == [f"ch{i}" for i in range(len(counts))]
    assert [c.gain for c in rec.channels] == gains
    assert rec.provenance.warnings == ()
    assert_windows(path, [span] if span[1] <= counts.shape[1] else [])


@pytest.mark.parametrize("suffix", [".emg", ".EMF", ".emr"])
def test_all_three_endings_are_known(tmp_path, suffix):
    assert sniff(put(tmp_path, f"x{suffix}", elite_bytes(RAMP))) == "bts_elite"


def test_samples_are_as_many_as_stated_not_as_the_block_holds(tmp_path):
    path = put(tmp_path, "x.EMG", elite_bytes(np.ones((2, 1003))))
    assert path.stat().st_size % 512 == 0
    assert read_recording(path).n_samples == 1003


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (elite_bytes(RAMP)[:700], TruncatedFileError, "within its header"),
        (elite_bytes(RAMP)[:1024], TruncatedFileError, "before the first sample"),
        (elite_bytes(RAMP)[:1029], TruncatedFileError, "before the first sample"),
        (elite_bytes(RAMP, adc_gain=0), FormatError, "gain of the converter is 0"),
        (elite_bytes(RAMP, gains=[1, 0, 1]), FormatError, r"of channels \[1, 0, 1\]"),
        (elite_bytes(RAMP, units=["mV", "N", "mV"]), UnknownUnitError, "'N'"),
        (elite_bytes(RAMP, units=["", "mV", "mV"]), UnknownUnitError, "''"),
        (elite_bytes(RAMP, fs=0), FormatError, "content is not"),
        (elite_bytes(RAMP, n=0), FormatError, "content is not"),
        (struct.pack("<I4H", 0, 9, 0, 33, 1000) + bytes(2000), FormatError, "content is not"),
        (struct.pack("<I4H", 0, 1000, 0, 3, 1000) + bytes(2000), FormatError, "content is not"),
    ],
)
def test_a_broken_file_is_refused_with_its_reason(tmp_path, content, error, says):
    path = put(tmp_path, "x.EMG", content)
    with bounded(path, 0), pytest.raises(error, match=says):
        open_recording(path)


def test_the_same_bytes_under_another_ending_are_not_taken_for_it(tmp_path):
    with pytest.raises(UnsupportedFormatError):
        sniff(put(tmp_path, "x.bin", elite_bytes(RAMP)))


def test_a_file_that_ends_early_gives_what_is_there_with_a_warning(tmp_path):
    path = put(tmp_path, "x.EMG", elite_bytes(RAMP, n=60_000_000))
    with bounded(path, 256):
        rec = read_recording(path)
    assert_array_equal(rec.data[:, :20] * 4096 * 1000 / 20e6, RAMP)
    assert "of the 60000000 samples that its header states" in rec.provenance.warnings[0]


def test_a_file_that_shrinks_while_open_is_a_typed_error(tmp_path):
    path = put(tmp_path, "x.EMG", elite_bytes(RAMP))
    with open_recording(path) as opened:
        path.write_bytes(elite_bytes(RAMP)[:1030])
        with pytest.raises(TruncatedFileError, match="before sample"):
            opened.read()


@pytest.mark.parametrize("suffix", ["EMG", "EMF"])
def test_a_real_file_equals_its_c3d_twin_to_the_last_bit(real_data, suffix):
    import ezc3d

    rec = read_recording(real_data / f"c3d/elite-1123xa01/1123xa01.{suffix}")
    twin = ezc3d.c3d(str(real_data / "c3d/1123x01EMG.c3d"))
    assert twin["parameters"]["ANALOG"]["UNITS"]["value"] == ["mV"] * 8
    assert_array_equal(rec.data, twin["data"]["analogs"][0] * 1000)
    assert [c.name for c in rec.channels] == [
        "R_RF", "R_BFCL", "R_TA", "R_GAL", "L_RF", "L_BFCL", "L_TA", "L_GAL",
    ]  # fmt: skip


@pytest.mark.slow
def test_no_mutation_of_a_file_does_more_than_a_typed_error(tmp_path):
    content = elite_bytes(np.arange(900).reshape(3, 300))
    assert survives(content, tmp_path / "x.emg", 20_000) > 1000
