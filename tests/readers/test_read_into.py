import numpy as np
import pytest
from edf_bytes import one
from numpy.testing import assert_array_equal

from emgproc.errors import ParameterError, TruncatedFileError
from emgproc.readers import edf_records, edf_samples, open_recording, read_recording
from emgproc.readers.edf_header import read_header
from emgproc.writers import write_recording


@pytest.fixture
def opened(tmp_path):
    (tmp_path / "a.edf").write_bytes(one().build())
    with open_recording(tmp_path / "a.edf") as file:
        yield file


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_any_format_is_read_into_an_array_of_the_callers(opened, tmp_path, kind):
    recording = opened.read()
    write_recording(recording, tmp_path / "a.h5")
    for path in (tmp_path / "a.edf", tmp_path / "a.h5"):
        out = np.full((opened.read().n_channels, 90), np.nan, kind)
        with open_recording(path) as file:
            file.read_into(out, 17, threads=2)
        assert_array_equal(out, recording.data[:, 17:107].astype(kind))


def test_an_array_that_cannot_hold_the_samples_is_refused(opened):
    n = len(opened.channels)
    frozen = np.zeros((n, 9))
    frozen.flags.writeable = False
    wrong = (
        np.zeros((n + 1, 9)), np.zeros((n, 9, 1)), np.zeros((n, 9), int),
        np.zeros((9, n)).T[:, ::2], frozen,
    )  # fmt: skip
    for out in wrong:
        with pytest.raises(ParameterError, match="out must be"):
            opened.read_into(out)


def test_a_span_beyond_the_file_or_no_thread_is_refused(opened):
    out = np.zeros((len(opened.channels), 9))
    for start in (-1, opened.n_samples - 8):
        with pytest.raises(ParameterError, match="start <= stop"):
            opened.read_into(out, start)
    with pytest.raises(ParameterError, match="threads must be at least 1"):
        opened.read_into(out, threads=0)
    with pytest.raises(ParameterError, match="threads must be at least 1"):
        opened.read(threads=0)
    opened.close()
    with pytest.raises(ParameterError, match="closed"):
        opened.read_into(out)


def test_the_digest_beside_the_reading_changes_nothing(opened):
    path = opened.files[0]
    one_after_the_other, beside = (read_recording(path, threads=t) for t in (1, 2))
    assert_array_equal(beside.data, one_after_the_other.data)
    assert beside.provenance == one_after_the_other.provenance
    assert beside.provenance.sha256


def test_systems_that_cannot_read_at_a_place_read_the_same(opened, monkeypatch):
    monkeypatch.setattr(edf_samples, "_SHARE_BYTES", 1)
    data = opened.read(3, 311, threads=2).data
    monkeypatch.delattr(edf_records.os, "preadv", raising=False)
    assert_array_equal(opened.read(3, 311, threads=2).data, data)


def test_few_bytes_of_each_record_are_the_same_in_calls_for_bytes_and_for_arrays(
    opened, tmp_path, monkeypatch
):
    monkeypatch.setattr(edf_records, "_NEAR_BYTES", 0)
    stamped = one(plus="EDF+D", onsets=["+0", "+1", "+4.5", "+5.5"])
    (tmp_path / "b.edf").write_bytes(stamped.build())
    known = []
    for most in (1 << 12, 0):
        monkeypatch.setattr(edf_records, "_FEW_BYTES", most)
        with open_recording(tmp_path / "b.edf") as file:
            known.append((file.segments, file.events))
    assert known[0] == known[1]
    assert len(known[0][0]) == 2


@pytest.mark.parametrize("most", [1 << 12, 0])
def test_a_record_that_has_gone_is_told_whichever_way_its_few_bytes_are_read(
    tmp_path, monkeypatch, most
):
    monkeypatch.setattr(edf_records, "_NEAR_BYTES", 0)
    monkeypatch.setattr(edf_records, "_FEW_BYTES", most)
    path = tmp_path / "c.edf"
    path.write_bytes(one().build())
    records = edf_records.EdfRecords(path, read_header(path))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 1)
    assert records.columns(0, 3, slice(0, 8)).shape == (3, 8)
    with pytest.raises(TruncatedFileError, match="7 of 8 bytes from record 4 on"):
        records.columns(0, 4, slice(192, 200))
