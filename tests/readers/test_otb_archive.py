"""Archives: what no acquisition program writes is refused, damage is told, nothing is unpacked."""

import io
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hazard_files import MEMBERS, RAW, ZIP, odd, patched, pax
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from otb_bytes import header, library_tar, tar, zipped

from emgproc.errors import (
    FormatError,
    ReadError,
    TruncatedFileError,
    UnsafeArchiveError,
)
from emgproc.readers import open_recording, otb_archive, otb_zip, read_recording
from emgproc.readers.otb_archive import open_archive
from emgproc.readers.otb_tar import list_tar

DIALECTS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def saved(folder: Path, content: bytes, name="x.otb+") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def flipped(content: bytes, at: int) -> bytes:
    data = bytearray(content)
    data[at] ^= 0x10
    return bytes(data)


SECOND = 512 + len(MEMBERS["20240301100000.sig"]) // 512 * 512 + 512
DAMAGED = {
    "damage between two members": (flipped(tar(MEMBERS), SECOND + 3), FormatError, "no header"),
    "a size in letters": (odd("x.sig", size=b"zzzzzzzzzzz\0"), FormatError, "states no size"),
    "a negative size": (odd("x.sig", size=b"\xff" * 12), FormatError, "states no size"),
    "a pax size in letters": (pax(b"14 size=-9999\n"), FormatError, "states no size"),
    "a description cut off": (tar(MEMBERS)[: SECOND + 700], TruncatedFileError, "ends within it"),
    "an archive of nothing": (tar({}), FormatError, "ending is that"),
    "a zip cut off": (ZIP[:-30], FormatError, "damaged zip"),
    "a zip with a wrong place": (patched(ZIP, 42, b"\x09", central=True), FormatError, "header"),
    "a zip with a place beyond": (
        patched(ZIP, 42, b"\xff\xff\xff\x7f", central=True), FormatError, "not lie within",
    ),
    "a zip with another size": (patched(ZIP, 24, b"\x0c", central=True), FormatError, "size|CRC"),
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_archive_is_told(tmp_path, what):
    content, error, says = DAMAGED[what]
    with pytest.raises(error, match=says) as caught:
        read_recording(saved(tmp_path, content))
    assert caught.type is error


def test_a_flipped_bit_in_a_packed_signal_is_told_when_it_is_read(tmp_path):
    at = ZIP.index(b".sig") + 500
    with open_recording(saved(tmp_path, flipped(ZIP, at))) as opened:
        with pytest.raises(FormatError, match="damaged zip archive"):
            opened.read()
        with pytest.raises(FormatError, match="damaged zip archive"):
            opened.read(0, 1)


def test_an_archive_cut_off_within_its_last_signal_gives_what_is_there(tmp_path):
    ordered = {k: MEMBERS[k] for k in sorted(MEMBERS, key=lambda k: k.endswith(".sig"))}
    content = tar(ordered)
    told = read_recording(saved(tmp_path, content[: len(content) - 2048 - 99]))
    n = told.n_samples
    assert 300 < n < 600
    assert_array_equal(np.round(told.data / told.channels[0].lsb_uv), RAW[:, :n])
    assert any("the archive is cut off" in text for text in told.provenance.warnings)


def test_an_archive_without_an_end_mark_is_warned_of(tmp_path):
    told = read_recording(saved(tmp_path, tar(MEMBERS, end=False)))
    assert told.n_samples == 600
    assert "the archive has no end mark: is it whole?" in told.provenance.warnings


@pytest.mark.parametrize("dialect", DIALECTS)
def test_archives_of_every_dialect_read_alike(tmp_path, dialect):
    deep = {f"{'folder/' * 30}{name}": content for name, content in MEMBERS.items()}
    for members in (MEMBERS, deep):
        told = read_recording(saved(tmp_path, library_tar(members, dialect)))
        assert_array_equal(np.round(told.data / told.channels[0].lsb_uv), RAW)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zips_packed_or_not_read_alike(tmp_path, method):
    told = read_recording(saved(tmp_path, zipped(MEMBERS, method), "x.otb"))
    assert_array_equal(np.round(told.data / told.channels[0].lsb_uv), RAW)
    assert told.provenance.warnings == ()


def test_folders_and_global_headers_are_passed_over(tmp_path):
    content = header("g", 0, b"g") + header("folder/", 0, b"5") + header("old/", 0, b"\0")
    assert read_recording(saved(tmp_path, content + tar(MEMBERS))).n_samples == 600


def test_a_packed_signal_is_decoded_once_and_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    calls = []
    decode = otb_zip.decode
    monkeypatch.setattr(otb_archive, "decode", lambda *a: (calls.append(a[1].name), decode(*a)))
    with open_recording(saved(tmp_path, ZIP)) as opened:
        assert not [name for name in calls if name.endswith(".sig")]
        opened.read(0, 10)
        opened.read(10, 20)
        assert not list((tmp_path / "temporary").iterdir())
    assert len([name for name in calls if name.endswith(".sig")]) == 1


def test_more_than_the_cap_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(otb_zip, "MAX_UNPACKED_BYTES", 2000)
    with pytest.raises(UnsafeArchiveError, match="at most 2000 are decoded"):
        read_recording(saved(tmp_path, ZIP))
    assert read_recording(saved(tmp_path, zipped(MEMBERS, zipfile.ZIP_STORED))).n_samples == 600


def test_a_full_disk_is_a_typed_error(tmp_path, monkeypatch):
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with open_recording(saved(tmp_path, ZIP)) as opened:
        monkeypatch.setattr(otb_archive, "decode", full)
        with pytest.raises(ReadError, match="No space left"):
            opened.read()


def test_an_archive_that_shrinks_while_open_is_told_before_it_is_mapped(tmp_path):
    path = saved(tmp_path, tar(MEMBERS))
    with open_recording(path) as opened:
        path.write_bytes(b"")
        with pytest.raises(ReadError):
            opened.read()


NAMES = st.text("abc/._é", min_size=1, max_size=150).filter(
    lambda n: ".." not in n.split("/") and n[0] not in "/." and n[-1] != "/" and "//" not in n
)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(NAMES, st.binary(max_size=1500), max_size=5), st.sampled_from(DIALECTS[1:]))
def test_every_member_lies_where_it_is_said_to_lie(members, dialect):
    content = library_tar(members, dialect)
    with tempfile.TemporaryDirectory() as folder:
        path = saved(Path(folder), content)
        entries, odd_things = list_tar(path)
        listed = open_archive(path).members
    assert odd_things == []
    assert {e.name: content[e.start : e.start + e.size] for e in entries} == members
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        theirs = {m.name: m.offset_data for m in archive.getmembers()}
    assert {m.name: m.start for m in listed.values()} == theirs
