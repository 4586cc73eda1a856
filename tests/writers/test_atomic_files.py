"""A file is whole or is not there: disk full, size limit, no permission, error in the block."""

import errno
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from emgproc.errors import MissingFileError, WriteError
from emgproc.recording import Recording
from emgproc.writers import atomic as atomic_module
from emgproc.writers import atomic_path, write_bytes, write_recording, write_text


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_text_is_written_as_utf8_with_its_own_line_ends(tmp_path):
    write_text(tmp_path / "a.txt", "µV\r\nü\n")
    assert (tmp_path / "a.txt").read_bytes() == "µV\r\nü\n".encode()
    assert names(tmp_path) == ["a.txt"]


def test_what_stood_there_is_replaced_only_at_the_end(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == tmp_path
    assert path.read_text() == "new"


def test_an_error_in_the_block_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def half():
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_an_error_of_reading_inside_the_block_stays_what_it_is(tmp_path):
    with pytest.raises(MissingFileError), atomic_path(tmp_path / "a.txt"):
        raise MissingFileError("the source is gone")
    assert names(tmp_path) == []


@pytest.mark.parametrize("suffix", ["edf", "bdf", "h5"])
@pytest.mark.parametrize("stage", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_recording_and_says_why(tmp_path, monkeypatch, suffix, stage):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"old")

    def full(*_args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic_module.os, stage, full)
    with pytest.raises(WriteError, match="No space left on device") as caught:
        write_recording(Recording.from_array(np.zeros((1, 100)), 100.0), path)
    assert caught.value.code == "unwritable"
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == [path.name]


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(WriteError, match="No such file or directory"):
        write_bytes(tmp_path / "none" / "a.bin", b"x")


def test_long_names_are_written(tmp_path):
    write_bytes(tmp_path / ("n" * 250), b"x")
    assert len(names(tmp_path)) == 1


def test_two_writers_of_one_file_never_share_a_temporary_file(tmp_path):
    path = tmp_path / "a.txt"
    with atomic_path(path) as first, atomic_path(path) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE is a POSIX limit")
@pytest.mark.parametrize("suffix", ["edf", "bdf", "h5"])
def test_a_limit_of_the_file_size_leaves_the_old_recording(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"old")
    program = f"""
        import resource
        import numpy as np
        from emgproc.errors import WriteError
        from emgproc.recording import Recording
        from emgproc.writers import write_recording

        x = np.random.default_rng(0).normal(0, 9, (4, 100_000))
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        try:
            write_recording(Recording.from_array(x, 1000.0), {str(path)!r})
        except WriteError as error:
            print("refused", error.code)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    assert done.stdout.split() == ["refused", "unwritable"], done.stderr
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == [path.name]
