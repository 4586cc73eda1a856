"""Files that lie, end early or mean harm: a typed error or a warning, and bounded memory."""

import tracemalloc
from contextlib import contextmanager, suppress

import h5py
import numpy as np
import pytest
from edf_bytes import EdfBytes, Sig, one, ramp
from numpy.testing import assert_allclose

from emgproc.errors import (
    EmgprocError,
    FormatError,
    MissingFileError,
    NoEmgChannelError,
    ParameterError,
    ReadError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers import describe, open_recording, read_recording, sniff
from emgproc.recording import Recording
from emgproc.writers import write_recording


@contextmanager
def bounded(path, sample_bytes=2):
    """At most 64 MB and 1.25 × 8 bytes for each sample that the bytes of the file can hold."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 64e6 + 10 * path.stat().st_size / sample_bytes


@pytest.fixture
def made(tmp_path):
    def make(content, name="made.edf"):
        path = tmp_path / name
        path.write_bytes(content.build() if isinstance(content, EdfBytes) else content)
        return path

    return make


@pytest.mark.parametrize("stated", ["-1", "7", "99999999", "3", "", "many"])
def test_a_wrong_number_of_records_is_inferred_from_the_size_with_a_warning(made, stated):
    edf = one(stated={"n_records": stated})
    path = made(edf)
    with bounded(path):
        rec = read_recording(path)
    assert rec.n_samples == 400
    assert_allclose(rec.data[0], edf.signals[0].counts * 0.1, rtol=1e-13)
    assert f"states {stated!r} records, the file holds 4" in rec.provenance.warnings[0]


def test_an_incomplete_last_record_is_left_out_with_a_warning(made):
    edf = one()
    rec = read_recording(made(edf.build()[:-37]))
    assert rec.n_samples == 300
    assert any("incomplete (163 of 200 bytes)" in w for w in rec.provenance.warnings)
    assert any("states '4' records" in w for w in rec.provenance.warnings)


@pytest.mark.parametrize("size", [1, 8, 100, 255, 256, 400, 511, 512, 600, 711])
def test_a_file_without_one_whole_record_is_truncated(made, size):
    path = made(one().build()[:size])
    error = FormatError if size < 8 else TruncatedFileError
    with bounded(path), pytest.raises(error, match=r"made\.edf"):
        open_recording(path)


@pytest.mark.parametrize("stated", ["256", "99999", "0", "abc"])
def test_a_wrong_header_size_is_computed_with_a_warning(made, stated):
    rec = read_recording(made(one(stated={"size": stated})))
    assert rec.n_samples == 400
    assert "512: the latter is used" in rec.provenance.warnings[0]


@pytest.mark.parametrize("ns", ["0", "-3", "4097", "x", ""])
def test_an_impossible_number_of_signals_fails(made, ns):
    path = made(one(stated={"ns": ns}))
    with bounded(path), pytest.raises((FormatError, UnsupportedFormatError)):
        open_recording(path)


@pytest.mark.parametrize("spr", [0, -5, 100_000_001, 99_999_999])
def test_an_impossible_record_length_fails_without_memory(made, spr):
    edf = EdfBytes([Sig("EMG a"), Sig("EMG b")])
    raw = edf.build().replace(b"100     100     ", f"{spr:<8d}"[:8].encode() + b"2       ", 1)
    path = made(raw)
    with bounded(path), pytest.raises(FormatError, match=r"sampl|record"):
        open_recording(path)


def test_a_decimal_comma_is_read_with_a_warning(made):
    edf = EdfBytes([Sig(phys=("-3276,8", "3276,7"), counts=ramp(400))], duration="0,5")
    rec = read_recording(made(edf))
    assert rec.fs == 200.0
    assert_allclose(rec.data[0], edf.signals[0].counts * 0.1, rtol=1e-13)
    assert sum("decimal comma" in w for w in rec.provenance.warnings) == 3


@pytest.mark.parametrize(
    ("phys", "dig"),
    [
        (("-5", "5"), ("0", "0")), (("-5", "5"), ("10", "-10")), (("5", "5"), ("-10", "10")),
        (("", ""), ("-10", "10")), (("nan", "inf"), ("-10", "10")),
        (("-1e99999", "1e99999"), ("-10", "10")), (("-5", "5"), ("-1.5", "10")),
    ],
)  # fmt: skip
def test_a_channel_without_calibration_is_auxiliary_and_named(made, phys, dig):
    bad = Sig("EMG bad", phys=phys, dig=dig, counts=ramp(400))
    rec = read_recording(made(EdfBytes([Sig("EMG a"), bad])))
    assert [c.name for c in rec.channels] == ["a"]
    assert (rec.auxiliary[0].name, rec.auxiliary[0].unit) == ("bad", "")
    assert_allclose(rec.auxiliary[0].data, bad.counts, rtol=0)
    assert any("'EMG bad') is not calibrated" in w for w in rec.provenance.warnings)
    with pytest.raises(UnknownUnitError, match="'bad' \\(not calibrated\\)") as caught:
        open_recording(made(EdfBytes([bad, Sig("ECG")])), unit="uV")
    assert caught.value.code == "unknown_unit"


def test_a_unit_is_never_guessed_but_may_be_stated(made):
    edf = EdfBytes([Sig("EMG a", unit="", counts=ramp(400)), Sig("Resp", unit="")])
    with pytest.raises(UnknownUnitError, match="state it"):
        open_recording(made(edf))
    rec = read_recording(made(edf), unit="mV")
    assert_allclose(rec.data[0], edf.signals[0].counts * 100.0, rtol=1e-12)
    assert "unit mV stated by the caller for a" in rec.provenance.scaling
    assert [x.name for x in rec.auxiliary] == ["Resp"]


def test_a_stated_unit_never_replaces_that_of_the_file(made):
    edf = one()
    assert_allclose(read_recording(made(edf), unit="mV").data[0], edf.signals[0].counts * 0.1)


def test_a_unit_that_is_no_voltage_is_not_emg(made):
    with pytest.raises(UnknownUnitError, match="unit '%'"):
        open_recording(made(EdfBytes([Sig("EMG a", unit="%")])))
    with pytest.raises(NoEmgChannelError, match="Force"):
        open_recording(made(EdfBytes([Sig("Force", unit="N")])))


def test_records_without_duration_need_a_stated_rate(made):
    edf = one(duration="0")
    with pytest.raises(UnknownRateError):
        open_recording(made(edf))
    assert read_recording(made(edf), fs=500).fs == 500


@pytest.mark.parametrize("duration", ["", "-1", "soon"])
def test_a_duration_that_is_no_time_fails(made, duration):
    with pytest.raises(FormatError, match="duration of a record"):
        open_recording(made(one(duration=duration)))


def test_repeated_labels_get_a_suffix_and_a_warning(made):
    rec = read_recording(made(EdfBytes([Sig("EMG a"), Sig("EMG a"), Sig("a"), Sig("")])))
    names = [c.name for c in rec.channels]
    assert len(set(names)) == 4
    assert names[0] == "a"
    assert sum("repeats a name" in w for w in rec.provenance.warnings) == 2


def test_broken_annotations_are_left_out_and_counted(made):
    tals = {0: b"nonsense\x00+1x\x14a\x14\x00+2\x15-\x14b\x14\x00+3\x14good\x14\x00"}
    rec = read_recording(made(one(plus="EDF+C", onsets=["+0", "+1", "+2", "+3"], tals=tals)))
    assert [e.label for e in rec.events] == ["good"]
    assert "3 annotation(s) cannot be read" in rec.provenance.warnings[0]


def test_a_flood_of_annotations_fails_with_bounded_memory(made):
    tals = dict.fromkeys(range(4), b"+0\x14" + b"a\x14" * 900000 + b"\x00")
    edf = one(plus="EDF+C", onsets=["+0", "+1", "+2", "+3"], tals=tals, ann_bytes=800_100)
    path = made(edf)
    with bounded(path), pytest.raises(FormatError, match="more than 250000 events"):
        open_recording(path)


def test_random_corruptions_give_a_recording_or_a_typed_error(made):
    rng = np.random.default_rng(11)
    edf = one(plus="EDF+D", onsets=["+0", "+1", "+5", "+6"], tals={1: b"+1\x14x\x14\x00"})
    good = np.frombuffer(edf.build(), np.uint8)
    for _ in range(300):
        bad = good.copy()
        at = rng.integers(0, 1100, rng.integers(1, 12))
        bad[at] = rng.integers(0, 256, len(at))
        path = made(bad.tobytes())
        with suppress(EmgprocError):
            assert np.isfinite(read_recording(path).data).all()


def test_reading_all_of_a_large_file_takes_no_more_than_its_samples(made):
    edf = EdfBytes([Sig(f"EMG {i}", spr=20_000) for i in range(8)], n_records=40)
    path = made(edf)
    with bounded(path):
        rec = read_recording(path)
    assert rec.n_samples == 800_000
    with open_recording(path) as opened:
        tracemalloc.start()
        for _ in opened.blocks(1.0):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 12e6


def test_missing_empty_and_unknown_files_are_told_apart(made, tmp_path):
    with pytest.raises(MissingFileError) as caught:
        open_recording(tmp_path / "none.edf")
    assert caught.value.code == "file_missing"
    with pytest.raises(ReadError, match="empty"):
        open_recording(made(b"", "empty.edf"))
    with pytest.raises(UnsupportedFormatError, match="folder"):
        open_recording(tmp_path)
    with pytest.raises(UnsupportedFormatError):
        sniff(made(bytes(range(256)) * 8, "what.xyz"))
    with pytest.raises(FormatError, match="ending is that of EDF"):
        sniff(made(b"\x01\x02\x03" * 400, "not.edf"))


def test_content_wins_over_the_ending(made):
    path = made(one(), "export.dat.h5")
    assert sniff(path) == "edf"
    assert read_recording(path).n_samples == 400


def test_an_unknown_option_is_refused_with_the_known_ones(made):
    with pytest.raises(ParameterError, match="unknown reading option"):
        open_recording(made(one()), units="mV")


def test_describe_tells_what_is_in_a_file_and_what_is_wrong_with_it(made):
    import json

    told = describe(made(one(plus="EDF+D", onsets=["+0", "+1", "+4", "+5"])))
    assert json.loads(json.dumps(told))["events"] == {"bad_gap": 1}
    assert (told["format"], told["fs_hz"], told["n_samples"]) == ("edf", 100.0, 400)
    assert len(told["segments"]) == 2
    bad = describe(made(one().build()[:600]))
    assert bad["error"]["code"] == "truncated"
    assert bad["format"] == "edf"


def declare(path, shape=(512, 2_500_000), **kw):
    """A native store of about 1 kB that declares 10 GB of samples."""
    write_recording(Recording.from_array(np.zeros((512, 1)), 1000.0), path)
    with h5py.File(path, "r+") as file:
        del file["samples"]
        file.create_dataset("samples", shape, "<f8", **kw)


@pytest.mark.parametrize(
    "kw", [{}, {"chunks": (1, 65536)}, {"chunks": (1, 65536), "compression": 1}]
)
def test_a_small_file_that_declares_ten_gigabytes_fails_without_memory(tmp_path, kw):
    path = tmp_path / "huge.h5"
    declare(path, **kw)
    with bounded(path), pytest.raises(FormatError, match="samples"):
        open_recording(path)


def test_a_one_kilobyte_hdf5_file_that_declares_ten_gigabytes_is_no_recording(tmp_path):
    path = tmp_path / "huge.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("emg", (512, 2_500_000), "<f8")
    assert path.stat().st_size < 3000
    with bounded(path), pytest.raises(UnsupportedFormatError):
        open_recording(path)


@pytest.mark.parametrize("how", ["soft", "group"])
def test_samples_that_are_no_dataset_of_the_store_are_refused(tmp_path, how):
    path = tmp_path / "link.h5"
    write_recording(Recording.from_array(np.zeros((2, 10)), 1000.0), path)
    with h5py.File(path, "r+") as file:
        del file["samples"]
        if how == "soft":
            file["samples"] = h5py.SoftLink("/gain")
        else:
            file.create_group("samples")
    with pytest.raises(FormatError, match="samples"):
        open_recording(path)


def test_a_cut_or_corrupted_store_gives_a_recording_or_a_typed_error(tmp_path):
    path = tmp_path / "good.h5"
    rec = Recording.from_array(np.random.default_rng(0).normal(0, 9, (2, 50)), 1000.0)
    write_recording(rec, path)
    good = path.read_bytes()
    with pytest.raises(TruncatedFileError):
        _read_bytes(tmp_path, good[: len(good) // 2])
    rng = np.random.default_rng(2)
    for _ in range(100):
        bad = bytearray(good)
        for at in rng.integers(0, len(good), 6):
            bad[at] = int(rng.integers(0, 256))
        with suppress(EmgprocError):
            _read_bytes(tmp_path, bytes(bad))


def _read_bytes(folder, content):
    path = folder / "bad.h5"
    path.write_bytes(content)
    return read_recording(path)


def test_a_newer_store_is_refused_with_its_version(tmp_path):
    path = tmp_path / "new.h5"
    write_recording(Recording.from_array(np.zeros((2, 10)), 1000.0), path)
    with h5py.File(path, "r+") as file:
        file.attrs["version"] = 2
    with pytest.raises(FormatError, match="version"):
        open_recording(path)


def test_raw_counts_of_an_opensignals_export_have_no_unit(tmp_path, real_data):
    for path in sorted((real_data / "plux-opensignals").glob("*.h5")):
        with pytest.raises(UnknownUnitError, match="transfer function") as caught:
            open_recording(path)
        assert caught.value.code == "unknown_unit"
