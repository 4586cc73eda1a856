"""A disk that is full, read-only or taken away: what is said, the exit code, nothing lost."""

import contextlib
import errno
import functools
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import small_trial
from click.testing import CliRunner

from emgproc.batch import driver
from emgproc.batch.claim import claimed
from emgproc.cli import main
from emgproc.standards.audit_log import LOG, Entry, append, read_log
from emgproc.standards.audit_verify import verify_audit
from emgproc.standards.crate import CRATE
from emgproc.writers import atomic

UNTOUCHED = "what stood there before is untouched"
AGAIN = "The same command goes on from what is there."


def told(*arguments):
    """The command in this process: its exit code, its last line, and all it said."""
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert isinstance(done.exception, SystemExit | None), done.exception
    return done.exit_code, done.stderr.splitlines()[-1], done.stderr


def call(*arguments):
    """The command in this process: its exit code and its last line."""
    return told(*arguments)[:2]


def files(out):
    """Every result of a run; the logs know times."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
        and path.parts[len(out.parts)] != "logs"
        and path.suffix not in {".lock", ".part"}
    }


@pytest.fixture
def inline(monkeypatch):
    monkeypatch.setattr(driver, "run_tasks", small_trial.run_inline)


@pytest.fixture(scope="module")
def undisturbed(written_trial, tmp_path_factory):
    """The results folder of a run of a level that nothing disturbed."""

    @functools.cache
    def made(level):
        out = tmp_path_factory.mktemp("undisturbed") / "out"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(driver, "run_tasks", small_trial.run_inline)
            assert call("run", written_trial, out, *level)[0] == 0
        return out

    return made


def full(wanted):
    """Let the disk be full whenever a file of a name like `wanted` is about to get its place."""
    replace = os.replace

    def replaced(source, target):
        if re.search(wanted, str(target)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    return replaced


PARTICIPANT, TABLES, BOTH = ("participant",), ("--until", "tables"), ()
slow = pytest.mark.slow


@pytest.mark.parametrize(
    ("level", "wanted", "computed"),
    [
        (PARTICIPANT, r"sub-03_ses-baseline.*\.h5$", 4),
        (TABLES, r"visit_values\.tsv$", 8),
        pytest.param(PARTICIPANT, r"file_hashes\.json$", 8, marks=slow),
        pytest.param(BOTH, r"outcome\.json$", 8, marks=slow),
        pytest.param(BOTH, r"report/index\.html$", 8, marks=slow),
        pytest.param(BOTH, r"adam/adsl\.xpt$", 8, marks=slow),
        pytest.param(BOTH, r"ro-crate-metadata\.json$", 8, marks=slow),
    ],
)
def test_a_full_disk_stops_a_run_and_the_same_command_completes_it(
    written_trial, tmp_path, inline, undisturbed, level, wanted, computed
):
    out = tmp_path / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(atomic.os, "replace", full(wanted))
        code, last = call("run", written_trial, out, *level)
    assert code == 1
    assert last.startswith(f"Stopped before the end: {computed} recordings computed, 0 reused; ")
    assert re.search(wanted.rstrip("$") + ": cannot be written: No space left on device; ", last)
    assert last.endswith(f"make room on the disk; {UNTOUCHED}. {AGAIN}")
    assert_completed(written_trial, out, level, undisturbed(level), computed)


def test_a_limit_of_the_file_size_stops_a_run_and_the_same_command_completes_it(
    written_trial, tmp_path, inline, undisturbed
):
    out = tmp_path / "out"
    with limited(10_000):  # a result's HDF5 file is larger
        code, last = call("run", written_trial, out, *PARTICIPANT)
    assert code == 1
    assert last.startswith("Stopped before the end: 0 recordings computed, 0 reused; ")
    assert "File too large; raise the limit on the size of files (ulimit -f)" in last
    assert_completed(written_trial, out, PARTICIPANT, undisturbed(PARTICIPANT), 0)


def assert_completed(study, out, level, whole, reused):
    """What the stopped run left is true, and the same command makes of it what should be there."""
    assert not list(out.rglob("*.part"))
    before, wanted = files(out), files(whole)
    for name in before.keys() - {CRATE}:  # which tells what is there
        assert before[name] == wanted[name], name
    if (out / LOG).exists():
        assert not [problem for problem in verify_audit(out).problems if "altered" in problem]
    code, last = call("run", study, out, *level)
    assert code == 0
    assert re.search(rf" {reused} (results )?reused[.;]", last)
    assert files(out) == wanted
    assert verify_audit(out).problems == ()


@contextlib.contextmanager
def limited(size):
    """No file may grow beyond `size` bytes; the system says EFBIG, as it says ENOSPC."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_audit_log_that_was_cut_by_a_full_disk_is_told_of_and_goes_on(
    written_trial, tmp_path, inline, undisturbed
):
    out = Path(shutil.copytree(undisturbed(PARTICIPANT), tmp_path / "out"))
    before = files(out)
    for file in (out / "sub-01" / "ses-baseline").rglob("*-features_emg.*"):
        file.unlink()
    append(out, [Entry("run", reason="earlier")] * 60, user="")  # larger than any other file
    log = out / LOG
    run = ("run", written_trial, out, *PARTICIPANT)
    with limited(log.stat().st_size + 2300):  # room for what is missing, not for what is new
        code, last = call(*run)
    assert code == 1
    assert f"{log}: cannot be written: File too large; raise the limit" in last
    assert read_log(out).torn
    problems = verify_audit(out).problems
    assert [p for p in problems if "the last line was cut off by an interruption" in p]
    assert not [p for p in problems if "altered" in p or "does not follow" in p]
    assert call(*run)[0] == 0
    actions = [row.action for row in read_log(out).rows]
    assert {"recovered", "interrupted"} <= set(actions)
    assert verify_audit(out).problems == ()
    assert files(out) == before


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EROFS, "Read-only file system; name a folder on a disk that can be written"),
        (errno.EACCES, "Permission denied; name a folder that you may write"),
    ],
)
def test_a_folder_that_cannot_be_written_ends_with_2_and_keeps_what_is_there(
    written_trial, tmp_path, monkeypatch, number, advice
):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kept").write_text("kept", encoding="utf-8")
    opened = os.open

    def refused(path, flags, *rest, **more):
        if flags & (os.O_CREAT | os.O_RDWR | os.O_WRONLY) and "out" in Path(path).parts:
            raise OSError(number, os.strerror(number), str(path))
        return opened(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", refused)
    code, last, said = told("run", written_trial, tmp_path / "out")
    assert (code, last) == (2, "Nothing ran: see the message above.")
    assert f"Error: {tmp_path / 'out'}: cannot be written: {advice}" in said
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["kept"]


def test_a_second_run_on_one_folder_says_who_holds_it_and_ends_with_2(written_trial, tmp_path):
    with claimed(tmp_path / "out"):
        code, last, said = told("run", written_trial, tmp_path / "out")
    assert (code, last) == (2, "Nothing ran: see the message above.")
    who = rf"another emgproc run \(process {os.getpid()} on .+, since \d{{4}}-.+Z\) is writing"
    assert re.search(who, said)
    assert "wait for its end, or name another folder" in said


def started(*arguments):
    """The command as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "emgproc.cli", *map(str, arguments)], text=True,
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def after_the_first(process):
    """Wait for the first finished recording."""
    for line in process.stderr:
        if line.startswith("[1/"):
            return
    pytest.fail("no recording was finished")


def ended(process):
    said = process.communicate(timeout=300)[1]
    assert "Traceback" not in said, said
    return process.returncode, said.splitlines()[-1], said


@pytest.fixture(scope="module")
def slow_study(written_trial, tmp_path_factory):
    return small_trial.slow_copy(written_trial, tmp_path_factory.mktemp("slow") / "study")


@pytest.mark.slow
def test_a_limit_of_the_file_size_stops_the_real_command_with_all_its_processes(
    written_trial, tmp_path
):
    run = ("run", written_trial, tmp_path / "out", "participant", "--jobs", "2")
    with limited(10_000):  # which the process inherits, and its workers from it
        process = started(*run)
    code, last, _ = ended(process)
    assert code == 1
    assert last.startswith("Stopped before the end: ")
    assert "File too large; raise the limit on the size of files (ulimit -f)" in last
    assert last.endswith(AGAIN)
    code, last, _ = ended(started(*run))
    assert code == 0
    assert last.startswith("Done: 8 recordings computed, 0 reused")


@pytest.mark.slow
def test_a_folder_that_is_removed_in_mid_run_is_not_made_anew(slow_study, tmp_path):
    out = tmp_path / "out"
    run = ("run", slow_study, out, "--jobs", "2")
    process = started(*run)
    after_the_first(process)
    out.rename(tmp_path / "moved")  # gone at once, as no removal of files one by one is
    code, last, _ = ended(process)
    assert code == 1
    assert last.startswith("Stopped before the end: ")
    assert str(out) in last  # the folder, or one within it that was looked for first
    assert "removed" in last
    assert not out.exists()
    kept = files(tmp_path / "moved")
    code, last, _ = ended(started(*run))
    assert code == 0
    assert last.startswith("Done: 8 recordings computed, 0 reused")
    whole = files(out)
    assert len(kept) >= 3
    assert {name: whole[name] for name in kept} == kept


@pytest.mark.slow
def test_of_two_drivers_at_once_the_second_is_refused_and_the_first_completes(
    slow_study, tmp_path
):
    run = ("run", slow_study, tmp_path / "out", "participant")
    first = started(*run)
    after_the_first(first)
    first.send_signal(signal.SIGSTOP)  # so that the second comes while it holds the folder
    code, last, said = ended(started(*run))
    first.send_signal(signal.SIGCONT)
    assert (code, last) == (2, "Nothing ran: see the message above.")
    assert f"another emgproc run (process {first.pid} on " in said
    code, last, _ = ended(first)
    assert code == 0
    assert last.startswith("Done: 8 recordings computed, 0 reused")
    assert ended(started(*run))[1].startswith("Done: nothing to compute, 8 results reused")
