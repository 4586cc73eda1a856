import json
import shutil
import tracemalloc
import warnings

import numpy as np
import pytest
from fuzzing import forget_peak, resident_mb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from wfdb_bytes import encode, little, record

from emgproc.errors import (
    FormatError,
    MissingFileError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers import open_recording, read_recording, sniff
from emgproc.readers.wfdb_coding import decode
from emgproc.readers.wfdb_header import parse_header

with warnings.catch_warnings():
    # The wfdb package calls pandas in a way that pandas deprecates.
    warnings.simplefilter("ignore")
    import wfdb

COUNTS = np.array([[0, 1, -1, 1000, -1000, 2047], [5, -5, 17, -300, 300, -2047]])
EVERY_FORMAT = ["16", "24", "32", "61", "80", "160", "212"]


@pytest.mark.parametrize("number", EVERY_FORMAT)
def test_every_format_gives_the_counts_that_were_coded(tmp_path, number):
    counts = np.clip(COUNTS, -127, 127) if number == "80" else COUNTS
    head = f"rec 2 500 6\nd.dat {number} 100(3)/mV 12 0\nd.dat {number} 50/uV 12 0 0 0 0 second\n"
    path = record(tmp_path, head, d=encode(number, counts.T))
    with open_recording(path) as opened:
        data = opened.read().data
    assert_array_equal(data[0], (counts[0] - 3) / 100 * 1000)
    assert_array_equal(data[1], counts[1] / 50)


@pytest.mark.parametrize("number", EVERY_FORMAT)
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_decoding_undoes_the_obvious_encoding(number, data):
    bits = {"80": 8, "212": 12, "24": 24, "32": 32}.get(number, 16)
    limit = 1 << (bits - 1)
    counts = data.draw(st.lists(st.integers(-limit, limit - 1), max_size=9))
    decoded = decode(int(number), encode(number, counts))
    assert_array_equal(decoded[: len(counts)], np.array(counts, dtype=np.int64))


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # the wfdb package's use of pandas
@pytest.mark.parametrize("number", ["16", "24", "32", "80", "212"])
def test_a_record_written_by_the_wfdb_package_reads_as_it_reads_it(tmp_path, number):
    rng = np.random.default_rng(3)
    limit = 100 if number == "80" else 2000
    counts = rng.integers(-limit, limit, size=(501, 3))
    wfdb.wrsamp(
        "rec",
        fs=1000,
        units=["mV", "uV", "V"],
        sig_name=["TA", "GM", "ECG"],
        d_signal=counts,
        fmt=[number] * 3,
        adc_gain=[200.0, 2.5, 1e5],
        baseline=[0, -7, 12],
        write_dir=str(tmp_path),
    )
    ours = read_recording(tmp_path / "rec.hea")
    theirs = wfdb.rdrecord(str(tmp_path / "rec")).p_signal.T * np.array([[1e3], [1.0], [1e6]])
    assert_array_equal(ours.data, theirs)
    assert [c.kind for c in ours.channels] == ["EMG", "EMG", "ECG"]
    assert ours.provenance.warnings == ()


@pytest.mark.parametrize("number", ["16", "212", "24"])
@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(span=st.tuples(st.integers(0, 101), st.integers(0, 101)).map(sorted))
def test_any_window_equals_the_slice_of_the_whole(tmp_path, number, span):
    counts = np.arange(303).reshape(101, 3) - 150
    head = "rec 3 500 101\n" + f"d.dat {number} 100/uV\n" * 3
    path = record(tmp_path, head, d=encode(number, counts))
    with open_recording(path) as opened:
        window = opened.read(*span)
        assert_array_equal(window.data, opened.read().data[:, span[0] : span[1]])


def test_signals_of_two_rates_and_two_files_keep_their_own_clocks(tmp_path):
    emg = np.arange(24).reshape(6, 4)
    force = np.arange(6)
    frames = np.column_stack([emg, force])
    head = "rec 3 100 6\nd.dat 16x4 1/uV\nd.dat 16 10/N 16 0 0 15 0 force\ne.dat 16x4 2/uV\n"
    path = record(tmp_path, head, d=little(frames), e=little(emg))
    with open_recording(path) as opened:
        assert (opened.fs, opened.n_samples) == (400.0, 24)
        whole, part = opened.read(), opened.read(6, 17)
    assert_array_equal(whole.data, np.vstack([emg.ravel(), emg.ravel() / 2]))
    assert whole.auxiliary[0].kind == "FORCE"
    assert (whole.auxiliary[0].unit, whole.auxiliary[0].fs) == ("N", 100.0)
    assert_array_equal(whole.auxiliary[0].data, force / 10)
    # Samples 6…16 at 400 Hz last from 15 to 42.5 ms: the samples at 20, 30 and 40 ms of 100 Hz.
    assert_array_equal(part.auxiliary[0].data, np.array([2, 3, 4]) / 10)
    assert part.auxiliary[0].onset_s == 0.02


def test_bytes_before_the_samples_are_skipped(tmp_path):
    path = record(tmp_path, "rec 1 100 3\nd.dat 16+5 1/uV\n", d=b"12345" + little([7, 8, 9]))
    assert_array_equal(read_recording(path).data, [[7, 8, 9]])


def test_the_count_for_no_sample_becomes_nan(tmp_path):
    path = record(tmp_path, "rec 1 100 3\nd.dat 16 1/uV\n", d=little([7, -32768, 9]))
    assert_array_equal(read_recording(path).data, [[7, np.nan, 9]])


def test_the_signal_file_opens_the_same_record_as_the_header(tmp_path):
    path = record(tmp_path, "rec 1 100 3\nother.dat 16 1/uV\n", other=little([7, 8, 9]))
    by_header, by_file = read_recording(path), read_recording(tmp_path / "other.dat")
    assert_array_equal(by_header.data, by_file.data)
    assert by_header.provenance.sha256 == by_file.provenance.sha256
    assert sniff(tmp_path / "other.dat") == "wfdb"


def test_lines_that_end_in_a_bare_carriage_return_are_lines(tmp_path):
    path = record(tmp_path, "rec 1 100\rd.dat 16 1/uV\r# age: 25\r", d=little([7, 8]))
    recording = read_recording(path)
    assert_array_equal(recording.data, [[7, 8]])
    assert "by the size of the file" in recording.provenance.warnings[0]


def test_comments_with_age_and_sex_are_not_kept(tmp_path):
    path = record(
        tmp_path, "rec 1 100 2\nd.dat 16 1/uV\n# <age>: 44 <sex>: M Jane Roe\n", d=little([7, 8])
    )
    assert "Roe" not in repr(read_recording(path)) + repr(read_recording(path).provenance)


def test_a_gain_of_zero_is_the_default_gain_with_a_warning(tmp_path):
    path = record(tmp_path, "rec 2 100 2\nd.dat 16 0\nd.dat 16\n", d=little([[200, 1], [400, 2]]))
    recording = read_recording(path)
    assert_array_equal(recording.data, [[1000, 2000], [5, 10]])
    assert sum("no gain stated" in w for w in recording.provenance.warnings) == 2
    assert sum("no unit stated" in w for w in recording.provenance.warnings) == 2


def test_the_baseline_is_the_zero_of_the_converter_unless_stated(tmp_path):
    path = record(
        tmp_path,
        "rec 2 100 1\nd.dat 16 1/uV 12 100\nd.dat 16 1(40)/uV 12 100\n",
        d=little([110, 50]),
    )
    assert_array_equal(read_recording(path).data, [[10], [10]])
    channel = read_recording(path).channels[0]
    assert (channel.bits, channel.lsb_uv, channel.range_uv) == (12, 1.0, (-2048.0, 2047.0))


def test_a_checksum_or_first_value_that_disagrees_is_a_warning(tmp_path):
    path = record(tmp_path, "rec 1 100 3\nd.dat 16 1/uV 16 0 8 25 0 TA\n", d=little([7, 8, 9]))
    with open_recording(path) as opened:
        assert opened.provenance.warnings == ("TA: the first sample is 7, the header says 8",)
        assert len(opened.read(0, 2).provenance.warnings) == 1
        assert opened.read().provenance.warnings[1] == (
            "the checksum of TA disagrees with the header"
        )


def test_a_checksum_counts_modulo_65536(tmp_path):
    samples = [30000, 30000, 30000]
    checksum = (90000 + 32768) % 65536 - 32768
    path = record(
        tmp_path, f"rec 1 100 3\nd.dat 16 1/uV 16 0 30000 {checksum} 0 TA\n", d=little(samples)
    )
    assert read_recording(path).provenance.warnings == ()


def test_a_shortened_file_gives_what_is_there_and_a_warning(tmp_path):
    path = record(tmp_path, "rec 2 100 9\nd.dat 16 1/uV\nd.dat 16 1/uV\n", d=little(range(7)))
    recording = read_recording(path)
    assert_array_equal(recording.data, [[0, 2, 4], [1, 3, 5]])
    assert "ends after 3 of the 9 frames" in recording.provenance.warnings[0]


def test_a_file_longer_than_its_header_says_gives_the_stated_samples_and_a_warning(tmp_path):
    path = record(tmp_path, "rec 1 100 2\nd.dat 16 1/uV\n", d=little(range(7)))
    recording = read_recording(path)
    assert_array_equal(recording.data, [[0, 1]])
    assert "holds more than the 2 frames" in recording.provenance.warnings[0]


@pytest.mark.parametrize("number", ["16", "212"])
def test_memory_is_that_of_the_samples_the_file_holds(tmp_path, number):
    n = 4_000_000
    head = f"rec 2 1000 {n // 2}\n" + f"d.dat {number} 1/uV\n" * 2
    path = record(tmp_path, head, d=bytes(n * 3 // 2 if number == "212" else n * 2))
    tracemalloc.start()
    try:
        assert read_recording(path).data.size == n
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 64e6 + 1.25 * 8 * n


@pytest.mark.parametrize(
    ("header", "error", "says"),
    [
        ("rec 1 100 2\nabsent.dat 16 1/uV\n", MissingFileError, "absent.dat"),
        ("rec 1 100 2\nempty.dat 16 1/uV\n", TruncatedFileError, "no whole frame"),
        ("rec 1 100 2\nd.dat 16+9999 1/uV\n", TruncatedFileError, "no whole frame"),
        ("rec 1 100 2\nd.dat 516 1/uV\n", UnsupportedFormatError, "format 516"),
        ("rec 1 100 2\nd.dat 16:3 1/uV\n", UnsupportedFormatError, "skew"),
        ("rec/2 1 100 2\nrec_1 1\nrec_2 1\n", UnsupportedFormatError, "multi-segment"),
        ("rec 2 100 2\nd.dat 16 1/uV\n", FormatError, "2 signals promised, 1 described"),
        ("rec 1 100 2\nd.dat 16x0 1/uV\n", FormatError, "samples per frame"),
        ("rec 1 100 2\nd.dat 16 x/uV\n", FormatError, "no gain"),
        ("rec 1 100 2\nd.dat 16 1/uV twelve\n", FormatError, "resolution is 'twelve'"),
        ("rec 2 100 2\nd.dat 16 1/uV\nd.dat 61 1/uV\n", FormatError, "two formats"),
        ("rec 1 0 2\nd.dat 16 1/uV\n", FormatError, "must be above 0"),
        ("rec 1\nd.dat 16 1/uV\n", UnknownRateError, "fs="),
        ("rec 1 100 2\nd.dat 16 1/NU\n", UnknownUnitError, "NU"),
    ],
)
def test_a_broken_header_gets_its_own_error(tmp_path, header, error, says):
    path = record(tmp_path, header, d=little([1, 2]), empty=b"")
    with pytest.raises(error, match="(?s)" + says.replace("(", r"\(")):
        read_recording(path)


def test_a_rate_is_taken_from_the_caller_where_the_header_has_none(tmp_path):
    path = record(tmp_path, "rec 1\nd.dat 16 1/uV\n", d=little([1, 2]))
    assert read_recording(path, fs=2000).fs == 2000


@pytest.mark.parametrize("resolution", [-1, 0, 99])
def test_a_resolution_that_no_converter_has_is_not_stated(tmp_path, resolution):
    path = record(tmp_path, f"rec 1 100 2\nd.dat 16 1/uV {resolution}\n", d=little([1, 2]))
    assert read_recording(path).channels[0].bits is None


@settings(deadline=None, max_examples=30)
@given(st.text(alphabet="rec 1/.+-:x()\nd6mV#", max_size=60))
def test_no_header_text_gives_any_but_a_typed_error(text):
    try:
        header = parse_header(text, "x.hea")
    except (FormatError, UnsupportedFormatError):
        return
    assert header.signals


def test_a_file_that_shrinks_while_open_is_a_typed_error(tmp_path):
    path = record(tmp_path, "rec 1 100 3\nd.dat 16 1/uV\n", d=little([7, 8, 9]))
    with open_recording(path) as opened:
        (tmp_path / "d.dat").write_bytes(b"")
        with pytest.raises(TruncatedFileError, match="changed"):
            opened.read()


@pytest.mark.parametrize(
    ("name", "n", "fs", "to_uv"),
    [
        ("physionet-emgdb/emg_healthy", 50860, 4000, 1e3),
        ("physionet-emgdb/emg_myopathy", 110337, 4000, 1e3),
        ("emglab-r00108/R00108", 100000, 10000, 1e3),
    ],
)
def test_real_records_equal_the_wfdb_package_to_the_last_bit(real_data, name, n, fs, to_uv):
    ours = read_recording(real_data / f"{name}.hea")
    theirs = wfdb.rdrecord(str(real_data / name))
    assert (ours.n_samples, ours.fs) == (n, fs)
    assert_array_equal(ours.data[0], theirs.p_signal[:, 0] * to_uv)
    stated = json.loads((real_data / "reference_stats.json").read_text())[f"{name}.dat"]
    for key in ("min", "max", "mean", "std"):
        value = getattr(np, key)(ours.data[0])
        np.testing.assert_allclose(value, stated["channels"][0][key] * to_uv, rtol=1e-9)


def test_a_real_record_with_an_altered_sample_is_noticed(real_data, tmp_path):
    for suffix in (".hea", ".dat"):
        shutil.copy(real_data / f"physionet-emgdb/emg_healthy{suffix}", tmp_path)
    signal = tmp_path / "emg_healthy.dat"
    signal.chmod(0o644)
    content = bytearray(signal.read_bytes())
    content[5000] ^= 1
    signal.write_bytes(content)
    assert "checksum" in read_recording(tmp_path / "emg_healthy.hea").provenance.warnings[0]


def test_a_stated_rate_that_the_file_contradicts_is_not_used_and_told(tmp_path):
    (tmp_path / "r.dat").write_bytes((np.arange(2000) % 100).astype("<i2").tobytes())
    (tmp_path / "r.hea").write_text(
        "r 1 4000 2000\nr.dat 16 1/uV 16 0 0 0 0 EMG\n", encoding="utf-8"
    )
    told = read_recording(tmp_path / "r.hea", fs=1000)
    assert told.fs == 4000
    assert any("1000 Hz is stated" in text for text in told.provenance.warnings)
    agreed = read_recording(tmp_path / "r.hea", fs=4000).provenance.warnings
    assert not any("is stated" in text for text in agreed)


@pytest.mark.slow
def test_a_window_at_the_end_of_four_gigabytes_costs_the_window(tmp_path):
    n_signals, fs = 64, 2048
    n_frames = 3_800_000_000 // (2 * n_signals)
    last = np.random.default_rng(0).integers(-30000, 30000, (fs, n_signals)).astype("<i2")
    with (tmp_path / "d.dat").open("wb") as file:
        file.seek(2 * n_signals * (n_frames - fs))
        file.write(last.tobytes())
    path = record(tmp_path, f"rec {n_signals} {fs} {n_frames}\n" + "d.dat 16 4/uV\n" * n_signals)
    forget_peak()
    before = resident_mb("VmRSS")
    with open_recording(path) as opened:
        data = opened.read(opened.n_samples - fs).data
    assert_array_equal(data, last.T / 4)
    assert resident_mb("VmHWM") - before <= 64 + 1.25 * 8 * data.size / 2**20
